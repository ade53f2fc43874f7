//! Does a person who opens the report see what happened? Pages of every kind of run, opened in a real browser.
//!
//! The browser is `/usr/bin/chromium` (Debian's package) or what `CHROMIUM` names, its hands are `/usr/bin/chromedriver`
//! (`chromium-driver`) or what `CHROMEDRIVER` names; without them these tests say so and check the files only. `REPORT_SAMPLES=<directory>` keeps the sample runs and their pages to look at.

mod browser;
mod driver;
mod hands;
mod outline;
mod pages;
mod runs;
mod samples;
