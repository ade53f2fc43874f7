//! Q03: a linearizable read is answered on the strength of a lease.

use super::bug::Bug;
use crate::config::MemberSet;
use crate::input::RequestId;
use crate::output::{Outcome, Output};
use crate::rules::answer_read::{answer_read, majority_point, prove};
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "Q03",
    name: "lease_read_by_wall_clock",
    story: "A primary that has heard of a majority within the election timeout takes that for a lease and answers without \
            asking anybody: paused, or with a slow clock, it answers what is long overwritten (tikv #964, etcd #20418).",
    rules: &[Rule {
        name: "answer_read",
        act: |context| answer_read(context, majority_point, trust_the_lease),
    }],
    caught_by: &["model:I-12", "simulate:I-10", "check:linearizable"],
};

fn trust_the_lease(context: &mut Context<'_>, id: RequestId) {
    let state = &*context.state;
    let mut heard = MemberSet::EMPTY;
    for (position, member) in state.config.members.iter().enumerate() {
        if member.id == state.me || state.seen[position].up {
            heard.insert(position);
        }
    }
    if !state.config.is_majority(heard) {
        return prove(context, id);
    }
    let outcome = Outcome::Done;
    context.out(Output::Complete { id, outcome });
}
