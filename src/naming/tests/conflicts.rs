//! The rules that keep players from misreading each other's names, each for every profile and every combination of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntityType, ImageType, Layout, Placement, RelPath};

use super::tables::sample;
use super::*;

/// `default` and every combination of the profiles that lie beside the media.
fn all_profiles() -> Vec<Profiles> {
    let words: Vec<_> = Profile::ALL.iter().filter(|profile| !profile.is_tree()).map(Profile::as_str).collect();
    (1..1_usize << words.len())
        .map(|chosen| {
            let words: Vec<_> = (0..words.len()).filter(|at| chosen & (1 << at) != 0).map(|at| words[at]).collect();
            words.join(",").parse().unwrap()
        })
        .collect()
}

/// Every image type that an entity can have, with three further fanarts where it has any.
fn image_types(entity_type: EntityType) -> Vec<ImageType> {
    let kinds = entity_type.kinds().iter();
    kinds
        .flat_map(|kind| {
            let numbers = if kind.is_numbered() { 0..4 } else { 0..1 };
            numbers.map(|number| ImageType::numbered(*kind, number).unwrap())
        })
        .collect()
}

struct Published {
    image_type: ImageType,
    folder: RelPath,
    stem: String,
}

/// All names of an item of which everything is selected.
fn published(profiles: &Profiles, item: &Placement) -> Vec<Published> {
    let all = image_types(item.entity_type).into_iter().flat_map(|image_type| {
        let names = profiles.names(item, image_type, PictureExtension::Jpg).names;
        names.into_iter().map(move |name| Published {
            image_type,
            folder: name.folder,
            stem: name.name.to_string().trim_end_matches(".jpg").to_owned(),
        })
    });
    all.collect()
}

/// Runs a check on every item with every profile.
fn everywhere(check: impl Fn(&str, &Placement, &[Published])) {
    for profiles in all_profiles() {
        for entity_type in EntityType::ALL {
            for layout in Layout::ALL {
                for season in [0, 1] {
                    let item = Placement { season: Some(season), ..sample(*entity_type, *layout) };
                    check(&profiles.to_string(), &item, &published(&profiles, &item));
                }
            }
        }
    }
}

fn of_video(item: &Placement) -> bool {
    !matches!(item.entity_type, EntityType::Artist | EntityType::Album | EntityType::Actor)
}

