//! A library of films that are known, each with one picture chosen and one hidden original. The catalog is written directly:
//! scanning and choosing would take longer than everything that is measured. Their folders are there, and in that of the first
//! one is a film to be scanned.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use posterfs::catalog::{
    Catalog, Library, NewCacheFile, NewLibrary, PublishMode, Published, RollbackScope, Scope, Stamp,
};
use posterfs::library::Source;
use posterfs::model::{
    ContentHash, EntityId, GenerationId, ImageKind, ImageType, LibraryKind, RelPath, SystemClock, UnixSeconds,
};
use posterfs::phase::{self, NoProgress};
use rusqlite::Connection;

pub const POSTER: ImageType = ImageType::main(ImageKind::Poster);

/// How many names the poster of a film has by the default profile.
const NAMES: u64 = 2;

const FILL: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    INSERT INTO entities (id, library_id, entity_type, title, sort_title, year, layout, folder, video, path, found_in,
                          added_at, updated_at)
    SELECT i, 1, 'movie', 'A film of some length ' || i, 'film of some length ' || i, 1999, 'own',
           CAST('A film of some length ' || i || ' (1999)' AS BLOB),
           CAST('A film of some length ' || i || ' (1999)/film.mkv' AS BLOB),
           CAST('A film of some length ' || i || ' (1999)' AS BLOB),
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

pub struct Films {
    /// How many there are.
    pub count: u32,
    catalog: Catalog,
    library: Library,
    source: Source,
    now: i64,
}

impl Films {
    pub fn fill(folder: &Path, count: u32) -> anyhow::Result<Self> {
        let (database, media) = (folder.join("posterfs.db"), folder.join("media"));
        fs::create_dir(&media)?;
        let folder_of = |film: u32| media.join(format!("A film of some length {film} (1999)"));
        (1..=count).try_for_each(|film| fs::create_dir(folder_of(film)))?;
        let first = folder_of(1);
        File::create(first.join("film.mkv"))?;
        File::create(first.join("folder.jpg"))?;
        let mut catalog = Catalog::open(&database)?;
        let source = Source::open(&media)?;
        let new = NewLibrary { name: "films".into(), path: media, kind: LibraryKind::Movies, naming: "default".into() };
        let library = catalog.add_library(&new, UnixSeconds::new(0))?;
        let mut connection = Connection::open(&database)?;
        let transaction = connection.transaction()?;
        for sql in FILL.split_inclusive(';') {
            let mut statement = transaction.prepare(sql)?;
            let parameters = [count];
            statement.execute(rusqlite::params_from_iter(parameters.iter().take(statement.parameter_count())))?;
        }
        transaction.commit()?;
        Ok(Self { count, catalog, library, source, now: 1000 })
    }

    /// Another poster is chosen for a film.
    pub fn choose(&mut self, film: i64) -> anyhow::Result<()> {
        let mut hash = [7; 32];
        hash[..8].copy_from_slice(&film.to_be_bytes());
        let picture = NewCacheFile {
            hash: ContentHash::new(hash),
            extension: "jpg".into(),
            format: "jpeg".into(),
            byte_count: 1000,
            width: 1000,
            height: 1500,
            has_alpha: false,
            perceptual_hash: None,
            difference_hash: None,
            entity: EntityId::new(film),
            image_type: POSTER,
            source: "file".into(),
            provider: None,
            source_url: None,
            author: None,
            quality: None,
            created_at: UnixSeconds::new(0),
        };
        self.catalog.select_by_hand(&picture, UnixSeconds::new(self.now))?;
        Ok(())
    }

    /// Publishes, which changes what is shown of so many films.
    pub fn publish(&mut self, scope: Scope<'_>, changes: u64) -> anyhow::Result<Duration> {
        let stamp = self.stamp();
        let begun = Instant::now();
        let report = phase::publish(&mut self.catalog, scope, PublishMode::Apply, &stamp)?;
        let time = begun.elapsed();
        see_changes(&report.published, changes)?;
        Ok(time)
    }

    /// Goes back to a generation, which changes what is shown of so many films.
    pub fn go_back_to(&mut self, generation: i64, changes: u64) -> anyhow::Result<Duration> {
        let stamp = self.stamp();
        let begun = Instant::now();
        let to = GenerationId::new(generation);
        let published = self.catalog.rollback(to, RollbackScope::All, PublishMode::Apply, &stamp)?;
        let time = begun.elapsed();
        see_changes(&published, changes)?;
        Ok(time)
    }

    /// Scans the folder of the one film that is there.
    pub fn scan_folder(&mut self) -> anyhow::Result<Duration> {
        let folder = RelPath::parse(b"A film of some length 1 (1999)")?;
        let begun = Instant::now();
        let report =
            phase::scan_folder(&mut self.catalog, &self.library, &self.source, &folder, &SystemClock, &NoProgress)?;
        let time = begun.elapsed();
        ensure!((report.scan.seen, report.scan.added, report.scan.missing) == (1, 0, 0), "{report:?}");
        Ok(time)
    }

    fn stamp(&mut self) -> Stamp {
        self.now += 1;
        Stamp { author: "bench".into(), reason: "bench".into(), now: UnixSeconds::new(self.now) }
    }
}

fn see_changes(published: &Published, changes: u64) -> anyhow::Result<()> {
    let Published { added, changed, removed, .. } = *published;
    ensure!(added + changed + removed == changes * NAMES, "not what was expected: {published:?}");
    Ok(())
}
