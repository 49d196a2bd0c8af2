//! Libraries with everything that names depend on: series, music, people and sets, wherever they lie.

use posterfs::model::LibraryKind;

use crate::support::{World, write};

/// Series of every layout.
pub fn series() -> World {
    let files: &[&[u8]] = &[
        b"Lost (2004)/Season 01/Lost S01E01.mkv",
        b"Lost (2004)/Season 01/Lost S01E02-E03.mkv",
        b"Lost (2004)/Season 01/Lost S01E04/VIDEO_TS/VIDEO_TS.IFO",
        b"Lost (2004)/Season 01/Lost S01E05 - 1080p.mkv",
        b"Lost (2004)/Season 01/Lost S01E05 - 720p.mkv",
        b"Lost (2004)/Season 01/Lost S01E06 part1.mkv",
        b"Lost (2004)/Season 01/Lost S01E06 part2.mkv",
        b"Lost (2004)/Specials/Lost S00E01.mkv",
        b"Firefly/Firefly 1x02.avi",
    ];
    World::of_kind(LibraryKind::Tv, "default", files)
}

/// An artist with albums.
pub fn music() -> World {
    let files = ["Björk/Debut/01.flac", "Björk/Live Box/CD 1/01.flac", "Björk/Live Box/CD 2/01.flac"];
    World::of_kind(LibraryKind::Music, "default", &files.map(str::as_bytes))
}

/// Actors in films of every layout, and movie sets with odd names, as metadata files tell them.
pub fn people_and_sets() -> World {
    let files: &[&[u8]] =
        &[b"Heat (1995)/Heat.mkv", b"Dune (1984)/VIDEO_TS/VIDEO_TS.IFO", b"flat/Reds.mkv", b"flat/Up.mkv"];
    let mut world = World::of_kind(LibraryKind::Movies, "default", files);
    for (nfo, actor, set) in [
        (&b"Heat (1995)/Heat.nfo"[..], "Al Pacino", "Heat"),
        (b"Dune (1984)/VIDEO_TS/VIDEO_TS.nfo", "Who? Ever", "Alien: The Saga..."),
        (b"flat/Reds.nfo", "Al Pacino", ""),
    ] {
        let text = format!("<movie><actor><name>{actor}</name></actor><set>{set}</set></movie>");
        write(&world.path(nfo), text.as_bytes());
    }
    world.scan();
    world
}
