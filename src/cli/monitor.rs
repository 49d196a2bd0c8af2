//! `posterfs monitor` and `posterfs unmonitor`

use clap::Args;

use crate::model::ItemRef;
use crate::phase::{self, MonitorReport};

use super::context::Context;
use super::output::counted;
use super::which::{Filters, NOTHING, Which};
use super::{Outcome, item, mode};

/// Let `enrich` look after items again.
///
/// What belongs to them is monitored as well: the seasons and episodes of a series, the albums of an artist.
///
/// For example: `posterfs monitor "Lost (2004)"`, `posterfs monitor --library films`.
#[derive(Debug, Args)]
pub struct Monitor {
    /// Ids, paths, provider ids (tmdb:603) or titles.
    #[arg(value_parser = item::parser(), value_name = "ITEM")]
    items: Vec<ItemRef>,
    /// Tell what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filters: Filters,
}

/// Leave items alone: nothing is asked for or downloaded for them any more.
///
/// All artwork of an item that is not monitored is as good as locked, and so is that of its seasons and episodes, those to
/// come included. What you choose by hand is shown as ever; what happens in the tree is still followed.
///
/// For example: `posterfs unmonitor "Lost (2004)/s01"`, `posterfs unmonitor --kind actor`; `posterfs list --unmonitored`
/// shows them.
#[derive(Debug, Args)]
pub struct Unmonitor {
    /// Ids, paths, provider ids (tmdb:603) or titles.
    #[arg(value_parser = item::parser(), value_name = "ITEM")]
    items: Vec<ItemRef>,
    /// Tell what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filters: Filters,
}

impl Monitor {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        set(context, &Which::items(self.items, self.filters)?, true, self.dry_run)
    }
}

impl Unmonitor {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        set(context, &Which::items(self.items, self.filters)?, false, self.dry_run)
    }
}

fn set(context: &Context, which: &Which, monitored: bool, dry_run: bool) -> anyhow::Result<Outcome> {
    let mut catalog = context.catalog()?;
    let mut reports = Vec::new();
    for item in which.find(context, &catalog)? {
        reports.push(phase::monitor(&mut catalog, &item, monitored, mode(dry_run), context.now())?);
    }
    context.output.list(&reports, |reports| text(reports, dry_run))?;
    let is_held = monitored && reports.iter().any(|report| !report.monitored);
    Ok(if is_held { Outcome::Problems } else { Outcome::Done })
}

fn text(reports: &[MonitorReport], dry_run: bool) -> String {
    if reports.is_empty() {
        return NOTHING.to_owned();
    }
    let line = |report: &MonitorReport| {
        let verb = if dry_run { "would be" } else { "is" };
        let word = if report.monitored { "monitored" } else { "not monitored" };
        let changed = counted(report.changed, "item changes", "items change");
        let held = report.held_by.map(|by| format!("; what it belongs to is not: `posterfs monitor {by}`"));
        format!("{} {verb} {word} ({changed}){}", report.title, held.unwrap_or_default())
    };
    reports.iter().map(line).collect::<Vec<_>>().join("\n")
}
