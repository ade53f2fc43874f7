//! A run as a Chrome trace (the JSON form of the Trace Event Format): opens in Perfetto and `chrome://tracing`.
//!
//! Three groups: clients (a row for each process), nemesis (faults), members (role and term).

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    record::{
        contents::RunContents,
        directory::{RunDirectory, RunFile},
        error::RecordError,
        status::{ProcessState, StatusSample},
    },
    report::{
        ReportError,
        operations::{self, Played},
        text::shown,
    },
};

const CLIENTS: u32 = 1;
const NEMESIS: u32 = 2;
const MEMBERS: u32 = 3;

/// A complete event: something with a begin and a length.
#[derive(Serialize)]
struct Span<'a> {
    name: &'a str,
    cat: &'a str,
    ph: &'static str,
    ts: f64,
    dur: f64,
    pid: u32,
    tid: u32,
    args: Value,
}

/// Writes `trace.json` into the run's directory; returns its path.
pub fn write_trace(directory: &RunDirectory) -> Result<PathBuf, ReportError> {
    let contents = RunContents::read(directory);
    let path = directory.path(RunFile::Trace);
    let failed = |source| RecordError::File {
        path: path.clone(),
        source,
    };
    let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
    write_events(&mut file, &contents)?;
    file.flush().map_err(failed)?;
    Ok(path)
}

fn write_events(file: &mut impl Write, contents: &RunContents) -> Result<(), ReportError> {
    let operations = operations::join(&contents.history);
    let end_ns = operations
        .iter()
        .filter_map(|played| played.end_ns)
        .max()
        .unwrap_or(0);
    file.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")?;
    for (pid, name) in [(CLIENTS, "clients"), (NEMESIS, "nemesis"), (MEMBERS, "members")] {
        let event = json!({"name": "process_name", "ph": "M", "pid": pid, "tid": 0, "args": {"name": name}});
        write_event(file, &event)?;
    }
    for played in &operations {
        write_event(file, &operation(played, end_ns))?;
    }
    for fault in &contents.faults {
        let Some(applied_ns) = fault.applied_ns else {
            continue;
        };
        let healed_ns = fault.healed_ns.unwrap_or(end_ns);
        let args = json!({"effect": fault.effect, "took_effect": fault.took_effect, "kind": fault.kind()});
        write_event(
            file,
            &span(
                &shown(&fault.words),
                "fault",
                applied_ns,
                healed_ns,
                (NEMESIS, fault.index),
                args,
            ),
        )?;
    }
    write_members(file, &contents.status, end_ns)?;
    // The list's last comma needs something after it.
    file.write_all(b"{\"name\":\"end\",\"ph\":\"M\",\"pid\":1,\"tid\":0}\n]}\n")?;
    Ok(())
}

fn operation(played: &Played, end_ns: u64) -> Value {
    let end_ns = played.end_ns.unwrap_or(end_ns);
    let args = json!({"operation": played.number, "result": played.result, "member": played.member});
    json!(span(
        &played.request,
        played.outcome.word(),
        played.start_ns,
        end_ns,
        (CLIENTS, played.process),
        args
    ))
}

/// One span for each stretch of equal samples.
fn write_members(file: &mut impl Write, status: &[StatusSample], end_ns: u64) -> Result<(), ReportError> {
    let members: std::collections::BTreeSet<u8> = status.iter().map(|sample| sample.member).collect();
    for member in members {
        let samples: Vec<&StatusSample> = status.iter().filter(|sample| sample.member == member).collect();
        for part in samples.chunk_by(|one, two| word(one) == word(two) && one.term == two.term) {
            let start_ns = part[0].time_ns;
            let next = samples
                .iter()
                .find(|sample| sample.time_ns > part[part.len() - 1].time_ns);
            let until_ns = next.map_or(end_ns, |sample| sample.time_ns);
            let args = json!({"term": part[0].term});
            write_event(
                file,
                &span(
                    &word(part[0]),
                    "member",
                    start_ns,
                    until_ns,
                    (MEMBERS, u32::from(member)),
                    args,
                ),
            )?;
        }
    }
    Ok(())
}

fn word(sample: &StatusSample) -> String {
    match sample.process {
        ProcessState::Down => "down".to_owned(),
        ProcessState::Paused => "paused".to_owned(),
        ProcessState::Up => shown(sample.state.as_deref().unwrap_or("no answer")),
    }
}

fn span<'a>(
    name: &'a str,
    cat: &'a str,
    start_ns: u64,
    end_ns: u64,
    row: (u32, u32),
    args: Value,
) -> Span<'a> {
    let micros = |nanos: u64| nanos as f64 / 1e3;
    Span {
        name,
        cat,
        ph: "X",
        ts: micros(start_ns),
        dur: micros(end_ns.saturating_sub(start_ns)),
        pid: row.0,
        tid: row.1,
        args,
    }
}

fn write_event(file: &mut impl Write, event: &impl Serialize) -> Result<(), ReportError> {
    serde_json::to_writer(&mut *file, event)?;
    file.write_all(b",\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_an_empty_run_is_a_valid_trace() {
        let mut text = Vec::new();
        write_events(&mut text, &RunContents::default()).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["traceEvents"].as_array().unwrap().len(), 4);
    }

    #[test]
    fn members_have_a_span_for_each_stretch() {
        let sample = |time_ns, state: &str| StatusSample {
            time_ns,
            member: 1,
            process: ProcessState::Up,
            state: Some(state.to_owned()),
            term: Some(1),
            commit: None,
            applied: None,
            clock_offset_ms: 0,
        };
        let status = vec![
            sample(0, "SECONDARY"),
            sample(1_000, "SECONDARY"),
            sample(5_000, "PRIMARY"),
        ];
        let mut text = Vec::new();
        write_members(&mut text, &status, 9_000).unwrap();
        let lines: Vec<Value> = String::from_utf8(text)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line.trim_end_matches(',')).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0]["name"].as_str(), lines[0]["dur"].as_f64()),
            (Some("SECONDARY"), Some(5.0))
        );
        assert_eq!(
            (lines[1]["ts"].as_f64(), lines[1]["dur"].as_f64()),
            (Some(5.0), Some(4.0))
        );
    }
}
