//! What a process of the checker says by ending: one table for every subcommand.

use super::verdict::Overall;

/// Exit code of `checker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything that was asked was proven.
    Pass,
    /// A guarantee was broken, and a witness shows it.
    Violation,
    /// Neither proven nor refuted.
    Unknown,
    /// A campaign with seeds missing: a silent hole is not green.
    Incomplete,
    /// The run proves nothing: a fault had no effect, or there was too little traffic.
    Invalid,
    /// The command line was wrong (`EX_USAGE`).
    Usage,
    /// The checker itself failed (`EX_SOFTWARE`).
    Internal,
    /// Stopped by budget or SIGTERM; the same command continues (`EX_TEMPFAIL`).
    Resumable,
    /// Ctrl-C, twice.
    Interrupted,
    /// SIGTERM where nothing can be resumed.
    Terminated,
}

impl Exit {
    /// Every exit, for help texts and manuals.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Violation,
        Self::Unknown,
        Self::Incomplete,
        Self::Invalid,
        Self::Usage,
        Self::Internal,
        Self::Resumable,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Violation => 1,
            Self::Unknown => 2,
            Self::Incomplete => 3,
            Self::Invalid => 4,
            Self::Usage => 64,
            Self::Internal => 70,
            Self::Resumable => 75,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The exit that another checker ended with; nothing for a number that is none of ours.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| i32::from(exit.code()) == code)
    }

    /// One line for `--help`.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Pass => "pass: everything asked was proven",
            Self::Violation => "violation: a guarantee was broken",
            Self::Unknown => "unknown: neither proven nor refuted",
            Self::Incomplete => "incomplete: a campaign with missing seeds",
            Self::Invalid => "invalid: a fault had no effect, or too little traffic",
            Self::Usage => "wrong command line",
            Self::Internal => "the checker itself failed",
            Self::Resumable => "stopped; the same command resumes",
            Self::Interrupted => "interrupted twice by Ctrl-C",
            Self::Terminated => "terminated",
        }
    }
}

impl From<Overall> for Exit {
    fn from(overall: Overall) -> Self {
        match overall {
            Overall::Pass => Self::Pass,
            Overall::Violation => Self::Violation,
            Overall::Unknown => Self::Unknown,
            Overall::Invalid => Self::Invalid,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_pinned() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 64, 70, 75, 130, 143]);
    }
}
