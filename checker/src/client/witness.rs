//! Whether a request can have left, and to whom: told by the driver's own connection events.

use std::sync::{Arc, Mutex, PoisonError};

use mongodb::{
    event::{EventHandler, cmap::CmapEvent},
    options::ServerAddress,
};

/// Remembers the last connection that the driver took out of its pool. A process has one request open at a
/// time, so between [`Witness::reset`] and the end of a request that connection was the request's.
///
/// A request for which no connection was taken was never sent, whatever its error says: that makes "no
/// server found", "connection refused" and "pool cleared while waiting" certain failures instead of unknown
/// ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness(Arc<Mutex<Option<ServerAddress>>>);

impl Witness {
    /// Forgets; called before a request.
    pub(super) fn reset(&self) {
        self.set(None);
    }

    /// The member to which the request may have been sent.
    pub(super) fn sent_to(&self) -> Option<ServerAddress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the driver calls on its events.
    pub(super) fn handler(&self) -> EventHandler<CmapEvent> {
        let witness = self.clone();
        EventHandler::callback(move |event| {
            if let CmapEvent::ConnectionCheckedOut(event) = event {
                witness.set(Some(event.address));
            }
        })
    }

    fn set(&self, address: Option<ServerAddress>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}
