//! What is asked: which bug, under which disturbance, and which oracles name what it breaks.

use protocol::bugs::{BUGS, Bug};

use super::probed::PROBED;
use crate::probes::probe::Probe;

/// One row of the exam.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The bug's id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The model that knows it; empty: all models are asked, the quick ones first. A bug of the shell has none.
    pub model: &'static str,
    /// Where it sits.
    pub site: Site,
    /// How live runs go about it.
    pub setting: Setting,
    /// Oracles that may catch it besides those that the bug itself names.
    pub also: &'static [&'static str],
}

/// Where a bug sits: what cannot be shown in models and simulations is not looked for there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// In the core, which all worlds share.
    Core,
    /// In the server around it: in live runs only.
    Shell,
}

/// A kind of live run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What clients ask.
    pub workloads: &'static [&'static str],
    /// Who disturbs.
    pub nemeses: &'static [&'static str],
    /// How many members hold data.
    pub members: u8,
    /// How many only vote.
    pub arbiters: u8,
    /// How long.
    pub seconds: u64,
}

/// What most runs ask: registers show what a read may not see, sets what must not be lost.
const ASK: &[&str] = &["register", "set"];

const fn setting(nemeses: &'static [&'static str]) -> Setting {
    Setting {
        workloads: ASK,
        nemeses,
        members: 3,
        arbiters: 0,
        seconds: 25,
    }
}

const ELECTIONS: Setting = setting(&["kill", "step-down"]);
const PARTITIONS: Setting = setting(&["partition"]);
const ROLL_BACKS: Setting = setting(&["rollback-sequence"]);
const PAUSES: Setting = setting(&["pause-across-election", "pause"]);
const PRIMARY_DIVERGENCE: Setting = setting(&["primary-divergence"]);
const OLD_MAJORITY: Setting = setting(&["old-majority-loses-power"]);
const LEADER: Setting = setting(&["leader-loses-power"]);
const ARBITER: Setting = Setting {
    members: 2,
    arbiters: 1,
    ..setting(&["arbiter-acknowledges"])
};
const EVEN: Setting = Setting {
    members: 4,
    ..setting(&["even-split"])
};

/// What is known of the bugs of the core beyond what they tell themselves.
const CORE: &[(&str, &str, Setting, &[&str])] = &[
    ("C01", "figure-8", PRIMARY_DIVERGENCE, &["I-07"]),
    (
        "C02",
        "figure-8",
        PRIMARY_DIVERGENCE,
        &["I-07", "check:no-lost-write"],
    ),
    (
        "C03",
        "elections",
        OLD_MAJORITY,
        &["check:no-lost-write", "check:linearizable", "I-09"],
    ),
    (
        "C04",
        "elections",
        LEADER,
        &["check:no-lost-write", "check:linearizable"],
    ),
    (
        "C05",
        "figure-8",
        PRIMARY_DIVERGENCE,
        &["I-07", "check:no-lost-write"],
    ),
    (
        "C07",
        "arbiters",
        ARBITER,
        &["check:no-lost-write", "check:linearizable"],
    ),
    ("C09", "arbiters", ROLL_BACKS, &["check:linearizable"]),
    ("C12", "arbiters", PARTITIONS, &[]),
    ("C14", "figure-8", ELECTIONS, &["check:settles", "liveness"]),
    ("D04", "figure-8", OLD_MAJORITY, &["check:no-lost-write"]),
    ("E01", "elections", ELECTIONS, &[]),
    ("E03", "figure-8", PARTITIONS, &[]),
    ("E05", "figure-8", PRIMARY_DIVERGENCE, &["I-07", "I-06"]),
    (
        "E06",
        "figure-8",
        PRIMARY_DIVERGENCE,
        &["I-07", "I-06", "check:linearizable"],
    ),
    (
        "E08",
        "even-quorums",
        EVEN,
        &["I-07", "check:linearizable", "check:no-lost-write"],
    ),
    ("E11", "dry-runs", ELECTIONS, &["I-01"]),
    (
        "P01",
        "figure-8",
        PRIMARY_DIVERGENCE,
        &["I-07", "check:no-dirty-read", "check:subset-chain"],
    ),
    ("Q01", "linearizable", PAUSES, &[]),
    ("Q04", "figure-8", ROLL_BACKS, &["check:subset-chain", "I-07"]),
    ("S01", "figure-8", PRIMARY_DIVERGENCE, &["I-07"]),
    (
        "S08",
        "figure-8",
        PRIMARY_DIVERGENCE,
        &["I-07", "check:no-lost-write"],
    ),
    ("C08", "voteless", PARTITIONS, &[]),
    ("C11", "hints", PARTITIONS, &[]),
    ("C15", "catch-up", ELECTIONS, &[]),
    ("C17", "arbiters", ROLL_BACKS, &[]),
    ("D09", "config-durability", PARTITIONS, &[]),
    ("E09", "voteless", PARTITIONS, &[]),
    ("E10", "reconfiguration", PARTITIONS, &[]),
    ("E13", "arbiters", PARTITIONS, &[]),
    ("E17", "hints", ELECTIONS, &[]),
    ("E18", "hints", ELECTIONS, &[]),
    ("E19", "hints", ELECTIONS, &[]),
    (
        "P02",
        "chained",
        PRIMARY_DIVERGENCE,
        &["I-07", "check:no-dirty-read"],
    ),
    ("P05", "arbiters", PARTITIONS, &[]),
    ("Q03", "linearizable", PAUSES, &[]),
    ("Q10", "hints", PARTITIONS, &[]),
    ("Q11", "hints", ROLL_BACKS, &[]),
    ("Q18", "late-answers", PAUSES, &["check:linearizable"]),
    (
        "Q19",
        "linearizable",
        PRIMARY_DIVERGENCE,
        &["check:linearizable", "check:no-dirty-read"],
    ),
    ("R01", "reconfiguration", PARTITIONS, &[]),
    ("R02", "reconfiguration", PARTITIONS, &[]),
    ("R03", "reconfiguration", PARTITIONS, &[]),
    ("R04", "growing-set", PARTITIONS, &[]),
    ("R05", "two-changes", PARTITIONS, &[]),
    ("R07", "reconfiguration", PARTITIONS, &[]),
    ("R09", "hints", PARTITIONS, &[]),
    ("R11", "reconfiguration", PARTITIONS, &[]),
    ("R12", "reconfiguration", PARTITIONS, &[]),
    ("S07", "hints", PARTITIONS, &[]),
    ("S14", "branches-at-catch-up", PRIMARY_DIVERGENCE, &[]),
    ("T01", "arbiters", PARTITIONS, &[]),
    ("T04", "dry-runs", PARTITIONS, &[]),
];

