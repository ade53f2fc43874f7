//! Faults on a cluster of toys that talk to each other as members do.

#[path = "tests_of_limits.rs"]
mod limits;

use std::time::Duration;

use super::*;
use crate::{
    cluster::{
        build,
        proxy::Endpoint,
        rig::{PowerBackend, RigPlan, Seat},
        toy,
    },
    nemesis::{
        fault::{DiskError, DiskOperation},
        view::{Condition, QuorumBudget, Role},
    },
};

#[tokio::test]
async fn a_kill_is_proved_and_healed() {
    let mut world = World::start().await;
    let record = world
        .suffer(Fault::Kill { members: vec![1] }, |rig| {
            let view = rig.view(&[Role::Primary], QuorumBudget::KeepMajority);
            view.members[1].condition == Condition::Down && rig.unexpected_exits().is_empty()
        })
        .await;
    assert!(record.took_effect, "{record:?}");
    assert_eq!(record.effect["processes_gone"], 1);
    assert!(world.rig.pid(1).is_some());
    assert_eq!(world.rig.view(&[], QuorumBudget::Any).running().len(), 3);
}

#[tokio::test]
async fn a_pause_is_proved_and_healed() {
    let mut world = World::start().await;
    let record = world
        .suffer(Fault::Pause { members: vec![0, 2] }, |rig| {
            rig.view(&[], QuorumBudget::Any).members[2].condition == Condition::Paused
        })
        .await;
    assert!(record.took_effect, "{record:?}");
    assert_eq!(
        (
            record.effect["processes_stopped"],
            record.effect["cpu_ticks_while_stopped"]
        ),
        (2, 0)
    );
    assert_eq!(world.rig.view(&[], QuorumBudget::Any).running().len(), 3);
}

#[tokio::test]
async fn a_partition_holds_the_members_talk() {
    let mut world = World::start().await;
    let cut = Fault::Partition {
        links: vec![(0, 1), (1, 0)],
        shape: "test".to_owned(),
    };
    let record = world
        .suffer(cut, |rig| {
            let held = |from, to| {
                rig.network
                    .counts(Endpoint::Member(from), Endpoint::Member(to))
                    .bytes_held
            };
            held(0, 1) > 0 && held(1, 0) > 0 && rig.view(&[], QuorumBudget::Any).members[0].cut
        })
        .await;
    assert!(record.took_effect, "{record:?}");
    assert_eq!(record.effect["links_struck"], 2);
    // Afterwards they talk again.
    let delivered = |rig: &Rig| {
        rig.network
            .counts(Endpoint::Member(0), Endpoint::Member(1))
            .bytes_delivered
    };
    let before = delivered(&world.rig);
    until(|| delivered(&world.rig) > before).await;
}

#[tokio::test]
async fn slow_jammed_and_reset_links_are_proved() {
    let mut world = World::start().await;
    let links = vec![(0, 1), (2, 1)];
    let slow = Fault::SlowLinks {
        links: links.clone(),
        delay_ms: 5,
        jitter_ms: 5,
        bytes_per_second: None,
    };
    let delayed = |rig: &Rig| {
        rig.network
            .counts(Endpoint::Member(0), Endpoint::Member(1))
            .chunks_delayed
    };
    let record = world.suffer(slow, |rig| delayed(rig) > 0).await;
    assert!(
        record.took_effect && record.effect["chunks_delayed"] > 0,
        "{record:?}"
    );
    let jam = Fault::Jam {
        links: links.clone(),
        shape: "test".to_owned(),
    };
    let held = |rig: &Rig| {
        rig.network
            .counts(Endpoint::Member(2), Endpoint::Member(1))
            .bytes_held
    };
    assert!(world.suffer(jam, |rig| held(rig) > 0).await.took_effect);
    let broken = |rig: &Rig| {
        rig.network
            .counts(Endpoint::Member(0), Endpoint::Member(1))
            .connections_broken
    };
    let record = world
        .suffer(Fault::ResetConnections { links }, |rig| broken(rig) > 0)
        .await;
    assert!(record.took_effect, "{record:?}");
}

#[tokio::test]
async fn clocks_are_bent_and_straightened() {
    let mut world = World::start().await;
    let faults = [
        Fault::ClockJump {
            member: 2,
            offset_ms: -90_000,
        },
        Fault::ClockStrobe {
            member: 2,
            offset_ms: 60_000,
            period_ms: 5,
        },
        Fault::ClockDrift {
            member: 2,
            rate_permille: 2000,
        },
    ];
    for fault in faults {
        let before = world
            .rig
            .page(2)
            .expect("a shim")
            .counters()
            .expect("readable")
            .wall_skewed;
        let record = world
            .suffer(fault, |rig| {
                let counters = rig.page(2).expect("a shim").counters().expect("readable");
                counters.wall_skewed > before && rig.view(&[], QuorumBudget::Any).members[2].skewed
            })
            .await;
        assert!(record.took_effect, "{record:?}");
        assert!(!world.rig.view(&[], QuorumBudget::Any).members[2].skewed);
    }
}

