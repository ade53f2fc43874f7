//! Porcupine's key-value histories: `{:process 9, :type :invoke, :f :append, :key "0", :value "x 9 0 y"}`.

use std::collections::{BTreeMap, HashMap};

use super::edn::{Edn, parse_maps};
use crate::history::{HistoryError, Op};

/// An operation on one string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvOp {
    /// Its number: the place of its call.
    pub number: u64,
    /// Place of the call.
    pub call: u32,
    /// Place of the return, or [`Op::NEVER`].
    pub returned: u32,
    /// What it did.
    pub action: KvAction,
}

/// What it did. Every key holds the empty string at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvAction {
    /// Saw this string; without a return: saw nothing.
    Get(String),
    /// Replaced the string.
    Put(String),
    /// Added at the end.
    Append(String),
}

/// Reads such a history: operations by key, by rising call.
///
/// # Errors
/// The first thing wrong, with its line.
pub fn parse_porcupine_kv(text: &str) -> Result<BTreeMap<String, Vec<KvOp>>, HistoryError> {
    let mut keys: BTreeMap<String, Vec<KvOp>> = BTreeMap::new();
    let mut open: HashMap<i64, (String, usize)> = HashMap::new();
    for (place, (line, map)) in (0u32..).zip(parse_maps(text)?) {
        let malformed = |reason: &str| HistoryError::Malformed {
            line,
            reason: reason.to_owned(),
        };
        let process = map
            .get("process")
            .and_then(Edn::int)
            .ok_or_else(|| malformed("no :process"))?;
        let Some(kind) = map.get("type").and_then(Edn::name) else {
            return Err(malformed("no :type"));
        };
        let Some(function) = map.get("f").and_then(Edn::name) else {
            return Err(malformed("no :f"));
        };
        let Some(Edn::Text(key)) = map.get("key") else {
            return Err(malformed(
                "no :key that is a string (histories without :key are of the format jepsen-edn)",
            ));
        };
        let value = match map.get("value") {
            Some(Edn::Text(value)) => value.clone(),
            Some(Edn::Nil) | None => String::new(),
            Some(_) => return Err(malformed("a :value must be a string or nil")),
        };
        let short = u32::try_from(process).unwrap_or(u32::MAX);
        match kind {
            "invoke" => {
                let action = match function {
                    "get" => KvAction::Get(String::new()),
                    "put" => KvAction::Put(value),
                    "append" => KvAction::Append(value),
                    _ => return Err(malformed("the :f is none of :get :put :append")),
                };
                let of_key = keys.entry(key.clone()).or_default();
                if let Some((_, before)) = open.insert(process, (key.clone(), of_key.len())) {
                    let (operation, open) = (place.into(), before as u64);
                    return Err(HistoryError::TwoOpen {
                        line,
                        process: short,
                        operation,
                        open,
                    });
                }
                of_key.push(KvOp {
                    number: place.into(),
                    call: place,
                    returned: Op::NEVER,
                    action,
                });
            }
            "ok" => {
                let found = open.remove(&process).filter(|(open_key, _)| open_key == key);
                let Some((_, position)) = found else {
                    let operation = place.into();
                    return Err(HistoryError::CompletionWithoutInvocation {
                        line,
                        process: short,
                        operation,
                    });
                };
                let op = &mut keys.get_mut(key).ok_or_else(|| malformed("an unknown key"))?[position];
                let invoked = match op.action {
                    KvAction::Get(_) => "get",
                    KvAction::Put(_) => "put",
                    KvAction::Append(_) => "append",
                };
                if function != invoked {
                    return Err(malformed(&format!(":{invoked} is open, and :{function} ends")));
                }
                op.returned = place;
                if let KvAction::Get(seen) = &mut op.action {
                    *seen = value;
                }
            }
            // Of unknown end: it stays open, and the process does not come back.
            "info" => {
                if open.remove(&process).is_none() {
                    let operation = place.into();
                    return Err(HistoryError::CompletionWithoutInvocation {
                        line,
                        process: short,
                        operation,
                    });
                }
            }
            _ => return Err(malformed("the :type is none of :invoke :ok :info")),
        }
    }
    Ok(keys)
}
