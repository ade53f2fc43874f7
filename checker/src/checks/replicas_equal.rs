//! `replicas-equal`: after healing and catching up, all members hold the same. Judged from dumps, not from the
//! history: the live runner calls it. It has no budget: it walks through both dumps once, which are in memory already.

use std::collections::{BTreeMap, BTreeSet};

use super::{Anomaly, Verdict};

const NAME: &str = "replicas-equal";

/// What one member holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaDump {
    /// Name of the member: `n0`.
    pub member: String,
    /// Collection to document id (as text) to a hash of the document's bytes.
    pub collections: BTreeMap<String, BTreeMap<String, u64>>,
    /// Oplog: (term, timestamp) to a hash of the entry's bytes. Members may have dropped old entries: only the
    /// range that both have is compared.
    pub oplog: BTreeMap<(i64, u64), u64>,
    /// The newest entry that it says it has, in the same words. It counts while the oplog is empty: of a member that copied
    /// its data when nobody wrote any more, the oplog begins after the newest entry.
    pub stands_at: Option<(i64, u64)>,
}

impl ReplicaDump {
    fn end(&self) -> Option<(i64, u64)> {
        self.oplog.keys().next_back().copied().or(self.stands_at)
    }
}

/// Compares every member with the first.
pub fn replicas_equal(dumps: &[ReplicaDump]) -> Verdict {
    let documents = |dump: &ReplicaDump| dump.collections.values().map(|all| all.len() as u64).sum::<u64>();
    let looked_at = dumps.iter().map(documents).sum();
    let [first, others @ ..] = dumps else {
        return Verdict::unknown(NAME, 0, "no member was dumped".to_owned());
    };
    if others.is_empty() {
        return Verdict::unknown(NAME, looked_at, format!("only {} was dumped", first.member));
    }
    let mut anomalies = Vec::new();
    for other in others {
        anomalies.extend(documents_differ(first, other));
        anomalies.extend(oplogs_differ(first, other));
    }
    if !anomalies.is_empty() {
        return Verdict::invalid(NAME, looked_at, anomalies);
    }
    let summary = format!(
        "{} members hold the same {} documents and {} oplog entries",
        dumps.len(),
        documents(first),
        first.oplog.len()
    );
    Verdict::valid(NAME, looked_at, summary)
}

fn documents_differ(left: &ReplicaDump, right: &ReplicaDump) -> Vec<Anomaly> {
    let empty = BTreeMap::new();
    let names: BTreeSet<&String> = left.collections.keys().chain(right.collections.keys()).collect();
    let mut anomalies = Vec::new();
    for name in names {
        let of_left = left.collections.get(name).unwrap_or(&empty);
        let of_right = right.collections.get(name).unwrap_or(&empty);
        let ids: BTreeSet<&String> = of_left.keys().chain(of_right.keys()).collect();
        for id in ids {
            let words = match (of_left.get(id), of_right.get(id)) {
                (Some(one), Some(other)) if one == other => continue,
                (Some(_), Some(_)) => {
                    format!("{name} {id} differs between {} and {}", left.member, right.member)
                }
                (Some(_), None) => format!("{name} {id} is on {} and not on {}", left.member, right.member),
                (None, _) => format!("{name} {id} is on {} and not on {}", right.member, left.member),
            };
            anomalies.push(anomaly("replicas-differ", words));
        }
    }
    anomalies
}

