//! `grantRolesToUser` and `revokeRolesFromUser`.

use bson::{Document, doc};

use super::arguments::{find_known, name_of, roles_of, update};
use crate::auth::role::Role;
use crate::commands::arguments::Arguments;
use crate::commands::command::{Access, Command, Scope, WriteAccess};
use crate::commands::error::CommandError;
use crate::wire::Request;

pub(in crate::commands) const GRANT: Command = Command {
    names: &["grantRolesToUser"],
    access: Access::Write(grant),
    scope: Scope::Any,
};

pub(in crate::commands) const REVOKE: Command = Command {
    names: &["revokeRolesFromUser"],
    access: Access::Write(revoke),
    scope: Scope::Any,
};

fn grant(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    change(access, request, |roles, given| {
        roles.retain(|role| !given.contains(role));
        roles.extend(given);
    })
}

fn revoke(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    change(access, request, |roles, taken| {
        roles.retain(|role| !taken.contains(role))
    })
}

fn change(
    access: &mut dyn WriteAccess,
    request: &Request,
    change: impl FnOnce(&mut Vec<Role>, Vec<Role>),
) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["roles"])?;
    let name = name_of(&arguments, &request.name)?;
    let roles = roles_of(&arguments)?
        .filter(|roles| !roles.is_empty())
        .ok_or_else(|| {
            CommandError::new(
                2,
                format!("{} command requires a non-empty \"roles\" array", request.name),
            )
        })?;
    let mut user = find_known(access.store(), &name)?;
    change(&mut user.roles, roles);
    access.write(0, vec![update(&user)?])?;
    tracing::info!(user = %user.name, command = request.name, "roles changed");
    Ok(doc! { "ok": 1.0 })
}
