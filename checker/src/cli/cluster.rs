//! `checker cluster`: a replica set to play with.

use std::{env, ffi::OsString, path::PathBuf};

use serde_json::json;

use super::context::Context;
use crate::{
    cluster::{
        build::{Flavour, programs},
        playground::{PlayPlan, PlaySet, initiate, state_of},
    },
    record::exit::Exit,
};

/// The first port of a set, unless another is given (S2-04).
const PORT: u16 = 20_000;

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker cluster up --members 2 --arbiters 1      prints the connection string and the members' states
  checker cluster status
  checker cluster down";

/// Start, show and stop a replica set on this machine for you to play with.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Start the members, initiate the set, print how to connect. It goes on running until `down`.
    Up(Up),
    /// Stop the set and remove its data.
    Down(Down),
    /// Say how the members are.
    Status(Place),
}

#[derive(Debug, clap::Args)]
struct Up {
    /// Members that hold data.
    #[arg(long, default_value_t = 3)]
    members: u8,

    /// Members that only vote, beside those.
    #[arg(long, default_value_t = 0)]
    arbiters: u8,

    /// The set's name.
    #[arg(long, default_value = "rs0")]
    name: String,

    /// A server built already, instead of one built now.
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,

    #[command(flatten)]
    place: Place,

    /// More arguments for each member, after `--`.
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
struct Down {
    /// Keep data and logs.
    #[arg(long)]
    keep: bool,

    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The first member's port, the others' follow; 0 for any that are free.
    #[arg(long, default_value_t = PORT)]
    port: u16,

    /// Where data, logs and the note of what runs are kept [default: a temporary directory named after the port].
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Does what is asked of the set.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    match arguments.action {
        Action::Up(up) => start(up, context),
        Action::Down(down) => {
            let directory = down.place.directory();
            PlaySet::find(&directory)?.stop(&directory, down.keep)?;
            context.console.say("the set is down");
            Ok(Exit::Pass)
        }
        Action::Status(place) => {
            let set = PlaySet::find(&place.directory())?;
            tell(&set, context)?;
            Ok(Exit::Pass)
        }
    }
}

fn start(up: Up, context: &Context) -> anyhow::Result<Exit> {
    let program = match up.node {
        Some(program) => program,
        None => context.console.suspended(|| programs(Flavour::Correct))?.node,
    };
    let directory = up.place.directory();
    let set = PlaySet::start(&PlayPlan {
        name: up.name,
        members: up.members,
        arbiters: up.arbiters,
        port: up.place.port,
        directory: directory.clone(),
        program,
        arguments: up.arguments,
    })?;
    context.console.say(format!(
        "{} members started; initiating the set",
        set.members.len()
    ));
    if let Err(error) = runtime()?.block_on(initiate(&set)) {
        // What does not serve does not stay; its logs do.
        set.stop(&directory, true)?;
        return Err(error.into());
    }
    tell(&set, context)?;
    Ok(Exit::Pass)
}

fn tell(set: &PlaySet, context: &Context) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let states: Vec<String> = set
        .members
        .iter()
        .map(|member| runtime.block_on(state_of(member)))
        .collect();
    let rows = || set.members.iter().zip(&states);
    context.console.result(
        || {
            let lines: Vec<String> = rows()
                .map(|(member, state)| {
                    let (host, pid, log) = (member.host(), member.pid, member.log.display());
                    format!("{host}  {state:<10} pid {pid}  log {log}")
                })
                .collect();
            format!("{}\n{}", set.connection_string(), lines.join("\n"))
        },
        || {
            let members: Vec<_> = rows()
                .map(|(member, state)| {
                    json!({
                        "host": member.host(), "state": state, "pid": member.pid, "arbiter": member.arbiter,
                        "data": member.data, "log": member.log,
                    })
                })
                .collect();
            json!({ "uri": set.connection_string(), "set": set.name, "members": members })
        },
    );
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

impl Place {
    fn directory(&self) -> PathBuf {
        let named = || env::temp_dir().join(format!("checker-cluster-{}", self.port));
        self.directory.clone().unwrap_or_else(named)
    }
}
