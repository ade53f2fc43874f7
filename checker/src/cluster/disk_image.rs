//! A disk of a member's own: an ext4 file system in a file in memory, on a loop device. What has reached the file at the moment at
//! which the power goes is what the machine finds again, by the file system's own journal: names, contents, stores
//! through mappings, whoever wrote them and however.
//!
//! It needs root, in a mount namespace of its own (see `switch::inside`): whatever kills the checker, the mounts and the
//! loop devices end with the namespace.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs,
    hash::{Hash as _, Hasher as _},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{error::ClusterError, power::Loss};

/// The size of a disk; only what is written takes room.
const BYTES: u64 = 1 << 30;

/// How it is mounted: nothing reaches the disk by time alone while a power loss is being played.
const OPTIONS: &str = "loop,noatime,commit=300";

/// A mounted disk. Dropping it takes it out, and nothing is left of it.
#[derive(Debug)]
pub(super) struct DiskImage {
    memory: PathBuf,
    file: PathBuf,
    mount: PathBuf,
}

/// What a directory holds: by path, the size and a hash of each file.
type Contents = BTreeMap<PathBuf, (u64, u64)>;

impl DiskImage {
    /// A new empty disk, kept in memory at `memory`, mounted at the directory `mount`. In memory, because a sync of the
    /// loop device is one of its file: on a machine's busy disk a power loss would last for half a minute.
    pub(super) fn create(memory: PathBuf, mount: PathBuf) -> Result<Self, ClusterError> {
        let failed = |source| ClusterError::Power {
            path: memory.clone(),
            source,
        };
        fs::create_dir_all(&memory).map_err(failed)?;
        run("mount", &["-t", "tmpfs", "checker-disk"], &[&memory])?;
        let file = memory.join("image");
        let made = fs::File::create(&file).and_then(|made| made.set_len(BYTES));
        made.map_err(failed)?;
        let options = "lazy_itable_init=1,lazy_journal_init=1";
        run("mkfs.ext4", &["-q", "-F", "-m", "0", "-E", options], &[&file])?;
        let disk = Self { memory, file, mount };
        disk.put_in()?;
        // Nothing of the file system's own shall lie among the member's files.
        let _ = fs::remove_dir(disk.mount.join("lost+found"));
        Ok(disk)
    }

    /// The power goes; nobody may have files open on the disk. What had not reached it is gone.
    pub(super) fn lose_power(&self) -> Result<Loss, ClusterError> {
        let failed = |source| ClusterError::Power {
            path: self.mount.clone(),
            source,
        };
        // First the disk as it is now: whatever is done later may write to it.
        let survivor = self.file.with_extension("after");
        run("cp", &["--sparse=always"], &[&self.file, &survivor])?;
        let before = contents(&self.mount).map_err(failed)?;
        run("umount", &[], &[&self.mount])?;
        fs::rename(&survivor, &self.file).map_err(failed)?;
        self.put_in()?;
        let after = contents(&self.mount).map_err(failed)?;
        Ok(loss(&before, &after))
    }

    fn put_in(&self) -> Result<(), ClusterError> {
        run("mount", &["-o", OPTIONS], &[&self.file, &self.mount])
    }
}

impl Drop for DiskImage {
    fn drop(&mut self) {
        // It goes with the namespace if not now.
        for place in [&self.mount, &self.memory] {
            let _ = run("umount", &[], &[place]);
        }
    }
}

fn loss(before: &Contents, after: &Contents) -> Loss {
    let mut loss = Loss::default();
    for (path, (size, hash)) in before {
        match after.get(path) {
            None => {
                loss.names_undone += 1;
                loss.bytes_lost += size;
            }
            Some((kept, same)) if (kept, same) != (size, hash) => {
                loss.files_changed += 1;
                loss.bytes_lost += size.saturating_sub(*kept);
            }
            Some(_) => {}
        }
    }
    loss.names_undone += after.keys().filter(|path| !before.contains_key(*path)).count() as u64;
    loss
}

fn contents(directory: &Path) -> io::Result<Contents> {
    let mut found = Contents::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let status = path.symlink_metadata()?;
        if status.is_dir() {
            found.extend(contents(&path)?);
        } else if status.is_file() {
            let mut hasher = DefaultHasher::new();
            fs::read(&path)?.hash(&mut hasher);
            found.insert(path, (status.size(), hasher.finish()));
        }
    }
    Ok(found)
}

fn run(program: &str, options: &[&str], paths: &[&Path]) -> Result<(), ClusterError> {
    let output = Command::new(program)
        .args(options)
        .args(paths)
        .stdin(Stdio::null())
        .output();
    let failed = |source| ClusterError::Power {
        path: paths.first().map_or_else(PathBuf::new, |path| path.to_path_buf()),
        source,
    };
    let output = output.map_err(|error| failed(io::Error::other(format!("`{program}`: {error}"))))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed(io::Error::other(format!("`{program}`: {words}"))))
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsString,
        fs::{File, OpenOptions},
        io::Write as _,
    };

    use super::*;
    use crate::cluster::{
        leftovers,
        switch::inside::{self, Gate, INSIDE_VARIABLE},
    };

    /// As root only: others cannot mount file systems, and have the undo journal.
    #[test]
    fn what_was_synced_is_there_and_nothing_else() {
        if Gate::find() != Ok(Gate::Root) {
            return eprintln!("no disk images here: they need root");
        }
        let program = std::env::current_exe().expect("it knows its path");
        let test = "cluster::disk_image::tests::a_disk_in_a_file_loses_power";
        let arguments = ["--exact", test, "--nocapture"].map(OsString::from);
        let mut inside = Gate::Root.command(&program, arguments);
        let ended = inside.env(INSIDE_VARIABLE, leftovers::own_words()).output();
        let ended = ended.expect("it starts");
        let told = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && told.contains("1 passed"), "{told}");
    }

    /// Does nothing outside.
    #[test]
    fn a_disk_in_a_file_loses_power() {
        if inside::starter().is_none() {
            return;
        }
        let home = tempfile::tempdir().expect("a directory");
        let mount = home.path().join("data");
        fs::create_dir(&mount).expect("it is new");
        let disk = DiskImage::create(home.path().join("disk"), mount.clone()).expect("root may");
        let write = |name: &str, text: &str| -> File {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(mount.join(name));
            let mut file = file.expect("there is room");
            file.write_all(text.as_bytes()).expect("there is room");
            file
        };
        write("log", "one").sync_all().expect("the disk works");
        write("log", "two");
        write("new", "never synced");
        let loss = disk.lose_power().expect("nobody uses it");
        assert_eq!(
            fs::read_to_string(mount.join("log")).expect("it was synced"),
            "one"
        );
        assert!(!mount.join("new").exists());
        assert_eq!((loss.files_changed, loss.names_undone), (1, 1));
        // The disk works on, and a second loss finds nothing to take.
        write("log", "three").sync_all().expect("the disk works");
        assert_eq!(disk.lose_power().expect("nobody uses it"), Loss::default());
        drop(disk);
        assert_eq!(fs::read_dir(&mount).expect("the directory is there").count(), 0);
    }
}
