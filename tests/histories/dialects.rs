//! Jepsen's EDN as tools really write it: each dialect gets the right verdict, or an error that names the line and
//! says what to do.

use std::fs;

use checker::{
    checks::Validity,
    history::foreign::Initial,
    judge::{Format, Request, judge},
};

use Validity::{Invalid, Valid};

#[test]
fn every_dialect_gets_its_verdict() {
    let cases = [
        ("plain", REGISTER.to_owned()),
        ("byte order mark", format!("\u{feff}{REGISTER}")),
        ("line ends of another system", REGISTER.replace('\n', "\r\n")),
        ("one vector", format!("[{REGISTER}]")),
        (
            "metadata",
            REGISTER.replace("{:process", "^{:line 3} ^:x {:process"),
        ),
        (
            "metadata of a value",
            REGISTER.replace(":value 2", ":value ^:seen 2"),
        ),
        (
            "metadata around all",
            format!("^{{:unordered true}} [{REGISTER}]"),
        ),
        ("big integers", REGISTER.replace(":value 2", ":value 2N")),
        ("decimals", REGISTER.replace(":value 2", ":value 2.0M")),
        ("keys that are strings", strings(REGISTER)),
        (
            "types that are strings",
            REGISTER.replace(":type :", ":type \"").replace(", :f", "\", :f"),
        ),
        (
            "types that are symbols",
            REGISTER.replace(":type :", ":type ").replace(":f :", ":f "),
        ),
        (
            "tagged maps",
            REGISTER.replace("{:process", "#jepsen.history.Op{:process"),
        ),
        (
            "a nemesis and comments",
            format!(
                "; made by hand\n{{:process :nemesis, :type :info, :f :start, :value {{\"n1\" #{{\"n2\"}}}}}}\n{REGISTER}"
            ),
        ),
        ("independent keys", pairs(REGISTER, "7")),
        ("independent keys that are words", pairs(REGISTER, ":x")),
        ("independent keys that are pairs", pairs(REGISTER, "[1 \"a\"]")),
        (
            "tuples",
            pairs(REGISTER, "7").replace(":value [", ":value #jepsen.independent.Tuple ["),
        ),
    ];
    for (name, text) in cases {
        expect(name, &text, "linearizable", Valid);
        // The last read finds what the compare-and-set took away.
        let stale = swap_last(&text, "3", "2");
        expect(name, &stale, "linearizable", Invalid);
    }
}

#[test]
fn every_kind_of_operation_gets_its_verdict() {
    let cases: [(&str, String, &str, Validity); 19] = [
        ("counter", ops(&["add 2", "add 3", "read 5"]), "counter", Valid),
        (
            "a counter that lost one",
            ops(&["add 2", "add 3", "read 3"]),
            "counter",
            Invalid,
        ),
        (
            "a counter that counts twice",
            ops(&["add 2", "read 4"]),
            "counter",
            Invalid,
        ),
        (
            "independent counters",
            ops(&["add [:a 2]", "add [:b 3]", "read [:a 2]"]),
            "counter",
            Valid,
        ),
        (
            "independent counters, mixed up",
            ops(&["add [:a 2]", "add [:b 3]", "read [:a 5]"]),
            "counter",
            Invalid,
        ),
        (
            "set",
            ops(&["add 2", "add 3", "read #{3 2}"]),
            "no-lost-write",
            Valid,
        ),
        (
            "a set that lost one",
            ops(&["add 2", "add 3", "read #{3}"]),
            "no-lost-write",
            Invalid,
        ),
        (
            "independent sets of two",
            ops(&["add [1 2]", "add [1 3]", "read [1 #{3 2}]"]),
            "no-lost-write",
            Valid,
        ),
        (
            "compare-and-set alone, from nothing",
            ops(&["cas [0 4]", "cas [4 5]"]),
            "linearizable",
            Valid,
        ),
        (
            "two swaps of one value",
            ops(&["cas [0 4]", "cas [0 5]"]),
            "linearizable",
            Invalid,
        ),
        (
            "independent swaps",
            ops(&["cas [:a [0 4]]", "cas [:b [0 5]]"]),
            "linearizable",
            Valid,
        ),
        (
            "queue",
            ops(&["enqueue 1", "dequeue 1", "dequeue nil"]),
            "queue",
            Valid,
        ),
        (
            "a job taken twice",
            ops(&["enqueue 1", "dequeue 1", "dequeue 1"]),
            "queue",
            Invalid,
        ),
        (
            "registers in transactions of one step",
            ops(&["txn [[:r :x nil]]", "txn [[:w :x 1]]", "txn [[:r :x 1]]"]),
            "linearizable",
            Valid,
        ),
        (
            "registers in transactions, one stale",
            ops(&["txn [[:w :x 1]]", "txn [[:w :x 2]]", "txn [[\"r\" :x 1]]"]),
            "linearizable",
            Invalid,
        ),
        (
            "transactions over registers",
            ops(&[
                "txn [[:w :x 1] [:w :y 1]]",
                "txn [[:r :x 1] [:w :y 2]]",
                "txn [[:r :x 1] [:r :y 2]]",
            ]),
            "strict-serializable",
            Valid,
        ),
        (
            "transactions over registers, one of which saw half of another",
            ops(&["txn [[:w :x 1] [:w :y 1]]", "txn [[:r :x 1] [:r :y nil]]"]),
            "strict-serializable",
            Invalid,
        ),
        (
            "lists of independent keys",
            ops(&[
                "txn [9 [[:append :x 1]]]",
                "txn [8 [[:append :x 1]]]",
                "txn [9 [[:r :x [1]]]]",
            ]),
            "list-append",
            Valid,
        ),
        (
            "a list that lost one",
            ops(&["txn [[:append 1 1] [:append 2 1]]", "txn [[:r 1 [1]] [:r 2 []]]"]),
            "list-append",
            Invalid,
        ),
    ];
    for (name, text, check, expected) in cases {
        expect(name, &text, check, expected);
    }
}

