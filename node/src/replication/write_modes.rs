//! `settings.getLastErrorModes`: write concerns by tags, as the core counts them.

use std::collections::BTreeMap;

use bson::{Bson, Document};
use protocol::config::MemberSet;
use protocol::write_mode::{ModeId, TagConstraint, WriteMode};

use super::config_document::{ConfigError, invalid};

/// Who has which value of which tag.
type Tags = BTreeMap<String, BTreeMap<String, MemberSet>>;

/// The modes of `settings`, over the tags of the members' rows.
///
/// # Errors
/// A sentence that names the mode or the member: a mode that is no document of positive numbers, a tag that nobody has, a
/// tag that is no string, two names that can't be told apart.
pub(super) fn read(settings: &Document, rows: &[Bson]) -> Result<Vec<WriteMode>, ConfigError> {
    let tags = tags(rows)?;
    let modes = match settings.get("getLastErrorModes") {
        None => return Ok(Vec::new()),
        Some(Bson::Document(modes)) => modes,
        Some(_) => return Err(invalid("settings.getLastErrorModes must be a document")),
    };
    let mut read: Vec<WriteMode> = Vec::with_capacity(modes.len());
    for (name, wanted) in modes {
        let mode = mode(name, wanted, &tags)?;
        if name == "majority" || read.iter().any(|other| other.id == mode.id) {
            return Err(invalid(&format!(
                "settings.getLastErrorModes: the name {name} is taken"
            )));
        }
        read.push(mode);
    }
    Ok(read)
}

fn mode(name: &str, wanted: &Bson, tags: &Tags) -> Result<WriteMode, ConfigError> {
    let place = format!("settings.getLastErrorModes.{name}");
    let wanted = wanted
        .as_document()
        .filter(|wanted| !wanted.is_empty())
        .ok_or_else(|| invalid(&format!("{place} must be a document such as {{dc: 2}}")))?;
    let constraints = wanted.iter().map(|(tag, count)| {
        let values_min = super::config_document::integer(wanted, tag)?
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count > 0)
            .ok_or_else(|| invalid(&format!("{place}.{tag} is a number above 0, not {count}")))?;
        let by_value = tags
            .get(tag)
            .ok_or_else(|| invalid(&format!("{place} wants the tag {tag}, which no member has")))?;
        Ok(TagConstraint {
            values_min,
            by_value: by_value.values().copied().collect(),
        })
    });
    Ok(WriteMode {
        id: ModeId::of(name),
        constraints: constraints.collect::<Result<_, _>>()?,
    })
}

fn tags(rows: &[Bson]) -> Result<Tags, ConfigError> {
    let mut tags = Tags::new();
    for (position, row) in rows.iter().enumerate() {
        let given = match row.as_document().and_then(|row| row.get("tags")) {
            None => continue,
            Some(Bson::Document(given)) => given,
            Some(_) => {
                return Err(invalid(
                    "a member's tags must be a document such as {dc: \"east\"}",
                ));
            }
        };
        for (tag, value) in given {
            let value = value
                .as_str()
                .ok_or_else(|| invalid(&format!("the tag {tag} must be a string, not {value}")))?;
            let members = tags.entry(tag.clone()).or_default();
            members.entry(value.to_owned()).or_default().insert(position);
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn rows() -> Vec<Bson> {
        [
            doc! { "_id": 0, "tags": { "dc": "east", "disk": "ssd" } },
            doc! { "_id": 1, "tags": { "dc": "east" } },
            doc! { "_id": 2, "tags": { "dc": "west" } },
            doc! { "_id": 3 },
        ]
        .map(Bson::Document)
        .to_vec()
    }

    #[test]
    fn values_of_a_tag_become_groups() {
        let settings = doc! { "getLastErrorModes": { "everywhere": { "dc": 2 }, "fast": { "disk": 1.0 } } };
        let modes = read(&settings, &rows()).unwrap();
        assert_eq!(modes[0].id, ModeId::of("everywhere"));
        assert_eq!(
            modes[0].constraints[0].by_value,
            [MemberSet(0b011), MemberSet(0b100)]
        );
        assert!(modes[1].is_met_by(MemberSet(0b001)));
        assert!(!modes[1].is_met_by(MemberSet(0b110)));
    }

    #[test]
    fn each_mistake_is_named() {
        let cases = [
            (doc! { "a": { "rack": 1 } }, "the tag rack, which no member has"),
            (doc! { "a": { "dc": 0 } }, "getLastErrorModes.a.dc"),
            (doc! { "a": {} }, "getLastErrorModes.a must be a document"),
            (doc! { "majority": { "dc": 1 } }, "majority is taken"),
        ];
        for (modes, word) in cases {
            let error = read(&doc! { "getLastErrorModes": modes }, &rows())
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{error}");
        }
        let odd = [Bson::Document(doc! { "_id": 0, "tags": { "dc": 1 } })];
        assert!(read(&doc! {}, &odd).unwrap_err().to_string().contains("tag dc"));
    }
}
