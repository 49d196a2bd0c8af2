//! Writing over mapped pictures.

use std::fs;
use std::io::{Read, Seek, Write};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, open, renameat_with};
use rustix::io::Errno;

use crate::support::{contents, lists, wait_for, write};
use crate::world::{HEAT, World, overwrite, replace};

fn opened(path: &Path, flags: OFlags) -> Result<(), Errno> {
    open(path, flags | OFlags::CLOEXEC, Mode::from(0o644)).map(drop)
}

/// How a program puts other bytes under a name.
pub type Way = (&'static str, fn(&Path, &[u8]));

/// The ways in which programs do that.
pub const WAYS: &[Way] = &[
    ("in place", overwrite),
    ("by rename", replace),
    ("truncated first", |path, bytes| {
        rustix::fs::open(path, OFlags::WRONLY, Mode::empty()).map(drop).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(0).unwrap();
        (&file).write_all(bytes).unwrap();
    }),
    ("removed first", |path, bytes| {
        fs::remove_file(path).unwrap();
        assert!(!path.exists());
        write(path, bytes);
    }),
];

#[test]
fn write_truncate_or_rename_over_a_mapped_picture() {
    for (way, put) in WAYS {
        let Some(world) = World::new() else { return };
        let (poster, new) = (world.heat("poster.jpg"), world.picture("c.jpg"));
        let mut before = fs::File::open(&poster).unwrap();
        put(&poster, &new);
        assert_eq!(fs::read(&poster).unwrap(), new, "{way}: at once");
        assert_eq!(fs::read(world.heat_in_source("poster.jpg")).unwrap(), new, "{way}: a real file of the source");
        let other_name = world.heat("Heat (1995)-poster.jpg");
        wait_for(|| fs::read(&other_name).is_ok_and(|bytes| bytes == new));
        world.settled();
        assert_eq!(fs::read(&poster).unwrap(), new, "{way}");
        let selected = world.posters().into_iter().find(|candidate| candidate.is_selected).unwrap();
        assert!(selected.user_locked, "{way}: {selected:?}");
        let locks = world.catalog().locks_of(selected.entity).unwrap();
        assert!(locks.iter().any(|lock| lock.field == "poster" && lock.is_locked), "{way}: {locks:?}");
        let history = world.films.json(&["history"]);
        assert!(history[0]["reason"].as_str().unwrap().starts_with("written by "), "{way}: {}", history[0]);
        let mut old = Vec::new();
        before.read_to_end(&mut old).unwrap();
        assert_eq!(old, world.picture("a.jpg"), "{way}: who read before goes on reading that");
        world.cache_is_whole();
        assert!(world.heat_in_source("folder.jpg").exists() && world.recycled().is_empty(), "{way}");
    }
}

#[test]
fn a_managers_write_becomes_a_candidate_and_changes_nothing_that_is_shown() {
    let ways: [(&str, &str); 2] = [("cp", "in place"), ("mv", "by rename")];
    for (program, way) in ways {
        let Some(world) = World::new() else { return };
        let (poster, new) = (world.heat("poster.jpg"), world.picture("c.jpg"));
        let upload = world.heat("upload.jpg");
        write(&upload, &new);
        world.as_manager(program, &[&upload, &poster]);
        world.settled();
        wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
        let captured = world.posters().into_iter().find(|candidate| candidate.provider == "program").unwrap();
        assert!(!captured.is_selected && captured.cache_file.is_some(), "{way}: {captured:?}");
        assert_eq!(world.mapping("poster.jpg").hash, world.mapping("Heat (1995)-poster.jpg").hash);
        assert_eq!(fs::read(world.heat_in_source("poster.jpg")).unwrap(), new, "{way}: its file is in the source");
        assert!(lists(&world.view(HEAT), "poster.jpg"));
        world.cache_is_whole();
    }
}

#[test]
fn deny_refuses_every_write() {
    let Some(world) = World::with("on_write = 'deny'\non_write_by_managers = 'deny'") else { return };
    let (poster, hidden) = (world.heat("poster.jpg"), contents(world.films.media()));
    let other = world.heat("Heat (1995).mkv");
    for (what, outcome) in [
        ("write", opened(&poster, OFlags::WRONLY)),
        ("read and write", opened(&poster, OFlags::RDWR)),
        ("truncate", opened(&poster, OFlags::WRONLY | OFlags::TRUNC)),
        ("append", opened(&poster, OFlags::WRONLY | OFlags::APPEND)),
        ("rename over", rustix::fs::rename(&other, &poster)),
    ] {
        assert_eq!(outcome, Err(Errno::ROFS), "{what}");
    }
    assert_eq!(opened(&poster, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL), Err(Errno::EXIST));
    assert_eq!(renameat_with(CWD, &other, CWD, &poster, RenameFlags::EXCHANGE), Err(Errno::INVAL));
    assert_eq!(contents(world.films.media()), hidden, "nothing was changed");
    assert_eq!(fs::read(&poster).unwrap(), world.picture("a.jpg"));
    // What was removed does not come back as something else.
    fs::remove_file(&poster).unwrap();
    assert_eq!(opened(&poster, OFlags::WRONLY | OFlags::CREATE), Err(Errno::ROFS));
    world.cache_is_whole();
}

#[test]
fn where_the_picture_is_locked() {
    // All of them were chosen by hand, so they are locked: a manager may be told to adopt, and still only captures.
    let Some(world) = World::with("on_write_by_managers = 'adopt'") else { return };
    let poster = world.heat("poster.jpg");
    world.as_manager("cp", &[&world.films.picture("c.jpg"), &poster]);
    world.settled();
    assert_eq!(fs::read(&poster).unwrap(), world.picture("a.jpg"));
    assert!(world.posters().iter().any(|candidate| candidate.provider == "program" && !candidate.is_selected));
    // A person's later choice replaces the earlier one, and history keeps both.
    overwrite(&poster, &world.picture("b.jpg"));
    world.settled();
    wait_for(|| fs::read(world.heat("Heat (1995)-poster.jpg")).is_ok_and(|bytes| bytes == world.picture("b.jpg")));
    let generation = world.films.json(&["history"])[1]["generation"].to_string();
    world.films.one(&["rollback", &generation]);
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    let log = world.mount.log();
    assert!(
        log.contains("a program changes the view") && log.contains("program=\"cp\""),
        "every write is logged: {log}"
    );
    // Unlocked, the manager's write is adopted.
    let entity = world.mapping("poster.jpg").entity;
    let now = posterfs::model::UnixSeconds::new(2_000_000_000);
    let (poster_type, mode) = (["poster".parse().unwrap()], posterfs::catalog::PublishMode::Apply);
    let unlock = posterfs::catalog::LockChange::Unlock;
    world.catalog().change_locks(entity, &poster_type, unlock, mode, now).unwrap();
    world.as_manager("cp", &[&world.films.picture("c.jpg"), &poster]);
    wait_for(|| fs::read(world.heat("Heat (1995)-poster.jpg")).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
}

#[test]
fn what_is_no_whole_picture_stays_a_file() {
    let Some(world) = World::new() else { return };
    let (poster, whole) = (world.heat("poster.jpg"), world.picture("c.jpg"));
    overwrite(&poster, &whole[..whole.len() / 2]);
    wait_for(|| world.catalog().pending_writes().unwrap().is_empty());
    assert_eq!(fs::read(&poster).unwrap(), &whole[..whole.len() / 2], "what was written is what is read");
    assert!(world.posters().iter().all(|candidate| candidate.provider == "user"), "nothing was taken in");
    assert_eq!(fs::read(world.heat("Heat (1995)-poster.jpg")).unwrap(), world.picture("a.jpg"));
    // Completed, it is taken in.
    overwrite(&poster, &whole);
    wait_for(|| fs::read(world.heat("Heat (1995)-poster.jpg")).is_ok_and(|bytes| bytes == whole));
    // Broken once more, the next publishing shows the picture again.
    overwrite(&poster, b"no picture");
    wait_for(|| world.catalog().pending_writes().unwrap().is_empty());
    world.films.publish();
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == whole));
}

