//! Finds cycles and names them by what they are made of.
//!
//! The name is exact: within one knot (strongly connected component) of the graph, whether there is a cycle of a class is
//! read off the components of the graph of only its edges, in linear time; only for exactly one rw edge (G-single) ways
//! back are looked for ([`super::single`]). Where the budget ends before, the name is the weaker one, and says so.

use std::time::Duration;

use super::{
    graph::{Edge, Graph, Kind},
    knots::{components, knots},
    shortest::{Shortest, shortest},
    single::singles,
};
use crate::checks::budget::{Exhausted, Meter};

/// A cycle: each node with the edge that leaves it for the next (the last one's leads to the first).
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    /// `G0`, `G1c-realtime`, …
    pub(super) name: String,
    pub(super) steps: Vec<(u32, Edge)>,
    /// What the name does not say: that it is a weaker one than may be true.
    pub(super) remark: Option<String>,
    /// Whether no shorter one of its name is in its knot.
    pub(super) proven_shortest: bool,
    /// How bad it is: lower is worse.
    rank: usize,
}

/// What a graph holds.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    /// One of each knot, the worst first.
    pub(super) found: Vec<Cycle>,
    /// Knots that were not looked at any more.
    pub(super) left_out: usize,
}

/// Name of a cycle of which nothing else is known.
const CYCLE: &str = "cycle";

/// Share of the time left that a question about one rw edge may take, so that time is left to name the rest.
const SINGLES_PERCENT: u32 = 50;
/// Share of the time left in which shorter cycles than the first one found are looked for, in all knots together.
const SHORTEST_PERCENT: u32 = 25;
/// And at most this.
const SHORTEST_MOST: Duration = Duration::from_secs(2);

const DEPENDENCIES: u8 = Kind::WriteWrite as u8 | Kind::WriteRead as u8;

const VARIANTS: [(&str, u8); 3] = [
    ("", 0),
    ("-process", Kind::Process as u8),
    ("-realtime", Kind::Process as u8 | Kind::RealTime as u8),
];

/// Names in each variant.
const CLASSES: usize = 4;

/// The worst cycle of each knot: without orders of time and sessions before those that need them; then G0 (ww alone), G1c
/// (with wr), G-single (one rw), G2 (more).
///
/// # Errors
/// When the budget ends before it is known whether there is a cycle.
pub(super) fn cycles(graph: &Graph, meter: &Meter) -> Result<Cycles, Exhausted> {
    meter.check(graph.held_bytes() * 2)?;
    let knots = knots(graph, u8::MAX, meter)?;
    let enough = meter.part(SHORTEST_PERCENT, SHORTEST_MOST);
    let mut all = Cycles::default();
    let mut local = vec![
        0;
        if knots.is_empty() {
            0
        } else {
            graph.nodes() as usize
        }
    ];
    for (at, knot) in knots.iter().enumerate() {
        if at > 0 && meter.check(0).is_err() {
            all.left_out = knots.len() - at;
            break;
        }
        let mut cycle = worst_cycle(&graph.within(knot, &mut local), meter, &enough);
        for (node, edge) in &mut cycle.steps {
            (*node, edge.to) = (knot[*node as usize], knot[edge.to as usize]);
        }
        all.found.push(cycle);
    }
    all.found.sort_by_key(|cycle| cycle.rank);
    Ok(all)
}

/// Of a graph that is one knot.
fn worst_cycle(knot: &Graph, meter: &Meter, enough: &Meter) -> Cycle {
    match named(knot, meter, enough) {
        Ok(Some(cycle)) => cycle,
        Ok(None) => unnamed(
            knot,
            enough,
            "only times and sessions, which contradict each other".to_owned(),
        ),
        Err(Exhausted(reason)) => unnamed(
            knot,
            enough,
            format!("at least a cycle, of which kind is unknown: {reason}"),
        ),
    }
}

