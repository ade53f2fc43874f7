//! Copying a set's data: pages of this member's data for others, and the clone of theirs for itself. The core
//! says when; here is only what a page is.
//!
//! Page 0 names all collections with their indexes; each further page holds documents of one collection, in the order
//! of their keys. Every page is read anew at a commit point: neither side holds a snapshot or more than a page, and a
//! later page may come from another member.

use std::ops::Bound;
use std::sync::Arc;

use bson::{Document, RawDocument};
use protocol::input::Input;
use protocol::message::{Body, Message};
use protocol::optime::OpTime;
use serde::{Deserialize, Serialize};

use super::entry::{self, ApplyError};
use super::event_loop::Server;
use crate::replication::sync_status::Tally;
use crate::storage::change::Change;
use crate::storage::index::IndexSpec;
use crate::storage::store::{KeyRange, Order, PageLimit, ReadAt, Store};

/// The most that one page holds.
const PAGE: PageLimit = PageLimit {
    rows: 20_000,
    bytes: 4 << 20,
};
/// Entries applied to the clone in one turn of the event loop.
const APPLY_ENTRIES: usize = 1_000;
/// And bytes of them.
const APPLY_BYTES: usize = 4 << 20;

/// Where a page begins.
#[derive(Serialize, Deserialize)]
enum Cursor {
    /// At the first document of the first collection after this one in the order of names.
    After(String),
    /// After this key.
    Within(String, Vec<u8>),
}

/// First document of a page, as bytes beside it.
#[derive(Serialize, Deserialize)]
struct Head {
    /// All collections: page 0 only.
    collections: Vec<CollectionHead>,
    /// The collection of the documents that follow.
    ns: String,
}

#[derive(Serialize, Deserialize)]
struct CollectionHead {
    ns: String,
    uuid: Option<[u8; 16]>,
    options: Vec<u8>,
    indexes: Vec<IndexSpec>,
}

/// A clone under way.
#[derive(Debug)]
pub(super) struct Clone {
    /// Once all pages are there: up to here entries are applied as to a clone.
    pub(super) stop: Option<OpTime>,
    pub(super) tally: Tally,
}

impl Server {
    /// Fills the page that the core sends: gives its documents.
    pub(super) fn fill_page(&self, message: &mut Message) -> Result<Vec<Arc<[u8]>>, String> {
        let Body::CloneResponse {
            begin,
            number,
            at,
            next,
        } = &mut message.body
        else {
            return Ok(Vec::new());
        };
        // What the store has merged is committed, even if this life has not heard of it yet.
        *at = (*at).max(self.store.readable_from());
        if begin.is_none() {
            return Ok(Vec::new());
        }
        let cursor = match *number {
            0 => None,
            _ => Some(postcard::from_bytes(&self.clone_cursor).map_err(|error| error.to_string())?),
        };
        let (head, documents, following) =
            page(&self.store, *at, cursor).map_err(|error| error.to_string())?;
        *next = match following {
            None => None,
            Some(cursor) => Some(postcard::to_stdvec(&cursor).map_err(|error| error.to_string())?),
        };
        let head = postcard::to_stdvec(&head).map_err(|error| error.to_string())?;
        let mut all = Vec::with_capacity(documents.len() + 1);
        all.push(wrap(head)?);
        all.extend(documents);
        Ok(all)
    }

    /// All data and the whole oplog go; the oplog goes on after `begin`.
    pub(super) fn begin_clone(&mut self, begin: OpTime) -> Result<(), String> {
        tracing::info!(%begin, "initial sync: dropping all data, cloning");
        self.store.wipe().map_err(|error| error.to_string())?;
        let lsn = self.log.begin_after(begin).map_err(|error| error.to_string())?;
        self.confirmations.push(
            lsn,
            super::confirm::Confirmation::Persisted(protocol::output::Token::Begun(begin)),
        );
        // A member that has become an arbiter begins with nothing, and copies nothing.
        self.cloning = (!begin.is_null()).then(|| Clone {
            stop: None,
            tally: Tally::begin(),
        });
        Ok(())
    }

    /// Keeps the page that has come.
    pub(super) fn take_page(&mut self, begin: OpTime) -> Result<(), String> {
        let documents = std::mem::take(&mut self.fetched);
        let Some(clone) = &mut self.cloning else {
            return Err("a page came without a clone".to_owned());
        };
        let Some((head, documents)) = documents.split_first() else {
            return Err("a page without a head".to_owned());
        };
        let head: Head = unwrap(head)?;
        let ns: Arc<str> = head.ns.as_str().into();
        let mut changes = Vec::with_capacity(documents.len() + 2 * head.collections.len());
        for collection in head.collections {
            let ns: Arc<str> = collection.ns.into();
            changes.push(Change::CreateCollection {
                ns: Arc::clone(&ns),
                uuid: collection.uuid,
                options: collection.options,
            });
            clone.tally.collections += 1;
            for index in collection.indexes {
                #[cfg(feature = "planted-bugs")]
                if crate::bugs::is_planted(&crate::bugs::indexes_not_built::BUG) {
                    continue;
                }
                clone.tally.indexes += 1;
                changes.push(Change::CreateIndex {
                    ns: Arc::clone(&ns),
                    index,
                });
            }
        }
        for document in documents {
            changes.push(Change::put(&ns, document).map_err(|error| error.to_string())?);
            clone.tally.documents += 1;
            clone.tally.bytes += document.len() as u64;
        }
        // The store takes it for data of the beginning: what is newer in it is put right by the oplog.
        self.store
            .apply_to_clone(begin, &changes)
            .map_err(|error| error.to_string())?;
        self.store.absorb(begin).map_err(|error| error.to_string())
    }

