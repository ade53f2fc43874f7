//! The names of a disk, twice: as they are looked up, and as a power loss would leave them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    iter::zip,
    mem,
};

/// The first directory.
pub(super) const ROOT: u64 = 1;

/// When names become durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesLaw {
    /// With any sync on the disk, in the order in which they were changed: what the journals of ext4 and xfs do.
    Ordered,
    /// With a sync of their directory only: what POSIX promises, and no more.
    Strict,
}

/// The entries of one directory.
pub(super) type Entries = BTreeMap<OsString, u64>;

/// One system call's changes: in a directory, a name is now that of an inode, or of none.
pub(super) type Change = Vec<(u64, OsString, Option<u64>)>;

/// All names of a disk.
#[derive(Debug)]
pub(super) struct Names {
    law: NamesLaw,
    current: BTreeMap<u64, Entries>,
    durable: BTreeMap<u64, Entries>,
    /// What is not yet durable, oldest first.
    pending: Vec<Change>,
}

impl Names {
    /// An empty root.
    pub(super) fn new(law: NamesLaw) -> Self {
        let root = BTreeMap::from([(ROOT, Entries::new())]);
        Self {
            law,
            current: root.clone(),
            durable: root,
            pending: Vec::new(),
        }
    }

    /// What a directory holds; nothing of what is none.
    pub(super) fn entries(&self, directory: u64) -> Option<&Entries> {
        self.current.get(&directory)
    }

    /// A directory of this number may have names from now on.
    pub(super) fn add_directory(&mut self, directory: u64) {
        self.current.insert(directory, Entries::new());
        self.durable.insert(directory, Entries::new());
    }

    /// Changes names, all of one change at once.
    pub(super) fn change(&mut self, change: Change) {
        put(&mut self.current, &change);
        self.pending.push(change);
    }

    /// Some file was synced.
    pub(super) fn file_synced(&mut self) {
        if self.law == NamesLaw::Ordered {
            self.sync();
        }
    }

    /// A directory was synced. What moved between two directories is durable with either.
    pub(super) fn directory_synced(&mut self, directory: u64) {
        if self.law == NamesLaw::Ordered {
            return self.sync();
        }
        let synced = self.led_to_by(directory);
        let (synced, pending): (Vec<_>, Vec<_>) =
            zip(synced, mem::take(&mut self.pending)).partition(|(synced, _)| *synced);
        let changes = |part: Vec<(bool, Change)>| part.into_iter().map(|(_, change)| change).collect();
        let (synced, pending): (Vec<Change>, Vec<Change>) = (changes(synced), changes(pending));
        self.pending = pending;
        for change in synced {
            put(&mut self.durable, &change);
        }
    }

    /// Which of the waiting changes a sync of the directory makes durable: those in it, and earlier ones of the same names,
    /// which would else overwrite them later.
    fn led_to_by(&self, directory: u64) -> Vec<bool> {
        let mut names: BTreeSet<(u64, &OsString)> = BTreeSet::new();
        let mut chosen: Vec<bool> = Vec::new();
        for change in self.pending.iter().rev() {
            let is_chosen = change
                .iter()
                .any(|(parent, name, _)| *parent == directory || names.contains(&(*parent, name)));
            if is_chosen {
                names.extend(change.iter().map(|(parent, name, _)| (*parent, name)));
            }
            chosen.push(is_chosen);
        }
        chosen.reverse();
        chosen
    }

    /// All names are durable.
    pub(super) fn sync(&mut self) {
        for change in mem::take(&mut self.pending) {
            put(&mut self.durable, &change);
        }
    }

    /// The durable names are the current ones; of the others some first ones stay, as long as `keep` says so. Gives how
    /// many changes are undone.
    pub(super) fn lose(&mut self, mut keep: impl FnMut() -> bool) -> u64 {
        let pending = mem::take(&mut self.pending);
        let kept = pending.iter().take_while(|_| keep()).count();
        for change in &pending[..kept] {
            put(&mut self.durable, change);
        }
        // Directories that no name leads to are gone with all that is in them.
        let reached = reachable(&self.durable);
        self.durable.retain(|directory, _| reached.contains(directory));
        self.current.clone_from(&self.durable);
        (pending.len() - kept) as u64
    }

    /// A directory that lost its last name.
    pub(super) fn remove_directory(&mut self, directory: u64) {
        self.current.remove(&directory);
    }

