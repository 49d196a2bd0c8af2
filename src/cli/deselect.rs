//! `posterfs deselect`

use std::ffi::OsString;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Entity, Stamp};
use crate::model::{GenerationId, ImageType};
use crate::phase::{self, items};

use super::context::Context;
use super::which::{Filters, NOTHING, Which};
use super::{Outcome, Usage, mode};

/// Take a choice back.
///
/// What was published of it disappears from the view at once, and originals show again. The picture stays in the cache.
/// That there shall be none is a choice too, so the image type stays locked: no automatic step fills it again.
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
        let mut reports = Vec::new();
        for entity in which.find(context, &catalog)? {
            reports.push(deselect(context, &mut catalog, &entity, image_type, self.dry_run)?);
        }
        context.nudge();
        context.output.list(&reports, |reports| text(reports, self.dry_run))?;
        Ok(Outcome::Done)
    }
}

fn deselect(
    context: &Context,
    catalog: &mut Catalog,
    entity: &Entity,
    image_type: ImageType,
    dry_run: bool,
) -> anyhow::Result<DeselectedReport> {
    let image_type = image_type.meant_for(entity.entity_type);
    let reason = format!("deselect {image_type} of item {}", entity.id);
    let stamp = Stamp { author: context.author(), reason, now: context.now() };
    let deselected = phase::deselect(catalog, &context.cache()?, entity.id, image_type, mode(dry_run), &stamp)?;
    Ok(DeselectedReport {
        id: entity.id.get(),
        title: items::full_title(catalog, entity)?,
        image_type,
        was_selected: deselected.was_selected,
        locked: true,
        generation: deselected.published.generation.map(GenerationId::get),
        removed: deselected.published.removed,
    })
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
