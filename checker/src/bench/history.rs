//! Times our check beside the baselines, on the same histories, in the same run.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Flaw, Shape, Values, generate,
    meter::{Measured, cpu_seconds, held_bytes, least_measured, measured},
    peer::stateright_linearizable,
    program::{self, by_porcupine, by_stateright},
    wgl::{Ended, wgl},
};
use crate::{
    checks::{
        Budget, CHECKS, Validity,
        linearizable::{Effect, Model, Problems, RegisterModel, Scratch, Timed},
    },
    history::History,
};

/// One history, and how each did.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was generated.
    pub shape: Shape,
    /// What this process held before the check, the history included; `None` where the system does not tell.
    pub held_bytes: Option<u64>,
    /// The check `linearizable`, from the history in memory to its verdict with witness.
    pub ours: Measured,
    /// Wing-Gong-Lowe, the algorithm of Porcupine, where that itself was not asked.
    pub wgl: Option<Measured>,
    /// Porcupine itself, where its harness is at hand.
    pub porcupine: Option<Measured>,
    /// Stateright's tester; `None` where it has no chance to end (it cannot be interrupted).
    pub stateright: Option<Measured>,
}

impl Row {
    /// Porcupine where it was asked, else its algorithm, if any was.
    pub fn baseline(&self) -> Option<&Measured> {
        self.porcupine.as_ref().or(self.wgl.as_ref())
    }

    /// How many times longer the baseline took; a lower bound when it gave up.
    pub fn ratio(&self) -> Option<f64> {
        let baseline = self.baseline()?;
        Some(baseline.cpu_seconds / self.ours.cpu_seconds.max(1e-6))
    }

    /// Most bytes that this process held during the check, the history included.
    pub fn whole_bytes(&self) -> Option<u64> {
        Some(self.held_bytes? + self.ours.peak_bytes?)
    }

    /// Whether two that decided said different things.
    pub fn is_contradicted(&self) -> bool {
        let all = [Some(self.ours), self.wgl, self.porcupine, self.stateright];
        let decided: Vec<Validity> = all
            .into_iter()
            .flatten()
            .map(|one| one.validity)
            .filter(|validity| *validity != Validity::Unknown)
            .collect();
        decided.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// Limits of a baseline on one history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time on one history.
    pub time: Duration,
    /// Memory: of one key for the algorithm, of the whole process for Porcupine.
    pub memory_bytes: usize,
    /// Nobody is asked but our check.
    pub only_ours: bool,
    /// The built harness of Porcupine, if it is to be asked.
    pub porcupine: Option<PathBuf>,
    /// This program, if Stateright's tester is to be asked of every history: it cannot be interrupted, so it gets a
    /// process of its own.
    pub stateright: Option<PathBuf>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            memory_bytes: 4 << 30,
            only_ours: false,
            porcupine: None,
            stateright: None,
        }
    }
}

/// Stateright's tester backtracks without memory: beyond this many operations on a key, or clients, it may not
/// end in this world's time.
const STATERIGHT_OPERATIONS_MAX: u32 = 40;
const STATERIGHT_CLIENTS_MAX: u32 = 3;

/// Beyond this many operations four rows stand for the table: a history takes 120 bytes an operation.
const WHOLE_TABLE_MAX: u32 = 4_000_000;

/// The table of the design: operations × clients × share of unknown ends × keys × values × flaw.
pub fn plan(operations: u32, seed: u64) -> Vec<Shape> {
    let mut shapes = Vec::new();
    if operations > WHOLE_TABLE_MAX {
        for values in [Values::Unique, Values::UniqueCas] {
            for flaw in [Flaw::None, Flaw::StaleRead] {
                shapes.push(Shape {
                    seed,
                    operations,
                    keys: operations / 1_000,
                    clients: 30,
                    info_percent: 1,
                    values,
                    flaw,
                });
            }
        }
        return shapes;
    }
    let small = Shape {
        seed,
        operations: 400,
        keys: 10,
        clients: 3,
        info_percent: 0,
        values: Values::UniqueCas,
        flaw: Flaw::None,
    };
    shapes.extend([
        small,
        Shape {
            flaw: Flaw::StaleRead,
            ..small
        },
    ]);
    for (values, per_key) in [
        (Values::Unique, 1_000),
        (Values::UniqueCas, 1_000),
        (Values::Few(5), 1_000),
    ] {
        for (clients, info_percent) in [(5, 0), (5, 5), (10, 1), (30, 0), (30, 5), (100, 1)] {
            for flaw in [Flaw::None, Flaw::StaleRead] {
                let keys = (operations / per_key).max(1);
                shapes.push(Shape {
                    seed,
                    operations,
                    keys,
                    clients,
                    info_percent,
                    values,
                    flaw,
                });
            }
        }
    }
    // One long key; and very many clients.
    for (clients, info_percent) in [(30, 0), (30, 5), (1_000, 5)] {
        let (values, flaw) = (Values::UniqueCas, Flaw::StaleRead);
        shapes.push(Shape {
            seed,
            operations,
            keys: 1,
            clients,
            info_percent,
            values,
            flaw,
        });
    }
    shapes
}

/// Generates and times one history.
///
/// # Errors
/// When the harness of Porcupine cannot be started.
pub fn measure(shape: &Shape, limits: &Limits) -> std::io::Result<Row> {
    let history = generate(shape);
    let held_bytes = held_bytes();
    let ours = least_measured(|| by_us(&history));
    let mut row = Row {
        shape: *shape,
        held_bytes,
        ours,
        wgl: None,
        porcupine: None,
        stateright: None,
    };
    if limits.only_ours {
        return Ok(row);
    }
    let keys = problems(&history);
    drop(history);
    row.porcupine = by_porcupine(&keys, limits)?;
    if row.porcupine.is_none() {
        row.wgl = Some(least_measured(|| by_wgl(&RegisterModel, &keys, limits)));
    }
    let per_key = shape.operations / shape.keys.max(1);
    let small = per_key <= STATERIGHT_OPERATIONS_MAX && shape.clients <= STATERIGHT_CLIENTS_MAX;
    row.stateright = if small {
        Some(measured(|| by_stateright_here(&keys)))
    } else {
        by_stateright(&keys, limits)?
    };
    Ok(row)
}

