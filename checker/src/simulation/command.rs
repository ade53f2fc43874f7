//! The words in which a schedule is told: one line, one thing that happens.

use std::fmt;
use std::str::FromStr;

use protocol::config::MemberId;
use protocol::config_change::Change;
use protocol::state::Denial;
use protocol::timer::Timer;

/// One thing that happens on a [`super::stage::Stage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `members 3 [arbiters 1] [spares 1] [new]`: a set of that many, the last ones arbiters, all up, with one common
    /// entry; `new`: without configuration and entries. Spares are machines outside of the set.
    Members {
        /// How many.
        count: u8,
        /// So many of the last ones hold no data.
        arbiters: u8,
        /// Machines beside them that are in no configuration yet.
        spares: u8,
        /// Nothing on the disks yet.
        new: bool,
    },
    /// `bug C01`: with this planted bug from now on.
    Bug(String),
    /// `initiate 0`: `replSetInitiate` there, with the configuration of `members`.
    Initiate(usize),
    /// `settle`: everything that was sent arrives, every disk flushes, every turn ends, until nothing is left.
    Settle,
    /// `cut 0 1`: nothing passes between them, either way.
    Cut(usize, usize),
    /// `isolate 0`: nothing passes from or to it.
    Isolate(usize),
    /// `heal`: everything passes again.
    Heal,
    /// `hold 1`: `settle` does not flush its disk.
    Hold(usize),
    /// `free 1`: it does again.
    Free(usize),
    /// `elect 1`: its election timer fires and everything settles.
    Elect(usize),
    /// `timer 1 election`, `timer 1 silence 0`: fires if armed.
    Timer(usize, Timer),
    /// `deliver 1>2 VoteRequest [back 3]`: the newest message of this kind on this link, or one of the older ones.
    Deliver {
        /// Sender.
        from: usize,
        /// Receiver.
        to: usize,
        /// [`protocol::message::Body::name`].
        kind: String,
        /// So many before the newest.
        back: usize,
    },
    /// `flush 1 [2]`: the oldest so many durable writes are confirmed; without a number, all.
    Flush(usize, Option<usize>),
    /// `turn 1`: its turn ends.
    Turn(usize),
    /// `resolve 1`: it finds itself in the configuration that came.
    Resolve(usize),
    /// `crash 1 [keep 2 1]`: it loses power; so many unconfirmed writes, and entries of the next, survive.
    Crash(usize, usize, usize),
    /// `die 1 after 2 [keep 1 0]`: in its next step, after so many outputs.
    Die {
        /// Who.
        member: usize,
        /// After so many outputs.
        outputs: usize,
        /// Whole unconfirmed writes that survive.
        requests: usize,
        /// Entries of the next one.
        entries: usize,
    },
    /// `restart 1`.
    Restart(usize),
    /// `wall 1 1000100`: its wall clock shows this.
    Wall(usize, u32),
    /// `write 0 [w 1]`: a client inserts; by default with `w: "majority"`.
    Write(usize, Option<u8>),
    /// `noop 0`: a client's statement changes nothing.
    Noop(usize),
    /// `read 0 linearizable`.
    Read(usize, Concern),
    /// `abandon 0 7`: the waiter of that request gives up.
    Abandon(usize, u64),
    /// `step-down 0 [force]`.
    StepDown(usize, bool),
    /// `step-up 0`.
    StepUp(usize),
    /// `freeze 0 on`.
    Freeze(usize, bool),
    /// `maintenance 0 on`.
    Maintenance(usize, bool),
    /// `reconfig 0 add 3 [force]`, `… add-arbiter 3`, `… remove 2`, `… votes 1 off`, `… priority 1 5000`.
    Reconfig {
        /// Whom the operator asks.
        member: usize,
        /// What is to change in that member's configuration.
        change: Change,
        /// Without any check.
        force: bool,
    },
    /// `disconnect 1 0`: its connection to the other broke.
    Disconnect(usize, usize),
    /// `sync-from 0 1`.
    SyncFrom(usize, usize),
    /// `resync 1`: the operator has it copy the data anew.
    Resync(usize),
    /// `batch 1`: from now on an answer to a fetch carries so many entries at most.
    Batch(usize),
    /// `cap 1 2`: its oplog keeps so many entries.
    Cap(usize, usize),
    /// `empty 1`: somebody empties the data directory of its dead process.
    Empty(usize),
    /// `show`: every member in a line.
    Show,
}

