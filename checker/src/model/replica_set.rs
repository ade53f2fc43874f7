//! The real core, explored: a Stateright model over packed states.

use protocol::config::MemberId;
use protocol::input::Input;
use protocol::member::Rules;
use protocol::message::{Body, Message};
use protocol::output::Output;
use protocol::state::State;
use stateright::{Model, Property};

use super::action::Action;
use super::bounds::{Bounds, CatchUp, Disks, Elections, MEMBERS_MAX, Reports};
use super::member::{FIRST_ENTRY, Member};
use super::memo::Memo;
use super::renaming::Renaming;
use super::row::Row;
use super::sometimes::SOMETIMES;
use super::state::{ClusterState, PANICKED, Spent};
use super::stimulus::{Reaction, Stimulus, react};
use super::store::Store;
use super::summary::{Summarized, Summary};
use crate::invariants::INVARIANTS;
use crate::invariants::cluster::{self, Cluster, Step};
use crate::invariants::ghosts::Ghosts;
use crate::invariants::invariant::Check;

/// A replica set within bounds, under the given rules.
///
/// Every transition of a single member is computed once by the core and remembered; all else is arithmetic on
/// small numbers. States are canonical: [`Model::next_state`] answers the representative of the orbit.
pub struct ReplicaSet {
    bounds: Bounds,
    rules: Rules,
    renamings: Vec<Renaming>,
    members: Store<Summarized>,
    messages: Store<Message>,
    networks: Store<Vec<u32>>,
    ghosts: Store<Ghosts>,
    effects: Store<Effect>,
    /// (member, what happens to it) to effect.
    reactions: Memo,
    /// For each renaming: members and networks to what they become.
    renamed: Vec<[Row; 2]>,
    /// (network, effect) to network.
    sendings: Memo,
    /// (network, message) to the network without it.
    arrivals: Memo,
    /// (network, what each member will never look at again) to the network without it.
    prunings: Memo,
    /// (ghosts, effect) to ghosts.
    recordings: Memo,
}

/// What a stimulus did, as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Effect {
    after: u32,
    /// Messages for the network.
    sent: Vec<u32>,
    /// The core's steps, kept where ghosts must look at them.
    steps: Vec<(State, Input, Vec<Output>)>,
    /// The step invariant that was broken, as in [`ClusterState::broken`].
    broken: u8,
}

impl ReplicaSet {
    /// The model of a set whose members all run by `rules`.
    pub fn new(bounds: Bounds, rules: Rules) -> Self {
        let renamings = Renaming::all(&bounds);
        ReplicaSet {
            bounds,
            rules,
            renamed: renamings.iter().map(|_| Default::default()).collect(),
            renamings,
            members: Store::new(),
            messages: Store::new(),
            networks: Store::new(),
            ghosts: Store::new(),
            effects: Store::new(),
            reactions: Memo::with_bits(22),
            sendings: Memo::with_bits(18),
            arrivals: Memo::with_bits(18),
            prunings: Memo::with_bits(18),
            recordings: Memo::with_bits(18),
        }
    }

    /// The limits of this model.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The member at a position.
    pub fn member(&self, state: &ClusterState, position: usize) -> &Member {
        &self.members.value(state.members[position]).member
    }

    fn summary(&self, state: &ClusterState, position: usize) -> &Summary {
        &self.members.value(state.members[position]).summary
    }

    fn number(&self, member: Member) -> u32 {
        self.members.number(Summarized::new(member, &self.rules))
    }

    /// The message with this number.
    pub fn message(&self, number: u32) -> &Message {
        self.messages.value(number)
    }

    /// The messages on their way.
    pub fn network(&self, state: &ClusterState) -> &[u32] {
        self.networks.value(state.network)
    }

    /// What was promised so far.
    pub fn ghosts(&self, state: &ClusterState) -> &Ghosts {
        self.ghosts.value(state.ghosts)
    }

    /// How many different values the stores hold: members, messages, networks, ghosts.
    pub fn values(&self) -> [usize; 4] {
        [
            self.members.len(),
            self.messages.len(),
            self.networks.len(),
            self.ghosts.len(),
        ]
    }

