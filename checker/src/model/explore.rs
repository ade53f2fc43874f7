//! Stateright's view: where it begins, what can happen next, what must hold.

use stateright::{Model, Property};

use super::action::{Action, FLIP};
use super::bare::Judge;
use super::bounds::{CatchUp, Elections, MEMBERS_MAX};
use super::member::{FIRST_ENTRY, Member};
use super::replica_set::ReplicaSet;
use super::sometimes::SOMETIMES;
use super::state::{ClusterState, PANICKED, Spent};
use crate::invariants::INVARIANTS;
use crate::invariants::cluster::Cluster;
use crate::invariants::ghosts::Ghosts;
use crate::invariants::invariant::Check;

impl Model for ReplicaSet {
    type State = ClusterState;
    type Action = Action;

    fn init_states(&self) -> Vec<ClusterState> {
        let mut members = [0; MEMBERS_MAX];
        for (place, member) in members.iter_mut().zip(Member::initial(&self.bounds)) {
            *place = self.number(member);
        }
        let state = ClusterState {
            members,
            network: self.networks.number(Vec::new()),
            ghosts: self.ghosts.number(Ghosts::starting_with([FIRST_ENTRY])),
            spent: Spent::default(),
            broken: 0,
        };
        vec![self.canonical(&state)]
    }

    fn actions(&self, state: &ClusterState, actions: &mut Vec<Action>) {
        let bounds = &self.bounds;
        let count = bounds.members as u8;
        let summaries = state.members.map(|member| &self.members.value(member).summary);
        for it in 0..count {
            let mine = summaries[usize::from(it)];
            let pulls = it < count - bounds.arbiters as u8;
            if pulls && mine.follows && mine.term < bounds.term_max {
                match bounds.elections {
                    Elections::Atomic => {
                        let sets = (1_u8..1 << count).filter(|set| set >> it & 1 != 0);
                        // Half is tried too: a correct core does not win with it.
                        let voters = self.member(state, it.into()).state.config.voters() as u32;
                        let enough = voters.div_ceil(2)..=voters / 2 + 1;
                        let majorities = sets.filter(|set| enough.contains(&set.count_ones()));
                        actions.extend(majorities.map(|voters| Action::Elect {
                            candidate: it,
                            voters,
                        }));
                    }
                    Elections::ByMessage => actions.push(Action::Stand(it)),
                    Elections::ByMessageAfterDryRun => actions.push(Action::ElectionTimeout(it)),
                }
            }
            if mine.catches_up && bounds.catch_up == CatchUp::Explored {
                actions.push(Action::CatchUpTimeout(it));
            }
            if mine.leads && bounds.losing_sight {
                actions.push(Action::LoseSight(it));
            }
            // Before it has caught up, too: a correct core refuses.
            if mine.leads && state.spent.writes < bounds.writes_max {
                actions.push(Action::Write(it));
            }
            if mine.writable && state.spent.reads < bounds.reads_max {
                actions.push(Action::Read(it));
            }
            if mine.writable && mine.config.version < bounds.config_version_max {
                let sets = 1_u8..1 << count;
                // Of two others, of itself, and to change a member's kind: a correct core refuses.
                let few = sets.filter(|votes| votes.count_ones() <= if votes >> it & 1 == 0 { 2 } else { 1 });
                let flips = (0..count).map(|other| FLIP | 1 << other);
                actions.extend(
                    few.chain(flips)
                        .map(|votes| Action::Reconfigure { member: it, votes }),
                );
            }
            if mine.pending {
                actions.push(Action::Persist(it));
            }
            if state.spent.restarts < bounds.restarts_max {
                actions.push(Action::Restart(it));
            }
            for other in (0..count).filter(|other| *other != it) {
                let theirs = summaries[usize::from(other)];
                if bounds.probes {
                    actions.push(Action::Probe { member: it, other });
                }
                // A heartbeat brings terms and commit points, and nothing that counts besides.
                let has_news = theirs.term > mine.term || theirs.commit_point > mine.commit_point;
                let confirms = bounds.reconfigures()
                    && mine.leads
                    && theirs.config == mine.config
                    && !mine.installed.contains(other.into());
                if has_news || confirms || mine.catches_up {
                    actions.push(Action::Hear {
                        member: it,
                        from: other,
                    });
                }
                if bounds.reconfigures() && theirs.config.is_newer_than(mine.config) {
                    actions.push(Action::Install {
                        member: it,
                        from: other,
                    });
                }
                // With the same log a source answers only if it knows a newer commit point.
                let is_idle = theirs.last == mine.last && theirs.commit_point <= mine.commit_point;
                if pulls && !is_idle && (!mine.leads || mine.catches_up) {
                    actions.push(Action::Fetch {
                        member: it,
                        from: other,
                    });
                }
                if pulls && !mine.leads && theirs.leads {
                    actions.push(Action::Report {
                        member: it,
                        to: other,
                    });
                }
            }
        }
        actions.extend(
            self.network(state)
                .iter()
                .map(|message| Action::Deliver(*message)),
        );
    }

