//! One wrong rule at a time: the port must find the shortest counterexamples that TLC finds.

/// A defect in one action. The names are those of the catalogue of planted bugs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutation {
    /// The specification as published.
    #[default]
    Correct,
    /// E03: a server votes again in a term in which it has voted.
    DoubleVote,
    /// E05: a server votes without comparing logs.
    VoteWithoutLogCheck,
    /// E06: a voter compares the lengths of logs and ignores the terms.
    VoteComparesLengthOnly,
    /// E08: half of the votes are enough.
    HalfQuorum,
    /// C01: a primary counts a server that has moved on to a newer term (SERVER-22136).
    CommitIgnoresTermOfServer,
    /// C02: a primary commits an entry of an older term (Raft, figure 8).
    CommitEntryOfOlderTerm,
    /// S01: a server appends whatever follows its own length, on any branch.
    NoBranchCheck,
    /// S08: whoever is no prefix of the other rolls back, whatever the terms.
    RollBackIgnoresTerm,
}
