//! A client's login in the words of the wire: `saslStart`, `saslContinue`, and the short cut in `hello`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};

use crate::auth::scram::{Challenge, ClientFirst, NONCE_BYTES};
use crate::auth::user::{MECHANISM, User, UserName};
use crate::commands::CommandError;

/// The number of the one conversation that a connection can have.
const CONVERSATION: i32 = 1;

/// One connection's login under way.
#[derive(Clone, Debug)]
pub struct Conversation {
    name: UserName,
    user_id: [u8; 16],
    step: Step,
    skips_last_message: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Proof(Challenge),
    /// The proof was right; the client's empty message is due.
    Empty,
}

/// Who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Under which name.
    pub name: UserName,
    /// Whose `userId` it was.
    pub user_id: [u8; 16],
}

/// What comes of a message.
#[derive(Debug)]
pub enum Progress {
    /// The answer, and the conversation goes on.
    GoesOn(Document, Box<Conversation>),
    /// The answer, and who is in.
    Done(Document, Login),
}

impl Conversation {
    /// Begins one, from `saslStart`'s arguments.
    ///
    /// # Errors
    /// 334 for another mechanism, 18 for a user that there is not or a malformed message (the client is not told which),
    /// 14 and 40414 for wrong arguments.
    pub fn start(
        arguments: &Document,
        database: &str,
        find: impl FnOnce(&UserName) -> Option<User>,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Progress, CommandError> {
        let mechanism = match arguments.get("mechanism") {
            Some(Bson::String(mechanism)) => mechanism.as_str(),
            _ => return Err(missing("saslStart.mechanism")),
        };
        if mechanism != MECHANISM {
            let text = format!("Received authentication for mechanism {mechanism} which is not enabled");
            return Err(CommandError::new(334, text));
        }
        let first = ClientFirst::parse(&payload(arguments, "saslStart")?).map_err(|error| failed(&error))?;
        let name = UserName {
            user: first.user.clone(),
            database: database.to_owned(),
        };
        let user = find(&name).ok_or_else(|| failed(&format!("there is no user {name}")))?;
        let options = arguments.get_document("options").ok();
        let skips = options.is_some_and(|options| options.get_bool("skipEmptyExchange").unwrap_or(false));
        let (challenge, said) = first.answer(&user.credentials, &STANDARD.encode(nonce));
        let conversation = Self {
            name,
            user_id: user.id,
            step: Step::Proof(challenge),
            skips_last_message: skips,
        };
        Ok(Progress::GoesOn(
            reply(said.into_bytes(), false),
            Box::new(conversation),
        ))
    }

    /// Goes on with `saslContinue`'s arguments.
    ///
    /// # Errors
    /// 18 for a wrong proof, 17 for a message of another conversation.
    pub fn go_on(self, arguments: &Document) -> Result<Progress, CommandError> {
        let id = arguments.get("conversationId");
        let is_ours = match id {
            Some(Bson::Int32(id)) => *id == CONVERSATION,
            Some(Bson::Int64(id)) => *id == i64::from(CONVERSATION),
            None => return Err(missing("saslContinue.conversationId")),
            Some(_) => false,
        };
        if !is_ours {
            return Err(CommandError::new(17, "sasl: Mismatched conversation id"));
        }
        let payload = payload(arguments, "saslContinue")?;
        let login = Login {
            name: self.name.clone(),
            user_id: self.user_id,
        };
        match &self.step {
            Step::Proof(challenge) => {
                let said = challenge.finish(&payload).map_err(|error| failed(&error))?;
                let answer = reply(said.into_bytes(), self.skips_last_message);
                if self.skips_last_message {
                    return Ok(Progress::Done(answer, login));
                }
                let step = Step::Empty;
                Ok(Progress::GoesOn(answer, Box::new(Self { step, ..self })))
            }
            Step::Empty if payload.is_empty() => Ok(Progress::Done(reply(Vec::new(), true), login)),
            Step::Empty => Err(failed(&"the last message has to be empty")),
        }
    }
}

fn reply(payload: Vec<u8>, done: bool) -> Document {
    let subtype = BinarySubtype::Generic;
    let payload = Binary {
        subtype,
        bytes: payload,
    };
    doc! { "conversationId": CONVERSATION, "done": done, "payload": payload, "ok": 1.0 }
}

fn payload(arguments: &Document, command: &str) -> Result<Vec<u8>, CommandError> {
    match arguments.get("payload") {
        Some(Bson::Binary(binary)) => Ok(binary.bytes.clone()),
        Some(Bson::String(text)) => STANDARD
            .decode(text)
            .map_err(|_| CommandError::new(2, "the payload is no base64")),
        Some(_) => Err(CommandError::new(
            14,
            format!("BSON field '{command}.payload' is the wrong type, expected type 'binData'"),
        )),
        None => Err(missing(&format!("{command}.payload"))),
    }
}

fn missing(field: &str) -> CommandError {
    let text = format!("BSON field '{field}' is missing but a required field");
    CommandError::new(40414, text)
}

/// The client hears that it failed; why is for the log.
fn failed(reason: &dyn std::fmt::Display) -> CommandError {
    tracing::info!(%reason, "authentication failed");
    CommandError::new(18, "Authentication failed.")
}

#[cfg(test)]
mod tests;
