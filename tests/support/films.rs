//! A folder of films with odd names, pictures to choose from, and a state folder.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use posterfs::demo::{Size, draw_clearlogo, draw_poster};
use serde_json::Value;
use tempfile::TempDir;

use super::{Folders, posterfs, write};

/// The files of the library. What is no picture holds its own name.
const FILES: &[&[u8]] = &[
    b"Heat (1995) {tmdb-949}/Heat (1995).mkv",
    b"Heat (1995) {tmdb-949}/Heat (1995).en.srt",
    b"Heat (1995) {tmdb-949}/extras/Making of.mkv",
    b"Heat (1995) {tmdb-949}/folder.jpg",
    b"L\xe9on (1994)/L\xe9on (1994).avi",
    b"New\nline (2000)/New\nline (2000).mkv",
    b"Remake (1960)/Remake (1960).mkv",
    b"Remake (2005)/Remake (2005).mkv",
    b"Disc (1980)/VIDEO_TS/VIDEO_TS.IFO",
    b"flat/1917 (2019).mkv",
    b"flat/1917 (2019)-poster.png",
    b"flat/Up (2009).mkv",
];

/// How many films that is.
pub const FILM_COUNT: usize = 8;

/// See the module.
pub struct Films {
    media: PathBuf,
    pictures: PathBuf,
    state: PathBuf,
    _folder: Option<TempDir>,
}

impl Films {
    /// In a folder of its own.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().canonicalize().unwrap().join(name);
        let (media, pictures, state) = (path("media"), path("pictures"), path("state"));
        Self { media, pictures, state, _folder: Some(folder) }.filled()
    }

    /// In the source of a mount to be, without a single film.
    pub fn empty_within(folders: &Folders) -> Self {
        let path = |path: PathBuf| path.canonicalize().unwrap();
        let (media, pictures) = (path(folders.source()), path(folders.plain()).join("pictures"));
        Self { media, pictures, state: folders.state(), _folder: None }.with_pictures()
    }

    /// In the source of a mount to be.
    pub fn within(folders: &Folders) -> Self {
        let path = |path: PathBuf| path.canonicalize().unwrap();
        let (media, pictures) = (path(folders.source()), path(folders.plain()).join("pictures"));
        Self { media, pictures, state: folders.state(), _folder: None }.filled()
    }

    /// The same films and pictures with another state folder.
    pub fn with_state(&self, state: PathBuf) -> Self {
        Self { media: self.media.clone(), pictures: self.pictures.clone(), state, _folder: None }
    }

    fn filled(self) -> Self {
        for name in FILES {
            let path = self.film(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write(path, name);
        }
        self.with_pictures()
    }

    fn with_pictures(self) -> Self {
        fs::create_dir_all(&self.pictures).unwrap();
        let size = Size { width: 60, height: 90 };
        for (name, seed) in [("a.jpg", 1), ("b.jpg", 2), ("c.jpg", 3)] {
            write(self.picture(name), draw_poster("Film", seed, size).unwrap());
        }
        write(self.picture("logo.png"), draw_clearlogo("Film", 4, Size { width: 80, height: 31 }).unwrap());
        self
    }

    /// The folder of the films.
    pub fn media(&self) -> &Path {
        &self.media
    }

    /// Something among the films.
    pub fn film(&self, below: &[u8]) -> PathBuf {
        self.media.join(OsStr::from_bytes(below))
    }

    /// The state folder.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A picture to choose (`a.jpg`, `b.jpg`, `c.jpg`, `logo.png`), or the place for something else.
    pub fn picture(&self, name: &str) -> PathBuf {
        self.pictures.join(name)
    }

    /// Runs a command.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Output {
        posterfs(&self.state, arguments)
    }

    /// Runs a command that must succeed, without a word on stderr, and returns what it prints.
    #[track_caller]
    pub fn text<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let output = self.run(arguments);
        let said = stderr(&output);
        assert!(output.status.success() && said.is_empty(), "{:?}: {said}", shown(arguments));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command with `--json` that must succeed, without a word on stderr; one value a line.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Vec<Value> {
        let mut all: Vec<OsString> = vec!["--json".into()];
        all.extend(arguments.iter().map(|argument| argument.as_ref().to_owned()));
        self.text(&all).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The same for a command with a single result.
    #[track_caller]
    pub fn one<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Value {
        let mut values = self.json(arguments);
        assert_eq!(values.len(), 1, "{:?}", shown(arguments));
        values.remove(0)
    }

    /// Runs a command that must end with that exit code, one sentence on stderr and nothing on stdout, and returns the
    /// sentence.
    #[track_caller]
    pub fn fails<S: AsRef<OsStr>>(&self, code: i32, arguments: &[S]) -> String {
        let output = self.run(arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{:?}: {said}", shown(arguments));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{:?}", shown(arguments));
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{:?}: {said}", shown(arguments));
        said
    }

    /// Adds the library and scans it.
    #[track_caller]
    pub fn scan(&self) {
        self.one(&[
            OsStr::new("library"),
            "add".as_ref(),
            "films".as_ref(),
            self.media.as_ref(),
            "--kind=movies".as_ref(),
        ]);
        assert_eq!(self.one(&["scan"])["added"], FILM_COUNT);
    }

    /// Chooses a picture.
    #[track_caller]
    pub fn select(&self, item: impl AsRef<OsStr>, image_type: &str, picture: &str) -> Value {
        let picture = self.picture(picture);
        self.one(&["select".as_ref(), item.as_ref(), image_type.as_ref(), "--file".as_ref(), picture.as_os_str()])
    }

    /// Publishes everything.
    #[track_caller]
    pub fn publish(&self) -> Value {
        self.one(&["publish"])
    }
}

/// What a command said on stderr.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn shown<S: AsRef<OsStr>>(arguments: &[S]) -> Vec<&OsStr> {
    arguments.iter().map(AsRef::as_ref).collect()
}

/// Every file and link below a folder, by its path there, with its bytes (or the link's target).
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (name, kind) = (PathBuf::from(entry.file_name()), entry.file_type().unwrap());
        if kind.is_dir() {
            files.extend(contents(&entry.path()).into_iter().map(|(below, bytes)| (name.join(below), bytes)));
        } else if kind.is_symlink() {
            files.insert(name, fs::read_link(entry.path()).unwrap().into_os_string().as_bytes().to_owned());
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    files
}

/// The names in a folder, each of which must be listed once.
#[track_caller]
pub fn names(folder: &Path) -> BTreeSet<OsString> {
    let listed: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let distinct: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(distinct.len(), listed.len(), "a name is listed twice: {listed:?}");
    distinct
}

/// Whether a folder lists a name.
#[track_caller]
pub fn lists(folder: &Path, name: &str) -> bool {
    names(folder).contains(OsStr::new(name))
}

/// A set of names to compare with.
pub fn set<S: AsRef<OsStr>>(names: &[S]) -> BTreeSet<OsString> {
    names.iter().map(|name| name.as_ref().to_owned()).collect()
}
