//! One client process: runs one operation at a time, and says how it ended.

use std::net::SocketAddr;

use mongodb::{
    Client, ClientSession, Database,
    error::Error,
    options::{
        Acknowledgment, ReadConcern as DriverReadConcern, ReadPreference as DriverReadPreference,
        SelectionCriteria, ServerAddress, WriteConcern as DriverWriteConcern,
    },
};
use workloads::operation::{
    Action, Completion, Observed, Operation, ReadConcern, ReadPreference, WriteConcern,
};

use super::{
    actions,
    connect::{address, direct, witnessed},
    error_class::{ErrorClass, of_error, words},
    limits,
    places::DATABASE,
    witness::Witness,
};

/// The end of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Ok, fail or info.
    pub completion: Completion,
    /// Index of the member that answered, where known.
    pub member: Option<u8>,
}

/// A client with a driver (and so a connection pool) of its own.
pub struct ProcessClient {
    process: u32,
    addresses: Vec<ServerAddress>,
    set: Client,
    /// Where the members are, and the client of each that was asked directly. Made when first needed: each
    /// costs two connections of its monitors.
    members: Vec<(SocketAddr, Option<Client>)>,
    witness: Witness,
    session: Option<ClientSession>,
}

/// What the actions need of one request.
pub(super) struct Request<'a> {
    pub(super) process: u32,
    pub(super) mark: i64,
    pub(super) database: Database,
    pub(super) session: Option<&'a mut ClientSession>,
    pub(super) write: DriverWriteConcern,
    pub(super) read: DriverReadConcern,
    pub(super) criteria: SelectionCriteria,
}

/// What an action gives back: an observation, or the driver's error.
pub(super) type Outcome = Result<Observed, Error>;

impl ProcessClient {
    /// A client of the set `name` whose members are reached at `members`, in the order of their indices.
    ///
    /// # Errors
    /// When the driver refuses the options.
    pub fn connect(process: u32, name: &str, members: &[SocketAddr]) -> Result<Self, Error> {
        let witness = Witness::default();
        let application = format!("process {process}");
        Ok(Self {
            process,
            addresses: members.iter().copied().map(address).collect(),
            set: witnessed(name, members, &application, &witness)?,
            members: members.iter().map(|member| (*member, None)).collect(),
            witness,
            session: None,
        })
    }

    /// Runs one operation; ends within [`limits::OPERATION`]. `mark` is the operation's number in the history.
    pub async fn execute(&mut self, mark: u64, operation: &Operation) -> Answer {
        self.witness.reset();
        let ended = tokio::time::timeout(limits::OPERATION, self.send(mark, operation)).await;
        let member = self.member(operation);
        // Direct connections have no witness; only reads go over them.
        let sent = self.witness.sent_to().is_some() || direct_member(operation).is_some();
        let completion = match ended {
            Ok(Ok(observed)) => Completion::Ok(observed),
            Ok(Err(error)) => complete(&operation.action, of_error(&error, sent), words(&error)),
            Err(_) => {
                let class = if sent {
                    ErrorClass::Unknown
                } else {
                    ErrorClass::NotDone
                };
                let given_up = format!("no answer after {} ms", limits::OPERATION.as_millis());
                complete(&operation.action, class, given_up)
            }
        };
        Answer { completion, member }
    }

    /// Closes the driver's connections and stops its monitors.
    pub async fn close(self) {
        self.set.shutdown().immediate(true).await;
        for member in self.members.into_iter().filter_map(|(_, client)| client) {
            member.shutdown().immediate(true).await;
        }
    }

    async fn send(&mut self, mark: u64, operation: &Operation) -> Outcome {
        if operation.causal && self.session.is_none() {
            self.session = Some(self.set.start_session().causal_consistency(true).await?);
        }
        let asked = direct_member(operation).map(usize::from);
        let client = match asked.and_then(|member| self.members.get_mut(member)) {
            Some((_, Some(client))) => client,
            Some((address, none)) => none.insert(direct(*address, &format!("process {}", self.process))?),
            None => &self.set,
        };
        let request = Request {
            process: self.process,
            mark: i64::try_from(mark).unwrap_or(i64::MAX),
            database: client.database(DATABASE),
            session: self.session.as_mut().filter(|_| operation.causal),
            write: write_concern(operation.concerns.write),
            read: read_concern(operation.concerns.read),
            criteria: SelectionCriteria::ReadPreference(read_preference(operation.concerns.preference)),
        };
        actions::run(request, &operation.action).await
    }

