//! Pictures of series, music, people and sets that were there before us.

use crate::model::{EntityType, EpisodeRange, Layout};

use super::tables::sample;
use super::*;

fn known<'a>(entity_type: EntityType, base: &'a [u8]) -> NamedItem<'a> {
    let season = matches!(entity_type, EntityType::Season | EntityType::Episode).then_some(1);
    let episodes = (entity_type == EntityType::Episode).then_some(EpisodeRange::single(2));
    NamedItem { season, episodes, ..NamedItem::new(entity_type, Layout::Own, base) }
}

type Case = (&'static str, Option<&'static str>);

#[track_caller]
fn assert_recognised(item: &NamedItem<'_>, place: PicturePlace, cases: &[Case]) {
    for (file_name, expected) in cases {
        let found = recognise(item, place, file_name.as_bytes()).map(|image_type| image_type.to_string());
        assert_eq!(found.as_deref(), *expected, "{file_name} as {} in {place:?}", item.entity_type);
    }
}

#[test]
fn series() {
    let series = known(EntityType::Series, b"Lost (2004)");
    assert_recognised(
        &series,
        PicturePlace::ItemFolder,
        &[
            ("poster.jpg", Some("poster")),
            ("show.jpg", Some("poster")),
            ("folder.jpg", Some("poster")),
            ("Lost (2004)-banner.jpg", Some("banner")),
            ("Lost (2004).jpg", Some("poster")),
            ("fanart.jpg", Some("fanart")),
            ("fanart3.jpg", Some("fanart3")),
            ("backdrop2.jpg", Some("fanart2")),
            ("logo.png", Some("clearlogo")),
            ("thumb.jpg", Some("landscape")),
            ("characterart.png", Some("characterart")),
            ("season-all-poster.jpg", Some("poster")),
            ("season-all-fanart.jpg", Some("fanart")),
            ("season01-poster.jpg", None),
            ("season-specials-poster.jpg", None),
            ("movie.jpg", None),
        ],
    );
    assert_recognised(&series, PicturePlace::ExtraFanart, &[("fanart2.jpg", Some("fanart2"))]);
}

#[test]
fn seasons() {
    let first = known(EntityType::Season, b"Staffel 1");
    assert_recognised(
        &first,
        PicturePlace::ShowFolder,
        &[
            ("season01-poster.jpg", Some("poster")),
            ("Season01-Poster.JPG", Some("poster")),
            ("season1-banner.jpg", Some("banner")),
            ("season01.jpg", Some("poster")),
            ("season-1.tbn", Some("poster")),
            ("Season01b.jpg", Some("poster")),
            ("season01-fanart.jpg", Some("fanart")),
            ("season01-landscape.jpg", Some("landscape")),
            ("staffel1-poster.jpg", Some("poster")),
            ("Season01_background.png", Some("fanart")),
            ("season02-poster.jpg", None),
            ("season10-poster.jpg", None),
            ("season-all-poster.jpg", None),
            ("season-specials-poster.jpg", None),
            ("poster.jpg", None),
        ],
    );
    let specials = NamedItem { season: Some(0), base: b"Specials", ..first };
    assert_recognised(
        &specials,
        PicturePlace::ItemFolder,
        &[
            ("season-specials-poster.jpg", Some("poster")),
            ("specials-banner.jpg", Some("banner")),
            ("season00-poster.jpg", Some("poster")),
            ("Season00.jpg", Some("poster")),
            ("season01-poster.jpg", None),
        ],
    );
    assert_recognised(
        &first,
        PicturePlace::SeasonFolder,
        &[
            ("poster.jpg", Some("poster")),
            ("folder.jpg", Some("poster")),
            ("fanart.jpg", Some("fanart")),
            ("Staffel 1.jpg", Some("poster")),
            ("Staffel 1-banner.jpg", Some("banner")),
            ("season01.jpg", Some("poster")),
            ("season02.jpg", None),
            ("Lost S01E01-thumb.jpg", None),
        ],
    );
}

