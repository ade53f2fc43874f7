//! The rules of the switch, without wires.

use std::time::Duration;

use super::*;
use crate::cluster::switch::packet::made::{ENDING, OPENING, SAYING, segment_of};

const CLIENTS: Endpoint = Endpoint::Clients;
const ONE: Endpoint = Endpoint::Member(0);
const OTHER: Endpoint = Endpoint::Member(1);

#[test]
fn what_nobody_disturbs_arrives_at_once() {
    let mut world = World::new();
    assert_eq!(world.say(b"hello"), [(OTHER, b"hello".to_vec())]);
    assert_eq!(world.fabric.counts(ONE, OTHER).connections_opened, 1);
    assert_eq!(world.fabric.counts(OTHER, ONE).connections_opened, 0);
}

#[test]
fn a_cut_is_one_way_and_loses_and_a_jam_delivers_late_in_order() {
    for heal in [Heal::Reset, Heal::Deliver] {
        let mut world = World::new();
        world.fabric.set_rule(ONE, OTHER, LinkRule::HOLD);
        assert_eq!(world.say(b"a"), []);
        assert_eq!(world.say(b"b"), []);
        assert_eq!(world.answer(b"c"), [(ONE, b"c".to_vec())]);
        assert!(world.fabric.counts(ONE, OTHER).bytes_held > 80);
        world.fabric.heal(world.now, ONE, OTHER, heal);
        let late = world.due();
        match heal {
            Heal::Reset => assert_eq!(late, []),
            Heal::Deliver => assert_eq!(late, [(OTHER, b"a".to_vec()), (OTHER, b"b".to_vec())]),
        }
        assert_eq!(world.say(b"d"), [(OTHER, b"d".to_vec())]);
    }
}

#[test]
fn the_operator_passes_every_cut() {
    let mut world = World::new();
    world.fabric.set_rule(CLIENTS, OTHER, LinkRule::HOLD);
    let ends = |net| [(CLIENTS, 5), (OTHER, 6)].map(|(end, port)| SocketAddrV4::new(address(end, net), port));
    for (net, arrives) in [(OPEN, 0), (OPERATOR, 1)] {
        let [from, to] = ends(net);
        world
            .fabric
            .take(world.now, segment_of(from, to, SAYING, 1, b"status"));
        assert_eq!(world.due().len(), arrives);
    }
}

#[test]
fn some_are_lost_repeated_overtaken_and_spoiled() {
    let many = 2_000;
    let rules = [
        LinkRule::lossy(300),
        LinkRule::duplicate(300),
        LinkRule::reorder(300),
        LinkRule::corrupt(300),
    ];
    for (place, rule) in rules.into_iter().enumerate() {
        let mut world = World::new();
        world.fabric.set_rule(ONE, OTHER, rule);
        let mut arrived = Vec::new();
        for _ in 0..many {
            arrived.extend(world.say(b"x"));
            world.now += Duration::from_millis(1);
        }
        world.now += Duration::from_secs(1);
        let late = world.due();
        let counts = world.fabric.counts(ONE, OTHER);
        let struck = [
            counts.chunks_lost,
            counts.chunks_duplicated,
            counts.chunks_reordered,
            counts.chunks_corrupted,
        ];
        assert!((500..700).contains(&struck[place]), "{struck:?}");
        let all = (arrived.len() + late.len()) as u64;
        let expected = [many - struck[0], many + struck[1], many, many];
        assert_eq!(all, expected[place]);
    }
}

#[test]
fn slow_links_keep_their_order_and_their_rate() {
    let mut world = World::new();
    let slow = LinkRule::slow(Duration::from_millis(10), Duration::from_millis(5), Some(1_000));
    world.fabric.set_rule(ONE, OTHER, slow);
    assert_eq!(world.say(b"1"), []);
    assert_eq!(world.say(b"2"), []);
    // 41 bytes each, 1,000 bytes a second.
    world.now += Duration::from_millis(50);
    assert_eq!(world.due(), [(OTHER, b"1".to_vec())]);
    world.now += Duration::from_millis(40);
    assert_eq!(world.due(), [(OTHER, b"2".to_vec())]);
    assert_eq!(world.fabric.next(), None);
}

