//! From a long run to a short story: the choices of a simulated run, told as commands on a stage, and every
//! command taken out that the violation does not need (delta debugging, Zeller & Hildebrandt, TSE 2002).

use std::panic::{AssertUnwindSafe, catch_unwind};

use protocol::concern::{ReadConcern, W};
use protocol::config::Config;
use protocol::config_change::Change;
use protocol::input::Input;
use protocol::member::Rules;

use super::command::{Command, Concern};
use super::recording::{Choice, Deed, Recording, What};
use super::scenario;
use super::stage::Stage;
use super::violation::Violation;

/// A shrunk run.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What is left, in order.
    pub commands: Vec<Command>,
    /// What it leads to.
    pub violation: Violation,
    /// How many commands there were.
    pub before: usize,
    /// How many attempts were made.
    pub attempts: u64,
}

/// Cuts the recording of a run of a set of `config` that ended in `violation` down, in at most `attempts_max`
/// attempts. `None`: the violation does not show on a stage (it needs time, as liveness does, or the clients'
/// histories, or a configuration that a story has no words for).
#[must_use]
pub fn shrink(
    rules: Rules,
    config: &Config,
    recording: &Recording,
    violation: &Violation,
    attempts_max: u64,
) -> Option<Shrunk> {
    let arbiters = config.members.iter().filter(|member| member.arbiter).count();
    let mut shrinker = Shrinker {
        rules,
        set: Command::Members {
            count: u8::try_from(config.members.len()).ok()?,
            arbiters: u8::try_from(arbiters).ok()?,
            spares: u8::try_from(recording.members - config.members.len()).ok()?,
            new: true,
        },
        oracle: &violation.oracle,
        attempts: 0,
    };
    let mut commands = shrinker.tell(recording);
    let before = commands.len();
    let mut found = shrinker.attempt(&commands)?;
    commands.truncate(found.0);
    // Clocks rarely matter: all of them at once, first.
    let without_clocks: Vec<Command> = commands
        .iter()
        .filter(|command| !matches!(command, Command::Wall(..)))
        .cloned()
        .collect();
    if let Some(better) = shrinker.attempt(&without_clocks) {
        commands = without_clocks;
        commands.truncate(better.0);
        found = better;
    }
    let mut chunk = commands.len() / 2;
    while chunk > 0 && shrinker.attempts < attempts_max {
        let mut removed_any = false;
        let mut at = commands.len();
        // From the end: what comes last depends on most and is needed by least.
        while at > 0 && shrinker.attempts < attempts_max {
            let from = at.saturating_sub(chunk);
            let mut shorter = commands.clone();
            shorter.drain(from..at);
            if let Some(better) = shrinker.attempt(&shorter) {
                shorter.truncate(better.0);
                commands = shorter;
                found = better;
                removed_any = true;
                at = from.min(commands.len());
            } else {
                at = from;
            }
        }
        if !removed_any || chunk > 1 {
            chunk /= 2;
        }
    }
    commands.insert(0, shrinker.set.clone());
    Some(Shrunk {
        commands,
        violation: found.1,
        before,
        attempts: shrinker.attempts,
    })
}

impl Shrunk {
    /// As a scenario file, told with what it leads to. `bug`: the planted bug it was found with.
    #[must_use]
    pub fn story(&self, heading: &str, bug: Option<&str>) -> String {
        let mut text: String = heading.lines().map(|line| format!("# {line}\n")).collect();
        if let Some(bug) = bug {
            text.push_str(&format!("bug {bug}\n"));
        }
        for command in &self.commands {
            text.push_str(&format!("{command}\n"));
        }
        scenario::tell(&text)
    }
}

struct Shrinker<'a> {
    rules: Rules,
    set: Command,
    oracle: &'a str,
    attempts: u64,
}

impl Shrinker<'_> {
    /// Plays the commands; gives how many were needed, and the violation, if it is of the same oracle.
    fn attempt(&mut self, commands: &[Command]) -> Option<(usize, Violation)> {
        self.attempts += 1;
        let mut stage = self.stage();
        for (place, command) in commands.iter().enumerate() {
            let played = catch_unwind(AssertUnwindSafe(|| stage.play(command)))
                .unwrap_or_else(|_| Err(Violation::new("panic", "the core panicked")));
            if let Err(violation) = played {
                return (violation.oracle == self.oracle).then_some((place + 1, violation));
            }
        }
        None
    }

    fn stage(&self) -> Stage {
        let mut stage = Stage::new(self.rules);
        // An empty set can break nothing when it enters.
        let _ = stage.play(&self.set);
        stage
    }

    /// The recording in commands.
    fn tell(&self, recording: &Recording) -> Vec<Command> {
        let mut stage = self.stage();
        let mut commands = Vec::new();
        let mut walls = vec![0; recording.members];
        for choice in &recording.choices {
            for command in in_words(&stage, choice, &mut walls) {
                // The last one may break an invariant, or panic: then it is the last one.
                let played = catch_unwind(AssertUnwindSafe(|| stage.play(&command)));
                commands.push(command);
                if !matches!(played, Ok(Ok(_))) {
                    return commands;
                }
            }
        }
        commands
    }
}

