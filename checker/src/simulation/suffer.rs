//! The simulated world suffers: faults are applied and healed, the operator does his work.

use protocol::config::MemberId;
use protocol::input::Input;

use super::disk::Survival;
use super::disturbances::DISTURBANCES;
use super::event::Event;
use super::recording::What;
use super::surroundings::Surroundings;
use super::violation::Violation;
use super::world::World;
use crate::nemesis::fault::{Fault, Member};
use crate::nemesis::view::{Condition, MemberView, Role, View};

const MILLISECOND_US: u64 = 1_000;

impl World {
    /// Draws a disturbance, applies it, plans its end and the next one.
    pub(super) fn disturb(&mut self) -> Result<(), Violation> {
        if self.peace {
            return Ok(());
        }
        if self.hardship.active.is_empty() {
            self.around.network.manners = self.parameters.manners;
            self.plan_crash();
        }
        let view = self.view();
        let drawn = self.hardship.dice.pick(&self.parameters.disturbances);
        let faults = drawn.map_or_else(Vec::new, |which| {
            (DISTURBANCES[which].1)(&mut self.hardship.dice, &view)
        });
        for fault in &faults {
            self.apply(fault)?;
        }
        let number = self.hardship.active.len();
        self.hardship.active.push(Some(faults));
        let now_us = self.around.now_us;
        let lasts_us = 1 + self.hardship.dice.below(self.parameters.lasting_us);
        self.around.queue.push(now_us + lasts_us, Event::Heal(number));
        let next_us = 1 + self.hardship.dice.below(2 * self.parameters.disturb_us);
        self.around.queue.push(now_us + next_us, Event::Disturb);
        Ok(())
    }

    fn apply(&mut self, fault: &Fault) -> Result<(), Violation> {
        match fault {
            Fault::Kill { members } | Fault::Terminate { members } => {
                for member in members.iter().map(|member| usize::from(*member)) {
                    self.kill(member, Survival::EVERYTHING);
                }
            }
            Fault::PowerLoss { members, .. } => {
                for member in members.iter().map(|member| usize::from(*member)) {
                    let survival = self.hardship.survival(&self.cluster.machines[member].disk);
                    self.kill(member, survival);
                }
            }
            Fault::Pause { members } => {
                members
                    .iter()
                    .for_each(|member| self.hardship.pause(usize::from(*member)));
            }
            Fault::Partition { links, .. } => self.around.network.cut(links),
            Fault::Jam { links, .. } => self.around.network.jam(links),
            Fault::SlowLinks {
                links,
                delay_ms,
                jitter_ms,
                ..
            } => self
                .around
                .network
                .slow(links, delay_ms * MILLISECOND_US, jitter_ms * MILLISECOND_US),
            Fault::ClockJump { member, offset_ms } => {
                self.clock(*member).jump(offset_ms * MILLISECOND_US as i64);
            }
            Fault::ClockStrobe {
                member,
                offset_ms,
                period_ms,
            } => self.clock(*member).strobe(Some((
                offset_ms * MILLISECOND_US as i64,
                period_ms * MILLISECOND_US,
            ))),
            Fault::ClockDrift {
                member,
                rate_permille,
            } => {
                let now_us = self.around.now_us;
                self.clock(*member).run_at(now_us, u64::from(*rate_permille));
            }
            Fault::DiskSlow { member, delay_ms, .. } => {
                self.hardship
                    .slow_disk(usize::from(*member), delay_ms * MILLISECOND_US);
            }
            Fault::CrashAtSync { member, count } => {
                self.hardship.die_at_flush(usize::from(*member), Some(*count));
            }
            Fault::ResetConnections { links } => self.reset_connections(links),
            // Powers of the live cluster that mean nothing to members without files; and commands, which the
            // simulator's own operator gives.
            Fault::Throttle { .. }
            | Fault::DiskError { .. }
            | Fault::DiskLies { .. }
            | Fault::TruncateFile { .. }
            | Fault::BitRot { .. }
            | Fault::StepDown { .. }
            | Fault::StepUp { .. }
            | Fault::Freeze { .. }
            | Fault::ShutDown { .. }
            | Fault::WipeData { .. }
            | Fault::Resync { .. }
            | Fault::Reconfigure { .. }
            | Fault::Enroll { .. }
            | Fault::SwapBinary { .. }
            | Fault::FillOplog { .. }
            | Fault::ClientLinks { .. }
            | Fault::HalfOpen { .. }
            | Fault::CorruptLinks { .. }
            | Fault::LossyLinks { .. }
            | Fault::DuplicateLinks { .. }
            | Fault::ReorderLinks { .. }
            | Fault::FileLimit { .. }
            | Fault::MemoryLimit { .. } => {}
        }
        Ok(())
    }

