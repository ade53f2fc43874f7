//! A scenario, told to real processes: a counterexample of the model, a shrunk seed, or a story of `tests/scenarios`
//! becomes a directed schedule, with the proxies, signals, disks and an operator's commands as its hands.
//!
//! What a real process decides by itself (when a message is sent, when its turn ends) is left to it. Where a story
//! goes message by message, the links of its messages are open and all others cut, from one happening to the next: so
//! that nobody hears what it must not hear in the story.

use std::collections::BTreeSet;

use protocol::config_change::Change;
use protocol::timer::Timer;

use crate::{
    nemesis::{
        fault::{DiskOperation, Fault, Link, Member},
        nemesis::{Needs, Nemesis},
        row_change::RowChange,
        story::{self, Step},
    },
    simulation::command::{Command, NoCommand},
};

/// What the schedule is called in reports.
pub const NAME: &str = "told-story";

/// The largest set that a live run has.
const MEMBERS_MAX: u8 = 7;

/// A disk that "does not flush": far longer than anything else in a story takes.
const HELD_DISK_MS: u64 = 3_000;

/// An election takes one timeout and two round trips; who cannot win in this time does not win in the story either.
const LEADS_MS: u64 = 6_000;

/// The same where the story goes message by message: what comes next shall meet the election, not what follows it.
const STANDS_MS: u64 = 400;

/// What `settle`, and a client's request, is given.
const SETTLE_MS: (u64, u64) = (300, 900);

/// How long a member that was asked to stays out of elections, in seconds.
const STANDS_BACK_S: u64 = 5;

/// What the clocks of a scenario show unless it says otherwise, in seconds.
const WALL_SECS: i64 = 100;

/// A story as a schedule.
#[derive(Clone, Debug)]
pub struct Retold {
    /// Its only member of the cast.
    pub nemesis: &'static Nemesis,
    /// Members of the set.
    pub members: u8,
    /// The planted bug that the story is about.
    pub bug: Option<String>,
    /// What real processes cannot be made to do, each kind once.
    pub left_out: BTreeSet<String>,
}

/// Why a text is no story for real processes.
#[derive(Debug, thiserror::Error)]
pub enum RetellError {
    /// Not a command.
    #[error("line {line}: {error}")]
    Unreadable {
        /// From 1.
        line: usize,
        /// Which.
        error: NoCommand,
    },
    /// No `members` line.
    #[error("the story begins with no `members` line, so there is nobody to play it")]
    NoMembers,
    /// Arbiters, or more members than a live run has.
    #[error(
        "a live run has 1 to {MEMBERS_MAX} members that hold data, and no arbiters; this story wants {count} members, {arbiters} of them arbiters"
    )]
    OtherSet {
        /// How many.
        count: u8,
        /// Of these.
        arbiters: u8,
    },
    /// Nothing in it can be done to real processes.
    #[error("nothing that happens in this story can be done to real processes: {0}")]
    Nothing(String),
}

/// Makes a schedule of a scenario's text; what is told under `----` is not looked at.
///
/// # Errors
/// See [`RetellError`].
pub fn retell(text: &str) -> Result<Retold, RetellError> {
    let commands = commands(text)?;
    let Some(Command::Members { count, arbiters, .. }) = commands
        .iter()
        .find(|command| matches!(command, Command::Members { .. }))
    else {
        return Err(RetellError::NoMembers);
    };
    let (count, arbiters) = (*count, *arbiters);
    if arbiters > 0 || !(1..=MEMBERS_MAX).contains(&count) {
        return Err(RetellError::OtherSet { count, arbiters });
    }
    let mut teller = Teller::new(count, &commands);
    for (at, command) in commands.iter().enumerate() {
        teller.tell(command, &commands[at + 1..]);
    }
    teller.end();
    if teller.deeds == 0 {
        let left_out: Vec<String> = teller.left_out.into_iter().collect();
        return Err(RetellError::Nothing(left_out.join(", ")));
    }
    let nemesis = Nemesis {
        name: NAME,
        about: "the story of a scenario file, as far as real processes can be made to play it",
        needs: teller.needs,
        plan: story::only_as_told,
        // Once a process: a schedule lives as long as the program that knows it.
        story: Box::leak(teller.steps.into_boxed_slice()),
    };
    Ok(Retold {
        nemesis: Box::leak(Box::new(nemesis)),
        members: count,
        bug: teller.bug,
        left_out: teller.left_out,
    })
}

