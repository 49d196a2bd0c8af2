//! What is seen: mapped pictures, hidden originals, everything else as it is.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use crate::support::{Films, Folders, Map, contents, lists, names, set, write};
use crate::world::World;

#[test]
fn mapped_pictures_are_byte_for_byte_those_of_the_cache() {
    let Some(world) = World::beside() else { return };
    let mappings = world.mappings();
    for (path, mapping) in &mappings {
        let shown = world.mount.view().join(path.as_path());
        let cached = fs::read(world.cached(mapping)).unwrap();
        assert_eq!(fs::read(&shown).unwrap(), cached, "{path}");
        let (stat, folder) = (shown.metadata().unwrap(), shown.parent().unwrap().metadata().unwrap());
        assert_eq!((stat.len(), stat.mode(), stat.nlink()), (cached.len() as u64, 0o100_644, 1), "{path}");
        assert_eq!((stat.uid(), stat.gid()), (folder.uid(), folder.gid()), "{path}");
        let file = fs::File::open(&shown).unwrap();
        let map = Map::shared(file.as_fd(), cached.len(), false).unwrap();
        assert_eq!(map.read(0, cached.len()), cached, "{path} mapped into memory");
    }
    let inodes: BTreeSet<u64> =
        mappings.iter().map(|(path, _)| world.mount.view().join(path.as_path()).metadata().unwrap().ino()).collect();
    assert_eq!(inodes.len(), mappings.len(), "each has an inode number of its own");
}

#[test]
fn listings_show_every_name_once_with_artwork_and_without_what_it_hides() {
    let Some(world) = World::beside() else { return };
    let heat = set(&[
        "Heat (1995).mkv",
        "Heat (1995).en.srt",
        "extras",
        "poster.jpg",
        "Heat (1995)-poster.jpg",
        "fanart1.jpg",
        "extrafanart",
        "clearlogo.png",
    ]);
    let bytes = |names: &[&[u8]]| -> BTreeSet<OsString> {
        names.iter().map(|name| std::os::unix::ffi::OsStringExt::from_vec(name.to_vec())).collect()
    };
    for (folder, expected) in [
        (b"Heat (1995) {tmdb-949}".as_slice(), heat),
        (b"Heat (1995) {tmdb-949}/extrafanart", set(&["fanart1.jpg"])),
        (b"Heat (1995) {tmdb-949}/extras", set(&["Making of.mkv"])),
        (b"L\xe9on (1994)", bytes(&[b"L\xe9on (1994).avi", b"poster.jpg", b"L\xe9on (1994)-poster.jpg"])),
        (b"New\nline (2000)", set(&["New\nline (2000).mkv", "poster.jpg", "New\nline (2000)-poster.jpg"])),
        (b"Remake (1960)", set(&["Remake (1960).mkv"])),
        (b"Disc (1980)", set(&["VIDEO_TS", "poster.jpg"])),
        (b"flat", set(&["1917 (2019).mkv", "1917 (2019).jpg", "1917 (2019)-poster.jpg", "Up (2009).mkv"])),
    ] {
        let path = world.view(folder);
        for pass in ["first", "from what the kernel remembers"] {
            assert_eq!(names(&path), expected, "{path:?}, {pass}");
        }
    }
    assert_eq!(names(&world.mount.view()), names(world.films.media()));
}