#[test]
fn who_opens_to_write_and_writes_nothing_changes_nothing() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    let mut file = fs::File::options().read(true).write(true).open(&poster).unwrap();
    let mut seen = Vec::new();
    file.read_to_end(&mut seen).unwrap();
    assert_eq!(seen, world.picture("a.jpg"), "the bytes are those of the picture");
    file.rewind().unwrap();
    drop(file);
    world.settled();
    wait_for(|| !world.heat_in_source("poster.jpg").exists());
    assert_eq!(fs::read(&poster).unwrap(), world.picture("a.jpg"));
    assert_eq!(world.films.json(&["history"]).len(), 1, "nothing was published");
}

#[test]
fn a_file_beneath_a_picture_goes_to_the_recycle_bin_before_it_is_written_over() {
    let Some(world) = World::new() else { return };
    let beneath = world.heat_in_source("poster.jpg");
    write(&beneath, "an original");
    overwrite(&world.heat("poster.jpg"), &world.picture("c.jpg"));
    world.settled();
    assert_eq!(fs::read(&beneath).unwrap(), world.picture("c.jpg"));
    assert_eq!(world.recycled(), [(beneath, b"an original".to_vec())]);
}

#[test]
fn a_hard_link_to_a_cache_file_is_never_written_through() {
    let Some(world) = World::new() else { return };
    // As `export --mode hardlink` makes them: the same inode in the source and in the cache.
    let (mapping, beneath) = (world.mapping("poster.jpg"), world.heat_in_source("poster.jpg"));
    let hash = mapping.hash.to_string();
    let cached = world.films.state().join("cache/assets").join(&hash[..2]).join(&hash[2..4]);
    fs::hard_link(cached.join(format!("{hash}.jpg")), &beneath).unwrap();
    for (_, put) in WAYS {
        put(&world.heat("poster.jpg"), &world.picture("c.jpg"));
        world.settled();
        world.cache_is_whole();
        put(&world.heat("poster.jpg"), &world.picture("a.jpg"));
        world.settled();
        world.cache_is_whole();
    }
}

