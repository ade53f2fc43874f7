//! The log through its public face: crash, cut, decay, group commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::optime::OpTime;

use super::{Durability, Log, LogEntry, LogError, LogOptions, Lsn};

const SMALL: LogOptions = LogOptions {
    cap_bytes: 1 << 30,
    segment_bytes: 4096,
    ring_bytes: 1 << 20,
};

#[test]
fn what_was_durable_comes_back() {
    let directory = directory();
    let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert!(recovered.positions.is_empty() && recovered.meta.is_empty());
    assert!(log.covers(OpTime::NULL) && !log.covers(optime(1)));
    log.persist("vote", b"old").unwrap();
    append(&mut log, 1..=3);
    log.persist("vote", b"new").unwrap();
    sync(&mut log);
    drop(log);

    let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.positions, optimes(1..=3));
    assert_eq!(
        (recovered.first, recovered.last),
        (Some(optime(1)), Some(optime(3)))
    );
    assert_eq!(recovered.meta["vote"], b"new");
    assert_eq!(recovered.cut, None);
    assert_eq!(read_all(&mut log), optimes(1..=3));
}

#[test]
fn what_was_not_submitted_never_happened() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=3);
    sync(&mut log);
    append(&mut log, 4..=5);
    drop(log);
    let (_, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.last, Some(optime(3)));
}

#[test]
fn a_file_cut_at_any_byte_keeps_exactly_the_whole_records_before_the_cut() {
    let directory = directory();
    let mut ends = vec![64];
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    for number in 1..=4 {
        append(&mut log, number..=number);
        sync(&mut log);
        ends.push(ends.last().unwrap() + 16 + 16 + entry(number).len().next_multiple_of(8));
    }
    drop(log);
    let file = only_segment(directory.path());
    let whole = std::fs::read(&file).unwrap();
    for cut in 64..=ends[4] {
        // Garbage and zeros behind the cut are as good as the end of the file.
        for fill in [None, Some(0), Some(0xa5)] {
            let mut bytes = whole[..cut].to_vec();
            if let Some(fill) = fill {
                bytes.resize(whole.len(), fill);
            }
            std::fs::write(&file, &bytes).unwrap();
            // Only padding may be missing.
            let kept = ends[1..]
                .iter()
                .filter(|end| bytes_kept(&bytes, &whole, **end))
                .count() as u32;
            let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
            assert_eq!(recovered.positions, optimes(1..=kept), "cut {cut} fill {fill:?}");
            let next = kept + 1;
            append(&mut log, next..=next);
            sync(&mut log);
            drop(log);
            let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
            assert_eq!(recovered.cut, None, "the first start cleans up");
            assert_eq!(read_all(&mut log), optimes(1..=next));
        }
    }
    std::fs::write(&file, &whole[..40]).unwrap();
    assert!(matches!(
        Log::open(directory.path(), SMALL),
        Err(LogError::Corrupt { offset: 0, .. })
    ));
}

/// Is the record that ends at `end` there, but for its padding?
fn bytes_kept(bytes: &[u8], whole: &[u8], end: usize) -> bool {
    let padding = whole[..end].iter().rev().take_while(|byte| **byte == 0).count();
    bytes
        .get(..end - padding)
        .is_some_and(|kept| *kept == whole[..end - padding])
}

#[test]
fn a_decayed_byte_before_durable_records_is_fatal_and_named() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    for number in 1..=3 {
        append(&mut log, number..=number);
        sync(&mut log);
    }
    drop(log);
    let file = only_segment(directory.path());
    let whole = std::fs::read(&file).unwrap();
    let record = 32 + entry(1).len();
    for at in 64..64 + record {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&file, &bytes).unwrap();
        let error = Log::open(directory.path(), SMALL).unwrap_err();
        assert!(
            matches!(&error, LogError::Corrupt { offset: 64, path, .. } if *path == file),
            "{at}: {error}"
        );
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "evidence is left alone");
    }
}

