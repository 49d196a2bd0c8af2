//! What metadata files tell.

use super::*;

fn field(fixture: &Fixture, entity: &Entity, name: &str) -> Option<String> {
    let fields = fixture.catalog.metadata_of(entity.id).unwrap();
    fields.into_iter().find(|field| field.field == name).map(|field| field.value)
}

fn ids(fixture: &Fixture, entity: &Entity) -> Vec<String> {
    let ids = fixture.catalog.external_ids_of(entity.id).unwrap();
    ids.into_iter().map(|(provider, value)| format!("{provider}:{value}")).collect()
}

#[test]
fn a_film_is_what_its_file_says() {
    let mut fixture = Fixture::new(&["heat.1995/heat.mkv"]);
    fixture.write(
        "heat.1995/movie.nfo",
        b"<movie><title>Heat</title><sorttitle>Heat 1</sorttitle><year>1996</year><plot>Two men.</plot><genre>Crime</genre>\
          <genre>Drama</genre><uniqueid type=\"tmdb\">949</uniqueid><set>Mann</set><thumb>https://a.example/p.jpg</thumb>\
          <actor><name>Al Pacino</name><role>Hanna</role><thumb>https://a.example/al.jpg</thumb></actor></movie>",
    );
    fixture.write("heat.1995/.actors/Al_Pacino.jpg", b"al");
    fixture.write("heat.1995/movieset-poster.jpg", b"set");
    assert_eq!(fixture.scan().error_count, 0);
    let heat = fixture.only(EntityType::Movie, "Heat");
    assert_eq!((heat.year, heat.sort_title.as_str()), (Some(1996), "heat 1"));
    assert_eq!(ids(&fixture, &heat), ["tmdb:949"]);
    assert_eq!(field(&fixture, &heat, "plot").as_deref(), Some("Two men."));
    assert_eq!(field(&fixture, &heat, "genres").as_deref(), Some("[\"Crime\",\"Drama\"]"));
    assert_eq!(fixture.catalog.declared_artwork_of(heat.id).unwrap()[0].url, "https://a.example/p.jpg");
    let actor = fixture.only(EntityType::Actor, "Al Pacino");
    let credits = fixture.catalog.credits_of(heat.id).unwrap();
    assert_eq!((credits.len(), credits[0].actor, credits[0].role.as_str()), (1, actor.id, "Hanna"));
    assert_eq!(fixture.catalog.originals_of(actor.id).unwrap().len(), 1);
    assert_eq!(fixture.catalog.declared_artwork_of(actor.id).unwrap()[0].url, "https://a.example/al.jpg");
    assert_eq!(fixture.catalog.placement_of(&actor).unwrap().folders, std::slice::from_ref(&heat.folder));
    let set = fixture.only(EntityType::MovieSet, "Mann");
    assert_eq!(fixture.catalog.members_of(set.id).unwrap(), [heat.id]);
    assert_eq!(fixture.catalog.originals_of(set.id).unwrap().len(), 1);
    assert_eq!((fixture.scan().changed, actor.is_missing), (0, false));

    fixture.take_away("heat.1995");
    fixture.write("Ran/Ran.mkv", b"");
    fixture.scan();
    assert!(fixture.only(EntityType::Actor, "Al Pacino").is_missing, "nobody plays in nothing");
}

#[test]
fn portraits_beside_a_film_go_with_it() {
    let nfo = |names: &[&str]| {
        let actors: String = names.iter().map(|name| format!("<actor><name>{name}</name></actor>")).collect();
        format!("<movie>{actors}<set>Mann</set></movie>")
    };
    let mut fixture = Fixture::new(&["Heat (1995)/Heat.mkv", "Ali (2001)/Ali.mkv", "Loose (1999).mkv"]);
    for folder in ["Heat (1995)", "Ali (2001)"] {
        fixture.write(&format!("{folder}/movie.nfo"), nfo(&["Al", "Jon"]).as_bytes());
        fixture.write(&format!("{folder}/.Actors/Al.jpg"), b"al");
        fixture.write(&format!("{folder}/.Actors/Jon.jpg"), b"jon");
        fixture.write(&format!("{folder}/movieset-poster.jpg"), b"set");
    }
    fixture.write("Loose (1999).nfo", nfo(&["Al"]).as_bytes());
    fixture.write(".actors/Al.jpg", b"al");
    fixture.scan();
    let folders = |fixture: &Fixture, entity_type, title| {
        let originals = fixture.catalog.originals_of(fixture.only(entity_type, title).id).unwrap();
        originals.into_iter().map(|original| original.found.folder.to_string()).collect::<Vec<_>>()
    };
    let (al, mann) = (EntityType::Actor, EntityType::MovieSet);
    assert_eq!(folders(&fixture, al, "Al"), [".actors", "Ali (2001)/.Actors", "Heat (1995)/.Actors"]);
    assert_eq!(folders(&fixture, mann, "Mann"), ["Ali (2001)", "Heat (1995)"]);

    fixture.take_away("Heat (1995)");
    fixture.scan();
    assert_eq!(folders(&fixture, al, "Al"), [".actors", "Ali (2001)/.Actors"], "Heat is gone");
    assert_eq!(folders(&fixture, mann, "Mann"), ["Ali (2001)"]);

    fixture.rename("Ali (2001)", "Boxing/Ali (2001)");
    fixture.scan();
    assert_eq!(folders(&fixture, al, "Al"), [".actors", "Boxing/Ali (2001)/.Actors"], "Ali has moved");

    fixture.write("Boxing/Ali (2001)/movie.nfo", nfo(&["Jon"]).as_bytes());
    fixture.scan();
    assert_eq!(folders(&fixture, al, "Al"), [".actors"], "Ali is without Al");
    assert_eq!(folders(&fixture, al, "Jon"), ["Boxing/Ali (2001)/.Actors"]);
    assert_eq!(fixture.scan().changed, 0);
}

