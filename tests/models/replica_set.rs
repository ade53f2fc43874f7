//! The real core in every order within small bounds, and what the search owes us.

use checker::model::bare::{BreadthFirst, End};
use checker::model::bounds::Bounds;
use checker::model::check::{Answer, check};
use checker::model::family::{self, MODELS};
use checker::model::replica_set::ReplicaSet;
use protocol::member::Rules;
use stateright::{Checker, Model};
use std::collections::HashSet;

macro_rules! every_model_holds {
    ($($test:ident: $name:literal;)*) => {
        $(#[test]
        fn $test() {
            holds_with_pinned_states($name);
        })*

        #[test]
        fn no_model_is_forgotten() {
            let tested: HashSet<_> = [$($name),*].into();
            assert_eq!(tested, MODELS.iter().map(|model| model.name).collect());
        }
    };
}

every_model_holds! {
    figure_8: "figure-8";
    arbiters: "arbiters";
    catch_up: "catch-up";
    linearizable: "linearizable";
    late_answers: "late-answers";
    reads_in_a_changing_set: "reads-in-a-changing-set";
    dry_runs: "dry-runs";
    even_quorums: "even-quorums";
    reconfiguration: "reconfiguration";
    growing_set: "growing-set";
    config_durability: "config-durability";
    voteless: "voteless";
    late_reports: "late-reports";
    elections: "elections";
    foreign_branch: "foreign-branch";
    freshness: "freshness";
    durability: "durability";
    hints: "hints";
    branches_at_catch_up: "branches-at-catch-up";
    two_changes: "two-changes";
    chained: "chained";
}

fn holds_with_pinned_states(name: &str) {
    let model = family::find(name).expect("a model of this name");
    let finding = check(model, Rules::default(), &BreadthFirst::default());
    assert_eq!(finding.answer, Answer::Holds, "{finding}");
    assert_eq!(finding.reached.unique_states, model.unique_states, "{finding}");
}

/// Orbits counted in another way: explore with every name kept, then count the canonical forms of all states.
#[test]
fn symmetry_counts_orbits_exactly() {
    let bounds = Bounds {
        writes_max: 0,
        ..Bounds::coarse(3, 2)
    };
    let anonymous = ReplicaSet::new(bounds, Rules::default());
    let orbits = BreadthFirst::default().run(&anonymous).reached.unique_states;
    let mut named: HashSet<_> = anonymous.init_states().into_iter().collect();
    let mut open: Vec<_> = named.iter().copied().collect();
    while let Some(state) = open.pop() {
        let mut actions = Vec::new();
        anonymous.actions(&state, &mut actions);
        let next = actions
            .into_iter()
            .filter_map(|action| anonymous.apply(&state, action));
        open.extend(next.filter(|next| named.insert(*next)));
    }
    let forms: HashSet<_> = named.iter().map(|state| anonymous.canonical(state)).collect();
    assert_eq!(forms.len(), orbits);
    assert!(
        named.len() > 5 * orbits,
        "{} named states, {orbits} orbits",
        named.len()
    );
    let without_symmetry = ReplicaSet::new(
        Bounds {
            symmetry: false,
            ..bounds
        },
        Rules::default(),
    );
    assert_eq!(
        BreadthFirst::default()
            .run(&without_symmetry)
            .reached
            .unique_states,
        named.len()
    );
}

#[test]
fn stateright_and_the_bare_search_agree() {
    let bounds = Bounds {
        writes_max: 0,
        ..Bounds::coarse(3, 2)
    };
    let bare = BreadthFirst {
        threads: 2,
        ..BreadthFirst::default()
    }
    .run(&ReplicaSet::new(bounds, Rules::default()));
    assert_eq!(bare.end, End::Exhausted);
    let checker = ReplicaSet::new(bounds, Rules::default())
        .checker()
        .spawn_dfs()
        .join();
    checker.assert_properties();
    assert_eq!(checker.unique_state_count(), bare.reached.unique_states);
}
