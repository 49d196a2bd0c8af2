//! `posterfs rollback`

use clap::Args;

use crate::catalog::RollbackScope;
use crate::model::ItemRef;
use crate::phase::{GenerationRef, rollback_line};

use super::context::Context;
use super::publish::{finish, stamp};
use super::{Outcome, item, mode};

/// Show again what was shown in an earlier generation.
///
/// This is a new generation itself, so it can be taken back too. `posterfs history` lists generations; 0 is the time
/// before the first. What is selected and what is locked stays so: the next `posterfs publish` shows again what you chose; of
/// what is locked it leaves the rest as you see it. What was shown in a library that has been removed since stays away.
///
/// For example: `posterfs rollback 7 --dry-run`, `posterfs rollback before-the-sale`, `posterfs rollback 7 --item "Lost"`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The generation to go back to: its number, or a name (`posterfs tag`).
    generation: GenerationRef,
    /// Only this library.
    #[arg(long, value_name = "NAME", conflicts_with = "item")]
    library: Option<String>,
    /// Only this item, with what belongs to it: the seasons and episodes of a series.
    #[arg(long, value_parser = item::parser())]
    item: Option<ItemRef>,
    /// Tell what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Rollback {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let to = self.generation.resolve(&catalog)?;
        let (scope, of) = match (&self.library, &self.item) {
            (Some(name), _) => (RollbackScope::Library(catalog.library_named(name)?.id), format!(" of library {name}")),
            (None, Some(typed)) => {
                let item = item::find(context, &catalog, typed)?.id;
                (RollbackScope::Item(item), format!(" of item {item}"))
            }
            (None, None) => (RollbackScope::All, String::new()),
        };
        let stamp = stamp(context, format!("rollback {}{of}", self.generation));
        let published = catalog.rollback(to, scope, mode(self.dry_run), &stamp)?;
        context.nudge();
        finish(context, &rollback_line(&catalog, &published, self.dry_run)?)
    }
}