/// A read concern's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// `local`.
    Local,
    /// `majority`.
    Majority,
    /// `linearizable`.
    Linearizable,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Members {
                count,
                arbiters,
                spares,
                new,
            } => {
                write!(f, "members {count}")?;
                if *arbiters > 0 {
                    write!(f, " arbiters {arbiters}")?;
                }
                if *spares > 0 {
                    write!(f, " spares {spares}")?;
                }
                f.write_str(if *new { " new" } else { "" })
            }
            Self::Bug(id) => write!(f, "bug {id}"),
            Self::Initiate(member) => write!(f, "initiate {member}"),
            Self::Settle => f.write_str("settle"),
            Self::Cut(one, other) => write!(f, "cut {one} {other}"),
            Self::Isolate(member) => write!(f, "isolate {member}"),
            Self::Heal => f.write_str("heal"),
            Self::Hold(member) => write!(f, "hold {member}"),
            Self::Free(member) => write!(f, "free {member}"),
            Self::Elect(member) => write!(f, "elect {member}"),
            Self::Timer(member, timer) => write!(f, "timer {member} {}", timer_words(*timer)),
            Self::Deliver { from, to, kind, back } => {
                write!(f, "deliver {from}>{to} {kind}")?;
                if *back > 0 {
                    write!(f, " back {back}")?;
                }
                Ok(())
            }
            Self::Flush(member, None) => write!(f, "flush {member}"),
            Self::Flush(member, Some(count)) => write!(f, "flush {member} {count}"),
            Self::Turn(member) => write!(f, "turn {member}"),
            Self::Resolve(member) => write!(f, "resolve {member}"),
            Self::Crash(member, 0, 0) => write!(f, "crash {member}"),
            Self::Crash(member, requests, entries) => {
                write!(f, "crash {member} keep {requests} {entries}")
            }
            Self::Die {
                member,
                outputs,
                requests,
                entries,
            } => write!(f, "die {member} after {outputs} keep {requests} {entries}"),
            Self::Restart(member) => write!(f, "restart {member}"),
            Self::Wall(member, secs) => write!(f, "wall {member} {secs}"),
            Self::Write(member, None) => write!(f, "write {member}"),
            Self::Write(member, Some(w)) => write!(f, "write {member} w {w}"),
            Self::Noop(member) => write!(f, "noop {member}"),
            Self::Read(member, concern) => {
                write!(f, "read {member} {}", format!("{concern:?}").to_lowercase())
            }
            Self::Abandon(member, id) => write!(f, "abandon {member} {id}"),
            Self::StepDown(member, false) => write!(f, "step-down {member}"),
            Self::StepDown(member, true) => write!(f, "step-down {member} force"),
            Self::StepUp(member) => write!(f, "step-up {member}"),
            Self::Freeze(member, on) => write!(f, "freeze {member} {}", on_words(*on)),
            Self::Maintenance(member, on) => write!(f, "maintenance {member} {}", on_words(*on)),
            Self::Reconfig {
                member,
                change,
                force,
            } => {
                let force = if *force { " force" } else { "" };
                write!(f, "reconfig {member} {}{force}", change_words(*change))
            }
            Self::Disconnect(member, other) => write!(f, "disconnect {member} {other}"),
            Self::SyncFrom(member, source) => write!(f, "sync-from {member} {source}"),
            Self::Resync(member) => write!(f, "resync {member}"),
            Self::Batch(most) => write!(f, "batch {most}"),
            Self::Cap(member, kept) => write!(f, "cap {member} {kept}"),
            Self::Empty(member) => write!(f, "empty {member}"),
            Self::Show => f.write_str("show"),
        }
    }
}