#[test]
fn a_torn_batch_is_cut_even_if_its_later_pages_reached_the_disk() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=1);
    sync(&mut log);
    append(&mut log, 2..=4);
    sync(&mut log);
    drop(log);
    let file = only_segment(directory.path());
    let mut bytes = std::fs::read(&file).unwrap();
    let record = (32 + entry(1).len()).next_multiple_of(8);
    bytes[64 + 2 * record + 20] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.positions, optimes(1..=2));
    assert_eq!(recovered.cut.unwrap().offset as usize, 64 + 2 * record);
    // The entry that takes the place of the lost one ends where the stale one began: it must not come back.
    log.append(optime(9), entry(3)).unwrap();
    sync(&mut log);
    drop(log);
    let (_, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.positions, [optime(1), optime(2), optime(9)]);
}

#[test]
fn a_truncation_is_durable_and_the_log_goes_on_in_another_term() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=200);
    sync(&mut log);
    log.truncate_after(optime(120)).unwrap();
    let replacement = OpTime::new(2, 121, 1);
    log.append(replacement, entry(77)).unwrap();
    let refused = log.append(optime(122), entry(1)).unwrap_err();
    assert!(matches!(refused, LogError::OutOfOrder { .. }), "{refused}");
    sync(&mut log);
    drop(log);
    let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    let mut expected = optimes(1..=120);
    expected.push(replacement);
    assert_eq!(recovered.positions, expected);
    assert_eq!(log.get(replacement).unwrap(), Some(entry(77)));
    assert_eq!(log.get(optime(121)).unwrap(), None);
    log.truncate_after(OpTime::NULL).unwrap();
    append(&mut log, 5..=5);
    sync(&mut log);
    drop(log);
    let (_, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.positions, [optime(5)]);
}

/// Rows S2-26, S4-04, S4-15 of the notes.
#[test]
fn the_cap_drops_whole_old_segments_but_never_above_the_floor_and_keeps_named_values() {
    let directory = directory();
    let options = LogOptions {
        cap_bytes: 4 * 4096,
        ring_bytes: 0,
        ..SMALL
    };
    let (mut log, _) = Log::open(directory.path(), options).unwrap();
    log.persist("config", b"version 1").unwrap();
    append(&mut log, 1..=1000);
    sync(&mut log);
    assert_eq!(log.oldest(), Some(optime(1)), "nothing was allowed to go");
    log.set_floor(optime(500));
    sync(&mut log);
    assert!(
        log.oldest() > Some(optime(300)) && log.oldest() <= Some(optime(501)),
        "{:?}",
        log.oldest()
    );
    log.set_floor(optime(1000));
    append(&mut log, 1001..=2000);
    log.set_floor(optime(2000));
    append(&mut log, 2001..=2001);
    sync(&mut log);
    assert!(log.disk_bytes() <= options.cap_bytes);
    assert!(log.covers(optime(2000)) && log.covers(optime(2001)));
    assert!(!log.covers(optime(1)) && !log.covers(OpTime::NULL) && !log.covers(optime(2002)));
    let left = read_all(&mut log);
    drop(log);
    let (mut log, recovered) = Log::open(directory.path(), options).unwrap();
    assert_eq!(recovered.meta["config"], b"version 1");
    assert_eq!(recovered.positions, left);
    assert_eq!(read_all(&mut log), left);
    let before_oldest = optime(left[0].ts.secs - 1);
    assert_eq!(recovered.base, Some(before_oldest), "the log knows what it lacks");
}

