//! From the text of a metadata file to its pieces, so that what is not ours can be copied byte by byte.
//!
//! Unlike [`super::tree`], which reads what it can of anything, this keeps only what can stand in a document again: whole
//! elements with proper tags. At the first mistake it ends; what came before stays. Small mistakes that parsers of players
//! stumble over (a lone `&`, `&nbsp;`) are mended in the copy.

use std::ops::Range;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// More pieces of one file are not looked at.
const PIECES_MAX: usize = 20_000;
/// The longest line with an address that is kept, in bytes.
const ADDRESS_LINE_MAX: usize = 2048;

/// A metadata file in pieces.
#[derive(Debug, Default)]
pub(super) struct Split<'a> {
    text: &'a str,
    /// The elements that lie in no other, in their order.
    pub(super) roots: Vec<Root>,
    /// Comments and processing instructions that lie in no element: each with how many roots come before it.
    pub(super) between: Vec<(usize, Range<usize>)>,
    /// Lines with addresses that lie in no element.
    pub(super) addresses: Vec<&'a str>,
    /// What is copied differently: where, and as what.
    mends: Vec<(Range<usize>, String)>,
}

/// An element that lies in no other.
#[derive(Debug)]
pub(super) struct Root {
    /// Its name in lower case, without prefix.
    pub(super) name: String,
    /// Its name as it stands there.
    pub(super) spelling: String,
    /// From the beginning of its first tag to the end of its last one, or to where reading ended.
    pub(super) span: Range<usize>,
    /// Its first tag.
    pub(super) start: Range<usize>,
    /// What lies directly in it.
    pub(super) children: Vec<Child>,
    /// Where its last tag begins, or where what can be kept of it ends.
    pub(super) end: usize,
    /// Whether it is whole and has a first and a last tag.
    pub(super) is_whole: bool,
    /// Whether it is one tag.
    pub(super) is_empty: bool,
}

/// An element that lies directly in a root.
#[derive(Debug)]
pub(super) struct Child {
    /// Its name in lower case, without prefix.
    pub(super) name: String,
    /// Names in lower case and values.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) span: Range<usize>,
    /// Its text, trimmed.
    pub(super) text: String,
    /// Whether other elements lie in it.
    pub(super) has_children: bool,
}

impl Child {
    /// The value of an attribute in lower case; empty where it has none of that name.
    pub(super) fn attribute(&self, name: &str) -> String {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim().to_lowercase()).unwrap_or_default()
    }

    /// Whether it tells nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.has_children
    }
}

impl Split<'_> {
    /// A part of the text as it stands, mistakes mended.
    pub(super) fn copy(&self, span: Range<usize>) -> String {
        let mut copy = String::with_capacity(span.len());
        let mut at = span.start;
        let first = self.mends.partition_point(|(mend, _)| mend.start < span.start);
        for (mend, instead) in self.mends[first..].iter().take_while(|(mend, _)| mend.end <= span.end) {
            copy.push_str(&self.text[at..mend.start]);
            copy.push_str(instead);
            at = mend.end;
        }
        copy.push_str(&self.text[at..span.end]);
        copy
    }
}

/// The text without what no XML may hold.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter(|&c| is_allowed(c)).collect()
}

/// Whether XML may hold a character.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Splits a text, which has no characters that XML may not hold ([`clean`]).
pub(super) fn split(text: &str) -> Split<'_> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut builder = Builder { split: Split { text, ..Split::default() }, open: Vec::new(), count: 0 };
    while builder.count < PIECES_MAX {
        let from = position(&reader);
        let Ok(event) = reader.read_event() else { break };
        if matches!(event, Event::Eof) || builder.take(&event, from..position(&reader)).is_none() {
            break;
        }
    }
    builder.finish()
}

