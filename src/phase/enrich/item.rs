//! One item from beginning to end.

use crate::catalog::{
    Candidate, Catalog, CatalogError, Enrichment, Entity, Identification, MetadataField, OfferedCandidate,
    ProviderAnswers, ScoredCandidate, SourcedField, ToldCast, ToldCredit,
};
use crate::model::{EntityId, EntityType, Language, Provider};
use crate::provider::{Answer, ArtworkProvider, Identified, Offer, Person, ProviderError};
use crate::score::{Offered, Score, score};

use super::super::PhaseError;
use super::choose::{self, Ranked};
use super::desk::Desk;
use super::due::due_at;
use super::report::Planned;
use super::run::{LibraryPlan, Work};
use super::subject::{self, Known, language_of};

/// The field in which the language of the original is kept, for scoring when a provider is not asked again.
const ORIGINAL_LANGUAGE: &str = "original_language";

/// What one provider answered.
struct Answered {
    provider: &'static str,
    answer: Answer,
}

/// Asks for one item and chooses for it. What fails with a provider is reported and goes no further.
pub(super) async fn enrich(work: &Work, desk: &Desk, id: EntityId) -> Result<(), PhaseError> {
    let Some(read) = desk.ask(move |catalog| subject::read(catalog, id)).await? else { return Ok(()) };
    let Some(mut known) = read.known(work) else {
        work.note(|report| report.left_alone += 1);
        return Ok(());
    };
    work.note(|report| report.items += 1);
    let identification = identify(work, &mut known).await;
    let answers = ask(work, &mut known).await;
    if work.is_dry_run {
        return plan(work, desk, &known, answers).await;
    }
    let ranking = record(work, desk, &known, answers).await?;
    for kind in known.wanted.iter().copied().filter(|kind| known.plan.is_automatic(*kind)) {
        choose::kind(work, desk, &known, kind, &ranking).await?;
    }
    finish(work, desk, &known, identification).await
}

/// Finds out by which id providers know it, unless that is known: the first one that is sure counts.
async fn identify(work: &Work, known: &mut Known) -> Identification {
    let entity_type = known.entity.entity_type;
    let is_known = |known: &Known, provider: &dyn ArtworkProvider| {
        provider.id_name(entity_type).is_some_and(|name| known.subject.id(name).is_some())
    };
    let mut identifying = work.providers.iter().filter(|provider| provider.id_name(entity_type).is_some()).peekable();
    let nobody_identifies = identifying.peek().is_none();
    if nobody_identifies || work.providers.iter().any(|provider| is_known(known, provider.as_ref())) {
        return Identification::Known;
    }
    let mut outcome = Identification::Unknown;
    if !matches!(entity_type, EntityType::Season | EntityType::Episode) {
        for provider in identifying {
            let (ids, found) = match provider.identify(&known.subject).await {
                Ok(Identified::Found(ids)) => (ids, Identification::Found),
                Ok(Identified::Searched(ids)) => (ids, Identification::Searched),
                Ok(Identified::Doubtful(ids)) => {
                    outcome = Identification::Doubtful(ids);
                    continue;
                }
                Ok(Identified::Nothing | Identified::NotAsked) => continue,
                Err(error) => {
                    failed(work, known, provider.name(), &error);
                    continue;
                }
            };
            add_ids(known, &ids);
            work.note(|report| report.identified += 1);
            return found;
        }
        work.note(|report| report.unidentified += 1);
    }
    outcome
}

/// Ids that are known stay: the names in the tree and the user come before everybody else.
fn add_ids(known: &mut Known, ids: &[(Provider, String)]) {
    for (provider, value) in ids {
        if known.subject.id(provider.as_str()).is_none() {
            known.subject.ids.push((provider.clone(), value.clone()));
        }
    }
}

