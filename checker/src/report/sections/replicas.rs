//! What each member held at the end, where they differ, and what was rolled back.

use maud::{Markup, html};
use workloads::operation::WriteConcern;

use super::{Section, glyphs, references};
use crate::{
    record::replicas::{Difference, ReplicaDiff},
    report::{
        text::{grouped, shown, visible},
        view::View,
    },
};

/// Left out when the members were not compared.
pub(crate) fn section(view: &View) -> Option<Section> {
    let replicas = view.contents.replicas.as_ref()?;
    Some(Section {
        id: "replicas",
        short: "Replicas",
        title: "The members' data at the end".to_owned(),
        note: None,
        body: html! {
            div.card {
                p.apart { (glyphs::yes(replicas.is_equal(), "all members hold the same", "the members differ")) }
                (digests(view, replicas))
                (differences(view, "Documents that differ", "document", &replicas.documents))
                (differences(view, "Oplog entries that differ, from the divergence on", "entry", &replicas.oplog))
                (rolled_back(view, replicas))
                @if replicas.left_out > 0 { p.faint { (grouped(replicas.left_out)) " more are left out here and in replicas.json." } }
            }
        },
    })
}

fn digests(view: &View, replicas: &ReplicaDiff) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { "member" } th.number { "documents" } th.number { "oplog entries" } th { "newest entry" } th { "hash of all documents" } } }
                tbody {
                    @for digest in &replicas.members {
                        tr {
                            td { b { (view.member(digest.member)) } }
                            td.number { (grouped(digest.documents)) }
                            td.number { (grouped(digest.oplog_entries)) }
                            td { @if let Some(last) = digest.last { code { (last) } } }
                            td.words { code { (shown(&digest.hash)) } }
                        }
                    }
                }
            }
        }
    }
}

fn differences(view: &View, title: &str, place: &str, differences: &[Difference]) -> Markup {
    let mut members: Vec<u8> = differences
        .iter()
        .flat_map(|difference| &difference.per_member)
        .map(|(member, _)| *member)
        .collect();
    members.sort_unstable();
    members.dedup();
    html! {
        @if !differences.is_empty() {
            h3 { (title) }
            div.scroll {
                table.differences {
                    thead { tr { th { (place) } @for member in &members { th { (view.member(*member)) } } } }
                    tbody {
                        @for difference in differences {
                            tr {
                                td { code { (shown(&difference.place)) } }
                                @for member in &members {
                                    @let held = difference.per_member.iter().find(|(whose, _)| whose == member);
                                    @match held.and_then(|(_, text)| text.as_ref()) {
                                        Some(text) => td data-group=(group(difference, text)) { code { (visible(text, 600)) } },
                                        None => td.absent { "∅ nothing" },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Members that hold the same share a colour: 0 for the text that was met first, 1 for the next.
fn group(difference: &Difference, text: &str) -> usize {
    let mut different: Vec<&str> = Vec::new();
    for (_, held) in &difference.per_member {
        if let Some(held) = held
            && !different.contains(&held.as_str())
        {
            different.push(held);
        }
    }
    different.iter().position(|held| *held == text).unwrap_or(0)
}

fn rolled_back(view: &View, replicas: &ReplicaDiff) -> Markup {
    html! {
        @if !replicas.rolled_back.is_empty() {
            h3 { "Rolled back, " (grouped(replicas.rolled_back.len() as u64)) " in all" }
            div.scroll {
                table {
                    thead { tr { th { "member" } th { "entry" } th { "written by" } th { "acknowledged as" } th { "content" } } }
                    tbody {
                        @for entry in &replicas.rolled_back {
                            tr {
                                td { (view.member(entry.member)) }
                                td { code { (entry.optime) } }
                                td { @if let Some(number) = entry.operation { (references::operation(number)) } }
                                td {
                                    @match entry.acknowledged {
                                        Some(WriteConcern::Majority) => span.tag.bad { span.tick { "✕" } "w:majority — lost" },
                                        Some(concern) => span.tag.unsure { span.tick { "○" } (written(concern)) " — allowed" },
                                        None => span.faint { "not acknowledged" },
                                    }
                                }
                                td.words { code { (visible(&entry.entry, 600)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn written(concern: WriteConcern) -> &'static str {
    match concern {
        WriteConcern::OneJournaled => "w:1 j:true",
        _ => "w:1",
    }
}
