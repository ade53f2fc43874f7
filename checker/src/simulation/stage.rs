//! A cluster without clock and dice: what happens next is said, one command after the other. Scenarios are told
//! on it, and the runs of the simulator are cut down on it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use protocol::concern::{ReadConcern, W, WriteConcern};
use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::member::Rules;
use protocol::message::{Body, Message};
use protocol::oplog::Oplog;
use protocol::optime::OpTime;
use protocol::output::{Outcome, Output, ReadPoint, Refusal, Vote};
use protocol::state::Durable;
use protocol::timer::Timer;

use super::cluster::{Cluster, Turn};
use super::command::{Command, Concern};
use super::contents::Store;
use super::disk::Survival;
use super::surroundings::Surroundings;
use super::violation::Violation;

/// The stage.
pub struct Stage {
    /// The members.
    pub cluster: Cluster,
    /// What was sent, armed and asked.
    pub hands: Hands,
    rules: Rules,
    config: Arc<Config>,
    held: BTreeSet<usize>,
    cut: BTreeSet<(usize, usize)>,
    wall_secs: Vec<u32>,
    dying: Vec<Option<(usize, Survival)>>,
    next_request: u64,
}

/// What was sent, armed and asked, and waits until it is said to happen.
#[derive(Default)]
pub struct Hands {
    /// Everything ever sent, in order; a message may be delivered again.
    pub sent: Vec<Message>,
    /// The next message that `settle` delivers.
    next: usize,
    armed: BTreeSet<(usize, Timer)>,
    resolving: Vec<VecDeque<Arc<Config>>>,
    batch_max: Option<usize>,
}

/// The clock of a stage when nobody sets it.
const WALL_SECS: u32 = 100;
/// `settle` ends at the latest after so many steps: a cluster that never rests is a finding.
const SETTLE_STEPS_MAX: u64 = 10_000;

impl Default for Stage {
    fn default() -> Self {
        Self::new(Rules::default())
    }
}

