//! What the kernel says about a process: `/proc/PID`, never assumptions.

use std::fs;

/// A process at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcState {
    /// Running, or waiting for something.
    Alive,
    /// Every thread is stopped by a signal.
    Stopped,
    /// It has ended and waits to be reaped, or there is no such process.
    Gone,
}

/// State of the process `pid`.
pub fn state(pid: i32) -> ProcState {
    match letter(&format!("/proc/{pid}/stat")) {
        None | Some('Z' | 'X') => return ProcState::Gone,
        Some(_) => {}
    }
    // A stop reaches the threads one by one: the process is stopped when the last one is.
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return ProcState::Gone;
    };
    let stopped = threads.flatten().all(|thread| {
        let file = thread.path().join("stat");
        // A thread that ended meanwhile runs no more either.
        file.to_str()
            .and_then(letter)
            .is_none_or(|letter| matches!(letter, 'T' | 't' | 'Z' | 'X'))
    });
    if stopped {
        ProcState::Stopped
    } else {
        ProcState::Alive
    }
}

/// Processor time used so far, in clock ticks (10 ms); 0 if there is no such process.
pub fn cpu_ticks(pid: i32) -> u64 {
    let Ok(line) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return 0;
    };
    // Fields 14 and 15 of proc(5), counted after the name, which may itself hold spaces and parentheses.
    let fields = after_name(&line).unwrap_or_default().split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum()
}

/// When it started, in clock ticks since the machine did; with its number it names a process for ever.
pub fn start_ticks(pid: i32) -> Option<u64> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Field 22 of proc(5).
    after_name(&line)?.split_whitespace().nth(19)?.parse().ok()
}

fn letter(file: &str) -> Option<char> {
    let line = fs::read_to_string(file).ok()?;
    after_name(&line)?.trim_start().chars().next()
}

fn after_name(line: &str) -> Option<&str> {
    line.rsplit_once(')').map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_alive_and_nobody_is_not() {
        assert_eq!(state(std::process::id() as i32), ProcState::Alive);
        assert_eq!(state(i32::MAX), ProcState::Gone);
        assert_eq!(cpu_ticks(i32::MAX), 0);
        assert!(start_ticks(std::process::id() as i32).is_some_and(|ticks| ticks > 0));
        assert_eq!(start_ticks(i32::MAX), None);
    }
}
