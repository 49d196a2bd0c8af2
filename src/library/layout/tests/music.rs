//! Whole folders of music: albums, their discs, artists.

use super::*;

fn items(inside: &Inside, path: &str, entries: &[&str]) -> Vec<String> {
    let context = Context { inside: inside.clone(), ..Context::root(LibraryKind::Music) };
    let verdict = decide(&listing_of(LibraryKind::Music, path, entries), &context);
    let show = |item: &FoundItem| {
        let year = item.identity.year.map_or("-".to_owned(), |year| year.to_string());
        format!("{} {} {}/{year} {}", item.entity_type, item.rule, item.identity.title, item.folders.len())
    };
    verdict.items.iter().map(show).collect()
}

fn artist(name: &str) -> Inside {
    Inside::Artist { folder: RelPath::parse(name.as_bytes()).unwrap(), name: name.to_owned() }
}

#[test]
fn albums_and_artists() {
    let floyd = artist("Pink Floyd");
    let cases: &[(&Inside, &str, &[&str], &[&str])] = &[
        (&floyd, "Pink Floyd/The Wall (1979)", &["01 - In the Flesh.flac"], &["album album-folder The Wall/1979 0"]),
        (&floyd, "Pink Floyd/The Wall", &["CD1/01.mp3", "CD2/01.mp3"], &["album album-of-discs The Wall/- 2"]),
        (
            &floyd,
            "Pink Floyd/The Wall",
            &["Disc 1/01.mp3", "Disc 02 (Live)/01.mp3", "Scans/a.jpg"],
            &["album album-of-discs The Wall/- 2"],
        ),
        (&floyd, "Pink Floyd/The Wall", &["01.mp3", "Bonus CD/02.mp3"], &["album album-folder The Wall/- 0"]),
        (&floyd, "Pink Floyd/Live", &["Pulse/01.mp3"], &[]),
        (&floyd, "Pink Floyd/Meddle", &["album.nfo"], &["album album-nfo Meddle/- 0"]),
        (
            &Inside::Shelf,
            "Pink Floyd",
            &["The Wall/01.flac", "Meddle/01.flac"],
            &["artist artist-of-albums Pink Floyd/- 0"],
        ),
        (&Inside::Shelf, "Pink Floyd", &["The Wall/CD 1", "The Wall/CD 2"], &[]),
        (&Inside::Shelf, "Pink Floyd", &["Singles/Money/"], &["artist artist-of-albums Pink Floyd/- 0"]),
        (&Inside::Shelf, "Pink Floyd", &["loose.mp3", "The Wall/01.flac"], &["artist artist-of-albums Pink Floyd/- 0"]),
        (&Inside::Shelf, "Pink Floyd", &["artist.nfo", "x/"], &["artist artist-nfo Pink Floyd/- 0"]),
        (&Inside::Shelf, "Pink Floyd - The Wall (1979)", &["01.flac"], &["album album-folder The Wall/1979 0"]),
        (&Inside::Shelf, "The 1975 (Band)", &["Album/01.mp3"], &["artist artist-of-albums The 1975 (Band)/- 0"]),
        (&Inside::Shelf, "Rock", &["Pink Floyd/The Wall/"], &[]),
        (&Inside::Shelf, "", &["01.mp3", "Pink Floyd/"], &[]),
        (&Inside::Shelf, "Videos", &["clip.mkv"], &[]),
        (&floyd, "Pink Floyd/The Wall", &["01.mp3", ".nomedia"], &[]),
    ];
    for (inside, path, entries, expected) in cases {
        assert_eq!(items(inside, path, entries), *expected, "{path}: {entries:?}");
    }
}

