//! `posterfs recycle`

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rustix::fs::{Mode, OFlags};
use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::RelPath;
use crate::phase::{self, BringBack, Whereabouts};
use crate::recycle::{Entry, Recycle, RecycleError, Tidied};

use super::context::Context;
use super::output::{byte_size, counted, local_time, one_line, show_path, table};
use super::{Outcome, mode};

/// The recycle bin: what posterfs removed from a library or from its cache.
///
/// Whatever `export` or `gc` replaces or removes goes there, and the pictures of yours that were hidden in a folder when a
/// program removed it. It stays for 30 days, and as long as the bin has less than 10 GiB: `[recycle]` in the configuration
/// says otherwise. What is less than a day old always stays.
///
/// For example: `posterfs recycle list "/media/films/Heat (1995)"`, `posterfs recycle restore "/media/films/Heat (1995)"`,
/// `posterfs recycle purge --older-than 7`.
#[derive(Debug, Args)]
pub struct RecycleCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is in the bin: where it was, when and why it was removed; oldest first.
    ///
    /// For example: `posterfs recycle list`, `posterfs recycle list /media/films`.
    List {
        /// Only what was at or below this path.
        path: Option<PathBuf>,
    },
    /// Bring files back to where they were.
    ///
    /// Folders that are gone are made again. Nothing is ever written over: what is there now stays, unless --force moves it
    /// to the recycle bin first. Files are put into the library itself, also where a view is mounted over it; what is published
    /// under the same name goes on hiding them.
    ///
    /// For example: `posterfs recycle restore "/media/films/Heat (1995)" --dry-run` (all that was below it, of each file
    /// what was removed last), `posterfs recycle restore 1733000000-4711-0 --to /tmp`.
    Restore {
        /// Ids of the list, or paths where files were, with all below them.
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<PathBuf>,
        /// Put them into this folder instead, under their own names.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// Move what is in the way to the recycle bin.
        #[arg(long)]
        force: bool,
        /// Tell what would be brought back, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove files from the bin for good.
    ///
    /// For example: `posterfs recycle purge --expired`, `posterfs recycle purge --older-than 7 --dry-run`, `posterfs
    /// recycle purge "/media/films/Heat (1995)"`.
    Purge {
        /// Ids of the list, or paths where files were, with all below them.
        #[arg(value_name = "ENTRY", required_unless_present_any = ["older_than", "expired", "all"])]
        entries: Vec<PathBuf>,
        /// All that were removed more than so many days ago.
        #[arg(long, value_name = "DAYS", group = "which", conflicts_with = "entries")]
        older_than: Option<u32>,
        /// All that the configuration does not keep, as `publish` and `export` do by themselves.
        #[arg(long, group = "which", conflicts_with = "entries")]
        expired: bool,
        /// All.
        #[arg(long, group = "which", conflicts_with = "entries")]
        all: bool,
        /// Tell what would be removed, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// An entry for people and programs.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    origin: String,
    reason: String,
    time: i64,
    bytes: u64,
    /// Where its bytes lie.
    data: String,
}

#[derive(Debug, Serialize)]
struct RestoredRow {
    id: String,
    origin: String,
    /// Where it is now; `None` where it is still in the bin.
    restored_to: Option<String>,
    /// Whether what was in the way is in the bin now.
    replaced: bool,
    dry_run: bool,
    /// Why it is still in the bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct PurgedReport {
    entries: u64,
    bytes: u64,
    dry_run: bool,
}

impl RecycleCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        context.state.make()?;
        let bin = Recycle::open(&context.state.recycle())?;
        match self.action {
            Action::List { path } => list(context, &bin, path.as_deref()),
            Action::Restore { entries, to, force, dry_run } => {
                let how = BringBack { recycle: &bin, replaces: force, mode: mode(dry_run), now: context.now() };
                restore(context, &how, &entries, to.as_deref(), dry_run)
            }
            Action::Purge { entries, older_than, expired, all, dry_run } => {
                let which = if all {
                    bin.entries()?
                } else if expired {
                    context.recycle_limits().exceeded_by(&bin.entries()?, context.now())
                } else if let Some(days) = older_than {
                    older(bin.entries()?, days, context)
                } else {
                    named(context, &bin.entries()?, &entries, true)?
                };
                purge(context, &bin, &which, dry_run)
            }
        }
    }
}

fn older(mut entries: Vec<Entry>, days: u32, context: &Context) -> Vec<Entry> {
    let since = context.now().get().saturating_sub(i64::from(days) * 86_400);
    entries.retain(|entry| entry.removed_at.get() < since);
    entries
}

