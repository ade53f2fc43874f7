//! `replSetGetStatus` (S0-12…S0-20).

use std::collections::BTreeMap;
use std::time::Instant;

use bson::{DateTime, Document, Timestamp, doc};
use protocol::config::{MemberConfig, MemberId};
use protocol::message::MemberState;
use protocol::optime::OpTime;
use protocol::state::State;

use super::hello::{date, optime};
use super::timing::Timing;

/// What the shell knows of another member beside the core: when it was spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Contact {
    /// When the latest heartbeat to it was sent: goes on while it is dead (S0-19).
    pub sent: Option<(Instant, DateTime)>,
    /// When the latest heartbeat from it came: stands still while it is dead.
    pub received: Option<DateTime>,
    /// Smoothed round trip in milliseconds.
    pub ping_ms: Option<i64>,
    /// Since when it has been answering.
    pub up_since: Option<Instant>,
    /// Newest entry it was known to have.
    pub written: OpTime,
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            sent: None,
            received: None,
            ping_ms: None,
            up_since: None,
            written: OpTime::NULL,
        }
    }
}

/// Everything the reply is made from.
pub struct StatusView<'a> {
    /// The member.
    pub state: &'a State,
    /// Its contacts.
    pub contacts: &'a BTreeMap<MemberId, Contact>,
    /// When the process started.
    pub started: Instant,
    /// When it was elected, if it is primary.
    pub elected: Option<(OpTime, DateTime)>,
    /// Its timing.
    pub timing: Timing,
}

/// MongoDB's name of a state; a dead member is `(not reachable/healthy)` (S0-17).
#[must_use]
pub fn state_name(state: MemberState) -> &'static str {
    match state {
        MemberState::Startup => "STARTUP",
        MemberState::Primary => "PRIMARY",
        MemberState::Secondary => "SECONDARY",
        MemberState::Recovering => "RECOVERING",
        MemberState::Fatal => "FATAL",
        MemberState::Startup2 => "STARTUP2",
        MemberState::Unknown => "UNKNOWN",
        MemberState::Arbiter => "ARBITER",
        MemberState::Down => "(not reachable/healthy)",
        MemberState::Rollback => "ROLLBACK",
        MemberState::Removed => "REMOVED",
    }
}

/// The reply.
#[must_use]
pub fn status(view: &StatusView<'_>) -> Document {
    let state = view.state;
    let committed = state.commit_point.min(state.last_written());
    let source = state.sync_source.and_then(|id| state.config.member(id));
    let members: Vec<Document> = state
        .config
        .members
        .iter()
        .map(|member| row(view, member))
        .collect();
    let majority = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    doc! {
        "set": &state.config.set_name,
        "date": DateTime::now(),
        "myState": state.member_state as i32,
        "term": state.term.0,
        "syncSourceHost": source.map_or("", |member| member.host.as_str()),
        "syncSourceId": source.map_or(-1, |member| i32::from(member.id.0)),
        "heartbeatIntervalMillis": i64::try_from(view.timing.heartbeat_interval.as_millis()).unwrap_or(i64::MAX),
        "majorityVoteCount": majority(state.config.majority()),
        "writeMajorityCount": majority(state.config.write_majority()),
        "votingMembersCount": majority(state.config.voters()),
        "writableVotingMembersCount": majority(state.config.data_voters()),
        "optimes": {
            "lastCommittedOpTime": optime(committed),
            "lastCommittedWallTime": date(committed),
            "readConcernMajorityOpTime": optime(committed),
            "appliedOpTime": optime(state.last_written()),
            "durableOpTime": optime(state.durable),
            "lastAppliedWallTime": date(state.last_written()),
            "lastDurableWallTime": date(state.durable),
        },
        "members": members,
        "ok": 1.0,
    }
}

fn row(view: &StatusView<'_>, member: &MemberConfig) -> Document {
    if member.id == view.state.me {
        own_row(view, member)
    } else {
        other_row(view, member)
    }
}

