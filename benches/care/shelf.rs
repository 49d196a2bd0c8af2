//! A state folder with files in the cache, each mapped under one name. It is written directly: putting so many pictures
//! there one by one would take longer than everything that is measured.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use posterfs::cache::Cache;
use posterfs::catalog::{Catalog, NewLibrary};
use posterfs::model::{ContentHash, LibraryKind, UnixSeconds};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

pub struct Shelf {
    /// The root of the cache.
    pub root: PathBuf,
    pub database: PathBuf,
    pub files: Vec<PathBuf>,
    pub bytes: u64,
}

impl Shelf {
    pub fn fill(folder: &Path, count: u32, size: usize) -> anyhow::Result<Self> {
        let (root, database, media) = (folder.join("cache"), folder.join("posterfs.db"), folder.join("media"));
        fs::create_dir(&media)?;
        File::create(media.join("a film.mkv"))?;
        let cache = Cache::open(&root)?;
        let mut catalog = Catalog::open(&database)?;
        let new = NewLibrary { name: "films".into(), path: media, kind: LibraryKind::Movies, naming: "default".into() };
        let library = catalog.add_library(&new, UnixSeconds::new(0))?;
        let mut shelf = Self { root, database, files: Vec::new(), bytes: 0 };
        let mut connection = Connection::open(&shelf.database)?;
        let transaction = connection.transaction()?;
        transaction.execute("INSERT INTO generations VALUES (1, 1000, 'bench', 'bench', 0, 0, 0, NULL)", [])?;
        let mut state = 1_u64;
        let mut bytes = vec![0; size];
        for number in 1..=i64::from(count) {
            fill_at_random(&mut state, &mut bytes);
            let hash = ContentHash::new(Sha256::digest(&bytes).into());
            let path = cache.file_path(&hash, "jpg");
            if let Some(above) = path.parent() {
                fs::create_dir_all(above)?;
            }
            File::create(&path)?.write_all(&bytes)?;
            map(&transaction, library.id.get(), number, &hash, size)?;
            shelf.files.push(path);
            shelf.bytes += size as u64;
        }
        transaction.commit()?;
        Ok(shelf)
    }
}

fn map(connection: &Connection, library: i64, number: i64, hash: &ContentHash, size: usize) -> anyhow::Result<()> {
    let folder = format!("Film {number} (2000)").into_bytes();
    connection
        .prepare_cached(
            "INSERT INTO entities (id, library_id, entity_type, title, sort_title, layout, folder, path, added_at, updated_at)
             VALUES (?1, ?2, 'movie', 'Film', 'film', 'own', ?3, ?3, 0, 0)",
        )?
        .execute(params![number, library, folder])?;
    connection
        .prepare_cached(
            "INSERT INTO cache_image_files (id, sha256, extension, format, byte_count, width, height, has_alpha, entity_type,
                 entity_id, image_type, image_number, source, created_at)
             VALUES (?1, ?2, 'jpg', 'jpg', ?3, 1000, 1500, 0, 'movie', ?1, 'poster', 0, 'file', 0)",
        )?
        .execute(params![number, hash.as_bytes(), size as i64])?;
    connection
        .prepare_cached(
            "INSERT INTO library_image_files (library_id, entity_id, image_type, image_number, folder, name, cache_file_id,
                 added_generation, published_at)
             VALUES (?2, ?1, 'poster', 0, ?3, CAST('poster.jpg' AS BLOB), ?1, 1, 1000)",
        )?
        .execute(params![number, library, folder])?;
    Ok(())
}

/// What no two files share.
fn fill_at_random(state: &mut u64, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = (*state ^ (*state >> 29)).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}
