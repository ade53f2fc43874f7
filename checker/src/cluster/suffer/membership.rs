//! Reconfigurations: a member's row is changed, and put back.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use tokio::time::{Instant, sleep};

use super::{
    effects::Effects,
    operator::{self, AGAIN, ask},
};
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::{fault::Member, row_change::RowChange},
};

/// How long a change is tried, while nobody leads or the configuration before is not committed.
const TRIED: Duration = Duration::from_secs(6);
/// How long the row may take to be back.
const BACK: Duration = Duration::from_secs(25);
/// How long one try of putting it back is waited for.
const BACK_WAIT_MS: u64 = 3_000;

/// A row that was changed, as it was before.
#[derive(Debug)]
pub(super) struct Rearranged {
    member: Member,
    row: Document,
    refusal: Option<String>,
    effects: Effects,
}

impl Rearranged {
    /// The changed row was seen in the primary's configuration.
    pub(super) fn has_struck(&self) -> bool {
        self.refusal.is_none()
    }
}

/// Changes the member's row.
pub(super) async fn reconfigure(
    rig: &mut Rig,
    member: Member,
    change: RowChange,
    wait_ms: u64,
) -> Result<Rearranged, ClusterError> {
    let began = Instant::now();
    let mut words = String::from("nobody leads");
    let mut before = None;
    while began.elapsed() < TRIED {
        let tried = one_try(rig, member, wait_ms, |row| changed(row, change)).await?;
        before = before.or(tried.before);
        match (tried.refusal, &before) {
            (None, Some(row)) => {
                let mut effects = Effects::default();
                effects.add("rows_changed", 1);
                effects.add("took_ms", u64::try_from(began.elapsed().as_millis()).unwrap_or(0));
                return Ok(Rearranged {
                    member,
                    row: row.clone(),
                    refusal: None,
                    effects,
                });
            }
            (None, None) => words = format!("n{member} is not in the configuration"),
            (Some(refusal), _) => words = refusal,
        }
        sleep(AGAIN).await;
    }
    Ok(Rearranged {
        member,
        row: before.unwrap_or_default(),
        refusal: Some(words),
        effects: Effects::default(),
    })
}

/// Puts the row back. A change that a new primary never heard of needs none.
pub(super) async fn heal(rig: &mut Rig, rearranged: Rearranged) -> (Effects, Result<(), ClusterError>) {
    let Rearranged {
        member,
        row,
        refusal,
        mut effects,
    } = rearranged;
    effects.add("commands_refused", u64::from(refusal.is_some()));
    effects.struck = refusal.is_none();
    effects.remarks.extend(refusal);
    if row.is_empty() {
        return (effects, Ok(()));
    }
    let began = Instant::now();
    let mut words = String::from("nobody leads");
    while began.elapsed() < BACK {
        let tried = one_try(rig, member, BACK_WAIT_MS, |_| Some(row.clone())).await;
        match tried {
            Ok(Try { refusal: None, .. }) => {
                effects.add("rows_restored", 1);
                return (effects, Ok(()));
            }
            Ok(Try {
                refusal: Some(refusal),
                ..
            }) => words = refusal,
            Err(error) => return (effects, Err(error)),
        }
        sleep(AGAIN).await;
    }
    let refused = ClusterError::Refused {
        member,
        command: "replSetReconfig",
        words,
    };
    (effects, Err(refused))
}

pub(super) struct Try {
    /// The row before.
    before: Option<Document>,
    /// Why the row is not as wanted now.
    pub(super) refusal: Option<String>,
}

