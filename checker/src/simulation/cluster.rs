//! Members on machines: gives inputs to the core, does what it asks in the order it asks, and judges each step.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use protocol::concern::{ReadConcern, W};
use protocol::initial_sync::Unsynced;
use protocol::input::{Input, RequestId};
use protocol::member::{Fired, Rules, step};
use protocol::message::Body;
use protocol::optime::OpTime;
use protocol::output::{Content, FatalReason, Outcome, Output};
use protocol::rules::NEXT;
use protocol::state::{Durable, Mode, Role};
use protocol::timer::Timer;

use super::contents::{Change, Contents, Store, Written};
use super::coverage::Coverage;
use super::digest::Digest;
use super::disk::{Request, Survival};
use super::facts::{Elections, Facts};
use super::machine::Machine;
use super::surroundings::Surroundings;
use super::trace::Trace;
use super::violation::Violation;
use super::watch::{Before, Watch};
use crate::invariants::INVARIANTS;
use crate::invariants::cluster::Step;
use crate::invariants::invariant::Check;

/// A replica set of machines.
pub struct Cluster {
    rules: Rules,
    /// By member id.
    pub machines: Vec<Machine>,
    /// What the entries mean.
    pub contents: Contents,
    /// What clients planned to write, by request.
    pub plans: HashMap<RequestId, Vec<Change>, BuildHasherDefault<Digest>>,
    /// What each rule did so far.
    pub fired: [u64; NEXT.len()],
    /// Steps of the core so far.
    pub steps: u64,
    /// What was reached so far.
    pub facts: Facts,
    /// Everything that happened, folded.
    pub digest: Digest,
    /// What was reached, noted if asked for.
    pub coverage: Option<Coverage>,
    /// Each member's steps, written down if asked for.
    pub trace: Option<Trace>,
    /// What the members asked for, written down if asked for.
    pub heard: Option<Vec<(usize, Output)>>,
    watch: Watch,
    elections: Elections,
    asked: HashMap<RequestId, OpTime, BuildHasherDefault<Digest>>,
    outputs: Vec<Output>,
    judge_every: u64,
}

/// One input for one member.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// Whom.
    pub member: usize,
    /// What happens.
    pub input: &'a Input,
    /// Virtual microseconds, for the trace.
    pub at_us: u64,
    /// The member's wall clock.
    pub wall_secs: u32,
    /// The machine dies after this many outputs, and its disk keeps this much.
    pub crash: Option<(usize, Survival)>,
}

/// The invariants of steps look at the member before and after, whole: in a long simulation at one step of so many.
const JUDGE_EVERY: u64 = 8;

/// A member with so many entries takes twice as long to be copied as one without; it is looked at half as often.
const ENTRIES_AS_DEAR: u64 = 64;

/// Asks every invariant of steps.
fn judge_step(step: &Step<'_>) -> Result<(), Violation> {
    for invariant in &INVARIANTS {
        if let Check::Step(check) = invariant.check
            && let Some(words) = check(step)
        {
            return Err(Violation::new(invariant.id, words));
        }
    }
    Ok(())
}

impl Cluster {
    /// Machines with these disks, all up, none started yet.
    #[must_use]
    pub fn new(rules: Rules, disks: impl IntoIterator<Item = Durable>) -> Self {
        let contents = Contents::default();
        Self {
            rules,
            machines: disks
                .into_iter()
                .map(|durable| Machine::new(durable, &contents))
                .collect(),
            contents,
            plans: HashMap::default(),
            fired: [0; NEXT.len()],
            steps: 0,
            facts: Facts::default(),
            digest: Digest::default(),
            coverage: None,
            trace: None,
            heard: None,
            watch: Watch::default(),
            elections: Elections::default(),
            asked: HashMap::default(),
            outputs: Vec::new(),
            judge_every: JUDGE_EVERY,
        }
    }

    /// From now on the invariants of steps judge every step.
    pub fn judge_every_step(&mut self) {
        self.judge_every = 1;
    }

