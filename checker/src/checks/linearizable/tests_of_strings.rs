//! Strings that are put, appended to and read: the search beside plain enumeration, and its witnesses.

use super::{
    kv::{KvEffect, KvModel},
    model::Timed,
    search::{Outcome, search},
    shrink::{shrink, weaken_all_but},
    tests::{assert_smallest, enumerate, rounds},
};
use crate::{
    checks::{Budget, budget::Meter},
    history::Op,
    nemesis::dice::Dice,
};

#[test]
fn search_agrees_with_enumeration_and_witnesses_refute() {
    let meter = Meter::start(&Budget::default());
    let mut refuted = 0;
    for seed in 0..rounds(60_000) {
        let model = KvModel::new();
        let ops = strings(&model, seed);
        let truth = enumerate(&model, &ops);
        match search(&model, &ops, &meter) {
            Outcome::Unknown(reason) => panic!("seed {seed}: {reason:?}"),
            Outcome::Linearizable => assert!(truth, "seed {seed}: {ops:?}"),
            Outcome::Violated(stuck) => {
                assert!(!truth, "seed {seed}: {stuck:?} in {ops:?}");
                refuted += 1;
                // Witnesses are found by asking the search of weakened histories.
                if refuted % 16 == 0 {
                    for some in 0..1u32 << ops.len() {
                        let kept: Vec<u32> = (0..ops.len() as u32).filter(|at| some >> at & 1 == 1).collect();
                        let weakened = weaken_all_but(&model, &ops, &kept);
                        let ours = search(&model, &weakened, &meter) == Outcome::Linearizable;
                        assert_eq!(
                            ours,
                            enumerate(&model, &weakened),
                            "seed {seed}, {kept:?} of {ops:?}"
                        );
                    }
                    let witness = shrink(&model, &ops, stuck.target, &meter);
                    assert!(witness.smallest, "seed {seed}: {witness:?}");
                    assert_smallest(&model, &ops, &witness.operations, &format!("seed {seed}"));
                }
            }
        }
    }
    assert!(
        (rounds(6_000)..rounds(54_000)).contains(&refuted),
        "{refuted} refuted: too few of one kind to mean anything"
    );
}

/// A few operations of some clients; what is read is what one order would show, or another string of the history.
fn strings(model: &KvModel, seed: u64) -> Vec<Timed<KvEffect>> {
    let mut dice = Dice::new(seed, "strings");
    let clients = 2 + dice.below(3) as usize;
    let parts = ["a", "b", "c", "ab", ""];
    let few = 2 + dice.below(4);
    let mut free_at = vec![0u32; clients];
    let (mut state, mut seen) = (String::new(), vec![String::new()]);
    let mut ops = Vec::new();
    for number in 0..4 + dice.below(5) as u32 {
        let client = dice.below(clients as u64) as usize;
        let call = free_at[client].max(number * 4);
        let returned = call + dice.below(14) as u32;
        free_at[client] = returned + 1;
        let part = parts[dice.below(few) as usize];
        let effect = match dice.below(5) {
            0 => {
                state = part.to_owned();
                KvEffect::Put(model.number(part))
            }
            1 | 2 => {
                state.push_str(part);
                KvEffect::Append(model.number(part))
            }
            _ if dice.chance(250) => {
                KvEffect::Get(model.number(&seen[dice.below(seen.len() as u64) as usize]))
            }
            _ => KvEffect::Get(model.number(&state)),
        };
        seen.push(state.clone());
        let crashed = !matches!(effect, KvEffect::Get(_)) && dice.chance(200);
        if crashed {
            // Another client takes its place.
            free_at[client] = 0;
        }
        ops.push(Timed {
            call,
            returned: if crashed { Op::NEVER } else { returned },
            effect,
        });
    }
    // Each place is of one event only; calls come before the returns that were drawn for the same place.
    let mut events: Vec<(u32, bool, usize)> = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        events.push((op.call, false, at));
        if op.returned != Op::NEVER {
            events.push((op.returned, true, at));
        }
    }
    events.sort_unstable();
    for (place, (_, is_return, at)) in (0u32..).zip(events) {
        if is_return {
            ops[at].returned = place;
        } else {
            ops[at].call = place;
        }
    }
    ops.sort_by_key(|op| op.call);
    ops
}
