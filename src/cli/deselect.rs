//! `posterfs deselect`

use std::ffi::OsString;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Deselected, Entity, GivenUp, Stamp};
use crate::model::{EntityId, GenerationId, ImageType};
use crate::phase::{self, items};

use super::context::Context;
use super::which::{Filters, NOTHING, Which};
use super::{Outcome, Usage, mode};

/// Take a choice back.
///
/// What was published of it disappears from the view at once, and originals show again. The picture stays in the cache.
/// That there shall be none is a choice too, so the image type stays locked: no automatic step fills it again. However many
/// items it is for, all of it is one generation.
///
/// For example: `posterfs deselect "Heat (1995)" fanart`, `posterfs deselect --library tv --kind episode thumb --dry-run`.
#[derive(Debug, Args)]
#[command(override_usage = "posterfs deselect [OPTIONS] ITEM TYPE\n       posterfs deselect [OPTIONS] FILTERS TYPE")]
pub struct Deselect {
    /// The item, then what the picture is of; with filters the latter alone.
    #[arg(required = true, num_args = 1..=2, value_name = "ITEM TYPE")]
    words: Vec<OsString>,
    /// Tell what would disappear, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filters: Filters,
}

#[derive(Debug, Serialize)]
struct DeselectedReport {
    id: i64,
    title: String,
    image_type: ImageType,
    was_selected: bool,
    locked: bool,
    generation: Option<i64>,
    removed: u64,
}

impl Deselect {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let (which, rest) = Which::first_of(&self.words, self.filters)?;
        let [image_type] = rest.as_slice() else {
            return Err(Usage("say which type of picture, and nothing else: poster, fanart, …".to_owned()).into());
        };
        let image_type: ImageType =
            image_type.parse().map_err(|error: crate::model::ImageTypeError| Usage(error.to_string()))?;
        let mut catalog = context.catalog()?;
        let items = which.find(context, &catalog)?;
        let choice = |item: &Entity| (item.id, image_type.meant_for(item.entity_type));
        let choices: Vec<(EntityId, ImageType)> = items.iter().map(choice).collect();
        let reason = match items.as_slice() {
            [item] => format!("deselect {} of item {}", choice(item).1, item.id),
            items => format!("deselect {image_type} of {} items", items.len()),
        };
        let stamp = Stamp { author: context.author(), reason, now: context.now() };
        let done = phase::deselect(&mut catalog, &context.cache()?, &choices, mode(self.dry_run), &stamp)?;
        context.nudge();
        let reports = reports(&catalog, &items, &choices, &done)?;
        context.output.list(&reports, |reports| text(reports, self.dry_run))?;
        Ok(Outcome::Done)
    }
}

fn reports(
    catalog: &Catalog,
    items: &[Entity],
    choices: &[(EntityId, ImageType)],
    done: &Deselected,
) -> anyhow::Result<Vec<DeselectedReport>> {
    let of = |((item, (_, image_type)), given_up): ((&Entity, &(EntityId, ImageType)), &GivenUp)| {
        Ok(DeselectedReport {
            id: item.id.get(),
            title: items::full_title(catalog, item)?,
            image_type: *image_type,
            was_selected: given_up.was_selected,
            locked: true,
            // The one that all of them make: who was not shown is not in it.
            generation: done.published.generation.filter(|_| given_up.removed > 0).map(GenerationId::get),
            removed: given_up.removed,
        })
    };
    items.iter().zip(choices).zip(&done.each).map(of).collect()
}

fn text(reports: &[DeselectedReport], dry_run: bool) -> String {
    if reports.is_empty() {
        return NOTHING.to_owned();
    }
    let line = |report: &DeselectedReport| {
        let DeselectedReport { image_type, title, removed, .. } = report;
        match (report.was_selected, dry_run) {
            (true, true) => format!("{image_type} of {title} would be deselected and locked, {removed} names would go"),
            (true, false) => format!("{image_type} of {title} is no longer selected; locked, so it stays so"),
            (false, true) => format!("{image_type} of {title} is not selected; it would be locked"),
            (false, false) => format!("{image_type} of {title} was not selected; locked, so it stays so"),
        }
    };
    reports.iter().map(line).collect::<Vec<_>>().join("\n")
}
