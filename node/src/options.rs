//! The command line and the configuration file: flags as `mongod` has them.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::auth::key_file::{Key, KeyFileError};
use crate::options_file;
use crate::replication::timing::Profile;

/// Default port of a member.
pub const DEFAULT_PORT: u16 = 27017;

/// Default limit of a trace: some hours of a busy member.
const TRACE_LIMIT_DEFAULT_MB: u64 = 4_096;

/// The most bytes of entries that a rollback takes back, unless told otherwise.
const ROLLBACK_BYTES_DEFAULT: usize = 300 << 20;

/// Client connections at once, unless told otherwise; the system's limit on open files may be lower.
const CONNECTIONS_DEFAULT: u32 = 65_536;
/// The least that can be asked for (as `mongod`).
const CONNECTIONS_LEAST: u32 = 5;

/// Default size of the oplog.
const OPLOG_DEFAULT_MB: u64 = 990;

/// What `--version` says; launchers of `mongod` look for the line with the server's version.
const VERSION_TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\ndb version v7.0.14");

/// A replica-set member that speaks the MongoDB wire protocol.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "node",
    version = VERSION_TEXT,
    about,
    after_help = "Example: node --replSet rs0 --port 27017 --dbpath ./data"
)]
pub struct Options {
    /// Port to listen on.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Data directory; created when missing.
    #[arg(long, value_name = "DIR")]
    pub dbpath: Option<PathBuf>,
    /// Name of the replica set, optionally followed by seeds: NAME[/HOST:PORT,…].
    #[arg(long = "replSet", value_name = "NAME[/SEEDS]")]
    pub repl_set: Option<String>,
    /// Addresses to listen on, separated by commas. Without it only this machine can connect.
    #[arg(long = "bind_ip", value_name = "ADDRESSES")]
    pub bind_ip: Option<String>,
    /// Read options from this file: lines `key=value`, or YAML.
    #[arg(short = 'f', long = "config", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Size of the oplog in megabytes.
    #[arg(long = "oplogSize", value_name = "MB")]
    pub oplog_size_mb: Option<u64>,
    /// Write the log to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub logpath: Option<PathBuf>,
    /// Set a server parameter: `enableTestCommands=1` lets clients inject failures (`configureFailPoint`),
    /// `rollbackLimitBytes=N` limits what a rollback takes back, `resyncWhenStaleSecs=N` lets a member that is too stale
    /// for every oplog copy everything anew after N seconds, `maxSessions=N` limits logical sessions.
    #[arg(long = "setParameter", value_name = "NAME=VALUE")]
    pub set_parameter: Vec<String>,
    /// Write every step of the protocol core, as one JSON line each, to this file.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// End the trace at this size, in megabytes.
    #[arg(long = "traceLimitMB", value_name = "MB", default_value_t = TRACE_LIMIT_DEFAULT_MB)]
    pub trace_limit_mb: u64,
    /// Timing of the set that is founded here: modern (2 s, 10 s) or legacy (2 s, 20 s, and 30 s after a tie).
    #[arg(long, value_name = "PROFILE")]
    pub timing: Option<Profile>,
    /// Run with this defect (a tester's canary; only in builds with the feature `planted-bugs`).
    #[cfg(feature = "planted-bugs")]
    #[arg(long = "planted-bug", value_name = "ID")]
    pub planted_bug: Option<String>,
    /// Accepted for launchers of `mongod`; there is one storage engine.
    #[arg(long = "storageEngine", value_name = "NAME", hide = true)]
    pub storage_engine: Option<String>,
    /// Ask clients to log in (in a set together with --keyFile).
    #[arg(long)]
    pub auth: bool,
    /// File with the key that the members of the set share: they prove it to each other, and clients must log in.
    #[arg(long = "keyFile", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Client connections at once at most.
    #[arg(long = "maxConns", value_name = "COUNT")]
    pub max_conns: Option<u32>,
    /// Nobody has to log in (which is so unless --auth or --keyFile are given).
    #[arg(long, hide = true)]
    pub noauth: bool,
}

