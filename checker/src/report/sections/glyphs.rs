//! Shapes beside colours, so that the page can be read without colours.

use maud::{Markup, html};

use crate::{checks::Validity, record::verdict::Overall, report::operations::Outcome};

/// The sign of a whole run: tick in a disc, cross in an octagon, question mark in a diamond, exclamation mark in
/// a triangle.
pub(super) fn overall(overall: Overall) -> Markup {
    let (shape, mark) = match overall {
        Overall::Pass => (
            "M24 4a20 20 0 1 1 0 40a20 20 0 1 1 0-40z",
            "M15 24.5l6.5 6.5 12-13",
        ),
        Overall::Violation => (
            "M16 4h16l12 12v16l-12 12h-16l-12-12v-16z",
            "M17 17l14 14M31 17l-14 14",
        ),
        Overall::Unknown => (
            "M24 3l21 21-21 21-21-21z",
            "M18.5 19.5c0-7.500 11-7.500 11 0 0 4.500-5.500 4-5.500 8.500M24 33.500v.5",
        ),
        Overall::Invalid => ("M24 4l22 39h-44z", "M24 18v12M24 36v.5"),
    };
    html! {
        svg.sign viewBox="0 0 48 48" aria-hidden="true" {
            path.shape d=(shape) {}
            path.mark d=(mark) {}
        }
    }
}

/// The sign and word of one check.
pub(super) fn validity(validity: Validity) -> Markup {
    let word = match validity {
        Validity::Valid => "valid",
        Validity::Unknown => "unknown",
        Validity::Invalid => "invalid",
    };
    signed(validity, word)
}

/// Any words with the sign of a check's verdict.
pub(super) fn signed(validity: Validity, words: &str) -> Markup {
    let (class, mark) = match validity {
        Validity::Valid => ("good", "✓"),
        Validity::Unknown => ("unsure", "?"),
        Validity::Invalid => ("bad", "✕"),
    };
    html! { span.tag.(class) { span.tick { (mark) } (words) } }
}

/// A yes or no.
pub(super) fn yes(yes: bool, good: &str, bad: &str) -> Markup {
    html! {
        @if yes { span.tag.good { span.tick { "✓" } (good) } }
        @else { span.tag.bad { span.tick { "✕" } (bad) } }
    }
}

/// The sign and word of an operation's end: square, triangle, cross.
pub(super) fn outcome(outcome: Outcome) -> Markup {
    html! {
        span.outcome.(outcome.word()) {
            svg viewBox="0 0 10 10" aria-hidden="true" {
                @match outcome {
                    Outcome::Ok => rect x="1" y="1" width="8" height="8" rx="1.5" {},
                    Outcome::Info => path d="M5 .5l4.5 8.500h-9z" {},
                    Outcome::Fail => path.stroke d="M1.500 1.500l7 7M8.500 1.500l-7 7" {},
                }
            }
            (outcome.word())
        }
    }
}