#[test]
fn a_reset_reaches_both_ends_at_the_byte_they_wait_for() {
    let mut world = World::new();
    world.answer(b"hello");
    world.fabric.reset(world.now, ONE, OTHER);
    let told = world.packets();
    let aims: Vec<(Endpoint, bool)> = told.iter().map(|(to, packet)| (*to, resets(packet))).collect();
    assert_eq!(aims, [(ONE, true), (OTHER, true)]);
    // Whoever has not understood is told again; a new connection between the same ports is a new one.
    world
        .fabric
        .take(world.now, world.segment(SAYING, 77, b"still there?"));
    let again = world.packets();
    assert!(
        matches!(&again[..], [(ONE, packet)] if resets(packet) && packet[24..28] == 77_u32.to_be_bytes())
    );
    world.open();
    assert_eq!(world.say(b"anew"), [(OTHER, b"anew".to_vec())]);
    assert_eq!(world.fabric.counts(OTHER, ONE).connections_broken, 1);
}

#[test]
fn a_half_open_connection_swallows_until_it_is_healed() {
    let mut world = World::new();
    world.answer(b"hello");
    world.fabric.halve(world.now, ONE, OTHER);
    assert!(matches!(&world.packets()[..], [(OTHER, packet)] if resets(packet)));
    assert_eq!(world.say(b"anybody?"), []);
    let counts = world.fabric.counts(ONE, OTHER);
    assert!(counts.bytes_swallowed > 0 && counts.connections_half_open == 1);
    world.fabric.heal(world.now, ONE, OTHER, Heal::Reset);
    assert!(matches!(&world.packets()[..], [(ONE, packet)] if resets(packet)));
}

#[test]
fn an_ended_connection_is_forgotten() {
    let mut world = World::new();
    let [from, to] = world.ends;
    for (from, to) in [(from, to), (to, from)] {
        world.fabric.take(world.now, segment_of(from, to, ENDING, 9, b""));
    }
    world.packets();
    world.fabric.reset(world.now, ONE, OTHER);
    assert_eq!(world.packets(), []);
    assert_eq!(world.fabric.counts(ONE, OTHER).connections_broken, 0);
}

#[test]
fn rubbish_and_strangers_go_nowhere() {
    let mut world = World::new();
    world.fabric.take(world.now, vec![0x60; 60]);
    let stranger = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 1);
    world
        .fabric
        .take(world.now, segment_of(world.ends[0], stranger, SAYING, 1, b""));
    assert_eq!(world.packets(), []);
}

/// Member 0 talks to member 1 over one connection.
struct World {
    fabric: Fabric,
    now: Instant,
    ends: [SocketAddrV4; 2],
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            fabric: Fabric::new(3),
            now: Instant::now(),
            ends: [
                SocketAddrV4::new(address(ONE, OPEN), 40_000),
                SocketAddrV4::new(address(OTHER, OPEN), PORT + 1),
            ],
        };
        world.open();
        world
    }

    fn open(&mut self) {
        self.fabric.take(self.now, self.segment(OPENING, 0, b""));
        self.packets();
        let [from, to] = self.ends;
        for (from, to) in [(from, to), (to, from)] {
            self.fabric.take(self.now, segment_of(from, to, SAYING, 5, b""));
        }
        self.packets();
    }

    fn segment(&self, flags: u8, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
        segment_of(self.ends[0], self.ends[1], flags, acknowledged, payload)
    }

    fn say(&mut self, payload: &[u8]) -> Vec<(Endpoint, Vec<u8>)> {
        self.fabric.take(self.now, self.segment(SAYING, 5, payload));
        self.due()
    }

    fn answer(&mut self, payload: &[u8]) -> Vec<(Endpoint, Vec<u8>)> {
        let [from, to] = self.ends;
        self.fabric
            .take(self.now, segment_of(to, from, SAYING, 5, payload));
        self.due()
    }

    /// What arrives by now, without the heads.
    fn due(&mut self) -> Vec<(Endpoint, Vec<u8>)> {
        let packets = self.packets().into_iter();
        packets.map(|(to, packet)| (to, packet[40..].to_vec())).collect()
    }

    fn packets(&mut self) -> Vec<(Endpoint, Vec<u8>)> {
        self.fabric.due(self.now)
    }
}

fn resets(packet: &[u8]) -> bool {
    packet::segment(packet).is_some_and(|segment| segment.resets)
}
