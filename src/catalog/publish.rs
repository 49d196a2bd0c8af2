//! Publishing: from what is selected to what is shown.

use rusqlite::{Connection, named_params};

use super::error::Fault;
use super::generations::Stamp;
use super::scope::{Scope, fill_scope, is_partial, is_whole, shows_again};
use super::wanted::{Conflict, Exceptions, Place, SelectedPicture, fill_wanted, fill_wanted_that_differs, yield_taken};
use super::{Catalog, CatalogError, DocumentChanges, documents, feed, program_writes, replace};
use crate::model::{GenerationId, UnixSeconds};

/// Whether a change is made or only worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// Make it.
    Apply,
    /// Tell what it would be; nothing is written.
    DryRun,
}

/// What a change of the mappings came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// The generation that was made; `None` when nothing differed, or nothing was to be written.
    pub generation: Option<GenerationId>,
    /// Paths that began to show a picture.
    pub added: u64,
    /// Paths that show another picture.
    pub changed: u64,
    /// Paths that ceased to show one.
    pub removed: u64,
    /// Paths that stay as they are.
    pub unchanged: u64,
    /// Pictures that a lock keeps as they are, though something else is selected, or nothing.
    pub kept: u64,
    /// Paths that a rollback does not show again, as their library has been removed since.
    pub left_out: u64,
    /// Pictures that a path was refused, the first [`Published::CONFLICTS_MAX`] of them.
    pub conflicts: Vec<Conflict>,
    /// How many there were.
    pub conflict_count: u64,
}

impl Published {
    /// How many conflicts are told one by one.
    pub const CONFLICTS_MAX: usize = 1000;

    /// Whether no path differs.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.added == 0 && self.changed == 0 && self.removed == 0
    }
}

const OLD_OF_SCOPE: &str = "
    INSERT INTO temp.old (id)
    SELECT m.id FROM temp.scope s CROSS JOIN library_image_files m
        ON m.entity_id = s.entity_id AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
    WHERE NOT :is_partial OR EXISTS (
        SELECT 1 FROM temp.scope_pictures p
        WHERE p.entity_id = s.entity_id AND p.image_type = m.image_type AND p.image_number = m.image_number)";

const WITHDRAWN_OF_OLD: &str =
    "INSERT INTO temp.anew (id) SELECT o.id FROM temp.old o CROSS JOIN withdrawn w ON w.mapping_id = o.id";

const RELEASE_SCOPE: &str = "DELETE FROM unpublished WHERE entity_id IN (SELECT s.entity_id FROM temp.scope s)";

impl Catalog {
    /// Makes the mappings of the scope what is selected and not withheld, in one generation. Documents are those that were made
    /// last.
    ///
    /// # Errors
    /// As [`Self::publish_with`].
    pub fn publish(
        &mut self,
        scope: Scope<'_>,
        mode: PublishMode,
        stamp: &Stamp,
        places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    ) -> Result<Published, CatalogError> {
        self.publish_with(scope, mode, stamp, &DocumentChanges::default(), places)
    }

    /// Makes the mappings of the scope what is selected and not withheld, in one generation, with the documents as they are
    /// after these changes. `places` tells the paths of each picture; it is called in the order of entities and must not
    /// change the catalog. What programs removed or wrote over without its being taken in is shown again. Missing entities
    /// are left alone, whatever the scope. Publishing the same again makes no generation.
    ///
    /// # Errors
    /// When a named entity does not exist, or the catalog cannot be written; then nothing has changed.
    pub fn publish_with(
        &mut self,
        scope: Scope<'_>,
        mode: PublishMode,
        stamp: &Stamp,
        documents: &DocumentChanges,
        places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    ) -> Result<Published, CatalogError> {
        match mode {
            PublishMode::Apply => self.write_many(|transaction| {
                let exceptions = prepare(transaction, scope, documents, stamp.now, places)?;
                if matches!(scope, Scope::Entities(_)) {
                    transaction.prepare_cached(RELEASE_SCOPE)?.execute([])?;
                }
                if shows_again(scope) {
                    program_writes::unmask_scope(transaction)?;
                }
                let published = replace::carry_out(transaction, stamp)?;
                if published.generation.is_none() {
                    feed::announce_if_touched(transaction, stamp.now)?;
                }
                Ok(exceptions.added_to(published))
            }),
            PublishMode::DryRun => self.try_out(|transaction| {
                let exceptions = prepare(transaction, scope, documents, stamp.now, places)?;
                Ok(exceptions.added_to(replace::compare(transaction)?))
            }),
        }
    }
}

/// Fills `old` and `wanted`.
fn prepare(
    connection: &Connection,
    scope: Scope<'_>,
    documents: &DocumentChanges,
    now: UnixSeconds,
    places: impl FnMut(&SelectedPicture) -> Vec<Place>,
) -> Result<Exceptions, Fault> {
    replace::clear(connection)?;
    fill_scope(connection, scope)?;
    documents::apply(connection, documents, now)?;
    let mut exceptions = Exceptions::default();
    let fill_wanted = if is_whole(scope) { fill_wanted_that_differs } else { fill_wanted };
    fill_wanted(connection, scope, places, &mut exceptions)?;
    connection.prepare_cached(OLD_OF_SCOPE)?.execute(named_params! { ":is_partial": is_partial(scope) })?;
    yield_taken(connection, scope, &mut exceptions)?;
    if shows_again(scope) {
        connection.prepare_cached(WITHDRAWN_OF_OLD)?.execute([])?;
    }
    Ok(exceptions)
}
