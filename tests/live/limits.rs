//! Networks that are broken in finer ways, and servers that run out of what they need.

use super::{
    members::{effects, passes},
    play,
};

/// Every turned bit is noticed by a message's checksum, half-open connections are given up, and what clients could not know
/// stays unknown.
#[tokio::test(flavor = "multi_thread")]
async fn finer_faults_of_the_network_break_no_promise() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let nemeses = ["client-links", "half-open", "lossy-links", "corrupt-links"];
    let outcome = play(results.path(), &nemeses, 25).await;
    passes(&outcome);
    let effects = effects(&outcome.directory);
    let struck = ["chunks_corrupted", "connections_half_open", "chunks_lost"];
    let struck = struck
        .iter()
        .filter(|name| effects.get(**name).is_some_and(|count| *count > 0));
    assert!(struck.count() >= 2, "{effects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_files_or_memory_loses_nothing() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let outcome = play(results.path(), &["file-limit", "memory-limit"], 20).await;
    passes(&outcome);
    let effects = effects(&outcome.directory);
    assert!(
        effects.contains_key("files_open") || effects["processes_gone"] > 0,
        "{effects:?}"
    );
}
