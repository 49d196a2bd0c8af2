//! `posterfs enrich`

use clap::Args;

use crate::catalog::EnrichScope;
use crate::model::{EntityId, ItemRef};
use crate::phase::EnrichReport;
use crate::work::EnrichWish;

use super::Outcome;
use super::context::Context;
use super::item;
use super::output::{byte_size, counted, table};

/// Ask providers for artwork, and choose the best of it.
///
/// Asks TMDB, TheTVDB, fanart.tv, MusicBrainz, the Cover Art Archive and local folders what they have for every monitored
/// item, scores it, and downloads what is best into the cache. What is locked, unmonitored or chosen by hand is left
/// alone. Providers need their keys: see `posterfs config`. `posterfs publish` then shows what was chosen.
///
/// Items that were asked for lately are not asked for again, unless they are named or with --force. A run may be stopped
/// at any time; the next one goes on from there. It ends with exit code 3 when a provider failed.
///
/// For example: `posterfs enrich`, `posterfs enrich "Heat (1995)" --dry-run`.
#[derive(Debug, Args)]
pub struct Enrich {
    /// Only these items, with their seasons, episodes and actors. Default: all that are due.
    #[arg(value_parser = item::parser(), value_name = "ITEM")]
    items: Vec<ItemRef>,
    /// Only these items (the same as naming them).
    #[arg(long = "item", value_parser = item::parser(), value_name = "ITEM")]
    more_items: Vec<ItemRef>,
    /// Also items that are not due, and ask again whatever is remembered.
    #[arg(long)]
    force: bool,
    /// Ask, and tell what would be chosen; download and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Ask nobody: use remembered replies and local folders only.
    #[arg(long)]
    offline: bool,
}

impl Enrich {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let named = self.items.iter().chain(&self.more_items);
        let items: Vec<EntityId> =
            named.map(|item| Ok(item::find(context, &catalog, item)?.id)).collect::<anyhow::Result<_>>()?;
        let scope = match (items.is_empty(), self.force) {
            (false, _) => EnrichScope::Items(items),
            (true, true) => EnrichScope::All,
            (true, false) => EnrichScope::Due(context.now()),
        };
        let wish = EnrichWish { scope, ask_again: self.force, is_offline: self.offline, is_dry_run: self.dry_run };
        let report = context.enrich(&mut catalog, wish, &context.output)?;
        context.output.result(&report, |report| text(report, self.dry_run))?;
        let has_problems = report.problem_count > 0 || !report.stopped.is_empty();
        Ok(if has_problems { Outcome::Problems } else { Outcome::Done })
    }
}

fn text(report: &EnrichReport, is_dry_run: bool) -> String {
    let mut lines = vec![summary(report, is_dry_run)];
    if !report.providers.is_empty() {
        let cells = report.providers.iter().map(|(name, tally)| {
            let counts = [tally.answers, tally.offers, tally.chosen, tally.failures];
            std::iter::once((*name).to_owned()).chain(counts.map(|count| count.to_string())).collect()
        });
        lines.push(table(&["PROVIDER", "ANSWERS", "OFFERED", "CHOSEN", "FAILED"], cells));
    }
    if !report.planned.is_empty() {
        let cells = report.planned.iter().map(|planned| {
            let score = format!("{:.1}", planned.score);
            let (image_type, provider) = (planned.image_type.to_string(), planned.provider.to_owned());
            vec![planned.title.clone(), image_type, provider, score, planned.url.clone()]
        });
        lines.push(table(&["TITLE", "TYPE", "PROVIDER", "SCORE", "URL"], cells));
    }
    if report.items == 0 && report.left_alone > 0 {
        lines.push(
            "nobody was asked: everything is locked or unmonitored, or no provider for it has a key; `posterfs config` \
             shows them (POSTERFS_TMDB_KEY, …)"
                .to_owned(),
        );
    }
    if report.unidentified > 0 {
        lines.push(format!(
            "{} could not be identified: `posterfs list --unidentified` shows them, `posterfs edit ITEM tmdb=ID` settles it",
            counted(report.unidentified, "item", "items")
        ));
    }
    lines.extend(report.stopped.iter().cloned());
    lines.extend(
        report.problems.iter().map(|problem| format!("  {} {}: {}", problem.item, problem.title, problem.message)),
    );
    let told = report.problems.len() as u64;
    if report.problem_count > told {
        lines.push(format!("  and {} more problems", report.problem_count - told));
    }
    lines.join("\n")
}

fn summary(report: &EnrichReport, is_dry_run: bool) -> String {
    let items = counted(report.items, "item", "items");
    if is_dry_run {
        return format!("{items}, {} offered; this would be chosen if the items were new:", report.offered);
    }
    format!(
        "{items}: {} offered, {} chosen, {} replaced; {} downloaded ({}), {} reused, {} refused, {} look alike, {} left alone",
        report.offered,
        report.chosen,
        report.replaced,
        report.downloaded,
        byte_size(report.downloaded_bytes),
        report.reused,
        report.refused,
        report.look_alikes,
        report.left_alone
    )
}
