//! `no-lost-write`: what a majority acknowledged is there at the end, on every member.

use workloads::operation::{Action, Key, Observed, Value};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    holders::Holder,
    linearizable::{FastMap, FastSet},
    promised::{is_committed, is_current, is_durable},
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "no-lost-write",
    promise: "a write acknowledged by a majority is in every later final read of every member, a refused one in \
              none, nothing twice and nothing from nowhere",
    complexity: "O(n + R)",
    source: "MongoDB, \"Write Concern\": w:majority is durable against rollback; Jepsen set workload",
    anomalies: &[
        "lost-write",
        "duplicate-element",
        "phantom-element",
        "refused-write-appeared",
        "future-read",
    ],
    run,
};

/// What happened to the elements of one set, list or log.
#[derive(Default)]
struct Elements<'a> {
    /// By call.
    writes: Vec<(Value, &'a Op)>,
    reads: Vec<(&'a Op, &'a [Value])>,
    /// Final reads that ended without an answer.
    missed: Vec<&'a Op>,
}

impl<'a> Elements<'a> {
    /// Acknowledged by a majority.
    fn promised(&self) -> impl Iterator<Item = (Value, &'a Op)> + '_ {
        let promised = |(_, op): &&(Value, &'a Op)| op.is_ok() && is_durable(&op.request.concerns);
        self.writes.iter().filter(promised).copied()
    }

    /// Acknowledged by less.
    fn weak(&self) -> impl Iterator<Item = Value> + '_ {
        let weak = |(_, op): &&(Value, &'a Op)| op.is_ok() && !is_durable(&op.request.concerns);
        self.writes.iter().filter(weak).map(|(value, _)| *value)
    }
}

/// What holds elements, and its key.
type Place = (Holder, Key);

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let elements = gather(history, watch)?;
    let operations: usize = elements
        .iter()
        .map(|(_, all)| all.writes.len() + all.reads.len())
        .sum();
    let mut unread = None;
    let mut promised = 0;
    for (place, all) in &elements {
        judge_one(*place, all, watch, anomalies)?;
        let of_place = all.promised().count();
        promised += of_place;
        if of_place > 0 && !all.reads.iter().any(|(op, _)| op.last) {
            unread
                .get_or_insert_with(|| format!("{} {} has no successful final read", word(place.0), place.1));
        } else if let Some(missed) = all.missed.first() {
            unread.get_or_insert_with(|| format!("a final read got no answer: {}", describe(missed)));
        }
    }
    let operations = operations as u64;
    // The kind that costs data comes first.
    anomalies.worst("lost-write");
    let mut verdict = match unread {
        Some(reason) if anomalies.is_empty() => Verdict::unknown(CHECK.name, operations, reason),
        _ => anomalies.verdict(CHECK.name, operations, || {
            format!("all {promised} acknowledged writes are in every final read")
        }),
    };
    verdict
        .notes
        .extend(weak_words(elements.iter().map(|(_, all)| all)));
    Ok(verdict)
}

/// What became of acknowledged writes that promised nothing.
fn weak_words<'a>(elements: impl Iterator<Item = &'a Elements<'a>>) -> Option<String> {
    let (mut weak, mut gone) = (0u64, 0u64);
    for all in elements {
        let of_place = all.weak().count() as u64;
        if of_place == 0 {
            continue;
        }
        weak += of_place;
        let last = all.reads.iter().rev().find(|(op, _)| op.last);
        let Some((_, found)) = last else { continue };
        let present: FastSet<Value> = found.iter().copied().collect();
        gone += all.weak().filter(|value| !present.contains(value)).count() as u64;
    }
    (weak > 0).then(|| {
        format!("{weak} acknowledged writes below majority promise nothing after a failover: {gone} of them are gone")
    })
}

const fn word(holder: Holder) -> &'static str {
    match holder {
        Holder::Register => "register",
        Holder::Set => "set",
        Holder::List => "list",
        Holder::Log => "log",
        Holder::Queue => "queue",
    }
}

