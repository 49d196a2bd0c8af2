//! A font of capital letters, five dots wide and seven high.

/// Width of a letter in dots.
pub(super) const WIDTH: u32 = 5;
/// Height of a letter in dots.
pub(super) const HEIGHT: u32 = 7;
/// From the left edge of a letter to that of the next one, in dots.
pub(super) const ADVANCE: u32 = WIDTH + 1;

/// The rows of a letter from the top, the leftmost dot in bit 4.
type Glyph = [u8; 7];

/// What is drawn for letters that are not here.
const UNKNOWN: Glyph = [31, 17, 17, 17, 17, 17, 31];

const LETTERS: [Glyph; 26] = [
    [14, 17, 17, 31, 17, 17, 17],
    [30, 17, 17, 30, 17, 17, 30],
    [14, 17, 16, 16, 16, 17, 14],
    [30, 17, 17, 17, 17, 17, 30],
    [31, 16, 16, 30, 16, 16, 31],
    [31, 16, 16, 30, 16, 16, 16],
    [14, 17, 16, 23, 17, 17, 15],
    [17, 17, 17, 31, 17, 17, 17],
    [14, 4, 4, 4, 4, 4, 14],
    [7, 2, 2, 2, 2, 18, 12],
    [17, 18, 20, 24, 20, 18, 17],
    [16, 16, 16, 16, 16, 16, 31],
    [17, 27, 21, 21, 17, 17, 17],
    [17, 25, 21, 19, 17, 17, 17],
    [14, 17, 17, 17, 17, 17, 14],
    [30, 17, 17, 30, 16, 16, 16],
    [14, 17, 17, 17, 21, 18, 13],
    [30, 17, 17, 30, 20, 18, 17],
    [15, 16, 16, 14, 1, 1, 30],
    [31, 4, 4, 4, 4, 4, 4],
    [17, 17, 17, 17, 17, 17, 14],
    [17, 17, 17, 17, 17, 10, 4],
    [17, 17, 17, 21, 21, 27, 17],
    [17, 17, 10, 4, 10, 17, 17],
    [17, 17, 10, 4, 4, 4, 4],
    [31, 1, 2, 4, 8, 16, 31],
];

const DIGITS: [Glyph; 10] = [
    [14, 17, 19, 21, 25, 17, 14],
    [4, 12, 4, 4, 4, 4, 14],
    [14, 17, 1, 2, 4, 8, 31],
    [31, 2, 4, 2, 1, 17, 14],
    [2, 6, 10, 18, 31, 2, 2],
    [31, 16, 30, 1, 1, 17, 14],
    [6, 8, 16, 30, 17, 17, 14],
    [31, 1, 2, 4, 8, 8, 8],
    [14, 17, 17, 14, 17, 17, 14],
    [14, 17, 17, 15, 1, 2, 12],
];

/// A text as this font can show it: capitals, letters with accents as the plain ones.
pub(super) fn spell(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_uppercase) {
        match letter {
            'À'..='Å' => spelt.push('A'),
            'Æ' => spelt.push_str("AE"),
            'Ç' => spelt.push('C'),
            'È'..='Ë' => spelt.push('E'),
            'Ì'..='Ï' => spelt.push('I'),
            'Ñ' => spelt.push('N'),
            'Ò'..='Ö' | 'Ø' => spelt.push('O'),
            'Ù'..='Ü' => spelt.push('U'),
            other => spelt.push(other),
        }
    }
    spelt
}

/// Whether a dot of a letter is set.
pub(super) fn is_set(letter: char, x: u32, y: u32) -> bool {
    let row = glyph(letter).get(y as usize).copied().unwrap_or(0);
    x < WIDTH && row >> (WIDTH - 1 - x) & 1 == 1
}

fn glyph(letter: char) -> Glyph {
    match letter {
        'A'..='Z' => LETTERS[letter as usize - 'A' as usize],
        '0'..='9' => DIGITS[letter as usize - '0' as usize],
        ' ' => [0; 7],
        '.' => [0, 0, 0, 0, 0, 12, 12],
        ',' => [0, 0, 0, 0, 12, 4, 8],
        ':' => [0, 12, 12, 0, 12, 12, 0],
        '-' => [0, 0, 0, 31, 0, 0, 0],
        '\'' => [4, 4, 8, 0, 0, 0, 0],
        '!' => [4, 4, 4, 4, 4, 0, 4],
        '?' => [14, 17, 1, 2, 4, 0, 4],
        '&' => [12, 18, 20, 8, 21, 18, 13],
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_and_digit_differs_from_every_other() {
        let all: Vec<Glyph> = ('A'..='Z').chain('0'..='9').chain(" .,:-'!?&~".chars()).map(glyph).collect();
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "letter {at}");
            assert!(one.iter().all(|row| *row < 32), "letter {at}");
        }
    }

    #[test]
    fn accents_are_dropped_and_dots_are_where_they_should_be() {
        assert_eq!(spell("Été à Sælbygd"), "ETE A SAELBYGD");
        assert!(is_set('L', 0, 0) && !is_set('L', 4, 0) && is_set('L', 4, 6));
        assert!(!is_set('L', 9, 0) && !is_set('L', 0, 9));
    }
}
