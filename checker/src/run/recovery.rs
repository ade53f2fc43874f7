//! After which moments of a run clients are owed success, and how soon, by the members' own timing settings.

use std::time::Duration;

use super::{scenario::Scenario, tempo};
use crate::{
    checks::Disturbance,
    client::limits,
    nemesis::fault::{Fault, Member},
    record::{fault::FaultRecord, standstill::StandstillRecord},
};

/// How many elections in a row may fail (split votes, a candidate that is behind) before something is wrong.
const ELECTION_ROUNDS: u32 = 3;

/// Random offset of election timeouts, as a share of them (MongoDB's `replElectionTimeoutOffsetLimitFraction` is 15).
const ELECTION_OFFSET_PERCENT: u64 = 15;

/// How soon a client succeeds again while a majority of members can work: the driver notices that its member is gone
/// (one look each [`limits::HEARTBEAT`], which waits at most [`limits::CONNECT`]) while members elect another one;
/// then its next look finds that one. Twice that, because machines are shared.
pub fn limit() -> Duration {
    let timeout_ms = tempo::ELECTION_TIMEOUT_MS * (100 + ELECTION_OFFSET_PERCENT) / 100;
    let round = Duration::from_millis(timeout_ms + tempo::HEARTBEAT_INTERVAL_MS);
    let noticed = limits::HEARTBEAT + limits::CONNECT;
    2 * (noticed.max(round) + (ELECTION_ROUNDS - 1) * round + limits::HEARTBEAT + limits::CONNECT)
}

/// The begin and the end of each fault after which a majority of the members is up and connected, and as many of them
/// hold data as a majority write asks for. Nothing is owed after
/// the next disturbance, nor after `end_ns`, when clients stop. While the machine stands still nothing is owed either; from
/// the end of it on it is owed anew.
pub fn disturbances(
    faults: &[FaultRecord],
    standstills: &[StandstillRecord],
    scenario: &Scenario,
    end_ns: u64,
) -> Vec<Disturbance> {
    let mut moments: Vec<(u64, String)> = Vec::new();
    for standstill in standstills {
        let words = format!(
            "standstill of the machine for {} ms",
            standstill.length_ns() / 1_000_000
        );
        moments.push((standstill.from_ns, format!("begin of: {words}")));
        moments.push((standstill.until_ns, format!("end of: {words}")));
    }
    for fault in faults {
        if fills(fault) {
            moments.push((fault.planned_ns, format!("begin of: {}", fault.words)));
        }
        moments.extend(fault.applied_ns.map(|at_ns| (at_ns, fault.words.clone())));
        moments.extend(
            fault
                .healed_ns
                .map(|at_ns| (at_ns, format!("end of: {}", fault.words))),
        );
    }
    moments.retain(|(at_ns, _)| *at_ns < end_ns);
    moments.sort();
    let until = moments.iter().skip(1).map(|(at_ns, _)| *at_ns).chain([end_ns]);
    let untils: Vec<u64> = until.collect();
    moments
        .into_iter()
        .zip(untils)
        .filter(|((at_ns, _), _)| majority_works(faults, scenario, *at_ns) && moves(standstills, *at_ns))
        .map(|((at_ns, words), until_ns)| Disturbance {
            words,
            at_ns,
            until_ns,
        })
        .collect()
}

/// Whether more than half of the members run, and each of them reaches each other one, at this moment.
fn majority_works(faults: &[FaultRecord], scenario: &Scenario, at_ns: u64) -> bool {
    let in_force = |fault: &&FaultRecord| {
        let begun = fault.applied_ns.is_some_and(|applied_ns| applied_ns <= at_ns);
        begun && fault.healed_ns.is_none_or(|healed_ns| healed_ns > at_ns)
    };
    // A bulk load has the disks for itself: heartbeats wait behind it where they are slow.
    let loaded = |fault: &FaultRecord| {
        let done_ns = fault.applied_ns.unwrap_or(u64::MAX);
        fills(fault) && (fault.planned_ns..done_ns).contains(&at_ns)
    };
    if faults.iter().any(loaded) {
        return false;
    }
    let mut away: Vec<Member> = Vec::new();
    let mut cut: Vec<(Member, Member)> = Vec::new();
    for fault in faults.iter().filter(in_force) {
        match &fault.fault {
            Fault::Partition { links, .. }
            | Fault::Jam { links, .. }
            | Fault::SlowLinks { links, .. }
            | Fault::HalfOpen { links, .. }
            | Fault::CorruptLinks { links, .. }
            | Fault::LossyLinks { links, .. }
            | Fault::ReorderLinks { links, .. } => {
                cut.extend(links);
            }
            // The set is well and elects nobody else, while clients do not reach it.
            Fault::ClientLinks { .. } => return false,
            Fault::ClockJump { .. }
            | Fault::ClockStrobe { .. }
            | Fault::ResetConnections { .. }
            | Fault::DuplicateLinks { .. }
            | Fault::Enroll { .. } => {}
            other => away.extend(other.members()),
        }
    }
    let voters = u32::from(scenario.voters().min(16));
    let with_data = (1 << scenario.members.min(16)) - 1_u32;
    let written = (voters / 2 + 1).min(with_data.count_ones());
    (0u32..1 << voters).any(|set| {
        let inside = |member: &Member| set >> member & 1 == 1;
        set.count_ones() * 2 > voters
            && (set & with_data).count_ones() >= written
            && !away.iter().any(inside)
            && !cut.iter().any(|(from, to)| inside(from) && inside(to))
    })
}

