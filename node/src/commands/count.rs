//! `count`.

use bson::{Document, doc};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use super::hint::read_hint;
use super::oplog_reader::OPLOG;
use super::scan::{CONFIGURATION, ME, Scan};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["count"],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["query", "skip", "limit", "fields"])?;
    let ns = arguments.namespace()?;
    let filter = arguments.document("query")?;
    let hint = read_hint(access.store, access.at, &ns, arguments.get("hint"))?;
    let found = if ns == OPLOG {
        usize::try_from(access.oplog.entries()).unwrap_or(usize::MAX)
    } else if filter.is_empty() && ns != CONFIGURATION && ns != ME {
        usize::try_from(access.store.counts(&ns, access.at)?.objects).unwrap_or(usize::MAX)
    } else {
        let mut scan = Scan::on(access, &ns, &filter, &arguments.variables()?)?.hinted(hint);
        let mut found = 0;
        while scan.next(access.store, access.at)?.is_some() {
            found += 1;
        }
        found
    };
    let skip = arguments.count("skip")?.unwrap_or(0);
    // A negative limit counts like a positive one.
    let limit = arguments
        .get("limit")
        .and_then(number)
        .map_or(0, i64::unsigned_abs);
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let n = found.saturating_sub(skip).min(limit);
    Ok(doc! { "n": i32::try_from(n).unwrap_or(i32::MAX), "ok": 1.0 })
}
