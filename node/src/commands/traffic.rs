//! What clients have asked since the start, for `serverStatus.opcounters` and `top`.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

use crate::wire::Request;

/// Namespaces that `top` tells apart; what is asked of others counts as `others`.
const NAMESPACES_MAX: usize = 1_000;
/// Longer ones are no collection's name.
const NAMESPACE_BYTES_MAX: usize = 255;

/// Counters.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// All requests.
    pub requests: i64,
    /// By kind.
    pub counters: Counters,
    namespaces: BTreeMap<String, Counters>,
}

/// Requests by kind, as MongoDB names them. Inserts, updates and deletes count by statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Documents to insert.
    pub insert: i64,
    /// `find`, `count`, `distinct`, `aggregate`.
    pub query: i64,
    /// Updates.
    pub update: i64,
    /// Deletes.
    pub delete: i64,
    /// Further batches of cursors.
    pub getmore: i64,
    /// Everything else.
    pub command: i64,
}

impl Traffic {
    /// Takes note of a request.
    pub fn count(&mut self, request: &Request) {
        self.requests += 1;
        self.counters.count(request);
        let Ok(collection) = request.body.get_str(&request.name) else {
            return;
        };
        let mut ns = format!("{}.{collection}", request.database);
        if let Some(counters) = self.namespaces.get_mut(&ns) {
            return counters.count(request);
        }
        let is_full = self.namespaces.len() >= NAMESPACES_MAX;
        if is_full || ns.len() > NAMESPACE_BYTES_MAX {
            "others".clone_into(&mut ns);
        }
        self.namespaces.entry(ns).or_default().count(request);
    }

    /// `totals` of `top`: by namespace.
    #[must_use]
    pub fn totals(&self) -> Document {
        let counted = |count: i64| Bson::Document(doc! { "time": 0_i64, "count": count });
        let rows = self.namespaces.iter().map(|(ns, counters)| {
            let (reads, writes) = (
                counters.query + counters.getmore,
                counters.insert + counters.update + counters.delete,
            );
            let row = doc! {
                "total": counted(reads + writes + counters.command),
                "readLock": counted(reads),
                "writeLock": counted(writes),
                "queries": counted(counters.query),
                "getmore": counted(counters.getmore),
                "insert": counted(counters.insert),
                "update": counted(counters.update),
                "remove": counted(counters.delete),
                "commands": counted(counters.command),
            };
            (ns.clone(), Bson::Document(row))
        });
        rows.collect()
    }
}

impl Counters {
    /// As `serverStatus` shows them.
    #[must_use]
    pub fn to_document(self) -> Document {
        doc! {
            "insert": self.insert,
            "query": self.query,
            "update": self.update,
            "delete": self.delete,
            "getmore": self.getmore,
            "command": self.command,
        }
    }

    fn count(&mut self, request: &Request) {
        match request.name.as_str() {
            "insert" => self.insert += statements(request),
            "update" => self.update += statements(request),
            "delete" => self.delete += statements(request),
            "find" | "count" | "distinct" | "aggregate" => self.query += 1,
            "getMore" => self.getmore += 1,
            _ => self.command += 1,
        }
    }
}

/// Statements of a write command, 0 for any other.
#[must_use]
pub fn statements(request: &Request) -> i64 {
    let name = match request.name.as_str() {
        "insert" => "documents",
        "update" => "updates",
        "delete" => "deletes",
        _ => return 0,
    };
    let sequence = request.sequences.iter().find(|(given, _)| given == name);
    let count = match sequence {
        Some((_, documents)) => documents.len(),
        None => request
            .body
            .get_array(name)
            .map_or(0, |array| array.into_iter().count()),
    };
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{encode_message, parse_request};

    #[test]
    fn requests_count_by_kind_and_writes_by_statement() {
        let mut traffic = Traffic::default();
        for body in [
            bson::rawdoc! { "insert": "c", "documents": [{}, {}, {}], "$db": "d" },
            bson::rawdoc! { "update": "c", "updates": [{}], "$db": "d" },
            bson::rawdoc! { "find": "c", "$db": "d" },
            bson::rawdoc! { "ping": 1, "$db": "admin" },
        ] {
            let mut bytes = Vec::new();
            encode_message(&mut bytes, 1, 0, &body, false);
            traffic.count(&parse_request(&bytes).unwrap());
        }
        let expected = Counters {
            insert: 3,
            query: 1,
            update: 1,
            command: 1,
            ..Counters::default()
        };
        assert_eq!((traffic.counters, traffic.requests), (expected, 4));
        let totals = traffic.totals();
        assert_eq!(totals.keys().collect::<Vec<_>>(), ["d.c"]);
        let row = totals.get_document("d.c").unwrap();
        assert_eq!(row.get_document("total").unwrap().get_i64("count").ok(), Some(5));
    }
}
