//! Taking in what a program wrote over a published picture.
//!
//! The file is in the tree, complete as far as its writer knows. What it holds goes into the cache by `put`, as everything
//! does; then it is selected, locked and published (adopted), or a candidate (captured). Each step may be done again,
//! so a kill in between is made good by taking in once more.

use std::io::Read;
use std::path::PathBuf;

use crate::cache::{Cache, CacheError, Limits, Origin};
use crate::catalog::{Catalog, ProgramWrite, PublishMode, Scope, Stamp, WriteAction};
use crate::model::UnixSeconds;

use super::{Choice, PhaseError, offer, publish, select};

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is selected, locked and shown.
    Adopted,
    /// It is a candidate.
    Captured,
    /// It is no whole picture, and stays the file that it is.
    Refused,
}

/// Takes in what a program wrote. `path` is where, for the record.
///
/// # Errors
/// When it cannot be read, or cache or catalog cannot be written; it then still waits to be taken in.
pub fn take_in(
    catalog: &mut Catalog,
    cache: &Cache,
    write: &ProgramWrite,
    path: PathBuf,
    reader: impl Read,
    limits: &Limits,
    now: UnixSeconds,
) -> Result<Taken, PhaseError> {
    let (mapping, program) = (&write.mapping, &write.program);
    let author = format!("{} (uid {})", program.name, program.uid);
    let origin = Origin::Program { name: program.name.clone(), uid: program.uid, path };
    let choice = Choice { entity: mapping.entity, image_type: mapping.image_type, origin, author: &author };
    let stored = match write.action {
        WriteAction::Adopt => select(catalog, cache, &choice, reader, limits, now).map(drop),
        WriteAction::Capture => offer(catalog, cache, &choice, reader, limits, now).map(drop),
    };
    match (stored, write.action) {
        (Err(PhaseError::Cache(CacheError::Refused { .. })), _) => {
            catalog.refuse_write(mapping.id)?;
            return Ok(Taken::Refused);
        }
        (Err(error), _) => return Err(error),
        (Ok(()), WriteAction::Adopt) => {
            let reason = format!("written by {}", program.name);
            let stamp = Stamp { author: author.clone(), reason, now };
            publish(catalog, Scope::Picture(mapping.entity, mapping.image_type), PublishMode::Apply, &stamp)?;
        }
        (Ok(()), WriteAction::Capture) => {}
    }
    catalog.end_write(mapping.id, now)?;
    Ok(if write.action == WriteAction::Adopt { Taken::Adopted } else { Taken::Captured })
}
