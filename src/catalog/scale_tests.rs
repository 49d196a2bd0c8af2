//! Publishing and rolling back as a set, and what enriching one item costs. There are few films here, so that it runs
//! with every build; what 100,000 take is measured by raising [`FILMS`] and reading the times that `--nocapture` shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::{
    Catalog, DocumentChanges, EnrichScope, Enrichment, Identification, MetadataField, NewCacheFile, OfferedCandidate,
    Place, ProviderAnswers, PublishMode, Published, RollbackScope, ScannedCredit, ScannedItem, Scope, ScoredCandidate,
    SelectedPicture, SourcedField, Stamp, ToldCast, ToldCredit,
};
use crate::model::{
    ContentHash, EntityId, EntityType, GenerationId, ImageKind, ImageType, LibraryId, Name, Provider, RelPath,
    UnixSeconds,
};

/// Films with one selected picture each.
const FILMS: u64 = 2_000;

const FILL: &str = "
    INSERT INTO libraries (id, name, path, kind, naming, added_at) VALUES (1, 'films', x'2f66', 'movies', 'default', 0);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    INSERT INTO entities (id, library_id, entity_type, title, sort_title, year, layout, folder, video, path, added_at,
                          updated_at)
    SELECT i, 1, 'movie', 'A film of some length ' || i, 'film of some length ' || i, 1999, 'own',
           CAST('A film of some length ' || i || ' (1999)' AS BLOB),
           CAST('A film of some length ' || i || ' (1999)/film.mkv' AS BLOB),
           CAST('A film of some length ' || i || ' (1999)' AS BLOB), 0, 0
    FROM n;
    INSERT INTO cache_image_files (id, sha256, extension, format, byte_count, width, height, has_alpha, entity_type,
                                   entity_id, image_type, image_number, source, created_at)
    SELECT id, randomblob(32), 'jpg', 'jpeg', 100000, 1000, 1500, 0, 'movie', id, 'poster', 0, 'file', 0 FROM entities;
    INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, is_selected,
                                  cache_file_id, fetched_at)
    SELECT id, 'poster', 0, 'user', CAST(id AS TEXT), 1, id, 0 FROM entities;
    INSERT INTO library_image_files (library_id, entity_id, image_type, image_number, folder, name, byte_count, mtime)
    SELECT 1, id, 'poster', 0, folder, CAST('folder.jpg' AS BLOB), 1000, 0 FROM entities;";

fn filled(path: &std::path::Path, films: u64) -> Catalog {
    let mut catalog = Catalog::open(path).unwrap();
    let transaction = catalog.connection.transaction().unwrap();
    for sql in FILL.split_inclusive(';').filter(|sql| !sql.trim().is_empty()) {
        let mut statement = transaction.prepare(sql).unwrap();
        if statement.parameter_count() > 0 {
            statement.execute([films as i64]).unwrap();
        } else {
            statement.execute([]).unwrap();
        }
    }
    transaction.commit().unwrap();
    catalog
}

fn places(picture: &SelectedPicture) -> Vec<Place> {
    vec![Place {
        folder: picture.entity.folder.clone(),
        name: Name::parse(b"poster.jpg").unwrap(),
        is_synthetic_folder: false,
    }]
}

fn timed(what: &str, work: impl FnOnce() -> Published) -> Published {
    let start = Instant::now();
    let published = work();
    println!("{what}: {:?}", start.elapsed());
    published
}

