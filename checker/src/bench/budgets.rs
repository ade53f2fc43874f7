//! How far the checks go beyond their budgets: each on a long history that it accepts, with less time, and with less memory,
//! than it takes.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use super::{
    families::{FAMILIES, Family},
    family_world::generate_family,
    meter::measured,
};
use crate::{
    checks::{Budget, CHECKS, Check, Validity},
    history::History,
};

/// Percent of the time that a check takes, which it is given.
const SHARES: [u32; 3] = [25, 50, 75];
/// A check that takes less memory than this is not asked for less of it: so much comes and goes by itself.
const MEMORY_MIN: u64 = 8 << 20;

/// What one check did with too little.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetRow {
    /// Name of the check.
    pub check: &'static str,
    /// What was asked.
    pub about: Family,
    /// How long it takes with the usual budget, the less of two.
    pub whole: Duration,
    /// With a part of that time.
    pub times: Vec<Held>,
    /// With half of the memory that it takes; none when it takes next to none.
    pub memory: Option<Held>,
}

/// One budget, and what was taken: seconds, or bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// What was allowed.
    pub allowed: f64,
    /// What was taken.
    pub taken: f64,
    /// It ended as unknown, as it should.
    pub gave_up: bool,
}

impl Held {
    /// How much more than allowed was taken, in percent; less than nothing when it was less.
    #[must_use]
    pub fn over_percent(&self) -> f64 {
        (self.taken / self.allowed - 1.0) * 100.0
    }
}

/// Measures every check, with `progress` before each family.
pub fn measure_budgets(operations: u32, seed: u64, progress: impl Fn(Family)) -> Vec<BudgetRow> {
    let mut rows = Vec::new();
    for (family, judged) in FAMILIES {
        progress(family);
        let history = generate_family(family, operations, seed, None);
        for (name, _) in judged {
            let check = CHECKS.iter().find(|check| check.name == *name);
            rows.extend(check.map(|check| row(check, family, &history)));
        }
    }
    rows
}

fn row(check: &Check, about: Family, history: &History) -> BudgetRow {
    let judge = |budget: &Budget| (check.run)(history, budget).validity;
    let timed = |budget: &Budget| {
        let begun = Instant::now();
        let validity = judge(budget);
        (begun.elapsed(), validity)
    };
    let usual = Budget::default();
    let whole = timed(&usual).0.min(timed(&usual).0);
    let times = SHARES.map(|share| {
        let time = whole * share / 100;
        let (taken, validity) = timed(&Budget { time, ..usual });
        Held {
            allowed: time.as_secs_f64(),
            taken: taken.as_secs_f64(),
            gave_up: validity == Validity::Unknown,
        }
    });
    let peak = measured(|| judge(&usual)).peak_bytes;
    let memory = peak.filter(|peak| *peak >= MEMORY_MIN).and_then(|peak| {
        let memory_bytes = usize::try_from(peak / 2).ok()?;
        let half = measured(|| {
            judge(&Budget {
                memory_bytes,
                ..usual
            })
        });
        Some(Held {
            allowed: memory_bytes as f64,
            taken: half.peak_bytes? as f64,
            gave_up: half.validity == Validity::Unknown,
        })
    });
    BudgetRow {
        check: check.name,
        about,
        whole,
        times: times.to_vec(),
        memory,
    }
}

/// Rows as a table.
pub fn budget_table(rows: &[BudgetRow]) -> String {
    let mut text = String::from(
        "| check | history | needs s | over a quarter of it | a half | three quarters | needs MB | over a half of it |\n|---|---|---|---|---|---|---|---|\n",
    );
    let told = |held: &Held, unit: f64| {
        let end = if held.gave_up { "" } else { ", decided" };
        format!(
            "{:+.1} ({:+.0} %{end})",
            (held.taken - held.allowed) * unit,
            held.over_percent()
        )
    };
    for row in rows {
        let times: Vec<String> = row.times.iter().map(|held| told(held, 1e3)).collect();
        let (needs, over) = row
            .memory
            .as_ref()
            .map_or(("–".to_owned(), "–".to_owned()), |held| {
                (format!("{:.0}", held.allowed * 2.0 / 1e6), told(held, 1e-6))
            });
        writeln!(
            text,
            "| {} | {:?} | {:.3} | {} | {needs} | {over} |",
            row.check,
            row.about,
            row.whole.as_secs_f64(),
            times.join(" | "),
        )
        .expect("a string takes every text");
    }
    text.push_str("over: milliseconds and MB more than allowed\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_asked_with_every_budget() {
        let rows = measure_budgets(6_000, 3, |_| {});
        let judged: usize = FAMILIES.iter().map(|(_, judged)| judged.len()).sum();
        assert_eq!(rows.len(), judged);
        assert!(rows.iter().all(|row| row.times.len() == SHARES.len()));
        let given_up = rows.iter().flat_map(|row| &row.times).filter(|held| held.gave_up);
        assert!(given_up.count() > 0, "{rows:?}");
        assert_eq!(budget_table(&rows).lines().count(), rows.len() + 3);
    }

    #[test]
    fn what_was_taken_is_compared_with_what_was_allowed() {
        let held = Held {
            allowed: 2.0,
            taken: 2.5,
            gave_up: true,
        };
        assert!((held.over_percent() - 25.0).abs() < 1e-9);
    }
}
