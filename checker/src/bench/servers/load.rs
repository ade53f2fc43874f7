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
    /// Acknowledged writes per second.
    pub per_second: f64,
    /// How long one took, in milliseconds: half of them at most.
    pub p50_ms: f64,
    /// All but a hundredth at most.
    pub p99_ms: f64,
}

/// Lets the clients write values of so many bytes for so long. Keys begin with `name`.
///
/// # Errors
/// The first of any client.
pub async fn measure<C: Client>(
    clients: Vec<C>,
    name: &str,
    bytes: usize,
    time: Duration,
) -> anyhow::Result<Cell> {
    let count = clients.len();
    let taken: Rc<RefCell<Vec<Duration>>> = Rc::default();
    let local = LocalSet::new();
    let begun = Instant::now();
    let loops: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, mut client)| {
            let (taken, name) = (Rc::clone(&taken), name.to_owned());
            local.spawn_local(async move {
                let value = vec![b'x'; bytes];
                for write in 0_u64.. {
                    let sent = Instant::now();
                    if sent.duration_since(begun) >= time {
                        break;
                    }
                    client.put(&format!("{name}-{number}-{write}"), &value).await?;
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
    anyhow::ensure!(
        !taken.is_empty(),
        "not one write was acknowledged within {time:?}"
    );
    let at = |permille: usize| {
        let place = (taken.len() * permille / 1000).min(taken.len() - 1);
        taken[place].as_secs_f64() * 1e3
    };
    Ok(Cell {
        clients: count,
        per_second: taken.len() as f64 / seconds,
        p50_ms: at(500),
        p99_ms: at(990),
    })
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
    }

    struct Refuser;

    impl Client for Refuser {
        const TRY: Duration = Duration::from_secs(1);

        async fn put(&mut self, key: &str, _value: &[u8]) -> anyhow::Result<()> {
            anyhow::bail!("{key} is refused")
        }
    }

    #[tokio::test]
    async fn clients_wait_for_their_own_writes_and_not_for_others() {
        let time = Duration::from_millis(200);
        let one = measure(vec![Sleeper], "a", 1, time).await.expect("it writes");
        let ten = measure((0..10).map(|_| Sleeper).collect(), "a", 1, time)
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
        let refused = measure(vec![Refuser], "a", 1, Duration::from_secs(1)).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("a-0-0 is refused")));
    }
}