#[test]
fn thousands_of_mappings_go_in_and_back_as_one_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = filled(&folder.path().join("posterfs.db"), FILMS);
    let stamp = |now| Stamp { author: "test".into(), reason: "scale".into(), now: UnixSeconds::new(now) };
    let publish =
        |catalog: &mut Catalog, now| catalog.publish(Scope::All, PublishMode::Apply, &stamp(now), places).unwrap();

    let published = timed("publish", || publish(&mut catalog, 1000));
    assert_eq!((published.added, published.generation), (FILMS, Some(GenerationId::new(1))));
    let again = timed("publish again", || publish(&mut catalog, 1001));
    assert_eq!((again.unchanged, again.generation), (FILMS, None));
    let film = EntityId::new(8);
    catalog.select_by_hand(&picture(film), UnixSeconds::new(1001)).unwrap();
    let one = timed("publish all, one to change", || publish(&mut catalog, 1001));
    assert_eq!((one.changed, one.unchanged, one.generation), (1, FILMS - 1, Some(GenerationId::new(2))));
    let emptied = timed("remove the library", || catalog.remove_library("films", &stamp(1002)).unwrap());
    assert_eq!(emptied.removed, FILMS);
    catalog.connection.execute_batch("UPDATE libraries SET removed_at = NULL").unwrap();
    let back = timed("roll back", || {
        catalog.rollback(GenerationId::new(1), RollbackScope::All, PublishMode::Apply, &stamp(1000)).unwrap()
    });
    assert_eq!((back.added, back.generation), (FILMS, Some(GenerationId::new(4))));

    let film = RelPath::parse(b"A film of some length 7 (1999)").unwrap();
    let shown = catalog.folder_mappings(LibraryId::new(1), &film).unwrap().unwrap();
    assert_eq!((shown.mapped.len(), shown.hidden.len()), (1, 1));
    assert_eq!(shown.mapped[0].published_at, UnixSeconds::new(1001), "the clock went back, the mtime did not");
    assert_eq!(shown.changed_at, UnixSeconds::new(1003));
}

/// What providers answer about a film: twenty posters, an id, a field, five actors of its own.
fn answers(film: EntityId) -> ProviderAnswers {
    let offer = |number: u32| OfferedCandidate {
        kind: ImageKind::Poster,
        provider_key: format!("/{film}-{number}.jpg"),
        url: format!("https://example.org/{film}-{number}.jpg"),
        width: Some(1000),
        height: Some(1500),
        language: Some("en".into()),
        vote_average: Some(5.0),
        vote_count: Some(number),
    };
    let field = MetadataField { field: "plot".into(), value: "A film.".into() };
    let actor = |number: u32| ToldCredit {
        name: format!("Actor {number} of {film}"),
        role: String::new(),
        ids: vec![(Provider::parse("tmdb").unwrap(), format!("{film}{number}"))],
    };
    ProviderAnswers {
        ids: vec![(Provider::parse("imdb").unwrap(), format!("tt{film}"))],
        kinds: vec![ImageKind::Poster],
        offers: vec![("tmdb".into(), (0..20).map(offer).collect())],
        fields: vec![SourcedField { field, source: "tmdb".into() }],
        cast: Some(ToldCast { provider: "tmdb".into(), people: (0..5).map(actor).collect(), most: 5 }),
    }
}

fn picture(film: EntityId) -> NewCacheFile {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&film.get().to_be_bytes());
    NewCacheFile {
        hash: ContentHash::new(hash),
        extension: "jpg".into(),
        format: "jpeg".into(),
        byte_count: 1,
        width: 1000,
        height: 1500,
        has_alpha: false,
        perceptual_hash: None,
        difference_hash: None,
        entity: film,
        image_type: ImageType::main(ImageKind::Poster),
        source: "provider".into(),
        provider: Some("tmdb".into()),
        source_url: None,
        author: None,
        quality: None,
        created_at: UnixSeconds::new(1),
    }
}

/// Everything that enrichment asks of the catalog for one film.
fn enrich_one(catalog: &mut Catalog, film: EntityId) {
    let now = UnixSeconds::new(2000);
    catalog.entity(film).unwrap().unwrap();
    catalog.guard_of(film).unwrap();
    catalog.external_ids_of(film).unwrap();
    catalog.originals_of(film).unwrap();
    catalog.declared_artwork_of(film).unwrap();
    let rate = |all: &[super::Candidate], _: &[MetadataField]| -> Vec<ScoredCandidate> {
        all.iter().map(|one| ScoredCandidate { id: one.id, score: 50.0, parts: "{}".into() }).collect()
    };
    catalog.record_answers(film, &answers(film), &rate, now).unwrap();
    let candidates = catalog.candidates_of(film, None).unwrap();
    let offered = candidates.iter().find(|one| one.provider == "tmdb").unwrap();
    catalog.cached_candidates_of(film).unwrap();
    catalog.cache_file_by_url(offered.url.as_ref().unwrap()).unwrap();
    catalog.choose(offered.id, &picture(film), now).unwrap().unwrap();
    let identification = Identification::Known;
    catalog.set_enriched(film, &Enrichment { enriched_at: now, due_at: now, identification }).unwrap();
}

