//! One member, and whatever the test lets happen to it.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::member::{Rules, step};
use protocol::message::{Body, MemberState, Message, Position};
use protocol::oplog::Oplog;
use protocol::optime::{OpTime, Term};
use protocol::output::{Output, Token, Vote};
use protocol::state::{Durable, Seen, State};
use protocol::timer::Timer;

/// The present term of every test.
pub const TERM: i64 = 3;

/// Member 0 of the configuration.
pub struct Lone {
    /// As it is now.
    pub state: State,
    /// Its wall clock.
    pub wall_secs: u32,
}

/// An entry of term 1, by number.
pub fn old(number: u32) -> OpTime {
    OpTime::new(1, 1, number)
}

/// An entry of the present term, by number.
pub fn new(number: u32) -> OpTime {
    OpTime::new(TERM, 10, number)
}

impl Lone {
    /// With the common entries 1 and 2, everybody else up and as far as itself.
    pub fn of(config: Config) -> Self {
        let durable = Durable {
            me: MemberId(0),
            config: Arc::new(config),
            vote: Vote {
                term: Term(TERM),
                candidate: None,
            },
            oplog: Oplog::new(OpTime::NULL, [old(1), old(2)]),
            rollback_id: 3,
            unsynced: None,
            life: 7,
        };
        Self::from(durable)
    }

    /// One of `members` ordinary ones.
    pub fn among(members: u8) -> Self {
        Self::of(Config::ordinary(members))
    }

    /// As it comes up with what its disk holds.
    pub fn from(durable: Durable) -> Self {
        let mut lone = Self {
            state: State::recover(durable),
            wall_secs: 20,
        };
        lone.give(Input::Start);
        for at in 1..lone.state.seen.len() {
            lone.state.seen[at] = Seen {
                up: true,
                state: MemberState::Secondary,
                written: old(2),
                config: lone.state.config.id,
                ..Seen::NOTHING
            };
        }
        lone
    }

    /// Elected, caught up, writable; the first entry of its term is durable.
    pub fn leading(config: Config) -> Self {
        let mut lone = Self::of(config);
        lone.give(Input::StepUp { skip_dry_run: true });
        let vote = lone.state.vote;
        lone.give(Input::Persisted(Token::Vote(vote)));
        for other in 1..lone.others_end() {
            lone.hear(
                other,
                vote.term.0,
                Body::VoteResponse {
                    dry_run: false,
                    asked: vote.term,
                    granted: true,
                },
            );
        }
        for other in 1..lone.others_end() {
            let term = lone.state.term.0;
            lone.hear(
                other,
                term,
                heartbeat(MemberState::Secondary, old(2), &lone.state),
            );
        }
        assert!(lone.state.is_writable(), "{:?}", lone.state.role);
        lone.give(Input::Flushed(lone.state.last_written()));
        lone
    }

    /// One input; what the member wants done.
    pub fn give(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        step(
            &Rules::default(),
            &mut self.state,
            self.wall_secs,
            &input,
            &mut outputs,
        );
        outputs
    }

    /// Names of the rules that fire: a trace leaves out what fires none.
    pub fn fired(&mut self, input: Input) -> Vec<&'static str> {
        let rules = Rules::default();
        let fired = step(&rules, &mut self.state, self.wall_secs, &input, &mut Vec::new());
        fired.names().collect()
    }

    /// A message.
    pub fn hear(&mut self, from: u8, term: i64, body: Body) -> Vec<Output> {
        self.give(Input::Message(Message {
            from: MemberId(from),
            to: MemberId(0),
            term: Term(term),
            body,
        }))
    }

    /// The answer to a heartbeat, in the present term.
    pub fn hear_beat(&mut self, from: u8, state: MemberState, written: OpTime) -> Vec<Output> {
        let body = heartbeat(state, written, &self.state);
        let term = self.state.term.0;
        self.hear(from, term, body)
    }

    /// The other one says how far it is, as the secondary of this primary.
    pub fn reported(&mut self, from: u8, reached: OpTime) -> Vec<Output> {
        let term = self.state.term;
        let position = Position {
            member: MemberId(from),
            term,
            written: reached,
            durable: reached,
        };
        let positions = vec![position];
        self.hear(from, term.0, Body::UpdatePosition { positions })
    }

    /// A timer fires.
    pub fn fire(&mut self, timer: Timer) -> Vec<Output> {
        self.give(Input::Timer(timer))
    }

    /// A client's write with the given concern.
    pub fn write(&mut self, id: u64, concern: protocol::concern::WriteConcern) -> OpTime {
        self.give(Input::ClientWrite {
            id: RequestId(id),
            entries: 1,
            concern,
        });
        let written = self.state.last_written();
        self.give(Input::Flushed(written));
        written
    }

    /// Ids of the others are below this.
    pub fn others_end(&self) -> u8 {
        u8::try_from(self.state.config.members.len()).unwrap()
    }
}

/// The body of an answer to a heartbeat.
pub fn heartbeat(state: MemberState, written: OpTime, to: &State) -> Body {
    Body::HeartbeatResponse {
        state,
        written,
        durable: written,
        commit_point: OpTime::NULL,
        primary: None,
        sync_source: None,
        config: to.config.id,
    }
}

/// What is sent, to whom.
pub fn sent(outputs: &[Output]) -> Vec<(u8, &'static str)> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(message) => Some((message.to.0, message.body.name())),
            _ => None,
        })
        .collect()
}
