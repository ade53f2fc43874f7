//! Three members in one queue, without faults of their own: the plain story of a set.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::concern::{ReadConcern, W, WriteConcern};
use protocol::config::{Config, ConfigId, MemberConfig, MemberId, MemberSet};
use protocol::input::{Input, RequestId};
use protocol::member::{Rules, step};
use protocol::message::{MemberState, Message};
use protocol::oplog::Oplog;
use protocol::optime::OpTime;
use protocol::output::{Outcome, Output, ReadPoint, Token, Vote};
use protocol::state::{Durable, State};
use protocol::timer::Timer;
use protocol::write_mode::{ModeId, TagConstraint, WriteMode};

/// A world where all is instant and nothing is lost, except what `cut` says.
struct World {
    rules: Rules,
    members: Vec<State>,
    queue: VecDeque<(usize, Input)>,
    cut: Vec<(u8, u8)>,
    completed: Vec<(usize, RequestId, Outcome)>,
    served: Vec<(usize, RequestId, ReadPoint)>,
    wall_secs: u32,
}

#[test]
fn a_set_is_founded_and_replicates() {
    let mut world = World::founded(3);
    assert_eq!(world.primaries(), [0]);
    world.write(0, 1);
    assert_eq!(world.completed, [(0, RequestId(1), Outcome::Done)]);
    let last = world.members[0].last_written();
    for member in &world.members {
        assert_eq!(member.last_written(), last);
        assert_eq!(member.commit_point, last);
    }
}

#[test]
fn a_linearizable_read_waits_for_its_proof() {
    let mut world = World::founded(3);
    world.give(
        0,
        Input::ClientRead {
            id: RequestId(9),
            concern: ReadConcern::Linearizable,
            secondary_ok: false,
        },
    );
    assert_eq!(world.served, [(0, RequestId(9), ReadPoint::Latest)]);
    assert_eq!(world.completed, [(0, RequestId(9), Outcome::Done)]);
}

/// Rows S2-27, S2-31, S3-18 of the notes.
#[test]
fn an_isolated_primary_steps_down_and_rolls_back_what_nobody_else_has() {
    let mut world = World::founded(3);
    world.write(0, 1);
    let common = world.members[0].last_written();
    world.cut = vec![(0, 1), (1, 0), (0, 2), (2, 0)];
    world.write(0, 2);
    assert!(
        world.completed.iter().all(|(_, id, _)| *id != RequestId(2)),
        "no majority, no answer"
    );
    // The others stop hearing from it and elect one of themselves.
    world.give(1, Input::Timer(Timer::Silence(MemberId(0))));
    world.give(2, Input::Timer(Timer::Silence(MemberId(0))));
    world.give(1, Input::Timer(Timer::Election));
    assert_eq!(world.primaries(), [0, 1], "two primaries, in different terms");
    world.write(1, 3);
    assert!(world.completed.contains(&(1, RequestId(3), Outcome::Done)));
    // The old one hears from nobody either.
    world.give(0, Input::Timer(Timer::Silence(MemberId(1))));
    world.give(0, Input::Timer(Timer::Silence(MemberId(2))));
    assert_eq!(world.primaries(), [1]);
    assert!(world.completed.contains(&(0, RequestId(2), Outcome::SteppedDown)));
    // It comes back, finds its branch lost, and goes back to the common point.
    world.cut.clear();
    for member in [1, 2] {
        world.give(0, Input::Timer(Timer::Heartbeat(MemberId(member))));
    }
    world.give(0, Input::Timer(Timer::SyncSource));
    assert_eq!(world.members[0].oplog, world.members[1].oplog);
    assert!(world.members[0].oplog.contains(common));
    assert_eq!(world.members[0].rollback_id, 1);
    assert_eq!(world.members[0].member_state, MemberState::Secondary);
}

#[test]
fn a_crashed_primary_comes_back_as_secondary_with_its_vote() {
    let mut world = World::founded(3);
    world.write(0, 1);
    let durable = world.members[0].durable();
    world.members[0] = State::recover(durable);
    assert_eq!(
        world.members[0].vote,
        Vote {
            term: world.members[1].term,
            candidate: Some(MemberId(0))
        }
    );
    world.give(0, Input::Start);
    assert_eq!(world.primaries(), Vec::<usize>::new());
    world.give(1, Input::Timer(Timer::Election));
    assert_eq!(world.primaries(), [1]);
    world.write(1, 5);
    assert!(world.completed.contains(&(1, RequestId(5), Outcome::Done)));
}

