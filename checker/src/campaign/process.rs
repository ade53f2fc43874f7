//! One run of a campaign as a process of its own: what kills it (the kernel's memory killer, a bug) ends one run
//! and not the shard.

use std::{
    fs, io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    outcome::{Outcome, RunOutcome},
    plan::Task,
};
use crate::record::{
    directory::{RunDirectory, RunFile},
    exit::Exit,
    run::RunRecord,
    verdict::{Overall, VerdictRecord},
};

/// How long a run that was told to stop may take to leave before it is killed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs `program --quiet run <arguments> --seed <seed> --results <directory>` and reads what it left. When `stop` turns
/// true the run is told to stop (SIGTERM), and killed when it does not.
///
/// The exit code and the stored verdict must agree; otherwise the run is an error. So is an exit code that is
/// no verdict.
pub fn run(program: &Path, task: &Task<'_>, directory: &Path, stop: &dyn Fn() -> bool) -> RunOutcome {
    let started = Instant::now();
    if let Err(error) = fs::create_dir_all(directory) {
        return failed(format!("{}: {error}", directory.display()), 0);
    }
    let mut command = Command::new(program);
    command.args(["--quiet", "run"]).args(&task.scenario.arguments);
    command
        .args(["--seed", &task.seed.to_string(), "--results"])
        .arg(directory);
    if !task.redraws.is_empty() {
        command.args(["--redraw", &task.redraws.to_string()]);
    }
    // Its last words are in its verdict; on the shard's output they would mix with the shard's own.
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.spawn().and_then(|mut child| wait(&mut child, stop));
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match status {
        Ok(status) => read(directory, status, elapsed_ms),
        Err(error) => failed(format!("{}: {error}", program.display()), elapsed_ms),
    }
}

fn wait(child: &mut Child, stop: &dyn Fn() -> bool) -> io::Result<ExitStatus> {
    let mut told: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        match told {
            None if stop() => {
                told = Some(Instant::now());
                // It is our child and was not waited for, so the number is still its own.
                if let Ok(id) = i32::try_from(child.id()) {
                    let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
                }
            }
            Some(since) if since.elapsed() > PATIENCE => child.kill()?,
            _ => {}
        }
        std::thread::sleep(LOOK);
    }
}

fn read(directory: &Path, status: ExitStatus, elapsed_ms: u64) -> RunOutcome {
    let Some(said) = overall(status) else {
        return failed(told(status), elapsed_ms);
    };
    let Some(newest) = newest_run(directory) else {
        return failed(format!("{} and left no run", told(status)), elapsed_ms);
    };
    let name = newest
        .root()
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let mut notes = Vec::new();
    let run: Option<RunRecord> = newest.read(RunFile::Run, &mut notes);
    let verdict: Option<VerdictRecord> = newest.read(RunFile::Verdict, &mut notes);
    match (run, verdict) {
        (Some(run), Some(verdict)) if verdict.overall == said => RunOutcome {
            outcome: verdict.overall.into(),
            cause: verdict.cause,
            signatures: verdict.signatures,
            operations: run.counts().total(),
            duration_ms: elapsed_ms,
            run: name,
            repeat: run.commands.repeat,
        },
        (Some(_), Some(verdict)) => RunOutcome {
            run: name,
            ..failed(
                format!("{} but its verdict is {}", told(status), verdict.overall.word()),
                elapsed_ms,
            )
        },
        _ => RunOutcome {
            run: name,
            ..failed(format!("{} and {}", told(status), notes.join("; ")), elapsed_ms)
        },
    }
}

fn overall(status: ExitStatus) -> Option<Overall> {
    let code = status.code()?;
    [
        Overall::Pass,
        Overall::Violation,
        Overall::Unknown,
        Overall::Invalid,
    ]
    .into_iter()
    .find(|overall| i32::from(Exit::from(*overall).code()) == code)
}

fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("the run ended with exit code {code}"),
        (None, Some(signal)) => format!("the run was killed by signal {signal}"),
        (None, None) => "the run ended in no known way".to_owned(),
    }
}

/// Names of runs begin with their time.
fn newest_run(directory: &Path) -> Option<RunDirectory> {
    let entries = fs::read_dir(directory).ok()?.flatten();
    let runs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let runs = runs
        .map(|entry| entry.path())
        .filter(|path| path.join(RunFile::Run.name()).is_file());
    RunDirectory::open(runs.max()?).ok()
}

fn failed(cause: String, duration_ms: u64) -> RunOutcome {
    RunOutcome {
        outcome: Outcome::Error,
        cause,
        signatures: Vec::new(),
        operations: 0,
        duration_ms,
        run: None,
        repeat: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::plan::Scenario;

    fn play(script: &str) -> RunOutcome {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("checker");
        fs::write(
            &program,
            format!("#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\n{script}\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let scenario = Scenario {
            name: "x".to_owned(),
            weight: 1,
            canary: false,
            arguments: Vec::new(),
        };
        run(
            &program,
            &Task {
                number: 3,
                seed: 77,
                redraws: Default::default(),
                scenario: &scenario,
            },
            &directory.path().join("seed"),
            &|| false,
        )
    }

    #[test]
    fn what_is_no_verdict_is_an_error() {
        for (script, cause) in [
            ("exit 0", "exit code 0 and left no run"),
            ("exit 70", "exit code 70"),
            ("kill -9 $$", "killed by signal 9"),
            (
                "mkdir -p $1/a && echo '{' > $1/a/run.json",
                "run.json cannot be read",
            ),
        ] {
            let outcome = play(script);
            assert_eq!(outcome.outcome, Outcome::Error);
            assert!(outcome.cause.contains(cause), "{}", outcome.cause);
        }
    }
}
