//! What can happen to one member, and what comes of it: the bridge to the core's `step`.
//!
//! Every stimulus changes one member only. What it needs of another member it reads from that member's present
//! state, as if an answer to an older request had just arrived; so a member can learn something without the
//! other learning anything, which is what a lost or late message does.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use protocol::concern::{ReadConcern, WriteConcern};
use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::member::{Fired, Rules, step};
use protocol::message::{Body, Message};
use protocol::optime::Term;
use protocol::output::Output;
use protocol::state::{Mode, Role, State};
use protocol::timer::Timer;

use super::action::FLIP;
use super::member::{Confirmed, Member};
use crate::invariants::ghosts::{READ, READ_MISSES_A_WRITE};

/// Something that happens to one member.
#[derive(Clone, Copy, Debug)]
pub enum Stimulus<'a> {
    /// It stands for election, without a dry run.
    Stand,
    /// Its election timer fires: it asks whether it would win.
    ElectionTimeout,
    /// As a new primary it waits no longer for entries that others are ahead.
    CatchUpTimeout,
    /// As a primary it hears nothing of the others any more.
    LoseSight,
    /// A client asks for a majority write.
    Write,
    /// A client asks for a linearizable read.
    Read {
        /// Whether its oplog lacks a write acknowledged before this instant.
        misses_a_write: bool,
    },
    /// The operator asks it to change the votes, or the kind, of these members.
    Reconfigure {
        /// Bit mask of positions, perhaps with [`FLIP`].
        votes: u8,
    },
    /// The other's configuration reaches it.
    Install(&'a Member),
    /// Its oldest pending write becomes durable.
    Persist,
    /// It loses power and starts again from its disk.
    Restart,
    /// Its heartbeat is answered, see [`heartbeat`].
    Hear(&'a Said),
    /// It pulls one entry, or finds that it has to roll back.
    Fetch {
        /// From whom.
        other: &'a Member,
        /// What that one answers to the first request, see [`fetch`].
        said: &'a Said,
    },
    /// It reports its position to this member.
    Report(MemberId),
    /// A message arrives.
    Deliver(&'a Message),
    /// These things happen, one after the other.
    Given(&'a [Input]),
}

/// What a member answers to a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Said {
    /// Who answers, or is silent.
    pub from: MemberId,
    /// The answers to whom asked, as they come in there.
    pub answers: Vec<Input>,
    /// An assertion of the core failed in who answers.
    pub panicked: bool,
}

/// What came of a stimulus.
#[derive(Debug)]
pub struct Reaction<'a> {
    /// The member afterwards.
    pub member: Member,
    /// The core's steps: input, outputs and state before each. The state after one is the state before the next.
    pub steps: Vec<(Cow<'a, State>, Cow<'a, Input>, Vec<Output>)>,
    /// The rules that fired in any of them.
    pub fired: Fired,
    /// The last step did not end: an assertion of the core failed.
    pub panicked: bool,
    /// The other was asked again, so that more counts than what it said first.
    pub asked_again: bool,
}

/// The wall clock of all members. It stands still, so that entries are named by their place.
const WALL_SECS: u32 = 1;

/// The operator's request.
const OPERATOR: u64 = 0;

/// Rounds of the search for a common point; more would mean that it never ends.
const SEARCH_ROUNDS_MAX: usize = 8;

/// Lets one thing happen to one member.
pub fn react<'a>(rules: &'a Rules, member: &'a Member, stimulus: Stimulus<'a>) -> Reaction<'a> {
    let mut react = React {
        rules,
        untouched: Some(&member.state),
        reaction: Reaction {
            member: member.clone(),
            steps: Vec::new(),
            fired: Fired::default(),
            panicked: false,
            asked_again: false,
        },
    };
    react.to(stimulus);
    // What was given to it in thought is judged with all that it believes then.
    if !matches!(stimulus, Stimulus::Given(_)) {
        react.reaction.member.forget_hints();
    }
    react.reaction
}

