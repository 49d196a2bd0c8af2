//! `posterfs rebuild`

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::model::{LibraryKind, show_bytes};
use crate::phase::{RebuildReport, RebuildRequest, ToldLibrary, rebuild};

use super::context::Context;
use super::output::counted;
use super::progress::Bar;
use super::restore::refuse_mounts;
use super::{Outcome, mode};

/// Make the database anew from the cache alone.
///
/// For when the database is lost or damaged and there is no backup: beside the pictures lies what was chosen, where they
/// came from, and which libraries there are. Selected pictures, locks, edited fields, what is not monitored, blocked or
/// unpublished come back. What comes back by itself: the tree with `posterfs scan`, what providers offer with `posterfs
/// enrich`. What does not: the history (it cannot be rolled back behind this point), tags, and scores until the next enrich.
///
/// Every picture is read and checked on the way. The old database is kept, under `replaced` in the state folder.
/// Afterwards: `posterfs scan`, `posterfs publish`.
///
/// For example: `posterfs rebuild --dry-run`; with libraries that nothing tells of any more:
/// `posterfs rebuild --library films:movies=/media/films`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// A library that the cache does not tell of, or that is elsewhere now: NAME:KIND=PATH, where KIND is movies, tv or
    /// music.
    #[arg(long = "library", value_name = "NAME:KIND=PATH")]
    libraries: Vec<LibraryArgument>,
    /// Also where the present database is whole.
    #[arg(long)]
    force: bool,
    /// Do everything but put the new database in its place, and tell what would be found.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone)]
struct LibraryArgument(ToldLibrary);

impl FromStr for LibraryArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (library, path) = text.split_once('=').ok_or("give NAME:KIND=PATH")?;
        let (name, kind) = library.split_once(':').ok_or("give NAME:KIND=PATH")?;
        let kind = LibraryKind::from_str(kind).map_err(|error| error.to_string())?;
        let path = PathBuf::from(path).canonicalize().map_err(|error| format!("cannot open {path}: {error}"))?;
        Ok(Self(ToldLibrary { name: name.to_owned(), kind, path }))
    }
}

impl Rebuild {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        context.state.make()?;
        refuse_mounts(context)?;
        let (cache, database) = (context.cache()?, context.state.database());
        let libraries: Vec<ToldLibrary> = self.libraries.into_iter().map(|LibraryArgument(library)| library).collect();
        let request = RebuildRequest {
            database: &database,
            cache: &cache,
            limits: context.limits(),
            libraries: &libraries,
            replaces_whole: self.force,
            mode: mode(self.dry_run),
            now: context.now(),
        };
        let report = rebuild(&request, &Bar::new(&context.output, "pictures"))?;
        if !self.dry_run {
            // Opened once, so that the journal beside the cache tells of it.
            drop(context.catalog()?);
        }
        context.output.result(&report, |report| told(report, self.dry_run))?;
        Ok(if report.has_problems() { Outcome::Problems } else { Outcome::Done })
    }
}

fn told(report: &RebuildReport, is_trial: bool) -> String {
    let mut lines = vec![format!(
        "{}: {}, {} selected, {} locked",
        if report.libraries.is_empty() { "no libraries".to_owned() } else { report.libraries.join(", ") },
        counted(report.items, "item", "items"),
        counted(report.selected, "picture", "pictures"),
        counted(report.locked, "field", "fields"),
    )];
    lines.push(format!(
        "{} in the cache; of {} nothing tells what it is for",
        counted(report.pictures, "whole picture", "whole pictures"),
        report.unknown
    ));
    for (library, records) in &report.without_library {
        let library = if library.is_empty() { "?" } else { library };
        lines.push(format!(
            "{} of the library {}, of which nothing tells where it is: give --library '{}:KIND=PATH'",
            counted(*records, "record", "records"),
            show_bytes(library.as_bytes()),
            show_bytes(library.as_bytes())
        ));
    }
    lines.extend(report.damaged.iter().map(|path| format!("damaged: {path}")));
    lines.extend(report.lost.iter().map(|lost| format!("selected, and not in the cache any more: {lost}")));
    if report.unreadable > 0 {
        lines.push(format!("{} could not be understood", counted(report.unreadable, "line", "lines")));
    }
    lines.extend(report.kept.as_ref().map(|kept| format!("the old database is now {kept}")));
    lines.push(
        if is_trial { "nothing was changed" } else { "go on with `posterfs scan`, then `posterfs publish`" }.to_owned(),
    );
    lines.join("\n")
}
