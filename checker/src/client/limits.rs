//! Every wait of a client has an end, and its end has a name.

use std::time::Duration;

/// How long the driver looks for a member to send to. Longer than an election of the fast timing profile, so
/// that most requests that meet an election succeed after it.
pub const SERVER_SELECTION: Duration = Duration::from_millis(2_000);

/// How long a TCP connection, and each heartbeat of the driver's monitor, may take.
pub const CONNECT: Duration = Duration::from_millis(1_000);

/// The same two, for whoever reads all that a member holds when all is quiet, on a machine that may be busy.
pub const PATIENT: Duration = Duration::from_secs(20);

/// How often the driver's monitors look at a member that has no news (the least that drivers allow).
pub const HEARTBEAT: Duration = Duration::from_millis(500);

/// `wtimeout` of majority writes.
pub const WRITE_CONCERN: Duration = Duration::from_millis(2_500);

/// `maxTimeMS` of reads.
pub const READ: Duration = Duration::from_millis(2_500);

/// The end of everything: a request without an answer after this long is given up, and its connection is
/// closed. Longer than the others together, so that it strikes only when a member is paused or cut off.
pub const OPERATION: Duration = Duration::from_millis(5_000);

/// How many characters of an error's text a history keeps.
pub const ERROR_CHARACTERS_MAX: usize = 160;
