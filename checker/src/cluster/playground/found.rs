//! Founding the set, and asking its members how they are.

use std::time::Duration;

use bson::{Bson, Document, doc};
use mongodb::{
    Client,
    error::Error,
    options::{ClientOptions, ServerAddress},
};
use tokio::time::{Instant, sleep};

use super::{error::PlaygroundError, member::PlayMember, set::PlaySet};

/// How long a member may take to answer, and the set to have a primary.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two questions.
const POLL: Duration = Duration::from_millis(100);
/// How long one question may take.
const QUESTION: Duration = Duration::from_secs(2);

/// Waits until all members answer, founds the set through the first, and waits for a primary.
pub async fn initiate(set: &PlaySet) -> Result<(), PlaygroundError> {
    for member in &set.members {
        answers(member).await?;
    }
    let rows: Vec<Bson> = set
        .members
        .iter()
        .zip(0_i32..)
        .map(|(member, id)| Bson::Document(row(member, id)))
        .collect();
    let config = doc! { "_id": &set.name, "members": rows };
    if let Some(first) = set.members.first() {
        ask(first, doc! { "replSetInitiate": config }).await?;
    }
    let since = Instant::now();
    while primary(set).await.is_none() || !all_settled(set).await {
        if since.elapsed() > PATIENCE {
            let home = set
                .members
                .first()
                .and_then(|member| member.data.ancestors().nth(2));
            return Err(PlaygroundError::NoPrimary(home.unwrap_or("".as_ref()).to_owned()));
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// The member that takes writes, if there is one.
pub async fn primary(set: &PlaySet) -> Option<&PlayMember> {
    for member in &set.members {
        let hello = ask(member, doc! { "hello": 1 }).await;
        if hello.is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false)) {
            return Some(member);
        }
    }
    None
}

/// A member's own word for its state, as `rs.status()` tells it; `DOWN` when it does not answer.
pub async fn state_of(member: &PlayMember) -> String {
    let Ok(status) = ask(member, doc! { "replSetGetStatus": 1 }).await else {
        return "DOWN".to_owned();
    };
    let rows = status.get_array("members").map(Vec::as_slice).unwrap_or_default();
    let own = rows
        .iter()
        .filter_map(Bson::as_document)
        .find(|row| row.get_bool("self").unwrap_or(false));
    let state = own.and_then(|row| row.get_str("stateStr").ok());
    state.unwrap_or("STARTUP").to_owned()
}

fn row(member: &PlayMember, id: i32) -> Document {
    let mut row = doc! { "_id": id, "host": member.host() };
    if member.arbiter {
        row.insert("arbiterOnly", true);
    } else if id >= 7 {
        // Seven vote; the others follow.
        row.extend(doc! { "votes": 0, "priority": 0 });
    }
    row
}

async fn all_settled(set: &PlaySet) -> bool {
    for member in &set.members {
        if !["PRIMARY", "SECONDARY", "ARBITER"].contains(&state_of(member).await.as_str()) {
            return false;
        }
    }
    true
}

async fn answers(member: &PlayMember) -> Result<(), PlaygroundError> {
    let since = Instant::now();
    loop {
        let silent = |why: String| PlaygroundError::Silent {
            port: member.port,
            why,
            log: member.log.clone(),
        };
        if !member.runs() {
            return Err(silent("its process has ended".to_owned()));
        }
        match ask(member, doc! { "ping": 1 }).await {
            Ok(_) => return Ok(()),
            Err(error) if since.elapsed() > PATIENCE => return Err(silent(error.to_string())),
            Err(_) => sleep(POLL).await,
        }
    }
}

async fn ask(member: &PlayMember, command: Document) -> Result<Document, Error> {
    let mut options = ClientOptions::default();
    options.hosts = vec![ServerAddress::Tcp {
        host: member.address().ip().to_string(),
        port: Some(member.port),
    }];
    options.direct_connection = Some(true);
    options.app_name = Some("checker cluster".to_owned());
    options.server_selection_timeout = Some(QUESTION);
    options.connect_timeout = Some(QUESTION);
    Client::with_options(options)?
        .database("admin")
        .run_command(command)
        .await
}