#[tokio::test]
async fn a_slow_member_is_stopped_in_turns() {
    let mut world = World::start().await;
    let throttle = Fault::Throttle {
        members: vec![0],
        run_ms: 2,
        stop_ms: 8,
    };
    let record = world.suffer_until_struck(throttle).await;
    assert!(record.took_effect && record.effect["stops"] >= 1, "{record:?}");
    assert!(world.rig.pid(0).is_some());
}

#[tokio::test]
async fn power_is_lost_by_several_at_once() {
    let mut world = World::start().await;
    let fault = Fault::PowerLoss {
        members: vec![0, 1],
        keep_permille: 0,
        seed: 1,
    };
    let log = world.rig.seats()[1].data.join("log");
    let ends_unsynced = || std::fs::read(&log).is_ok_and(|bytes| bytes.ends_with(b"unsynced"));
    until(ends_unsynced).await;
    let record = world
        .suffer(fault, |rig| rig.pid(0).is_none() && rig.pid(1).is_none())
        .await;
    assert!(record.took_effect, "{record:?}");
    assert_eq!(
        (record.effect["processes_gone"], record.effect["power_lost"]),
        (2, 2)
    );
    assert_eq!(record.effect["undo_missed"], 0);
    assert_eq!(world.rig.view(&[], QuorumBudget::Any).running().len(), 3);
}

#[tokio::test]
async fn disk_faults_are_proved_and_lifted() {
    let mut world = World::start().await;
    let (operation, member) = (DiskOperation::Sync, 1);
    let faults = [
        Fault::DiskError {
            member,
            operation: DiskOperation::Write,
            error: DiskError::NoSpace,
            permille: 500,
        },
        Fault::DiskSlow {
            member,
            operation,
            delay_ms: 5,
        },
    ];
    for fault in faults {
        let struck = |rig: &Rig| rig.disk_rule_counts(1, 0).expect("readable").1 > 0;
        let record = world.suffer(fault, |rig| struck(rig)).await;
        assert!(
            record.took_effect && record.effect["processes_gone"] == 0,
            "{record:?}"
        );
    }
    let lies = Fault::DiskLies {
        members: vec![0, 1, 2],
    };
    let struck = |rig: &Rig, member| rig.disk_rule_counts(member, 0).expect("readable").1 > 0;
    let record = world
        .suffer(lies, |rig| (0..3).all(|member| struck(rig, member)))
        .await;
    assert!(
        record.took_effect && record.effect["bytes_lost"] > 0,
        "{record:?}"
    );
    assert_eq!(
        (
            record.effect["processes_gone"],
            world.rig.view(&[], QuorumBudget::Any).running().len()
        ),
        (3, 3)
    );
    let crash = Fault::CrashAtSync { member, count: 3 };
    let record = world
        .suffer(crash, |rig| {
            rig.pid(1).is_none() && rig.unexpected_exits().is_empty()
        })
        .await;
    assert!(record.took_effect, "{record:?}");
    assert_eq!(
        (record.effect["calls_matched"], record.effect["calls_struck"]),
        (3, 1)
    );
    assert!(world.rig.pid(1).is_some());
}

#[tokio::test]
async fn files_are_damaged_while_their_member_is_down() {
    let mut world = World::start().await;
    let cut = Fault::TruncateFile {
        member: 2,
        bytes: 3,
        seed: 4,
    };
    let record = world.suffer(cut, |rig| rig.pid(2).is_none()).await;
    assert!(
        record.took_effect && record.effect["bytes_cut"] == 3,
        "{record:?}"
    );
    let rot = Fault::BitRot {
        member: 2,
        flips: 5,
        seed: 4,
    };
    let record = world.suffer(rot, |rig| rig.pid(2).is_none()).await;
    assert!(
        record.took_effect && record.effect["bits_flipped"] == 5,
        "{record:?}"
    );
    assert!(record.words.contains("log byte"), "{}", record.words);
    assert!(world.rig.pid(2).is_some());
}

