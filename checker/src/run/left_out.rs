//! What a run could have asked and did not: a green page must not be read as more than it says.

use workloads::catalogue::WORKLOADS;

use super::scenario::Cast;
use crate::nemesis::NEMESES;

/// A sentence for each kind of thing that this cast leaves out.
pub fn left_out(cast: &Cast) -> Vec<String> {
    let played = |name: &str| cast.workloads.iter().any(|workload| workload.name == name);
    let workloads = WORKLOADS.iter().map(|workload| workload.name);
    let struck = |name: &str| cast.nemeses.iter().any(|nemesis| nemesis.name == name);
    let of_kind = |told: bool| {
        let of_kind = NEMESES
            .iter()
            .filter(move |nemesis| nemesis.story.is_empty() != told);
        of_kind.map(|nemesis| nemesis.name).filter(|name| !struck(name))
    };
    [
        (
            "workloads",
            workloads.filter(|name| !played(name)).collect::<Vec<_>>(),
        ),
        ("faults", of_kind(false).collect()),
        ("directed schedules", of_kind(true).collect()),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(kind, names)| format!("{kind} that this run left out: {}", names.join(", ")))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_not_listed() {
        let cast = Cast {
            workloads: WORKLOADS.iter().skip(1).collect(),
            nemeses: NEMESES.iter().filter(|nemesis| nemesis.name != "kill").collect(),
            planted_bug: None,
        };
        assert_eq!(
            left_out(&cast),
            [
                format!("workloads that this run left out: {}", WORKLOADS[0].name),
                "faults that this run left out: kill".to_owned()
            ]
        );
    }
}
