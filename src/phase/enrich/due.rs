//! When an item is asked for again: soon while people still upload pictures for it, seldom later.

use crate::catalog::Entity;
use crate::config::ArtworkSettings;
use crate::model::UnixSeconds;

const DAY: i64 = 86_400;
/// The mean length of a year in seconds.
const YEAR: i64 = 31_556_952;
/// An item is new for so many days after it was added, whatever its year.
const NEW_DAYS: i64 = 30;

/// The time from which on the item is to be asked for again.
pub(super) fn due_at(entity: &Entity, settings: &ArtworkSettings, now: UnixSeconds) -> UnixSeconds {
    let days = i64::from(if is_new(entity, now) { settings.refresh_new_days } else { settings.refresh_old_days });
    // Items that came together need not be asked for together for ever: up to a tenth is taken off.
    let spread = entity.id.get().rem_euclid(10) * days * DAY / 100;
    UnixSeconds::new(now.get().saturating_add(days * DAY - spread))
}

/// Released last year or later, or added lately.
fn is_new(entity: &Entity, now: UnixSeconds) -> bool {
    let this_year = 1970 + now.get() / YEAR;
    let was_released_lately = entity.year.is_some_and(|year| i64::from(year) >= this_year - 1);
    was_released_lately || now.get().saturating_sub(entity.added_at.get()) < NEW_DAYS * DAY
}

#[cfg(test)]
mod tests {
    use crate::model::{EntityId, EntityType, Layout, LibraryId, RelPath};

    use super::*;

    fn film(id: i64, year: Option<u16>, added_at: i64) -> Entity {
        Entity {
            id: EntityId::new(id),
            library: LibraryId::new(1),
            entity_type: EntityType::Movie,
            parent: None,
            title: "Film".into(),
            sort_title: "film".into(),
            year,
            season: None,
            episode: None,
            last_episode: None,
            layout: Layout::Own,
            folder: RelPath::root(),
            video: None,
            path: RelPath::root(),
            is_monitored: true,
            is_missing: false,
            added_at: UnixSeconds::new(added_at),
            updated_at: UnixSeconds::new(added_at),
        }
    }

    #[test]
    fn new_items_are_asked_for_within_days_and_old_ones_within_months() {
        let settings = ArtworkSettings::default();
        let now = UnixSeconds::new(1_700_000_000); // November 2023
        let days = |entity: &Entity| (due_at(entity, &settings, now).get() - now.get()) as f64 / DAY as f64;
        for (what, entity, wanted) in [
            ("of this year", film(10, Some(2023), 0), 3.0),
            ("of last year", film(10, Some(2022), 0), 3.0),
            ("older", film(10, Some(2021), 0), 60.0),
            ("of no year", film(10, None, 0), 60.0),
            ("old, but added last week", film(10, Some(1960), now.get() - 7 * DAY), 3.0),
            ("old, another number", film(15, Some(1960), 0), 57.0),
        ] {
            assert!((days(&entity) - wanted).abs() < 0.01, "{what}: {}", days(&entity));
        }
    }
}
