//! The log lines of Jepsen's first etcd test: `INFO  jepsen.util - 3  :ok  :read  4`. One register that holds
//! nothing at first; a refused compare-and-set saw that the value is another one.

use std::collections::HashMap;

use workloads::operation::{Action, Concerns, Observed, Operation, Value};

use crate::history::{Event, History, HistoryError, Pairing, Phase};

/// Reads such a log. Lines of other loggers and of the nemesis are passed over.
///
/// # Errors
/// The first thing wrong, with its line.
pub fn parse_jepsen_etcd_log(text: &str) -> Result<History, HistoryError> {
    let mut pairing = Pairing::default();
    let mut open: HashMap<u32, (u64, Action, &str)> = HashMap::new();
    let mut index = 0;
    for (line, words) in (1..).zip(
        text.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>()),
    ) {
        let malformed = |reason: &str| HistoryError::Malformed {
            line,
            reason: reason.to_owned(),
        };
        let ["INFO", "jepsen.util", "-", process, event @ ..] = &words[..] else {
            continue;
        };
        if process.starts_with(|first: char| !first.is_ascii_digit()) {
            continue;
        }
        let [kind, function, values @ ..] = event else {
            return Err(malformed("the line is cut: `process :type :f value` must follow"));
        };
        let process = process
            .parse::<u32>()
            .map_err(|_| malformed("a process must be a number of 32 bits"))?;
        let (operation, phase) = if *kind == ":invoke" {
            let action = action(function, values).ok_or_else(|| {
                malformed("an unknown invocation; there are `:read nil`, `:write 3`, `:cas [3 4]`")
            })?;
            open.insert(process, (index, action.clone(), *function));
            let request = Operation {
                action,
                concerns: Concerns::LINEARIZABLE,
                causal: false,
            };
            (index, Phase::Invoke { request, last: false })
        } else {
            let Some((operation, action, invoked)) = open.remove(&process) else {
                let operation = index;
                return Err(HistoryError::CompletionWithoutInvocation {
                    line,
                    process,
                    operation,
                });
            };
            if invoked != *function {
                return Err(malformed(&format!("{invoked} is open, and {function} ends")));
            }
            let end = end(kind, values, &action);
            (operation, end.ok_or_else(|| malformed("an unknown completion"))?)
        };
        pairing.push(
            line,
            Event {
                index,
                time_ns: index,
                process,
                operation,
                phase,
            },
        )?;
        index += 1;
    }
    Ok(pairing.finish())
}

fn action(function: &str, values: &[&str]) -> Option<Action> {
    let key = 0;
    match (function, values) {
        (":read", _) => Some(Action::Read { key }),
        (":write", [value]) => Some(Action::Write {
            key,
            value: value.parse().ok()?,
        }),
        (":cas", [expect, value]) => {
            let expect = number(expect.strip_prefix('[')?)?;
            Some(Action::Cas {
                key,
                expect,
                value: value.strip_suffix(']')?.parse().ok()?,
            })
        }
        _ => None,
    }
}

fn end(kind: &str, values: &[&str], action: &Action) -> Option<Phase> {
    let timed_out = values == [":timed-out"];
    match (kind, action) {
        (":ok", Action::Read { .. }) => {
            let [value] = values else { return None };
            Some(Phase::Ok {
                observed: Observed::Register(number(value)?),
                member: None,
            })
        }
        (":ok", Action::Write { .. }) => Some(Phase::Ok {
            observed: Observed::Done,
            member: None,
        }),
        (":ok", Action::Cas { expect, .. }) => Some(Phase::Ok {
            observed: Observed::Swapped {
                was: *expect,
                swapped: true,
            },
            member: None,
        }),
        // A read that timed out changed nothing, however its end is called.
        (":fail" | ":info", Action::Read { .. }) => Some(Phase::Fail {
            error: values.join(" "),
        }),
        (":fail", Action::Cas { .. }) if !timed_out => Some(Phase::Ok {
            observed: Observed::Refused,
            member: None,
        }),
        (":fail", _) if !timed_out => Some(Phase::Fail {
            error: values.join(" "),
        }),
        (":fail" | ":info", _) => Some(Phase::Info {
            error: values.join(" "),
        }),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "outer: it is readable; inner: nil")]
fn number(word: &str) -> Option<Option<Value>> {
    if word == "nil" {
        Some(None)
    } else {
        word.parse().ok().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read() {
        let text = "INFO  jepsen.util - 0\t:invoke\t:write\t3\n\
                    INFO  jepsen.util - 1\t:invoke\t:cas\t[0 4]\n\
                    WARN  something else\n\
                    INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n\
                    INFO  jepsen.util - 0\t:info\t:write\t:timed-out\n\
                    INFO  jepsen.util - 1\t:fail\t:cas\t[0 4]\n\
                    INFO  jepsen.util - 2\t:invoke\t:read\tnil\n\
                    INFO  jepsen.util - 2\t:ok\t:read\tnil\n";
        let history = parse_jepsen_etcd_log(text).unwrap();
        assert_eq!(history.counts(), (2, 0, 1));
        assert_eq!(history.ops[1].observed(), Some(&Observed::Refused));
        assert_eq!(history.ops[2].observed(), Some(&Observed::Register(None)));
        let error = parse_jepsen_etcd_log("\nINFO jepsen.util - 0 :ok :read 3\n").unwrap_err();
        assert!(
            error.to_string().starts_with("line 2: process 0 completes"),
            "{error}"
        );
        let call = "INFO jepsen.util - 0 :invoke :read nil\n";
        for (line, expected) in [
            ("0", "the line is cut"),
            ("0 :ok", "the line is cut"),
            ("99999999999 :ok :read 3", "a process must be"),
            ("0 :ok :write 3", ":read is open, and :write ends"),
            ("0 :ok :read three", "an unknown completion"),
            ("0 :ok :read", "an unknown completion"),
        ] {
            let error = parse_jepsen_etcd_log(&format!("{call}INFO jepsen.util - {line}\n")).unwrap_err();
            let expected = format!("line 2: not an event: {expected}");
            assert!(error.to_string().starts_with(&expected), "{line}: {error}");
        }
    }
}
