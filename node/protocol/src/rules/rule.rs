//! What a rule is: guards, then an act.

use super::learn_commit_point;
use crate::config::MemberId;
use crate::initial_sync::SyncStage;
use crate::input::Input;
use crate::message::{Body, MemberState, Message};
use crate::optime::OpTime;
use crate::output::{Content, Output};
use crate::state::{Denial, State};
use crate::timer::Timer;

/// One rule of the protocol, named as in the specification.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name in traces, coverage tables and planted bugs.
    pub name: &'static str,
    /// Guards that return `None`, then the act. `Some` means: it fired.
    pub act: Act,
}

/// The body of a rule.
pub type Act = fn(&mut Context<'_>) -> Option<()>;

/// What a rule works on.
pub struct Context<'a> {
    /// The member.
    pub state: &'a mut State,
    /// What happened.
    pub input: &'a Input,
    /// The wall clock, in seconds since 1970; names new entries, and tells a member with `secondaryDelaySecs` which are
    /// old enough. Nothing that must be safe hangs on it.
    pub wall_secs: u32,
    /// What is to be done, in order.
    pub outputs: &'a mut Vec<Output>,
    /// Where the sender of the message that arrived stands in the configuration. Most rules ask, so it is looked for once:
    /// no message changes the configuration in force.
    sender: Option<usize>,
}

impl<'a> Context<'a> {
    /// What the rules work on while `input` happens to `state`.
    #[must_use]
    pub fn new(state: &'a mut State, wall_secs: u32, input: &'a Input, outputs: &'a mut Vec<Output>) -> Self {
        let sender = match input {
            Input::Message(message) if message.from != state.me => state.config.position(message.from),
            _ => None,
        };
        Self {
            state,
            input,
            wall_secs,
            outputs,
            sender,
        }
    }

    /// The message that arrived, if its sender is another member of the configuration.
    #[must_use]
    pub fn message(&self) -> Option<&'a Message> {
        self.message_from().map(|(message, _)| message)
    }

    /// The message that arrived, and where in the configuration its sender stands.
    #[must_use]
    pub fn message_from(&self) -> Option<(&'a Message, usize)> {
        match self.input {
            Input::Message(message) => Some((message, self.sender?)),
            _ => None,
        }
    }

    /// The timer that fired.
    #[must_use]
    pub fn timer(&self) -> Option<Timer> {
        match self.input {
            Input::Timer(timer) => Some(*timer),
            _ => None,
        }
    }

    /// Asks for one more thing.
    pub fn out(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Sends `body` to `to`, in the present term.
    pub fn send(&mut self, to: MemberId, body: Body) {
        let message = Message {
            from: self.state.me,
            to,
            term: self.state.term,
            body,
        };
        self.outputs.push(Output::Send(message));
    }

    /// Arms `timer` afresh.
    pub fn arm(&mut self, timer: Timer) {
        self.outputs.push(Output::SetTimer(timer));
    }

    /// Arms the election timer if this member might ever stand.
    pub fn arm_election(&mut self) {
        if self.state.my_config().is_some_and(|me| me.is_electable()) && !self.state.is_primary() {
            self.arm(Timer::Election);
        }
    }

    /// Reports another state of its own; says so when it is a change.
    pub fn change_state(&mut self, to: MemberState) {
        if self.state.member_state != to {
            self.state.member_state = to;
            self.outputs.push(Output::StateChanged(to));
        }
    }

    /// Appends `count` new entries of the present term, named by the wall clock unless the log is ahead of it
    /// (§3.1: a clock that goes back only bumps the counter). Returns the last of them.
    pub fn append_own(&mut self, content: Content, count: u32) -> OpTime {
        let mut entries = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let last = self.state.oplog.last();
            let clock = crate::optime::Timestamp {
                secs: self.wall_secs.max(1),
                inc: 1,
            };
            let next = OpTime {
                term: self.state.term,
                ts: clock.max(last.ts.next()),
            };
            self.state.oplog.append(next);
            entries.push(next);
        }
        self.outputs.push(Output::Append { content, entries });
        self.state.oplog.last()
    }

    /// Asks the sync source for the next page of its data, or where to begin; nothing if none is wanted.
    pub fn ask_for_clone(&mut self) {
        let (Some(source), Some(sync)) = (self.state.sync_source, &self.state.initial_sync) else {
            return;
        };
        let body = match &sync.stage {
            SyncStage::Waiting => Body::CloneRequest {
                begin: None,
                number: 0,
                cursor: Vec::new(),
            },
            SyncStage::Cloning {
                begin,
                number,
                cursor,
                ..
            } => Body::CloneRequest {
                begin: Some(*begin),
                number: *number,
                cursor: cursor.clone(),
            },
            _ => return,
        };
        self.send(source, body);
    }

    /// Pulls what follows the newest entry from the sync source, and waits for the answer. Before initial sync has
    /// begun: asks where to begin.
    pub fn fetch(&mut self) {
        if self
            .state
            .initial_sync
            .as_ref()
            .is_some_and(|sync| sync.is_waiting())
        {
            self.ask_for_clone();
            self.arm(Timer::Fetch);
        } else if let Some(source) = self.state.sync_source {
            // Who learns no commit point asks for entries only: a source that had news of it alone would answer each request
            // at once, and the two would ask and answer in a circle.
            let commit_point = if learn_commit_point::learns(self.state) {
                self.state.commit_point
            } else {
                OpTime::MAX
            };
            let body = Body::FetchRequest {
                after: self.state.last_written(),
                commit_point,
            };
            self.send(source, body);
            self.arm(Timer::Fetch);
        }
    }

    /// Leaves this member alone for a while as a source.
    pub fn deny(&mut self, member: MemberId, why: Denial) {
        if let Some(position) = self.state.config.position(member) {
            self.state.seen[position].denied = Some(why);
            self.arm(Timer::Forgive(member, why));
        }
    }

    /// Pulls from nobody any more; looks for another source.
    pub fn drop_source(&mut self) {
        self.state.sync_source = None;
        self.state.fetch_missed = false;
        self.outputs.push(Output::CancelTimer(Timer::Fetch));
        self.arm(Timer::SyncSource);
    }

    /// Forgets what the others reported: positions hold for one term only.
    pub fn clear_progress(&mut self) {
        self.state.progress.fill(None);
        self.state.installed = crate::config::MemberSet::EMPTY;
        self.state.inherited = OpTime::NULL;
        self.state.report_due = true;
    }

    /// Greets every other member at once.
    pub fn heartbeat_all(&mut self) {
        let others: Vec<(usize, MemberId)> = self.state.others().collect();
        for (position, id) in others {
            self.heartbeat(position, id);
        }
    }

    /// Greets one member, and brings it the configuration unless it is known to have it.
    pub fn heartbeat(&mut self, position: usize, id: MemberId) {
        let seen = self.state.seen[position];
        let mine = &self.state.config;
        let install = mine.id.is_newer_than(seen.config).then(|| mine.clone());
        let body = Body::HeartbeatRequest {
            state: self.state.member_state,
            config: mine.id,
            install,
        };
        self.send(id, body);
        self.arm(Timer::Heartbeat(id));
    }
}
