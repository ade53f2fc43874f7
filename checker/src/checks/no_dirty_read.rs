//! `no-dirty-read`: a majority read never shows what did not happen, or what is taken back later.

use workloads::operation::{Key, Observed, Value};

use super::{
    Anomaly, Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    holders::{Holder, looked_at, written},
    linearizable::{FastMap, FastSet},
    promised::is_committed,
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "no-dirty-read",
    promise: "majority and linearizable reads show only what a majority holds for good: no refused write, and \
              nothing that a later final read lacks",
    complexity: "O(n + R)",
    source: "MongoDB, \"Read Concern majority\"; Adya 1999 G1a (aborted read); Jepsen dirty-read workload",
    anomalies: &["aborted-read", "rolled-back-read"],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    refused_seen(history, watch, anomalies)?;
    let elements = taken_back(history, watch, anomalies)?;
    let strong = history.ops.iter().filter(|op| op.is_ok() && is_strong(op));
    let strong = strong.count() as u64;
    Ok(anomalies.verdict(CHECK.name, strong, || {
        format!(
            "{strong} reads showed no refused write; {elements} elements seen were still there at the end"
        )
    }))
}

fn is_strong(op: &Op) -> bool {
    op.request.action.is_read() && is_committed(&op.request.concerns)
}

fn seen(op: &Op) -> &[Value] {
    match op.observed() {
        Some(Observed::Register(Some(value))) => std::slice::from_ref(value),
        Some(Observed::Elements(elements) | Observed::Unordered(elements)) => elements,
        _ => &[],
    }
}

