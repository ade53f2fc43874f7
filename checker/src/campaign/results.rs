//! A campaign's directory: `seeds/<number>/result.json`, written last and in one step.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{error::CampaignError, outcome::SeedResult, shard::Shard};
use crate::record::{
    directory::{RunDirectory, write_whole},
    error::RecordError,
};

/// Where a campaign's results lie. Several processes, on several machines, may share it, and directories of
/// different shards may be laid over each other later.
#[derive(Clone, Debug)]
pub struct Results {
    root: PathBuf,
}

impl Results {
    /// Takes the directory and makes what is missing.
    pub fn open(root: &Path) -> Result<Self, CampaignError> {
        for path in [root.join("seeds"), root.join("shards")] {
            fs::create_dir_all(&path).map_err(RecordError::file(path))?;
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `seeds/<number>/`: the room of one run.
    pub fn seed(&self, number: u64) -> PathBuf {
        self.root.join("seeds").join(number.to_string())
    }

    /// What a run has left behind; none when it was never begun, or is gone.
    pub fn run_of(&self, result: &SeedResult) -> Option<RunDirectory> {
        let run = result.result.run.as_ref()?;
        RunDirectory::open(self.seed(result.number).join(run)).ok()
    }

    /// What came out of a run, if it was finished. A file that cannot be read counts as not there: the run is
    /// repeated.
    pub fn read(&self, number: u64) -> Option<SeedResult> {
        let text = fs::read(self.seed(number).join(RESULT)).ok()?;
        serde_json::from_slice(&text)
            .ok()
            .filter(|result: &SeedResult| result.number == number)
    }

    /// Writes what came out: from now on the run is done.
    pub fn write(&self, result: &SeedResult) -> Result<(), CampaignError> {
        write_json(&self.seed(result.number).join(RESULT), result)
    }

    /// Writes what a shard did.
    pub fn write_account(&self, shard: Shard, account: &impl Serialize) -> Result<(), CampaignError> {
        write_json(
            &self.root.join("shards").join(format!("{}.json", shard.name())),
            account,
        )
    }
}

/// The file that makes a run done.
pub(super) const RESULT: &str = "result.json";

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), CampaignError> {
    let text = serde_json::to_vec_pretty(value).map_err(|source| RecordError::Json {
        path: path.to_owned(),
        source,
    })?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(RecordError::file(parent))?;
    }
    Ok(write_whole(path, &text)?)
}
