//! Results on stdout: text for people, JSON for programs.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::control::{Caller, Frame, Holder};
use crate::model::show_bytes;
use crate::phase::Progress;
use crate::work::Attendant;

use super::progress::{Bar, Told};

/// Where results go, and in which form.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
    quiet: bool,
    shows_progress: bool,
    /// Who asked for it, where that is another process.
    caller: Option<Arc<Caller>>,
}

impl Output {
    /// Output in JSON or text; quiet output shows no progress.
    pub fn new(json: bool, quiet: bool) -> Self {
        let shows_progress = !quiet && !json && io::IsTerminal::is_terminal(&io::stderr());
        Self { json, quiet, shows_progress, caller: None }
    }

    /// The same for another process, which shows it.
    pub fn of_caller(json: bool, quiet: bool, shows_progress: bool, caller: Arc<Caller>) -> Self {
        Self { json, quiet, shows_progress, caller: Some(caller) }
    }

    /// Whether programs read it.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress may be shown: to a terminal, unless asked to be quiet.
    pub fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    /// One result: a JSON document, or its text.
    pub fn result<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let line = if self.json { serde_json::to_string(value)? } else { harmless(&text(value)) };
        self.print(&line)
    }

    /// A list: JSON lines, or one text for all.
    pub fn list<T: Serialize>(&self, values: &[T], text: impl FnOnce(&[T]) -> String) -> anyhow::Result<()> {
        if !self.json {
            return self.print(&harmless(&text(values)));
        }
        values.iter().try_for_each(|value| self.print(&serde_json::to_string(value)?))
    }

    /// What is no result: problems on the way, for people.
    pub fn complain(&self, text: &str) {
        match &self.caller {
            Some(caller) => caller.tell(&Frame::Err(format!("{text}\n"))),
            None => eprintln!("{text}"),
        }
    }

    fn print(&self, text: &str) -> anyhow::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let line = format!("{}\n", text.trim_end());
        match &self.caller {
            Some(caller) => {
                caller.tell(&Frame::Out(line));
                Ok(())
            }
            None => print(&line),
        }
    }
}

/// Text that steers no terminal: names of files, titles, and what programs call themselves come from anywhere. Lines and
/// columns stay.
pub fn harmless(text: &str) -> String {
    let is_harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

impl Attendant for Output {
    fn progress(&self, noun: &'static str) -> Box<dyn Progress + '_> {
        match &self.caller {
            Some(caller) => Box::new(Told { caller, noun, is_shown: self.shows_progress }),
            None => Box::new(Bar::new(self, noun)),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.is_stopped())
    }

    fn waits_for(&self, what: &'static str, holder: Holder) {
        if !self.quiet {
            self.complain(&format!("waiting for another `{what}` to end ({holder})"));
        }
    }
}

/// Prints. Whoever reads us may stop reading (`posterfs list | head`): that is no failure.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// An error with its causes in one sentence, none of them told twice.
pub fn one_line(error: &anyhow::Error) -> String {
    let mut sentence = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    harmless(&without_numbers(&sentence).replace('\n', " "))
}

/// Takes the ` (os error 13)` away that the standard library appends: the words before it say the same.
pub fn without_numbers(sentence: &str) -> String {
    let mut pieces = sentence.split(" (os error ");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let after = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        match after.strip_prefix(')') {
            Some(after) => kept.push_str(after),
            None => kept.extend([" (os error ", piece]),
        }
    }
    kept
}

/// A path for people and for JSON, which both need text: other bytes are shown as `\xff`.
pub fn show_path(path: &Path) -> String {
    show_bytes(path.as_os_str().as_bytes())
}

/// A number of things.
pub fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Columns of text without lines between them.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header.to_vec());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A time for people: local, to the second.
pub fn local_time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// A size for people.
pub fn byte_size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_instead() {
        assert_eq!(harmless("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(harmless("\u{1b}[2J\r\u{9b}x"), "\\u{1b}[2J\\r\\u{9b}x");
        let error = anyhow::anyhow!("cannot open \u{1b}]0;x");
        assert_eq!(one_line(&error), "cannot open \\u{1b}]0;x");
    }

    #[test]
    fn an_error_is_one_sentence_without_repetitions_and_numbers() {
        let cause = std::io::Error::from_raw_os_error(13);
        let error = anyhow::Error::new(cause).context("cannot open /media (os error film)\nnow");
        assert_eq!(one_line(&error), "cannot open /media (os error film) now: Permission denied");
        let error = anyhow::anyhow!("cannot read a: {}; look", std::io::Error::from_raw_os_error(2));
        assert_eq!(one_line(&error), "cannot read a: No such file or directory; look");
    }
}
