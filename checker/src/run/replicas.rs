//! What every member holds in the end: all documents and the whole oplog, compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use mongodb::{
    Client,
    bson::{Bson, Document, RawDocumentBuf, doc},
    error::Error,
    options::{ReadConcern, ReadPreference, SelectionCriteria},
};

use super::{
    admin::{Admin, Look},
    marks::{committed, marks},
    replica_indexes::indexes,
    settle,
};
use crate::{
    checks::{ReplicaDump, Validity, Verdict, replicas_equal},
    history::Marks,
    record::{
        SCHEMA,
        replicas::{Difference, ReplicaDiff, ReplicaDigest},
        status::OptimeRecord,
    },
};

/// How many characters of a differing document a record keeps.
const TEXT_CHARACTERS_MAX: usize = 300;

/// How often the members are read: on a machine that is short of time the driver's own watch over a connection breaks it in
/// the middle. Nothing changes any more, so that what is read later is the same.
const DUMPS_MAX: u32 = 4;

/// How often members are compared that elected a primary meanwhile. Its first entry is on some of them before it is on all, so
/// that members that were read one after the other differ by it.
const COMPARISONS_MAX: u32 = 4;

/// What a member holds under a name, by the rows' ids.
pub(super) type Documents = BTreeMap<String, RawDocumentBuf>;
type Optime = (i64, u64);

/// Everything that one member holds.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    collections: BTreeMap<String, Documents>,
    /// By collection.
    indexes: BTreeMap<String, Documents>,
    oplog: BTreeMap<Optime, RawDocumentBuf>,
    /// Its newest entry, as it says itself; asked for when its oplog is empty.
    stands_at: Option<Optime>,
}

/// What was found on the members.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Whether they hold the same.
    pub verdict: Verdict,
    /// Where they differ.
    pub difference: ReplicaDiff,
    /// The operations' marks in the longest of their oplogs; `None` when it could not be read.
    pub marks: Option<Marks>,
}

/// Reads all members and compares them. A member that cannot be read makes the answer unknown; so do members that elect
/// again and again. `settled`: what they said when they had settled, before the first final read.
pub async fn compare(admin: &Admin, settled: &[Look]) -> Compared {
    let committed = committed(settled);
    let mut term = newest_term(settled);
    let mut compared = compare_once(admin, committed).await;
    for _ in 1..COMPARISONS_MAX {
        if compared.verdict.validity != Validity::Invalid || !is_later(&admin.look_all().await, term) {
            return compared;
        }
        term = newest_term(&settle::again(admin).await);
        compared = compare_once(admin, committed).await;
    }
    if compared.verdict.validity == Validity::Invalid && is_later(&admin.look_all().await, term) {
        let differed = &compared.verdict.summary;
        let reason =
            format!("in each of {COMPARISONS_MAX} comparisons members elected a primary; last: {differed}");
        compared.verdict = Verdict::unknown("replicas-equal", compared.verdict.operations, reason);
    }
    compared
}

fn newest_term(looks: &[Look]) -> Option<i64> {
    looks.iter().filter_map(|look| look.term).max()
}

/// Whether anybody knows of a later term than `term`.
fn is_later(looks: &[Look], term: Option<i64>) -> bool {
    newest_term(looks) > term
}

/// See [`compare`]. `committed`: the commit point before the first final read.
async fn compare_once(admin: &Admin, committed: Option<OptimeRecord>) -> Compared {
    let mut dumped = dump(admin).await;
    for _ in 1..DUMPS_MAX {
        if dumped.is_err() {
            dumped = dump(admin).await;
        }
    }
    match dumped {
        Ok(holdings) => {
            let dumps: Vec<ReplicaDump> = (0..).zip(&holdings).map(|(n, held)| hashed(n, held)).collect();
            let oplog = longest(&holdings).map(|held| held.oplog.iter());
            let entries = oplog.map(|oplog| oplog.map(|(optime, entry)| (record(*optime), &**entry)));
            Compared {
                verdict: replicas_equal(&dumps),
                difference: difference(&holdings),
                marks: entries.map(|entries| marks(entries, committed)),
            }
        }
        Err((member, error)) => {
            let reason = format!("n{member} could not be read: {error}");
            Compared {
                verdict: Verdict::unknown("replicas-equal", 0, reason),
                difference: ReplicaDiff::default(),
                marks: None,
            }
        }
    }
}

