//! `posterfs block` and `posterfs unblock`

use std::sync::Arc;

use clap::Args;

use crate::catalog::Stamp;
use crate::model::CandidateId;
use crate::phase::{self, BlockReport};

use super::context::Context;
use super::{Outcome, mode};

/// Never choose these candidates.
///
/// A candidate that is chosen now is no longer chosen: the next best of those in the cache takes its place, or none, where the
/// image type is locked (as by your own choice) or nothing else was downloaded; the next `enrich` looks further. What shows
/// the picture changes at once.
///
/// For example: `posterfs block 1234`; `posterfs candidates ITEM` shows the numbers.
#[derive(Debug, Args)]
pub struct Block {
    /// Numbers of candidates.
    #[arg(required = true, value_name = "CANDIDATE")]
    candidates: Vec<i64>,
    /// Tell what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Let these candidates be chosen again.
///
/// Nothing is chosen by it; the next `enrich` may.
///
/// For example: `posterfs unblock 1234`.
#[derive(Debug, Args)]
pub struct Unblock {
    /// Numbers of candidates.
    #[arg(required = true, value_name = "CANDIDATE")]
    candidates: Vec<i64>,
    /// Tell what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Block {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let (mut catalog, cache) = (context.catalog()?, Arc::new(context.cache()?));
        let mut reports = Vec::new();
        for number in self.candidates {
            let reason = format!("block {number}");
            let stamp = Stamp { author: context.author(), reason, now: context.now() };
            reports.push(phase::block(&mut catalog, &cache, CandidateId::new(number), mode(self.dry_run), &stamp)?);
        }
        context.nudge();
        tell(context, &reports, self.dry_run)
    }
}

impl Unblock {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let unblock = |number| phase::unblock(&mut catalog, CandidateId::new(number), mode(self.dry_run));
        let reports: Vec<BlockReport> = self.candidates.into_iter().map(unblock).collect::<Result<_, _>>()?;
        tell(context, &reports, self.dry_run)
    }
}

fn tell(context: &Context, reports: &[BlockReport], dry_run: bool) -> anyhow::Result<Outcome> {
    context
        .output
        .list(reports, |reports| reports.iter().map(|report| line(report, dry_run)).collect::<Vec<_>>().join("\n"))?;
    Ok(Outcome::Done)
}

fn line(report: &BlockReport, dry_run: bool) -> String {
    let verb = if dry_run { "would be" } else { "is" };
    let word = if report.blocked { "blocked" } else { "no longer blocked" };
    let more = match (report.blocked && report.was_selected, report.next) {
        (false, _) => String::new(),
        (true, Some(next)) => format!("; {next} is chosen instead"),
        (true, None) => "; nothing is chosen instead".to_owned(),
    };
    let shown = match (report.was_shown, report.next) {
        (true, Some(_)) => " and shown",
        (true, None) => ", and it is not shown any more",
        (false, _) => "",
    };
    format!("{} {} of item {} {verb} {word}{more}{shown}", report.r#type, report.id, report.item)
}
