//! Questions that hints decide. Hints are forgotten after each step, or the states would be without number; so each
//! question brings its own: "had this member heard just that, what would it do now?" It is asked of every member in every
//! state that is reached, and the member is left as it was.

use std::sync::Arc;

use protocol::concern::{ReadConcern, WriteConcern};
use protocol::config::{Config, MemberConfig, MemberId};
use protocol::input::{Input, RequestId};
use protocol::message::{Body, MemberState, Message};
use protocol::optime::OpTime;
use protocol::state::State;
use protocol::timer::Timer;

/// What a member is given, with another one in mind. Empty: the question makes no sense here.
pub type Probe = fn(&State, &Other) -> Vec<Input>;

/// All that the questions need of the other one: many others are the same to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Other {
    me: MemberId,
    state: MemberState,
    written: OpTime,
}

impl Other {
    /// What of a member the questions need.
    pub fn of(other: &State) -> Self {
        Other {
            me: other.me,
            state: other.member_state,
            written: other.last_written(),
        }
    }
}

/// All of them.
pub const PROBES: [Probe; 7] = [
    source_that_pulls_from_me,
    candidate_after_the_primarys_death,
    primary_that_went_on_without_me,
    statement_that_changes_nothing,
    local_reads,
    newcomer,
    question_of_one_who_lost_the_primary,
];

/// No request of the model has this number.
const REQUEST: RequestId = RequestId(1 << 40);

/// So far has the primary gone on: longer than a member may lag that takes over.
const LAG_SECS: u32 = 60;

fn source_that_pulls_from_me(me: &State, other: &Other) -> Vec<Input> {
    let mut answer = heard(me, other);
    answer.sync_source = Some(me.me);
    vec![Input::SyncFrom(other.me), answer.message(me, other)]
}

fn candidate_after_the_primarys_death(me: &State, other: &Other) -> Vec<Input> {
    let third = me.others().map(|(_, id)| id).find(|id| {
        let data = me.config.member(*id).is_some_and(|row| !row.arbiter);
        data && *id != other.me
    });
    let Some(candidate) = third else { return Vec::new() };
    let mut answer = heard(me, other);
    answer.state = MemberState::Primary;
    let request = Message {
        from: candidate,
        to: me.me,
        term: me.term,
        body: Body::VoteRequest {
            dry_run: true,
            unless_led: false,
            config: me.config.id,
            last: me.last_written(),
        },
    };
    vec![
        answer.message(me, other),
        Input::Timer(Timer::Silence(other.me)),
        Input::Message(request),
    ]
}

fn question_of_one_who_lost_the_primary(me: &State, other: &Other) -> Vec<Input> {
    let Some((_, asker)) = me.others().find(|(_, id)| *id != other.me) else {
        return Vec::new();
    };
    let mut answer = heard(me, other);
    answer.state = MemberState::Primary;
    let request = Message {
        from: asker,
        to: me.me,
        term: me.term,
        body: Body::VoteRequest {
            dry_run: true,
            unless_led: true,
            config: me.config.id,
            last: me.last_written(),
        },
    };
    vec![answer.message(me, other), Input::Message(request)]
}

fn primary_that_went_on_without_me(me: &State, other: &Other) -> Vec<Input> {
    if other.written.is_null() {
        return Vec::new();
    }
    let mut answer = heard(me, other);
    answer.state = MemberState::Primary;
    answer.written.ts.secs += LAG_SECS;
    vec![
        answer.message(me, other),
        Input::Timer(Timer::PriorityTakeover(0)),
    ]
}

fn statement_that_changes_nothing(_: &State, _: &Other) -> Vec<Input> {
    vec![Input::ClientNoop {
        id: REQUEST,
        concern: WriteConcern::MAJORITY,
    }]
}

fn local_reads(_: &State, _: &Other) -> Vec<Input> {
    let read = |secondary_ok| Input::ClientRead {
        id: REQUEST,
        concern: ReadConcern::Local,
        secondary_ok,
    };
    vec![read(false), read(true), Input::Maintenance(true), read(true)]
}

fn newcomer(me: &State, other: &Other) -> Vec<Input> {
    let mut config = Config::clone(&me.config);
    config.id.version += 1;
    let id = u8::try_from(config.members.len()).unwrap_or(u8::MAX);
    config.members.push(MemberConfig::ordinary(id, ""));
    let wish = Input::Reconfig {
        id: REQUEST,
        me: Some(me.me),
        config: Arc::new(config),
        force: false,
    };
    vec![heard(me, other).message(me, other), wish]
}

/// The other's answer to a heartbeat, to be changed.
struct Heard {
    state: MemberState,
    written: OpTime,
    sync_source: Option<MemberId>,
}

fn heard(_: &State, other: &Other) -> Heard {
    Heard {
        state: other.state,
        written: other.written,
        sync_source: None,
    }
}

impl Heard {
    fn message(self, me: &State, other: &Other) -> Input {
        Input::Message(Message {
            from: other.me,
            to: me.me,
            // Terms travel by another action.
            term: me.term,
            body: Body::HeartbeatResponse {
                state: self.state,
                written: self.written,
                durable: self.written,
                commit_point: OpTime::NULL,
                primary: None,
                sync_source: self.sync_source,
                config: me.config.id,
            },
        })
    }
}
