//! A machine that stands still is nobody's fault, and the record says that it did.

use std::{fs, process::Command, time::Duration};

use checker::{checks::Validity, run::interrupt::Interrupter};

use crate::{MACHINE, first_fault, live};

/// Longer than any set may take to recover.
const STANDSTILL: Duration = Duration::from_secs(13);

/// The whole run is stopped at once, the checker with its members, as a machine without time for them does it.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_stands_still_accuses_nobody() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let _alone = MACHINE.lock().await;
    let (_interrupter, interrupt) = Interrupter::pair();
    let playing = tokio::spawn(live(results.path(), &["kill"], 15, interrupt).play());
    while !first_fault(results.path()) {
        assert!(!playing.is_finished(), "{:?}", playing.await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stopped = family();
    assert!(stopped.len() > 2, "this process and its members: {stopped:?}");
    // Who stops this process has to be another one.
    let script = format!(
        "kill -STOP {0}; sleep {1}; kill -CONT {0}",
        stopped.join(" "),
        STANDSTILL.as_secs()
    );
    let mut stopper = Command::new("sh").args(["-c", &script]).spawn().expect("a shell");
    let outcome = playing
        .await
        .expect("it does not panic")
        .expect("it ends in order");
    assert!(stopper.wait().is_ok());
    let longest = outcome.run.standstills.iter().map(|one| one.length_ns()).max();
    let longest = Duration::from_nanos(longest.expect("it was noted"));
    assert!(longest > STANDSTILL / 2, "{longest:?}");
    // It may well say that too little was asked: most of its time was lost.
    for check in &outcome.verdict.checks {
        assert_eq!(check.validity, Validity::Valid, "{check:#?}");
    }
    let told = |sentence: &String| sentence.contains("stood still");
    assert!(
        outcome.run.not_checked.iter().any(told),
        "{:?}",
        outcome.run.not_checked
    );
}

/// This process and its children, as words.
fn family() -> Vec<String> {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let names = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_child = |name: &String| {
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        // The name in brackets may hold blanks; state and parent follow it.
        let after = stat
            .rsplit_once(") ")
            .map(|(_, after)| after.split(' ').nth(1) == Some(&own));
        after == Some(true)
    };
    let mut family: Vec<String> = names
        .filter(|name| name.parse::<u32>().is_ok() && is_child(name))
        .collect();
    family.push(own.clone());
    family
}