    /// Lets one input happen.
    ///
    /// # Errors
    /// When the step breaks an invariant.
    pub fn step(&mut self, turn: Turn<'_>, around: &mut impl Surroundings) -> Result<Fired, Violation> {
        let Turn { member, input, .. } = turn;
        let mut outputs = std::mem::take(&mut self.outputs);
        let machine = &mut self.machines[member];
        debug_assert!(machine.up, "nothing happens to a dead process");
        if let Input::Capped(through) = *input {
            machine.disk.drop_through(through, &self.contents);
            self.facts.capped += 1;
        }
        let machine = &mut self.machines[member];
        let before = Before::of(&machine.state);
        let every = match self.judge_every {
            1 => 1,
            every => every * (1 + machine.state.oplog.len() as u64 / ENTRIES_AS_DEAR),
        };
        let whole = self.steps.is_multiple_of(every).then(|| machine.state.clone());
        let was_stale = machine.state.stale;
        let fired = step(
            &self.rules,
            &mut machine.state,
            turn.wall_secs,
            input,
            &mut outputs,
        );
        self.facts.stale += u64::from(!was_stale && self.machines[member].state.stale);
        self.count(turn, fired, &outputs);
        self.remember_request(member, input);
        let judged = whole.map_or(Ok(()), |whole| {
            judge_step(&Step {
                before: &whole,
                input,
                outputs: &outputs,
                after: &self.machines[member].state,
            })
        });
        let judged = judged.and_then(|()| self.obey_all(turn, &before, &mut outputs, around));
        outputs.clear();
        self.outputs = outputs;
        judged.map(|()| fired)
    }

    /// The machine loses its process; its disk keeps what `survival` says.
    pub fn crash(&mut self, member: usize, survival: Survival) {
        let machine = &mut self.machines[member];
        let pending = machine.disk.pending();
        self.facts.crashes += 1;
        self.facts.crashes_before_vote += u64::from(machine.state.vote != machine.state.vote_durable);
        self.facts.crashes_torn += u64::from((1..pending).contains(&survival.requests));
        machine.crash(survival);
        (member, survival.requests, survival.entries).hash(&mut self.digest);
    }

    /// Somebody empties the data directory of a dead process.
    pub fn empty(&mut self, member: usize) {
        self.facts.emptied += 1;
        (member, "emptied").hash(&mut self.digest);
        self.machines[member].empty();
    }

    /// The process starts again; the next input must be `Start`.
    pub fn restart(&mut self, member: usize) {
        self.machines[member].restart(&self.contents);
        if let Some(trace) = &mut self.trace {
            trace.recovered(member, self.machines[member].disk.durable());
        }
    }

    /// The protocol, or the protocol with a bug, from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// All members start with this entry: it is committed.
    pub fn begin_with(&mut self, first: OpTime) {
        let parent = OpTime::NULL;
        self.contents.write(first, Written { parent, change: None });
        self.watch.begin_with(first);
    }

    /// The newest entry that was ever committed.
    #[must_use]
    pub fn newest_committed(&self) -> OpTime {
        self.watch.newest_committed()
    }

    fn count(&mut self, turn: Turn<'_>, fired: Fired, outputs: &[Output]) {
        self.steps += 1;
        let mut bits = fired.0;
        while bits != 0 {
            self.fired[bits.trailing_zeros() as usize] += 1;
            bits &= bits - 1;
        }
        self.digest.write_u64(turn.at_us);
        self.digest
            .write_u64(fired.0 ^ ((turn.member as u64) << 56) ^ (u64::from(turn.wall_secs) << 24));
        turn.input.hash(&mut self.digest);
        outputs.hash(&mut self.digest);
        if let Some(coverage) = &mut self.coverage {
            coverage.note(turn.member, fired, &self.machines[turn.member].state, turn.at_us);
        }
        if let Some(trace) = &mut self.trace {
            trace.step(turn, fired, outputs);
        }
        if let Some(heard) = &mut self.heard {
            heard.extend(outputs.iter().map(|output| (turn.member, output.clone())));
        }
    }

    /// What a client's majority request waits for: asked before it can be answered.
    fn remember_request(&mut self, member: usize, input: &Input) {
        let id = match *input {
            Input::ClientWrite { id, concern, .. } | Input::ClientNoop { id, concern }
                if concern.w == W::Majority =>
            {
                id
            }
            Input::ClientRead {
                id,
                concern: ReadConcern::Linearizable,
                ..
            } => id,
            _ => return,
        };
        self.asked.insert(id, self.machines[member].state.last_written());
    }

