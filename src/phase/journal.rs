//! Keeping the journal beside the cache in step with the catalog.

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::steps;

use super::PhaseError;

/// How many things are noted with one sync.
const BATCH: u32 = 2000;

/// Notes beside the cache, durably, all that was chosen and is not noted yet, whoever chose it. To be called before a
/// command that changed something says so. Answers how many things were noted.
///
/// # Errors
/// When catalog or cache cannot be written; what was chosen is chosen all the same, and noted the next time.
pub fn keep_journal(catalog: &mut Catalog, cache: &Cache) -> Result<u64, PhaseError> {
    if !catalog.has_unnoted()? {
        return Ok(0);
    }
    // Read only when nobody else appends: who comes later has read later, so the last line is the newest.
    let mut journal = cache.journal()?;
    let mut count = 0;
    loop {
        let unnoted = catalog.unnoted(BATCH)?;
        journal.append(&unnoted.lineage, &unnoted.entries)?;
        catalog.have_noted(&unnoted)?;
        steps::reached("journal.told");
        count += unnoted.entries.len() as u64;
        if unnoted.is_all {
            break;
        }
    }
    journal.renew_if_long()?;
    Ok(count)
}
