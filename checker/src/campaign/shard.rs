//! Which part of the seeds this process runs.

use std::fmt;

use super::error::CampaignError;

/// Part `index` of `count`: it runs the numbers `k` with `k mod count = index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// All seeds.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Part `index` (from 0) of `count`.
    pub fn new(index: u64, count: u64, source_name: &str) -> Result<Self, CampaignError> {
        let wrong = |reason: String| CampaignError::Shard {
            source_name: source_name.to_owned(),
            reason,
        };
        match (index, count) {
            (_, 0) => Err(wrong("a campaign cannot be cut into 0 shards".to_owned())),
            _ if index >= count => Err(wrong(format!(
                "shard {index} of {count} does not exist: shards are counted from 0"
            ))),
            _ => Ok(Self { index, count }),
        }
    }

    /// Reads `i/n`.
    pub fn parse(text: &str, source_name: &str) -> Result<Self, CampaignError> {
        let parts = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.trim().parse().ok()?, count.trim().parse().ok()?)));
        let (index, count) = parts.ok_or_else(|| CampaignError::Shard {
            source_name: source_name.to_owned(),
            reason: format!("\"{text}\" is not a shard; write i/n, such as 0/8"),
        })?;
        Self::new(index, count, source_name)
    }

    /// Finds out the shard from what the engine put into the environment, and says which variable told it.
    ///
    /// In this order: `CHECKER_SHARD=i/n`; a Kubernetes indexed job (which does not tell the count: set
    /// `CHECKER_SHARDS`); a Slurm array; GitLab (counted from 1); Buildkite. Otherwise the whole.
    pub fn detect(
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, &'static str), CampaignError> {
        if let Some(text) = environment("CHECKER_SHARD") {
            return Ok((Self::parse(&text, "CHECKER_SHARD")?, "CHECKER_SHARD"));
        }
        for (index_name, count_name, first) in [
            ("JOB_COMPLETION_INDEX", "CHECKER_SHARDS", First::Zero),
            (
                "SLURM_ARRAY_TASK_ID",
                "SLURM_ARRAY_TASK_COUNT",
                First::Named("SLURM_ARRAY_TASK_MIN"),
            ),
            ("CI_NODE_INDEX", "CI_NODE_TOTAL", First::One),
            (
                "BUILDKITE_PARALLEL_JOB",
                "BUILDKITE_PARALLEL_JOB_COUNT",
                First::Zero,
            ),
        ] {
            let Some(index) = environment(index_name) else {
                continue;
            };
            let number = |text: Option<String>, name: &str| {
                text.as_deref()
                    .and_then(|text| text.trim().parse::<u64>().ok())
                    .ok_or_else(|| CampaignError::Shard {
                        source_name: name.to_owned(),
                        reason: format!("{index_name} is set, so {name} must be a number"),
                    })
            };
            let first = match first {
                First::Zero => 0,
                First::One => 1,
                First::Named(name) => number(environment(name), name)?,
            };
            let index = number(Some(index), index_name)?
                .checked_sub(first)
                .ok_or_else(|| CampaignError::Shard {
                    source_name: index_name.to_owned(),
                    reason: format!("is counted from {first}"),
                })?;
            return Ok((
                Self::new(index, number(environment(count_name), count_name)?, index_name)?,
                index_name,
            ));
        }
        Ok((Self::WHOLE, "no engine: the whole campaign"))
    }

    /// The numbers of this shard below `seeds`, ascending.
    pub fn numbers(self, seeds: u64) -> impl Iterator<Item = u64> {
        // Counting in shards instead of `step_by`, whose step is a usize.
        (0..).map_while(move |round: u64| {
            let number = round.checked_mul(self.count)?.checked_add(self.index)?;
            (number < seeds).then_some(number)
        })
    }

    /// A file name for its accounts: `3-of-8`.
    pub fn name(self) -> String {
        format!("{}-of-{}", self.index, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.count)
    }
}

/// Where an engine begins to count.
enum First {
    Zero,
    One,
    Named(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_divide_the_seeds() {
        let mut all: Vec<u64> = (0..7)
            .flat_map(|index| Shard::new(index, 7, "test").unwrap().numbers(40))
            .collect();
        all.sort_unstable();
        assert_eq!(all, Vec::from_iter(0..40));
        assert_eq!(Shard::new(9, 10, "test").unwrap().numbers(5).count(), 0);
    }

    #[test]
    fn each_engine_is_understood() {
        let detect = |pairs: &[(&str, &str)]| {
            Shard::detect(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        let shard = |pairs: &[(&str, &str)]| detect(pairs).unwrap().0.to_string();
        assert_eq!(shard(&[]), "0/1");
        assert_eq!(shard(&[("CHECKER_SHARD", "3/8"), ("CI_NODE_INDEX", "1")]), "3/8");
        assert_eq!(
            shard(&[("JOB_COMPLETION_INDEX", "3"), ("CHECKER_SHARDS", "8")]),
            "3/8"
        );
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "13"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_COUNT", "8"),
        ];
        assert_eq!(shard(&slurm), "3/8");
        assert_eq!(shard(&[("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "8")]), "3/8");
        assert_eq!(
            shard(&[
                ("BUILDKITE_PARALLEL_JOB", "3"),
                ("BUILDKITE_PARALLEL_JOB_COUNT", "8")
            ]),
            "3/8"
        );
    }

    #[test]
    fn a_wrong_shard_is_refused_and_never_guessed() {
        for text in ["8/8", "0/0", "-1/8", "1", "", "1/2/3", "a/b"] {
            assert!(Shard::parse(text, "--shard").is_err(), "{text}");
        }
        let missing_count = Shard::detect(|name| (name == "JOB_COMPLETION_INDEX").then(|| "1".to_owned()));
        assert!(missing_count.unwrap_err().to_string().contains("CHECKER_SHARDS"));
        let from_zero = Shard::detect(|name| match name {
            "CI_NODE_INDEX" => Some("0".to_owned()),
            "CI_NODE_TOTAL" => Some("2".to_owned()),
            _ => None,
        });
        assert!(from_zero.is_err());
    }
}
