//! `posterfs block` and `posterfs unblock`

use std::sync::Arc;

use clap::Args;

use crate::catalog::{Catalog, Stamp};
use crate::model::{CandidateId, ImageType};
use crate::phase::{self, BlockReport, CandidateFilter};

use super::context::Context;
use super::which::{Filters, Which};
use super::{Outcome, Usage, mode};

/// How many candidates are named one by one in the history.
const NAMED_MAX: usize = 5;

/// Never choose these candidates.
///
/// A candidate that is chosen now is no longer chosen: the next best of those in the cache takes its place, or none, where the
/// image type is locked (as by your own choice) or nothing else was downloaded; the next `enrich` looks further. What shows
/// the picture changes at once; of all that are named, in one generation.
///
/// With filters instead of numbers, candidates of that type of all items that these leave are meant: what is chosen for them
/// (--selected), what a provider offers, what is in a language, or what is all of it.
///
/// For example: `posterfs block 1234`; `posterfs candidates ITEM` shows the numbers. `posterfs block --library films poster
/// --provider fanarttv --language ru --dry-run`, `posterfs block --kind season poster --selected`.
#[derive(Debug, Args)]
#[command(override_usage = "posterfs block [OPTIONS] CANDIDATE…\n       posterfs block [OPTIONS] FILTERS TYPE \
                      <--selected|--provider NAME|--language LANGUAGE>")]
pub struct Block {
    /// Numbers of candidates; with filters a type of picture.
    #[arg(required = true, value_name = "CANDIDATE")]
    words: Vec<String>,
    /// Tell what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    narrowing: Narrowing,
    #[command(flatten)]
    filters: Filters,
}

/// Let these candidates be chosen again.
///
/// Nothing is chosen by it; the next `enrich` may. With filters instead of numbers, all that are blocked of that type for the
/// items that these leave are meant.
///
/// For example: `posterfs unblock 1234`, `posterfs unblock --title "Heat*" poster --dry-run`.
#[derive(Debug, Args)]
#[command(override_usage = "posterfs unblock [OPTIONS] CANDIDATE…\n       posterfs unblock [OPTIONS] FILTERS TYPE")]
pub struct Unblock {
    /// Numbers of candidates; with filters a type of picture.
    #[arg(required = true, value_name = "CANDIDATE")]
    words: Vec<String>,
    /// Tell what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    narrowing: Narrowing,
    #[command(flatten)]
    filters: Filters,
}

/// Which candidates of the items that filters leave.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "With filters")]
struct Narrowing {
    /// Only what is chosen.
    #[arg(long)]
    selected: bool,
    /// Only what this provider offers: tmdb, tvdb, fanarttv, …
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only what is in this language, such as `ru`; `none` is what has no text.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
}

impl Block {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if self.filters.is_any() && !self.narrowing.is_any() {
            let message = "say which of the candidates: --selected, --provider NAME or --language LANGUAGE";
            return Err(Usage(message.to_owned()).into());
        }
        let (mut catalog, cache) = (context.catalog()?, Arc::new(context.cache()?));
        let words = self.words.join(" ");
        let is_filtered = self.filters.is_any();
        let meant = meant(context, &catalog, &self.words, self.narrowing, self.filters, false)?;
        let reason = match meant.len() {
            count if is_filtered => format!("block {words} ({count} candidates)"),
            ..=NAMED_MAX => format!("block {words}"),
            count => format!("block {count} candidates"),
        };
        let stamp = Stamp { author: context.author(), reason, now: context.now() };
        let reports = phase::block(&mut catalog, &cache, &meant, mode(self.dry_run), &stamp)?;
        context.nudge();
        tell(context, &reports, self.dry_run)
    }
}

impl Unblock {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let meant = meant(context, &catalog, &self.words, self.narrowing, self.filters, true)?;
        let unblock = |id| phase::unblock(&mut catalog, id, mode(self.dry_run));
        let reports: Vec<BlockReport> = meant.into_iter().map(unblock).collect::<Result<_, _>>()?;
        tell(context, &reports, self.dry_run)
    }
}

impl Narrowing {
    fn is_any(&self) -> bool {
        self.selected || self.provider.is_some() || self.language.is_some()
    }
}

/// The candidates that are named by their numbers, or those that the filters leave and that are blocked, or are not.
fn meant(
    context: &Context,
    catalog: &Catalog,
    words: &[String],
    narrowing: Narrowing,
    filters: Filters,
    is_blocked: bool,
) -> anyhow::Result<Vec<CandidateId>> {
    if !filters.is_any() {
        if narrowing.is_any() {
            return Err(Usage("--selected, --provider and --language go with filters (--library, …)".to_owned()).into());
        }
        let number = |word: &String| word.parse().map(CandidateId::new);
        let numbers: Result<Vec<_>, _> = words.iter().map(number).collect();
        return numbers.map_err(|_| Usage("candidates are named by their numbers, or by filters".to_owned()).into());
    }
    let [image_type] = words else {
        return Err(Usage("with filters, say which type of picture and nothing else: poster, fanart, …".into()).into());
    };
    let image_type: ImageType =
        image_type.parse().map_err(|error: crate::model::ImageTypeError| Usage(error.to_string()))?;
    let language = narrowing.language.map(|word| (word != "none").then_some(word));
    let filter = CandidateFilter {
        image_type,
        provider: narrowing.provider,
        language,
        only_selected: narrowing.selected,
        is_blocked,
    };
    let items = Which::items(Vec::new(), filters)?.find(context, catalog)?;
    Ok(phase::candidates_like(catalog, &items, &filter)?)
}

fn tell(context: &Context, reports: &[BlockReport], dry_run: bool) -> anyhow::Result<Outcome> {
    context.output.list(reports, |reports| {
        if reports.is_empty() {
            return "no candidate is like that; `posterfs candidates ITEM` shows those of an item".to_owned();
        }
        reports.iter().map(|report| line(report, dry_run)).collect::<Vec<_>>().join("\n")
    })?;
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