    fn member(&self, operation: &Operation) -> Option<u8> {
        if let Some(member) = direct_member(operation) {
            return Some(member);
        }
        let address = self.witness.sent_to()?;
        let index = self.addresses.iter().position(|known| *known == address)?;
        u8::try_from(index).ok()
    }
}

fn complete(action: &Action, class: ErrorClass, error: String) -> Completion {
    match class {
        ErrorClass::DuplicateKey if matches!(action, Action::Claim { .. }) => Completion::Ok(Observed::Taken),
        // An upsert that met another one, and an insert of what is there, changed nothing.
        ErrorClass::NotDone | ErrorClass::DuplicateKey => Completion::Fail(error),
        ErrorClass::Unknown if action.is_read() => Completion::Fail(error),
        ErrorClass::Unknown => Completion::Info(error),
    }
}

/// Reads may be asked of one given member.
fn direct_member(operation: &Operation) -> Option<u8> {
    match operation.concerns.preference {
        ReadPreference::Member(member) if operation.action.is_read() => Some(member),
        _ => None,
    }
}

fn write_concern(concern: WriteConcern) -> DriverWriteConcern {
    let mut driver = DriverWriteConcern::default();
    driver.w = Some(match concern {
        WriteConcern::One | WriteConcern::OneJournaled => Acknowledgment::Nodes(1),
        WriteConcern::Majority => Acknowledgment::Majority,
    });
    driver.journal = (concern == WriteConcern::OneJournaled).then_some(true);
    driver.w_timeout = (concern == WriteConcern::Majority).then_some(limits::WRITE_CONCERN);
    driver
}

fn read_concern(concern: ReadConcern) -> DriverReadConcern {
    match concern {
        ReadConcern::Local => DriverReadConcern::local(),
        ReadConcern::Majority => DriverReadConcern::majority(),
        ReadConcern::Linearizable => DriverReadConcern::linearizable(),
    }
}

fn read_preference(preference: ReadPreference) -> DriverReadPreference {
    match preference {
        ReadPreference::Primary => DriverReadPreference::Primary,
        ReadPreference::Secondary => DriverReadPreference::Secondary { options: None },
        ReadPreference::Nearest => DriverReadPreference::Nearest { options: None },
        // Over a direct connection it says: answer, whatever you are.
        ReadPreference::Member(_) => DriverReadPreference::SecondaryPreferred { options: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Action = Action::Write { key: 1, value: 2 };
    const READ: Action = Action::Read { key: 1 };
    const CLAIM: Action = Action::Claim { key: 1, value: 2 };

    #[test]
    fn a_failed_read_is_always_fail_and_an_unknown_write_is_info() {
        let end = |action, class| complete(action, class, String::new());
        assert_eq!(end(&READ, ErrorClass::Unknown), Completion::Fail(String::new()));
        assert_eq!(end(&WRITE, ErrorClass::Unknown), Completion::Info(String::new()));
        assert_eq!(end(&WRITE, ErrorClass::NotDone), Completion::Fail(String::new()));
        assert_eq!(
            end(&WRITE, ErrorClass::DuplicateKey),
            Completion::Fail(String::new())
        );
        assert_eq!(
            end(&CLAIM, ErrorClass::DuplicateKey),
            Completion::Ok(Observed::Taken)
        );
    }

    #[test]
    fn only_majority_writes_carry_a_timeout_and_only_journaled_ones_a_j() {
        let majority = write_concern(WriteConcern::Majority);
        assert_eq!(majority.w_timeout, Some(limits::WRITE_CONCERN));
        assert_eq!(majority.journal, None);
        let journaled = write_concern(WriteConcern::OneJournaled);
        assert_eq!((journaled.w_timeout, journaled.journal), (None, Some(true)));
    }

    #[tokio::test]
    async fn with_nobody_there_a_write_certainly_failed() {
        // A port that was free a moment ago: nobody listens.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let nobody = listener.local_addr().expect("it is bound");
        drop(listener);
        let mut client = ProcessClient::connect(0, "set", &[nobody]).expect("options are right");
        let operation = Operation {
            action: WRITE,
            concerns: workloads::operation::Concerns::LINEARIZABLE,
            causal: false,
        };
        let answer = client.execute(7, &operation).await;
        assert!(matches!(answer.completion, Completion::Fail(_)), "{answer:?}");
        assert_eq!(answer.member, None);
        client.close().await;
    }
}
