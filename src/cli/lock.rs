//! `posterfs lock` and `posterfs unlock`

use std::ffi::OsString;

use clap::Args;

use crate::catalog::LockChange;
use crate::model::LockField;
use crate::phase::{self, LockReport};

use super::context::Context;
use super::which::{Filters, NOTHING, Which};
use super::{Outcome, Usage, mode};

/// Keep automatic steps away from fields of an item.
///
/// A field is an image type (poster, fanart, fanart1, …), a metadata field (title, plot, …) or `all`. What is locked is
/// neither asked for nor chosen by `enrich`, not written by `scan`, and `publish` goes on showing what is shown. You may
/// still change it: choosing and editing lock by themselves, at that item alone.
///
/// What you lock here is inherited: locked for a series, it is locked for its seasons and episodes, unless something else
/// is said of a season or episode itself. `posterfs show ITEM` tells what holds, and why.
///
/// For example: `posterfs lock "Heat (1995)" poster fanart`, `posterfs lock "Lost" all`, `posterfs lock --library films
/// title --dry-run`.
#[derive(Debug, Args)]
#[command(override_usage = "posterfs lock [OPTIONS] ITEM FIELD…\n       posterfs lock [OPTIONS] FILTERS FIELD…")]
pub struct Lock {
    /// The item, then the fields; with filters the fields alone.
    #[arg(required = true, value_name = "ITEM FIELD")]
    words: Vec<OsString>,
    /// Tell what would hold, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filters: Filters,
}

/// Let automatic steps change fields of an item again.
///
/// That holds whatever is said of the series or season it belongs to; with --inherit nothing is said of the item itself
/// any more, and these decide. What you chose or edited stays until something better is offered: `posterfs edit ITEM
/// --unset title` gives a title back at once. The next `scan` and `enrich` look at the item again.
///
/// For example: `posterfs unlock "Heat (1995)" poster`, `posterfs unlock "Lost/s02" all --inherit`.
#[derive(Debug, Args)]
#[command(override_usage = "posterfs unlock [OPTIONS] ITEM FIELD…\n       posterfs unlock [OPTIONS] FILTERS FIELD…")]
pub struct Unlock {
    /// The item, then the fields; with filters the fields alone.
    #[arg(required = true, value_name = "ITEM FIELD")]
    words: Vec<OsString>,
    /// Say nothing of it any more, so that what it belongs to decides.
    #[arg(long)]
    inherit: bool,
    /// Tell what would hold, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filters: Filters,
}

impl Lock {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        change(context, &self.words, self.filters, LockChange::Lock, self.dry_run)
    }
}

impl Unlock {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let to = if self.inherit { LockChange::Inherit } else { LockChange::Unlock };
        change(context, &self.words, self.filters, to, self.dry_run)
    }
}

fn change(
    context: &Context,
    words: &[OsString],
    filters: Filters,
    to: LockChange,
    dry_run: bool,
) -> anyhow::Result<Outcome> {
    let (which, fields) = Which::first_of(words, filters)?;
    let parsed: Result<Vec<LockField>, _> = fields.iter().map(|field| field.parse()).collect();
    let fields = parsed.map_err(|error| Usage(error.to_string()))?;
    if fields.is_empty() {
        return Err(Usage("say which fields: poster, fanart, title, … or all".into()).into());
    }
    let mut catalog = context.catalog()?;
    let mut reports = Vec::new();
    for item in which.find(context, &catalog)? {
        reports.push(phase::lock(&mut catalog, &item, &fields, to, mode(dry_run), context.now())?);
    }
    context.output.list(&reports, |reports| text(reports, dry_run))?;
    Ok(Outcome::Done)
}

fn text(reports: &[LockReport], dry_run: bool) -> String {
    if reports.is_empty() {
        return NOTHING.to_owned();
    }
    let verb = if dry_run { "would be" } else { "is" };
    let line = |report: &LockReport| {
        let fields = report.fields.iter().map(|field| {
            let word = if field.because.is_empty() { "not locked" } else { &field.because };
            let same = if field.changed { "" } else { " (as before)" };
            format!("{} of {} {verb} {word}{same}", field.field, report.title)
        });
        fields.collect::<Vec<_>>().join("\n")
    };
    reports.iter().map(line).collect::<Vec<_>>().join("\n")
}
