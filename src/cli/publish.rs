//! `posterfs publish` and `posterfs unpublish`

use clap::Args;

use crate::catalog::{Scope, Stamp};
use crate::model::{EntityId, ImageType, ItemRef};
use crate::phase::{self, ChangeLine, change_line, publish_line};

use super::context::Context;
use super::{Outcome, item, mode};

/// Show what is selected.
///
/// All changes are one generation, which `posterfs rollback` takes back. What is locked goes on showing what it shows, unless
/// you chose something else or name the item. Publishing again changes nothing. No file is
/// copied: mounted views show it within a second, `posterfs export` writes it as real files.
///
/// In libraries with `nfo = true` in the configuration, what is known of each item is published as well, as a metadata file for
/// Kodi, Jellyfin and Emby (docs/nfo.md).
///
/// For example: `posterfs publish --dry-run`, then `posterfs publish`; `posterfs publish "Heat (1995)"` for one film.
#[derive(Debug, Args)]
pub struct Publish {
    /// Only these items. Default: all. An item that was unpublished is shown again when it is named.
    #[arg(value_parser = item::parser())]
    items: Vec<ItemRef>,
    /// Tell what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Take pictures out of the view.
///
/// They stay selected and in the cache, and originals show again. `posterfs publish` without an item does not bring them
/// back; naming the item, or selecting again, does.
///
/// For example: `posterfs unpublish "Heat (1995)" poster --dry-run`, then without it.
#[derive(Debug, Args)]
pub struct Unpublish {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// Only pictures of this type, or its metadata document (nfo). Default: all of the item.
    image_type: Option<ImageType>,
    /// Tell how many names would disappear, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Publish {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let entities: Vec<EntityId> =
            self.items.iter().map(|item| Ok(item::find(context, &catalog, item)?.id)).collect::<anyhow::Result<_>>()?;
        let scope = if entities.is_empty() { Scope::All } else { Scope::Entities(&entities) };
        let reason = match self.items.as_slice() {
            [] => "publish".to_owned(),
            items => format!("publish {}", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
        };
        let stamp = stamp(context, reason);
        let published = context.publish(&mut catalog, scope, mode(self.dry_run), &stamp, &context.output)?;
        finish(context, &publish_line(&catalog, published, self.dry_run)?)
    }
}

impl Unpublish {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let what = self.image_type.map(|image_type| format!(" {image_type}")).unwrap_or_default();
        let reason = format!("unpublish {}{what}", self.item);
        let stamp = stamp(context, reason);
        let published = phase::unpublish(&mut catalog, entity.id, self.image_type, mode(self.dry_run), &stamp)?;
        context.nudge();
        finish(context, &change_line(&catalog, &published, self.dry_run)?)
    }
}

/// By whom and why.
pub(super) fn stamp(context: &Context, reason: String) -> Stamp {
    Stamp { author: context.author(), reason, now: context.now() }
}

/// Tells it.
pub(super) fn finish(context: &Context, report: &ChangeLine) -> anyhow::Result<Outcome> {
    context.output.result(report, text)?;
    Ok(if report.conflicts.is_empty() && report.unreached.is_empty() { Outcome::Done } else { Outcome::Problems })
}

fn text(report: &ChangeLine) -> String {
    let counts = format!(
        "{} added, {} changed, {} removed, {} unchanged",
        report.added, report.changed, report.removed, report.unchanged
    );
    let is_nothing = report.added + report.changed + report.removed == 0;
    let head = match (report.dry_run, is_nothing, report.generation) {
        (true, ..) => format!("would be {counts}"),
        (false, true, _) | (false, false, None) => format!("nothing to change: {counts}"),
        (false, false, Some(generation)) => format!("generation {generation}: {counts}"),
    };
    let kept = (report.kept > 0).then(|| {
        let pictures = super::output::counted(report.kept, "picture stays", "pictures stay");
        format!(
            "  {pictures} as it is, being locked, though something else is chosen; `posterfs publish ITEM` shows that"
        )
    });
    let notes =
        report.conflicts.iter().chain(&report.left_out).chain(&report.unreached).map(|note| format!("  {note}"));
    std::iter::once(head).chain(kept).chain(notes).collect::<Vec<_>>().join("\n")
}
