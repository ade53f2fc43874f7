//! What a run has reached: a simulation in which nothing happens proves nothing.

use std::collections::BTreeMap;

use protocol::config::MemberId;
use protocol::optime::Term;

/// How often each of the interesting things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Elections won.
    pub elections: u64,
    /// Elections won by another member than the primary before.
    pub failovers: u64,
    /// Terms in which more than one member stood.
    pub split_votes: u64,
    /// Oplogs cut back to a common point.
    pub rollbacks: u64,
    /// Processes that died, in whatever way.
    pub crashes: u64,
    /// Crashes with a vote asked for and not confirmed.
    pub crashes_before_vote: u64,
    /// Crashes between two outputs of one step.
    pub crashes_within_step: u64,
    /// Crashes that kept some of the unconfirmed writes and lost others.
    pub crashes_torn: u64,
    /// Commit points moved by a primary that is not the first.
    pub commits_after_failover: u64,
    /// Primaries that stepped down, for whatever reason.
    pub step_downs: u64,
    /// Heirs asked to stand at once.
    pub hand_overs: u64,
    /// Entries fetched by a primary that catches up.
    pub caught_up: u64,
    /// Majority writes acknowledged.
    pub acknowledged: u64,
    /// Linearizable reads proven.
    pub proven_reads: u64,
    /// Members that pulled from a secondary.
    pub chained: u64,
    /// Answers of which a member that is kept behind left something for later.
    pub kept_back: u64,
    /// Drops by an oplog's cap.
    pub capped: u64,
    /// Data directories emptied.
    pub emptied: u64,
    /// Initial syncs finished.
    pub synced: u64,
    /// Members that were too stale to catch up.
    pub stale: u64,
    /// Configurations put into force at a member after the first.
    pub reconfigurations: u64,
    /// Members that found themselves removed.
    pub removals: u64,
    /// Members asked whether they hear a primary that the asker has lost.
    pub suspicions: u64,
}

impl Facts {
    /// Names and counts, for tables and tests.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, u64); 23] {
        [
            ("elections", self.elections),
            ("failovers", self.failovers),
            ("split votes", self.split_votes),
            ("rollbacks", self.rollbacks),
            ("crashes", self.crashes),
            ("crashes before a vote was durable", self.crashes_before_vote),
            ("crashes between two outputs", self.crashes_within_step),
            ("crashes that tore the unconfirmed writes", self.crashes_torn),
            ("commits after a failover", self.commits_after_failover),
            ("step-downs", self.step_downs),
            ("hand-overs", self.hand_overs),
            ("entries fetched in catch-up", self.caught_up),
            ("majority writes acknowledged", self.acknowledged),
            ("linearizable reads proven", self.proven_reads),
            ("fetches from a secondary", self.chained),
            ("entries kept back", self.kept_back),
            ("drops by an oplog's cap", self.capped),
            ("data directories emptied", self.emptied),
            ("initial syncs finished", self.synced),
            ("stale members", self.stale),
            ("reconfigurations", self.reconfigurations),
            ("removals", self.removals),
            ("questions after a broken connection", self.suspicions),
        ]
    }

    /// The sum of two runs.
    pub fn add(&mut self, other: &Self) {
        self.elections += other.elections;
        self.failovers += other.failovers;
        self.split_votes += other.split_votes;
        self.rollbacks += other.rollbacks;
        self.crashes += other.crashes;
        self.crashes_before_vote += other.crashes_before_vote;
        self.crashes_within_step += other.crashes_within_step;
        self.crashes_torn += other.crashes_torn;
        self.commits_after_failover += other.commits_after_failover;
        self.step_downs += other.step_downs;
        self.hand_overs += other.hand_overs;
        self.caught_up += other.caught_up;
        self.acknowledged += other.acknowledged;
        self.proven_reads += other.proven_reads;
        self.chained += other.chained;
        self.kept_back += other.kept_back;
        self.capped += other.capped;
        self.emptied += other.emptied;
        self.synced += other.synced;
        self.stale += other.stale;
        self.reconfigurations += other.reconfigurations;
        self.removals += other.removals;
        self.suspicions += other.suspicions;
    }
}

/// Who stood and who won, to tell a split vote and a failover.
#[derive(Clone, Debug, Default)]
pub struct Elections {
    stood: BTreeMap<Term, MemberId>,
    last: Option<MemberId>,
}

impl Elections {
    /// A member stands in `term`.
    pub fn stands(&mut self, term: Term, member: MemberId, facts: &mut Facts) {
        if *self.stood.entry(term).or_insert(member) != member {
            facts.split_votes += 1;
        }
    }

    /// A member has won.
    pub fn wins(&mut self, member: MemberId, facts: &mut Facts) {
        facts.elections += 1;
        if self.last.is_some_and(|last| last != member) {
            facts.failovers += 1;
        }
        self.last = Some(member);
    }
}
