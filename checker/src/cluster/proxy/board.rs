//! The switchboard: one cell per directed link, changed by the checker, watched by every connection.

use tokio::sync::watch;

use super::link::{Endpoint, Heal, LinkCounters, LinkCounts, LinkRule, Passage};

/// All directed links between `members` members and the clients.
#[derive(Debug)]
pub(super) struct Board {
    members: u8,
    cells: Vec<LinkCell>,
}

/// One directed link.
#[derive(Debug)]
pub(super) struct LinkCell {
    pub(super) state: watch::Sender<LinkState>,
    pub(super) counters: LinkCounters,
}

/// What the connections of a link watch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinkState {
    pub(super) rule: LinkRule,
    /// Raised to break every connection that carries the link.
    pub(super) resets: u64,
    /// Raised to break those that a hold has touched.
    pub(super) resets_of_held: u64,
    /// Raised to take the receiving end of every open connection away.
    pub(super) halvings: u64,
    /// Both kinds of resets as they stood at the latest halving.
    halved_at: (u64, u64),
}

impl Board {
    pub(super) fn new(members: u8) -> Self {
        let ends = usize::from(members) + 1;
        let cell = || LinkCell {
            state: watch::Sender::new(LinkState::default()),
            counters: LinkCounters::default(),
        };
        Self {
            members,
            cells: (0..ends * ends).map(|_| cell()).collect(),
        }
    }

    pub(super) fn cell(&self, from: Endpoint, to: Endpoint) -> &LinkCell {
        let ends = usize::from(self.members) + 1;
        &self.cells[self.index(from) * ends + self.index(to)]
    }

    pub(super) fn set_rule(&self, from: Endpoint, to: Endpoint, rule: LinkRule) {
        self.cell(from, to).state.send_modify(|state| state.rule = rule);
    }

    pub(super) fn heal(&self, from: Endpoint, to: Endpoint, heal: Heal) {
        self.cell(from, to).state.send_modify(|state| {
            state.rule = LinkRule::default();
            state.resets_of_held += u64::from(heal == Heal::Reset);
        });
    }

    pub(super) fn reset(&self, from: Endpoint, to: Endpoint) {
        self.cell(from, to).state.send_modify(|state| state.resets += 1);
    }

    pub(super) fn halve(&self, from: Endpoint, to: Endpoint) {
        self.cell(from, to).state.send_modify(|state| {
            state.halvings += 1;
            state.halved_at = (state.resets, state.resets_of_held);
        });
    }

    pub(super) fn counts(&self, from: Endpoint, to: Endpoint) -> LinkCounts {
        self.cell(from, to).counters.read()
    }

    fn index(&self, end: Endpoint) -> usize {
        match end {
            Endpoint::Clients => 0,
            Endpoint::Member(member) => {
                assert!(member < self.members, "there is no member {member}");
                usize::from(member) + 1
            }
        }
    }
}

impl LinkState {
    /// Whether a connection that saw `before`, touched by a hold or not, must break now.
    pub(super) fn breaks(&self, before: &Self, touched: bool) -> bool {
        self.rule.passage == Passage::Refuse
            || self.resets != before.resets
            || (touched && self.resets_of_held != before.resets_of_held)
    }

    /// Whether what is left of a halved connection must break now. It is compared with the halving itself, not with the
    /// moment at which the connection took notice: a healing in between would be missed, and the half stay for ever.
    pub(super) fn breaks_halves(&self) -> bool {
        self.rule.passage == Passage::Refuse || self.halved_at != (self.resets, self.resets_of_held)
    }
}
