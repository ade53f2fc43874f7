//! Sample runs as a run would leave them: a made-up cluster, client and nemesis, drawn from a seed.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use checker::{
    history::{Event, Phase},
    nemesis::fault::Fault,
    record::{
        directory::{RunDirectory, RunFile},
        fault::{FaultRecord, Recovery},
        reproduction::write_reproduction,
        run::{
            Commands, Environment, MemberRecord, NemesisRecord, OperationCounts, PhaseRecord, RunRecord,
            TimingRecord, Versions, WorkloadRecord,
        },
        status::{OptimeRecord, ProcessState, StatusSample},
    },
};
use workloads::operation::{Action, Concerns, Observed, Operation};

/// Nanoseconds in a millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// A made-up run, before it is written.
pub(crate) struct Sample {
    pub(crate) run: RunRecord,
    pub(crate) history: Vec<Event>,
    pub(crate) faults: Vec<FaultRecord>,
    pub(crate) status: Vec<StatusSample>,
    dice: Dice,
    operation: u64,
}

impl Sample {
    /// A run of `seconds` with about `count` operations, and faults that took effect.
    pub(crate) fn new(seed: u64, seconds: u64, count: u64) -> Self {
        let started = UNIX_EPOCH + Duration::from_secs(1_795_244_948 + seed * 3_700);
        let commands = Commands {
            repeat: format!(
                "cargo run -p checker -- run --seed {seed} --time {seconds}s --workload register,set"
            ),
            recheck: format!("cargo run -p checker -- judge results/20261121-070908-{seed}"),
            open_counterexample: format!(
                "xdg-open results/20261121-070908-{seed}/report.html#counterexample"
            ),
        };
        let mut sample = Self {
            run: RunRecord::begin(started, seed, commands),
            history: Vec::new(),
            faults: Vec::new(),
            status: Vec::new(),
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            operation: 0,
        };
        sample.plan(seconds);
        sample.watch(seconds);
        sample.play(seconds, count);
        sample.describe(seconds);
        sample
    }

    /// Writes everything but the verdict.
    pub(crate) fn write(&self, results: &Path) -> RunDirectory {
        let directory = RunDirectory::create(results, &self.run.id).unwrap();
        directory.write(RunFile::Run, &self.run).unwrap();
        append(&directory, RunFile::History, &self.history);
        append(&directory, RunFile::Faults, &self.faults);
        append(&directory, RunFile::Status, &self.status);
        write_reproduction(&directory, &self.run).unwrap();
        for member in 0..3u8 {
            directory.node(member).unwrap();
            std::fs::write(directory.node_log(member), self.log(member)).unwrap();
        }
        directory
    }

    /// Adds one operation by hand; returns its number.
    pub(crate) fn add(
        &mut self,
        process: u32,
        start_ns: u64,
        end_ns: u64,
        action: Action,
        completion: Phase,
    ) -> u64 {
        let operation = self.operation;
        self.operation += 1;
        let request = Operation {
            action,
            concerns: Concerns::LINEARIZABLE,
            causal: false,
        };
        let event = |time_ns, phase| Event {
            index: 0,
            time_ns,
            process,
            operation,
            phase,
        };
        self.history
            .push(event(start_ns, Phase::Invoke { request, last: false }));
        self.history.push(event(end_ns, completion));
        operation
    }

    /// Puts the events in order of time, as a recorder has them.
    pub(crate) fn order(&mut self) {
        self.history.sort_by_key(|event| (event.time_ns, event.operation));
        for (event, index) in self.history.iter_mut().zip(0..) {
            event.index = index;
        }
    }

    fn plan(&mut self, seconds: u64) {
        let mut at_ms = 3_000;
        let faults: [(&str, Fault, &str, &str); 6] = [
            (
                "kill",
                Fault::Kill { members: vec![0] },
                "kill n0 (primary)",
                "processes_gone",
            ),
            (
                "isolate-primary",
                partition(1),
                "cut n1 (primary) from n0 and n2",
                "bytes_held",
            ),
            (
                "pause",
                Fault::Pause { members: vec![2] },
                "pause n2",
                "milliseconds_stopped",
            ),
            (
                "clock",
                Fault::ClockJump {
                    member: 1,
                    offset_ms: -300_000,
                },
                "clock of n1 5 min back",
                "clock_calls_skewed",
            ),
            (
                "clock",
                Fault::ClockStrobe {
                    member: 0,
                    offset_ms: 2_000,
                    period_ms: 400,
                },
                "clock of n0 strobes by 2 s",
                "clock_calls_skewed",
            ),
            (
                "slow-links",
                Fault::Jam {
                    links: vec![(2, 0)],
                    shape: "one-way".to_owned(),
                },
                "hold n2 → n0",
                "bytes_held",
            ),
        ];
        while at_ms + 5_000 < seconds * 1_000 {
            let place = self.faults.len() % faults.len();
            let (nemesis, fault, words, counter) = &faults[place];
            let length_ms = 1_500 + self.dice.below(2_500);
            let value = match *counter {
                "processes_gone" => 1,
                "milliseconds_stopped" => length_ms,
                _ => 500 + self.dice.below(90_000),
            };
            self.faults.push(FaultRecord {
                index: self.faults.len() as u32,
                nemesis: (*nemesis).to_owned(),
                fault: fault.clone(),
                planned_ns: at_ms * MS,
                applied_ns: Some((at_ms + 3) * MS),
                healed_ns: Some((at_ms + length_ms) * MS),
                took_effect: true,
                effect: BTreeMap::from([((*counter).to_owned(), value)]),
                words: (*words).to_owned(),
                recovery: Recovery::default(),
            });
            at_ms += length_ms + 1_000 + self.dice.below(2_000);
        }
    }