    /// How many names an inode has.
    pub(super) fn links(&self, inode: u64) -> usize {
        let all = self.current.values().flat_map(BTreeMap::values);
        all.filter(|target| **target == inode).count()
    }

    /// Every inode to which a current name leads, the root too.
    pub(super) fn current(&self) -> BTreeSet<u64> {
        reachable(&self.current)
    }

    /// Every inode to which a current or a durable name leads, the root too.
    pub(super) fn named(&self) -> BTreeSet<u64> {
        let mut named = self.current();
        named.extend(reachable(&self.durable));
        // A change that waits may yet become durable, in part.
        let waiting = self.pending.iter().flatten().filter_map(|(_, _, target)| *target);
        named.extend(waiting);
        named
    }
}

fn put(names: &mut BTreeMap<u64, Entries>, change: &Change) {
    for (directory, name, target) in change {
        let Some(entries) = names.get_mut(directory) else {
            continue;
        };
        match target {
            Some(inode) => entries.insert(name.clone(), *inode),
            None => entries.remove(name),
        };
    }
}

fn reachable(names: &BTreeMap<u64, Entries>) -> BTreeSet<u64> {
    let (mut reached, mut ahead) = (BTreeSet::from([ROOT]), vec![ROOT]);
    while let Some(directory) = ahead.pop() {
        for target in names.get(&directory).into_iter().flat_map(BTreeMap::values) {
            if reached.insert(*target) {
                ahead.push(*target);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: fn() -> bool = || false;

    #[test]
    fn any_sync_keeps_all_names_by_the_order_of_journals() {
        let mut names = Names::new(NamesLaw::Ordered);
        names.change(made("a", 5));
        names.file_synced();
        names.change(vec![(ROOT, "a".into(), None), (ROOT, "b".into(), Some(5))]);
        names.change(made("c", 6));
        assert_eq!(found(&names), ["b", "c"]);
        assert_eq!(names.lose(NEVER), 2);
        assert_eq!(found(&names), ["a"]);
    }

    #[test]
    fn only_its_directory_keeps_a_name_by_the_strict_law() {
        let mut names = Names::new(NamesLaw::Strict);
        names.change(made("below", 5));
        names.add_directory(5);
        names.change(vec![(5, "file".into(), Some(6))]);
        names.change(made("other", 7));
        names.file_synced();
        names.directory_synced(5);
        // What is in the directory was synced; that the directory is there was not.
        assert_eq!(names.lose(NEVER), 2);
        assert_eq!(found(&names), [""; 0]);
        assert!(names.entries(5).is_none());
    }

    #[test]
    fn a_move_between_directories_is_never_half() {
        let mut names = Names::new(NamesLaw::Strict);
        names.change(made("below", 5));
        names.add_directory(5);
        names.change(made("file", 6));
        names.directory_synced(ROOT);
        names.change(vec![(ROOT, "file".into(), None), (5, "moved".into(), Some(6))]);
        names.directory_synced(5);
        assert_eq!(names.lose(NEVER), 0);
        assert_eq!(found(&names), ["below"]);
        assert_eq!((names.links(6), names.named().contains(&6)), (1, true));
    }

    #[test]
    fn a_moved_name_does_not_come_back_with_a_later_sync_of_where_it_was() {
        let mut names = Names::new(NamesLaw::Strict);
        names.change(made("below", 5));
        names.add_directory(5);
        names.directory_synced(ROOT);
        names.change(made("file", 6));
        names.change(vec![(ROOT, "file".into(), None), (5, "moved".into(), Some(6))]);
        names.directory_synced(5);
        names.directory_synced(ROOT);
        assert_eq!(names.lose(NEVER), 0);
        assert_eq!((found(&names), names.links(6)), (vec!["below"], 1));
    }

    #[test]
    fn some_first_changes_may_have_reached_the_disk() {
        let mut names = Names::new(NamesLaw::Ordered);
        for (name, inode) in [("a", 5), ("b", 6), ("c", 7)] {
            names.change(made(name, inode));
        }
        let mut asked = 0;
        let undone = names.lose(|| {
            asked += 1;
            asked < 2
        });
        assert_eq!((undone, found(&names)), (2, vec!["a"]));
    }

    fn made(name: &str, inode: u64) -> Change {
        vec![(ROOT, name.into(), Some(inode))]
    }

    fn found(names: &Names) -> Vec<&str> {
        let root = names.entries(ROOT).expect("it is always there");
        root.keys().filter_map(|name| name.to_str()).collect()
    }
}
