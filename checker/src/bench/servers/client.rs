//! What is asked of each system.

use std::time::Duration;

/// One client that has a connection, and waits for each of its writes.
pub trait Client: 'static {
    /// How long one write is waited for while nobody leads, before another is tried. A connection on which answers come
    /// in order can't be asked again before it has answered.
    const TRY: Duration;

    /// Stores one value that was not there; comes back when it is durable at a majority.
    fn put(&mut self, key: &str, value: &[u8]) -> impl Future<Output = anyhow::Result<()>>;

    /// Reads a value that is there: linearizable where the system can.
    fn get(&mut self, key: &str) -> impl Future<Output = anyhow::Result<()>>;
}
