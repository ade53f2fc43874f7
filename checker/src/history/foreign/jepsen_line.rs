//! One line of a Jepsen history: who, what, and which end.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    rc::Rc,
};

use super::edn::{Edn, each_map};
use crate::history::HistoryError;

/// One line of a client: what counts of its map.
pub(super) struct Line {
    pub(super) line: u64,
    pub(super) process: u32,
    pub(super) kind: Kind,
    /// Lines of the same function share its name.
    pub(super) function: Rc<str>,
    pub(super) value: Edn,
}

/// Invocation, or which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// The clients' lines of a history, each made sense of by itself.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, HistoryError> {
    let mut lines = Vec::new();
    let mut names = Names::default();
    let mut last_index: Option<i64> = None;
    each_map(text, |line, mut map| {
        numbers_make_sense(line, &map, &mut last_index)?;
        lines.extend(Line::of(line, &mut map, &mut names)?);
        Ok(())
    })?;
    Ok(lines)
}

/// Names that come again and again.
#[derive(Default)]
struct Names {
    processes: HashMap<String, u32>,
    functions: BTreeSet<Rc<str>>,
}

impl Names {
    fn function(&mut self, name: &str) -> Rc<str> {
        if let Some(known) = self.functions.get(name) {
            return known.clone();
        }
        let name: Rc<str> = name.into();
        self.functions.insert(name.clone());
        name
    }
}

impl Line {
    /// `None` for the nemesis.
    fn of(line: u64, map: &mut Edn, names: &mut Names) -> Result<Option<Self>, HistoryError> {
        let malformed = |reason: String| HistoryError::Malformed { line, reason };
        let process = match map.get("process") {
            Some(Edn::Int(number)) => number.to_string(),
            Some(Edn::Keyword(name) | Edn::Text(name)) if name == "nemesis" => return Ok(None),
            Some(Edn::Keyword(name) | Edn::Text(name)) => name.clone(),
            _ => return Err(malformed("no :process (a number, or a name)".to_owned())),
        };
        let fresh =
            u32::try_from(names.processes.len()).map_err(|_| malformed("too many processes".to_owned()))?;
        let process = *names.processes.entry(process).or_insert(fresh);
        let kind = match map.get("type").map(|kind| (kind, kind.name())) {
            Some((_, Some("invoke"))) => Kind::Invoke,
            Some((_, Some("ok"))) => Kind::Ok,
            Some((_, Some("fail"))) => Kind::Fail,
            Some((_, Some("info"))) => Kind::Info,
            Some((other, _)) => {
                let reason = format!(":type must be :invoke, :ok, :fail or :info, and is {other}");
                return Err(malformed(reason));
            }
            None => return Err(malformed("no :type".to_owned())),
        };
        let Some(function) = map.get("f").and_then(Edn::name) else {
            return Err(malformed("no :f (a keyword or a string)".to_owned()));
        };
        let function = names.function(function);
        let value = map
            .get_mut("value")
            .map_or(Edn::Nil, |value| mem::replace(value, Edn::Nil));
        Ok(Some(Self {
            line,
            process,
            kind,
            function,
            value,
        }))
    }

    /// An error on this line.
    pub(super) fn malformed(&self, reason: impl Into<String>) -> HistoryError {
        HistoryError::Malformed {
            line: self.line,
            reason: reason.into(),
        }
    }
}

/// `:time` and `:index`, where they are there: integers, and indices rise. (Times of different threads may cross.)
fn numbers_make_sense(line: u64, map: &Edn, last_index: &mut Option<i64>) -> Result<(), HistoryError> {
    for name in ["time", "index"] {
        if !matches!(map.get(name), None | Some(Edn::Int(_) | Edn::Nil)) {
            return Err(HistoryError::Malformed {
                line,
                reason: format!("the :{name} must be an integer"),
            });
        }
    }
    if let Some(index) = map.get("index").and_then(Edn::int) {
        if let Some(last) = *last_index
            && index <= last
        {
            return Err(HistoryError::IndexOutOfOrder {
                line,
                found: u64::try_from(index).unwrap_or(0),
                expected: u64::try_from(last).map_or(0, |last| last.saturating_add(1)),
            });
        }
        *last_index = Some(index);
    }
    Ok(())
}
