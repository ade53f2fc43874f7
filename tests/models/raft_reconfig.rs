//! The port of MongoRaftReconfig against TLC: distinct states and depth under `SYMMETRY`.

use checker::model::bare::{BreadthFirst, End};
use checker::model::raft_reconfig::{Bounds, Mutation, RaftReconfig};

#[test]
fn three_servers_count_as_in_tlc() {
    let search = BreadthFirst {
        threads: 2,
        ..BreadthFirst::default()
    };
    let outcome = search.run(&RaftReconfig::new(Bounds::new(3, 3, 2, 3)));
    assert_eq!(outcome.end, End::Exhausted);
    assert_eq!(outcome.never, Vec::<&str>::new());
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.depth),
        (1_788_770, 27)
    );
}

/// Lengths in states, the initial one included, of the shortest counterexamples. TLC was run on all but the first, with the same lengths.
#[test]
fn mutations_are_found() {
    let three = Bounds::new(3, 3, 2, 3);
    let four = Bounds::new(4, 2, 1, 3);
    let expected = [
        (Mutation::NoConfigQuorumCheck, four, "one primary per term", 6),
        (Mutation::NoTermQuorumCheck, four, "one primary per term", 7),
        (Mutation::MultiMemberChange, three, "one primary per term", 5),
        (Mutation::NoOplogCommitment, three, "leader completeness", 10),
        (Mutation::NoConfigTermBump, three, "leader completeness", 12),
        (Mutation::VoteIgnoresConfig, three, "one primary per term", 8),
    ];
    let found = expected.map(|(mutation, bounds, ..)| {
        let model = RaftReconfig::new(bounds).with(mutation);
        let search = BreadthFirst {
            threads: 2,
            ..BreadthFirst::default()
        };
        let outcome = search.run(&model);
        let End::Violated {
            property: broken,
            path,
        } = &outcome.end
        else {
            panic!("{mutation:?}: {:?}", outcome.end);
        };
        (mutation, bounds, *broken, path.len())
    });
    assert_eq!(found, expected);
}