fn commands(text: &str) -> Result<Vec<Command>, RetellError> {
    let mut commands = Vec::new();
    let mut outcome = false;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        outcome = (outcome || line == "----") && !line.is_empty();
        if outcome || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let command = line.parse();
        commands.push(command.map_err(|error| RetellError::Unreadable { line: number, error })?);
    }
    Ok(commands)
}

struct Teller {
    count: Member,
    /// Goes message by message.
    fine: bool,
    steps: Vec<Step>,
    deeds: usize,
    needs: Needs,
    bug: Option<String>,
    left_out: BTreeSet<String>,
    /// The links that the story has cut.
    cut: BTreeSet<Link>,
    /// The links that are cut by the schedule so far.
    standing: BTreeSet<Link>,
    /// Strikes that last, by name.
    lasting: BTreeSet<&'static str>,
    sets: usize,
}

impl Teller {
    fn new(count: Member, commands: &[Command]) -> Self {
        let mut teller = Self {
            count,
            fine: commands
                .iter()
                .any(|command| matches!(command, Command::Deliver { .. })),
            steps: Vec::new(),
            deeds: 0,
            needs: Needs::Nothing,
            bug: None,
            left_out: BTreeSet::new(),
            cut: BTreeSet::new(),
            standing: BTreeSet::new(),
            lasting: BTreeSet::new(),
            sets: 0,
        };
        teller.steps.push(Step::Until(story::is_whole));
        teller
    }

    fn tell(&mut self, command: &Command, rest: &[Command]) {
        if self.sets > 1 {
            return;
        }
        if self.fine && is_happening(command) {
            self.open_only(rest);
        }
        match *command {
            Command::Members { .. } => {
                self.sets += 1;
                if self.sets > 1 {
                    self.left_out
                        .insert("what comes after a second `members`".to_owned());
                } else if self.fine {
                    self.open_only(rest);
                }
            }
            Command::Bug(ref id) => self.bug = Some(id.clone()),
            Command::Cut(one, other) => {
                self.cut
                    .extend([(one as Member, other as Member), (other as Member, one as Member)]);
                self.relink(self.cut.clone());
            }
            Command::Isolate(one) => {
                let of_one = self
                    .links()
                    .filter(|(from, to)| usize::from(*from) == one || usize::from(*to) == one);
                let of_one: Vec<Link> = of_one.collect();
                self.cut.extend(of_one);
                self.relink(self.cut.clone());
            }
            Command::Heal => {
                self.cut.clear();
                self.relink(BTreeSet::new());
            }
            Command::Elect(member) | Command::StepUp(member) | Command::Timer(member, Timer::Election) => {
                let member = member as Member;
                self.strike(format!("step-up {}", self.steps.len()), Fault::StepUp { member });
                self.steps.push(Step::Leads {
                    member,
                    patience_ms: if self.fine { STANDS_MS } else { LEADS_MS },
                });
            }
            Command::StepDown(member, _) => {
                let fault = Fault::StepDown {
                    member: member as Member,
                    seconds: STANDS_BACK_S,
                };
                self.strike(format!("step-down {}", self.steps.len()), fault);
            }
            Command::Freeze(member, true) => {
                let fault = Fault::Freeze {
                    member: member as Member,
                    seconds: 60,
                };
                self.strike(format!("freeze {member}"), fault);
            }
            Command::Freeze(member, false) => self.lift(format!("freeze {member}")),
            Command::Crash(member, requests, entries)
            | Command::Die {
                member,
                requests,
                entries,
                ..
            } => {
                self.go_down(member, requests + entries > 0, rest);
            }
            Command::Restart(member) => self.lift(format!("down {member}")),
            Command::Hold(member) => {
                self.need(Needs::Shim);
                let fault = Fault::DiskSlow {
                    member: member as Member,
                    operation: DiskOperation::Sync,
                    delay_ms: HELD_DISK_MS,
                };
                self.strike(format!("disk {member}"), fault);
            }
            Command::Free(member) => self.lift(format!("disk {member}")),
            Command::Wall(member, secs) => {
                self.need(Needs::Shim);
                self.lift(format!("clock {member}"));
                let offset_ms = (i64::from(secs) - WALL_SECS) * 1_000;
                if offset_ms != 0 {
                    let fault = Fault::ClockJump {
                        member: member as Member,
                        offset_ms,
                    };
                    self.strike(format!("clock {member}"), fault);
                }
            }
            Command::Resync(member) => {
                self.strike(
                    format!("resync {}", self.steps.len()),
                    Fault::Resync {
                        member: member as Member,
                    },
                );
            }
            Command::Reconfig { change, .. } => self.reconfigure(change),
            Command::Settle | Command::Write(..) | Command::Noop(_) | Command::Read(..) => {
                self.steps.push(Step::Hold {
                    least_ms: SETTLE_MS.0,
                    most_ms: SETTLE_MS.1,
                })
            }
            // Their own affair; and the emptied directory went with its machine.
            Command::Deliver { .. }
            | Command::Flush(..)
            | Command::Turn(_)
            | Command::Resolve(_)
            | Command::Timer(..)
            | Command::Disconnect(..)
            | Command::Initiate(_)
            | Command::Empty(_)
            | Command::Show => {}
            Command::Abandon(..)
            | Command::Maintenance(..)
            | Command::SyncFrom(..)
            | Command::Cap(..)
            | Command::Batch(_) => {
                let word = command.to_string();
                self.left_out
                    .insert(word.split(' ').next().unwrap_or_default().to_owned());
            }
        }
    }