fn named(knot: &Graph, meter: &Meter, enough: &Meter) -> Result<Option<Cycle>, Exhausted> {
    for (at, (variant, orders)) in VARIANTS.into_iter().enumerate() {
        let cycle = |class: usize, name: &str, shortest: Shortest, remark: Option<String>| Cycle {
            name: format!("{name}{variant}"),
            steps: shortest.steps,
            remark,
            proven_shortest: shortest.proven,
            rank: at * CLASSES + class,
        };
        let dependencies = [
            ("G0", Kind::WriteWrite, Kind::WriteWrite as u8 | orders),
            ("G1c", Kind::WriteRead, DEPENDENCIES | orders),
        ];
        for (class, (name, special, kinds)) in dependencies.into_iter().enumerate() {
            meter.check(0)?;
            let component = components(knot, kinds, meter)?;
            let through = edges_inside(knot, &component, special);
            if let Some(shortest) = shortest(knot, &component, through, kinds, enough) {
                return Ok(Some(cycle(class, name, shortest, None)));
            }
        }
        meter.check(0)?;
        let with_rw = DEPENDENCIES | Kind::ReadWrite as u8 | orders;
        let component = components(knot, with_rw, meter)?;
        let rw: Vec<(u32, Edge)> = edges_inside(knot, &component, Kind::ReadWrite).collect();
        if rw.is_empty() {
            continue;
        }
        let without_rw = DEPENDENCIES | orders;
        let remark = match singles(
            knot,
            &component,
            &rw,
            without_rw,
            &meter.part(SINGLES_PERCENT, Duration::MAX),
            enough,
        ) {
            Ok(singles) => {
                let through = singles.found.iter().map(|at| rw[*at]);
                if let Some(mut shortest) = shortest(knot, &component, through, without_rw, enough) {
                    let least = shortest.steps.len() <= 2;
                    shortest.proven &= singles.complete || least;
                    return Ok(Some(cycle(2, "G-single", shortest, None)));
                }
                None
            }
            Err(Exhausted(reason)) => Some(format!(
                "at least G2, and G-single if one rw alone suffices somewhere, which is unknown: {reason}"
            )),
        };
        if let Some(mut shortest) = shortest(knot, &component, rw.iter().copied(), with_rw, enough) {
            let of_rw = shortest
                .steps
                .iter()
                .filter(|(_, edge)| edge.kind == Kind::ReadWrite);
            if of_rw.count() == 1 {
                shortest.proven = false;
                return Ok(Some(cycle(2, "G-single", shortest, None)));
            }
            return Ok(Some(cycle(3, "G2", shortest, remark)));
        }
    }
    Ok(None)
}

/// Any cycle.
fn unnamed(knot: &Graph, enough: &Meter, remark: String) -> Cycle {
    let component = vec![0; knot.nodes() as usize];
    let first = knot.edges(0).iter().take(1).map(|edge| (0, *edge));
    let steps =
        shortest(knot, &component, first, u8::MAX, enough).map_or_else(Vec::new, |shortest| shortest.steps);
    Cycle {
        name: CYCLE.to_owned(),
        steps,
        remark: Some(remark),
        proven_shortest: false,
        rank: VARIANTS.len() * CLASSES,
    }
}