#[test]
fn names_of_albums() {
    for (name, artist, title, year) in [
        ("The Wall", None, "The Wall", None),
        ("The Wall (1979)", None, "The Wall", Some(1979)),
        ("1979 - The Wall", None, "The Wall", Some(1979)),
        ("(1979) The Wall", None, "The Wall", Some(1979)),
        ("[1979] The Wall [FLAC]", None, "The Wall", Some(1979)),
        ("1979. The Wall", None, "The Wall", Some(1979)),
        ("Pink Floyd - The Wall (1979)", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Pink Floyd - 1979 - The Wall", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("1979 - Pink Floyd - The Wall", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Metallica", Some("Metallica"), "Metallica", None),
        ("Metallica (1991)", Some("Metallica"), "Metallica", Some(1991)),
        ("1984 (1984)", None, "1984", Some(1984)),
        ("1984", None, "1984", None),
        ("1989 (Taylor's Version)", Some("Taylor Swift"), "1989 (Taylor's Version)", None),
        ("Bad (2012 Remaster)", None, "Bad (2012 Remaster)", None),
        ("+ (2011)", Some("Ed Sheeran"), "+", Some(2011)),
        ("- (2023)", Some("Ed Sheeran"), "-", Some(2023)),
        ("÷ (2017)", Some("Ed Sheeran"), "÷", Some(2017)),
    ] {
        let identity = album_name(name.as_bytes(), artist).identity;
        assert_eq!((identity.title.as_str(), identity.year), (title, year), "{name} of {artist:?}");
    }
}

#[test]
fn names_of_albums_outside_the_folder_of_an_artist() {
    for (name, artist, title, year) in [
        ("Pink Floyd - The Wall", Some("Pink Floyd"), "The Wall", None),
        ("Pink Floyd - The Wall (1979) [FLAC]", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Pink Floyd - 1979 - The Wall", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Pink Floyd - The Wall - 1979", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Pink Floyd - The Wall [mp3 320 kbps]", Some("Pink Floyd"), "The Wall", None),
        ("Pink Floyd - The Wall {FLAC, 24bit, 96kHz}", Some("Pink Floyd"), "The Wall", None),
        ("Pink Floyd - The Wall (Live) (FLAC)", Some("Pink Floyd"), "The Wall (Live)", None),
        ("Pink Floyd - The Wall FLAC", Some("Pink Floyd"), "The Wall", None),
        ("Jay-Z - The Blueprint (2001)", Some("Jay-Z"), "The Blueprint", Some(2001)),
        ("Pink_Floyd-The_Wall-2CD-FLAC-1979-GRP", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Pink_Floyd-The_Wall-(Deluxe_Edition)-WEB-1979-GRP", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("Pink Floyd-1979-The Wall-GRP", Some("Pink Floyd"), "The Wall", Some(1979)),
        ("1979 - The Wall", None, "The Wall", Some(1979)),
        ("Tangled Web", None, "Tangled Web", None),
        ("FLAC", None, "FLAC", None),
        ("Blink-182", None, "Blink-182", None),
        ("Sampler (2001)", None, "Sampler", Some(2001)),
    ] {
        let told = album_name(name.as_bytes(), None);
        let shown = (told.artist.as_deref(), told.identity.title.as_str(), told.identity.year);
        assert_eq!(shown, (artist, title, year), "{name}");
    }
}

#[test]
fn discs_of_albums() {
    use super::super::album_name::is_album_disc;
    for (name, expected) in [
        ("cd1", true),
        ("CD 02", true),
        ("disc18", true),
        ("Disk - 1", true),
        ("vol7", true),
        ("Volume 1", true),
        ("Vinyl 01", true),
        ("12\" Vinyl 02", true),
        ("Hybrid SACD 01", true),
        ("Enhanced CD 1", true),
        ("Cassette 1", true),
        ("Vinyl", false),
        ("Vinyl Days", false),
        ("Digital Media 2", true),
        ("Disc 01 (A name · of it)", true),
        ("Disc04(A name)", true),
        ("disk", false),
        ("disk a", false),
        ("disk disc 6", false),
        ("03 Pinkerton", false),
        ("Discovery 1", false),
        ("[1985] Title (1985)", false),
        ("", false),
    ] {
        assert_eq!(is_album_disc(name.as_bytes()), expected, "{name}");
    }
}
