//! What is made again of documents, and what is not, and what it takes to publish those of a whole library. There are few items
//! here, so that it runs with every build; what 10,000 films and 20,000 episodes take is measured by raising [`FILMS`] and
//! [`SERIES`] and reading the times that `--nocapture` shows.

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use posterfs::cache::{Limits, Origin};
use posterfs::catalog::{
    Entity, EntityEdit, EntityFilter, Library, LockChange, Mapping, NewLibrary, PublishMode, Scope,
};
use posterfs::library::Source;
use posterfs::model::{
    Clock, EntityType, Field, ImageType, LibraryKind, LockField, Provider, SystemClock, UnixSeconds,
};
use posterfs::phase::{Choice, DocumentSources, NoProgress, PublishReport, publish_with_documents, scan, select};

use crate::support::{At, World, png, stamp, write};

/// Films, each with a metadata file of its own.
const FILMS: usize = 40;
/// Series with twenty episodes each, every one with a metadata file of its own.
const SERIES: usize = 4;
const EPISODES: usize = 20;

/// A metadata file as managers write them.
fn nfo(root: &str, title: &str, number: usize) -> String {
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>\n  <title>{title}</title>\n");
    let plot = "Somebody wants something and does not get it. ".repeat(8);
    let _ = write!(text, "  <plot>{plot}</plot>\n  <year>1999</year>\n  <runtime>90</runtime>\n");
    for genre in ["Drama", "Crime", "Thriller"] {
        let _ = writeln!(text, "  <genre>{genre}</genre>");
    }
    for at in 0..10 {
        let actor = (number + at) % 200;
        let _ = writeln!(text, "  <actor><name>Actor {actor}</name><role>Role {at}</role></actor>");
    }
    let _ = writeln!(text, "</{root}>");
    text
}

fn films_and_episodes(films: usize, series: usize, episodes: usize) -> World {
    let mut world = World::unscanned(LibraryKind::Movies, "default");
    for film in 0..films {
        let base = format!("Film {film} (1999) {{tmdb-{}}}/Film {film} (1999)", film + 1);
        write(&world.path(format!("{base}.mkv").as_bytes()), b"");
        write(&world.path(format!("{base}.nfo").as_bytes()), nfo("movie", &format!("Film {film}"), film).as_bytes());
    }
    let root = world.folder.path().join("series");
    for (series, episode) in (0..series).flat_map(|series| (1..=episodes).map(move |episode| (series, episode))) {
        let base = root.join(format!("Series {series}/Season 01/Series {series} S01E{episode:02}"));
        let text = nfo("episodedetails", &format!("Episode {episode}"), series + episode);
        write(&base.with_extension("mkv"), b"");
        write(&base.with_extension("nfo"), text.as_bytes());
    }
    let path = root.canonicalize().unwrap();
    let new = NewLibrary { name: "tv".into(), path, kind: LibraryKind::Tv, naming: "default".into() };
    world.catalog.add_library(&new, UnixSeconds::new(0)).unwrap();
    scan_all(&mut world);
    world
}

fn scan_all(world: &mut World) {
    for library in world.catalog.libraries().unwrap() {
        let source = Source::open(&library.path).unwrap();
        scan(&mut world.catalog, &library, &source, &At(now()), &NoProgress).unwrap();
    }
}

/// A time by which everything that was written so far has been so for a while.
fn now() -> i64 {
    SystemClock.now().get() + 10
}

fn publish(world: &mut World, with_documents: bool) -> PublishReport {
    if !with_documents {
        return posterfs::phase::publish(&mut world.catalog, Scope::All, PublishMode::Apply, &stamp(now())).unwrap();
    }
    let opened = |library: Library| {
        let source = Source::open(&library.path).map_err(|error| error.to_string());
        (library, source)
    };
    let libraries = world.catalog.libraries().unwrap().into_iter().map(opened).collect();
    let sources = DocumentSources { cache: &world.cache, libraries, progress: &NoProgress };
    publish_with_documents(&mut world.catalog, &sources, Scope::All, PublishMode::Apply, &stamp(now())).unwrap()
}

fn timed(world: &mut World, what: &str, with_documents: bool) -> PublishReport {
    let start = Instant::now();
    let report = publish(world, with_documents);
    println!("{what}: {:?}", start.elapsed());
    report
}

#[test]
fn thousands_of_documents_are_published_and_not_made_again() {
    let mut world = films_and_episodes(FILMS, SERIES, EPISODES);
    let items = world.catalog.counts().unwrap().entities;
    let documents = (FILMS + SERIES * EPISODES) as u64;
    let first = timed(&mut world, &format!("{documents} documents of {items} items, made"), true);
    assert_eq!(first.published.added, documents);
    let again = timed(&mut world, "published again", true);
    assert_eq!((again.published.generation, again.published.unchanged), (None, documents));
    assert_eq!(again.documents_looked_at, 0);
    let without = timed(&mut world, "published again without documents", false);
    assert_eq!((without.published.generation, without.published.unchanged), (None, documents));
}

/// Forgets what the documents are made of, so that all of them are made again.
fn forget_inputs(world: &World) {
    let database = rusqlite::Connection::open(world.catalog.path()).unwrap();
    database.execute("DELETE FROM document_inputs", []).unwrap();
}

fn documents(world: &World) -> Vec<Mapping> {
    let of = |library: Library| world.catalog.mappings_page(library.id, None, 1000).unwrap().mappings;
    let all = world.catalog.libraries().unwrap().into_iter().flat_map(of);
    all.filter(|mapping| mapping.image_type == ImageType::NFO).collect()
}

