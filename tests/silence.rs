//! A source that hangs: what needs it fails in time, and what the catalog and the cache know goes on.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use support::{Folders, Hanging, TestMount, posterfs, wait_for, write};

const FILM: &str = "Heat (1995)";
const VIDEO: &str = "Heat (1995)/Heat (1995).mkv";
const FILES: &[(&str, &[u8])] = &[
    (VIDEO, b"a video"),
    ("Heat (1995)/Heat (1995).srt", b"subtitles"),
    ("Ronin (1998)/Ronin (1998).mkv", b"another video"),
];
/// How long anything may take that is said to be bounded, on a machine that does something else besides.
const BOUNDED: Duration = Duration::from_secs(15);

/// What a program does, and what comes of it.
type Act = Box<dyn FnOnce() -> std::io::Result<u64> + Send>;

/// A published poster, and a source that can hang.
struct World {
    // Dropped first: nothing is to wait for the source when it goes.
    hanging: Hanging,
    mount: TestMount,
    poster: Vec<u8>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.hanging.go_on();
    }
}

impl World {
    /// The source itself is the file system that can hang.
    fn new(options: &str) -> Option<Self> {
        let folders = Folders::new()?;
        let hanging = Hanging::mount_at(&folders.source(), FILES);
        let poster = publish(&folders, &folders.source());
        Some(Self { hanging, mount: folders.mount_beside(&["-o", options]), poster })
    }

    /// It is mounted below the source, beside files that cannot hang.
    fn below(options: &str) -> Option<Self> {
        let folders = Folders::new()?;
        for (name, bytes) in FILES {
            let path = folders.source().join("local").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write(path, bytes);
        }
        fs::create_dir(folders.source().join("nas")).unwrap();
        let hanging = Hanging::mount_at(&folders.source().join("nas"), FILES);
        let poster = publish(&folders, &folders.source().join("local"));
        Some(Self { hanging, mount: folders.mount_beside(&["-o", options]), poster })
    }

    fn view(&self, name: &str) -> PathBuf {
        self.mount.view().join(name)
    }

    /// What every kind of request on the source does; each in a folder of the view.
    fn acts(&self, root: &Path) -> Vec<(&'static str, Act)> {
        let at = |name: &str| root.join(name);
        let (video, film) = (at(VIDEO), at(FILM));
        let (stat, open, list, other) = (video.clone(), video.clone(), at("Ronin (1998)"), at("Ronin (1998)/x"));
        let (make, folder, link, moved) =
            (film.join("new.srt"), film.join("new"), film.join("link"), film.join("moved"));
        let (unlinked, statfs) = (film.join("Heat (1995).srt"), root.to_owned());
        vec![
            ("stat", Box::new(move || Ok(fs::metadata(stat)?.len()))),
            ("stat of nothing", Box::new(move || Ok(fs::metadata(other)?.len()))),
            ("open", Box::new(move || Ok(fs::read(open)?.len() as u64))),
            ("list", Box::new(move || Ok(fs::read_dir(list)?.collect::<Result<Vec<_>, _>>()?.len() as u64))),
            ("create", Box::new(move || fs::File::create(make).map(|_| 0))),
            ("mkdir", Box::new(move || fs::create_dir(folder).map(|()| 0))),
            ("symlink", Box::new(move || std::os::unix::fs::symlink("x", link).map(|()| 0))),
            ("rename", Box::new(move || fs::rename(video, moved).map(|()| 0))),
            ("unlink", Box::new(move || fs::remove_file(unlinked).map(|()| 0))),
            ("statfs", Box::new(move || Ok(rustix::fs::statvfs(&statfs)?.f_blocks))),
        ]
    }

    /// The folder with its poster, as any player comes by it.
    fn meet_poster(&self, film: &str) {
        let film = self.view(film);
        let names: Vec<_> = fs::read_dir(&film).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(["poster.jpg", "Heat (1995).mkv"].iter().all(|name| names.contains(&name.into())), "{names:?}");
        assert_eq!(fs::metadata(film.join("poster.jpg")).unwrap().len(), self.poster.len() as u64);
        assert!(fs::read(film.join("poster.jpg")).unwrap() == self.poster);
    }

    /// The same, and within which time.
    fn meet_poster_in_time(&self, film: &str) {
        let begun = Instant::now();
        self.meet_poster(film);
        assert!(begun.elapsed() < BOUNDED, "a player waited {:?} for a poster", begun.elapsed());
    }

    fn silent(&self) -> Option<String> {
        self.mount.status()["silent"].as_str().map(str::to_owned)
    }
}

