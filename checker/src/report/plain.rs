//! A page beside those of runs: the same looks, nothing to click.

use maud::Markup;

use super::policy;

const STYLE: &str = concat!(include_str!("assets/base.css"), include_str!("assets/index.css"));
const SCRIPT: &str = concat!("\"use strict\";\n", include_str!("assets/base.js"));

/// A whole page around `body`, under the same content security policy as all pages.
pub fn page_of_its_own(title: &str, body: &Markup) -> String {
    policy::page(title, STYLE, SCRIPT, body)
}
