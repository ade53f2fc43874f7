//! The operator's questions: past all proxies, as somebody on the member's own machine would ask.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    client,
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// How long an answer may take; a step-down waits for a secondary that has caught up.
const ANSWER: Duration = Duration::from_secs(6);

/// Between two tries.
pub(super) const AGAIN: Duration = Duration::from_millis(100);

/// What the member answered: its document, or its no in words. An error when it could not be asked at all.
pub(super) async fn ask(
    rig: &Rig,
    member: Member,
    database: &str,
    name: &'static str,
    command: Document,
) -> Result<Result<Document, String>, ClusterError> {
    let listen = rig.seats()[usize::from(member)].listen;
    let refused = |words: String| ClusterError::Refused {
        member,
        command: name,
        words,
    };
    let connected = client::direct(listen, "checker operator").map_err(|error| refused(error.to_string()))?;
    let database = connected.database(database);
    let asked = timeout(ANSWER, database.run_command(command)).await;
    // Not awaited by its drop: connections of a client nobody uses would add up.
    connected.shutdown().immediate(true).await;
    Ok(match asked {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error.kind.to_string()),
        Err(_) => Err(format!("no answer in {} s", ANSWER.as_secs())),
    })
}

/// The member that leads: of several that believe so the one with the newest term. Nobody when `patience` is over.
pub(super) async fn leader(rig: &mut Rig, patience: Duration) -> Result<Option<Member>, ClusterError> {
    let began = Instant::now();
    loop {
        let mut leader: Option<(i64, Member)> = None;
        for member in 0..rig.seats().len() as Member {
            if let Some(term) = term_of_a_primary(rig, member).await? {
                leader = leader.max(Some((term, member)));
            }
        }
        if leader.is_some() || began.elapsed() > patience {
            return Ok(leader.map(|(_, member)| member));
        }
        sleep(AGAIN).await;
    }
}

/// What the member says of its own state, as `replSetGetStatus` numbers it.
pub(super) async fn state(rig: &Rig, member: Member) -> Result<Option<i64>, ClusterError> {
    let status = ask(
        rig,
        member,
        "admin",
        "replSetGetStatus",
        doc! {"replSetGetStatus": 1},
    );
    Ok(status
        .await?
        .ok()
        .and_then(|status| integer(status.get("myState"))))
}

/// A whole number, however wide.
pub(super) fn integer(value: Option<&Bson>) -> Option<i64> {
    match value? {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}

async fn term_of_a_primary(rig: &mut Rig, member: Member) -> Result<Option<i64>, ClusterError> {
    let process = rig.process(member);
    if !process.is_running() || process.is_paused() {
        return Ok(None);
    }
    let command = doc! {"replSetGetStatus": 1};
    let status = match ask(rig, member, "admin", "replSetGetStatus", command).await? {
        Ok(status) if integer(status.get("myState")) == Some(PRIMARY) => status,
        Ok(_) | Err(_) => return Ok(None),
    };
    Ok(integer(status.get("term")))
}

/// `myState` of a primary.
const PRIMARY: i64 = 1;
