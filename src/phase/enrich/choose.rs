//! Walking the ranking of one kind of picture until its places are taken.

use std::cmp::Ordering;

use crate::catalog::{CacheFile, Candidate, NewCacheFile, PROGRAM_PROVIDER, USER_PROVIDER};
use crate::model::{ImageKind, ImageType};
use crate::provider::Offer;
use crate::score::{self, Parts, Score};

use super::super::{PhaseError, select};
use super::desk::Desk;
use super::item;
use super::plan::{Chosen, Place, look_alike, place_for};
use super::run::Work;
use super::subject::Known;
use super::take::{self, Taken};

/// After so many downloads that look like what is chosen, the rest of a kind is left to the next run, which need not
/// download these again: people upload the same still dozens of times.
const LOOK_ALIKES_MAX: u32 = 10;

/// A candidate with its score, and its picture if it is in the cache.
#[derive(Clone)]
pub(super) struct Ranked {
    pub(super) candidate: Candidate,
    pub(super) file: Option<CacheFile>,
}

/// Chooses pictures of one kind: better ones come first, places that are locked are left alone, pictures that are none, do
/// not fit or look like one that is chosen are passed over.
pub(super) async fn kind(
    work: &Work,
    desk: &Desk,
    known: &Known,
    kind: ImageKind,
    ranking: &[Ranked],
) -> Result<(), PhaseError> {
    let mut places = places(known, kind, ranking);
    let mut in_vain = 0;
    for ranked in in_turn(ranking, kind) {
        let score = ranked.candidate.score.unwrap_or_default();
        let Some(number) = place_for(&places, score, known.plan.settings.margin) else { break };
        let Ok(image_type) = ImageType::numbered(kind, number) else { break };
        let (picture, was_downloaded) = match take::picture(work, desk, known, ranked, image_type).await? {
            Taken::Picture(picture, was_downloaded) => (*picture, was_downloaded),
            Taken::Refused(reason) => {
                refuse(work, desk, ranked, reason).await?;
                continue;
            }
            Taken::Failed => continue,
        };
        let id = ranked.candidate.id;
        let hash = picture.perceptual_hash.clone().unwrap_or_default();
        if look_alike(&places, number, &hash, known.plan.settings.near_duplicate_bits).is_some() {
            work.note(|report| report.look_alikes += 1);
            if was_downloaded {
                desk.ask(move |catalog| catalog.note_cached(id, &picture)).await?;
                in_vain += 1;
            }
            if in_vain >= LOOK_ALIKES_MAX {
                break;
            }
            continue;
        }
        let replaced = chosen_at(&places, number).and_then(|old| ranking.iter().find(|one| one.candidate.id == old));
        if choose(work, desk, known, ranked, picture, replaced).await? {
            note(work, ranked, was_downloaded, replaced.is_some());
            let chosen = Chosen { candidate: id, score, perceptual_hash: hash };
            places.iter_mut().filter(|place| place.number == number).for_each(|p| p.chosen = Some(chosen.clone()));
        }
    }
    Ok(())
}

fn chosen_at(places: &[Place], number: u8) -> Option<crate::model::CandidateId> {
    Some(places.iter().find(|place| place.number == number)?.chosen.as_ref()?.candidate)
}

fn note(work: &Work, ranked: &Ranked, was_downloaded: bool, is_replacing: bool) {
    let provider = work.providers.iter().map(|p| p.name()).find(|name| *name == ranked.candidate.provider);
    work.note(|report| {
        *(if is_replacing { &mut report.replaced } else { &mut report.chosen }) += 1;
        report.reused += u64::from(!was_downloaded);
        if let Some(provider) = provider {
            report.tally(provider).chosen += 1;
        }
    });
}

async fn refuse(work: &Work, desk: &Desk, ranked: &Ranked, reason: String) -> Result<(), PhaseError> {
    work.note(|report| report.refused += 1);
    tracing::info!(url = ranked.candidate.url.as_deref().unwrap_or_default(), reason, "a candidate is refused");
    let id = ranked.candidate.id;
    desk.ask(move |catalog| catalog.refuse_candidate(id, &reason)).await
}

