//! Broken, cut and hostile histories: each is an error that names its line, or is judged; nothing panics.

use std::{fs, io::Write, path::Path};

use checker::{
    bench::{Flaw, Shape, Values, generate},
    checks::{Budget, CHECKS, Validity, judge as judge_history},
    history::{
        Event, EventReader, History, HistoryError, Pairing, Phase,
        foreign::{
            Initial, JepsenHistory, export_jepsen_edn, parse_jepsen_edn, parse_jepsen_etcd_log,
            parse_porcupine_kv,
        },
    },
    judge::{Format, JudgeError, Request, judge},
};
use workloads::operation::Completion;

/// What the mutations are drawn from; `FUZZ_ROUNDS` asks for more of them.
const ROUNDS: u32 = 1_500;

#[test]
fn what_is_wrong_is_told_with_its_line_in_every_format() {
    let edn = |kind: &str, rest: &str| format!("{{:process 0, :type :{kind}, :f :read, :value nil{rest}}}\n");
    let kv = |kind: &str| format!("{{:process 0, :type :{kind}, :f :get, :key \"a\", :value \"\"}}\n");
    let log = |kind: &str| format!("INFO  jepsen.util - 0 :{kind} :write 1\n");
    let (edn_call, kv_call, log_call) = (edn("invoke", ""), kv("invoke"), log("invoke"));
    let cases = [
        (Format::JepsenEdn, edn("ok", ""), "line 1: process 0 completes"),
        (Format::JepsenEdn, edn_call.repeat(2), "line 2: process 0 invokes"),
        (
            Format::JepsenEdn,
            format!("{edn_call}{}", edn("ok", ", :time ##NaN")),
            "line 2: not an event: the :time",
        ),
        (
            Format::JepsenEdn,
            format!("{edn_call}{}", edn("ok", ", :time 1.5")),
            "line 2: not an event: the :time",
        ),
        (
            Format::JepsenEdn,
            format!("{}{}", edn("invoke", ", :index 4"), edn("ok", ", :index 4")),
            "line 2: index 4",
        ),
        (Format::JepsenEdn, format!("{edn_call}{{:process 0"), "line 2"),
        (Format::JepsenEdn, edn("never", ""), "line 1: not an event: :type"),
        (Format::PorcupineKv, kv("ok"), "line 1: process 0 completes"),
        (Format::PorcupineKv, kv("info"), "line 1: process 0 completes"),
        (
            Format::PorcupineKv,
            kv_call.repeat(2),
            "line 2: process 0 invokes",
        ),
        (Format::PorcupineKv, format!("{kv_call}{{"), "line 2"),
        (Format::JepsenEtcdLog, log("ok"), "line 1: process 0 completes"),
        (
            Format::JepsenEtcdLog,
            log_call.repeat(2),
            "line 2: process 0 invokes",
        ),
        (
            Format::JepsenEtcdLog,
            log_call.replace(" 1\n", " one\n"),
            "line 1: not an event",
        ),
        (
            Format::JepsenEdn,
            "[".repeat(200_000),
            "line 1: not an event: nested too deeply",
        ),
        (
            Format::Run,
            "{\"index\":0,\"time_ns\":NaN}\n".to_owned(),
            "line 1: not an event",
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (format, text, expected) in cases {
        let error = error_of(directory.path(), format, text.as_bytes());
        assert!(
            error.starts_with(expected),
            "{format:?}: {error}\nexpected {expected}"
        );
    }
    for format in [Format::JepsenEdn, Format::PorcupineKv, Format::JepsenEtcdLog] {
        let error = error_of(directory.path(), format, b"\n\xff\xfe\n");
        assert!(
            error.starts_with("line 2: not an event: not UTF-8"),
            "{format:?}: {error}"
        );
    }
}

/// A sparse file: a gigabyte of zeroes without a line's end costs nothing to make, and must cost little to refuse.
#[test]
fn a_line_of_a_gigabyte_is_refused_in_every_format() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("huge");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"\n").unwrap();
    file.set_len(1 << 30).unwrap();
    for (name, format) in Format::NAMES {
        let request = Request {
            format,
            ..Request::default()
        };
        let error = judge(&path, &request).unwrap_err();
        let expected = JudgeError::History(HistoryError::Overlong { line: 2 });
        assert_eq!(error.to_string(), expected.to_string(), "{name}");
    }
}

