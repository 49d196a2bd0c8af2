//! Making the tree a library of posterfs in which every film has a published poster, the way a user would.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use posterfs::cache::{Cache, Limits, Origin, Stored};
use posterfs::catalog::{Catalog, Entity, EntityFilter, NewCacheFile};
use posterfs::config::StateDir;
use posterfs::model::{Clock, ImageKind, ImageType, SystemClock, UnixSeconds};
use posterfs::phase::{Choice, new_cache_file};

use super::tree::Tree;
use super::view::POSTERFS;

/// Films read from the catalog at once.
const PAGE: u32 = 1_000;

/// Adds, scans, selects and publishes, with its state in that folder.
pub fn publish_posters(tree: &Tree, state: &Path) -> anyhow::Result<()> {
    let films = tree.source().join("films");
    run(Command::new(POSTERFS)
        .arg("--state")
        .arg(state)
        .args(["library", "add", "bench"])
        .arg(films)
        .args(["--kind", "movies"]))?;
    run(Command::new(POSTERFS).arg("--state").arg(state).arg("scan"))?;
    select_posters(tree, state)?;
    run(Command::new(POSTERFS).arg("--state").arg(state).arg("publish"))
}

/// What `posterfs select` does, without taking the same few pictures apart thousands of times.
fn select_posters(tree: &Tree, state: &Path) -> anyhow::Result<()> {
    let state = StateDir::find(Some(state))?;
    let (mut catalog, cache) = (Catalog::open(&state.database())?, Cache::open(&state.cache())?);
    let put = |poster: &Vec<u8>| cache.put(&poster[..], &"the benchmark", &Limits::default());
    let stored = tree.posters().iter().map(put).collect::<Result<Vec<_>, _>>()?;
    let now = SystemClock.now();
    let mut last = None;
    let mut count = 0;
    loop {
        let page = catalog.list_entities(&EntityFilter::default(), last.as_ref(), PAGE)?;
        for film in &page {
            // Another picture than the one that lies in the folder.
            count += 1;
            catalog.select_by_hand(&poster(film, &stored[count % stored.len()], now), now)?;
        }
        last = page.last().map(Entity::list_key);
        if page.len() < PAGE as usize {
            break;
        }
    }
    ensure!(count == tree.scale.films, "the scan found {count} films, not {}", tree.scale.films);
    Ok(())
}

/// The row of a poster for a film.
pub fn poster(film: &Entity, stored: &Stored, now: UnixSeconds) -> NewCacheFile {
    let (image_type, origin) = (ImageType::main(ImageKind::Poster), Origin::File("poster.jpg".into()));
    new_cache_file(stored, &Choice { entity: film.id, image_type, origin, author: "the benchmark" }, now)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Copies a state folder, so that a second mount can have its own.
pub fn copy_state(from: &Path, to: &Path) -> anyhow::Result<()> {
    run(Command::new("cp").arg("--archive").arg("--no-target-directory").arg(from).arg(to)).context("copying the state")
}
