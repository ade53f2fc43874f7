//! Reads (§3.14): who may answer, and at which point of the history.

use super::rule::{Context, Rule};
use crate::concern::ReadConcern;
use crate::config::MemberSet;
use crate::input::{Input, RequestId};
use crate::message::MemberState;
use crate::output::{Output, ReadPoint, Refusal};
use crate::state::{State, WaitingRead};

/// See the module.
pub const RULE: Rule = Rule {
    name: "answer_read",
    act: |context| answer_read(context, majority_point, prove),
};

/// Where a majority read looks.
pub type MajorityPoint = fn(&State) -> ReadPoint;
/// What proves a linearizable read after its value was taken.
pub type Prove = fn(&mut Context<'_>, RequestId);

/// Answers by the given rules for majority and linearizable reads.
pub fn answer_read(context: &mut Context<'_>, majority: MajorityPoint, prove: Prove) -> Option<()> {
    let Input::ClientRead {
        id,
        concern,
        secondary_ok,
    } = *context.input
    else {
        return None;
    };
    match admit(context.state, concern, secondary_ok) {
        Err(refusal) => context.out(Output::Refuse { id, refusal }),
        Ok(()) => match concern {
            ReadConcern::Local => context.out(Output::ServeRead {
                id,
                at: ReadPoint::Latest,
            }),
            ReadConcern::Majority => {
                let at = majority(context.state);
                context.out(Output::ServeRead { id, at });
            }
            ReadConcern::Linearizable => {
                context.out(Output::ServeRead {
                    id,
                    at: ReadPoint::Latest,
                });
                prove(context, id);
            }
        },
    }
    Some(())
}

fn admit(state: &State, concern: ReadConcern, secondary_ok: bool) -> Result<(), Refusal> {
    if concern == ReadConcern::Linearizable {
        // not on a secondary, and not on a primary that still catches up (SERVER-67402).
        return if state.is_writable() {
            Ok(())
        } else {
            Err(Refusal::NotWritablePrimary)
        };
    }
    match state.member_state {
        MemberState::Primary => Ok(()),
        MemberState::Secondary if secondary_ok => Ok(()),
        MemberState::Secondary => Err(Refusal::NotPrimaryNoSecondaryOk),
        _ => Err(Refusal::NotPrimaryOrSecondary),
    }
}

/// at most the commit point, at most what is here.
#[must_use]
pub fn majority_point(state: &State) -> ReadPoint {
    ReadPoint::At(state.commit_point.min(state.last_written()))
}

/// the value is held until [`super::prove_read`] has heard from a majority that was asked after this turn, and until
/// everything that may have been read, committed or not, is committed.
pub fn prove(context: &mut Context<'_>, id: RequestId) {
    let state = &mut *context.state;
    state.reads.push(WaitingRead {
        id,
        seen: state.last_written(),
        round: state.read_round + 1,
        vouched: MemberSet::EMPTY,
    });
}