/// Each of them is on a cycle of the edges that the components were made of.
fn edges_inside<'a>(
    graph: &'a Graph,
    component: &'a [u32],
    kind: Kind,
) -> impl Iterator<Item = (u32, Edge)> + 'a {
    (0..graph.nodes()).flat_map(move |node| {
        let inside =
            move |edge: &&Edge| edge.kind == kind && component[node as usize] == component[edge.to as usize];
        graph
            .edges(node)
            .iter()
            .filter(inside)
            .map(move |edge| (node, *edge))
    })
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::checks::{Budget, watch::Watch};

    const KINDS: [Kind; 6] = [
        Kind::WriteWrite,
        Kind::WriteRead,
        Kind::ReadWrite,
        Kind::Process,
        Kind::RealTime,
        Kind::Free,
    ];

    /// Random graphs: name and length are those that all distances between all nodes tell.
    #[test]
    fn names_and_lengths_are_exact() {
        let meter = Meter::start(&Budget::default());
        let mut seen = std::collections::BTreeMap::new();
        for seed in 0..30_000 {
            let graph = random(seed);
            let expected = by_distances(&graph);
            let cycles = cycles(&graph, &meter).expect("small");
            let mut got: Vec<(String, usize)> = Vec::new();
            for cycle in &cycles.found {
                let weight = cycle.steps.iter().filter(|(_, edge)| edge.kind != Kind::Free);
                got.push((cycle.name.clone(), weight.count()));
                assert!(
                    cycle.name == CYCLE || cycle.proven_shortest,
                    "seed {seed}: {cycle:?}"
                );
                for (at, (_, edge)) in cycle.steps.iter().enumerate() {
                    assert_eq!(
                        edge.to,
                        cycle.steps[(at + 1) % cycle.steps.len()].0,
                        "seed {seed}"
                    );
                }
                *seen.entry(cycle.name.clone()).or_insert(0) += 1;
            }
            // Of a cycle of times alone no length is promised, and a helper's edge back to where it comes from is not drawn.
            for (name, weight) in &mut got {
                *weight = if name == CYCLE { 0 } else { (*weight).max(2) };
            }
            got.sort();
            assert_eq!(got, expected, "seed {seed}: {graph:?}");
        }
        assert_eq!(seen.len(), 13, "{seen:?}");
    }

    #[test]
    fn a_spent_budget_leaves_a_cycle_without_a_name() {
        let edge = |to, kind| Edge { to, key: 7, kind };
        let graph = drawn(
            2,
            vec![(0, edge(1, Kind::WriteWrite)), (1, edge(0, Kind::WriteWrite))],
        );
        let spent = Meter::start(&Budget {
            time: Duration::ZERO,
            ..Budget::default()
        });
        assert!(cycles(&graph, &spent).is_err());
        let cycle = worst_cycle(&graph, &spent, &spent);
        assert_eq!((cycle.name.as_str(), cycle.steps.len()), ("cycle", 2));
        let remark = cycle.remark.expect("it says so");
        assert!(
            remark.contains("at least") && remark.contains("time budget"),
            "{remark}"
        );
    }

    /// Two rw edges back and forth, and a longer way of one rw and two wr: without the memory to see that, the name is the
    /// weaker one.
    #[test]
    fn without_memory_for_the_question_of_one_rw_the_name_says_at_least() {
        let edge = |to, kind| Edge { to, key: 1, kind };
        let edges = vec![
            (0, edge(1, Kind::ReadWrite)),
            (1, edge(0, Kind::ReadWrite)),
            (1, edge(2, Kind::WriteRead)),
            (2, edge(0, Kind::WriteRead)),
        ];
        let graph = drawn(3, edges);
        let cycle = |memory_bytes| {
            let meter = Meter::start(&Budget {
                memory_bytes,
                ..Budget::default()
            });
            worst_cycle(&graph, &meter, &meter)
        };
        let exact = cycle(1 << 20);
        assert_eq!((exact.name.as_str(), exact.steps.len()), ("G-single", 3));
        let weaker = cycle(16);
        assert_eq!((weaker.name.as_str(), weaker.steps.len()), ("G2", 2));
        let remark = weaker.remark.expect("it says so");
        assert!(
            remark.contains("at least G2") && remark.contains("memory budget"),
            "{remark}"
        );
    }

    fn drawn(nodes: u32, edges: Vec<(u32, Edge)>) -> Graph {
        let mut watch = Watch::of(&Meter::start(&Budget::default()), 0);
        Graph::new(nodes, edges, &mut watch).expect("small")
    }

    fn random(seed: u64) -> Graph {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |bound: u32| dice.next_u32() % bound;
        let nodes = 2 + below(6);
        let kinds = 1 + below(6);
        let edges = (0..nodes + below(8)).filter_map(|_| {
            let (from, to) = (below(nodes), below(nodes));
            // A helper's edges are free: only the last node is one, or there were cycles of nothing.
            let kind = if from == nodes - 1 { 5 } else { below(kinds).min(4) };
            let edge = Edge {
                to,
                key: 0,
                kind: KINDS[kind as usize],
            };
            (from != to).then_some((from, edge))
        });
        let edges = edges.collect();
        drawn(nodes, edges)
    }

    /// Floyd and Warshall's distances for every set of kinds.
    fn by_distances(graph: &Graph) -> Vec<(String, usize)> {
        const FAR: usize = 1_000;
        let nodes = graph.nodes() as usize;
        let distances = |kinds: u8| {
            let mut far = vec![vec![FAR; nodes]; nodes];
            for (from, of_node) in far.iter_mut().enumerate() {
                of_node[from] = 0;
                for edge in graph.edges(from as u32).iter().filter(|edge| edge.is_of(kinds)) {
                    let to = &mut of_node[edge.to as usize];
                    *to = (*to).min(usize::from(edge.kind != Kind::Free));
                }
            }
            for over in 0..nodes {
                let onward = far[over].clone();
                for way in &mut far {
                    let first = way[over];
                    for (to, rest) in way.iter_mut().zip(&onward) {
                        *to = (*to).min(first + rest);
                    }
                }
            }
            far
        };
        let all = distances(u8::MAX);
        let mut told = vec![false; nodes];
        let mut found = Vec::new();
        for first in 0..nodes {
            let knot: Vec<usize> = (0..nodes)
                .filter(|node| all[first][*node] < FAR && all[*node][first] < FAR)
                .collect();
            if told[first] || knot.len() < 2 {
                continue;
            }
            knot.iter().for_each(|node| told[*node] = true);
            let mut name = (CYCLE.to_owned(), 0);
            'named: for (variant, orders) in VARIANTS {
                let classes = [
                    ("G0", Kind::WriteWrite, 1),
                    ("G1c", Kind::WriteRead, 3),
                    ("G-single", Kind::ReadWrite, 3),
                    ("G2", Kind::ReadWrite, 7),
                ];
                for (class, special, kinds) in classes {
                    let far = distances(kinds | orders);
                    let lengths = knot.iter().flat_map(|from| {
                        let edges = graph.edges(*from as u32).iter();
                        let special = edges.filter(|edge| edge.kind == special);
                        special
                            .map(|edge| far[edge.to as usize][*from] + 1)
                            .collect::<Vec<_>>()
                    });
                    if let Some(least) = lengths.min().filter(|least| *least < FAR) {
                        name = (format!("{class}{variant}"), least.max(2));
                        break 'named;
                    }
                }
            }
            found.push(name);
        }
        found.sort();
        found
    }
}
