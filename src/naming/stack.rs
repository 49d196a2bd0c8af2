//! Films in several files: `Heat cd1.avi`, `Heat cd2.avi`.

/// What the name of one part of a stack says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackPart {
    /// The stacked title: the name with the part's token and its separators cut out.
    pub title: Vec<u8>,
    /// The word of the token in one spelling: parts of one stack share it.
    pub word: StackWord,
    /// Whether letters count the parts (`parta`): parts of one stack agree in that, too.
    pub is_lettered: bool,
    /// The number of the part; letters count from a = 1.
    pub number: u32,
}

/// The word before the number of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StackWord {
    /// `cd1`.
    Cd,
    /// `dvd1`.
    Dvd,
    /// `part1`, `pt1`.
    Part,
    /// `disc1`, `disk1`.
    Disc,
    /// None: `300a`, `300b`. Many names end like that by chance.
    Bare,
}

const WORDS: &[(&[u8], StackWord)] = &[
    (b"cd", StackWord::Cd),
    (b"dvd", StackWord::Dvd),
    (b"part", StackWord::Part),
    (b"pt", StackWord::Part),
    (b"disc", StackWord::Disc),
    (b"disk", StackWord::Disc),
];

/// Finds the last token like `cd1`, `part 2` or `(disc b)` in a file name without extension, else a lone letter at its
/// end. `None` where there is none, or where nothing but the token is there.
#[must_use]
pub fn stack_part(base: &[u8]) -> Option<StackPart> {
    let lower = base.to_ascii_lowercase();
    (1..lower.len()).rev().find_map(|start| token_at(base, &lower, start)).or_else(|| lone_letter(base))
}

/// A letter at the end of the name, directly behind it or behind separators.
fn lone_letter(base: &[u8]) -> Option<StackPart> {
    let letter = base.last()?.to_ascii_lowercase();
    let (title, _) = cut_around(base, base.len() - 1, base.len());
    let is_part = letter.is_ascii_alphabetic() && !title.is_empty();
    let (number, _) = part_number(&[letter]).filter(|_| is_part)?;
    Some(StackPart { title: title.to_vec(), word: StackWord::Bare, is_lettered: true, number })
}

fn token_at(base: &[u8], lower: &[u8], start: usize) -> Option<StackPart> {
    if !is_separator(lower[start - 1]) && !is_bracket(lower[start - 1]) {
        return None;
    }
    let &(spelling, word) = WORDS.iter().find(|(spelling, _)| lower[start..].starts_with(spelling))?;
    let after_word = start + spelling.len();
    let gap = lower[after_word..].iter().take_while(|&&b| is_separator(b)).count();
    let (number, length) = part_number(&lower[after_word + gap..])?;
    let (before, after) = cut_around(base, start, after_word + gap + length);
    let is_lettered = lower[after_word + gap].is_ascii_alphabetic();
    (!before.is_empty()).then(|| StackPart { title: [before, after].concat(), word, is_lettered, number })
}

/// The number at the start of `rest` and its length in bytes. A letter, like a number, counts only where a word ends.
fn part_number(rest: &[u8]) -> Option<(u32, usize)> {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let ends = |length: usize| rest.get(length).is_none_or(|b| !b.is_ascii_alphanumeric() && b.is_ascii());
    if digits > 0 {
        let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        return (digits <= 3 && ends(digits)).then_some((number, digits));
    }
    let letter = *rest.first().filter(|b| (b'a'..=b'd').contains(*b))?;
    ends(1).then_some((u32::from(letter - b'a') + 1, 1))
}

/// What stands before and behind the token, without the separators and brackets that belong to it.
fn cut_around(base: &[u8], start: usize, end: usize) -> (&[u8], &[u8]) {
    let mut before = &base[..start];
    let mut after = &base[end..];
    if before.last().is_some_and(|&b| is_opening(b)) {
        before = &before[..before.len() - 1];
        after = after.strip_prefix(b")").or_else(|| after.strip_prefix(b"]")).unwrap_or(after);
    }
    while before.last().is_some_and(|&b| is_separator(b)) {
        before = &before[..before.len() - 1];
    }
    (before, after)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'_' | b'.' | b'-')
}

fn is_bracket(byte: u8) -> bool {
    is_opening(byte) || matches!(byte, b')' | b']')
}

fn is_opening(byte: u8) -> bool {
    matches!(byte, b'(' | b'[')
}