/// Members that have copied their data anew do not have the beginning, or nothing at all; one that has not may.
fn longest(holdings: &[Holdings]) -> Option<&Holdings> {
    let with_entries = holdings.iter().filter(|held| !held.oplog.is_empty());
    with_entries.min_by_key(|held| held.oplog.keys().next().copied())
}

async fn dump(admin: &Admin) -> Result<Vec<Holdings>, (u8, Error)> {
    let mut all = Vec::new();
    let mut readers = Vec::new();
    for member in 0..admin.members() {
        let reader = admin.reader(member).map_err(|error| (member, error))?;
        let oplog = oplog(&reader).await.map_err(|error| (member, error))?;
        readers.push(reader);
        all.push(Holdings {
            oplog,
            ..Holdings::default()
        });
    }
    if all.iter().any(|held| held.oplog.is_empty()) {
        for ((member, held), look) in (0..).zip(&mut all).zip(admin.look_all().await) {
            let applied = look
                .applied
                .ok_or_else(|| (member, Error::custom("it does not say where it stands")))?;
            held.stands_at = Some(place(applied));
        }
    }
    // Whatever was ever written has an entry, so the oplogs name all collections; and a collection that is on
    // one member only is looked for on every member.
    let names: BTreeSet<String> = all
        .iter()
        .flat_map(|held| held.oplog.values().filter_map(namespace))
        .collect();
    for ((member, held), reader) in (0..).zip(&mut all).zip(&readers) {
        for name in &names {
            let found = documents(reader, name).await;
            held.collections
                .insert(name.clone(), found.map_err(|error| (member, error))?);
            let found = indexes(admin.client(member), name).await;
            held.indexes
                .insert(name.clone(), found.map_err(|error| (member, error))?);
        }
    }
    Ok(all)
}

async fn oplog(client: &Client) -> Result<BTreeMap<Optime, RawDocumentBuf>, Error> {
    let entries = find(client, "local", "oplog.rs").await?;
    let keyed = entries.into_iter().filter_map(|entry| {
        let timestamp = entry.get_timestamp("ts").ok()?;
        let term = entry.get_i64("t").unwrap_or(-1);
        let place = u64::from(timestamp.time) << 32 | u64::from(timestamp.increment);
        Some(((term, place), entry))
    });
    Ok(keyed.collect())
}

async fn documents(client: &Client, namespace: &str) -> Result<Documents, Error> {
    let Some((database, collection)) = namespace.split_once('.') else {
        return Ok(Documents::new());
    };
    let found = find(client, database, collection).await?;
    let id = |document: &RawDocumentBuf| match document.get("_id") {
        Ok(Some(id)) => Bson::try_from(id).map_or("?".to_owned(), |id| id.to_string()),
        Ok(None) | Err(_) => "?".to_owned(),
    };
    Ok(found
        .into_iter()
        .map(|document| (id(&document), document))
        .collect())
}

async fn find(client: &Client, database: &str, collection: &str) -> Result<Vec<RawDocumentBuf>, Error> {
    let preference = ReadPreference::SecondaryPreferred { options: None };
    let mut cursor = client
        .database(database)
        .collection::<Document>(collection)
        .find(doc! {})
        .read_concern(ReadConcern::local())
        .selection_criteria(SelectionCriteria::ReadPreference(preference))
        .await?;
    let mut found = Vec::new();
    while cursor.advance().await? {
        found.push(cursor.current().to_owned());
    }
    Ok(found)
}

/// The collection that an entry changes. Commands and no-ops change none by themselves.
fn namespace(entry: &RawDocumentBuf) -> Option<String> {
    let kind = entry.get_str("op").ok()?;
    let name = entry.get_str("ns").ok()?;
    let written = matches!(kind, "i" | "u" | "d") && !name.starts_with("local.");
    written.then(|| name.to_owned())
}

impl Holdings {
    fn of_documents(&self) -> BTreeMap<String, &Documents> {
        let rows = self.collections.iter();
        rows.map(|(name, rows)| (name.clone(), rows)).collect()
    }

    fn of_indexes(&self) -> BTreeMap<String, &Documents> {
        let rows = self.indexes.iter();
        rows.map(|(name, rows)| (indexes_of(name), rows)).collect()
    }
}

/// How the indexes of a collection are called beside its documents.
fn indexes_of(name: &str) -> String {
    format!("{name} (indexes)")
}