/// How many steps SQLite takes for some work: what it costs, whatever else the machine does.
fn steps(catalog: &mut Catalog, work: impl FnOnce(&mut Catalog)) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let step = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    catalog.connection.progress_handler(1, Some(step)).unwrap();
    work(catalog);
    catalog.connection.progress_handler(1, None::<fn() -> bool>).unwrap();
    count.load(Ordering::Relaxed)
}

#[test]
fn enriching_one_film_costs_the_same_in_a_library_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let [small, large] = [500, 8 * 500].map(|films: u64| {
        let mut catalog = filled(&folder.path().join(format!("{films}.db")), films);
        // Statements are prepared once, which takes steps, too.
        enrich_one(&mut catalog, EntityId::new(1));
        let one = (2..12).map(|film| steps(&mut catalog, |catalog| enrich_one(catalog, EntityId::new(film)))).max();
        let all = steps(&mut catalog, |catalog| {
            let found = catalog.entities_to_enrich(&EnrichScope::All, &[EntityType::Movie]).unwrap();
            assert_eq!(found.len() as u64, films);
        });
        (one.unwrap(), all)
    });
    println!("steps for one film: {} and {}; to find all: {} and {}", small.0, large.0, small.1, large.1);
    assert!(large.0 <= small.0 + small.0 / 10, "one film: {} steps, then {}", small.0, large.0);
    assert!(large.1 <= 9 * small.1, "finding all: {} steps, then {}", small.1, large.1);
}

/// One actor for each film, who is in it and has a picture beside it.
const FILL_ACTORS: &str = "
    INSERT INTO entities (library_id, entity_type, title, sort_title, layout, folder, path, added_at, updated_at)
    SELECT 1, 'actor', 'Actor ' || id, 'actor ' || id, 'own', x'', CAST('.actors/Actor ' || id AS BLOB), 0, 0
    FROM entities WHERE entity_type = 'movie';
    INSERT INTO credits (entity_id, position, actor_id, role, source)
    SELECT m.id, 0, a.id, '', 'nfo' FROM entities m JOIN entities a ON a.title = 'Actor ' || m.id;
    INSERT INTO library_image_files (library_id, entity_id, image_type, image_number, folder, name, byte_count, mtime)
    SELECT 1, c.actor_id, 'actorthumb', 0, CAST(CAST(m.folder AS TEXT) || '/.actors' AS BLOB),
           CAST('Actor_' || m.id || '.jpg' AS BLOB), 1000, 0
    FROM credits c JOIN entities m ON m.id = c.entity_id;";

/// Everything that the import of one film asks of the catalog besides enrichment: the scan of its folder, and what is shown of
/// it.
fn import_one(catalog: &mut Catalog, film: EntityId) {
    let (library, now) = (LibraryId::new(1), UnixSeconds::new(3000));
    let known = catalog.entity(film).unwrap().unwrap();
    let item = ScannedItem {
        year: known.year,
        video: known.video.clone(),
        credits: vec![ScannedCredit { name: format!("Actor {film}"), role: "".into(), url: None, originals: vec![] }],
        ..ScannedItem::new(library, EntityType::Movie, &known.title, known.folder.clone())
    };
    catalog.start_scan(library).unwrap();
    catalog.record_folders(&[item], &[], &|_| false, now).unwrap();
    catalog.finish_scan(library, &known.folder, &[], now).unwrap();
    catalog.use_told_ids(library, &known.folder, now).unwrap();
    let items = catalog.items_in(library, &known.folder).unwrap();
    assert_eq!((items.len(), items[0]), (2, film));
    let stamp = Stamp { author: "test".into(), reason: "import".into(), now };
    let without = DocumentChanges { without: vec![library], ..DocumentChanges::default() };
    let published = catalog.publish_with(Scope::Among(&items), PublishMode::Apply, &stamp, &without, places).unwrap();
    assert_eq!(published.added, 1);
}

#[test]
fn importing_one_film_costs_the_same_in_a_library_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let [small, large] = [500, 8 * 500].map(|films: u64| {
        let mut catalog = filled(&folder.path().join(format!("{films}.db")), films);
        catalog.connection.execute_batch(FILL_ACTORS).unwrap();
        import_one(&mut catalog, EntityId::new(1));
        let one = (2..12).map(|film| steps(&mut catalog, |catalog| import_one(catalog, EntityId::new(film))));
        one.max().unwrap()
    });
    println!("steps for one import: {small} and {large}");
    assert!(large <= small + small / 10, "one import: {small} steps, then {large}");
}
