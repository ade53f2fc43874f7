//! From events to operations, one event at a time, with the rules of a history enforced.

use std::collections::{HashMap, HashSet};

use workloads::operation::{Action, Completion, Observed, Operation};

use super::{Event, History, HistoryError, Op, Phase};

/// The open operations and everything completed so far.
#[derive(Debug, Default)]
pub struct Pairing {
    history: History,
    /// Process to the position of its open operation in `history.ops`.
    open: HashMap<u32, usize>,
    numbers: HashSet<u64>,
    retired: HashSet<u32>,
    places: u32,
    next_index: u64,
    time_ns: u64,
}

impl Pairing {
    /// Takes the event of line `line`.
    ///
    /// # Errors
    /// When the event cannot follow those before it. The pairing is unchanged then.
    pub fn push(&mut self, line: u64, event: Event) -> Result<(), HistoryError> {
        let Event {
            index,
            time_ns,
            process,
            operation,
            phase,
        } = event;
        if index < self.next_index {
            return Err(HistoryError::IndexOutOfOrder {
                line,
                found: index,
                expected: self.next_index,
            });
        }
        if time_ns < self.time_ns {
            return Err(HistoryError::TimeOutOfOrder {
                line,
                found: time_ns,
                before: self.time_ns,
            });
        }
        if self.places == Op::NEVER - 1 {
            return Err(HistoryError::TooMany { line });
        }
        let (completion, member) = match phase {
            Phase::Invoke { request, last } => {
                self.invoke(line, process, operation, request, last, time_ns)?;
                self.advance(index, time_ns);
                return Ok(());
            }
            Phase::Ok { observed, member } => (Completion::Ok(observed), member),
            Phase::Fail { error } => (Completion::Fail(error), None),
            Phase::Info { error } => (Completion::Info(error), None),
        };
        let position = self.open.get(&process).copied();
        let op = position.map(|position| &mut self.history.ops[position]);
        let Some(op) = op.filter(|op| op.number == operation) else {
            return Err(HistoryError::CompletionWithoutInvocation {
                line,
                process,
                operation,
            });
        };
        if let Completion::Ok(observed) = &completion
            && !fits(&op.request.action, observed)
        {
            return Err(HistoryError::WrongOutcome {
                line,
                what: format!("{observed:?}"),
                action: format!("{:?}", op.request.action),
            });
        }
        op.return_ns = time_ns;
        op.member = member;
        if matches!(completion, Completion::Info(_)) {
            self.retired.insert(process);
        } else {
            op.returned = self.places;
        }
        op.completion = completion;
        self.open.remove(&process);
        self.advance(index, time_ns);
        Ok(())
    }

    /// Number of events taken.
    pub const fn events(&self) -> u32 {
        self.places
    }

    /// The history; what is still open ended in `info`.
    pub fn finish(self) -> History {
        self.history
    }

    /// Adds a note to the history.
    pub fn note(&mut self, note: String) {
        self.history.notes.push(note);
    }

    fn invoke(
        &mut self,
        line: u64,
        process: u32,
        number: u64,
        request: Operation,
        last: bool,
        call_ns: u64,
    ) -> Result<(), HistoryError> {
        if let Some(open) = self.open.get(&process) {
            let open = self.history.ops[*open].number;
            return Err(HistoryError::TwoOpen {
                line,
                process,
                operation: number,
                open,
            });
        }
        if self.retired.contains(&process) {
            return Err(HistoryError::RetiredProcess { line, process });
        }
        if !self.numbers.insert(number) {
            return Err(HistoryError::NumberUsedTwice {
                line,
                operation: number,
            });
        }
        self.open.insert(process, self.history.ops.len());
        self.history.ops.push(Op {
            number,
            process,
            last,
            member: None,
            call: self.places,
            returned: Op::NEVER,
            call_ns,
            return_ns: u64::MAX,
            request,
            completion: Completion::Info("no completion was recorded".to_owned()),
        });
        Ok(())
    }

    const fn advance(&mut self, index: u64, time_ns: u64) {
        self.places += 1;
        self.next_index = index.saturating_add(1);
        self.time_ns = time_ns;
    }
}

/// Whether an operation of this kind can have seen this.
const fn fits(action: &Action, observed: &Observed) -> bool {
    matches!(
        (action, observed),
        (Action::Read { .. }, Observed::Register(_))
            | (
                Action::Write { .. } | Action::Add { .. } | Action::AddMany { .. },
                Observed::Done
            )
            | (
                Action::Append { .. } | Action::AppendMany { .. } | Action::Log { .. },
                Observed::Done
            )
            | (Action::Enqueue { .. } | Action::Claim { .. }, Observed::Done)
            | (Action::Cas { .. }, Observed::Swapped { .. } | Observed::Refused)
            | (
                Action::ReadSet { .. } | Action::ReadList { .. } | Action::ReadLog { .. },
                Observed::Elements(_)
            )
            | (Action::ReadLog { .. }, Observed::Unordered(_))
            | (
                Action::Increment { .. } | Action::ReadCounter { .. },
                Observed::Count(_)
            )
            // Foreign clients do not tell the post-image.
            | (Action::Increment { .. }, Observed::Done)
            | (Action::Dequeue { .. }, Observed::Job(_))
            | (Action::Claim { .. }, Observed::Taken)
            | (Action::Stamp { .. }, Observed::Stamped(_))
    )
}
