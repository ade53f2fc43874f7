//! Any bytes on the port: messages of the language's own words with bytes turned over, cut out, doubled and spliced go the whole
//! way, from the frame over the documents to the command. No panic, no hang, and the collection stays whole.
//!
//! `NODE_SOAK_SECS=3600 cargo test -p node noise` goes on for an hour, with another seed each round.

use std::time::Instant;

use bson::{Bson, Document, RawDocumentBuf, doc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::harness::{Member, message};
use super::senseless::{Dice, soak};
use crate::commands::COMMANDS;
use crate::wire::{FrameBuffer, encode_reply, parse_request};

/// Messages of one round.
const MESSAGES: usize = 4_000;

#[test]
fn any_bytes_are_answered_or_refused() {
    let begun = Instant::now();
    let until = begun + soak();
    let mut told = (0, 0, 0);
    for seed in 1.. {
        let (unread, refused, done) = round(seed);
        told = (told.0 + unread, told.1 + refused, told.2 + done);
        if Instant::now() >= until {
            println!(
                "{seed} seeds in {:?}: {} messages that are none, {} refused, {} done",
                begun.elapsed(),
                told.0,
                told.1,
                told.2
            );
            return;
        }
    }
}

/// How many messages were none, were refused, and were done.
fn round(seed: u64) -> (usize, usize, usize) {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed ^ 0x6e6f_6973_6500));
    let mut member = Member::new();
    let (mut unread, mut refused, mut done) = (0, 0, 0);
    let mut before = message("d", doc! { "ping": 1 });
    for _ in 0..MESSAGES {
        let command = any_command(&mut dice);
        let mut bytes = message("d", command);
        let whole = bytes.clone();
        for _ in 0..dice.roll(4) {
            disturb(&mut dice, &mut bytes, &before);
        }
        before = whole;
        // Half of the disturbed ones tell the length that they have: else nothing behind the header is ever looked at.
        if dice.roll(2) == 0 && bytes.len() >= 4 {
            let length = i32::try_from(bytes.len()).expect("small");
            bytes[..4].copy_from_slice(&length.to_le_bytes());
        }
        match hear(&mut dice, &mut member, &bytes) {
            None => unread += 1,
            Some(false) => refused += 1,
            Some(true) => done += 1,
        }
    }
    // All three, or the noise is badly mixed.
    let least = unread.min(refused).min(done);
    assert!(least > MESSAGES / 50, "seed {seed}: {unread}, {refused}, {done}");
    let valid = member.try_command("d", doc! { "validate": "c" });
    let is_fine = valid.is_ok_and(|reply| reply.get_bool("valid").unwrap_or(false));
    let count = member.try_command("d", doc! { "count": "c" });
    let is_gone = count.is_ok_and(|reply| reply.get_i32("n").ok() == Some(0));
    assert!(is_fine || is_gone, "seed {seed}: the collection is damaged");
    (unread, refused, done)
}

/// The bytes come in pieces; what comes out of them is run. `None`: they are no message.
fn hear(dice: &mut Dice, member: &mut Member, bytes: &[u8]) -> Option<bool> {
    let mut frames = FrameBuffer::new();
    let mut result = None;
    for piece in bytes.chunks(1 + dice.roll(bytes.len().max(1))) {
        frames.space().extend_from_slice(piece);
        while let Ok(Some(frame)) = frames.next_frame() {
            let Ok(request) = parse_request(frame) else {
                return result;
            };
            let reply = member.try_request(&request);
            result = Some(reply.is_ok());
            let body = reply.unwrap_or_else(|error| error.to_document());
            // What is answered has to be a message, too.
            let body = RawDocumentBuf::try_from(&body).expect("a reply encodes");
            let mut out = Vec::new();
            encode_reply(&mut out, request.kind, 1, request.id, &body, false);
            assert!(!out.is_empty());
        }
    }
    result
}

/// Those of the language, or any other with arguments that are not its own.
fn any_command(dice: &mut Dice) -> Document {
    let mut command = dice.command();
    match dice.roll(4) {
        0 => {
            let known = &COMMANDS[dice.roll(COMMANDS.len())];
            let name = known.names[dice.roll(known.names.len())];
            // It would wait for somebody to turn up, or empty what the others work on.
            let target: Bson = if dice.roll(3) == 0 { 1.into() } else { "c".into() };
            let mut other = doc! { name: target };
            other.extend(command.into_iter().skip(1));
            other
        }
        1 => doc! { "explain": command, "verbosity": "executionStats" },
        2 => {
            command.insert("lsid", doc! { "id": dice.roll(5) as i32 });
            command.insert("hint", doc! { "a": 1 });
            command
        }
        _ => command,
    }
}

fn disturb(dice: &mut Dice, bytes: &mut Vec<u8>, other: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.roll(bytes.len());
    match dice.roll(8) {
        // Mostly one byte: the rest then still makes sense.
        0..=2 => bytes[at] = dice.roll(256) as u8,
        3 => bytes[at] ^= 1 << dice.roll(8),
        4 => bytes.truncate(at),
        5 => {
            let end = (at + 1 + dice.roll(8)).min(bytes.len());
            bytes.drain(at..end);
        }
        6 => {
            let end = (at + 1 + dice.roll(16)).min(bytes.len());
            let doubled = bytes[at..end].to_vec();
            bytes.splice(at..at, doubled);
        }
        _ => {
            let from = dice.roll(other.len().max(1)).min(other.len());
            bytes.splice(at.., other[from..].iter().copied());
        }
    }
}