/// Calls for each thing that an action reads (no value) or adds to.
fn each_concerned(action: &Action, mut concern: impl FnMut(Place, Option<Value>)) {
    match action {
        Action::Add { key, value } => concern((Holder::Set, *key), Some(*value)),
        Action::AddMany { key, values } => {
            values
                .iter()
                .for_each(|value| concern((Holder::Set, *key), Some(*value)));
        }
        Action::Append { key, value } => concern((Holder::List, *key), Some(*value)),
        Action::AppendMany { keys, value } => {
            keys.iter()
                .for_each(|key| concern((Holder::List, *key), Some(*value)));
        }
        Action::Log { key, value } => concern((Holder::Log, *key), Some(*value)),
        Action::ReadSet { key } => concern((Holder::Set, *key), None),
        Action::ReadList { key } => concern((Holder::List, *key), None),
        Action::ReadLog { key } => concern((Holder::Log, *key), None),
        _ => {}
    }
}

fn gather<'a>(history: &'a History, watch: &mut Watch) -> Result<Vec<(Place, Elements<'a>)>, Exhausted> {
    let mut numbers: FastMap<Place, usize> = FastMap::default();
    let mut elements: Vec<(Place, Elements<'a>)> = Vec::new();
    for op in &history.ops {
        watch.step()?;
        each_concerned(&op.request.action, |place, value| {
            let number = *numbers.entry(place).or_insert_with(|| {
                watch.holds::<(Place, Elements<'a>, usize)>(1);
                elements.push((place, Elements::default()));
                elements.len() - 1
            });
            let all = &mut elements[number].1;
            watch.holds::<(Value, &Op)>(1);
            match (value, op.observed()) {
                (Some(value), _) => all.writes.push((value, op)),
                (None, Some(Observed::Elements(found) | Observed::Unordered(found))) => {
                    all.reads.push((op, found))
                }
                (None, _) if op.last => all.missed.push(op),
                (None, _) => {}
            }
        });
    }
    elements.sort_unstable_by_key(|(place, _)| *place);
    Ok(elements)
}

fn judge_one(
    place: Place,
    all: &Elements<'_>,
    watch: &mut Watch,
    anomalies: &mut Anomalies,
) -> Result<(), Exhausted> {
    watch.steps(all.writes.len())?;
    let mut writers: FastMap<Value, &Op> = FastMap::default();
    writers.reserve(all.writes.len());
    writers.extend(all.writes.iter().copied());
    let longest = Longest::of(all, &writers);
    let mut present: FastSet<Value> = FastSet::default();
    for (read, found) in &all.reads {
        // Comparing takes a fraction of what a look takes.
        watch.steps(1 + found.len() / 16)?;
        if longest.proves(read, found) {
            continue;
        }
        watch.steps(found.len() + all.writes.len())?;
        judge_read(place, read, found, all, &writers, &mut present, anomalies);
        if anomalies.is_full() {
            break;
        }
    }
    Ok(())
}

/// The longest read, and what follows from it for those that begin as it does: they need no look at each element.
struct Longest<'a> {
    found: &'a [Value],
    /// Up to here each element is there once, and was written.
    sound: usize,
    /// Up to here no element was refused.
    not_refused: usize,
    /// For each length the latest call among the writers of so many elements.
    latest_call: Vec<u32>,
    /// For each length the first return among the promised writes that so many elements lack.
    first_lacking: Vec<u32>,
}

impl<'a> Longest<'a> {
    fn of(all: &Elements<'a>, writers: &FastMap<Value, &Op>) -> Self {
        let found = all
            .reads
            .iter()
            .map(|(_, found)| *found)
            .max_by_key(|found| found.len());
        let found = found.unwrap_or_default();
        let mut positions: FastMap<Value, usize> = FastMap::default();
        positions.reserve(found.len());
        let mut longest = Self {
            found,
            sound: 0,
            not_refused: found.len(),
            latest_call: vec![0],
            first_lacking: Vec::new(),
        };
        for (at, value) in found.iter().enumerate() {
            let Some(writer) = writers.get(value) else { break };
            if positions.insert(*value, at).is_some() {
                break;
            }
            if writer.is_fail() {
                longest.not_refused = longest.not_refused.min(at);
            }
            longest.latest_call.push(longest.latest_call[at].max(writer.call));
            longest.sound = at + 1;
        }
        let mut lacking = vec![Op::NEVER; longest.sound + 1];
        for (value, op) in all.promised() {
            let at = positions.get(&value).copied().filter(|at| *at < longest.sound);
            let first = &mut lacking[at.unwrap_or(longest.sound)];
            *first = op.returned.min(*first);
        }
        for at in (0..longest.sound).rev() {
            lacking[at] = lacking[at].min(lacking[at + 1]);
        }
        longest.first_lacking = lacking;
        longest
    }

    /// Whether nothing is wrong with a read.
    fn proves(&self, read: &Op, found: &[Value]) -> bool {
        let length = found.len();
        length <= self.sound
            && (length <= self.not_refused || !demands(read))
            && self.latest_call[length] <= read.returned
            && (!owes_everything(read) || self.first_lacking[length] >= read.call)
            && self.found.starts_with(found)
    }
}

/// Every element of a read, and everything promised, one by one.
fn judge_read(
    (holder, key): Place,
    read: &Op,
    found: &[Value],
    all: &Elements<'_>,
    writers: &FastMap<Value, &Op>,
    present: &mut FastSet<Value>,
    anomalies: &mut Anomalies,
) {
    present.clear();
    for value in found {
        let writer = writers.get(value).copied();
        if !present.insert(*value) {
            let words = format!("{} holds {value} twice", describe(read));
            let involved: Vec<&Op> = writer.into_iter().chain([read]).collect();
            anomalies.add("duplicate-element", key, words, &involved);
        }
        match writer {
            None => {
                let words = format!(
                    "{} holds {value}, which was never written to {} {key}",
                    describe(read),
                    word(holder)
                );
                anomalies.add("phantom-element", key, words, &[read]);
            }
            Some(writer) if writer.is_fail() && demands(read) => {
                let words = format!(
                    "{} holds {value} of {}, which did not happen",
                    describe(read),
                    describe(writer)
                );
                anomalies.add("refused-write-appeared", key, words, &[writer, read]);
            }
            Some(writer) if read.returned < writer.call => {
                let words = format!(
                    "{} holds {value}, but returned before {} was called",
                    describe(read),
                    describe(writer)
                );
                anomalies.add("future-read", key, words, &[read, writer]);
            }
            Some(_) => {}
        }
    }
    if !owes_everything(read) {
        return;
    }
    for (value, writer) in all.promised() {
        // By call: all further ones are later.
        if writer.call > read.call {
            break;
        }
        if writer.returned < read.call && !present.contains(&value) {
            let words = format!(
                "{} was acknowledged by a majority before {} was called, which holds {} elements and not {value}",
                describe(writer),
                describe(read),
                found.len()
            );
            anomalies.add("lost-write", key, words, &[writer, read]);
        }
    }
}

/// A local read may see what is rolled back later; stronger ones may not.
fn demands(read: &Op) -> bool {
    is_committed(&read.request.concerns)
}

/// Which reads must hold everything acknowledged before: the final ones (after healing, when every member has
/// caught up) and linearizable ones.
fn owes_everything(read: &Op) -> bool {
    read.last || is_current(&read.request.concerns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{fail, history, info, last, ok, with},
        witness::tests::World,
    };
    use workloads::operation::{Concerns, WriteConcern};

    const ADD: fn(Value) -> Action = |value| Action::Add { key: 0, value };
    const READ: Action = Action::ReadSet { key: 0 };

    #[test]
    fn each_anomaly_is_found() {
        let kinds = |ops: Vec<Op>| {
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| (anomaly.kind, anomaly.operations))
                .collect::<Vec<_>>()
        };
        let final_read = |elements: &[Value]| last(ok(20, 21, READ, Observed::Elements(elements.to_vec())));
        let added = |value| ok(1, 2, ADD(value), Observed::Done);
        assert_eq!(
            kinds(vec![added(1), final_read(&[])]),
            [("lost-write".to_owned(), vec![0, 1])]
        );
        assert_eq!(
            kinds(vec![added(1), final_read(&[1, 1])]),
            [("duplicate-element".to_owned(), vec![0, 1])]
        );
        assert_eq!(
            kinds(vec![added(1), final_read(&[1, 7])]),
            [("phantom-element".to_owned(), vec![1])]
        );
        let refused = fail(3, 4, ADD(2));
        assert_eq!(
            kinds(vec![added(1), refused, final_read(&[1, 2])]),
            [("refused-write-appeared".to_owned(), vec![1, 2])]
        );
        let early = ok(5, 6, READ, Observed::Elements(vec![1, 3]));
        let late = ok(7, 8, ADD(3), Observed::Done);
        assert_eq!(
            kinds(vec![added(1), early, late, final_read(&[1, 3])]),
            [("future-read".to_owned(), vec![1, 2])]
        );
    }

    #[test]
    fn unknown_writes_may_be_there_or_not_and_weak_ones_are_not_owed() {
        let weak = Concerns {
            write: WriteConcern::One,
            ..Concerns::MAJORITY
        };
        let ops = |elements: &[Value]| {
            vec![
                ok(1, 2, ADD(1), Observed::Done),
                info(3, ADD(2)),
                with(weak, ok(4, 5, ADD(3), Observed::Done)),
                last(ok(20, 21, READ, Observed::Elements(elements.to_vec()))),
            ]
        };
        for elements in [&[1][..], &[1, 2], &[1, 3], &[1, 2, 3]] {
            let verdict = run(&history(ops(elements)), &Budget::default());
            assert_eq!(verdict.validity, Validity::Valid, "{}", verdict.summary);
            assert_eq!(verdict.notes.len(), 1);
        }
    }

    /// What is known of the longest read proves no read that a look at each element refutes, and saves most looks.
    #[test]
    fn reads_that_begin_as_the_longest_are_judged_as_by_each_element() {
        let (mut proven, mut refuted) = (0, 0);
        for seed in 0..20_000 {
            let history = World::play(seed);
            let mut watch = Watch::start(&Budget::default());
            for (place, all) in gather(&history, &mut watch).expect("it is short") {
                let writers = all.writes.iter().copied().collect();
                let longest = Longest::of(&all, &writers);
                for (read, found) in &all.reads {
                    let (mut present, mut anomalies) = (FastSet::default(), Anomalies::default());
                    judge_read(place, read, found, &all, &writers, &mut present, &mut anomalies);
                    let proves = longest.proves(read, found);
                    assert!(
                        !proves || anomalies.is_empty(),
                        "seed {seed}, {place:?}, {read:?}: {history:?}"
                    );
                    proven += u32::from(proves);
                    refuted += u32::from(!anomalies.is_empty());
                }
            }
        }
        assert!(
            proven > 20_000 && refuted > 3_000,
            "{proven} proven, {refuted} refuted"
        );
    }

    #[test]
    fn a_log_without_its_order_still_shows_what_is_lost() {
        let log = |value| Action::Log { key: 1, value };
        let read = |found: &[Value]| {
            let follow = Action::ReadLog { key: 1 };
            last(ok(20, 21, follow, Observed::Unordered(found.to_vec())))
        };
        let judged = |found: &[Value]| {
            let both = vec![
                ok(1, 2, log(7), Observed::Done),
                ok(3, 4, log(5), Observed::Done),
                read(found),
            ];
            run(&history(both), &Budget::default())
        };
        assert_eq!(judged(&[5, 7]).validity, Validity::Valid);
        let lost = judged(&[5]);
        assert_eq!(lost.validity, Validity::Invalid);
        assert_eq!(lost.anomalies[0].kind, "lost-write");
    }

    #[test]
    fn without_a_final_read_nothing_is_proven() {
        let unread = vec![ok(1, 2, ADD(1), Observed::Done)];
        assert_eq!(
            run(&history(unread), &Budget::default()).validity,
            Validity::Unknown
        );
        let missed = vec![
            ok(1, 2, ADD(1), Observed::Done),
            last(ok(20, 21, READ, Observed::Elements(vec![1]))),
            last(info(22, READ)),
        ];
        assert_eq!(
            run(&history(missed), &Budget::default()).validity,
            Validity::Unknown
        );
    }
}