/// Whether that is the name of a processing instruction: of letters, digits and a few signs, and not that of declarations.
fn has_name(target: &str) -> bool {
    let is_sign = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    target.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && target.chars().all(is_sign)
        && !target.eq_ignore_ascii_case("xml")
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

struct Builder<'a> {
    split: Split<'a>,
    /// The names of elements that are open, as they stand there.
    open: Vec<String>,
    count: usize,
}

impl<'a> Builder<'a> {
    /// `None` where what comes cannot be kept.
    fn take(&mut self, event: &Event<'_>, span: Range<usize>) -> Option<()> {
        self.count += 1;
        match event {
            Event::Start(start) => self.start(start, span, false)?,
            Event::Empty(start) => self.start(start, span, true)?,
            Event::End(_) => self.end(&span),
            Event::Text(_) if self.open.is_empty() => self.note_addresses(span),
            Event::Text(text) => {
                let raw = self.split.text.get(span.clone())?;
                if raw.starts_with('&') {
                    self.split.mends.push((span.start..span.start + 1, "&amp;".to_owned()));
                }
                self.add(&text.xml10_content());
            }
            Event::GeneralRef(reference) if !self.open.is_empty() => {
                let name = reference.xml10_content();
                match (reference.resolve_char_ref(), resolve_xml_entity(&name)) {
                    (Ok(Some(c)), _) if is_allowed(c) => self.add(&c.to_string()),
                    (Ok(None), Some(known)) => self.add(known),
                    (Ok(None), None) if name == "nbsp" => self.mend(span, "&#160;".to_owned(), "\u{a0}"),
                    (Ok(None), None) => self.mend(span, format!("&amp;{name};"), &format!("&{name};")),
                    _ => self.mend(span, String::new(), ""),
                }
            }
            Event::CData(text) => self.add(&text.xml10_content()),
            // What begins like a declaration and is none would be read as one the next time.
            Event::PI(instruction) if !has_name(instruction.target()) => {}
            Event::Comment(_) | Event::PI(_) if self.open.is_empty() => {
                self.split.between.push((self.split.roots.len(), span));
            }
            _ => {}
        }
        Some(())
    }

