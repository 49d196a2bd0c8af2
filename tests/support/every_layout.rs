//! Libraries of every layout, and what every profile names in them: `tests/golden/PROFILE.txt`.

#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::path::PathBuf;

use posterfs::model::{EntityType, ImageType, LibraryKind};

/// The files of a library of films.
pub const MOVIES: &[&str] = &[
    "Heat (1995) {tmdb-949}/Heat (1995).mkv",
    "Action/Alien (1979).mkv",
    "Action/Brazil (1985).avi",
    "Up (2009).mkv",
    "Dune (1984)/VIDEO_TS/VIDEO_TS.IFO",
    "Ran (1985)/BDMV/index.bdmv",
    "Das Boot (1981)/Das Boot (1981) cd1.avi",
    "Das Boot (1981)/Das Boot (1981) cd2.avi",
    "Mixed/Gandhi (1982) cd1.avi",
    "Mixed/Gandhi (1982) cd2.avi",
    "Mixed/Reds (1981).mkv",
    "Blade Runner (1982)/Blade Runner (1982) - Final Cut.mkv",
    "Blade Runner (1982)/Blade Runner (1982) - Theatrical.mkv",
];

/// The files of every library.
pub const LIBRARIES: &[(LibraryKind, &[&str])] = &[(LibraryKind::Movies, MOVIES)];

/// Every image type of an entity, with two further fanarts where it has any.
pub fn image_types(entity_type: EntityType) -> Vec<ImageType> {
    let kinds = entity_type.kinds().iter();
    let numbers = |is_numbered| if is_numbered { 0..3 } else { 0..1 };
    kinds.flat_map(|kind| numbers(kind.is_numbered()).map(|n| ImageType::numbered(*kind, n).unwrap())).collect()
}

/// The golden listing of a profile.
pub fn golden(profile: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/golden", &format!("{profile}.txt")].iter().collect()
}

/// The paths that a profile names in the library of that kind.
pub fn golden_paths(profile: &str, kind: LibraryKind) -> Vec<String> {
    let text = std::fs::read_to_string(golden(profile)).unwrap();
    let of_kind = text.lines().skip_while(|line| *line != format!("# {kind}")).skip(1);
    let lines = of_kind.take_while(|line| !line.starts_with("# "));
    lines.map(|line| line.rsplit_once(": ").unwrap().0.to_owned()).collect()
}