#[test]
fn what_cannot_be_judged_is_told_with_its_line_and_what_to_do() {
    let cases: [(String, &str); 14] = [
        (
            ops(&["txn [[:w 1 1]]", "txn [[:append 1 2]]"]),
            "line 3: not an event: steps over lists (line 3) and over registers (line 1)",
        ),
        (
            ops(&["txn [[:incr 1 1]]"]),
            "line 1: not an event: a step must be [:append",
        ),
        (
            ops(&["txn 5"]),
            "line 1: not an event: a transaction must be a vector",
        ),
        (
            ops(&["txn [[:w 1 1]]", "read 1"]),
            "line 3: not an event: the :f is :read among transactions; judge them apart",
        ),
        (
            ops(&["write 1", "bump 1"]),
            "line 3: not an event: the :f is :bump; what is judged",
        ),
        (
            ops(&["write \"a\""]),
            "line 1: not an event: a value must be an integer of 64 bits, and is \"a\"; number",
        ),
        (
            ops(&["write 99999999999999999999N"]),
            "line 1: not an event: a value must be an integer of 64 bits, and is 99999999999999999999N",
        ),
        (
            ops(&["write 1.5"]),
            "line 1: not an event: a value must be an integer",
        ),
        (
            ops(&["cas 5"]),
            "line 1: not an event: the value of :cas must be [old new]",
        ),
        (
            ops(&["write [1 2]", "write 3"]),
            "line 3: not an event: the value must be [key value], as elsewhere",
        ),
        (
            ops(&["add 1", "read 1", "read #{1}"]),
            "line 6: not an event: a value must be an integer of 64 bits, and is [1]",
        ),
        (
            ops(&["add 1", "write 1"]),
            "line 3: not an event: a history with :add is of sets or counters",
        ),
        (
            REGISTER.replacen(":type :ok, :f :write", ":type :ok, :f :read", 1),
            "line 2: not an event: :write is open, and :read ends",
        ),
        (
            pairs(REGISTER, "7").replacen("[7 1]}\n{:process 1", "[8 1]}\n{:process 1", 1),
            "line 2: not an event: the operation ends with another key",
        ),
    ];
    for (text, expected) in cases {
        let error = judged(&text).unwrap_err();
        assert!(
            error.starts_with(expected),
            "{error}\nexpected {expected}\nin {text}"
        );
    }
}

/// What was nothing at first is said by the caller, or by the kind of history.
#[test]
fn keys_without_numbers_are_told_in_the_notes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.edn");
    fs::write(&path, pairs(REGISTER, ":x")).unwrap();
    let request = Request {
        format: Format::JepsenEdn,
        initial: Initial::Nothing,
        ..Request::default()
    };
    let notes = judge(&path, &request).unwrap().notes;
    let expected = [
        "registers are taken to hold nothing at first",
        "keys that are no small numbers go by numbers here: :x = 1000000000",
    ];
    assert_eq!(notes, expected);
}

/// Writes 1, then 2; swaps 2 for 3; reads 3.
const REGISTER: &str = "{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :write, :value 2}
{:process 1, :type :ok, :f :write, :value 2}
{:process 0, :type :invoke, :f :cas, :value [2 3]}
{:process 0, :type :ok, :f :cas, :value [2 3]}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 3}
";

/// With strings for keys and words, as what went through JSON has them.
fn strings(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.find([',', ' ', '}']).unwrap_or(rest.len());
        out.push_str(&format!("\"{}\"", &rest[..end]));
        rest = &rest[end..];
    }
    out + rest
}

/// With `[key value]` for each value.
fn pairs(text: &str, key: &str) -> String {
    text.replace(":value ", &format!(":value [{key} "))
        .replace("}\n", "]}\n")
}

/// Replaces the last `old` by `new`.
fn swap_last(text: &str, old: &str, new: &str) -> String {
    let at = text.rfind(old).expect("it is there");
    format!("{}{new}{}", &text[..at], &text[at + old.len()..])
}

/// One operation after the other, `f value` each.
fn ops(all: &[&str]) -> String {
    let line = |op: &&str| {
        let (function, value) = op.split_once(' ').expect("a function and a value");
        ["invoke", "ok"]
            .map(|kind| format!("{{:process 0, :type :{kind}, :f :{function}, :value {value}}}\n"))
    };
    all.iter().flat_map(line).collect()
}

fn expect(name: &str, text: &str, check: &str, expected: Validity) {
    let verdicts = judged(text).unwrap_or_else(|error| panic!("{name}: {error}\nin {text}"));
    let (_, validity, summary) = verdicts
        .iter()
        .find(|(judged, ..)| judged == check)
        .unwrap_or_else(|| panic!("{name}: {check} did not judge, but {verdicts:?}"));
    assert_eq!(*validity, expected, "{name}: {summary}\nin {text}");
}

fn judged(text: &str) -> Result<Vec<(String, Validity, String)>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.edn");
    fs::write(&path, text).unwrap();
    let request = Request {
        format: Format::JepsenEdn,
        ..Request::default()
    };
    let judgement = judge(&path, &request).map_err(|error| error.to_string())?;
    let verdicts = judgement.verdicts.into_iter();
    Ok(verdicts
        .map(|verdict| (verdict.check, verdict.validity, verdict.summary))
        .collect())
}