/// Makes the choice: what the picture serves is written beside it first, then into the catalog. `false` when a person
/// decided otherwise in the meantime.
async fn choose(
    work: &Work,
    desk: &Desk,
    known: &Known,
    ranked: &Ranked,
    picture: NewCacheFile,
    replaced: Option<&Ranked>,
) -> Result<bool, PhaseError> {
    let (entity, image_type, now) = (known.entity.clone(), picture.image_type, work.clock.now());
    let subject = desk.ask(move |catalog| select::subject(catalog, &entity, image_type)).await?;
    let record = take::record(&picture, subject, now);
    take::write_record(work, picture.hash, &record).await?;
    let id = ranked.candidate.id;
    let hash = picture.hash;
    let is_chosen = desk.ask(move |catalog| catalog.choose(id, &picture, now)).await?.is_ok();
    let given_up = if is_chosen { replaced.and_then(|old| old.file.clone()) } else { None };
    if let Some(old) = given_up.filter(|old| old.picture.hash != hash) {
        take::write_given_up(work, old, record).await?;
    } else if !is_chosen {
        let record = crate::cache::ProvenanceRecord { selected: false, ..record };
        take::write_record(work, hash, &record).await?;
    }
    Ok(is_chosen)
}

/// The places of a kind: as many as the limit allows, and others that a person filled.
fn places(known: &Known, kind: ImageKind, ranking: &[Ranked]) -> Vec<Place> {
    let limit = known.plan.settings.limit_of(kind);
    let mut places: Vec<Place> = Vec::new();
    for number in 0..limit {
        let Ok(image_type) = ImageType::numbered(kind, number) else { break };
        places.push(Place { number, is_locked: known.is_locked(image_type), chosen: None });
    }
    for ranked in ranking.iter().filter(|one| one.candidate.is_selected && one.candidate.image_type.kind() == kind) {
        let number = ranked.candidate.image_type.number();
        let picture = ranked.file.as_ref().and_then(|file| file.picture.perceptual_hash.clone());
        let chosen = Some(Chosen {
            candidate: ranked.candidate.id,
            score: ranked.candidate.score.unwrap_or_default(),
            perceptual_hash: picture.unwrap_or_default(),
        });
        match places.iter_mut().find(|place| place.number == number) {
            Some(place) => place.chosen = chosen,
            None => places.push(Place { number, is_locked: true, chosen }),
        }
    }
    places
}

/// The image types of a kind that may be chosen automatically.
pub(super) fn free_types(known: &Known, kind: ImageKind) -> Vec<ImageType> {
    let all = (0..known.plan.settings.limit_of(kind)).filter_map(|number| ImageType::numbered(kind, number).ok());
    all.filter(|image_type| !known.is_locked(*image_type)).collect()
}

/// The candidates of a kind that may be tried, the best first. What a person brought or a program wrote is chosen by
/// persons only.
fn in_turn(ranking: &[Ranked], kind: ImageKind) -> Vec<&Ranked> {
    let may_be_tried = |ranked: &&Ranked| {
        let candidate = &ranked.candidate;
        candidate.image_type.kind() == kind
            && candidate.url.is_some()
            && ![USER_PROVIDER, PROGRAM_PROVIDER].contains(&candidate.provider.as_str())
            && candidate.refused.is_none()
            && !candidate.is_blocked
            && !candidate.is_selected
    };
    let mut tried: Vec<&Ranked> = ranking.iter().filter(may_be_tried).collect();
    let key = |ranked: &Ranked| (score_of(ranked), area(ranked.candidate.width, ranked.candidate.height));
    tried.sort_by(|one, other| {
        let ((one_score, one_area), (other_score, other_area)) = (key(one), key(other));
        score::in_order(
            (&one_score, one_area, &one.candidate.provider_key),
            (&other_score, other_area, &other.candidate.provider_key),
        )
    });
    tried
}

fn score_of(ranked: &Ranked) -> Score {
    Score { total: ranked.candidate.score.unwrap_or_default(), parts: Parts::default() }
}

/// The same order for offers that are not written down.
pub(super) fn in_order(one: (&Score, &Offer), other: (&Score, &Offer)) -> Ordering {
    let size = |offer: &Offer| area(offer.width, offer.height);
    score::in_order((one.0, size(one.1), &one.1.key), (other.0, size(other.1), &other.1.key))
}

fn area(width: Option<u32>, height: Option<u32>) -> Option<u64> {
    Some(u64::from(width?) * u64::from(height?))
}

/// Reports that a picture could not be had, for now.
pub(super) fn failed(work: &Work, known: &Known, ranked: &Ranked, error: &crate::provider::ProviderError) {
    let provider = work.providers.iter().map(|p| p.name()).find(|name| *name == ranked.candidate.provider);
    item::failed(work, known, provider.unwrap_or("unknown"), error);
}
