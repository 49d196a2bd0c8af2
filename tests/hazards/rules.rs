//! The rules that hold at every instant, and those that hold again after a command was run to its end.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use posterfs::catalog::Catalog;
use posterfs::model::{ContentHash, EntityId};
use sha2::{Digest, Sha256};

use crate::case::Case;
use crate::support::{Films, contents};

/// What a case begins with, as far as rules are about it.
pub struct Rules<'a> {
    films: &'a Films,
    /// What bytes there are in the library, among the pictures, in the cache, and in the recycle bin.
    known: BTreeSet<ContentHash>,
    /// Files of the cache that are not what their name says.
    damaged: BTreeSet<PathBuf>,
}

impl<'a> Rules<'a> {
    pub fn of(case: &'a Case) -> Self {
        let films = &case.films;
        let known = if case.lets_go { BTreeSet::new() } else { bytes_known(films) };
        let is_damaged = |(path, bytes): &(PathBuf, Vec<u8>)| !is_named_by(path, bytes);
        let damaged = assets(films).into_iter().filter(is_damaged).map(|(path, _)| path).collect();
        Self { films, known, damaged }
    }

    /// Holds whoever was stopped wherever: no bytes are lost, pictures are whole, a database is whole, and what it shows is
    /// in the cache.
    #[track_caller]
    pub fn hold_at_once(&self, when: &str) {
        let lost: Vec<_> = self.known.difference(&bytes_known(self.films)).cloned().collect();
        assert!(lost.is_empty(), "{when}: these bytes are nowhere any more: {lost:?}");
        let cached = self.pictures(when);
        let database = self.films.state().join("posterfs.db");
        if length(&database) + length(&self.films.state().join("posterfs.db.new")) == 0 {
            return;
        }
        // Opening is what finishes a replacement, so all is looked at only through that.
        let catalog = Catalog::open(&database).unwrap_or_else(|error| panic!("{when}: {error}"));
        assert_eq!(Catalog::check_file(&database).unwrap().problems, Vec::<String>::new(), "{when}");
        for hash in shown(&catalog) {
            assert!(cached.contains(&hash), "{when}: {hash} is shown and not in the cache");
        }
    }

    /// Holds when a command has come to its end: nothing is left over, and the journal knows all that the database does.
    #[track_caller]
    pub fn hold_in_the_end(&self, when: &str) {
        self.hold_at_once(when);
        let database = self.films.state().join("posterfs.db");
        assert!(!Catalog::open(&database).unwrap().has_unnoted().unwrap(), "{when}: the journal lacks something");
        for suffix in [".new", "-journal"] {
            assert!(length(&self.films.state().join(format!("posterfs.db{suffix}"))) == 0, "{when}: {suffix} is left");
        }
        let selected = Catalog::check_file(&database).unwrap().selections;
        let output = self.films.run(&["--json", "rebuild", "--dry-run"]);
        let rebuilt: serde_json::Value = serde_json::from_slice(&output.stdout).expect(when);
        assert_eq!(rebuilt["selected"], selected, "{when}: what would be made anew: {rebuilt}");
    }

    /// Every picture of the cache, by its name: its bytes are what that says, and nobody can write to it.
    #[track_caller]
    fn pictures(&self, when: &str) -> BTreeSet<ContentHash> {
        let named = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse::<ContentHash>().expect(when);
        let mut pictures: BTreeSet<ContentHash> = self.damaged.iter().map(|path| named(path)).collect();
        for (path, bytes) in assets(self.films).into_iter().filter(|(path, _)| !self.damaged.contains(path)) {
            assert!(is_named_by(&path, &bytes), "{when}: {} is not whole", path.display());
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o444, "{when}: {}", path.display());
            pictures.insert(named(&path));
        }
        pictures
    }
}

fn hash(bytes: &[u8]) -> ContentHash {
    ContentHash::new(Sha256::digest(bytes).into())
}

fn is_named_by(path: &Path, bytes: &[u8]) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_str() == Some(&hash(bytes).to_string()))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn assets(films: &Films) -> Vec<(PathBuf, Vec<u8>)> {
    let assets = films.state().join("cache/assets");
    let files = if assets.exists() { contents(&assets) } else { Default::default() };
    files.into_iter().map(|(path, bytes)| (assets.join(path), bytes)).collect()
}

fn bytes_known(films: &Films) -> BTreeSet<ContentHash> {
    let recycled = films.state().join("recycle");
    let folders = [films.media().to_owned(), films.picture(""), films.state().join("cache/assets"), recycled];
    let files = folders.iter().filter(|folder| folder.exists()).flat_map(|folder| contents(folder));
    // What the bin writes down of its entries goes with them.
    files
        .filter(|(path, _)| path.extension().is_none_or(|word| word != "json"))
        .map(|(_, bytes)| hash(&bytes))
        .collect()
}

fn shown(catalog: &Catalog) -> Vec<ContentHash> {
    let entities = (1..).map(EntityId::new).take_while(|id| catalog.entity(*id).unwrap().is_some());
    entities.flat_map(|id| catalog.mappings_of(id).unwrap()).map(|mapping| mapping.hash).collect()
}
