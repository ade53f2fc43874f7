//! Heal, and see whether the cluster comes to rest: one primary, equal oplogs, everything committed (I-22,
//! I-23), within a time that the timers allow.

use protocol::config::MemberId;
use protocol::input::Input;
use protocol::message::MemberState;
use protocol::state::State;

use super::event::Event;
use super::network::Manners;
use super::violation::Violation;
use super::world::World;

/// How often it is asked whether the cluster rests.
const LOOKS_PER_HEARTBEAT: u64 = 2;

impl World {
    /// The trouble is over: every fault is healed, every machine up, the operator undoes what he did.
    pub(super) fn make_peace(&mut self) -> Result<(), Violation> {
        self.peace = true;
        self.plan_crash();
        for number in 0..self.hardship.active.len() {
            self.heal(number)?;
        }
        for member in 0..self.cluster.machines.len() {
            while !self.cluster.machines[member].up {
                self.lift(member)?;
            }
            self.tell(member, Input::Maintenance(false))?;
            self.tell(member, Input::Freeze(false))?;
        }
        self.around.network.manners = Manners {
            connected: self.parameters.manners.connected,
            ..Manners::GOOD
        };
        self.look()
    }

    /// Rests it? Then come the final reads. If not by the deadline: something is stuck.
    pub(super) fn look(&mut self) -> Result<(), Violation> {
        let timing = self.parameters.timing;
        let begun_us = 2 * timing.election_us + self.parameters.chaos_us;
        let patience_us = 20 * timing.election_us + timing.unfreeze_us + 2 * timing.catch_up_us;
        for member in 0..self.cluster.machines.len() {
            if self.cluster.machines[member].state.stale {
                self.tell(member, Input::Resync)?;
            }
        }
        let unrest = self.unrest();
        if unrest.is_none() {
            self.are_equal()?;
        }
        if self.final_reads.is_none() && unrest.is_none() && !self.around.clients.any_busy() {
            let mut reads = self.around.clients.final_reads();
            reads.reverse();
            self.final_reads = Some(reads);
            let primary = self
                .cluster
                .machines
                .iter()
                .position(|machine| machine.state.is_writable());
            self.around.clients.point_to(primary.unwrap_or(0));
            self.around.queue.push(self.around.now_us, Event::Client(0));
        }
        if self.around.now_us > begun_us + patience_us {
            let why = unrest.unwrap_or_else(|| "the clients are not answered".to_owned());
            return Err(Violation::new(
                "liveness",
                format!("{} s after everything was healed: {why}", patience_us / 1_000_000),
            ));
        }
        let next_us = self.around.now_us + timing.heartbeat_us / LOOKS_PER_HEARTBEAT;
        self.around.queue.push(next_us, Event::Look);
        Ok(())
    }

    /// I-22: all members that hold data hold the same.
    fn are_equal(&self) -> Result<(), Violation> {
        let mut holders = self
            .cluster
            .machines
            .iter()
            .enumerate()
            .filter(|(_, machine)| machine.state.member_state.is_readable());
        let Some((first, reference)) = holders.next() else {
            return Ok(());
        };
        match holders.find(|(_, machine)| !machine.store.is_equal(&reference.store)) {
            None => Ok(()),
            Some((other, _)) => Err(Violation::new(
                "I-22",
                format!("members {first} and {other} end in the same entry and hold different documents"),
            )),
        }
    }

    /// Why the cluster does not rest.
    fn unrest(&self) -> Option<String> {
        let machines = &self.cluster.machines;
        let primaries: Vec<usize> = (0..machines.len())
            .filter(|member| machines[*member].state.is_primary())
            .collect();
        let [primary] = primaries[..] else {
            let states: Vec<_> = machines
                .iter()
                .map(|machine| (machine.state.member_state, &machine.state.initial_sync))
                .collect();
            return Some(format!("primaries: {primaries:?} of {states:?}"));
        };
        let primary = &machines[primary].state;
        if !primary.is_writable() {
            return Some(format!("the primary is {:?}", primary.role));
        }
        let last = primary.last_written();
        if let Some(unrest) = unsettled(primary) {
            return Some(unrest);
        }
        machines.iter().enumerate().find_map(|(member, machine)| {
            let state = &machine.state;
            if primary.config.position(MemberId(member as u8)).is_none() {
                // Whoever is out of the set knows it, or never was in.
                let knows = matches!(state.member_state, MemberState::Removed | MemberState::Startup);
                return (!knows).then(|| format!("member {member} was removed and does not know"));
            }
            if state.config.id != primary.config.id {
                return Some(format!(
                    "member {member} has another configuration than the primary"
                ));
            }
            let arbiter = state.member_state == MemberState::Arbiter;
            if !arbiter && !state.member_state.is_readable() {
                return Some(format!(
                    "member {member} is {:?}; it pulls from {:?}, syncs {:?}",
                    state.member_state, state.sync_source, state.initial_sync
                ));
            }
            if !arbiter && state.oplog.last() != last {
                return Some(format!(
                    "member {member} ends in {}, the primary in {last}; it pulls from {:?}, rolls back {:?}, syncs {:?}",
                    state.oplog.last(),
                    state.sync_source.map(|source| source.0),
                    state.rollback,
                    state.initial_sync
                ));
            }
            if !arbiter && state.commit_point != last {
                return Some(format!(
                    "member {member} knows {} as commit point, the newest entry is {last}",
                    state.commit_point
                ));
            }
            None
        })
    }
}

/// What the primary still has to do about the configuration.
fn unsettled(primary: &State) -> Option<String> {
    let config = &primary.config;
    if primary.config_pending.is_some() || config.id.term != primary.term {
        return Some("the primary has not stamped the configuration".to_owned());
    }
    let syncs = config.members.iter().find(|member| member.newly_added);
    // With too many arbiters it is not welcomed before the operator takes its priority away.
    if let Some(syncs) = syncs.filter(|_| !config.commits_by_fewer()) {
        return Some(format!("member {} is still counted in no quorum", syncs.id.0));
    }
    let mine = config.member(primary.me).map_or(0, |me| me.priority_milli);
    let mut electable = config.members.iter().filter(|member| member.is_electable());
    let preferred = electable.find(|member| member.priority_milli > mine)?;
    Some(format!("member {} is preferred to the primary", preferred.id.0))
}
