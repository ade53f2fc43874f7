//! The proof of a linearizable read: after its value was taken, a majority of the voters says that it knows no
//! newer term, and all that was read is majority-committed.
//!
//! This is the *ReadIndex* of Raft (Ongaro's dissertation, §6.4). MongoDB writes a no-op instead and waits until it is
//! majority-committed, which asks the same voters the same question, by way of three disks.
//!
//! Why it is enough: a primary of a newer term needs a majority of votes, and one of its voters is in every other
//! majority. That voter had not voted when it answered, so whatever the newer primary acknowledges comes after the
//! value was taken. Across reconfigurations the majorities meet, too: a configuration of a newer term brings its term along,
//! and all those of the present one are this primary's own, each a vote away from the one before; a forced one
//! promises nothing. No clock is asked.

use super::rule::{Context, Rule};
use crate::config::{MemberId, MemberSet};
use crate::input::Input;
use crate::message::Body;
use crate::output::{Outcome, Output};
use crate::state::{State, WaitingRead};

/// See the module.
pub const RULE: Rule = Rule {
    name: "prove_read",
    act: |context| prove_read(context, counts, is_proven),
};

/// Does this answer speak for the present round of this read? The answer is the message at hand, and its sender a voter.
pub type Counts = fn(&Context<'_>, &WaitingRead) -> bool;
/// Is this read proven?
pub type Proven = fn(&State, &WaitingRead) -> bool;

/// Asks, answers and counts; answers every read that is `proven` by what `counts`.
pub fn prove_read(context: &mut Context<'_>, counts: Counts, proven: Proven) -> Option<()> {
    let spoke = speak(context, counts);
    let state = &mut *context.state;
    if !state.reads.iter().any(|read| proven(state, read)) {
        return spoke;
    }
    let mut reads = std::mem::take(&mut state.reads);
    reads.retain(|read| {
        let done = proven(context.state, read);
        if done {
            let (id, outcome) = (read.id, Outcome::Done);
            context.outputs.push(Output::Complete { id, outcome });
        }
        !done
    });
    context.state.reads = reads;
    Some(())
}

fn speak(context: &mut Context<'_>, counts: Counts) -> Option<()> {
    if matches!(context.input, Input::TurnEnd) {
        return ask_all(context);
    }
    let (message, position) = context.message_from()?;
    match message.body {
        Body::ReadIndexRequest { round } => answer(context, message.from, message.term, round),
        Body::ReadIndexResponse { .. } => count(context, position, counts),
        // A question or its answer was lost: it is asked again.
        Body::HeartbeatResponse { .. } => {
            let state = &*context.state;
            let lacks = |read: &WaitingRead| !read.vouched.contains(position);
            let wanted = state.config.members[position].is_voter() && state.reads.iter().any(lacks);
            wanted.then_some(())?;
            // Some may not have been asked about at all.
            if ask_all(context).is_none() {
                let round = context.state.read_round;
                context.send(message.from, Body::ReadIndexRequest { round });
            }
            Some(())
        }
        _ => None,
    }
}

/// Once a turn, after all values of the turn were taken: one question for all of them. Asked before, a voter could answer
/// and then elect another primary, which acknowledges what the value taken after that misses.
fn ask_all(context: &mut Context<'_>) -> Option<()> {
    let state = &mut *context.state;
    let newest = state.reads.iter().map(|read| read.round).max()?;
    (newest > state.read_round).then_some(())?;
    state.read_round = newest;
    let others = state.others();
    let voters: Vec<MemberId> = others
        .filter(|(position, _)| state.config.members[*position].is_voter())
        .map(|(_, id)| id)
        .collect();
    for voter in voters {
        context.send(voter, Body::ReadIndexRequest { round: newest });
    }
    Some(())
}

/// Says in which term it is.
fn answer(context: &mut Context<'_>, to: MemberId, asked: crate::optime::Term, round: u64) -> Option<()> {
    // who has forgotten what it voted would vouch for what it can't know.
    context.state.initial_sync.is_none().then_some(())?;
    context.send(to, Body::ReadIndexResponse { asked, round });
    Some(())
}

fn count(context: &mut Context<'_>, position: usize, counts: Counts) -> Option<()> {
    context.state.config.members[position].is_voter().then_some(())?;
    let mut reads = std::mem::take(&mut context.state.reads);
    let mut news = None;
    for read in &mut reads {
        if counts(context, read) && !read.vouched.contains(position) {
            read.vouched.insert(position);
            news = Some(());
        }
    }
    context.state.reads = reads;
    news
}

/// The answer was given to this round or a later one, in the present term by both sides' word. Without the round: a voter answers the first question late, elects another primary, which acknowledges
/// a write, and the old answer proves a read that missed it.
#[must_use]
pub fn counts(context: &Context<'_>, read: &WaitingRead) -> bool {
    let Some((message, _)) = context.message_from() else {
        return false;
    };
    let state = &*context.state;
    matches!(message.body, Body::ReadIndexResponse { asked, round }
        if round >= read.round && asked == state.term && message.term == state.term)
}

/// A majority has answered, and what was read stays.
#[must_use]
pub fn is_proven(state: &State, read: &WaitingRead) -> bool {
    state.commit_point >= read.seen && has_majority(state, read.vouched)
}

/// Are these, and this member, a majority of the voters?
#[must_use]
pub fn has_majority(state: &State, mut vouched: MemberSet) -> bool {
    if let Some(me) = state.my_position() {
        vouched.insert(me);
    }
    state.config.is_majority(vouched)
}

/// In another configuration everybody is asked anew.
pub(super) fn ask_anew(state: &mut State) {
    let round = state.read_round + 1;
    for read in &mut state.reads {
        (read.round, read.vouched) = (round, MemberSet::EMPTY);
    }
}
