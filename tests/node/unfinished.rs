//! A member is killed while it makes its files for the first time, at each of the first of them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tests::Node;

/// A first start makes fewer: some kills come when all is made.
const FILES_MAX: usize = 24;

/// A start that has not made so many files by then makes no more.
const PATIENCE: Duration = Duration::from_millis(500);

#[test]
fn a_member_killed_while_it_makes_its_files_starts_again() {
    let mut young = 0;
    for count in 1..=FILES_MAX {
        let directory = tempfile::tempdir().unwrap();
        let mut node = Node::begun(directory.path(), &[]);
        let begun = Instant::now();
        while files(&node.dbpath) < count && begun.elapsed() < PATIENCE {}
        node.kill();
        let made = files(&node.dbpath);
        node.restart();
        young += usize::from(made < files(&node.dbpath));
    }
    assert!(young > 0, "everybody was killed after all its files were made");
}

/// Files and folders below this one. What vanishes meanwhile does not count.
fn files(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| 1 + files(&entry.path())).sum()
}
