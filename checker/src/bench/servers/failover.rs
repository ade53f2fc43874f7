//! How long nobody can write after the leader's death.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{task::LocalSet, time::timeout};

use super::client::Client;

/// Between two tries that were refused.
const PAUSE: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// The time from `killed` until a write is acknowledged that was sent since, to any of the survivors.
///
/// # Errors
/// When none is within a minute.
pub async fn time_to_first_write<C: Client>(survivors: Vec<C>, killed: Instant) -> anyhow::Result<Duration> {
    let local = LocalSet::new();
    let first: Rc<Cell<Option<Duration>>> = Rc::default();
    let last_words: Rc<RefCell<String>> = Rc::default();
    for (number, mut client) in survivors.into_iter().enumerate() {
        let (first, last_words) = (Rc::clone(&first), Rc::clone(&last_words));
        local.spawn_local(async move {
            for write in 0_u64.. {
                if first.get().is_some() || killed.elapsed() > PATIENCE {
                    return;
                }
                match timeout(C::TRY, client.put(&format!("failover-{number}-{write}"), b"x")).await {
                    Ok(Ok(())) => {
                        first.set(first.get().or(Some(killed.elapsed())));
                        return;
                    }
                    Ok(Err(error)) => *last_words.borrow_mut() = error.to_string(),
                    Err(_) => {}
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    local.await;
    first
        .get()
        .ok_or_else(|| anyhow::anyhow!("nobody took a write within {PATIENCE:?}: {}", last_words.borrow()))
}
