//! One sample run of each kind that a person may open.

use std::{collections::BTreeMap, path::Path};

use checker::{
    checks::{Anomaly, Validity, Verdict},
    history::Phase,
    record::{
        SCHEMA,
        coverage::CoverageRecord,
        directory::{RunDirectory, RunFile},
        model::{ModelRecord, ModelResult, PropertyOutcome, PropertyResult, SimulationResult},
        replicas::{Difference, ReplicaDiff, ReplicaDigest, RolledBackEntry},
        status::OptimeRecord,
        verdict::VerdictRecord,
    },
};
use workloads::operation::{Action, Observed, WriteConcern};

use crate::samples::{MS, Sample};

/// What a hostile server puts into its documents, errors and logs.
pub(crate) const HOSTILE: &str = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\u{202e}gnp.\0\u{1b}[31m&quot;'\"--></script>";

/// Nothing broke.
pub(crate) fn green(results: &Path) -> RunDirectory {
    let sample = Sample::new(1, 45, 14_000);
    let directory = sample.write(results);
    judge(&directory, &sample, checks(&sample, None));
    extras(&directory, false);
    directory
}

/// A read that does not see an acknowledged write.
pub(crate) fn stale_read(results: &Path) -> RunDirectory {
    let mut sample = Sample::new(2, 40, 12_000);
    sample.run.planted_bug = Some("acknowledge_before_majority".to_owned());
    let at = sample.faults[1].applied_ns.unwrap() + 620 * MS;
    let ok = |observed, member| Phase::Ok {
        observed,
        member: Some(member),
    };
    let operations = vec![
        sample.add(
            101,
            at - 900 * MS,
            at - 898 * MS,
            Action::Write { key: 3, value: 4_101 },
            ok(Observed::Done, 1),
        ),
        sample.add(
            104,
            at,
            at + 41 * MS,
            Action::Write { key: 3, value: 4_177 },
            ok(Observed::Done, 1),
        ),
        sample.add(
            106,
            at + 20 * MS,
            at + 1_020 * MS,
            Action::Cas {
                key: 3,
                expect: Some(4_177),
                value: 4_180,
            },
            Phase::Info {
                error: "connection closed by n1".to_owned(),
            },
        ),
        sample.add(
            102,
            at + 44 * MS,
            at + 45 * MS,
            Action::Read { key: 3 },
            ok(Observed::Register(Some(4_177)), 1),
        ),
        sample.add(
            107,
            at + 1_460 * MS,
            at + 1_463 * MS,
            Action::Read { key: 3 },
            ok(Observed::Register(Some(4_101)), 2),
        ),
    ];
    sample.order();
    let words = format!(
        "Process 102 read 4177 from k3 (#{}), so the write #{} had taken effect; {} ms later process 107 read the older 4101 (#{}). No order of these operations explains both reads: the acknowledged write was lost when n1 came back.",
        operations[3], operations[1], 1_415, operations[4]
    );
    let anomaly = Anomaly {
        kind: "stale-read".to_owned(),
        key: Some(3),
        words,
        operations,
    };
    let directory = sample.write(results);
    judge(
        &directory,
        &sample,
        checks(
            &sample,
            Some((
                "linearizable",
                "k3 has no linear order: a read returned 4101 after another had returned the newer 4177",
                vec![anomaly],
            )),
        ),
    );
    extras(&directory, true);
    directory
}

/// Acknowledged inserts that the final reads do not show; the check found several.
pub(crate) fn lost_writes(results: &Path) -> RunDirectory {
    let mut sample = Sample::new(3, 30, 8_000);
    let mut anomalies = Vec::new();
    for key in 0..3u32 {
        let at = sample.faults[usize::try_from(key).unwrap() % 2]
            .applied_ns
            .unwrap()
            + 300 * MS;
        let value = 9_000 + i64::from(key);
        let write = sample.add(
            103,
            at,
            at + 12 * MS,
            Action::Add { key, value },
            Phase::Ok {
                observed: Observed::Done,
                member: None,
            },
        );
        let elements = (1..400).collect();
        let read = sample.add(
            105,
            29_000 * MS,
            29_010 * MS,
            Action::ReadSet { key },
            Phase::Ok {
                observed: Observed::Elements(elements),
                member: Some(0),
            },
        );
        let words = format!(
            "#{write} added {value} to set k{key} with w:majority and was acknowledged; the final read #{read} from n0 does not hold it."
        );
        anomalies.push(Anomaly {
            kind: "lost-write".to_owned(),
            key: Some(key),
            words,
            operations: vec![write, read],
        });
    }
    sample.order();
    let directory = sample.write(results);
    judge(
        &directory,
        &sample,
        checks(
            &sample,
            Some((
                "no-lost-write",
                "3 acknowledged majority writes are missing from the final reads, the first is 9000 in set k0",
                anomalies,
            )),
        ),
    );
    extras(&directory, true);
    directory
}

/// This check found something: two of the run's operations, and one sentence.
pub(crate) fn broken(results: &Path, seed: u64, check: &str, kind: &str) -> RunDirectory {
    let sample = Sample::new(seed, 10, 300);
    let operations = sample
        .history
        .iter()
        .map(|event| event.operation)
        .take(2)
        .collect();
    let mut broken = verdict(check, &format!("what {check} promises does not hold"), 300);
    broken.validity = Validity::Invalid;
    broken.anomalies = vec![Anomaly {
        kind: kind.to_owned(),
        key: Some(1),
        words: format!("these two show that what {check} promises does not hold"),
        operations,
    }];
    let directory = sample.write(results);
    let checks = checks(&sample, None)
        .into_iter()
        .filter(|other| other.check != check);
    judge(&directory, &sample, checks.chain([broken]).collect());
    directory
}

/// A check ran out of its budget.
pub(crate) fn unknown(results: &Path) -> RunDirectory {
    let sample = Sample::new(4, 20, 4_000);
    let directory = sample.write(results);
    let mut checks = checks(&sample, None);
    checks[0].validity = Validity::Unknown;
    checks[0].summary =
        "gave up after 60 s of CPU on key k7: 41 writes of unknown outcome overlap".to_owned();
    judge(&directory, &sample, checks);
    directory
}

/// A fault that did nothing.
pub(crate) fn invalid(results: &Path) -> RunDirectory {
    let mut sample = Sample::new(5, 20, 4_000);
    sample.faults[1].took_effect = false;
    sample.faults[1].effect = BTreeMap::from([("bytes_held".to_owned(), 0)]);
    sample.run.shortfalls = vec![
        "The partition of n1 at 7.4 s held back no byte: no connection went through the proxy.".to_owned(),
    ];
    let directory = sample.write(results);
    judge(&directory, &sample, checks(&sample, None));
    directory
}

/// A run of `count` operations.
pub(crate) fn large(results: &Path, seed: u64, count: u64) -> RunDirectory {
    let sample = Sample::new(seed, 300, count);
    let directory = sample.write(results);
    judge(&directory, &sample, checks(&sample, None));
    directory
}

/// Every text that comes from outside tries to be more than text.
pub(crate) fn hostile(results: &Path) -> RunDirectory {
    let mut sample = Sample::new(8, 15, 1_500);
    let huge = format!("{HOSTILE}{}", "A".repeat(200_000));
    let at = 5_000 * MS;
    let failed = sample.add(
        101,
        at,
        at + 5 * MS,
        Action::Read { key: 1 },
        Phase::Fail {
            error: HOSTILE.to_owned(),
        },
    );
    let unknown = sample.add(
        102,
        at + MS,
        at + 900 * MS,
        Action::Write { key: 1, value: 5 },
        Phase::Info { error: huge.clone() },
    );
    sample.order();
    sample.faults[0].words = HOSTILE.to_owned();
    sample.faults[0].effect = BTreeMap::from([(HOSTILE.to_owned(), u64::MAX)]);
    sample.run.commands.repeat = format!("echo '{HOSTILE}'");
    sample.run.workloads[0].about = HOSTILE.to_owned();
    sample.run.members[0].name = HOSTILE.to_owned();
    sample.run.not_checked = vec![huge.clone()];
    let words = format!("{HOSTILE} #{failed} and #{unknown} and #99999999 and # and {huge}");
    let anomaly = Anomaly {
        kind: HOSTILE.to_owned(),
        key: None,
        words,
        operations: vec![failed, unknown, 99_999_999],
    };
    let directory = sample.write(results);
    std::fs::write(
        directory.node_log(0),
        format!("@5000000000 {}\n\u{fffd}\n", HOSTILE.replace('\n', " ")),
    )
    .unwrap();
    judge(
        &directory,
        &sample,
        checks(&sample, Some(("linearizable", HOSTILE, vec![anomaly]))),
    );
    let member = |text: &str| vec![(0, Some(text.to_owned())), (1, None)];
    let replicas = ReplicaDiff {
        schema: SCHEMA,
        documents: vec![Difference {
            place: HOSTILE.to_owned(),
            per_member: member(&huge),
        }],
        ..ReplicaDiff::default()
    };
    directory.write(RunFile::Replicas, &replicas).unwrap();
    directory
}

/// Killed in the middle: half a line, no verdict.
pub(crate) fn torn(results: &Path) -> RunDirectory {
    let sample = Sample::new(9, 12, 900);
    let directory = sample.write(results);
    let mut text = std::fs::read(directory.path(RunFile::History)).unwrap();
    text.truncate(text.len() - 17);
    std::fs::write(directory.path(RunFile::History), text).unwrap();
    std::fs::remove_file(directory.path(RunFile::Status)).unwrap();
    directory
}

fn judge(directory: &RunDirectory, sample: &Sample, checks: Vec<Verdict>) {
    let verdict = VerdictRecord::judge(checks, &sample.run.shortfalls, &sample.history, &sample.faults);
    directory.write(RunFile::Verdict, &verdict).unwrap();
}

fn checks(sample: &Sample, broken: Option<(&str, &str, Vec<Anomaly>)>) -> Vec<Verdict> {
    let operations = sample.history.len() as u64 / 2;
    let mut checks = vec![
        verdict(
            "linearizable",
            "every key has a linear order that respects real time",
            operations,
        ),
        verdict(
            "no-lost-write",
            "every write acknowledged with w:majority is in the final reads",
            operations / 3,
        ),
        verdict(
            "replicas-equal",
            "all three members hold the same documents and the same oplog",
            3,
        ),
    ];
    checks[0].notes = vec!["41 of 52 writes of unknown outcome were resolved from the oplog".to_owned()];
    if let Some((name, summary, anomalies)) = broken {
        let check = checks.iter_mut().find(|check| check.check == name).unwrap();
        check.validity = Validity::Invalid;
        check.summary = summary.to_owned();
        check.anomalies = anomalies;
    }
    checks
}

fn verdict(check: &str, summary: &str, operations: u64) -> Verdict {
    Verdict {
        check: check.to_owned(),
        validity: Validity::Valid,
        summary: summary.to_owned(),
        operations,
        anomalies: Vec::new(),
        spent_ms: operations / 9,
        notes: Vec::new(),
    }
}

fn extras(directory: &RunDirectory, differ: bool) {
    let rules = [
        "update_term",
        "stand_for_election",
        "grant_vote",
        "become_primary",
        "step_down",
        "client_write",
        "append_oplog",
        "roll_back_oplog",
        "advance_commit_point",
        "learn_commit_point",
        "acknowledge_write",
        "answer_read",
    ];
    let counts = |base: u64| {
        rules
            .iter()
            .zip(1u64..)
            .map(|(rule, place)| ((*rule).to_owned(), base / (place * place)))
            .collect::<BTreeMap<_, _>>()
    };
    let mut live = counts(40_000);
    live.insert("roll_back_oplog".to_owned(), 0);
    let coverage = CoverageRecord {
        schema: SCHEMA,
        worlds: BTreeMap::from([("model".to_owned(), counts(2_000_000)), ("live".to_owned(), live)]),
    };
    directory.write(RunFile::Coverage, &coverage).unwrap();
    directory.write(RunFile::Model, &model(differ)).unwrap();
    directory.write(RunFile::Replicas, &replicas(differ)).unwrap();
}

fn model(broken: bool) -> ModelRecord {
    let property = |name: &str, about: &str, outcome| PropertyResult {
        name: name.to_owned(),
        about: about.to_owned(),
        outcome,
    };
    let last = if broken {
        PropertyOutcome::Violated
    } else {
        PropertyOutcome::Held
    };
    ModelRecord {
        schema: SCHEMA,
        simulation: Some(SimulationResult {
            from: 0,
            seeds: 200,
            steps: 3_201_118,
            simulated_s: 31_400,
            elapsed_ms: 2_950,
            violation: None,
        }),
        fired: BTreeMap::new(),
        models: vec![ModelResult {
            name: "elections".to_owned(),
            bounds: "3 members, 2 terms, 2 entries, 1 crash".to_owned(),
            states: 184_302,
            depth: 31,
            elapsed_ms: 8_410,
            complete: true,
            properties: vec![
                property("one_primary_per_term", "two members never lead in the same term", PropertyOutcome::Held),
                property("log_matching", "equal OpTimes have equal histories", PropertyOutcome::Held),
                property("never_roll_back_committed", "what is majority-committed stays", last),
                property("some_entry_is_rolled_back", "the model is not vacuous", PropertyOutcome::Reached),
            ],
            violation_chart: broken.then(|| "n0            n1            n2\n│ stand       │             │\n├──vote? t2──▶│             │\n│◀──yes───────┤             │\n│ PRIMARY t2  │             │\n│ write a     │             │\n╳ crash       │ stand       │\n│             ├──vote? t3──▶│\n│             │ PRIMARY t3  │   ✕ never_roll_back_committed".to_owned()),
        }],
    }
}

fn replicas(differ: bool) -> ReplicaDiff {
    let digest = |member, hash: &str| ReplicaDigest {
        member,
        documents: 10,
        oplog_entries: 4_127,
        last: Some(OptimeRecord {
            term: 5,
            seconds: 1_795_244_988,
            increment: 17,
        }),
        hash: hash.to_owned(),
    };
    let (same, other) = ("crc32c:8a2f91d0", "crc32c:11ce03b7");
    let mut diff = ReplicaDiff {
        schema: SCHEMA,
        members: vec![
            digest(0, same),
            digest(1, if differ { other } else { same }),
            digest(2, same),
        ],
        ..ReplicaDiff::default()
    };
    if differ {
        let held = |text: &str| Some(text.to_owned());
        diff.documents = vec![Difference {
            place: "checker.register _id: 3".to_owned(),
            per_member: vec![
                (0, held("{_id: 3, v: 4101}")),
                (1, held("{_id: 3, v: 4177}")),
                (2, held("{_id: 3, v: 4101}")),
            ],
        }];
        diff.oplog = vec![Difference {
            place: "t2 1795244957:31".to_owned(),
            per_member: vec![
                (0, None),
                (
                    1,
                    held("{op: \"u\", ns: \"checker.register\", o2: {_id: 3}, o: {v: 4177}}"),
                ),
                (2, None),
            ],
        }];
        diff.rolled_back = vec![
            RolledBackEntry {
                member: 1,
                optime: OptimeRecord {
                    term: 2,
                    seconds: 1_795_244_957,
                    increment: 31,
                },
                entry: "{op: \"u\", o2: {_id: 3}, o: {v: 4177}}".to_owned(),
                operation: Some(12),
                acknowledged: Some(WriteConcern::Majority),
            },
            RolledBackEntry {
                member: 1,
                optime: OptimeRecord {
                    term: 2,
                    seconds: 1_795_244_957,
                    increment: 32,
                },
                entry: "{op: \"u\", o2: {_id: 5}, o: {v: 4179}}".to_owned(),
                operation: Some(14),
                acknowledged: None,
            },
        ];
    }
    diff
}
