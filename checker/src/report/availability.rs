//! How available the set was: to clients, and in primaries. Read out of the history and of what members said.

use std::collections::BTreeMap;

use super::{
    operations::{answers, longest_silence},
    view::View,
};
use crate::record::status::{ProcessState, StatusSample};

/// Availability is counted in slots of this length: a tenth of a second.
pub(crate) const SLOT_NS: u64 = 100_000_000;

/// What clients could have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Availability {
    /// Slots in which some client was waiting or was answered.
    pub(crate) slots: u64,
    /// Those in which at least one operation ended `ok`.
    pub(crate) answered: u64,
    /// The longest time between two `ok` answers, and when it began.
    pub(crate) silence: Option<(u64, u64)>,
}

impl Availability {
    /// Thousandths of the slots that were answered, rounded down: only all is 100 %.
    pub(crate) fn per_mille(self) -> u64 {
        (1000 * self.answered).checked_div(self.slots).unwrap_or(0)
    }
}

/// Counts slots between the first request and the last answer. `None` without an operation.
pub(crate) fn availability(view: &View) -> Option<Availability> {
    let begin_ns = view.operations.first()?.start_ns;
    let last = view.operations.iter().filter_map(|played| played.end_ns).max();
    Some(count(&answers(&view.operations), begin_ns, last?.max(begin_ns)))
}

/// Of the time from `begin_ns` to `end_ns`; `answers` ascending.
fn count(answers: &[u64], begin_ns: u64, end_ns: u64) -> Availability {
    let mut answered: Vec<u64> = answers.iter().map(|at_ns| (at_ns - begin_ns) / SLOT_NS).collect();
    answered.dedup();
    Availability {
        slots: (end_ns - begin_ns) / SLOT_NS + 1,
        answered: answered.len() as u64,
        silence: longest_silence(answers, begin_ns, end_ns),
    }
}

/// A change of primaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Succession {
    /// The new primary's term.
    pub(crate) term: i64,
    /// The new primary.
    pub(crate) member: u8,
    /// When it was first seen to lead.
    pub(crate) at_ns: u64,
    /// How long nobody alive was seen to lead before; 0 if the old one still was.
    pub(crate) vacancy_ns: u64,
}

/// Every primary after the first one, as the samples show it. As exact as the samples are frequent; a primary that nobody
/// sampled is not in it.
pub(crate) fn successions(samples: &[StatusSample]) -> Vec<Succession> {
    let leads = |sample: &&StatusSample| {
        sample.process == ProcessState::Up && sample.state.as_deref() == Some("PRIMARY")
    };
    let mut found: BTreeMap<i64, Succession> = BTreeMap::new();
    let mut last_seen_ns = None;
    for sample in samples.iter().filter(leads) {
        let Some(term) = sample.term else { continue };
        let newest = found.last_key_value().map(|(term, _)| *term);
        if newest.is_none_or(|newest| term > newest) {
            let vacancy_ns = last_seen_ns.map_or(0, |seen_ns| sample.time_ns - seen_ns);
            let succession = Succession {
                term,
                member: sample.member,
                at_ns: sample.time_ns,
                vacancy_ns,
            };
            found.insert(term, succession);
        }
        // A deposed primary that has not noticed is no primary.
        if newest.is_none_or(|newest| term >= newest) {
            last_seen_ns = Some(sample.time_ns);
        }
    }
    found.into_values().skip(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time_ns: u64, member: u8, term: i64, state: &str) -> StatusSample {
        StatusSample {
            time_ns,
            member,
            process: ProcessState::Up,
            state: Some(state.to_owned()),
            term: Some(term),
            commit: None,
            applied: None,
            clock_offset_ms: 0,
        }
    }

    /// Row S0-04 of the notes.
    #[test]
    fn slots_with_an_answer_are_counted_once() {
        let answers = [5, 6, SLOT_NS + 1, 9 * SLOT_NS];
        let measured = count(&answers, 0, 10 * SLOT_NS - 1);
        assert_eq!((measured.answered, measured.slots), (3, 10));
        assert_eq!(measured.per_mille(), 300);
        assert_eq!(measured.silence, Some((8 * SLOT_NS - 1, SLOT_NS + 1)));
    }

    /// Row S2-30 of the notes.
    #[test]
    fn a_vacancy_ends_with_the_next_terms_primary() {
        let samples = [
            sample(10, 0, 1, "PRIMARY"),
            sample(20, 0, 1, "PRIMARY"),
            sample(30, 1, 2, "SECONDARY"),
            // Not deposed in its own eyes.
            sample(50, 1, 3, "PRIMARY"),
            sample(55, 0, 1, "PRIMARY"),
            sample(70, 1, 3, "PRIMARY"),
            sample(71, 2, 4, "PRIMARY"),
        ];
        let found = successions(&samples);
        assert_eq!(
            found
                .iter()
                .map(|next| (next.term, next.member, next.vacancy_ns))
                .collect::<Vec<_>>(),
            [(3, 1, 30), (4, 2, 1)]
        );
    }

    #[test]
    fn a_paused_primary_leads_nobody() {
        let mut stopped = sample(40, 0, 1, "PRIMARY");
        stopped.process = ProcessState::Paused;
        let samples = [sample(10, 0, 1, "PRIMARY"), stopped, sample(60, 1, 2, "PRIMARY")];
        assert_eq!(successions(&samples)[0].vacancy_ns, 50);
    }
}