    /// All is undone, links first, and the set is whole again: the story may be told once more.
    fn end(&mut self) {
        self.relink(BTreeSet::new());
        for name in std::mem::take(&mut self.lasting) {
            self.steps.push(Step::Heal(name));
        }
        self.steps.push(Step::Until(story::is_whole));
    }

    fn go_down(&mut self, member: usize, keeps_some: bool, rest: &[Command]) {
        let back = rest.iter().position(|later| *later == Command::Restart(member));
        let until = &rest[..back.unwrap_or(rest.len())];
        let fault = if until.contains(&Command::Empty(member)) {
            Fault::WipeData {
                member: member as Member,
            }
        } else {
            self.need(Needs::UndoJournal);
            Fault::PowerLoss {
                members: vec![member as Member],
                keep_permille: if keeps_some { 500 } else { 0 },
                seed: self.steps.len() as u64,
            }
        };
        self.strike(format!("down {member}"), fault);
    }

    fn reconfigure(&mut self, change: Change) {
        let (id, row) = match change {
            Change::Remove(id) => (id, RowChange::Remove),
            Change::Votes(id, false) => (id, RowChange::NoVote),
            Change::Priority(id, milli) => (
                id,
                RowChange::Priority {
                    priority: milli / 1_000,
                },
            ),
            // The row comes back as it was.
            Change::Add(id) | Change::Votes(id, true) if self.is_lasting(&format!("row {}", id.0)) => {
                return self.lift(format!("row {}", id.0));
            }
            Change::Add(_) | Change::AddArbiter(_) | Change::Votes(..) => {
                self.left_out.insert("reconfig add".to_owned());
                return;
            }
        };
        let fault = Fault::Reconfigure {
            member: id.0,
            change: row,
            wait_ms: 2_000,
        };
        self.strike(format!("row {}", id.0), fault);
    }

    /// Until the next happening, only the links are open on which something arrives before it.
    fn open_only(&mut self, rest: &[Command]) {
        let soon = rest.iter().take_while(|later| !is_happening(later));
        let open: BTreeSet<Link> = soon
            .filter_map(|later| match later {
                Command::Deliver { from, to, .. } => Some((*from as Member, *to as Member)),
                _ => None,
            })
            .collect();
        // A phase in which nothing arrives is a moment, not a partition.
        if !open.is_empty() {
            let cut = self.links().filter(|link| !open.contains(link)).collect();
            self.relink(cut);
        }
    }

    fn relink(&mut self, cut: BTreeSet<Link>) {
        if cut == self.standing {
            return;
        }
        self.lift("links".to_owned());
        if !cut.is_empty() {
            let links = cut.iter().copied().collect();
            let shape = "the links of the story".to_owned();
            self.strike("links".to_owned(), Fault::Partition { links, shape });
        }
        self.standing = cut;
    }

