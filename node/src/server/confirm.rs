//! Durability: what was asked of the log comes back to the core when it is on disk, in the order of the requests.

use std::collections::VecDeque;

use protocol::input::Input;
use protocol::optime::OpTime;
use protocol::output::Token;

use super::event_loop::Server;
use crate::storage::log::{Durability, Lsn};

/// What the core hears once a number of the log is durable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Confirmation {
    Persisted(Token),
    Flushed(OpTime),
}

/// Confirmations that wait for the disk, in order.
#[derive(Debug, Default)]
pub(super) struct Confirmations(VecDeque<(Lsn, Confirmation)>);

impl Confirmations {
    pub(super) fn push(&mut self, lsn: Lsn, confirmation: Confirmation) {
        self.0.push_back((lsn, confirmation));
    }

    /// Takes out the next one that is durable; of a run of durable flushes only the newest.
    fn take(&mut self, durable: Lsn) -> Option<Confirmation> {
        loop {
            let (lsn, confirmation) = *self.0.front()?;
            (lsn <= durable).then_some(())?;
            self.0.pop_front();
            let superseded = matches!(
                (confirmation, self.0.front()),
                (Confirmation::Flushed(_), Some((next, Confirmation::Flushed(_)))) if *next <= durable
            );
            if !superseded {
                return Some(confirmation);
            }
        }
    }
}

impl Server {
    /// Tells the core what has become durable. Returns the disk's failure, if it failed.
    pub(super) fn confirm_durable(&mut self) -> Result<(), String> {
        let durable = match &*self.durability.borrow_and_update() {
            Durability::UpTo(lsn) => *lsn,
            Durability::Failed { reason } => return Err(reason.clone()),
        };
        while let Some(confirmation) = self.confirmations.take(durable) {
            match confirmation {
                Confirmation::Flushed(optime) => self.feed(&Input::Flushed(optime)),
                Confirmation::Persisted(token) => {
                    // Links and timing first: the core greets everybody in the same step.
                    if let Some(pending) = self.state.config_pending.clone()
                        && token == Token::Config(pending.config.id)
                    {
                        self.follow_config(&pending.config, pending.me);
                    }
                    self.feed(&Input::Persisted(token));
                    if matches!(token, Token::Config(_)) {
                        self.config_in_force();
                    }
                }
            }
        }
        Ok(())
    }
}
