//! The codec against golden bytes, its limits, and arbitrary bytes.

use bson::{Bson, RawDocumentBuf, doc, rawdoc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::checksum::crc32c;
use super::*;

#[test]
fn body_and_sequence_become_a_request() {
    let first = rawdoc! { "_id": 1 };
    let second = rawdoc! { "_id": 2, "text": "é" };
    let bytes = message(
        (1 << 16) | 2,
        &[
            body(&rawdoc! { "insert": "c", "$db": "d" }),
            sequence("documents", &[&first, &second]),
        ],
    );
    let request = parse_request(&bytes).expect("sound message");
    assert_eq!((request.id, request.kind), (7, RequestKind::Msg));
    assert_eq!(
        (request.name.as_str(), request.database.as_str()),
        ("insert", "d")
    );
    assert!(request.more_to_come && request.exhaust_allowed);
    assert_eq!(
        request.sequences,
        vec![("documents".to_owned(), vec![first, second])]
    );
    let merged = request.to_document().expect("merges");
    assert_eq!(
        merged,
        doc! { "insert": "c", "$db": "d", "documents": [{ "_id": 1 }, { "_id": 2, "text": "é" }] }
    );
}

#[test]
fn legacy_hello_is_read_and_answered_in_its_own_form() {
    let request =
        parse_request(&query("admin.$cmd", &rawdoc! { "ismaster": 1, "helloOk": true })).expect("hello");
    assert_eq!(
        (request.kind, request.name.as_str()),
        (RequestKind::Query, "ismaster")
    );
    let mut out = Vec::new();
    encode_reply(
        &mut out,
        request.kind,
        3,
        request.id,
        &rawdoc! { "ok": 1.0 },
        false,
    );
    let header = Header::parse(&out).expect("sound").expect("whole");
    assert_eq!(
        (header.length, header.response_to, header.opcode),
        (out.len(), 7, 1)
    );
    assert_eq!(&out[36..], rawdoc! { "ok": 1.0 }.as_bytes());
}

#[test]
fn other_legacy_queries_are_refused_with_code_352() {
    for bytes in [
        query("admin.$cmd", &rawdoc! { "ping": 1 }),
        query("d.c", &rawdoc! { "x": 1 }),
    ] {
        let error = parse_request(&bytes).expect_err("refused");
        assert_eq!(
            error.answer_code().map(|code| code.number()),
            Some(352),
            "{error}"
        );
    }
}

#[test]
fn checksum_is_checked_and_cut_off() {
    let mut bytes = message(1, &[body(&rawdoc! { "ping": 1, "$db": "d" })]);
    let length = bytes.len() as i32 + 4;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    let sum = crc32c(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    assert_eq!(parse_request(&bytes).expect("sound").name, "ping");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(parse_request(&bytes), Err(WireError::ChecksumMismatch));
}

#[test]
fn faults_have_names() {
    let ping = body(&rawdoc! { "ping": 1, "$db": "d" });
    let documents = sequence("documents", &[]);
    let clash = body(&rawdoc! { "insert": "c", "documents": [], "$db": "d" });
    let cases = [
        (
            message(4, std::slice::from_ref(&ping)),
            WireError::IllegalFlags(4),
        ),
        (message(0, &[ping.clone(), ping.clone()]), WireError::SecondBody),
        (
            message(0, std::slice::from_ref(&documents)),
            WireError::BodyMissing,
        ),
        (
            message(0, &[clash, documents.clone()]),
            WireError::DuplicateSequence("documents".to_owned()),
        ),
        (
            message(0, &[documents.clone(), ping, documents]),
            WireError::DuplicateSequence("documents".to_owned()),
        ),
        (message(0, &[vec![9]]), WireError::UnknownSection(9)),
        (
            message(0, &[body(&rawdoc! { "ping": 1 })]),
            WireError::DatabaseMissing,
        ),
        (message(0, &[body(&rawdoc! {})]), WireError::NameMissing),
    ];
    for (bytes, expected) in cases {
        assert_eq!(parse_request(&bytes), Err(expected));
    }
    let mut reply = Vec::new();
    encode_reply(&mut reply, RequestKind::Query, 1, 1, &rawdoc! {}, false);
    assert_eq!(parse_request(&reply), Err(WireError::UnsupportedOpcode(1)));
}

#[test]
fn lengths_are_refused_before_the_bytes_arrive() {
    let mut buffer = FrameBuffer::new();
    buffer.push(&(MESSAGE_BYTES_MAX as i32 + 1).to_le_bytes());
    assert_eq!(buffer.next_frame(), Ok(None));
    buffer.push(&[0; 12]);
    assert_eq!(buffer.next_frame(), Err(WireError::MessageTooLarge(48_000_001)));
    for length in [-1, 0, 15] {
        let mut buffer = FrameBuffer::new();
        buffer.push(&i32::to_le_bytes(length));
        buffer.push(&[0; 12]);
        assert_eq!(buffer.next_frame(), Err(WireError::MessageTooShort(length)));
    }
}

#[test]
fn frames_come_out_whole_however_the_bytes_arrive() {
    let messages: Vec<Vec<u8>> = (0..5)
        .map(|n| message(0, &[body(&rawdoc! { "ping": n, "$db": "d" })]))
        .collect();
    let stream = messages.concat();
    for step in 1..40 {
        let mut buffer = FrameBuffer::new();
        let mut seen = Vec::new();
        for part in stream.chunks(step) {
            buffer.push(part);
            while let Some(frame) = buffer.next_frame().expect("sound stream") {
                seen.push(frame.to_vec());
            }
        }
        assert_eq!(seen, messages, "step {step}");
        assert_eq!(buffer.pending_bytes(), 0);
    }
}

#[test]
fn nesting_stops_at_the_limit() {
    let nested = |levels: usize| {
        (1..levels).fold(doc! {}, |inner, level| {
            if level % 2 == 0 {
                doc! { "a": inner }
            } else {
                doc! { "a": [inner] }
            }
        })
    };
    let deepest = |document: &bson::Document| validate_document(&document.to_vec().expect("encodes"));
    // Each odd level is two: an array and a document in it.
    assert!(deepest(&nested(133)).is_ok());
    assert_eq!(deepest(&nested(140)), Err(WireError::TooDeep));
}

#[test]
fn every_type_passes_and_survives() {
    let document = every_type();
    let bytes = document.to_vec().expect("encodes");
    assert_eq!(validate_document(&bytes), Ok(bytes.len()));
    for cut in 0..bytes.len() {
        assert!(validate_document(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn text_must_be_utf8() {
    let mut bytes = doc! { "a": "xyz" }.to_vec().expect("encodes");
    let at = bytes.iter().position(|byte| *byte == b'y').expect("there");
    bytes[at] = 0xff;
    assert_eq!(
        validate_document(&bytes),
        Err(WireError::InvalidDocument("text is not UTF-8"))
    );
}

/// The property behind everything else: no bytes make the parser panic, and what it accepts can be read.
#[test]
fn arbitrary_and_mutated_bytes_never_panic() {
    let mut dice = ChaCha8Rng::seed_from_u64(20_261_121);
    let samples = [
        message(
            0,
            &[
                body(&every_type_command()),
                sequence("documents", &[&every_type_command()]),
            ],
        ),
        query("admin.$cmd", &rawdoc! { "$query": { "hello": 1 } }),
        message(
            2,
            &[
                sequence("u", &[&rawdoc! { "q": {}, "u": [1, { "a": "b" }] }]),
                body(&every_type_command()),
            ],
        ),
    ];
    let mut accepted = 0;
    for round in 0..60_000 {
        let mut bytes = samples[round % samples.len()].clone();
        if round % 10 == 0 {
            bytes = (0..dice.next_u32() % 200)
                .map(|_| dice.next_u32() as u8)
                .collect();
        } else {
            for _ in 0..1 + dice.next_u32() % 4 {
                let at = dice.next_u32() as usize % bytes.len();
                match dice.next_u32() % 4 {
                    0 => bytes[at] = dice.next_u32() as u8,
                    1 => bytes[at] ^= 1 << (dice.next_u32() % 8),
                    2 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, dice.next_u32() as u8),
                }
            }
        }
        if dice.next_u32() % 2 == 0 && bytes.len() >= 4 {
            let length = bytes.len() as i32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
        }
        let mut buffer = FrameBuffer::new();
        buffer.push(&bytes);
        let _ = buffer.next_frame();
        if let Ok(request) = parse_request(&bytes) {
            accepted += 1;
            request.to_document().expect("an accepted request is readable");
        }
    }
    assert!(
        accepted > 1_000,
        "the mutations must not all be refused at the door: {accepted}"
    );
}

fn every_type() -> bson::Document {
    doc! {
        "double": 1.5, "string": "text", "document": { "a": 1 }, "array": [1, "b", [true]],
        "binary": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2, 3] },
        "old": bson::Binary { subtype: bson::spec::BinarySubtype::BinaryOld, bytes: vec![1, 2, 3] },
        "undefined": Bson::Undefined, "id": bson::oid::ObjectId::from_bytes([7; 12]), "boolean": false,
        "date": bson::DateTime::from_millis(5), "null": Bson::Null, "regex": bson::Regex {
            pattern: bson::raw::CString::try_from("^a").expect("no zero"),
            options: bson::raw::CString::try_from("i").expect("no zero"),
        },
        "code": Bson::JavaScriptCode("f()".to_owned()), "symbol": Bson::Symbol("s".to_owned()),
        "scope": Bson::JavaScriptCodeWithScope(bson::JavaScriptCodeWithScope {
            code: "g".to_owned(), scope: doc! { "x": 1 } }),
        "int": 1_i32, "timestamp": bson::Timestamp { time: 1, increment: 2 }, "long": 1_i64,
        "decimal": "1.25".parse::<bson::Decimal128>().expect("a number"),
        "least": Bson::MinKey, "most": Bson::MaxKey,
    }
}

fn every_type_command() -> RawDocumentBuf {
    let mut command = doc! { "insert": "c", "$db": "d" };
    command.extend(every_type());
    RawDocumentBuf::try_from(&command).expect("encodes")
}

fn message(flags: u32, sections: &[Vec<u8>]) -> Vec<u8> {
    let mut content = flags.to_le_bytes().to_vec();
    content.extend(sections.concat());
    framed(2013, &content)
}

fn body(document: &RawDocumentBuf) -> Vec<u8> {
    [&[0], document.as_bytes()].concat()
}

fn sequence(name: &str, documents: &[&RawDocumentBuf]) -> Vec<u8> {
    let mut content = [name.as_bytes(), &[0]].concat();
    documents
        .iter()
        .for_each(|document| content.extend_from_slice(document.as_bytes()));
    let mut section = vec![1];
    section.extend_from_slice(&(content.len() as i32 + 4).to_le_bytes());
    section.extend(content);
    section
}

fn query(namespace: &str, document: &RawDocumentBuf) -> Vec<u8> {
    let content = [
        &[0; 4],
        namespace.as_bytes(),
        &[0],
        &[0; 4],
        &[255; 4],
        document.as_bytes(),
    ]
    .concat();
    framed(2004, &content)
}

fn framed(opcode: i32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in [content.len() as i32 + 16, 7, 0, opcode] {
        bytes.extend_from_slice(&field.to_le_bytes());
    }
    bytes.extend_from_slice(content);
    bytes
}