impl Stage {
    /// An empty stage; the first command must be `members`.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            cluster: Cluster::new(rules, []),
            hands: Hands::default(),
            rules,
            config: Arc::new(Config::none()),
            held: BTreeSet::new(),
            cut: BTreeSet::new(),
            wall_secs: Vec::new(),
            dying: Vec::new(),
            next_request: 0,
        }
    }

    /// Does one command. False: it is not possible now, and nothing happened.
    ///
    /// # Errors
    /// When a step breaks an invariant.
    pub fn play(&mut self, command: &Command) -> Result<bool, Violation> {
        let members = self.cluster.machines.len();
        if whom(command).is_some_and(|member| member >= members) {
            return Ok(false);
        }
        match *command {
            Command::Members {
                count,
                arbiters,
                spares,
                new,
            } => return self.enter(count, arbiters, spares, new),
            Command::Bug(ref id) => return Ok(self.plant(id)),
            Command::Settle => return self.settle().map(|()| true),
            Command::Cut(one, other) => self.cut.extend([(one, other), (other, one)]),
            Command::Isolate(one) => {
                let others = (0..members).filter(|other| *other != one);
                self.cut
                    .extend(others.flat_map(|other| [(one, other), (other, one)]));
            }
            Command::Heal => self.cut.clear(),
            Command::Batch(most) => self.hands.batch_max = Some(most),
            Command::Hold(member) => return Ok(self.held.insert(member)),
            Command::Free(member) => return Ok(self.held.remove(&member)),
            Command::Wall(member, secs) => self.wall_secs[member] = secs,
            Command::Restart(member) => return self.restart(member),
            Command::Empty(member) => {
                if self.cluster.machines[member].up {
                    return Ok(false);
                }
                self.cluster.empty(member);
            }
            Command::Show => {}
            _ => return self.happen(command),
        }
        Ok(true)
    }

    /// Writes down what the members ask for from now on.
    pub fn listen(&mut self) {
        self.cluster.heard = Some(Vec::new());
    }

    /// What the members asked for since the last call.
    pub fn heard(&mut self) -> Vec<(usize, Output)> {
        self.cluster
            .heard
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// What happens to a member whose process runs.
    fn happen(&mut self, command: &Command) -> Result<bool, Violation> {
        let Some(member) = whom(command).filter(|member| self.cluster.machines[*member].up) else {
            return Ok(false);
        };
        let input = match *command {
            Command::Crash(_, requests, entries) => {
                self.cluster.crash(member, Survival { requests, entries });
                self.forget(member);
                return Ok(true);
            }
            Command::Die {
                outputs,
                requests,
                entries,
                ..
            } => {
                self.dying[member] = Some((outputs, Survival { requests, entries }));
                return Ok(true);
            }
            Command::Elect(_) => {
                self.give(member, &Input::Timer(Timer::Election))?;
                return self.settle().map(|()| true);
            }
            Command::Timer(_, timer) => {
                if !self.hands.armed.remove(&(member, timer)) {
                    return Ok(false);
                }
                Input::Timer(timer)
            }
            Command::Deliver {
                from,
                to,
                ref kind,
                back,
            } => {
                let mut of_kind = self.hands.sent.iter().rev().filter(|message| {
                    usize::from(message.from.0) == from
                        && usize::from(message.to.0) == to
                        && message.body.name() == kind
                });
                match of_kind.nth(back) {
                    Some(message) => Input::Message(message.clone()),
                    None => return Ok(false),
                }
            }
            Command::Flush(_, count) => return self.flush(member, count),
            Command::Turn(_) => Input::TurnEnd,
            Command::Resolve(_) => match self.hands.resolving[member].pop_front() {
                Some(config) => resolved(member, config),
                None => return Ok(false),
            },
            _ => match self.told(command) {
                Some(input) => input,
                None => return Ok(false),
            },
        };
        self.give(member, &input)?;
        Ok(true)
    }

    /// What a client or the operator says.
    fn told(&mut self, command: &Command) -> Option<Input> {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        Some(match *command {
            Command::Initiate(member) => Input::Initiate {
                me: MemberId(member as u8),
                config: Arc::clone(&self.config),
            },
            Command::Write(_, w) => Input::ClientWrite {
                id,
                entries: 1,
                concern: w.map_or(WriteConcern::MAJORITY, |w| WriteConcern {
                    w: W::Members(w),
                    journal: false,
                }),
            },
            Command::Noop(_) => Input::ClientNoop {
                id,
                concern: WriteConcern::MAJORITY,
            },
            Command::Read(_, concern) => Input::ClientRead {
                id,
                concern: match concern {
                    Concern::Local => ReadConcern::Local,
                    Concern::Majority => ReadConcern::Majority,
                    Concern::Linearizable => ReadConcern::Linearizable,
                },
                secondary_ok: true,
            },
            Command::Abandon(_, id) => Input::Abandon(RequestId(id)),
            Command::StepDown(_, force) => Input::StepDown { id, force },
            Command::StepUp(_) => Input::StepUp { skip_dry_run: false },
            Command::Freeze(_, on) => Input::Freeze(on),
            Command::Maintenance(_, on) => Input::Maintenance(on),
            Command::Reconfig {
                member,
                change,
                force,
            } => {
                let config = change.of(&self.cluster.machines[member].state.config)?;
                Input::Reconfig {
                    id,
                    me: Some(MemberId(member as u8)).filter(|me| config.position(*me).is_some()),
                    config: Arc::new(config),
                    force,
                }
            }
            Command::Disconnect(_, other) => Input::Disconnected(MemberId(other as u8)),
            Command::SyncFrom(_, source) => Input::SyncFrom(MemberId(source as u8)),
            Command::Resync(_) => Input::Resync,
            Command::Cap(member, kept) => Input::Capped(self.cluster.machines[member].cap(kept)?),
            _ => return None,
        })
    }

    fn enter(&mut self, count: u8, arbiters: u8, spares: u8, new: bool) -> Result<bool, Violation> {
        let mut config = Config::ordinary(count);
        for member in config.members.iter_mut().rev().take(usize::from(arbiters)) {
            member.arbiter = true;
            member.priority_milli = 0;
        }
        let members = config.members.len() + usize::from(spares);
        self.config = Arc::new(if new { config } else { config.forced() });
        let disk = |member: usize| {
            let row = self.config.members.get(member).filter(|_| !new);
            let entries = row.is_some_and(|row| !row.arbiter).then_some(FIRST);
            Durable {
                me: row.map_or(MemberId(u8::MAX), |row| row.id),
                config: row.map_or_else(|| Arc::new(Config::none()), |_| Arc::clone(&self.config)),
                vote: Vote::NONE,
                oplog: Oplog::new(OpTime::NULL, entries),
                rollback_id: 0,
                unsynced: None,
                life: 0,
            }
        };
        let heard = self.cluster.heard.take();
        self.cluster = Cluster::new(self.rules, (0..members).map(disk));
        self.cluster.judge_every_step();
        self.cluster.heard = heard;
        if !new {
            self.cluster.begin_with(FIRST);
        }
        self.hands = Hands {
            resolving: vec![VecDeque::new(); members],
            ..Hands::default()
        };
        (self.wall_secs, self.dying) = (vec![WALL_SECS; members], vec![None; members]);
        self.next_request = 0;
        for member in 0..members {
            self.give(member, &Input::Start)?;
        }
        Ok(true)
    }

    #[cfg(feature = "planted-bugs")]
    fn plant(&mut self, id: &str) -> bool {
        let Some(bug) = protocol::bugs::find(id) else {
            return false;
        };
        self.rules = bug.plant();
        self.cluster.set_rules(self.rules);
        true
    }

    #[cfg(not(feature = "planted-bugs"))]
    fn plant(&mut self, _id: &str) -> bool {
        false
    }

    fn restart(&mut self, member: usize) -> Result<bool, Violation> {
        if self.cluster.machines[member].up {
            return Ok(false);
        }
        self.cluster.restart(member);
        self.give(member, &Input::Start)?;
        Ok(true)
    }

    fn flush(&mut self, member: usize, count: Option<usize>) -> Result<bool, Violation> {
        let mut left = count.unwrap_or_else(|| self.cluster.machines[member].disk.pending());
        let mut any = false;
        while left > 0 && self.cluster.machines[member].up {
            let Some((covered, input)) = self.cluster.machines[member].disk.confirm(left) else {
                break;
            };
            left -= covered;
            any = true;
            self.give(member, &input)?;
        }
        Ok(any)
    }

    fn settle(&mut self) -> Result<(), Violation> {
        let members = self.cluster.machines.len();
        let limit = self.cluster.steps + SETTLE_STEPS_MAX;
        let mut due = vec![true; members];
        while self.cluster.steps < limit {
            while let Some(message) = self.hands.sent.get(self.hands.next).cloned() {
                self.hands.next += 1;
                if self.cluster.steps >= limit {
                    break;
                }
                let (from, to) = (usize::from(message.from.0), usize::from(message.to.0));
                if to < members && self.cluster.machines[to].up && !self.cut.contains(&(from, to)) {
                    self.give(to, &Input::Message(message))?;
                    due[to] = true;
                }
            }
            let mut moved = false;
            for member in (0..members)
                .filter(|member| self.cluster.machines[*member].up)
                .collect::<Vec<_>>()
            {
                if let Some(config) = self.hands.resolving[member].pop_front() {
                    self.give(member, &resolved(member, config))?;
                    (moved, due[member]) = (true, true);
                }
                if !self.held.contains(&member) && self.cluster.machines[member].disk.pending() > 0 {
                    self.flush(member, None)?;
                    (moved, due[member]) = (true, true);
                }
                if std::mem::take(&mut due[member]) && self.cluster.machines[member].up {
                    self.give(member, &Input::TurnEnd)?;
                    moved = true;
                }
            }
            if !moved && self.hands.next == self.hands.sent.len() {
                return Ok(());
            }
        }
        Err(Violation::new("liveness", "the cluster does not come to rest"))
    }

    fn give(&mut self, member: usize, input: &Input) -> Result<(), Violation> {
        let crash = self.dying[member].take();
        let turn = Turn {
            member,
            input,
            at_us: 0,
            wall_secs: self.wall_secs[member],
            crash,
        };
        self.cluster.step(turn, &mut self.hands)?;
        if crash.is_some() {
            self.forget(member);
        }
        Ok(())
    }

    fn forget(&mut self, member: usize) {
        self.hands.armed.retain(|(of, _)| *of != member);
        self.hands.resolving[member].clear();
        self.dying[member] = None;
    }
}