    /// A disturbance is over.
    pub(super) fn heal(&mut self, number: usize) -> Result<(), Violation> {
        let Some(faults) = self.hardship.active[number].take() else {
            return Ok(());
        };
        for fault in &faults {
            self.undo(fault)?;
        }
        Ok(())
    }

    fn undo(&mut self, fault: &Fault) -> Result<(), Violation> {
        match fault {
            Fault::Kill { members } | Fault::Terminate { members } | Fault::PowerLoss { members, .. } => {
                for member in members {
                    self.lift(usize::from(*member))?;
                }
            }
            Fault::Pause { members } => {
                for member in members {
                    for event in self.hardship.go_on(usize::from(*member)) {
                        self.around.queue.push(self.around.now_us, event);
                    }
                }
            }
            Fault::Partition { links, .. } => self.around.network.mend(links),
            Fault::Jam { links, .. } => {
                for message in self.around.network.release(links) {
                    self.around.send(message);
                }
            }
            Fault::SlowLinks { links, .. } => self.around.network.slow(links, 0, 0),
            Fault::ClockJump { member, offset_ms } => {
                self.clock(*member).jump(-offset_ms * MILLISECOND_US as i64);
            }
            Fault::ClockStrobe { member, .. } => self.clock(*member).strobe(None),
            Fault::ClockDrift { member, .. } => {
                let now_us = self.around.now_us;
                self.clock(*member).run_at(now_us, 1000);
            }
            Fault::DiskSlow { member, .. } => self.hardship.slow_disk(usize::from(*member), 0),
            Fault::CrashAtSync { member, .. } => self.hardship.die_at_flush(usize::from(*member), None),
            Fault::Throttle { .. }
            | Fault::ResetConnections { .. }
            | Fault::DiskError { .. }
            | Fault::DiskLies { .. }
            | Fault::TruncateFile { .. }
            | Fault::BitRot { .. }
            | Fault::StepDown { .. }
            | Fault::StepUp { .. }
            | Fault::Freeze { .. }
            | Fault::ShutDown { .. }
            | Fault::WipeData { .. }
            | Fault::Resync { .. }
            | Fault::Reconfigure { .. }
            | Fault::Enroll { .. }
            | Fault::SwapBinary { .. }
            | Fault::FillOplog { .. }
            | Fault::ClientLinks { .. }
            | Fault::HalfOpen { .. }
            | Fault::CorruptLinks { .. }
            | Fault::LossyLinks { .. }
            | Fault::DuplicateLinks { .. }
            | Fault::ReorderLinks { .. }
            | Fault::FileLimit { .. }
            | Fault::MemoryLimit { .. } => {}
        }
        Ok(())
    }

    /// A machine dies at the start of a flush, and comes back a while later.
    pub(super) fn strike(&mut self, member: usize) -> Result<(), Violation> {
        let survival = self.hardship.survival(&self.cluster.machines[member].disk);
        self.kill(member, survival);
        let down_us = 1 + self.hardship.dice.below(self.parameters.lasting_us);
        let at_us = self.around.now_us + down_us;
        self.around.queue.push(at_us, Event::Revive(member));
        Ok(())
    }

