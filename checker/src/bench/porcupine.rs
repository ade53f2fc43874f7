//! Porcupine itself as a peer: the history as a file, judged by the program under `porcupine/` (to be built with Go
//! by whoever wants the comparison).

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::meter::Measured;
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

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Judges the keys by the program; out of time or memory is `Unknown`.
///
/// # Errors
/// When it cannot be started, or says what the bench does not understand.
pub(super) fn by_porcupine(
    program: &Path,
    keys: &[Vec<Timed<Effect>>],
    time: Duration,
    memory_bytes: usize,
) -> std::io::Result<Measured> {
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), lines(keys))?;
    let program = if program.components().count() == 1 {
        PathBuf::from(".").join(program)
    } else {
        program.to_owned()
    };
    // Address space stands for memory: Go reserves little more than it uses.
    let limited = format!("ulimit -v {} && exec \"$0\" \"$@\"", memory_bytes / 1024);
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(limited)
        .arg(program)
        .arg(file.path())
        .arg(time.as_secs_f64().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let began = Instant::now();
    let gave_up = Measured {
        cpu_seconds: time.as_secs_f64(),
        peak_bytes: None,
        validity: Validity::Unknown,
    };
    while child.try_wait()?.is_none() {
        if began.elapsed() > PATIENCE * time + GRACE {
            child.kill()?;
            child.wait()?;
            return Ok(gave_up);
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
    // A Go program that ran out of memory dies without a word.
    Ok(parse(&String::from_utf8_lossy(&output.stdout)).unwrap_or(gave_up))
}

/// `key call return kind first second` a line.
fn lines(keys: &[Vec<Timed<Effect>>]) -> String {
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

fn parse(output: &str) -> Option<Measured> {
    let [word, cpu_seconds, peak_bytes] = output.split_whitespace().collect::<Vec<_>>()[..] else {
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
        assert_eq!(lines(&[Vec::new(), key]), "1 1 4 c 0 7\n1 2 -1 w 3 0\n");
        let answer = parse("invalid 0.25 4096\n").expect("an answer");
        assert_eq!(
            (answer.validity, answer.peak_bytes),
            (Validity::Invalid, Some(4096))
        );
        assert_eq!(parse("fatal error: out of memory"), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_and_one_that_dies_gave_up() {
        let time = Duration::from_secs(1);
        let judge = |program: &str| by_porcupine(Path::new(program), &[], time, 1 << 30);
        assert!(judge("/no/such/program").is_err());
        assert_eq!(
            judge("/bin/false").map(|answer| answer.validity).ok(),
            Some(Validity::Unknown)
        );
    }
}
