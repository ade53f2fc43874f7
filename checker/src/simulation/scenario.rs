//! A scenario file: a told story. Comments, commands, `----`, and what then happened.
//!
//! ```text
//! # A set of three elects.
//! members 3
//! settle
//! elect 0
//! ----
//! 0 votes for 0 in term 1
//! …
//! ```
//!
//! Blocks are parted by an empty line. [`tell`] plays the file and gives the text with what really happened.

use protocol::config::{Config, MemberConfig};
use protocol::optime::Term;
use protocol::output::Output;

use super::command::Command;
use super::stage::Stage;

/// How the line begins that says which invariant was broken.
pub const BROKEN: &str = "BROKEN ";

/// Between commands and what they led to.
const RULE: &str = "----";

/// Plays `text` and gives it back with the true outcome of each block. Equal to `text`: the story is as told.
#[must_use]
pub fn tell(text: &str) -> String {
    let mut stage = Stage::default();
    let mut ended = false;
    let mut told = String::new();
    for block in text.split("\n\n") {
        let (said, _) = block
            .split_once(&format!("\n{RULE}"))
            .unwrap_or((block.trim_end(), ""));
        if !told.is_empty() {
            told.push('\n');
        }
        told.push_str(said.trim_matches('\n'));
        told.push('\n');
        let commands: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        if commands.is_empty() {
            continue;
        }
        told.push_str(RULE);
        told.push('\n');
        for line in commands {
            if ended {
                break;
            }
            let mut lines = Vec::new();
            ended = play(&mut stage, line, &mut lines);
            for line in lines {
                told.push_str(&line);
                told.push('\n');
            }
        }
    }
    told
}

/// True when the story ends here: an invariant is broken.
fn play(stage: &mut Stage, line: &str, lines: &mut Vec<String>) -> bool {
    let command: Command = match line.parse() {
        Ok(command) => command,
        Err(error) => {
            lines.push(error.to_string());
            return false;
        }
    };
    stage.listen();
    let played = stage.play(&command);
    lines.extend(
        stage
            .heard()
            .iter()
            .filter_map(|(member, output)| words(*member, output)),
    );
    match played {
        Ok(true) if command == Command::Show => lines.extend(show(stage)),
        Ok(true) => {}
        Ok(false) => lines.push(format!("({line}: not possible now)")),
        Err(violation) => {
            lines.push(format!("{BROKEN}{violation}"));
            return true;
        }
    }
    false
}

/// An output in words; nothing for those that only keep the wheels turning.
#[must_use]
pub fn words(member: usize, output: &Output) -> Option<String> {
    Some(match output {
        Output::PersistVote(vote) => match vote.candidate {
            Some(candidate) => format!("{member} votes for {} in term {}", candidate.0, vote.term.0),
            None => format!("{member} votes for nobody in term {}", vote.term.0),
        },
        Output::PersistConfig(config) => {
            format!(
                "{member} stores configuration version {} term {}",
                config.id.version, config.id.term.0
            )
        }
        Output::Append { content, entries } => {
            let names: Vec<String> = entries.iter().map(ToString::to_string).collect();
            format!("{member} appends {} ({content:?})", names.join(" "))
        }
        Output::RollBack { to, rollback_id } => {
            format!("{member} rolls back to {to}, rollback id {rollback_id}")
        }
        Output::PersistUnsynced(Some(flag)) => {
            let what = match (flag.whole, flag.forgot) {
                (false, _) => "lacks its data",
                (true, true) => "lacks its memory",
                (true, false) => "has its data",
            };
            format!("{member} notes that it {what}")
        }
        Output::PersistUnsynced(None) => format!("{member} notes that it is whole"),
        Output::BeginClone { begin } => {
            format!("{member} throws its data away; its oplog begins after {begin}")
        }
        Output::TakePage { .. } => format!("{member} takes a page of data"),
        Output::ApplyToClone { stop } => {
            format!("{member} applies its oplog to the clone, up to {stop} at least")
        }
        Output::Complete { id, outcome } => format!("{member} answers request {}: {outcome:?}", id.0),
        Output::Refuse { id, refusal } => format!("{member} refuses request {}: {refusal:?}", id.0),
        Output::ServeRead { id, at } => format!("{member} serves read {} at {at:?}", id.0),
        Output::CommitPoint(point) => format!("{member} takes {point} for committed"),
        Output::StateChanged(state) => format!("{member} is {state:?}"),
        Output::Fatal(reason) => format!("{member} gives up: {reason:?}"),
        Output::Send(_) | Output::SetTimer(_) | Output::CancelTimer(_) | Output::ResolveConfig(_) => {
            return None;
        }
    })
}

/// The members of a configuration that a primary has made: `-` without a vote, `+` new and not counted yet. Nothing of
/// the one that a story begins with.
fn config_words(config: &Config) -> String {
    if config.is_none() || config.id.term == Term::NONE {
        return String::new();
    }
    let member = |member: &MemberConfig| {
        let mark = match (member.votes, member.newly_added) {
            (false, _) => "-",
            (true, true) => "+",
            (true, false) => "",
        };
        format!("{}{mark}", member.id.0)
    };
    let members: Vec<String> = config.members.iter().map(member).collect();
    let (version, term) = (config.id.version, config.id.term.0);
    format!(" config {version}@t{term} {{{}}}", members.join(" "))
}

fn show(stage: &Stage) -> Vec<String> {
    let line = |(member, machine): (usize, &super::machine::Machine)| {
        let state = &machine.state;
        let log: Vec<String> = state.oplog.iter().map(|entry| entry.to_string()).collect();
        if !machine.up {
            return format!("{member} down");
        }
        let commit = if state.commit_point.is_null() {
            "-".to_owned()
        } else {
            state.commit_point.to_string()
        };
        format!(
            "{member} {:?} term {} log [{}] committed {commit}{}",
            state.member_state,
            state.term.0,
            log.join(" "),
            config_words(&state.config)
        )
    };
    stage.cluster.machines.iter().enumerate().map(line).collect()
}
