//! Bad input: one sentence that names the path and says what to do, the right exit code, nothing half done.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Mode, mkfifoat};

use crate::support::{Films, NOBODY, contents, write};

/// A PNG that says how large it is, and has no more than the beginning of its pixels.
fn png_head(width: u32, height: u32) -> Vec<u8> {
    let mut small = Vec::new();
    let picture = image::RgbImage::new(1, 1);
    picture.write_to(&mut std::io::Cursor::new(&mut small), image::ImageFormat::Png).unwrap();
    // Signature, length and kind of the first chunk, then width and height, and a sum over kind and content.
    small[16..20].copy_from_slice(&width.to_be_bytes());
    small[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&small[12..29]);
    small[29..33].copy_from_slice(&sum.to_be_bytes());
    small
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

#[test]
fn pictures_that_are_none() {
    let films = Films::new();
    films.scan();
    let whole = fs::read(films.picture("a.jpg")).unwrap();
    write(films.picture("text.jpg"), "hello, this is a text");
    write(films.picture("empty.jpg"), "");
    write(films.picture("cut.jpg"), &whole[..whole.len() * 2 / 3]);
    write(films.picture("bomb.png"), png_head(50_000, 50_000));
    write(films.picture("page.png"), "<html><body>404</body></html>");
    fs::create_dir(films.picture("folder.jpg")).unwrap();
    mkfifoat(rustix::fs::CWD, films.picture("pipe.jpg"), Mode::from(0o644)).unwrap();
    for (name, words) in [
        ("text.jpg", &["text.jpg", "JPEG, PNG, WebP and GIF"][..]),
        ("empty.jpg", &["empty.jpg"]),
        ("cut.jpg", &["cut.jpg", "breaks off", "get it again"]),
        ("bomb.png", &["bomb.png", "50000 × 50000", "smaller"]),
        ("page.png", &["page.png", "JPEG, PNG, WebP and GIF"]),
        ("folder.jpg", &["folder.jpg", "directory", "picture file"]),
        ("pipe.jpg", &["pipe.jpg", "no regular file"]),
        ("missing.jpg", &["missing.jpg", "No such file", "picture file"]),
    ] {
        let picture = films.picture(name);
        let said = films.fails(1, &["select", "Up", "poster", "--file", picture.to_str().unwrap()]);
        assert!(words.iter().all(|word| said.contains(word)), "{name}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert_eq!(films.one(&["show", "Up"])["images"], serde_json::json!({}), "nothing is selected or locked");
    let left = contents(&films.state().join("cache"));
    let left: Vec<_> = left.keys().filter(|path| path.to_str() != Some("journal.jsonl")).collect();
    assert_eq!(left.len(), 0, "nothing is left in the cache: {left:?}");
}

#[test]
fn a_refused_picture_leaves_the_one_before() {
    let films = Films::new();
    films.scan();
    let first = films.select("Up", "poster", "a.jpg")["sha256"].clone();
    films.publish();
    write(films.picture("text.jpg"), "hello");
    films.fails(1, &["select", "Up", "poster", "--file", films.picture("text.jpg").to_str().unwrap()]);
    assert_eq!(films.one(&["show", "Up"])["images"]["poster"]["selected"]["sha256"], first);
    assert_eq!(films.publish()["unchanged"], 2);
}

#[test]
fn folders_that_cannot_be_a_library() {
    let films = Films::new();
    films.scan();
    let media = films.media().to_str().unwrap().to_owned();
    let inside = films.film(b"flat").to_str().unwrap().to_owned();
    let above = films.media().parent().unwrap().to_str().unwrap().to_owned();
    let file = films.film(b"flat/Up (2009).mkv").to_str().unwrap().to_owned();
    let pictures = films.picture("").to_str().unwrap().to_owned();
    let link = films.picture("link");
    std::os::unix::fs::symlink(films.film(b"flat"), &link).unwrap();
    for (name, path, words) in [
        ("more", "/no/such/folder", &["/no/such/folder", "No such file", "give the folder"][..]),
        ("more", file.as_str(), &["Up (2009).mkv", "no folder", "give the folder"]),
        ("more", inside.as_str(), &["flat", "films", "one library"]),
        ("more", link.to_str().unwrap(), &["flat", "films", "one library"]),
        ("more", above.as_str(), &["films", "one library"]),
        ("more", media.as_str(), &["films", "one library"]),
        ("films", pictures.as_str(), &["films", "already"]),
        ("a/b", pictures.as_str(), &["a/b", "no slash"]),
        ("", pictures.as_str(), &["not empty"]),
    ] {
        let said = films.fails(1, &["library", "add", name, path, "--kind", "movies"]);
        assert!(words.iter().all(|word| said.contains(word)), "{name} {path}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert_eq!(films.json(&["library", "list"]).len(), 1);
}

#[test]
fn a_library_whose_disk_is_not_there_loses_nothing() {
    let films = Films::new();
    films.scan();
    films.select("Up", "poster", "a.jpg");
    films.publish();
    let away = films.picture("away");
    fs::rename(films.media(), &away).unwrap();
    let said = films.fails(1, &["scan", "films"]);
    assert!(said.contains("media") && said.contains("is its disk mounted?"), "{said}");
    fs::create_dir(films.media()).unwrap();
    let said = films.fails(1, &["scan", "films"]);
    assert!(said.contains("is empty") && said.contains("library remove films"), "{said}");
    assert_eq!(films.one(&["status"])["missing"], 0);
    fs::remove_dir(films.media()).unwrap();
    fs::rename(&away, films.media()).unwrap();
    let scan = films.one(&["scan"]);
    assert_eq!((&scan["added"], &scan["changed"], &scan["missing"]), (&0.into(), &0.into(), &0.into()));
}

#[test]
fn a_library_that_is_gone_does_not_keep_the_others_from_being_scanned() {
    let films = Films::new();
    films.scan();
    let shows = films.picture("shows");
    fs::create_dir(&shows).unwrap();
    films.one(&["library", "add", "shows", shows.to_str().unwrap(), "--kind", "tv"]);
    fs::remove_dir(&shows).unwrap();
    let output = films.run(&["--json", "scan"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert!(films.fails(1, &["scan", "shows"]).contains("mounted"));
}

#[test]
fn libraries_of_every_kind_are_scanned() {
    let films = Films::new();
    let shows = films.picture("shows");
    fs::create_dir_all(shows.join("Lost (2004)/Season 1")).unwrap();
    fs::File::create(shows.join("Lost (2004)/Season 1/Lost S01E02-E03.mkv")).unwrap();
    films.one(&["library", "add", "shows", shows.to_str().unwrap(), "--kind", "tv"]);
    let scan = films.one(&["scan", "shows"]);
    assert_eq!((&scan["library"], &scan["seen"], &scan["moved"]), (&"shows".into(), &3.into(), &0.into()));
    let listed = films.json(&["list", "--kind", "episode"]);
    assert_eq!(
        (&listed[0]["season"], &listed[0]["episode"], &listed[0]["last_episode"]),
        (&1.into(), &2.into(), &3.into())
    );
    fs::rename(shows.join("Lost (2004)"), shows.join("Lost")).unwrap();
    assert_eq!(films.one(&["scan", "shows"])["moved"], 3);
}

/// Runs a command as a user who owns nothing but the state folder; `None` where only root could.
fn as_nobody(films: &Films, state: &Path, arguments: &[&OsStr]) -> Option<std::process::Output> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can act as another user");
        return None;
    }
    // Through an open file, as the folder of the program may be closed to others.
    let program = fs::File::open(env!("CARGO_BIN_EXE_posterfs")).unwrap();
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&program));
    rustix::io::fcntl_setfd(&program, rustix::io::FdFlags::empty()).unwrap();
    rustix::fs::chmod(films.media().parent().unwrap(), Mode::from(0o755)).unwrap();
    let output = NOBODY.run(|| {
        let mut command = std::process::Command::new(path);
        command.env("HOME", state).env_remove("XDG_CONFIG_HOME");
        command.arg("--state").arg(state).args(arguments).output().unwrap()
    });
    Some(output)
}

#[test]
fn folders_that_may_not_be_read() {
    let films = Films::new();
    let state = tempfile::tempdir().unwrap();
    rustix::fs::chown(state.path(), Some(rustix::fs::Uid::from_raw(NOBODY.uid)), None).unwrap();
    let closed = films.film(b"Remake (1960)");
    rustix::fs::chmod(&closed, Mode::from(0o700)).unwrap();
    let run = |arguments: &[&OsStr]| as_nobody(&films, state.path(), arguments);
    let add = |path: &Path| {
        run(&["library".as_ref(), "add".as_ref(), "films".as_ref(), path.as_ref(), "--kind=movies".as_ref()])
    };
    let Some(refused) = add(&closed) else { return };
    let said = crate::support::stderr(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot read the folder") && said.contains("Remake (1960)"), "{said}");
    assert!(add(films.media()).unwrap().status.success());
    let scanned = run(&["--json".as_ref(), "scan".as_ref()]).unwrap();
    assert_eq!(scanned.status.code(), Some(3), "{scanned:?}");
    let report: serde_json::Value = serde_json::from_slice(&scanned.stdout).unwrap();
    assert_eq!((&report["added"], &report["error_count"]), (&7.into(), &1.into()));
    assert_eq!(report["errors"][0]["path"], "Remake (1960)");
    let message = report["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("Permission denied"), "{message}");
}

#[test]
fn names_that_are_no_text_go_the_whole_way() {
    let films = Films::new();
    films.scan();
    let odd = films.film(b"L\xe9on (1994)");
    let picture = films.picture("").join(OsStr::from_bytes(b"p\xff.jpg"));
    write(&picture, fs::read(films.picture("a.jpg")).unwrap());
    let select = ["select".as_ref(), odd.as_os_str(), "poster".as_ref(), "--file".as_ref(), picture.as_os_str()];
    films.one(&select);
    assert_eq!(films.one(&["publish".as_ref(), odd.as_os_str()])["added"], 2);
    let show = films.one(&["show".as_ref(), odd.as_os_str()]);
    assert_eq!(show["path"], "L\\xe9on (1994)");
    assert!(show["images"]["poster"]["selected"]["url"].as_str().unwrap().ends_with("p\\xff.jpg"), "{show}");
    let to = films.picture("").join(OsStr::from_bytes(b"to \xfe"));
    assert_eq!(films.one(&["export".as_ref(), "--to".as_ref(), to.as_os_str()])["added"], 2);
    let exported = to.join(OsStr::from_bytes(b"L\xe9on (1994)/L\xe9on (1994)-poster.jpg"));
    assert_eq!(fs::read(exported).unwrap(), fs::read(films.picture("a.jpg")).unwrap());
}