/// The record of what is gone may be the one that begins a segment, with which the next one goes.
#[test]
fn the_log_knows_what_it_lacks_wherever_that_is_written() {
    let options = LogOptions {
        cap_bytes: 4 * 4096,
        ring_bytes: 0,
        ..SMALL
    };
    // Documents about as large as a segment.
    for bytes in (1000..4400).step_by(40) {
        let directory = directory();
        let (mut log, _) = Log::open(directory.path(), options).unwrap();
        let document: Arc<[u8]> = vec![7; bytes].into();
        for number in 1..=40 {
            log.append(optime(number), Arc::clone(&document)).unwrap();
            log.set_floor(optime(number.saturating_sub(number % 7)));
            sync(&mut log);
        }
        let (base, left) = (log.base(), log.oldest().unwrap());
        drop(log);
        let (_, recovered) = Log::open(directory.path(), options).unwrap();
        assert_eq!(
            (recovered.base, recovered.first),
            (Some(base), Some(left)),
            "{bytes}"
        );
        assert_eq!(base.ts.secs + 1, left.ts.secs, "{bytes}");
    }
}

/// `kill -9` between the record that says what is gone and the end of its file.
#[test]
fn a_segment_that_outlived_its_end_is_not_read_again() {
    let directory = directory();
    let options = LogOptions {
        cap_bytes: 4 * 4096,
        ring_bytes: 0,
        ..SMALL
    };
    let segments = directory.path().join("oplog");
    let files = || -> Vec<PathBuf> {
        let items = std::fs::read_dir(&segments).unwrap();
        let mut files: Vec<PathBuf> = items.map(|item| item.unwrap().path()).collect();
        files.retain(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("seg-"))
        });
        files.sort();
        files
    };
    let (mut log, _) = Log::open(directory.path(), options).unwrap();
    append(&mut log, 1..=1000);
    sync(&mut log);
    let before: Vec<(PathBuf, Vec<u8>)> = files()
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    log.set_floor(optime(1000));
    append(&mut log, 1001..=1100);
    sync(&mut log);
    let left = read_all(&mut log);
    drop(log);
    let oldest = files()[0].clone();
    let (outlived, bytes) = before.iter().rev().find(|(path, _)| *path < oldest).unwrap();
    std::fs::write(outlived, bytes).unwrap();
    let (mut log, recovered) = Log::open(directory.path(), options).unwrap();
    assert_eq!(recovered.positions, left);
    assert_eq!(recovered.base.map(|base| base.ts.secs), Some(left[0].ts.secs - 1));
    assert_eq!(log.oldest(), Some(left[0]));
    log.set_floor(optime(1100));
    append(&mut log, 1101..=1200);
    sync(&mut log);
    assert!(log.disk_bytes() <= options.cap_bytes && !outlived.exists());
}

#[test]
fn a_log_that_begins_after_a_clone_goes_on_there() {
    let directory = directory();
    let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.base, None);
    append(&mut log, 1..=300);
    log.begin_after(optime(200)).unwrap();
    assert_eq!((log.base(), log.len()), (optime(200), 0));
    assert!(log.covers(optime(200)) && !log.covers(OpTime::NULL) && !log.covers(optime(199)));
    append(&mut log, 201..=203);
    sync(&mut log);
    drop(log);
    let (log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.base, Some(optime(200)));
    assert_eq!(recovered.positions, optimes(201..=203));
    assert!(log.covers(optime(200)));
}

#[test]
fn named_values_survive_a_segment_whose_first_write_was_lost() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    log.persist("vote", b"term 7").unwrap();
    append(&mut log, 1..=100);
    sync(&mut log);
    drop(log);
    // 1. A new segment has its name; 2. the power goes before its first write, which begins with all named
    // values; 3. the member goes on in it, and 4. drops the older segment, the only one that knows them.
    let second = directory.path().join("oplog/seg-0000000000000002.log");
    let mut bytes = std::fs::read(&second).unwrap();
    bytes[64..].fill(0);
    std::fs::write(&second, bytes).unwrap();
    let options = LogOptions {
        cap_bytes: 0,
        ..SMALL
    };
    let (mut log, recovered) = Log::open(directory.path(), options).unwrap();
    let next = recovered.last.unwrap().ts.secs + 1;
    append(&mut log, next..=next);
    log.set_floor(optime(next));
    sync(&mut log);
    assert_eq!(log.disk_bytes(), SMALL.segment_bytes, "one segment is left");
    drop(log);
    let (_, recovered) = Log::open(directory.path(), options).unwrap();
    assert_eq!(recovered.meta["vote"], b"term 7");
    assert_eq!(recovered.positions, [optime(next)]);
}

