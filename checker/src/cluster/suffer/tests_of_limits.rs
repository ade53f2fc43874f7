//! Limits of running processes, machines that are lost, and the finer ways of a broken network.

use super::*;
use crate::nemesis::client_deed::{ClientDeed, ClientWay};

#[tokio::test]
async fn a_process_out_of_files_accepts_nobody_until_it_is_healed() {
    let mut world = World::start().await;
    let before = files_allowed(&mut world.rig, 1);
    let limit = Fault::FileLimit { member: 1, spare: 3 };
    let record = world.suffer_until_struck(limit).await;
    assert!(record.took_effect, "{record:?}");
    assert!(record.effect["files_allowed"] < before, "{record:?}");
    assert_eq!(files_allowed(&mut world.rig, 1), before);
    assert!(world.rig.unexpected_exits().is_empty());
}

#[tokio::test]
async fn a_lost_machine_comes_back_empty() {
    let mut world = World::start().await;
    let kept = world.rig.seats()[2].data.join("kept");
    std::fs::write(&kept, "for ever?").expect("writable");
    let record = world
        .suffer(Fault::WipeData { member: 2 }, |rig| rig.pid(2).is_none())
        .await;
    assert!(
        record.took_effect && record.effect["files_removed"] >= 1,
        "{record:?}"
    );
    assert!(!kept.exists() && world.rig.pid(2).is_some());
    let trace = std::fs::read_to_string(world.rig.seats()[2].trace()).expect("the act is told");
    assert_eq!(trace, "\n{\"ended\":\"emptied\"}\n");
}

#[tokio::test]
async fn members_are_restarted_from_the_other_binary_and_back() {
    let mut world = World::start().await;
    let other = world.rig.seats()[0].log.with_file_name("other");
    std::fs::copy(&world.rig.programs[0], &other).expect("it can be copied");
    world.rig.programs[1] = other.clone();
    for expected in [other, world.rig.programs[0].clone()] {
        let swap = Fault::SwapBinary { members: vec![0] };
        let record = world.suffer(swap, |rig| rig.pid(0).is_none()).await;
        assert!(
            record.took_effect && record.effect["binaries_changed"] == 1,
            "{record:?}"
        );
        let pid = world.rig.pid(0).expect("it runs");
        let runs = std::fs::read_link(format!("/proc/{pid}/exe")).expect("it has a binary");
        assert_eq!(runs, expected);
    }
}

#[tokio::test]
async fn half_open_corrupt_and_lossy_links_are_proved() {
    let mut world = World::start().await;
    let links = vec![(0, 1), (2, 1)];
    let faults = [
        Fault::HalfOpen {
            links: links.clone(),
            shape: "test".to_owned(),
        },
        Fault::CorruptLinks {
            links: links.clone(),
            permille: 500,
        },
        Fault::LossyLinks {
            links: links.clone(),
            permille: 500,
        },
    ];
    for fault in faults {
        let record = world.suffer_until_struck(fault).await;
        assert!(record.took_effect && record.healed_ns.is_some(), "{record:?}");
        let delivered = |rig: &Rig| {
            let counts = rig.network.counts(Endpoint::Member(0), Endpoint::Member(1));
            counts.bytes_delivered
        };
        let before = delivered(&world.rig);
        until(|| delivered(&world.rig) > before).await;
    }
}

#[tokio::test]
async fn clients_are_cut_off_while_members_hear_each_other() {
    use std::io::{Read as _, Write as _};
    let mut world = World::start().await;
    let mut client =
        std::net::TcpStream::connect(world.rig.seats()[1].advertised).expect("the proxy listens");
    client.write_all(b"before").expect("nobody says no");
    let opened = |rig: &Rig| rig.network.counts(Endpoint::Clients, Endpoint::Member(1));
    until(|| opened(&world.rig).bytes_delivered == 6).await;
    let cut = Fault::ClientLinks {
        members: vec![1],
        way: ClientWay::ToMembers,
        deed: ClientDeed::Cut,
    };
    let ongoing = world.sufferer.apply(&mut world.rig, "test", cut).await;
    client.write_all(b"lost").expect("the socket takes it");
    until(|| opened(&world.rig).bytes_held == 4).await;
    assert!(!world.rig.view(&[], QuorumBudget::Any).members[1].cut);
    let among = |rig: &Rig| {
        let counts = rig.network.counts(Endpoint::Member(0), Endpoint::Member(1));
        counts.bytes_delivered
    };
    let before = among(&world.rig);
    until(|| among(&world.rig) > before).await;
    let record = world.sufferer.heal(&mut world.rig, ongoing).await;
    assert!(
        record.took_effect && record.effect["bytes_held"] == 4,
        "{record:?}"
    );
    assert!(client.read(&mut [0]).is_err(), "the connection is reset");
}

/// The soft limit of open files that the kernel knows.
fn files_allowed(rig: &mut Rig, member: u8) -> u64 {
    let pid = rig.pid(member).expect("it runs");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("readable");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    soft.expect("a number")
}
