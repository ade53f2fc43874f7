//! `connectionStatus`: who has logged in here.

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["connectionStatus"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["showPrivileges"])?;
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    if let Some(user) = &access.facts.who {
        users.push(Bson::Document(
            doc! { "user": &user.name.user, "db": &user.name.database },
        ));
        roles.extend(user.roles.iter().map(|role| Bson::Document(role.to_document())));
    }
    let mut info = doc! { "authenticatedUsers": users, "authenticatedUserRoles": roles };
    if arguments.flag("showPrivileges", false) {
        info.insert("authenticatedUserPrivileges", Vec::<Bson>::new());
    }
    Ok(doc! { "authInfo": info, "ok": 1.0 })
}
