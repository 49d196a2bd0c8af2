//! `posterfs tag`

use clap::Args;

use crate::phase::{GenerationRef, TagLine, tag_line};

use super::Outcome;
use super::context::Context;
use super::output::{local_time, table};
use super::publish::stamp;

/// Give a generation a name.
///
/// A name is used wherever a generation is: in `rollback` and `diff`. What has a name is kept, whatever `[history]` in the
/// configuration says. Without a name, those that are in use are listed.
///
/// For example: `posterfs tag before-the-sale`, `posterfs tag good 7`, `posterfs tag --delete good`.
#[derive(Debug, Args)]
pub struct TagCommand {
    /// The name: a letter, then letters, digits, `-`, `_` and `.`.
    name: Option<String>,
    /// The generation, by its number or another name. Default: the present one.
    #[arg(requires = "name")]
    generation: Option<GenerationRef>,
    /// Take the name away; what it named may be forgotten then.
    #[arg(long, requires = "name", conflicts_with = "generation")]
    delete: bool,
}

impl TagCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let Some(name) = self.name else { return list(context) };
        let mut catalog = context.catalog()?;
        if self.delete {
            let row = tag_line(&catalog, &name)?;
            catalog.untag(&name)?;
            context.output.result(&row, |_| format!("{name} names nothing any more"))?;
            return Ok(Outcome::Done);
        }
        let generation = match self.generation {
            Some(generation) => generation.resolve(&catalog)?,
            None => catalog.latest_generation()?,
        };
        catalog.tag(&name, generation, &stamp(context, format!("tag {name}")))?;
        let row = tag_line(&catalog, &name)?;
        context.output.result(&row, |_| format!("generation {generation} is {name}"))?;
        Ok(Outcome::Done)
    }
}

fn list(context: &Context) -> anyhow::Result<Outcome> {
    let rows: Vec<TagLine> = context.catalog_to_read()?.tags()?.into_iter().map(TagLine::from).collect();
    context.output.list(&rows, |rows| {
        if rows.is_empty() {
            return "no generation has a name; `posterfs tag NAME` names the present one".to_owned();
        }
        let cells = rows
            .iter()
            .map(|row| vec![row.name.clone(), row.generation.to_string(), local_time(row.time), row.author.clone()]);
        table(&["NAME", "GENERATION", "TIME", "AUTHOR"], cells)
    })?;
    Ok(Outcome::Done)
}
