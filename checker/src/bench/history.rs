//! Times our check beside the baselines, on the same histories, in the same run.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Flaw, Shape, Values, generate,
    meter::{Measured, cpu_seconds, measured},
    peer::stateright_linearizable,
    porcupine::by_porcupine,
    wgl::{Ended, wgl},
};
use crate::{
    checks::{
        Budget, CHECKS, Validity,
        linearizable::{Effect, Problems, RegisterModel, Scratch, Timed},
    },
    history::History,
};

/// One history, and how each did.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was generated.
    pub shape: Shape,
    /// The check `linearizable`, from the history in memory to its verdict with witness.
    pub ours: Measured,
    /// Wing-Gong-Lowe, the algorithm of Porcupine.
    pub wgl: Measured,
    /// Porcupine itself, where its harness is at hand.
    pub porcupine: Option<Measured>,
    /// Stateright's tester; `None` where it has no chance to end (it cannot be interrupted).
    pub stateright: Option<Measured>,
}

impl Row {
    /// Porcupine where it was asked, else its algorithm.
    pub fn baseline(&self) -> &Measured {
        self.porcupine.as_ref().unwrap_or(&self.wgl)
    }

    /// How many times longer the baseline took; a lower bound when it gave up.
    pub fn ratio(&self) -> f64 {
        self.baseline().cpu_seconds / self.ours.cpu_seconds.max(1e-6)
    }

    /// Whether two that decided said different things.
    pub fn is_contradicted(&self) -> bool {
        let all = [Some(self.ours), Some(self.wgl), self.porcupine, self.stateright];
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
    /// The built harness of Porcupine, if it is to be asked.
    pub porcupine: Option<PathBuf>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            memory_bytes: 4 << 30,
            porcupine: None,
        }
    }
}

/// Stateright's tester backtracks without memory: beyond this many operations on a key, or clients, it may not
/// end in this world's time.
const STATERIGHT_OPERATIONS_MAX: u32 = 40;
const STATERIGHT_CLIENTS_MAX: u32 = 3;

/// The table of the design: operations × clients × share of unknown ends × keys × values × flaw.
pub fn plan(operations: u32, seed: u64) -> Vec<Shape> {
    let mut shapes = Vec::new();
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
    let ours = measured(|| by_us(&history));
    let keys = problems(&history);
    drop(history);
    let wgl = measured(|| by_wgl(&keys, limits));
    let ask = |program: &Path| by_porcupine(program, &keys, limits.time, limits.memory_bytes);
    let porcupine = limits.porcupine.as_deref().map(ask).transpose()?;
    let per_key = shape.operations / shape.keys.max(1);
    let small = per_key <= STATERIGHT_OPERATIONS_MAX && shape.clients <= STATERIGHT_CLIENTS_MAX;
    let stateright = small.then(|| {
        measured(|| {
            let all = keys.iter().all(|ops| stateright_linearizable(ops));
            if all { Validity::Valid } else { Validity::Invalid }
        })
    });
    Ok(Row {
        shape: *shape,
        ours,
        wgl,
        porcupine,
        stateright,
    })
}

/// Rows as a table for people (and for Markdown).
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| operations | keys | clients | info | values | history | ours: CPU s | bytes/op | WGL: CPU s | Porcupine: CPU s \
         | ratio | Stateright: CPU s |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
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
        let at_least = if row.baseline().validity == Validity::Unknown {
            "≥ "
        } else {
            ""
        };
        let bytes = row.ours.peak_bytes.map_or_else(
            || "?".to_owned(),
            |bytes| (bytes / u64::from(operations.max(1))).to_string(),
        );
        let tried = |one: Option<Measured>| one.as_ref().map_or_else(|| "-".to_owned(), cell);
        writeln!(
            text,
            "| {operations} | {keys} | {clients} | {info_percent}% | {values} | {flaw} | {} | {bytes} | {} | {} | {at_least}{:.1} | {} |",
            cell(&row.ours),
            cell(&row.wgl),
            tried(row.porcupine),
            row.ratio(),
            tried(row.stateright),
        )
        .expect("a string takes every text");
    }
    text
}

fn cell(measured: &Measured) -> String {
    let word = match measured.validity {
        Validity::Valid => "valid",
        Validity::Invalid => "invalid",
        Validity::Unknown => "gave up",
    };
    format!("{:.4} {word}", measured.cpu_seconds)
}

fn by_us(history: &History) -> Validity {
    let check = CHECKS
        .iter()
        .find(|check| check.name == "linearizable")
        .expect("it is in the list");
    (check.run)(history, &Budget::default()).validity
}

fn by_wgl(keys: &[Vec<Timed<Effect>>], limits: &Limits) -> Validity {
    let start = cpu_seconds();
    let mut validity = Validity::Valid;
    for ops in keys {
        let left = limits
            .time
            .saturating_sub(Duration::from_secs_f64(cpu_seconds() - start));
        match wgl(&RegisterModel, ops, left, limits.memory_bytes) {
            Ended::Decided(true) => {}
            Ended::Decided(false) => return Validity::Invalid,
            Ended::GaveUp => validity = Validity::Unknown,
        }
    }
    validity
}

/// The same operations, key by key, as the baselines take them.
fn problems(history: &History) -> Vec<Vec<Timed<Effect>>> {
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
                assert_eq!(row.ours.validity, row.wgl.validity, "{shape:?}");
                assert!(!row.is_contradicted(), "{shape:?}");
                let stateright = row.stateright.map(|measured| measured.validity);
                assert_eq!(Some(row.ours.validity), stateright, "{shape:?}");
            }
        }
        assert!(table(&[]).starts_with("| operations"));
    }
}