/// Numbers that come in the same order each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Something that people, programs and scans do. Tells what it was.
fn change(world: &mut World, numbers: &mut Numbers, step: usize) -> String {
    let entities = world.catalog.list_entities(&EntityFilter::default(), None, 100).unwrap();
    let entity: &Entity = &entities[numbers.below(entities.len())];
    let (id, at) = (entity.id, UnixSeconds::new(now()));
    let field = ["title", "plot", "genres", "actors", "poster"][numbers.below(5)];
    let files: Vec<_> = crate::support::files_below(world.folder.path())
        .into_iter()
        .filter(|path| !path.starts_with(world.folder.path().join("state")) && path.extension() == Some("nfo".as_ref()))
        .collect();
    let file = &files[numbers.below(files.len())];
    let what = numbers.below(10);
    match what {
        0 | 1 => {
            let field: Field = ["title", "plot"][what].parse().unwrap();
            let edit = EntityEdit::SetField(field, format!("said in step {step}"));
            drop(world.catalog.edit(id, &[edit], at));
        }
        2 => drop(world.catalog.edit(id, &[EntityEdit::UnsetField("plot".parse().unwrap())], at)),
        3 | 4 => {
            let to = [LockChange::Lock, LockChange::Unlock, LockChange::Inherit][numbers.below(3)];
            let fields: [LockField; 1] = [field.parse().unwrap()];
            drop(world.catalog.change_locks(id, &fields, to, PublishMode::Apply, at));
        }
        5 => {
            let text = fs::read_to_string(file).unwrap().replace("<year>", &format!("<tag>{step}</tag><year>"));
            write(file, text.as_bytes());
        }
        6 => {
            scan_all(world);
        }
        7 => {
            let origin = Origin::Url(format!("https://example.org/{step}.png"));
            let choice = Choice { entity: id, image_type: "poster".parse().unwrap(), origin, author: "tester" };
            drop(select(&mut world.catalog, &world.cache, &choice, &png(step as u8)[..], &Limits::default(), at));
        }
        8 => {
            let id_of = EntityEdit::SetId(Provider::parse("tmdb").unwrap(), step.to_string());
            drop(world.catalog.edit(id, &[id_of], at));
        }
        _ => {
            let folder = file.parent().unwrap();
            let other = folder.with_file_name(format!("{} again", folder.file_name().unwrap().to_str().unwrap()));
            fs::rename(folder, other).unwrap();
            scan_all(world);
        }
    }
    format!("step {step}: {what} of {} {id} ({field}, {})", entity.entity_type, file.display())
}

/// Whatever happens, what is not made again would be the same.
#[test]
fn what_is_not_made_again_is_what_it_would_be() {
    let mut world = films_and_episodes(2, 1, 2);
    let mut numbers = Numbers(7);
    let mut looked_at = 0;
    publish(&mut world, true);
    for step in 1..=120 {
        let what = change(&mut world, &mut numbers, step);
        looked_at += publish(&mut world, true).documents_looked_at;
        let shown = documents(&world);
        forget_inputs(&world);
        let all = publish(&mut world, true);
        assert_eq!((documents(&world), all.published.generation), (shown, None), "{what}");
        assert_eq!(publish(&mut world, true).documents_looked_at, 0, "{what}");
    }
    assert!(looked_at > 0, "something was made again");
}

/// How many triggers look after the marks of documents.
fn triggers(world: &World) -> i64 {
    let database = rusqlite::Connection::open(world.catalog.path()).unwrap();
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'make_anew%'";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A scan is slower where they are, and most libraries publish no documents.
#[test]
fn changes_are_watched_while_documents_are_published_and_not_otherwise() {
    let mut world = films_and_episodes(2, 1, 2);
    publish(&mut world, false);
    assert_eq!(triggers(&world), 0);
    publish(&mut world, true);
    assert!(triggers(&world) > 0);

    let none = DocumentSources { cache: &world.cache, libraries: Vec::new(), progress: &NoProgress };
    publish_with_documents(&mut world.catalog, &none, Scope::All, PublishMode::Apply, &stamp(now())).unwrap();
    assert_eq!((triggers(&world), documents(&world).len()), (0, 0));
    let film = &world.catalog.list_entities(&EntityFilter::default(), None, 1).unwrap()[0];
    let edit = EntityEdit::SetField("plot".parse().unwrap(), "Other.".into());
    world.catalog.edit(film.id, &[edit], UnixSeconds::new(5)).unwrap();

    assert_eq!(publish(&mut world, true).published.added, 4, "all are made anew, nothing is gone by");
    assert_eq!(publish(&mut world, true).documents_looked_at, 0);
}

/// An edit that comes while documents are made is not taken for one that is in them.
#[test]
fn what_changes_while_documents_are_made_is_looked_at_next_time() {
    let mut world = films_and_episodes(1, 1, 1);
    let films = EntityFilter { entity_type: Some(EntityType::Movie), ..EntityFilter::default() };
    let film = world.catalog.list_entities(&films, None, 1).unwrap().remove(0);
    publish(&mut world, true);
    world.catalog.begin_documents(&[film.id]).unwrap();
    let inputs = world.catalog.document_state(film.id).unwrap().unwrap();
    assert!(inputs.inputs.is_none() && !inputs.has_changed);
    let edit = EntityEdit::SetField("plot".parse().unwrap(), "Other.".into());
    world.catalog.edit(film.id, &[edit], UnixSeconds::new(5)).unwrap();
    let noted = posterfs::catalog::DocumentInputs { files: Vec::new(), rules: 1 };
    world.catalog.note_documents(&[(film.id, noted)]).unwrap();
    assert!(world.catalog.document_state(film.id).unwrap().unwrap().has_changed);
    assert_eq!(publish(&mut world, true).published.changed, 1);
}