#[test]
fn originals_are_hidden_while_something_is_published_and_come_back() {
    let Some(world) = World::beside() else { return };
    let folder_jpg = world.heat().join("folder.jpg");
    let flat_png = world.view(b"flat/1917 (2019)-poster.png");
    for hidden in [&folder_jpg, &flat_png] {
        assert_eq!(fs::metadata(hidden).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(fs::File::open(hidden).unwrap_err().kind(), ErrorKind::NotFound);
    }
    assert_eq!(fs::read(world.films.film(b"flat/1917 (2019)-poster.png")).unwrap(), b"flat/1917 (2019)-poster.png");
    world.films.one(&["unpublish", "tmdb:949", "poster"]);
    assert_eq!(fs::read(&folder_jpg).unwrap(), b"Heat (1995) {tmdb-949}/folder.jpg");
    assert!(lists(&world.heat(), "folder.jpg"));
    assert!(!world.heat().join("poster.jpg").exists() && world.heat().join("clearlogo.png").exists());
    world.films.one(&["deselect", "1917", "poster"]);
    assert_eq!(fs::read(&flat_png).unwrap(), b"flat/1917 (2019)-poster.png");
    assert_eq!(names(&world.view(b"flat")), names(&world.films.film(b"flat")));
    world.films.one(&["publish", "tmdb:949"]);
    assert!(!folder_jpg.exists() && world.heat().join("poster.jpg").exists());
}

#[test]
fn a_picture_of_the_same_name_as_an_original_is_seen_in_its_place() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    write(films.film(b"Remake (1960)/poster.jpg"), "an original");
    films.scan();
    films.select("Remake (1960)", "poster", "a.jpg");
    films.publish();
    let mount = folders.mount_beside(&[]);
    let poster = mount.view().join("Remake (1960)/poster.jpg");
    assert_eq!(fs::read(&poster).unwrap(), fs::read(films.picture("a.jpg")).unwrap());
    assert_eq!(fs::read(films.film(b"Remake (1960)/poster.jpg")).unwrap(), b"an original");
    films.one(&["unpublish", "Remake (1960)"]);
    assert_eq!(fs::read(&poster).unwrap(), b"an original");
}

#[test]
fn everything_else_is_as_in_the_source_and_goes_there() {
    let Some(world) = World::beside() else { return };
    let source = contents(world.films.media());
    let view = contents(&world.mount.view());
    let mapped: BTreeSet<_> = world.mappings().into_iter().map(|(path, _)| path.as_path().to_owned()).collect();
    let hidden = |path: &std::path::Path| path.ends_with("folder.jpg") || path.ends_with("1917 (2019)-poster.png");
    let untouched: Vec<_> = view.iter().filter(|(path, _)| !mapped.contains(*path)).collect();
    assert_eq!(untouched, source.iter().filter(|(path, _)| !hidden(path)).collect::<Vec<_>>());

    let video = world.heat().join("Heat (1995).mkv");
    write(&video, "edited through the view");
    fs::rename(world.heat().join("Heat (1995).en.srt"), world.heat().join("Heat (1995).de.srt")).unwrap();
    fs::create_dir(world.view(b"New Film (2024)")).unwrap();
    write(world.view(b"New Film (2024)/New Film (2024).mkv"), "new");
    write(world.heat().join("banner.jpg"), "nothing is published under this name");
    fs::remove_file(world.view(b"Remake (1960)/Remake (1960).mkv")).unwrap();
    let of_source = |below: &[u8]| fs::read(world.source(below)).ok();
    assert_eq!(of_source(b"Heat (1995) {tmdb-949}/Heat (1995).mkv").unwrap(), b"edited through the view");
    assert!(of_source(b"Heat (1995) {tmdb-949}/Heat (1995).de.srt").is_some());
    assert_eq!(of_source(b"New Film (2024)/New Film (2024).mkv").unwrap(), b"new");
    assert!(of_source(b"Heat (1995) {tmdb-949}/banner.jpg").is_some());
    assert_eq!(of_source(b"Remake (1960)/Remake (1960).mkv"), None);
    assert_eq!(of_source(b"Heat (1995) {tmdb-949}/poster.jpg"), None);
}

#[test]
fn a_cache_file_that_is_missing_is_an_error_of_its_names_only() {
    let Some(world) = World::beside() else { return };
    let mappings = world.mappings();
    let (_, lost) = mappings.iter().find(|(path, _)| path.to_string().ends_with("Disc (1980)/poster.jpg")).unwrap();
    fs::remove_file(world.cached(lost)).unwrap();
    for (path, mapping) in &mappings {
        let read = fs::read(world.mount.view().join(path.as_path()));
        if mapping.hash == lost.hash {
            assert_eq!(read.unwrap_err().raw_os_error(), Some(libc::EIO), "{path}");
        } else {
            assert_eq!(read.unwrap(), fs::read(world.cached(mapping)).unwrap(), "{path}");
        }
    }
    assert!(lists(&world.view(b"Disc (1980)"), "poster.jpg"));
    assert_eq!(
        fs::read(world.view(b"Disc (1980)/VIDEO_TS/VIDEO_TS.IFO")).unwrap(),
        b"Disc (1980)/VIDEO_TS/VIDEO_TS.IFO"
    );
}
