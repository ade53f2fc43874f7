//! What a cluster needs from the world around it: who carries messages, keeps time, and talks to clients.

use std::sync::Arc;

use protocol::config::Config;
use protocol::input::RequestId;
use protocol::message::Message;
use protocol::output::{Outcome, ReadPoint, Refusal};
use protocol::timer::Timer;

use super::contents::Store;

/// The hands of a cluster. Each is called at the instant the member asks, in the order of its outputs.
pub trait Surroundings {
    /// Carry this.
    fn send(&mut self, message: Message);
    /// Arm, afresh.
    fn arm(&mut self, member: usize, timer: Timer);
    /// Disarm.
    fn disarm(&mut self, member: usize, timer: Timer);
    /// A durable write was asked of the member's disk.
    fn disk_asked(&mut self, member: usize);
    /// Find out which member this is in `config`; an input comes of it.
    fn resolve(&mut self, member: usize, config: Arc<Config>);
    /// A waiting client is answered.
    fn complete(&mut self, member: usize, id: RequestId, outcome: Outcome);
    /// A client is turned away.
    fn refuse(&mut self, member: usize, id: RequestId, refusal: Refusal);
    /// A client reads `store` at this point.
    fn serve(&mut self, member: usize, id: RequestId, at: ReadPoint, store: &Store);
}
