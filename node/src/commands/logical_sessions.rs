//! The logical sessions that clients use: how many there are, and which have been idle too long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bson::{RawBsonRef, RawDocument};

use super::error::CommandError;
use crate::replication::hello::SESSION_TIMEOUT_MINUTES;
use crate::wire::Request;

/// Sessions at once at most, unless the parameter `maxSessions` says otherwise; one more is refused (261).
pub const SESSIONS_MAX: usize = 1_000_000;
/// A session that nobody used this long is forgotten, its cursors are closed.
pub const SESSION_IDLE_MAX: Duration =
    Duration::from_secs(60 * SESSION_TIMEOUT_MINUTES.unsigned_abs() as u64);
/// A longer `lsid` than drivers make (id and user's digest) is nobody's session.
pub const LSID_BYTES_MAX: usize = 256;
/// How often idle ones are looked for.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);

/// A session's name: its `lsid`, encoded.
pub type SessionKey = Vec<u8>;

/// The sessions in use on this member.
#[derive(Debug)]
pub struct LogicalSessions {
    open: BTreeMap<SessionKey, Instant>,
    max: usize,
    looked: Instant,
}

impl LogicalSessions {
    /// None yet.
    #[must_use]
    pub fn new(max: Option<usize>) -> Self {
        Self {
            open: BTreeMap::new(),
            max: max.unwrap_or(SESSIONS_MAX),
            looked: Instant::now(),
        }
    }

    /// A session is used, for the first time or again.
    ///
    /// # Errors
    /// 261 when it would be one too many.
    pub fn used(&mut self, session: &[u8], now: Instant) -> Result<(), CommandError> {
        if let Some(used) = self.open.get_mut(session) {
            *used = now;
            return Ok(());
        }
        if self.open.len() >= self.max {
            let text = format!(
                "Unable to add session because there are too many: {} (maxSessions); end some, or wait {} minutes",
                self.max, SESSION_TIMEOUT_MINUTES
            );
            return Err(CommandError::new(261, text));
        }
        self.open.insert(session.to_vec(), now);
        Ok(())
    }

    /// A session is over; false if it was not in use.
    pub fn end(&mut self, session: &[u8]) -> bool {
        self.open.remove(session).is_some()
    }

    /// All sessions are over; says which they were.
    pub fn end_all(&mut self) -> Vec<SessionKey> {
        std::mem::take(&mut self.open).into_keys().collect()
    }

    /// Forgets those that were idle too long, and says which they were. Looks now and then only.
    pub fn expire(&mut self, now: Instant) -> Vec<SessionKey> {
        if now.saturating_duration_since(self.looked) < EXPIRE_EVERY {
            return Vec::new();
        }
        self.looked = now;
        let mut idle = Vec::new();
        self.open.retain(|session, used| {
            let stays = now.saturating_duration_since(*used) < SESSION_IDLE_MAX;
            if !stays {
                idle.push(session.clone());
            }
            stays
        });
        idle
    }

    /// Is this one in use?
    #[must_use]
    pub fn contains(&self, session: &[u8]) -> bool {
        self.open.contains_key(session)
    }

    /// Sessions in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Is none in use?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many there may be.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
    }
}

/// The session that a request names, if any.
#[must_use]
pub fn session_of(request: &Request) -> Option<SessionKey> {
    match request.body.get("lsid") {
        Ok(Some(RawBsonRef::Document(lsid))) if lsid.as_bytes().len() <= LSID_BYTES_MAX => {
            Some(session_key(lsid))
        }
        _ => None,
    }
}

/// A session by its `lsid`.
#[must_use]
pub fn session_key(lsid: &RawDocument) -> SessionKey {
    lsid.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_refused_and_idle_ones_make_room() {
        let start = Instant::now();
        let mut sessions = LogicalSessions::new(Some(2));
        sessions.used(b"a", start).unwrap();
        sessions.used(b"b", start).unwrap();
        let refused = sessions.used(b"c", start).unwrap_err();
        assert_eq!(refused.code.number(), 261);
        assert!(refused.message.contains("maxSessions"), "{refused}");
        sessions.used(b"a", start + SESSION_IDLE_MAX).unwrap();
        assert_eq!(sessions.expire(start + SESSION_IDLE_MAX), [b"b".to_vec()]);
        sessions.used(b"c", start + SESSION_IDLE_MAX).unwrap();
        assert!(sessions.end(b"c") && !sessions.end(b"c"));
        assert_eq!(sessions.len(), 1);
    }
}
