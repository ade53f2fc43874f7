//! Clicks and keys, on a desk and on a phone.

use checker::report::{write_index, write_report};

use crate::{
    driver::{ESCAPE, RIGHT, Window},
    runs,
};

#[test]
fn the_counterexample_is_one_click_away() {
    let results = tempfile::tempdir().unwrap();
    let page = write_report(&runs::stale_read(results.path())).unwrap();
    let Some(window) = Window::open(&page, 1280, 800) else {
        return;
    };
    let top = "document.getElementById('counterexample').getBoundingClientRect().top";
    assert_eq!(
        window.evaluate(&format!("{top} > innerHeight")),
        true,
        "else the click shows nothing"
    );
    window.click("a[href='#counterexample']");
    window.wait_for(&format!("{top} >= 0 && {top} < innerHeight / 2"));
    // And from it to an operation.
    window.click("#counterexample a[href^='#op-']");
    window.wait_for("!document.getElementById('details').hidden");
}

#[test]
fn operations_are_walked_by_keys() {
    let results = tempfile::tempdir().unwrap();
    let page = write_report(&runs::green(results.path())).unwrap();
    let Some(window) = Window::open(&page, 1280, 800) else {
        return;
    };
    let open = "document.querySelector('#details h4')?.textContent ?? ''";
    window.press("n");
    window.wait_for("!document.getElementById('details').hidden");
    let failed = window.evaluate(open);
    window.press(RIGHT);
    window.wait_for(&format!("({open}) !== {failed}"));
    window.press("p");
    window.wait_for(&format!("({open}) === {failed}"));
    window.press(ESCAPE);
    window.wait_for("document.getElementById('details').hidden");
}

#[test]
fn the_list_of_runs_is_filtered_and_walked_by_keys() {
    let results = tempfile::tempdir().unwrap();
    for directory in [
        runs::green(results.path()),
        runs::stale_read(results.path()),
        runs::invalid(results.path()),
    ] {
        write_report(&directory).unwrap();
    }
    let index = write_index(results.path()).unwrap();
    let Some(window) = Window::open(&index, 1280, 800) else {
        return;
    };
    let shown = "[...document.querySelectorAll('tr[data-verdict]')].filter((row) => !row.hidden).length";
    window.wait_for(&format!("({shown}) === 3"));
    window.press("/");
    window.wait_for("document.activeElement.id === 'search'");
    window.press("k3 has");
    window.wait_for(&format!("({shown}) === 1"));
    window.press(ESCAPE);
    window.press("j");
    window.wait_for("document.activeElement.closest('tr[data-verdict]')?.hidden === false");
}

#[test]
fn nothing_is_cut_off_on_a_phone_and_the_theme_can_be_chosen() {
    let results = tempfile::tempdir().unwrap();
    let page = write_report(&runs::stale_read(results.path())).unwrap();
    let Some(window) = Window::open(&page, 390, 844) else {
        return;
    };
    assert_eq!(
        window.evaluate("document.documentElement.scrollWidth <= innerWidth"),
        true,
        "the page scrolls sideways"
    );
    let ground = "getComputedStyle(document.body).backgroundColor";
    window.click("#theme");
    let light = window.evaluate(ground);
    window.click("#theme");
    window.wait_for(&format!("({ground}) !== {light}"));
}
