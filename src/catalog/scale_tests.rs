//! Publishing and rolling back as a set. There are few films here, so that it runs with every build; what 100,000
//! take is measured by raising [`FILMS`] and reading the times that `--nocapture` shows.

use std::time::Instant;

use super::{Catalog, Place, PublishMode, Published, Scope, SelectedPicture, Stamp};
use crate::model::{GenerationId, LibraryId, Name, RelPath, UnixSeconds};

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

fn filled(path: &std::path::Path) -> Catalog {
    let mut catalog = Catalog::open(path).unwrap();
    let transaction = catalog.connection.transaction().unwrap();
    for sql in FILL.split_inclusive(';').filter(|sql| !sql.trim().is_empty()) {
        let mut statement = transaction.prepare(sql).unwrap();
        if statement.parameter_count() > 0 {
            statement.execute([FILMS as i64]).unwrap();
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
    let mut catalog = filled(&folder.path().join("posterfs.db"));
    let stamp = |now| Stamp { author: "test".into(), reason: "scale".into(), now: UnixSeconds::new(now) };
    let publish =
        |catalog: &mut Catalog, now| catalog.publish(Scope::All, PublishMode::Apply, &stamp(now), places).unwrap();

    let published = timed("publish", || publish(&mut catalog, 1000));
    assert_eq!((published.added, published.generation), (FILMS, Some(GenerationId::new(1))));
    let again = timed("publish again", || publish(&mut catalog, 1001));
    assert_eq!((again.unchanged, again.generation), (FILMS, None));
    let emptied = timed("remove the library", || catalog.remove_library("films", &stamp(1002)).unwrap());
    assert_eq!(emptied.removed, FILMS);
    catalog.connection.execute_batch("UPDATE libraries SET removed_at = NULL").unwrap();
    let back = timed("roll back", || catalog.rollback(GenerationId::new(1), PublishMode::Apply, &stamp(1000)).unwrap());
    assert_eq!((back.added, back.generation), (FILMS, Some(GenerationId::new(3))));

    let film = RelPath::parse(b"A film of some length 7 (1999)").unwrap();
    let shown = catalog.folder_mappings(LibraryId::new(1), &film).unwrap().unwrap();
    assert_eq!((shown.mapped.len(), shown.hidden.len()), (1, 1));
    assert_eq!(shown.mapped[0].published_at, UnixSeconds::new(1001), "the clock went back, the mtime did not");
    assert_eq!(shown.changed_at, UnixSeconds::new(1003));
}