/// The entries that are meant, each once. Of several of one path, purging means all, bringing back the last.
fn named(context: &Context, entries: &[Entry], words: &[PathBuf], all: bool) -> anyhow::Result<Vec<Entry>> {
    let mut found: Vec<Entry> = Vec::new();
    for word in words {
        let path = context.path_in_source(word);
        let mut of_word = phase::entries_named(entries, word, &path);
        if all && of_word.iter().all(|entry| Path::new(&entry.id) != word) {
            of_word = entries.iter().filter(|entry| entry.origin.starts_with(&path)).collect();
        }
        if of_word.is_empty() {
            let word = show_path(word);
            anyhow::bail!(
                "nothing in the recycle bin is or was at `{word}`; `posterfs recycle list` shows what there is"
            );
        }
        found.extend(of_word.into_iter().cloned());
    }
    found.sort_by(|one, other| (one.removed_at, &one.id).cmp(&(other.removed_at, &other.id)));
    found.dedup_by(|one, other| one.id == other.id);
    Ok(found)
}

fn list(context: &Context, bin: &Recycle, path: Option<&Path>) -> anyhow::Result<Outcome> {
    let mut entries = bin.entries()?;
    if let Some(path) = path.map(|path| context.path_in_source(path)) {
        entries.retain(|entry| entry.origin.starts_with(&path));
    }
    let row = |entry: &Entry| Row {
        id: entry.id.clone(),
        origin: show_path(&entry.origin),
        reason: entry.reason.clone(),
        time: entry.removed_at.get(),
        bytes: entry.byte_count,
        data: show_path(&bin.data_path(entry)),
    };
    let rows: Vec<Row> = entries.iter().map(row).collect();
    context.output.list(&rows, listing)?;
    Ok(Outcome::Done)
}

fn listing(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "the recycle bin has nothing of that".to_owned();
    }
    let cells = rows.iter().map(|row| {
        vec![row.id.clone(), local_time(row.time), byte_size(row.bytes), row.origin.clone(), row.reason.clone()]
    });
    let bytes = rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.bytes));
    let total = format!("{}, {}", counted(rows.len() as u64, "file", "files"), byte_size(bytes));
    format!("{}\n{total}", table(&["ID", "REMOVED", "SIZE", "WAS AT", "BECAUSE"], cells))
}

fn restore(
    context: &Context,
    how: &BringBack<'_>,
    words: &[PathBuf],
    to: Option<&Path>,
    dry_run: bool,
) -> anyhow::Result<Outcome> {
    let catalog = context.catalog_to_read()?;
    let all = how.recycle.entries()?;
    let mut entries = named(context, &all, words, false)?;
    if to.is_none() {
        entries.extend(phase::records_of(&entries, &all, &context.state.cache()));
    }
    let mut rows = Vec::new();
    for entry in entries {
        let brought = restore_one(context, &catalog, how, &entry, to);
        let (restored_to, replaced, error) = match brought {
            Ok(brought) => (Some(show_path(&brought.place)), brought.has_replaced, None),
            Err(error) => (None, false, Some(one_line(&error))),
        };
        rows.push(RestoredRow {
            id: entry.id,
            origin: show_path(&entry.origin),
            restored_to,
            replaced,
            dry_run,
            error,
        });
    }
    context.output.list(&rows, |rows| rows.iter().map(restored_line).collect::<Vec<_>>().join("\n"))?;
    Ok(if rows.iter().any(|row| row.error.is_some()) { Outcome::Problems } else { Outcome::Done })
}

fn restore_one(
    context: &Context,
    catalog: &Catalog,
    how: &BringBack<'_>,
    entry: &Entry,
    to: Option<&Path>,
) -> anyhow::Result<phase::BroughtBack> {
    let (root, shown_as, path): (OwnedFd, PathBuf, RelPath) = match to {
        Some(folder) => (open_folder(folder)?, std::path::absolute(folder)?, phase::name_of(entry)?),
        None => match phase::whereabouts(catalog, &context.state.cache(), entry)? {
            Whereabouts::Library(library, path) => (context.source(&library.path)?, library.path, path),
            Whereabouts::Cache(path) => (open_folder(&context.state.cache())?, context.state.cache(), path),
        },
    };
    Ok(how.bring(entry, root.as_fd(), &shown_as, &path)?)
}

fn open_folder(path: &Path) -> anyhow::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let failed = |source: rustix::io::Errno| RecycleError::Open { path: path.to_owned(), source: source.into() };
    Ok(rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?)
}

fn restored_line(row: &RestoredRow) -> String {
    let Some(place) = &row.restored_to else {
        return format!("{}: {}", row.origin, row.error.as_deref().unwrap_or_default());
    };
    let verb = if row.dry_run { "would be" } else { "is" };
    let replaced = if row.replaced { "; what is there now goes to the recycle bin" } else { "" };
    format!("{place} {verb} back{replaced}")
}

fn purge(context: &Context, bin: &Recycle, which: &[Entry], dry_run: bool) -> anyhow::Result<Outcome> {
    let Tidied { entries, bytes } = if dry_run { Tidied::of(which) } else { bin.purge(which)? };
    let report = PurgedReport { entries, bytes, dry_run };
    context.output.result(&report, |report| {
        let verb = if report.dry_run { "would be removed" } else { "removed" };
        format!("{} ({}) {verb} for good", counted(report.entries, "file", "files"), byte_size(report.bytes))
    })?;
    Ok(Outcome::Done)
}
