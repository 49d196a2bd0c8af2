//! Folders of artwork on this machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use posterfs::config::ProviderSettings;
use posterfs::model::{EntityType, ImageKind};
use posterfs::provider::{ArtworkProvider, Place, ProviderError, Subject, providers};

use crate::support::{Bench, subject, wait};

fn png(path: &Path, width: u32, height: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::RgbImage::new(width, height).save_with_format(path, image::ImageFormat::Png).unwrap();
}

fn local(folder: &Path, with_library: bool) -> Arc<dyn ArtworkProvider> {
    let mut settings = ProviderSettings::default();
    settings.local.folders = vec![folder.to_owned()];
    settings.local.library = with_library;
    let all = providers(&settings, &Bench::new().surroundings()).unwrap();
    all.into_iter().find(|provider| provider.name() == "local").unwrap()
}

fn at(folder_name: &str, subject: Subject) -> Subject {
    Subject { place: Place { folder_name: folder_name.into(), ..Place::default() }, ..subject }
}

fn offered(provider: &dyn ArtworkProvider, subject: &Subject) -> Vec<String> {
    let answer = wait(provider.answer(subject)).unwrap();
    let mut lines: Vec<String> = answer
        .offers
        .iter()
        .map(|offer| {
            let name = Path::new(&offer.key).file_name().unwrap().to_string_lossy().into_owned();
            format!("{} {name} {}x{}", offer.kind.as_str(), offer.width.unwrap(), offer.height.unwrap())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn both_ways_to_lie_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "Film (1999)/poster.png",
        "Film (1999)/background.png",
        "Film (1999)/fanart3.jpg",
        "Film (1999)/logo.png",
        "Film (1999)/square.png",
        "Film (1999)/Season01.png",
        "Film (1999).png",
        "Film (1999)_background.png",
        "Film (1999) Two/poster.png",
        "Show/Season01.png",
        "Show/Season01_background.png",
        "Show/S01E02.png",
        "Show_Season02.png",
        "Show_S01E03.png",
        "Saga/poster.png",
    ] {
        png(&folder.path().join(name), 20, 30);
    }
    fs::File::create(folder.path().join("Film (1999)/banner.png")).unwrap();
    fs::File::create(folder.path().join("Film (1999)/notes.txt")).unwrap();
    let provider = local(folder.path(), false);
    let child = |entity_type, season, episode| {
        at("Show", Subject { season: Some(season), episode, ..subject(entity_type, &[]) })
    };
    for (what, subject, wanted) in [
        (
            "a film",
            at("Film (1999)", subject(EntityType::Movie, &[])),
            vec![
                "clearlogo logo.png 20x30",
                "fanart Film (1999)_background.png 20x30",
                "fanart background.png 20x30",
                "fanart fanart3.jpg 20x30",
                "poster Film (1999).png 20x30",
                "poster poster.png 20x30",
            ],
        ),
        (
            "a season",
            child(EntityType::Season, 1, None),
            vec!["fanart Season01_background.png 20x30", "poster Season01.png 20x30"],
        ),
        ("a season beside", child(EntityType::Season, 2, None), vec!["poster Show_Season02.png 20x30"]),
        ("an episode", child(EntityType::Episode, 1, Some(2)), vec!["thumb S01E02.png 20x30"]),
        ("an episode beside", child(EntityType::Episode, 1, Some(3)), vec!["thumb Show_S01E03.png 20x30"]),
        (
            "a set",
            Subject { title: "Saga".into(), ..subject(EntityType::MovieSet, &[]) },
            vec!["poster poster.png 20x30"],
        ),
        ("a folder that is none", at("..", subject(EntityType::Movie, &[])), vec![]),
        ("a path", at("Film (1999)/..", subject(EntityType::Movie, &[])), vec![]),
        ("nothing", at("", subject(EntityType::Movie, &[])), vec![]),
    ] {
        assert_eq!(offered(provider.as_ref(), &subject), wanted, "{what}");
    }
}

#[test]
fn only_regular_files_of_the_folders_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (inside, outside) = (folder.join("artwork"), folder.join("secret.png"));
    png(&inside.join("Film/poster.png"), 20, 30);
    png(&outside, 20, 30);
    std::os::unix::fs::symlink(&outside, inside.join("Film/link.png")).unwrap();
    let provider = local(&inside, false);
    let get = |path: &Path| wait(provider.picture(url::Url::from_file_path(path).unwrap().as_str(), 1 << 20));
    assert_eq!(get(&inside.join("Film/poster.png")).unwrap(), fs::read(inside.join("Film/poster.png")).unwrap());
    for path in
        [outside.as_path(), &inside.join("Film/link.png"), &inside.join("Film"), &inside.join("Film/absent.png")]
    {
        let error = get(path).unwrap_err();
        assert!(matches!(error, ProviderError::File { .. } | ProviderError::Address { .. }), "{error:?}");
        assert!(error.is_final());
    }
    let large = wait(provider.picture(url::Url::from_file_path(inside.join("Film/poster.png")).unwrap().as_str(), 10));
    assert!(large.is_err());
}

/// Rule 5: "Originals are placeholders … Tracked, never scored, never deleted." Only who asks for it has them offered.
#[test]
fn pictures_of_the_library_are_offered_where_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("media/Film/folder.png");
    png(&original, 20, 30);
    let originals = vec![(ImageKind::Poster, original)];
    let place = Place { folder_name: b"Film".to_vec(), originals, ..Place::default() };
    let film = Subject { place, ..subject(EntityType::Movie, &[]) };
    let artwork = folder.path().join("artwork");
    assert!(offered(local(&artwork, false).as_ref(), &film).is_empty());
    assert_eq!(offered(local(&artwork, true).as_ref(), &film), ["poster folder.png 20x30"]);
}