fn in_words(stage: &Stage, choice: &Choice, walls: &mut [u32]) -> Vec<Command> {
    let member = choice.member;
    let mut commands = Vec::new();
    match &choice.deed {
        Deed::Crash(survival) => commands.push(Command::Crash(
            member,
            survival.requests.min(1_000_000),
            survival.entries,
        )),
        Deed::Restart => commands.push(Command::Restart(member)),
        Deed::Empty => commands.push(Command::Empty(member)),
        Deed::Step {
            input,
            what,
            wall_secs,
            crash,
        } => {
            if walls[member] != *wall_secs {
                walls[member] = *wall_secs;
                commands.push(Command::Wall(member, *wall_secs));
            }
            if let Some((outputs, survival)) = *crash {
                commands.push(Command::Die {
                    member,
                    outputs,
                    requests: survival.requests.min(1_000_000),
                    entries: survival.entries,
                });
            }
            commands.extend(step_in_words(stage, member, input, *what));
        }
    }
    commands
}

fn step_in_words(stage: &Stage, member: usize, input: &Input, what: What) -> Option<Command> {
    Some(match (what, input) {
        (What::Flush(count), _) => Command::Flush(member, Some(count)),
        (What::TurnEnd, _) => Command::Turn(member),
        (What::Resolved, _) => Command::Resolve(member),
        (_, Input::Timer(timer)) => Command::Timer(member, *timer),
        (_, Input::Message(message)) => {
            let kind = message.body.name();
            let link = |other: &&protocol::message::Message| {
                (other.from, other.to) == (message.from, message.to) && other.body.name() == kind
            };
            let back = stage
                .hands
                .sent
                .iter()
                .rev()
                .filter(link)
                .position(|other| other == message || is_shortened(other, message));
            Command::Deliver {
                from: usize::from(message.from.0),
                to: usize::from(message.to.0),
                kind: kind.to_owned(),
                back: back.unwrap_or(0),
            }
        }
        (_, Input::ClientWrite { concern, .. }) => Command::Write(
            member,
            match concern.w {
                W::Majority => None,
                W::Members(w) => Some(w),
                // No simulated set names its own concerns.
                W::Mode(_) => None,
            },
        ),
        (_, Input::ClientNoop { .. }) => Command::Noop(member),
        (_, Input::ClientRead { concern, .. }) => Command::Read(
            member,
            match concern {
                ReadConcern::Local => Concern::Local,
                ReadConcern::Majority => Concern::Majority,
                ReadConcern::Linearizable => Concern::Linearizable,
            },
        ),
        (_, Input::Initiate { .. }) => Command::Initiate(member),
        (_, Input::StepDown { force, .. }) => Command::StepDown(member, *force),
        (_, Input::StepUp { .. }) => Command::StepUp(member),
        (_, Input::Freeze(on)) => Command::Freeze(member, *on),
        (_, Input::Maintenance(on)) => Command::Maintenance(member, *on),
        (_, Input::Resync) => Command::Resync(member),
        (_, Input::Capped(through)) => {
            let oplog = &stage.cluster.machines.get(member)?.state.oplog;
            Command::Cap(member, oplog.iter().filter(|entry| entry > through).count())
        }
        (_, Input::Reconfig { config, force, .. }) => Command::Reconfig {
            member,
            change: Change::between(&stage.cluster.machines[member].state.config, config)?,
            force: *force,
        },
        (_, Input::Disconnected(other)) => Command::Disconnect(member, usize::from(other.0)),
        (_, Input::SyncFrom(source)) => Command::SyncFrom(member, usize::from(source.0)),
        _ => return None,
    })
}

/// The shell may shorten a batch on its way.
fn is_shortened(sent: &protocol::message::Message, came: &protocol::message::Message) -> bool {
    use protocol::message::Body::FetchResponse;
    match (&sent.body, &came.body) {
        (
            FetchResponse {
                after: sent_after,
                entries: sent_entries,
                ..
            },
            FetchResponse { after, entries, .. },
        ) => sent.term == came.term && sent_after == after && sent_entries.starts_with(entries),
        _ => false,
    }
}
