//! Judges a history that is already there: of a stored run, or recorded by another tool.

use std::{path::Path, str::FromStr};

use thiserror::Error;
use workloads::catalogue::WORKLOADS;

use crate::{
    checks::{self, Budget, CHECKS, Verdict},
    history::{
        self, History, HistoryError, Marks,
        foreign::{
            Initial, JepsenHistory, export_jepsen_edn, parse_jepsen_edn, parse_jepsen_etcd_log,
            parse_porcupine_kv, read_text,
        },
    },
    record::{
        directory::{RunDirectory, RunFile},
        run::RunRecord,
    },
};

/// In whose words the history is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Ours: a run's directory, or its `history.jsonl`.
    #[default]
    Run,
    /// Jepsen's and Knossos': EDN maps of registers, sets, counters, queues, or transactions over lists.
    JepsenEdn,
    /// Porcupine's key-value store: EDN maps with `:key`.
    PorcupineKv,
    /// The log of Jepsen's etcd test.
    JepsenEtcdLog,
}

impl Format {
    /// All of them, as the command line names them.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("run", Self::Run),
        ("jepsen-edn", Self::JepsenEdn),
        ("porcupine-kv", Self::PorcupineKv),
        ("jepsen-etcd-log", Self::JepsenEtcdLog),
    ];
}

impl FromStr for Format {
    type Err = JudgeError;

    fn from_str(name: &str) -> Result<Self, JudgeError> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, format)| *format)
            .ok_or_else(|| JudgeError::UnknownFormat {
                name: name.to_owned(),
            })
    }
}

/// Why a history cannot be judged.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages tell the variants and their fields")]
pub enum JudgeError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("no format is called {name}; there are run, jepsen-edn, porcupine-kv, jepsen-etcd-log")]
    UnknownFormat { name: String },
    #[error("no check is called {name}; there are {}", check_names())]
    UnknownCheck { name: String },
    #[error("only histories of single operations can be exported")]
    NotExportable,
}

/// What to judge, and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// In whose words.
    pub format: Format,
    /// Which checks; empty: those of the run's workloads, or where it does not tell, those that fit what is in
    /// the history.
    pub checks: Vec<String>,
    /// What registers of a Jepsen history hold at first.
    pub initial: Initial,
    /// Limits of each check.
    pub budget: Budget,
}

/// What was judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// One per check.
    pub verdicts: Vec<Verdict>,
    /// Number of operations in the history.
    pub operations: u64,
    /// What a reader of the verdicts should know of the input.
    pub notes: Vec<String>,
}

/// Judges the history at `path`.
///
/// # Errors
/// When it cannot be read; the message names the line.
pub fn judge(path: &Path, request: &Request) -> Result<Judgement, JudgeError> {
    if let Some(name) = request
        .checks
        .iter()
        .find(|name| CHECKS.iter().all(|check| check.name != *name))
    {
        return Err(JudgeError::UnknownCheck { name: name.clone() });
    }
    match load(path, request)? {
        Loaded::Single(history, told) => {
            let names = if request.checks.is_empty() {
                told
            } else {
                request.checks.clone()
            };
            let names = if names.is_empty() {
                fitting(&history)
            } else {
                names
            };
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let verdicts = checks::judge(&history, &names, &request.budget);
            Ok(Judgement {
                verdicts,
                operations: history.ops.len() as u64,
                notes: history.notes,
            })
        }
        Loaded::Judged(verdict) => {
            let operations = verdict.operations;
            Ok(Judgement {
                verdicts: vec![verdict],
                operations,
                notes: Vec::new(),
            })
        }
    }
}

/// The history at `path` in Jepsen's format.
///
/// # Errors
/// When it cannot be read, or has no single operations.
pub fn export(path: &Path, request: &Request) -> Result<String, JudgeError> {
    match load(path, request)? {
        Loaded::Single(history, _) => Ok(export_jepsen_edn(&history)),
        Loaded::Judged(_) => Err(JudgeError::NotExportable),
    }
}

enum Loaded {
    /// A history, and the checks that its run names.
    Single(History, Vec<String>),
    /// Of a kind that only one check can read.
    Judged(Verdict),
}

