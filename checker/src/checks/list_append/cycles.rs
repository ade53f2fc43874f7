//! Finds cycles, the worst kind first, and of each kind a shortest one.

use std::collections::{BTreeMap, VecDeque};

use super::graph::{Edge, Graph, Kind};
use crate::checks::budget::{Exhausted, Meter};

/// A cycle: each node with the edge that leaves it for the next (the last one's leads to the first).
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    /// `G0`, `G1c-realtime`, …
    pub(super) name: String,
    pub(super) steps: Vec<(u32, Edge)>,
}

/// How many edges are tried as the one that makes the kind, in one knot of the graph.
const TRIES_MAX: usize = 512;

/// How many knots are worked out.
const KNOTS_MAX: usize = 16;

const DEPENDENCIES: u8 = Kind::WriteWrite as u8 | Kind::WriteRead as u8;

/// At most one cycle for each knot (strongly connected component) of the graph.
///
/// # Errors
/// When the budget ends before it is known whether there is a cycle.
pub(super) fn cycles(graph: &Graph, meter: &Meter) -> Result<Vec<Cycle>, Exhausted> {
    meter.check(graph.edge_count() * size_of::<Edge>() * 2)?;
    let all: Vec<u32> = (0..graph.nodes()).collect();
    let knots = knots(graph, &all, u8::MAX);
    Ok(knots
        .into_iter()
        .take(KNOTS_MAX)
        .filter_map(|knot| worst_cycle(graph, &knot, meter))
        .collect())
}

/// The name of each class, and what a cycle of it is made of: `special` once, the rest of `base`.
const CLASSES: [(&str, Kind, u8); 4] = [
    ("G0", Kind::WriteWrite, Kind::WriteWrite as u8),
    ("G1c", Kind::WriteRead, DEPENDENCIES),
    ("G-single", Kind::ReadWrite, DEPENDENCIES),
    ("G2", Kind::ReadWrite, DEPENDENCIES | Kind::ReadWrite as u8),
];

const VARIANTS: [(&str, u8); 3] = [
    ("", 0),
    ("-process", Kind::Process as u8),
    ("-realtime", Kind::Process as u8 | Kind::RealTime as u8),
];

fn worst_cycle(graph: &Graph, knot: &[u32], meter: &Meter) -> Option<Cycle> {
    for (variant, orders) in VARIANTS {
        for (class, special, base) in CLASSES {
            let kinds = base | orders;
            // A cycle of this class lies inside one knot of its own edges.
            let parts = knots(graph, knot, kinds | special as u8);
            for part in parts {
                if let Some(steps) = shortest(graph, &part, special, kinds, meter) {
                    return Some(Cycle {
                        name: format!("{class}{variant}"),
                        steps,
                    });
                }
            }
        }
    }
    // Only edges of time and session: the history itself contradicts time.
    let steps = shortest(graph, knot, Kind::RealTime, u8::MAX, meter)?;
    Some(Cycle {
        name: "cycle".to_owned(),
        steps,
    })
}

/// A shortest cycle of one `special` edge and a way back over `kinds`.
fn shortest(
    graph: &Graph,
    part: &[u32],
    special: Kind,
    kinds: u8,
    meter: &Meter,
) -> Option<Vec<(u32, Edge)>> {
    let mut best: Option<Vec<(u32, Edge)>> = None;
    let specials = part.iter().flat_map(|node| {
        graph
            .edges(*node)
            .iter()
            .filter(|edge| edge.kind == special)
            .map(move |edge| (*node, *edge))
    });
    let members: BTreeMap<u32, ()> = part.iter().map(|node| (*node, ())).collect();
    for (from, edge) in specials
        .filter(|(_, edge)| members.contains_key(&edge.to))
        .take(TRIES_MAX)
    {
        if best.is_some() && meter.check(0).is_err() {
            break;
        }
        if let Some(way) = way(graph, &members, edge.to, from, kinds) {
            let mut steps = vec![(from, edge)];
            steps.extend(way);
            if best.as_ref().is_none_or(|best| weight(&steps) < weight(best)) {
                best = Some(steps);
            }
            // Two transactions: it cannot get shorter.
            if best.as_ref().is_some_and(|best| weight(best) <= 2) {
                break;
            }
        }
    }
    best
}

