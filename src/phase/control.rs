//! Control: what automatic steps must leave alone, as a person says it.

use serde::Serialize;

use crate::catalog::{Catalog, Entity, LockChange, PublishMode};
use crate::model::{EntityId, Guard, LockField, LockReason, UnixSeconds};

use super::{PhaseError, items};

/// A field of an item as it is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LockedField {
    /// Its word.
    pub field: String,
    /// Whether automatic steps leave it alone.
    pub locked: bool,
    /// What decides, in words.
    pub because: String,
    /// Whether it was otherwise before.
    pub changed: bool,
}

/// What locking or unlocking came to for one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LockReport {
    /// The item.
    #[schema(value_type = i64)]
    pub id: EntityId,
    /// Its title.
    pub title: String,
    /// The fields that were named, as they are now.
    pub fields: Vec<LockedField>,
}

/// What monitoring, or no longer monitoring, came to for one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MonitorReport {
    /// The item.
    #[schema(value_type = i64)]
    pub id: EntityId,
    /// Its title.
    pub title: String,
    /// Whether automatic steps may touch it now.
    pub monitored: bool,
    /// What it belongs to that is not monitored, so that it is not either.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub held_by: Option<EntityId>,
    /// How many items are said otherwise than before: the item itself and what belongs to it.
    pub changed: u64,
}

/// Locks, unlocks or takes back what is said of fields of an item.
///
/// # Errors
/// When there is no such item, or the catalog cannot be written.
pub fn lock(
    catalog: &mut Catalog,
    item: &Entity,
    fields: &[LockField],
    to: LockChange,
    mode: PublishMode,
    now: UnixSeconds,
) -> Result<LockReport, PhaseError> {
    let fields: Vec<LockField> = fields.iter().map(|field| field.meant_for(item.entity_type)).collect();
    let before = catalog.guard_of(item.id)?;
    let after = catalog.change_locks(item.id, &fields, to, mode, now)?;
    let fields = fields.iter().map(|field| locked_field(&before, &after, item.id, &field.to_string())).collect();
    Ok(LockReport { id: item.id, title: items::full_title(catalog, item)?, fields })
}

fn locked_field(before: &Guard, after: &Guard, item: EntityId, field: &str) -> LockedField {
    let now = after.in_force(field);
    LockedField {
        field: field.to_owned(),
        locked: now.is_locked,
        because: now.told_of(item),
        changed: now != before.in_force(field),
    }
}

/// Lets automatic steps touch an item and all that belongs to it, or not.
///
/// # Errors
/// When there is no such item, or the catalog cannot be written.
pub fn monitor(
    catalog: &mut Catalog,
    item: &Entity,
    is_monitored: bool,
    mode: PublishMode,
    now: UnixSeconds,
) -> Result<MonitorReport, PhaseError> {
    let (changed, guard) = catalog.set_monitored(item.id, is_monitored, mode, now)?;
    let held_by = match guard.in_force(LockField::EVERY).reason {
        LockReason::Unmonitored(holder, _) if holder != item.id => Some(holder),
        _ => None,
    };
    let title = items::full_title(catalog, item)?;
    Ok(MonitorReport { id: item.id, title, monitored: !guard.is_unmonitored(), held_by, changed })
}
