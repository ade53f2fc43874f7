//! The operator of a simulated set: steps primaries down, freezes, changes the configuration.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::config_change::Change;
use protocol::input::{Input, RequestId};
use protocol::timer::Timer;

use super::event::Event;
use super::machine::Machine;
use super::surroundings::Surroundings;
use super::violation::Violation;
use super::world::World;
use crate::nemesis::dice::Dice;

/// Fewest voters that the operator leaves.
const VOTERS_MIN: usize = 2;

impl World {
    /// One deed, at a drawn member.
    pub(super) fn operate(&mut self) -> Result<(), Violation> {
        let Some(mean_us) = self.parameters.operator_us.filter(|_| !self.peace) else {
            return Ok(());
        };
        let next_us = 1 + self.hardship.dice.below(2 * mean_us);
        self.around
            .queue
            .push(self.around.now_us + next_us, Event::Operate);
        let id = self.around.clients.number();
        let reconfigures = self.parameters.reconfigures && self.hardship.dice.chance(600);
        let deed = if reconfigures {
            self.reconfiguration(id)
        } else {
            Some(self.command(id))
        };
        let Some((member, input)) = deed else {
            return Ok(());
        };
        if !self.cluster.machines[member].up || self.hardship.is_paused(member) {
            return Ok(());
        }
        if input == Input::Freeze(true) {
            self.around.arm(member, Timer::Unfreeze);
        }
        self.tell(member, input)
    }

    fn command(&mut self, id: RequestId) -> (usize, Input) {
        let primary = self.writable();
        let dice = &mut self.hardship.dice;
        let members = self.cluster.machines.len() as u64;
        let mut member = dice.below(members) as usize;
        let input = match dice.below(6) {
            0 | 1 => {
                member = primary.unwrap_or(member);
                Input::StepDown {
                    id,
                    force: dice.chance(300),
                }
            }
            2 => Input::Freeze(dice.chance(700)),
            3 => Input::SyncFrom(MemberId(dice.below(members) as u8)),
            4 => Input::Maintenance(dice.chance(500)),
            _ => Input::StepUp { skip_dry_run: false },
        };
        (member, input)
    }

    /// One change of the configuration, asked of a primary: of any one, if there are two. None while somebody copies
    /// what it has forgotten: with a voter less, the set could have to wait for it and it for the set.
    fn reconfiguration(&mut self, id: RequestId) -> Option<(usize, Input)> {
        let primaries: Vec<usize> = (0..self.cluster.machines.len())
            .filter(|member| {
                let machine = &self.cluster.machines[*member];
                machine.up && machine.state.is_writable()
            })
            .collect();
        let member = self.hardship.dice.pick(&primaries)?;
        let machines = &self.cluster.machines;
        let config = &machines[member].state.config;
        let forgot = |(at, machine): (usize, &Machine)| {
            let durable = machine.disk.durable();
            let row = config.member(MemberId(at as u8));
            durable.unsynced.is_some_and(|flag| flag.forgot)
                || durable.config.is_none() && row.is_some_and(|row| !row.newly_added)
        };
        if machines.iter().enumerate().any(forgot) {
            return None;
        }
        let change = draw_change(&mut self.hardship.dice, config, machines);
        let next = change.of(config).filter(|next| next.voters() >= VOTERS_MIN)?;
        let me = Some(MemberId(member as u8)).filter(|me| next.position(*me).is_some());
        let input = Input::Reconfig {
            id,
            me,
            config: Arc::new(next),
            force: false,
        };
        Some((member, input))
    }

    fn writable(&self) -> Option<usize> {
        let mut machines = self.cluster.machines.iter();
        machines.position(|machine| machine.up && machine.state.is_writable())
    }
}

fn draw_change(dice: &mut Dice, config: &Config, machines: &[Machine]) -> Change {
    let at = dice.below(machines.len() as u64) as usize;
    let id = MemberId(at as u8);
    // A machine that holds data never becomes an arbiter: operators start arbiters empty.
    let empty = machines[at].disk.durable().oplog.is_empty() && machines[at].state.oplog.is_empty();
    match (config.member(id), dice.below(4)) {
        (None, 0) if empty => Change::AddArbiter(id),
        (None, _) => Change::Add(id),
        (Some(member), 0) if !member.arbiter => Change::Votes(id, !member.votes),
        (Some(_), 0 | 1) => Change::Priority(id, dice.below(4) as u32 * 1000),
        (Some(_), _) => Change::Remove(id),
    }
}
