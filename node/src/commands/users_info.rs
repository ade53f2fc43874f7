//! `usersInfo`: there are no users, because nobody has to authenticate.

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["usersInfo"],
    access: Access::Read(run),
    scope: Scope::Any,
};

const FIELDS: &[&str] = &[
    "showAuthenticationRestrictions",
    "showCredentials",
    "showCustomData",
    "showPrivileges",
    "filter",
];

fn run(_access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, FIELDS)?;
    match arguments.get("usersInfo") {
        Some(Bson::String(_) | Bson::Document(_) | Bson::Array(_) | Bson::Int32(1) | Bson::Int64(1)) => {}
        Some(Bson::Double(all)) if (*all - 1.0).abs() < f64::EPSILON => {}
        _ => {
            return Err(CommandError::new(
                2,
                "usersInfo takes 1, a name, a document or an array of them",
            ));
        }
    }
    Ok(doc! { "users": [], "ok": 1.0 })
}
