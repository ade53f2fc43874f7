//! A whole cluster in one thread under one seed: takes the next event, lets it happen, judges.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::Message;
use protocol::oplog::Oplog;
use protocol::output::Vote;
use protocol::state::Durable;
use workloads::operation::Operation;
use workloads::workload;

use super::around::Around;
use super::clients::Clients;
use super::clock::Clock;
use super::cluster::{Cluster, Turn};
use super::coverage::Coverage;
use super::disturbances::DISTURBANCES;
use super::event::{Event, Happening};
use super::guided::FORKS_MAX;
use super::hardship::Hardship;
use super::limit::Limit;
use super::network::Network;
use super::options::{Fork, Options, Redrawn};
use super::queue::Queue;
use super::recording::{Recording, What};
use super::swarm::Parameters;
use super::timers::{Timers, Woken};
use super::trace::Trace;
use super::violation::Violation;
use crate::nemesis::dice::Dice;

/// More events than this within one virtual second are members that answer each other in a circle without a pause: a
/// set of seven has a few thousand under full load.
const EVENTS_PER_SECOND_MAX: u64 = 200_000;

/// The simulated world.
pub struct World {
    /// The members and their machines.
    pub cluster: Cluster,
    /// Everything around them.
    pub around: Around,
    /// What this seed drew.
    pub parameters: Parameters,
    /// The faults that last.
    pub hardship: Hardship,
    /// Everything is healed, and nothing is disturbed any more.
    pub peace: bool,
    /// The reads of the final phase that are still to be asked, last first; none before the cluster rests.
    pub final_reads: Option<Vec<Operation>>,
    /// Every choice made, if asked for.
    pub recording: Option<Recording>,
    pub(super) flushing: Vec<bool>,
    turn_planned: Vec<bool>,
    crash_at_step: u64,
    pub(super) done: bool,
    limit: Limit,
    forks: [Option<Fork>; FORKS_MAX],
    /// The run was given up, and why: nothing is known of how it would have ended.
    pub gave_up: Option<String>,
}

impl World {
    /// The world of `seed`, before anything happens.
    #[must_use]
    pub fn new(seed: u64, options: &Options) -> Self {
        let mut parameters = Parameters::draw(seed, DISTURBANCES.len());
        options.limit(&mut parameters);
        let in_set = parameters.config.members.len();
        let members = in_set + parameters.spares;
        let mut dice = Dice::new(seed, "world");
        let arbiters = parameters
            .config
            .members
            .iter()
            .filter(|member| member.arbiter)
            .count();
        let clients = Clients::new(
            workload::Parameters {
                seed,
                processes: parameters.clients,
                members: (in_set - arbiters) as u8,
                concerns: parameters.concerns,
            },
            parameters.workload.generator,
        );
        let error = parameters.clock_error_us;
        let mut clock = || Clock::new(dice.between(0, 2 * error) as i64 - error as i64);
        let around = Around {
            now_us: 0,
            queue: Queue::default(),
            // Nobody is disturbed before the set is founded.
            network: Network::new(members, super::network::Manners::GOOD),
            clocks: (0..members).map(|_| clock()).collect(),
            timers: vec![Timers::new(members); members],
            lives: vec![1; members],
            disk_asked: vec![false; members],
            clients,
            timing: parameters.timing,
            batch_max: parameters.batch_max,
            network_dice: Dice::new(seed, "network"),
            dice,
        };
        let empty = |_| Durable {
            me: MemberId(u8::MAX),
            config: Arc::new(Config::none()),
            vote: Vote::NONE,
            oplog: Oplog::default(),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        };
        let mut cluster = Cluster::new(options.rules, (0..members).map(empty));
        if options.cover {
            cluster.coverage = Some(Coverage::default());
        }
        if options.trace {
            cluster.trace = Some(Trace::new(members));
        }
        Self {
            cluster,
            around,
            hardship: Hardship::new(seed, members),
            peace: false,
            final_reads: None,
            recording: options.record.then(|| Recording::new(members)),
            flushing: vec![false; members],
            turn_planned: vec![false; members],
            crash_at_step: u64::MAX,
            done: false,
            limit: Limit::new(options),
            forks: options.forks,
            gave_up: None,
            parameters,
        }
    }

