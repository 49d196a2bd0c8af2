//! `posterfs gc`

use clap::Args;

use crate::phase::GcReport;

use super::Outcome;
use super::context::Context;
use super::output::{byte_size, counted};

/// Move pictures that nothing needs out of the cache, into the recycle bin.
///
/// A picture is needed as long as it is selected, is a candidate of an item, is shown, or was shown by a generation that
/// can be gone back to (`[history]` in the configuration, `posterfs tag`). What nothing needs, and what killed processes
/// left, goes; a picture that is just being taken in does not. What has been in the recycle bin for longer than `[recycle]` says
/// is removed for good. Nothing is collected unless you say so, here or in the
/// schedule of the service.
///
/// For example: `posterfs gc --dry-run` tells what would go, and how many bytes that is.
#[derive(Debug, Args)]
pub struct Gc {
    /// Tell what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Gc {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let report = context.gc(&mut catalog, self.dry_run, &context.output)?;
        context.output.result(&report, |report| text(report, self.dry_run))?;
        Ok(if report.problem_count > 0 { Outcome::Problems } else { Outcome::Done })
    }
}

fn text(report: &GcReport, is_dry_run: bool) -> String {
    let would = if is_dry_run { "would be " } else { "" };
    let mut lines = vec![format!(
        "{} ({}) {would}moved to the recycle bin, {} {would}forgotten",
        counted(report.files, "picture", "pictures"),
        byte_size(report.bytes),
        counted(report.rows, "row", "rows"),
    )];
    if report.temporaries > 0 {
        lines.push(format!("{} of killed processes {would}deleted", counted(report.temporaries, "file", "files")));
    }
    if report.purged > 0 {
        lines.push(format!(
            "{} of the recycle bin ({}) {would}removed for good",
            counted(report.purged, "entry", "entries"),
            byte_size(report.purged_bytes)
        ));
    }
    if report.young > 0 {
        lines.push(format!("{} left alone, as somebody may be taking them in", counted(report.young, "file", "files")));
    }
    lines.extend(report.problems.iter().map(|problem| format!("  {problem}")));
    lines.join("\n")
}
