//! The reply to `hello`, `isMaster` and `ismaster` (§3.4): how drivers learn who is primary.

use bson::oid::ObjectId;
use bson::{DateTime, Document, Timestamp, doc};
use protocol::config::MemberConfig;
use protocol::message::MemberState;
use protocol::optime::OpTime;
use protocol::state::State;

use crate::wire::{DOCUMENT_BYTES_MAX, MESSAGE_BYTES_MAX, WRITE_BATCH_MAX};

/// What drivers may assume of us: MongoDB 7.0's wire version.
pub const MAX_WIRE_VERSION: i32 = 21;
/// The oldest wire version we speak.
pub const MIN_WIRE_VERSION: i32 = 0;
/// Minutes after which an unused session may be forgotten.
pub const SESSION_TIMEOUT_MINUTES: i32 = 30;

/// `{processId, counter}`: the counter rises with each change of state or configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopologyVersion {
    /// This life of this process.
    pub process_id: ObjectId,
    /// Rises by one a change.
    pub counter: i64,
}

impl TopologyVersion {
    /// As drivers read it.
    #[must_use]
    pub fn to_document(self) -> Document {
        doc! { "processId": self.process_id, "counter": self.counter }
    }
}

/// Who is asking, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The legacy spelling wants `ismaster`.
    pub legacy: bool,
    /// Number of the connection.
    pub connection_id: i32,
    /// Started with `--replSet`.
    pub replicated: bool,
}

/// The reply.
#[must_use]
pub fn hello(state: &State, topology: TopologyVersion, asker: Asker) -> Document {
    let mut reply = doc! { "helloOk": true };
    let writable = state.is_writable();
    reply.insert(
        if asker.legacy {
            "ismaster"
        } else {
            "isWritablePrimary"
        },
        writable,
    );
    reply.insert("topologyVersion", topology.to_document());
    match state.my_config() {
        Some(me) => member_fields(state, me, &mut reply),
        None => {
            reply.insert("secondary", false);
            if asker.replicated {
                reply.insert("isreplicaset", true);
                reply.insert("info", "Does not have a valid replica set config");
            }
        }
    }
    reply.extend(doc! {
        "maxBsonObjectSize": i32::try_from(DOCUMENT_BYTES_MAX).unwrap_or(i32::MAX),
        "maxMessageSizeBytes": i32::try_from(MESSAGE_BYTES_MAX).unwrap_or(i32::MAX),
        "maxWriteBatchSize": i32::try_from(WRITE_BATCH_MAX).unwrap_or(i32::MAX),
        "localTime": DateTime::now(),
        "logicalSessionTimeoutMinutes": SESSION_TIMEOUT_MINUTES,
        "connectionId": asker.connection_id,
        "minWireVersion": MIN_WIRE_VERSION,
        "maxWireVersion": MAX_WIRE_VERSION,
        "readOnly": false,
        "ok": 1.0,
    });
    reply
}

fn member_fields(state: &State, me: &MemberConfig, reply: &mut Document) {
    let hosts = |keep: fn(&MemberConfig) -> bool| -> Vec<String> {
        let kept = state.config.members.iter().filter(|member| keep(member));
        kept.map(|member| member.host.clone()).collect()
    };
    reply.insert("secondary", state.member_state == MemberState::Secondary);
    reply.insert(
        "hosts",
        hosts(|member| is_shown(member) && !member.arbiter && member.priority_milli > 0),
    );
    for (key, list) in [
        (
            "passives",
            hosts(|member| is_shown(member) && !member.arbiter && member.priority_milli == 0),
        ),
        ("arbiters", hosts(|member| is_shown(member) && member.arbiter)),
    ] {
        if !list.is_empty() {
            reply.insert(key, list);
        }
    }
    reply.insert("setName", &state.config.set_name);
    reply.insert("setVersion", state.config.id.version.cast_signed());
    let primary = state.primary.and_then(|id| state.config.member(id));
    // An elected member that still catches up is nobody's primary yet.
    if let Some(primary) = primary.filter(|primary| primary.id != state.me || state.is_writable()) {
        reply.insert("primary", &primary.host);
    }
    for (key, is) in [
        ("arbiterOnly", me.arbiter),
        ("passive", me.priority_milli == 0),
        ("hidden", me.hidden),
    ] {
        if is {
            reply.insert(key, true);
        }
    }
    if me.delay_secs > 0 {
        reply.insert("secondaryDelaySecs", i64::from(me.delay_secs));
    }
    // By these drivers choose whom to read from.
    if let Some(tags) = super::config_document::tags(&state.config, me.id) {
        reply.insert("tags", tags);
    }
    reply.insert("me", &me.host);
    if state.is_writable() {
        reply.insert("electionId", election_id(state));
    }
    if !me.arbiter {
        let committed = state.commit_point.min(state.last_written());
        reply.insert(
            "lastWrite",
            doc! {
                "opTime": optime(state.last_written()),
                "lastWriteDate": date(state.last_written()),
                "majorityOpTime": optime(committed),
                "majorityWriteDate": date(committed),
            },
        );
    }
}

/// Hidden and delayed members are nobody's business.
fn is_shown(member: &MemberConfig) -> bool {
    !member.hidden && member.delay_secs == 0
}

/// Grows with the term, so that drivers can tell a stale primary.
#[must_use]
pub fn election_id(state: &State) -> ObjectId {
    let mut bytes = [0_u8; 12];
    let rank = state.term.0;
    #[cfg(feature = "planted-bugs")]
    let rank = crate::bugs::election_id_order_wrong::rank(rank);
    bytes[..4].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
    bytes[4..].copy_from_slice(&rank.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// `{ts, t}`.
#[must_use]
pub fn optime(optime: OpTime) -> Document {
    doc! { "ts": Timestamp { time: optime.ts.secs, increment: optime.ts.inc }, "t": optime.term.0 }
}

/// The second in which an entry was named, as a date.
#[must_use]
pub fn date(optime: OpTime) -> DateTime {
    DateTime::from_millis(i64::from(optime.ts.secs) * 1000)
}
