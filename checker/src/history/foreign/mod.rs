//! Histories in the words of other tools.

mod edn;
mod export;
mod jepsen_edn;
mod jepsen_etcd_log;
mod jepsen_keys;
mod jepsen_line;
mod jepsen_single;
mod jepsen_transactions;
mod porcupine_kv;
mod text;
mod transactions;

pub use export::export_jepsen_edn;
pub use jepsen_edn::{Initial, JepsenHistory, parse_jepsen_edn};
pub use jepsen_etcd_log::parse_jepsen_etcd_log;
pub use porcupine_kv::{KvAction, KvOp, parse_porcupine_kv};
pub use text::{TEXT_BYTES_MAX, read_text};
pub use transactions::{MicroOp, RegisterStep, RegisterTransaction, Transaction};
