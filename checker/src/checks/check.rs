//! What a check is.

use super::{Budget, Verdict};
use crate::history::History;

/// One promise, and who judges whether a history kept it.
#[derive(Clone, Copy)]
pub struct Check {
    /// Name in verdicts and on the command line.
    pub name: &'static str,
    /// What the cluster promised, in one sentence.
    pub promise: &'static str,
    /// Cost in operations `n`, elements read `R`, clients `C`.
    pub complexity: &'static str,
    /// Paper, specification or system that the check is taken from.
    pub source: &'static str,
    /// The violations that it tells apart, by the names that [`super::Anomaly::kind`] takes.
    pub anomalies: &'static [&'static str],
    /// Judges. Operations that do not concern the promise are passed over; the verdict says how many were
    /// looked at.
    pub run: fn(&History, &Budget) -> Verdict,
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use crate::checks::CHECKS;

    /// A name that no test plants would be a promise that nobody has seen kept.
    #[test]
    fn each_anomaly_that_a_check_names_is_planted_by_a_test() {
        let tests = tests_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks"));
        for check in CHECKS {
            let module = check.name.replace('-', "_");
            for name in check.anomalies {
                let planted = tests
                    .iter()
                    .any(|(path, text)| path.contains(&module) && text.contains(&format!("\"{name}\"")));
                assert!(planted, "{}: no test of its own plants {name}", check.name);
            }
        }
    }

    /// Paths and texts of all tests below.
    fn tests_of(folder: &Path) -> Vec<(String, String)> {
        let mut tests = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                tests.extend(tests_of(&path));
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let name = path.display().to_string();
            let is_test = path
                .file_stem()
                .is_some_and(|stem| stem.to_string_lossy().starts_with("tests"));
            let begin = if is_test {
                Some(0)
            } else {
                text.find("#[cfg(test)]\nmod tests {")
            };
            tests.extend(begin.map(|begin| (name, text[begin..].to_owned())));
        }
        tests
    }
}
