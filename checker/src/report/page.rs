//! The page of one run: the sections in the order in which they are read.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};

use super::{
    columns, error::ReportError, payload, policy, sample, sections, sections::Section, text::shown, timeline,
    view::View,
};
use crate::record::directory::RunDirectory;

const STYLE: &str = concat!(include_str!("assets/base.css"), include_str!("assets/page.css"));
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("assets/base.js"),
    include_str!("assets/decode.js"),
    include_str!("assets/paint.js"),
    include_str!("assets/panels.js"),
    include_str!("assets/details.js"),
    include_str!("assets/page.js"),
);

/// The whole page.
pub(crate) fn page(view: &View, directory: &RunDirectory) -> Result<String, ReportError> {
    let witnesses: BTreeSet<u64> = view.witnesses();
    let kept = sample::keep(&view.operations, &witnesses, sample::OPERATIONS_LIMIT);
    let columns = columns::write(&view.operations, &kept.places, &view.lanes);
    let lanes = view.lanes.values().max().map_or(0, |lane| lane + 1);
    let data = payload::pack(&timeline::timeline(view, lanes, kept.weight), &columns)?;

    let sections: Vec<Section> = [
        sections::counterexample::section(view),
        sections::charts::section(view, &kept),
        sections::checks::section(view),
        sections::faults::section(view),
        sections::availability::section(view),
        sections::replicas::section(view),
        sections::models::section(view),
        sections::coverage::section(view),
        sections::logs::section(view, directory),
        sections::environment::section(view, directory),
    ]
    .into_iter()
    .flatten()
    .collect();

    let name = view
        .run()
        .map_or_else(|| "a run".to_owned(), |run| shown(run.id.as_str()));
    let title = format!("{} · {name}", view.overall().word());
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        (navigation(view, &name, &sections))
        main #main {
            (sections::verdict::hero(view))
            @for section in &sections {
                section id=(section.id) aria-labelledby={ (section.id) "-title" } {
                    h2 id={ (section.id) "-title" } {
                        (section.title)
                        @if let Some(note) = &section.note { " " span.note { (note) } }
                    }
                    (section.body)
                }
            }
        }
        aside #details hidden aria-live="polite" aria-label="Details" {}
        div #tooltip hidden {}
        noscript { p.noscript { "The charts need JavaScript; everything else on this page is readable without it." } }
        // A data block: not a script to browsers. Base64 cannot end it.
        script #data type="text/plain" { (PreEscaped(data)) }
    };
    Ok(policy::page(&title, STYLE, SCRIPT, &body))
}

fn navigation(view: &View, name: &str, sections: &[Section]) -> Markup {
    html! {
        nav.bar aria-label="Sections" {
            a.home href="../index.html" title="All runs" { "◂ runs" }
            a.pill.(view.overall().word()) href="#main" title=(name) { (view.overall().word()) }
            span.links {
                @for section in sections { a href={ "#" (section.id) } { (section.short) } }
            }
            button.plain #theme type="button" title="Light, dark, or as the system" { "◐" }
        }
    }
}
