//! A bug in the models: every order of events within bounds.

use std::time::Instant;

use protocol::{bugs, member::Rules};

use super::{
    oracle,
    question::Question,
    record::{Clean, Trial},
    world::World,
};
use crate::{
    invariants::INVARIANTS,
    model::{
        bare::BreadthFirst,
        check::{Answer, Finding, check},
        family::{MODELS, NamedModel},
    },
};

/// A model may hold so much.
const MEMORY_BYTES_MAX: usize = 4 << 30;

/// Asks the models one after the other until one of them catches it, or all have been asked.
pub fn hunt(question: &Question) -> Trial {
    let began = Instant::now();
    let mut trial = Trial::default();
    let Some(bug) = bugs::find(question.id) else {
        return trial;
    };
    for model in models(question) {
        trial.seeds += 1;
        let finding = ask(model, bug.plant());
        if let Some((oracle, words)) = broken(&finding) {
            let right = oracle::is_right(&oracle, &question.oracles());
            trial.seen.push(oracle.clone());
            if right {
                trial.caught_by = Some(oracle);
                trial.words = words;
                break;
            }
        }
    }
    trial.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    trial
}

/// The correct core in every model that some question asked.
pub fn clean(questions: &[Question]) -> Clean {
    let began = Instant::now();
    let mut clean = Clean::new(World::Model);
    let asked = |model: &&NamedModel| {
        questions
            .iter()
            .any(|question| models(question).iter().any(|one| one.name == model.name))
    };
    for model in MODELS.iter().filter(asked) {
        clean.runs += 1;
        let finding = ask(model, Rules::default());
        match (&finding.answer, broken(&finding)) {
            (Answer::Unknown, _) => clean.invalid.push(finding.to_string()),
            (_, Some((_, words))) => clean.alarms.push(words),
            (_, None) => {}
        }
    }
    clean.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    clean
}

fn models(question: &Question) -> Vec<&'static NamedModel> {
    let named = |model: &&NamedModel| question.model.is_empty() || model.name == question.model;
    MODELS.iter().filter(named).collect()
}

fn ask(model: &NamedModel, rules: Rules) -> Finding {
    let search = BreadthFirst {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes_max: MEMORY_BYTES_MAX,
        progress: None,
    };
    check(model, rules, &search)
}

fn broken(finding: &Finding) -> Option<(String, String)> {
    match &finding.answer {
        Answer::Violated {
            invariant, length, ..
        } => {
            let known = INVARIANTS.iter().find(|known| known.name == *invariant);
            let id = known.map_or("ASSERT", |known| known.id);
            let words = format!("{} breaks {invariant} in {length} states", finding.model);
            Some((format!("model:{id}"), words))
        }
        Answer::Vacuous { never } => {
            let words = format!("{} never reaches {}", finding.model, never.join(", "));
            Some(("model:vacuous".to_owned(), words))
        }
        Answer::Holds | Answer::Unknown => None,
    }
}
