//! The tables of the artwork names, row by row: films and what all have in common here, the rest in the files below.

mod conflicts;
mod recognised;
mod tables;

use proptest::prelude::*;

use crate::model::{EntityType, ImageType, Layout, Placement, RelPath};

use super::*;

fn item(layout: Layout, base: &[u8]) -> NamedItem<'_> {
    NamedItem::new(EntityType::Movie, layout, base)
}

/// A film in the root of its library, but for a disc, which is a folder.
fn film(layout: Layout, base: &[u8]) -> Placement {
    let video = RelPath::parse(&[base, b".mkv"].concat()).unwrap();
    let folder = if layout == Layout::Disc { RelPath::parse(base).unwrap() } else { RelPath::root() };
    Placement { layout, folder, videos: vec![video], ..tables::sample(EntityType::Movie, Layout::Own) }
}

fn names(profiles: &str, placed: &Placement, image_type: &str, extension: PictureExtension) -> Names {
    profiles.parse::<Profiles>().unwrap().names(placed, image_type.parse().unwrap(), extension)
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn shown(names: &[PublishedName]) -> Vec<String> {
    names.iter().map(|published| published.folder.join(&published.name).to_string()).collect()
}

fn paths(layout: Layout, base: &[u8], image_type: &str, extension: &str) -> Vec<String> {
    let placed = film(layout, base);
    let published = names("default", &placed, image_type, extension.parse().unwrap()).names;
    let below = |path: RelPath| path.strip_prefix(&placed.folder).unwrap().to_string();
    published.iter().map(|published| below(published.folder.join(&published.name))).collect()
}

#[test]
fn the_default_profile_row_by_row() {
    let own: &[(&str, &str, &[&str])] = &[
        ("poster", "jpg", &["poster.jpg", "Heat (1995)-poster.jpg"]),
        ("fanart", "jpg", &["fanart.jpg"]),
        ("clearlogo", "png", &["clearlogo.png"]),
        ("clearart", "png", &["clearart.png"]),
        ("discart", "png", &["discart.png"]),
        ("banner", "jpg", &["banner.jpg"]),
        ("landscape", "jpg", &["landscape.jpg"]),
        ("keyart", "jpg", &["keyart.jpg"]),
        ("characterart", "png", &["characterart.png"]),
        ("fanart1", "jpg", &["fanart1.jpg", "extrafanart/fanart1.jpg"]),
        ("fanart12", "webp", &["fanart12.webp", "extrafanart/fanart12.webp"]),
        ("poster", "jpeg", &["poster.jpg", "Heat (1995)-poster.jpg"]),
        ("thumb", "jpg", &[]),
        ("cover", "jpg", &[]),
        ("actorthumb", "jpg", &[]),
    ];
    for (image_type, extension, names) in own {
        assert_eq!(paths(Layout::Own, b"Heat (1995)", image_type, extension), *names, "own folder, {image_type}");
    }
    let others: &[(Layout, &str, &str, &[&str])] = &[
        (Layout::Flat, "Heat", "poster", &["Heat-poster.jpg", "Heat.jpg"]),
        (Layout::Flat, "Heat", "fanart", &["Heat-fanart.jpg"]),
        (Layout::Flat, "Heat", "fanart3", &["Heat-fanart3.jpg", "Heat-fanart-3.jpg"]),
        (Layout::Flat, "Heat", "clearlogo", &["Heat-clearlogo.jpg"]),
        (Layout::Flat, "{n}{t}", "landscape", &["{n}{t}-landscape.jpg"]),
        (Layout::Disc, "Heat", "poster", &["poster.jpg"]),
        (Layout::Disc, "Heat", "fanart", &["fanart.jpg"]),
        (Layout::Stack, "Heat (1995) cd1", "poster", &["poster.jpg", "Heat (1995)-poster.jpg"]),
        (Layout::Stack, "Heat (1995) cd1", "banner", &["banner.jpg"]),
        (Layout::Version, "Heat - 1080p", "poster", &["poster.jpg", "Heat - 1080p-poster.jpg"]),
    ];
    for (layout, base, image_type, names) in others {
        assert_eq!(paths(*layout, base.as_bytes(), image_type, "jpg"), *names, "{layout} {base}, {image_type}");
    }
}

#[test]
fn names_that_cannot_be_are_left_out_and_reported() {
    let long = vec![b'x'; 250];
    let found = names("default", &film(Layout::Own, &long), "poster", PictureExtension::Jpg);
    assert_eq!(found.names.len(), 1, "the bare name is still there");
    assert_eq!(found.left_out[0].reason, LeftOutReason::TooLong);
    assert_eq!(found.left_out[0].name.len(), 250 + "-poster.jpg".len());
    let exact = vec![b'x'; 255 - "-poster.jpg".len()];
    assert_eq!(paths(Layout::Own, &exact, "poster", "jpg").len(), 2, "255 bytes are a name");
    for base in ["poster", "Folder", "FANART1", "movie"] {
        let found = names("default", &film(Layout::Flat, base.as_bytes()), "poster", PictureExtension::Png);
        assert_eq!(found.names.len(), 1, "{base}: never bare in a flat folder");
        assert_eq!(found.left_out[0].reason, LeftOutReason::Bare);
    }
}

#[test]
fn artwork_names_are_made_of_the_video_or_of_the_disc_folder() {
    for (layout, folder, video, base) in [
        (Layout::Own, "Heat (1995)", Some("Heat (1995)/Heat.1080p.mkv"), Some("Heat.1080p")),
        (Layout::Flat, "", Some("Heat.mkv"), Some("Heat")),
        (Layout::Disc, "Heat (1995)", Some("Heat (1995)/VIDEO_TS/VIDEO_TS.IFO"), Some("Heat (1995)")),
        (Layout::Own, "Heat (1995)", None, Some("Heat (1995)")),
        (Layout::Flat, "", None, None),
    ] {
        let found = base_name(layout, &path(folder), video.map(path).as_ref());
        assert_eq!(found.map(|name| name.to_string()).as_deref(), base, "{layout} {folder} {video:?}");
    }
}

#[test]
fn profiles_are_named_and_combined() {
    assert_eq!("default".parse(), Ok(Profiles::default()));
    assert_eq!("default, default".parse::<Profiles>().unwrap().to_string(), "default");
    assert_eq!("kodi, jellyfin".parse::<Profiles>().unwrap().players().to_string(), "kodi and jellyfin");
    for text in ["", "defaults", "default,", "Kodi", "kodi,kometa"] {
        assert!(text.parse::<Profiles>().is_err(), "{text}");
    }
    for text in ["kodi-sets", "jellyfin-people", "kometa"] {
        assert!(text.parse::<Profiles>().unwrap().is_tree());
        let refused = Profiles::of_library(text).unwrap_err().to_string();
        assert!(refused.contains("export") && refused.ends_with("default, kodi, jellyfin, emby and plex"), "{refused}");
    }
    assert_eq!(Profiles::of_library("plex,emby").unwrap().to_string(), "plex,emby");
}

#[test]
fn pictures_that_were_there_before_us() {
    let own: &[(&str, Option<&str>)] = &[
        ("poster.jpg", Some("poster")),
        ("POSTER.JPEG", Some("poster")),
        ("folder.tbn", Some("poster")),
        ("cover.webp", Some("poster")),
        ("movie.png", Some("poster")),
        ("default.gif", Some("poster")),
        ("poster-2.jpg", Some("poster")),
        ("Heat.jpg", Some("poster")),
        ("heat-POSTER.png", Some("poster")),
        ("Heat-folder.jpg", Some("poster")),
        ("Heat-3.jpg", Some("poster")),
        ("fanart.jpg", Some("fanart")),
        ("fanart1.jpg", Some("fanart1")),
        ("fanart-2.jpg", Some("fanart2")),
        ("backdrop.jpg", Some("fanart")),
        ("backdrop4.jpg", Some("fanart4")),
        ("background-5.jpg", Some("fanart5")),
        ("art.jpg", Some("fanart")),
        ("art-6.jpg", Some("fanart6")),
        ("Heat-fanart.jpg", Some("fanart")),
        ("Heat-fanart07.jpg", Some("fanart7")),
        ("logo.png", Some("clearlogo")),
        ("clearlogo.png", Some("clearlogo")),
        ("disc.png", Some("discart")),
        ("discart.png", Some("discart")),
        ("cdart.png", Some("discart")),
        ("landscape.jpg", Some("landscape")),
        ("thumb.jpg", Some("landscape")),
        ("Heat-thumb.jpg", Some("landscape")),
        ("banner.jpg", Some("banner")),
        ("clearart.png", Some("clearart")),
        ("keyart.jpg", Some("keyart")),
        ("characterart.png", Some("characterart")),
        ("fanart100.jpg", None),
        ("fanart-.jpg", None),
        ("Heatwave.jpg", None),
        ("Heat-.jpg", None),
        ("poster", None),
        ("poster.txt", None),
        (".jpg", None),
        ("movieset-poster.jpg", None),
        ("screenshot.png", None),
    ];
    for (file_name, expected) in own {
        let found = recognise(&item(Layout::Own, b"Heat"), PicturePlace::ItemFolder, file_name.as_bytes());
        assert_eq!(found.map(|t| t.to_string()).as_deref(), *expected, "own folder, {file_name}");
    }
}

#[test]
fn in_flat_folders_only_prefixed_pictures_are_somebodys() {
    let flat = item(Layout::Flat, "Das Müde Ende".as_bytes());
    for (file_name, expected) in [
        ("Das Müde Ende.jpg", Some("poster")),
        ("DAS MÜDE ENDE-POSTER.JPG", Some("poster")),
        ("Das Müde Ende-fanart.png", Some("fanart")),
        ("poster.jpg", None),
        ("folder.jpg", None),
        ("Das Müde Ende 2.jpg", None),
    ] {
        let found = recognise(&flat, PicturePlace::ItemFolder, file_name.as_bytes());
        assert_eq!(found.map(|t| t.to_string()).as_deref(), expected, "flat, {file_name}");
    }
    assert_eq!(recognise(&flat, PicturePlace::ExtraFanart, b"fanart1.jpg"), None);
}

#[test]
fn further_fanart_and_stacks() {
    let own = item(Layout::Own, b"Heat");
    for (file_name, expected) in [
        ("fanart1.jpg", Some("fanart1")),
        ("fanart.jpg", Some("fanart1")),
        ("17.png", Some("fanart17")),
        ("a.txt", None),
    ] {
        let found = recognise(&own, PicturePlace::ExtraFanart, file_name.as_bytes());
        assert_eq!(found.map(|t| t.to_string()).as_deref(), expected, "extrafanart/{file_name}");
    }
    assert!(is_extra_fanart_folder(b"ExtraFanart") && is_extra_fanart_folder(b"extrafanarts"));
    let stack = item(Layout::Stack, b"Heat.cd1");
    for file_name in ["Heat-fanart.jpg", "heat.cd1-fanart.jpg", "fanart.jpg"] {
        let found = recognise(&stack, PicturePlace::ItemFolder, file_name.as_bytes());
        assert_eq!(found, Some("fanart".parse().unwrap()), "{file_name}");
    }
    let beside_others = NamedItem { is_stack: true, ..item(Layout::Flat, b"Heat.cd1") };
    for (file_name, is_its) in [("Heat-fanart.jpg", true), ("heat.cd1-fanart.jpg", true), ("fanart.jpg", false)] {
        let found = recognise(&beside_others, PicturePlace::ItemFolder, file_name.as_bytes());
        assert_eq!(found.is_some(), is_its, "{file_name}");
    }
}

#[test]
fn parts_of_stacks() {
    for (base, expected) in [
        ("Heat cd1", Some(("Heat", StackWord::Cd, 1))),
        ("Heat.CD02", Some(("Heat", StackWord::Cd, 2))),
        ("Heat - part 3", Some(("Heat", StackWord::Part, 3))),
        ("Heat_pt1", Some(("Heat", StackWord::Part, 1))),
        ("Heat (disk 2)", Some(("Heat", StackWord::Disc, 2))),
        ("Heat [dvd1]", Some(("Heat", StackWord::Dvd, 1))),
        ("Heat-disc-b", Some(("Heat", StackWord::Disc, 2))),
        ("Heat part1-GRP", Some(("Heat-GRP", StackWord::Part, 1))),
        ("Heat (1995)[720p]part1", Some(("Heat (1995)[720p]", StackWord::Part, 1))),
        ("Kill Bill Part 1 (2003)", Some(("Kill Bill (2003)", StackWord::Part, 1))),
        ("300a", Some(("300", StackWord::Bare, 1))),
        ("Heat - B", Some(("Heat", StackWord::Bare, 2))),
        ("a", None),
        ("Heat e", None),
        ("cd1", None),
        (" cd1", None),
        ("Heatcd1", None),
        ("Heat part", None),
        ("The Party", None),
        ("Heat dvdrip", None),
        ("Heat cd1080p", None),
        ("Heat disc 1995", None),
        ("", None),
    ] {
        let found = stack_part(base.as_bytes());
        let found = found.as_ref().map(|part| (std::str::from_utf8(&part.title).unwrap(), part.word, part.number));
        assert_eq!(found, expected, "{base}");
    }
}

fn any_layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(Layout::ALL)
}