/// Values whose every write was refused, and that were read all the same.
fn refused_seen(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<(), Exhausted> {
    let mut refused: FastMap<(Holder, Key, Value), &Op> = FastMap::default();
    for op in &history.ops {
        watch.step()?;
        if op.is_fail() {
            for place in written(&op.request.action) {
                watch.holds::<((Holder, Key, Value), &Op)>(1);
                refused.entry(place).or_insert(op);
            }
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    for op in history.ops.iter().filter(|op| !op.is_fail()) {
        watch.step()?;
        for place in written(&op.request.action) {
            refused.remove(&place);
        }
    }
    for read in history.ops.iter().filter(|op| is_strong(op)) {
        watch.step()?;
        let Some((holder, key)) = looked_at(&read.request.action) else {
            continue;
        };
        for value in seen(read) {
            watch.step()?;
            if let Some(writer) = refused.get(&(holder, key, *value)) {
                let words = format!(
                    "{} saw {value} of {}, which did not happen",
                    describe(read),
                    describe(writer)
                );
                anomalies.add("aborted-read", key, words, &[writer, read]);
            }
        }
    }
    Ok(())
}

/// Strong reads of one set or list.
#[derive(Default)]
struct Reads<'a> {
    all: Vec<&'a Op>,
    last: Vec<&'a Op>,
}

/// Elements that a strong read saw and that a final read, called after it returned, lacks. Gives how many different ones
/// were seen.
fn taken_back(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<usize, Exhausted> {
    let mut numbers: FastMap<(Holder, Key), usize> = FastMap::default();
    let mut of_place: Vec<((Holder, Key), Reads<'_>)> = Vec::new();
    for read in history
        .ops
        .iter()
        .filter(|op| op.is_ok() && (op.last || is_strong(op)))
    {
        watch.step()?;
        let place = looked_at(&read.request.action).filter(|(holder, _)| *holder != Holder::Register);
        let Some(place) = place else { continue };
        let number = *numbers.entry(place).or_insert_with(|| {
            watch.holds::<((Holder, Key), Reads<'_>)>(2);
            of_place.push((place, Reads::default()));
            of_place.len() - 1
        });
        watch.holds::<&Op>(1);
        let reads = &mut of_place[number].1;
        if is_strong(read) {
            reads.all.push(read);
        }
        if read.last {
            reads.last.push(read);
        }
    }
    of_place.sort_unstable_by_key(|(place, _)| *place);
    let mut elements = 0;
    for ((holder, key), reads) in &of_place {
        elements += taken_back_of(history, (*holder, *key), reads, watch, anomalies)?;
    }
    Ok(elements)
}

fn taken_back_of(
    history: &History,
    (holder, key): (Holder, Key),
    reads: &Reads<'_>,
    watch: &mut Watch,
    anomalies: &mut Anomalies,
) -> Result<usize, Exhausted> {
    let mut firsts = FirstSeen::of(&reads.all);
    for read in &reads.all {
        watch.steps(firsts.see(read))?;
    }
    let firsts = firsts.finish();
    watch.holds::<(Value, &Op)>(firsts.len());
    for last in &reads.last {
        watch.steps(firsts.len())?;
        let present: FastSet<Value> = seen(last).iter().copied().collect();
        let mut missing: Vec<&(Value, &Op)> = firsts
            .iter()
            .filter(|(value, first)| first.returned < last.call && !present.contains(value))
            .collect();
        missing.sort_unstable_by_key(|(value, _)| *value);
        missing.truncate(Anomaly::LIMIT);
        for (value, first) in missing {
            if anomalies.is_full() {
                break;
            }
            watch.look()?;
            let writer = history
                .ops
                .iter()
                .find(|op| written(&op.request.action).contains(&(holder, key, *value)));
            let words = format!(
                "{} saw {value}, and {} does not hold it any more",
                describe(first),
                describe(last)
            );
            let involved: Vec<&Op> = writer.into_iter().chain([*first, *last]).collect();
            anomalies.add("rolled-back-read", key, words, &involved);
        }
    }
    Ok(firsts.len())
}

/// Of each element the read that returned first among those that hold it. Most reads begin as the longest one does: of
/// those only the length counts, and their elements are not looked at one by one.
struct FirstSeen<'a> {
    longest: &'a [Value],
    /// By length: the read that returned first.
    by_length: Vec<Option<&'a Op>>,
    /// By element, what reads say that begin otherwise; and whether the longest has the element, too.
    others: FastMap<Value, (&'a Op, bool)>,
}

impl<'a> FirstSeen<'a> {
    fn of(reads: &[&'a Op]) -> Self {
        let longest = reads
            .iter()
            .map(|read| seen(read))
            .max_by_key(|found| found.len());
        let longest = longest.unwrap_or_default();
        Self {
            longest,
            by_length: vec![None; longest.len() + 1],
            others: FastMap::default(),
        }
    }

    /// Gives the number of steps that it took.
    fn see(&mut self, read: &'a Op) -> usize {
        let found = seen(read);
        let earlier = |first: &Option<&Op>| first.is_none_or(|first| read.returned < first.returned);
        if self.longest.starts_with(found) {
            let first = &mut self.by_length[found.len()];
            if earlier(first) {
                *first = Some(read);
            }
            // Comparing takes a fraction of what a look takes.
            return 1 + found.len() / 16;
        }
        for value in found {
            let (first, _) = self.others.entry(*value).or_insert((read, false));
            if read.returned < first.returned {
                *first = read;
            }
        }
        1 + found.len()
    }

    /// Each element once, with the first read.
    fn finish(mut self) -> Vec<(Value, &'a Op)> {
        let mut firsts = Vec::with_capacity(self.longest.len());
        let mut first: Option<&Op> = None;
        // Who has more elements has these, too.
        for (at, value) in self.longest.iter().enumerate().rev() {
            let of_length = self.by_length[at + 1];
            if let Some(read) = of_length
                && first.is_none_or(|first| read.returned <= first.returned)
            {
                first = of_length;
            }
            if let Some(mut first) = first {
                if !self.others.is_empty()
                    && let Some((other, told)) = self.others.get_mut(value)
                {
                    *told = true;
                    if other.returned < first.returned {
                        first = other;
                    }
                }
                firsts.push((*value, first));
            }
        }
        let untold = self.others.into_iter().filter(|(_, (_, told))| !told);
        firsts.extend(untold.map(|(value, (first, _))| (value, first)));
        firsts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{fail, history, info, last, ok, with},
        witness::tests::World,
    };
    use workloads::operation::{Concerns, ReadConcern};

    use workloads::operation::Action;

    #[test]
    fn the_first_reader_of_each_element_is_the_one_that_a_look_at_all_tells() {
        let mut seen_first = 0;
        for seed in 0..10_000 {
            let history = World::play(seed);
            let of_key = |key| {
                let looks = move |op: &&Op| {
                    op.is_ok() && looked_at(&op.request.action).is_some_and(|place| place.1 == key)
                };
                history.ops.iter().filter(looks).collect::<Vec<&Op>>()
            };
            for key in 0..2 {
                let reads = of_key(key);
                let mut firsts = FirstSeen::of(&reads);
                let mut plain: BTreeMap<Value, u64> = BTreeMap::new();
                let mut by_return = reads.clone();
                by_return.sort_by_key(|read| read.returned);
                for read in by_return {
                    seen(read).iter().for_each(|value| {
                        plain.entry(*value).or_insert(read.number);
                    });
                }
                reads.iter().for_each(|read| assert!(firsts.see(read) > 0));
                let firsts: BTreeMap<Value, u64> = firsts
                    .finish()
                    .into_iter()
                    .map(|(value, read)| (value, read.number))
                    .collect();
                seen_first += firsts.len();
                assert_eq!(firsts, plain, "seed {seed}, key {key}: {history:?}");
            }
        }
        assert!(seen_first > 10_000, "{seen_first}");
    }

    #[test]
    fn refused_and_taken_back_values_are_found() {
        let write = |value| Action::Write { key: 0, value };
        let saw = |value| ok(5, 6, Action::Read { key: 0 }, Observed::Register(Some(value)));
        let dirty = history(vec![fail(1, 2, write(7)), saw(7)]);
        let verdict = run(&dirty, &Budget::default());
        assert_eq!(
            (verdict.validity, verdict.anomalies[0].kind.as_str()),
            (Validity::Invalid, "aborted-read")
        );
        assert_eq!(verdict.anomalies[0].operations, [0, 1]);
        let fine = history(vec![info(1, write(7)), saw(7)]);
        assert_eq!(run(&fine, &Budget::default()).validity, Validity::Valid);

        let elements = |all: &[Value]| Observed::Elements(all.to_vec());
        let look = |call, all: &[Value]| ok(call, call + 1, Action::ReadSet { key: 1 }, elements(all));
        let rolled_back = history(vec![look(3, &[1, 2]), last(look(8, &[1]))]);
        let verdict = run(&rolled_back, &Budget::default());
        assert_eq!(
            (verdict.validity, verdict.anomalies[0].kind.as_str()),
            (Validity::Invalid, "rolled-back-read")
        );
        let local = Concerns {
            read: ReadConcern::Local,
            ..Concerns::MAJORITY
        };
        let permitted = history(vec![with(local, look(3, &[1, 2])), last(look(8, &[1]))]);
        assert_eq!(run(&permitted, &Budget::default()).validity, Validity::Valid);
    }
}
