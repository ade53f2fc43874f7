//! A shortest cycle through one of several edges.

use std::collections::VecDeque;

use super::graph::{Edge, Graph, Kind};
use crate::checks::budget::Meter;

/// Steps of a cycle, and whether no shorter one goes through any of the edges.
pub(super) struct Shortest {
    pub(super) steps: Vec<(u32, Edge)>,
    pub(super) proven: bool,
}

/// The shortest cycle of one edge of `through` and a way back over `kinds` inside the component. The first edge for which
/// there is a way is always taken; shorter ones are looked for while `enough` allows it.
pub(super) fn shortest(
    graph: &Graph,
    component: &[u32],
    through: impl Iterator<Item = (u32, Edge)>,
    kinds: u8,
    enough: &Meter,
) -> Option<Shortest> {
    let mut ways = Ways {
        graph,
        component,
        kinds,
        reached: vec![UNREACHED; graph.nodes() as usize],
        touched: Vec::new(),
    };
    let mut best: Option<Shortest> = None;
    let mut weight = u32::MAX;
    for (from, edge) in through {
        if let Some(best) = &mut best {
            // Two transactions: it cannot get shorter.
            if weight <= 2 {
                break;
            }
            if enough.check(0).is_err() {
                best.proven = false;
                break;
            }
        }
        // The edge itself counts one.
        if let Some((length, way)) = ways.shorter(edge.to, from, weight - 1) {
            weight = length + 1;
            let mut steps = vec![(from, edge)];
            steps.extend(way);
            best = Some(Shortest { steps, proven: true });
        }
    }
    best
}

#[derive(Clone, Copy)]
struct Reached {
    distance: u32,
    before: u32,
    by: Edge,
}

const UNREACHED: Reached = Reached {
    distance: u32::MAX,
    before: u32::MAX,
    by: Edge {
        to: 0,
        key: 0,
        kind: Kind::Free,
    },
};

struct Ways<'a> {
    graph: &'a Graph,
    component: &'a [u32],
    kinds: u8,
    reached: Vec<Reached>,
    touched: Vec<u32>,
}

impl Ways<'_> {
    /// A shortest way of less than `below`, helper nodes costing nothing (0-1 breadth-first search).
    fn shorter(&mut self, from: u32, to: u32, below: u32) -> Option<(u32, Vec<(u32, Edge)>)> {
        for node in self.touched.drain(..) {
            self.reached[node as usize] = UNREACHED;
        }
        let inside = self.component[from as usize];
        let mut queue: VecDeque<(u32, u32)> = VecDeque::new();
        self.reached[from as usize].distance = 0;
        self.touched.push(from);
        queue.push_back((from, 0));
        while let Some((node, distance)) = queue.pop_front() {
            if self.reached[node as usize].distance < distance {
                continue;
            }
            if node == to {
                break;
            }
            for edge in self.graph.edges(node) {
                if !edge.is_of(self.kinds) || self.component[edge.to as usize] != inside {
                    continue;
                }
                let free = edge.kind == Kind::Free;
                let next = distance + u32::from(!free);
                let known = &mut self.reached[edge.to as usize];
                if next >= below || next >= known.distance {
                    continue;
                }
                if known.distance == u32::MAX {
                    self.touched.push(edge.to);
                }
                *known = Reached {
                    distance: next,
                    before: node,
                    by: *edge,
                };
                if free {
                    queue.push_front((edge.to, next));
                } else {
                    queue.push_back((edge.to, next));
                }
            }
        }
        let length = self.reached[to as usize].distance;
        if length == u32::MAX {
            return None;
        }
        let mut steps = Vec::new();
        let mut node = to;
        while node != from {
            let known = self.reached[node as usize];
            steps.push((known.before, known.by));
            node = known.before;
        }
        steps.reverse();
        Some((length, steps))
    }
}
