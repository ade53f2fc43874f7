//! Members wait unequally long before they stand.

use std::{fs, time::Duration};

use bson::doc;
use serde_json::Value;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Plan, Stage, StageError, within},
};

pub(super) const PROBE: Probe = Probe {
    name: "elections-are-spread",
    promise: "election time-outs are spread by chance, so that not all stand at once again and again (R-24)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Time-outs that are looked at.
const WAITS: usize = 9;
/// How long they may take to come.
const LIMIT: Duration = Duration::from_secs(40);
/// Half of all time-outs lie farther from the middle one than this: by chance alone they are spread over 150 ms, so that
/// less comes once in thousands; a timer without chance is late by a few milliseconds at most.
const SPREAD_MIN_MS: u64 = 8;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let plan = Plan {
        settings: doc! { "electionTimeoutMillis": 1_000_i64 },
        ..Plan::default()
    };
    let mut stage = Stage::start(ground, plan).await?;
    let leader = stage.leader().await?;
    let lonely = stage.others(&[leader])[0];
    let trace = stage.seat(lonely).trace();
    let cut = stage.cut_off(&[lonely]).await?;
    let seen = within(LIMIT, async || {
        let text = fs::read_to_string(&trace).ok()?;
        let waits = waits(&text);
        (waits.len() >= WAITS).then_some(waits)
    })
    .await;
    stage.heal(cut).await;
    let mut waits = seen.ok_or_else(|| StageError::Late {
        what: "a lonely member that stands again and again".to_owned(),
    })?;
    // The first ones were armed while the primary was still heard.
    let mut last = waits.split_off(waits.len() - (WAITS - 1));
    let shown = format!("{last:?} ms");
    let middle = median(&mut last);
    let mut distances: Vec<u64> = last.iter().map(|wait| wait.abs_diff(middle)).collect();
    let spread = median(&mut distances);
    let broken =
        (spread < SPREAD_MIN_MS).then(|| format!("n{lonely} stood after {shown}: always equally long"));
    Ok(Finding::unless(broken, &format!("waits of {shown}")))
}

/// How long each election timer ran that ended, by the member's own trace of its steps.
fn waits(trace: &str) -> Vec<u64> {
    let mut armed_ms = None;
    let mut waits = Vec::new();
    for line in trace.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let at_ms = line["at_ms"].as_u64().unwrap_or(0);
        if line["input"]["Timer"] == "Election"
            && let Some(armed_ms) = armed_ms.take()
        {
            waits.push(at_ms.saturating_sub(armed_ms));
        }
        let outputs = line["outputs"].as_array().into_iter().flatten();
        if outputs.into_iter().any(|output| output["SetTimer"] == "Election") {
            armed_ms = Some(at_ms);
        }
    }
    waits
}

fn median(numbers: &mut [u64]) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_runs_from_the_last_arming_to_the_end() {
        let trace = r#"{"at_ms":5,"input":"Start","outputs":[{"SetTimer":"Election"}]}
{"at_ms":50,"input":"x","outputs":[{"SetTimer":"Election"}]}
{"at_ms":170,"input":{"Timer":"Election"},"outputs":[{"SetTimer":"Election"}]}
{"at_ms":400,"input":{"Timer":"Election"},"outputs":[]}
"#;
        assert_eq!(waits(trace), [120, 230]);
    }
}
