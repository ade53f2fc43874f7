//! Coverage over time: how many situations a campaign's runs had reached after each of them.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{merge::Merged, results::Results};
use crate::record::{directory::RunFile, reached::ReachedRecord, situations::SituationsRecord};

/// Runs that the words name, besides the last one: the curve is steep in the beginning.
const NAMED: [usize; 8] = [1, 2, 5, 10, 20, 50, 100, 200];

/// Reads what the runs reached. Canaries are left out, as their members do what no correct one does; so are runs without traces.
pub fn curve(results: &Results, merged: &Merged) -> Vec<ReachedRecord> {
    let mut seen = BTreeSet::new();
    let mut curve = Vec::new();
    for result in merged.results.iter().filter(|result| !result.canary) {
        let reached: Option<SituationsRecord> = results
            .run_of(result)
            .and_then(|directory| directory.read(RunFile::Situations, &mut Vec::new()));
        let Some(reached) = reached else { continue };
        let before = seen.len();
        seen.extend(reached.each().map(|(situation, _)| situation));
        curve.push(ReachedRecord {
            number: result.number,
            changed: !result.redraws.is_empty(),
            duration_ms: result.result.duration_ms,
            new: seen.len() - before,
            total: seen.len(),
        });
    }
    curve
}

/// In a line or two; nothing where no run says what it reached.
pub fn words(curve: &[ReachedRecord]) -> String {
    let Some(last) = curve.last() else {
        return String::new();
    };
    let named = (1..)
        .zip(curve)
        .filter(|(runs, _)| NAMED.contains(runs) || *runs == curve.len());
    let named: Vec<String> = named
        .map(|(runs, point)| format!("{} after {runs}", point.total))
        .collect();
    let idle = curve.iter().filter(|point| point.new == 0).count();
    let mut words = format!(
        "situations reached: {} runs ({idle} of them reached nothing new)\n",
        named.join(", ")
    );
    let changed: Vec<&ReachedRecord> = curve.iter().filter(|point| point.changed).collect();
    if !changed.is_empty() {
        let mean = |points: &[&ReachedRecord]| {
            let new: usize = points.iter().map(|point| point.new).sum();
            new as f64 / points.len().max(1) as f64
        };
        let fresh: Vec<&ReachedRecord> = curve.iter().filter(|point| !point.changed).collect();
        let _ = writeln!(
            words,
            "changed schedules: {} of {} runs, {:.1} new situations each; {:.1} each fresh one; {} in all",
            changed.len(),
            curve.len(),
            mean(&changed),
            mean(&fresh),
            last.total
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(number: u64, changed: bool, new: usize, total: usize) -> ReachedRecord {
        ReachedRecord {
            number,
            changed,
            duration_ms: 1_000,
            new,
            total,
        }
    }

    #[test]
    fn the_curve_is_told_in_words() {
        let curve = [
            point(0, false, 400, 400),
            point(1, true, 90, 490),
            point(3, true, 0, 490),
        ];
        assert_eq!(
            words(&curve),
            "situations reached: 400 after 1, 490 after 2, 490 after 3 runs (1 of them reached nothing new)\n\
             changed schedules: 2 of 3 runs, 45.0 new situations each; 400.0 each fresh one; 490 in all\n"
        );
        assert_eq!(words(&[]), "");
    }
}
