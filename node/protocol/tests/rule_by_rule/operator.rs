//! What clients and operators ask of one member.

use protocol::concern::{ReadConcern, W, WriteConcern};
use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::message::MemberState;
use protocol::output::{Outcome, Output, ReadPoint, Refusal};

use crate::lone::{Lone, sent};

const ID: RequestId = RequestId(1);

fn read(lone: &mut Lone, concern: ReadConcern, secondary_ok: bool) -> Output {
    let outputs = lone.give(Input::ClientRead {
        id: ID,
        concern,
        secondary_ok,
    });
    outputs.into_iter().next().expect("every reader hears something")
}

#[test]
fn who_may_answer_a_read() {
    let refused = |refusal| Output::Refuse { id: ID, refusal };
    let served = |at| Output::ServeRead { id: ID, at };
    let mut secondary = Lone::among(3);
    assert_eq!(
        read(&mut secondary, ReadConcern::Local, false),
        refused(Refusal::NotPrimaryNoSecondaryOk)
    );
    assert_eq!(
        read(&mut secondary, ReadConcern::Local, true),
        served(ReadPoint::Latest)
    );
    assert_eq!(
        read(&mut secondary, ReadConcern::Linearizable, true),
        refused(Refusal::NotWritablePrimary)
    );
    secondary.give(Input::Maintenance(true));
    assert_eq!(
        read(&mut secondary, ReadConcern::Majority, true),
        refused(Refusal::NotPrimaryOrSecondary)
    );
    let mut primary = Lone::leading(Config::ordinary(3));
    for concern in [ReadConcern::Linearizable, ReadConcern::Local] {
        assert_eq!(read(&mut primary, concern, false), served(ReadPoint::Latest));
    }
}

#[test]
fn a_number_of_members_counts_data_of_this_term_only() {
    let mut config = Config::ordinary(4);
    config.members[3].arbiter = true;
    config.members[3].priority_milli = 0;
    let mut lone = Lone::leading(config);
    let two = WriteConcern {
        w: W::Members(2),
        journal: false,
    };
    let written = lone.write(9, two);
    let done = Output::Complete {
        id: RequestId(9),
        outcome: Outcome::Done,
    };
    assert!(
        !lone.reported(3, written).contains(&done),
        "an arbiter has no data"
    );
    assert!(lone.reported(1, written).contains(&done));
}

#[test]
fn the_heir_is_caught_up_electable_and_somebody_else() {
    let mut config = Config::ordinary(3);
    config.members[2].priority_milli = 0;
    let mut lone = Lone::leading(config);
    let last = lone.state.last_written();
    let down = |lone: &mut Lone| {
        let outputs = lone.give(Input::StepDown { id: ID, force: false });
        sent(&outputs).contains(&(1, "StepUp"))
    };
    lone.reported(2, last);
    assert!(
        !down(&mut lone),
        "a majority has caught up, but nobody who may lead"
    );
    assert!(lone.state.is_primary());
    let outputs = lone.reported(1, last);
    assert_eq!(
        sent(&outputs)
            .into_iter()
            .filter(|(_, kind)| *kind == "StepUp")
            .collect::<Vec<_>>(),
        [(1, "StepUp")]
    );
    assert!(!lone.state.is_primary());
}

#[test]
fn the_operator_chooses_the_source() {
    let mut config = Config::ordinary(3);
    config.members[2].arbiter = true;
    config.members[2].priority_milli = 0;
    let mut lone = Lone::of(config);
    lone.give(Input::SyncFrom(MemberId(2)));
    assert_ne!(lone.state.sync_source, Some(MemberId(2)), "arbiters have nothing");
    let outputs = lone.give(Input::SyncFrom(MemberId(1)));
    assert_eq!(lone.state.sync_source, Some(MemberId(1)));
    assert!(sent(&outputs).contains(&(1, "FetchRequest")));
    assert_eq!(lone.state.member_state, MemberState::Secondary);
}
