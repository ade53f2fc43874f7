//! What servers cost: processor time and memory of their processes, children included.

use std::{collections::BTreeMap, fs};

/// Clock ticks of `/proc/PID/stat` a second, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A moment's account of some processes and all that descend from them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time so far, of those that have ended, too.
    pub cpu_seconds: f64,
    /// Memory in MB, what is shared counted by its share.
    pub memory_mb: f64,
}

impl Usage {
    /// Looks at `/proc`. Who is gone meanwhile does not count.
    #[must_use]
    pub fn of(roots: &[i32]) -> Self {
        let processes: BTreeMap<i32, Process> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| {
                Some((
                    pid,
                    Process::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?,
                ))
            })
            .collect();
        let descends = |mut pid: i32| {
            // Numbers may be given out anew while the table is read: no chain is longer than the table.
            for _ in 0..processes.len() {
                if roots.contains(&pid) {
                    return true;
                }
                match processes.get(&pid) {
                    Some(process) => pid = process.parent,
                    None => return false,
                }
            }
            false
        };
        let mut usage = Self::default();
        for (pid, process) in processes.iter().filter(|(pid, _)| descends(**pid)) {
            usage.cpu_seconds += process.ticks as f64 / TICKS_PER_SECOND;
            usage.memory_mb += memory_kb(*pid).unwrap_or(0) as f64 / 1024.0;
        }
        usage
    }
}

struct Process {
    parent: i32,
    /// Its own and that of children it has waited for.
    ticks: u64,
}

impl Process {
    /// Reads a line of `/proc/PID/stat`; the name in brackets may hold anything.
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            ticks: number(11)? + number(12)? + number(13)? + number(14)?,
        })
    }
}

fn memory_kb(pid: i32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_behind_the_last_bracket() {
        let line = "12 (a) b) S 7 1 1 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        let process = Process::read(line).expect("it is one");
        assert_eq!((process.parent, process.ticks), (7, 100));
        assert!(Process::read("12 (cut").is_none());
    }

    #[test]
    fn this_process_has_memory_and_its_children_count() {
        let me = i32::try_from(std::process::id()).expect("a number of a process");
        let alone = Usage::of(&[me]);
        assert!(alone.memory_mb > 0.1, "{alone:?}");
        assert!(alone.cpu_seconds >= 0.0);
        assert_eq!(Usage::of(&[]), Usage::default());
    }
}