/// What Jellyfin and Emby collect as backdrops of an item in a folder, before they number them.
fn is_backdrop_of_jellyfin(item: &Placement, name: &Published) -> bool {
    let base = if item.layout == Layout::Disc { "Folder" } else { "Heat (1995) cd1" };
    let stem = name.stem.strip_prefix(&format!("{base}-")).unwrap_or(&name.stem);
    let in_extra_fanart = name.folder.name().is_some_and(|folder| folder.as_bytes() == b"extrafanart");
    let dashed = ["fanart-", "background-", "art-", "backdrop"];
    let is_numbered = |prefix: &&str| {
        stem.strip_prefix(*prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    in_extra_fanart || ["fanart", "background", "art", "backdrop"].contains(&stem) || dashed.iter().any(is_numbered)
}

/// 1 and 2: one backdrop name per item, and further backdrops under names of which each player reads one.
#[test]
fn jellyfin_and_emby_see_every_backdrop_once() {
    everywhere(|profiles, item, names| {
        let has_backdrops =
            matches!(item.entity_type, EntityType::Movie | EntityType::Series | EntityType::Artist | EntityType::Album);
        let serves = |player: &str| profiles.contains("default") || profiles.contains(player);
        if !has_backdrops || !(serves("jellyfin") || serves("emby")) {
            return;
        }
        let mut seen: BTreeMap<ImageType, usize> = BTreeMap::new();
        for name in names.iter().filter(|name| is_backdrop_of_jellyfin(item, name)) {
            *seen.entry(name.image_type).or_default() += 1;
        }
        let wanted: BTreeMap<_, _> =
            (0..4).map(|n| (ImageType::numbered(crate::model::ImageKind::Fanart, n).unwrap(), 1)).collect();
        assert_eq!(seen, wanted, "{profiles}, {} {}", item.entity_type, item.layout);
    });
}

/// 1: the one backdrop name of films is bare in own folders, and carries the video's name in shared ones.
#[test]
fn the_backdrop_name_follows_the_layout() {
    const FLAT_FANART: &str = "Heat (1995) cd1-fanart";
    for (layout, stem) in
        [(Layout::Own, "fanart"), (Layout::Disc, "fanart"), (Layout::Stack, "fanart"), (Layout::Flat, FLAT_FANART)]
    {
        let names = published(&Profiles::default(), &sample(EntityType::Movie, layout));
        let main: Vec<_> = names
            .iter()
            .filter(|name| name.image_type.to_string() == "fanart")
            .map(|name| name.stem.as_str())
            .collect();
        assert_eq!(main, [stem], "{layout}");
    }
}

/// 2: `fanartN` is Kodi's, the other numbered names are Jellyfin's, and none is both.
#[test]
fn numbered_names_are_disjoint() {
    everywhere(|profiles, item, names| {
        for name in names.iter().filter(|name| name.image_type.number() > 0) {
            let number = name.image_type.number();
            let is_kodis = name.folder == item.folder && name.stem.ends_with(&format!("fanart{number}"));
            assert!(is_kodis != is_backdrop_of_jellyfin(item, name), "{profiles}: {}", name.stem);
        }
    });
}

/// 3, 4, 5, 6 and 12: words that one player misreads are never written.
#[test]
fn words_that_are_misread_are_not_written() {
    everywhere(|profiles, item, names| {
        for name in names {
            let word = name.stem.rsplit('-').next().unwrap();
            let is_album = item.entity_type == EntityType::Album;
            let told = format!("{profiles}, {} {}: {}", item.entity_type, item.layout, name.stem);
            assert!(!["logo", "disc", "backdrop", "background", "art", "cover"].contains(&word), "{told}");
            assert!(word != "cdart" || is_album, "{told}");
            assert!(word != "folder" || !of_video(item), "{told}");
            assert!(word != "thumb" || item.entity_type == EntityType::Episode, "{told}");
            assert!(name.folder.name().is_none_or(|folder| folder.as_bytes() != b"extrafanarts"), "{told}");
        }
    });
}

/// 4: the label of an album's disc has the names of Kodi and of Jellyfin.
#[test]
fn the_disc_of_an_album_has_two_names() {
    let names = published(&Profiles::default(), &sample(EntityType::Album, Layout::Own));
    let stems: BTreeSet<_> =
        names.iter().filter(|n| n.image_type.to_string() == "discart").map(|n| n.stem.as_str()).collect();
    assert_eq!(stems, BTreeSet::from(["cdart", "discart"]));
}

/// 7, 9 and 10: pictures of seasons lie in the folder of the show, specials are called so, and the type is always told.
#[test]
fn seasons_are_named_in_the_folder_of_the_show() {
    everywhere(|profiles, item, names| {
        for name in names.iter().filter(|_| item.entity_type == EntityType::Season) {
            let prefix = if item.season == Some(0) { "season-specials-" } else { "season01-" };
            assert!(name.stem.starts_with(prefix) && name.stem.len() > prefix.len(), "{profiles}: {}", name.stem);
            assert_eq!(name.folder, item.folder);
        }
    });
}

/// 8: in shared folders (the root, flat folders, season folders) every name begins with the video's.
#[test]
fn nothing_is_bare_in_shared_folders() {
    everywhere(|profiles, item, names| {
        let is_shared = match item.entity_type {
            EntityType::Movie => item.layout == Layout::Flat,
            EntityType::Episode => item.layout != Layout::Disc,
            _ => false,
        };
        for name in names.iter().filter(|_| is_shared) {
            assert!(name.stem.starts_with("Heat (1995)"), "{profiles}: {}", name.stem);
            assert_eq!(name.folder, item.folder, "{profiles}");
        }
    });
}

/// 7 and 8: beside an episode there is no name that Plex, which searches the folders of episodes for their series, takes for
/// the series'.
#[test]
fn plex_finds_no_artwork_of_the_series_beside_episodes() {
    everywhere(|profiles, item, names| {
        let serves_plex = profiles.contains("default") || profiles.contains("plex");
        for name in names.iter().filter(|_| serves_plex && item.entity_type == EntityType::Episode) {
            let is_of_series = ["show", "poster", "folder", "banner", "fanart", "art", "background", "backdrop"]
                .contains(&name.stem.as_str());
            assert!(!is_of_series, "{profiles} {}: {}", item.layout, name.stem);
        }
    });
}

/// 11: actors with underscores.
#[test]
fn actors_have_no_spaces() {
    everywhere(|profiles, item, names| {
        for name in names.iter().filter(|_| item.entity_type == EntityType::Actor) {
            assert!(!name.stem.contains(' ') && name.folder == path("Folder/.actors"), "{profiles}: {}", name.stem);
        }
    });
}

/// 13: folders that are made for artwork are only those that Jellyfin passes over.
#[test]
fn folders_for_artwork_are_known_to_all() {
    everywhere(|profiles, item, names| {
        for name in names.iter().filter(|name| name.folder != item.folder) {
            let folder = name.folder.strip_prefix(&item.folder).unwrap().to_string();
            assert!([".actors", "extrafanart"].contains(&folder.as_str()), "{profiles}: {folder}");
        }
    });
}

/// Two pictures of one item never want one name, in whatever format.
#[test]
fn a_name_is_of_one_picture() {
    everywhere(|profiles, item, names| {
        let mut owners = BTreeMap::new();
        for name in names {
            let owner = owners.entry((&name.folder, &name.stem)).or_insert(name.image_type);
            assert_eq!(*owner, name.image_type, "{profiles}, {}: {}", item.entity_type, name.stem);
        }
    });
}

/// Every picture that an entity can have is seen by somebody, but for sets, which have a tree of their own.
#[test]
fn the_default_has_a_name_for_everything() {
    for entity_type in EntityType::ALL.iter().filter(|entity_type| **entity_type != EntityType::MovieSet) {
        for image_type in image_types(*entity_type) {
            let names =
                Profiles::default().names(&sample(*entity_type, Layout::Own), image_type, PictureExtension::Jpg);
            // Further stills of episodes are read by nobody.
            let is_needless = *entity_type == EntityType::Episode && image_type.number() > 0;
            assert_eq!(names.names.is_empty(), is_needless, "{image_type} of {entity_type}");
        }
    }
}
