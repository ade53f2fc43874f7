//! What is built is what is read.

use std::sync::Arc;

use bson::{Document, RawDocumentBuf, doc};
use protocol::optime::OpTime;

use super::{EntryError, EntryParts, OpKind, OplogEntry, Session, build};
use crate::storage::change::Change;
use crate::storage::key::value_key;

#[test]
fn an_entry_is_the_bson_document_that_mongodb_users_know() {
    let bytes = build(&EntryParts {
        uuid: Some([7; 16]),
        session: Some(Session {
            lsid: &raw(doc! { "id": 5 }),
            txn_number: 9,
            stmt_id: 2,
        }),
        ..parts(
            OpKind::Update,
            "shop.items",
            &raw(doc! { "_id": 1, "a": 2 }),
            Some(&raw(doc! { "_id": 1 })),
        )
    });
    let expected = doc! {
        "lsid": { "id": 5 },
        "txnNumber": 9_i64,
        "op": "u",
        "ns": "shop.items",
        "ui": bson::Binary { subtype: bson::spec::BinarySubtype::Uuid, bytes: vec![7; 16] },
        "o": { "_id": 1, "a": 2 },
        "o2": { "_id": 1 },
        "stmtId": 2,
        "ts": bson::Timestamp { time: 8, increment: 3 },
        "t": 4_i64,
        "v": 2,
        "wall": bson::DateTime::from_millis(123_456),
    };
    assert_eq!(Document::from_reader(&bytes[..]).unwrap(), expected);

    let entry = OplogEntry::parse(&bytes).unwrap();
    assert_eq!(entry.optime, OpTime::new(4, 8, 3));
    assert_eq!(
        (entry.ns, entry.uuid, entry.wall_ms),
        ("shop.items", Some([7; 16]), 123_456)
    );
    assert_eq!(entry.session.unwrap().txn_number, 9);
}

#[test]
fn document_entries_say_the_result() {
    let document = raw(doc! { "_id": 1, "a": 2 });
    let id = raw(doc! { "_id": 1 });
    let put = Change::put(&ns("shop.items"), &document).unwrap();
    let insert = Change::insert(&ns("shop.items"), &document).unwrap();
    assert_eq!(changes(OpKind::Insert, "shop.items", &document, None), [insert]);
    assert_eq!(changes(OpKind::Update, "shop.items", &document, Some(&id)), [put]);
    let delete = Change::Delete {
        ns: ns("shop.items"),
        id_key: value_key(bson::RawBsonRef::Int32(1)).unwrap(),
    };
    assert_eq!(changes(OpKind::Delete, "shop.items", &id, None), [delete]);
    assert_eq!(
        changes(OpKind::Noop, "", &raw(doc! { "msg": "new primary" }), None),
        []
    );
}

#[test]
fn command_entries_change_the_catalog() {
    let command = |object: Document| changes(OpKind::Command, "shop.$cmd", &raw(object), None).remove(0);
    assert_eq!(
        command(doc! { "create": "items", "capped": false }),
        Change::CreateCollection {
            ns: ns("shop.items"),
            uuid: None,
            options: raw(doc! { "capped": false }),
        }
    );
    assert_eq!(
        command(doc! { "drop": "items" }),
        Change::DropCollection { ns: ns("shop.items") }
    );
    assert_eq!(
        command(doc! { "dropDatabase": 1 }),
        Change::DropDatabase { db: ns("shop") }
    );
    assert_eq!(
        command(doc! { "renameCollection": "shop.a", "to": "shop.b" }),
        Change::RenameCollection {
            from: ns("shop.a"),
            to: ns("shop.b"),
        }
    );
    let Change::CreateIndex { index, .. } =
        command(doc! { "createIndexes": "items", "v": 2, "key": { "a": 1 }, "name": "a_1", "unique": true })
    else {
        panic!("no index")
    };
    assert!(index.is_unique && index.name == "a_1");
    assert_eq!(
        index.document,
        raw(doc! { "v": 2, "key": { "a": 1 }, "name": "a_1", "unique": true })
    );
    assert_eq!(
        command(doc! { "dropIndexes": "items", "index": "a_1" }),
        Change::DropIndex {
            ns: ns("shop.items"),
            name: "a_1".to_owned(),
        }
    );
}

#[test]
fn no_bytes_make_the_parser_panic() {
    let bytes = build(&parts(
        OpKind::Insert,
        "shop.items",
        &raw(doc! { "_id": 1, "a": [1, { "b": 2 }] }),
        None,
    ));
    for length in 0..bytes.len() {
        assert!(OplogEntry::parse(&bytes[..length]).is_err());
    }
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[position] ^= 1 << bit;
            if let Ok(entry) = OplogEntry::parse(&flipped) {
                drop(entry.changes());
            }
        }
    }
    let unknown = build(&parts(
        OpKind::Command,
        "shop.$cmd",
        &raw(doc! { "collMod": 1 }),
        None,
    ));
    let refused = OplogEntry::parse(&unknown).unwrap().changes();
    assert!(matches!(refused, Err(EntryError::UnknownOperation(_))));
}

fn changes(op: OpKind, ns: &str, object: &[u8], object2: Option<&[u8]>) -> Vec<Change> {
    OplogEntry::parse(&build(&parts(op, ns, object, object2)))
        .unwrap()
        .changes()
        .unwrap()
}

fn parts<'a>(op: OpKind, ns: &'a str, object: &'a [u8], object2: Option<&'a [u8]>) -> EntryParts<'a> {
    EntryParts {
        optime: OpTime::new(4, 8, 3),
        op,
        ns,
        uuid: None,
        object,
        object2,
        wall_ms: 123_456,
        session: None,
    }
}

fn raw(document: Document) -> Vec<u8> {
    RawDocumentBuf::try_from(&document).unwrap().into_bytes()
}

fn ns(name: &str) -> Arc<str> {
    name.into()
}
