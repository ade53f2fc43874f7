//! The set as a whole, and the mark that it leaves in its directory.

use std::{
    ffi::OsString,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{error::PlaygroundError, member::PlayMember};

/// The file that tells a later command what runs here.
const MARK: &str = "cluster.json";
/// Members at most (S3-04).
const MEMBERS_MAX: u8 = 50;
/// Members that vote at most.
const VOTERS_MAX: u8 = 7;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct PlayPlan {
    /// The set's name.
    pub name: String,
    /// Members that hold data.
    pub members: u8,
    /// Members that only vote.
    pub arbiters: u8,
    /// The first member's port, the next ones follow; 0 for any that are free.
    pub port: u16,
    /// Where data, logs and the mark go.
    pub directory: PathBuf,
    /// The server.
    pub program: PathBuf,
    /// More words for each member's command line.
    pub arguments: Vec<OsString>,
}

/// A set that a command started and left running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaySet {
    /// Its name.
    pub name: String,
    /// Its members, those with data first.
    pub members: Vec<PlayMember>,
}

impl PlaySet {
    /// Starts all processes and leaves the mark. The set is not founded yet.
    pub fn start(plan: &PlayPlan) -> Result<Self, PlaygroundError> {
        let count = plan.members.saturating_add(plan.arbiters);
        if plan.members == 0 || count > MEMBERS_MAX || plan.arbiters > VOTERS_MAX - 1 {
            return Err(PlaygroundError::Size {
                members: plan.members,
                arbiters: plan.arbiters,
            });
        }
        if plan.directory.join(MARK).exists() {
            return Err(PlaygroundError::Exists(plan.directory.clone()));
        }
        let failed = |source| PlaygroundError::File {
            path: plan.directory.clone(),
            source,
        };
        fs::create_dir_all(&plan.directory).map_err(failed)?;
        let directory = fs::canonicalize(&plan.directory).map_err(failed)?;
        let mut set = Self {
            name: plan.name.clone(),
            members: Vec::new(),
        };
        for (port, number) in free_ports(plan.port, count)?.into_iter().zip(0..) {
            let home = directory.join(format!("n{number}"));
            let arbiter = number >= plan.members;
            let started = PlayMember::start(&plan.program, &plan.name, port, arbiter, &home, &plan.arguments);
            match started {
                Ok(member) => set.members.push(member),
                Err(error) => {
                    set.stop_all()?;
                    return Err(error);
                }
            }
        }
        set.leave_mark(&directory)?;
        Ok(set)
    }

    /// The set of which a directory has the mark.
    pub fn find(directory: &Path) -> Result<Self, PlaygroundError> {
        let path = directory.join(MARK);
        let text = fs::read(&path).map_err(|_| PlaygroundError::Missing(directory.to_owned()))?;
        serde_json::from_slice(&text).map_err(|error| PlaygroundError::Mark {
            path,
            why: error.to_string(),
        })
    }

    /// Stops all members and takes the mark away; the directory goes, too, unless it is to be kept.
    pub fn stop(&self, directory: &Path, keep: bool) -> Result<(), PlaygroundError> {
        self.stop_all()?;
        let path = if keep {
            directory.join(MARK)
        } else {
            directory.to_owned()
        };
        let removed = if keep {
            fs::remove_file(&path)
        } else {
            fs::remove_dir_all(&path)
        };
        removed.map_err(|source| PlaygroundError::File { path, source })
    }

    /// How clients find the set.
    pub fn connection_string(&self) -> String {
        let data = self.members.iter().filter(|member| !member.arbiter);
        let hosts: Vec<String> = data.map(PlayMember::host).collect();
        format!("mongodb://{}/?replicaSet={}", hosts.join(","), self.name)
    }

    fn stop_all(&self) -> Result<(), PlaygroundError> {
        // The last first: secondaries go before the member that is likely the primary.
        let results: Vec<Result<(), PlaygroundError>> =
            self.members.iter().rev().map(PlayMember::stop).collect();
        results.into_iter().collect()
    }

    fn leave_mark(&self, directory: &Path) -> Result<(), PlaygroundError> {
        let path = directory.join(MARK);
        let text = serde_json::to_vec_pretty(self).map_err(|error| PlaygroundError::Mark {
            path: path.clone(),
            why: error.to_string(),
        })?;
        fs::write(&path, text).map_err(|source| PlaygroundError::File { path, source })
    }
}

/// `count` ports from `first` on, or any, all of them free at this moment.
fn free_ports(first: u16, count: u8) -> Result<Vec<u16>, PlaygroundError> {
    // All are held until all are known: else the same free one could come twice.
    let mut held = Vec::new();
    for number in 0..u16::from(count) {
        let port = if first == 0 {
            0
        } else {
            first.saturating_add(number)
        };
        let listener = TcpListener::bind(("127.0.0.1", port))
            .map_err(|source| PlaygroundError::Port { port, source })?;
        held.push(listener);
    }
    let ports = held.iter().map(|listener| listener.local_addr());
    ports
        .map(|address| address.map(|address| address.port()))
        .collect::<Result<_, _>>()
        .map_err(|source| PlaygroundError::Port { port: first, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_before_anything_starts() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("it is bound").port();
        let error = free_ports(port, 1).expect_err("the port is taken");
        assert!(error.to_string().contains(&port.to_string()), "{error}");
    }

    #[test]
    fn impossible_sizes_are_refused_and_nothing_is_made() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (members, arbiters) in [(0, 1), (1, 7), (50, 1)] {
            let plan = PlayPlan {
                name: "x".to_owned(),
                members,
                arbiters,
                port: 0,
                directory: directory.path().join("none"),
                program: "false".into(),
                arguments: Vec::new(),
            };
            assert!(matches!(PlaySet::start(&plan), Err(PlaygroundError::Size { .. })));
            assert!(!plan.directory.exists());
        }
    }

    #[test]
    fn a_number_that_went_to_another_process_is_not_hit() {
        let member = PlayMember {
            pid: std::process::id().cast_signed(),
            port: 1,
            arbiter: false,
            data: "/no/such/data".into(),
            log: "/no/such/log".into(),
        };
        assert!(!member.runs());
        member.stop().expect("nothing to stop");
    }
}
