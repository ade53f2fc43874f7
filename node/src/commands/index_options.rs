//! The types of an index's options, asked before anything else: MongoDB tells a wrong type (14) also of what is not
//! supported here.

use bson::{Bson, Document};

use super::error::CommandError;
use crate::query::number::Number;
use crate::query::types::type_name;

/// What an option may be.
#[derive(Clone, Copy)]
enum Wanted {
    Boolean,
    BooleanOrNumber,
    Number,
    Text,
    Object,
    ObjectOrText,
}

/// Options that MongoDB reads strictly; what is not here is judged by what it is used for.
const TYPES: &[(&str, Wanted)] = &[
    ("2dsphereIndexVersion", Wanted::Number),
    ("bits", Wanted::Number),
    ("collation", Wanted::Object),
    ("default_language", Wanted::Text),
    ("hidden", Wanted::Boolean),
    ("key", Wanted::Object),
    ("language_override", Wanted::Text),
    ("max", Wanted::Number),
    ("min", Wanted::Number),
    ("partialFilterExpression", Wanted::Object),
    ("sparse", Wanted::BooleanOrNumber),
    ("textIndexVersion", Wanted::Number),
    ("unique", Wanted::BooleanOrNumber),
    ("weights", Wanted::ObjectOrText),
    ("wildcardProjection", Wanted::Object),
];

/// Is every option of a type that it can have?
///
/// # Errors
/// 14 `TypeMismatch`.
pub(super) fn check_types(index: &Document) -> Result<(), CommandError> {
    for (name, wanted) in TYPES {
        if let Some(value) = index.get(name)
            && !wanted.fits(value)
        {
            let text = format!(
                "The field '{name}' has value {value}, which is the wrong type '{}', expected type {}",
                type_name(value),
                wanted.words()
            );
            return Err(CommandError::new(14, text));
        }
    }
    Ok(())
}

impl Wanted {
    fn fits(self, value: &Bson) -> bool {
        let is_number = Number::from_bson(value).is_some();
        match self {
            Self::Boolean => matches!(value, Bson::Boolean(_)),
            Self::BooleanOrNumber => is_number || matches!(value, Bson::Boolean(_)),
            Self::Number => is_number,
            Self::Text => matches!(value, Bson::String(_)),
            Self::Object => matches!(value, Bson::Document(_)),
            Self::ObjectOrText => matches!(value, Bson::Document(_) | Bson::String(_)),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Boolean => "'bool'",
            Self::BooleanOrNumber => "'[bool, int, long, double, decimal]'",
            Self::Number => "'[int, long, double, decimal]'",
            Self::Text => "'string'",
            Self::Object => "'object'",
            Self::ObjectOrText => "'[object, string]'",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn a_wrong_type_is_told_and_a_right_one_is_not() {
        let code = |option: Document| check_types(&option).err().map(|error| error.code.number());
        for wrong in [
            doc! { "hidden": 1 },
            doc! { "unique": "yes" },
            doc! { "sparse": Bson::Null },
            doc! { "collation": "en" },
            doc! { "bits": true },
            doc! { "key": "a" },
            doc! { "weights": 1 },
        ] {
            assert_eq!(code(wrong.clone()), Some(14), "{wrong}");
        }
        let right = doc! { "hidden": true, "unique": 1, "sparse": false, "collation": {}, "bits": 2.0, "key": { "a": 1 } };
        assert_eq!(code(right), None);
    }
}
