//! The story of an item as text: one screen, at most a hundred columns wide where no name is longer.

use std::collections::BTreeMap;

use crate::phase::{FieldLine, ImageStory, SelectedLine, Story, event_lines};

use super::super::history;
use super::super::output::counted;

/// How wide the text is, in columns. Paths are never cut.
const WIDTH: usize = 100;
/// How wide the words in front are.
const LABEL: usize = 12;

/// Everything about an item.
pub(super) fn text(item: &Story) -> String {
    let mut lines = header(item);
    if !item.fields.is_empty() {
        lines.push("metadata".to_owned());
        let width = item.fields.iter().map(|field| field.field.chars().count()).max().unwrap_or(0) + 2;
        lines.extend(item.fields.iter().map(|field| field_line(field, width)));
    }
    for (image_type, image) in &item.images {
        lines.extend(image_lines(item, image_type, image));
    }
    if item.images.is_empty() {
        lines.push(format!("no artwork; choose some with `posterfs select {} poster --file FILE`", item.id));
    }
    lines.extend(nfo_lines(item));
    lines.extend(others_shown(item));
    if !item.history.is_empty() {
        lines.push("history".to_owned());
        let table = history::text(&event_lines(&item.history));
        lines.extend(table.lines().map(|line| format!("  {}", cut(line, WIDTH - 2))));
    }
    lines.join("\n")
}

