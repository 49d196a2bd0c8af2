//! Blocking candidates: what must never be chosen is given up at once, and the next best of what is in the cache takes its
//! place.
//!
//! Nothing is downloaded for that; where nothing else is in the cache, or the image type is locked, nothing is chosen. What
//! showed the pictures shows the next ones then, or the originals, in one generation, however many they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::cache::{Cache, ProvenanceRecord};
use crate::catalog::{
    CacheFile, Candidate, Catalog, Entity, NewCacheFile, PROGRAM_PROVIDER, PublishMode, Scope, Stamp, USER_PROVIDER,
};
use crate::model::{CandidateId, EntityId, GenerationId, ImageType};

use super::super::{PhaseError, publish, select};
use super::choose::Ranked;
use super::take::{self, Purpose};

/// What blocking a candidate came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BlockReport {
    /// The candidate.
    #[schema(value_type = i64)]
    pub id: CandidateId,
    /// The item it is for.
    #[schema(value_type = i64)]
    pub item: EntityId,
    /// What it is of.
    #[schema(value_type = String)]
    pub r#type: ImageType,
    /// Whether it is blocked now.
    pub blocked: bool,
    /// Whether it was the chosen one.
    pub was_selected: bool,
    /// Whether it was shown.
    pub was_shown: bool,
    /// What is chosen instead.
    #[schema(value_type = Option<i64>, required)]
    pub next: Option<CandidateId>,
    /// The generation in which it ceased to be shown.
    #[schema(value_type = Option<i64>, required)]
    pub generation: Option<GenerationId>,
}

/// A candidate with all that blocking it depends on.
struct Case {
    candidate: Candidate,
    owner: Entity,
    file: Option<CacheFile>,
    was_shown: bool,
    next: Option<(Candidate, CacheFile)>,
}

