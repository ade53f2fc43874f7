//! The list of subcommands.

#[cfg(feature = "planted-bugs")]
use super::hunt;
use super::{
    attach, bench, campaign, cluster, completions, context::Context, doctor, judge, man, model, probe,
    replay, report, run, serve, simulate,
};
use crate::record::exit::Exit;

/// One line per subcommand: its name, and the module with its `Arguments` (whose doc comment is the help) and
/// its `execute`.
macro_rules! subcommands {
    ($($(#[$condition:meta])? $name:ident => $module:ident,)*) => {
        /// What can be asked for.
        #[derive(Debug, clap::Subcommand)]
        pub(super) enum Subcommand {
            $($(#[$condition])? $name($module::Arguments),)*
        }

        impl Subcommand {
            /// Does it.
            pub(super) fn execute(self, context: &Context) -> anyhow::Result<Exit> {
                match self {
                    $($(#[$condition])? Self::$name(arguments) => $module::execute(arguments, context),)*
                }
            }
        }
    };
}

// In the order of the help.
subcommands! {
    Run => run,
    Attach => attach,
    Model => model,
    Simulate => simulate,
    #[cfg(feature = "planted-bugs")]
    Hunt => hunt,
    Probe => probe,
    Replay => replay,
    Judge => judge,
    Report => report,
    Serve => serve,
    Doctor => doctor,
    Cluster => cluster,
    Campaign => campaign,
    Bench => bench,
    Completions => completions,
    Man => man,
}