fn hashed(member: u8, held: &Holdings) -> ReplicaDump {
    let all = held.of_documents().into_iter().chain(held.of_indexes());
    let collections = all.map(|(name, documents)| {
        let documents = documents
            .iter()
            .map(|(id, document)| (id.clone(), hash(document)));
        (name, documents.collect())
    });
    ReplicaDump {
        member: format!("n{member}"),
        collections: collections.collect(),
        oplog: held
            .oplog
            .iter()
            .map(|(optime, entry)| (*optime, hash(entry)))
            .collect(),
        stands_at: held.stands_at,
    }
}

fn difference(holdings: &[Holdings]) -> ReplicaDiff {
    let mut diff = ReplicaDiff {
        schema: SCHEMA,
        members: (0..).zip(holdings).map(|(n, held)| digest(n, held)).collect(),
        ..ReplicaDiff::default()
    };
    for held_under in [Holdings::of_documents, Holdings::of_indexes] {
        let all: Vec<BTreeMap<String, &Documents>> = holdings.iter().map(held_under).collect();
        let names: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
        for name in names {
            let rows: Vec<Option<&Documents>> = all.iter().map(|held| held.get(name).copied()).collect();
            let ids: BTreeSet<&String> = rows.iter().flatten().flat_map(|rows| rows.keys()).collect();
            for id in ids {
                let place = format!("{name} {id}");
                let held: Vec<_> = rows
                    .iter()
                    .map(|rows| rows.and_then(|rows| rows.get(id)))
                    .collect();
                push(&mut diff.documents, &mut diff.left_out, place, &held);
            }
        }
    }
    // Old entries may have been dropped by one member and not yet by another: only what all could have counts. A member
    // whose copy began after the newest entry has none of them, and is right.
    let firsts: Option<Vec<&Optime>> = holdings.iter().map(|held| held.oplog.keys().next()).collect();
    let first = firsts.and_then(|firsts| firsts.into_iter().max());
    let optimes: BTreeSet<&Optime> = holdings.iter().flat_map(|held| held.oplog.keys()).collect();
    for optime in optimes
        .into_iter()
        .filter(|optime| first.is_some_and(|first| *optime >= first))
    {
        let held: Vec<_> = holdings.iter().map(|held| held.oplog.get(optime)).collect();
        push(
            &mut diff.oplog,
            &mut diff.left_out,
            record(*optime).to_string(),
            &held,
        );
    }
    diff
}

fn push(
    differences: &mut Vec<Difference>,
    left_out: &mut u64,
    place: String,
    held: &[Option<&RawDocumentBuf>],
) {
    if held.windows(2).all(|pair| pair[0] == pair[1]) {
        return;
    }
    if differences.len() >= ReplicaDiff::LIMIT {
        *left_out += 1;
        return;
    }
    differences.push(Difference {
        place,
        per_member: (0..)
            .zip(held)
            .map(|(member, document)| (member, document.map(text)))
            .collect(),
    });
}

fn digest(member: u8, held: &Holdings) -> ReplicaDigest {
    let mut hasher = DefaultHasher::new();
    for (name, documents) in &held.collections {
        for document in documents.values() {
            name.hash(&mut hasher);
            document.as_bytes().hash(&mut hasher);
        }
    }
    ReplicaDigest {
        member,
        documents: held.collections.values().map(|all| all.len() as u64).sum(),
        oplog_entries: held.oplog.len() as u64,
        last: held
            .oplog
            .keys()
            .next_back()
            .copied()
            .or(held.stands_at)
            .map(record),
        hash: format!("siphash:{:016x}", hasher.finish()),
    }
}

fn text(document: &RawDocumentBuf) -> String {
    let text = Document::try_from(document.as_ref()).map_or_else(
        |error| format!("not a document: {error}"),
        |document| document.to_string(),
    );
    text.chars().take(TEXT_CHARACTERS_MAX).collect()
}

fn record((term, place): Optime) -> OptimeRecord {
    OptimeRecord {
        term,
        seconds: (place >> 32) as u32,
        increment: (place & 0xffff_ffff) as u32,
    }
}

fn place(optime: OptimeRecord) -> Optime {
    let seconds = u64::from(optime.seconds) << 32;
    (optime.term, seconds | u64::from(optime.increment))
}