    /// A look at each member every 100 ms; whoever is killed or cut off as the primary loses the role after a
    /// second.
    fn watch(&mut self, seconds: u64) {
        let (mut primary, mut term, mut increment) = (0u8, 1i64, 1u32);
        for time_ms in (0..seconds * 1_000).step_by(100) {
            let time_ns = time_ms * MS;
            let on = |kind: &str, member: u8| {
                self.faults.iter().any(|fault| {
                    fault.kind() == kind
                        && fault.overlaps(time_ns, time_ns)
                        && fault.targets().contains(&member)
                })
            };
            let lost = |member| {
                on("kill", member) || (on("partition", member) && member == 1) || on("pause", member)
            };
            if lost(primary)
                && self.faults.iter().any(|fault| {
                    fault.overlaps(time_ns, time_ns) && fault.applied_ns.unwrap() + 1_000 * MS < time_ns
                })
            {
                primary = (0..3).find(|member| !lost(*member)).unwrap();
                term += 1;
            }
            let seconds_part = (time_ms / 1_000) as u32 + 1_795_244_948;
            increment = if time_ms % 1_000 == 0 { 1 } else { increment + 7 };
            let optime = |behind_ms: u64| OptimeRecord {
                term,
                seconds: seconds_part - (behind_ms / 1_000) as u32,
                increment,
            };
            for member in 0..3u8 {
                let down = on("kill", member);
                let behind = if lost(member) { 1_000 } else { 0 };
                let offset = if on("clock-jump", member) {
                    -300_000
                } else if on("clock-strobe", member) && time_ms / 400 % 2 == 0 {
                    2_000
                } else {
                    0
                };
                let process = if down {
                    ProcessState::Down
                } else if on("pause", member) {
                    ProcessState::Paused
                } else {
                    ProcessState::Up
                };
                let state = if member == primary { "PRIMARY" } else { "SECONDARY" };
                self.status.push(StatusSample {
                    time_ns,
                    member,
                    process,
                    state: (!down).then(|| state.to_owned()),
                    term: (!down).then_some(term),
                    commit: (!down).then(|| optime(behind)),
                    applied: (!down).then(|| optime(behind)),
                    clock_offset_ms: offset,
                });
            }
        }
    }

    fn play(&mut self, seconds: u64, count: u64) {
        let mut registers = [0i64; 10];
        let step_ns = (seconds * 1_000 * MS - 1_500 * MS) * 8 / count.max(1);
        let mut next_process = 8;
        for client in 0..8u32 {
            let mut process = client;
            let mut now_ns = 200 * MS + u64::from(client) * 3 * MS;
            while now_ns < (seconds * 1_000 - 1_200) * MS {
                let key = self.dice.below(10) as usize;
                let (action, observed) = self.action(key, &mut registers);
                let suffering = self.suffering(now_ns);
                let write = !matches!(action, Action::Read { .. });
                let (length_ns, completion) = match suffering {
                    Some(left_ns) if self.dice.below(3) > 0 => {
                        let wait_ns = left_ns.min(1_000 * MS) + self.dice.below(200) * MS;
                        let error = "error 189 PrimarySteppedDown: operation was interrupted".to_owned();
                        if write {
                            (wait_ns, Phase::Info { error })
                        } else {
                            (
                                wait_ns,
                                Phase::Fail {
                                    error: "error 13436 NotPrimaryOrSecondary".to_owned(),
                                },
                            )
                        }
                    }
                    _ => {
                        let base = if write { 1_800_000 } else { 900_000 };
                        let tail = if self.dice.below(40) == 0 {
                            self.dice.below(40) * MS
                        } else {
                            0
                        };
                        (
                            base + self.dice.below(1_600_000) + tail,
                            Phase::Ok {
                                observed,
                                member: Some(0),
                            },
                        )
                    }
                };
                let retired = matches!(completion, Phase::Info { .. });
                self.add(process, now_ns, now_ns + length_ns, action, completion);
                if retired {
                    process = next_process;
                    next_process += 1;
                }
                now_ns += length_ns
                    + (step_ns / 2 + self.dice.below(step_ns + 1)).saturating_sub(length_ns.min(step_ns / 2));
            }
        }
        self.order();
    }

