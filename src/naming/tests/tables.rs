//! Which names every entity type gets, from every profile.

use crate::model::{EntityType, EpisodeRange, Layout, Placement};

use super::*;

/// An item in the folder `Folder`, with every fact that such an item has.
pub(super) fn sample(entity_type: EntityType, layout: Layout) -> Placement {
    let is_episode = entity_type == EntityType::Episode;
    let has_season = is_episode || entity_type == EntityType::Season;
    let has_video = is_episode || entity_type == EntityType::Movie;
    Placement {
        entity_type,
        layout,
        title: "Jean-Luc O'Neil Jr.".to_owned(),
        folder: path("Folder"),
        videos: if has_video { vec![path("Folder/Heat (1995) cd1.mkv")] } else { Vec::new() },
        folders: if entity_type == EntityType::Actor { vec![path("Folder")] } else { Vec::new() },
        parent_folder: has_season.then(|| path("Show")),
        season: has_season.then_some(1),
        episodes: is_episode.then_some(EpisodeRange::single(2)),
    }
}

fn with_video(entity_type: EntityType, layout: Layout, videos: &[&str]) -> Placement {
    let videos: Vec<_> = videos.iter().map(|video| path(video)).collect();
    Placement { folder: videos[0].parent().unwrap(), videos, ..sample(entity_type, layout) }
}

#[track_caller]
fn assert_names(profile: &str, placed: &Placement, image_type: &str, expected: &[&str]) {
    let names = names(profile, placed, image_type, PictureExtension::Jpg);
    assert_eq!(shown(&names.names), expected, "{profile}, {image_type} of {}", placed.entity_type);
}

#[test]
fn series_and_seasons() {
    let series = Placement { folder: path("Lost"), ..sample(EntityType::Series, Layout::Own) };
    let cases: &[(&str, &[&str])] = &[
        ("poster", &["Lost/poster.jpg", "Lost/season-all-poster.jpg"]),
        ("fanart", &["Lost/fanart.jpg", "Lost/season-all-fanart.jpg"]),
        ("banner", &["Lost/banner.jpg", "Lost/season-all-banner.jpg"]),
        ("landscape", &["Lost/landscape.jpg", "Lost/season-all-landscape.jpg"]),
        ("clearlogo", &["Lost/clearlogo.jpg"]),
        ("clearart", &["Lost/clearart.jpg"]),
        ("characterart", &["Lost/characterart.jpg"]),
        ("keyart", &["Lost/keyart.jpg"]),
        ("fanart2", &["Lost/fanart2.jpg", "Lost/extrafanart/fanart2.jpg"]),
        ("spine", &[]),
    ];
    for (image_type, names) in cases {
        assert_names("default", &series, image_type, names);
    }
    assert_names("jellyfin", &series, "poster", &["Lost/poster.jpg"]);
    assert_names("plex", &series, "clearart", &[]);
    for (number, image_type, name) in [
        (1, "poster", "season01-poster"),
        (1, "fanart", "season01-fanart"),
        (12, "banner", "season12-banner"),
        (100, "landscape", "season100-landscape"),
        (2009, "poster", "season2009-poster"),
        (0, "poster", "season-specials-poster"),
        (1, "fanart3", "season01-fanart3"),
        (1, "clearlogo", "season01-clearlogo"),
    ] {
        let season = Placement { season: Some(number), ..sample(EntityType::Season, Layout::Own) };
        assert_names("default", &season, image_type, &[&format!("Folder/{name}.jpg")]);
    }
    assert_names("plex", &sample(EntityType::Season, Layout::Own), "landscape", &[]);
}

