//! A candidate as it is told.

use crate::score::Parts;

pub(super) use crate::phase::CandidateLine as Row;

use super::super::output::table;

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