    fn action(&mut self, key: usize, registers: &mut [i64; 10]) -> (Action, Observed) {
        let name = key as u32;
        match self.dice.below(10) {
            0..5 => {
                let seen = (registers[key] != 0).then_some(registers[key]);
                (Action::Read { key: name }, Observed::Register(seen))
            }
            5..8 => {
                registers[key] = self.operation as i64 + 1;
                (
                    Action::Write {
                        key: name,
                        value: registers[key],
                    },
                    Observed::Done,
                )
            }
            _ => {
                let expect = (registers[key] != 0).then_some(registers[key]);
                let swapped = self.dice.below(2) == 0;
                let value = self.operation as i64 + 1;
                if swapped {
                    registers[key] = value;
                }
                (
                    Action::Cas {
                        key: name,
                        expect,
                        value,
                    },
                    Observed::Swapped { was: expect, swapped },
                )
            }
        }
    }

    /// How long the outage of a fault that takes the primary away still lasts for the clients.
    fn suffering(&self, now_ns: u64) -> Option<u64> {
        self.faults.iter().find_map(|fault| {
            let strikes = matches!(fault.kind(), "kill" | "partition");
            let end_ns = fault.applied_ns? + 1_300 * MS;
            (strikes && (fault.applied_ns?..end_ns).contains(&now_ns)).then(|| end_ns - now_ns)
        })
    }

    fn describe(&mut self, seconds: u64) {
        let mut counts = OperationCounts::default();
        for event in &self.history {
            match event.phase {
                Phase::Ok { .. } => counts.ok += 1,
                Phase::Fail { .. } => counts.fail += 1,
                Phase::Info { .. } => counts.info += 1,
                Phase::Invoke { .. } => {}
            }
        }
        let run = &mut self.run;
        run.duration_ms = seconds * 1_000;
        run.workloads = vec![WorkloadRecord {
            name: "register".to_owned(),
            about: "Reads, writes and compare-and-sets of ten registers.".to_owned(),
            concerns: Concerns::LINEARIZABLE,
            processes: 8,
            checks: vec![
                "linearizable".to_owned(),
                "no-lost-write".to_owned(),
                "replicas-equal".to_owned(),
            ],
            counts,
        }];
        run.nemeses = ["kill", "isolate-primary", "pause", "clock", "slow-links"]
            .map(|name| NemesisRecord {
                name: name.to_owned(),
                about: String::new(),
            })
            .to_vec();
        run.members = (0..3)
            .map(|index| MemberRecord {
                index,
                name: format!("n{index}"),
                address: format!("127.0.0.1:2701{index}"),
            })
            .collect();
        run.timing = TimingRecord {
            profile: "fast".to_owned(),
            timers_ms: BTreeMap::from([
                ("election_timeout".to_owned(), 1_000),
                ("heartbeat_interval".to_owned(), 200),
            ]),
        };
        run.versions = Versions {
            checker: "0.1.0".to_owned(),
            git: "6479d91c0ffee".to_owned(),
            node: "node 0.1.0".to_owned(),
            node_hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        };
        run.environment = Environment {
            os: "Linux 6.18 x86_64".to_owned(),
            cores: 2,
            memory_mib: 7_960,
            tier: "T1".to_owned(),
            back_ends: BTreeMap::from([
                ("network".to_owned(), "proxy".to_owned()),
                ("clock".to_owned(), "shim".to_owned()),
                ("disk".to_owned(), "plain".to_owned()),
            ]),
        };
        let phase = |name: &str, start, end| PhaseRecord {
            name: name.to_owned(),
            start_ns: start,
            end_ns: end,
            counts,
        };
        run.phases = vec![
            phase("before", 0, 3_000 * MS),
            phase("during", 3_000 * MS, (seconds - 3) * 1_000 * MS),
            phase("after", (seconds - 3) * 1_000 * MS, seconds * 1_000 * MS),
        ];
        run.not_checked = vec![
            "Durability against power loss: kill -9 keeps the page cache, and no disk fault was asked for."
                .to_owned(),
            "Reads from secondaries: every read went to the primary.".to_owned(),
            "Reconfiguration, initial sync and more than three members.".to_owned(),
        ];
    }

    fn log(&self, member: u8) -> String {
        let mut text = String::new();
        for sample in self
            .status
            .iter()
            .filter(|sample| sample.member == member && sample.time_ns % (300 * MS) == 0)
        {
            let word = sample.state.as_deref().unwrap_or("starting");
            text.push_str(&format!(
                "@{} INFO node::server state={word} term={} applied={}\n",
                sample.time_ns + u64::from(member) * 7 * MS,
                sample.term.unwrap_or(0),
                sample.applied.unwrap_or_default()
            ));
        }
        text
    }
}

fn partition(member: u8) -> Fault {
    let others = (0..3u8).filter(|other| *other != member);
    Fault::Partition {
        links: others
            .flat_map(|other| [(member, other), (other, member)])
            .collect(),
        shape: "isolate-primary".to_owned(),
    }
}

fn append<T: serde::Serialize>(directory: &RunDirectory, file: RunFile, values: &[T]) {
    let mut writer = directory.append(file).unwrap();
    for value in values {
        writer.append(value).unwrap();
    }
    writer.sync().unwrap();
}

/// Xorshift: enough for pictures.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}
