//! Goes through the matrix, bug by bug and world by world, and then through the same with the clean node.

use std::time::{Duration, SystemTime};

use super::{
    circumstances::Circumstances,
    in_live_runs::Ground,
    in_models, in_simulation,
    question::{Question, Site},
    record::{Cell, Clean, HuntRecord, Trial},
    world::World,
};
use crate::{
    console::Console,
    record::{SCHEMA, clock},
    run::{
        environment,
        error::RunError,
        interrupt::{Interrupt, Wish},
    },
};

/// What is hunted, where, and for how long.
pub struct Hunter {
    /// Which bugs.
    pub questions: Vec<Question>,
    /// Where.
    pub worlds: Vec<World>,
    /// The longest for one bug in one world and trial.
    pub budget: Duration,
    /// How often each is begun anew, from other seeds.
    pub trials: u64,
    /// Whether the clean node goes through the same.
    pub with_clean: bool,
    /// For live hunts.
    pub ground: Option<Ground>,
    /// Ctrl-C.
    pub interrupt: Interrupt,
    /// Tells how it goes.
    pub console: Console,
}

impl Hunter {
    /// Hunts. Ctrl-C ends it after the run that is under way; what was found until then is given.
    ///
    /// # Errors
    /// When the checker itself fails.
    pub async fn hunt(&self) -> Result<HuntRecord, RunError> {
        let mut record = HuntRecord {
            schema: SCHEMA,
            began: clock::utc_text(SystemTime::now()),
            git: environment::git(),
            budget_ms: u64::try_from(self.budget.as_millis()).unwrap_or(u64::MAX),
            trials: self.trials,
            ..HuntRecord::default()
        };
        for world in &self.worlds {
            for question in self
                .questions
                .iter()
                .filter(|question| lives_in(question, *world))
            {
                if self.is_stopped() {
                    return Ok(record);
                }
                let cell = self.cell(question, *world).await?;
                self.console.say(super::table::line(&cell));
                record.cells.push(cell);
            }
        }
        for world in self.worlds.iter().filter(|_| self.with_clean) {
            if self.is_stopped() {
                break;
            }
            let circumstances = Circumstances::now(self.budget);
            let clean = Clean {
                circumstances,
                ..self.clean(*world, &record).await?
            };
            self.console.say(super::table::clean_line(&clean));
            record.clean.push(clean);
        }
        Ok(record)
    }

    async fn cell(&self, question: &Question, world: World) -> Result<Cell, RunError> {
        let circumstances = Circumstances::now(self.budget);
        let mut trials = Vec::new();
        // A model gives the same answer each time.
        let count = if world == World::Model { 1 } else { self.trials };
        for number in 0..count {
            if number > 0 && self.is_stopped() {
                break;
            }
            trials.push(self.trial(question, world, number).await?);
        }
        Ok(Cell {
            bug: question.id.to_owned(),
            name: question.name.to_owned(),
            world,
            circumstances,
            must_name: question.oracles(),
            trials,
        })
    }

    async fn trial(&self, question: &Question, world: World, number: u64) -> Result<Trial, RunError> {
        let (question, budget) = (*question, self.budget);
        match (world, &self.ground) {
            (World::Model, _) => counted(move || in_models::hunt(&question)).await,
            (World::Simulate, _) => counted(move || in_simulation::hunt(&question, number, budget)).await,
            (World::Live, Some(ground)) => Ok(ground.hunt(&question, number, budget).await),
            (World::Live, None) => Ok(Trial::default()),
        }
    }

    async fn clean(&self, world: World, record: &HuntRecord) -> Result<Clean, RunError> {
        let asked: Vec<Question> = self
            .questions
            .iter()
            .copied()
            .filter(|question| lives_in(question, world))
            .collect();
        let trials = self.trials;
        match (world, &self.ground) {
            (World::Model, _) => counted(move || in_models::clean(&asked)).await,
            (World::Simulate, _) => {
                // As many seeds as the longest hunt needed.
                let hunts = record.cells.iter().filter(|cell| cell.world == world);
                let seeds = hunts.flat_map(|cell| &cell.trials).map(|trial| trial.seeds);
                let most = seeds.max().unwrap_or(0);
                counted(move || in_simulation::clean(trials, most)).await
            }
            (World::Live, Some(ground)) => ground.clean(&asked, trials).await,
            (World::Live, None) => Ok(Clean::new(world)),
        }
    }

    fn is_stopped(&self) -> bool {
        self.interrupt.wish() >= Wish::Finish
    }
}

fn lives_in(question: &Question, world: World) -> bool {
    question.site == Site::Core || world == World::Live
}

/// In a thread of its own: searches count, and Ctrl-C must be heard meanwhile.
async fn counted<T: Send + 'static>(search: impl FnOnce() -> T + Send + 'static) -> Result<T, RunError> {
    let searching = tokio::task::spawn_blocking(search).await;
    searching.map_err(|crash| RunError::Crashed(crash.to_string()))
}
