//! Which items a command is about: one that is named, or all that filters leave.

use std::ffi::OsString;

use clap::Args;

use crate::catalog::{Catalog, Entity, EntityFilter};
use crate::model::{EntityType, ImageType, ItemRef};
use crate::phase::items;

use super::Usage;
use super::context::Context;
use super::item;

/// Filters; commands that do something take them instead of an item.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// All of this kind: movie, series, season, episode, actor, movieset, artist, album.
    #[arg(long)]
    pub kind: Option<EntityType>,
    /// All of this library.
    #[arg(long, value_name = "NAME")]
    pub library: Option<String>,
    /// All for which no picture of this type is selected or lies there.
    #[arg(long, value_name = "TYPE")]
    pub missing: Option<ImageType>,
    /// All with such a title: `*` is anything, `?` one character.
    #[arg(long, value_name = "PATTERN")]
    pub title: Option<String>,
}

/// Said where filters leave nothing.
pub const NOTHING: &str = "nothing matches; `posterfs list` with the same filters shows what would";

/// Items as they were typed.
#[derive(Debug)]
pub struct Which {
    items: Vec<ItemRef>,
    filters: Filters,
}

impl Filters {
    /// Whether any is given.
    pub fn is_any(&self) -> bool {
        self.kind.is_some() || self.library.is_some() || self.missing.is_some() || self.title.is_some()
    }

    /// The filter of the catalog.
    pub fn filter(&self, catalog: &Catalog) -> anyhow::Result<EntityFilter> {
        let library = self.library.as_deref().map(|name| catalog.library_named(name)).transpose()?;
        Ok(EntityFilter {
            library: library.map(|library| library.id),
            entity_type: self.kind,
            lacks: self.missing,
            title: self.title.clone(),
            ..EntityFilter::default()
        })
    }
}

impl Which {
    /// The items that are named, or what the filters leave: one of both.
    pub fn items(items: Vec<ItemRef>, filters: Filters) -> anyhow::Result<Self> {
        match (items.is_empty(), filters.is_any()) {
            (true, false) => {
                Err(Usage("say which items: name them, or give a filter (--library, --kind, …)".into()).into())
            }
            (false, true) => Err(Usage("give either items or filters, not both".into()).into()),
            _ => Ok(Self { items, filters }),
        }
    }

    /// Takes the item off the front of what was typed, unless filters stand instead of it. The rest is returned.
    pub fn first_of(words: &[OsString], filters: Filters) -> anyhow::Result<(Self, Vec<String>)> {
        let (item, rest) = match words.split_first() {
            Some((item, rest)) if !filters.is_any() => (Some(item), rest),
            _ => (None, words),
        };
        let item = item.map(|item| ItemRef::parse(item).map_err(|error| Usage(error.to_string()))).transpose()?;
        let rest = rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Ok((Self::items(item.into_iter().collect(), filters)?, rest))
    }

    /// The entities that are meant now. What is done to one of them does not change which the others are.
    pub fn find(&self, context: &Context, catalog: &Catalog) -> anyhow::Result<Vec<Entity>> {
        if self.filters.is_any() {
            return Ok(items::matching(catalog, &self.filters.filter(catalog)?)?);
        }
        self.items.iter().map(|item| item::find(context, catalog, item)).collect()
    }
}
