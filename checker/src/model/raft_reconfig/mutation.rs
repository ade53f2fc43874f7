//! One wrong rule at a time.

/// A defect in one action. The names are those of the catalogue of planted bugs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutation {
    /// The specification as published.
    #[default]
    Correct,
    /// R01: a primary changes its configuration before a majority has it.
    NoConfigQuorumCheck,
    /// R02: a primary changes its configuration without knowing that a majority is in its term.
    NoTermQuorumCheck,
    /// R03: more than one member changes at once; quorums may be disjoint.
    MultiMemberChange,
    /// R04: what was committed under the old configuration need not be under the new one.
    NoOplogCommitment,
    /// R05: a new primary keeps its configuration's old term.
    NoConfigTermBump,
    /// E10: a voter does not compare configurations.
    VoteIgnoresConfig,
}
