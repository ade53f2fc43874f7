//! Users: commands that keep `admin.system.users`, one file each. They replicate as any other document.

mod arguments;
mod create;
mod drop;
mod grant;
mod info;
mod update;

pub(super) use create::COMMAND as CREATE;
pub(super) use drop::{ALL as DROP_ALL, COMMAND as DROP};
pub(super) use grant::{GRANT, REVOKE};
pub(super) use info::COMMAND as INFO;
pub(super) use update::COMMAND as UPDATE;
