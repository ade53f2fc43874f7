//! The proxy between this process and echo servers.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const CLIENTS: Endpoint = Endpoint::Clients;
const ZERO: Endpoint = Endpoint::Member(0);
const ONE: Endpoint = Endpoint::Member(1);

/// Long enough for whatever is to come on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough that what is not to come would have come.
const SILENCE: Duration = Duration::from_millis(150);

#[tokio::test]
async fn bytes_go_both_ways_and_closes_are_passed_on() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"hello").await);
    stream.shutdown().await.expect("our half closes");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the echo closes too");
    assert!(rest.is_empty());
    assert_eq!(proxy.counts(CLIENTS, ZERO).bytes_delivered, 5);
    assert_eq!(proxy.counts(ZERO, CLIENTS).bytes_delivered, 5);
}

#[tokio::test]
async fn a_megabyte_survives_unchanged() {
    let (proxy, _servers) = start(1).await;
    let stream = connect(&proxy, 0).await;
    let sent: Vec<u8> = (0..1_000_000u32).map(|number| (number % 251) as u8).collect();
    let (mut reader, mut writer) = stream.into_split();
    let copy = sent.clone();
    let writing = tokio::spawn(async move { writer.write_all(&copy).await.map(|()| writer) });
    let mut got = vec![0; sent.len()];
    reader.read_exact(&mut got).await.expect("everything comes back");
    assert_eq!(got, sent);
    writing.await.expect("no panic").expect("everything was sent");
}

#[tokio::test]
async fn held_bytes_are_delivered_at_healing() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"before").await);
    proxy.set_rule(CLIENTS, ZERO, LinkRule::HOLD);
    stream.write_all(b"during").await.expect("the socket takes it");
    until(|| proxy.counts(CLIENTS, ZERO).bytes_held == 6).await;
    assert!(silent(&mut stream).await);
    proxy.heal(CLIENTS, ZERO, Heal::Deliver);
    assert!(answers(&mut stream, b"during").await);
    assert!(echoes(&mut stream, b"after").await);
}

#[tokio::test]
async fn a_link_is_held_in_one_direction_only() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"before").await);
    proxy.set_rule(ZERO, CLIENTS, LinkRule::HOLD);
    stream.write_all(b"there").await.expect("the socket takes it");
    until(|| proxy.counts(CLIENTS, ZERO).bytes_delivered == 11).await;
    until(|| proxy.counts(ZERO, CLIENTS).bytes_held == 5).await;
    assert!(silent(&mut stream).await);
    proxy.heal(ZERO, CLIENTS, Heal::Deliver);
    assert!(answers(&mut stream, b"there").await);
}

#[tokio::test]
async fn healing_by_reset_breaks_what_was_touched_and_spares_the_rest() {
    let (proxy, _servers) = start(1).await;
    let mut idle = connect(&proxy, 0).await;
    let mut busy = connect(&proxy, 0).await;
    assert!(echoes(&mut idle, b"idle").await && echoes(&mut busy, b"busy").await);
    proxy.set_rule(CLIENTS, ZERO, LinkRule::HOLD);
    busy.write_all(b"lost").await.expect("the socket takes it");
    until(|| proxy.counts(CLIENTS, ZERO).bytes_held == 4).await;
    proxy.heal(CLIENTS, ZERO, Heal::Reset);
    assert!(is_reset(&mut busy).await);
    assert!(echoes(&mut idle, b"alive").await);
    assert_eq!(proxy.counts(CLIENTS, ZERO).bytes_lost, 4);
    // A hold that was healed touches nothing any more.
    proxy.set_rule(CLIENTS, ZERO, LinkRule::HOLD);
    proxy.heal(CLIENTS, ZERO, Heal::Reset);
    assert!(echoes(&mut idle, b"still").await);
}

#[tokio::test]
async fn a_new_connection_over_a_held_link_gets_no_answer_until_healed() {
    let (proxy, _servers) = start(1).await;
    proxy.set_rule(CLIENTS, ZERO, LinkRule::HOLD);
    let mut stream = connect(&proxy, 0).await;
    stream.write_all(b"anyone?").await.expect("the socket takes it");
    until(|| proxy.counts(CLIENTS, ZERO).connections_held == 1).await;
    assert!(silent(&mut stream).await);
    proxy.heal(CLIENTS, ZERO, Heal::Deliver);
    assert!(answers(&mut stream, b"anyone?").await);
}

