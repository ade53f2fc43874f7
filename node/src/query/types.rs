//! Names and numbers of BSON types, as `$type` and error texts use them.

use bson::Bson;

/// Number and alias of each type.
const TYPES: &[(i32, &str)] = &[
    (-1, "minKey"),
    (1, "double"),
    (2, "string"),
    (3, "object"),
    (4, "array"),
    (5, "binData"),
    (6, "undefined"),
    (7, "objectId"),
    (8, "bool"),
    (9, "date"),
    (10, "null"),
    (11, "regex"),
    (12, "dbPointer"),
    (13, "javascript"),
    (14, "symbol"),
    (15, "javascriptWithScope"),
    (16, "int"),
    (17, "timestamp"),
    (18, "long"),
    (19, "decimal"),
    (127, "maxKey"),
];

/// The number of a value's type, as `$type` takes it.
pub fn type_number(value: &Bson) -> i32 {
    match value {
        Bson::Double(_) => 1,
        Bson::String(_) => 2,
        Bson::Document(_) => 3,
        Bson::Array(_) => 4,
        Bson::Binary(_) => 5,
        Bson::Undefined => 6,
        Bson::ObjectId(_) => 7,
        Bson::Boolean(_) => 8,
        Bson::DateTime(_) => 9,
        Bson::Null => 10,
        Bson::RegularExpression(_) => 11,
        Bson::DbPointer(_) => 12,
        Bson::JavaScriptCode(_) => 13,
        Bson::Symbol(_) => 14,
        Bson::JavaScriptCodeWithScope(_) => 15,
        Bson::Int32(_) => 16,
        Bson::Timestamp(_) => 17,
        Bson::Int64(_) => 18,
        Bson::Decimal128(_) => 19,
        Bson::MinKey => -1,
        Bson::MaxKey => 127,
    }
}

/// The alias of a value's type.
pub fn type_name(value: &Bson) -> &'static str {
    let number = type_number(value);
    TYPES
        .iter()
        .find(|(known, _)| *known == number)
        .map_or("missing", |(_, name)| name)
}

/// The type number of an alias.
pub fn number_of_type_name(name: &str) -> Option<i32> {
    TYPES
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(number, _)| *number)
}

/// Whether a number is a type's.
pub fn is_type_number(number: i64) -> bool {
    TYPES.iter().any(|(known, _)| i64::from(*known) == number)
}

/// About how many bytes a document takes, for limits on memory.
pub fn estimate_bytes(document: &bson::Document) -> usize {
    document
        .iter()
        .map(|(name, value)| name.len() + 2 + estimate_value_bytes(value))
        .sum::<usize>()
        + 5
}

fn estimate_value_bytes(value: &Bson) -> usize {
    match value {
        Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => text.len() + 5,
        Bson::Document(document) => estimate_bytes(document),
        Bson::Array(elements) => {
            elements
                .iter()
                .map(|element| estimate_value_bytes(element) + 4)
                .sum::<usize>()
                + 5
        }
        Bson::Binary(binary) => binary.bytes.len() + 5,
        _ => 16,
    }
}
