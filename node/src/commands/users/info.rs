//! `usersInfo`.

use bson::{Bson, Document, doc};

use super::arguments::all;
use crate::auth::role::Right;
use crate::auth::user::{User, UserName};
use crate::commands::arguments::{Arguments, number};
use crate::commands::command::{Access, Command, ReadAccess, Scope};
use crate::commands::error::CommandError;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::wire::Request;

pub(in crate::commands) const COMMAND: Command = Command {
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

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, FIELDS)?;
    let database = arguments.database();
    let wanted = Wanted::of(arguments.get("usersInfo"), database)?;
    let who = access.facts.who.as_ref();
    // Without a right to rule users everybody sees himself.
    let may_see = |user: &User| {
        who.is_none_or(|who| who.name == user.name || who.grants(Right::Users, &user.name.database))
    };
    let matcher = Matcher::compile(&arguments.document("filter")?, &Variables::default())?;
    let mut shown = Vec::new();
    let found = all(access.store, access.at, None)?;
    let hidden = found
        .iter()
        .any(|user| wanted.includes(&user.name) && !may_see(user));
    if hidden {
        let text = format!("not authorized on {database} to execute command {{ usersInfo }}");
        return Err(CommandError::new(13, text));
    }
    for user in found.iter().filter(|user| wanted.includes(&user.name)) {
        let document = user.shown(arguments.flag("showCredentials", false));
        if matcher.matches(&document)? {
            shown.push(Bson::Document(document));
        }
    }
    Ok(doc! { "users": shown, "ok": 1.0 })
}

/// Which users are asked for.
enum Wanted {
    OfDatabase(String),
    Everybody,
    These(Vec<UserName>),
}

impl Wanted {
    fn of(asked: Option<&Bson>, database: &str) -> Result<Self, CommandError> {
        let bad = || CommandError::new(2, "usersInfo takes 1, a name, a document or an array of them");
        match asked {
            Some(Bson::Document(all)) if all.get("forAllDBs").is_some() => Ok(Self::Everybody),
            Some(Bson::Array(names)) => {
                let names: Option<Vec<UserName>> = names.iter().map(|name| named(name, database)).collect();
                names.map(Self::These).ok_or_else(bad)
            }
            Some(all) if number(all) == Some(1) => Ok(Self::OfDatabase(database.to_owned())),
            Some(one) => named(one, database)
                .map(|name| Self::These(vec![name]))
                .ok_or_else(bad),
            None => Err(bad()),
        }
    }

    fn includes(&self, name: &UserName) -> bool {
        match self {
            Self::OfDatabase(database) => name.database == *database,
            Self::Everybody => true,
            Self::These(names) => names.contains(name),
        }
    }
}

fn named(value: &Bson, database: &str) -> Option<UserName> {
    match value {
        Bson::String(user) => Some(UserName {
            user: user.clone(),
            database: database.to_owned(),
        }),
        Bson::Document(name) => Some(UserName {
            user: name.get_str("user").ok()?.to_owned(),
            database: name.get_str("db").ok()?.to_owned(),
        }),
        _ => None,
    }
}
