//! Rows of the catalogue that break nothing in this design, and the proof: every state of a model within its bounds, and
//! simulated clusters.

use checker::model::bare::BreadthFirst;
use checker::model::check::{Answer, check};
use checker::model::family;
use checker::simulation::{Options, simulate_many};
use protocol::bugs::{Bug, find};
use protocol::message::Body;
use protocol::output::{Content, Output};
use protocol::rules::rule::{Context, Rule};
use protocol::rules::{append_oplog, become_primary, stand_for_election, update_term};

/// C06: positions reported to an earlier primary-ship are kept over the next election.
const STALE_PROGRESS: Bug = Bug {
    id: "C06",
    name: "stale_progress_table",
    story: "Positions that were reported in an older term still count (SERVER-16570).",
    rules: &[
        Rule {
            name: "update_term",
            act: |context| keeping_progress(context, update_term::RULE.act),
        },
        Rule {
            name: "stand_for_election",
            act: |context| keeping_progress(context, stand_for_election::RULE.act),
        },
        Rule {
            name: "become_primary",
            act: |context| keeping_progress(context, become_primary::RULE.act),
        },
    ],
    caught_by: &[],
};

fn keeping_progress(context: &mut Context<'_>, act: fn(&mut Context<'_>) -> Option<()>) -> Option<()> {
    let kept = context.state.progress.clone();
    let fired = act(context);
    context.state.progress = kept;
    fired
}

/// S15: a batch of the former source is appended after another one was chosen.
const LAST_BATCH_OF_THE_FORMER_SOURCE: Bug = Bug {
    id: "S15",
    name: "enqueue_unsafe_batch_on_source_change",
    story: "The last batch of the old sync source is applied after switching to a new one (SERVER-126246).",
    rules: &[Rule {
        name: "append_oplog",
        act: append_from_anybody,
    }],
    caught_by: &[],
};

fn append_from_anybody(context: &mut Context<'_>) -> Option<()> {
    if let Some(fired) = (append_oplog::RULE.act)(context) {
        return Some(fired);
    }
    let message = context.message()?;
    let Body::FetchResponse {
        after,
        found: true,
        ref entries,
        ..
    } = message.body
    else {
        return None;
    };
    let state = &mut *context.state;
    let former = state.sync_source.is_some_and(|source| source != message.from);
    let follows = after == state.last_written() && !entries.is_empty();
    let free = !state.is_primary() && state.rollback.is_none() && state.initial_sync.is_none();
    (former && follows && free).then_some(())?;
    for entry in entries {
        state.oplog.append(*entry);
    }
    state.report_due = true;
    let entries = entries.clone();
    context.out(Output::Append {
        content: Content::Fetched,
        entries,
    });
    // The request to the new source is still open.
    Some(())
}

/// Masked: a position counts only for entries of its own term, and the commit point rises only to an entry of the
/// primary's own term, which nobody can have reported to an earlier one. Together with positions compared without
/// term it is C05.
#[test]
fn a_stale_progress_table_is_masked_by_terms() {
    breaks_nothing(&STALE_PROGRESS, &["elections", "figure-8", "arbiters"]);
    assert!(find("C05").is_some(), "the partner is in the exam");
}

/// Masked: what follows the newest entry here, term and timestamp, was the same branch at whoever sent it. If that branch
/// loses, it is rolled back like any other.
#[test]
fn a_batch_of_the_former_source_follows_what_is_here() {
    breaks_nothing(
        &LAST_BATCH_OF_THE_FORMER_SOURCE,
        &["chained", "figure-8", "arbiters"],
    );
}

fn breaks_nothing(bug: &Bug, models: &[&str]) {
    for name in models {
        let model = family::find(name).expect("the family has it");
        let finding = check(model, bug.plant(), &BreadthFirst::default());
        assert!(
            matches!(finding.answer, Answer::Holds),
            "{} in {name}: {:?}",
            bug.id,
            finding.answer
        );
    }
    let options = Options {
        rules: bug.plant(),
        ..Options::default()
    };
    let mut broken = Vec::new();
    simulate_many(0..150, 2, &options, |outcome| {
        broken.extend(outcome.violation.map(|violation| (outcome.seed, violation)));
        true
    });
    assert!(broken.is_empty(), "{}: {broken:?}", bug.id);
}