/// A line that is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no command: {0:?}")]
pub struct NoCommand(pub String);

impl FromStr for Command {
    type Err = NoCommand;

    fn from_str(line: &str) -> Result<Self, NoCommand> {
        let words: Vec<&str> = line.split_whitespace().collect();
        parse(&words).ok_or_else(|| NoCommand(line.to_owned()))
    }
}

fn parse(words: &[&str]) -> Option<Command> {
    let number = |at: usize| words.get(at)?.parse::<usize>().ok();
    let member = || number(1);
    let on = || match *words.get(2)? {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    let after = |word: &str, skip: usize| {
        let at = words.iter().position(|found| *found == word)?;
        words.get(at + skip)?.parse::<usize>().ok()
    };
    Some(match *words.first()? {
        "members" => Command::Members {
            count: u8::try_from(member()?).ok()?,
            arbiters: u8::try_from(after("arbiters", 1).unwrap_or(0)).ok()?,
            spares: u8::try_from(after("spares", 1).unwrap_or(0)).ok()?,
            new: words.contains(&"new"),
        },
        "bug" => Command::Bug((*words.get(1)?).to_owned()),
        "initiate" => Command::Initiate(member()?),
        "settle" => Command::Settle,
        "cut" => Command::Cut(member()?, number(2)?),
        "isolate" => Command::Isolate(member()?),
        "heal" => Command::Heal,
        "hold" => Command::Hold(member()?),
        "free" => Command::Free(member()?),
        "elect" => Command::Elect(member()?),
        "timer" => Command::Timer(member()?, timer(words)?),
        "deliver" => {
            let (from, to) = words.get(1)?.split_once('>')?;
            Command::Deliver {
                from: from.parse().ok()?,
                to: to.parse().ok()?,
                kind: (*words.get(2)?).to_owned(),
                back: after("back", 1).unwrap_or(0),
            }
        }
        "flush" => Command::Flush(member()?, number(2)),
        "turn" => Command::Turn(member()?),
        "resolve" => Command::Resolve(member()?),
        "crash" => Command::Crash(
            member()?,
            after("keep", 1).unwrap_or(0),
            after("keep", 2).unwrap_or(0),
        ),
        "die" => Command::Die {
            member: member()?,
            outputs: after("after", 1)?,
            requests: after("keep", 1).unwrap_or(0),
            entries: after("keep", 2).unwrap_or(0),
        },
        "restart" => Command::Restart(member()?),
        "wall" => Command::Wall(member()?, words.get(2)?.parse().ok()?),
        "write" => Command::Write(
            member()?,
            match after("w", 1) {
                None => None,
                Some(w) => Some(u8::try_from(w).ok()?),
            },
        ),
        "noop" => Command::Noop(member()?),
        "read" => Command::Read(
            member()?,
            match *words.get(2)? {
                "local" => Concern::Local,
                "majority" => Concern::Majority,
                "linearizable" => Concern::Linearizable,
                _ => return None,
            },
        ),
        "abandon" => Command::Abandon(member()?, number(2)? as u64),
        "step-down" => Command::StepDown(member()?, words.contains(&"force")),
        "step-up" => Command::StepUp(member()?),
        "freeze" => Command::Freeze(member()?, on()?),
        "maintenance" => Command::Maintenance(member()?, on()?),
        "reconfig" => Command::Reconfig {
            member: member()?,
            change: change(words)?,
            force: words.contains(&"force"),
        },
        "disconnect" => Command::Disconnect(member()?, number(2)?),
        "sync-from" => Command::SyncFrom(member()?, number(2)?),
        "resync" => Command::Resync(member()?),
        "batch" => Command::Batch(member()?),
        "cap" => Command::Cap(member()?, number(2)?),
        "empty" => Command::Empty(member()?),
        "show" => Command::Show,
        _ => return None,
    })
}

fn timer(words: &[&str]) -> Option<Timer> {
    let of = || Some(MemberId(words.get(3)?.parse().ok()?));
    Some(match *words.get(2)? {
        "election" => Timer::Election,
        "heartbeat" => Timer::Heartbeat(of()?),
        "silence" => Timer::Silence(of()?),
        "fetch" => Timer::Fetch,
        "sync-source" => Timer::SyncSource,
        "catch-up" => Timer::CatchUp,
        "step-down" => Timer::StepDown,
        "unfreeze" => Timer::Unfreeze,
        "keep-alive" => Timer::KeepAlive,
        "sync" => Timer::Sync,
        "ripen" => Timer::Ripen,
        "suspicion" => Timer::Suspicion,
        "forgive" => Timer::Forgive(
            of()?,
            match *words.get(4)? {
                "behind" => Denial::Behind,
                "silent" => Denial::Silent,
                "too-fresh" => Denial::TooFresh,
                _ => return None,
            },
        ),
        "priority-takeover" => Timer::PriorityTakeover(words.get(3)?.parse().ok()?),
        "catch-up-takeover" => Timer::CatchUpTakeover,
        _ => return None,
    })
}

fn timer_words(timer: Timer) -> String {
    match timer {
        Timer::Election => "election".to_owned(),
        Timer::Heartbeat(id) => format!("heartbeat {}", id.0),
        Timer::Silence(id) => format!("silence {}", id.0),
        Timer::Fetch => "fetch".to_owned(),
        Timer::SyncSource => "sync-source".to_owned(),
        Timer::CatchUp => "catch-up".to_owned(),
        Timer::StepDown => "step-down".to_owned(),
        Timer::Unfreeze => "unfreeze".to_owned(),
        Timer::KeepAlive => "keep-alive".to_owned(),
        Timer::Sync => "sync".to_owned(),
        Timer::Ripen => "ripen".to_owned(),
        Timer::Suspicion => "suspicion".to_owned(),
        Timer::Forgive(id, Denial::Behind) => format!("forgive {} behind", id.0),
        Timer::Forgive(id, Denial::Silent) => format!("forgive {} silent", id.0),
        Timer::Forgive(id, Denial::TooFresh) => format!("forgive {} too-fresh", id.0),
        Timer::PriorityTakeover(rank) => format!("priority-takeover {rank}"),
        Timer::CatchUpTakeover => "catch-up-takeover".to_owned(),
    }
}

fn change(words: &[&str]) -> Option<Change> {
    let id = MemberId(words.get(3)?.parse().ok()?);
    Some(match *words.get(2)? {
        "add" => Change::Add(id),
        "add-arbiter" => Change::AddArbiter(id),
        "remove" => Change::Remove(id),
        "votes" => Change::Votes(id, *words.get(4)? == "on"),
        "priority" => Change::Priority(id, words.get(4)?.parse().ok()?),
        _ => return None,
    })
}

fn change_words(change: Change) -> String {
    match change {
        Change::Add(id) => format!("add {}", id.0),
        Change::AddArbiter(id) => format!("add-arbiter {}", id.0),
        Change::Remove(id) => format!("remove {}", id.0),
        Change::Votes(id, votes) => format!("votes {} {}", id.0, on_words(votes)),
        Change::Priority(id, priority_milli) => format!("priority {} {priority_milli}", id.0),
    }
}

fn on_words(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_as_it_is_written() {
        for line in [
            "members 3 arbiters 1 new",
            "timer 1 silence 0",
            "deliver 1>2 VoteRequest back 3",
            "flush 1 2",
            "crash 1 keep 2 1",
            "die 0 after 2 keep 1 0",
            "write 0 w 1",
            "read 2 linearizable",
            "step-down 0 force",
            "freeze 1 off",
            "cap 1 2",
            "timer 1 forgive 0 too-fresh",
            "members 3 spares 1",
            "reconfig 0 add 3",
            "reconfig 1 votes 2 off force",
            "reconfig 0 priority 1 5000",
            "timer 1 priority-takeover 0",
        ] {
            let command: Command = line.parse().expect(line);
            assert_eq!(command.to_string(), line);
        }
        assert!("deliver 1 VoteRequest".parse::<Command>().is_err());
    }
}