#[test]
fn episodes() {
    let one = |layout, videos: &[&str]| with_video(EntityType::Episode, layout, videos);
    let episode = one(Layout::Flat, &["Lost/Season 1/Lost S01E02.mkv"]);
    let both = ["Lost/Season 1/Lost S01E02-thumb.jpg", "Lost/Season 1/Lost S01E02.jpg"];
    assert_names("default", &episode, "thumb", &both);
    assert_names("kodi", &episode, "thumb", &both[..1]);
    assert_names("jellyfin", &episode, "thumb", &both[..1]);
    assert_names("plex", &episode, "thumb", &both[1..]);
    assert_names("default", &episode, "fanart", &["Lost/Season 1/Lost S01E02-fanart.jpg"]);
    assert_names(
        "default",
        &one(Layout::Disc, &["Lost S01E02/VIDEO_TS/VIDEO_TS.IFO"]),
        "thumb",
        &["Lost S01E02/VIDEO_TS/thumb.jpg"],
    );
    let versions = one(Layout::Version, &["A/x S01E02 - 1080p.mkv", "A/x S01E02 - 720p.mkv"]);
    assert_names("jellyfin", &versions, "thumb", &["A/x S01E02 - 1080p-thumb.jpg", "A/x S01E02 - 720p-thumb.jpg"]);
    let stack = one(Layout::Stack, &["A/x S01E02 part1.mkv", "A/x S01E02 part2.mkv"]);
    assert_names("kodi", &stack, "thumb", &["A/x S01E02 part1-thumb.jpg", "A/x S01E02-thumb.jpg"]);
    let several = Placement { episodes: EpisodeRange::new(1, 2), ..one(Layout::Flat, &["A/x S01E01-E02.mkv"]) };
    assert_names(
        "kodi",
        &several,
        "thumb",
        &["A/x S01E01-E02-thumb.jpg", "A/x S01E01-E02-S01E01-thumb.jpg", "A/x S01E01-E02-S01E02-thumb.jpg"],
    );
    assert_names("plex", &several, "thumb", &["A/x S01E01-E02.jpg"]);
    let misleading = names("default", &one(Layout::Flat, &["A/Season01.mkv"]), "thumb", PictureExtension::Jpg);
    assert_eq!(misleading.left_out[0].reason, LeftOutReason::Bare, "Plex would take it for the season");
}

#[test]
fn music() {
    let artist = Placement { folder: path("Björk"), ..sample(EntityType::Artist, Layout::Own) };
    let album = Placement { folder: path("Björk/Debut"), ..sample(EntityType::Album, Layout::Own) };
    let cases: &[(&Placement, &str, &[&str])] = &[
        (&artist, "thumb", &["Björk/folder.jpg"]),
        (&artist, "fanart", &["Björk/fanart.jpg"]),
        (&artist, "clearlogo", &["Björk/clearlogo.jpg"]),
        (&artist, "banner", &["Björk/banner.jpg"]),
        (&artist, "landscape", &["Björk/landscape.jpg"]),
        (&artist, "fanart1", &["Björk/fanart1.jpg", "Björk/extrafanart/fanart1.jpg"]),
        (&album, "cover", &["Björk/Debut/folder.jpg"]),
        (&album, "discart", &["Björk/Debut/discart.jpg", "Björk/Debut/cdart.jpg"]),
        (&album, "back", &["Björk/Debut/back.jpg"]),
        (&album, "spine", &["Björk/Debut/spine.jpg"]),
    ];
    for (placed, image_type, names) in cases {
        assert_names("default", placed, image_type, names);
    }
    assert_names("jellyfin", &album, "discart", &["Björk/Debut/cdart.jpg"]);
    assert_names("plex", &album, "back", &[]);
}

#[test]
fn actors_and_sets() {
    let actor = Placement {
        folder: RelPath::root(),
        folders: vec![path("Disc/VIDEO_TS"), path("Heat (1995)")],
        ..sample(EntityType::Actor, Layout::Own)
    };
    assert_names(
        "default",
        &actor,
        "actorthumb",
        &["Disc/VIDEO_TS/.actors/Jean-Luc_O'Neil_Jr..jpg", "Heat (1995)/.actors/Jean-Luc_O'Neil_Jr..jpg"],
    );
    let odd = Placement { title: "What? Ever".into(), folders: vec![path("A")], ..actor.clone() };
    assert_names("kodi", &odd, "actorthumb", &["A/.actors/What?_Ever.jpg", "A/.actors/What__Ever.jpg"]);
    assert_names("jellyfin", &actor, "actorthumb", &[]);
    let set = |title: &str| Placement {
        title: title.into(),
        folder: RelPath::root(),
        ..sample(EntityType::MovieSet, Layout::Own)
    };
    assert_names("default", &set("Heat"), "poster", &[]);
    assert_names("kodi-sets", &set("Heat: The Saga"), "poster", &["Heat_ The Saga/poster.jpg"]);
    assert_names("kodi-sets", &set("Heat"), "fanart3", &["Heat/fanart3.jpg"]);
    assert_names("kodi-sets", &set(".."), "poster", &[]);
    let named = |title: &str| Placement { title: title.into(), ..actor.clone() };
    for (title, name) in [
        ("Jean-Luc O'Neil Jr.", "J/Jean-Luc O'Neil Jr/folder.jpg"),
        ("50 Cent", "5/50 Cent/folder.jpg"),
        ("!!!", "!!!/folder.jpg"),
    ] {
        assert_names("jellyfin-people", &named(title), "actorthumb", &[name]);
    }
    assert_names("jellyfin-people", &named(""), "actorthumb", &[]);
}

