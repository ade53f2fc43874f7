//! A node's trace, step by step, through the core: same rules, same outputs? And over all members' traces: the
//! promises that hold between them.
//!
//! A trace is JSON lines. A process begins with `{"recovered": Durable}`; then comes one line for each step:
//! `{"at_ms", "wall_secs", "input", "fired", "outputs"}`. Several lives may follow each other in one text. The
//! last line of a life may be torn (the process was killed while it wrote).
//!
//! A trace may say `{"ended": "limit"}`: what follows, up to the next life, was not written down. After any other
//! end (`{"ended": "damaged"}`: somebody has changed its files) the next life owes nothing to the one before.
//!
//! Two primaries at once, in different terms, are legal: a hand-over is not atomic.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use protocol::config::MemberId;
use protocol::input::Input;
use protocol::member::{Rules, step};
use protocol::message::Body;
use protocol::optime::{OpTime, Term};
use protocol::output::{FatalReason, Output, Token, Vote};
use protocol::state::{Durable, State};
use serde::Deserialize;

use crate::simulation::{
    contents::{Contents, Written},
    coverage::Coverage,
};

/// What the traces of one run say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Steps that were replayed.
    pub steps: u64,
    /// Processes that were started.
    pub lives: u64,
    /// How often each rule fired.
    pub fired: BTreeMap<String, u64>,
    /// Which situations came up, and in which second of the members' wall clocks.
    pub situations: Coverage,
    /// Traces that ended before their members did.
    pub cut_short: Vec<String>,
    /// Where the core of this checker does otherwise than the node did, or a promise is broken.
    pub findings: Vec<Finding>,
}

/// One mismatch or broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which trace.
    pub trace: String,
    /// Its line, from 1.
    pub line: usize,
    /// `mismatch`, `unreadable`, or an invariant's number.
    pub oracle: String,
    /// In one sentence.
    pub words: String,
}

/// At most so many findings are kept: after the first, most are its consequences.
pub const FINDINGS_MAX: usize = 32;

/// Replays every trace (name and lines, one a member) under `rules`, line by line: a trace may be larger than the
/// memory.
#[must_use]
pub fn replay<R: BufRead>(rules: &Rules, traces: impl IntoIterator<Item = (String, R)>) -> Replayed {
    let mut replay = Replay {
        rules,
        replayed: Replayed::default(),
        number: 0,
        elected: BTreeMap::new(),
        contents: Contents::default(),
        commit_points: BTreeMap::new(),
    };
    for (name, lines) in traces {
        replay.member(&name, lines);
        replay.number += 1;
    }
    replay.commit_points_lie_on_one_branch();
    replay.replayed
}

struct Replay<'a> {
    rules: &'a Rules,
    replayed: Replayed,
    /// Of the member whose trace is read.
    number: usize,
    elected: BTreeMap<Term, MemberId>,
    /// Which entry follows which, over all members.
    contents: Contents,
    commit_points: BTreeMap<OpTime, (String, usize)>,
}

/// One line of a trace, of either kind.
#[derive(Deserialize)]
struct Line {
    recovered: Option<Durable>,
    ended: Option<String>,
    #[serde(default)]
    wall_secs: u32,
    input: Option<Input>,
    #[serde(default)]
    fired: Vec<String>,
    #[serde(default)]
    outputs: Vec<Output>,
}

/// Where in a trace the reader is.
enum Place {
    /// Before the first process.
    Nowhere,
    /// Within the life of one.
    Within(Box<Life>),
    /// Within a life whose rest is passed over: it has gone another way than the core.
    Abandoned,
}

/// One process while its trace is read.
struct Life {
    state: State,
    vote_durable: Vote,
    tip: OpTime,
}

/// A trace ends with this word when it is as large as it may be.
const LIMIT: &str = "limit";

const ENDED: &str = "{\"ended\":";

const RECOVERED: &str = "{\"recovered\":";