    fn next_state(&self, state: &ClusterState, action: Action) -> Option<ClusterState> {
        let next = self.apply(state, action)?;
        Some(self.canonical(&next)).filter(|next| next != state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![Property::always(NO_PANIC, |_, state: &ClusterState| {
            state.broken != PANICKED
        })];
        properties.extend(
            ALWAYS
                .iter()
                .zip(INVARIANTS)
                .map(|(holds, it)| Property::always(it.name, *holds)),
        );
        let reachable = SOMETIMES.iter().filter(|it| (it.within)(&self.bounds));
        properties.extend(reachable.map(|it| Property::sometimes(it.name, it.shows)));
        properties
    }
}

impl Judge for ReplicaSet {
    /// One look at the cluster for all invariants.
    fn is_sound(&self, state: &ClusterState) -> bool {
        let holds = |cluster: &Cluster<'_>| {
            INVARIANTS.iter().all(|invariant| match invariant.check {
                Check::State(check) => check(cluster).is_none(),
                // Told by the state.
                Check::Step(_) => true,
            })
        };
        state.broken == 0 && self.view(state, holds)
    }

    fn warm(&self, state: &ClusterState, action: &Action) -> u64 {
        self.first_reaction(state, *action)
            .map_or(0, |(member, kind, of)| self.warm_reaction(member, kind, of))
    }
}

/// Name of the property that the core's assertions hold.
pub const NO_PANIC: &str = "no assertion fails";

/// Stateright's properties are plain functions; this gives each invariant its own.
const ALWAYS: [fn(&ReplicaSet, &ClusterState) -> bool; INVARIANTS.len()] = [
    holds::<0>,
    holds::<1>,
    holds::<2>,
    holds::<3>,
    holds::<4>,
    holds::<5>,
    holds::<6>,
    holds::<7>,
    holds::<8>,
    holds::<9>,
    holds::<10>,
    holds::<11>,
    holds::<12>,
    holds::<13>,
    holds::<14>,
    holds::<15>,
    holds::<16>,
    holds::<17>,
    holds::<18>,
    holds::<19>,
    holds::<20>,
    holds::<21>,
    holds::<22>,
    holds::<23>,
    holds::<24>,
    holds::<25>,
    holds::<26>,
    holds::<27>,
    holds::<28>,
    holds::<29>,
    holds::<30>,
    holds::<31>,
    holds::<32>,
];

fn holds<const PLACE: usize>(model: &ReplicaSet, state: &ClusterState) -> bool {
    match INVARIANTS[PLACE].check {
        Check::State(check) => model.view(state, |cluster| check(cluster).is_none()),
        Check::Step(_) => usize::from(state.broken) != PLACE + 1,
    }
}
