//! Looks at every member a few times a second: what it says of itself, and what its process is doing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{
    admin::{Admin, Look},
    arena::Arena,
    error::RunError,
    tempo,
};
use crate::{
    console::Console,
    nemesis::view::{Condition, MemberView, Role, View},
    record::{
        directory::{RunDirectory, RunFile},
        lines::LineWriter,
        status::{ProcessState, StatusSample},
    },
};

/// The newest look at each member. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Mutex<Seen>>);

#[derive(Debug)]
struct Seen {
    looks: Vec<Look>,
    primary: Option<(u8, i64)>,
}

impl Watch {
    /// Nothing seen yet of `members` members.
    pub fn new(members: u8) -> Self {
        let looks = vec![Look::default(); usize::from(members)];
        Self(Arc::new(Mutex::new(Seen { looks, primary: None })))
    }

    /// What each member last said it is. Who did not answer is nobody.
    pub fn roles(&self) -> Vec<Role> {
        self.lock().looks.iter().map(role).collect()
    }

    /// `n0 PRIMARY t4 · n1 down · n2 SECONDARY t4`.
    pub fn line(&self, view: &View) -> String {
        let seen = self.lock();
        let member = |(index, (look, member)): (usize, (&Look, &MemberView))| {
            let skewed = if member.skewed { " clock wrong" } else { "" };
            let cut = if member.cut { " cut" } else { "" };
            let state = match (member.condition, &look.state, look.term) {
                (Condition::Down, ..) => "down".to_owned(),
                (Condition::Paused, ..) => "paused".to_owned(),
                (Condition::Running, Some(state), Some(term)) => format!("{state} t{term}"),
                (Condition::Running, Some(state), None) => state.clone(),
                (Condition::Running, None, _) => "no answer".to_owned(),
            };
            format!("n{index} {state}{cut}{skewed}")
        };
        let members = seen.looks.iter().zip(&view.members).enumerate().map(member);
        members.collect::<Vec<_>>().join("  ")
    }

    /// Takes new looks; gives the primary when it is another one, or in another term, than before.
    fn take(&self, looks: &[Look]) -> Option<(u8, i64)> {
        let mut seen = self.lock();
        seen.looks = looks.to_vec();
        let primaries = (0..).zip(looks).filter(|(_, look)| role(look) == Role::Primary);
        let newest = primaries
            .filter_map(|(member, look)| Some((member, look.term?)))
            .max_by_key(|(_, term)| *term)?;
        // A deposed primary that has not heard of its fate is no news.
        let known_term = seen.primary.map_or(i64::MIN, |(_, term)| term);
        if newest.1 <= known_term {
            return None;
        }
        seen.primary = Some(newest);
        Some(newest)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running watch; it ends when it is dropped.
#[derive(Debug)]
pub struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts to look, every [`tempo::STATUS_PERIOD`], and to write down what is seen.
///
/// # Errors
/// When the file of samples cannot be made.
pub fn start(
    arena: Arena,
    admin: Admin,
    directory: &RunDirectory,
    start: Instant,
    console: Console,
) -> Result<Watching, RunError> {
    let file = directory.append(RunFile::Status)?;
    Ok(Watching(tokio::spawn(look_on(
        arena, admin, file, start, console,
    ))))
}

async fn look_on(
    arena: Arena,
    admin: Admin,
    mut file: LineWriter<StatusSample>,
    start: Instant,
    console: Console,
) {
    let mut ticks = tokio::time::interval(tempo::STATUS_PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let looks = admin.look_all().await;
        let time_ns = nanoseconds(start.elapsed());
        if let Some((member, term)) = arena.watch().take(&looks) {
            console.say(format!("n{member} is primary in term {term}"));
        }
        let view = arena.view().await;
        let offsets = clock_offsets(&arena).await;
        for (member, look) in (0..).zip(looks) {
            let sample = StatusSample {
                time_ns,
                member,
                process: match view.members[usize::from(member)].condition {
                    Condition::Running => ProcessState::Up,
                    Condition::Paused => ProcessState::Paused,
                    Condition::Down => ProcessState::Down,
                },
                state: look.state,
                term: look.term,
                commit: look.commit,
                applied: look.applied,
                clock_offset_ms: offsets[usize::from(member)],
            };
            // The samples are for the report: without them the run still proves what it proves.
            let _ = file.append(&sample);
        }
        let _ = file.flush();
    }
}

async fn clock_offsets(arena: &Arena) -> Vec<i64> {
    let stage = arena.lock().await;
    let offset_ms = |member: u8| {
        let page = stage.rig.page(member)?;
        Some(page.wall_error_ns().ok()? / 1_000_000)
    };
    (0..)
        .zip(stage.rig.seats())
        .map(|(member, _)| offset_ms(member).unwrap_or(0))
        .collect()
}

fn role(look: &Look) -> Role {
    match look.state.as_deref() {
        Some("PRIMARY") => Role::Primary,
        Some("SECONDARY") => Role::Secondary,
        Some("STARTUP2") => Role::Copying,
        Some("ARBITER") => Role::Arbiter,
        Some("RECOVERING") => Role::Recovering,
        _ => Role::Other,
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn a_new_primary_is_news_once_and_a_deposed_one_never() {
        let watch = Watch::new(3);
        assert_eq!(watch.take(&[primary(1), secondary(), secondary()]), Some((0, 1)));
        assert_eq!(watch.take(&[primary(1), secondary(), secondary()]), None);
        assert_eq!(watch.take(&[primary(1), primary(2), secondary()]), Some((1, 2)));
        assert_eq!(watch.take(&[primary(1), Look::default(), secondary()]), None);
        assert_eq!(watch.roles(), [Role::Primary, Role::Other, Role::Secondary]);
    }

    #[test]
    fn the_line_believes_the_rig_before_the_member() {
        let watch = Watch::new(3);
        watch.take(&[primary(4), secondary(), Look::default()]);
        let mut view = View::healthy(3, QuorumBudget::Any);
        view.members[0].condition = Condition::Down;
        view.members[1].skewed = true;
        assert_eq!(
            watch.line(&view),
            "n0 down  n1 SECONDARY t4 clock wrong  n2 no answer"
        );
    }

    fn primary(term: i64) -> Look {
        Look {
            state: Some("PRIMARY".to_owned()),
            term: Some(term),
            ..Look::default()
        }
    }

    fn secondary() -> Look {
        Look {
            state: Some("SECONDARY".to_owned()),
            term: Some(4),
            ..Look::default()
        }
    }
}