    /// Lets everything happen until the cluster has come to rest after all trouble and answered the final reads, or
    /// until the limits of the run are reached.
    ///
    /// # Errors
    /// When an invariant breaks, or the cluster does not come to rest in time.
    pub fn run(&mut self) -> Result<(), Violation> {
        self.found()?;
        let (mut second, mut events) = (0, 0);
        while !self.done {
            self.gave_up = self.limit.reached(self.cluster.steps);
            if self.gave_up.is_some() {
                break;
            }
            let Some((at_us, event)) = self.around.queue.pop() else {
                break;
            };
            self.around.now_us = at_us;
            self.redraw();
            events = if at_us / 1_000_000 == second {
                events + 1
            } else {
                0
            };
            second = at_us / 1_000_000;
            if events > EVENTS_PER_SECOND_MAX {
                return Err(Violation::new(
                    "storm",
                    format!("{events} events within second {second}, the last of them: {event:?}"),
                ));
            }
            self.happen(event)?;
        }
        Ok(())
    }

    /// Throws dice anew whose moment has come.
    fn redraw(&mut self) {
        let now_us = self.around.now_us;
        for place in &mut self.forks {
            let Some(fork) = place.filter(|fork| fork.at_us <= now_us) else {
                continue;
            };
            *place = None;
            if fork.redrawn != Redrawn::Network {
                self.hardship.dice = Dice::new(fork.seed, "hardship");
            }
            if fork.redrawn != Redrawn::Faults {
                self.around.network_dice = Dice::new(fork.seed, "network");
            }
            if fork.redrawn == Redrawn::Everything {
                self.around.dice = Dice::new(fork.seed, "world");
            }
        }
    }

