//! The clients of a simulated cluster, and the history of what they saw.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use protocol::concern::{ReadConcern, W, WriteConcern};
use protocol::input::{Input, RequestId};
use protocol::output::{Outcome, ReadPoint, Refusal};
use workloads::operation::{self, Action, Completion, Observed, Operation, ReadPreference};
use workloads::workload::{Generator, Parameters};

use super::contents::{Change, Store};
use super::digest::Digest;
use crate::history::{Event, Phase};

/// All client processes.
pub struct Clients {
    generator: Box<dyn Generator>,
    processes: Vec<Process>,
    /// By request: what is under way at the members.
    requests: HashMap<RequestId, Request, BuildHasherDefault<Digest>>,
    /// What they saw.
    pub history: Vec<Event>,
    next_process: u32,
    next_request: u64,
}

#[derive(Clone, Debug)]
struct Process {
    number: u32,
    open: Option<RequestId>,
    guess: usize,
}

#[derive(Clone, Debug)]
struct Request {
    process: usize,
    operation: Operation,
    member: usize,
    /// What will be answered once it is proven.
    held: Option<Observed>,
}

/// An answer that a member gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// See [`Outcome`].
    Outcome(Outcome),
    /// See [`Refusal`].
    Refusal(Refusal),
}

impl Clients {
    /// `count` processes that draw from `generator`.
    #[must_use]
    pub fn new(parameters: Parameters, generator: fn(Parameters) -> Box<dyn Generator>) -> Self {
        let process = |number| Process {
            number,
            open: None,
            guess: 0,
        };
        Self {
            generator: generator(parameters),
            processes: (0..parameters.processes).map(process).collect(),
            requests: HashMap::default(),
            history: Vec::new(),
            next_process: parameters.processes,
            next_request: 0,
        }
    }