/// Asks everybody in turn; ids that one tells help with the next.
async fn ask(work: &Work, known: &mut Known) -> Vec<Answered> {
    let mut answers = Vec::new();
    for provider in &work.providers {
        if !known.concerns(provider.as_ref()) {
            continue;
        }
        let name = provider.name();
        match provider.answer(&known.subject).await {
            Ok(mut answer) => {
                add_ids(known, &answer.ids);
                answer.offers.retain(|offer| known.wanted.contains(&offer.kind));
                work.note(|report| {
                    report.offered += answer.offers.len() as u64;
                    report.dropped += u64::from(answer.dropped);
                    let tally = report.tally(name);
                    tally.answers += 1;
                    tally.offers += answer.offers.len() as u64;
                });
                answers.push(Answered { provider: name, answer });
            }
            Err(error) => failed(work, known, name, &error),
        }
    }
    answers
}

/// Reports a provider's failure. The item stays due, so that the next run asks again.
pub(super) fn failed(work: &Work, known: &Known, provider: &'static str, error: &ProviderError) {
    work.leave_due(known.entity.id);
    work.note(|report| {
        report.tally(provider).failures += 1;
        if error.ends_the_run() {
            report.add_stopped(error.to_string());
        } else {
            report.add_problem(known.entity.id, &known.entity.title, error.to_string());
        }
    });
}

/// Writes down what was answered, and how good every candidate of the item is.
async fn record(work: &Work, desk: &Desk, known: &Known, answers: Vec<Answered>) -> Result<Vec<Ranked>, PhaseError> {
    let (entity, plan, now) = (known.entity.clone(), std::sync::Arc::clone(&known.plan), work.clock.now());
    let written = ProviderAnswers {
        ids: own_ids(known),
        kinds: known.wanted.iter().copied().collect(),
        offers: answers.iter().map(|one| (one.provider.to_owned(), offered(&one.answer.offers))).collect(),
        fields: fields(&answers),
        cast: cast(&answers, usize::from(plan.settings.actors)),
    };
    desk.ask(move |catalog| -> Result<Vec<Ranked>, CatalogError> {
        catalog.record_answers(entity.id, &written, &|all, facts| rate(all, facts, &entity, &plan), now)?;
        ranking(catalog, &entity)
    })
    .await
}

/// Who plays, as the first provider says that knows anybody.
fn cast(answers: &[Answered], most: usize) -> Option<ToldCast> {
    let told = answers.iter().find(|answered| !answered.answer.people.is_empty())?;
    let credit =
        |person: &Person| ToldCredit { name: person.name.clone(), role: person.role.clone(), ids: person.ids.clone() };
    let people = told.answer.people.iter().map(credit).collect();
    Some(ToldCast { provider: told.provider.to_owned(), people, most })
}

/// The ids of the entity itself; those of a season or episode are its series'.
fn own_ids(known: &Known) -> Vec<(Provider, String)> {
    match known.entity.entity_type {
        EntityType::Season | EntityType::Episode => Vec::new(),
        _ => known.subject.ids.clone(),
    }
}

fn offered(offers: &[Offer]) -> Vec<OfferedCandidate> {
    let offered = |offer: &Offer| OfferedCandidate {
        kind: offer.kind,
        provider_key: offer.key.clone(),
        url: offer.url.clone(),
        width: offer.width,
        height: offer.height,
        language: offer.language.as_ref().map(ToString::to_string),
        vote_average: offer.vote_average,
        vote_count: offer.vote_count,
    };
    offers.iter().map(offered).collect()
}

/// Of each field what the first provider says that knows it.
fn fields(answers: &[Answered]) -> Vec<SourcedField> {
    let mut fields: Vec<SourcedField> = Vec::new();
    for Answered { provider, answer } in answers {
        for field in &answer.fields {
            if !fields.iter().any(|known| known.field.field == field.name) {
                let field = MetadataField { field: field.name.to_owned(), value: field.value.clone() };
                fields.push(SourcedField { field, source: (*provider).to_owned() });
            }
        }
    }
    fields
}