/// Whether the machine does not stand still at this moment.
fn moves(standstills: &[StandstillRecord], at_ns: u64) -> bool {
    standstills
        .iter()
        .all(|one| !(one.from_ns..one.until_ns).contains(&at_ns))
}

fn fills(fault: &FaultRecord) -> bool {
    matches!(fault.fault, Fault::FillOplog { .. })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        nemesis::client_deed::{ClientDeed, ClientWay},
        record::fault::Recovery,
    };

    #[test]
    fn success_is_owed_while_a_majority_works_and_until_the_next_disturbance() {
        let kill = |member, from, to| {
            fault(
                Fault::Kill {
                    members: vec![member],
                },
                from,
                to,
            )
        };
        let one = disturbances(&[kill(0, 10, 20)], &[], &three(), 100);
        let times: Vec<(u64, u64)> = one.iter().map(|one| (one.at_ns, one.until_ns)).collect();
        assert_eq!(times, [(10, 20), (20, 100)]);
        let two = disturbances(&[kill(0, 10, 30), kill(1, 20, 40)], &[], &three(), 100);
        let times: Vec<(u64, u64)> = two.iter().map(|one| (one.at_ns, one.until_ns)).collect();
        assert_eq!(
            times,
            [(10, 20), (30, 40), (40, 100)],
            "between 20 and 30 nobody can be elected"
        );
        assert!(disturbances(&[kill(0, 10, 30)], &[], &three(), 10).is_empty());
    }

    #[test]
    fn nothing_is_owed_during_a_bulk_load_nor_while_clients_are_cut_off() {
        let mut load = fault(Fault::FillOplog { megabytes: 1 }, 40, 40);
        load.planned_ns = 20;
        let kill = fault(Fault::Kill { members: vec![1] }, 10, 60);
        let owed = disturbances(&[kill, load], &[], &three(), 100);
        let times: Vec<(u64, u64)> = owed.iter().map(|one| (one.at_ns, one.until_ns)).collect();
        assert_eq!(times, [(10, 20), (40, 40), (40, 60), (60, 100)]);
        let cut = Fault::ClientLinks {
            members: vec![0],
            way: ClientWay::Both,
            deed: ClientDeed::Cut,
        };
        let owed = disturbances(&[fault(cut, 10, 20)], &[], &three(), 100);
        let times: Vec<(u64, u64)> = owed.iter().map(|one| (one.at_ns, one.until_ns)).collect();
        assert_eq!(times, [(20, 100)]);
    }

    /// Seed 18 of the clean campaign beside tests of higher priority: members, traces and the runner's own looks stood
    /// still together, 13 s at a time, and the set was accused.
    #[test]
    fn a_standstill_of_the_machine_demands_nothing_and_its_end_demands_anew() {
        let still = StandstillRecord {
            from_ns: 15,
            until_ns: 40,
        };
        let times = |faults: &[FaultRecord], standstills: &[StandstillRecord]| {
            let owed = disturbances(faults, standstills, &three(), 100);
            let times = owed.iter().map(|one| (one.at_ns, one.until_ns));
            times.collect::<Vec<(u64, u64)>>()
        };
        let kill = |from, to| fault(Fault::Kill { members: vec![0] }, from, to);
        assert_eq!(times(&[kill(10, 20)], &[still]), [(10, 15), (40, 100)]);
        assert_eq!(times(&[], &[still]), [(40, 100)]);
        let two = [kill(10, 50), fault(Fault::Kill { members: vec![1] }, 11, 60)];
        assert_eq!(
            times(&two, &[still]),
            [(10, 11), (50, 60), (60, 100)],
            "at its end nobody can be elected"
        );
    }

    #[test]
    fn an_arbiter_gives_a_primary_but_no_majority_write() {
        let set = Scenario {
            members: 2,
            arbiters: 1,
            ..Scenario::default()
        };
        let works = |member| {
            majority_works(
                &[fault(
                    Fault::Kill {
                        members: vec![member],
                    },
                    10,
                    20,
                )],
                &set,
                15,
            )
        };
        assert_eq!([works(0), works(1), works(2)], [false, false, true]);
    }

    #[test]
    fn a_ring_has_no_connected_majority_and_an_isolated_member_leaves_one() {
        let cut = |links: &[(u8, u8)]| {
            let links = links.to_vec();
            let partition = Fault::Partition {
                links,
                shape: String::new(),
            };
            majority_works(&[fault(partition, 10, 20)], &three(), 15)
        };
        assert!(cut(&[(0, 1), (1, 0), (0, 2)]));
        assert!(!cut(&[(0, 1), (1, 2), (2, 0)]));
    }

    #[test]
    fn the_limit_follows_from_the_timing() {
        let timeout = Duration::from_millis(tempo::ELECTION_TIMEOUT_MS);
        assert!(limit() > ELECTION_ROUNDS * timeout + limits::CONNECT && limit() < Duration::from_secs(15));
    }

    fn fault(fault: Fault, applied_ns: u64, healed_ns: u64) -> FaultRecord {
        FaultRecord {
            index: 0,
            nemesis: String::new(),
            fault,
            planned_ns: 0,
            applied_ns: Some(applied_ns),
            healed_ns: Some(healed_ns),
            took_effect: true,
            effect: BTreeMap::new(),
            words: "in words".to_owned(),
            recovery: Recovery::default(),
        }
    }

    fn three() -> Scenario {
        Scenario::default()
    }
}