proptest! {
    #[test]
    fn any_name_is_handled_and_published_names_are_recognised(
        base in prop::collection::vec(any::<u8>().prop_filter("no name", |b| *b != 0 && *b != b'/'), 1..260),
        layout in any_layout(),
        kind in prop::sample::select(vec!["poster", "fanart", "fanart1", "clearlogo", "banner", "keyart"]),
    ) {
        let image_type: ImageType = kind.parse().unwrap();
        let item = item(layout, &base);
        prop_assume!(RelPath::parse(&base).is_ok());
        for published in Profiles::default().names(&film(layout, &base), image_type, PictureExtension::Jpg).names {
            prop_assert!(published.name.as_bytes().len() <= 255);
            if layout == Layout::Flat {
                prop_assert!(published.name.as_bytes().starts_with(&base));
            }
            let is_below = published.is_synthetic_folder;
            let place = if is_below { PicturePlace::ExtraFanart } else { PicturePlace::ItemFolder };
            prop_assert_eq!(recognise(&item, place, published.name.as_bytes()), Some(image_type));
        }
    }

    #[test]
    fn no_name_panics(name: Vec<u8>, base: Vec<u8>, layout in any_layout()) {
        let _ = recognise(&item(layout, &base), PicturePlace::ItemFolder, &name);
        let _ = recognise(&item(layout, &base), PicturePlace::ExtraFanart, &name);
        let _ = stack_part(&name);
    }
}
