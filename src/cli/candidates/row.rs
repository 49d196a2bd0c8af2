//! A candidate as it is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::{Candidate, Catalog, Entity};
use crate::model::{ContentHash, ImageKind, ImageType};
use crate::score::Parts;

use super::super::output::table;

/// All that is told of a candidate.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) provider: String,
    pub(super) r#type: ImageType,
    pub(super) url: Option<String>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) language: Option<String>,
    pub(super) vote_average: Option<f64>,
    pub(super) vote_count: Option<u32>,
    pub(super) score: Option<f64>,
    pub(super) score_parts: Option<Parts>,
    pub(super) selected: bool,
    /// Whether a view shows it now.
    pub(super) shown: bool,
    pub(super) blocked: bool,
    pub(super) locked: bool,
    pub(super) sha256: Option<ContentHash>,
    pub(super) refused: Option<String>,
}

/// By type, the best first; of each type the first `limit`, and all that are chosen, shown or blocked.
pub(super) fn rows(
    catalog: &Catalog,
    entity: &Entity,
    of_type: Option<ImageType>,
    limit: Option<usize>,
) -> anyhow::Result<(Vec<Candidate>, Vec<Row>)> {
    let guard = catalog.guard_of(entity.id)?;
    let files = catalog.cached_candidates_of(entity.id)?;
    let shown: BTreeSet<(ImageKind, ContentHash)> =
        catalog.mappings_of(entity.id)?.into_iter().map(|mapping| (mapping.image_type.kind(), mapping.hash)).collect();
    let mut counts: BTreeMap<ImageKind, usize> = BTreeMap::new();
    let (mut kept, mut rows) = (Vec::new(), Vec::new());
    for candidate in ordered(catalog.candidates_of(entity.id, None)?, of_type) {
        let kind = candidate.image_type.kind();
        let sha256 = files.iter().find(|(id, _)| *id == candidate.id).map(|(_, file)| file.picture.hash);
        let is_shown = sha256.is_some_and(|hash| shown.contains(&(kind, hash)));
        let count = counts.entry(kind).or_default();
        *count += 1;
        let is_special = candidate.is_selected || candidate.is_blocked || is_shown;
        if limit.is_none_or(|limit| *count <= limit) || is_special {
            let is_locked = guard.is_locked(&candidate.image_type.to_string());
            rows.push(row(&candidate, sha256, is_shown, is_locked));
            kept.push(candidate);
        }
    }
    Ok((kept, rows))
}

fn ordered(mut candidates: Vec<Candidate>, of_type: Option<ImageType>) -> Vec<Candidate> {
    candidates.retain(|candidate| of_type.is_none_or(|of_type| candidate.image_type.is_meant_by(of_type)));
    candidates.sort_by(|one, other| {
        let score = |candidate: &Candidate| candidate.score.unwrap_or_default();
        let kind = |candidate: &Candidate| candidate.image_type.kind();
        kind(one).cmp(&kind(other)).then(score(other).total_cmp(&score(one))).then(one.id.cmp(&other.id))
    });
    candidates
}

fn row(candidate: &Candidate, sha256: Option<ContentHash>, shown: bool, locked: bool) -> Row {
    Row {
        id: candidate.id.get(),
        provider: candidate.provider.clone(),
        r#type: candidate.image_type,
        url: candidate.url.clone(),
        width: candidate.width,
        height: candidate.height,
        language: candidate.language.clone(),
        vote_average: candidate.vote_average,
        vote_count: candidate.vote_count,
        score: candidate.score,
        score_parts: candidate.score_parts.as_deref().and_then(|parts| serde_json::from_str(parts).ok()),
        selected: candidate.is_selected,
        shown,
        blocked: candidate.is_blocked,
        locked,
        sha256,
        refused: candidate.refused.clone(),
    }
}

/// Rows as a table.
pub(super) fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nothing has been offered; `posterfs enrich ITEM` asks the providers".to_owned();
    }
    let header =
        ["ID", "TYPE", "SCORE", "SIZE", "LANG", "VOTES", "PROVIDER", "STATE", "RES+SHAPE+LANG+VOTES+PROVIDER", "URL"];
    table(&header, rows.iter().map(cells))
}

fn cells(row: &Row) -> Vec<String> {
    let parts = row.score_parts.map(|parts| row_parts(&parts).map(|(_, part)| format!("{part:.0}")).join("+"));
    vec![
        row.id.to_string(),
        row.r#type.to_string(),
        row.score.map(|score| format!("{score:.1}")).unwrap_or_default(),
        row.size().unwrap_or_default(),
        row.language.clone().unwrap_or_default(),
        row.votes().unwrap_or_default(),
        row.provider.clone(),
        row.states().join(", "),
        parts.unwrap_or_default(),
        row.url.clone().unwrap_or_default(),
    ]
}

/// What a score is made of, with a word for each part.
pub(super) fn row_parts(parts: &Parts) -> [(&'static str, f64); 5] {
    [
        ("resolution", parts.resolution),
        ("shape", parts.aspect),
        ("language", parts.language),
        ("votes", parts.votes),
        ("provider", parts.provider),
    ]
}

impl Row {
    /// Its size in pixels.
    pub(super) fn size(&self) -> Option<String> {
        self.width.zip(self.height).map(|(width, height)| format!("{width}×{height}"))
    }

    /// What others think of it, and how many; `None` where nobody said anything.
    pub(super) fn votes(&self) -> Option<String> {
        let voted = self.vote_average.zip(self.vote_count).filter(|(_, count)| *count > 0);
        voted.map(|(average, count)| format!("{average:.1} ({count})"))
    }

    /// What is to be said of it, in words.
    pub(super) fn states(&self) -> Vec<String> {
        let states = [
            (self.selected, "selected".to_owned()),
            (self.shown, "shown".to_owned()),
            (self.selected && self.locked, "locked".to_owned()),
            (self.blocked, "blocked".to_owned()),
            (self.sha256.is_some() && !self.selected, "cached".to_owned()),
            (self.refused.is_some(), format!("refused: {}", self.refused.as_deref().unwrap_or_default())),
        ];
        states.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect()
    }
}
