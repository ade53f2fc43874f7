//! Majority-durable writes to a set of ours, beside etcd and PostgreSQL with synchronous replication, all on this machine.

mod client;
mod comeback;
mod contest;
mod etcd;
mod failover;
mod load;
mod ours;
mod postgres;
mod process;
mod usage;

pub use client::Client;
pub use comeback::Data;
pub use contest::{Contest, Entrant, Number, Spread, System, Turn, contest};
pub use etcd::Etcd;
pub use failover::time_to_first_write;
pub use load::{Cell, Task, Verb, measure};
pub use ours::Ours;
pub use postgres::Postgres;
pub use process::{Silenced, find_program};
pub use usage::Usage;