#[test]
fn kometa() {
    let series = Placement { folder: path("TV/Lost (2004)"), ..sample(EntityType::Series, Layout::Own) };
    let season = Placement {
        parent_folder: Some(series.folder.clone()),
        season: Some(0),
        ..sample(EntityType::Season, Layout::Own)
    };
    let episode = Placement {
        parent_folder: Some(series.folder.clone()),
        episodes: EpisodeRange::new(2, 3),
        ..sample(EntityType::Episode, Layout::Flat)
    };
    let flat = with_video(EntityType::Movie, Layout::Flat, &["Films/Heat (1995).mkv"]);
    let set = Placement { title: "Alien: The Saga...".into(), ..sample(EntityType::MovieSet, Layout::Own) };
    let cases: &[(&Placement, &str, &[&str])] = &[
        (&series, "poster", &["Lost (2004)/poster.jpg"]),
        (&series, "fanart", &["Lost (2004)/background.jpg"]),
        (&series, "clearlogo", &["Lost (2004)/logo.jpg"]),
        (&season, "poster", &["Lost (2004)/Season00.jpg"]),
        (&season, "fanart", &["Lost (2004)/Season00_background.jpg"]),
        (&season, "clearlogo", &["Lost (2004)/Season00_logo.jpg"]),
        (&episode, "thumb", &["Lost (2004)/S01E02.jpg", "Lost (2004)/S01E03.jpg"]),
        (&episode, "fanart", &["Lost (2004)/S01E02_background.jpg", "Lost (2004)/S01E03_background.jpg"]),
        (&flat, "poster", &[]),
        (&set, "poster", &["Alien The Saga/poster.jpg"]),
    ];
    for (placed, image_type, names) in cases {
        assert_names("kometa", placed, image_type, names);
    }
    let dated = Placement { episodes: None, ..episode };
    let names = names("kometa", &dated, "thumb", PictureExtension::Jpg);
    assert!(matches!(names.left_out[0].reason, LeftOutReason::Unknown(_)), "{names:?}");
}