#[test]
fn a_lone_member_elects_itself() {
    let mut world = World::founded(1);
    assert_eq!(world.primaries(), [0]);
    world.write(0, 1);
    assert_eq!(world.completed, [(0, RequestId(1), Outcome::Done)]);
}

#[test]
fn an_operators_step_down_hands_over() {
    let mut world = World::founded(3);
    world.write(0, 1);
    world.give(
        0,
        Input::StepDown {
            id: RequestId(7),
            force: false,
        },
    );
    assert!(world.completed.contains(&(0, RequestId(7), Outcome::Done)));
    let primaries = world.primaries();
    assert!(primaries == [1] || primaries == [2], "{primaries:?}");
    assert!(world.members[0].frozen);
}

#[test]
fn with_an_arbiter_the_survivor_takes_over() {
    let mut config = three();
    config.members[2].arbiter = true;
    config.members[2].priority_milli = 0;
    let mut world = World::with(config);
    world.write(0, 1);
    world.cut = vec![(0, 1), (1, 0), (0, 2), (2, 0)];
    world.give(1, Input::Timer(Timer::Silence(MemberId(0))));
    world.give(2, Input::Timer(Timer::Silence(MemberId(0))));
    world.give(1, Input::Timer(Timer::Election));
    assert!(world.primaries().contains(&1));
    assert_eq!(world.members[2].member_state, MemberState::Arbiter);
    assert!(world.members[2].oplog.is_empty());
}

/// Two members in one data centre, one in another; `everywhere` wants both.
#[test]
fn a_named_concern_waits_for_its_tags() {
    let mut config = three();
    let everywhere = ModeId::of("everywhere");
    config.modes = vec![WriteMode {
        id: everywhere,
        constraints: vec![TagConstraint {
            values_min: 2,
            by_value: vec![MemberSet(0b011), MemberSet(0b100)],
        }],
    }];
    let mut world = World::with(config);
    world.cut = vec![(0, 2), (2, 0)];
    let concern = WriteConcern {
        w: W::Mode(everywhere),
        journal: false,
    };
    let write = |id| Input::ClientWrite {
        id: RequestId(id),
        entries: 1,
        concern,
    };
    world.give(0, write(1));
    world.write(0, 2);
    assert_eq!(
        world.completed,
        [(0, RequestId(2), Outcome::Done)],
        "a majority is one centre here"
    );
    world.cut.clear();
    world.give(2, Input::Timer(Timer::Fetch));
    assert!(world.completed.contains(&(0, RequestId(1), Outcome::Done)));
    // The operator drops the mode while somebody waits for it.
    world.cut = vec![(0, 2), (2, 0)];
    world.give(0, write(3));
    let mut next = Config::clone(&world.members[0].config);
    next.id.version += 1;
    next.modes.clear();
    world.give(
        0,
        Input::Reconfig {
            id: RequestId(4),
            me: Some(MemberId(0)),
            config: Arc::new(next),
            force: true,
        },
    );
    let gone = (0, RequestId(3), Outcome::Unsatisfiable);
    assert!(world.completed.contains(&gone), "{:?}", world.completed);
}

/// what is younger than the delay stays away, and the member keeps looking.
#[test]
fn a_delayed_member_takes_entries_when_they_are_old_enough() {
    let mut config = three();
    config.members[2].delay_secs = 60;
    config.members[2].priority_milli = 0;
    let mut world = World::with(config);
    world.write(0, 1);
    let written = world.members[0].last_written();
    assert_eq!(world.members[1].last_written(), written);
    assert_eq!(world.members[2].member_state, MemberState::Secondary);
    world.wall_secs += 59;
    world.give(2, Input::Timer(Timer::Ripen));
    assert!(world.members[2].last_written() < written, "a second too young");
    world.wall_secs += 1;
    world.give(2, Input::Timer(Timer::Ripen));
    assert_eq!(world.members[2].last_written(), written);
    assert_eq!(world.members[2].commit_point, written);
}

fn three() -> Config {
    Config {
        members: (0..3).map(|id| MemberConfig::ordinary(id, "")).collect(),
        ..Config::ordinary(3)
    }
}

impl World {
    fn founded(members: u8) -> Self {
        Self::with(Config::ordinary(members))
    }

