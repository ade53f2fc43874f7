//! The marks of the operations in a member's oplog: what of the writes of unknown end did happen.

use mongodb::bson::{RawBsonRef, RawDocument};

use super::admin::Look;
use crate::{
    client::places::{COUNT, DATABASE, MARK, VALUE},
    history::{Mark, Marks},
    record::status::OptimeRecord,
};

/// The farthest commit point that any member knows. What is at or before it is never rolled back.
pub fn committed(looks: &[Look]) -> Option<OptimeRecord> {
    looks.iter().filter_map(|look| look.commit).max()
}

/// Reads the marks out of a member's whole oplog, given by rising OpTime. `committed`: the commit point before the
/// first final read.
pub fn marks<'a>(
    oplog: impl Iterator<Item = (OptimeRecord, &'a RawDocument)>,
    committed: Option<OptimeRecord>,
) -> Marks {
    let mut marks = Marks::default();
    for (position, (optime, entry)) in oplog.enumerate() {
        if position == 0 {
            // The set is founded in term 0, by the first entry of all. (MongoDB begins in term -1: its oplog also has
            // entries of several writes, which are not read here, so nothing is said to be missing from it.)
            marks.complete = optime.term == 0;
        }
        let is_committed = committed.is_some_and(|committed| optime <= committed);
        marks.entries.extend(mark(entry, is_committed));
    }
    marks
}

/// The mark of an insert or update of a workload. An update's entry holds the whole document here, and in MongoDB only
/// what changed (`o.diff`, with the new fields in `u` or `i`).
fn mark(entry: &RawDocument, committed: bool) -> Option<Mark> {
    let kind = entry.get_str("op").ok()?;
    let collection = entry
        .get_str("ns")
        .ok()?
        .strip_prefix(DATABASE)?
        .strip_prefix('.')?;
    let document = entry
        .get_document("o")
        .ok()
        .filter(|_| matches!(kind, "i" | "u"))?;
    let difference = document.get_document("diff").ok();
    let changed = difference.map(|difference| ["u", "i"].map(|part| difference.get_document(part).ok()));
    let field = |name: &str| match changed {
        None => int(document, name),
        Some(parts) => parts.into_iter().flatten().find_map(|part| int(part, name)),
    };
    let id = int(document, "_id").or_else(|| int(entry.get_document("o2").ok()?, "_id"));
    Some(Mark {
        operation: u64::try_from(field(MARK)?).ok()?,
        collection: collection.to_owned(),
        id: id?,
        value: field(VALUE).or_else(|| field(COUNT)),
        committed,
    })
}

fn int(document: &RawDocument, name: &str) -> Option<i64> {
    match document.get(name).ok()?? {
        RawBsonRef::Int32(value) => Some(value.into()),
        RawBsonRef::Int64(value) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawDocumentBuf, rawdoc};

    use super::*;

    #[test]
    fn marks_are_read_from_inserts_and_updates_of_the_workloads() {
        let entry =
            |op: &str, ns: &str| rawdoc! {"op": op, "ns": ns, "o": {"_id": 3, "value": 9_i64, "mark": 7_i64}};
        let oplog = [
            (
                optime(0, 1),
                rawdoc! {"op": "n", "ns": "", "o": {"msg": "initiating set"}},
            ),
            (optime(1, 2), entry("i", "checker.registers")),
            (optime(1, 3), entry("u", "checker.registers")),
            (optime(1, 4), entry("d", "checker.registers")),
            (optime(1, 5), entry("u", "config.transactions")),
        ];
        let found = read(&oplog, Some(optime(1, 2)));
        assert!(found.complete);
        let expected = |committed| Mark {
            operation: 7,
            collection: "registers".to_owned(),
            id: 3,
            value: Some(9),
            committed,
        };
        assert_eq!(found.entries, [expected(true), expected(false)]);
        assert!(!read(&oplog[1..], None).complete, "its beginning is gone");
    }

    #[test]
    fn marks_are_read_from_mongodbs_differences_too() {
        let difference = rawdoc! {"u": {"mark": 7_i64}, "i": {"value": 9_i64}};
        let update = rawdoc! {
            "op": "u", "ns": "checker.registers", "o": {"$v": 2, "diff": difference}, "o2": {"_id": 3_i64},
        };
        let found = read(&[(optime(1, 2), update)], None);
        let mark = &found.entries[0];
        assert_eq!((mark.operation, mark.id, mark.value), (7, 3, Some(9)));
    }

    #[test]
    fn the_farthest_commit_point_counts() {
        let look = |commit| Look {
            commit,
            ..Look::default()
        };
        let looks = [look(None), look(Some(optime(2, 1))), look(Some(optime(1, 9)))];
        assert_eq!(committed(&looks), Some(optime(2, 1)));
        assert_eq!(committed(&[]), None);
    }

    fn read(oplog: &[(OptimeRecord, RawDocumentBuf)], committed: Option<OptimeRecord>) -> Marks {
        marks(oplog.iter().map(|(optime, entry)| (*optime, &**entry)), committed)
    }

    fn optime(term: i64, seconds: u32) -> OptimeRecord {
        OptimeRecord {
            term,
            seconds,
            increment: 1,
        }
    }
}
