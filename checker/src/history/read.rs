//! Reads `history.jsonl` back, and says which line is wrong.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use super::{Event, Header, History, HistoryError, LINE_BYTES_MAX, Pairing, SCHEMA};

/// Reads a history file strictly: the first line that makes no sense ends it. One exception: a last line
/// without its end was cut by a crash; it is left out, and the history's notes say so.
///
/// # Errors
/// The first thing wrong, with its line.
pub fn read(path: &Path) -> Result<History, HistoryError> {
    let mut pairing = Pairing::default();
    let mut reader = EventReader::new(open(path)?);
    while let Some((line, event)) = reader.next_event(path)? {
        pairing.push(line, event)?;
    }
    if let Some(note) = reader.note {
        pairing.note(note);
    }
    Ok(pairing.finish())
}

/// Reads the events of a history file strictly, unpaired.
///
/// # Errors
/// The first thing wrong, with its line.
pub fn read_events(path: &Path) -> Result<Vec<Event>, HistoryError> {
    let mut events = Vec::new();
    let mut reader = EventReader::new(open(path)?);
    while let Some((_, event)) = reader.next_event(path)? {
        events.push(event);
    }
    Ok(events)
}

/// Reads the events up to the first line that makes no sense; that becomes a note. For reports, never for
/// verdicts.
pub fn read_patiently(path: &Path, notes: &mut Vec<String>) -> Vec<Event> {
    let mut events = Vec::new();
    let mut reader = match open(path) {
        Ok(file) => EventReader::new(file),
        Err(error) => {
            notes.push(format!("the history cannot be read: {error}"));
            return events;
        }
    };
    loop {
        match reader.next_event(path) {
            Ok(Some((_, event))) => events.push(event),
            Ok(None) => break,
            Err(error) => {
                notes.push(format!("the history ends early: {error}"));
                break;
            }
        }
    }
    notes.extend(reader.note);
    events
}

/// Events from any stream of lines, with bounded memory.
#[derive(Debug)]
pub struct EventReader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    note: Option<String>,
}

impl<R: BufRead> EventReader<R> {
    /// Reads from `input`.
    pub const fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
            note: None,
        }
    }

    /// The next event with its line number; `path` is only for messages.
    ///
    /// # Errors
    /// The first thing wrong, with its line.
    pub fn next_event(&mut self, path: &Path) -> Result<Option<(u64, Event)>, HistoryError> {
        loop {
            self.line.clear();
            let limit = LINE_BYTES_MAX as u64 + 1;
            let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line);
            let read = read.map_err(|source| HistoryError::File {
                path: path.to_owned(),
                source,
            })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let line = self.number;
            let whole = self.line.last() == Some(&b'\n');
            if !whole && read > LINE_BYTES_MAX {
                return Err(HistoryError::Overlong { line });
            }
            let mark: &[u8] = if line == 1 { b"\xef\xbb\xbf" } else { b"" };
            let text = self.line.strip_prefix(mark).unwrap_or(&self.line).trim_ascii();
            if text.is_empty() {
                continue;
            }
            if line == 1
                && let Ok(Header { history_schema }) = serde_json::from_slice(text)
            {
                if history_schema > SCHEMA {
                    return Err(HistoryError::NewerSchema {
                        line,
                        found: history_schema,
                    });
                }
                continue;
            }
            return match serde_json::from_slice(text) {
                Ok(event) => Ok(Some((line, event))),
                Err(_) if !whole => {
                    self.note = Some(format!("line {line} was cut by a crash and is left out"));
                    Ok(None)
                }
                Err(error) => Err(HistoryError::Malformed {
                    line,
                    reason: error.to_string(),
                }),
            };
        }
    }
}

