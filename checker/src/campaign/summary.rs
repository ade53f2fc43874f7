//! A merged campaign for people and for other tools.

use super::{
    known::Standing,
    merge::{Merged, SignatureGroup},
    runner::Campaign,
};
use crate::{
    record::standing::{StandingRecord, StandingWord},
    report::export::case::Case,
};

/// Every result, and every missing seed, as a case for JUnit and GitHub. A canary that was found is a pass there,
/// one that was not is an error.
pub fn cases(campaign: &Campaign, merged: &Merged) -> Vec<Case> {
    use crate::record::verdict::Overall;
    let done = merged.results.iter().map(|result| {
        let outcome = result.result.outcome.overall();
        let found = outcome == Some(Overall::Violation);
        let (overall, cause) = match (result.canary, found) {
            (true, true) => (
                Some(Overall::Pass),
                format!("the canary was found: {}", result.result.cause),
            ),
            (true, false) => (
                Some(Overall::Invalid),
                format!("the canary was not found: {}", result.result.cause),
            ),
            (false, _) => (outcome, result.result.cause.clone()),
        };
        Case {
            class: format!("checker.{}", result.scenario),
            name: format!("seed {} (number {})", result.seed, result.number),
            overall,
            cause,
            signatures: if result.canary {
                Vec::new()
            } else {
                result.result.signatures.clone()
            },
            repeat: result.result.repeat.clone(),
            duration_ms: result.result.duration_ms,
            seed: result.seed,
        }
    });
    let missing = merged.missing.iter().map(|number| {
        let task = campaign.plan.task(&campaign.base, *number);
        Case {
            class: format!("checker.{}", task.scenario.name),
            name: format!("seed {} (number {number})", task.seed),
            overall: None,
            cause: "never run: its shard was lost or ran out of its budget".to_owned(),
            signatures: Vec::new(),
            repeat: String::new(),
            duration_ms: 0,
            seed: task.seed,
        }
    });
    done.chain(missing).collect()
}

/// A few lines for the terminal.
pub fn words(campaign: &Campaign, merged: &Merged) -> String {
    let mut text = format!(
        "campaign {}: {} of {} runs done\n",
        campaign.plan.name,
        merged.results.len(),
        campaign.seeds
    );
    for group in &merged.signatures {
        text.push_str(&line(group, merged));
    }
    if merged.canaries.0 > 0 {
        text.push_str(&format!(
            "canaries: {} of {} found\n",
            merged.canaries.1, merged.canaries.0
        ));
    }
    for result in merged
        .results
        .iter()
        .filter(|result| !result.proved_nothing.is_empty())
    {
        text.push_str(&format!(
            "run {} proved nothing at first ({}), then: {}\n",
            result.number,
            result.proved_nothing.join("; "),
            result.result.outcome.word()
        ));
    }
    if !merged.missing.is_empty() {
        let first: Vec<String> = merged.missing.iter().take(10).map(u64::to_string).collect();
        text.push_str(&format!(
            "missing: {} runs, first {}\n",
            merged.missing.len(),
            first.join(", ")
        ));
    }
    text
}

/// How each signature stands to the list of known issues, for the page over all runs.
pub fn standings(merged: &Merged) -> Vec<StandingRecord> {
    let record = |group: &SignatureGroup| {
        let (standing, issue) = match &group.standing {
            Standing::New => (StandingWord::New, String::new()),
            Standing::Known(issue) => (StandingWord::Known, issue.issue.clone()),
            Standing::Expired(issue) => (StandingWord::Expired, issue.issue.clone()),
        };
        StandingRecord {
            signature: group.signature.clone(),
            standing,
            issue,
        }
    };
    merged.signatures.iter().map(record).collect()
}

fn line(group: &SignatureGroup, merged: &Merged) -> String {
    let standing = match &group.standing {
        Standing::New => "new".to_owned(),
        Standing::Known(issue) => format!("known, {}", issue.issue),
        Standing::Expired(issue) => format!("was known until {}, {}", issue.until, issue.issue),
    };
    let example = merged
        .results
        .iter()
        .find(|result| group.examples.first() == Some(&result.number));
    let rate = example.and_then(|example| example.reproduction);
    let rate = rate.map_or_else(String::new, |rate| {
        format!(", came back in {} of {}", rate.seen, rate.of)
    });
    let repeat = example.map_or("", |example| example.result.repeat.as_str());
    format!(
        "{} ({standing}): {} runs{rate}\n    {repeat}\n",
        group.signature, group.runs
    )
}
