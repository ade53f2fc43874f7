//! Each member's steps, written as the node writes them: one JSON line a step (see [`crate::replay`]).

use protocol::member::Fired;
use protocol::output::Output;
use protocol::state::Durable;
use serde_json::json;

use super::cluster::Turn;

/// One text per member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// By member: its lines.
    pub members: Vec<String>,
}

impl Trace {
    /// No lines yet.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self {
            members: vec![String::new(); members],
        }
    }

    /// A process starts from this disk.
    pub fn recovered(&mut self, member: usize, durable: &Durable) {
        self.line(member, &json!({ "recovered": durable }));
    }

    /// One step.
    pub fn step(&mut self, turn: Turn<'_>, fired: Fired, outputs: &[Output]) {
        let line = json!({
            "at_ms": turn.at_us / 1000,
            "wall_secs": turn.wall_secs,
            "input": turn.input,
            "fired": fired.names().collect::<Vec<_>>(),
            "outputs": outputs,
        });
        self.line(turn.member, &line);
    }

    fn line(&mut self, member: usize, line: &serde_json::Value) {
        let text = &mut self.members[member];
        text.push_str(&line.to_string());
        text.push('\n');
    }
}
