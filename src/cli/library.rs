//! `posterfs library`

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::catalog::{Library, NewLibrary, Stamp};
use crate::model::LibraryKind;
use crate::naming::{ProfileError, Profiles};

use super::Outcome;
use super::context::Context;
use super::output::{show_path, table};

/// The libraries: which folders hold what.
///
/// Begin with `posterfs library add films /media/films --kind movies`.
#[derive(Debug, Args)]
pub struct LibraryCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a folder known as a library. Nothing in it is touched.
    ///
    /// A library may not lie in another one. `posterfs scan` then looks what is in it.
    ///
    /// For example: `posterfs library add films /media/films --kind movies`.
    Add {
        /// A short name for it.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// What it holds: movies, tv or music.
        #[arg(long)]
        kind: LibraryKind,
        /// For which players artwork is named: default (all of them), kodi, jellyfin, emby or plex; several with commas.
        #[arg(long, default_value = "default", value_parser = naming_words)]
        naming: String,
    },
    /// Show the libraries.
    ///
    /// For example, their folders alone: `posterfs library list --json | jq -r .path`.
    List,
    /// Forget a library: its artwork is withdrawn from the view, its media stays untouched.
    ///
    /// The pictures stay in the cache. For example: `posterfs library remove films`.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Serialize)]
struct Row {
    id: i64,
    name: String,
    path: String,
    kind: LibraryKind,
    naming: String,
}

impl LibraryCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.action {
            Action::Add { name, path, kind, naming } => add(context, name, path, kind, naming)?,
            Action::List => list(context)?,
            Action::Remove { name } => remove(context, &name)?,
        }
        Ok(Outcome::Done)
    }
}

fn add(context: &Context, name: String, path: PathBuf, kind: LibraryKind, naming: String) -> anyhow::Result<()> {
    let path = media_folder(&context.path_in_source(&path))?;
    let library = context.catalog()?.add_library(&NewLibrary { name, path, kind, naming }, context.now())?;
    context.nudge();
    context.output.result(&row(&library), |row| {
        format!("{} is library {} ({}); look what is in it with `posterfs scan`", row.path, row.name, row.kind)
    })
}

/// Checks the words, which the catalog keeps as they are.
fn naming_words(text: &str) -> Result<String, ProfileError> {
    Profiles::of_library(text)?;
    Ok(text.to_owned())
}

/// The true path of a folder that can be read.
fn media_folder(path: &Path) -> anyhow::Result<PathBuf> {
    let shown = show_path(path);
    let true_path = path.canonicalize().and_then(|found| found.metadata().map(|metadata| (found, metadata.is_dir())));
    match true_path {
        Err(error) => bail!("cannot open the folder {shown}: {error}; give the folder that holds the media"),
        Ok((_, false)) => bail!("{shown} is no folder; give the folder that holds the media"),
        Ok((found, true)) => match std::fs::read_dir(&found) {
            Err(error) => bail!("cannot read the folder {shown}: {error}; give yourself the right to, or run as root"),
            Ok(_) => Ok(found),
        },
    }
}

fn list(context: &Context) -> anyhow::Result<()> {
    let libraries = context.catalog_to_read()?.libraries()?;
    let rows: Vec<Row> = libraries.iter().map(row).collect();
    context.output.list(&rows, |rows| {
        if rows.is_empty() {
            return "there is no library yet; add one with `posterfs library add NAME PATH --kind movies`".to_owned();
        }
        let cells = rows.iter().map(|row| {
            vec![row.id.to_string(), row.name.clone(), row.kind.to_string(), row.naming.clone(), row.path.clone()]
        });
        table(&["ID", "NAME", "KIND", "NAMING", "PATH"], cells)
    })
}

fn remove(context: &Context, name: &str) -> anyhow::Result<()> {
    let mut catalog = context.catalog()?;
    let library = catalog.library_named(name)?;
    let reason = format!("library remove {name}");
    catalog.remove_library(name, &Stamp { author: context.author(), reason, now: context.now() })?;
    context.nudge();
    context.output.result(&row(&library), |row| format!("library {} is forgotten; {} is as it was", row.name, row.path))
}

fn row(library: &Library) -> Row {
    Row {
        id: library.id.get(),
        name: library.name.clone(),
        path: show_path(&library.path),
        kind: library.kind,
        naming: library.naming.clone(),
    }
}
