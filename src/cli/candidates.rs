//! `posterfs candidates`

use clap::Args;
use serde::Serialize;

use crate::catalog::{Candidate, Catalog, Entity};
use crate::model::{ContentHash, ImageType, ItemRef};
use crate::score::Parts;

use super::Outcome;
use super::context::Context;
use super::item;
use super::output::table;

/// What could be chosen for an item, how good it is, and why.
///
/// The score is 0 to 100; its parts say why (docs/scoring.md). The first column is what `select`, `block` and `unblock`
/// take.
///
/// For example: `posterfs candidates "Heat (1995)" --type poster`.
#[derive(Debug, Args)]
pub struct Candidates {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// Only this type of picture; `fanart` shows all of them.
    #[arg(long = "type", value_name = "TYPE")]
    image_type: Option<ImageType>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: i64,
    provider: String,
    r#type: ImageType,
    url: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    language: Option<String>,
    vote_average: Option<f64>,
    vote_count: Option<u32>,
    score: Option<f64>,
    score_parts: Option<Parts>,
    selected: bool,
    blocked: bool,
    locked: bool,
    sha256: Option<ContentHash>,
    refused: Option<String>,
}

impl Candidates {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let image_type = self.image_type.map(|image_type| image_type.meant_for(entity.entity_type));
        let rows = rows(&catalog, &entity, image_type)?;
        context.output.list(&rows, text)?;
        Ok(Outcome::Done)
    }
}

/// By type, the best first.
fn rows(catalog: &Catalog, entity: &Entity, of_type: Option<ImageType>) -> anyhow::Result<Vec<Row>> {
    let guard = catalog.guard_of(entity.id)?;
    let files = catalog.cached_candidates_of(entity.id)?;
    let mut candidates = catalog.candidates_of(entity.id, None)?;
    candidates.retain(|candidate| {
        of_type.is_none_or(|of_type| {
            let image_type = candidate.image_type;
            image_type.kind() == of_type.kind() && (of_type.number() == 0 || image_type == of_type)
        })
    });
    candidates.sort_by(|one, other| {
        let score = |candidate: &Candidate| candidate.score.unwrap_or_default();
        let kind = |candidate: &Candidate| candidate.image_type.kind();
        kind(one).cmp(&kind(other)).then(score(other).total_cmp(&score(one))).then(one.id.cmp(&other.id))
    });
    let row = |candidate: Candidate| Row {
        id: candidate.id.get(),
        locked: guard.is_locked(&candidate.image_type.to_string()),
        sha256: files.iter().find(|(id, _)| *id == candidate.id).map(|(_, file)| file.picture.hash),
        provider: candidate.provider,
        r#type: candidate.image_type,
        url: candidate.url,
        width: candidate.width,
        height: candidate.height,
        language: candidate.language,
        vote_average: candidate.vote_average,
        vote_count: candidate.vote_count,
        score: candidate.score,
        score_parts: candidate.score_parts.and_then(|parts| serde_json::from_str(&parts).ok()),
        selected: candidate.is_selected,
        blocked: candidate.is_blocked,
        refused: candidate.refused,
    };
    Ok(candidates.into_iter().map(row).collect())
}

fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nothing has been offered; `posterfs enrich ITEM` asks the providers".to_owned();
    }
    let header =
        ["ID", "TYPE", "SCORE", "SIZE", "LANG", "VOTES", "PROVIDER", "STATE", "RES+SHAPE+LANG+VOTES+PROVIDER", "URL"];
    table(&header, rows.iter().map(cells))
}

fn cells(row: &Row) -> Vec<String> {
    let size = row.width.zip(row.height).map(|(width, height)| format!("{width}×{height}"));
    let votes = row.vote_average.zip(row.vote_count).map(|(average, count)| format!("{average:.1} ({count})"));
    let parts = row.score_parts.map(|parts| {
        let parts = [parts.resolution, parts.aspect, parts.language, parts.votes, parts.provider];
        parts.map(|part| format!("{part:.0}")).join("+")
    });
    vec![
        row.id.to_string(),
        row.r#type.to_string(),
        row.score.map(|score| format!("{score:.1}")).unwrap_or_default(),
        size.unwrap_or_default(),
        row.language.clone().unwrap_or_default(),
        votes.unwrap_or_default(),
        row.provider.clone(),
        state(row),
        parts.unwrap_or_default(),
        row.url.clone().unwrap_or_default(),
    ]
}

fn state(row: &Row) -> String {
    let states = [
        (row.selected, "selected".to_owned()),
        (row.selected && row.locked, "locked".to_owned()),
        (row.blocked, "blocked".to_owned()),
        (row.sha256.is_some() && !row.selected, "cached".to_owned()),
        (row.refused.is_some(), format!("refused: {}", row.refused.as_deref().unwrap_or_default())),
    ];
    states.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect::<Vec<_>>().join(", ")
}
