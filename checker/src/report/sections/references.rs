//! `#12` in a sentence becomes a link to operation 12.

use maud::{Markup, html};

use crate::report::{text::visible, view::View};

/// Longest sentence that is shown whole.
const SENTENCE_LIMIT: usize = 1_500;

/// A sentence from a check, with its operations as links.
pub(super) fn linked(view: &View, text: &str) -> Markup {
    let text = visible(text, SENTENCE_LIMIT);
    let mut parts = text.split('#');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest: Vec<(Option<u64>, String)> = parts
        .map(|part| {
            let digits = part.len()
                - part
                    .trim_start_matches(|character: char| character.is_ascii_digit())
                    .len();
            let number = part[..digits]
                .parse()
                .ok()
                .filter(|number| view.operation(*number).is_some());
            let tail = if number.is_some() { &part[digits..] } else { part };
            (number, tail.to_owned())
        })
        .collect();
    html! {
        (first)
        @for (number, tail) in rest {
            @if let Some(number) = number { (operation(number)) } @else { "#" }
            (tail)
        }
    }
}

/// A link to an operation.
pub(super) fn operation(number: u64) -> Markup {
    html! { a.op href={ "#op-" (number) } { "#" (number) } }
}
