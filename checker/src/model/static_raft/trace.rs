//! Counterexamples a person can follow.

use std::fmt::Write;

use stateright::Model;

use super::action::{self, Action};
use super::specification::StaticRaft;
use super::state::ClusterState;

/// Turns a path of canonical states into one in which every server keeps its name.
///
/// Each step of the canonical path is taken again from the named state, by an action that leads into the next
/// orbit. `None` if the states are not a path of the model.
pub fn steady_names(
    model: &StaticRaft,
    path: &[ClusterState],
) -> Option<Vec<(Option<Action>, ClusterState)>> {
    let mut current = *path.first()?;
    let mut steps = vec![(None, current)];
    for next in &path[1..] {
        let mut actions = Vec::new();
        model.actions(&current, &mut actions);
        let action = actions
            .into_iter()
            .find(|action| action::apply(current, *action).canonical(&model.bounds) == *next)?;
        current = action::apply(current, action);
        steps.push((Some(action), current));
    }
    Some(steps)
}

/// One line per state: the action, then each server as `P`rimary or `S`econdary, its term and its log.
pub fn chart(model: &StaticRaft, steps: &[(Option<Action>, ClusterState)]) -> String {
    let mut text = String::new();
    for (number, (action, state)) in steps.iter().enumerate() {
        let title = action.map_or_else(
            || format!("Init, config {:b}", state.config()),
            |it| format!("{it:?}"),
        );
        write!(text, "{:>3} {title:<44}", number + 1).expect("writing to a string cannot fail");
        for server in (0..model.bounds.servers).map(|number| state.server(number)) {
            let role = if server.is_primary() { 'P' } else { 'S' };
            let log: Vec<_> = (1..=server.log_length())
                .map(|index| server.entry(index))
                .collect();
            write!(text, " {:<14}", format!("{role}{} {log:?}", server.term())).expect("as above");
        }
        for one in state.committed() {
            write!(
                text,
                " committed {}@{} in {}",
                one.index, one.entry_term, one.term
            )
            .expect("as above");
        }
        text.push('\n');
    }
    text
}
