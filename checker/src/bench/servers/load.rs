//! A closed loop: each client sends its next write when the one before is acknowledged.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::LocalSet;

use super::client::Client;

/// What so many clients got in one stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Clients at once.
    pub clients: usize,
    /// Operations that were done.
    pub count: usize,
    /// The same per second.
    pub per_second: f64,
    /// How long one took, in milliseconds: half of them at most.
    pub p50_ms: f64,
    /// All but a twentieth at most.
    pub p95_ms: f64,
    /// All but a hundredth at most.
    pub p99_ms: f64,
}

/// What each client does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Stores a value under a new key.
    Put,
    /// Reads one of the first keys that the first client has put under the same name: so many.
    Get(u64),
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Task {
    /// Keys begin with it.
    pub name: String,
    /// What is done.
    pub verb: Verb,
    /// Bytes of a value.
    pub bytes: usize,
    /// For how long.
    pub time: Duration,
}

/// Lets the clients work for so long.
///
/// # Errors
/// The first of any client.
pub async fn measure<C: Client>(clients: Vec<C>, task: &Task) -> anyhow::Result<Cell> {
    let count = clients.len();
    let taken: Rc<RefCell<Vec<Duration>>> = Rc::default();
    let local = LocalSet::new();
    let begun = Instant::now();
    let time = task.time;
    let loops: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, mut client)| {
            let (taken, task) = (Rc::clone(&taken), task.clone());
            local.spawn_local(async move {
                let value = vec![b'x'; task.bytes];
                for turn in 0_u64.. {
                    let sent = Instant::now();
                    if sent.duration_since(begun) >= task.time {
                        break;
                    }
                    match task.verb {
                        Verb::Put => client.put(&key(&task.name, number, turn), &value).await?,
                        Verb::Get(keys) => {
                            let wanted = (turn + number as u64 * 37) % keys;
                            client.get(&key(&task.name, 0, wanted)).await?;
                        }
                    }
                    taken.borrow_mut().push(sent.elapsed());
                }
                anyhow::Ok(())
            })
        })
        .collect();
    let ends = local.run_until(async {
        let mut ends = Vec::new();
        for one in loops {
            ends.push(one.await);
        }
        ends
    });
    for end in ends.await {
        end??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut taken = taken.take();
    taken.sort_unstable();
    anyhow::ensure!(!taken.is_empty(), "not one operation was done within {time:?}");
    let at = |permille: usize| {
        let place = (taken.len() * permille / 1000).min(taken.len() - 1);
        taken[place].as_secs_f64() * 1e3
    };
    Ok(Cell {
        clients: count,
        count: taken.len(),
        per_second: taken.len() as f64 / seconds,
        p50_ms: at(500),
        p95_ms: at(950),
        p99_ms: at(990),
    })
}

/// The key of a client's turn.
pub fn key(name: &str, client: usize, turn: u64) -> String {
    format!("{name}-{client}-{turn}")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sleeper;

    impl Client for Sleeper {
        const TRY: Duration = Duration::from_secs(1);

        async fn put(&mut self, _key: &str, _value: &[u8]) -> anyhow::Result<()> {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(())
        }

        async fn get(&mut self, key: &str) -> anyhow::Result<()> {
            anyhow::ensure!(["a-0-0", "a-0-1"].contains(&key), "{key} was never put");
            self.put(key, &[]).await
        }
    }

    struct Refuser;

    impl Client for Refuser {
        const TRY: Duration = Duration::from_secs(1);

        async fn put(&mut self, key: &str, _value: &[u8]) -> anyhow::Result<()> {
            anyhow::bail!("{key} is refused")
        }

        async fn get(&mut self, key: &str) -> anyhow::Result<()> {
            anyhow::bail!("{key} is refused")
        }
    }

    fn task(verb: Verb, time: Duration) -> Task {
        Task {
            name: "a".to_owned(),
            verb,
            bytes: 1,
            time,
        }
    }

    #[tokio::test]
    async fn clients_wait_for_their_own_writes_and_not_for_others() {
        let puts = task(Verb::Put, Duration::from_millis(200));
        let one = measure(vec![Sleeper], &puts).await.expect("it writes");
        let ten = measure((0..10).map(|_| Sleeper).collect(), &puts)
            .await
            .expect("they write");
        assert!(one.per_second <= 201.0 && one.p50_ms >= 5.0, "{one:?}");
        assert!(
            ten.per_second > 2.0 * one.per_second && ten.clients == 10,
            "{one:?} {ten:?}"
        );
    }

    #[tokio::test]
    async fn a_refused_write_ends_the_measurement() {
        let refused = measure(vec![Refuser], &task(Verb::Put, Duration::from_secs(1))).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("a-0-0 is refused")));
    }

    #[tokio::test]
    async fn what_is_read_was_put_by_the_first_client() {
        let gets = task(Verb::Get(2), Duration::from_millis(50));
        let read = measure(vec![Sleeper, Sleeper], &gets).await.expect("they read");
        assert!(read.count >= 2, "{read:?}");
    }
}