    fn obey_all(
        &mut self,
        turn: Turn<'_>,
        before: &Before,
        outputs: &mut Vec<Output>,
        around: &mut impl Surroundings,
    ) -> Result<(), Violation> {
        let member = turn.member;
        let limit = turn.crash.map_or(usize::MAX, |(limit, _)| limit);
        let machine = &self.machines[member];
        if before.won(&machine.state) {
            self.elections.wins(machine.state.me, &mut self.facts);
            self.watch.elected(&machine.state)?;
        }
        self.facts.step_downs += u64::from(before.lost(&machine.state));
        for output in outputs.drain(..).take(limit) {
            match output {
                Output::TakePage { .. } => self.take_page(member, turn.input),
                output => self.obey(member, output, around)?,
            }
        }
        if let Some((_, survival)) = turn.crash {
            self.facts.crashes_within_step += 1;
            self.crash(member, survival);
            return Ok(());
        }
        let machine = &self.machines[member];
        if before.installed(&machine.state) {
            self.facts.reconfigurations += u64::from(machine.state.config.id.version > 1);
            self.facts.removals += u64::from(machine.state.my_config().is_none());
            self.watch
                .installed(&self.machines, &self.machines[member].state)?;
        }
        let machine = &self.machines[member];
        before.judge(&machine.state, machine.disk.durable())
    }

    fn obey(
        &mut self,
        member: usize,
        output: Output,
        around: &mut impl Surroundings,
    ) -> Result<(), Violation> {
        let machine = &mut self.machines[member];
        match output {
            Output::Send(mut message) => {
                if let Body::CloneResponse {
                    number, ref mut next, ..
                } = message.body
                    && (number as usize) + 1 < machine.store.keys()
                {
                    *next = Some(Vec::new());
                }
                self.watch.said(&message, machine.disk.durable())?;
                let asks = matches!(message.body, Body::VoteRequest { unless_led: true, .. });
                self.facts.suspicions += u64::from(asks);
                self.facts.hand_overs += u64::from(message.body == Body::StepUp);
                let chained = matches!(message.body, Body::FetchRequest { .. })
                    && machine.state.primary.is_some_and(|primary| primary != message.to);
                self.facts.chained += u64::from(chained);
                around.send(message);
            }
            Output::SetTimer(timer) => {
                self.facts.kept_back += u64::from(timer == Timer::Ripen);
                around.arm(member, timer);
            }
            Output::CancelTimer(timer) => around.disarm(member, timer),
            Output::PersistVote(vote) => {
                if vote.candidate == Some(machine.state.me) {
                    self.elections
                        .stands(vote.term, machine.state.me, &mut self.facts);
                }
                self.ask_disk(member, Request::Vote(vote), around);
            }
            Output::PersistConfig(config) => {
                let me = machine
                    .state
                    .config_pending
                    .as_ref()
                    .filter(|pending| pending.config.id == config.id)
                    .and_then(|pending| pending.me);
                self.ask_disk(member, Request::Config(config, me), around);
            }
            Output::Append { content, entries } => {
                self.append(member, content, &entries)?;
                self.ask_disk(member, Request::Append(entries), around);
            }
            Output::RollBack { to, rollback_id } => {
                self.watch.taken_back(&machine.state, to)?;
                self.facts.rollbacks += 1;
                machine.store.cut(to);
                machine.tip = to;
                self.ask_disk(member, Request::Cut { to, rollback_id }, around);
            }
            Output::PersistUnsynced(flag) => {
                let clone = match (flag, machine.cloned) {
                    (None, Some(stop)) | (Some(Unsynced { whole: true, .. }), Some(stop)) => {
                        machine.cloned = None;
                        let mut clone = machine.store.clone();
                        clone.cut(stop);
                        Some(clone)
                    }
                    _ => None,
                };
                self.facts.synced += u64::from(flag.is_none());
                self.ask_disk(member, Request::Unsynced(flag, clone), around);
            }
            Output::BeginClone { begin } => {
                machine.store = Store::default();
                machine.tip = begin;
                machine.cloning = !begin.is_null();
                self.ask_disk(member, Request::Begin(begin), around);
            }
            Output::TakePage { .. } => {}
            Output::ApplyToClone { stop } => {
                (machine.cloning, machine.cloned) = (false, Some(stop));
                for entry in machine.state.oplog.iter() {
                    if let Some(change) = self.contents.get(entry).and_then(|written| written.change) {
                        machine.store.apply(entry, change);
                    }
                }
                self.ask_disk(member, Request::Applied, around);
            }
            Output::Complete { id, outcome } => {
                let asked = self.asked.remove(&id);
                if let (Some(optime), Outcome::Done) = (asked, outcome) {
                    self.watch.acknowledged(id, optime)?;
                    let write = self.plans.contains_key(&id);
                    self.facts.acknowledged += u64::from(write);
                    self.facts.proven_reads += u64::from(!write);
                }
                around.complete(member, id, outcome);
            }
            Output::Refuse { id, refusal } => {
                self.asked.remove(&id);
                around.refuse(member, id, refusal);
            }
            Output::ServeRead { id, at } => {
                self.watch.served(&machine.state, at)?;
                around.serve(member, id, at, &machine.store);
            }
            Output::CommitPoint(point) => self.commit(member, point)?,
            Output::StateChanged(_) => {}
            Output::ResolveConfig(config) => around.resolve(member, config),
            // The process ends, and is started again.
            Output::Fatal(FatalReason::InitialSyncFailed) => machine.gave_up = true,
            Output::Fatal(reason) => {
                let words = format!("member {member} gives up: {reason:?}");
                return Err(Violation::new("fatal", words));
            }
        }
        Ok(())
    }