#[test]
fn films_for_one_player_and_for_several() {
    let own = with_video(EntityType::Movie, Layout::Own, &["Heat (1995)/Heat.mkv"]);
    let flat = with_video(EntityType::Movie, Layout::Flat, &["Heat.mkv"]);
    let flat_stack = with_video(EntityType::Movie, Layout::Flat, &["Heat cd1.avi", "Heat cd2.avi"]);
    let versions = with_video(EntityType::Movie, Layout::Version, &["Heat/Heat - A.mkv", "Heat/Heat - B.mkv"]);
    let cases: &[(&str, &Placement, &str, &[&str])] = &[
        ("kodi", &own, "poster", &["Heat (1995)/poster.jpg", "Heat (1995)/Heat-poster.jpg"]),
        ("kodi", &own, "fanart", &["Heat (1995)/fanart.jpg", "Heat (1995)/Heat-fanart.jpg"]),
        ("kodi", &own, "clearlogo", &["Heat (1995)/clearlogo.jpg", "Heat (1995)/Heat-clearlogo.jpg"]),
        ("kodi,jellyfin", &own, "fanart", &["Heat (1995)/fanart.jpg"]),
        ("kodi", &own, "fanart1", &["Heat (1995)/fanart1.jpg"]),
        ("jellyfin", &own, "fanart1", &["Heat (1995)/extrafanart/fanart1.jpg"]),
        ("emby", &own, "poster", &["Heat (1995)/poster.jpg"]),
        ("plex", &own, "fanart1", &["Heat (1995)/fanart1.jpg"]),
        ("plex", &own, "banner", &[]),
        ("jellyfin", &flat, "poster", &["Heat-poster.jpg"]),
        ("plex", &flat, "poster", &["Heat.jpg"]),
        ("plex", &flat, "fanart", &["Heat-fanart.jpg"]),
        ("jellyfin", &flat, "fanart2", &["Heat-fanart-2.jpg"]),
        ("kodi", &flat, "keyart", &["Heat-keyart.jpg"]),
        ("default", &flat_stack, "poster", &["Heat cd1-poster.jpg", "Heat cd1.jpg", "Heat-poster.jpg"]),
        ("default", &flat_stack, "fanart", &["Heat cd1-fanart.jpg", "Heat-fanart.jpg"]),
        ("default", &versions, "poster", &["Heat/poster.jpg", "Heat/Heat - A-poster.jpg", "Heat/Heat - B-poster.jpg"]),
    ];
    for (profile, placed, image_type, names) in cases {
        assert_names(profile, placed, image_type, names);
    }
    for kind in EntityType::Movie.kinds() {
        let with = |profiles| names(profiles, &own, kind.as_str(), PictureExtension::Jpg);
        assert_eq!(with("default,kodi,jellyfin,emby,plex"), with("default"));
        assert_eq!(with("kodi,jellyfin,emby,plex"), with("default"));
    }
}

#[test]
fn formats_that_a_player_cannot_read() {
    let flat = with_video(EntityType::Movie, Layout::Flat, &["Heat.mkv"]);
    let webp = names("default", &flat, "poster", PictureExtension::Webp);
    assert_eq!(shown(&webp.names), ["Heat-poster.webp"]);
    assert_eq!(webp.left_out.len(), 1);
    assert_eq!(webp.left_out[0].to_string(), "Heat.webp: plex cannot read webp under this name; select a JPEG");
    assert_eq!(webp.unread[0].to_string(), "Heat-poster.webp: emby cannot read webp under this name");
    let cover = names("default", &sample(EntityType::Album, Layout::Own), "cover", PictureExtension::Png);
    assert_eq!(shown(&cover.names), ["Folder/folder.png"]);
    assert_eq!(cover.unread[0].players, Players::KODI);
    let portrait = names("kodi", &sample(EntityType::Actor, Layout::Own), "actorthumb", PictureExtension::Webp);
    assert!(portrait.names.is_empty() && portrait.left_out.len() == 1, "{portrait:?}");
}

proptest! {
    /// Titles and names of folders come from NFO files and from the tree: whatever they are, what is named stays where it
    /// belongs.
    #[test]
    fn names_stay_beneath_their_root(
        title in any::<String>(),
        folder in prop::collection::vec(any::<u8>().prop_filter("no name", |b| *b != 0 && *b != b'/'), 1..40),
        entity_type in prop::sample::select(EntityType::ALL),
        layout in prop::sample::select(Layout::ALL),
    ) {
        prop_assume!(RelPath::parse(&folder).is_ok());
        let folder = RelPath::parse(&folder).unwrap();
        let parent_folder = Some(folder.clone());
        let placed = Placement { title, folder: folder.clone(), folders: vec![folder], parent_folder, ..sample(entity_type, layout) };
        for profile in Profile::ALL {
            let profiles: Profiles = profile.as_str().parse().unwrap();
            for kind in entity_type.kinds() {
                for name in profiles.names(&placed, ImageType::main(*kind), PictureExtension::Jpg).names {
                    prop_assert!(name.name.as_bytes().len() <= 255);
                    prop_assert!(profile.is_tree() || name.folder.strip_prefix(&placed.folder).is_some());
                    prop_assert!(name.folder.components().all(|part| part.as_bytes() != b".." && part.as_bytes().len() <= 255));
                }
            }
        }
    }
}
