//! What the switch must know of a packet, and the packets that it makes itself.

use std::net::{Ipv4Addr, SocketAddrV4};

/// Bytes of an IPv4 header without options, and of a TCP header without options.
const IP_BYTES: usize = 20;
const TCP_BYTES: usize = 20;
/// The number of TCP among the protocols of IPv4.
const TCP: u8 = 6;
/// Hops that a made packet may take.
const HOPS: u8 = 64;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// The head of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) from: SocketAddrV4,
    pub(super) to: SocketAddrV4,
    /// What its sender has received so far, if it says so.
    pub(super) acknowledged: Option<u32>,
    /// It opens a connection.
    pub(super) opens: bool,
    /// It is the sender's last word.
    pub(super) ends: bool,
    /// It breaks the connection.
    pub(super) resets: bool,
}

/// Who sends an IPv4 packet to whom; nothing for anything else.
pub(super) fn ends(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let head = packet.get(..IP_BYTES)?;
    let address = |at: usize| Ipv4Addr::new(head[at], head[at + 1], head[at + 2], head[at + 3]);
    (head[0] >> 4 == 4).then(|| (address(12), address(16)))
}

/// The segment in an IPv4 packet, if it is one of TCP.
pub(super) fn segment(packet: &[u8]) -> Option<Segment> {
    let (from, to) = ends(packet)?;
    let tcp = packet.get(head_bytes(packet)..).filter(|_| packet[9] == TCP)?;
    let tcp = tcp.get(..TCP_BYTES)?;
    let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    let flags = tcp[13];
    Some(Segment {
        from: SocketAddrV4::new(from, port(0)),
        to: SocketAddrV4::new(to, port(2)),
        acknowledged: (flags & ACK != 0).then(|| u32::from_be_bytes([tcp[8], tcp[9], tcp[10], tcp[11]])),
        opens: flags & SYN != 0 && flags & ACK == 0,
        ends: flags & FIN != 0,
        resets: flags & RST != 0,
    })
}

/// A segment that breaks the connection at its receiver, who has received everything before `sequence`.
pub(super) fn reset(from: SocketAddrV4, to: SocketAddrV4, sequence: u32) -> Vec<u8> {
    let mut packet = vec![0; IP_BYTES + TCP_BYTES];
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&((IP_BYTES + TCP_BYTES) as u16).to_be_bytes());
    packet[8] = HOPS;
    packet[9] = TCP;
    packet[12..16].copy_from_slice(&from.ip().octets());
    packet[16..20].copy_from_slice(&to.ip().octets());
    let sum = checksum(sum_of(&packet[..IP_BYTES]));
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let tcp = &mut packet[IP_BYTES..];
    tcp[0..2].copy_from_slice(&from.port().to_be_bytes());
    tcp[2..4].copy_from_slice(&to.port().to_be_bytes());
    tcp[4..8].copy_from_slice(&sequence.to_be_bytes());
    tcp[12] = (TCP_BYTES as u8 / 4) << 4;
    tcp[13] = RST;
    let pseudo = sum_of(&from.ip().octets()) + sum_of(&to.ip().octets()) + u32::from(TCP) + TCP_BYTES as u32;
    let sum = checksum(pseudo + sum_of(&packet[IP_BYTES..]));
    packet[IP_BYTES + 16..IP_BYTES + 18].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// Turns one bit over behind the IPv4 header; `choice` picks which. What TCP's checksum sees of it is lost and sent
/// again, as on a real wire.
pub(super) fn turn_a_bit(packet: &mut [u8], choice: u64) {
    let head = head_bytes(packet);
    let body = packet.get_mut(head..).unwrap_or_default();
    if !body.is_empty() {
        let bit = choice % (body.len() as u64 * 8);
        body[(bit / 8) as usize] ^= 1 << (bit % 8);
    }
}

fn head_bytes(packet: &[u8]) -> usize {
    packet.first().map_or(0, |first| usize::from(first & 15) * 4)
}

/// The sum of 16-bit words that the checksums of IPv4 and TCP are made of.
fn sum_of(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    bytes.chunks(2).map(word).sum()
}

fn checksum(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
pub(super) mod made {
    use super::*;

    /// A segment with a payload, as the tests of this room send it.
    pub(in crate::cluster::switch) fn segment_of(
        from: SocketAddrV4,
        to: SocketAddrV4,
        flags: u8,
        acknowledged: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut packet = reset(from, to, 1);
        packet[IP_BYTES + 13] = flags;
        packet[IP_BYTES + 8..IP_BYTES + 12].copy_from_slice(&acknowledged.to_be_bytes());
        packet.extend(payload);
        packet
    }

    pub(in crate::cluster::switch) const OPENING: u8 = SYN;
    pub(in crate::cluster::switch) const SAYING: u8 = ACK;
    pub(in crate::cluster::switch) const ENDING: u8 = FIN | ACK;
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 10), 4000);
    const TO: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 11), 27018);

    #[test]
    fn a_made_reset_is_a_sound_segment() {
        let packet = reset(FROM, TO, 0xdead_beef);
        assert_eq!(checksum(sum_of(&packet[..IP_BYTES])), 0, "the header's own sum");
        let segment = segment(&packet).expect("it is TCP");
        assert_eq!((segment.from, segment.to), (FROM, TO));
        assert!(segment.resets && !segment.opens && segment.acknowledged.is_none());
    }

    #[test]
    fn one_bit_is_turned_behind_the_header() {
        let sound = made::segment_of(FROM, TO, made::SAYING, 7, b"abc");
        for choice in 0..400 {
            let mut packet = sound.clone();
            turn_a_bit(&mut packet, choice);
            let turned: u32 = (sound.iter().zip(&packet))
                .map(|(old, new)| (old ^ new).count_ones())
                .sum();
            assert_eq!((turned, &packet[..IP_BYTES]), (1, &sound[..IP_BYTES]));
        }
    }

    #[test]
    fn rubbish_is_no_packet() {
        assert_eq!(ends(&[0x45; 3]), None);
        assert_eq!(segment(&[0x60; 60]), None);
        turn_a_bit(&mut [], 5);
    }
}
