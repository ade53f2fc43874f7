//! Peers in a process of their own: the history as a file, judged by a program. Porcupine's is under `porcupine/` (to be
//! built with Go by whoever wants the comparison), Stateright's is this one, which can't interrupt it either.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};

use super::{history::Limits, meter::Measured};
use crate::{
    checks::{
        Validity,
        linearizable::{Effect, Timed},
    },
    history::Op,
};

/// How long the harness may take in all, where it gets little of the processors: a factor, and time to read.
const PATIENCE: u32 = 20;
/// See [`PATIENCE`].
const GRACE: Duration = Duration::from_secs(60);

/// CPU seconds beyond the limit after which the system stops it: reading the history is not counted.
const LATER_SECONDS: u64 = 10;

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Judges the keys by Porcupine, if its harness was built.
///
/// # Errors
/// When it cannot be started, or says what the bench does not understand.
pub(super) fn by_porcupine(
    keys: &[Vec<Timed<Effect>>],
    limits: &Limits,
) -> std::io::Result<Option<Measured>> {
    let Some(program) = &limits.porcupine else {
        return Ok(None);
    };
    let program = if program.components().count() == 1 {
        PathBuf::from(".").join(program)
    } else {
        program.clone()
    };
    by_program(Command::new(program), &lines(keys), limits).map(Some)
}

/// Judges the keys by Stateright's tester, if it was asked for.
///
/// # Errors
/// When this program cannot be started.
pub(super) fn by_stateright(
    keys: &[Vec<Timed<Effect>>],
    limits: &Limits,
) -> std::io::Result<Option<Measured>> {
    let Some(program) = &limits.stateright else {
        return Ok(None);
    };
    let mut command = Command::new(program);
    command.args(["bench", "stateright-peer"]);
    by_program(command, &lines(keys), limits).map(Some)
}

/// Judges a history by a program; out of time or memory is `Unknown`, with the CPU time that it had taken by then.
pub(super) fn by_program(program: Command, history: &str, limits: &Limits) -> std::io::Result<Measured> {
    let (time, memory_bytes) = (limits.time, limits.memory_bytes);
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), history)?;
    // Address space stands for memory (Go reserves little more than it uses); what cannot stop by itself is stopped by the
    // system, some time later.
    let kibibytes = memory_bytes / 1024;
    let seconds = time.as_secs() + LATER_SECONDS;
    let before = children_seconds();
    let limited = format!("ulimit -v {kibibytes} && ulimit -t {seconds} && exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(limited)
        .arg(program.get_program())
        .args(program.get_args())
        .arg(file.path())
        .arg(time.as_secs_f64().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let began = Instant::now();
    while child.try_wait()?.is_none() {
        if began.elapsed() > PATIENCE * time + GRACE {
            child.kill()?;
            break;
        }
        std::thread::sleep(LOOK);
    }
    let output = child.wait_with_output()?;
    if !output.status.success() && matches!(output.status.code(), Some(64 | 65 | 126 | 127)) {
        return Err(std::io::Error::other(format!(
            "the harness ended with {}",
            output.status
        )));
    }
    // A Go program that ran out of memory dies without a verdict, and so does whoever was stopped: the system knows what it
    // had taken by then.
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(parse(&said).unwrap_or_else(|| Measured {
        cpu_seconds: (children_seconds() - before - reading(&said)).max(0.0),
        peak_bytes: None,
        validity: Validity::Unknown,
    }))
}

/// CPU seconds of all programs started here that have ended and were waited for. (One is started at a time.)
fn children_seconds() -> f64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0.0, |usage| {
        let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds(usage.user_time()) + seconds(usage.system_time())
    })
}

/// What it said that reading the history had taken; 0 when it did not say.
fn reading(output: &str) -> f64 {
    let said = output.lines().find_map(|line| line.strip_prefix("reading "));
    said.and_then(|seconds| seconds.trim().parse().ok())
        .unwrap_or(0.0)
}

/// `key call return kind first second` a line.
pub(super) fn lines(keys: &[Vec<Timed<Effect>>]) -> String {
    let mut text = String::new();
    for (key, ops) in keys.iter().enumerate() {
        for op in ops {
            let (kind, first, second) = match op.effect {
                Effect::Read(value) => ('r', value, 0),
                Effect::Differs(value) => ('d', value, 0),
                Effect::Write(value) => ('w', value, 0),
                Effect::Cas(expect, value) => ('c', expect, value),
            };
            let returned = if op.returned == Op::NEVER {
                -1
            } else {
                i64::from(op.returned)
            };
            writeln!(text, "{key} {} {returned} {kind} {first} {second}", op.call)
                .expect("a string takes every text");
        }
    }
    text
}

