//! `posterfs diff`

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Difference, ShownPicture};
use crate::model::{ContentHash, ImageType};
use crate::phase::GenerationRef;

use super::Outcome;
use super::context::Context;

/// Tell how two generations differ, path by path.
///
/// `+` begins to show a picture, `~` shows another one, `-` ceases to show one. Paths are those of today, where a folder was
/// renamed since.
///
/// For example: `posterfs diff 7` (since then), `posterfs diff 7 9`, `posterfs diff good --json`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The one generation, by its number or name; 0 is the time before the first.
    from: GenerationRef,
    /// The other one. Default: the present one.
    to: Option<GenerationRef>,
}

#[derive(Debug, Serialize)]
struct Row {
    change: &'static str,
    library: String,
    path: String,
    item: i64,
    image_type: ImageType,
    before: Option<ContentHash>,
    after: Option<ContentHash>,
}

impl Diff {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let from = self.from.resolve(&catalog)?;
        let to = self.to.map_or_else(|| Ok(catalog.latest_generation()?), |to| to.resolve(&catalog))?;
        let libraries: BTreeMap<_, _> =
            catalog.libraries()?.into_iter().map(|library| (library.id, library.name)).collect();
        // Printed as they come: there may be very many.
        let mut outcome = Ok(());
        let mut is_nothing = true;
        catalog.differences(from, to, |difference| {
            let library = libraries.get(&difference.library).cloned().unwrap_or_default();
            is_nothing = false;
            if outcome.is_ok() {
                let rows = row(library, difference);
                outcome = context.output.list(rows.as_slice(), text);
            }
        })?;
        outcome?;
        if is_nothing {
            context.output.list(&[] as &[Row], |_| format!("generations {from} and {to} show the same"))?;
        }
        Ok(Outcome::Done)
    }
}

fn row(library: String, difference: Difference) -> Vec<Row> {
    let path = difference.folder.join(&difference.name).to_string();
    let hash = |picture: &Option<ShownPicture>| picture.as_ref().map(|picture| picture.hash);
    let (before, after) = (hash(&difference.before), hash(&difference.after));
    let change = match (before, after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let shown = difference.after.or(difference.before);
    let row = |shown: ShownPicture| {
        let (item, image_type) = (shown.entity.get(), shown.image_type);
        Row { change, library, path, item, image_type, before, after }
    };
    shown.map(row).into_iter().collect()
}

fn text(rows: &[Row]) -> String {
    let sign = |row: &Row| match row.change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let line =
        |row: &Row| format!("{} {}: {} ({} of item {})", sign(row), row.library, row.path, row.image_type, row.item);
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