impl Reaction<'_> {
    /// The messages sent, in order.
    pub fn sent(&self) -> impl Iterator<Item = &Message> {
        self.steps
            .iter()
            .flat_map(|(_, _, outputs)| outputs)
            .filter_map(|output| match output {
                Output::Send(message) => Some(message),
                _ => None,
            })
    }
}

/// The heartbeat of a member to another one, which has this id and this term.
pub fn heartbeat(member: &Member, to: MemberId, term: Term) -> Message {
    let state = &member.state;
    let body = Body::HeartbeatRequest {
        state: state.member_state,
        config: state.config.id,
        install: None,
    };
    request_of(state, to, term, body)
}

/// A member's request for what follows its newest entry.
pub fn fetch(member: &Member, to: MemberId, term: Term) -> Message {
    let state = &member.state;
    let body = Body::FetchRequest {
        after: state.last_written(),
        commit_point: state.commit_point,
    };
    request_of(state, to, term, body)
}

/// Requests are as old as their receiver's term: terms travel by another action.
fn request_of(state: &State, to: MemberId, term: Term, body: Body) -> Message {
    Message {
        from: state.me,
        to,
        term: state.term.min(term),
        body,
    }
}

/// What a member answers to a request. It is left as it is.
pub fn said_by(rules: &Rules, member: &Member, request: Message) -> Said {
    let asks = request.from;
    let mut asked = member.state.clone();
    let mut outputs = Vec::new();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        step(
            rules,
            &mut asked,
            WALL_SECS,
            &Input::Message(request),
            &mut outputs,
        );
        step(rules, &mut asked, WALL_SECS, &Input::TurnEnd, &mut outputs);
    }));
    let to_asker = outputs.into_iter().filter_map(|output| match output {
        Output::Send(message) if message.to == asks => Some(message),
        _ => None,
    });
    let one_at_a_time = to_asker.map(|mut answer| {
        if let Body::FetchResponse { entries, .. } = &mut answer.body {
            // Several are several fetches.
            entries.truncate(1);
        }
        Input::Message(answer)
    });
    Said {
        from: member.id(),
        answers: one_at_a_time.collect(),
        panicked: ended.is_err(),
    }
}

struct React<'a> {
    rules: &'a Rules,
    /// The state as it was, as long as it is so.
    untouched: Option<&'a State>,
    reaction: Reaction<'a>,
}