    /// Applies some more of the oplog to the clone, and says when all of it is applied.
    pub(super) fn go_on_applying(&mut self) -> Result<(), String> {
        let Some(stop) = self.cloning.as_ref().and_then(|clone| clone.stop) else {
            return Ok(());
        };
        let entries = self
            .log
            .entries_after(self.store.last_applied(), APPLY_ENTRIES, APPLY_BYTES)
            .map_err(|error| error.to_string())?;
        #[cfg(feature = "planted-bugs")]
        let entries = self.serve_too_early(entries);
        if entries.is_empty() {
            self.store
                .absorb_and_wait(stop)
                .map_err(|error| error.to_string())?;
            if let Some(clone) = self.cloning.take() {
                let tally = clone.tally;
                tracing::info!(
                    documents = tally.documents,
                    entries = tally.applied,
                    millis = tally.started.elapsed().as_millis(),
                    "initial sync: data are whole"
                );
                self.cloned = Some(tally);
            }
            #[cfg(feature = "planted-bugs")]
            if crate::bugs::is_planted(&crate::bugs::secondary_before_stop_timestamp::BUG) {
                return Ok(());
            }
            self.feed(&Input::CloneApplied);
            return Ok(());
        }
        for (optime, bytes) in entries {
            let applied = if optime <= stop {
                entry::apply_to_clone(&mut self.store, optime, &bytes)
            } else {
                entry::apply(&mut self.store, optime, &bytes)
            };
            if let Err(error) = applied {
                tracing::warn!(%optime, %error, "initial sync: the oplog can't be applied to the clone");
                self.cloning = None;
                self.feed(&Input::CloneFailed);
                return Ok(());
            }
            if let Some(clone) = &mut self.cloning {
                clone.tally.applied += 1;
            }
        }
        let settled = self.state.commit_point.min(self.state.durable);
        self.store.absorb(settled).map_err(|error| error.to_string())
    }
}

type Filled = (Head, Vec<Arc<[u8]>>, Option<Cursor>);

fn page(store: &Store, at: OpTime, cursor: Option<Cursor>) -> Result<Filled, ApplyError> {
    let at = ReadAt::At(at);
    let all = store.collections(at)?;
    let Some(cursor) = cursor else {
        let collections = all.iter().map(|(ns, collection)| CollectionHead {
            ns: ns.to_string(),
            uuid: collection.uuid,
            options: collection.options.clone(),
            indexes: collection
                .indexes
                .iter()
                .map(|index| index.spec.clone())
                .collect(),
        });
        let head = Head {
            collections: collections.collect(),
            ns: String::new(),
        };
        let next = (!all.is_empty()).then(|| Cursor::After(String::new()));
        return Ok((head, Vec::new(), next));
    };
    let after = |name: &str| {
        let next = all.iter().map(|(ns, _)| ns).find(|ns| &***ns > name);
        next.map(ToString::to_string)
    };
    let (ns, lower) = match cursor {
        Cursor::Within(ns, key) => (Some(ns), Bound::Excluded(key)),
        Cursor::After(name) => (after(&name), Bound::Unbounded),
    };
    let ns = ns.unwrap_or_default();
    let range = KeyRange {
        lower,
        upper: Bound::Unbounded,
        order: Order::Forward,
    };
    let found = store.page(&ns, &range, at, PAGE)?;
    let next = match found.documents.last() {
        Some((last, _)) if !found.is_last => Some(Cursor::Within(ns.clone(), last.clone())),
        _ => after(&ns).map(|_| Cursor::After(ns.clone())),
    };
    let documents = found.documents.into_iter().map(|(_, document)| document);
    let head = Head {
        collections: Vec::new(),
        ns,
    };
    Ok((head, documents.collect(), next))
}

/// Documents travel as BSON; so does the head.
fn wrap(bytes: Vec<u8>) -> Result<Arc<[u8]>, String> {
    let binary = bson::Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes,
    };
    let mut document = Document::new();
    document.insert("head", binary);
    let raw = bson::RawDocumentBuf::try_from(&document).map_err(|error| error.to_string())?;
    Ok(raw.as_bytes().into())
}

fn unwrap(document: &[u8]) -> Result<Head, String> {
    let document = RawDocument::from_bytes(document).map_err(|error| error.to_string())?;
    let head = document.get_binary("head").map_err(|error| error.to_string())?;
    postcard::from_bytes(head.bytes).map_err(|error| error.to_string())
}