    fn with(config: Config) -> Self {
        let empty = |_| {
            State::recover(Durable {
                me: MemberId(255),
                config: Arc::new(Config::none()),
                vote: Vote::NONE,
                oplog: Oplog::default(),
                rollback_id: 0,
                unsynced: None,
                life: 0,
            })
        };
        let mut world = Self {
            rules: Rules::default(),
            members: (0..config.members.len()).map(empty).collect(),
            queue: VecDeque::new(),
            cut: Vec::new(),
            completed: Vec::new(),
            served: Vec::new(),
            wall_secs: 100,
        };
        assert!(config.id.is_newer_than(ConfigId::NONE));
        for member in 0..world.members.len() {
            world.give(member, Input::Start);
        }
        world.give(
            0,
            Input::Initiate {
                me: MemberId(0),
                config: Arc::new(config),
            },
        );
        // Two rounds: the first finds members without a configuration, the second sees them up and behind.
        for _ in 0..3 {
            for other in 1..world.members.len() {
                let id = MemberId(u8::try_from(other).unwrap());
                world.give(0, Input::Timer(Timer::Heartbeat(id)));
                world.give(other, Input::Timer(Timer::Heartbeat(MemberId(0))));
            }
        }
        world.give(0, Input::Timer(Timer::Election));
        world
    }

    fn primaries(&self) -> Vec<usize> {
        (0..self.members.len())
            .filter(|member| self.members[*member].is_writable())
            .collect()
    }

    fn write(&mut self, member: usize, id: u64) {
        self.wall_secs += 1;
        self.give(
            member,
            Input::ClientWrite {
                id: RequestId(id),
                entries: 1,
                concern: WriteConcern::MAJORITY,
            },
        );
    }

    /// Gives one input and lets everything that follows from it happen.
    fn give(&mut self, member: usize, input: Input) {
        self.queue.push_back((member, input));
        let mut steps = 0;
        while let Some((member, input)) = self.queue.pop_front() {
            steps += 1;
            assert!(steps < 10_000, "the world does not come to rest");
            let rest = input == Input::TurnEnd;
            let mut outputs = Vec::new();
            step(
                &self.rules,
                &mut self.members[member],
                self.wall_secs,
                &input,
                &mut outputs,
            );
            for output in outputs {
                self.obey(member, output);
            }
            if !rest {
                self.queue.push_back((member, Input::TurnEnd));
            }
        }
    }

    fn obey(&mut self, member: usize, output: Output) {
        match output {
            Output::Send(Message { from, to, term, body }) => {
                if !self.cut.contains(&(from.0, to.0)) {
                    let message = Message { from, to, term, body };
                    self.queue.push_back((usize::from(to.0), Input::Message(message)));
                }
            }
            Output::PersistVote(vote) => self
                .queue
                .push_back((member, Input::Persisted(Token::Vote(vote)))),
            Output::PersistConfig(config) => {
                self.queue
                    .push_back((member, Input::Persisted(Token::Config(config.id))));
            }
            Output::RollBack { to, .. } => self
                .queue
                .push_back((member, Input::Persisted(Token::RollBack(to)))),
            Output::Append { entries, .. } => {
                let last: OpTime = entries[entries.len() - 1];
                self.queue.push_back((member, Input::Flushed(last)));
            }
            Output::ResolveConfig(config) => {
                let me = MemberId(u8::try_from(member).unwrap());
                self.queue
                    .push_back((member, Input::ConfigResolved { me: Some(me), config }));
            }
            Output::Complete { id, outcome } => self.completed.push((member, id, outcome)),
            Output::ServeRead { id, at } => self.served.push((member, id, at)),
            Output::Fatal(reason) => panic!("member {member}: {reason:?}"),
            Output::Refuse { refusal, .. } => panic!("member {member} refuses: {refusal:?}"),
            Output::PersistUnsynced(flag) => self
                .queue
                .push_back((member, Input::Persisted(Token::Unsynced(flag)))),
            Output::BeginClone { begin } => self
                .queue
                .push_back((member, Input::Persisted(Token::Begun(begin)))),
            Output::ApplyToClone { .. } => self.queue.push_back((member, Input::CloneApplied)),
            Output::TakePage { .. }
            | Output::SetTimer(_)
            | Output::CancelTimer(_)
            | Output::CommitPoint(_)
            | Output::StateChanged(_) => {}
        }
    }
}
