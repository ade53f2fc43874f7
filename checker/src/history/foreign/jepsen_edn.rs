//! Jepsen's and Knossos' own format: maps of `:process :type :f :value`.

use workloads::operation::Value;

use super::{
    jepsen_keys::Keys,
    jepsen_line::lines,
    jepsen_single::single,
    jepsen_transactions::{is_transaction, registers, transactions},
    transactions::{RegisterTransaction, Transaction},
};
use crate::history::{History, HistoryError};

/// What registers hold at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// As in Knossos' collection: 0, and a nil read tells nothing. Of registers in transactions: nothing, as in Elle.
    #[default]
    ZeroAndNilUnknown,
    /// Nothing, and a nil read says so.
    Nothing,
    /// This value, and a nil read tells nothing.
    Value(Value),
}

/// What was found in the file.
#[derive(Clone, Debug)]
pub enum JepsenHistory {
    /// Registers, sets, counters and queues, one operation at a time.
    Single(History),
    /// Transactions over lists (`:f :txn` with `:append` and `:r`).
    Transactions {
        /// By call.
        transactions: Vec<Transaction>,
        /// What a reader of the verdict should know, a sentence each.
        notes: Vec<String>,
    },
    /// Transactions of several steps over registers (`:f :txn` with `:w` and `:r`).
    Registers {
        /// By call, without those that did not happen.
        transactions: Vec<RegisterTransaction>,
        /// What registers hold at first.
        initial: Option<Value>,
        /// What a reader of the verdict should know, a sentence each.
        notes: Vec<String>,
    },
}

/// Reads registers (`:read`, `:write`, `:cas`), sets (`:add`, `:read` of a collection), counters (`:add`, `:read` of a
/// number), queues (`:enqueue`, `:dequeue`), and transactions over lists; with values `[key value]` when they come from
/// `jepsen.independent`. Transactions over registers (`:w`, `:r`) that have one step each are registers. Operations of the
/// nemesis are passed over. A text that is given away is given back to the system before its operations are paired: never
/// more than two of text, lines and history are held at once.
///
/// # Errors
/// The first thing wrong, with its line.
pub fn parse_jepsen_edn(text: impl AsRef<str>, initial: Initial) -> Result<JepsenHistory, HistoryError> {
    let lines = lines(text.as_ref())?;
    drop(text);
    let mut keys = Keys::default();
    if !lines.iter().any(is_transaction) {
        return Ok(JepsenHistory::Single(single(lines, initial, &mut keys)?));
    }
    let steps = transactions(lines, &mut keys)?;
    if steps.is_of_registers {
        let initial = match initial {
            Initial::ZeroAndNilUnknown => Initial::Nothing,
            told => told,
        };
        if steps.is_of_single_steps() {
            return Ok(JepsenHistory::Single(registers(&steps, initial, &keys)?));
        }
        let told = match initial {
            Initial::Value(value) => value.to_string(),
            _ => "nothing".to_owned(),
        };
        let note = format!("registers are taken to hold {told} at first");
        return Ok(JepsenHistory::Registers {
            transactions: steps.registers(initial),
            initial: match initial {
                Initial::Value(value) => Some(value),
                _ => None,
            },
            notes: std::iter::once(note).chain(keys.note()).collect(),
        });
    }
    let notes = keys.note().into_iter().collect();
    let transactions = steps.lists();
    Ok(JepsenHistory::Transactions { transactions, notes })
}
