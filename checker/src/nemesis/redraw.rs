//! A live schedule drawn anew from one of its turns on: how a campaign changes a schedule that reached something new.
//!
//! A schedule is a seed and such changes. Up to its first change it draws what it drew before (order of the nemeses, their
//! targets as roles, how long faults last), so it comes to about the same states; what follows is another future. It is
//! about the same only: real processes are not repeated step by step.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A schedule is changed so often at most; then it is too deep.
pub const REDRAWS_MAX: usize = 4;

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redraw {
    /// From which fault of the first lane on, counted from 0.
    pub turn: u32,
    /// What is drawn anew.
    pub what: What,
    /// From which seed.
    pub seed: u32,
}

/// What is drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The order of the nemeses.
    Order,
    /// What the nemeses choose: targets and parameters.
    Targets,
    /// How long faults last, and the calm between them.
    Times,
    /// The turn's fault strikes at this moment, instead of when the set is whole again.
    StrikeAt(Moment),
    /// The turn's fault is healed at this moment, instead of after a drawn time.
    HealAt(Moment),
}

/// A moment of the protocol, as the members tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Now, whatever the set is about.
    Once,
    /// Somebody leads who did not.
    Election,
    /// Somebody runs and neither leads nor follows: it starts, copies, catches up or rolls back.
    CatchUp,
}

/// All changes, as the command line names them.
pub const CHANGES: [(&str, What); 9] = [
    ("order", What::Order),
    ("targets", What::Targets),
    ("times", What::Times),
    ("strike-at-once", What::StrikeAt(Moment::Once)),
    ("strike-at-election", What::StrikeAt(Moment::Election)),
    ("strike-at-catch-up", What::StrikeAt(Moment::CatchUp)),
    ("heal-at-once", What::HealAt(Moment::Once)),
    ("heal-at-election", What::HealAt(Moment::Election)),
    ("heal-at-catch-up", What::HealAt(Moment::CatchUp)),
];

/// The changes of a schedule, by turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Redraws([Option<Redraw>; REDRAWS_MAX]);

impl Redraws {
    /// Nothing is drawn anew.
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Those of this turn.
    pub fn of(&self, turn: u32) -> impl Iterator<Item = Redraw> {
        self.iter().filter(move |redraw| redraw.turn == turn)
    }

    /// The same with one more. Later ones are gone: they were of another future.
    #[must_use]
    pub fn with(self, redraw: Redraw) -> Self {
        let mut kept: Vec<Redraw> = self
            .iter()
            .filter(|earlier| {
                earlier.turn <= redraw.turn && (earlier.turn, earlier.what) != (redraw.turn, redraw.what)
            })
            .collect();
        kept.truncate(REDRAWS_MAX - 1);
        kept.push(redraw);
        let mut all = [None; REDRAWS_MAX];
        for (place, redraw) in all.iter_mut().zip(kept) {
            *place = Some(redraw);
        }
        Self(all)
    }

    /// Turns that a schedule of so many never came to: what was to be drawn anew there was not.
    pub fn beyond(&self, turns: usize) -> Vec<u32> {
        let turns = u32::try_from(turns).unwrap_or(u32::MAX);
        let named = self.iter().map(|redraw| redraw.turn);
        named.filter(|turn| *turn >= turns).collect()
    }

    fn iter(self) -> impl Iterator<Item = Redraw> {
        self.0.into_iter().flatten()
    }
}

/// Why a text is no list of changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRedraw {
    /// Its parts are not three, or no numbers.
    #[error("'{0}' is not TURN:CHANGE:SEED, such as 4:targets:17")]
    Shape(String),
    /// Not one of [`CHANGES`].
    #[error("there is no change '{0}'; there are {names}", names = CHANGES.map(|(name, _)| name).join(", "))]
    Change(String),
    /// Too many.
    #[error("{0} changes are more than {REDRAWS_MAX}")]
    Many(usize),
}

impl FromStr for Redraw {
    type Err = NoRedraw;

    fn from_str(text: &str) -> Result<Self, NoRedraw> {
        let wrong = || NoRedraw::Shape(text.to_owned());
        let [turn, name, seed] = text.split(':').collect::<Vec<_>>()[..] else {
            return Err(wrong());
        };
        let what = CHANGES.iter().find(|(known, _)| *known == name);
        Ok(Self {
            turn: turn.parse().map_err(|_| wrong())?,
            what: what.ok_or_else(|| NoRedraw::Change(name.to_owned()))?.1,
            seed: seed.parse().map_err(|_| wrong())?,
        })
    }
}

impl FromStr for Redraws {
    type Err = NoRedraw;

    fn from_str(text: &str) -> Result<Self, NoRedraw> {
        let parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).collect();
        if parts.len() > REDRAWS_MAX {
            return Err(NoRedraw::Many(parts.len()));
        }
        let mut all = [None; REDRAWS_MAX];
        for (place, part) in all.iter_mut().zip(parts) {
            *place = Some(part.parse()?);
        }
        Ok(Self(all))
    }
}

impl TryFrom<String> for Redraws {
    type Error = NoRedraw;

    fn try_from(text: String) -> Result<Self, NoRedraw> {
        text.parse()
    }
}

impl From<Redraws> for String {
    fn from(redraws: Redraws) -> Self {
        redraws.to_string()
    }
}

impl fmt::Display for Redraw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CHANGES.iter().find(|(_, what)| *what == self.what);
        let name = name.map_or("", |(name, _)| name);
        write!(formatter, "{}:{name}:{}", self.turn, self.seed)
    }
}

impl fmt::Display for Redraws {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.iter().map(|redraw| redraw.to_string()).collect();
        formatter.write_str(&all.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nonsense_is_refused() {
        for (name, _) in CHANGES {
            let text = format!("3:{name}:4294967295");
            assert_eq!(text.parse::<Redraws>().expect(name).to_string(), text);
        }
        assert_eq!(Redraws::default().to_string(), "");
        assert!("".parse::<Redraws>().expect("nothing is drawn anew").is_empty());
        for (wrong, word) in [
            ("4", "TURN:CHANGE:SEED"),
            ("4:targets", "TURN"),
            ("x:targets:1", "TURN"),
            ("4:targets:-1", "TURN"),
            ("4:members:1", "heal-at-once"),
            ("1:times:1,2:times:1,3:times:1,4:times:1,5:times:1", "5 changes"),
        ] {
            let error = wrong.parse::<Redraws>().expect_err(wrong).to_string();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_change_takes_the_place_of_later_ones() {
        let redraws: Redraws = "1:times:5,4:order:6".parse().expect("two changes");
        let changed = redraws.with("2:targets:7".parse().expect("one change"));
        assert_eq!(changed.to_string(), "1:times:5,2:targets:7");
        let same = changed.with("2:targets:8".parse().expect("one change"));
        assert_eq!(same.to_string(), "1:times:5,2:targets:8");
        let mut deep = Redraws::default();
        for turn in 0..9 {
            deep = deep.with(Redraw {
                turn,
                what: What::Order,
                seed: 1,
            });
        }
        assert_eq!(deep.len(), REDRAWS_MAX);
        assert_eq!(deep.of(8).count(), 1);
        assert_eq!(deep.beyond(9), Vec::<u32>::new());
        assert_eq!(deep.beyond(2), [2, 8]);
    }
}