/// Blocks candidates. Where one was chosen, the next best that is in the cache is chosen instead, unless the image type is
/// locked; where one was shown, that changes at once, for all of them in one generation. Killed in between, the same again
/// does the rest.
///
/// # Errors
/// When there is no such candidate, or cache or catalog cannot be written.
pub fn block(
    catalog: &mut Catalog,
    cache: &Arc<Cache>,
    ids: &[CandidateId],
    mode: PublishMode,
    stamp: &Stamp,
) -> Result<Vec<BlockReport>, PhaseError> {
    ids.iter().try_for_each(|id| catalog.candidate(*id).map(drop))?;
    let all: BTreeSet<CandidateId> = ids.iter().copied().collect();
    let mut reports = Vec::with_capacity(ids.len());
    for id in &all {
        let case = look(catalog, cache, *id, &all)?;
        reports.push(match mode {
            PublishMode::DryRun => case.report(),
            PublishMode::Apply => block_one(catalog, cache, &case, stamp)?,
        });
    }
    let shown: Vec<(EntityId, ImageType)> =
        reports.iter().filter(|report| report.was_shown).map(|report| (report.item, report.r#type)).collect();
    if mode == PublishMode::Apply && !shown.is_empty() {
        let published = publish(catalog, Scope::Pictures(&shown), mode, stamp)?.published;
        for report in reports.iter_mut().filter(|report| report.was_shown) {
            report.generation = published.generation;
        }
    }
    Ok(reports)
}

/// Blocks a candidate, and chooses the next one; what is shown stays as it is.
fn block_one(catalog: &mut Catalog, cache: &Arc<Cache>, case: &Case, stamp: &Stamp) -> Result<BlockReport, PhaseError> {
    let mut report = case.report();
    if let Some(file) = case.file.as_ref().filter(|_| case.candidate.is_selected) {
        let subject = select::subject(catalog, &case.owner, case.candidate.image_type)?;
        let record = ProvenanceRecord { time: stamp.now, author: stamp.author.clone(), ..subject };
        select::record_given_up(cache, file, &record)?;
    }
    catalog.set_blocked(case.candidate.id, true)?;
    if let Some((next, file)) = &case.next
        && !choose(catalog, cache, case, next, file, stamp)?
    {
        report.next = None;
    }
    Ok(report)
}

/// Lets a candidate be chosen again. Nothing is chosen by this.
///
/// # Errors
/// When there is no such candidate, or the catalog cannot be written.
pub fn unblock(catalog: &mut Catalog, id: CandidateId, mode: PublishMode) -> Result<BlockReport, PhaseError> {
    let candidate = catalog.candidate(id)?;
    if mode == PublishMode::Apply {
        catalog.set_blocked(id, false)?;
    }
    Ok(BlockReport {
        id,
        item: candidate.entity,
        r#type: candidate.image_type,
        blocked: false,
        was_selected: candidate.is_selected,
        was_shown: false,
        next: None,
        generation: None,
    })
}

impl Case {
    fn report(&self) -> BlockReport {
        BlockReport {
            id: self.candidate.id,
            item: self.owner.id,
            r#type: self.candidate.image_type,
            blocked: true,
            was_selected: self.candidate.is_selected,
            was_shown: self.was_shown,
            next: self.next.as_ref().map(|(next, _)| next.id),
            generation: None,
        }
    }
}

/// `all` are those that are blocked together: none of them takes the place of another.
fn look(catalog: &Catalog, cache: &Cache, id: CandidateId, all: &BTreeSet<CandidateId>) -> Result<Case, PhaseError> {
    let candidate = catalog.candidate(id)?;
    let owner = select::entity(catalog, candidate.entity)?;
    let files = catalog.cached_candidates_of(owner.id)?;
    let file = files.iter().find(|(of, _)| *of == id).map(|(_, file)| file.clone());
    let is_it = |mapping: &crate::catalog::Mapping| {
        mapping.image_type == candidate.image_type && Some(mapping.hash) == file.as_ref().map(|file| file.picture.hash)
    };
    let was_shown = catalog.mappings_of(owner.id)?.iter().any(is_it);
    let is_locked = catalog.guard_of(owner.id)?.is_locked(&candidate.image_type.to_string());
    let next = match candidate.is_selected && !is_locked {
        true => next_best(catalog, cache, &candidate, &owner, files, all)?,
        false => None,
    };
    Ok(Case { candidate, owner, file, was_shown, next })
}

/// The best of the others that is in the cache and might be chosen automatically.
fn next_best(
    catalog: &Catalog,
    cache: &Cache,
    blocked: &Candidate,
    owner: &Entity,
    files: Vec<(CandidateId, CacheFile)>,
    all: &BTreeSet<CandidateId>,
) -> Result<Option<(Candidate, CacheFile)>, PhaseError> {
    let mut others = ranking(catalog, blocked)?.into_iter().filter(|candidate| !all.contains(&candidate.id));
    Ok(others.find_map(|candidate| {
        let file = files.iter().find(|(of, _)| *of == candidate.id).map(|(_, file)| file)?;
        let (width, height) = (file.picture.width, file.picture.height);
        let fits = take::misfit(owner.entity_type, blocked.image_type, width, height).is_none();
        (fits && take::is_there(cache, file)).then(|| (candidate, file.clone()))
    }))
}

/// The other candidates for what one is of that might be chosen automatically, the best first.
pub(super) fn ranking(catalog: &Catalog, instead_of: &Candidate) -> Result<Vec<Candidate>, PhaseError> {
    let may_be_chosen = |candidate: &Candidate| {
        candidate.image_type.kind() == instead_of.image_type.kind()
            && candidate.id != instead_of.id
            && !candidate.is_blocked
            && !candidate.is_selected
            && candidate.refused.is_none()
            && ![USER_PROVIDER, PROGRAM_PROVIDER].contains(&candidate.provider.as_str())
    };
    let all = catalog.candidates_of(instead_of.entity, None)?;
    let mut others: Vec<Candidate> = all.into_iter().filter(may_be_chosen).collect();
    let score = |candidate: &Candidate| candidate.score.unwrap_or_default();
    others.sort_by(|one, other| score(other).total_cmp(&score(one)).then(one.id.cmp(&other.id)));
    Ok(others)
}

/// Chooses it as `enrich` would. `false` when a person decided otherwise in the meantime.
fn choose(
    catalog: &mut Catalog,
    cache: &Arc<Cache>,
    case: &Case,
    next: &Candidate,
    file: &CacheFile,
    stamp: &Stamp,
) -> Result<bool, PhaseError> {
    let ranked = Ranked { candidate: next.clone(), file: None };
    let image_type = case.candidate.image_type;
    let purpose = Purpose { ranked: &ranked, image_type, author: take::AUTHOR, now: stamp.now };
    choose_picture(catalog, cache, &case.owner, next.id, &purpose.reused(file), stamp)
}

/// The same for a picture that is in the cache.
pub(super) fn choose_picture(
    catalog: &mut Catalog,
    cache: &Cache,
    owner: &Entity,
    next: CandidateId,
    picture: &NewCacheFile,
    stamp: &Stamp,
) -> Result<bool, PhaseError> {
    let record = take::record(picture, select::subject(catalog, owner, picture.image_type)?, stamp.now);
    cache.record(&picture.hash, &record)?;
    let is_chosen = catalog.choose(next, picture, stamp.now)?.is_ok();
    if !is_chosen {
        cache.record(&picture.hash, &ProvenanceRecord { selected: false, ..record })?;
    }
    Ok(is_chosen)
}