#[tokio::test]
async fn refused_links_reset_old_and_new_connections() {
    let (proxy, _servers) = start(1).await;
    let mut old = connect(&proxy, 0).await;
    assert!(echoes(&mut old, b"old").await);
    let refuse = LinkRule {
        passage: Passage::Refuse,
        ..LinkRule::default()
    };
    proxy.set_rule(CLIENTS, ZERO, refuse);
    assert!(is_reset(&mut old).await);
    assert!(is_reset(&mut connect(&proxy, 0).await).await);
    proxy.heal(CLIENTS, ZERO, Heal::Deliver);
    assert!(echoes(&mut connect(&proxy, 0).await, b"new").await);
}

#[tokio::test]
async fn a_reset_strikes_once() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"one").await);
    proxy.reset(ZERO, CLIENTS);
    assert!(is_reset(&mut stream).await);
    assert!(echoes(&mut connect(&proxy, 0).await, b"two").await);
    assert_eq!(proxy.counts(ZERO, CLIENTS).connections_broken, 1);
}

#[tokio::test]
async fn a_half_open_connection_takes_everything_and_answers_nothing() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"whole").await);
    proxy.halve(CLIENTS, ZERO);
    until(|| proxy.counts(CLIENTS, ZERO).connections_half_open == 1).await;
    stream.write_all(b"anyone?").await.expect("nobody says no");
    until(|| proxy.counts(CLIENTS, ZERO).bytes_swallowed == 7).await;
    assert!(silent(&mut stream).await);
    assert!(echoes(&mut connect(&proxy, 0).await, b"new ones work").await);
    proxy.heal(CLIENTS, ZERO, Heal::Reset);
    assert!(is_reset(&mut stream).await);
}

#[tokio::test]
async fn a_half_that_is_healed_at_once_breaks_like_any_other() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"whole").await);
    // The connection takes notice of both at once.
    proxy.halve(CLIENTS, ZERO);
    proxy.heal(CLIENTS, ZERO, Heal::Reset);
    assert!(is_reset(&mut stream).await);
    assert!(echoes(&mut connect(&proxy, 0).await, b"well").await);
}

#[tokio::test]
async fn bits_turn_over_until_the_healing_which_breaks_the_connection() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    proxy.set_rule(CLIENTS, ZERO, LinkRule::corrupt(1000));
    stream.write_all(&[0]).await.expect("the socket takes it");
    let mut got = [0];
    stream.read_exact(&mut got).await.expect("the echo comes");
    assert_eq!(got[0].count_ones(), 1, "exactly one bit");
    assert_eq!(proxy.counts(CLIENTS, ZERO).chunks_corrupted, 1);
    proxy.heal(CLIENTS, ZERO, Heal::Reset);
    assert!(is_reset(&mut stream).await);
    assert!(echoes(&mut connect(&proxy, 0).await, b"sound").await);
}

#[tokio::test]
async fn what_is_lost_comes_when_it_is_sent_again() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"warm").await);
    // Always lost, up to the last try.
    proxy.set_rule(CLIENTS, ZERO, LinkRule::lossy(1000));
    let sent = Instant::now();
    assert!(echoes(&mut stream, b"late").await);
    assert!(sent.elapsed() >= Duration::from_secs(3), "{:?}", sent.elapsed());
    assert_eq!(proxy.counts(CLIENTS, ZERO).chunks_lost, 1);
    proxy.heal(CLIENTS, ZERO, Heal::Deliver);
    assert!(echoes(&mut stream, b"well").await);
}

#[tokio::test]
async fn slow_links_are_late_and_in_order() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"warm").await);
    let delay = Duration::from_millis(80);
    proxy.set_rule(
        CLIENTS,
        ZERO,
        LinkRule::slow(delay, Duration::from_millis(40), None),
    );
    let began = Instant::now();
    for part in [b"a", b"b", b"c", b"d"] {
        stream.write_all(part).await.expect("the socket takes it");
        tokio::task::yield_now().await;
    }
    assert!(answers(&mut stream, b"abcd").await);
    assert!(began.elapsed() >= delay, "{:?}", began.elapsed());
    assert!(proxy.counts(CLIENTS, ZERO).chunks_delayed > 0);
}