fn own_row(view: &StatusView<'_>, member: &MemberConfig) -> Document {
    let state = view.state;
    let mut row = doc! {
        "_id": i32::from(member.id.0),
        "name": &member.host,
        "health": 1.0,
        "state": state.member_state as i32,
        "stateStr": state_name(state.member_state),
        "uptime": seconds(view.started),
    };
    if !member.arbiter {
        row.extend(doc! { "optime": optime(state.last_written()), "optimeDate": date(state.last_written()) });
    }
    add_source(view, &mut row, state.sync_source, state.member_state);
    if let Some((elected, at)) = view.elected {
        let time = Timestamp {
            time: elected.ts.secs,
            increment: elected.ts.inc,
        };
        row.extend(doc! { "electionTime": time, "electionDate": at });
    }
    row.extend(config_fields(state));
    row.insert("self", true);
    row.insert("lastHeartbeatMessage", "");
    row
}

fn other_row(view: &StatusView<'_>, member: &MemberConfig) -> Document {
    let state = view.state;
    let contact = view.contacts.get(&member.id).copied().unwrap_or_default();
    let seen = state
        .config
        .position(member.id)
        .map(|position| state.seen[position]);
    let up = seen.is_some_and(|seen| seen.up);
    #[cfg(feature = "planted-bugs")]
    let up = up || crate::bugs::is_planted(&crate::bugs::status_lies::BUG);
    let heard = seen.map_or(MemberState::Unknown, |seen| seen.state);
    #[cfg(feature = "planted-bugs")]
    let heard = crate::bugs::status_lies::told(heard);
    let shown = match heard {
        MemberState::Unknown => MemberState::Unknown,
        _ if !up => MemberState::Down,
        other => other,
    };
    let mut row = doc! {
        "_id": i32::from(member.id.0),
        "name": &member.host,
        "health": if up { 1.0 } else { 0.0 },
        "state": shown as i32,
        "stateStr": state_name(shown),
        "uptime": if up { contact.up_since.map_or(0, seconds) } else { 0 },
    };
    if !member.arbiter {
        row.extend(doc! { "optime": optime(contact.written), "optimeDate": date(contact.written) });
    }
    let epoch = DateTime::from_millis(0);
    row.insert("lastHeartbeat", contact.sent.map_or(epoch, |(_, at)| at));
    row.insert("lastHeartbeatRecv", contact.received.unwrap_or(epoch));
    row.insert("pingMs", contact.ping_ms.unwrap_or(0));
    row.insert("lastHeartbeatMessage", "");
    if up {
        add_source(view, &mut row, seen.and_then(|seen| seen.sync_source), heard);
    }
    row.extend(config_fields(state));
    row
}

/// Only a row that syncs names its source (S0-15).
fn add_source(view: &StatusView<'_>, row: &mut Document, source: Option<MemberId>, shown: MemberState) {
    let host = source.and_then(|id| view.state.config.member(id));
    if shown == MemberState::Secondary
        && let Some(member) = host
    {
        row.extend(doc! {
            "syncingTo": &member.host,
            "syncSourceHost": &member.host,
            "syncSourceId": i32::from(member.id.0),
        });
    } else {
        row.extend(doc! { "syncSourceHost": "", "syncSourceId": -1 });
    }
}

fn config_fields(state: &State) -> Document {
    doc! { "configVersion": state.config.id.version.cast_signed(), "configTerm": state.config.id.term.0 }
}

fn seconds(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows S2-28, S4-23 of the notes.
    #[test]
    fn all_states_have_the_names_of_the_notes() {
        let named = [
            (MemberState::Startup, 0, "STARTUP"),
            (MemberState::Primary, 1, "PRIMARY"),
            (MemberState::Secondary, 2, "SECONDARY"),
            (MemberState::Recovering, 3, "RECOVERING"),
            (MemberState::Fatal, 4, "FATAL"),
            (MemberState::Startup2, 5, "STARTUP2"),
            (MemberState::Unknown, 6, "UNKNOWN"),
            (MemberState::Arbiter, 7, "ARBITER"),
            (MemberState::Down, 8, "(not reachable/healthy)"),
            (MemberState::Rollback, 9, "ROLLBACK"),
            (MemberState::Removed, 10, "REMOVED"),
        ];
        for (state, number, name) in named {
            assert_eq!((state as i32, state_name(state)), (number, name));
        }
    }
}
