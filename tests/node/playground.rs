//! Does a set to play with come up as asked, outlive nothing it should not, and go down without a trace?

use checker::cluster::playground::{PlayPlan, PlaySet, PlaygroundError, initiate, primary, state_of};
use tests::built;

/// Rows S0-21, S2-03, S2-04, S2-08, S2-14 of the notes.
#[test]
fn a_set_to_play_with_comes_up_tells_its_states_and_goes_down() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("set");
    let plan = PlayPlan {
        name: "toy".to_owned(),
        members: 2,
        arbiters: 1,
        port: 0,
        directory: home.clone(),
        program: built().node.clone(),
        arguments: Vec::new(),
    };
    let guard = Down(PlaySet::start(&plan).unwrap(), home.clone());
    let set = &guard.0;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        initiate(set).await.unwrap();
        assert!(primary(set).await.is_some_and(|primary| !primary.arbiter));
        let mut states = Vec::new();
        for member in &set.members {
            states.push(state_of(member).await);
        }
        states.sort();
        assert_eq!(states, ["ARBITER", "PRIMARY", "SECONDARY"]);
    });
    assert!(
        set.connection_string().ends_with("/?replicaSet=toy"),
        "{}",
        set.connection_string()
    );
    assert!(
        !set.connection_string().contains(&set.members[2].host()),
        "arbiters serve no clients"
    );
    assert!(matches!(PlaySet::start(&plan), Err(PlaygroundError::Exists(_))));
    let found = PlaySet::find(&home).unwrap();
    assert_eq!(&found, set);
    found.stop(&home, false).unwrap();
    assert!(set.members.iter().all(|member| !member.runs()));
    assert!(!home.exists());
    assert!(matches!(PlaySet::find(&home), Err(PlaygroundError::Missing(_))));
}

/// Nobody stays behind, whatever the test finds.
struct Down(PlaySet, std::path::PathBuf);

impl Drop for Down {
    fn drop(&mut self) {
        let _ = self.0.stop(&self.1, false);
    }
}
