//! The order of keys is the order of values.

use bson::{Bson, RawBsonRef, RawDocumentBuf, doc};

use super::{Direction, KeyError, encode, id_key};

#[test]
fn equal_numbers_of_all_types_have_one_key() {
    let one = key(Bson::Int32(1));
    for same in [
        Bson::Int64(1),
        Bson::Double(1.0),
        decimal("1"),
        decimal("1.000"),
        decimal("100E-2"),
    ] {
        assert_eq!(key(same.clone()), one, "{same}");
    }
    assert_eq!(key(Bson::Double(-0.0)), key(Bson::Int32(0)));
    assert_eq!(key(decimal("-0E5")), key(Bson::Int32(0)));
    assert_eq!(key(Bson::Int64(i64::MAX)), key(decimal("9223372036854775807")));
}

#[test]
fn values_in_ascending_order_have_keys_in_ascending_order() {
    let ladder = ladder();
    for (index, pair) in ladder.windows(2).enumerate() {
        assert!(
            key(pair[0].clone()) < key(pair[1].clone()),
            "step {index}: {} < {}",
            pair[0],
            pair[1]
        );
    }
}

#[test]
fn no_key_is_a_prefix_of_another_and_inverted_keys_sort_backwards() {
    let ladder = ladder();
    for left in &ladder {
        for right in &ladder {
            let (small, large) = (key(left.clone()), key(right.clone()));
            assert!(
                small == large || !large.starts_with(&small),
                "{left} begins {right}"
            );
            let (small_down, large_down) = (key_down(left), key_down(right));
            assert_eq!(small.cmp(&large), large_down.cmp(&small_down));
        }
    }
}

#[test]
fn a_document_without_an_id_has_no_key() {
    let document = RawDocumentBuf::try_from(&doc! { "a": 1 }).unwrap();
    assert!(matches!(id_key(document.as_bytes()), Err(KeyError::MissingId)));
    assert!(matches!(id_key(&[5, 0, 0]), Err(KeyError::Malformed(_))));
}

/// One value of each kind and many edges, ascending in MongoDB's order.
fn ladder() -> Vec<Bson> {
    let binary = |subtype: u8, bytes: &[u8]| {
        Bson::Binary(bson::Binary {
            subtype: subtype.into(),
            bytes: bytes.to_vec(),
        })
    };
    let regex = |pattern: &str, options: &str| {
        Bson::RegularExpression(bson::Regex {
            pattern: pattern.try_into().unwrap(),
            options: options.try_into().unwrap(),
        })
    };
    vec![
        Bson::MinKey,
        Bson::Undefined,
        Bson::Null,
        Bson::Double(f64::NAN),
        Bson::Double(f64::NEG_INFINITY),
        decimal("-1E400"),
        Bson::Double(f64::MIN),
        Bson::Int64(i64::MIN),
        Bson::Int64(i64::MIN + 1),
        Bson::Int64(-9_007_199_254_740_995),
        Bson::Int64(-9_007_199_254_740_994),
        Bson::Int64(-9_007_199_254_740_993),
        Bson::Double(-1.5),
        Bson::Int32(-1),
        Bson::Double(-0.1),
        decimal("-0.1"),
        Bson::Double(-f64::from_bits(1)),
        decimal("-1E-400"),
        decimal("-1E-6000"),
        Bson::Int32(0),
        decimal("1E-6000"),
        decimal("1E-400"),
        Bson::Double(f64::from_bits(1)),
        decimal("0.1"),
        Bson::Double(0.1),
        decimal("0.11"),
        decimal("0.12"),
        Bson::Int32(1),
        Bson::Double(1.5),
        Bson::Int32(2),
        Bson::Int64(9_007_199_254_740_992),
        Bson::Int64(9_007_199_254_740_993),
        decimal("9007199254740993.5"),
        Bson::Int64(9_007_199_254_740_994),
        Bson::Int64(i64::MAX - 1),
        decimal("9223372036854775806.5"),
        Bson::Int64(i64::MAX),
        Bson::Double(9_223_372_036_854_775_808.0),
        Bson::Double(f64::MAX),
        decimal("1E400"),
        decimal("1.1E400"),
        decimal("1E6000"),
        Bson::Double(f64::INFINITY),
        Bson::String(String::new()),
        Bson::String("\0".to_owned()),
        Bson::String("\0a".to_owned()),
        Bson::String("a".to_owned()),
        Bson::String("a\0".to_owned()),
        Bson::String("ab".to_owned()),
        Bson::String("b".to_owned()),
        Bson::String("é".to_owned()),
        Bson::Document(doc! {}),
        Bson::Document(doc! { "b": 1 }),
        Bson::Document(doc! { "b": 1, "a": 1 }),
        Bson::Document(doc! { "b": 2 }),
        Bson::Document(doc! { "c": 0 }),
        Bson::Document(doc! { "a": "text" }),
        Bson::Document(doc! { "a": { "b": 1 } }),
        Bson::Array(vec![]),
        Bson::Array(vec![Bson::Int32(1)]),
        Bson::Array(vec![Bson::Int32(1), Bson::Null]),
        Bson::Array(vec![Bson::Int32(2)]),
        Bson::Array(vec![Bson::String("a".to_owned())]),
        binary(0, b""),
        binary(5, b"z"),
        binary(0, b"aa"),
        binary(0, b"ab"),
        binary(4, b"aa"),
        Bson::ObjectId(bson::oid::ObjectId::from_bytes([0; 12])),
        Bson::ObjectId(bson::oid::ObjectId::from_bytes([1; 12])),
        Bson::Boolean(false),
        Bson::Boolean(true),
        Bson::DateTime(bson::DateTime::from_millis(-1)),
        Bson::DateTime(bson::DateTime::from_millis(0)),
        Bson::DateTime(bson::DateTime::from_millis(1)),
        Bson::Timestamp(bson::Timestamp {
            time: 1,
            increment: 2,
        }),
        Bson::Timestamp(bson::Timestamp {
            time: 2,
            increment: 1,
        }),
        regex("a", ""),
        regex("a", "i"),
        regex("b", ""),
        Bson::JavaScriptCode("f".to_owned()),
        Bson::MaxKey,
    ]
}

fn key(value: Bson) -> Vec<u8> {
    key_in(&value, Direction::Ascending)
}

fn key_down(value: &Bson) -> Vec<u8> {
    key_in(value, Direction::Descending)
}

fn key_in(value: &Bson, direction: Direction) -> Vec<u8> {
    let document = RawDocumentBuf::try_from(&doc! { "value": value.clone() }).unwrap();
    let value: RawBsonRef<'_> = document.get("value").unwrap().unwrap();
    let mut key = Vec::new();
    encode(value, direction, &mut key).unwrap();
    key
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}
