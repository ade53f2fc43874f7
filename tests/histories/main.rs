//! Do histories that others recorded and judged get their known verdicts? They lie beside the workspace, under
//! `../shared/histories` (or where `HISTORIES` says); where they are absent, a line says so.

mod dialects;
mod hostile;

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use checker::{
    checks::{Budget, Validity},
    judge::{Format, Request, judge},
};

#[test]
fn knossos_cas_registers() {
    let Some(folder) = histories("knossos/cas-register") else {
        return;
    };
    let mut files = with_extension(&folder.join("good"), "edn", Validity::Valid);
    files.extend(with_extension(&folder.join("bad"), "edn", Validity::Invalid));
    all_as_known(&files, Format::JepsenEdn);
}

#[test]
fn porcupine_key_value() {
    let Some(folder) = histories("porcupine/kv") else {
        return;
    };
    let mut files = with_extension(&folder, "txt", Validity::Valid);
    for (path, expected) in &mut files {
        if path.to_string_lossy().ends_with("-bad.txt") {
            *expected = Validity::Invalid;
        }
    }
    all_as_known(&files, Format::PorcupineKv);
}

#[test]
fn etcd_logs() {
    let (Some(folder), Some(table)) = (
        histories("porcupine/jepsen"),
        histories("porcupine_etcd_expected.csv"),
    ) else {
        return;
    };
    let table = fs::read_to_string(table).unwrap();
    let linearizable: Vec<u32> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let columns: Vec<&str> = line.split(',').collect();
            (columns.get(5) == Some(&"true")).then(|| columns[0].parse().unwrap())
        })
        .collect();
    let mut files = with_extension(&folder, "log", Validity::Invalid);
    for (path, expected) in &mut files {
        let number = path
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .trim_start_matches("etcd_")
            .parse::<u32>()
            .unwrap();
        // `etcd_095` is empty, and nothing can be wrong with nothing.
        if linearizable.contains(&number) || fs::metadata(&*path).unwrap().len() == 0 {
            *expected = Validity::Valid;
        }
    }
    all_as_known(&files, Format::JepsenEtcdLog);
}

/// A history that nobody judges would be green for ever.
#[test]
fn every_history_that_is_there_is_judged_by_a_test() {
    let Some(root) = histories(".") else { return };
    let mut folders = vec![root.clone()];
    let mut histories = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let place = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            let is_told = KNOWN.iter().any(|(folder, extension)| {
                place.starts_with(folder) && path.extension().is_some_and(|found| found == *extension)
            });
            let is_about = ["md", "html", "csv"]
                .iter()
                .any(|extension| place.ends_with(extension));
            assert!(is_told || is_about, "{place}: no test judges it");
            histories += u32::from(is_told);
        }
    }
    println!("{histories} histories are there");
    assert!(histories > 0, "there are no histories");
}

/// The folders that the tests above judge, whole.
const KNOWN: [(&str, &str); 4] = [
    ("knossos/cas-register/good/", "edn"),
    ("knossos/cas-register/bad/", "edn"),
    ("porcupine/kv/", "txt"),
    ("porcupine/jepsen/", "log"),
];

fn all_as_known(files: &[(PathBuf, Validity)], format: Format) {
    assert!(!files.is_empty(), "the folder of histories is empty");
    let request = Request {
        format,
        checks: match format {
            Format::PorcupineKv => Vec::new(),
            _ => vec!["linearizable".to_owned()],
        },
        budget: Budget {
            time: Duration::from_secs(20),
            ..Budget::default()
        },
        ..Request::default()
    };
    let mut wrong = Vec::new();
    let begin = Instant::now();
    for (path, expected) in files {
        let before = Instant::now();
        match judge(path, &request) {
            Ok(judgement) if judgement.verdicts[0].validity == *expected => {}
            Ok(judgement) => wrong.push(format!("{}: {}", path.display(), judgement.verdicts[0].summary)),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
        if before.elapsed() > Duration::from_millis(500) {
            println!("{} took {:?}", path.display(), before.elapsed());
        }
    }
    println!("{} histories in {:?}", files.len(), begin.elapsed());
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        files.len(),
        wrong.join("\n")
    );
}

fn with_extension(folder: &Path, extension: &str, expected: Validity) -> Vec<(PathBuf, Validity)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files.into_iter().map(|path| (path, expected)).collect()
}

fn histories(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories");
    let root = env::var_os("HISTORIES").map_or(beside, PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("ABSENT: {} - these histories were not judged", path.display());
    None
}
