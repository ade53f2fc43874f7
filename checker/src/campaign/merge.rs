//! One answer of all results.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::CampaignError,
    known::{KnownIssues, Standing},
    outcome::{Outcome, SeedResult},
    results::Results,
    runner::Campaign,
};
use crate::record::exit::Exit;

/// How many examples of a signature are kept: the shortest runs.
const EXAMPLES_LIMIT: usize = 3;

/// A campaign, merged.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Every result, by number.
    pub results: Vec<SeedResult>,
    /// Numbers that have no result. A silent hole is not green.
    pub missing: Vec<u64>,
    /// Each anomaly once; canaries left out.
    pub signatures: Vec<SignatureGroup>,
    /// How many canaries there were, and how many were found.
    pub canaries: (u64, u64),
}

/// All runs with the same anomaly.
#[derive(Clone, Debug)]
pub struct SignatureGroup {
    /// Its stable name.
    pub signature: String,
    /// New, known, or no longer excused.
    pub standing: Standing,
    /// In how many runs it was seen.
    pub runs: u64,
    /// Numbers of the shortest of them.
    pub examples: Vec<u64>,
}

/// Reads all results of the campaign. `today` (`2026-11-21`) decides which excuses hold.
pub fn merge(
    campaign: &Campaign,
    results: &Results,
    known: &KnownIssues,
    today: &str,
) -> Result<Merged, CampaignError> {
    let fingerprint = campaign.plan.fingerprint(&campaign.base);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for number in 0..campaign.seeds {
        match results.read(number) {
            None => missing.push(number),
            Some(result) if result.campaign != fingerprint => {
                let path = results.seed(number);
                return Err(CampaignError::Mixed {
                    path,
                    found: result.campaign,
                    wanted: fingerprint,
                });
            }
            Some(result) => found.push(result),
        }
    }
    let canaries: Vec<&SeedResult> = found.iter().filter(|result| result.canary).collect();
    let caught = canaries
        .iter()
        .filter(|result| result.result.outcome == Outcome::Violation)
        .count() as u64;
    let canaries = (canaries.len() as u64, caught);
    let signatures = group(&found, known, today);
    Ok(Merged {
        results: found,
        missing,
        signatures,
        canaries,
    })
}

impl Merged {
    /// The campaign's verdict. In this order:
    ///
    /// 1. a new (or no longer excused) anomaly is a violation;
    /// 2. canaries of which none was found: the tester was blind, the night is invalid;
    /// 3. missing seeds, or seeds that ended in an error: incomplete;
    /// 4. any invalid run, then any unknown one;
    /// 5. otherwise a pass, known issues included.
    pub fn exit(&self) -> Exit {
        let excused = |signature: &str| {
            let group = self.signatures.iter().find(|group| group.signature == signature);
            group.is_some_and(|group| matches!(group.standing, Standing::Known(_)))
        };
        let honest: Vec<&SeedResult> = self.results.iter().filter(|result| !result.canary).collect();
        let new = honest.iter().any(|result| {
            // A violation without a signature can be excused by nobody.
            let signatures = &result.result.signatures;
            result.result.outcome == Outcome::Violation
                && (signatures.is_empty() || !signatures.iter().all(|signature| excused(signature)))
        });
        let any = |outcome| honest.iter().any(|result| result.result.outcome == outcome);
        let error = self
            .results
            .iter()
            .any(|result| result.result.outcome == Outcome::Error);
        if new {
            Exit::Violation
        } else if self.canaries.0 > 0 && self.canaries.1 == 0 {
            Exit::Invalid
        } else if error || !self.missing.is_empty() {
            Exit::Incomplete
        } else if any(Outcome::Invalid) {
            Exit::Invalid
        } else if any(Outcome::Unknown) {
            Exit::Unknown
        } else {
            Exit::Pass
        }
    }

    /// The set of verdicts as text, a line each: equal for every number of shards and every order.
    pub fn verdicts(&self) -> String {
        let line = |result: &SeedResult| {
            let signatures: BTreeSet<&str> = result.result.signatures.iter().map(String::as_str).collect();
            let signatures: Vec<&str> = signatures.into_iter().collect();
            format!(
                "{} {} {} {}\n",
                result.number,
                result.seed,
                result.result.outcome.word(),
                signatures.join(" ")
            )
        };
        let missing = self.missing.iter().map(|number| format!("{number} missing\n"));
        self.results.iter().map(line).chain(missing).collect()
    }
}

fn group(results: &[SeedResult], known: &KnownIssues, today: &str) -> Vec<SignatureGroup> {
    let mut by_signature: BTreeMap<&str, Vec<&SeedResult>> = BTreeMap::new();
    for result in results.iter().filter(|result| !result.canary) {
        let signatures: BTreeSet<&String> = result.result.signatures.iter().collect();
        for signature in signatures {
            by_signature.entry(signature).or_default().push(result);
        }
    }
    let mut groups: Vec<SignatureGroup> = by_signature
        .into_iter()
        .map(|(signature, mut results)| {
            results
                .sort_by_key(|result| (result.result.duration_ms, result.result.operations, result.number));
            SignatureGroup {
                signature: signature.to_owned(),
                standing: known.standing(signature, today),
                runs: results.len() as u64,
                examples: results
                    .iter()
                    .take(EXAMPLES_LIMIT)
                    .map(|result| result.number)
                    .collect(),
            }
        })
        .collect();
    groups.sort_by_key(|group| {
        (
            matches!(group.standing, Standing::Known(_)),
            std::cmp::Reverse(group.runs),
        )
    });
    groups
}