fn by_stateright_here(keys: &[Vec<Timed<Effect>>]) -> Validity {
    let all = keys.iter().all(|ops| stateright_linearizable(ops));
    if all { Validity::Valid } else { Validity::Invalid }
}

/// Judges the file that the bench wrote for a peer, by Stateright's tester, and says so as a peer does: this is what the
/// bench starts as a process of its own.
///
/// # Errors
/// When it cannot be read.
pub fn stateright_peer(path: &Path) -> std::io::Result<String> {
    let keys = program::read(path)?;
    let measured = measured(|| by_stateright_here(&keys));
    let word = if measured.validity == Validity::Valid {
        "valid"
    } else {
        "invalid"
    };
    let peak_bytes = measured.peak_bytes.unwrap_or(0);
    Ok(format!("{word} {} {peak_bytes}", measured.cpu_seconds))
}

/// Rows as a table for people (and for Markdown).
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| operations | keys | clients | info | values | history | ours: CPU s | bytes/op | whole MB | WGL: CPU s | Porcupine: CPU s \
         | ratio | Stateright: CPU s |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        text.push_str(&table_line(row));
        text.push('\n');
    }
    text
}

/// One row of it, without the line's end.
pub fn table_line(row: &Row) -> String {
    let Shape {
        operations,
        keys,
        clients,
        info_percent,
        values,
        flaw,
        ..
    } = row.shape;
    let values = match values {
        Values::Unique => "rw unique".to_owned(),
        Values::UniqueCas => "cas unique".to_owned(),
        Values::Few(few) => format!("cas of {few}"),
    };
    let flaw = if flaw == Flaw::None { "valid" } else { "one stale" };
    let gave_up = row
        .baseline()
        .is_some_and(|baseline| baseline.validity == Validity::Unknown);
    let at_least = if gave_up { "≥ " } else { "" };
    let ratio = row
        .ratio()
        .map_or_else(|| "-".to_owned(), |ratio| format!("{at_least}{ratio:.1}"));
    let whole = row
        .whole_bytes()
        .map_or_else(|| "?".to_owned(), |bytes| (bytes / 1_000_000).to_string());
    let bytes = row.ours.peak_bytes.map_or_else(
        || "?".to_owned(),
        |bytes| (bytes / u64::from(operations.max(1))).to_string(),
    );
    let tried = |one: Option<Measured>| one.as_ref().map_or_else(|| "-".to_owned(), cell);
    format!(
        "| {operations} | {keys} | {clients} | {info_percent}% | {values} | {flaw} | {} | {bytes} | {whole} | {} | {} | {ratio} | {} |",
        cell(&row.ours),
        tried(row.wgl),
        tried(row.porcupine),
        tried(row.stateright),
    )
}

pub(super) fn cell(measured: &Measured) -> String {
    let word = match measured.validity {
        Validity::Valid => "valid",
        Validity::Invalid => "invalid",
        Validity::Unknown => "gave up",
    };
    format!("{:.4} {word}", measured.cpu_seconds)
}

pub(super) fn by_us(history: &History) -> Validity {
    let check = CHECKS
        .iter()
        .find(|check| check.name == "linearizable")
        .expect("it is in the list");
    (check.run)(history, &Budget::default()).validity
}

pub(super) fn by_wgl<M: Model>(model: &M, keys: &[Vec<Timed<M::Effect>>], limits: &Limits) -> Validity {
    let start = cpu_seconds();
    let mut validity = Validity::Valid;
    for ops in keys {
        let left = limits
            .time
            .saturating_sub(Duration::from_secs_f64(cpu_seconds() - start));
        match wgl(model, ops, left, limits.memory_bytes) {
            Ended::Decided(true) => {}
            Ended::Decided(false) => return Validity::Invalid,
            Ended::GaveUp => validity = Validity::Unknown,
        }
    }
    validity
}

/// The same operations, key by key, as the baselines take them.
pub(super) fn problems(history: &History) -> Vec<Vec<Timed<Effect>>> {
    let problems = Problems::of(history);
    let mut scratch = Scratch::default();
    let timed = |range: &std::ops::Range<usize>| {
        let (ops, _) = problems.of_key(range.clone(), &mut scratch);
        ops.iter()
            .map(|op| Timed {
                call: op.call,
                returned: op.returned,
                effect: op.effect,
            })
            .collect()
    };
    problems.keys.values().map(timed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checkers_agree_where_they_decide() {
        for seed in 0..40 {
            for values in [Values::Unique, Values::UniqueCas, Values::Few(3)] {
                let shape = Shape {
                    seed,
                    operations: 60,
                    keys: 3,
                    clients: 3,
                    info_percent: (seed % 3) as u32 * 4,
                    values,
                    flaw: [Flaw::None, Flaw::AnyRead][seed as usize % 2],
                };
                let row = measure(&shape, &Limits::default()).unwrap();
                let wgl = row.wgl.map(|measured| measured.validity);
                assert_eq!(Some(row.ours.validity), wgl, "{shape:?}");
                assert!(!row.is_contradicted(), "{shape:?}");
                let stateright = row.stateright.map(|measured| measured.validity);
                assert_eq!(Some(row.ours.validity), stateright, "{shape:?}");
            }
        }
        assert!(table(&[]).starts_with("| operations"));
    }
}