#[test]
fn dropping_segments_takes_back_nothing_that_was_durable() {
    let directory = directory();
    let options = LogOptions {
        cap_bytes: 0,
        ..SMALL
    };
    let (mut log, _) = Log::open(directory.path(), options).unwrap();
    append(&mut log, 1..=300);
    sync(&mut log);
    let before = log.durable_lsn();
    let batches = log.counters().batches;
    log.set_floor(optime(300));
    log.submit();
    let retired = directory.path().join("oplog/seg-0000000000000001.log");
    while retired.exists() || log.counters().batches == batches {
        std::thread::yield_now();
    }
    append(&mut log, 301..=301);
    sync(&mut log);
    assert!(log.durable_lsn() > before);
    assert_eq!(log.durable_optime(), Some(optime(301)));
}

#[test]
fn what_is_reported_durable_is_never_of_a_branch_that_was_cut_off() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=10);
    assert_eq!(log.durable_optime(), None);
    sync(&mut log);
    append(&mut log, 11..=12);
    assert_eq!(log.durable_optime(), Some(optime(10)));
    log.truncate_after(optime(6)).unwrap();
    assert_eq!(log.durable_optime(), Some(optime(6)));
    log.append(OpTime::new(2, 7, 1), entry(7)).unwrap();
    assert_eq!(
        log.durable_optime(),
        Some(optime(6)),
        "nothing new is durable yet"
    );
    sync(&mut log);
    assert_eq!(log.durable_optime(), Some(OpTime::new(2, 7, 1)));
}

#[test]
fn a_damaged_entry_is_not_handed_to_a_follower() {
    let directory = directory();
    let (mut log, _) = Log::open(
        directory.path(),
        LogOptions {
            ring_bytes: 0,
            ..SMALL
        },
    )
    .unwrap();
    append(&mut log, 1..=3);
    sync(&mut log);
    let file = only_segment(directory.path());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[64 + 40] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let refused = log.get(optime(1)).unwrap_err();
    assert!(
        matches!(refused, LogError::Corrupt { offset: 64, .. }),
        "{refused}"
    );
    assert_eq!(log.get(optime(2)).unwrap(), Some(entry(2)));
}

#[test]
fn a_failing_disk_is_told_and_stops_the_log() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=1);
    sync(&mut log);
    // The log's helper may just be making the next file there.
    while std::fs::remove_dir_all(directory.path())
        .is_err_and(|error| error.kind() != std::io::ErrorKind::NotFound)
    {}
    // More than the open segment holds, so that a file has to be made.
    append(&mut log, 2..=300);
    log.submit();
    let mut durability = log.durability();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let failed = runtime
        .block_on(durability.wait_for(|state| matches!(state, Durability::Failed { .. })))
        .unwrap()
        .clone();
    let Durability::Failed { reason } = failed else {
        unreachable!()
    };
    assert!(reason.contains("oplog"), "{reason}");
    let refused = log.append(optime(301), entry(301)).unwrap_err();
    assert!(matches!(refused, LogError::Stopped { .. }), "{refused}");
}

#[test]
fn an_entry_larger_than_a_segment_gets_its_own() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=1);
    let large: Arc<[u8]> = vec![7; 100_000].into();
    log.append(optime(2), Arc::clone(&large)).unwrap();
    append(&mut log, 3..=3);
    sync(&mut log);
    drop(log);
    let (mut log, recovered) = Log::open(directory.path(), SMALL).unwrap();
    assert_eq!(recovered.positions, optimes(1..=3));
    assert_eq!(log.get(optime(2)).unwrap(), Some(large));
}