impl Replay<'_> {
    fn member(&mut self, name: &str, lines: impl BufRead) {
        let mut place = Place::Nowhere;
        let mut lines = Lines::new(lines);
        let mut number = 0;
        loop {
            number += 1;
            let at = (name, number);
            let (raw, is_last_of_life) = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => {
                    self.find(at, "unreadable", error.to_string());
                    return;
                }
            };
            if raw.is_empty() {
                continue;
            }
            // A process that died while it wrote left no line end: the next life's first line is glued to it.
            let torn = raw.get(1..).and_then(|rest| rest.find(RECOVERED));
            let whole = torn.map_or(raw, |torn| &raw[torn + 1..]);
            match serde_json::from_str::<Line>(whole) {
                Ok(line) => self.line(at, line, &mut place),
                Err(_) if is_last_of_life => {}
                Err(error) => {
                    self.find(at, "unreadable", error.to_string());
                    return;
                }
            }
        }
    }

    fn line(&mut self, at: (&str, usize), line: Line, place: &mut Place) {
        if let Some(durable) = line.recovered {
            if let Place::Within(before) = &place {
                self.nothing_durable_was_lost(at, before, &durable);
            }
            *place = Place::Within(Box::new(self.begin(at, durable)));
            return;
        }
        if let Some(why) = line.ended {
            let name = at.0.to_owned();
            if why == LIMIT && self.replayed.cut_short.last() != Some(&name) {
                self.replayed.cut_short.push(name);
            }
            *place = Place::Abandoned;
            return;
        }
        match (line.input, &mut *place) {
            (Some(_), Place::Abandoned) => {}
            (Some(input), Place::Within(life)) => {
                if !self.step(at, life, line.wall_secs, &input, &line.fired, &line.outputs) {
                    *place = Place::Abandoned;
                }
            }
            (None, _) => self.find(at, "unreadable", "neither a step nor a recovery".to_owned()),
            (_, Place::Nowhere) => self.find(at, "unreadable", "a step before any recovery".to_owned()),
        }
    }

    fn begin(&mut self, at: (&str, usize), durable: Durable) -> Life {
        self.replayed.lives += 1;
        let mut parent = durable.oplog.base();
        for optime in durable.oplog.iter() {
            self.follows(at, optime, parent);
            parent = optime;
        }
        Life {
            vote_durable: durable.vote,
            tip: parent,
            state: State::recover(durable),
        }
    }

    /// False when the node did otherwise than the core: all that follows would only follow from that.
    fn step(
        &mut self,
        at: (&str, usize),
        life: &mut Life,
        wall_secs: u32,
        input: &Input,
        fired: &[String],
        outputs: &[Output],
    ) -> bool {
        self.replayed.steps += 1;
        let known = life.state.commit_point.min(life.state.oplog.last());
        let was_primary_of = life.state.is_primary().then_some(life.state.term);
        let mut ours = Vec::new();
        let our_fired = step(self.rules, &mut life.state, wall_secs, input, &mut ours);
        for name in our_fired.names() {
            *self.replayed.fired.entry(name.to_owned()).or_default() += 1;
        }
        self.replayed
            .situations
            .note(self.number, our_fired, &life.state, wall_secs.into());
        let mut same = true;
        if !our_fired.names().eq(fired.iter().map(String::as_str)) {
            same = false;
            let names: Vec<&str> = our_fired.names().collect();
            self.find(
                at,
                "mismatch",
                format!("{} fires {names:?}, the node fired {fired:?}", input.name()),
            );
        } else if ours != outputs {
            same = false;
            let first = ours.iter().zip(outputs).position(|(ours, theirs)| ours != theirs);
            let place = first.unwrap_or(ours.len().min(outputs.len()));
            self.find(
                at,
                "mismatch",
                format!(
                    "{}: output {place} is {:?}, the node did {:?}",
                    input.name(),
                    ours.get(place),
                    outputs.get(place)
                ),
            );
        }
        if let Input::Persisted(Token::Vote(vote)) = input {
            self.one_vote_per_term(at, life.vote_durable, *vote);
            life.vote_durable = *vote;
        }
        if life.state.is_primary() && was_primary_of != Some(life.state.term) {
            self.one_primary_per_term(at, &life.state);
        }
        for output in outputs {
            self.never_behind_the_commit_point(at, known, output);
            self.output(at, life, output);
        }
        same
    }

    fn output(&mut self, at: (&str, usize), life: &mut Life, output: &Output) {
        match output {
            Output::Append { entries, .. } => {
                for &optime in entries {
                    let parent = std::mem::replace(&mut life.tip, optime);
                    self.follows(at, optime, parent);
                }
            }
            Output::RollBack { to, .. } => life.tip = *to,
            // The whole log is thrown away, and goes on after the point from which the data are copied.
            Output::BeginClone { begin } => life.tip = *begin,
            Output::CommitPoint(point) => {
                self.commit_points
                    .entry(*point)
                    .or_insert_with(|| (at.0.to_owned(), at.1));
            }
            Output::Send(message) => {
                if let Body::VoteResponse {
                    dry_run: false,
                    asked,
                    granted: true,
                } = message.body
                    && life.vote_durable
                        != (Vote {
                            term: asked,
                            candidate: Some(message.to),
                        })
                {
                    let words = format!("a vote in term {} is told before it is durable", asked.0);
                    self.find(at, "I-14", words);
                }
            }
            _ => {}
        }
    }

    /// I-01.
    fn one_primary_per_term(&mut self, at: (&str, usize), winner: &State) {
        let first = *self.elected.entry(winner.term).or_insert(winner.me);
        if first != winner.me {
            let words = format!(
                "members {} and {} were both elected in term {}",
                first.0, winner.me.0, winner.term.0
            );
            self.find(at, "I-01", words);
        }
    }

    /// What I-01 rests on (Raft §5.2): nobody votes for two in one term.
    fn one_vote_per_term(&mut self, at: (&str, usize), before: Vote, now: Vote) {
        if let (Some(first), Some(second)) = (before.candidate, now.candidate)
            && before.term == now.term
            && first != second
        {
            let words = format!(
                "it has voted for member {} and for member {} in term {}",
                first.0, second.0, now.term.0
            );
            self.find(at, "I-01", words);
        }
    }

    /// I-02: an entry follows the same entry wherever it is.
    fn follows(&mut self, at: (&str, usize), optime: OpTime, parent: OpTime) {
        match self.contents.get(optime) {
            // What the cap dropped in front of an entry is not known where the log begins.
            Some(known) if known.parent != parent && !known.parent.is_null() && !parent.is_null() => {
                let words = format!("{optime} follows {parent} here and {} elsewhere", known.parent);
                self.find(at, "I-02", words);
            }
            Some(known) if !known.parent.is_null() => {}
            _ => {
                self.contents.write(optime, Written { parent, change: None });
            }
        }
    }

    /// I-06.
    fn never_behind_the_commit_point(&mut self, at: (&str, usize), known: OpTime, output: &Output) {
        let too_far = match output {
            Output::RollBack { to, .. } => *to < known,
            Output::Fatal(reason) => *reason == FatalReason::RollbackBeforeCommitPoint,
            _ => false,
        };
        if too_far {
            let words = format!("it would have to roll back behind its commit point {known}");
            self.find(at, "I-06", words);
        }
    }

    /// I-09: what was confirmed as durable in one life is there in the next.
    fn nothing_durable_was_lost(&mut self, at: (&str, usize), before: &Life, now: &Durable) {
        // A rollback that was asked for may have become durable without a word.
        let kept = before.state.durable.min(before.tip);
        let too_old = kept < now.oplog.base();
        if !too_old && !now.oplog.contains(kept) {
            let words = format!("{kept} was durable, and is gone after the restart");
            self.find(at, "I-09", words);
        }
        if now.vote.term < before.vote_durable.term {
            let words = format!(
                "the vote of term {} was durable, and is gone after the restart",
                before.vote_durable.term.0
            );
            self.find(at, "I-14", words);
        }
    }

    /// I-07: all that anybody takes for committed is one history.
    fn commit_points_lie_on_one_branch(&mut self) {
        let points: Vec<(OpTime, (String, usize))> = self
            .commit_points
            .iter()
            .map(|(point, at)| (*point, at.clone()))
            .collect();
        for pair in points.windows(2) {
            let [(older, _), (newer, (name, line))] = pair else {
                continue;
            };
            // Entries of before the traces began are not known: then nothing can be said.
            let known = self.contents.get(*newer).is_some() && self.contents.get(*older).is_some();
            if known && !self.contents.is_ancestor(*older, *newer) {
                let words = format!("{newer} is taken for committed, and so is {older} on another branch");
                self.find((name, *line), "I-07", words);
            }
        }
    }

    fn find(&mut self, (trace, line): (&str, usize), oracle: &str, words: String) {
        if self.replayed.findings.len() < FINDINGS_MAX {
            self.replayed.findings.push(Finding {
                trace: trace.to_owned(),
                line,
                oracle: oracle.to_owned(),
                words,
            });
        }
    }
}

/// Lines with a look at the one that follows.
struct Lines<R> {
    reader: R,
    line: String,
    following: String,
    started: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            line: String::new(),
            following: String::new(),
            started: false,
        }
    }

    /// The next line, and whether it is the last of a life, which the process may not have ended.
    fn next(&mut self) -> io::Result<Option<(&str, bool)>> {
        if !std::mem::replace(&mut self.started, true) {
            self.read()?;
        }
        std::mem::swap(&mut self.line, &mut self.following);
        if self.line.is_empty() {
            return Ok(None);
        }
        self.read()?;
        let begins = |line: &str| self.following.starts_with(line);
        let last = self.following.is_empty() || begins(RECOVERED) || begins(ENDED);
        Ok(Some((self.line.trim_end_matches('\n'), last)))
    }

    /// Reads the following line; empty at the end.
    fn read(&mut self) -> io::Result<()> {
        self.following.clear();
        let mut bytes = std::mem::take(&mut self.following).into_bytes();
        self.reader.read_until(b'\n', &mut bytes)?;
        // A torn line may end within a letter.
        self.following = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(())
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
