//! How soon a change is seen: from the word to the mount until the new content is read through it.

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, EntityFilter, PublishMode, RollbackScope, Scope, Stamp};
use posterfs::config::StateDir;
use posterfs::control::{Request, ask};
use posterfs::model::{Clock, GenerationId, SystemClock};
use posterfs::phase::publish;

use super::published::poster;
use super::tree::Tree;
use super::view::Mounted;

/// Publishes and rollbacks in a round.
const CHANGES: usize = 20;

/// Publishes another poster of one film and rolls back, in turn; how many seconds each took to be seen.
pub fn measure(at: &Mounted, tree: &Tree) -> anyhow::Result<Vec<f64>> {
    let state = StateDir::find(at.state())?;
    let (mut catalog, cache) = (Catalog::open(&state.database())?, Cache::open(&state.cache())?);
    let film = catalog.list_entities(&EntityFilter::default(), None, 1)?.pop().context("there is no film")?;
    let shown = at.root().join("films").join(film.path.as_path()).join("poster.jpg");
    let stamp = |reason: &str| Stamp { author: "bench".to_owned(), reason: reason.to_owned(), now: SystemClock.now() };
    let mut seconds = Vec::new();
    for change in 0..CHANGES {
        let before = fs::read(&shown)?;
        if change % 2 == 0 {
            let other = tree.posters().iter().find(|poster| **poster != before).context("all posters are the same")?;
            let stored = cache.put(&other[..], &"the benchmark", &Limits::default())?;
            catalog.select_by_hand(&poster(&film, &stored, SystemClock.now()), SystemClock.now())?;
            publish(&mut catalog, Scope::Entities(&[film.id]), PublishMode::Apply, &stamp("publish"))?;
        } else {
            let last = catalog.history(None, 1)?.first().context("nothing was published")?.id.get();
            catalog.rollback(
                GenerationId::new(last - 1),
                RollbackScope::All,
                PublishMode::Apply,
                &stamp("rollback"),
            )?;
        }
        let begun = Instant::now();
        ask(&state.run(), at.root(), Request::Nudge)?;
        while fs::read(&shown)? == before {
            ensure!(begun.elapsed().as_secs() < 10, "the change is not seen");
        }
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok(seconds)
}
