//! Strongly connected components: outside of them is no cycle.

use super::graph::Graph;
use crate::checks::{
    budget::{Exhausted, Meter},
    watch::Watch,
};

/// For each node the number of its component, among edges of `kinds` (Tarjan 1972, without recursion). Nodes have the same
/// number exactly when each is reached from the other. Linear.
///
/// # Errors
/// When the budget ends before.
pub(super) fn components(graph: &Graph, kinds: u8, meter: &Meter) -> Result<Vec<u32>, Exhausted> {
    const UNSEEN: u32 = u32::MAX;
    let nodes = graph.nodes() as usize;
    // Whoever asks has looked at the memory.
    let mut watch = Watch::of(meter, 0);
    let mut component = vec![UNSEEN; nodes];
    let mut order = vec![UNSEEN; nodes];
    let mut low = vec![0u32; nodes];
    let (mut stack, mut next, mut number) = (Vec::new(), 0u32, 0u32);
    let mut calls: Vec<(u32, usize)> = Vec::new();
    for root in 0..graph.nodes() {
        if order[root as usize] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, mut position)) = calls.pop() {
            watch.step()?;
            let at = node as usize;
            if position == 0 {
                (order[at], low[at]) = (next, next);
                next += 1;
                stack.push(node);
            }
            let edges = graph.edges(node);
            let mut descended = false;
            while let Some(edge) = edges.get(position) {
                position += 1;
                let to = edge.to as usize;
                if !edge.is_of(kinds) {
                    continue;
                }
                if order[to] == UNSEEN {
                    calls.push((node, position));
                    calls.push((edge.to, 0));
                    descended = true;
                    break;
                }
                // Still on the stack.
                if component[to] == UNSEEN {
                    low[at] = low[at].min(order[to]);
                }
            }
            if descended {
                continue;
            }
            if low[at] == order[at] {
                while let Some(member) = stack.pop() {
                    component[member as usize] = number;
                    if member == node {
                        break;
                    }
                }
                number += 1;
            }
            if let Some((parent, _)) = calls.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[at]);
            }
        }
    }
    Ok(component)
}

/// The nodes of each component of more than one, by number; each list ascends. The components in the order of their
/// first nodes.
///
/// # Errors
/// When the budget ends before.
pub(super) fn knots(graph: &Graph, kinds: u8, meter: &Meter) -> Result<Vec<Vec<u32>>, Exhausted> {
    const NO_KNOT: u32 = u32::MAX;
    let component = components(graph, kinds, meter)?;
    let mut sizes = vec![0u32; component.len()];
    for number in &component {
        sizes[*number as usize] += 1;
    }
    let mut knot_of = vec![NO_KNOT; component.len()];
    let mut knots: Vec<Vec<u32>> = Vec::new();
    for (node, number) in (0u32..).zip(&component) {
        let number = *number as usize;
        if sizes[number] < 2 {
            continue;
        }
        if knot_of[number] == NO_KNOT {
            knot_of[number] = knots.len() as u32;
            knots.push(Vec::with_capacity(sizes[number] as usize));
        }
        knots[knot_of[number] as usize].push(node);
    }
    Ok(knots)
}