impl<'a> React<'a> {
    fn to(&mut self, stimulus: Stimulus<'a>) {
        let me = self.reaction.member.id();
        let next_id = u64::from(self.reaction.member.state.last_written().ts.inc) + 1;
        match stimulus {
            Stimulus::Stand => self.step(Input::StepUp { skip_dry_run: true }),
            Stimulus::ElectionTimeout => self.step(Input::Timer(Timer::Election)),
            Stimulus::CatchUpTimeout => self.step(Input::Timer(Timer::CatchUp)),
            Stimulus::LoseSight => {
                let mut last = None;
                self.untouched = None;
                for (position, id) in self.reaction.member.state.others().collect::<Vec<_>>() {
                    self.reaction.member.state.seen[position].up = false;
                    last = Some(id);
                }
                if let Some(id) = last {
                    self.step(Input::Timer(Timer::Silence(id)));
                }
            }
            Stimulus::Write => self.step(Input::ClientWrite {
                id: RequestId(next_id),
                entries: 1,
                concern: WriteConcern::MAJORITY,
            }),
            Stimulus::Read { misses_a_write } => {
                let flags = if misses_a_write {
                    READ | READ_MISSES_A_WRITE
                } else {
                    READ
                };
                self.step(Input::ClientRead {
                    id: RequestId(next_id | flags),
                    concern: ReadConcern::Linearizable,
                    secondary_ok: false,
                });
                self.step(Input::TurnEnd);
            }
            Stimulus::Reconfigure { votes } => {
                let mut config = Config::clone(&self.reaction.member.state.config);
                config.id.version += 1;
                for (position, row) in config.members.iter_mut().enumerate() {
                    if votes >> position & 1 == 0 {
                        continue;
                    }
                    if votes & FLIP == 0 {
                        row.votes = !row.votes;
                    } else {
                        row.arbiter = !row.arbiter;
                    }
                    row.priority_milli = if row.votes && !row.arbiter { 1000 } else { 0 };
                }
                self.step(Input::Reconfig {
                    id: RequestId(OPERATOR),
                    me: Some(me),
                    config: Arc::new(config),
                    force: false,
                });
            }
            Stimulus::Install(other) => {
                let config = Arc::clone(&other.state.config);
                let brought = Message {
                    from: other.id(),
                    to: me,
                    // As old as its receiver's term: terms travel by another action.
                    term: other.state.term.min(self.reaction.member.state.term),
                    body: Body::HeartbeatRequest {
                        state: other.state.member_state,
                        config: config.id,
                        install: Some(Arc::clone(&config)),
                    },
                };
                self.step(Input::Message(brought));
                self.step(Input::ConfigResolved { me: Some(me), config });
            }
            Stimulus::Persist => match self.reaction.member.persist() {
                None => {}
                Some(Confirmed::Token(token)) => self.step(Input::Persisted(token)),
                Some(Confirmed::Flushed(up_to)) => self.step(Input::Flushed(up_to)),
            },
            Stimulus::Restart => {
                self.reaction.member = Member::recovered(self.reaction.member.disk.clone());
            }
            Stimulus::Hear(said) => self.listen(said),
            Stimulus::Fetch { other, said } => self.fetch(other, said),
            Stimulus::Report(to) => {
                // The fetch that goes with it is the business of another action.
                self.step(Input::SyncFrom(to));
                self.step(Input::TurnEnd);
            }
            Stimulus::Deliver(message) if message.to == me => self.step(Input::Message(message.clone())),
            Stimulus::Deliver(_) => {}
            Stimulus::Given(inputs) => {
                for input in inputs {
                    self.step_by(Cow::Borrowed(input));
                }
            }
        }
    }

    fn fetch(&mut self, other: &Member, said: &'a Said) {
        let state = &self.reaction.member.state;
        match state.role {
            // It chose its source itself when it heard who is ahead.
            Role::Primary(Mode::CatchUp { .. }) if state.sync_source == Some(other.id()) => {}
            Role::Primary(_) => return,
            _ => self.step(Input::SyncFrom(other.id())),
        }
        self.listen(said);
        for _ in 0..SEARCH_ROUNDS_MAX {
            let searches = self
                .reaction
                .steps
                .last()
                .into_iter()
                .flat_map(|(_, _, outputs)| outputs);
            let request = searches.into_iter().find_map(|output| match output {
                Output::Send(Message {
                    body: body @ Body::CommonPointRequest { .. },
                    ..
                }) => Some(body.clone()),
                _ => None,
            });
            let Some(body) = request else { break };
            self.reaction.asked_again = true;
            let request = request_of(&self.reaction.member.state, other.id(), other.state.term, body);
            let said = said_by(self.rules, other, request);
            self.reaction.panicked |= said.panicked;
            said.answers.into_iter().for_each(|answer| self.step(answer));
        }
    }

    fn listen(&mut self, said: &'a Said) {
        self.reaction.panicked |= said.panicked;
        for answer in &said.answers {
            self.step_by(Cow::Borrowed(answer));
        }
    }

    fn step(&mut self, input: Input) {
        self.step_by(Cow::Owned(input));
    }

    fn step_by(&mut self, input: Cow<'a, Input>) {
        if self.reaction.panicked {
            return;
        }
        let member = &mut self.reaction.member;
        let before = match self.untouched.take() {
            Some(before) => Cow::Borrowed(before),
            None => Cow::Owned(member.state.clone()),
        };
        let mut outputs = Vec::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            step(self.rules, &mut member.state, WALL_SECS, &input, &mut outputs)
        }));
        for output in &outputs {
            member.queue(output);
        }
        self.reaction.panicked |= ended.is_err();
        self.reaction.fired.0 |= ended.map_or(0, |fired| fired.0);
        self.reaction.steps.push((before, input, outputs));
    }
}
