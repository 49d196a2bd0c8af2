//! A webhook from the log, as if it came now: after a path mapping has been put right, or a disk is back.

use crate::catalog::{Catalog, CatalogError};
use crate::model::WebhookId;
use crate::work::Workplace;

use super::{BodyError, Manager, Reception, parse, take};

/// It cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is none.
    #[error("there is no webhook {0} in the log; `posterfs webhooks` lists it")]
    NoSuchWebhook(WebhookId),
    /// It is not understood any more.
    #[error("the webhook cannot be understood: {0}")]
    Body(#[from] BodyError),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Takes a webhook of the log once more, as a new one.
///
/// # Errors
/// When there is no such webhook, or the catalog fails.
pub fn replay(catalog: &mut Catalog, place: &Workplace, id: WebhookId) -> Result<Reception, ReplayError> {
    let none = || ReplayError::NoSuchWebhook(id);
    let (received, body) = catalog.webhook(id)?.ok_or_else(none)?;
    let manager = Manager::parse(&received.manager).ok_or_else(none)?;
    let webhook = parse(&body)?;
    Ok(take(catalog, place, (manager, &webhook, &body))?)
}
