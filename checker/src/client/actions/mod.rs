//! What each action is in MongoDB's words: one file per family.

mod counter;
mod list;
mod log;
mod names;
mod queue;
mod register;
mod set;
mod stamp;

use workloads::operation::Action;

use super::process_client::{Outcome, Request};

/// Sends one action.
pub(super) async fn run(request: Request<'_>, action: &Action) -> Outcome {
    match action {
        Action::Read { key } => register::read(request, *key).await,
        Action::Write { key, value } => register::write(request, *key, *value).await,
        Action::Cas { key, expect, value } => register::swap(request, *key, *expect, *value).await,
        Action::Add { key, value } => set::add(request, *key, *value).await,
        Action::AddMany { key, values } => set::add_many(request, *key, values).await,
        Action::ReadSet { key } => set::read(request, *key).await,
        Action::Append { key, value } => list::append(request, *key, *value).await,
        Action::AppendMany { keys, value } => list::append_many(request, keys, *value).await,
        Action::Log { key, value } => log::insert(request, *key, *value).await,
        Action::ReadLog { key } => log::follow(request, *key).await,
        Action::ReadList { key } => list::read(request, *key).await,
        Action::Increment { key, by } => counter::increment(request, *key, *by).await,
        Action::ReadCounter { key } => counter::read(request, *key).await,
        Action::Enqueue { key, value } => queue::enqueue(request, *key, *value).await,
        Action::Dequeue { key } => queue::dequeue(request, *key).await,
        Action::Claim { key, value } => names::claim(request, *key, *value).await,
        Action::Stamp { key, value } => stamp::stamp(request, *key, *value).await,
    }
}
