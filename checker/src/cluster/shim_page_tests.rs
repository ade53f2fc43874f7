//! The page and the library together, on a toy process.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::Instant,
};

use super::*;
use crate::cluster::{build, shim_layout::page::PAGE_VARIABLE, toy};

const SECOND_NS: i64 = 1_000_000_000;
/// Two readings in different processes, one after the other, on a loaded machine.
const SLACK_NS: i64 = 3 * SECOND_NS;

#[test]
fn wall_clock_jumps_both_ways_and_heals_at_once() {
    let mut toy = Toy::start();
    for offset_ms in [90_000, -300_000, 30 * 365 * 86_400_000, 0] {
        toy.page.set_wall_offset(offset_ms).expect("the page is writable");
        let error_ns = toy.read().wall_ns - machine_wall_ns();
        assert!(
            (error_ns - offset_ms * 1_000_000).abs() < SLACK_NS,
            "{offset_ms}: {error_ns}"
        );
    }
    let counters = toy.page.counters().expect("the page is readable");
    assert_eq!(counters.starts, 1);
    assert!(
        counters.wall_skewed >= 3 && counters.wall_calls > counters.wall_skewed,
        "{counters:?}"
    );
    assert_eq!(counters.wall_error_ns, 0);
}

#[test]
fn strobe_shows_both_sides() {
    let mut toy = Toy::start();
    toy.page
        .set_strobe(3_600_000, Duration::from_millis(7))
        .expect("the page is writable");
    let deadline = Instant::now() + Duration::from_secs(30);
    let (mut ahead, mut true_time) = (false, false);
    while !(ahead && true_time) {
        let error_ns = toy.read().wall_ns - machine_wall_ns();
        ahead |= (error_ns - 3600 * SECOND_NS).abs() < SLACK_NS;
        true_time |= error_ns.abs() < SLACK_NS;
        assert!(Instant::now() < deadline, "one side of the strobe never showed");
    }
    toy.page.heal_clocks().expect("the page is writable");
    assert!((toy.read().wall_ns - machine_wall_ns()).abs() < SLACK_NS);
}

#[test]
fn clocks_run_slow_and_fast_and_never_back() {
    let mut toy = Toy::start();
    let mut last_ns = toy.read().since_start_ns;
    for (permille, least, most) in [(10_000, 7.0, 13.0), (500, 0.3, 0.7), (1000, 0.8, 1.2)] {
        toy.page
            .set_rates(permille, permille)
            .expect("the page is writable");
        toy.read();
        // The toy looks at its clock at some moment between these two, which a loaded machine moves apart.
        let (before_first, first_ns, after_first) = toy.read_between();
        while after_first.elapsed() < Duration::from_millis(300) {
            let now_ns = toy.read().since_start_ns;
            assert!(now_ns >= last_ns, "monotonic time ran back");
            last_ns = now_ns;
        }
        let (before_last, end_ns, after_last) = toy.read_between();
        let gained_ns = (end_ns - first_ns) as f64;
        let at_least = gained_ns / (after_last - before_first).as_nanos() as f64;
        let at_most = gained_ns / (before_last - after_first).as_nanos() as f64;
        let told = format!("{permille}: {at_least} to {at_most}");
        assert!(at_least < most && at_most > least, "{told}");
    }
    // The clock has gained seconds; a wait with a deadline on it must still take its 50 ms.
    let counters = toy.page.counters().expect("the page is readable");
    assert!(counters.monotonic_error_ns > SECOND_NS, "{counters:?}");
    let waited_ns = toy.read().waited_ns;
    assert!((40_000_000..SECOND_NS).contains(&waited_ns), "{waited_ns}");
    assert!(
        toy.page
            .counters()
            .expect("the page is readable")
            .waits_translated
            > 0
    );
}

#[test]
fn without_a_good_page_the_library_is_inert() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let page = ShimPage::create(&directory.path().join("page")).expect("a page");
    page.put(offset_of!(Page, version), VERSION + 1)
        .expect("the page is writable");
    let mut toy = Toy::start_with(page, directory);
    toy.page.set_wall_offset(90_000).expect("the page is writable");
    assert!((toy.read().wall_ns - machine_wall_ns()).abs() < SLACK_NS);
    assert_eq!(
        toy.page.counters().expect("the page is readable"),
        ShimCounters::default()
    );
}

#[test]
fn impossible_clocks_are_refused_with_a_word() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut page = ShimPage::create(&directory.path().join("page")).expect("a page");
    let refused = page
        .set_wall_offset(-100 * 365 * 86_400_000)
        .expect_err("before 1970");
    assert!(refused.to_string().contains("1970"), "{refused}");
    assert!(page.set_rates(1000, 0).is_err());
}

#[test]
fn layout_fits_its_page_and_is_made_of_words() {
    assert!(size_of::<Page>() as u64 <= PAGE_BYTES);
    assert_eq!(align_of::<Page>(), 8);
    // The order of the first words is what lets another version be recognised.
    assert_eq!(
        (
            offset_of!(Page, magic),
            offset_of!(Page, version),
            offset_of!(Page, sequence)
        ),
        (0, 8, 16)
    );
}

fn machine_wall_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos() as i64
}

/// A process that tells its clocks when asked.
struct Toy {
    page: ShimPage,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _directory: tempfile::TempDir,
}

struct Reading {
    wall_ns: i64,
    since_start_ns: i64,
    waited_ns: i64,
}

impl Toy {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let page = ShimPage::create(&directory.path().join("page")).expect("a page");
        Self::start_with(page, directory)
    }

    fn start_with(page: ShimPage, directory: tempfile::TempDir) -> Self {
        let shim = build::shim_library().expect("the shim builds");
        let mut child = toy::command("clock", "")
            .env("LD_PRELOAD", shim)
            .env(PAGE_VARIABLE, page.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the toy starts");
        let input = child.stdin.take().expect("stdin is piped");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self {
            page,
            child,
            input,
            output,
            _directory: directory,
        }
    }

    fn read(&mut self) -> Reading {
        writeln!(self.input).expect("the toy listens");
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).expect("the toy speaks") > 0,
                "the toy ended"
            );
            let numbers: Vec<i64> = line
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect();
            if let [wall_ns, since_start_ns, waited_ns] = numbers[..] {
                return Reading {
                    wall_ns,
                    since_start_ns,
                    waited_ns,
                };
            }
        }
    }

    /// The toy's clock, and this machine's before and after the toy looked at it.
    fn read_between(&mut self) -> (Instant, i64, Instant) {
        let before = Instant::now();
        let reading = self.read();
        (before, reading.since_start_ns, Instant::now())
    }
}

impl Drop for Toy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