#[test]
fn a_missing_segment_is_fatal() {
    let directory = directory();
    let (mut log, _) = Log::open(directory.path(), SMALL).unwrap();
    append(&mut log, 1..=300);
    sync(&mut log);
    drop(log);
    let second = directory.path().join("oplog/seg-0000000000000002.log");
    std::fs::remove_file(&second).unwrap();
    let error = Log::open(directory.path(), SMALL).unwrap_err();
    assert!(
        matches!(&error, LogError::Corrupt { path, .. } if *path == second),
        "{error}"
    );
}

#[test]
fn many_appends_make_few_syncs() {
    let directory = directory();
    let (mut log, _) = Log::open(
        directory.path(),
        LogOptions {
            segment_bytes: 1 << 20,
            ..SMALL
        },
    )
    .unwrap();
    append(&mut log, 1..=1000);
    sync(&mut log);
    let counters = log.counters();
    assert_eq!((counters.batches, counters.syncs), (1, 1));
    for number in 1001..=2000 {
        append(&mut log, number..=number);
        log.submit();
    }
    sync(&mut log);
    assert!(
        log.counters().syncs < 1001,
        "{:?}: none of 1000 submits met a busy thread",
        log.counters()
    );
}

#[test]
fn batches_are_limited_in_entries_and_bytes_but_never_empty() {
    let directory = directory();
    let (mut log, _) = Log::open(
        directory.path(),
        LogOptions {
            ring_bytes: 100,
            ..SMALL
        },
    )
    .unwrap();
    append(&mut log, 1..=50);
    sync(&mut log);
    let names = |entries: Vec<LogEntry>| entries.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(
        names(log.entries_after(optime(10), 5, usize::MAX).unwrap()),
        optimes(11..=15)
    );
    assert_eq!(
        names(log.entries_after(optime(10), 5, 0).unwrap()),
        optimes(11..=11)
    );
    let two = entry(11).len() + entry(12).len();
    assert_eq!(
        names(log.entries_after(optime(10), 5, two).unwrap()),
        optimes(11..=12)
    );
    assert_eq!(names(log.entries_after(optime(50), 5, two).unwrap()), []);
    assert_eq!(
        names(log.entries_before(optime(10), 2, usize::MAX).unwrap()),
        [optime(9), optime(8)]
    );
    assert_eq!(log.first_at_or_after(optime(20).ts), Some(optime(20)));
    assert_eq!(log.first_at_or_after(optime(51).ts), None);
}

/// In memory where the system has such a place: these tests sync thousands of times.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Submits and waits until everything is durable.
fn sync(log: &mut Log) {
    let target = log.last_lsn();
    log.submit();
    let mut durability = log.durability();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let state = runtime
        .block_on(durability.wait_for(|state| !matches!(state, Durability::UpTo(lsn) if *lsn < target)))
        .unwrap()
        .clone();
    assert_eq!(state, Durability::UpTo(target));
    assert_eq!(log.durable_lsn(), target);
    assert!(target > Lsn(0));
    log.submit();
}

fn append(log: &mut Log, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        log.append(optime(number), entry(number)).unwrap();
    }
}

fn read_all(log: &mut Log) -> Vec<OpTime> {
    let entries = log.entries_after(OpTime::NULL, usize::MAX, usize::MAX).unwrap();
    for (name, bytes) in &entries {
        assert_eq!(*bytes, entry(name.ts.secs));
    }
    entries.into_iter().map(|(name, _)| name).collect()
}

fn optime(number: u32) -> OpTime {
    OpTime::new(1, number, 1)
}

fn optimes(numbers: std::ops::RangeInclusive<u32>) -> Vec<OpTime> {
    numbers.map(optime).collect()
}

fn entry(number: u32) -> Arc<[u8]> {
    format!("entry number {number:06}").into_bytes().into()
}

fn only_segment(dbpath: &Path) -> PathBuf {
    dbpath.join("oplog/seg-0000000000000001.log")
}