    fn links(&self) -> impl Iterator<Item = Link> + use<> {
        let count = self.count;
        (0..count).flat_map(move |from| (0..count).filter(move |to| *to != from).map(move |to| (from, to)))
    }

    fn strike(&mut self, name: String, fault: Fault) {
        let beyond = fault.members().into_iter().any(|member| member >= self.count);
        if beyond || self.is_lasting(&name) {
            self.left_out.insert(format!(
                "a second `{name}`, or one of a member outside of the set"
            ));
            return;
        }
        let name: &'static str = Box::leak(name.into_boxed_str());
        self.lasting.insert(name);
        self.deeds += 1;
        self.steps.push(Step::Exactly(name, Box::leak(Box::new(fault))));
    }

    fn lift(&mut self, name: String) {
        if let Some(name) = self.lasting.take(name.as_str()) {
            self.steps.push(Step::Heal(name));
        }
    }

    fn is_lasting(&self, name: &str) -> bool {
        self.lasting.contains(name)
    }

    fn need(&mut self, needs: Needs) {
        if self.needs != Needs::UndoJournal {
            self.needs = needs;
        }
    }
}

/// What parts the phases of a story that goes message by message.
fn is_happening(command: &Command) -> bool {
    matches!(
        command,
        Command::Timer(_, Timer::Election)
            | Command::Elect(_)
            | Command::StepUp(_)
            | Command::StepDown(..)
            | Command::Crash(..)
            | Command::Die { .. }
            | Command::Restart(_)
            | Command::Write(..)
            | Command::Read(..)
            | Command::Resync(_)
            | Command::Reconfig { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_could_do_is_done_in_order() {
        let text = "# A comment.\nbug C01\nmembers 3\nsettle\nelect 1\nisolate 1\ncrash 2 keep 1 0\nrestart 2\nheal\nshow\n----\n1 leads\n";
        let retold = retell(text).unwrap();
        assert_eq!((retold.members, retold.bug.as_deref()), (3, Some("C01")));
        assert_eq!(retold.nemesis.needs, Needs::UndoJournal);
        let told: Vec<String> = retold.nemesis.story.iter().filter_map(word).collect();
        assert_eq!(
            told,
            [
                "step-up",
                "partition",
                "power-loss",
                "end of down 2",
                "end of links",
                "end of step-up 2"
            ]
        );
    }

    #[test]
    fn a_story_of_messages_opens_their_links_only() {
        let text =
            "members 3\ntimer 0 election\ndeliver 0>1 VoteRequest\ndeliver 1>0 VoteResponse\nwrite 0\n";
        let retold = retell(text).unwrap();
        let partition = retold.nemesis.story.iter().find_map(|step| match step {
            Step::Exactly(_, Fault::Partition { links, .. }) => Some(links.clone()),
            _ => None,
        });
        assert_eq!(partition, Some(vec![(0, 2), (1, 2), (2, 0), (2, 1)]));
    }

    #[test]
    fn an_emptied_directory_is_a_lost_machine() {
        let retold = retell("members 3\ncrash 1\nempty 1\nrestart 1\n").unwrap();
        let wipes = |step: &Step| matches!(step, Step::Exactly(_, Fault::WipeData { member: 1 }));
        assert!(retold.nemesis.story.iter().any(wipes));
    }

    #[test]
    fn what_cannot_be_played_is_said() {
        assert!(matches!(retell("elect 1\n"), Err(RetellError::NoMembers)));
        assert!(matches!(
            retell("members 3\nfly 1\n"),
            Err(RetellError::Unreadable { line: 2, .. })
        ));
        assert!(matches!(
            retell("members 3 arbiters 1\n"),
            Err(RetellError::OtherSet { .. })
        ));
        assert!(matches!(
            retell("members 3\ncap 1 2\n"),
            Err(RetellError::Nothing(_))
        ));
        let retold = retell("members 3\ncap 1 2\nelect 0\n").unwrap();
        assert_eq!(retold.left_out, BTreeSet::from(["cap".to_owned()]));
    }

    fn word(step: &Step) -> Option<String> {
        match step {
            Step::Exactly(_, fault) => Some(fault.kind().to_owned()),
            Step::Heal(name) => Some(format!("end of {name}")),
            _ => None,
        }
    }
}
