//! The port of MongoStaticRaft against TLC.
//!
//! TLC's numbers: distinct states, generated states and depth under `SYMMETRY`, as TLC 2 prints them for
//! `MCMongoStaticRaft.cfg` with the same number of servers, `MaxTerm` and `MaxLogLen`.

use checker::model::bare::{BreadthFirst, End, Outcome};
use checker::model::static_raft::{Action, Bounds, ClusterState, Mutation, StaticRaft, trace};
use stateright::{Checker, HasDiscoveries, Model};

#[test]
fn three_servers_three_terms_two_entries_count_as_in_tlc() {
    let outcome = exhaust(Bounds::new(3, 3, 2), 1);
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.depth),
        (5_509, 15)
    );
}

#[test]
fn without_symmetry_distinct_and_generated_states_count_as_in_tlc() {
    let outcome = exhaust(Bounds::new(3, 3, 2).named(), 1);
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.generated_states),
        (31_084, 225_610)
    );
}

#[test]
fn three_servers_three_terms_three_entries_count_as_in_tlc() {
    let outcome = exhaust(Bounds::new(3, 3, 3), 1);
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.depth),
        (29_849, 20)
    );
}

#[test]
fn three_servers_four_terms_two_entries_count_as_in_tlc() {
    assert_eq!(exhaust(Bounds::new(3, 4, 2), 1).reached.unique_states, 16_140);
}

#[test]
fn three_servers_four_terms_three_entries_count_as_in_tlc() {
    let outcome = exhaust(Bounds::new(3, 4, 3), 2);
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.depth),
        (104_486, 22)
    );
}

#[test]
fn four_servers_three_terms_two_entries_count_as_in_tlc() {
    let outcome = exhaust(Bounds::new(4, 3, 2), 2);
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.depth),
        (47_939, 29)
    );
}

#[test]
fn five_servers_three_terms_two_entries_count_as_in_tlc() {
    let outcome = exhaust(Bounds::new(5, 3, 2), 2);
    assert_eq!(
        (outcome.reached.unique_states, outcome.reached.depth),
        (415_774, 32)
    );
}

#[test]
fn stateright_counts_the_same_by_depth_and_by_breadth() {
    let model = StaticRaft::new(Bounds::new(3, 3, 2));
    let depth_first = model.checker().threads(2).spawn_dfs().join();
    depth_first.assert_properties();
    assert_eq!(depth_first.unique_state_count(), 5_509);
    let breadth_first = model.checker().spawn_bfs().join();
    breadth_first.assert_properties();
    assert_eq!(breadth_first.unique_state_count(), 5_509);
}

/// Lengths in states, the initial one included, of TLC's shortest counterexamples.
#[test]
fn mutations_have_counterexamples_as_short_as_in_tlc() {
    let three = Bounds::new(3, 3, 2);
    for (mutation, bounds, property, length) in [
        (Mutation::DoubleVote, three, "one primary per term", 3),
        (Mutation::VoteWithoutLogCheck, three, "leader completeness", 6),
        (Mutation::VoteComparesLengthOnly, three, "leader completeness", 9),
        (
            Mutation::HalfQuorum,
            Bounds::new(4, 3, 2),
            "one primary per term",
            3,
        ),
        (
            Mutation::CommitIgnoresTermOfServer,
            three,
            "leader completeness",
            6,
        ),
        (Mutation::CommitEntryOfOlderTerm, three, "leader completeness", 10),
        (Mutation::NoBranchCheck, three, "log matching", 8),
        (Mutation::RollBackIgnoresTerm, three, "leader completeness", 7),
    ] {
        let model = StaticRaft::new(bounds).with(mutation);
        let outcome = BreadthFirst::default().run(&model);
        let End::Violated {
            property: broken,
            path,
        } = &outcome.end
        else {
            panic!("{mutation:?}: {:?}", outcome.end);
        };
        let states: Vec<_> = path.iter().map(|(_, state)| *state).collect();
        let steps = trace::steady_names(&model, &states).expect("a path of the model");
        let chart = trace::chart(&model, &steps);
        assert_eq!((*broken, path.len()), (property, length), "{mutation:?}\n{chart}");
        // One line per state, and the path is one of the model with steady names, too.
        assert_eq!(chart.lines().count(), length);
    }
}

#[test]
fn counterexamples_do_not_depend_on_the_number_of_threads() {
    let model = StaticRaft::new(Bounds::new(3, 3, 2)).with(Mutation::VoteComparesLengthOnly);
    let [one, two] = [1, 2].map(|threads| {
        BreadthFirst {
            threads,
            ..BreadthFirst::default()
        }
        .run(&model)
    });
    assert_eq!(one.end, two.end);
    assert_eq!(one.reached.unique_states, two.reached.unique_states);
}

#[test]
fn stateright_finds_a_mutation_just_outside_the_bounds() {
    // The counterexample ends in term 4 with a bound of 3: found only because boundary states are checked.
    let model = StaticRaft::new(Bounds::new(3, 3, 2)).with(Mutation::CommitEntryOfOlderTerm);
    let checker = model
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    checker.assert_any_discovery("leader completeness");
}

#[test]
fn memory_that_ends_is_said_so() {
    let search = BreadthFirst {
        memory_bytes_max: 1,
        ..BreadthFirst::default()
    };
    assert_eq!(
        search.run(&StaticRaft::new(Bounds::new(3, 3, 2))).end,
        End::OutOfMemory
    );
}

fn exhaust(bounds: Bounds, threads: usize) -> Outcome<ClusterState, Action> {
    let outcome = BreadthFirst {
        threads,
        ..BreadthFirst::default()
    }
    .run(&StaticRaft::new(bounds));
    assert_eq!(outcome.end, End::Exhausted);
    assert_eq!(outcome.never, Vec::<&str>::new());
    outcome
}