fn weight(steps: &[(u32, Edge)]) -> usize {
    steps.iter().filter(|(_, edge)| edge.kind != Kind::Free).count()
}

/// A shortest way, helper nodes costing nothing (0-1 breadth-first search).
fn way(
    graph: &Graph,
    members: &BTreeMap<u32, ()>,
    from: u32,
    to: u32,
    kinds: u8,
) -> Option<Vec<(u32, Edge)>> {
    let mut reached: BTreeMap<u32, (u32, Option<(u32, Edge)>)> = BTreeMap::new();
    let mut queue: VecDeque<(u32, u32)> = VecDeque::new();
    reached.insert(from, (0, None));
    queue.push_back((from, 0));
    while let Some((node, distance)) = queue.pop_front() {
        if reached.get(&node).is_some_and(|(known, _)| *known < distance) {
            continue;
        }
        if node == to {
            break;
        }
        for edge in graph.edges(node) {
            let free = edge.kind == Kind::Free;
            if !(free || edge.kind as u8 & kinds != 0) || !members.contains_key(&edge.to) {
                continue;
            }
            let next = distance + u32::from(!free);
            if reached.get(&edge.to).is_none_or(|(known, _)| next < *known) {
                reached.insert(edge.to, (next, Some((node, *edge))));
                if free {
                    queue.push_front((edge.to, next));
                } else {
                    queue.push_back((edge.to, next));
                }
            }
        }
    }
    let mut steps = Vec::new();
    let mut node = to;
    while let (_, Some((before, edge))) = reached.get(&node)? {
        steps.push((*before, *edge));
        node = *before;
    }
    steps.reverse();
    Some(steps)
}

/// The strongly connected components of more than one node, among `nodes` and edges of `kinds` (Tarjan 1972,
/// without recursion).
fn knots(graph: &Graph, nodes: &[u32], kinds: u8) -> Vec<Vec<u32>> {
    const UNSEEN: u32 = u32::MAX;
    const OUTSIDE: u32 = u32::MAX - 1;
    let whole = nodes.len() == graph.nodes() as usize;
    let mut order = vec![if whole { UNSEEN } else { OUTSIDE }; graph.nodes() as usize];
    if !whole {
        for node in nodes {
            order[*node as usize] = UNSEEN;
        }
    }
    let mut low = vec![0u32; graph.nodes() as usize];
    let mut on_stack = vec![false; graph.nodes() as usize];
    let (mut stack, mut knots, mut next) = (Vec::new(), Vec::new(), 0u32);
    let mut calls: Vec<(u32, usize)> = Vec::new();
    for root in nodes {
        if order[*root as usize] != UNSEEN {
            continue;
        }
        calls.push((*root, 0));
        while let Some((node, position)) = calls.pop() {
            let at = node as usize;
            if position == 0 {
                (order[at], low[at]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[at] = true;
            }
            let edges = graph.edges(node);
            let mut position = position;
            let mut descended = false;
            while let Some(edge) = edges.get(position) {
                position += 1;
                let to = edge.to as usize;
                let allowed = edge.kind == Kind::Free || edge.kind as u8 & kinds != 0;
                if !allowed || order[to] == OUTSIDE {
                    continue;
                }
                if order[to] == UNSEEN {
                    calls.push((node, position));
                    calls.push((edge.to, 0));
                    descended = true;
                    break;
                }
                if on_stack[to] {
                    low[at] = low[at].min(order[to]);
                }
            }
            if descended {
                continue;
            }
            if low[at] == order[at] {
                let begin = stack.iter().rposition(|other| *other == node).unwrap_or(0);
                let knot = stack.split_off(begin);
                for member in &knot {
                    on_stack[*member as usize] = false;
                }
                if knot.len() > 1 {
                    knots.push(knot);
                }
            }
            if let Some((parent, _)) = calls.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[at]);
            }
        }
    }
    knots
}