/// What is wrong with the options.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The configuration file can't be read.
    #[error("cannot read the configuration file {path}: {source}; give an existing file to -f/--config")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of the configuration file is no `key=value`.
    #[error("{path}:{line}: expected key=value (or `key: value` in YAML), found {text:?}")]
    BadLine {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// A line of the configuration file names no option.
    #[error(
        "{path}:{line}: unknown option {key:?}; known are port, dbpath, replSet, bind_ip, oplogSize, logpath, timing, setParameter, auth, keyFile, maxConns (in YAML net.port, storage.dbPath, replication.replSetName, net.bindIp, net.maxIncomingConnections, replication.oplogSizeMB, systemLog.path, security.keyFile, security.authorization)"
    )]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// A value does not fit its option.
    #[error("{path}:{line}: {key}={value}: {why}")]
    BadValue {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What would fit.
        why: &'static str,
    },
    /// The key file is not as it must be.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Members of a set must know each other before clients must be known.
    #[error("security.keyFile is required when authorization is enabled with replica sets: give --keyFile")]
    AuthWithoutKeyFile,
    /// On and off at once.
    #[error("--noauth contradicts --auth and --keyFile: give one or the other")]
    AuthContradiction,
    /// Fewer connections than the least.
    #[error("--maxConns {0}: maxConns has to be at least 5")]
    TooFewConnections(u32),
    /// An address to listen on is none.
    #[error(
        "--bind_ip {0}: not an IP address; give addresses such as 127.0.0.1, separated by commas, or localhost"
    )]
    BadAddress(String),
}

impl Options {
    /// Where a trace ends.
    #[must_use]
    pub fn trace_limit_bytes(&self) -> u64 {
        self.trace_limit_mb.saturating_mul(1 << 20)
    }