    /// Asks a question about the whole cluster.
    pub fn view<T>(&self, state: &ClusterState, question: impl FnOnce(&Cluster<'_>) -> T) -> T {
        // Unused places repeat the first member and are cut off.
        let members: [_; MEMBERS_MAX] = std::array::from_fn(|position| {
            let number = state.members[if position < self.bounds.members {
                position
            } else {
                0
            }];
            let Summarized { summary, member } = self.members.value(number);
            cluster::Member {
                state: Some(&member.state),
                disk: &member.disk,
                majority_read: summary.majority_read,
            }
        });
        question(&Cluster {
            members: &members[..self.bounds.members],
            ghosts: self.ghosts(state),
        })
    }

    /// What is wrong with this state, in words: the invariant's name and its finding.
    pub fn explain(&self, state: &ClusterState) -> Option<(&'static str, String)> {
        if state.broken == PANICKED {
            return Some((NO_PANIC, "an assertion of the core failed".to_owned()));
        }
        if let Some(place) = state.broken.checked_sub(1) {
            let name = INVARIANTS[usize::from(place)].name;
            return Some((name, "broken by the last step".to_owned()));
        }
        self.view(state, |cluster| {
            INVARIANTS.iter().find_map(|invariant| match invariant.check {
                Check::State(check) => Some((invariant.name, check(cluster)?)),
                Check::Step(_) => None,
            })
        })
    }

    /// The state after an action, under the members' present names.
    pub fn apply(&self, state: &ClusterState, action: Action) -> Option<ClusterState> {
        let mut next = *state;
        next.broken = 0;
        match action {
            Action::Elect { candidate, voters } => self.elect(&mut next, candidate, voters)?,
            Action::Stand(it) => self.happen(&mut next, it, Kind::Stand, 0),
            Action::ElectionTimeout(it) => self.happen(&mut next, it, Kind::ElectionTimeout, 0),
            Action::CatchUpTimeout(it) => self.happen(&mut next, it, Kind::CatchUpTimeout, 0),
            Action::LoseSight(it) => self.happen(&mut next, it, Kind::LoseSight, 0),
            Action::Write(it) => {
                next.spent.writes += 1;
                self.happen(&mut next, it, Kind::Write, 0);
            }
            Action::Read(it) => {
                next.spent.reads += 1;
                let oplog = &self.member(state, it.into()).state.oplog;
                let misses = self
                    .ghosts(state)
                    .acknowledged
                    .iter()
                    .any(|entry| !oplog.contains(*entry));
                self.happen(&mut next, it, Kind::Read, u32::from(misses));
            }
            Action::Persist(it) => self.happen(&mut next, it, Kind::Persist, 0),
            Action::Restart(it) => {
                next.spent.restarts += 1;
                self.happen(&mut next, it, Kind::Restart, 0);
            }
            Action::Hear { member, from } => {
                self.happen(&mut next, member, Kind::Hear, state.members[usize::from(from)]);
            }
            Action::Fetch { member, from } => {
                self.happen(&mut next, member, Kind::Fetch, state.members[usize::from(from)]);
            }
            Action::Report { member, to } => match self.bounds.reports {
                Reports::ByMessage => self.happen(&mut next, member, Kind::Report, to.into()),
                Reports::Atomic => {
                    for message in self.happen_quietly(&mut next, member, Kind::Report, to.into()) {
                        self.happen(&mut next, to, Kind::Deliver, *message);
                    }
                }
            },
            Action::Deliver(message) => {
                let to = self.messages.value(message).to.0;
                next.network = self.without_report(next.network, message);
                self.happen(&mut next, to, Kind::Deliver, message);
            }
        }
        next.network = self.without_old_votes(&next);
        (next != *state).then_some(next)
    }

    /// The representative of a state's orbit: the least of all its renamings that put the members in the order
    /// of what cannot be renamed in them. Ties are tried out, so the form is canonical.
    pub fn canonical(&self, state: &ClusterState) -> ClusterState {
        if self.renamings.len() == 1 {
            return *state;
        }
        let members = self.bounds.members;
        let mut keys = [0; MEMBERS_MAX];
        for (position, key) in keys.iter_mut().enumerate().take(members) {
            *key = self.summary(state, position).nameless;
        }
        let mut least: Option<ClusterState> = None;
        for (which, renaming) in self.renamings.iter().enumerate() {
            let mut ordered = [0; MEMBERS_MAX];
            for position in 0..members {
                ordered[usize::from(renaming.0[position])] = keys[position];
            }
            let data = members - self.bounds.arbiters;
            if !ordered[..data].is_sorted() || !ordered[data..members].is_sorted() {
                continue;
            }
            let renamed = self.rename(state, which);
            if least.is_none_or(|least| renamed < least) {
                least = Some(renamed);
            }
        }
        // Some renaming sorts the keys, so there is a least one.
        least.unwrap_or(*state)
    }

    fn rename(&self, state: &ClusterState, which: usize) -> ClusterState {
        if which == IDENTITY {
            return *state;
        }
        let renaming = &self.renamings[which];
        let [members, networks] = &self.renamed[which];
        let mut renamed = *state;
        for (position, number) in state.members[..self.bounds.members].iter().enumerate() {
            renamed.members[usize::from(renaming.0[position])] = members.get_or(*number, || {
                self.number(renaming.member(&self.members.value(*number).member))
            });
        }
        renamed.network = networks.get_or(state.network, || {
            let messages = self.networks.value(state.network).iter();
            let mut renamed: Vec<_> = messages
                .map(|number| {
                    self.messages
                        .number(renaming.message(self.messages.value(*number)))
                })
                .collect();
            renamed.sort_unstable();
            self.networks.number(renamed)
        });
        renamed
    }

    fn elect(&self, next: &mut ClusterState, candidate: u8, voters: u8) -> Option<()> {
        self.happen_quietly(next, candidate, Kind::Stand, 0);
        let requests = self.persist_all(next, candidate);
        for voter in (0..self.bounds.members as u8).filter(|it| *it != candidate && voters >> it & 1 != 0) {
            let is_request = |number: &&u32| {
                let message = self.messages.value(**number);
                message.to.0 == voter && matches!(message.body, Body::VoteRequest { .. })
            };
            for request in requests.iter().filter(is_request) {
                let mut answers = self.happen_quietly(next, voter, Kind::Deliver, *request).to_vec();
                answers.extend(self.persist_all(next, voter));
                for answer in answers {
                    self.happen_quietly(next, candidate, Kind::Deliver, answer);
                }
            }
        }
        self.settle(next, candidate);
        self.member(next, candidate.into())
            .state
            .is_primary()
            .then_some(())
    }

    /// Makes all pending writes of a member durable; answers the messages sent on the way.
    fn persist_all(&self, next: &mut ClusterState, it: u8) -> Vec<u32> {
        let mut sent = Vec::new();
        while !self.member(next, it.into()).pending.is_empty() {
            sent.extend(self.happen_quietly(next, it, Kind::Persist, 0));
        }
        sent
    }

    /// Lets something happen to a member and puts what it sends into the network.
    fn happen(&self, next: &mut ClusterState, it: u8, kind: Kind, of: u32) {
        let noted = self.note(next, it, kind, of);
        self.send(next, noted);
        self.settle(next, it);
    }

    /// What the bounds leave no time for happens at once: instant disks, skipped catch-up.
    fn settle(&self, next: &mut ClusterState, it: u8) {
        loop {
            let member = self.summary(next, it.into());
            let kind = if self.bounds.catch_up == CatchUp::Skipped && member.catches_up {
                Kind::CatchUpTimeout
            } else if self.bounds.disks == Disks::Instant && member.pending {
                Kind::Persist
            } else {
                return;
            };
            let noted = self.note(next, it, kind, 0);
            self.send(next, noted);
            if next.broken != 0 {
                return;
            }
        }
    }

    /// Lets something happen to a member; what it sends is answered and not put into the network.
    fn happen_quietly(&self, next: &mut ClusterState, it: u8, kind: Kind, of: u32) -> &[u32] {
        let noted = self.note(next, it, kind, of);
        if noted.plain {
            &[]
        } else {
            &self.effects.value(noted.effect).sent
        }
    }

    fn note(&self, next: &mut ClusterState, it: u8, kind: Kind, of: u32) -> Noted {
        let noted = self.reaction(next.members[usize::from(it)], kind, of);
        next.members[usize::from(it)] = noted.after;
        if noted.plain {
            return noted;
        }
        let effect = self.effects.value(noted.effect);
        if effect.broken != 0 {
            next.broken = effect.broken;
        }
        if !effect.steps.is_empty() {
            let key = u64::from(next.ghosts) << 32 | u64::from(noted.effect + 1);
            let recorded = self
                .recordings
                .get_or(key, || u64::from(self.record(next.ghosts, effect)) + 1);
            next.ghosts = (recorded - 1) as u32;
        }
        noted
    }

    fn record(&self, ghosts: u32, effect: &Effect) -> u32 {
        let mut recorded = self.ghosts.value(ghosts).clone();
        for (place, (before, _, outputs)) in effect.steps.iter().enumerate() {
            let last = || &self.members.value(effect.after).member.state;
            let after = effect
                .steps
                .get(place + 1)
                .map_or_else(last, |(state, _, _)| state);
            recorded.record(before, outputs, after);
        }
        self.ghosts.number(recorded)
    }

    fn send(&self, next: &mut ClusterState, noted: Noted) {
        if noted.plain {
            return;
        }
        let effect = self.effects.value(noted.effect);
        if effect.sent.is_empty() {
            return;
        }
        let key = u64::from(next.network) << 32 | u64::from(noted.effect + 1);
        let network = self.sendings.get_or(key, || {
            let mut messages = self.networks.value(next.network).clone();
            for message in &effect.sent {
                let sent = self.messages.value(*message);
                // Within a term positions only rise, so an older report that comes later changes nothing; one
                // that comes earlier could have been sent at this time.
                messages.retain(|other| !replaces(sent, self.messages.value(*other)));
                if let Err(place) = messages.binary_search(message) {
                    messages.insert(place, *message);
                }
            }
            u64::from(self.networks.number(messages)) + 1
        });
        next.network = (network - 1) as u32;
    }

    /// A report is gone once it has arrived: a second one would change nothing.
    fn without_report(&self, network: u32, message: u32) -> u32 {
        if !matches!(self.messages.value(message).body, Body::UpdatePosition { .. }) {
            return network;
        }
        let key = u64::from(network) << 32 | u64::from(message + 1);
        let without = self.arrivals.get_or(key, || {
            let mut messages = self.networks.value(network).clone();
            messages.retain(|other| *other != message);
            u64::from(self.networks.number(messages)) + 1
        });
        (without - 1) as u32
    }

    /// Votes of a term below which their receiver can never fall again are refused or ignored for ever.
    fn without_old_votes(&self, state: &ClusterState) -> u32 {
        if self.networks.value(state.network).is_empty() {
            return state.network;
        }
        let can_restart = state.spent.restarts < self.bounds.restarts_max;
        let mut floors = [0; MEMBERS_MAX];
        let mut key = u64::from(state.network) + 1;
        for (position, floor) in floors.iter_mut().enumerate().take(self.bounds.members) {
            let summary = self.summary(state, position);
            *floor = if can_restart {
                summary.durable_term
            } else {
                summary.term
            };
            // Terms are small: five bits each beside a number of thirty-two.
            key |= (*floor as u64) << (36 + 5 * position);
        }
        let pruned = self.prunings.get_or(key, || {
            let mut messages = self.networks.value(state.network).clone();
            messages.retain(|number| {
                let message = self.messages.value(*number);
                let is_vote = matches!(message.body, Body::VoteRequest { .. } | Body::VoteResponse { .. });
                !is_vote || message.term.0 >= floors[usize::from(message.to.0)]
            });
            u64::from(self.networks.number(messages)) + 1
        });
        (pruned - 1) as u32
    }

    fn reaction(&self, member: u32, kind: Kind, of: u32) -> Noted {
        let key = u64::from(member) << 32 | (kind as u64) << 28 | u64::from(of);
        Noted::unpack(self.reactions.get_or(key, || self.react(member, kind, of).pack()))
    }

    fn react(&self, number: u32, kind: Kind, of: u32) -> Noted {
        let member = &self.members.value(number).member;
        let reaction = react(&self.rules, member, self.stimulus(kind, of));
        let sent = reaction.sent().filter(|message| travels(message, kind));
        let mut sent: Vec<_> = sent
            .map(|message| self.messages.number(message.clone()))
            .collect();
        sent.sort_unstable();
        let broken = if reaction.panicked {
            PANICKED
        } else {
            first_broken(&reaction)
        };
        let steps = if kind != Kind::Report && is_notable(&reaction) {
            reaction.steps
        } else {
            Vec::new()
        };
        let after = if kind == Kind::Report {
            number
        } else {
            self.number(reaction.member)
        };
        let plain = broken == 0 && sent.is_empty() && steps.is_empty();
        let effect = if plain {
            0
        } else {
            self.effects.number(Effect {
                after,
                sent,
                steps,
                broken,
            })
        };
        Noted { after, effect, plain }
    }

    fn stimulus(&self, kind: Kind, of: u32) -> Stimulus<'_> {
        match kind {
            Kind::Stand => Stimulus::Stand,
            Kind::ElectionTimeout => Stimulus::ElectionTimeout,
            Kind::CatchUpTimeout => Stimulus::CatchUpTimeout,
            Kind::LoseSight => Stimulus::LoseSight,
            Kind::Write => Stimulus::Write,
            Kind::Read => Stimulus::Read {
                misses_a_write: of != 0,
            },
            Kind::Persist => Stimulus::Persist,
            Kind::Restart => Stimulus::Restart,
            Kind::Hear => Stimulus::Hear(&self.members.value(of).member),
            Kind::Fetch => Stimulus::Fetch(&self.members.value(of).member),
            Kind::Report => Stimulus::Report(MemberId(of as u8)),
            Kind::Deliver => Stimulus::Deliver(self.messages.value(of)),
        }
    }
}

