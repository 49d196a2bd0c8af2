//! What providers answered about an entity, written down at once: ids, candidates, metadata, who plays in it.
//!
//! One transaction an item, as each one waits for the disk.

use super::candidates::{self, Candidate};
use super::credits::{self, ToldCast};
use super::enrichment;
use super::metadata::{self, MetadataField, SourcedField};
use super::offers::{self, OfferedCandidate, ScoredCandidate};
use super::{Catalog, CatalogError};
use crate::model::{EntityId, ImageKind, Provider, UnixSeconds};

/// Who says it, of an id: some provider.
const SOURCE_PROVIDER: &str = "provider";

/// What providers answered about an entity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderAnswers {
    /// Its ids. One that is known already, from wherever, stays.
    pub ids: Vec<(Provider, String)>,
    /// The kinds of pictures that were asked for.
    pub kinds: Vec<ImageKind>,
    /// What each provider that answered offers of these. What it offered before and does not any more goes, unless it
    /// was chosen, blocked or fetched. Nothing is selected by this.
    pub offers: Vec<(String, Vec<OfferedCandidate>)>,
    /// Metadata, for fields that are not locked. What a person or the tree says stays.
    pub fields: Vec<SourcedField>,
    /// Who plays in it; `None` where nobody told.
    pub cast: Option<ToldCast>,
}

/// Given all candidates of an entity and its metadata, tells which scores are others now.
pub type Rate<'a> = dyn Fn(&[Candidate], &[MetadataField]) -> Vec<ScoredCandidate> + 'a;

impl Catalog {
    /// Writes down what providers answered, and how good every candidate of the entity is then.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn record_answers(
        &mut self,
        entity: EntityId,
        answers: &ProviderAnswers,
        rate: &Rate<'_>,
        now: UnixSeconds,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            enrichment::add_ids(transaction, entity, &answers.ids, SOURCE_PROVIDER)?;
            for (provider, offered) in &answers.offers {
                offers::record(transaction, entity, (provider, &answers.kinds), offered, now)?;
            }
            metadata::set_fields(transaction, entity, &answers.fields, now)?;
            if let Some(cast) = &answers.cast {
                credits::take(transaction, entity, cast, now)?;
            }
            let scores = rate(&candidates::of(transaction, entity, None)?, &metadata::of(transaction, entity)?);
            Ok(offers::set_scores(transaction, &scores)?)
        })
    }
}
