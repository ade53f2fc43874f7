//! The last lines of a subcommand that judged: the verdict, and where to look.

use serde_json::json;

use crate::{
    console::{Console, Paint},
    record::verdict::{Overall, VerdictRecord},
    run::live::Outcome,
};

/// Of a stored history.
pub(super) fn verdict(verdict: &VerdictRecord, console: &Console) {
    console.result(|| text(verdict, console), || json!(verdict));
}

/// Of a run.
pub(super) fn outcome(outcome: &Outcome, console: &Console) {
    let (run, verdict) = (&outcome.run, &outcome.verdict);
    let counts = run.counts();
    let lines = || {
        format!(
            "{verdict}operations: {ok} ok, {fail} fail, {info} info\nreport:  {report}\nrepeat:  {repeat}\nrecheck: {recheck}",
            verdict = text(verdict, console),
            ok = counts.ok,
            fail = counts.fail,
            info = counts.info,
            report = outcome.report.display(),
            repeat = run.commands.repeat,
            recheck = run.commands.recheck,
        )
    };
    let value = || {
        json!({
            "verdict": verdict.overall,
            "cause": verdict.cause,
            "signatures": verdict.signatures,
            "seed": run.seed.to_string(),
            "operations": counts,
            "directory": outcome.directory,
            "report": outcome.report,
            "repeat": run.commands.repeat,
            "recheck": run.commands.recheck,
        })
    };
    console.result(lines, value);
}

/// The word, its cause, and each check's own sentence.
fn text(verdict: &VerdictRecord, console: &Console) -> String {
    let paint = match verdict.overall {
        Overall::Pass => Paint::Green,
        Overall::Violation => Paint::Red,
        Overall::Unknown | Overall::Invalid => Paint::Yellow,
    };
    let word = console.painted(paint, verdict.overall.word());
    let mut lines = format!("{word}: {}\n", verdict.cause);
    for check in &verdict.checks {
        let validity = format!("{:?}", check.validity).to_lowercase();
        lines += &format!("  {:<16} {validity:<8} {}\n", check.check, check.summary);
    }
    lines
}
