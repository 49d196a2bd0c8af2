//! `posterfs restore`

use std::path::PathBuf;

use clap::Args;

use crate::control::mounts;
use crate::phase::{RestoreReport, restore};

use super::context::Context;
use super::output::{counted, show_path};
use super::progress::Bar;
use super::{Outcome, mode};

/// Go back to a backup of the database.
///
/// The backup is checked before anything is touched: that it is a database of posterfs, not newer than this program, and
/// that no page, index or row of it is damaged. What is there now is kept, under `replaced` in the state folder. The file
/// that you name is only read.
///
/// Nothing may run on the state folder meanwhile: unmount what is mounted (`posterfs unmount`) and stop the daemon first.
/// Afterwards `posterfs scan` finds what has changed in the tree since, and `posterfs publish` shows what is selected.
///
/// For example: `posterfs restore --dry-run /mnt/safe/posterfs.db`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    file: PathBuf,
    /// Only check it and tell what it holds.
    #[arg(long)]
    dry_run: bool,
}

impl Restore {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        context.state.make()?;
        refuse_mounts(context)?;
        let database = context.state.database();
        let bar = Bar::new(&context.output, "pages");
        let report = restore(&database, &self.file, mode(self.dry_run), &bar)?;
        if !self.dry_run {
            // Opened once, so that the journal beside the cache follows it.
            drop(context.catalog()?);
        }
        context.output.result(&report, |report| told(report, self.dry_run))?;
        Ok(Outcome::Done)
    }
}

/// What is mounted holds the database open, and is best named.
pub(super) fn refuse_mounts(context: &Context) -> anyhow::Result<()> {
    match mounts(&context.state.run()).first() {
        None => Ok(()),
        Some(mount) => anyhow::bail!(
            "{} is mounted and uses the database: end it with `posterfs unmount {}`, then try again",
            show_path(&mount.mountpoint),
            show_path(&mount.mountpoint)
        ),
    }
}

fn told(report: &RestoreReport, is_trial: bool) -> String {
    let mut text = format!(
        "{} is whole: {}, {}, {}",
        report.from,
        counted(report.libraries, "library", "libraries"),
        counted(report.items, "item", "items"),
        counted(report.selected, "selected picture", "selected pictures")
    );
    if report.is_migrated {
        text.push_str(&format!("\nit has schema version {} and is brought to the present one", report.schema));
    }
    if is_trial {
        return text;
    }
    if let Some(kept) = &report.kept {
        text.push_str(&format!("\nwhat was there before is now {kept}"));
    }
    text.push_str("\nit is in use now; go on with `posterfs scan` and `posterfs publish`");
    text
}