/// Asks the primary once to make the row what `wanted` makes of it (none: remove it).
pub(super) async fn one_try(
    rig: &mut Rig,
    member: Member,
    wait_ms: u64,
    wanted: impl Fn(&Document) -> Option<Document>,
) -> Result<Try, ClusterError> {
    let no = |before, words: String| Try {
        before,
        refusal: Some(words),
    };
    let Some(leader) = operator::leader(rig, Duration::ZERO).await? else {
        return Ok(no(None, "nobody leads".to_owned()));
    };
    let host = rig.seats()[usize::from(member)].advertised.to_string();
    let mut config = match present(rig, leader).await? {
        Ok(config) => config,
        Err(words) => return Ok(no(None, words)),
    };
    let before = row_of(&config, &host);
    let wanted = wanted(before.as_ref().unwrap_or(&Document::new()));
    if same(before.as_ref(), wanted.as_ref()) {
        return Ok(Try {
            before,
            refusal: None,
        });
    }
    put(&mut config, &host, wanted.clone());
    let version = operator::integer(config.get("version")).unwrap_or(0);
    config.insert("version", version + 1);
    let wait_ms = i64::try_from(wait_ms).unwrap_or(i64::MAX);
    let command = doc! {"replSetReconfig": config, "maxTimeMS": wait_ms};
    let asked = ask(rig, leader, "admin", "replSetReconfig", command).await?;
    let Err(words) = asked else {
        return Ok(Try {
            before,
            refusal: None,
        });
    };
    // The time may have been over before it was committed; what counts is what is in force.
    let now = present(rig, leader).await?;
    let done = now.is_ok_and(|config| same(row_of(&config, &host).as_ref(), wanted.as_ref()));
    Ok(Try {
        before,
        refusal: (!done).then_some(words),
    })
}

async fn present(rig: &Rig, leader: Member) -> Result<Result<Document, String>, ClusterError> {
    let command = doc! {"replSetGetConfig": 1};
    let answer = ask(rig, leader, "admin", "replSetGetConfig", command).await?;
    Ok(answer.and_then(|answer| {
        let config = answer.get_document("config").cloned();
        config.map_err(|error| error.to_string())
    }))
}

fn changed(row: &Document, change: RowChange) -> Option<Document> {
    let mut row = row.clone();
    match change {
        RowChange::Remove => return None,
        RowChange::NoVote => {
            row.insert("votes", 0);
            row.insert("priority", 0);
        }
        RowChange::Priority { priority } => {
            row.insert("priority", f64::from(priority));
        }
    }
    Some(row)
}

fn row_of(config: &Document, host: &str) -> Option<Document> {
    let rows = config.get_array("members").ok()?;
    let rows = rows.iter().filter_map(Bson::as_document);
    rows.into_iter()
        .find(|row| row.get_str("host").ok() == Some(host))
        .cloned()
}

fn put(config: &mut Document, host: &str, wanted: Option<Document>) {
    let mut rows = config.get_array("members").cloned().unwrap_or_default();
    rows.retain(|row| row.as_document().and_then(|row| row.get_str("host").ok()) != Some(host));
    rows.extend(wanted.map(Bson::Document));
    rows.sort_by_key(|row| {
        row.as_document()
            .and_then(|row| operator::integer(row.get("_id")))
    });
    config.insert("members", rows);
}

/// Whether two rows give the same vote and the same priority, or both are none.
fn same(one: Option<&Document>, other: Option<&Document>) -> bool {
    let weight = |row: &Document| (number(row.get("votes")), number(row.get("priority")));
    one.map(weight) == other.map(weight)
}

/// A number of any kind, in thousandths; 1 where none is given, as for votes and priorities.
fn number(value: Option<&Bson>) -> i64 {
    match value {
        Some(Bson::Double(number)) => (number * 1_000.0) as i64,
        other => operator::integer(other).unwrap_or(1) * 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_taken_out_and_put_back_in_its_place() {
        let row = |id: i32| doc! {"_id": id, "host": format!("h{id}"), "priority": 1.0};
        let mut config = doc! {"members": [row(0), row(1), row(2)]};
        let kept = row_of(&config, "h1").expect("it is there");
        put(&mut config, "h1", changed(&kept, RowChange::Remove));
        assert_eq!(row_of(&config, "h1"), None);
        put(&mut config, "h1", Some(kept));
        assert_eq!(config, doc! {"members": [row(0), row(1), row(2)]});
    }

    #[test]
    fn rows_are_the_same_when_they_weigh_the_same() {
        let plain = doc! {"_id": 1, "host": "h"};
        let told = doc! {"_id": 1, "host": "h", "votes": 1, "priority": 1.0};
        let preferred = changed(&plain, RowChange::Priority { priority: 5 });
        let silent = changed(&plain, RowChange::NoVote);
        assert!(same(Some(&plain), Some(&told)) && same(None, None));
        assert!(!same(Some(&plain), preferred.as_ref()) && !same(Some(&plain), silent.as_ref()));
        assert!(!same(Some(&plain), None));
    }
}
