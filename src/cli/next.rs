//! What to do next, for whoever begins: told by `posterfs` alone, and by `status`.

use std::path::Path;

use serde::Serialize;

use crate::catalog::{Catalog, Counts};
use crate::control::mounts;

use super::Outcome;
use super::context::Context;
use super::output::table;

/// Providers of artwork of films and series; each of them wants a key.
const WITH_KEY: [&str; 3] = ["tmdb", "tvdb", "fanarttv"];

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to type.
    command: String,
    /// What comes of it.
    why: &'static str,
}

#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    next: Vec<Step>,
}

/// How far somebody is.
#[derive(Debug, Clone, Copy)]
struct Progress<'a> {
    counts: Option<Counts>,
    has_key: bool,
    /// A library that is to be mounted.
    library: &'a Path,
    is_mounted: bool,
}

/// Tells a person who typed no command what to do next. Nothing is made for that.
pub fn run(context: &Context) -> anyhow::Result<Outcome> {
    let report = Report { version: env!("CARGO_PKG_VERSION"), next: steps(context)? };
    context.output.result(&report, |report| {
        let rows = report.next.iter().map(|step| vec![step.command.clone(), step.why.to_owned()]);
        format!(
            "posterfs {}: artwork for Kodi, Jellyfin, Emby and Plex, mounted over the media tree\n\n{}\n\n\
             `posterfs --help` shows all commands, `posterfs help COMMAND` explains one of them.",
            report.version,
            table(&["NEXT", ""], rows)
        )
    })?;
    Ok(Outcome::Done)
}

/// What to do next, given what there is.
pub fn steps(context: &Context) -> anyhow::Result<Vec<Step>> {
    let has_state = context.state.database().exists();
    let catalog = if has_state { Some(context.catalog_to_read()?) } else { None };
    let counts = catalog.as_ref().map(Catalog::counts).transpose()?;
    let libraries = catalog.map(|catalog| catalog.libraries()).transpose()?.unwrap_or_default();
    let library = libraries.first().map_or(Path::new(EXAMPLE), |library| &library.path);
    let providers = context.providers(false, true)?;
    let has_key = providers.iter().any(|provider| WITH_KEY.contains(&provider.name()));
    let is_mounted = !mounts(&context.state.run()).is_empty();
    Ok(steps_for(Progress { counts, has_key, library, is_mounted }))
}

impl Step {
    /// What to type.
    pub fn into_command(self) -> String {
        self.command
    }
}

fn steps_for(progress: Progress<'_>) -> Vec<Step> {
    let library = progress.library.to_string_lossy();
    let library = shlex::try_quote(&library).unwrap_or(EXAMPLE.into());
    let step = |(command, why): (&str, _)| Step { command: command.replace(EXAMPLE, &library), why };
    let steps: &[(&str, &str)] = match progress.counts {
        None => BEGIN,
        Some(counts) if counts.libraries == 0 => BEGIN,
        Some(counts) if counts.entities == 0 => SCAN,
        Some(counts) if counts.cache.files == 0 && progress.has_key => ENRICH,
        Some(counts) if counts.cache.files == 0 => KEY,
        Some(counts) if counts.mappings == 0 => PUBLISH,
        Some(_) if !progress.is_mounted => MOUNT,
        Some(_) => CARE,
    };
    steps.iter().copied().map(step).collect()
}

/// Where films are until somebody says where they are.
const EXAMPLE: &str = "/media/films";

const BEGIN: &[(&str, &str)] = &[
    ("posterfs demo", "see what it does, on a sample library; needs no account and no network"),
    ("posterfs doctor", "can this machine mount?"),
    ("posterfs library add films /media/films --kind movies", "make a folder known; nothing in it is touched"),
];

const SCAN: &[(&str, &str)] =
    &[("posterfs scan", "look what is in the libraries"), ("posterfs library list", "which folders they are")];

const ENRICH: &[(&str, &str)] = &[
    ("posterfs enrich", "ask providers for artwork, and take the best into the cache"),
    ("posterfs select ITEM poster --file FILE", "or choose a picture of your own"),
];

const KEY: &[(&str, &str)] = &[
    ("POSTERFS_TMDB_KEY=… posterfs enrich", "ask TMDB for artwork (a key is free; `posterfs config` shows all)"),
    ("posterfs select ITEM poster --file FILE", "or choose a picture of your own"),
];

const PUBLISH: &[(&str, &str)] = &[
    ("posterfs publish --dry-run", "what would be shown?"),
    ("posterfs publish", "show what is chosen, under the names that players look for"),
];

const MOUNT: &[(&str, &str)] = &[
    ("posterfs mount /media/films", "show the artwork in the folder itself"),
    ("posterfs export --dry-run", "or write it as real files"),
];

const CARE: &[(&str, &str)] = &[
    ("posterfs list --missing poster", "what still needs a poster"),
    ("posterfs candidates ITEM --open", "see what else could be chosen"),
    ("posterfs history", "what changed lately; `posterfs rollback` takes it back"),
    ("posterfs status", "how much there is of everything"),
];

#[cfg(test)]
mod tests {
    use crate::catalog::CacheTotals;

    use super::*;

    #[test]
    fn each_state_has_its_next_step() {
        let counts = |libraries, entities, files, mappings| Counts {
            libraries,
            entities,
            missing: 0,
            originals: 0,
            candidates: 0,
            mappings,
            documents: 0,
            cache: CacheTotals { files, bytes: 0 },
            generation: None,
        };
        for (counts, has_key, is_mounted, first) in [
            (None, true, false, "posterfs demo"),
            (Some(counts(0, 0, 0, 0)), true, false, "posterfs demo"),
            (Some(counts(1, 0, 0, 0)), true, false, "posterfs scan"),
            (Some(counts(1, 9, 0, 0)), true, false, "posterfs enrich"),
            (Some(counts(1, 9, 0, 0)), false, false, "POSTERFS_TMDB_KEY=… posterfs enrich"),
            (Some(counts(1, 9, 3, 0)), false, false, "posterfs publish --dry-run"),
            (Some(counts(1, 9, 3, 5)), false, false, "posterfs mount \"/srv/Anna's films\""),
            (Some(counts(1, 9, 3, 5)), false, true, "posterfs list --missing poster"),
        ] {
            let steps = steps_for(Progress { counts, has_key, library: Path::new("/srv/Anna's films"), is_mounted });
            assert_eq!(steps[0].command, first, "{counts:?}");
        }
    }
}
