//! The links between members: each directed pair delays, loses, repeats, reorders, is cut or jammed.

use protocol::message::{Body, Message};

use crate::nemesis::dice::Dice;
use crate::nemesis::fault::Link;

/// How the network behaves when nobody disturbs it further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Shortest delay of a message.
    pub delay_us: u64,
    /// Drawn on top, up to this.
    pub jitter_us: u64,
    /// This many in a thousand are much later.
    pub late_permille: u32,
    /// Up to this much later.
    pub late_us: u64,
    /// This many in a thousand are lost.
    pub loss_permille: u32,
    /// Kinds of messages that are lost far more often: bit *n* for the *n*-th kind ([`kind_of`]), and how many in a
    /// thousand. What a protocol forgets to say twice shows when one kind is lost and the others are not.
    pub grudge: (u16, u32),
    /// This many in a thousand come twice.
    pub duplicate_permille: u32,
    /// Messages of one link arrive in the order in which they were sent.
    pub ordered: bool,
    /// What is under way is lost when either end dies, as with TCP.
    pub connected: bool,
}

impl Manners {
    /// A local network on a good day.
    pub const GOOD: Self = Self {
        delay_us: 200,
        jitter_us: 300,
        late_permille: 0,
        late_us: 0,
        loss_permille: 0,
        grudge: (0, 0),
        duplicate_permille: 0,
        ordered: true,
        connected: true,
    };
}

/// Number of kinds of messages.
pub const KINDS: u32 = 10;
// The questions of initial sync and of linearizable reads and their answers come last, and nobody bears them a grudge: earlier seeds stay.

/// Which kind a message is, from 0.
#[must_use]
pub fn kind_of(body: &Body) -> u32 {
    match body {
        Body::HeartbeatRequest { .. } => 0,
        Body::HeartbeatResponse { .. } => 1,
        Body::VoteRequest { .. } => 2,
        Body::VoteResponse { .. } => 3,
        Body::FetchRequest { .. } => 4,
        Body::FetchResponse { .. } => 5,
        Body::UpdatePosition { .. } => 6,
        Body::CommonPointRequest { .. } => 7,
        Body::CommonPointResponse { .. } => 8,
        Body::StepUp => 9,
        Body::CloneRequest { .. } => 10,
        Body::CloneResponse { .. } => 11,
        Body::MemoryRequest { .. } => 12,
        Body::MemoryResponse { .. } => 13,
        Body::ReadIndexRequest { .. } => 14,
        Body::ReadIndexResponse { .. } => 15,
    }
}

/// All links.
#[derive(Clone, Debug)]
pub struct Network {
    /// The present manners.
    pub manners: Manners,
    members: usize,
    links: Vec<Condition>,
}

#[derive(Clone, Debug, Default)]
struct Condition {
    cuts: u32,
    jams: u32,
    held: Vec<Message>,
    slow_us: (u64, u64),
    last_us: u64,
}

/// What becomes of a message: the times at which it arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals(pub [Option<u64>; 2]);

impl Network {
    /// Whole links among `members`.
    #[must_use]
    pub fn new(members: usize, manners: Manners) -> Self {
        Self {
            manners,
            members,
            links: vec![Condition::default(); members * members],
        }
    }

    /// When does what is sent now from `from` to `to` arrive? Held messages arrive when the jam is over.
    pub fn carry(&mut self, now_us: u64, message: &Message, dice: &mut Dice) -> Arrivals {
        let manners = self.manners;
        let link = self.link((message.from.0, message.to.0));
        let mut arrivals = Arrivals::default();
        let (disliked, grudge_permille) = manners.grudge;
        let disliked = disliked & (1 << kind_of(&message.body)) != 0;
        if link.cuts > 0
            || (manners.loss_permille > 0 && dice.chance(manners.loss_permille))
            || (disliked && dice.chance(grudge_permille))
        {
            return arrivals;
        }
        if link.jams > 0 {
            link.held.push(message.clone());
            return arrivals;
        }
        let twice = manners.duplicate_permille > 0 && dice.chance(manners.duplicate_permille);
        for arrival in arrivals.0.iter_mut().take(1 + usize::from(twice)) {
            let mut delay_us = manners.delay_us + dice.below(manners.jitter_us + 1);
            if manners.late_permille > 0 && dice.chance(manners.late_permille) {
                delay_us += dice.below(manners.late_us + 1);
            }
            if link.slow_us != (0, 0) {
                delay_us += link.slow_us.0 + dice.below(link.slow_us.1 + 1);
            }
            let mut at_us = now_us + delay_us;
            if manners.ordered {
                at_us = at_us.max(link.last_us);
                link.last_us = at_us;
            }
            *arrival = Some(at_us);
        }
        arrivals
    }

    /// Nothing passes these links until they are mended as often as they were cut.
    pub fn cut(&mut self, links: &[Link]) {
        links.iter().for_each(|link| self.link(*link).cuts += 1);
    }

    /// Undoes one cut.
    pub fn mend(&mut self, links: &[Link]) {
        for link in links {
            let link = self.link(*link);
            link.cuts = link.cuts.saturating_sub(1);
        }
    }

    /// These links hold everything back.
    pub fn jam(&mut self, links: &[Link]) {
        links.iter().for_each(|link| self.link(*link).jams += 1);
    }

    /// Undoes one jam; gives what was held and may go now.
    pub fn release(&mut self, links: &[Link]) -> Vec<Message> {
        let mut released = Vec::new();
        for link in links {
            let link = self.link(*link);
            link.jams = link.jams.saturating_sub(1);
            if link.jams == 0 {
                released.append(&mut link.held);
            }
        }
        released
    }

    /// These links are slower by this delay and up to that jitter (none: as fast as ever).
    pub fn slow(&mut self, links: &[Link], delay_us: u64, jitter_us: u64) {
        for link in links {
            self.link(*link).slow_us = (delay_us, jitter_us);
        }
    }

    /// Does nothing pass this link?
    #[must_use]
    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.links[from * self.members + to].cuts > 0
    }

    /// Is some link from or to this member cut or jammed?
    #[must_use]
    pub fn is_disturbed(&self, member: usize) -> bool {
        (0..self.members).any(|other| {
            [(member, other), (other, member)].into_iter().any(|(from, to)| {
                let link = &self.links[from * self.members + to];
                link.cuts > 0 || link.jams > 0
            })
        })
    }

    fn link(&mut self, (from, to): Link) -> &mut Condition {
        &mut self.links[usize::from(from) * self.members + usize::from(to)]
    }
}