fn header(item: &Story) -> Vec<String> {
    let ids: Vec<_> = item.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect();
    let mut lines = vec![
        format!("{}: {} {} of library {}", plain(&item.name), item.r#type, item.id, item.library),
        labelled("at", &format!("{} (layout {})", item.path, item.layout)),
    ];
    if !ids.is_empty() {
        lines.push(labelled("ids", &ids.join(", ")));
    }
    if !item.monitored {
        lines.push(labelled("control", "not monitored: its artwork changes by hand only"));
    }
    if item.missing {
        lines.push(labelled("missing", "the last scan did not find it; everything it owns is kept"));
    }
    // Other locks are told with what they are on.
    let is_told = |field: &str| item.images.contains_key(field) || item.fields.iter().any(|one| one.field == field);
    let others = item.locks.iter().filter(|lock| !is_told(&lock.field));
    lines.extend(others.map(|lock| labelled("control", &format!("{}: {}", lock.field, lock.because))));
    for video in &item.videos {
        lines.push(labelled("video", &below(item, &video.path)));
        lines.push(labelled("", &video.details.to_string()));
    }
    lines
}

fn field_line(field: &FieldLine, width: usize) -> String {
    let list: Result<Vec<String>, _> = serde_json::from_str(&field.value);
    let whole = list.map_or_else(|_| field.value.clone(), |values| values.join(", "));
    let lock = if field.lock.is_empty() { String::new() } else { format!(", {}", field.lock) };
    let behind = format!(" [{}{lock}]", field.source);
    let room = WIDTH.saturating_sub(2 + width + behind.chars().count()).max(20);
    format!("  {:<width$}{}{behind}", field.field, cut(&plain(&whole), room))
}

fn image_lines(item: &Story, image_type: &str, image: &ImageStory) -> Vec<String> {
    let lock = if image.lock.is_empty() { String::new() } else { format!(", {}", image.lock) };
    let mut lines = match &image.selected {
        None => vec![format!("{image_type}: none selected{lock}")],
        Some(picture) => selected_lines(image_type, picture, &lock),
    };
    let selected = image.selected.as_ref().map(|picture| picture.sha256);
    match image.shown {
        Some(shown) if Some(shown) != selected => {
            lines.push(labelled("shown", &format!("{shown}; `posterfs publish` decides anew")));
        }
        None if selected.is_some() => lines.push(labelled("shown", "not published; `posterfs publish` shows it")),
        _ => {}
    }
    lines.extend(image.notes.iter().map(|note| labelled("note", note)));
    if image.alternative_count > 0 {
        lines.push(labelled("instead", &alternatives(image)));
    }
    lines.extend(names(item, image));
    let word = if image.shown.is_some() { "hides" } else { "original" };
    lines.extend(image.originals.iter().map(|path| labelled(word, &below(item, path))));
    lines
}

fn selected_lines(image_type: &str, picture: &SelectedLine, lock: &str) -> Vec<String> {
    let origin = picture.provider.as_ref().unwrap_or(&picture.source);
    let by = picture.author.as_ref().map(|author| format!(", chosen by {author}")).unwrap_or_default();
    let size = format!("{}×{}", picture.width, picture.height);
    let mut lines = vec![format!("{image_type}: {size} from {origin}{by}{lock}")];
    if let (Some(score), Some(parts)) = (picture.score, picture.score_parts) {
        let of = format!(
            "score {score:.1}: resolution {:.0}, shape {:.0}, language {:.0}, votes {:.0}, provider {:.0}",
            parts.resolution, parts.aspect, parts.language, parts.votes, parts.provider
        );
        lines.push(labelled("why", &of));
    }
    lines.extend(picture.url.as_ref().map(|url| labelled("from", &plain(url))));
    lines.push(labelled("sha256", &picture.sha256.to_string()));
    lines
}

fn alternatives(image: &ImageStory) -> String {
    let others = image.alternatives.iter().map(|other| {
        let score = other.score.map(|score| format!(" {score:.1}")).unwrap_or_default();
        format!("{} ({}{score})", other.id, other.provider)
    });
    let others = others.collect::<Vec<_>>().join(", ");
    let count = counted(image.alternative_count as u64, "other", "others");
    format!("{count} could be chosen: {others}")
}

/// Each name once, with the players that read it, and whether it is shown under it.
fn names(item: &Story, image: &ImageStory) -> Vec<String> {
    let mut players: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (player, names) in &image.names {
        names.iter().for_each(|name| players.entry(name).or_default().push(player));
    }
    let width = players.keys().map(|name| below(item, name).chars().count()).max().unwrap_or(0);
    let line = |(name, players): (&&str, &Vec<&str>)| {
        let is_shown = item.mappings.iter().any(|mapping| mapping.path == **name);
        let word = if is_shown { "shown as" } else { "not shown" };
        labelled(word, &format!("{:<width$}  {}", below(item, name), players.join(", ")))
    };
    players.iter().map(line).collect()
}

/// The metadata document of the item, and the metadata files that it hides.
fn nfo_lines(item: &Story) -> Vec<String> {
    let Some(nfo) = &item.nfo else { return Vec::new() };
    let head = match (nfo.published.is_empty(), nfo.outdated) {
        (true, _) => "nfo: none published",
        (false, true) => "nfo: published; what it tells has changed since, `posterfs publish` shows that",
        (false, false) => "nfo: published",
    };
    let merged = nfo.merged_with.iter().map(|name| labelled("merged", &format!("with what {} says", plain(name))));
    let word = if nfo.published.is_empty() { "original" } else { "hides" };
    let published = nfo.published.iter().map(|path| labelled("shown as", &below(item, path)));
    let originals = nfo.originals.iter().map(|path| labelled(word, &below(item, path)));
    std::iter::once(head.to_owned()).chain(published).chain(merged).chain(originals).collect()
}

/// What is shown under names that nothing of the above has: those of today's profiles have others.
fn others_shown(item: &Story) -> Vec<String> {
    let is_told =
        |path: &String| item.images.values().any(|image| image.names.values().flatten().any(|name| name == path));
    let others = item.mappings.iter().filter(|mapping| mapping.image_type.is_picture() && !is_told(&mapping.path));
    others.map(|mapping| format!("also shown: {} ({})", mapping.path, mapping.image_type)).collect()
}

fn labelled(label: &str, text: &str) -> String {
    format!("  {label:<LABEL$}{text}")
}

/// A path of the library as it is seen from the folder of the item.
fn below(item: &Story, path: &str) -> String {
    let of_file = item.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let inside = [item.path.as_str(), of_file].into_iter().filter(|folder| !folder.is_empty());
    let below = inside.filter_map(|folder| path.strip_prefix(folder)?.strip_prefix('/')).next();
    below.unwrap_or(path).to_owned()
}

/// Providers and files say what they like: nothing of it may steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As much of a text as fits.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_nothing_steers() {
        assert_eq!((cut("short", 10), cut("much longer", 5)), ("short".to_owned(), "much…".to_owned()));
        let field = FieldLine {
            field: "plot".to_owned(),
            value: format!("\u{1b}[2J{}", "x".repeat(500)),
            source: "tmdb".to_owned(),
            locked: true,
            lock: "locked by series 1".to_owned(),
        };
        let line = field_line(&field, 18);
        assert_eq!(line.chars().count(), WIDTH, "{line}");
        assert!(line.ends_with("… [tmdb, locked by series 1]") && !line.contains('\u{1b}'), "{line}");
    }
}
