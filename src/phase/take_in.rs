//! Taking in what a program wrote over a published picture.
//!
//! The file is in the tree, complete as far as its writer knows. What it holds goes into the cache as everything does
//! ([`put_written`]); then it is selected and locked (adopted), or a candidate (captured) ([`choose_written`]); then, if
//! adopted, published ([`publish_written`]). Each step may be done again, so a kill in between is made good by taking in
//! once more. They are apart because only the first takes long: whoever calls makes sure, before the others, that the
//! file is still what was put.

use std::io::Read;
use std::path::PathBuf;

use crate::cache::{Cache, CacheError, Limits, Origin, Stored};
use crate::catalog::{Catalog, ProgramWrite, PublishMode, Scope, Stamp, WriteAction};
use crate::model::UnixSeconds;

use super::select::{offer_stored, put, select_stored};
use super::{Choice, PhaseError, publish};

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is selected, locked and shown.
    Adopted,
    /// It is a candidate.
    Captured,
    /// It is no whole picture, and stays the file that it is.
    Refused,
    /// It was written over a document: it stays the file that it is, and the next publish takes up what it says.
    Left,
    /// It is what was shown already.
    Unchanged,
}

/// Puts what a program wrote into the cache; `None` when it is no whole picture. `path` is where, for the record.
///
/// # Errors
/// When it cannot be read, or the cache cannot be written.
pub fn put_written(
    cache: &Cache,
    write: &ProgramWrite,
    path: PathBuf,
    reader: impl Read,
    limits: &Limits,
) -> Result<Option<Stored>, PhaseError> {
    match put(cache, &origin(write, path), reader, limits) {
        Ok(stored) => Ok(Some(stored)),
        Err(PhaseError::Cache(CacheError::Refused { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Selects and locks what was put, or makes it a candidate.
///
/// # Errors
/// When cache or catalog cannot be written; it then still waits to be taken in.
pub fn choose_written(
    catalog: &mut Catalog,
    cache: &Cache,
    write: &ProgramWrite,
    path: PathBuf,
    stored: &Stored,
    now: UnixSeconds,
) -> Result<(), PhaseError> {
    let (mapping, author) = (&write.mapping, write.program.to_string());
    let origin = origin(write, path);
    let choice = Choice { entity: mapping.entity, image_type: mapping.image_type, origin, author: &author };
    match write.action {
        WriteAction::Adopt => select_stored(catalog, cache, &choice, stored.clone(), now).map(drop),
        WriteAction::Capture => offer_stored(catalog, cache, &choice, stored, now),
    }
}

/// Publishes what was selected, under all its names.
///
/// # Errors
/// When the catalog cannot be written; it then still waits to be taken in.
pub fn publish_written(catalog: &mut Catalog, write: &ProgramWrite, now: UnixSeconds) -> Result<(), PhaseError> {
    let reason = format!("written by {}", write.program.name);
    let stamp = Stamp { author: write.program.to_string(), reason, now };
    let picture = [(write.mapping.entity, write.mapping.image_type)];
    publish(catalog, Scope::Pictures(&picture), PublishMode::Apply, &stamp)?;
    Ok(())
}

fn origin(write: &ProgramWrite, path: PathBuf) -> Origin {
    Origin::Program { name: write.program.name.clone(), uid: write.program.uid, path }
}