#[tokio::test]
async fn a_link_that_is_fast_again_holds_nothing_back() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    assert!(echoes(&mut stream, b"warm").await);
    let slow = LinkRule::slow(Duration::from_secs(3600), Duration::from_secs(60), Some(1));
    proxy.set_rule(CLIENTS, ZERO, slow);
    stream.write_all(b"late").await.expect("the socket takes it");
    until(|| proxy.counts(CLIENTS, ZERO).chunks_delayed > 0).await;
    proxy.heal(CLIENTS, ZERO, Heal::Deliver);
    assert!(answers(&mut stream, b"late").await);
    assert!(echoes(&mut stream, b"soon").await);
}

#[tokio::test]
async fn narrow_links_take_their_time() {
    let (proxy, _servers) = start(1).await;
    let mut stream = connect(&proxy, 0).await;
    let rule = LinkRule::slow(Duration::ZERO, Duration::ZERO, Some(200_000));
    proxy.set_rule(CLIENTS, ZERO, rule);
    let began = Instant::now();
    assert!(echoes(&mut stream, &[7; 40_000]).await);
    // 40 kB at 200 kB/s are 200 ms.
    assert!(
        began.elapsed() >= Duration::from_millis(180),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn members_are_told_from_clients_by_their_process() {
    let (proxy, _servers) = start(2).await;
    proxy.set_pid(1, Some(std::process::id() as i32));
    let mut member = connect(&proxy, 0).await;
    assert!(echoes(&mut member, b"peer").await);
    proxy.set_pid(1, None);
    let mut client = connect(&proxy, 0).await;
    assert!(echoes(&mut client, b"client").await);
    assert_eq!(proxy.counts(ONE, ZERO).bytes_delivered, 4);
    assert_eq!(proxy.counts(CLIENTS, ZERO).bytes_delivered, 6);
    proxy.set_rule(ONE, ZERO, LinkRule::HOLD);
    member.write_all(b"cut").await.expect("the socket takes it");
    until(|| proxy.counts(ONE, ZERO).bytes_held == 3).await;
    assert!(silent(&mut member).await);
    assert!(echoes(&mut client, b"not cut").await);
}

#[tokio::test]
async fn a_member_that_does_not_listen_resets() {
    let keeper = crate::cluster::ports::PortKeeper::any().expect("a free port");
    let proxy = Proxy::start(&[keeper.address()], 1).expect("the proxy starts");
    assert!(is_reset(&mut connect(&proxy, 0).await).await);
}

#[tokio::test]
async fn hundreds_of_connections_at_once() {
    let (proxy, _servers) = start(1).await;
    let mut streams = Vec::new();
    for _ in 0..300 {
        streams.push(connect(&proxy, 0).await);
    }
    for stream in &mut streams {
        stream.write_all(b"x").await.expect("the socket takes it");
    }
    for stream in &mut streams {
        assert!(answers(stream, b"x").await);
    }
    assert_eq!(proxy.counts(CLIENTS, ZERO).connections_opened, 300);
}

async fn start(members: usize) -> (Proxy, Vec<tokio::task::JoinHandle<()>>) {
    let (mut upstreams, mut servers) = (Vec::new(), Vec::new());
    for _ in 0..members {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        upstreams.push(listener.local_addr().expect("it is bound"));
        servers.push(tokio::spawn(echo(listener)));
    }
    (Proxy::start(&upstreams, 7).expect("the proxy starts"), servers)
}

async fn echo(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        });
    }
}

async fn connect(proxy: &Proxy, member: Member) -> TcpStream {
    TcpStream::connect(proxy.address(member))
        .await
        .expect("the proxy listens")
}

async fn echoes(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.is_ok() && answers(stream, bytes).await
}

async fn answers(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut got = vec![0; bytes.len()];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut got)).await;
    matches!(read, Ok(Ok(_))) && got == bytes
}

async fn silent(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(SILENCE, stream.read_u8()).await.is_err()
}

async fn is_reset(stream: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
    matches!(read, Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionReset)
}

async fn until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "it never came");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
