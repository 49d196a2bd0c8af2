//! Metadata documents: what is known of an item, put into what a metadata file of the tree says already.
//!
//! A document is made of parts ([`Part`]): one or several elements that tell one thing. Where the file tells it as well,
//! the [`Precedence`] of the part decides whose word stands. Everything else of the file stays as it is, byte by byte and in
//! its place; what the file lacks comes behind what it has.

use super::split::{self, Child, Root, Split};
use super::text;

/// An element of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Xml {
    pub(super) name: &'static str,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) content: Content,
}

/// What lies in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    Children(Vec<Xml>),
}

/// How elements of a file are recognised that tell the same as a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// The name in lower case.
    pub(super) name: &'static str,
    /// Attributes that they must have, in lower case; empty for those they must not have.
    pub(super) attributes: Vec<(&'static str, String)>,
}

/// Whose word stands where both say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precedence {
    /// Ours.
    Ours,
    /// That of the file.
    File,
}

/// Elements that tell one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) keys: Vec<Key>,
    /// Empty where we know nothing.
    pub(super) elements: Vec<Xml>,
    pub(super) precedence: Precedence,
    /// Whether what the file says goes where we know nothing: of a file that we wrote ourselves.
    pub(super) forgets: bool,
}

/// An entry of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The name of its root.
    pub(super) root: &'static str,
    /// For one of several episodes its number, by which its entry in the file is found.
    pub(super) episode: Option<u16>,
    pub(super) parts: Vec<Part>,
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
const INDENT: &str = "    ";

/// The element of ids. One of an entry is the one that Kodi goes by: `default="true"`.
pub(super) const UNIQUE_ID: &str = "uniqueid";

/// The document of these entries, put into `file` where there is one.
pub(super) fn compose(entries: &[Written], file: Option<&[u8]>) -> Vec<u8> {
    let text = file.map(|bytes| split::clean(&text::decode(bytes))).unwrap_or_default();
    let split = split::split(&text);
    let line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let places = places(entries, &split);
    let mut document = vec![DECLARATION.to_owned()];
    for (at, root) in split.roots.iter().enumerate() {
        document
            .extend(split.between.iter().filter(|(before, _)| *before == at).map(|(_, span)| split.copy(span.clone())));
        match places.iter().position(|place| *place == Some(at)) {
            Some(entry) => document.push(merged(&entries[entry], &split, root, line)),
            None if root.is_whole || root.is_empty => document.push(split.copy(root.span.clone())),
            None => {}
        }
    }
    let behind = split.between.iter().filter(|(before, _)| *before >= split.roots.len());
    document.extend(behind.map(|(_, span)| split.copy(span.clone())));
    let new = entries.iter().zip(&places).filter(|(_, place)| place.is_none());
    document.extend(new.map(|(entry, _)| fresh(entry, line)));
    document.extend(split.addresses.iter().map(|address| (*address).to_owned()));
    let mut document = document.join(line);
    document.push_str(line);
    document.into_bytes()
}

/// Which root of the file each entry goes into.
fn places(entries: &[Written], split: &Split<'_>) -> Vec<Option<usize>> {
    let mut taken = Vec::new();
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let is_free =
            |at: &usize| !taken.contains(at) && split.roots[*at].name == entry.root && !split.roots[*at].is_empty;
        let of_number = |at: &usize| entry.episode.is_none_or(|number| tells(&split.roots[*at], number));
        let free: Vec<usize> = (0..split.roots.len()).filter(is_free).collect();
        let found = free.iter().copied().find(of_number);
        // A file with one entry is of the one episode, whatever number it says.
        let found = found.or_else(|| free.first().copied().filter(|_| entries.len() == 1));
        taken.extend(found);
        places.push(found);
    }
    places
}

fn tells(root: &Root, episode: u16) -> bool {
    root.children.iter().any(|child| child.name == "episode" && child.text.parse() == Ok(episode))
}

/// The entry with the id marked that players are to go by: the one that the file marks, else the first.
fn with_default(entry: &Written, root: Option<&Root>) -> Written {
    let is_marked = |child: &&Child| child.name == UNIQUE_ID && child.attribute("default") == "true";
    let marked = root.and_then(|root| root.children.iter().find(is_marked)).map(|child| child.attribute("type"));
    let mut entry = entry.clone();
    let ids = entry.parts.iter_mut().flat_map(|part| &mut part.elements).filter(|element| element.name == UNIQUE_ID);
    for (at, id) in ids.enumerate() {
        let is_default = match &marked {
            Some(kind) => id.attributes.iter().any(|(name, value)| *name == "type" && value == kind),
            None => at == 0,
        };
        if is_default {
            id.attributes.push(("default", "true".to_owned()));
        }
    }
    entry
}

fn fresh(entry: &Written, line: &str) -> String {
    let entry = with_default(entry, None);
    let elements = entry.parts.iter().flat_map(|part| &part.elements);
    let lines = elements.map(|element| format!("{INDENT}{}{line}", element.shown(INDENT, INDENT, line)));
    format!("<{0}>{line}{1}</{0}>", entry.root, lines.collect::<String>())
}