/// The operations of such a file, key by key.
///
/// # Errors
/// When it cannot be read, or is not what [`lines`] writes.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<Vec<Timed<Effect>>>> {
    let mut keys: Vec<Vec<Timed<Effect>>> = Vec::new();
    let text = fs::read_to_string(path)?;
    let keys_max = text.lines().count();
    for line in text.lines() {
        let (key, op) = operation(line)
            .filter(|(key, _)| *key <= keys_max)
            .ok_or_else(|| std::io::Error::other(format!("{line}: no operation of a bench")))?;
        if keys.len() <= key {
            keys.resize_with(key + 1, Vec::new);
        }
        keys[key].push(op);
    }
    Ok(keys)
}

fn operation(line: &str) -> Option<(usize, Timed<Effect>)> {
    let words: Vec<&str> = line.split(' ').collect();
    let [key, call, returned, kind, first, second] = words[..] else {
        return None;
    };
    let (first, second) = (first.parse().ok()?, second.parse().ok()?);
    let effect = match kind {
        "r" => Effect::Read(first),
        "d" => Effect::Differs(first),
        "w" => Effect::Write(first),
        "c" => Effect::Cas(first, second),
        _ => return None,
    };
    let returned = if returned == "-1" {
        Op::NEVER
    } else {
        returned.parse().ok()?
    };
    let call = call.parse().ok()?;
    let key = key.parse().ok()?;
    Some((
        key,
        Timed {
            call,
            returned,
            effect,
        },
    ))
}

fn parse(output: &str) -> Option<Measured> {
    let answer = output.lines().last()?;
    let [word, cpu_seconds, peak_bytes] = answer.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Measured {
        cpu_seconds: cpu_seconds.parse().ok()?,
        peak_bytes: peak_bytes.parse().ok(),
        validity: match word {
            "valid" => Validity::Valid,
            "invalid" => Validity::Invalid,
            "unknown" => Validity::Unknown,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_written_and_an_answer_is_read() {
        let op = |call, returned, effect| Timed {
            call,
            returned,
            effect,
        };
        let key = vec![op(1, 4, Effect::Cas(0, 7)), op(2, Op::NEVER, Effect::Write(3))];
        let text = lines(&[Vec::new(), key.clone()]);
        assert_eq!(text, "1 1 4 c 0 7\n1 2 -1 w 3 0\n");
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        assert_eq!(read(file.path()).expect("read"), [Vec::new(), key]);
        let answer = parse("invalid 0.25 4096\n").expect("an answer");
        assert_eq!(
            (answer.validity, answer.peak_bytes),
            (Validity::Invalid, Some(4096))
        );
        assert_eq!(parse("fatal error: out of memory"), None);
        assert_eq!(
            parse("reading 0.5\nvalid 1 2\n").map(|answer| answer.cpu_seconds),
            Some(1.0)
        );
        assert!((reading("reading 0.5\n") - 0.5).abs() < 1e-9);
    }

    /// It computes for a while, and ends without a verdict: its CPU time is told all the same, without that of reading.
    #[test]
    fn what_a_program_took_that_died_is_told() {
        let limits = Limits::default();
        let judge = |script: &str| {
            let mut program = Command::new("sh");
            program.args(["-c", script]);
            by_program(program, "", &limits).expect("started")
        };
        const BUSY: &str = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let died = judge(&format!("{BUSY}; kill -9 $$"));
        assert_eq!(died.validity, Validity::Unknown);
        assert!(died.cpu_seconds > 0.005, "{died:?}");
        let read = judge(&format!("{BUSY}; echo reading 1000; kill -9 $$"));
        assert!(read.cpu_seconds < 0.001, "{read:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_and_one_that_dies_gave_up() {
        let judge = |program: &str| {
            let limits = Limits {
                time: Duration::from_secs(1),
                memory_bytes: 1 << 30,
                ..Limits::default()
            };
            by_program(Command::new(program), "", &limits)
        };
        assert!(judge("/no/such/program").is_err());
        assert_eq!(
            judge("/bin/false").map(|answer| answer.validity).ok(),
            Some(Validity::Unknown)
        );
    }
}
