//! Families of faults: each has a colour on every page.

/// The family of a kind of fault, as the style sheets name it.
pub(crate) fn family(kind: &str) -> &'static str {
    const FAMILIES: [(&str, &[&str]); 5] = [
        ("gone", &["kill", "terminate", "power", "crash", "wipe", "swap"]),
        ("slow", &["pause", "throttle", "file-limit", "memory-limit"]),
        (
            "network",
            &[
                "partition",
                "jam",
                "slow-links",
                "reset",
                "client-links",
                "half-open",
                "corrupt",
                "lossy",
            ],
        ),
        ("clock", &["clock"]),
        ("disk", &["disk", "truncate", "bit-rot"]),
    ];
    let family = FAMILIES
        .iter()
        .find(|(_, kinds)| kinds.iter().any(|begin| kind.starts_with(begin)));
    family.map_or("other", |(family, _)| family)
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn kinds_have_families() {
        for (kind, expected) in [
            ("kill", "gone"),
            ("crash-at-sync", "gone"),
            ("throttle", "slow"),
            ("slow-links", "network"),
            ("clock-drift", "clock"),
            ("bit-rot", "disk"),
            ("step-down", "other"),
        ] {
            assert_eq!(family(kind), expected, "{kind}");
        }
    }
}
