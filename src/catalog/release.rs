//! Letting go of the artwork of what is gone.

use super::{Catalog, CatalogError, Published, Stamp, entities, replace};
use crate::model::{EntityId, UnixSeconds};

/// What letting go came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// What is no longer shown.
    pub published: Published,
    /// When the last of what is gone, but not for long enough, was found to be.
    pub latest_kept: Option<UnixSeconds>,
}

impl Catalog {
    /// Ends what is shown of an entity, and of what belongs to it, as far as scans do not find it since before `gone_before`.
    /// What is selected stays so: when it comes back, publishing shows it again, and a rollback can.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn release(
        &mut self,
        entity: EntityId,
        gone_before: UnixSeconds,
        stamp: &Stamp,
    ) -> Result<Released, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, entity)?;
            replace::clear(transaction)?;
            let mut latest_kept = None;
            for id in entities::subtree(transaction, entity)? {
                let Some(gone) = entities::by_id(transaction, id)?.filter(|entity| entity.is_missing) else { continue };
                // A scan that finds something missing is the last that changes it.
                if gone.updated_at > gone_before {
                    latest_kept = latest_kept.max(Some(gone.updated_at));
                } else {
                    replace::end_entity(transaction, id, None)?;
                }
            }
            Ok(Released { published: replace::carry_out(transaction, stamp)?, latest_kept })
        })
    }
}
