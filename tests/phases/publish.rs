use posterfs::catalog::{NewLibrary, PublishMode, Scope};
use posterfs::model::{LibraryKind, UnixSeconds};
use posterfs::phase::{PhaseError, publish};

use crate::support::{World, stamp};

fn mapped(world: &World) -> Vec<String> {
    let page = world.catalog.mappings_page(world.library.id, None, 100).unwrap();
    page.mappings.iter().map(|mapping| mapping.folder.join(&mapping.name).to_string()).collect()
}

#[test]
fn pictures_get_the_names_of_their_layout() {
    let own = b"Heat (1995)/Heat.mkv";
    let flat = b"Alien (1979).mkv";
    let odd = b"Am\xe9lie (2001)/Am\xe9lie (2001).avi";
    let mut world = World::with(&[own, flat, odd]);
    for video in [&own[..], flat, odd] {
        world.choose(video, "poster", 1);
    }
    world.choose(own, "fanart2", 2);
    let report = world.publish(10);
    assert_eq!((report.published.added, report.left_out_count), (8, 0));
    assert_eq!(
        mapped(&world),
        [
            "Alien (1979)-poster.png",
            "Alien (1979).png",
            "Am\\xe9lie (2001)/Am\\xe9lie (2001)-poster.png",
            "Am\\xe9lie (2001)/poster.png",
            "Heat (1995)/Heat-poster.png",
            "Heat (1995)/fanart2.png",
            "Heat (1995)/poster.png",
            "Heat (1995)/extrafanart/fanart2.png",
        ]
    );
    let again = world.publish(11);
    assert_eq!((again.published.generation, again.published.unchanged), (None, 8));
}

#[test]
fn impossible_names_are_left_out_and_told() {
    let long = [&[b'x'; 245][..], b".mkv"].concat();
    let mut world = World::with(&[&long]);
    world.choose(&long, "poster", 1);
    let report = world.publish(10);
    // `<b>-poster.png` is too long for a file, `<b>.png` is not.
    assert_eq!((report.published.added, report.left_out_count), (1, 1));
    assert!(report.left_out[0].message.contains("longer than 255"), "{:?}", report.left_out);
}

#[test]
fn a_library_with_an_unknown_profile_is_named_and_nothing_changes() {
    let mut world = World::with(&[b"Heat (1995)/Heat.mkv"]);
    world.choose(b"Heat (1995)/Heat.mkv", "poster", 1);
    let other = NewLibrary {
        name: "odd".into(),
        path: "/nowhere/odd".into(),
        kind: LibraryKind::Movies,
        naming: "unheard-of".into(),
    };
    world.catalog.add_library(&other, UnixSeconds::new(0)).unwrap();
    let error = publish(&mut world.catalog, Scope::All, PublishMode::Apply, &stamp(10)).unwrap_err();
    assert!(matches!(error, PhaseError::Naming { .. }), "{error:?}");
    assert!(error.to_string().contains("odd") && error.to_string().contains("unheard-of"), "{error}");
    assert!(mapped(&world).is_empty());
}

#[test]
fn what_is_published_follows_what_moved_and_nothing_else_is_published_by_a_scan() {
    let (heat, ran): (&[u8], &[u8]) = (b"Heat (1995)/Heat.mkv", b"Ran (1985)/Ran.mkv");
    let mut world = World::with(&[heat, ran]);
    world.choose(heat, "poster", 1);
    world.choose(ran, "poster", 2);
    world.publish(10);
    world.choose(ran, "fanart", 3);
    let film = world.film(heat).id;
    let root = world.library.path.clone();
    std::fs::create_dir(root.join("Crime")).unwrap();
    std::fs::rename(root.join("Heat (1995)"), root.join("Crime/Heat")).unwrap();
    crate::support::write(&world.path(b"Ran (1985)/folder.jpg"), b"an original");
    world.scan();
    assert_eq!(world.film(b"Crime/Heat/Heat.mkv").id, film);
    assert_eq!(
        mapped(&world),
        ["Crime/Heat/Heat-poster.png", "Crime/Heat/poster.png", "Ran (1985)/Ran-poster.png", "Ran (1985)/poster.png"]
    );
    let last = world.catalog.history(None, 10).unwrap().into_iter().next().unwrap();
    assert_eq!((last.author.as_str(), last.reason.as_str()), ("scan", "moved in films"));
    world.scan();
    assert_eq!(world.catalog.history(None, 10).unwrap()[0].id, last.id, "nothing more to do");
}
