//! Our check beside the baselines on histories that others recorded, folder by folder.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    history::{Limits, by_us, by_wgl, problems},
    meter::{Measured, cpu_seconds, measured},
    program::{by_porcupine, by_program, by_stateright},
    wgl::{Ended, wgl},
};
use crate::{
    checks::{
        Budget, Validity, judge_kv,
        linearizable::{KvModel, RegisterModel, timed},
    },
    history::{
        History, Op,
        foreign::{
            Initial, JepsenHistory, KvAction, KvOp, parse_jepsen_edn, parse_jepsen_etcd_log,
            parse_porcupine_kv, read_text,
        },
    },
};

/// The histories of one folder and one format, and how each checker did on all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenRow {
    /// The folder, below the one that was named.
    pub folder: String,
    /// Number of histories.
    pub histories: u32,
    /// Number of operations in them.
    pub operations: u64,
    /// The check `linearizable`, with its witnesses.
    pub ours: Sum,
    /// Wing-Gong-Lowe, unless nobody but our check was asked.
    pub wgl: Option<Sum>,
    /// Porcupine itself, where its harness is at hand.
    pub porcupine: Option<Sum>,
    /// Stateright's tester, where it was asked (of registers).
    pub stateright: Option<Sum>,
    /// Histories of which two that decided said different things.
    pub contradicted: Vec<PathBuf>,
}

impl GivenRow {
    /// Porcupine where it was asked, else its algorithm, if any was.
    pub fn baseline(&self) -> Option<&Sum> {
        self.porcupine.as_ref().or(self.wgl.as_ref())
    }
}

/// One checker on several histories.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// Of all of them together.
    pub cpu_seconds: f64,
    /// Of the slowest.
    pub slowest_seconds: f64,
    /// Found valid.
    pub valid: u32,
    /// Found invalid.
    pub invalid: u32,
    /// Not decided within the limits.
    pub gave_up: u32,
}

impl Sum {
    fn add(&mut self, one: &Measured) {
        self.cpu_seconds += one.cpu_seconds;
        self.slowest_seconds = self.slowest_seconds.max(one.cpu_seconds);
        *match one.validity {
            Validity::Valid => &mut self.valid,
            Validity::Invalid => &mut self.invalid,
            Validity::Unknown => &mut self.gave_up,
        } += 1;
    }
}

/// Measures all histories below `root`: `.edn` of Jepsen, `.log` of Jepsen's etcd test, `.txt` of Porcupine's key-value
/// store. Other files are passed over.
///
/// # Errors
/// When a history cannot be read, or a program not be started.
pub fn measure_given(root: &Path, limits: &Limits) -> anyhow::Result<Vec<GivenRow>> {
    let mut rows: BTreeMap<String, GivenRow> = BTreeMap::new();
    for path in files(root)? {
        let Some(given) = Given::read(&path)? else {
            continue;
        };
        let folder = path.parent().and_then(|folder| folder.strip_prefix(root).ok());
        let folder = folder.map_or_else(String::new, |folder| folder.display().to_string());
        let row = rows.entry(folder.clone()).or_default();
        row.folder = folder;
        row.histories += 1;
        given.measure(&path, limits, row)?;
    }
    Ok(rows.into_values().collect())
}

/// Rows as a table for people (and for Markdown).
pub fn given_table(rows: &[GivenRow]) -> String {
    let mut text = String::from(
        "| histories | number | operations | ours: CPU s (slowest) | WGL | Porcupine | Stateright | ratio |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let cell = |sum: &Sum| {
        let gave_up = if sum.gave_up > 0 {
            format!(", {} gave up", sum.gave_up)
        } else {
            String::new()
        };
        format!("{:.4} ({:.4}){gave_up}", sum.cpu_seconds, sum.slowest_seconds)
    };
    let tried = |sum: &Option<Sum>| sum.as_ref().map_or_else(|| "-".to_owned(), cell);
    for row in rows {
        let ratio = row.baseline().map_or_else(
            || "-".to_owned(),
            |baseline| {
                let at_least = if baseline.gave_up > 0 { "≥ " } else { "" };
                let ratio = baseline.cpu_seconds / row.ours.cpu_seconds.max(1e-6);
                format!("{at_least}{ratio:.1}")
            },
        );
        writeln!(
            text,
            "| {} | {} ({} valid) | {} | {} | {} | {} | {} | {ratio} |",
            row.folder,
            row.histories,
            row.ours.valid,
            row.operations,
            cell(&row.ours),
            tried(&row.wgl),
            tried(&row.porcupine),
            tried(&row.stateright),
        )
        .expect("a string takes every text");
    }
    text
}

