//! Chromium without a window: what a page has become after its script ran, and what it complained of.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A page after its script ran.
pub(crate) struct Opened {
    /// The document as text.
    pub(crate) dom: String,
    /// Messages of the console: errors, refused scripts, everything.
    pub(crate) console: Vec<String>,
}

/// Opens a page; `None`, with a notice, when there is no browser on this machine.
pub(crate) fn open(page: &Path, fragment: &str) -> Option<Opened> {
    let Some(program) = program() else {
        eprintln!(
            "NOTICE: no Chromium here (Debian: apt-get install chromium): {} was not opened",
            page.display()
        );
        return None;
    };
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--window-size=1280,1600",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!(
            "file://{}{fragment}",
            page.canonicalize().unwrap().display()
        ))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    Some(Opened {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: said
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .map(str::to_owned)
            .collect(),
    })
}

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named
        .into_iter()
        .chain(["/usr/bin/chromium".into()])
        .find(|path| path.is_file())
}
