//! Which programs a probe's members are.

use std::path::PathBuf;

/// The programs, and the planted bug that the members have.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The server.
    pub node: PathBuf,
    /// The preload library.
    pub shim: PathBuf,
    /// Id of a planted bug; the server has to be built with them.
    pub bug: Option<String>,
}
