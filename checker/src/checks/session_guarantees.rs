//! `session-guarantees`: a session never sees the world go back.
//!
//! Source: Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", 1994; MongoDB, "Causal
//! Consistency and Read and Write Concerns".
//!
//! Values are unique, so each read names the write it saw. Of two writes of a key it is *certain* that one is
//! older when it returned before the other was called; when the other swapped exactly its value away; or when the
//! session that wrote the other had seen or written it before. A session that saw or wrote `b` and then sees an `a`
//! that is certainly older broke a guarantee:
//!
//! | it had | older because | name |
//! |---|---|---|
//! | written `b` | any | read-your-writes |
//! | seen `b` | the writer of `b` wrote `a` before | monotonic-writes |
//! | seen `b` | the writer of `b` had seen `a` | writes-follow-reads |
//! | seen `b` | any other | monotonic-reads |

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, Value};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    linearizable::FastMap,
    promised::{is_durable, keeps_session},
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "session-guarantees",
    promise: "a causal session with majority reads and writes reads its own writes, never reads backwards, and its \
              writes come after what it read and wrote before",
    complexity: "O(n)",
    source: "Terry et al. 1994; MongoDB, \"Causal Consistency and Read and Write Concerns\"",
    anomalies: &[
        "read-your-writes",
        "monotonic-reads",
        "monotonic-writes",
        "writes-follow-reads",
    ],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut writers: FastMap<(Key, Value), Writer<'_>> = FastMap::default();
    let mut reused = false;
    for op in &history.ops {
        watch.step()?;
        if let Action::Write { key, value } | Action::Cas { key, value, .. } = op.request.action {
            let writer = Writer { op, before: None };
            watch.holds::<((Key, Value), Writer<'_>)>(1);
            reused |= writers.insert((key, value), writer).is_some();
        }
    }
    if reused {
        let reason = "values are written more than once, so a read does not tell which write it saw";
        return Ok(Verdict::unknown(CHECK.name, 0, reason.to_owned()));
    }
    let sessions = sessions(history, watch)?;
    for steps in sessions.values() {
        remember_before(steps, &mut writers, watch)?;
    }
    let mut operations = 0;
    for steps in sessions.values() {
        operations += steps.len() as u64;
        judge_session(steps, &writers, watch, anomalies)?;
    }
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!("{} sessions never saw the world go back", sessions.len())
    }))
}

struct Writer<'a> {
    op: &'a Op,
    /// What its session had last seen (`false`) or written (`true`) of the key before.
    before: Option<(Value, bool, &'a Op)>,
}

/// One step of a session on one key.
struct Step<'a> {
    op: &'a Op,
    key: Key,
    value: Option<Value>,
    is_write: bool,
}

/// Operations by process that promise the guarantees, in order.
fn sessions<'a>(history: &'a History, watch: &mut Watch) -> Result<BTreeMap<u32, Vec<Step<'a>>>, Exhausted> {
    let mut sessions: BTreeMap<u32, Vec<Step<'a>>> = BTreeMap::new();
    for op in &history.ops {
        watch.step()?;
        if !keeps_session(&op.request) {
            continue;
        }
        let durable = is_durable(&op.request.concerns);
        let step = match (&op.request.action, op.observed()) {
            (Action::Read { key }, Some(Observed::Register(found))) => Step {
                op,
                key: *key,
                value: *found,
                is_write: false,
            },
            (Action::Write { key, value }, Some(_)) if durable => Step {
                op,
                key: *key,
                value: Some(*value),
                is_write: true,
            },
            (Action::Cas { key, value, .. }, Some(Observed::Swapped { swapped: true, .. })) if durable => {
                Step {
                    op,
                    key: *key,
                    value: Some(*value),
                    is_write: true,
                }
            }
            _ => continue,
        };
        watch.holds::<Step<'_>>(1);
        sessions.entry(op.process).or_default().push(step);
    }
    Ok(sessions)
}