/// The entry that all data-bearing members of a set have in common when it enters.
pub const FIRST: OpTime = OpTime {
    term: protocol::optime::Term::INITIAL,
    ts: protocol::optime::Timestamp { secs: 1, inc: 1 },
};

impl Surroundings for Hands {
    fn send(&mut self, mut message: Message) {
        if let (Body::FetchResponse { entries, .. }, Some(most)) = (&mut message.body, self.batch_max) {
            entries.truncate(most);
        }
        self.sent.push(message);
    }

    fn arm(&mut self, member: usize, timer: Timer) {
        self.armed.insert((member, timer));
    }

    fn disarm(&mut self, member: usize, timer: Timer) {
        self.armed.remove(&(member, timer));
    }

    fn disk_asked(&mut self, _member: usize) {}

    fn resolve(&mut self, member: usize, config: Arc<Config>) {
        self.resolving[member].push_back(config);
    }

    fn complete(&mut self, _member: usize, _id: RequestId, _outcome: Outcome) {}

    fn refuse(&mut self, _member: usize, _id: RequestId, _refusal: Refusal) {}

    fn serve(&mut self, _member: usize, _id: RequestId, _at: ReadPoint, _store: &Store) {}
}

fn resolved(member: usize, config: Arc<Config>) -> Input {
    let me = MemberId(member as u8);
    let me = config.position(me).map(|_| me);
    Input::ConfigResolved { me, config }
}

/// Whom a command concerns, if one member.
fn whom(command: &Command) -> Option<usize> {
    match *command {
        Command::Members { .. }
        | Command::Bug(_)
        | Command::Settle
        | Command::Heal
        | Command::Batch(_)
        | Command::Show => None,
        Command::Cut(one, other) => Some(one.max(other)),
        Command::Deliver { to, .. } => Some(to),
        Command::Die { member, .. } => Some(member),
        Command::Initiate(member)
        | Command::Isolate(member)
        | Command::Hold(member)
        | Command::Free(member)
        | Command::Elect(member)
        | Command::Timer(member, _)
        | Command::Flush(member, _)
        | Command::Turn(member)
        | Command::Resolve(member)
        | Command::Crash(member, ..)
        | Command::Restart(member)
        | Command::Wall(member, _)
        | Command::Write(member, _)
        | Command::Noop(member)
        | Command::Read(member, _)
        | Command::Abandon(member, _)
        | Command::StepDown(member, _)
        | Command::StepUp(member)
        | Command::Freeze(member, _)
        | Command::Maintenance(member, _)
        | Command::Reconfig { member, .. }
        | Command::Disconnect(member, _)
        | Command::SyncFrom(member, _)
        | Command::Resync(member)
        | Command::Cap(member, _)
        | Command::Empty(member) => Some(member),
    }
}
