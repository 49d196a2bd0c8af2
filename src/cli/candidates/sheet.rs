//! Candidates on a page: one HTML file with everything in it.
//!
//! Texts come from providers and files, so each is escaped, nothing on the page is a script, and its policy lets a browser
//! load nothing from anywhere: looking at it tells nobody.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::config::has_display;
use crate::phase::Seen;

use super::row::{Row, row_parts};

const STYLE: &str = include_str!("sheet.css");

/// What is on the page.
pub(super) struct Sheet<'a> {
    pub(super) item: i64,
    pub(super) title: &'a str,
    pub(super) kind: &'a str,
    pub(super) rows: &'a [Row],
    /// The picture of each row.
    pub(super) seen: &'a [Seen],
}

impl Sheet<'_> {
    /// The page.
    pub(super) fn html(&self) -> String {
        let style_hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        let title = escaped(self.title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'sha256-{style_hash}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}: candidates</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<h1><bdi>{title}</bdi></h1>\n\
             <p>{} {}: what could be chosen. Type the command below a picture to choose it; <small>a choice is locked until \
             you choose again or unlock it, and <b>posterfs publish</b> shows it.</small></p>\n",
            escaped(self.kind),
            self.item
        );
        let both: Vec<(&Row, &Seen)> = self.rows.iter().zip(self.seen).collect();
        if both.is_empty() {
            let _ = write!(page, "<p>Nothing has been offered.</p>\n<code>posterfs enrich {}</code>\n", self.item);
        }
        for of_type in both.chunk_by(|(one, _), (other, _)| one.r#type.kind() == other.r#type.kind()) {
            let Some((first, _)) = of_type.first() else { continue };
            let _ = write!(page, "<h2>{} <small>{}</small></h2>\n<ul>\n", first.r#type.kind().as_str(), of_type.len());
            of_type.iter().for_each(|(row, seen)| self.card(&mut page, row, seen));
            page.push_str("</ul>\n");
        }
        page.push_str("</body>\n</html>\n");
        page
    }

    fn card(&self, page: &mut String, row: &Row, seen: &Seen) {
        let class =
            [(row.selected, "selected"), (row.blocked, "blocked")].map(|(holds, word)| if holds { word } else { "" });
        let _ =
            write!(page, "<li class=\"{}\">\n<div class=\"picture\">{}</div>\n", class.join(" "), picture(row, seen));
        let states = row.states().into_iter().map(|state| {
            let word = state.split(':').next().unwrap_or_default();
            format!("<span class=\"{}\">{}</span>", escaped(word), escaped(&state))
        });
        let _ = writeln!(page, "<div class=\"states\">{}</div>", states.collect::<String>());
        let facts = [row.size(), row.language.clone(), row.votes()];
        let facts: Vec<String> = facts.into_iter().flatten().chain([row.provider.clone()]).collect();
        let _ = writeln!(page, "<p>{}</p>", escaped(&facts.join(" · ")));
        if let Some(score) = row.score {
            let _ =
                writeln!(page, "<p><meter min=\"0\" max=\"100\" value=\"{score:.1}\"></meter> score {score:.1}</p>");
        }
        if let Some(parts) = &row.score_parts {
            let cells = row_parts(parts).map(|(word, part)| format!("<tr><td>{word}</td><td>{part:.0}</td></tr>"));
            let _ = writeln!(page, "<table class=\"parts\">{}</table>", cells.concat());
        }
        if let Some(url) = &row.url {
            let _ = writeln!(page, "<p><small>{}</small></p>", escaped(url));
        }
        let _ = writeln!(page, "<div class=\"commands\">{}</div>\n</li>", self.commands(row));
    }

    /// What to type to choose it, and to have it out of the way or back.
    fn commands(&self, row: &Row) -> String {
        let select = format!("<code>posterfs select {} {} {}</code>", self.item, row.r#type, row.id);
        let block = if row.blocked { "unblock" } else { "block" };
        let block = format!("<code>posterfs {block} {}</code>", row.id);
        if row.selected { block } else { select + &block }
    }
}

fn picture(row: &Row, seen: &Seen) -> String {
    let encoded =
        seen.as_ref().map_err(Clone::clone).and_then(|small| small.encode().map_err(|error| error.to_string()));
    match encoded {
        Ok((format, bytes)) => {
            let data = STANDARD.encode(bytes);
            let mime = format.mime();
            format!("<img alt=\"candidate {}\" src=\"data:{mime};base64,{data}\">", row.id)
        }
        Err(why) => format!("<span class=\"none\">no picture: {}</span>", escaped(&why)),
    }
}

/// Text as text: nothing of it means anything to a browser, and nothing of it turns the direction of what follows.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Writes the page: into the file that was named, which it replaces whole, or into one of its own.
pub(super) fn write(html: &str, file: Option<&Path>, item: i64) -> anyhow::Result<PathBuf> {
    let folder = match file {
        Some(file) => {
            file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
        }
        None => std::env::temp_dir(),
    };
    let failed = || format!("cannot write a page into {}; name another file: --open=FILE", folder.display());
    let mut page = tempfile::Builder::new()
        .prefix(&format!("posterfs-candidates-{item}-"))
        .suffix(".html")
        .tempfile_in(&folder)
        .with_context(failed)?;
    page.write_all(html.as_bytes()).with_context(failed)?;
    let path = match file {
        Some(file) => page.persist(file).map(|_| file.to_owned()).map_err(|error| error.error).with_context(failed)?,
        None => page.keep().map_err(|error| error.error).with_context(failed)?.1,
    };
    Ok(std::path::absolute(&path).unwrap_or(path))
}

/// Opens a page where there is a display and `xdg-open`; whether that could be begun.
pub(super) fn open_in_browser(path: &Path) -> bool {
    if !has_display() {
        return false;
    }
    let mut open = Command::new("xdg-open");
    open.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}

#[cfg(test)]
mod tests;
