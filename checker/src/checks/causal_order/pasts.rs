//! Clocks: which writes are in the causal past of a session, and of a write.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, Value};

use crate::{
    checks::{
        budget::Exhausted,
        linearizable::FastMap,
        promised::{is_durable, keeps_session},
        watch::Watch,
    },
    history::{History, Op},
};

/// What holds values: a register or a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Register(Key),
    Set(Key),
}

/// One write of a causal session.
#[derive(Clone, Debug)]
pub(super) struct Write<'a> {
    pub(super) op: &'a Op,
    pub(super) session: u32,
    /// Which write of its session, from 1.
    pub(super) turn: u32,
    /// The row of what came before it, itself included; set when it is called.
    past: Option<u32>,
}

/// What a session had learned of another one: how many of its writes, by which read, which saw which write.
#[derive(Clone, Copy, Debug)]
struct Lesson<'a> {
    turn: u32,
    read: &'a Op,
    seen: usize,
}

/// The sessions of a history.
#[derive(Debug, Default)]
pub(super) struct Pasts<'a> {
    /// Process to its number among sessions.
    pub(super) sessions: FastMap<u32, u32>,
    pub(super) writes: Vec<Write<'a>>,
    /// Who wrote a value.
    pub(super) writer: FastMap<(Place, Value), usize>,
    /// Writes by place and session, in session order.
    pub(super) of_place: BTreeMap<Place, BTreeMap<u32, Vec<usize>>>,
    /// What each session knows now: of each session, how many of its writes.
    pub(super) clocks: Vec<Vec<u32>>,
    /// The same of each write that was called, one row after the other: a million of small ones of their own take long to
    /// give back.
    rows: Vec<u32>,
    /// (session, other session) to what it learned, in order.
    lessons: FastMap<(u32, u32), Vec<Lesson<'a>>>,
}

impl<'a> Pasts<'a> {
    pub(super) fn of(history: &'a History, watch: &mut Watch) -> Result<Self, Exhausted> {
        let mut pasts = Self::default();
        let mut turns: Vec<u32> = Vec::new();
        for op in history.ops.iter().filter(|op| keeps_session(&op.request)) {
            watch.step()?;
            let next = pasts.sessions.len() as u32;
            let session = *pasts.sessions.entry(op.process).or_insert(next);
            turns.resize(pasts.sessions.len(), 0);
            if op.is_fail() || !is_durable(&op.request.concerns) || did_nothing(op) {
                continue;
            }
            let written = written(&op.request.action);
            if written.is_empty() {
                continue;
            }
            turns[session as usize] += 1;
            let number = pasts.writes.len();
            watch.holds::<Write<'_>>(1);
            watch.holds::<((Place, Value), [usize; 2])>(written.len());
            pasts.writes.push(Write {
                op,
                session,
                turn: turns[session as usize],
                past: None,
            });
            for (place, value) in written {
                pasts.writer.insert((place, value), number);
                let sessions = pasts.of_place.entry(place).or_default();
                sessions.entry(session).or_default().push(number);
            }
        }
        pasts.clocks = vec![vec![0; pasts.sessions.len()]; pasts.sessions.len()];
        Ok(pasts)
    }

    /// The write is called: its past is what its session knows, and itself.
    pub(super) fn call(&mut self, number: usize) {
        let row = self.rows.len() / self.clocks.len();
        let write = &mut self.writes[number];
        let clock = &mut self.clocks[write.session as usize];
        // One of unknown end is the last of its session: it counts only for those who saw it.
        clock[write.session as usize] = write.turn;
        self.rows.extend_from_slice(clock);
        write.past = Some(row as u32);
    }

    /// What came before a write, itself included: of each session, how many of its writes. None before it is called.
    fn past(&self, write: &Write<'_>) -> Option<&[u32]> {
        let sessions = self.clocks.len();
        let begin = write.past? as usize * sessions;
        Some(&self.rows[begin..begin + sessions])
    }

    /// A read of `session` saw this write.
    pub(super) fn see(&mut self, session: u32, number: usize, read: &'a Op) {
        let sessions = self.clocks.len();
        let Some(row) = self.writes[number].past else {
            return;
        };
        let past = &self.rows[row as usize * sessions..][..sessions];
        let clock = &mut self.clocks[session as usize];
        for (other, turn) in (0u32..).zip(past) {
            if clock[other as usize] < *turn {
                clock[other as usize] = *turn;
                let lesson = Lesson {
                    turn: *turn,
                    read,
                    seen: number,
                };
                self.lessons.entry((session, other)).or_default().push(lesson);
            }
        }
    }

    /// The reads and writes over which `write` came to `session`, the last one first; none when it is its own.
    pub(super) fn way(&self, mut session: u32, write: &Write<'a>) -> Vec<&'a Op> {
        let mut way = Vec::new();
        while session != write.session {
            let lessons = self
                .lessons
                .get(&(session, write.session))
                .map_or(&[][..], Vec::as_slice);
            let Some(lesson) = lessons.iter().find(|lesson| lesson.turn >= write.turn) else {
                break;
            };
            way.push(lesson.read);
            let seen = &self.writes[lesson.seen];
            if seen.op.number == write.op.number {
                break;
            }
            way.push(seen.op);
            session = seen.session;
        }
        way
    }

    /// Whether `later` comes after `earlier` in causal order.
    pub(super) fn precedes(&self, earlier: &Write<'a>, later: &Write<'a>) -> bool {
        let past = self.past(later);
        past.is_some_and(|past| past[earlier.session as usize] >= earlier.turn)
    }
}

/// A compare-and-set that did not match, or was not told to.
const fn did_nothing(op: &Op) -> bool {
    matches!(
        op.observed(),
        Some(Observed::Refused | Observed::Swapped { swapped: false, .. } | Observed::Taken)
    )
}

fn written(action: &Action) -> Vec<(Place, Value)> {
    match action {
        Action::Write { key, value } | Action::Cas { key, value, .. } => {
            vec![(Place::Register(*key), *value)]
        }
        Action::Add { key, value } => vec![(Place::Set(*key), *value)],
        Action::AddMany { key, values } => values.iter().map(|value| (Place::Set(*key), *value)).collect(),
        _ => Vec::new(),
    }
}
