//! The content security policy of a page: nothing is fetched, and only the page's own style and script run.

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// A whole page around `body`. `style` and `script` are named by their hashes in the policy, so that nothing
/// that slips into the page from a document or a log could run or load anything.
///
/// `form-action` and `base-uri` do not fall back to `default-src` and are named on their own.
pub(crate) fn page(title: &str, style: &str, script: &str, body: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(style)) }
            }
            body {
                (body)
                script { (PreEscaped(script)) }
            }
        }
    };
    page.into_string()
}

/// Three members of a set, one of them the primary.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='4' r='3' fill='%232f7fe0'/%3E%3Ccircle cx='3.5' cy='12' r='2.5' fill='%23e0579f'/%3E%3Ccircle cx='12.5' cy='12' r='2.5' fill='%23f08c00'/%3E%3C/svg%3E";

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_browsers() {
        // The example of the CSP specification: `alert('Hello, world.');`
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }
}