/// Makes a library of a folder, and publishes a poster; its bytes.
fn publish(folders: &Folders, library: &Path) -> Vec<u8> {
    let picture = folders.plain().join("poster.jpg");
    let drawn = posterfs::demo::draw_poster("Heat", 7, posterfs::demo::Size { width: 60, height: 90 }).unwrap();
    write(&picture, &drawn);
    let run = |arguments: &[&str]| {
        let output = posterfs(&folders.state(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["library", "add", "films", library.to_str().unwrap(), "--kind", "movies"]);
    run(&["scan"]);
    run(&["select", FILM, "poster", "--file", picture.to_str().unwrap()]);
    run(&["publish"]);
    drawn
}

/// Does each thing in a thread of its own, as calls on a mount cannot be stopped.
fn begin(acts: Vec<(&'static str, Act)>) -> Vec<(&'static str, Receiver<std::io::Result<u64>>)> {
    let begin = |(name, act): (&'static str, Act)| {
        let (ended, end) = channel();
        std::thread::spawn(move || ended.send(act()));
        (name, end)
    };
    acts.into_iter().map(begin).collect()
}

fn errno(result: &std::io::Result<u64>) -> Option<Errno> {
    result.as_ref().err().and_then(Errno::from_io_error)
}

#[test]
fn what_needs_a_source_that_hangs_fails_in_time_and_the_artwork_goes_on() {
    let Some(world) = World::new("source_timeout=1,threads=2") else { return };
    world.meet_poster(FILM);
    assert_eq!(fs::read(world.view(VIDEO)).unwrap(), b"a video");
    let nodes = world.mount.status()["nodes"].as_u64().unwrap();
    world.hanging.hang();
    let begun = begin(world.acts(&world.mount.view()));
    for (name, end) in begun {
        let result = end.recv_timeout(BOUNDED).unwrap_or_else(|_| panic!("{name} hangs"));
        assert_eq!(errno(&result), Some(Errno::IO), "{name}: {result:?}");
    }
    // From now on nothing waits any more, neither what fails nor what is known.
    let silent = world.silent().expect("the source does not answer");
    assert!(silent.contains(world.mount.source().to_str().unwrap()), "{silent}");
    for _ in 0..3 {
        world.meet_poster_in_time(FILM);
    }
    for (name, end) in begin(world.acts(&world.mount.view())) {
        let result = end.recv_timeout(BOUNDED).unwrap_or_else(|_| panic!("{name} hangs"));
        assert_eq!(errno(&result), Some(Errno::IO), "{name}: {result:?}");
    }
    let told = posterfs(&world.mount.state(), &["status"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("THE SOURCE DOES NOT ANSWER"));
    let doctor = posterfs(&world.mount.state(), &["doctor", "--offline"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("does not answer"), "{doctor}");

    world.hanging.go_on();
    wait_for(|| fs::read(world.view(VIDEO)).is_ok());
    wait_for(|| world.silent().is_none());
    world.meet_poster(FILM);
    for (name, end) in begin(world.acts(&world.mount.view())) {
        let result = end.recv_timeout(BOUNDED).unwrap_or_else(|_| panic!("{name} hangs"));
        assert_ne!(errno(&result), Some(Errno::IO), "{name}: {result:?}");
    }
    // What came of the calls that nobody waited for has been taken back.
    wait_for(|| {
        let status = world.mount.status();
        status["open_files"] == 0 && status["waiting"] == 0 && status["nodes"].as_u64().unwrap() <= nodes + 4
    });
}

#[test]
fn the_artwork_waits_for_nobody_however_many_wait_for_the_source() {
    // The kernel keeps names, and nobody is ever given up.
    let options = "source_timeout=0,threads=2,attr_timeout=3600,entry_timeout=3600";
    let Some(world) = World::new(options) else { return };
    // Twice: after it has listed a folder, the kernel asks once more for its attributes.
    world.meet_poster(FILM);
    world.meet_poster(FILM);
    assert_eq!(fs::read_dir(world.view("Ronin (1998)")).unwrap().count(), 1);
    let mut begun = Vec::new();
    world.hanging.hang();
    for number in 0..20 {
        let name = world.view("Ronin (1998)").join(format!("absent {number}"));
        begun.extend(begin(vec![("stat", Box::new(move || Ok(fs::metadata(name)?.len())))]));
    }
    wait_for(|| world.mount.status()["waiting"].as_u64().is_some_and(|waiting| waiting >= 20));
    wait_for(|| world.hanging.held() > 1);
    assert_eq!(world.hanging.held(), 2, "no more than `threads` wait in the source");
    for _ in 0..5 {
        world.meet_poster_in_time(FILM);
    }
    assert!(begun.iter().all(|(_, end)| end.try_recv().is_err()), "nobody was given up");
    world.hanging.go_on();
    for (name, end) in begun {
        assert_eq!(errno(&end.recv_timeout(BOUNDED).unwrap()), Some(Errno::NOENT), "{name}");
    }
    wait_for(|| world.mount.status()["waiting"] == 0);
}

#[test]
fn what_hangs_below_the_source_does_not_concern_the_rest() {
    let Some(world) = World::below("source_timeout=1,threads=2") else { return };
    let local = format!("local/{FILM}");
    world.meet_poster(&local);
    assert_eq!(fs::read(world.view("nas").join(VIDEO)).unwrap(), b"a video");
    world.hanging.hang();
    for (name, end) in begin(world.acts(&world.view("nas"))) {
        let result = end.recv_timeout(BOUNDED).unwrap_or_else(|_| panic!("{name} hangs"));
        assert_eq!(errno(&result), Some(Errno::IO), "{name}: {result:?}");
    }
    let silent = world.silent().expect("it does not answer");
    assert!(silent.contains("nas"), "{silent}");
    world.meet_poster_in_time(&local);
    assert_eq!(fs::read(world.view("local").join(VIDEO)).unwrap(), b"a video");
    write(world.view("local").join("note"), "x");
    let names: Vec<_> = fs::read_dir(world.mount.view()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().any(|name| name == "nas") && names.iter().any(|name| name == "local"), "{names:?}");
    world.hanging.go_on();
    wait_for(|| fs::read(world.view("nas").join(VIDEO)).is_ok());
    wait_for(|| world.silent().is_none());
}
