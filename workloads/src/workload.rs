//! What a workload is: a seeded source of operations, and what it promises to the checks.

use crate::operation::{Concerns, Operation};

/// A workload's entry in the catalogue.
#[derive(Clone, Copy)]
pub struct Workload {
    /// Name on the command line and in reports.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// The strongest concerns, used unless a run asks for others.
    pub concerns: Concerns,
    /// Names of the checks that judge its history (see `checker`'s `CHECKS`).
    pub checks: &'static [&'static str],
    /// Makes a generator from a seed.
    pub generator: fn(Parameters) -> Box<dyn Generator>,
}

/// What shapes one run of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Parameters {
    /// Everything random is drawn from it.
    pub seed: u64,
    /// Number of client processes.
    pub processes: u32,
    /// Number of data-bearing members (final reads go to each).
    pub members: u8,
    /// Concerns of the operations.
    pub concerns: Concerns,
}

/// A seeded source of operations. Two generators with the same parameters and the same calls give the same
/// operations.
pub trait Generator: Send {
    /// The next operation of client process `process` (0-based).
    fn next(&mut self, process: u32) -> Operation;

    /// The operations of the quiet final phase, after all faults are healed, in order.
    fn final_reads(&mut self) -> Vec<Operation>;
}
