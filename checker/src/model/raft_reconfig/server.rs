//! One server in thirty-two bits: what it is in the oplog's protocol, and its configuration.

use crate::model::static_raft::{action::Servers, server::Server as OplogServer};

/// ```text
///   bit 0                                          16..19    19..22         22..27
///       term, role and log, as in static_raft       version   config term    members
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server(pub u32);

/// Highest version and term that fit.
pub const VERSION_MAX: u8 = 7;

/// `<<configTerm, configVersion>>`, in the order in which they are compared.
pub type ConfigId = (u8, u8);

impl Server {
    /// Empty, in term 0, with version 1 of this configuration.
    pub const fn initial(config: Servers) -> Self {
        Server(1 << 16 | (config as u32) << 22)
    }

    /// Its part in the oplog's protocol.
    pub const fn oplog(self) -> OplogServer {
        OplogServer(self.0 as u16)
    }

    /// The specification's `configTerm` and `configVersion`.
    pub const fn config_id(self) -> ConfigId {
        ((self.0 >> 19 & 7) as u8, (self.0 >> 16 & 7) as u8)
    }

    /// The members of its configuration.
    pub const fn config(self) -> Servers {
        (self.0 >> 22) as Servers
    }

    /// With another part in the oplog's protocol.
    pub const fn with_oplog(self, oplog: OplogServer) -> Self {
        Server(self.0 & !0xffff | oplog.0 as u32)
    }

    /// With another configuration.
    pub const fn with_config(self, (term, version): ConfigId, config: Servers) -> Self {
        Server(self.0 & 0xffff | (version as u32) << 16 | (term as u32) << 19 | (config as u32) << 22)
    }

    /// All but the members: what no renaming changes.
    pub const fn nameless(self) -> u32 {
        self.0 & ((1 << 22) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_disturb_each_other() {
        let server = Server::initial(0b101);
        assert_eq!((server.config_id(), server.config()), ((0, 1), 0b101));
        let oplog = OplogServer::default().with_role(7, true).with_entry(7);
        let server = server.with_oplog(oplog).with_config((7, 6), 0b11011);
        assert_eq!(
            (server.oplog(), server.config_id(), server.config()),
            (oplog, (7, 6), 0b11011)
        );
    }
}
