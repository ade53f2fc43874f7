//! How much may happen, and in how much detail.

/// The limits of one exploration. Bounds restrict what happens, not which states are looked at: every state
/// that is reached is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Members, arbiters included; at most [`MEMBERS_MAX`].
    pub members: usize,
    /// How many of them are arbiters.
    pub arbiters: usize,
    /// How many of the data-bearing ones have no vote at first, the last ones.
    pub voteless: usize,
    /// So many entries the last member has written as primary of the first term, and nobody else has them; it leads no more.
    pub ahead: u32,
    /// No configuration gets a higher version. 1: there are no reconfigurations; else votes are given and taken, one
    /// or two at a time (a correct core refuses two).
    pub config_version_max: u32,
    /// Nobody stands for a higher term.
    pub term_max: i64,
    /// Majority writes asked for, in all.
    pub writes_max: u8,
    /// Linearizable reads asked for, in all.
    pub reads_max: u8,
    /// Power cuts with restart, in all. A member that is down for long is one that nothing happens to.
    pub restarts_max: u8,
    /// Whether a primary may lose sight of the others and step down by itself.
    pub losing_sight: bool,
    /// Whether each member is asked in each state what it would do if it had heard this or that ([`super::probe`]). The
    /// last data-bearing member is preferred as primary then.
    pub probes: bool,
    /// How elections are held.
    pub elections: Elections,
    /// How positions travel.
    pub reports: Reports,
    /// When a durable write is durable.
    pub disks: Disks,
    /// What happens between election and first entry.
    pub catch_up: CatchUp,
    /// Whether states that differ only in the names of the members count as one.
    pub symmetry: bool,
}

/// Most members a packed state has room for.
pub const MEMBERS_MAX: usize = 5;

/// How elections are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elections {
    /// Standing, durable votes and winning in one action, for each set of voters; as in MongoStaticRaft.
    Atomic,
    /// Each request and each answer is a message that may be late, lost, overtaken or doubled.
    ByMessage,
    /// The same with the dry run before it.
    ByMessageAfterDryRun,
}

/// How positions travel to the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// The primary reads the member's position, as in MongoStaticRaft.
    Atomic,
    /// A report is a message that may be late, lost, overtaken or doubled.
    ByMessage,
}

/// When a durable write is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disks {
    /// At once.
    Instant,
    /// Later, in order; a power cut in between loses it.
    Delayed,
}

/// What happens between election and first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// It times out at once.
    Skipped,
    /// The new primary hears of others and fetches from them, until it has what they have or time is out.
    Explored,
}

impl Bounds {
    /// Are there reconfigurations?
    pub const fn reconfigures(&self) -> bool {
        self.config_version_max > 1
    }

    /// Elections and replication among `members` without any of the costly detail: atomic elections and
    /// reports, instant disks, one write.
    pub const fn coarse(members: usize, term_max: i64) -> Self {
        Bounds {
            members,
            arbiters: 0,
            voteless: 0,
            ahead: 0,
            config_version_max: 1,
            term_max,
            writes_max: 1,
            reads_max: 0,
            restarts_max: 0,
            losing_sight: false,
            probes: false,
            elections: Elections::Atomic,
            reports: Reports::Atomic,
            disks: Disks::Instant,
            catch_up: CatchUp::Skipped,
            symmetry: true,
        }
    }
}
