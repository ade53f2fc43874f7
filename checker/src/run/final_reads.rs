//! When everything is quiet: what is there, asked of the set and of every member.

use std::time::{Duration, Instant};

use workloads::operation::Completion;

use super::{
    error::RunError,
    traffic::{Asking, Desk, ask},
};
use crate::client::ProcessClient;

/// How often a final read is asked again when it fails. Each time counts as an operation of its own.
const ATTEMPTS: usize = 5;

/// Before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// After this long nothing more is asked: a set that cannot be read will not be read better later.
const LIMIT: Duration = Duration::from_secs(40);

/// Asks all final reads of all workloads; gives those that never succeeded, a sentence each.
///
/// # Errors
/// When the history could not be written.
pub async fn final_reads(desk: &Desk, asking: &[Asking]) -> Result<Vec<String>, RunError> {
    let began = Instant::now();
    let mut failed = Vec::new();
    for (place, asked) in asking.iter().enumerate() {
        let process = desk.processes.enroll(place);
        let mut client = ProcessClient::connect(process, &desk.set, &desk.members)?;
        for operation in asked.final_reads() {
            if began.elapsed() > LIMIT {
                let (name, limit) = (asked.workload.name, LIMIT.as_secs());
                failed.push(format!(
                    "final reads of {name} were not asked: {limit} s were over"
                ));
                break;
            }
            let mut end = Completion::Fail(String::new());
            for attempt in 0..ATTEMPTS {
                if attempt > 0 {
                    tokio::time::sleep(PAUSE).await;
                }
                end = ask(desk, &mut client, process, operation.clone(), true).await?;
                if matches!(end, Completion::Ok(_)) {
                    break;
                }
            }
            if let Completion::Fail(error) | Completion::Info(error) = end {
                let name = asked.workload.name;
                failed.push(format!("a final read of {name} failed {ATTEMPTS} times: {error}"));
            }
        }
        client.close().await;
    }
    desk.recorder.sync()?;
    Ok(failed)
}
