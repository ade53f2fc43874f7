//! Which edges close a cycle without another one of their kind: what tells G-single from G2.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::graph::{Edge, Graph};
use crate::checks::budget::{Exhausted, Meter};

/// Ends of edges that are followed at once: each node holds one bit of each.
const TOGETHER: usize = 64 * WORDS;
const WORDS: usize = 4;

/// Bytes held for each node meanwhile: its bits, its position, and its place in the order.
const NODE_BYTES: usize = 8 * WORDS + 2 * size_of::<u32>();

/// What is known of the edges.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Singles {
    /// Places in the given list, ascending by what was looked at first.
    pub(super) found: Vec<usize>,
    /// Whether all were looked at.
    pub(super) complete: bool,
}

/// Finds those of `edges` from whose end a way over edges of `kinds` leads back to their begin, inside the component.
///
/// Without these edges there is hardly ever a cycle left (that would have a worse name), so the nodes have an order in
/// which all other edges lead forward. An edge that leads forward, too, closes nothing; what the others' ends reach is
/// swept along that order for [`TOGETHER`] ends at a time, from the first of them to the last begin. So this costs next
/// to nothing where the edges contradict time only here and there, and at worst one pass for each [`TOGETHER`] of them.
///
/// Once one was found, the rest is looked at only while `enough` allows it.
///
/// # Errors
/// When the budget ends before one was found or all were looked at.
pub(super) fn singles(
    graph: &Graph,
    component: &[u32],
    edges: &[(u32, Edge)],
    kinds: u8,
    meter: &Meter,
    enough: &Meter,
) -> Result<Singles, Exhausted> {
    meter.check(graph.held_bytes() + graph.nodes() as usize * NODE_BYTES)?;
    let inside =
        |from: u32, edge: &Edge| edge.is_of(kinds) && component[from as usize] == component[edge.to as usize];
    let (order, acyclic) = order(graph, inside);
    let mut position = vec![0u32; order.len()];
    for (at, node) in (0u32..).zip(&order) {
        position[*node as usize] = at;
    }
    let place = |node: u32| position[node as usize];
    let mut backward: Vec<usize> = (0..edges.len())
        .filter(|at| !acyclic || place(edges[*at].1.to) <= place(edges[*at].0))
        .collect();
    backward.sort_by_key(|at| place(edges[*at].1.to));
    let mut reached = vec![[0u64; WORDS]; order.len()];
    let mut singles = Singles {
        found: Vec::new(),
        complete: true,
    };
    let mut rest = &backward[..];
    while !rest.is_empty() {
        if singles.found.is_empty() {
            meter.check(0)?;
        } else if enough.check(0).is_err() {
            singles.complete = false;
            break;
        }
        let (batch, bits) = batch(rest, edges);
        rest = &rest[batch.len()..];
        let (mut first, mut last) = (order.len() - 1, 0);
        for (at, bit) in batch.iter().zip(&bits) {
            let (from, edge) = edges[*at];
            reached[edge.to as usize][bit / 64] |= 1 << (bit % 64);
            first = first.min(place(edge.to) as usize);
            last = last.max(place(from) as usize);
        }
        if !acyclic {
            (first, last) = (0, order.len() - 1);
        }
        loop {
            let mut changed = false;
            for node in &order[first..=last] {
                let bits = reached[*node as usize];
                if bits == [0; WORDS] {
                    continue;
                }
                for edge in graph.edges(*node).iter().filter(|edge| inside(*node, edge)) {
                    if place(edge.to) as usize > last {
                        continue;
                    }
                    for (of_end, of_node) in reached[edge.to as usize].iter_mut().zip(bits) {
                        changed |= of_node & !*of_end != 0;
                        *of_end |= of_node;
                    }
                }
            }
            // Along the order one sweep says all.
            if acyclic || !changed {
                break;
            }
        }
        let closes = |at: usize, bit: usize| reached[edges[at].0 as usize][bit / 64] >> (bit % 64) & 1 == 1;
        let found = batch.iter().zip(&bits).filter(|(at, bit)| closes(**at, **bit));
        singles.found.extend(found.map(|(at, _)| *at));
        for node in &order[first..=last] {
            reached[*node as usize] = [0; WORDS];
        }
    }
    Ok(singles)
}

/// As many edges from the begin of the list as have [`TOGETHER`] different ends; and for each the bit of its end.
fn batch<'a>(list: &'a [usize], edges: &[(u32, Edge)]) -> (&'a [usize], Vec<usize>) {
    let mut bits: Vec<usize> = Vec::new();
    let mut ends = 0;
    let mut before = None;
    for at in list {
        let end = edges[*at].1.to;
        if before != Some(end) {
            if ends == TOGETHER {
                break;
            }
            (before, ends) = (Some(end), ends + 1);
        }
        bits.push(ends - 1);
    }
    (&list[..bits.len()], bits)
}

/// An order in which the edges `inside` lead forward, as close to the order of numbers (of calls) as they allow (Kahn
/// 1962). Not acyclic: what is on or behind a cycle comes at the end, by number.
fn order(graph: &Graph, inside: impl Fn(u32, &Edge) -> bool) -> (Vec<u32>, bool) {
    const PLACED: u32 = u32::MAX;
    let nodes = graph.nodes();
    let mut before = vec![0u32; nodes as usize];
    for node in 0..nodes {
        for edge in graph.edges(node).iter().filter(|edge| inside(node, edge)) {
            before[edge.to as usize] += 1;
        }
    }
    let ready = (0..nodes).filter(|node| before[*node as usize] == 0);
    let mut ready: BinaryHeap<Reverse<u32>> = ready.map(Reverse).collect();
    let mut order = Vec::with_capacity(nodes as usize);
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        before[node as usize] = PLACED;
        for edge in graph.edges(node).iter().filter(|edge| inside(node, edge)) {
            let before = &mut before[edge.to as usize];
            *before -= 1;
            if *before == 0 {
                ready.push(Reverse(edge.to));
            }
        }
    }
    let acyclic = order.len() == nodes as usize;
    order.extend((0..nodes).filter(|node| before[*node as usize] != PLACED));
    (order, acyclic)
}