#[test]
fn mutated_histories_are_refused_with_a_line_or_judged() {
    let rounds = std::env::var("FUZZ_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS);
    let mut refused = 0;
    let mut judged = 0;
    for seed in 0..rounds {
        let history = generate(&Shape {
            seed: seed.into(),
            operations: 24,
            // Values of several keys are pairs, which only one of the formats has.
            keys: 1,
            clients: 4,
            info_percent: 10,
            values: [Values::Unique, Values::UniqueCas, Values::Few(4)][seed as usize % 3],
            flaw: Flaw::AnyRead,
        });
        let mut dice = Dice(u64::from(seed) + 1);
        for (format, text) in texts(&history) {
            let mutated = mutate(text, &mut dice);
            match parse(format, &mutated) {
                Ok(Some(history)) => {
                    judged += 1;
                    assert_no_check_crashes(&history, &mutated);
                }
                Ok(None) => judged += 1,
                Err(error) => {
                    refused += 1;
                    let lines = mutated.lines().count() + 1;
                    let line = line_of(&error.to_string());
                    assert!(
                        line.is_some_and(|line| (1..=lines).contains(&line)),
                        "{error}\nin {mutated}"
                    );
                }
            }
        }
    }
    assert!(
        refused > rounds / 4 && judged > rounds / 4,
        "{refused} refused, {judged} judged: too few of one kind"
    );
}

#[test]
fn what_is_exported_is_judged_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let mut refuted = 0;
    for (seed, flaw) in (0..20).flat_map(|seed| [(seed, Flaw::None), (seed, Flaw::StaleRead)]) {
        let history = generate(&Shape {
            seed,
            operations: 300,
            keys: 1 + (seed % 3) as u32,
            clients: 5,
            info_percent: 5,
            values: Values::Unique,
            flaw,
        });
        let path = directory.path().join("history.edn");
        fs::write(&path, export_jepsen_edn(&history)).unwrap();
        let request = Request {
            format: Format::JepsenEdn,
            initial: Initial::Nothing,
            ..Request::default()
        };
        let ours = judge_history(&history, &["linearizable"], &Budget::default())[0].validity;
        let theirs = judge(&path, &request).unwrap().verdicts[0].validity;
        assert_eq!(ours, theirs, "seed {seed}");
        assert!(flaw != Flaw::None || ours == Validity::Valid, "seed {seed}");
        refuted += u32::from(ours == Validity::Invalid);
    }
    assert!(refuted >= 10, "{refuted}: the flaws were hardly ever flaws");
}

fn error_of(directory: &Path, format: Format, text: &[u8]) -> String {
    let path = directory.join("history");
    fs::write(&path, text).unwrap();
    let request = Request {
        format,
        ..Request::default()
    };
    judge(&path, &request).unwrap_err().to_string()
}

/// One history in four formats.
fn texts(history: &History) -> [(Format, String); 4] {
    let edn = export_jepsen_edn(history);
    let log = edn.lines().map(|line| {
        let word = |name: &str| {
            line.split(name)
                .nth(1)
                .unwrap()
                .split([',', '}'])
                .next()
                .unwrap()
                .trim()
                .to_owned()
        };
        let (process, kind, function) = (word(":process"), word(":type"), word(":f"));
        let value = line
            .split(":value ")
            .nth(1)
            .unwrap()
            .trim_end_matches('}')
            .to_owned();
        format!("INFO  jepsen.util - {process} {kind} {function} {value}\n")
    });
    let kv = edn.lines().map(|line| {
        line.replace(":f :read", ":f :get")
            .replace(":f :write", ":f :append")
            .replace(":f :cas", ":f :put")
            .replace(":type :fail", ":type :info")
            .replace(":value ", ":key \"k\", :value \"")
            .replace('}', "\"}\n")
    });
    let ours = events(history)
        .into_iter()
        .map(|event| serde_json::to_string(&event).unwrap() + "\n");
    [
        (Format::JepsenEtcdLog, log.collect()),
        (Format::PorcupineKv, kv.collect()),
        (Format::Run, ours.collect()),
        (Format::JepsenEdn, edn),
    ]
}

