//! Who may run what, when the member asks for logins (`--auth`, `--keyFile`).

use bson::Document;

use super::event::ConnectionId;
use super::event_loop::Server;
use crate::auth::demand::{self, Demand};
use crate::auth::user::{USERS, User, UserName};
use crate::commands::CommandError;
use crate::storage::key::value_key;
use crate::storage::store::{KeyRange, PageLimit, ReadAt};
use crate::wire::Request;

impl Server {
    /// Lets a request through, or says why not (13 `Unauthorized`).
    pub(super) fn check_rights(
        &self,
        request: &Request,
        connection: ConnectionId,
    ) -> Result<(), CommandError> {
        if !self.options.asks_for_login() {
            return Ok(());
        }
        let arguments = || request.to_document().unwrap_or_default();
        let demand = demand::of(&request.name, &request.database, &arguments);
        if demand == Demand::Nothing {
            return Ok(());
        }
        let Some(user) = self.who(connection) else {
            return self.check_beginner(request, connection);
        };
        let refused = |database: &str| {
            let text = format!(
                "not authorized on {database} to execute command {}",
                shown(request)
            );
            CommandError::new(13, text)
        };
        match demand {
            Demand::Nothing | Demand::Login => Ok(()),
            Demand::Rights(rights) => {
                let missing = rights
                    .iter()
                    .find(|(right, database)| !user.grants(*right, database));
                missing.map_or(Ok(()), |(_, database)| Err(refused(database)))
            }
        }
    }

    /// Who has logged in over a connection, as he is now: whoever was dropped meanwhile, or made anew, is out.
    pub(super) fn who(&self, connection: ConnectionId) -> Option<User> {
        let login = self.clients.login(connection)?;
        let user = self.find_user(&login.name)?;
        (user.id == login.user_id).then_some(user)
    }

    /// A user as every member has it.
    pub(super) fn find_user(&self, name: &UserName) -> Option<User> {
        let id = name.id();
        let key = value_key(bson::RawBsonRef::String(&id)).ok()?;
        let found = self.store.get(USERS, &key, ReadAt::Latest).ok()??;
        User::of_document(&Document::from_reader(found.as_ref()).ok()?)
    }

    /// The localhost exception: while there is no user, whoever is on this machine may found the set and make one.
    fn check_beginner(&self, request: &Request, connection: ConnectionId) -> Result<(), CommandError> {
        let is_arbiter = self.state.my_config().is_some_and(|me| me.arbiter);
        let allowed = demand::is_for_beginners(&request.name, &request.database)
            || (is_arbiter && demand::is_for_arbiters(&request.name));
        if allowed && self.clients.is_local(connection) && !self.has_users() {
            return Ok(());
        }
        let text = format!("Command {} requires authentication", request.name);
        Err(CommandError::new(13, text))
    }

    fn has_users(&self) -> bool {
        let one = PageLimit {
            rows: 1,
            ..PageLimit::NONE
        };
        let any = self.store.page(USERS, &KeyRange::all(), ReadAt::Latest, one);
        // What can't be read may hold one.
        any.map_or(true, |found| !found.documents.is_empty())
    }
}

/// The command's name and target: enough to recognize it, none of its data.
fn shown(request: &Request) -> String {
    let target = request.body.get_str(&request.name).unwrap_or("…");
    format!(
        "{{ {}: \"{target}\", $db: \"{}\" }}",
        request.name, request.database
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command that nobody has thought about here would be open to every login.
    #[test]
    fn every_command_says_what_it_demands() {
        let data = crate::commands::COMMANDS.iter().flat_map(|command| command.names);
        let admin = super::super::admin::COMMANDS
            .iter()
            .flat_map(|command| command.names);
        for name in data.chain(admin) {
            assert!(demand::is_listed(name), "{name} is in no list of auth::demand");
        }
    }
}
