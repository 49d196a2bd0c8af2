//! Programs as they are: the sequences of system calls by which managers, players and people's tools treat a library.
//!
//! Each runs in a process that goes by the program's name, since that is how a view tells them apart.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{
    AtFlags, CWD, FallocateFlags, FlockOperation, Timespec, Timestamps, UTIME_NOW, fallocate, flock, utimensat,
};

use crate::support::{lists, names, wait_for, write};
use crate::world::{HEAT, World};

/// Does what stands in its input, in whatever name it was started: one step a line, words separated by tabs.
#[test]
#[ignore = "started by the other tests, under the names of programs"]
fn acts() {
    let mut script = String::new();
    std::io::stdin().read_to_string(&mut script).unwrap();
    for line in script.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        step(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

fn step(words: &[&str]) -> std::io::Result<()> {
    match *words {
        ["mkdir", path] => fs::create_dir(path),
        ["rmdir", path] => fs::remove_dir(path),
        ["unlink", path] => fs::remove_file(path),
        ["rename", from, to] => fs::rename(from, to),
        ["link", from, to] => fs::hard_link(from, to),
        ["chmod", path, mode] => {
            fs::set_permissions(path, fs::Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap()))
        }
        ["touch", path] => touch(Path::new(path)),
        ["look", path] => fs::metadata(path).map(drop),
        // What most programs do.
        ["create", path, from] => {
            let bytes = fs::read(from)?;
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?.write_all(&bytes)
        }
        // A new file only; in pieces, as a copy does it.
        ["copy", from, to] => {
            let mut file = OpenOptions::new().write(true).create_new(true).open(to)?;
            fs::read(from)?.chunks(8192).try_for_each(|piece| file.write_all(piece))
        }
        // As `cp --preserve=timestamps` and every program that brings the time of its source along.
        ["copy-with-time", from, to] => {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(to)?;
            file.write_all(&fs::read(from)?)?;
            let then = Timespec { tv_sec: 1_000_000_000, tv_nsec: 0 };
            Ok(rustix::fs::futimens(&file, &Timestamps { last_access: then, last_modification: then })?)
        }
        ["map", from, to] => write_mapped(Path::new(to), &fs::read(from)?),
        // A `FileStream` of .NET that makes or replaces: Radarr's and Sonarr's, or Jellyfin's for pictures.
        ["stream", path, from] => write_as_dotnet(Path::new(path), &fs::read(from)?, false),
        ["save", path, from] => write_as_dotnet(Path::new(path), &fs::read(from)?, true),
        // As `rsync --inplace`: what is there is written over, and cut off behind.
        ["in-place", path, from] => {
            let (bytes, mut read) = (fs::read(from)?, Vec::new());
            OpenOptions::new().read(true).open(path)?.read_to_end(&mut read)?;
            let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            file.write_all(&bytes)?;
            file.set_len(bytes.len() as u64)
        }
        // What must not be done.
        ["refused", ref rest @ ..] => match step(rest) {
            Err(error) if error.raw_os_error() == Some(libc::EROFS) => Ok(()),
            other => panic!("{rest:?} is not refused: {other:?}"),
        },
        // As Directory.Delete(recursive) of .NET and shutil.rmtree.
        ["remove-tree", path] => remove_tree(Path::new(path)),
        // As Radarr and Sonarr before that: every file that is found beneath, and then nothing may be found any more.
        ["empty", path] => {
            files_beneath(Path::new(path))?.iter().try_for_each(fs::remove_file)?;
            let left = files_beneath(Path::new(path))?;
            if left.is_empty() { Ok(()) } else { panic!("{left:?} came back") }
        }
        // What goes to their recycle bin is as old as its deletion.
        ["touch-all", path] => files_beneath(Path::new(path))?.iter().try_for_each(|file| touch(file)),
        _ => panic!("there is no such step"),
    }
}

fn touch(path: &Path) -> std::io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    Ok(utimensat(CWD, path, &times, AtFlags::empty())?)
}

