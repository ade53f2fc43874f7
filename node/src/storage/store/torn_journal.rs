//! The engine's journal after a power loss that tore it.
//!
//! Sectors reach a disk in any order: of what was not synced, a later one may be there and an earlier one not. The engine
//! forgives a journal that lacks its end; wrong bytes within a batch whose end is there it refuses (`ChecksumMismatch`),
//! and the member could never start again. What the engine does not hold durably is in the oplog, so the journal is cut
//! before the first batch that is not whole, and the replay begins at the marker of the last one that is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_64;

/// Tags of fjall 3's records, and what stands at the end of a batch.
const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = [b'F', b'J', b'L', 3];

/// File with which the engine says of what format its files are: the same bytes.
const VERSION_FILE: &str = "version";

/// Cuts the newest journal in `directory` before its first batch that is not whole; gives what it kept, in bytes. `None`:
/// there is nothing to cut, or the files are of a format that is not known here, of which no batch would look whole.
/// Older journals were synced before the newest was begun.
///
/// # Errors
/// What the file system says.
pub(super) fn cut(directory: &Path) -> io::Result<Option<(PathBuf, usize)>> {
    if fs::read(directory.join(VERSION_FILE))? != TRAILER {
        return Ok(None);
    }
    let Some(path) = newest(directory)? else {
        return Ok(None);
    };
    let bytes = fs::read(&path)?;
    let whole = whole_batches(&bytes);
    if whole == bytes.len() {
        return Ok(None);
    }
    let file = fs::OpenOptions::new().write(true).open(&path)?;
    file.set_len(whole as u64)?;
    file.sync_all()?;
    Ok(Some((path, whole)))
}

fn newest(directory: &Path) -> io::Result<Option<PathBuf>> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name
            .and_then(|name| name.strip_suffix(".jnl"))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number
            && newest.as_ref().is_none_or(|(most, _)| *most < number)
        {
            newest = Some((number, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// Where the last of the whole batches at the beginning ends.
fn whole_batches(journal: &[u8]) -> usize {
    let mut whole = 0;
    while let Some(length) = batch(&journal[whole..]) {
        whole += length;
    }
    whole
}

/// The length of the batch that begins here; `None`: it is not whole.
fn batch(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let [START] = take(&mut rest)? else { return None };
    let count = u32::from_le_bytes(take(&mut rest)?);
    let _sequence_number: [u8; 8] = take(&mut rest)?;
    let items = rest;
    for _ in 0..count {
        item(&mut rest)?;
    }
    let items = &items[..items.len() - rest.len()];
    let [END] = take(&mut rest)? else { return None };
    let checksum = u64::from_le_bytes(take(&mut rest)?);
    let whole = take(&mut rest)? == TRAILER && checksum == xxh3_64(items);
    whole.then(|| bytes.len() - rest.len())
}

fn item(rest: &mut &[u8]) -> Option<()> {
    match take(rest)? {
        [ITEM] => {
            let _kind_and_compression: [u8; 2] = take(rest)?;
            let _keyspace: [u8; 8] = take(rest)?;
            let key = u16::from_le_bytes(take(rest)?);
            let _uncompressed: [u8; 4] = take(rest)?;
            let value = u32::from_le_bytes(take(rest)?);
            let (_, behind) = rest.split_at_checked(usize::from(key) + value as usize)?;
            *rest = behind;
        }
        [CLEAR] => {
            let _keyspace: [u8; 8] = take(rest)?;
        }
        _ => return None,
    }
    Some(())
}

fn take<const LENGTH: usize>(rest: &mut &[u8]) -> Option<[u8; LENGTH]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::store::{BatchItem, Engine, FjallEngine, FjallOptions, KeyRange, PageLimit, Room};

    const BATCHES: u32 = 40;
    const VALUE_BYTES: usize = 2048;

    /// `checker run --disk fuse --nemesis power-loss --seed 604`: the member never started again.
    #[test]
    fn a_journal_torn_in_the_middle_is_cut_there() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path());
        let path = newest(directory.path()).unwrap().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let value = [23_u8; VALUE_BYTES];
        let at = bytes
            .windows(VALUE_BYTES)
            .position(|window| window == value)
            .unwrap();
        bytes[at + 512..at + 1024].fill(0);
        fs::write(&path, bytes).unwrap();
        let engine = FjallEngine::open(directory.path(), FjallOptions::default()).unwrap();
        let documents = engine
            .scan(Room::Documents, &KeyRange::all(), PageLimit::NONE)
            .unwrap();
        let marker = engine.get(Room::Catalog, b"marker").unwrap().unwrap();
        assert_eq!(documents.len(), 22, "all before the torn batch, none after it");
        assert_eq!(*marker, 22_u32.to_be_bytes());
    }

    /// The format is fjall's own; a version that changes it shows here.
    #[test]
    fn the_engines_own_journal_is_whole_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path());
        let bytes = fs::read(newest(directory.path()).unwrap().unwrap()).unwrap();
        let whole = whole_batches(&bytes);
        assert!(whole > BATCHES as usize * VALUE_BYTES, "{whole}");
        assert!(
            bytes[whole..].iter().all(|byte| *byte == 0),
            "a batch was not understood"
        );
    }

    #[test]
    fn a_journal_of_another_format_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(VERSION_FILE), b"FJL\x04").unwrap();
        let journal = directory.path().join("7.jnl");
        fs::write(&journal, b"what is this").unwrap();
        assert_eq!(cut(directory.path()).unwrap(), None);
        fs::write(directory.path().join(VERSION_FILE), TRAILER).unwrap();
        assert_eq!(cut(directory.path()).unwrap(), Some((journal, 0)));
    }

    fn write(directory: &Path) {
        let engine = FjallEngine::open(directory, FjallOptions::default()).unwrap();
        for number in 1..=BATCHES {
            let item = |room, key: &[u8], value: &[u8]| BatchItem {
                room,
                key: key.to_vec(),
                value: Some(value.into()),
            };
            let value = [number as u8; VALUE_BYTES];
            let document = item(Room::Documents, &number.to_be_bytes(), &value);
            let marker = item(Room::Catalog, b"marker", &number.to_be_bytes());
            engine.apply_batch(vec![document, marker]).unwrap();
        }
        engine.flush().unwrap();
    }
}