#[test]
fn a_new_file_under_a_hidden_originals_name_is_seen() {
    let Some(world) = World::new() else { return };
    let (name, old) = (world.heat("folder.jpg"), fs::read(world.heat_in_source("folder.jpg")).unwrap());
    assert!(!name.exists());
    write(&name, "new");
    assert_eq!(fs::read(&name).unwrap(), b"new");
    assert!(lists(&world.view(HEAT), "folder.jpg"));
    assert_eq!(world.recycled(), [(world.heat_in_source("folder.jpg"), old)]);
    // A scan finds it to be another original of the poster, and it is hidden like the first.
    world.films.one(&["scan"]);
    wait_for(|| !name.exists());
}

#[test]
fn a_new_file_in_a_folder_of_mappings_makes_the_folder() {
    let Some(world) = World::new() else { return };
    let made = world.heat("extrafanart");
    write(made.join("fanart7.jpg"), "mine");
    fs::create_dir(made.join("more")).unwrap();
    let listed = crate::support::names(&made);
    assert_eq!(listed, crate::support::set(&["fanart1.jpg", "fanart7.jpg", "more"]));
    assert_eq!(fs::read(world.heat_in_source("extrafanart/fanart7.jpg")).unwrap(), b"mine");
    assert_eq!(fs::read(made.join("fanart1.jpg")).unwrap(), world.picture("b.jpg"));
    overwrite(&made.join("fanart1.jpg"), &world.picture("c.jpg"));
    wait_for(|| fs::read(world.heat("fanart1.jpg")).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
}
