//! `top`: what was asked, by collection. The time is not measured: it is 0.

use bson::{Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["top"],
    access: Access::Nothing(run),
    scope: Scope::Admin,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    Arguments::of(request, &[])?;
    let mut totals = doc! { "note": "counts only, times are not measured" };
    totals.extend(access.facts.traffic.totals());
    Ok(doc! { "totals": totals, "ok": 1.0 })
}