#[tokio::test]
async fn a_fault_without_effect_says_so() {
    let mut world = World::start().await;
    // The toys send nothing to themselves: a link that carries nothing cannot be cut with effect.
    let cut = Fault::Partition {
        links: vec![(1, 1)],
        shape: "nothing".to_owned(),
    };
    assert!(!world.suffer(cut, |_| true).await.took_effect);
    // A dead member cannot be killed again, and the record says why.
    let killed = world
        .sufferer
        .apply(&mut world.rig, "test", Fault::Kill { members: vec![0] })
        .await;
    let again = world.suffer(Fault::Kill { members: vec![1, 0] }, |_| true).await;
    assert!(!again.took_effect && again.applied_ns.is_none(), "{again:?}");
    assert!(again.words.contains("not applied"), "{}", again.words);
    assert!(world.rig.pid(1).is_some(), "the other was left alone");
    assert!(world.sufferer.heal(&mut world.rig, killed).await.took_effect);
    assert!(world.rig.unexpected_exits().is_empty());
}

#[tokio::test]
async fn an_exit_that_no_fault_explains_is_reported() {
    let mut world = World::start().await;
    let pid = nix::unistd::Pid::from_raw(world.rig.pid(1).expect("it runs"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGABRT).expect("it can be signalled");
    let mut exits = Vec::new();
    let began = std::time::Instant::now();
    while exits.is_empty() && began.elapsed() < Duration::from_secs(30) {
        exits = world.rig.unexpected_exits();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(
        exits.iter().map(|(member, _)| *member).collect::<Vec<_>>(),
        vec![1]
    );
}

/// Three toys, each of which sends a byte to the others every few milliseconds, reads its clocks and
/// writes to its disk.
struct World {
    rig: Rig,
    sufferer: Sufferer,
    _directory: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let shim = build::shim_library().expect("the shim builds");
        let peers = directory.path().join("peers");
        let play = format!("member:{}", peers.display());
        let program = std::env::current_exe().expect("the test binary knows its path");
        let arguments = |seat: &Seat| {
            let mut arguments = toy::ARGUMENTS.map(Into::into).to_vec();
            arguments.push(format!("seat={}", seat.listen).into());
            arguments.push(format!("data={}", seat.data.display()).into());
            arguments
        };
        let plan = RigPlan {
            members: 3,
            spares: 0,
            program: &program,
            other_program: None,
            shim: Some(&shim),
            directory: directory.path(),
            arguments: &arguments,
            environment: vec![(toy::VARIABLE.into(), play.into())],
            network: Default::default(),
            power: PowerBackend::UndoJournal,
            seed: 1,
        };
        let rig = Rig::start(&plan).expect("the toys start");
        // The toys wait for this file: one line per member, where it listens and where it is known.
        let lines: Vec<String> = rig
            .seats()
            .iter()
            .map(|seat| format!("{} {}", seat.listen, seat.advertised))
            .collect();
        std::fs::write(directory.path().join("new"), lines.join("\n")).expect("writable");
        std::fs::rename(directory.path().join("new"), &peers).expect("renamable");
        let talk = |from, to| {
            rig.network
                .counts(Endpoint::Member(from), Endpoint::Member(to))
                .bytes_delivered
                > 0
        };
        until(|| (0..3).all(|from| (0..3).all(|to| from == to || talk(from, to)))).await;
        let sufferer = Sufferer::new(std::time::Instant::now());
        Self {
            rig,
            sufferer,
            _directory: directory,
        }
    }

    /// Applies a fault, waits until it is seen, heals it.
    async fn suffer(&mut self, fault: Fault, seen: impl Fn(&mut Rig) -> bool) -> FaultRecord {
        let ongoing = self.sufferer.apply(&mut self.rig, "test", fault).await;
        let began = std::time::Instant::now();
        while ongoing.record().applied_ns.is_some() && !seen(&mut self.rig) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "never seen: {:?}",
                ongoing.record()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let struck = ongoing.has_struck(&mut self.rig);
        let record = self.sufferer.heal(&mut self.rig, ongoing).await;
        assert!(
            record.took_effect || !struck,
            "what had struck must be recorded so: {record:?}"
        );
        record
    }

    /// Applies a fault, waits until it has struck, heals it.
    async fn suffer_until_struck(&mut self, fault: Fault) -> FaultRecord {
        let ongoing = self.sufferer.apply(&mut self.rig, "test", fault).await;
        let began = std::time::Instant::now();
        while !ongoing.has_struck(&mut self.rig) {
            assert!(began.elapsed() < Duration::from_secs(30), "it never strikes");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.sufferer.heal(&mut self.rig, ongoing).await
    }
}

async fn until(condition: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "it never came");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
