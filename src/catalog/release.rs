//! Letting go of the artwork of what is gone.

use super::{Catalog, CatalogError, Published, Stamp, entities, replace};
use crate::model::EntityId;

impl Catalog {
    /// Ends what is shown of an entity, and of what belongs to it, as far as the last scan did not find it. What is selected
    /// stays so: when it comes back, publishing shows it again, and a rollback can.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn release(&mut self, entity: EntityId, stamp: &Stamp) -> Result<Published, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, entity)?;
            replace::clear(transaction)?;
            for id in entities::subtree(transaction, entity)? {
                if entities::by_id(transaction, id)?.is_some_and(|entity| entity.is_missing) {
                    replace::end_entity(transaction, id, None)?;
                }
            }
            Ok(replace::carry_out(transaction, stamp)?)
        })
    }
}
