//! The rules that hold at every instant, and those that hold again after a command was run to its end.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use posterfs::catalog::Catalog;
use posterfs::model::{ContentHash, EntityId};
use sha2::{Digest, Sha256};

use crate::support::{Films, contents};

/// Holds whoever was killed wherever: pictures are whole, a database is whole, and what it shows is in the cache.
#[track_caller]
pub fn hold_at_once(films: &Films, when: &str) {
    let cached = whole_pictures(&films.state().join("cache"), when);
    let database = films.state().join("posterfs.db");
    if database.exists() {
        let found = Catalog::check_file(&database).unwrap();
        assert_eq!(found.problems, Vec::<String>::new(), "{when}");
    }
    for path in [films.state().join("posterfs.db"), films.state().join("posterfs.db.new")] {
        // Opening is what finishes a replacement, so it is looked at only through that.
        if path.exists() {
            let catalog = Catalog::open(&database).unwrap();
            for hash in shown(&catalog) {
                assert!(cached.contains(&hash), "{when}: {hash} is shown and not in the cache");
            }
        }
    }
}

/// Holds when a command has come to its end: nothing is left over, and the journal knows all that the database does.
#[track_caller]
pub fn hold_in_the_end(films: &Films, when: &str) {
    hold_at_once(films, when);
    let database = films.state().join("posterfs.db");
    assert!(!Catalog::open(&database).unwrap().has_unnoted().unwrap(), "{when}: the journal lacks something");
    for suffix in [".new", "-journal"] {
        assert!(!films.state().join(format!("posterfs.db{suffix}")).exists(), "{when}: posterfs.db{suffix} is left");
    }
    let selected = Catalog::check_file(&database).unwrap().selections;
    let rebuilt = films.one(&["rebuild", "--dry-run"]);
    assert_eq!(rebuilt["selected"], selected, "{when}: what would be made anew: {rebuilt}");
}

/// Every picture of the cache: its bytes are what its name says, and nobody can write to it.
fn whole_pictures(cache: &Path, when: &str) -> BTreeSet<ContentHash> {
    let assets = cache.join("assets");
    if !assets.exists() {
        return BTreeSet::new();
    }
    let whole = |(path, bytes): (std::path::PathBuf, Vec<u8>)| {
        let hash = ContentHash::new(Sha256::digest(&bytes).into());
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), hash.to_string(), "{when}");
        let mode = fs::metadata(assets.join(&path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o444, "{when}: {}", path.display());
        hash
    };
    contents(&assets).into_iter().map(whole).collect()
}

fn shown(catalog: &Catalog) -> Vec<ContentHash> {
    let entities = (1..).map(EntityId::new).take_while(|id| catalog.entity(*id).unwrap().is_some());
    entities.flat_map(|id| catalog.mappings_of(id).unwrap()).map(|mapping| mapping.hash).collect()
}