/// Invocations and completions by place; what is of unknown end ends at last.
fn events(history: &History) -> Vec<Event> {
    let mut events: Vec<(u32, Event)> = Vec::new();
    for op in &history.ops {
        let event = |phase| Event {
            index: 0,
            time_ns: 0,
            process: op.process,
            operation: op.number,
            phase,
        };
        let request = op.request.clone();
        events.push((
            op.call,
            event(Phase::Invoke {
                request,
                last: op.last,
            }),
        ));
        let end = match op.completion.clone() {
            Completion::Ok(observed) => Phase::Ok {
                observed,
                member: None,
            },
            Completion::Fail(error) => Phase::Fail { error },
            Completion::Info(error) => Phase::Info { error },
        };
        events.push((op.returned, event(end)));
    }
    events.sort_by_key(|(place, _)| *place);
    let numbered = (0..).zip(events).map(|(index, (_, event))| Event {
        index,
        time_ns: index,
        ..event
    });
    numbered.collect()
}

/// One to three cuts, swaps, repetitions and changed bytes.
fn mutate(text: String, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..1 + dice.below(3) {
        if lines.is_empty() {
            break;
        }
        let (at, other) = (dice.below(lines.len()), dice.below(lines.len()));
        match dice.below(6) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => {
                let cut = dice.below(lines[at].len() + 1);
                lines[at].truncate(cut);
            }
            4 => {
                let digits = [
                    "-1",
                    "99999999999999999999",
                    "NaN",
                    "nil",
                    "4294967296",
                    "\"",
                    "[",
                    "}",
                ];
                let digit = (b'0' + dice.below(10) as u8) as char;
                lines[at] = lines[at].replacen(digit, digits[dice.below(digits.len())], 1);
            }
            _ => {
                let mut bytes = lines[at].clone().into_bytes();
                if !bytes.is_empty() {
                    let place = dice.below(bytes.len());
                    bytes[place] = 1 + dice.below(126) as u8;
                }
                lines[at] = String::from_utf8(bytes).unwrap();
            }
        }
    }
    lines.join("\n")
}

fn parse(format: Format, text: &str) -> Result<Option<History>, HistoryError> {
    match format {
        Format::JepsenEdn => Ok(match parse_jepsen_edn(text, Initial::default())? {
            JepsenHistory::Single(history) => Some(history),
            JepsenHistory::Transactions { .. } | JepsenHistory::Registers { .. } => None,
        }),
        Format::JepsenEtcdLog => parse_jepsen_etcd_log(text).map(Some),
        Format::PorcupineKv => parse_porcupine_kv(text).map(|_| None),
        Format::Run => {
            let mut pairing = Pairing::default();
            let mut reader = EventReader::new(text.as_bytes());
            while let Some((line, event)) = reader.next_event(Path::new("mutated"))? {
                pairing.push(line, event)?;
            }
            Ok(Some(pairing.finish()))
        }
    }
}

fn assert_no_check_crashes(history: &History, text: &str) {
    let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    for verdict in judge_history(history, &names, &Budget::default()) {
        assert!(
            !verdict.summary.contains("crashed"),
            "{}: {}\nin {text}",
            verdict.check,
            verdict.summary
        );
    }
}

fn line_of(error: &str) -> Option<usize> {
    error.strip_prefix("line ")?.split(':').next()?.parse().ok()
}

/// SplitMix64: a few lines are enough for mutations.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}