#[test]
fn the_file_comes_before_the_name_and_the_conflict_is_told() {
    let mut fixture = Fixture::new(&["Heat (1995) {tmdb-1} {imdb-tt0113277}/Heat.mkv"]);
    fixture.write("Heat (1995) {tmdb-1} {imdb-tt0113277}/Heat.nfo", b"<movie><tmdbid>949</tmdbid></movie>");
    for _ in 0..2 {
        let report = fixture.scan_later();
        assert_eq!(report.error_count, 1, "told as long as it is so");
        assert!(report.errors[0].message.contains("tmdb:949") && report.errors[0].message.contains("tmdb:1;"));
    }
    let heat = fixture.only(EntityType::Movie, "Heat");
    assert_eq!(ids(&fixture, &heat), ["imdb:tt0113277", "tmdb:949"]);
}

#[test]
fn series_seasons_and_episodes() {
    let mut fixture = Fixture::of(LibraryKind::Tv, &["lost/Season 1/lost.s01e01e02.mkv"]);
    fixture.write(
        "lost/tvshow.nfo",
        b"<tvshow><title>Lost</title><id>73739</id><thumb type=\"season\" season=\"1\" aspect=\"poster\">https://a.example/1.jpg</thumb></tvshow>",
    );
    fixture
        .write("lost/Season 1/season.nfo", b"<season><title>The First</title><seasonnumber>1</seasonnumber></season>");
    fixture.write(
        "lost/Season 1/lost.s01e01e02.nfo",
        b"<episodedetails><title>Pilot 1</title><episode>1</episode><actor><name>A Guest</name></actor></episodedetails>\
          <episodedetails><title>Pilot 2</title><episode>2</episode></episodedetails>",
    );
    assert_eq!(fixture.scan().error_count, 0);
    let series = fixture.only(EntityType::Series, "Lost");
    assert_eq!(ids(&fixture, &series), ["tvdb:73739"]);
    let season = fixture.only(EntityType::Season, "The First");
    assert_eq!(fixture.catalog.declared_artwork_of(season.id).unwrap()[0].url, "https://a.example/1.jpg");
    let episode = fixture.only(EntityType::Episode, "Pilot 1 / Pilot 2");
    assert_eq!(episode.parent, Some(season.id));
    let guest = fixture.only(EntityType::Actor, "A Guest");
    assert_eq!(fixture.catalog.placement_of(&guest).unwrap().folders, std::slice::from_ref(&series.folder));
    assert_eq!(fixture.scan().changed, 0);
}

#[test]
fn broken_files_are_told_and_never_end_a_scan() {
    let mut fixture = Fixture::new(&["A (1991)/a.mkv", "B (1992)/b.mkv", "C (1993)/c.mkv", "D (1994)/d.mkv"]);
    fixture.write("A (1991)/a.nfo", b"\x00\xff\xfe rubbish");
    fixture.write("B (1992)/b.nfo", b"<movie><title>Bee</title><!-- ");
    fixture.write("C (1993)/c.nfo", b"https://www.themoviedb.org/movie/603");
    fs::create_dir(fixture.root().join("D (1994)/d.nfo")).unwrap();
    let report = fixture.scan();
    assert_eq!((report.seen, report.error_count), (4, 2), "{report:?}");
    assert_eq!(fixture.only(EntityType::Movie, "Bee").year, Some(1992));
    let c = fixture.only(EntityType::Movie, "C");
    assert_eq!(ids(&fixture, &c), ["tmdb:603"]);
}

#[test]
fn fields_that_were_edited_or_locked_stay() {
    let mut fixture = Fixture::new(&["Heat (1995)/Heat.mkv"]);
    fixture.write("Heat (1995)/Heat.nfo", b"<movie><plot>First</plot><tagline>One</tagline></movie>");
    fixture.scan();
    let heat = fixture.entities()[0].clone();
    let (plot, lock) = (["plot".parse().unwrap()], crate::catalog::LockChange::Lock);
    fixture.catalog.change_locks(heat.id, &plot, lock, PublishMode::Apply, Noon.now()).unwrap();
    fixture.write("Heat (1995)/Heat.nfo", b"<movie><plot>Second</plot><tagline>Two</tagline></movie>");
    assert_eq!(fixture.scan().changed, 1);
    assert_eq!(field(&fixture, &heat, "plot").as_deref(), Some("First"));
    assert_eq!(field(&fixture, &heat, "tagline").as_deref(), Some("Two"));
}
