//! `posterfs identify`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::library::{Identified, guessed_kind, identify};
use crate::model::{LibraryKind, show_bytes};

use super::Outcome;
use super::context::Context;

/// What the scanner makes of a path, without touching anything.
///
/// A path need not exist: its name is judged then. The rule that decided is told, so a film that `posterfs scan` does
/// not find, or finds under a wrong title, explains itself.
///
/// For example: `posterfs identify /media/films/*`, `posterfs identify --kind tv "/media/tv/Lost/Season 1/Lost - S01E01.mkv"`.
#[derive(Debug, Args)]
pub struct Identify {
    /// Folders and files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The kind of library they lie in. Default: that of the library that holds them, else as the
    /// path tells (`tv`, `Music`, `S01E02`, a track), else movies.
    #[arg(long)]
    kind: Option<LibraryKind>,
}

#[derive(Debug, Serialize)]
struct Line {
    path: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    season: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    episodes: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_episode: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ids: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<&'static str>,
    rule: &'static str,
    exists: bool,
}

impl Identify {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let libraries =
            if context.state.database().exists() { context.catalog_to_read()?.libraries()? } else { Vec::new() };
        let mut lines = Vec::new();
        let mut outcome = Outcome::Done;
        for path in &self.paths {
            let full = context.path_in_source(path);
            let library = libraries.iter().find(|library| full.starts_with(&library.path));
            let kind = self.kind.or(library.map(|library| library.kind)).unwrap_or_else(|| guessed_kind(&full));
            match identify(&full, kind, library.map(|library| library.path.as_path())) {
                Ok(identified) => lines.push(line(path, &identified)),
                Err(error) => {
                    eprintln!("error: {error}");
                    outcome = Outcome::Failed;
                }
            }
        }
        context.output.list(&lines, |lines| lines.iter().map(text).collect::<Vec<_>>().join("\n"))?;
        Ok(outcome)
    }
}

fn line(path: &std::path::Path, identified: &Identified) -> Line {
    let identity = &identified.identity;
    Line {
        path: show_bytes(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())),
        kind: identified.kind.as_str(),
        title: (!identity.title.is_empty()).then(|| identity.title.clone()),
        year: identity.year,
        season: identified.season,
        episodes: identified.episodes.clone(),
        last_episode: identified.last_episode(),
        date: identified.date.map(|date| date.to_string()),
        episode_title: identified.episode_title.clone(),
        artist: identified.artist.clone(),
        ids: identity.ids.iter().map(|(provider, value)| (provider.to_string(), value.clone())).collect(),
        extra: identified.extra,
        layout: identified.layout.map(crate::model::Layout::as_str),
        rule: identified.rule.as_str(),
        exists: identified.is_on_disk,
    }
}

fn text(line: &Line) -> String {
    let mut text = format!("{}\n  {}", line.path, line.kind);
    if let Some(title) = &line.title {
        text.push_str(&format!(": {title}"));
    }
    if let Some(year) = line.year {
        text.push_str(&format!(" ({year})"));
    }
    text.push_str(&numbers(line));
    for (provider, value) in &line.ids {
        text.push_str(&format!(" {provider}:{value}"));
    }
    if let Some(layout) = line.layout {
        text.push_str(&format!(", layout {layout}"));
    }
    text + &format!(", by rule `{}`", line.rule)
}

/// Season, episodes and day: ` season 1 episode 2-3`.
fn numbers(line: &Line) -> String {
    let mut text = String::new();
    if let Some(season) = line.season {
        text.push_str(&format!(", season {season}"));
    }
    let episodes: Vec<_> = line.episodes.iter().map(u16::to_string).collect();
    if !episodes.is_empty() {
        text.push_str(&format!(", episode {}", episodes.join(" and ")));
    }
    if let Some(date) = &line.date {
        text.push_str(&format!(", of {date}"));
    }
    text
}