fn remember_before<'a>(
    steps: &[Step<'a>],
    writers: &mut FastMap<(Key, Value), Writer<'a>>,
    watch: &mut Watch,
) -> Result<(), Exhausted> {
    let mut held: FastMap<Key, (Value, bool, &'a Op)> = FastMap::default();
    for step in steps {
        watch.step()?;
        let Some(value) = step.value else { continue };
        if step.is_write
            && let Some(writer) = writers.get_mut(&(step.key, value))
        {
            writer.before = held.get(&step.key).copied();
        }
        held.insert(step.key, (value, step.is_write, step.op));
    }
    Ok(())
}

fn judge_session(
    steps: &[Step<'_>],
    writers: &FastMap<(Key, Value), Writer<'_>>,
    watch: &mut Watch,
    anomalies: &mut Anomalies,
) -> Result<(), Exhausted> {
    let mut held: FastMap<Key, &Step<'_>> = FastMap::default();
    for step in steps {
        watch.step()?;
        if !step.is_write
            && let Some(before) = held.get(&step.key)
            && let Some(why) = older(step, before, writers)
        {
            let kind = match (before.is_write, why) {
                (true, _) => "read-your-writes",
                (false, Older::WrittenBefore) => "monotonic-writes",
                (false, Older::SeenBefore(_)) => "writes-follow-reads",
                (false, Older::Certain) => "monotonic-reads",
            };
            let words = format!(
                "in one session {} came before {}, which shows an older state of key {}",
                describe(before.op),
                describe(step.op),
                step.key
            );
            let mut involved = vec![before.op, step.op];
            if let Older::SeenBefore(read) = why {
                involved.push(read);
            }
            let writer_of = |value: Option<Value>| value.and_then(|value| writers.get(&(step.key, value)));
            involved.extend(
                [step.value, before.value]
                    .into_iter()
                    .filter_map(writer_of)
                    .map(|writer| writer.op),
            );
            involved.sort_by_key(|op| op.call);
            involved.dedup_by_key(|op| op.number);
            anomalies.add(kind, step.key, words, &involved);
        }
        if step.value.is_some() {
            held.insert(step.key, step);
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Older<'a> {
    WrittenBefore,
    /// By this read of the session that wrote the newer one.
    SeenBefore(&'a Op),
    Certain,
}

/// Whether what `now` shows is certainly older than what `before` showed or wrote, and how that is known.
fn older<'a>(
    now: &Step<'_>,
    before: &Step<'_>,
    writers: &FastMap<(Key, Value), Writer<'a>>,
) -> Option<Older<'a>> {
    let newer = before.value?;
    // Nothing is older than anything.
    let Some(value) = now.value else {
        return Some(Older::Certain);
    };
    if value == newer {
        return None;
    }
    let newer = writers.get(&(now.key, newer))?;
    if let Some((held, written, op)) = newer.before
        && held == value
    {
        return Some(if written {
            Older::WrittenBefore
        } else {
            Older::SeenBefore(op)
        });
    }
    let swapped_away = match (&newer.op.request.action, newer.op.observed()) {
        (Action::Cas { expect, .. }, Some(Observed::Swapped { swapped: true, .. })) => *expect == Some(value),
        _ => false,
    };
    let shown = writers.get(&(now.key, value))?;
    let earlier =
        shown.op.is_ok() && is_durable(&shown.op.request.concerns) && shown.op.returned < newer.op.call;
    (swapped_away || earlier).then_some(Older::Certain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{causal, history, ok},
    };

    #[test]
    fn each_guarantee_is_named_when_it_breaks() {
        let write = |process, call, value| {
            causal(
                process,
                ok(call, call + 1, Action::Write { key: 0, value }, Observed::Done),
            )
        };
        let read = |process, call, value| {
            causal(
                process,
                ok(call, call + 1, Action::Read { key: 0 }, Observed::Register(value)),
            )
        };
        let kinds = |ops: Vec<Op>| {
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| anomaly.kind)
                .collect::<Vec<_>>()
        };
        assert!(
            kinds(vec![
                write(1, 1, 5),
                read(1, 3, Some(5)),
                read(2, 5, None),
                read(2, 7, Some(5))
            ])
            .is_empty()
        );
        assert_eq!(
            kinds(vec![write(1, 1, 5), read(1, 3, None)]),
            ["read-your-writes"]
        );
        assert_eq!(
            kinds(vec![write(2, 1, 4), write(1, 3, 5), read(1, 5, Some(4))]),
            ["read-your-writes"]
        );
        assert_eq!(
            kinds(vec![
                write(1, 1, 4),
                write(2, 3, 5),
                read(3, 5, Some(5)),
                read(3, 7, Some(4))
            ]),
            ["monotonic-reads"]
        );
        assert_eq!(
            kinds(vec![
                write(1, 1, 4),
                write(1, 3, 5),
                read(3, 5, Some(5)),
                read(3, 7, Some(4))
            ]),
            ["monotonic-writes"]
        );
        let seen_first = vec![
            write(1, 1, 4),
            read(2, 3, Some(4)),
            write(2, 5, 5),
            read(3, 7, Some(5)),
            read(3, 9, Some(4)),
        ];
        assert_eq!(kinds(seen_first), ["writes-follow-reads"]);
        // Concurrent writes have no certain order.
        let concurrent = vec![
            causal(1, ok(1, 9, Action::Write { key: 0, value: 4 }, Observed::Done)),
            causal(2, ok(2, 8, Action::Write { key: 0, value: 5 }, Observed::Done)),
            read(3, 10, Some(5)),
            read(3, 12, Some(4)),
        ];
        assert!(kinds(concurrent).is_empty());
        let reused = vec![write(1, 1, 5), write(1, 3, 5)];
        assert_eq!(
            run(&history(reused), &Budget::default()).validity,
            Validity::Unknown
        );
    }
}