/// .NET opens without truncating, locks, and truncates then. `is_exclusive` is a file that is shared with nobody, whose
/// room is taken first, and of which each write reaches the disk.
fn write_as_dotnet(path: &Path, bytes: &[u8], is_exclusive: bool) -> std::io::Result<()> {
    let (lock, flags) = if is_exclusive {
        (FlockOperation::NonBlockingLockExclusive, libc::O_SYNC)
    } else {
        (FlockOperation::NonBlockingLockShared, 0)
    };
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(flags).clone();
    let mut file = options.open(path)?;
    flock(&file, lock)?;
    file.set_len(0)?;
    if is_exclusive {
        fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes.len() as u64)?;
    }
    bytes.chunks(4096).try_for_each(|piece| file.write_all(piece))?;
    Ok(flock(&file, FlockOperation::Unlock)?)
}

fn files_beneath(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files_beneath(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Writes through memory, as editors of pictures and databases do.
fn write_mapped(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    file.set_len(bytes.len() as u64)?;
    let (read_write, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    // SAFETY: a new mapping, wherever the kernel likes.
    let mapped = unsafe { libc::mmap(std::ptr::null_mut(), bytes.len(), read_write, shared, file.as_raw_fd(), 0) };
    if mapped == libc::MAP_FAILED {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the mapping is as long as the bytes, and nobody else in this process has it.
    let outcome = unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), mapped.cast::<u8>(), bytes.len());
        (libc::msync(mapped, bytes.len(), libc::MS_SYNC), libc::munmap(mapped, bytes.len()))
    };
    if outcome == (0, 0) { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn remove_tree(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { remove_tree(&entry.path())? } else { fs::remove_file(entry.path())? }
    }
    fs::remove_dir(folder)
}

impl World {
    /// Runs the steps in a process of that name.
    #[track_caller]
    fn run_as(&self, program: &str, steps: &[&[&Path]]) {
        let link = self.mount.plain().join(program);
        if !link.exists() {
            symlink(Path::new("/proc/self/exe").read_link().unwrap(), &link).unwrap();
        }
        let mut child = Command::new(link)
            .args(["--exact", "programs::acts", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let line = |step: &&[&Path]| step.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join("\t");
        let script = steps.iter().map(line).collect::<Vec<_>>().join("\n");
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{program}: {said}");
    }
}

fn word(text: &str) -> &Path {
    Path::new(text)
}

/// With the managers and players that are known without any settings.
fn world() -> Option<World> {
    World::with("managers = ['Radarr', 'Sonarr', 'jellyfin', 'kodi']")
}

#[test]
fn radarr_imports_upgrades_renames_and_deletes() {
    let Some(world) = world() else { return };
    let (heat, poster) = (world.view(HEAT), world.heat("poster.jpg"));
    let (old, new) = (world.heat("Heat (1995).mkv"), world.heat("Heat (1995) Bluray-1080p.mkv"));
    let (download, bin) = (world.view(b"download.mkv"), world.view(b".recycle"));
    write(&download, "a better one");
    // An upgrade: the old video into the recycle bin, the new one by hard link, then times and rights of it and its folder.
    let recycled = bin.join("Heat (1995).mkv");
    world.run_as(
        "Radarr",
        &[
            &[word("mkdir"), &bin],
            &[word("rename"), &old, &recycled],
            &[word("touch"), &recycled],
            &[word("link"), &download, &new],
            &[word("touch"), &new],
            &[word("touch"), &heat],
            &[word("chmod"), &new, word("644")],
            &[word("chmod"), &heat, word("755")],
        ],
    );
    assert_eq!(fs::read(&poster).unwrap(), world.picture("a.jpg"));
    // It brings the poster that it knows of: beside it, then the old one goes and the new one takes its place.
    let part = world.heat("poster.jpg.part");
    world.run_as(
        "Radarr",
        &[
            &[word("stream"), &part, &world.films.picture("c.jpg")],
            &[word("look"), &poster],
            &[word("unlink"), &poster],
            &[word("rename"), &part, &poster],
            &[word("chmod"), &poster, word("664")],
        ],
    );
    world.settled();
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    assert!(world.is_offered(&world.picture("c.jpg")));
    // It cleans up what it takes for its own: the picture is back.
    world.run_as("Radarr", &[&[word("unlink"), &world.heat("clearlogo.png")]]);
    wait_for(|| world.heat("clearlogo.png").exists());
    // It renames film and folder.
    let (renamed, moved) = (world.heat("Heat (1995) [2160p].mkv"), world.view(b"Heat (1995) [tmdbid-949]"));
    world.films.one(&["scan"]);
    world.films.publish();
    wait_for(|| world.heat("Heat (1995) Bluray-1080p-poster.jpg").exists());
    world.run_as("Radarr", &[&[word("rename"), &new, &renamed], &[word("rename"), &heat, &moved]]);
    assert!(!heat.exists());
    wait_for(|| moved.join("Heat (1995) [2160p]-poster.jpg").exists());
    assert_eq!(fs::read(moved.join("poster.jpg")).unwrap(), world.picture("a.jpg"));
    assert!(!lists(&moved, "Heat (1995) Bluray-1080p-poster.jpg"));
    // The case of a name changes in two steps, as on file systems that would take both names for one.
    let (aside, lower) = (moved.join("Heat (1995) [2160p].mkv.backup~"), moved.join("heat (1995) [2160p].mkv"));
    let there = moved.join("Heat (1995) [2160p].mkv");
    world.run_as("Radarr", &[&[word("rename"), &there, &aside], &[word("rename"), &aside, &lower]]);
    wait_for(|| moved.join("heat (1995) [2160p]-poster.jpg").exists());
    assert!(!lists(&moved, "Heat (1995) [2160p]-poster.jpg"));
    let (aside, cased) = (world.view(b"Heat (1995) [tmdbid-949].backup~"), world.view(b"HEAT (1995) [tmdbid-949]"));
    world.run_as("Radarr", &[&[word("rename"), &moved, &aside], &[word("rename"), &aside, &cased]]);
    assert_eq!(fs::read(cased.join("poster.jpg")).unwrap(), world.picture("a.jpg"));
    // It deletes the film, and another import brings it back.
    world.run_as("Radarr", &[&[word("empty"), &cased], &[word("remove-tree"), &cased]]);
    assert!(!cased.exists());
    let import: [&[&Path]; 2] =
        [&[word("mkdir"), &cased], &[word("link"), &download, &cased.join("heat (1995) [2160p].mkv")]];
    world.run_as("Radarr", &import);
    wait_for(|| fs::read(cased.join("poster.jpg")).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    // The same with a recycle bin.
    let binned = bin.join("HEAT (1995) [tmdbid-949]");
    world.run_as(
        "Radarr",
        &[&[word("rename"), &cased, &binned], &[word("touch"), &binned], &[word("touch-all"), &binned]],
    );
    assert!(!cased.exists() && !binned.join("poster.jpg").exists());
    world.run_as("Radarr", &import);
    let moved = cased;
    wait_for(|| fs::read(moved.join("poster.jpg")).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    world.cache_is_whole();
}

#[test]
fn jellyfin_saves_its_own_artwork() {
    let Some(world) = world() else { return };
    let (poster, backdrop) = (world.heat("poster.jpg"), world.heat("backdrop1.jpg"));
    let (own, nfo) = (world.films.picture("c.jpg"), world.heat("movie.nfo"));
    world.run_as(
        "jellyfin",
        &[&[word("save"), &poster, &own], &[word("save"), &backdrop, &own], &[word("stream"), &nfo, &own]],
    );
    world.settled();
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    assert!(world.posters().iter().any(|candidate| candidate.provider == "program"), "what it wrote can be chosen");
    // Under names at which nothing is published it has simply written files.
    assert_eq!(fs::read(world.heat_in_source("backdrop1.jpg")).unwrap(), world.picture("c.jpg"));
    assert!(world.heat_in_source("movie.nfo").exists());
    // A new picture of its own: it removes the one that it takes for the old one first.
    world.run_as("jellyfin", &[&[word("unlink"), &poster], &[word("save"), &poster, &own]]);
    world.settled();
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    // A picture in another format: the new one first, then the old one goes, which is back after a while.
    let png = world.heat("poster.png");
    world.run_as("jellyfin", &[&[word("save"), &png, &own], &[word("unlink"), &poster]]);
    assert!(!poster.exists() && png.exists());
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    world.cache_is_whole();
}

#[test]
fn kodi_exports_its_library() {
    let Some(world) = world() else { return };
    let own = world.films.picture("c.jpg");
    let pictures: Vec<PathBuf> =
        ["Heat (1995)-poster.jpg", "Heat (1995)-fanart.jpg"].map(|name| world.heat(name)).into();
    let actors = world.heat(".actors");
    let before = names(&world.view(HEAT));
    world.run_as(
        "kodi.bin",
        &[
            &[word("create"), &world.heat("Heat (1995).nfo"), &own],
            &[word("create"), &pictures[0], &own],
            &[word("create"), &pictures[1], &own],
            &[word("mkdir"), &actors],
            &[word("copy"), &own, &actors.join("Al_Pacino.jpg")],
        ],
    );
    world.settled();
    wait_for(|| fs::read(&pictures[0]).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    assert!(before.is_subset(&names(&world.view(HEAT))), "nothing is lost");
    assert_eq!(fs::read(world.heat_in_source(".actors").join("Al_Pacino.jpg")).unwrap(), world.picture("c.jpg"));
    world.cache_is_whole();
}

#[test]
fn rsync_and_a_file_manager_copy() {
    for (program, temporary) in [("rsync", ".poster.jpg.Zx81Qa"), ("nautilus", ".goutputstream-ZX81QA")] {
        let Some(world) = world() else { return };
        let (poster, temporary) = (world.heat("poster.jpg"), world.heat(temporary));
        world.run_as(
            program,
            &[
                &[word("copy"), &world.films.picture("c.jpg"), &temporary],
                &[word("touch"), &temporary],
                &[word("chmod"), &temporary, word("644")],
                &[word("rename"), &temporary, &poster],
            ],
        );
        assert_eq!(fs::read(&poster).unwrap(), world.picture("c.jpg"), "{program}: at once");
        let other = world.heat("Heat (1995)-poster.jpg");
        wait_for(|| fs::read(&other).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
        world.settled();
        assert!(world.posters().iter().any(|candidate| candidate.is_selected && candidate.user_locked), "{program}");
        assert!(!lists(&world.view(HEAT), temporary.file_name().unwrap().to_str().unwrap()), "{program}");
        // Into the waste basket and back.
        let (heat, basket) = (world.view(HEAT), world.view(b".Trash-0"));
        let files = basket.join("files");
        let there = files.join(heat.file_name().unwrap());
        world.run_as(program, &[&[word("mkdir"), &basket], &[word("mkdir"), &files], &[word("rename"), &heat, &there]]);
        assert!(!heat.exists() && !there.join("Heat (1995)-poster.jpg").exists(), "{program}");
        world.run_as(program, &[&[word("rename"), &there, &heat]]);
        wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
        world.cache_is_whole();
    }
}

/// What becomes of what a program writes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Becomes {
    /// It is chosen, and shown under every name.
    Adopted,
    /// It can be chosen, and nothing that is shown changes.
    Captured,
    /// It is not written at all.
    Denied,
}

/// The ways in which programs put a picture where one is, as steps.
const WAYS: [&str; 7] = [
    "temporary and rename",
    "truncate and write",
    "copy with its time",
    "memory",
    "open, lock and truncate",
    "in place",
    "removed and renamed",
];

impl World {
    /// Puts a picture over the poster, in one of the ways.
    fn put(&self, program: &str, way: &str, picture: &Path, becomes: Becomes) {
        let (poster, temporary) = (self.heat("poster.jpg"), self.heat(".poster.jpg.part"));
        let step: Vec<&Path> = match way {
            "temporary and rename" => {
                self.run_as(program, &[&[word("copy"), picture, &temporary]]);
                vec![word("rename"), &temporary, &poster]
            }
            "truncate and write" => vec![word("create"), &poster, picture],
            "copy with its time" => vec![word("copy-with-time"), picture, &poster],
            "open, lock and truncate" => vec![word("save"), &poster, picture],
            "in place" => vec![word("in-place"), &poster, picture],
            "removed and renamed" => {
                self.run_as(program, &[&[word("stream"), &temporary, picture], &[word("unlink"), &poster]]);
                vec![word("rename"), &temporary, &poster]
            }
            _ => vec![word("map"), picture, &poster],
        };
        let refused = (becomes == Becomes::Denied).then(|| word("refused"));
        let step: Vec<&Path> = refused.into_iter().chain(step).collect();
        self.run_as(program, &[&step]);
        self.settled();
    }

    /// Whether a picture of these bytes is a candidate that a program brought, and was not chosen.
    fn is_offered(&self, bytes: &[u8]) -> bool {
        let hash = <sha2::Sha256 as sha2::Digest>::digest(bytes);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let rows = self.films.json(&["candidates", "tmdb:949", "--type", "poster"]);
        rows.iter().any(|row| row["provider"] == "program" && row["sha256"] == hash && row["selected"] == false)
    }
}

/// A file manager, Jellyfin's "save artwork" and Radarr's metadata writer × how they write × what the policy says.
#[test]
fn what_becomes_of_a_write_by_whom_and_how() {
    for (program, settings, becomes) in [
        ("nautilus", "", Becomes::Adopted),
        ("Radarr", "", Becomes::Captured),
        ("jellyfin", "", Becomes::Captured),
        ("nautilus", "on_write = 'deny'", Becomes::Denied),
        ("Radarr", "on_write_by_managers = 'deny'", Becomes::Denied),
    ] {
        let settings = format!("managers = ['Radarr', 'jellyfin']\n{settings}");
        let Some(world) = World::with(&settings) else { return };
        let (poster, other) = (world.heat("poster.jpg"), world.heat("Heat (1995)-poster.jpg"));
        let mut shown = world.picture("a.jpg");
        for (number, way) in WAYS.iter().enumerate() {
            let what = format!("{program}, {way}, {settings}");
            let picture = world.films.picture(["b.jpg", "c.jpg"][number % 2]);
            let bytes = fs::read(&picture).unwrap();
            world.put(program, way, &picture, becomes);
            match becomes {
                Becomes::Adopted => shown = bytes,
                Becomes::Captured => assert!(world.is_offered(&bytes), "{what}"),
                Becomes::Denied => assert!(!world.is_offered(&bytes), "{what}"),
            }
            wait_for(|| [&poster, &other].iter().all(|name| fs::read(name).is_ok_and(|read| read == shown)));
            let history = world.films.json(&["history", "tmdb:949"]);
            let text = |row: &serde_json::Value| format!("{} {}", row["author"], row["reason"]);
            let is_told = |row: &serde_json::Value| text(row).contains(program) && text(row).contains("uid 0");
            let count = history.iter().filter(|row| is_told(row)).count();
            // A picture that can be chosen already, and is written once more, is nothing new.
            let told = match becomes {
                Becomes::Adopted => number + 1,
                Becomes::Captured => (number + 1).min(2),
                Becomes::Denied => 0,
            };
            assert_eq!(count, told, "{what}: {history:?}");
        }
        // What a program says of its time changes nothing: a player must see that the picture is another.
        let mtime = std::os::unix::fs::MetadataExt::mtime(&poster.metadata().unwrap());
        assert!(mtime > 1_600_000_000, "{program}: {mtime}");
        world.cache_is_whole();
    }
}