fn files(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

enum Given {
    Registers(History),
    Strings(BTreeMap<String, Vec<KvOp>>),
}

impl Given {
    fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let told = |error| anyhow::anyhow!("{}: {error}", path.display());
        let text = || read_text(path);
        let extension = path.extension().and_then(|extension| extension.to_str());
        Ok(match extension {
            Some("edn") => {
                let parsed = text().and_then(|text| parse_jepsen_edn(&text, Initial::default()));
                match parsed.map_err(told)? {
                    JepsenHistory::Single(history) => Some(Self::Registers(history)),
                    JepsenHistory::Transactions { .. } | JepsenHistory::Registers { .. } => None,
                }
            }
            Some("log") => {
                let parsed = text().and_then(|text| parse_jepsen_etcd_log(&text));
                Some(Self::Registers(parsed.map_err(told)?))
            }
            Some("txt") => {
                let parsed = text().and_then(|text| parse_porcupine_kv(&text));
                Some(Self::Strings(parsed.map_err(told)?))
            }
            _ => None,
        })
    }

    fn measure(self, path: &Path, limits: &Limits, row: &mut GivenRow) -> std::io::Result<()> {
        let (ours, wgl, porcupine, stateright) = match self {
            Self::Registers(history) => {
                row.operations += history.ops.len() as u64;
                let ours = measured(|| by_us(&history));
                if limits.only_ours {
                    row.ours.add(&ours);
                    return Ok(());
                }
                let keys = problems(&history);
                let wgl = measured(|| by_wgl(&RegisterModel, &keys, limits));
                let porcupine = by_porcupine(&keys, limits)?;
                (ours, wgl, porcupine, by_stateright(&keys, limits)?)
            }
            Self::Strings(keys) => {
                row.operations += keys.values().map(|ops| ops.len() as u64).sum::<u64>();
                let ours = measured(|| judge_kv(&keys, &Budget::default()).validity);
                if limits.only_ours {
                    row.ours.add(&ours);
                    return Ok(());
                }
                let wgl = measured(|| strings_by_wgl(&keys, limits));
                let ask = |program| by_program(Command::new(program), &lines_of_strings(&keys), limits);
                (ours, wgl, limits.porcupine.as_ref().map(ask).transpose()?, None)
            }
        };
        row.ours.add(&ours);
        for (sum, one) in [
            (&mut row.wgl, &Some(wgl)),
            (&mut row.porcupine, &porcupine),
            (&mut row.stateright, &stateright),
        ] {
            if let Some(one) = one {
                sum.get_or_insert_default().add(one);
            }
        }
        let mut decided = [Some(ours), Some(wgl), porcupine, stateright]
            .into_iter()
            .flatten()
            .map(|one| one.validity)
            .filter(|validity| *validity != Validity::Unknown);
        let first = decided.next();
        if decided.any(|other| Some(other) != first) {
            row.contradicted.push(path.to_owned());
        }
        Ok(())
    }
}

fn strings_by_wgl(keys: &BTreeMap<String, Vec<KvOp>>, limits: &Limits) -> Validity {
    let start = cpu_seconds();
    let mut validity = Validity::Valid;
    for ops in keys.values() {
        let model = KvModel::new();
        let ops: Vec<_> = ops.iter().map(|op| timed(&model, op)).collect();
        let spent = Duration::from_secs_f64(cpu_seconds() - start);
        match wgl(
            &model,
            &ops,
            limits.time.saturating_sub(spent),
            limits.memory_bytes,
        ) {
            Ended::Decided(true) => {}
            Ended::Decided(false) => return Validity::Invalid,
            Ended::GaveUp => validity = Validity::Unknown,
        }
    }
    validity
}

/// `key call return kind text 0` a line, the text in hexadecimal digits behind an `x`.
fn lines_of_strings(keys: &BTreeMap<String, Vec<KvOp>>) -> String {
    let mut lines = String::new();
    for (key, ops) in keys.values().enumerate() {
        for op in ops {
            let (kind, text) = match &op.action {
                KvAction::Get(text) => ('g', text),
                KvAction::Put(text) => ('p', text),
                KvAction::Append(text) => ('a', text),
            };
            let returned = if op.returned == Op::NEVER {
                -1
            } else {
                i64::from(op.returned)
            };
            write!(lines, "{key} {} {returned} {kind} x", op.call).expect("a string takes every text");
            for byte in text.bytes() {
                write!(lines, "{byte:02x}").expect("a string takes every text");
            }
            lines.push_str(" 0\n");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_of_each_format_are_measured_by_folder() {
        let root = tempfile::tempdir().expect("a directory");
        let folder = root.path().join("some");
        fs::create_dir(&folder).expect("made");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("written");
        write(
            "stale.edn",
            "{:process 0, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :write, :value 1}\n\
             {:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :read, :value 0}\n",
        );
        write(
            "fine.log",
            "INFO  jepsen.util - 0 :invoke :write 1\nINFO  jepsen.util - 0 :ok :write 1\n",
        );
        write(
            "fine.txt",
            "{:process 0, :type :invoke, :f :get, :key \"a\", :value \"\"}\n\
             {:process 0, :type :ok, :f :get, :key \"a\", :value \"\"}\n",
        );
        write("README.md", "about");
        let rows = measure_given(root.path(), &Limits::default()).expect("measured");
        let [row] = &rows[..] else {
            panic!("one folder: {rows:?}");
        };
        assert_eq!((row.histories, row.operations), (3, 4));
        assert_eq!((row.ours.valid, row.ours.invalid), (2, 1));
        let wgl = row.wgl.map(|wgl| (wgl.valid, wgl.invalid));
        assert_eq!(wgl, Some((2, 1)));
        assert!(row.contradicted.is_empty());
        assert!(given_table(&rows).contains("| some | 3 (2 valid) | 4 |"));
        write("broken.edn", "{:process 0");
        let error = measure_given(root.path(), &Limits::default()).expect_err("broken");
        assert!(error.to_string().contains("broken.edn: line 1"), "{error}");
    }

    #[test]
    fn strings_are_written_for_the_harness() {
        let op = KvOp {
            number: 0,
            call: 1,
            returned: Op::NEVER,
            action: KvAction::Append("aé".to_owned()),
        };
        let keys = [("k".to_owned(), vec![op])].into();
        assert_eq!(lines_of_strings(&keys), "0 1 -1 a x61c3a9 0\n");
    }
}
