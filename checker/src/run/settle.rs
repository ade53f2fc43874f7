//! After the last fault: the set must become whole and equal again by itself, in a bounded time.
//!
//! That it does is a promise too (with a majority of members up and connected, requests finish), and the
//! quiet final reads mean nothing without it.

use std::time::{Duration, Instant};

use mongodb::bson::doc;

use super::{
    admin::{Admin, Look},
    arena::Arena,
    error::RunError,
    standstill::Sleeper,
    tempo,
};
use crate::{
    checks::{Anomaly, Verdict},
    nemesis::fault::Fault,
    record::fault::FaultRecord,
};

/// Name of the check.
const NAME: &str = "settles";

/// Whoever is RECOVERING for so long, after a fault has outgrown the oplogs, is too stale for all of them: its operator asks
/// it to copy the data (a story that was given up has not).
const STALE: Duration = Duration::from_secs(10);

/// Starts every member that is down although nothing holds it down, and gives what was found.
///
/// # Errors
/// When a member cannot be started.
pub async fn crashes(arena: &Arena) -> Result<Vec<String>, RunError> {
    let mut stage = arena.lock().await;
    let mut words = Vec::new();
    stage.rig.replace_damaged()?;
    for (member, status) in stage.rig.unexpected_exits() {
        words.push(format!(
            "n{member} ended by itself ({status}), which no fault explains"
        ));
        stage.rig.restart(member)?;
    }
    Ok(words)
}

/// How the wait for a whole set ended.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Whether it became whole.
    pub verdict: Verdict,
    /// What the members said last.
    pub looks: Vec<Look>,
}

/// Waits until one member is primary, all others follow, and all have applied and committed the same.
///
/// # Errors
/// When a member that crashed cannot be started again.
pub async fn settle(
    arena: &Arena,
    admin: &Admin,
    sleeper: &Sleeper,
    crashes_before: Vec<String>,
) -> Result<Settled, RunError> {
    let began = Instant::now();
    let still_before = sleeper.total();
    let mut crashed = crashes_before;
    let mut unsettled = String::from("nobody was asked");
    let mut settled = false;
    let mut looks = Vec::new();
    let fills = |record: &FaultRecord| matches!(record.fault, Fault::FillOplog { .. });
    let mut outgrown = arena.records().await.iter().any(fills);
    while !settled && began.elapsed() < tempo::SETTLED + (sleeper.total() - still_before) {
        crashed.extend(crashes(arena).await?);
        looks = admin.look_all().await;
        match why_unsettled(&looks, admin.arbiters()) {
            None => settled = true,
            Some(words) => unsettled = words,
        }
        if outgrown && began.elapsed() > STALE {
            resync_stale(admin, &looks).await;
            outgrown = false;
        }
        tokio::time::sleep(tempo::STATUS_PERIOD).await;
    }
    let mut anomalies: Vec<Anomaly> = crashed
        .into_iter()
        .map(|words| anomaly("process-crashed", words))
        .collect();
    if !settled {
        let waited = tempo::SETTLED.as_secs();
        let words = format!("{waited} s after everything was healed the set is not whole: {unsettled}");
        anomalies.push(anomaly("not-settled", words));
    }
    if anomalies.is_empty() {
        let milliseconds = began.elapsed().as_millis();
        let summary =
            format!("whole and equal {milliseconds} ms after everything was healed; nobody crashed");
        let verdict = Verdict::valid(NAME, 0, summary);
        return Ok(Settled { verdict, looks });
    }
    let verdict = Verdict::invalid(NAME, 0, anomalies);
    Ok(Settled { verdict, looks })
}

/// Waits, as [`settle`] does, for members that have settled before and elected since; gives what they said last.
pub async fn again(admin: &Admin) -> Vec<Look> {
    let began = Instant::now();
    loop {
        let looks = admin.look_all().await;
        if why_unsettled(&looks, admin.arbiters()).is_none() || began.elapsed() >= tempo::SETTLED {
            return looks;
        }
        tokio::time::sleep(tempo::STATUS_PERIOD).await;
    }
}

async fn resync_stale(admin: &Admin, looks: &[Look]) {
    let recovering = |look: &Look| look.state.as_deref() == Some("RECOVERING");
    for (member, _) in (0..).zip(looks).filter(|(_, look)| recovering(look)) {
        // If it does not heed it, the set does not settle, and that is told.
        let database = admin.client(member).database("admin");
        let _ = database.run_command(doc! {"resync": 1}).await;
    }
}

/// Why the set is not settled; `None` when it is.
fn why_unsettled(looks: &[Look], arbiters: usize) -> Option<String> {
    let states: Vec<&str> = looks
        .iter()
        .map(|look| look.state.as_deref().unwrap_or("no answer"))
        .collect();
    let count = |wanted: &str| states.iter().filter(|state| **state == wanted).count();
    if count("PRIMARY") != 1 || count("SECONDARY") != looks.len() - 1 - arbiters {
        return Some(format!("the members are {}", states.join(", ")));
    }
    if count("ARBITER") != arbiters {
        return Some(format!("the members are {}", states.join(", ")));
    }
    let newest = looks[0].applied;
    for (member, look) in looks.iter().enumerate().take(looks.len() - arbiters) {
        for (what, optime) in [("applied", look.applied), ("committed", look.commit)] {
            if optime.is_none() || optime != newest {
                let place = optime.map_or("nothing".to_owned(), |optime| optime.to_string());
                let newest = newest.map_or("nothing".to_owned(), |optime| optime.to_string());
                return Some(format!(
                    "n{member} has {what} {place}, while n0 has applied {newest}"
                ));
            }
        }
    }
    None
}

fn anomaly(kind: &str, words: String) -> Anomaly {
    Anomaly {
        kind: kind.to_owned(),
        key: None,
        words,
        operations: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::status::OptimeRecord;

    #[test]
    fn settled_means_one_primary_and_equal_optimes_everywhere() {
        let settled = [
            look("SECONDARY", 5, 5),
            look("PRIMARY", 5, 5),
            look("SECONDARY", 5, 5),
        ];
        assert_eq!(why_unsettled(&settled, 0), None);
        let unsettled = [
            (
                [look("SECONDARY", 5, 5), look("SECONDARY", 5, 5)],
                "the members are",
            ),
            ([look("PRIMARY", 5, 5), look("ROLLBACK", 5, 5)], "ROLLBACK"),
            ([look("PRIMARY", 5, 5), look("SECONDARY", 4, 4)], "n1 has applied"),
            (
                [look("PRIMARY", 5, 5), look("SECONDARY", 5, 4)],
                "n1 has committed",
            ),
            ([look("PRIMARY", 5, 5), Look::default()], "no answer"),
        ];
        for (looks, words) in unsettled {
            let why = why_unsettled(&looks, 0).expect("it is not settled");
            assert!(why.contains(words), "{why}");
        }
    }

    fn look(state: &str, applied: u32, commit: u32) -> Look {
        let optime = |increment| {
            Some(OptimeRecord {
                term: 1,
                seconds: 1,
                increment,
            })
        };
        Look {
            state: Some(state.to_owned()),
            term: Some(1),
            commit: optime(commit),
            applied: optime(applied),
        }
    }
}
