//! `dropUser` and `dropAllUsersFromDatabase`.

use bson::{Document, doc};

use super::arguments::{all, find_known, id_document, name_of};
use crate::auth::user::USERS;
use crate::commands::arguments::Arguments;
use crate::commands::command::{Access, Command, Scope, WriteAccess, WriteOp};
use crate::commands::error::CommandError;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(in crate::commands) const COMMAND: Command = Command {
    names: &["dropUser"],
    access: Access::Write(one),
    scope: Scope::Any,
};

pub(in crate::commands) const ALL: Command = Command {
    names: &["dropAllUsersFromDatabase"],
    access: Access::Write(of_database),
    scope: Scope::Any,
};

fn one(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &[])?;
    let name = name_of(&arguments, "dropUser")?;
    let user = find_known(access.store(), &name)?;
    let id = id_document(&user);
    let ns = USERS.to_owned();
    access.write(0, vec![WriteOp::Delete { ns, id }])?;
    tracing::info!(user = %user.name, "user dropped");
    Ok(doc! { "ok": 1.0 })
}

fn of_database(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &[])?;
    let users = all(access.store(), ReadAt::Latest, Some(arguments.database()))?;
    let deletes = users.iter().map(|user| WriteOp::Delete {
        ns: USERS.to_owned(),
        id: id_document(user),
    });
    access.write(0, deletes.collect())?;
    tracing::info!(
        database = arguments.database(),
        users = users.len(),
        "users dropped"
    );
    Ok(doc! { "n": i32::try_from(users.len()).unwrap_or(i32::MAX), "ok": 1.0 })
}
