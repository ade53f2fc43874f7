//! What happens to data while its process is down: power loss, truncation, bit rot.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::processes::{self, Taken};
use crate::{
    cluster::{
        error::ClusterError,
        power::{find_files, lose_power},
        rig::{PowerBackend, Rig},
    },
    nemesis::{dice::Dice, fault::Member},
};

/// Power fails at once on all members; what they had not synced is lost.
pub(super) async fn power_loss(
    rig: &mut Rig,
    members: &[Member],
    keep_permille: u32,
    seed: u64,
) -> Result<Taken, ClusterError> {
    if rig.power() == PowerBackend::None {
        return Err(ClusterError::NoPower { kind: "power-loss" });
    }
    if rig.power() == PowerBackend::UndoJournal {
        // Who never heard of the library has journaled nothing: it would lose nothing, and the record would say it had.
        for member in members {
            let page = rig
                .page(*member)
                .ok_or(ClusterError::NoShim { member: *member })?;
            if page.counters()?.starts == 0 {
                return Err(ClusterError::ShimUnused { member: *member });
            }
        }
    }
    let missed = undo_missed(rig, members);
    let killed = processes::kill_and(rig, members, |rig| rig.cut_power(members)).await;
    let mut taken = killed.inspect_err(|_| rig.restore_power(members))?;
    for member in members {
        let seat = &rig.seats()[usize::from(*member)];
        // Each machine has sectors of its own luck.
        let luck = seed.wrapping_add(u64::from(*member));
        let lost = match rig.disks.get(member) {
            Some(disk) => disk.lose_power(keep_permille, luck),
            None => lose_power(&seat.data, &seat.undo, keep_permille, luck),
        };
        match lost {
            Ok(loss) => {
                taken.effects.add("power_lost", 1);
                taken.effects.add("files_changed", loss.files_changed);
                taken.effects.add("bytes_lost", loss.bytes_lost);
                taken.effects.add("names_undone", loss.names_undone);
                taken.effects.add("sectors_kept", loss.sectors_kept);
            }
            Err(error) => {
                taken.effects.struck = false;
                taken.effects.remarks.push(error.to_string());
            }
        }
    }
    if rig.power() == PowerBackend::Image {
        let words = "what had reached the disk was the file system's own choice";
        taken.effects.remarks.push(words.to_owned());
    }
    taken.effects.add("undo_missed", missed);
    if missed > 0 {
        taken
            .effects
            .remarks
            .push(format!("{missed} changes could not be journaled and were kept"));
    }
    Ok(taken)
}

/// The last bytes of one file are cut off.
pub(super) async fn truncate(
    rig: &mut Rig,
    member: Member,
    bytes: u64,
    seed: u64,
) -> Result<Taken, ClusterError> {
    damage(rig, member, "bytes_cut", |data| cut_one(data, bytes, seed)).await
}

/// Bits turn over.
pub(super) async fn bit_rot(
    rig: &mut Rig,
    member: Member,
    flips: u32,
    seed: u64,
) -> Result<Taken, ClusterError> {
    damage(rig, member, "bits_flipped", |data| flip_bits(data, flips, seed)).await
}

async fn damage(
    rig: &mut Rig,
    member: Member,
    counter: &str,
    deed: impl FnOnce(&Path) -> Result<(u64, Vec<String>), ClusterError>,
) -> Result<Taken, ClusterError> {
    let mut taken = processes::kill(rig, &[member]).await?;
    match deed(&rig.seats()[usize::from(member)].data) {
        Ok((count, remarks)) => {
            taken.effects.add(counter, count);
            rig.settle_disk(member);
            rig.note_damage(member)?;
            taken.effects.struck = count > 0;
            taken.effects.remarks = remarks;
        }
        Err(error) => {
            taken.effects.struck = false;
            taken.effects.remarks.push(error.to_string());
        }
    }
    Ok(taken)
}

fn cut_one(data: &Path, bytes: u64, seed: u64) -> Result<(u64, Vec<String>), ClusterError> {
    let mut dice = Dice::new(seed, "truncate");
    let Some((path, size)) = dice.pick(&filled_files(data)?) else {
        return Ok((0, Vec::new()));
    };
    let cut = bytes.min(size);
    let file = OpenOptions::new().write(true).open(&path);
    file.and_then(|file| file.set_len(size - cut))
        .map_err(failed(&path))?;
    Ok((
        cut,
        vec![format!(
            "{} lost its last {cut} of {size} bytes",
            inside(data, &path)
        )],
    ))
}

fn flip_bits(data: &Path, flips: u32, seed: u64) -> Result<(u64, Vec<String>), ClusterError> {
    let mut dice = Dice::new(seed, "bit rot");
    let files = filled_files(data)?;
    let (mut flipped, mut remarks) = (0, Vec::new());
    for _ in 0..flips {
        let Some((path, size)) = dice.pick(&files) else {
            break;
        };
        let (offset, bit) = (dice.below(size), dice.below(8));
        let flip = || -> io::Result<()> {
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            let mut byte = [0];
            file.read_exact_at(&mut byte, offset)?;
            byte[0] ^= 1 << bit;
            file.write_all_at(&byte, offset)
        };
        flip().map_err(failed(&path))?;
        flipped += 1;
        remarks.push(format!("{} byte {offset} bit {bit}", inside(data, &path)));
    }
    Ok((flipped, remarks))
}

/// Files with content, by path: inode order would differ from run to run.
fn filled_files(data: &Path) -> Result<Vec<(PathBuf, u64)>, ClusterError> {
    let mut files = BTreeMap::new();
    find_files(data, &mut files).map_err(failed(data))?;
    let size = |path: PathBuf| fs::metadata(&path).ok().map(|status| (path, status.len()));
    let mut filled: Vec<(PathBuf, u64)> = files
        .into_values()
        .filter_map(size)
        .filter(|(_, size)| *size > 0)
        .collect();
    filled.sort();
    Ok(filled)
}

fn inside(data: &Path, path: &Path) -> String {
    path.strip_prefix(data).unwrap_or(path).display().to_string()
}

fn undo_missed(rig: &Rig, members: &[Member]) -> u64 {
    let counters = members
        .iter()
        .filter_map(|member| rig.page(*member)?.counters().ok());
    counters.map(|counters| counters.undo_missed).sum()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::Power { path, source }
}
