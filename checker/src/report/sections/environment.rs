//! What it ran on, and the files that it left.

use maud::{Markup, html};

use super::Section;
use crate::{
    record::{
        directory::{RunDirectory, RunFile},
        run::RunRecord,
    },
    report::{
        text::{duration, grouped, shown, words},
        view::View,
    },
};

/// Files that a reader may want, with what they hold.
const FILES: [(RunFile, &str); 12] = [
    (RunFile::Run, "this run, described"),
    (RunFile::History, "every request and answer"),
    (RunFile::Faults, "every fault"),
    (RunFile::Status, "what members said of themselves"),
    (RunFile::Verdict, "the verdict"),
    (RunFile::Replicas, "the members' data compared"),
    (RunFile::Marks, "the operations' marks in the oplog"),
    (RunFile::Model, "the model check"),
    (RunFile::Coverage, "rules that fired"),
    (
        RunFile::Situations,
        "situations that came up, by turn of the nemeses",
    ),
    (RunFile::Trace, "for trace viewers"),
    (RunFile::Reproduction, "runs it again"),
];

/// Always there.
pub(crate) fn section(view: &View, directory: &RunDirectory) -> Option<Section> {
    Some(Section {
        id: "environment",
        short: "Environment",
        title: "Environment and files".to_owned(),
        note: None,
        body: html! {
            div.pair {
                div.card {
                    @if let Some(run) = view.run() { (facts(run)) } @else { p.faint { "run.json could not be read." } }
                }
                div.card { (phases(view)) (files(view, directory)) }
            }
        },
    })
}

fn facts(run: &RunRecord) -> Markup {
    let machine = &run.environment;
    html! {
        dl.facts {
            dt { "machine" }
            dd {
                (shown(&machine.os))
                @if machine.cores > 0 { ", " (machine.cores) " cores" }
                @if machine.memory_mib > 0 { ", " (grouped(machine.memory_mib)) " MiB" }
            }
            @for (power, back_end) in &machine.back_ends { dt { (words(power)) } dd { (shown(back_end)) } }
            dt { "checker" } dd { (shown(&run.versions.checker)) @if !run.versions.git.is_empty() { " at " code { (shown(&run.versions.git)) } } }
            dt { "node" } dd.words { (shown(&run.versions.node)) @if !run.versions.node_hash.is_empty() { " " code { (shown(&run.versions.node_hash)) } } }
            dt { "members" }
            dd { @for member in &run.members { span.chip { (shown(&member.name)) @if !member.address.is_empty() { " " (shown(&member.address)) } } " " } }
            @if !run.nemeses.is_empty() {
                dt { "nemeses" }
                dd { @for nemesis in &run.nemeses { div { b { (shown(&nemesis.name)) } " " span.faint { (shown(&nemesis.about)) } } } }
            }
            @if !run.timing.profile.is_empty() {
                dt { "timing" }
                dd {
                    (shown(&run.timing.profile)) " "
                    @for (timer, time_ms) in &run.timing.timers_ms { span.chip { (words(timer)) " " (grouped(*time_ms)) " ms" } " " }
                }
            }
            @for (name, value) in &run.options { dt { (words(name)) } dd { (shown(value)) } }
        }
    }
}

fn phases(view: &View) -> Markup {
    let phases = view.run().map_or(&[][..], |run| &run.phases);
    html! {
        @if !phases.is_empty() {
            div.scroll {
                table.phases {
                    thead { tr { th { "phase" } th.number { "lasted" } th.number { "ok" } th.number { "info" } th.number { "fail" } } }
                    tbody {
                        @for phase in phases {
                            tr {
                                td { (shown(&phase.name)) }
                                td.number { (duration(phase.end_ns.saturating_sub(phase.start_ns))) }
                                td.number { (grouped(phase.counts.ok)) }
                                td.number { (grouped(phase.counts.info)) }
                                td.number { (grouped(phase.counts.fail)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn files(view: &View, directory: &RunDirectory) -> Markup {
    let present: Vec<_> = FILES
        .into_iter()
        .filter(|(file, _)| directory.has(*file))
        .collect();
    let logs: Vec<u8> = view
        .run()
        .into_iter()
        .flat_map(|run| &run.members)
        .map(|member| member.index)
        .filter(|member| directory.node_log(*member).is_file())
        .collect();
    html! {
        ul.files {
            @for (file, about) in present { li { a href=(file.name()) { (file.name()) } " " span.faint { (about) } } }
            @for member in logs { li { a href={ "nodes/n" (member) "/log" } { "nodes/n" (member) "/log" } " " span.faint { "what " (view.member(member)) " said" } } }
        }
    }
}