impl Question {
    /// All questions, by id.
    pub fn all() -> Vec<Self> {
        let mut questions: Vec<Self> = BUGS.iter().map(Self::of_core).collect();
        questions.extend(super::shell::BUGS.iter().copied());
        questions.sort_by_key(|question| question.id);
        questions
    }

    /// The question of this id or name, in any case.
    pub fn find(wanted: &str) -> Option<Self> {
        Self::all().into_iter().find(|question| {
            question.id.eq_ignore_ascii_case(wanted) || question.name.eq_ignore_ascii_case(wanted)
        })
    }

    /// Every oracle that may catch it.
    pub fn oracles(&self) -> Vec<String> {
        let own = protocol::bugs::find(self.id).map_or(&[][..], |bug| bug.caught_by);
        let named = own.iter().chain(self.also).map(ToString::to_string);
        named.chain(self.probes().map(Probe::oracle)).collect()
    }

    /// The probes that ask for what it breaks.
    pub fn probes(&self) -> impl Iterator<Item = &'static Probe> + use<> {
        let id = self.id;
        let own = PROBED.iter().filter(move |(bug, _)| *bug == id);
        own.filter_map(|(_, probe)| Probe::find(probe))
    }

    fn of_core(bug: &Bug) -> Self {
        let known = CORE.iter().find(|(id, ..)| *id == bug.id);
        let (_, model, setting, also) = known.copied().unwrap_or(("", "", PARTITIONS, &[]));
        Self {
            id: bug.id,
            name: bug.name,
            model,
            site: Site::Core,
            setting,
            also,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::family, nemesis::NEMESES};
    use workloads::catalogue;

    #[test]
    fn every_name_in_the_exam_exists() {
        for question in Question::all() {
            let setting = question.setting;
            assert!(
                setting
                    .workloads
                    .iter()
                    .all(|name| catalogue::find(name).is_some())
            );
            for name in setting.nemeses {
                assert!(NEMESES.iter().any(|nemesis| nemesis.name == *name), "{name}");
            }
            assert!(
                question.model.is_empty() || family::find(question.model).is_some(),
                "{}",
                question.model
            );
            assert!(
                !question.oracles().is_empty(),
                "{}: nobody may catch it",
                question.id
            );
        }
        for (id, ..) in CORE {
            assert!(protocol::bugs::find(id).is_some(), "{id}");
        }
        for (bug, probe) in PROBED {
            assert!(
                Question::find(bug).is_some() && Probe::find(probe).is_some(),
                "{bug}"
            );
        }
    }

    #[test]
    fn a_question_is_found_by_id_and_name() {
        let question = Question::find("c12").expect("it is in the exam");
        assert_eq!(Question::find(question.name).map(|found| found.id), Some("C12"));
        assert!(Question::find("nothing").is_none());
    }
}