fn oplogs_differ(left: &ReplicaDump, right: &ReplicaDump) -> Vec<Anomaly> {
    let (end_left, end_right) = match (left.end(), right.end()) {
        (Some(end_left), Some(end_right)) => (end_left, end_right),
        (None, None) => return Vec::new(),
        (None, _) | (_, None) => {
            return vec![anomaly(
                "oplogs-differ",
                format!("one of {} and {} has no oplog", left.member, right.member),
            )];
        }
    };
    let mut anomalies = Vec::new();
    if end_left != end_right {
        let words = format!(
            "the oplog of {} ends at {end_left:?}, that of {} at {end_right:?}",
            left.member, right.member
        );
        anomalies.push(anomaly("oplogs-differ", words));
    }
    let begins = [left, right].map(|dump| dump.oplog.keys().next().copied());
    let [Some(begin_left), Some(begin_right)] = begins else {
        return anomalies;
    };
    let (begin, end) = (begin_left.max(begin_right), end_left.min(end_right));
    if begin > end {
        let words = format!(
            "the oplogs of {} and {} have no entry in common",
            left.member, right.member
        );
        anomalies.push(anomaly("oplogs-differ", words));
        return anomalies;
    }
    let optimes: BTreeSet<&(i64, u64)> = left
        .oplog
        .range(begin..=end)
        .chain(right.oplog.range(begin..=end))
        .map(|(optime, _)| optime)
        .collect();
    for optime in optimes {
        if left.oplog.get(optime) != right.oplog.get(optime) {
            let words = format!(
                "the oplogs of {} and {} differ at term {}, timestamp ({}, {})",
                left.member,
                right.member,
                optime.0,
                optime.1 >> 32,
                optime.1 & 0xffff_ffff
            );
            anomalies.push(anomaly("oplogs-differ", words));
        }
    }
    anomalies
}

fn anomaly(kind: &str, words: String) -> Anomaly {
    Anomaly {
        kind: kind.to_owned(),
        key: None,
        words,
        operations: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Validity;

    #[test]
    fn equal_dumps_are_valid_and_each_difference_is_told() {
        let one = dump("n0");
        let mut same = dump("n1");
        // An older entry that one member has dropped is no difference.
        same.oplog.remove(&(1, 1));
        assert_eq!(replicas_equal(&[one.clone(), same]).validity, Validity::Valid);
        assert_eq!(
            replicas_equal(std::slice::from_ref(&one)).validity,
            Validity::Unknown
        );
        let differ = |change: fn(&mut ReplicaDump), words: &str| {
            let mut other = dump("n1");
            change(&mut other);
            let verdict = replicas_equal(&[dump("n0"), other]);
            assert_eq!(verdict.validity, Validity::Invalid, "{words}");
            assert!(verdict.summary.contains(words), "{}", verdict.summary);
        };
        differ(
            |dump| assert!(dump.collections.get_mut("t.c").unwrap().remove("1").is_some()),
            "is on n0 and not on n1",
        );
        differ(
            |dump| {
                assert!(
                    dump.collections
                        .get_mut("t.c")
                        .unwrap()
                        .insert("1".into(), 9)
                        .is_some()
                )
            },
            "differs between",
        );
        differ(
            |dump| {
                assert!(
                    dump.collections
                        .insert("t.d".into(), [("7".into(), 1)].into())
                        .is_none()
                )
            },
            "is on n1 and not on n0",
        );
        differ(
            |dump| assert!(dump.oplog.insert((2, 3), 99).is_some()),
            "differ at term 2",
        );
        differ(|dump| assert!(dump.oplog.remove(&(2, 4)).is_some()), "ends at");
        differ(|dump| dump.oplog.clear(), "has no oplog");
        let copied_late = |stands_at| ReplicaDump {
            oplog: BTreeMap::new(),
            stands_at: Some(stands_at),
            ..dump("n1")
        };
        let verdict = |stands_at| replicas_equal(&[dump("n0"), copied_late(stands_at)]);
        assert_eq!(
            verdict((2, 4)).validity,
            Validity::Valid,
            "nothing came after its copy"
        );
        assert!(verdict((2, 3)).summary.contains("ends at"));
    }

    fn dump(member: &str) -> ReplicaDump {
        ReplicaDump {
            member: member.to_owned(),
            collections: [(
                "t.c".to_owned(),
                [("1".to_owned(), 5), ("2".to_owned(), 6)].into(),
            )]
            .into(),
            oplog: [((1, 1), 10), ((1, 2), 20), ((2, 3), 30), ((2, 4), 40)].into(),
            stands_at: None,
        }
    }
}
