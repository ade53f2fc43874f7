//! Every kind of page, opened.

use std::path::{Path, PathBuf};

use checker::{
    checks::CHECKS,
    record::directory::RunDirectory,
    report::{write_index, write_report},
};

use crate::{browser, runs};

#[test]
fn every_kind_of_run_has_a_page_that_says_so_first() {
    let kept = Kept::new("kinds");
    for (directory, verdict, cause) in [
        (runs::green(&kept.path), "Pass", "nothing broke in"),
        (
            runs::stale_read(&kept.path),
            "Violation",
            "k3 has no linear order",
        ),
        (
            runs::lost_writes(&kept.path),
            "Violation",
            "3 acknowledged majority writes are missing",
        ),
        (runs::unknown(&kept.path), "Unknown", "gave up after 60 s of CPU"),
        (runs::invalid(&kept.path), "Invalid run", "held back no byte"),
        (runs::torn(&kept.path), "Unknown", "stopped before it was judged"),
    ] {
        let page = write_report(&directory).unwrap();
        let Some(opened) = browser::open(&page, "") else {
            continue;
        };
        assert_eq!(opened.console, [""; 0], "{}", page.display());
        assert!(
            opened.dom.contains("data-ready=\"yes\""),
            "the script ran to its end: {}",
            page.display()
        );
        let first_screen = opened.dom.split("id=\"timeline\"").next().unwrap();
        assert!(
            first_screen.contains(&format!("<h1>{verdict}</h1>")),
            "{verdict}: {}",
            page.display()
        );
        assert!(first_screen.contains(cause), "{cause}: {}", page.display());
    }
    let index = write_index(&kept.path).unwrap();
    if let Some(opened) = browser::open(&index, "") {
        assert_eq!(opened.console, [""; 0]);
        assert_eq!(opened.dom.matches("<tr data-verdict=").count(), 6);
        assert!(opened.dom.contains("data-ready=\"yes\""));
    }
}

#[test]
fn whatever_check_breaks_its_page_shows_the_counterexample() {
    let kept = Kept::new("checks");
    let of_runs = ["replicas-equal", "steps-follow-the-core", "settles", "model"];
    let of_histories = CHECKS.iter().map(|check| check.name);
    for (seed, check) in (100..).zip(of_histories.chain(of_runs)) {
        let kind = format!("{check}-broken");
        let page = write_report(&runs::broken(&kept.path, seed, check, &kind)).unwrap();
        let html = std::fs::read_to_string(&page).unwrap();
        let first_screen = html.split("id=\"timeline\"").next().unwrap();
        assert!(first_screen.contains("<h1>Violation</h1>"), "{check}");
        assert!(
            first_screen.contains(&format!("what {check} promises does not hold")),
            "{check}"
        );
        assert!(first_screen.contains("href=\"#counterexample\""), "{check}");
        let lanes = html.split("id=\"counterexample\"").nth(1).unwrap();
        assert!(lanes.contains("these two show"), "{check}");
    }
    let index = std::fs::read_to_string(write_index(&kept.path).unwrap()).unwrap();
    assert_eq!(
        index.matches("<tr data-verdict=\"violation\"").count(),
        CHECKS.len() + of_runs.len()
    );
}

#[test]
fn a_link_to_an_operation_opens_it() {
    let kept = Kept::new("link");
    let page = write_report(&runs::stale_read(&kept.path)).unwrap();
    let Some(opened) = browser::open(&page, "#op-7") else {
        return;
    };
    assert_eq!(opened.console, [""; 0]);
    let details = opened.dom.split("<aside id=\"details\"").nth(1).unwrap();
    assert!(
        details.contains("<h4 class=\"\">#7 ") || details.contains("<h4>#7 "),
        "{}",
        &details[..300.min(details.len())]
    );
    assert!(details.contains("asked at"));
}

#[test]
fn what_comes_from_outside_stays_text() {
    let kept = Kept::new("hostile");
    let page = write_report(&runs::hostile(&kept.path)).unwrap();
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(!written.contains("<script>document.title"), "unescaped");
    assert!(
        !written.contains('\u{202e}') && !written.contains('\u{1b}'),
        "invisible characters"
    );
    assert!(written.len() < 400_000, "huge strings are cut: {}", written.len());
    let index = write_index(&kept.path).unwrap();
    assert!(
        !std::fs::read_to_string(&index)
            .unwrap()
            .contains("<script>document.title")
    );
    for page in [page, index] {
        let Some(opened) = browser::open(&page, "#op-0") else {
            return;
        };
        assert_eq!(opened.console, [""; 0]);
        assert!(!opened.dom.contains("<title>owned</title>"));
        assert!(!opened.dom.contains("<img"), "no element was made of it");
        assert!(
            opened.dom.contains("&lt;script&gt;document.title"),
            "and it is shown"
        );
    }
}

#[test]
fn fifty_thousand_operations_fit_into_a_megabyte() {
    let kept = Kept::new("large");
    let page = write_report(&runs::large(&kept.path, 6, 50_000)).unwrap();
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 1_000_000, "{size} bytes");
    if let Some(opened) = browser::open(&page, "") {
        assert_eq!(opened.console, [""; 0]);
        assert!(opened.dom.contains("data-ready=\"yes\""));
    }
}

#[test]
fn half_a_million_operations_open() {
    let kept = Kept::new("huge");
    let page = write_report(&runs::large(&kept.path, 7, 500_000)).unwrap();
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 5_000_000, "{size} bytes");
    if let Some(opened) = browser::open(&page, "") {
        assert_eq!(opened.console, [""; 0]);
        assert!(opened.dom.contains("data-ready=\"yes\""));
        assert!(
            opened.dom.contains("are drawn: all that did not end ok"),
            "the sampling is told"
        );
    }
}

#[test]
fn a_million_operations_fit_into_five_megabytes() {
    let kept = Kept::new("million");
    let page = write_report(&runs::large(&kept.path, 8, 1_000_000)).unwrap();
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 5_000_000, "{size} bytes");
}

/// Where sample runs go: kept when `REPORT_SAMPLES` names a directory, else gone with the test.
struct Kept {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Kept {
    fn new(name: &str) -> Self {
        if let Some(directory) = std::env::var_os("REPORT_SAMPLES") {
            let path = Path::new(&directory).join(name);
            if path.exists() {
                std::fs::remove_dir_all(&path).unwrap();
            }
            std::fs::create_dir_all(&path).unwrap();
            return Self {
                path,
                _temporary: None,
            };
        }
        let temporary = tempfile::tempdir().unwrap();
        Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        }
    }
}

/// The page that a person opens lies in the run's own directory.
#[test]
fn the_page_lies_beside_the_records() {
    let kept = Kept::new("beside");
    let directory: RunDirectory = runs::torn(&kept.path);
    assert_eq!(
        write_report(&directory).unwrap(),
        directory.root().join("report.html")
    );
}
