//! `posterfs list`

use clap::Args;

use crate::catalog::EntityFilter;
use crate::phase::{ItemLine, item_line, library_names};

use super::Outcome;
use super::context::Context;
use super::output::table;
use super::which::Filters;

/// Items read from the catalog at once, so that a large library does not fill memory.
const PAGE: u32 = 500;

/// What is known of the libraries.
///
/// For example: `posterfs list --missing poster` lists what still needs a poster, `posterfs list --locked --json`
/// everything chosen by hand, for a script.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    filters: Filters,
    /// Only items with something locked, be it by choosing or editing.
    #[arg(long)]
    locked: bool,
    /// Only items that are not monitored, or belong to something that is not.
    #[arg(long)]
    unmonitored: bool,
    /// Also items that the last scan did not find.
    #[arg(long)]
    vanished: bool,
    /// Only items that providers could not tell what they are; `posterfs edit ITEM tmdb=ID` settles it.
    #[arg(long)]
    unidentified: bool,
}

impl List {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let filter = EntityFilter {
            only_locked: self.locked,
            only_unmonitored: self.unmonitored,
            with_missing: self.vanished,
            only_unidentified: self.unidentified,
            ..self.filters.filter(&catalog)?
        };
        let libraries = library_names(&catalog)?;
        let mut after = None;
        let mut is_first = true;
        loop {
            let page = catalog.list_entities(&filter, after.as_ref(), PAGE)?;
            let lines = page.iter().map(|entity| item_line(&catalog, entity, &libraries));
            let rows: Vec<ItemLine> = lines.collect::<Result<_, _>>()?;
            context.output.list(&rows, |rows| text(rows, is_first))?;
            is_first = false;
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = Some(last.list_key()),
                _ => return Ok(Outcome::Done),
            }
        }
    }
}

fn text(rows: &[ItemLine], is_first: bool) -> String {
    if rows.is_empty() && is_first {
        return "nothing matches; `posterfs scan` looks what is in the libraries".to_owned();
    }
    let cells = rows.iter().map(|row| {
        let images: Vec<_> = row.images.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let year = row.year.map(|year| year.to_string()).unwrap_or_default();
        let mut state = if row.may_be.is_empty() { images } else { vec![format!("may be {}", row.may_be.join(" "))] };
        state.extend((!row.monitored).then(|| "not monitored".to_owned()));
        state.extend((!row.locked.is_empty()).then(|| format!("locked: {}", row.locked.join(" "))));
        let state = state.join(", ");
        vec![row.id.to_string(), row.r#type.to_string(), row.title.clone(), year, state, row.path.clone()]
    });
    let table = table(&["ID", "TYPE", "TITLE", "YEAR", "STATE", "PATH"], cells);
    if is_first { table } else { table.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned()) }
}