/// The candidates whose score is another one by what is preferred now.
fn rate(
    candidates: &[Candidate],
    facts: &[MetadataField],
    entity: &Entity,
    plan: &LibraryPlan,
) -> Vec<ScoredCandidate> {
    let original = facts.iter().find(|field| field.field == ORIGINAL_LANGUAGE);
    let original: Option<Language> = original.and_then(|field| field.value.parse().ok());
    let scored = |candidate: &Candidate| {
        let score = score_of(candidate, entity.entity_type, plan, original.as_ref());
        let parts = serde_json::to_string(&score.parts).unwrap_or_default();
        ScoredCandidate { id: candidate.id, score: score.total, parts }
    };
    let all = candidates.iter().map(|candidate| (candidate, scored(candidate)));
    let is_changed = |candidate: &Candidate, scored: &ScoredCandidate| {
        candidate.score != Some(scored.score) || candidate.score_parts.as_ref() != Some(&scored.parts)
    };
    all.filter(|(candidate, scored)| is_changed(candidate, scored)).map(|(_, scored)| scored).collect()
}

/// All candidates of an entity with what is in the cache of them.
fn ranking(catalog: &Catalog, entity: &Entity) -> Result<Vec<Ranked>, CatalogError> {
    let files = catalog.cached_candidates_of(entity.id)?;
    let file_of =
        |candidate: &Candidate| files.iter().find(|(id, _)| *id == candidate.id).map(|(_, file)| file.clone());
    let candidates = catalog.candidates_of(entity.id, None)?.into_iter();
    Ok(candidates.map(|candidate| Ranked { file: file_of(&candidate), candidate }).collect())
}

fn score_of(candidate: &Candidate, entity_type: EntityType, plan: &LibraryPlan, original: Option<&Language>) -> Score {
    let language = language_of(candidate);
    let offered = Offered {
        entity_type,
        kind: candidate.image_type.kind(),
        width: candidate.width,
        height: candidate.height,
        language: language.as_ref(),
        vote_average: candidate.vote_average,
        vote_count: candidate.vote_count,
        provider: &candidate.provider,
    };
    score(&offered, &plan.preferences, original)
}

/// Tells what would be chosen if the item were new: the best of each kind.
async fn plan(work: &Work, desk: &Desk, known: &Known, answers: Vec<Answered>) -> Result<(), PhaseError> {
    let id = known.entity.id;
    let blocked = desk.ask(move |catalog| catalog.candidates_of(id, None)).await?;
    let original = answers.iter().find_map(|answered| answered.answer.original_language.as_ref());
    for kind in known.wanted.iter().copied().filter(|kind| known.plan.is_automatic(*kind)) {
        let mut offers: Vec<(&'static str, &Offer, Score)> = Vec::new();
        for Answered { provider, answer } in &answers {
            let of_kind = answer.offers.iter().filter(|offer| offer.kind == kind);
            let is_blocked = |offer: &&Offer| {
                blocked.iter().any(|c| c.is_blocked && c.provider == *provider && c.provider_key == offer.key)
            };
            offers.extend(of_kind.filter(|offer| !is_blocked(offer)).map(|offer| {
                let offered = Offered {
                    entity_type: known.entity.entity_type,
                    kind,
                    width: offer.width,
                    height: offer.height,
                    language: offer.language.as_ref(),
                    vote_average: offer.vote_average,
                    vote_count: offer.vote_count,
                    provider,
                };
                (*provider, offer, score(&offered, &known.plan.preferences, original))
            }));
        }
        offers.sort_by(|one, other| choose::in_order((&one.2, one.1), (&other.2, other.1)));
        let free = choose::free_types(known, kind);
        for (image_type, (provider, offer, score)) in free.into_iter().zip(offers) {
            work.note(|report| {
                let (title, url) = (known.entity.title.clone(), offer.url.clone());
                report.add_planned(Planned { item: id, title, image_type, provider, url, score: score.total });
            });
        }
    }
    Ok(())
}

/// Notes that the item was asked for, and when it is to be asked for again.
async fn finish(work: &Work, desk: &Desk, known: &Known, identification: Identification) -> Result<(), PhaseError> {
    let (id, now) = (known.entity.id, work.clock.now());
    let due_at = if work.stays_due(id) { now } else { due_at(&known.entity, &known.plan.settings, now) };
    let enrichment = Enrichment { enriched_at: now, due_at, identification };
    desk.ask(move |catalog| catalog.set_enriched(id, &enrichment)).await
}
