//! Whole conversations, and senseless ones.

use bson::{Bson, Document, doc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::auth::scram::{Credentials, sign};

#[test]
fn a_client_with_the_password_is_in() {
    for skips in [true, false] {
        let Progress::GoesOn(mut reply, mut conversation) = start("pencil", skips).unwrap() else {
            panic!("too short");
        };
        assert!(!reply.get_bool("done").unwrap());
        let proof = proof("pencil", payload_of(&reply));
        loop {
            let payload = if conversation_wants_proof(&conversation) {
                proof.clone()
            } else {
                Vec::new()
            };
            match conversation.go_on(&message(payload)).unwrap() {
                Progress::GoesOn(next, rest) => (reply, conversation) = (next, rest),
                Progress::Done(last, login) => {
                    assert!(last.get_bool("done").unwrap());
                    assert_eq!(login.name.to_string(), "ann@shop");
                    assert_eq!(payload_of(&last).is_empty(), !skips);
                    break;
                }
            }
            assert!(!skips, "one message too many: {reply}");
        }
    }
}

#[test]
fn a_wrong_password_an_unknown_user_and_another_mechanism_are_told_apart_as_mongodb_does() {
    let Progress::GoesOn(reply, conversation) = start("pencil", true).unwrap() else {
        panic!("too short");
    };
    let wrong = conversation
        .go_on(&message(proof("pencils", payload_of(&reply))))
        .unwrap_err();
    assert_eq!(
        (wrong.code.number(), wrong.message.as_str()),
        (18, "Authentication failed.")
    );
    let first =
        |mechanism: &str| doc! { "mechanism": mechanism, "payload": binary(b"n,,n=eve,r=abc".to_vec()) };
    let nobody = Conversation::start(&first(MECHANISM), "shop", |_| None, [0; 24]).unwrap_err();
    assert_eq!(
        (nobody.code.number(), nobody.message.as_str()),
        (18, "Authentication failed.")
    );
    let sha1 = Conversation::start(&first("SCRAM-SHA-1"), "shop", |_| None, [0; 24]).unwrap_err();
    assert_eq!(sha1.code.number(), 334);
    assert_eq!(sha1.code.name(), "MechanismUnavailable");
}

#[test]
fn a_message_of_another_conversation_ends_it() {
    let Progress::GoesOn(_, conversation) = start("pencil", true).unwrap() else {
        panic!("too short");
    };
    let other = conversation.go_on(&doc! { "conversationId": 7, "payload": binary(Vec::new()) });
    assert_eq!(other.unwrap_err().code.number(), 17);
}

/// Random bytes, and messages that are almost right: an answer or an error, never a panic, never a login.
#[test]
fn senseless_messages_never_panic_and_never_log_in() {
    let mut dice = ChaCha8Rng::seed_from_u64(25);
    for round in 0..20_000 {
        let Ok(Progress::GoesOn(reply, conversation)) = start("pencil", round % 2 == 0) else {
            panic!("the first message is right");
        };
        let right = proof("pencil", payload_of(&reply));
        let senseless = spoiled(&mut dice, &right, round % 3 == 0);
        if senseless != right {
            match conversation.go_on(&message(senseless)) {
                // A spoiled message may still mean the same: base64 ignores nothing, the grammar neither.
                Ok(_) => panic!("in with a wrong proof in round {round}"),
                Err(error) => assert!([17, 18].contains(&error.code.number()), "{error}"),
            }
        }
        let first = spoiled(&mut dice, b"n,,n=ann,r=rOprNGfwEbeRWgbNEkqO", round % 3 == 1);
        let arguments = doc! { "mechanism": MECHANISM, "payload": binary(first) };
        let _ = Conversation::start(&arguments, "shop", |_| Some(ann("pencil")), [1; 24]);
    }
    for arguments in [
        doc! {},
        doc! { "mechanism": 1 },
        doc! { "mechanism": MECHANISM },
        doc! { "mechanism": MECHANISM, "payload": 4 },
        doc! { "mechanism": MECHANISM, "payload": "?" },
        doc! { "mechanism": MECHANISM, "payload": Bson::Null, "options": 3 },
    ] {
        assert!(
            Conversation::start(&arguments, "shop", |_| Some(ann("pencil")), [1; 24]).is_err(),
            "{arguments}"
        );
    }
}

fn spoiled(dice: &mut ChaCha8Rng, right: &[u8], wholly: bool) -> Vec<u8> {
    let mut bytes = right.to_vec();
    if wholly {
        bytes.resize((dice.next_u32() % 200) as usize, 0);
        dice.fill_bytes(&mut bytes);
        return bytes;
    }
    for _ in 0..=dice.next_u32() % 3 {
        let at = dice.next_u32() as usize % bytes.len().max(1);
        match dice.next_u32() % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), b",=pnr\0"[dice.next_u32() as usize % 6]),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes[at] ^= 1 << (dice.next_u32() % 8),
            _ => {}
        }
    }
    bytes
}

fn start(password: &str, skips: bool) -> Result<Progress, CommandError> {
    let arguments = doc! {
        "mechanism": MECHANISM,
        "payload": binary(b"n,,n=ann,r=rOprNGfwEbeRWgbNEkqO".to_vec()),
        "options": { "skipEmptyExchange": skips },
    };
    Conversation::start(&arguments, "shop", |_| Some(ann(password)), [1; 24])
}

/// What a client answers to the server's first message.
fn proof(password: &str, said: Vec<u8>) -> Vec<u8> {
    let said = String::from_utf8(said).unwrap();
    let nonce = said.split(',').next().unwrap();
    let without = format!("c=biws,{nonce}");
    let message = format!("n=ann,r=rOprNGfwEbeRWgbNEkqO,{said},{without}");
    let prepared = stringprep::saslprep(password).unwrap();
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(prepared.as_bytes(), b"salt", 2, &mut salted);
    let client_key = sign(&salted, b"Client Key");
    let stored: [u8; 32] = Sha256::digest(client_key).into();
    let signature = sign(&stored, message.as_bytes());
    let proof: Vec<u8> = client_key
        .iter()
        .zip(signature)
        .map(|(key, sign)| key ^ sign)
        .collect();
    format!("{without},p={}", STANDARD.encode(proof)).into_bytes()
}

fn ann(password: &str) -> User {
    User {
        name: UserName {
            user: "ann".to_owned(),
            database: "shop".to_owned(),
        },
        id: [7; 16],
        credentials: Credentials::derive(password, b"salt", 2).unwrap(),
        roles: Vec::new(),
        custom: None,
    }
}

fn conversation_wants_proof(conversation: &Conversation) -> bool {
    matches!(conversation.step, Step::Proof(_))
}

fn message(payload: Vec<u8>) -> Document {
    doc! { "conversationId": 1, "payload": binary(payload) }
}

fn binary(bytes: Vec<u8>) -> Binary {
    let subtype = BinarySubtype::Generic;
    Binary { subtype, bytes }
}

fn payload_of(reply: &Document) -> Vec<u8> {
    match reply.get("payload") {
        Some(Bson::Binary(binary)) => binary.bytes.clone(),
        other => panic!("{other:?}"),
    }
}
