//! The disk's semantics, one call after the other, without a kernel.

use super::*;

#[test]
fn a_name_without_its_content_and_content_without_its_name() {
    let mut disk = disk(NamesLaw::Ordered);
    let synced = file(&mut disk, "synced");
    disk.write(synced, 0, b"kept").expect("there is room");
    let other = file(&mut disk, "other");
    disk.write(other, 0, b"lost").expect("there is room");
    disk.sync(synced).expect("it is there");
    file(&mut disk, "late");
    let loss = disk.lose_power(0, &mut dice());
    assert_eq!(
        (text(&disk, "synced"), text(&disk, "other")),
        (Ok("kept".into()), Ok(String::new()))
    );
    assert_eq!(text(&disk, "late"), Err(Errno::ENOENT));
    assert_eq!(
        (loss.files_changed, loss.bytes_lost, loss.names_undone),
        (1, 4, 1)
    );
    assert_eq!(disk.lose_power(0, &mut dice()), Loss::default());
}

#[test]
fn a_synced_file_without_a_synced_directory_is_lost_by_the_strict_law_only() {
    for (law, expected) in [
        (NamesLaw::Ordered, Ok("kept".to_owned())),
        (NamesLaw::Strict, Err(Errno::ENOENT)),
    ] {
        let mut disk = disk(law);
        let number = file(&mut disk, "segment");
        disk.write(number, 0, b"kept").expect("there is room");
        disk.sync(number).expect("it is there");
        disk.lose_power(0, &mut dice());
        assert_eq!(text(&disk, "segment"), expected, "{law:?}");
    }
    let mut disk = disk(NamesLaw::Strict);
    let number = file(&mut disk, "segment");
    disk.sync(number).expect("it is there");
    disk.sync_directory(ROOT);
    disk.lose_power(0, &mut dice());
    assert_eq!(text(&disk, "segment"), Ok(String::new()));
}

#[test]
fn what_was_replaced_or_removed_comes_back() {
    let mut disk = disk(NamesLaw::Ordered);
    for (name, bytes) in [("current", b"v1"), ("gone", b"xx")] {
        let number = file(&mut disk, name);
        disk.write(number, 0, bytes).expect("there is room");
        disk.sync(number).expect("it is there");
    }
    let next = file(&mut disk, "next");
    disk.write(next, 0, b"v2").expect("there is room");
    let (from, to) = ((ROOT, OsStr::new("next")), (ROOT, OsStr::new("current")));
    assert_eq!(disk.rename(from, to, true), Err(Errno::EEXIST));
    disk.rename(from, to, false).expect("it may be replaced");
    disk.unlink(ROOT, "gone".as_ref()).expect("it is there");
    assert_eq!(
        (text(&disk, "current"), text(&disk, "gone")),
        (Ok("v2".into()), Err(Errno::ENOENT))
    );
    disk.lose_power(0, &mut dice());
    assert_eq!(
        (text(&disk, "current"), text(&disk, "gone")),
        (Ok("v1".into()), Ok("xx".into()))
    );
    assert_eq!(text(&disk, "next"), Err(Errno::ENOENT));
}

#[test]
fn room_comes_back_when_nothing_can_bring_the_file_back() {
    let mut disk = MemoryDisk::new(NamesLaw::Ordered, 3 * PAGE_BYTES as u64, Owner::default());
    let number = file(&mut disk, "big");
    disk.write(number, 0, &[1; 3 * PAGE_BYTES])
        .expect("there is room");
    assert_eq!(
        disk.write(number, 3 * PAGE_BYTES as u64, b"x"),
        Err(Errno::ENOSPC)
    );
    disk.write(number, 0, b"x").expect("overwriting takes none");
    disk.sync(number).expect("it is there");
    disk.opened(number);
    disk.unlink(ROOT, "big".as_ref()).expect("it is there");
    disk.settle();
    assert_eq!(disk.room(), (3, 3));
    assert_eq!(disk.content(number).expect("it is open").read(0, 1), b"x");
    disk.released(number);
    assert_eq!(disk.room(), (3, 0));
    assert!(disk.inode(number).is_err());
}

#[test]
fn directories_and_links_behave() {
    let mut disk = disk(NamesLaw::Ordered);
    let directory = Inode::new(Kind::Directory, 0o755, Owner::default());
    let below = disk.make(ROOT, "below".as_ref(), directory).expect("it is new");
    let inside = Inode::new(Kind::File(Content::default()), 0o644, Owner::default());
    let inside = disk.make(below, "file".as_ref(), inside).expect("it is new");
    assert_eq!(
        disk.remove_directory(ROOT, "below".as_ref()),
        Err(Errno::ENOTEMPTY)
    );
    assert_eq!(disk.unlink(ROOT, "below".as_ref()), Err(Errno::EISDIR));
    disk.link(inside, ROOT, "second".as_ref()).expect("it is new");
    assert_eq!(disk.links(inside), 2);
    disk.unlink(below, "file".as_ref()).expect("it is there");
    disk.remove_directory(ROOT, "below".as_ref())
        .expect("it is empty");
    disk.settle();
    assert_eq!(
        (disk.links(inside), text(&disk, "second")),
        (1, Ok(String::new()))
    );
    assert_eq!(disk.numbers(), [ROOT, inside]);
}

#[test]
fn the_same_seed_tears_the_same_way() {
    let torn = |seed| {
        let mut disk = disk(NamesLaw::Ordered);
        let number = file(&mut disk, "f");
        disk.write(number, 0, &[b'o'; 20 * 512]).expect("there is room");
        disk.sync(number).expect("it is there");
        disk.write(number, 0, &[b'n'; 40 * 512]).expect("there is room");
        let loss = disk.lose_power(500, &mut Dice::new(seed, "power loss"));
        (text(&disk, "f"), loss)
    };
    let (first, loss) = torn(1);
    assert!((5..35).contains(&loss.sectors_kept), "{loss:?}");
    assert_eq!(torn(1).0, first);
    assert_ne!(torn(2).0, first);
}

fn disk(law: NamesLaw) -> MemoryDisk {
    MemoryDisk::new(law, 1 << 20, Owner::default())
}

fn dice() -> Dice {
    Dice::new(0, "power loss")
}

fn file(disk: &mut MemoryDisk, name: &str) -> u64 {
    let inode = Inode::new(Kind::File(Content::default()), 0o644, Owner::default());
    disk.make(ROOT, name.as_ref(), inode).expect("it is new")
}

fn text(disk: &MemoryDisk, name: &str) -> Result<String, Errno> {
    let content = disk.content(disk.find(ROOT, name.as_ref())?)?;
    Ok(String::from_utf8_lossy(&content.read(0, usize::MAX)).into_owned())
}