fn load(path: &Path, request: &Request) -> Result<Loaded, JudgeError> {
    let text = || read_text(path);
    Ok(match request.format {
        Format::Run if path.is_dir() => {
            let told = checks_of_run(path);
            let mut history = history::read(&path.join(RunFile::History.name()))?;
            resolve(path, &mut history);
            Loaded::Single(history, told)
        }
        Format::Run => Loaded::Single(history::read(path)?, Vec::new()),
        Format::JepsenEtcdLog => {
            let history = parse_jepsen_etcd_log(&text()?)?;
            let told = of_foreign(&history);
            Loaded::Single(history, told)
        }
        Format::PorcupineKv => {
            Loaded::Judged(checks::judge_kv(&parse_porcupine_kv(&text()?)?, &request.budget))
        }
        Format::JepsenEdn => match parse_jepsen_edn(text()?, request.initial)? {
            JepsenHistory::Single(history) => {
                let told = of_foreign(&history);
                Loaded::Single(history, told)
            }
            JepsenHistory::Transactions { transactions, notes } => {
                let mut verdict = checks::judge_transactions(&transactions, &request.budget);
                verdict.notes.extend(notes);
                Loaded::Judged(verdict)
            }
            JepsenHistory::Registers {
                transactions,
                initial,
                notes,
            } => {
                let mut verdict =
                    checks::judge_register_transactions(&transactions, initial, &request.budget);
                verdict.notes.extend(notes);
                Loaded::Judged(verdict)
            }
        },
    })
}

/// Lets the run's marks decide what the clients could not know; a run without them stays as it is.
fn resolve(directory: &Path, history: &mut History) {
    let directory = RunDirectory::open(directory).ok();
    let marks: Option<Marks> = directory
        .filter(|directory| directory.has(RunFile::Marks))
        .and_then(|directory| directory.read(RunFile::Marks, &mut history.notes));
    if let Some(marks) = marks {
        marks.resolve(history);
    }
}

/// The checks of the workloads that `run.json` names.
fn checks_of_run(directory: &Path) -> Vec<String> {
    let run: Option<RunRecord> = RunDirectory::open(directory)
        .ok()
        .and_then(|directory| directory.read(RunFile::Run, &mut Vec::new()));
    let mut names: Vec<String> = run
        .into_iter()
        .flat_map(|run| run.workloads)
        .flat_map(|workload| workload.checks)
        .collect();
    names.retain(|name| CHECKS.iter().any(|check| check.name == *name));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Registers of other tools repeat values, and promise linearizability alone; the rest is as of our workloads.
fn of_foreign(history: &History) -> Vec<String> {
    let fitting = fitting(history);
    let linearizable = fitting.iter().find(|name| *name == "linearizable").cloned();
    linearizable.map_or(fitting, |name| vec![name])
}

/// The checks of every workload that asks what this history asks.
fn fitting(history: &History) -> Vec<String> {
    use workloads::operation::Action;
    let mut asked: Vec<&str> = Vec::new();
    for op in &history.ops {
        let workload = match op.request.action {
            Action::Read { .. } | Action::Write { .. } | Action::Cas { .. } => "register",
            Action::Add { .. } | Action::ReadSet { .. } => "set",
            Action::AddMany { .. } => "bulk-insert",
            Action::AppendMany { .. } => "across-lists",
            Action::Log { .. } | Action::ReadLog { .. } => "oplog-tail",
            Action::Append { .. } | Action::ReadList { .. } => "list-append",
            Action::Increment { .. } | Action::ReadCounter { .. } => "counter",
            Action::Enqueue { .. } | Action::Dequeue { .. } => "queue",
            Action::Claim { .. } => "unique-claims",
            Action::Stamp { .. } => "monotonic-timestamps",
        };
        if !asked.contains(&workload) {
            asked.push(workload);
        }
    }
    let checks = WORKLOADS
        .iter()
        .filter(|workload| asked.contains(&workload.name))
        .flat_map(|workload| workload.checks);
    let mut names: Vec<String> = Vec::new();
    for check in checks {
        if !names.iter().any(|name| name == check) {
            names.push((*check).to_owned());
        }
    }
    names
}

fn check_names() -> String {
    CHECKS
        .iter()
        .map(|check| check.name)
        .collect::<Vec<_>>()
        .join(", ")
}
