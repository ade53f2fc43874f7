//! A counterexample as a sequence chart: one column a member, time runs down.

use std::fmt::Write;

use protocol::state::{Mode, Role};
use stateright::Model;

use super::action::{Action, FLIP, describe, short};
use super::bounds::MEMBERS_MAX;
use super::member::{Member, Pending};
use super::replica_set::ReplicaSet;
use super::state::ClusterState;

/// One line of a chart: an action (none for the initial state) and the state after it.
pub type Line = (Option<Action>, ClusterState);

/// Turns a path of canonical states into one in which every member keeps its name.
///
/// Each step is taken again from the named state, by an action that leads into the next orbit. It may end early
/// if the states are not a path of the model.
pub fn steady_names(model: &ReplicaSet, path: &[ClusterState]) -> Vec<Line> {
    let mut lines: Vec<Line> = path.first().map(|first| (None, *first)).into_iter().collect();
    for next in path.iter().skip(1) {
        let Some((_, current)) = lines.last().copied() else {
            break;
        };
        let mut actions = Vec::new();
        model.actions(&current, &mut actions);
        let step = actions.into_iter().find_map(|action| {
            let state = model.apply(&current, action)?;
            (model.canonical(&state) == *next).then_some((Some(action), state))
        });
        let Some(step) = step else { break };
        lines.push(step);
    }
    lines
}

/// The chart, ending in what is wrong with the last state.
pub fn chart(model: &ReplicaSet, lines: &[Line]) -> String {
    let mut text = String::new();
    let members = model.bounds().members;
    let mut before: Option<ClusterState> = None;
    for (number, (action, state)) in lines.iter().enumerate() {
        let told = before.map_or_else(
            || "all members start with one common entry".to_owned(),
            |before| action.map_or_else(String::new, |action| tell(model, &before, action)),
        );
        writeln!(text, "{:>3}. {told}", number + 1).expect("writing to a string cannot fail");
        let is_new = |it: usize| before.is_none_or(|before| before.members[it] != state.members[it]);
        let cells: Vec<String> = (0..members)
            .map(|it| {
                if is_new(it) {
                    cell(model.member(state, it))
                } else {
                    "|".to_owned()
                }
            })
            .collect();
        let columns: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(it, cell)| format!("m{it} {cell:<WIDTH$}"))
            .collect();
        writeln!(text, "     {}", columns.join(" ").trim_end()).expect("as above");
        before = Some(*state);
    }
    if let Some((name, finding)) = lines.last().and_then(|(_, state)| model.explain(state)) {
        writeln!(text, "     => {name}: {finding}").expect("as above");
    }
    for line in LEGEND {
        writeln!(text, "     {line}").expect("as above");
    }
    text
}

const WIDTH: usize = 34;

const LEGEND: [&str; 3] = [
    "P primary, p new primary still catching up, C candidate, D dry run, S secondary, R rolling back",
    "tN term, vN term of its vote (v! not yet on disk), [durable | not durable] oplog as index@term, c commit point",
    "{voters}version@term of the configuration, where there are reconfigurations",
];

fn tell(model: &ReplicaSet, before: &ClusterState, action: Action) -> String {
    match action {
        Action::Elect { candidate, voters } => {
            let names: Vec<_> = (0..8)
                .filter(|it| voters >> it & 1 != 0)
                .map(|it| format!("m{it}"))
                .collect();
            format!("m{candidate} stands, {} vote for it, it wins", names.join(", "))
        }
        Action::Stand(it) => format!("m{it} stands for election"),
        Action::ElectionTimeout(it) => format!("m{it}'s election timer fires: it asks whether it would win"),
        Action::CatchUpTimeout(it) => format!("m{it} waits no longer for those who are ahead"),
        Action::LoseSight(it) => format!("m{it} hears of nobody any more"),
        Action::Write(it) => format!("client -> m{it}: write, w: majority"),
        Action::Read(it) => format!("client -> m{it}: linearizable read"),
        Action::Reconfigure { member, votes } => {
            let names: Vec<_> = (0..MEMBERS_MAX)
                .filter(|it| votes >> it & 1 != 0)
                .map(|it| format!("m{it}"))
                .collect();
            let what = if votes & FLIP == 0 {
                "give or take the vote of"
            } else {
                "arbiter or not:"
            };
            format!("operator -> m{member}: {what} {}", names.join(", "))
        }
        Action::Install { member, from } => format!("m{from} -> m{member}: configuration"),
        Action::Probe { member, other } => {
            format!("what would m{member} do if it had heard this or that of m{other}?")
        }
        Action::Persist(it) => match model.member(before, it.into()).pending.first() {
            Some(Pending::Vote(vote)) => format!("m{it}'s disk: vote of term {} is durable", vote.term.0),
            Some(Pending::Config(config)) => {
                format!(
                    "m{it}'s disk: configuration version {} is durable",
                    config.id.version
                )
            }
            Some(Pending::Cut(to)) => format!("m{it}'s disk: oplog is cut after {}", short(*to)),
            _ => format!("m{it}'s disk: oplog is flushed"),
        },
        Action::Restart(it) => format!("m{it} loses power and restarts"),
        Action::Hear { member, from } => format!("m{from} -> m{member}: heartbeat"),
        Action::Fetch { member, from } => format!("m{from} -> m{member}: oplog"),
        Action::Report { member, to } => format!("m{member} -> m{to}: position"),
        Action::Deliver(message) => format!("{} arrives", describe(model.message(message))),
    }
}

fn cell(member: &Member) -> String {
    let state = &member.state;
    let role = match state.role {
        _ if state.rollback.is_some() => 'R',
        Role::Primary(Mode::CatchUp { .. }) => 'p',
        Role::Primary(_) => 'P',
        Role::Candidate { .. } => 'C',
        Role::DryRun { .. } => 'D',
        Role::Follower => 'S',
    };
    let vote = if state.vote == member.disk.vote { "" } else { "!" };
    let (mut durable, mut volatile) = (String::new(), String::new());
    for entry in state.oplog.iter() {
        let part = if member.disk.oplog.contains(entry) {
            &mut durable
        } else {
            &mut volatile
        };
        part.push_str(&format!(
            "{}{}",
            if part.is_empty() { "" } else { " " },
            short(entry)
        ));
    }
    if !volatile.is_empty() {
        durable = format!("{durable} | {volatile}");
    }
    let (term, voted) = (state.term.0, state.vote.term.0.max(0));
    let mut cell = format!(
        "{role} t{term} v{voted}{vote} [{durable}] c{}",
        short(state.commit_point)
    );
    if state.config.id.term.0 >= 0 {
        let voters = state.config.members.iter().filter(|member| member.is_voter());
        let names: String = voters.map(|member| member.id.0.to_string()).collect();
        cell.push_str(&format!(
            " {{{names}}}{}@t{}",
            state.config.id.version, state.config.id.term.0
        ));
    }
    cell
}
