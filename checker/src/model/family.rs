//! The named models: each asks one question, with the least detail that can answer it.
//!
//! Detail is dear: late votes, late reports, slow disks and power cuts each multiply the states. So one model
//! has late votes and power cuts in few terms, another many terms and nothing else. The state counts are
//! pinned: a change of the core that changes behaviour shows in them.

use super::bounds::{Bounds, CatchUp, Disks, Elections, Reports};

/// One question and the bounds in which it is answered.
#[derive(Clone, Copy, Debug)]
pub struct NamedModel {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// How far it goes.
    pub bounds: Bounds,
    /// Orbits of states that are reached, all of them.
    pub unique_states: usize,
    /// Part of the short check that comes before every run.
    pub smoke: bool,
}

/// Every model, the quick ones first.
pub const MODELS: [NamedModel; 21] = [
    NamedModel {
        name: "figure-8",
        question: "Is an entry of an older term ever committed by counting alone (Raft, figure 8)?",
        bounds: Bounds {
            writes_max: 0,
            ..Bounds::coarse(3, 4)
        },
        unique_states: 68_881,
        smoke: true,
    },
    NamedModel {
        name: "arbiters",
        question: "Do arbiters vote and never count for data, and may a lonely primary step down and stand again?",
        bounds: Bounds {
            arbiters: 1,
            losing_sight: true,
            ..Bounds::coarse(3, 3)
        },
        unique_states: 20_876,
        smoke: true,
    },
    NamedModel {
        name: "catch-up",
        question: "May a new primary still pull from those who are ahead of it?",
        bounds: Bounds {
            catch_up: CatchUp::Explored,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 14_327,
        smoke: true,
    },
    NamedModel {
        name: "linearizable",
        question: "Does an answered linearizable read see every write acknowledged before it began?",
        bounds: Bounds {
            reads_max: 1,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 158_226,
        smoke: true,
    },
    NamedModel {
        name: "late-answers",
        question: "Does an answer to an earlier read's question prove a later read?",
        bounds: Bounds {
            reads_max: 2,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 1_115_617,
        smoke: false,
    },
    NamedModel {
        name: "reads-in-a-changing-set",
        question: "Does an answered linearizable read miss nothing while votes come and go?",
        bounds: Bounds {
            reads_max: 1,
            config_version_max: 2,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 5_829_284,
        smoke: false,
    },
    NamedModel {
        name: "hints",
        question: "Does what a member believes of others lead to a circle, a veto for the dead, a stale takeover?",
        bounds: Bounds {
            arbiters: 1,
            losing_sight: true,
            probes: true,
            symmetry: false,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 4_801,
        smoke: false,
    },
    NamedModel {
        name: "branches-at-catch-up",
        question: "Does a new primary ever take back, when those who are ahead of it are on another branch?",
        bounds: Bounds {
            writes_max: 0,
            catch_up: CatchUp::Explored,
            ..Bounds::coarse(3, 3)
        },
        unique_states: 26_514,
        smoke: false,
    },
    NamedModel {
        name: "two-changes",
        question: "May two primaries of different terms each change one vote of the same configuration?",
        bounds: Bounds {
            config_version_max: 2,
            writes_max: 0,
            ..Bounds::coarse(4, 2)
        },
        unique_states: 1_583_138,
        smoke: false,
    },
    NamedModel {
        name: "chained",
        question: "Does a member that changes its source know what of the new branch is committed?",
        bounds: Bounds {
            ahead: 2,
            writes_max: 0,
            ..Bounds::coarse(5, 2)
        },
        unique_states: 100_434,
        smoke: false,
    },
    NamedModel {
        name: "dry-runs",
        question: "Does a dry run, its messages late, lost or doubled, change nothing?",
        bounds: Bounds {
            writes_max: 0,
            elections: Elections::ByMessageAfterDryRun,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 18_891,
        smoke: false,
    },
    NamedModel {
        name: "reconfiguration",
        question: "Do votes that come and go leave one primary a term and lose nothing that was committed?",
        bounds: Bounds {
            config_version_max: 3,
            writes_max: 0,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 55_468,
        smoke: false,
    },
    NamedModel {
        name: "growing-set",
        question: "Does a set that grows from one voter keep what that one had committed alone?",
        bounds: Bounds {
            voteless: 2,
            config_version_max: 3,
            writes_max: 0,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 5_531,
        smoke: false,
    },
    NamedModel {
        name: "config-durability",
        question: "Does a power cut bring back a configuration that others counted as gone?",
        bounds: Bounds {
            config_version_max: 3,
            writes_max: 0,
            restarts_max: 1,
            disks: Disks::Delayed,
            ..Bounds::coarse(3, 1)
        },
        unique_states: 38_681,
        smoke: false,
    },
    NamedModel {
        name: "voteless",
        question: "Is a member without a vote counted nowhere?",
        bounds: Bounds {
            voteless: 1,
            writes_max: 0,
            ..Bounds::coarse(4, 2)
        },
        unique_states: 25_420,
        smoke: false,
    },
    NamedModel {
        name: "even-quorums",
        question: "Are half of the votes too few, with an even number of voters?",
        bounds: Bounds {
            writes_max: 0,
            ..Bounds::coarse(4, 3)
        },
        unique_states: 159_856,
        smoke: false,
    },
    NamedModel {
        name: "late-reports",
        question: "Do votes and positions that arrive late, out of order or never, harm?",
        bounds: Bounds {
            writes_max: 0,
            elections: Elections::ByMessage,
            reports: Reports::ByMessage,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 406_115,
        smoke: false,
    },
    NamedModel {
        name: "elections",
        question: "Is there one primary per term, when votes are late and a power cut comes between any two outputs?",
        bounds: Bounds {
            writes_max: 0,
            restarts_max: 1,
            elections: Elections::ByMessage,
            disks: Disks::Delayed,
            ..Bounds::coarse(3, 2)
        },
        unique_states: 581_404,
        smoke: false,
    },
    NamedModel {
        name: "foreign-branch",
        question: "Does a member on a losing branch ever take its own entries for committed?",
        bounds: Bounds {
            writes_max: 0,
            ..Bounds::coarse(5, 2)
        },
        unique_states: 342_107,
        smoke: false,
    },
    NamedModel {
        name: "freshness",
        question: "Does every primary have what was acknowledged before?",
        bounds: Bounds {
            writes_max: 2,
            ..Bounds::coarse(3, 3)
        },
        unique_states: 560_310,
        smoke: false,
    },
    NamedModel {
        name: "durability",
        question: "Does a power cut lose anything that was acknowledged, with disks that lag behind?",
        bounds: Bounds {
            writes_max: 0,
            restarts_max: 1,
            disks: Disks::Delayed,
            ..Bounds::coarse(3, 3)
        },
        unique_states: 877_763,
        smoke: false,
    },
];

/// The model with this name.
pub fn find(name: &str) -> Option<&'static NamedModel> {
    MODELS.iter().find(|model| model.name == name)
}
