//! Operations in the short form of charts and tables: `cas k3 1→2`, `[4 5 6]`.
//!
//! They are read through their JSON form, so that a new action of a workload needs no line here.

use serde_json::{Map, Value};
use workloads::operation::{Concerns, Observed, Operation};

use super::text::visible;

/// How many elements of a list are shown at its begin and at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// At the begin.
    pub(crate) first: usize,
    /// At the end.
    pub(crate) last: usize,
}

impl Shown {
    /// In charts, where 100,000 operations must stay small.
    pub(crate) const FEW: Self = Self { first: 3, last: 5 };
    /// In the table of a counterexample.
    pub(crate) const MANY: Self = Self { first: 60, last: 60 };
}

/// The name of the action, its key, and its text without the concerns.
pub(crate) fn request(operation: &Operation) -> (Option<u32>, String) {
    let Ok(Value::Object(fields)) = serde_json::to_value(&operation.action) else {
        return (None, "?".to_owned());
    };
    let key = fields
        .get("key")
        .and_then(Value::as_u64)
        .and_then(|key| u32::try_from(key).ok());
    let mut text = field_text(&fields, "f").unwrap_or_else(|| "?".to_owned());
    if let Some(key) = key {
        text.push_str(&format!(" k{key}"));
    }
    if let Some(expect) = fields.get("expect") {
        text.push_str(&format!(" {}→", atom(expect)));
    } else if fields.contains_key("value") {
        text.push(' ');
    }
    text.extend(field_text(&fields, "value"));
    if let Some(by) = fields.get("by").and_then(Value::as_i64) {
        text.push_str(&format!(" {by:+}"));
    }
    for (name, value) in &fields {
        if !["f", "key", "expect", "value", "by"].contains(&name.as_str()) {
            text.push_str(&format!(" {name}={}", atom(value)));
        }
    }
    (key, text)
}

/// What a completed operation saw.
pub(crate) fn observed(observed: &Observed, shown: Shown) -> String {
    let Ok(value) = serde_json::to_value(observed) else {
        return "?".to_owned();
    };
    match &value {
        Value::String(word) if word == "done" => "ok".to_owned(),
        Value::Object(fields) => match (fields.keys().next().map(String::as_str), fields.values().next()) {
            (Some("swapped"), Some(Value::Object(swap))) => {
                let swapped = swap.get("swapped") == Some(&Value::Bool(true));
                let was = swap.get("was").map(atom).unwrap_or_default();
                format!("was {was}, {}", if swapped { "swapped" } else { "kept" })
            }
            (Some(_), Some(Value::Array(elements))) => list(elements, shown),
            (Some(_), Some(single)) => atom(single),
            _ => atom(&value),
        },
        other => atom(other),
    }
}

/// `w:majority`, `read linearizable`, `from the primary`: one phrase per concern.
pub(crate) fn concerns(concerns: &Concerns) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(concerns) else {
        return Vec::new();
    };
    let mut phrases = Vec::new();
    for (name, value) in &fields {
        let word = atom(value);
        phrases.push(match (name.as_str(), word.as_str()) {
            ("write", "one") => "w:1".to_owned(),
            ("write", "one-journaled") => "w:1 j:true".to_owned(),
            ("write", _) => format!("w:{word}"),
            ("read", _) => format!("read {word}"),
            ("preference", "primary") => "from the primary".to_owned(),
            ("preference", "secondary") => "from secondaries".to_owned(),
            ("preference", "nearest") => "from any member".to_owned(),
            ("preference", _) => format!("from {word}"),
            (other, _) => format!("{other} {word}"),
        });
    }
    // Writes first: "w:majority, read linearizable, from the primary".
    phrases.sort_by_key(|phrase| (!phrase.starts_with("w:"), !phrase.starts_with("read ")));
    phrases
}

fn field_text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).map(atom)
}

fn list(elements: &[Value], shown: Shown) -> String {
    let text = |part: &[Value]| part.iter().map(atom).collect::<Vec<_>>().join(" ");
    if elements.len() <= shown.first + shown.last {
        return format!("[{}]", text(elements));
    }
    let (first, last) = (&elements[..shown.first], &elements[elements.len() - shown.last..]);
    format!("[{} … {}] {} elements", text(first), text(last), elements.len())
}

fn atom(value: &Value) -> String {
    match value {
        Value::Null => "∅".to_owned(),
        Value::String(text) => visible(text, 120),
        other => visible(&other.to_string(), 240),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workloads::operation::Action;

    #[test]
    fn requests_are_short() {
        let text = |action| {
            request(&Operation {
                action,
                concerns: Concerns::MAJORITY,
                causal: false,
            })
        };
        assert_eq!(text(Action::Read { key: 3 }), (Some(3), "read k3".to_owned()));
        assert_eq!(text(Action::Write { key: 3, value: -5 }).1, "write k3 -5");
        assert_eq!(
            text(Action::Cas {
                key: 0,
                expect: None,
                value: 2
            })
            .1,
            "cas k0 ∅→2"
        );
        assert_eq!(text(Action::Increment { key: 0, by: 2 }).1, "increment k0 +2");
    }

    #[test]
    fn observations_are_short() {
        assert_eq!(observed(&Observed::Done, Shown::FEW), "ok");
        assert_eq!(observed(&Observed::Register(None), Shown::FEW), "∅");
        assert_eq!(
            observed(
                &Observed::Swapped {
                    was: Some(4),
                    swapped: false
                },
                Shown::FEW
            ),
            "was 4, kept"
        );
        let many = Observed::Elements((1..=100).collect());
        assert_eq!(
            observed(&many, Shown::FEW),
            "[1 2 3 … 96 97 98 99 100] 100 elements"
        );
        assert_eq!(observed(&Observed::Taken, Shown::FEW), "taken");
    }

    #[test]
    fn concerns_are_phrases() {
        assert_eq!(
            concerns(&Concerns::LINEARIZABLE),
            ["w:majority", "read linearizable", "from the primary"]
        );
    }
}