/// What a stimulus did, in one word.
#[derive(Clone, Copy)]
struct Noted {
    /// Number of the member afterwards.
    after: u32,
    /// Number of the effect, unless it is plain.
    effect: u32,
    /// Nothing but the member changed.
    plain: bool,
}

impl Noted {
    /// Members have numbers below 2³¹, and the word is never zero.
    fn pack(self) -> u64 {
        u64::from(self.after + 1) << 33 | u64::from(self.effect) << 1 | u64::from(self.plain)
    }

    fn unpack(word: u64) -> Self {
        Noted {
            after: (word >> 33) as u32 - 1,
            effect: (word >> 1) as u32,
            plain: word & 1 != 0,
        }
    }
}

/// The place of the renaming that changes nothing.
const IDENTITY: usize = 0;

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
        for it in 0..count {
            let mine = self.summary(state, it.into());
            let pulls = it < count - bounds.arbiters as u8;
            if pulls && mine.follows && mine.term < bounds.term_max {
                match bounds.elections {
                    Elections::Atomic => {
                        let sets = (1_u8..1 << count).filter(|set| set >> it & 1 != 0);
                        // Half is tried too: a correct core does not win with it.
                        let enough = u32::from(count).div_ceil(2)..=u32::from(count) / 2 + 1;
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
            if mine.writable && state.spent.writes < bounds.writes_max {
                actions.push(Action::Write(it));
            }
            if mine.writable && state.spent.reads < bounds.reads_max {
                actions.push(Action::Read(it));
            }
            if mine.pending {
                actions.push(Action::Persist(it));
            }
            if state.spent.restarts < bounds.restarts_max {
                actions.push(Action::Restart(it));
            }
            for other in (0..count).filter(|other| *other != it) {
                let theirs = self.summary(state, other.into());
                // A heartbeat brings terms and commit points, and nothing that counts besides.
                let has_news = theirs.term > mine.term || theirs.commit_point > mine.commit_point;
                if has_news || mine.catches_up {
                    actions.push(Action::Hear {
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
];

fn holds<const PLACE: usize>(model: &ReplicaSet, state: &ClusterState) -> bool {
    match INVARIANTS[PLACE].check {
        Check::State(check) => model.view(state, |cluster| check(cluster).is_none()),
        Check::Step(_) => usize::from(state.broken) != PLACE + 1,
    }
}

/// What happens to a member, without its operand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stand = 1,
    ElectionTimeout,
    CatchUpTimeout,
    LoseSight,
    Write,
    Read,
    Persist,
    Restart,
    Hear,
    Fetch,
    Report,
    Deliver,
}

/// Votes travel, and reports when they are what is to be done. All else is read from the other's state, or
/// refuses, which is the same as never arriving.
fn travels(message: &Message, kind: Kind) -> bool {
    match message.body {
        Body::VoteRequest { .. } | Body::VoteResponse { granted: true, .. } => true,
        Body::UpdatePosition { .. } => kind == Kind::Report,
        _ => false,
    }
}

/// Whether both are reports of one member to another: the newer one takes the place of the older.
fn replaces(newer: &Message, older: &Message) -> bool {
    let is_report = |message: &Message| matches!(message.body, Body::UpdatePosition { .. });
    is_report(newer) && is_report(older) && (newer.from, newer.to) == (older.from, older.to)
}

/// Whether ghosts must look: something was decided or promised.
fn is_notable(reaction: &Reaction) -> bool {
    let states = after_each(reaction);
    reaction
        .steps
        .iter()
        .zip(states)
        .any(|((before, _, outputs), after)| {
            let told = |output: &Output| matches!(output, Output::CommitPoint(_) | Output::Complete { .. });
            outputs.iter().any(told) || (after.is_primary() && !before.is_primary())
        })
}

fn first_broken(reaction: &Reaction) -> u8 {
    let states = after_each(reaction);
    let mut broken = reaction
        .steps
        .iter()
        .zip(states)
        .map(|((before, input, outputs), after)| {
            broken_by(&Step {
                before,
                input,
                outputs,
                after,
            })
        });
    broken.find(|broken| *broken != 0).unwrap_or(0)
}

fn after_each(reaction: &Reaction) -> impl Iterator<Item = &State> {
    let later = reaction.steps.iter().skip(1).map(|(state, _, _)| state);
    later.chain(std::iter::once(&reaction.member.state))
}

fn broken_by(step: &Step<'_>) -> u8 {
    let broken = INVARIANTS.iter().position(|invariant| match invariant.check {
        Check::Step(check) => check(step).is_some(),
        Check::State(_) => false,
    });
    broken.map_or(0, |place| place as u8 + 1)
}