    /// A page of a clone holds what the history up to its point says of one key.
    fn take_page(&mut self, member: usize, input: &Input) {
        let Input::Message(message) = input else { return };
        if let Body::CloneResponse { number, at, .. } = message.body {
            let mut whole = Store::default();
            let mut entry = at;
            while let Some(written) = self.contents.get(entry) {
                if let Some(change) = written.change {
                    whole.apply(entry, change);
                }
                entry = written.parent;
            }
            self.machines[member].store.copy(number as usize, &whole, at);
        }
    }

    fn ask_disk(&mut self, member: usize, request: Request, around: &mut impl Surroundings) {
        self.machines[member].disk.request(request);
        around.disk_asked(member);
    }

    fn append(&mut self, member: usize, content: Content, entries: &[OpTime]) -> Result<(), Violation> {
        let machine = &mut self.machines[member];
        let plan = match content {
            Content::Write(id) => self.plans.get(&id).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        for (place, &optime) in entries.iter().enumerate() {
            let parent = std::mem::replace(&mut machine.tip, optime);
            let known = self.contents.get(optime);
            self.watch.appended(machine.state.me, optime, parent, known)?;
            let change = match (known, content) {
                (Some(written), Content::Fetched) => written.change,
                (None, Content::Fetched) => {
                    return Err(Violation::new(
                        "I-25",
                        format!("{optime} was fetched and never written"),
                    ));
                }
                (Some(_), _) => {
                    return Err(Violation::new(
                        "I-15",
                        format!("the name {optime} was given twice"),
                    ));
                }
                (None, _) => {
                    let change = plan.get(place).copied();
                    self.contents.write(optime, Written { parent, change });
                    change
                }
            };
            if let Some(change) = change.filter(|_| !machine.cloning) {
                machine.store.apply(optime, change);
            }
        }
        if matches!(machine.state.role, Role::Primary(Mode::CatchUp { .. })) && content == Content::Fetched {
            self.facts.caught_up += entries.len() as u64;
        }
        Ok(())
    }

    fn commit(&mut self, member: usize, point: OpTime) -> Result<(), Violation> {
        let state = &self.machines[member].state;
        if state.is_primary() {
            self.facts.commits_after_failover += u64::from(self.facts.failovers > 0);
            let disks = self.machines.iter().map(|machine| machine.disk.durable());
            self.watch.committed(state, point, &self.contents, disks)
        } else {
            self.watch.believed(state.me, point)
        }
    }
}
