//! What one look at the machine says.

use std::fmt;

/// How much privilege a power needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// None: any container will do.
    T0,
    /// User namespaces.
    T1,
    /// Root.
    T2,
}

/// One power of the machine, tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What was tried.
    pub name: &'static str,
    /// What it belongs to.
    pub tier: Tier,
    /// What it is good for; says so if this version makes no use of it.
    pub enables: &'static str,
    /// How it went.
    pub answer: Answer,
}

/// How a probe went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It works: seen to.
    Works,
    /// It does not.
    Not {
        /// Why, as the machine said it.
        why: String,
        /// What would enable it.
        remedy: &'static str,
    },
}

impl Probe {
    /// Whether it was seen to work.
    pub fn works(&self) -> bool {
        self.answer == Answer::Works
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Tier::T0 => "T0",
            Tier::T1 => "T1",
            Tier::T2 => "T2",
        })
    }
}
