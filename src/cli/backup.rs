//! `posterfs backup`

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::model::TaskKind;
use crate::phase::{back_up, back_up_in_rotation};

use super::Outcome;
use super::context::Context;
use super::output::{byte_size, show_path};
use super::progress::Bar;

/// Copy the database to a file, while everything runs.
///
/// The copy is of one moment, however much is written meanwhile, and nobody who writes waits for it. When the command is
/// done, the file is whole, checked and on the disk; before, there is no file of that name. It holds no pictures: those are
/// in the cache, which any program that copies files can back up (they never change).
///
/// Without FILE the copy goes into `backups` in the state folder, under a name with the time, and the oldest of those there
/// are removed but for `backup.keep` in the configuration.
///
/// For example: `posterfs backup /mnt/safe/posterfs.db --force`. The way back: `posterfs restore FILE`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write.
    file: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "file")]
    force: bool,
}

impl Backup {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if !context.state.database().exists() {
            bail!("there is no database yet at {}: nothing to copy", show_path(&context.state.database()));
        }
        let catalog = context.catalog()?;
        let _turn = context.turn(TaskKind::Backup)?;
        let bar = Bar::new(&context.output, "pages");
        let report = match &self.file {
            Some(file) => back_up(&catalog, file, self.force, &bar)?,
            None => {
                let (folder, keep) = (context.state.backups(), context.config.backup.keep);
                back_up_in_rotation(&catalog, &folder, keep, context.now(), &bar)?
            }
        };
        context.output.result(&report, |report| {
            let mut text = format!(
                "{} holds {} items with {} selected pictures, {}",
                report.path,
                report.items,
                report.selected,
                byte_size(report.bytes)
            );
            for removed in &report.removed {
                text.push_str(&format!("\nremoved {removed}, the oldest"));
            }
            text
        })?;
        Ok(Outcome::Done)
    }
}
