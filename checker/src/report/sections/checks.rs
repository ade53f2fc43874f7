//! Every check and what it says.

use maud::html;

use super::{Section, glyphs, references};
use crate::report::{
    text::{duration, grouped, shown},
    view::View,
};

/// Left out when nobody judged.
pub(crate) fn section(view: &View) -> Option<Section> {
    let verdict = view.contents.verdict.as_ref()?;
    Some(Section {
        id: "checks",
        short: "Checks",
        title: "Checks".to_owned(),
        note: None,
        body: html! {
            div.card.scroll {
                table {
                    thead { tr { th { "check" } th { "verdict" } th { "in words" } th.number { "operations" } th.number { "took" } } }
                    tbody {
                        @for check in &verdict.checks {
                            tr {
                                td { b { (shown(&check.check)) } }
                                td { (glyphs::validity(check.validity)) }
                                td.words {
                                    (references::linked(view, &check.summary))
                                    @for note in &check.notes { div.faint { (references::linked(view, note)) } }
                                }
                                td.number { (grouped(check.operations)) }
                                td.number { @if check.spent_ms == 0 { "under 1 ms" } @else { (duration(check.spent_ms.saturating_mul(1_000_000))) } }
                            }
                        }
                    }
                }
                @if !verdict.signatures.is_empty() {
                    p.signatures {
                        "Signatures, equal in every run that finds the same: "
                        @for signature in &verdict.signatures { code { (shown(signature)) } " " }
                    }
                }
            }
        },
    })
}