    /// A number for a request of whomever.
    pub fn number(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    /// The operations of the final phase.
    pub fn final_reads(&mut self) -> Vec<Operation> {
        self.generator.final_reads()
    }

    /// The next operation of a process.
    pub fn draw(&mut self, process: usize) -> Operation {
        self.generator.next(process as u32)
    }

    /// Has the process an operation open?
    #[must_use]
    pub fn is_busy(&self, process: usize) -> bool {
        self.processes[process].open.is_some()
    }

    /// Has any?
    #[must_use]
    pub fn any_busy(&self) -> bool {
        self.processes.iter().any(|process| process.open.is_some())
    }

    /// The process sends `operation`; gives its number and the member it goes to, `other` being one drawn for
    /// those who don't ask the primary.
    pub fn invoke(
        &mut self,
        now_us: u64,
        process: usize,
        operation: Operation,
        last: bool,
        other: usize,
    ) -> (RequestId, usize) {
        let id = self.number();
        let member = match operation.concerns.preference {
            ReadPreference::Member(member) if operation.action.is_read() => usize::from(member),
            ReadPreference::Secondary | ReadPreference::Nearest if operation.action.is_read() => other,
            _ => self.processes[process].guess,
        };
        self.processes[process].open = Some(id);
        self.record(
            now_us,
            process,
            id,
            Phase::Invoke {
                request: operation.clone(),
                last,
            },
        );
        let request = Request {
            process,
            operation,
            member,
            held: None,
        };
        self.requests.insert(id, request);
        (id, member)
    }

    /// The request has reached its member: what the shell makes of it, with the changes it plans.
    pub fn plan(&mut self, id: RequestId, store: &Store) -> Option<(Input, Vec<Change>)> {
        let request = self.requests.get_mut(&id)?;
        let concerns = request.operation.concerns;
        let concern = write_concern(concerns.write);
        let write = |change| {
            let input = Input::ClientWrite {
                id,
                entries: 1,
                concern,
            };
            Some((input, vec![change]))
        };
        match request.operation.action {
            Action::Write { key, value } | Action::Add { key, value } | Action::Append { key, value } => {
                request.held = Some(Observed::Done);
                write(Change { key, value })
            }
            Action::Cas { key, expect, value } => {
                let was = store.value(key, None);
                if was == expect {
                    request.held = Some(Observed::Swapped { was, swapped: true });
                    write(Change { key, value })
                } else {
                    // What was there is not told: it was a plain local read, and a primary that does not know yet that
                    // it is one no more may have answered. As a failure it claims nothing.
                    request.held = None;
                    Some((Input::ClientNoop { id, concern }, Vec::new()))
                }
            }
            Action::Increment { key, by } => {
                let value = store.value(key, None).unwrap_or(0) + by;
                request.held = Some(Observed::Count(value));
                write(Change { key, value })
            }
            _ => {
                let input = Input::ClientRead {
                    id,
                    concern: read_concern(concerns.read),
                    secondary_ok: concerns.preference != ReadPreference::Primary,
                };
                Some((input, Vec::new()))
            }
        }
    }

    /// A member lets the client read; gives the answer that can be given at once.
    pub fn serve(&mut self, id: RequestId, at: ReadPoint, store: &Store) -> Option<Completion> {
        let request = self.requests.get_mut(&id)?;
        let at = match at {
            ReadPoint::Latest => None,
            ReadPoint::At(optime) => Some(optime),
        };
        let observed = match request.operation.action {
            Action::Read { key } => Observed::Register(store.value(key, at)),
            Action::ReadCounter { key } => Observed::Count(store.value(key, at).unwrap_or(0)),
            Action::ReadSet { key } | Action::ReadList { key } => store.elements(key, at),
            _ => return None,
        };
        if request.operation.concerns.read == operation::ReadConcern::Linearizable {
            request.held = Some(observed);
            return None;
        }
        Some(Completion::Ok(observed))
    }

    /// What a member's answer means to the client.
    pub fn judge(&mut self, id: RequestId, answer: Answer) -> Option<Completion> {
        let request = self.requests.get_mut(&id)?;
        Some(match answer {
            Answer::Outcome(Outcome::Done) => match request.held.take() {
                Some(observed) => Completion::Ok(observed),
                None => Completion::Fail("did not match".to_owned()),
            },
            Answer::Outcome(outcome) => unsure(&request.operation, &format!("{outcome:?}")),
            Answer::Refusal(refusal) => Completion::Fail(format!("{refusal:?}")),
        })
    }

    /// The connection to the member broke before an answer came.
    pub fn reset(&mut self, id: RequestId) -> Option<Completion> {
        self.requests
            .get(&id)
            .map(|request| unsure(&request.operation, "connection reset"))
    }

    /// Requests that are open at this member.
    #[must_use]
    pub fn open_at(&self, member: usize) -> Vec<RequestId> {
        let mut open: Vec<RequestId> = self
            .processes
            .iter()
            .filter_map(|process| process.open)
            .filter(|id| {
                self.requests
                    .get(id)
                    .is_some_and(|request| request.member == member)
            })
            .collect();
        open.sort_unstable();
        open
    }

    /// Which member the request went to, while it is open.
    #[must_use]
    pub fn member_of(&self, id: RequestId) -> Option<usize> {
        self.requests.get(&id).map(|request| request.member)
    }

    /// An operation has ended; `other` is whom the process asks next if this member was of no use. Gives the
    /// process.
    pub fn end(&mut self, now_us: u64, id: RequestId, completion: Completion, other: usize) -> Option<usize> {
        let request = self.requests.remove(&id)?;
        let at = request.process;
        let process = &mut self.processes[at];
        (process.open == Some(id)).then_some(())?;
        process.open = None;
        let member = u8::try_from(request.member).ok();
        let phase = match completion {
            Completion::Ok(observed) => Phase::Ok { observed, member },
            Completion::Fail(error) => {
                process.guess = other;
                Phase::Fail { error }
            }
            Completion::Info(error) => {
                process.guess = other;
                Phase::Info { error }
            }
        };
        let retired = matches!(phase, Phase::Info { .. });
        self.record(now_us, at, id, phase);
        if retired {
            self.processes[at].number = self.next_process;
            self.next_process += 1;
        }
        Some(at)
    }

    /// From now on every process asks this member first.
    pub fn point_to(&mut self, member: usize) {
        for process in &mut self.processes {
            process.guess = member;
        }
    }

    fn record(&mut self, now_us: u64, process: usize, id: RequestId, phase: Phase) {
        self.history.push(Event {
            index: self.history.len() as u64,
            time_ns: now_us * 1000,
            process: self.processes[process].number,
            operation: id.0,
            phase,
        });
    }
}

/// What is known of an operation without an answer: a read has certainly not been answered; a write may yet be.
#[must_use]
pub fn unsure(operation: &Operation, why: &str) -> Completion {
    if !operation.action.is_read() {
        Completion::Info(why.to_owned())
    } else {
        Completion::Fail(why.to_owned())
    }
}

fn write_concern(concern: operation::WriteConcern) -> WriteConcern {
    match concern {
        operation::WriteConcern::One => WriteConcern::ONE,
        operation::WriteConcern::OneJournaled => WriteConcern {
            w: W::Members(1),
            journal: true,
        },
        operation::WriteConcern::Majority => WriteConcern::MAJORITY,
    }
}

fn read_concern(concern: operation::ReadConcern) -> ReadConcern {
    match concern {
        operation::ReadConcern::Local => ReadConcern::Local,
        operation::ReadConcern::Majority => ReadConcern::Majority,
        operation::ReadConcern::Linearizable => ReadConcern::Linearizable,
    }
}
