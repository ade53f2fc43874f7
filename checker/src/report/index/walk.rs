//! Finds the runs under a directory and writes what is over them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Summary, page};
use crate::{
    record::{
        benchmark,
        directory::{RunDirectory, RunFile, write_whole},
        error::RecordError,
        reached, standing,
    },
    report::{ReportError, write_report},
};

/// How deep below the results a run may lie: `<campaign>/seeds/<number>`, and one to spare.
const DEPTH_LIMIT: usize = 4;

/// Writes `index.html` over all runs under `results`; returns its path.
pub fn write_index(results: &Path) -> Result<PathBuf, ReportError> {
    fs::create_dir_all(results).map_err(|source| RecordError::File {
        path: results.to_owned(),
        source,
    })?;
    let path = results.join("index.html");
    write_whole(
        &path,
        page::page(
            &summaries(results),
            &benchmark::read(results),
            &standing::read(results),
            &reached::read(results),
        )
        .as_bytes(),
    )?;
    Ok(path)
}

/// Every run under `results`, or `results` itself when it is one; newest first.
pub fn summaries(results: &Path) -> Vec<Summary> {
    let mut roots = find(results);
    if results.join(RunFile::Run.name()).is_file() {
        roots.push(results.to_owned());
    }
    let mut summaries: Vec<Summary> = roots
        .iter()
        .filter_map(|root| Summary::read(results, &RunDirectory::open(root).ok()?))
        .collect();
    summaries.sort_by(|one, two| (&two.run.started_at, &two.place).cmp(&(&one.run.started_at, &one.place)));
    summaries
}

/// Makes all pages under `directory` again from the stored records, and the index over them; returns the paths
/// of the pages. When `directory` is itself a run, only its page.
pub fn rebuild(directory: &Path) -> Result<Vec<PathBuf>, ReportError> {
    if directory.join(RunFile::Run.name()).is_file() {
        return Ok(vec![write_report(&RunDirectory::open(directory)?)?]);
    }
    let mut pages = Vec::new();
    for root in find(directory) {
        pages.push(write_report(&RunDirectory::open(root)?)?);
    }
    pages.push(write_index(directory)?);
    Ok(pages)
}

/// Directories with a `run.json`, not through links (`latest` is one).
fn find(results: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(results.to_owned(), 0)];
    while let Some((directory, depth)) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            let path = entry.path();
            if path.join(RunFile::Run.name()).is_file() {
                found.push(path);
            } else if depth < DEPTH_LIMIT {
                open.push((path, depth + 1));
            }
        }
    }
    found.sort();
    found
}
