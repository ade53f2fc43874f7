//! JUnit XML, as CI systems read it: a violation is a failure; unknown, invalid and missing are errors and never
//! a pass.

use std::fmt::Write;

use super::case::Case;
use crate::{record::verdict::Overall, report::text::visible};

/// The whole file: one suite, one test case for each case.
pub fn junit(suite: &str, cases: &[Case]) -> String {
    let failures = cases
        .iter()
        .filter(|case| case.overall == Some(Overall::Violation))
        .count();
    let passes = cases
        .iter()
        .filter(|case| case.overall == Some(Overall::Pass))
        .count();
    let errors = cases.len() - failures - passes;
    let seconds: u64 = cases.iter().map(|case| case.duration_ms).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a string cannot fail.
    let _ = writeln!(
        xml,
        "<testsuites tests=\"{n}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\">\n  <testsuite name=\"{suite}\" tests=\"{n}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\">",
        n = cases.len(),
        time = time(seconds),
        suite = escaped(suite),
    );
    for case in cases {
        write_case(&mut xml, case);
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn write_case(xml: &mut String, case: &Case) {
    let _ = writeln!(
        xml,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\">\n      <properties><property name=\"seed\" value=\"{}\"/></properties>",
        escaped(&case.class),
        escaped(&case.name),
        time(case.duration_ms),
        case.seed
    );
    let element = match case.overall {
        Some(Overall::Pass) => None,
        Some(Overall::Violation) => Some("failure"),
        _ => Some("error"),
    };
    if let Some(element) = element {
        let kind = case.signatures.first().map_or(case.word(), String::as_str);
        let _ = writeln!(
            xml,
            "      <{element} type=\"{}\" message=\"{}\">{}\n\nRun it again:\n{}\n{}</{element}>",
            escaped(kind),
            escaped(&case.cause),
            escaped(&case.cause),
            escaped(&case.repeat),
            escaped(&case.signatures.join("\n")),
        );
    }
    xml.push_str("    </testcase>\n");
}

fn time(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// Escapes for text and attributes. Characters that XML forbids are made visible first.
fn escaped(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| visible(line, usize::MAX)).collect();
    lines
        .join("\n")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::export::case::examples;

    #[test]
    fn only_a_pass_is_without_complaint() {
        let xml = junit("nightly <&>", &examples());
        assert!(xml.contains("<testsuite name=\"nightly &lt;&amp;&gt;\" tests=\"5\" failures=\"1\" errors=\"3\" time=\"76.250\">"), "{xml}");
        assert_eq!(xml.matches("<failure ").count(), 1);
        assert_eq!(xml.matches("<error ").count(), 3);
        assert!(xml.contains("message=\"k3 &lt; k4 &amp; &quot;lost&quot; ]]&gt;|pipe\""));
        assert!(xml.contains("type=\"linearizable/stale-read@kill\""));
        assert!(xml.contains("cargo run -p checker -- run --seed 2"));
    }

    #[test]
    fn forbidden_characters_are_made_visible() {
        assert_eq!(escaped("a\u{0}b\nc\u{1b}\u{ffff}"), "a␀b\nc␛\u{fffd}");
    }
}
