//! What a section is.

use maud::Markup;

/// One part of the page.
pub(crate) struct Section {
    /// Its anchor.
    pub(crate) id: &'static str,
    /// Its word in the bar on top.
    pub(crate) short: &'static str,
    /// Its heading.
    pub(crate) title: String,
    /// A few words beside the heading.
    pub(crate) note: Option<String>,
    /// The rest.
    pub(crate) body: Markup,
}
