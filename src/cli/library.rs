//! `posterfs library`

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::catalog::{Library, NewLibrary, Stamp};
use crate::model::LibraryKind;
use crate::naming::Profile;

use super::Outcome;
use super::context::Context;
use super::output::table;

/// The libraries: which folders hold what.
#[derive(Debug, Args)]
pub struct LibraryCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a folder known as a library. Nothing in it is touched.
    Add {
        /// A short name for it.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// What it holds: movies, tv or music.
        #[arg(long)]
        kind: LibraryKind,
        /// For which players artwork is named; several with commas.
        #[arg(long, default_value = "default")]
        naming: String,
    },
    /// Show the libraries.
    List,
    /// Forget a library: its artwork is withdrawn from the view, its media stays untouched.
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
    naming.split(',').try_for_each(|profile| Profile::parse(profile).map(drop))?;
    let path = context
        .path_in_source(&path)
        .canonicalize()
        .with_context(|| format!("cannot open the folder {}; give an existing one", path.display()))?;
    let metadata = path.metadata().with_context(|| format!("cannot open the folder {}", path.display()))?;
    if !metadata.is_dir() {
        bail!("{} is no folder; give the folder that holds the media", path.display());
    }
    std::fs::read_dir(&path)
        .with_context(|| format!("cannot read the folder {}; check its permissions", path.display()))?;
    let library = context.catalog()?.add_library(&NewLibrary { name, path, kind, naming }, context.now())?;
    context.nudge();
    context.output.result(&row(&library), |row| {
        format!("{} is library {} ({}); look what is in it with `posterfs scan`", row.path, row.name, row.kind)
    })
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
        path: library.path.display().to_string(),
        kind: library.kind,
        naming: library.naming.clone(),
    }
}
