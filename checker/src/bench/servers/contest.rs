//! Systems that are measured in turns, one round after the other: a machine that is slower for a while is so for all of them.

use anyhow::Context as _;

use super::{
    client::Client,
    etcd::Etcd,
    load::{Cell, Task, Verb, key, measure},
    ours::Ours,
    postgres::Postgres,
    usage::Usage,
};

/// Members of each system.
const SERVERS: f64 = 3.0;

/// A running system.
pub enum System {
    /// The server of this project.
    Ours(Ours),
    /// Etcd.
    Etcd(Etcd),
    /// PostgreSQL with synchronous replication.
    Postgres(Postgres),
}

/// A system that takes part.
pub struct Entrant {
    /// What tables call it.
    pub name: &'static str,
    /// Itself; it stops when it is dropped.
    pub system: System,
}

/// One turn of one system.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// What its clients got.
    pub cell: Cell,
    /// Processor time of all its servers for one operation, in microseconds.
    pub cpu_us: f64,
    /// Memory of a server after it.
    pub memory_mb: f64,
}

/// A number of a turn.
pub type Number = fn(&Turn) -> f64;

/// What a number in each round came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// In the round in the middle.
    pub median: f64,
    /// In the round where it was least.
    pub least: f64,
    /// And most.
    pub most: f64,
}

/// The turns of all systems with so many clients.
#[derive(Clone, Debug)]
pub struct Contest {
    /// Clients at once.
    pub clients: usize,
    /// By system, then by round.
    turns: Vec<Vec<Turn>>,
}

impl Entrant {
    /// Puts the keys that `task` reads.
    ///
    /// # Errors
    /// When the system refuses one.
    pub async fn prepare(&self, task: &Task) -> anyhow::Result<()> {
        match &self.system {
            System::Ours(set) => fill(set.clients(1).await?, task).await,
            System::Etcd(set) => fill(set.clients(1).await?, task).await,
            System::Postgres(set) => fill(set.clients(1).await?, task).await,
        }
    }

    async fn turn(&self, clients: usize, task: &Task) -> anyhow::Result<Turn> {
        match &self.system {
            System::Ours(set) => turn(set.clients(clients).await?, task, &set.processes()).await,
            System::Etcd(set) => turn(set.clients(clients).await?, task, &set.processes()).await,
            System::Postgres(set) => turn(set.clients(clients).await?, task, &set.processes()).await,
        }
    }
}

/// Lets all systems have a turn at `task` with so many clients in each round. Puts have new keys in each.
///
/// # Errors
/// The first of any client.
pub async fn contest(
    entrants: &[Entrant],
    clients: usize,
    task: &Task,
    rounds: usize,
) -> anyhow::Result<Contest> {
    let mut turns: Vec<Vec<Turn>> = vec![Vec::new(); entrants.len()];
    for round in 0..rounds {
        let mut task = task.clone();
        if task.verb == Verb::Put {
            task.name = format!("{}c{clients}r{round}", task.name);
        }
        for place in order(round, entrants.len()) {
            let entrant = &entrants[place];
            let turn = entrant.turn(clients, &task).await;
            turns[place].push(turn.with_context(|| format!("{} with {clients} clients", entrant.name))?);
        }
    }
    Ok(Contest { clients, turns })
}

/// Who comes after whom: each round begins with the next one, so that nobody always comes after the same.
fn order(round: usize, systems: usize) -> impl Iterator<Item = usize> {
    (0..systems).map(move |turn| (turn + round) % systems)
}

impl Contest {
    /// A number of a system, over its rounds.
    #[must_use]
    pub fn of(&self, system: usize, number: Number) -> Spread {
        Spread::of(self.turns[system].iter().map(number).collect())
    }

    /// How many times as much the first system has of it as another one, round by round.
    #[must_use]
    pub fn ratio(&self, system: usize, number: Number) -> Spread {
        let pairs = self.turns[0].iter().zip(&self.turns[system]);
        Spread::of(
            pairs
                .map(|(ours, theirs)| number(ours) / number(theirs))
                .collect(),
        )
    }
}

impl Spread {
    fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| numbers.get(place).copied().unwrap_or(f64::NAN);
        let middle = numbers.len() / 2;
        let median = if numbers.len().is_multiple_of(2) && middle > 0 {
            (at(middle - 1) + at(middle)) / 2.0
        } else {
            at(middle)
        };
        Self {
            median,
            least: at(0),
            most: at(numbers.len().saturating_sub(1)),
        }
    }
}

async fn fill<C: Client>(mut clients: Vec<C>, task: &Task) -> anyhow::Result<()> {
    let Verb::Get(keys) = task.verb else { return Ok(()) };
    let client = clients.first_mut().context("no client")?;
    let value = vec![b'x'; task.bytes];
    for turn in 0..keys {
        client.put(&key(&task.name, 0, turn), &value).await?;
    }
    Ok(())
}

async fn turn<C: Client>(clients: Vec<C>, task: &Task, servers: &[i32]) -> anyhow::Result<Turn> {
    let before = Usage::of(servers);
    let cell = measure(clients, task).await?;
    let after = Usage::of(servers);
    Ok(Turn {
        cpu_us: (after.cpu_seconds - before.cpu_seconds) * 1e6 / cell.count as f64,
        memory_mb: after.memory_mb / SERVERS,
        cell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_begins_with_another_one() {
        let rounds: Vec<Vec<usize>> = (0..3).map(|round| order(round, 2).collect()).collect();
        assert_eq!(rounds, [[0, 1], [1, 0], [0, 1]]);
        assert_eq!(order(4, 3).collect::<Vec<_>>(), [1, 2, 0]);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let contest = Contest {
            clients: 1,
            turns: vec![
                [10.0, 20.0, 2.0].map(turn_of).to_vec(),
                [5.0, 5.0, 2.0].map(turn_of).to_vec(),
            ],
        };
        let ratio = contest.ratio(1, |turn| turn.cell.per_second);
        assert_eq!((ratio.least, ratio.median, ratio.most), (1.0, 2.0, 4.0));
        assert_eq!(contest.of(0, |turn| turn.cell.per_second).median, 10.0);
    }

    #[test]
    fn the_middle_of_an_even_number_of_rounds_lies_between_two() {
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Spread::of(vec![7.0]).median, 7.0);
        assert!(Spread::of(Vec::new()).median.is_nan());
    }

    fn turn_of(per_second: f64) -> Turn {
        Turn {
            cell: Cell {
                clients: 1,
                count: 1,
                per_second,
                p50_ms: 1.0,
                p95_ms: 1.0,
                p99_ms: 1.0,
            },
            cpu_us: 1.0,
            memory_mb: 1.0,
        }
    }
}
