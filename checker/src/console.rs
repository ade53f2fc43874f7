//! What people see while the checker works: talk on stderr, results on stdout.
//!
//! On a terminal a few lines at the bottom show how things stand. Elsewhere (a file, a CI log) there is one
//! plain line per change of state, and one every [`PLAIN_PERIOD`], without control characters.

use std::{
    env,
    io::{IsTerminal, Write, stderr, stdout},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a log that is no terminal hears how things stand.
const PLAIN_PERIOD: Duration = Duration::from_secs(10);

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Changes of state and progress.
    #[default]
    Talk,
    /// Results and errors only.
    Quiet,
}

/// In which form results go to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Results {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON value per result.
    Json,
}

/// The one place that prints. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Console {
    verbosity: Verbosity,
    results: Results,
    bar: Option<ProgressBar>,
    start: Instant,
    last_progress: Arc<Mutex<Option<Instant>>>,
    colour: bool,
}

/// The colour of a word, where the terminal has colours and the user wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// It went right.
    Green,
    /// It went wrong.
    Red,
    /// Nobody knows.
    Yellow,
}

impl Console {
    /// A console on this process's stderr and stdout.
    pub fn new(verbosity: Verbosity, results: Results) -> Self {
        let terminal = stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb");
        let bar = (terminal && verbosity == Verbosity::Talk).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
            bar.set_style(
                ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        Self {
            verbosity,
            results,
            bar,
            start: Instant::now(),
            last_progress: Arc::default(),
            colour: terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// A console that says nothing: for tests.
    pub fn silent() -> Self {
        Self {
            bar: None,
            colour: false,
            ..Self::new(Verbosity::Quiet, Results::Text)
        }
    }

    /// Tells a change of state, with the time since the start.
    pub fn say(&self, words: impl AsRef<str>) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        self.line(&format!("{seconds:7.1}s {}", words.as_ref()));
    }

    /// Shows how things stand: always on a terminal, every [`PLAIN_PERIOD`] elsewhere. `words` may have lines.
    pub fn progress(&self, words: impl FnOnce() -> String) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_message(words());
            return;
        }
        let mut last = self.last_progress.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= PLAIN_PERIOD) {
            *last = Some(Instant::now());
            drop(last);
            self.say(words().replace('\n', " | "));
        }
    }

    /// Ends the lines at the bottom of a terminal.
    pub fn progress_done(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(String::new());
            bar.tick();
        }
        *self.last_progress.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Tells what must be heard also when quiet: a warning, or why it ends.
    pub fn warn(&self, words: impl AsRef<str>) {
        self.line(words.as_ref());
    }

    /// Prints a result to stdout: `text` for people, `json` when JSON was asked for.
    pub fn result(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> serde_json::Value) {
        let line = match self.results {
            Results::Text => text(),
            Results::Json => json().to_string(),
        };
        self.suspended(|| {
            // A closed pipe on stdout changes no verdict.
            let _ = writeln!(stdout().lock(), "{line}");
        });
    }

    /// The words in a colour, where there are colours.
    pub fn painted(&self, paint: Paint, words: &str) -> String {
        if !self.colour {
            return words.to_owned();
        }
        let code = match paint {
            Paint::Green => 32,
            Paint::Red => 31,
            Paint::Yellow => 33,
        };
        format!("\u{1b}[1;{code}m{words}\u{1b}[0m")
    }

    /// Runs something that prints by itself (cargo's build) without the lines at the bottom in its way.
    pub fn suspended<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(act),
            None => act(),
        }
    }

    fn line(&self, words: &str) {
        self.suspended(|| {
            // Nobody to tell: nothing to do.
            let _ = writeln!(stderr().lock(), "{words}");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_hears_how_things_stand_now_and_then_only() {
        let console = Console {
            verbosity: Verbosity::Talk,
            ..Console::silent()
        };
        let mut asked = 0;
        for _ in 0..3 {
            console.progress(|| {
                asked += 1;
                "a line of a test".to_owned()
            });
        }
        assert_eq!(asked, 1, "one line per period");
        console.progress_done();
        console.progress(|| {
            asked += 1;
            "another".to_owned()
        });
        assert_eq!(asked, 2, "a new phase starts with a line");
    }

    #[test]
    fn without_colours_words_stay_as_they_are() {
        assert_eq!(Console::silent().painted(Paint::Red, "violation"), "violation");
    }
}
