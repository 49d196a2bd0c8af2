//! `posterfs diff`

use clap::Args;

use crate::phase::{DifferenceLine, GenerationRef, difference_line, library_names};

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

impl Diff {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let from = self.from.resolve(&catalog)?;
        let to = self.to.map_or_else(|| Ok(catalog.latest_generation()?), |to| to.resolve(&catalog))?;
        let libraries = library_names(&catalog)?;
        // Printed as they come: there may be very many.
        let mut outcome = Ok(());
        let mut is_nothing = true;
        catalog.differences(from, to, |difference| {
            is_nothing = false;
            if outcome.is_ok() {
                let line = difference_line(&libraries, difference);
                outcome = context.output.list(line.as_slice(), text);
            }
        })?;
        outcome?;
        if is_nothing {
            context.output.list(&[] as &[DifferenceLine], |_| format!("generations {from} and {to} show the same"))?;
        }
        Ok(Outcome::Done)
    }
}

fn text(rows: &[DifferenceLine]) -> String {
    let sign = |row: &DifferenceLine| match row.change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let line = |row: &DifferenceLine| {
        format!("{} {}: {} ({} of item {})", sign(row), row.library, row.path, row.image_type, row.item)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
