//! Every choice of a run, so that it can be played again without clock and dice, and cut down.

use protocol::input::Input;

use super::cluster::Turn;
use super::disk::Survival;

/// One choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Whom it concerns.
    pub member: usize,
    /// What.
    pub deed: Deed,
}

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// This happens next.
    Step {
        /// The input, as it was.
        input: Input,
        /// Where it came from.
        what: What,
        /// The member's wall clock.
        wall_secs: u32,
        /// Death after so many outputs.
        crash: Option<(usize, Survival)>,
    },
    /// The machine dies.
    Crash(Survival),
    /// The process comes back.
    Restart,
    /// Somebody empties its data directory.
    Empty,
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The process starts.
    Start,
    /// A message that was sent.
    Message,
    /// A timer that was armed.
    Timer,
    /// The disk, for so many requests.
    Flush(usize),
    /// The shell.
    TurnEnd,
    /// The shell, asked to find itself in a configuration.
    Resolved,
    /// A client or the operator.
    Told,
}

/// The choices of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// How many members.
    pub members: usize,
    /// In order.
    pub choices: Vec<Choice>,
}

impl Recording {
    /// Nothing yet.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self {
            members,
            choices: Vec::new(),
        }
    }

    /// A step.
    pub fn step(&mut self, turn: Turn<'_>, what: What) {
        self.choices.push(Choice {
            member: turn.member,
            deed: Deed::Step {
                input: turn.input.clone(),
                what,
                wall_secs: turn.wall_secs,
                crash: turn.crash,
            },
        });
    }

    /// A death between two steps.
    pub fn crash(&mut self, member: usize, survival: Survival) {
        let deed = Deed::Crash(survival);
        self.choices.push(Choice { member, deed });
    }

    /// An emptied directory.
    pub fn empty(&mut self, member: usize) {
        let deed = Deed::Empty;
        self.choices.push(Choice { member, deed });
    }

    /// A new life.
    pub fn restart(&mut self, member: usize) {
        let deed = Deed::Restart;
        self.choices.push(Choice { member, deed });
    }
}