#[test]
fn episodes() {
    let episode = known(EntityType::Episode, b"Lost S01E02");
    for place in [PicturePlace::ItemFolder, PicturePlace::Metadata] {
        assert_recognised(
            &episode,
            place,
            &[
                ("Lost S01E02-thumb.jpg", Some("thumb")),
                ("lost s01e02.JPG", Some("thumb")),
                ("Lost S01E02-2.jpg", Some("thumb")),
                ("Lost S01E02-fanart.jpg", Some("fanart")),
                ("Lost S01E02-S01E02-thumb.jpg", Some("thumb")),
                ("Lost S01E02-S01E03-thumb.jpg", None),
                ("thumb.jpg", None),
                ("Lost S01E03-thumb.jpg", None),
                ("Lost S01E02.tbn", Some("thumb")),
                ("poster.jpg", None),
            ],
        );
    }
    assert_recognised(
        &episode,
        PicturePlace::ShowFolder,
        &[("S01E02.jpg", Some("thumb")), ("S01E02_background.jpg", Some("fanart")), ("S01E03.jpg", None)],
    );
}

#[test]
fn music_people_and_sets() {
    let artist = known(EntityType::Artist, "Björk".as_bytes());
    assert_recognised(
        &artist,
        PicturePlace::ItemFolder,
        &[
            ("folder.jpg", Some("thumb")),
            ("Folder.JPG", Some("thumb")),
            ("artist.jpg", Some("thumb")),
            ("BJÖRK.png", Some("thumb")),
            ("thumb.jpg", Some("thumb")),
            ("poster.jpg", Some("thumb")),
            ("fanart.jpg", Some("fanart")),
            ("logo.png", Some("clearlogo")),
            ("landscape.jpg", Some("landscape")),
        ],
    );
    let album = known(EntityType::Album, "Björk".as_bytes());
    assert_recognised(
        &album,
        PicturePlace::ItemFolder,
        &[
            ("folder.jpg", Some("cover")),
            ("cover.png", Some("cover")),
            ("albumart.jpg", Some("cover")),
            ("discart.png", Some("discart")),
            ("discart2.png", Some("discart")),
            ("cdart.png", Some("discart")),
            ("back.jpg", Some("back")),
            ("spine.jpg", Some("spine")),
            ("booklet.jpg", None),
        ],
    );
    let actor = NamedItem { title: "Jean-Luc O'Neil Jr.", ..known(EntityType::Actor, b"") };
    assert_recognised(
        &actor,
        PicturePlace::Actors,
        &[
            ("Jean-Luc_O'Neil_Jr..jpg", Some("actorthumb")),
            ("jean-luc o'neil jr..png", Some("actorthumb")),
            ("Somebody_Else.jpg", None),
        ],
    );
    assert!(is_actors_folder(b".Actors") && !is_actors_folder(b"actors"));
    let set = NamedItem { title: "Alien: Saga", ..known(EntityType::MovieSet, b"") };
    assert_recognised(
        &set,
        PicturePlace::ItemFolder,
        &[
            ("movieset-poster.jpg", Some("poster")),
            ("Alien: Saga-fanart.jpg", Some("fanart")),
            ("alien_ saga-poster.jpg", Some("poster")),
            ("poster.jpg", None),
        ],
    );
}

/// Every published name is understood as what it is of, so that what `export` wrote is no stranger to the next scan.
#[test]
fn published_names_are_recognised() {
    for profile in Profile::ALL.iter().filter(|profile| !profile.is_tree()) {
        let profiles: Profiles = profile.as_str().parse().unwrap();
        for entity_type in EntityType::ALL {
            for layout in Layout::ALL {
                let placed = sample(*entity_type, *layout);
                let base = base_name(*layout, &placed.folder, placed.video()).unwrap();
                let is_stack = *layout == Layout::Stack || placed.videos.len() > 1;
                let item = NamedItem {
                    layout: *layout,
                    title: &placed.title,
                    is_stack,
                    ..known(*entity_type, base.as_bytes())
                };
                for kind in entity_type.kinds() {
                    let image_type = ImageType::main(*kind);
                    for published in profiles.names(&placed, image_type, PictureExtension::Jpg).names {
                        let is_actors = published.folder == path("Folder/.actors");
                        let place = if is_actors { PicturePlace::Actors } else { PicturePlace::ItemFolder };
                        let found = recognise(&item, place, published.name.as_bytes());
                        assert_eq!(found, Some(image_type), "{entity_type} {layout} {}", published.name);
                    }
                }
            }
        }
    }
}
