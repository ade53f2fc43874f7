//! What a checker that was killed has left behind: found by the mark that it made, never by a name alone.
//!
//! Its nodes die with it (see the preload library). Its directory stays, and so might a node that was linked
//! statically and never heard of the library.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    proc_state::{ProcState, start_ticks, state},
    shim_layout::page::PAGE_VARIABLE,
    switch::inside,
};

/// The file in a run's directory that names its owner.
const MARK: &str = "checker-owner";

/// The directory of a checker that is no more, and its processes that still are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The directory.
    pub directory: PathBuf,
    /// Processes that were started with a control page in it.
    pub processes: Vec<i32>,
}

/// Marks a directory as this process's own.
///
/// # Errors
/// When the mark cannot be written.
pub fn mark(directory: &Path) -> io::Result<()> {
    // Inside a process namespace the own number says nothing to those outside, but that of the starter does.
    let owner = inside::starter().unwrap_or_else(own_words);
    fs::write(directory.join(MARK), format!("{owner}\n"))
}

/// This process: its number, and when it started.
pub fn own_words() -> String {
    let own = std::process::id() as i32;
    format!("{own} {}", start_ticks(own).unwrap_or(0))
}

/// Marked directories below `temporary` whose owner is gone.
///
/// # Errors
/// When `temporary` cannot be read.
pub fn find(temporary: &Path) -> io::Result<Vec<Leftover>> {
    let mut leftovers = Vec::new();
    for entry in fs::read_dir(temporary)? {
        let directory = entry?.path();
        let Some((pid, started)) = owner(&directory) else {
            continue;
        };
        // The number may have been given to another process since.
        let lives = state(pid) != ProcState::Gone && start_ticks(pid) == Some(started);
        if !lives {
            let processes = processes_of(&directory);
            leftovers.push(Leftover { directory, processes });
        }
    }
    leftovers.sort_by(|left, right| left.directory.cmp(&right.directory));
    Ok(leftovers)
}

/// Ends the processes and removes the directory.
///
/// # Errors
/// When the directory cannot be removed.
pub fn remove(leftover: &Leftover) -> io::Result<()> {
    for pid in &leftover.processes {
        // It may have ended by itself meanwhile.
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
    fs::remove_dir_all(&leftover.directory)
}

fn owner(directory: &Path) -> Option<(i32, u64)> {
    let text = fs::read_to_string(directory.join(MARK)).ok()?;
    let (pid, started) = text.trim().split_once(' ')?;
    Some((pid.parse().ok()?, started.parse().ok()?))
}

/// Processes whose environment names a control page in the directory.
fn processes_of(directory: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| has_page_in(*pid, directory)).collect()
}

fn has_page_in(pid: i32, directory: &Path) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    let prefix = format!("{PAGE_VARIABLE}=");
    environment.split(|byte| *byte == 0).any(|variable| {
        let page = variable.strip_prefix(prefix.as_bytes());
        let page = page.and_then(|page| std::str::from_utf8(page).ok());
        page.is_some_and(|page| Path::new(page).starts_with(directory))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::toy;
    use std::process::Stdio;

    #[test]
    fn only_marked_directories_of_the_dead_are_found() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let make = |name: &str| {
            let path = temporary.path().join(name);
            fs::create_dir(&path).expect("it is new");
            path
        };
        let (unmarked, ours, dead, reused) = (make("a"), make("b"), make("c"), make("d"));
        mark(&ours).expect("it is writable");
        fs::write(dead.join(MARK), "2147483647 5\n").expect("it is writable");
        // The number is in use, by a process that started at another time.
        let other = format!("{} 1\n", std::process::id());
        fs::write(reused.join(MARK), other).expect("it is writable");
        let mut node = toy::command("forever", "")
            .env(PAGE_VARIABLE, dead.join("n0/shim"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the toy starts");
        let pid = node.id() as i32;
        // Its environment is its own from the exec on.
        while !has_page_in(pid, &dead) {
            std::thread::yield_now();
        }

        let found = find(temporary.path()).expect("it is readable");
        let directories: Vec<&Path> = found.iter().map(|one| one.directory.as_path()).collect();
        assert_eq!(directories, [dead.as_path(), reused.as_path()]);
        assert_eq!(found[0].processes, [pid]);
        for leftover in &found {
            remove(leftover).expect("it is removable");
        }
        assert!(!node.wait().expect("it is our child").success());
        assert!(unmarked.is_dir() && ours.is_dir() && !dead.exists() && !reused.exists());
    }
}
