//! Items as arguments: read from the command line, found in the catalog.

use std::ffi::{OsStr, OsString};

use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::catalog::{Catalog, Entity};
use crate::model::{ItemRef, ItemTarget};
use crate::phase::items;

use super::context::Context;

/// Parses an ITEM: an id (`42`), a path, a provider id (`tmdb:603`) or a title.
pub fn parser() -> impl TypedValueParser<Value = ItemRef> {
    OsStringValueParser::new().try_map(|typed: OsString| ItemRef::parse(OsStr::new(&typed)))
}

/// The entity that is meant. A path in a view means what it is a view of.
pub fn find(context: &Context, catalog: &Catalog, item: &ItemRef) -> anyhow::Result<Entity> {
    let mut item = item.clone();
    if let ItemTarget::Path(path) = &item.target {
        item.target = ItemTarget::Path(context.path_in_source(path));
    }
    Ok(items::resolve(catalog, &item, &context.directory)?)
}
