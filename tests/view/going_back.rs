//! Going back, seen through a view: what was listed and read then is listed and read again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::support::contents;
use crate::world::World;

/// Everything that the view shows, and how old each file is.
struct Seen {
    generation: String,
    contents: BTreeMap<PathBuf, Vec<u8>>,
    times: BTreeMap<PathBuf, i64>,
}

fn look(world: &World) -> Seen {
    let contents = contents(&world.mount.view());
    let time = |path: &PathBuf| (path.clone(), world.mount.view().join(path).metadata().unwrap().mtime());
    let times = contents.keys().map(time).collect();
    Seen { generation: world.films.one(&["status"])["generation"].to_string(), contents, times }
}

/// "rollback to any generation gives exactly the listing and bytes that were there then (mtimes newer)"
#[test]
fn any_generation_comes_back_as_it_was_seen_and_is_newer() {
    let Some(world) = World::beside() else { return };
    let films = &world.films;
    let media = contents(films.media());
    let steps: [&dyn Fn(); 5] = [
        &|| drop((films.select("tmdb:949", "poster", "b.jpg"), films.publish())),
        &|| drop(films.one(&["deselect", "tmdb:949", "clearlogo"])),
        &|| drop((films.select("Up", "poster", "c.jpg"), films.publish())),
        &|| drop(films.one(&["unpublish", "1917"])),
        &|| drop((films.select("tmdb:949", "poster", "a.jpg"), films.select("Up", "fanart", "b.jpg"), films.publish())),
    ];
    let mut seen = vec![look(&world)];
    for step in steps {
        step();
        seen.push(look(&world));
        let [.., before, after] = &seen[..] else { unreachable!() };
        assert_ne!(before.contents, after.contents, "each step is to be seen");
    }
    let mut newest: BTreeMap<PathBuf, i64> = BTreeMap::new();
    let note = |newest: &mut BTreeMap<PathBuf, i64>, seen: &Seen| {
        for (path, time) in &seen.times {
            let known = newest.entry(path.clone()).or_insert(*time);
            *known = (*known).max(*time);
        }
    };
    seen.iter().for_each(|one| note(&mut newest, one));
    let mut present = look(&world);
    for back in [1, 4, 0, 5, 2, 3, 0] {
        let then = &seen[back];
        films.one(&["rollback", &then.generation]);
        let now = look(&world);
        assert!(now.contents == then.contents, "generation {} is not as it was", then.generation);
        // What is a file of the tree is as old as it is.
        for (path, bytes) in now.contents.iter().filter(|(path, bytes)| media.get(*path) != Some(*bytes)) {
            let is_as_before = present.contents.get(path) == Some(bytes);
            let newer = now.times[path] > newest[path];
            assert!(newer != is_as_before, "{}: {is_as_before}, {newer}", path.display());
        }
        note(&mut newest, &now);
        present = now;
    }
    assert_eq!(contents(films.media()), media, "the media was not touched");
}

/// Part of what was shown comes back where only that is asked for.
#[test]
fn one_item_goes_back_by_itself_in_the_view() {
    let Some(world) = World::beside() else { return };
    let films = &world.films;
    let read = |path: &Path| fs::read(path).unwrap();
    let (heat, other) = (world.heat().join("poster.jpg"), world.view(b"flat/1917 (2019)-poster.jpg"));
    let (first, of_other) = (read(&heat), read(&other));
    let before = films.one(&["status"])["generation"].to_string();
    films.one(&["tag", "before"]);
    films.select("tmdb:949", "poster", "c.jpg");
    films.select("1917", "poster", "c.jpg");
    films.publish();
    let planned = films.one(&["rollback", "before", "--item", "tmdb:949", "--dry-run"]);
    assert!(planned["changed"].as_u64() > Some(0) && read(&heat) != first, "{planned}");
    films.one(&["rollback", "before", "--item", "tmdb:949"]);
    assert_eq!(read(&heat), first);
    assert_ne!(read(&other), of_other, "of others nothing goes back");
    films.one(&["rollback", &before, "--library", "films"]);
    assert_eq!(read(&other), of_other);
}