    fn start(&mut self, start: &BytesStart<'_>, span: Range<usize>, is_empty: bool) -> Option<()> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            attributes.push((attribute.key.local_name().as_ref().to_lowercase(), value.into_owned()));
        }
        let spelling = start.name().as_ref().to_owned();
        let name = start.local_name().as_ref().to_lowercase();
        match (self.open.len(), self.split.roots.last_mut()) {
            (0, _) => self.split.roots.push(Root {
                name,
                spelling: spelling.clone(),
                start: span.clone(),
                end: span.end,
                span,
                children: Vec::new(),
                is_whole: false,
                is_empty,
            }),
            (1, Some(root)) => {
                let child_end = span.end;
                let child = Child { name, attributes, span, text: String::new(), has_children: false };
                root.children.push(child);
                if is_empty {
                    root.end = child_end;
                }
            }
            (_, Some(root)) => root.children.last_mut()?.has_children = true,
            (_, None) => {}
        }
        if !is_empty {
            self.open.push(spelling);
        }
        Some(())
    }

    fn end(&mut self, span: &Range<usize>) {
        self.open.pop();
        let Some(root) = self.split.roots.last_mut() else { return };
        match self.open.len() {
            0 => (root.end, root.span.end, root.is_whole) = (span.start, span.end, true),
            1 => {
                if let Some(child) = root.children.last_mut() {
                    child.span.end = span.end;
                    root.end = span.end;
                }
            }
            _ => {}
        }
    }

    fn mend(&mut self, span: Range<usize>, instead: String, meant: &str) {
        self.split.mends.push((span, instead));
        self.add(meant);
    }

    /// Text of an element that lies directly in a root.
    fn add(&mut self, text: &str) {
        let child = self.split.roots.last_mut().and_then(|root| root.children.last_mut());
        if let Some(child) = child.filter(|_| self.open.len() == 2) {
            child.text.push_str(text);
        }
    }

    /// Lines with addresses, as they stand there.
    fn note_addresses(&mut self, span: Range<usize>) {
        let text = self.split.text;
        // An `&` in an address ends a text; the line goes on.
        let begin = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let begin = self.split.roots.last().map_or(begin, |root| begin.max(root.span.end));
        let end = text[span.end..].find(['\n', '<']).map_or(text.len(), |at| span.end + at);
        for line in text[begin..end].lines().map(str::trim) {
            let is_address = line.contains("://") && line.len() <= ADDRESS_LINE_MAX && !line.contains('<');
            if is_address && !self.split.addresses.contains(&line) {
                self.split.addresses.push(line);
            }
        }
    }

    /// Of a root that is still open, what is whole in it is kept; of an element in it, nothing.
    fn finish(mut self) -> Split<'a> {
        if let Some(root) = self.split.roots.last_mut().filter(|_| self.open.len() > 1) {
            root.children.pop();
        }
        for child in self.split.roots.iter_mut().flat_map(|root| &mut root.children) {
            child.text = child.text.trim().to_owned();
        }
        self.split
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn children<'a>(split: &'a Split<'_>) -> Vec<(&'a str, &'a str)> {
        let all = split.roots.iter().flat_map(|root| &root.children);
        all.map(|child| (child.name.as_str(), child.text.as_str())).collect()
    }

    #[test]
    fn a_file_is_split_into_its_elements() {
        let text = "<?xml version='1.0'?>\n<!-- a -->\n<movie>\n  <Title>A &amp; B</Title>\n  <x y='1'><z/></x><e/>\n</movie>\n\
                    https://example.org/?a=1&b=2\nwords\n<other/>";
        let split = split(text);
        assert_eq!(children(&split), [("title", "A & B"), ("x", ""), ("e", "")]);
        assert_eq!(
            split.roots.iter().map(|root| (root.is_whole, root.is_empty)).collect::<Vec<_>>(),
            [(true, false), (false, true)]
        );
        let x = &split.roots[0].children[1];
        assert_eq!(
            (&text[x.span.clone()], x.attribute("y"), x.has_children),
            ("<x y='1'><z/></x>", "1".to_owned(), true)
        );
        assert_eq!(split.addresses, ["https://example.org/?a=1&b=2"]);
        assert_eq!(split.between.len(), 1);
    }

    #[test]
    fn at_a_mistake_it_ends_with_what_is_whole() {
        for (text, whole) in [
            ("<movie><a>1</a><b>2</movie>", "1"),
            ("<movie><a>1</a><b>2", "1"),
            ("<movie><a>1</a><b x=1>2</b></movie>", "1"),
            ("<movie><a>1</a><b", "1"),
            ("<movie><a>1</a><b><c></b></c></movie>", "1"),
        ] {
            let split = split(text);
            assert_eq!(children(&split), [("a", whole)], "{text}");
            assert_eq!(split.copy(split.roots[0].start.end..split.roots[0].end), "<a>1</a>", "{text}");
        }
    }

    #[test]
    fn small_mistakes_are_mended_in_the_copy() {
        let text = "<m><a>Tom & Jerry&nbsp;&hellip;&#228;&lt;</a><b><![CDATA[ & ]]></b></m>";
        let split = split(text);
        let copy = split.copy(split.roots[0].span.clone());
        assert_eq!(copy, "<m><a>Tom &amp; Jerry&#160;&amp;hellip;&#228;&lt;</a><b><![CDATA[ & ]]></b></m>");
        assert_eq!(children(&split)[0].1, "Tom & Jerry\u{a0}&hellip;ä<");
    }

    proptest! {
        #[test]
        fn any_text_is_split(text: String) {
            let text = clean(&text);
            let split = split(&text);
            for root in &split.roots {
                let _ = split.copy(root.span.clone());
            }
        }
    }
}
