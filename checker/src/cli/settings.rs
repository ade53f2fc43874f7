//! Options from a file and from the environment: one precedence for every option of every subcommand.
//!
//! The command line wins over the environment, the environment over the file, the file over the default.

use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use thiserror::Error;
use toml::{Table, Value};

/// The file that is read when it is there, in the current directory.
const FILE: &str = "checker.toml";
/// Names another file, which must be there.
pub(super) const FILE_VARIABLE: &str = "CHECKER_SETTINGS";
/// `CHECKER_RUN_TIME_LIMIT` is `checker run --time-limit`.
const PREFIX: &str = "CHECKER";

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub(super) enum SettingsError {
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{path}: [{table}] has no option `{key}`; `checker {table} --help` lists them")]
    NoSuchOption {
        path: PathBuf,
        table: String,
        key: String,
    },
    #[error("{path}: `{key}` is no subcommand; write options as [run], [campaign.run] and so on")]
    NoSuchSubcommand { path: PathBuf, key: String },
    #[error("{path}: `{key}` must be text, a number, true or false, or a list of these")]
    Kind { path: PathBuf, key: String },
}

/// The command line, with the defaults of the file and the variables of the environment in it.
///
/// `named` is the value of [`FILE_VARIABLE`].
pub(super) fn settled(command: Command, named: Option<PathBuf>) -> Result<Command, SettingsError> {
    let path = named.clone().unwrap_or_else(|| FILE.into());
    let table = match (read(&path), named) {
        (Err(Missing::NotThere), None) => Table::new(),
        (Ok(table), _) => table,
        (Err(missing), _) => {
            let reason = missing.words();
            return Err(SettingsError::File { path, reason });
        }
    };
    with_file(with_environment(command, PREFIX), &table, "", &path)
}

enum Missing {
    NotThere,
    Because(String),
}

impl Missing {
    fn words(self) -> String {
        match self {
            Self::NotThere => "there is no such file".to_owned(),
            Self::Because(reason) => reason,
        }
    }
}

fn read(path: &Path) -> Result<Table, Missing> {
    match std::fs::read_to_string(path) {
        Ok(text) => text
            .parse::<Table>()
            .map_err(|error| Missing::Because(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Missing::NotThere),
        Err(error) => Err(Missing::Because(error.to_string())),
    }
}

fn with_environment(command: Command, prefix: &str) -> Command {
    let variable = |name: &str| format!("{prefix}_{}", name.to_uppercase().replace('-', "_"));
    command
        .mut_args(|option| match option.get_long() {
            // Named in the help's last lines, not at each option.
            Some(long) => {
                let variable = variable(long);
                option.env(variable).hide_env(true)
            }
            None => option,
        })
        .mut_subcommands(|subcommand| {
            let prefix = variable(subcommand.get_name());
            with_environment(subcommand, &prefix)
        })
}

fn with_file(
    mut command: Command,
    table: &Table,
    place: &str,
    path: &Path,
) -> Result<Command, SettingsError> {
    for (key, value) in table {
        let below = format!("{place}{}{key}", if place.is_empty() { "" } else { "." });
        if let (Some(found), Value::Table(inner)) = (command.find_subcommand(key), value) {
            let name = found.get_name().to_owned();
            let changed = with_file(found.clone(), inner, &below, path)?;
            command = command.mut_subcommand(name, |_| changed);
            continue;
        }
        let option = command
            .get_arguments()
            .find(|option| option.get_long() == Some(key))
            .map(|option| option.get_id().clone());
        let Some(id) = option else {
            return Err(match place {
                "" => SettingsError::NoSuchSubcommand {
                    path: path.to_owned(),
                    key: key.clone(),
                },
                _ => SettingsError::NoSuchOption {
                    path: path.to_owned(),
                    table: place.to_owned(),
                    key: key.clone(),
                },
            });
        };
        let values = values(value).ok_or_else(|| SettingsError::Kind {
            path: path.to_owned(),
            key: below,
        })?;
        command = command.mut_arg(id, |option: Arg| option.default_values(values));
    }
    Ok(command)
}

fn values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|value| vec![value]),
    }
}

fn one(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let run = Command::new("run")
            .arg(Arg::new("members").long("members").default_value("3"))
            .arg(
                Arg::new("nemesis")
                    .long("nemesis")
                    .value_delimiter(',')
                    .default_value("kill"),
            )
            .arg(Arg::new("keep").long("keep").action(clap::ArgAction::SetTrue));
        Command::new("checker").subcommand(run)
    }

    fn settled_with(text: &str) -> Result<Command, SettingsError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("it is ours");
        settled(command(), Some(file.path().to_owned()))
    }

    #[test]
    fn the_file_changes_defaults_and_the_command_line_wins() {
        let settled = settled_with("[run]\nmembers = 5\nnemesis = [\"pause\", \"clock\"]\nkeep = true\n");
        let command = settled.expect("it is sound");
        let run = |words: &[&str]| {
            let line = ["checker", "run"].iter().chain(words);
            let matches = command.clone().get_matches_from(line);
            matches
                .subcommand_matches("run")
                .expect("it was asked for")
                .clone()
        };
        let quiet = run(&[]);
        assert_eq!(quiet.get_one::<String>("members").expect("a default"), "5");
        let nemeses: Vec<&String> = quiet.get_many("nemesis").expect("a default").collect();
        assert_eq!(nemeses, ["pause", "clock"]);
        assert!(quiet.get_flag("keep"));
        let told = run(&["--members", "4"]);
        assert_eq!(told.get_one::<String>("members").expect("it was told"), "4");
    }

    #[test]
    fn every_option_has_a_variable() {
        let command = settled_with("").expect("nothing is wrong with nothing");
        let run = command.find_subcommand("run").expect("it is there");
        let names: Vec<_> = run.get_arguments().filter_map(Arg::get_env).collect();
        assert_eq!(
            names,
            ["CHECKER_RUN_MEMBERS", "CHECKER_RUN_NEMESIS", "CHECKER_RUN_KEEP"]
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("[run]\nmember = 5", "no option `member`"),
            ("[walk]\nmembers = 5", "`walk` is no subcommand"),
            ("members = 5", "`members` is no subcommand"),
            ("[run]\nmembers = {}", "`run.members` must be"),
            ("[run", "TOML"),
        ] {
            let told = settled_with(text).expect_err(text).to_string();
            assert!(told.contains(words), "{told}");
        }
        let missing = settled(command(), Some("/nowhere/at/all.toml".into())).expect_err("it is not there");
        assert!(missing.to_string().contains("no such file"), "{missing}");
    }
}