/// The root of the file with our parts in it.
fn merged(entry: &Written, split: &Split<'_>, root: &Root, line: &str) -> String {
    let entry = &with_default(entry, Some(root));
    let indent = indent_of(split, root).unwrap_or_else(|| INDENT.to_owned());
    let shown = |part: &Part| -> Vec<String> {
        part.elements.iter().map(|element| element.shown(&indent, INDENT, line)).collect()
    };
    let separator = format!("{line}{indent}");
    let mut document = split.copy(root.start.clone());
    let mut at = root.start.end;
    let mut is_told = vec![false; entry.parts.len()];
    for child in &root.children {
        let space = split.copy(at..child.span.start);
        at = child.span.end;
        let part = entry.parts.iter().position(|part| part.keys.iter().any(|key| key.is_of(child)));
        match part.map(|number| (number, fate(&entry.parts[number], root, child))) {
            None | Some((_, Fate::Stays { is_told: false })) => {
                document.push_str(&space);
                document.push_str(&split.copy(child.span.clone()));
            }
            Some((number, Fate::Stays { is_told: true })) => {
                is_told[number] = true;
                document.push_str(&space);
                document.push_str(&split.copy(child.span.clone()));
            }
            Some((number, Fate::Replaced)) if !is_told[number] => {
                is_told[number] = true;
                document.push_str(&space);
                document.push_str(&shown(&entry.parts[number]).join(&separator));
            }
            // What comes where the first one stood is told there; comments before it stay.
            Some((_, Fate::Replaced | Fate::Goes)) => document.push_str(space.trim_end()),
        }
    }
    let rest = split.copy(at..root.end);
    document.push_str(rest.trim_end());
    for (part, _) in entry.parts.iter().zip(&is_told).filter(|(_, is_told)| !**is_told) {
        for element in shown(part) {
            document.push_str(&separator);
            document.push_str(&element);
        }
    }
    format!("{document}{line}</{}>", root.spelling)
}

/// What becomes of an element of the file that tells the same as a part.
enum Fate {
    /// It stays; whether it tells something, so that ours is not needed.
    Stays { is_told: bool },
    /// Ours comes in its place.
    Replaced,
    /// It goes.
    Goes,
}

fn fate(part: &Part, root: &Root, child: &Child) -> Fate {
    let all = || root.children.iter().filter(|child| part.keys.iter().any(|key| key.is_of(child)));
    match part.precedence {
        _ if part.elements.is_empty() && part.forgets => Fate::Goes,
        _ if part.elements.is_empty() => Fate::Stays { is_told: false },
        Precedence::Ours if is_same(part, &all().collect::<Vec<_>>()) => Fate::Stays { is_told: true },
        Precedence::Ours => Fate::Replaced,
        Precedence::File if all().all(Child::is_empty) => Fate::Replaced,
        Precedence::File => Fate::Stays { is_told: !child.is_empty() },
    }
}

/// Whether the file says word for word what we say, so that it can stay as it is.
fn is_same(part: &Part, children: &[&Child]) -> bool {
    let is_one = |(element, child): (&Xml, &&Child)| match &element.content {
        Content::Text(text) => {
            let attributes =
                element.attributes.iter().all(|(name, value)| child.attribute(name) == value.to_lowercase());
            attributes && !child.has_children && child.name == element.name.to_lowercase() && child.text == text.trim()
        }
        Content::Children(_) => false,
    };
    part.elements.len() == children.len() && part.elements.iter().zip(children).all(is_one)
}

/// What stands before the first element of a root on its line.
fn indent_of(split: &Split<'_>, root: &Root) -> Option<String> {
    let before = split.copy(root.start.end..root.children.first()?.span.start);
    let (_, indent) = before.rsplit_once('\n')?;
    indent.chars().all(|c| c == ' ' || c == '\t').then(|| indent.to_owned())
}

impl Key {
    fn is_of(&self, child: &Child) -> bool {
        child.name == self.name && self.attributes.iter().all(|(name, value)| child.attribute(name) == *value)
    }
}

impl Xml {
    /// An element with a text.
    pub(super) fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, attributes: Vec::new(), content: Content::Text(text.into()) }
    }

    /// An element with others in it.
    pub(super) fn of(name: &'static str, children: Vec<Self>) -> Self {
        Self { name, attributes: Vec::new(), content: Content::Children(children) }
    }

    /// The same with an attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// As it stands in a document, behind `indent`; what lies in it is indented by `step` more.
    fn shown(&self, indent: &str, step: &str, line: &str) -> String {
        let attributes: String =
            self.attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value, true))).collect();
        let open = format!("<{}{attributes}>", self.name);
        match &self.content {
            Content::Text(text) => format!("{open}{}</{}>", escaped(text, false), self.name),
            Content::Children(children) => {
                let deeper = format!("{indent}{step}");
                let lines = children.iter().map(|child| format!("{line}{deeper}{}", child.shown(&deeper, step, line)));
                format!("{open}{}{line}{indent}</{}>", lines.collect::<String>(), self.name)
            }
        }
    }
}

/// What XML cannot hold is left out. Carriage returns are written as numbers, as parsers take them for line ends otherwise.
fn escaped(text: &str, is_attribute: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|&c| split::is_allowed(c)) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' if is_attribute => escaped.push_str("&quot;"),
            '\n' | '\t' if is_attribute => escaped.push(' '),
            '\r' => escaped.push_str("&#13;"),
            c => escaped.push(c),
        }
    }
    escaped
}
