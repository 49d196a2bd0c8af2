//! `posterfs show`

use clap::Args;

use crate::model::ItemRef;
use crate::phase::{FieldLine, ImageStory, SelectedLine, Story, story};

use super::Outcome;
use super::context::Context;
use super::history;
use super::item;
use super::output::counted;

/// More of a text does not fit into a line.
const VALUE_WIDTH: usize = 70;

/// The whole story of one item.
///
/// What it is and who says so, what is locked and why; of each type of picture what is chosen, how good it is
/// (docs/scoring.md tells the parts of a score), what could be chosen instead, what it is called for each player, and which
/// pictures of the tree it hides; what happened to it lately.
///
/// For example: `posterfs show "Heat (1995)"`, `posterfs show tmdb:949`, `posterfs show /media/films/Heat`.
#[derive(Debug, Args)]
pub struct Show {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
}

impl Show {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let entity = item::find(context, &catalog, &self.item)?;
        context.output.result(&story(&catalog, &entity)?, text)?;
        Ok(Outcome::Done)
    }
}

fn text(item: &Story) -> String {
    let year = item.year.map(|year| format!(" ({year})")).unwrap_or_default();
    let ids: Vec<_> = item.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect();
    let mut lines = vec![
        format!("{} {}: {}{year}{}", item.r#type, item.id, item.title, numbers(item.season, item.episode)),
        format!("  in library {}, layout {}: {}", item.library, item.layout, item.path),
    ];
    if !ids.is_empty() {
        lines.push(format!("  ids: {}", ids.join(", ")));
    }
    if !item.monitored {
        lines.push("  not monitored: its artwork changes by hand only".to_owned());
    }
    if item.missing {
        lines.push("  missing: the last scan did not find it; everything it owns is kept".to_owned());
    }
    lines.extend(item.videos.iter().map(|video| format!("  video: {}: {}", video.path, video.details)));
    lines.extend(item.fields.iter().map(field_line));
    // Other locks are told with what they are on.
    let is_told = |field: &str| item.images.contains_key(field) || item.fields.iter().any(|one| one.field == field);
    let others = item.locks.iter().filter(|lock| !is_told(&lock.field));
    lines.extend(others.map(|lock| format!("  {}: {}", lock.field, lock.because)));
    for (image_type, image) in &item.images {
        lines.extend(image_lines(image_type, image));
    }
    if item.images.is_empty() {
        lines.push(format!("  no artwork; choose some with `posterfs select {} poster --file FILE`", item.id));
    }
    lines.extend(item.mappings.iter().map(|mapping| format!("  published: {} ({})", mapping.path, mapping.image_type)));
    if !item.history.is_empty() {
        let table = history::text(&history::of_item(&item.history));
        lines.extend(table.lines().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

/// The numbers of a season or episode, as people write them.
fn numbers(season: Option<u16>, episode: Option<u16>) -> String {
    match (season, episode) {
        (Some(season), Some(episode)) => format!(" (S{season:02}E{episode:02})"),
        (Some(season), None) => format!(" (S{season:02})"),
        _ => String::new(),
    }
}

fn field_line(field: &FieldLine) -> String {
    let list: Result<Vec<String>, _> = serde_json::from_str(&field.value);
    let whole = list.map_or_else(|_| field.value.clone(), |values| values.join(", "));
    // Providers and files say what they like: nothing of it may steer a terminal.
    let mut value: String = whole.chars().map(|c| if c.is_control() { ' ' } else { c }).take(VALUE_WIDTH).collect();
    if whole.chars().count() > VALUE_WIDTH {
        value.push('…');
    }
    let lock = if field.lock.is_empty() { String::new() } else { format!(", {}", field.lock) };
    format!("  {}: {value} [{}{lock}]", field.field, field.source)
}

fn image_lines(image_type: &str, image: &ImageStory) -> Vec<String> {
    let lock = if image.lock.is_empty() { String::new() } else { format!(", {}", image.lock) };
    let mut lines = match &image.selected {
        None => vec![format!("  {image_type}: none selected{lock}")],
        Some(picture) => selected_lines(image_type, picture, &lock),
    };
    let selected = image.selected.as_ref().map(|picture| picture.sha256);
    match image.shown {
        Some(shown) if Some(shown) != selected => {
            lines.push(format!("    shown is {shown}; `posterfs publish` decides anew"));
        }
        None if selected.is_some() => lines.push("    not published; `posterfs publish` shows it".to_owned()),
        _ => {}
    }
    lines.extend(image.notes.iter().map(|note| format!("    {note}")));
    if image.alternative_count > 0 {
        let others = image.alternatives.iter().map(|other| {
            let score = other.score.map(|score| format!(" {score:.1}")).unwrap_or_default();
            format!("{} ({}{score})", other.id, other.provider)
        });
        let others = others.collect::<Vec<_>>().join(", ");
        let count = counted(image.alternative_count as u64, "other", "others");
        lines.push(format!("    {count} could be chosen: {others}"));
    }
    lines.extend(image.names.iter().map(|(player, names)| format!("    for {player}: {}", names.join(", "))));
    let word = if image.shown.is_some() { "hidden original" } else { "original" };
    lines.extend(image.originals.iter().map(|path| format!("    {word}: {path}")));
    lines
}

fn selected_lines(image_type: &str, picture: &SelectedLine, lock: &str) -> Vec<String> {
    let origin = picture.url.as_ref().or(picture.provider.as_ref()).unwrap_or(&picture.source);
    let by = picture.author.as_ref().map(|author| format!(", chosen by {author}")).unwrap_or_default();
    let mut lines = vec![
        format!("  {image_type}: {}×{} from {origin}{by}{lock}", picture.width, picture.height),
        format!("    {}", picture.sha256),
    ];
    if let (Some(score), Some(parts)) = (picture.score, picture.score_parts) {
        lines.push(format!(
            "    score {score:.1}: resolution {:.0}, shape {:.0}, language {:.0}, votes {:.0}, provider {:.0}",
            parts.resolution, parts.aspect, parts.language, parts.votes, parts.provider
        ));
    }
    lines
}
