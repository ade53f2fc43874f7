//! `$or` by indexes: when each of its alternatives leads to a few keys, these together are all that can match.

use super::access::{Path, Plan};
use crate::query::matcher::Node;

/// Alternatives of an `$or` that are looked at; one with more is answered by reading everything.
const ALTERNATIVES_MAX: usize = 100;

/// A plan for each alternative of the first `$or` at the top of `filter` of which every alternative has one that narrows.
/// `choose` plans for one of them, together with all else that the filter demands.
pub(super) fn alternatives(filter: &Node, choose: impl Fn(&Node) -> Plan) -> Option<Vec<Plan>> {
    let demands: Vec<&Node> = match filter {
        Node::And(nodes) => nodes.iter().collect(),
        only => vec![only],
    };
    demands.iter().enumerate().find_map(|(at, demand)| {
        let Node::Or(branches) = demand else { return None };
        if branches.len() > ALTERNATIVES_MAX {
            return None;
        }
        // Another `$or` beside it, or within it, stays with the filter: planning all of them multiplies.
        let others = demands.iter().enumerate().filter(|(other, _)| *other != at);
        let others: Vec<Node> = others
            .map(|(_, node)| (*node).clone())
            .filter(|node| !matches!(node, Node::Or(_)))
            .collect();
        let plans = branches.iter().map(|branch| {
            let mut all = others.clone();
            all.extend(without_or(branch));
            let plan = choose(&Node::And(all));
            narrows(&plan).then_some(plan)
        });
        plans.collect()
    })
}

/// Does it leave anything out?
fn narrows(plan: &Plan) -> bool {
    !plan.bounds.is_empty() && !matches!(plan.path, Path::Either(_))
}

/// What a branch demands, but for its own alternatives.
fn without_or(branch: &Node) -> Vec<Node> {
    match branch {
        Node::And(nodes) => nodes.iter().flat_map(without_or).collect(),
        Node::Or(_) => Vec::new(),
        other => vec![other.clone()],
    }
}