fn open(path: &Path) -> Result<BufReader<File>, HistoryError> {
    let file = File::open(path).map_err(|source| HistoryError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use workloads::operation::{Action, Completion, Concerns, Observed, Operation};

    use super::*;
    use crate::history::Recorder;

    #[test]
    fn what_was_recorded_comes_back_paired() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.jsonl");
        let recorder = Recorder::create(&path, Instant::now()).unwrap();
        let first = recorder
            .invoke(0, request(Action::Write { key: 1, value: 5 }), false)
            .unwrap();
        let second = recorder
            .invoke(1, request(Action::Read { key: 1 }), true)
            .unwrap();
        recorder
            .complete(0, first, Completion::Ok(Observed::Done), Some(2))
            .unwrap();
        recorder
            .complete(1, second, Completion::Info("time-out".to_owned()), None)
            .unwrap();
        assert!(
            recorder
                .complete(1, second, Completion::Ok(Observed::Done), None)
                .is_err()
        );
        recorder.sync().unwrap();
        let history = read(&path).unwrap();
        assert_eq!(history.counts(), (1, 0, 1));
        let [write, look] = &history.ops[..] else {
            panic!("{history:?}")
        };
        assert_eq!((write.call, write.returned, write.member), (0, 2, Some(2)));
        assert_eq!(
            (look.call, look.returned, look.last),
            (1, crate::history::Op::NEVER, true)
        );
    }

    #[test]
    fn each_wrong_line_is_named() {
        let invoke = r#"{"index":0,"time_ns":1,"process":0,"operation":0,"type":"invoke","f":"read","key":1,"write":"majority","read":"local","preference":"primary"}"#;
        let ok =
            r#"{"index":1,"time_ns":2,"process":0,"operation":0,"type":"ok","observed":{"register":null}}"#;
        let cases = [
            (format!("{invoke}\nnonsense\n"), "line 2: not an event"),
            (
                format!("{invoke}\n{}\n", ok.replace("\"time_ns\":2", "\"time_ns\":NaN")),
                "line 2: not an event",
            ),
            (format!("{ok}\n"), "line 1: process 0 completes operation 0"),
            (
                format!("{invoke}\n{}\n", invoke.replace("\"index\":0", "\"index\":1")),
                "line 2: process 0 invokes operation 0 while",
            ),
            (
                format!("{invoke}\n{}\n", ok.replace("\"index\":1", "\"index\":0")),
                "line 2: index 0",
            ),
            (
                format!("{invoke}\n{}\n", ok.replace("\"time_ns\":2", "\"time_ns\":0")),
                "line 2: time 0",
            ),
            (
                format!("{invoke}\n{}\n", ok.replace("register\":null", "count\":3")),
                "line 2: Count(3)",
            ),
            ("{\"history_schema\":9}\n".to_owned(), "line 1: schema 9"),
            (
                format!(
                    "{invoke}\n{ok}\n{}\n",
                    invoke
                        .replace("\"index\":0", "\"index\":7")
                        .replace(":1,\"pro", ":7,\"pro")
                ),
                "line 3: operation number 0 is used twice",
            ),
        ];
        for (text, expected) in cases {
            let error = pair(text.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with(expected),
                "{error}\nexpected {expected}\nin {text}"
            );
        }
        for begin in ["", "\u{feff}", "\u{feff}{\"history_schema\":1}\r\n"] {
            let text = format!("{begin}{invoke}\n{ok}\n");
            assert_eq!(pair(text.as_bytes()).unwrap().ops.len(), 1, "{text}");
        }
    }

    #[test]
    fn an_endless_line_is_refused_within_its_limit() {
        let input = BufReader::new(std::io::repeat(b'x'));
        let error = EventReader::new(input)
            .next_event(Path::new("endless"))
            .unwrap_err();
        assert!(matches!(error, HistoryError::Overlong { line: 1 }), "{error}");
    }

    #[test]
    fn a_torn_last_line_is_a_note() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.jsonl");
        std::fs::write(&path, "{\"history_schema\":1}\n{\"index\":0,\"ti").unwrap();
        let history = read(&path).unwrap();
        assert!(history.ops.is_empty());
        assert_eq!(history.notes, ["line 2 was cut by a crash and is left out"]);
    }

    fn pair(text: &[u8]) -> Result<History, HistoryError> {
        let mut pairing = Pairing::default();
        let mut reader = EventReader::new(text);
        while let Some((line, event)) = reader.next_event(Path::new("test"))? {
            pairing.push(line, event)?;
        }
        Ok(pairing.finish())
    }

    fn request(action: Action) -> Operation {
        Operation {
            action,
            concerns: Concerns::MAJORITY,
            causal: false,
        }
    }
}