    /// Adds what the configuration file says and the command line does not: flags win.
    ///
    /// # Errors
    /// When the file can't be read or a line is wrong: with file and line.
    pub fn with_file(mut self) -> Result<Self, OptionsError> {
        let Some(path) = self.config.clone() else {
            return Ok(self);
        };
        let text = std::fs::read_to_string(&path).map_err(|source| OptionsError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let settings = options_file::parse(&text).map_err(|bad| OptionsError::BadLine {
            path: path.clone(),
            line: bad.line,
            text: bad.text,
        })?;
        for setting in settings {
            self.set(&path, setting.line, &setting.key, &setting.value)?;
        }
        Ok(self)
    }

    fn set(&mut self, path: &Path, line: usize, key: &str, value: &str) -> Result<(), OptionsError> {
        let bad = |why| OptionsError::BadValue {
            path: path.to_owned(),
            line,
            key: key.to_owned(),
            value: value.to_owned(),
            why,
        };
        match key {
            "port" => {
                let port = value
                    .parse()
                    .map_err(|_| bad("a port is a number from 0 to 65535"))?;
                self.port.get_or_insert(port);
            }
            "dbpath" => {
                self.dbpath.get_or_insert_with(|| PathBuf::from(value));
            }
            "replSet" => {
                self.repl_set.get_or_insert_with(|| value.to_owned());
            }
            "bind_ip" => {
                self.bind_ip.get_or_insert_with(|| value.to_owned());
            }
            "oplogSize" | "oplogSizeMB" => {
                let size = value
                    .parse()
                    .map_err(|_| bad("a size is a number of megabytes"))?;
                self.oplog_size_mb.get_or_insert(size);
            }
            "setParameter" => self.set_parameter.push(value.to_owned()),
            "timing" => {
                let profile = clap::ValueEnum::from_str(value, true)
                    .map_err(|_| bad("a timing is modern or legacy"))?;
                self.timing.get_or_insert(profile);
            }
            "keyFile" => {
                self.key_file.get_or_insert_with(|| PathBuf::from(value));
            }
            "auth" | "noauth" => {
                let on = match value {
                    "true" | "enabled" => true,
                    "false" | "disabled" => false,
                    _ => return Err(bad("it is true or false (in YAML enabled or disabled)")),
                };
                let flag = if key == "auth" {
                    &mut self.auth
                } else {
                    &mut self.noauth
                };
                *flag |= on;
            }
            "maxConns" => {
                let count = value
                    .parse()
                    .map_err(|_| bad("a number of connections is a whole number"))?;
                self.max_conns.get_or_insert(count);
            }
            "logpath" => {
                self.logpath.get_or_insert_with(|| PathBuf::from(value));
            }
            _ => {
                return Err(OptionsError::UnknownKey {
                    path: path.to_owned(),
                    line,
                    key: key.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A number that `--setParameter` gives.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<usize> {
        let mut given = self.set_parameter.iter().rev();
        given.find_map(|given| given.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    }

    /// The most bytes of entries that a rollback takes back: MongoDB's 300 MB, or `--setParameter rollbackLimitBytes=N`.
    #[must_use]
    pub fn rollback_bytes_max(&self) -> usize {
        let given = self.set_parameter.iter().rev();
        let mut given = given.filter_map(|given| given.strip_prefix("rollbackLimitBytes="));
        given
            .find_map(|bytes| bytes.parse().ok())
            .unwrap_or(ROLLBACK_BYTES_DEFAULT)
    }

    /// Must clients log in?
    #[must_use]
    pub fn asks_for_login(&self) -> bool {
        self.auth || self.key_file.is_some()
    }

    /// Connections at once at most.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        let asked = self.max_conns.unwrap_or(CONNECTIONS_DEFAULT);
        usize::try_from(asked).unwrap_or(usize::MAX)
    }

    /// What the options say about logins, checked: the members' key, if they share one.
    ///
    /// # Errors
    /// When they contradict each other, or the key file is not as it must be.
    pub fn key(&self) -> Result<Option<Key>, OptionsError> {
        if self.noauth && self.asks_for_login() {
            return Err(OptionsError::AuthContradiction);
        }
        if self.auth && self.key_file.is_none() && self.repl_set.is_some() {
            return Err(OptionsError::AuthWithoutKeyFile);
        }
        let few = self.max_conns.filter(|count| *count < CONNECTIONS_LEAST);
        if let Some(few) = few {
            return Err(OptionsError::TooFewConnections(few));
        }
        Ok(self.key_file.as_deref().map(Key::read).transpose()?)
    }

    /// May clients inject failures?
    #[must_use]
    pub fn test_commands(&self) -> bool {
        let on = ["enableTestCommands=1", "enableTestCommands=true"];
        self.set_parameter
            .iter()
            .any(|given| on.contains(&given.as_str()))
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// The data directory.
    #[must_use]
    pub fn dbpath(&self) -> PathBuf {
        self.dbpath.clone().unwrap_or_else(|| PathBuf::from("data/db"))
    }

    /// The timing profile.
    #[must_use]
    pub fn timing(&self) -> Profile {
        self.timing.unwrap_or_default()
    }

    /// The oplog's cap.
    #[must_use]
    pub fn oplog_cap_bytes(&self) -> u64 {
        self.oplog_size_mb.unwrap_or(OPLOG_DEFAULT_MB) << 20
    }

    /// The set's name: the part before the slash.
    #[must_use]
    pub fn set_name(&self) -> Option<&str> {
        self.repl_set
            .as_deref()
            .map(|value| value.split('/').next().unwrap_or(value))
    }

    /// The seeds: the part after the slash.
    #[must_use]
    pub fn seeds(&self) -> Vec<String> {
        let seeds = self
            .repl_set
            .as_deref()
            .and_then(|value| value.split_once('/'))
            .map(|(_, seeds)| seeds);
        seeds
            .unwrap_or_default()
            .split(',')
            .filter(|seed| !seed.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The addresses to listen on: this machine only, unless told otherwise.
    ///
    /// # Errors
    /// When one is no IP address.
    pub fn addresses(&self) -> Result<Vec<std::net::SocketAddr>, OptionsError> {
        let given = self.bind_ip.as_deref().unwrap_or("127.0.0.1");
        given
            .split(',')
            .map(|text| {
                let text = if text.trim() == "localhost" {
                    "127.0.0.1"
                } else {
                    text.trim()
                };
                let ip: std::net::IpAddr = text
                    .parse()
                    .map_err(|_| OptionsError::BadAddress(text.to_owned()))?;
                Ok(std::net::SocketAddr::new(ip, self.port()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows S0-05, S0-06, S0-25 of the notes.
    #[test]
    fn a_file_fills_what_the_command_line_leaves_open() {
        let options = with_file(
            "port=27018\ndbpath=cluster/db\n# a comment\nreplSet=shopex/127.0.0.1:27018\n",
            &["--port", "5"],
        );
        let options = options.unwrap();
        assert_eq!(options.port(), 5);
        assert_eq!(options.dbpath(), PathBuf::from("cluster/db"));
        assert_eq!(options.set_name(), Some("shopex"));
        assert_eq!(options.seeds(), ["127.0.0.1:27018"]);
    }

    #[test]
    fn the_version_is_the_one_that_clients_are_told() {
        assert!(VERSION_TEXT.ends_with(&format!("\ndb version v{}", crate::VERSION)));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let error = with_file("port=27018\nwhat is this\n", &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains(":2: expected key=value"), "{error}");
        let error = with_file("prot=1\n", &[]).unwrap_err().to_string();
        assert!(error.contains(":1: unknown option \"prot\""), "{error}");
        let error = with_file("port=99999\n", &[]).unwrap_err().to_string();
        assert!(error.contains("0 to 65535"), "{error}");
    }

    fn with_file(text: &str, arguments: &[&str]) -> Result<Options, OptionsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.conf");
        std::fs::write(&path, text).unwrap();
        let mut all = vec!["node", "-f", path.to_str().unwrap()];
        all.extend(arguments);
        Options::try_parse_from(all).unwrap().with_file()
    }
}
