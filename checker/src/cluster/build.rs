//! Building the programs under test: `node` and its preload library, by the cargo that runs us.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde::Deserialize;

use super::error::ClusterError;

/// What a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The `node` binary.
    pub node: PathBuf,
    /// The preload library.
    pub shim: PathBuf,
}

/// Whether the node carries the planted bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// The server as it is meant.
    Correct,
    /// Built with the feature `planted-bugs`, in a target directory of its own: it must never be mistaken
    /// for the other, and switching must not rebuild both each time.
    PlantedBugs,
}

/// A directory with `node`, `node-planted-bugs` and `libshim.so`, built before: for machines without the sources,
/// such as the nodes of a cluster that runs a campaign.
pub const PREBUILT_VARIABLE: &str = "CHECKER_PROGRAMS";

/// Builds `node` and the preload library and says where they are. cargo's own progress goes to stderr. Nothing is
/// built when [`PREBUILT_VARIABLE`] says where they are.
pub fn programs(flavour: Flavour) -> Result<Programs, ClusterError> {
    if let Some(directory) = env::var_os(PREBUILT_VARIABLE) {
        let directory = Path::new(&directory);
        let node = match flavour {
            Flavour::Correct => "node",
            Flavour::PlantedBugs => "node-planted-bugs",
        };
        return Ok(Programs {
            node: prebuilt(directory, node)?,
            shim: prebuilt(directory, "libshim.so")?,
        });
    }
    let mut arguments = vec!["-p", "node", "-p", "shim", "--bin", "node", "--lib"];
    if flavour == Flavour::PlantedBugs {
        arguments.extend(["--features", "node/planted-bugs"]);
    }
    let artifacts = cargo(&arguments, flavour)?;
    Ok(Programs {
        node: artifacts.executable("node")?,
        shim: artifacts.library("shim")?,
    })
}

/// Builds the preload library only; once per process.
pub fn shim_library() -> Result<PathBuf, ClusterError> {
    if let Some(directory) = env::var_os(PREBUILT_VARIABLE) {
        return prebuilt(Path::new(&directory), "libshim.so");
    }
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        cargo(&["-p", "shim", "--lib"], Flavour::Correct)
            .and_then(|artifacts| artifacts.library("shim"))
            .map_err(|error| error.to_string())
    };
    BUILT.get_or_init(build).clone().map_err(ClusterError::Build)
}

fn prebuilt(directory: &Path, name: &str) -> Result<PathBuf, ClusterError> {
    let path = directory.join(name);
    if path.is_file() {
        Ok(path)
    } else {
        let words = format!(
            "{PREBUILT_VARIABLE} names {}, where there is no {name}",
            directory.display()
        );
        Err(ClusterError::Build(words))
    }
}

/// One line of cargo's `--message-format=json`; other kinds of lines lack these fields.
#[derive(Debug, Deserialize)]
struct Artifact {
    target: Target,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

struct Artifacts(Vec<Artifact>);

impl Artifacts {
    fn executable(&self, name: &str) -> Result<PathBuf, ClusterError> {
        let of_name = self.0.iter().filter(|artifact| artifact.target.name == name);
        of_name
            .filter_map(|artifact| artifact.executable.clone())
            .next_back()
            .ok_or_else(|| ClusterError::Build(format!("cargo named no executable `{name}`")))
    }

    fn library(&self, name: &str) -> Result<PathBuf, ClusterError> {
        let dynamic = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "so");
        let of_name = self.0.iter().filter(|artifact| artifact.target.name == name);
        of_name
            .flat_map(|artifact| artifact.filenames.iter().filter(dynamic))
            .next_back()
            .cloned()
            .ok_or_else(|| ClusterError::Build(format!("cargo named no dynamic library `{name}`")))
    }
}

fn cargo(arguments: &[&str], flavour: Flavour) -> Result<Artifacts, ClusterError> {
    let failed = |words: String| ClusterError::Build(words);
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&program);
    command
        .arg("build")
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if flavour == Flavour::PlantedBugs {
        command
            .arg("--target-dir")
            .arg(target_directory().join("planted-bugs"));
    }
    let mut child = command.spawn().map_err(|error| {
        failed(format!(
            "{} cannot be started: {error}",
            Path::new(&program).display()
        ))
    })?;
    let output = child.stdout.take().expect("stdout was piped two lines above");
    let artifacts = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Artifact>(&line).ok())
        .collect();
    let status = child
        .wait()
        .map_err(|error| failed(format!("cargo was lost: {error}")))?;
    if !status.success() {
        return Err(failed(format!(
            "`cargo build {}` ended with {status}; see above",
            arguments.join(" ")
        )));
    }
    Ok(Artifacts(artifacts))
}

/// The workspace this checker was built from.
fn workspace() -> &'static Path {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR"));
    checker
        .parent()
        .expect("the checker's package lies inside the workspace")
}

fn target_directory() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_before_is_taken_or_missed_by_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let told = prebuilt(directory.path(), "node")
            .expect_err("nothing is there")
            .to_string();
        assert!(
            told.contains(PREBUILT_VARIABLE) && told.contains("no node"),
            "{told}"
        );
        std::fs::write(directory.path().join("node"), "").expect("it is ours");
        assert!(prebuilt(directory.path(), "node").is_ok());
    }

    #[test]
    fn builds_the_shim_and_names_it() {
        let shim = shim_library().expect("the shim builds");
        assert!(shim.is_file(), "{}", shim.display());
    }

    #[test]
    fn a_failing_build_says_what_was_asked() {
        let error = cargo(&["-p", "no-such-package"], Flavour::Correct)
            .err()
            .expect("there is no such package");
        assert!(error.to_string().contains("no-such-package"), "{error}");
    }
}