fn hash(document: &RawDocumentBuf) -> u64 {
    let mut hasher = DefaultHasher::new();
    document.as_bytes().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Validity;
    use mongodb::bson::rawdoc;

    #[test]
    fn equal_members_have_equal_hashes_and_no_differences() {
        let members = [holdings(1), holdings(1), holdings(1)];
        let diff = difference(&members);
        assert!(diff.is_equal() && diff.members[0].hash == diff.members[2].hash);
        assert_eq!((diff.members[0].documents, diff.members[0].oplog_entries), (1, 2));
        let dumps: Vec<ReplicaDump> = (0..).zip(&members).map(|(n, held)| hashed(n, held)).collect();
        assert_eq!(replicas_equal(&dumps).validity, Validity::Valid);
    }

    #[test]
    fn a_difference_is_told_with_both_texts() {
        let mut other = holdings(2);
        other.oplog.pop_last();
        let diff = difference(&[holdings(1), other]);
        assert_eq!(diff.documents.len(), 1);
        assert_eq!(diff.documents[0].place, "checker.registers 1");
        let texts: Vec<bool> = diff.documents[0]
            .per_member
            .iter()
            .map(|(_, text)| text.is_some())
            .collect();
        assert_eq!(texts, [true, true]);
        assert_eq!(diff.oplog.len(), 1, "the entry that one member lacks");
    }

    /// `--nemesis file-damage --seed 533`: its copy began at the newest entry, so that its oplog is empty.
    #[test]
    fn a_member_without_entries_is_compared_by_where_it_stands() {
        let mut copied_late = holdings(1);
        copied_late.oplog.clear();
        copied_late.stands_at = Some(place(record((2, 2 << 32))));
        let members = [copied_late, holdings(1)];
        assert_eq!(longest(&members).map(|held| held.oplog.len()), Some(2));
        let dumps: Vec<ReplicaDump> = (0..).zip(&members).map(|(n, held)| hashed(n, held)).collect();
        assert_eq!(replicas_equal(&dumps).validity, Validity::Valid);
        let diff = difference(&members);
        assert_eq!(diff.members[0].last, diff.members[1].last);
        assert!(diff.is_equal(), "{diff:?}");
    }

    #[test]
    fn an_index_that_one_member_lacks_is_a_difference() {
        let mut other = holdings(1);
        let row = Documents::from([("index a_1".to_owned(), rawdoc! {"name": "a_1"})]);
        other.indexes.insert("checker.registers".to_owned(), row);
        let members = [holdings(1), other];
        let diff = difference(&members);
        assert_eq!(diff.documents[0].place, "checker.registers (indexes) index a_1");
        let dumps: Vec<ReplicaDump> = (0..).zip(&members).map(|(n, held)| hashed(n, held)).collect();
        assert_eq!(replicas_equal(&dumps).validity, Validity::Invalid);
    }

    #[test]
    fn only_writes_of_the_user_name_collections() {
        let entry = |op: &str, ns: &str| rawdoc! {"op": op, "ns": ns};
        assert_eq!(
            namespace(&entry("i", "checker.set0")),
            Some("checker.set0".to_owned())
        );
        assert_eq!(namespace(&entry("c", "checker.$cmd")), None);
        assert_eq!(namespace(&entry("n", "")), None);
        assert_eq!(namespace(&entry("i", "local.oplog.rs")), None);
    }

    #[test]
    fn a_later_term_of_anybody_counts_and_silence_does_not() {
        let look = |term| Look {
            term,
            ..Look::default()
        };
        let settled = [look(Some(7)), look(Some(7)), look(None)];
        assert!(!is_later(&settled, newest_term(&settled)));
        assert!(is_later(&[look(Some(7)), look(Some(8))], newest_term(&settled)));
        assert!(!is_later(&[look(None)], newest_term(&settled)));
    }

    fn holdings(value: i32) -> Holdings {
        let registers = Documents::from([("1".to_owned(), rawdoc! {"_id": 1, "value": value})]);
        let entry = |term: i64| rawdoc! {"op": "n", "t": term};
        Holdings {
            collections: BTreeMap::from([("checker.registers".to_owned(), registers)]),
            indexes: BTreeMap::new(),
            oplog: BTreeMap::from([((1, 1 << 32), entry(1)), ((2, 2 << 32), entry(2))]),
            stands_at: None,
        }
    }
}