    fn kill(&mut self, member: usize, survival: Survival) {
        self.hardship.hold_down(member);
        if self.cluster.machines[member].up {
            if let Some(recording) = &mut self.recording {
                recording.crash(member, survival);
            }
            self.cluster.crash(member, survival);
            self.after_crash(member);
        }
    }

    /// One reason less for a member to be down; it starts when none is left.
    pub(super) fn lift(&mut self, member: usize) -> Result<(), Violation> {
        if !self.hardship.lift(member) || self.cluster.machines[member].up {
            return Ok(());
        }
        if let Some(recording) = &mut self.recording {
            recording.restart(member);
        }
        self.cluster.restart(member);
        self.give(member, &Input::Start, What::Start)
    }

    /// May this member die within a step now?
    pub(super) fn may_crash(&self, member: usize) -> bool {
        !self.peace && {
            let view = self.view();
            view.spare() > 0 || !view.healthy_members().contains(&(member as u8))
        }
    }

    /// A member loses its data directory, or is told to copy the data anew: one at a time, while all others know what
    /// they did (R-98: else nobody may ever know, and the set has to stop).
    pub(super) fn lose(&mut self) -> Result<(), Violation> {
        let Some(mean_us) = self.parameters.lose_us.filter(|_| !self.peace) else {
            return Ok(());
        };
        let next_us = 1 + self.hardship.dice.below(2 * mean_us);
        self.around.queue.push(self.around.now_us + next_us, Event::Lose);
        let members = self.cluster.machines.len() as u64;
        let member = self.hardship.dice.below(members) as usize;
        let others_whole = self.cluster.machines.iter().enumerate().all(|(other, machine)| {
            let whole = machine.disk.durable().unsynced.is_none() && !machine.disk.durable().config.is_none();
            other == member || (whole && machine.state.initial_sync.is_none())
        });
        if !others_whole || !self.others_elect(member) || self.hardship.is_paused(member) {
            return Ok(());
        }
        if self.cluster.machines[member].up && self.hardship.dice.chance(400) {
            return self.tell(member, Input::Resync);
        }
        self.kill(member, Survival::EVERYTHING);
        if let Some(recording) = &mut self.recording {
            recording.empty(member);
        }
        self.cluster.empty(member);
        let down_us = 1 + self.hardship.dice.below(self.parameters.lasting_us);
        self.around
            .queue
            .push(self.around.now_us + down_us, Event::Revive(member));
        Ok(())
    }

    /// The others are a majority of the newest configuration, and not arbiters only: whoever has forgotten its votes gives
    /// none until its data are whole, and they may never be without a primary, nor without the data.
    fn others_elect(&self, member: usize) -> bool {
        let configs = self.cluster.machines.iter().map(|machine| &machine.state.config);
        let newest = configs.reduce(|newest, config| {
            if config.id.is_newer_than(newest.id) {
                config
            } else {
                newest
            }
        });
        newest.is_some_and(|config| {
            let others = || {
                let others = config.members.iter();
                others.filter(|row| row.id != MemberId(member as u8) && row.is_voter())
            };
            others().count() >= config.majority() && others().any(|row| !row.arbiter)
        })
    }

    fn view(&self) -> View {
        let member = |(number, machine): (usize, &super::machine::Machine)| MemberView {
            role: if machine.state.is_primary() {
                Role::Primary
            } else if machine.state.member_state.is_readable() {
                Role::Secondary
            } else {
                Role::Other
            },
            condition: if !machine.up {
                Condition::Down
            } else if self.hardship.is_paused(number) {
                Condition::Paused
            } else {
                Condition::Running
            },
            cut: self.around.network.is_disturbed(number),
            skewed: false,
        };
        View {
            spares: Vec::new(),
            members: self.cluster.machines.iter().enumerate().map(member).collect(),
            budget: self.parameters.budget,
        }
    }

    fn clock(&mut self, member: Member) -> &mut super::clock::Clock {
        &mut self.around.clocks[usize::from(member)]
    }
}
