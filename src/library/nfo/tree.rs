//! From text to elements. Tags that are closed in the wrong order, or not at all, are closed where their parents end.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::NfoProblem;

/// More elements are passed over.
const ELEMENTS_MAX: usize = 20_000;
/// Elements that lie deeper are passed over.
const DEPTH_MAX: usize = 16;
/// More text of one element is passed over, in bytes.
const TEXT_BYTES_MAX: usize = 32 << 10;
/// More attributes of one element are passed over.
const ATTRIBUTES_MAX: usize = 32;

/// An element of XML.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its name in lower case, without prefix.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Its own text, without that of its children.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The elements that lie in no other.
    pub(super) elements: Vec<Element>,
    /// The text that lies in no element.
    pub(super) outside: String,
    pub(super) problems: Vec<NfoProblem>,
}

impl Element {
    /// The children of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of that name.
    pub(super) fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Its text without the space around it; `None` where there is none.
    pub(super) fn trimmed(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The attribute of that name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }
}

/// The elements of a text.
pub(super) fn parse(text: &str) -> Tree {
    let mut builder = Builder { tree: Tree::default(), open: Vec::new(), count: 0, too_deep: 0, has_too_many: false };
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => builder.take(event),
            Err(error) => {
                builder
                    .tree
                    .problems
                    .push(NfoProblem::Broken { at: reader.error_position(), reason: error.to_string() });
                // Addresses stand behind the XML more often than anywhere.
                let rest = usize::try_from(reader.error_position()).ok().and_then(|at| text.get(at..));
                builder.tree.outside.push_str(rest.unwrap_or_default());
                break;
            }
        }
    }
    builder.finish()
}

struct Builder {
    tree: Tree,
    open: Vec<Element>,
    /// How many elements were closed.
    count: usize,
    /// How many elements are open that lie too deeply to be kept.
    too_deep: usize,
    has_too_many: bool,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(start) => self.open(&start),
            Event::Empty(start) => {
                self.open(&start);
                self.close_newest();
            }
            Event::End(_) if self.too_deep > 0 => self.too_deep -= 1,
            Event::End(end) => self.close(&end.local_name().as_ref().to_lowercase()),
            Event::Text(text) => self.add(&text.xml10_content()),
            Event::CData(text) => self.add(&text.xml10_content()),
            Event::GeneralRef(reference) => self.add(&resolved(&reference)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {}
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) {
        if self.open.len() >= DEPTH_MAX {
            self.too_deep += 1;
            self.has_too_many = true;
            return;
        }
        let attributes = start.attributes().take(ATTRIBUTES_MAX).filter_map(Result::ok).map(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or_else(|_| attribute.value.clone());
            (attribute.key.local_name().as_ref().to_lowercase(), value.into_owned())
        });
        let name = start.local_name().as_ref().to_lowercase();
        self.open.push(Element { name, attributes: attributes.collect(), ..Element::default() });
    }

    fn close_newest(&mut self) {
        match self.too_deep {
            0 => self.close_last(),
            _ => self.too_deep -= 1,
        }
    }

    fn close(&mut self, name: &str) {
        let Some(place) = self.open.iter().rposition(|element| element.name == name) else { return };
        while self.open.len() > place {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        let Some(element) = self.open.pop() else { return };
        self.count += 1;
        if self.count > ELEMENTS_MAX {
            self.has_too_many = true;
            return;
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.tree.elements.push(element),
        }
    }

    fn add(&mut self, text: &str) {
        if self.too_deep > 0 {
            return;
        }
        let own = self.open.last_mut().map_or(&mut self.tree.outside, |element| &mut element.text);
        let room = TEXT_BYTES_MAX.saturating_sub(own.len()).min(text.len());
        let whole = (0..=room).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        own.push_str(&text[..whole]);
    }

    fn finish(mut self) -> Tree {
        while !self.open.is_empty() {
            self.close_last();
        }
        if self.has_too_many {
            self.tree.problems.push(NfoProblem::TooMany);
        }
        self.tree
    }
}

/// `&amp;`, `&#228;`. What is not known (`&nbsp;`) is kept as it stands.
fn resolved(reference: &BytesRef<'_>) -> String {
    let name = reference.xml10_content();
    match (reference.resolve_char_ref(), resolve_xml_entity(&name)) {
        (Ok(Some(c)), _) => c.to_string(),
        (_, Some(text)) => text.to_owned(),
        _ if name == "nbsp" => " ".to_owned(),
        _ => format!("&{name};"),
    }
}