    /// Starts every member and founds the set at the first; trouble begins when it has had time to elect.
    fn found(&mut self) -> Result<(), Violation> {
        for member in 0..self.cluster.machines.len() {
            if let Some(trace) = &mut self.cluster.trace {
                trace.recovered(member, self.cluster.machines[member].disk.durable());
            }
            self.give(member, &Input::Start, What::Start)?;
        }
        let config = Arc::clone(&self.parameters.config);
        let me = MemberId(0);
        self.tell(0, Input::Initiate { me, config })?;
        let begin_us = 2 * self.parameters.timing.election_us;
        for process in 0..self.parameters.clients as usize {
            self.around
                .queue
                .push(begin_us / 2 + process as u64, Event::Client(process));
        }
        self.around.queue.push(begin_us, Event::Disturb);
        if self.parameters.operator_us.is_some() {
            self.around.queue.push(begin_us, Event::Operate);
        }
        if self.parameters.lose_us.is_some() {
            self.around.queue.push(begin_us, Event::Lose);
        }
        self.around
            .queue
            .push(begin_us + self.parameters.chaos_us, Event::Peace);
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Deliver(message, lives) => self.deliver(message, lives),
            Event::Member { member, life, what } => self.happen_to(member, life, what),
            Event::Reply(id, completion) => {
                let other = self.any_member();
                if let Some(process) = self.around.clients.end(self.around.now_us, id, completion, other) {
                    let (shortest, longest) = self.parameters.think_us;
                    let pause_us = if self.peace {
                        1
                    } else {
                        self.around.dice.between(shortest, longest)
                    };
                    let at_us = self.around.now_us + pause_us;
                    self.around.queue.push(at_us, Event::Client(process));
                }
                Ok(())
            }
            Event::GiveUp(id) => {
                if let Some(completion) = self.around.clients.reset(id) {
                    let member = self.around.clients.member_of(id);
                    self.happen(Event::Reply(id, completion))?;
                    if let Some(member) = member.filter(|member| self.cluster.machines[*member].up) {
                        self.around.plan(member, 1, Happening::Told(Input::Abandon(id)));
                    }
                }
                Ok(())
            }
            Event::Client(process) => {
                self.ask(process);
                Ok(())
            }
            Event::Disturb => self.disturb(),
            Event::Heal(fault) => self.heal(fault),
            Event::Operate => self.operate(),
            Event::Lose => self.lose(),
            Event::Revive(member) => self.lift(member),
            Event::Peace => self.make_peace(),
            Event::Look => self.look(),
        }
    }

    fn deliver(&mut self, message: Message, lives: (u32, u32)) -> Result<(), Violation> {
        let (from, to) = (usize::from(message.from.0), usize::from(message.to.0));
        let same = lives == (self.around.lives[from], self.around.lives[to]);
        if !self.cluster.machines[to].up || (self.around.network.manners.connected && !same) {
            return Ok(());
        }
        if self.hardship.is_paused(to) {
            self.hardship.put_off(to, Event::Deliver(message, lives));
            return Ok(());
        }
        self.give(to, &Input::Message(message), What::Message)
    }

    fn happen_to(&mut self, member: usize, life: u32, what: Happening) -> Result<(), Violation> {
        if life != self.around.lives[member] || !self.cluster.machines[member].up {
            if let Happening::Request(id) = what
                && let Some(completion) = self.around.clients.reset(id)
            {
                self.around.reply(id, completion);
            }
            return Ok(());
        }
        if self.hardship.is_paused(member) {
            self.hardship
                .put_off(member, Event::Member { member, life, what });
            return Ok(());
        }
        match what {
            Happening::Wake(timer, planned_us) => {
                let now_us = self.around.now_us;
                match self.around.timers[member].wake(timer, planned_us, now_us) {
                    Woken::Fire => self.give(member, &Input::Timer(timer), What::Timer),
                    Woken::Later(at_us) => {
                        self.around
                            .plan(member, at_us - now_us, Happening::Wake(timer, at_us));
                        Ok(())
                    }
                    Woken::Nothing => Ok(()),
                }
            }
            Happening::Flush(count) => self.flush(member, count),
            Happening::TurnEnd => {
                self.turn_planned[member] = false;
                self.give(member, &Input::TurnEnd, What::TurnEnd)
            }
            Happening::Resolved(config) => {
                let me = MemberId(member as u8);
                let me = config.position(me).map(|_| me);
                self.give(member, &Input::ConfigResolved { me, config }, What::Resolved)
            }
            Happening::Request(id) => {
                let store = &self.cluster.machines[member].store;
                let Some((input, changes)) = self.around.clients.plan(id, store) else {
                    return Ok(());
                };
                if !changes.is_empty() {
                    self.cluster.plans.insert(id, changes);
                }
                self.tell(member, input)
            }
            Happening::Told(input) => self.tell(member, input),
            Happening::Loss { of, wait_us } => self.notice_loss(member, of, wait_us),
        }
    }

    /// An input from outside the set.
    pub(super) fn tell(&mut self, member: usize, input: Input) -> Result<(), Violation> {
        self.give(member, &input, What::Told)
    }

    /// One step, the end of the turn after it, and whatever death comes in between.
    pub(super) fn give(&mut self, member: usize, input: &Input, what: What) -> Result<(), Violation> {
        let crash = (self.cluster.steps >= self.crash_at_step && self.may_crash(member)).then(|| {
            let survival = self.hardship.survival(&self.cluster.machines[member].disk);
            (self.hardship.dice.below(6) as usize, survival)
        });
        let now_us = self.around.now_us;
        let turn = Turn {
            member,
            input,
            at_us: now_us,
            wall_secs: self.around.clocks[member].wall_secs(now_us),
            crash,
        };
        if let Some(recording) = &mut self.recording {
            recording.step(turn, what);
        }
        self.cluster.step(turn, &mut self.around)?;
        if crash.is_some() {
            self.plan_crash();
            let down_us = self
                .hardship
                .dice
                .between(1_000, 3 * self.parameters.timing.election_us);
            self.around.queue.push(now_us + down_us, Event::Revive(member));
            self.hardship.hold_down(member);
            self.after_crash(member);
            return Ok(());
        }
        if self.around.disk_asked[member] {
            self.around.disk_asked[member] = false;
            self.start_flush(member)?;
            if !self.cluster.machines[member].up {
                return Ok(());
            }
        }
        if self.cluster.machines[member].gave_up {
            return self.strike(member);
        }
        let turn_ends = matches!(input, Input::TurnEnd);
        if turn_ends
            && let Some(most) = self.parameters.oplog_entries
            && let Some(through) = self.cluster.machines[member].cap(most)
        {
            return self.tell(member, Input::Capped(through));
        }
        if turn_ends || matches!(input, Input::Capped(_)) || self.turn_planned[member] {
            return Ok(());
        }
        if self.parameters.turn_us == 0 {
            return self.give(member, &Input::TurnEnd, What::TurnEnd);
        }
        self.turn_planned[member] = true;
        let after_us = self.around.dice.below(self.parameters.turn_us + 1);
        self.around.plan(member, after_us, Happening::TurnEnd);
        Ok(())
    }

    fn flush(&mut self, member: usize, mut count: usize) -> Result<(), Violation> {
        let life = self.around.lives[member];
        while count > 0 {
            let Some((covered, input)) = self.cluster.machines[member].disk.confirm(count) else {
                break;
            };
            count -= covered;
            self.give(member, &input, What::Flush(covered))?;
            if life != self.around.lives[member] {
                return Ok(());
            }
        }
        self.flushing[member] = false;
        self.start_flush(member)
    }

    /// One flush at a time: it covers what was asked for before it began.
    fn start_flush(&mut self, member: usize) -> Result<(), Violation> {
        let pending = self.cluster.machines[member].disk.pending();
        if self.flushing[member] || pending == 0 {
            return Ok(());
        }
        if self.hardship.dies_at_flush(member) {
            return self.strike(member);
        }
        self.flushing[member] = true;
        let (shortest, longest) = self.parameters.flush_us;
        let mut after_us = self.hardship.flush_extra_us(member);
        after_us += if self.peace {
            shortest
        } else {
            self.around.dice.between(shortest, longest)
        };
        self.around.plan(member, after_us, Happening::Flush(pending));
        Ok(())
    }

    /// The process is gone: its timers, its connections, its life.
    pub(super) fn after_crash(&mut self, member: usize) {
        self.around.lives[member] += 1;
        self.around.timers[member].clear();
        self.around.disk_asked[member] = false;
        self.flushing[member] = false;
        self.turn_planned[member] = false;
        self.hardship.forget_put_off(member);
        self.break_connections(member);
        for id in self.around.clients.open_at(member) {
            if let Some(completion) = self.around.clients.reset(id) {
                self.around.reply(id, completion);
            }
        }
    }

    /// When the next death within a step comes.
    pub(super) fn plan_crash(&mut self) {
        self.crash_at_step = match self.parameters.crash_steps {
            Some(mean) if !self.peace => self.cluster.steps + 1 + self.hardship.dice.below(2 * mean),
            _ => u64::MAX,
        };
    }

    fn ask(&mut self, process: usize) {
        if self.around.clients.is_busy(process) {
            return;
        }
        let (operation, last) = match &mut self.final_reads {
            Some(_) if process > 0 => return,
            Some(reads) => match reads.pop() {
                Some(read) => (read, true),
                None => {
                    self.done = true;
                    return;
                }
            },
            None if self.peace => return,
            None => (self.around.clients.draw(process), false),
        };
        let other = self.any_member();
        let now_us = self.around.now_us;
        let (id, member) = self
            .around
            .clients
            .invoke(now_us, process, operation, last, other);
        let at_us = now_us + self.parameters.client_timeout_us;
        self.around.queue.push(at_us, Event::GiveUp(id));
        let after_us = self.around.client_delay_us();
        self.around.plan(member, after_us, Happening::Request(id));
    }

    fn any_member(&mut self) -> usize {
        self.around.dice.below(self.cluster.machines.len() as u64) as usize
    }
}
