//! Pictures that are missing from the cache, or damaged there.

use std::fs;
use std::path::PathBuf;

use crate::support::{lists, wait_for, write};
use crate::world::{HEAT, World};

fn cached(world: &World, name: &str) -> PathBuf {
    let mapping = world.mapping(name);
    let hash = mapping.hash.to_string();
    let folder = world.films.state().join("cache/assets").join(&hash[..2]).join(&hash[2..4]);
    folder.join(format!("{hash}.{}", mapping.extension))
}

#[test]
fn a_cache_file_that_is_gone_or_damaged() {
    let Some(world) = World::new() else { return };
    let (poster, logo) = (cached(&world, "poster.jpg"), cached(&world, "clearlogo.png"));
    let kept = fs::read(&poster).unwrap();
    fs::remove_file(&poster).unwrap();
    fs::remove_file(&logo).unwrap();
    write(&logo, "lost its bytes");
    // There is no original of the logo: an error, of this name only, and one line in the log.
    for _ in 0..3 {
        assert_eq!(fs::read(world.heat("clearlogo.png")).unwrap_err().raw_os_error(), Some(libc::EIO));
    }
    assert_eq!(world.mount.status()["failed"], 3);
    assert!(lists(&world.view(HEAT), "clearlogo.png"));
    let lines = world.mount.log().lines().filter(|line| line.contains("missing from the cache")).count();
    assert_eq!(lines, 1, "{}", world.mount.log());
    // The original of the poster shows through.
    assert!(fs::read(world.heat("poster.jpg")).is_err());
    assert_eq!(fs::read(world.heat("folder.jpg")).unwrap(), fs::read(world.heat_in_source("folder.jpg")).unwrap());
    wait_for(|| !world.heat("poster.jpg").exists());
    // Repaired, all is as before.
    write(&poster, &kept);
    wait_for(|| fs::read(world.heat("poster.jpg")).is_ok_and(|bytes| bytes == kept));
    wait_for(|| !world.heat("folder.jpg").exists());
}

#[test]
fn a_file_of_the_source_under_the_same_name_shows_through() {
    let Some(world) = World::new() else { return };
    write(world.heat_in_source("clearlogo.png"), "an original");
    fs::remove_file(cached(&world, "clearlogo.png")).unwrap();
    assert_eq!(fs::read(world.heat("clearlogo.png")).unwrap(), b"an original");
    assert_eq!(fs::read(world.heat("poster.jpg")).unwrap(), world.picture("a.jpg"));
}
