//! Do members hold the same? Documents, collections, indexes and what is in them, sessions, and the oplog.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

use super::stage::{DATABASE, Stage, StageError, find, first_batch};
use crate::nemesis::fault::Member;

/// What a member holds, thing by thing, in words that are equal when the things are.
type Holdings = BTreeMap<String, String>;

/// What begins the name of an oplog entry.
const ENTRY: &str = "entry ";

/// The first difference between the members' data, in words.
///
/// # Errors
/// When one of them can't be read.
pub async fn difference(stage: &Stage, members: &[Member]) -> Result<Option<String>, StageError> {
    let mut all = Vec::new();
    for member in members {
        all.push((*member, holdings(stage, *member).await?));
    }
    Ok(first_difference(all))
}

/// The same with the oplogs as far as all reach back, which have to be short: that of a member that was slow to hear of
/// the set begins where its copy of the data began.
///
/// # Errors
/// When one of them can't be read.
pub async fn difference_with_oplog(stage: &Stage, members: &[Member]) -> Result<Option<String>, StageError> {
    let mut all = Vec::new();
    for member in members {
        let mut held = holdings(stage, *member).await?;
        let oplog = stage.have(*member, "local", whole_oplog()).await?;
        for entry in first_batch(&oplog) {
            held.insert(format!("{ENTRY}{}", name(&entry)), entry.to_string());
        }
        all.push((*member, held));
    }
    cut_to_the_common_range(&mut all);
    Ok(first_difference(all))
}

fn cut_to_the_common_range(all: &mut [(Member, Holdings)]) {
    let begins = all
        .iter()
        .filter_map(|(_, held)| held.keys().find(|thing| thing.starts_with(ENTRY)));
    let Some(begin) = begins.max().cloned() else {
        return;
    };
    for (_, held) in all {
        held.retain(|thing, _| !thing.starts_with(ENTRY) || *thing >= begin);
    }
}

fn first_difference(all: Vec<(Member, Holdings)>) -> Option<String> {
    let mut first: Option<(Member, Holdings)> = None;
    for (member, held) in all {
        if let Some((thing, problem)) = held.iter().find(|(_, words)| words.starts_with(WRONG)) {
            return Some(format!("n{member}: {thing} is {problem}"));
        }
        match &first {
            None => first = Some((member, held)),
            Some((other, others)) => {
                let all = others.keys().chain(held.keys());
                if let Some(thing) = all
                    .into_iter()
                    .find(|thing| others.get(*thing) != held.get(*thing))
                {
                    let words = |held: &Holdings| held.get(thing).cloned().unwrap_or("not there".to_owned());
                    let (theirs, own) = (words(others), words(&held));
                    return Some(format!("{thing}: n{other} has {theirs}, n{member} has {own}"));
                }
            }
        }
    }
    None
}

/// Begins the words for what is wrong by itself.
const WRONG: &str = "not valid: ";

async fn holdings(stage: &Stage, member: Member) -> Result<Holdings, StageError> {
    let preference = doc! { "mode": "secondaryPreferred" };
    let ask = async |mut command: Document| {
        command.insert("$readPreference", preference.clone());
        stage.have(member, DATABASE, command).await
    };
    let mut held = Holdings::new();
    let hashes = ask(doc! { "dbHash": 1 }).await?;
    for (name, hash) in hashes.get_document("collections").into_iter().flatten() {
        held.insert(format!("documents of {name}"), hash.to_string());
        let indexes = first_batch(&ask(doc! { "listIndexes": name }).await?);
        for index in indexes {
            let index_name = index.get_str("name").unwrap_or("?");
            held.insert(format!("index {index_name} of {name}"), index.to_string());
        }
        let validated = ask(doc! { "validate": name }).await?;
        let words = match validated.get_bool("valid") {
            Ok(true) => format!("{:?}", validated.get("keysPerIndex")),
            _ => format!("{WRONG}{:?}", validated.get("errors")),
        };
        held.insert(format!("contents of {name}"), words);
        let counted = ask(doc! { "count": name }).await?;
        held.insert(format!("count of {name}"), format!("{:?}", counted.get("n")));
    }
    let sessions = stage.ask(member, "config", find("transactions", doc! {})).await?;
    for session in first_batch(&sessions) {
        let id = session.get("_id").map(ToString::to_string).unwrap_or_default();
        held.insert(format!("session {id}"), session.to_string());
    }
    Ok(held)
}

fn whole_oplog() -> Document {
    doc! {
        "find": "oplog.rs", "filter": {}, "batchSize": 100_000,
        "$readPreference": { "mode": "secondaryPreferred" },
    }
}

fn name(entry: &Document) -> String {
    let term = entry.get("t").map(ToString::to_string).unwrap_or_default();
    match entry.get("ts") {
        Some(Bson::Timestamp(ts)) => format!("{:010}:{:06}@t{term}", ts.time, ts.increment),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(entries: &[u32]) -> Holdings {
        let name = |entry: &u32| (format!("{ENTRY}{entry:010}:000001@t1"), String::new());
        entries.iter().map(name).collect()
    }

    #[test]
    fn an_oplog_that_begins_later_is_compared_from_there_on() {
        let difference = |mut all: Vec<(Member, Holdings)>| {
            cut_to_the_common_range(&mut all);
            first_difference(all)
        };
        assert_eq!(difference(vec![(0, held(&[1, 2, 3])), (1, held(&[2, 3]))]), None);
        assert!(difference(vec![(0, held(&[1, 2, 3])), (1, held(&[1, 3]))]).is_some());
        assert!(difference(vec![(0, held(&[1, 2, 3])), (1, held(&[1, 2]))]).is_some());
    }
}
