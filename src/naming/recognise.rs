//! From the name of a picture that was there before us to what it is of.
//!
//! The names are all that players read and managers write, so that every one of them is tracked as an original and is
//! hidden once a picture of the same image type is published.

use crate::model::{EntityType, ImageKind, ImageType, Layout};

use super::{NamedItem, fold_case, split_extension, stack_part};

/// Where a picture lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PicturePlace {
    /// In the folder of the item.
    ItemFolder,
    /// In a folder for which [`is_extra_fanart_folder`] holds, beneath the folder of the item.
    ExtraFanart,
}

/// Extensions under which pictures are found. `tbn` is a JPEG or PNG of old Kodi versions.
const EXTENSIONS: &[&[u8]] = &[b"jpg", b"jpeg", b"png", b"webp", b"gif", b"tbn"];

/// The words for pictures of films, players' and managers' alike.
const MOVIE_WORDS: &[(&str, ImageKind)] = &[
    ("poster", ImageKind::Poster),
    ("folder", ImageKind::Poster),
    ("cover", ImageKind::Poster),
    ("movie", ImageKind::Poster),
    ("default", ImageKind::Poster),
    ("fanart", ImageKind::Fanart),
    ("backdrop", ImageKind::Fanart),
    ("background", ImageKind::Fanart),
    ("art", ImageKind::Fanart),
    ("clearlogo", ImageKind::ClearLogo),
    ("logo", ImageKind::ClearLogo),
    ("discart", ImageKind::DiscArt),
    ("disc", ImageKind::DiscArt),
    ("cdart", ImageKind::DiscArt),
    ("landscape", ImageKind::Landscape),
    ("thumb", ImageKind::Landscape),
    ("banner", ImageKind::Banner),
    ("clearart", ImageKind::ClearArt),
    ("keyart", ImageKind::KeyArt),
    ("characterart", ImageKind::CharacterArt),
];

/// What a picture is of, by its name: `None` when it is not of this item, or no picture at all. Case is ignored. In a
/// flat folder bare names (`poster.jpg`) are nobody's.
#[must_use]
pub fn recognise(item: &NamedItem<'_>, place: PicturePlace, file_name: &[u8]) -> Option<ImageType> {
    let stem = picture_stem(file_name)?;
    let words = words(item.entity_type);
    match place {
        PicturePlace::ItemFolder if item.layout == Layout::Flat => prefixed(words, &stem, item),
        PicturePlace::ItemFolder => prefixed(words, &stem, item).or_else(|| by_word(words, &stem)),
        PicturePlace::ExtraFanart if item.layout == Layout::Flat || words.is_empty() => None,
        PicturePlace::ExtraFanart => Some(extra_fanart(&stem)),
    }
}

/// Whether players or managers keep further fanart in folders of that name.
#[must_use]
pub fn is_extra_fanart_folder(name: &[u8]) -> bool {
    // The plural is written by old managers only; no player reads it.
    matches!(fold_case(name).as_slice(), b"extrafanart" | b"extrafanarts")
}

/// Whether a picture of that name (without extension) counts for a whole folder.
pub(super) fn is_bare_name(entity_type: EntityType, stem: &[u8]) -> bool {
    by_word(words(entity_type), &fold_case(stem)).is_some()
}

fn words(entity_type: EntityType) -> &'static [(&'static str, ImageKind)] {
    match entity_type {
        EntityType::Movie => MOVIE_WORDS,
        _ => &[],
    }
}

/// The name without extension in lower case; `None` for what is no picture.
fn picture_stem(file_name: &[u8]) -> Option<Vec<u8>> {
    let (stem, extension) = split_extension(file_name);
    EXTENSIONS.contains(&extension.to_ascii_lowercase().as_slice()).then(|| fold_case(stem))
}

/// `<b>` and `<b>-type`; for a stack also with the stacked title.
fn prefixed(words: &[(&str, ImageKind)], stem: &[u8], item: &NamedItem<'_>) -> Option<ImageType> {
    let stacked = stack_part(item.base).filter(|_| item.layout == Layout::Stack).map(|part| fold_case(&part.title));
    [Some(fold_case(item.base)), stacked].into_iter().flatten().find_map(|prefix| {
        match stem.strip_prefix(&*prefix)? {
            [] if !words.is_empty() => Some(ImageType::main(ImageKind::Poster)),
            // Plex's alternatives: `<b>-2.jpg`.
            [b'-', digit] if digit.is_ascii_digit() && !words.is_empty() => Some(ImageType::main(ImageKind::Poster)),
            [b'-', word @ ..] => by_word(words, word),
            _ => None,
        }
    })
}

/// A word of the table, perhaps with a number behind it: fanart is numbered, of the others a number makes an
/// alternative (`poster-2`).
fn by_word(words: &[(&str, ImageKind)], stem: &[u8]) -> Option<ImageType> {
    words.iter().find_map(|(word, kind)| {
        let rest = stem.strip_prefix(word.as_bytes())?;
        if rest.is_empty() {
            return Some(ImageType::main(*kind));
        }
        let number = parse_number(rest.strip_prefix(b"-").unwrap_or(rest))?;
        match kind.is_numbered() {
            true => ImageType::numbered(*kind, number).ok(),
            false => (number < 10).then_some(ImageType::main(*kind)),
        }
    })
}

/// Any picture there is one more fanart: by the number at the end of its name, else the first one.
fn extra_fanart(stem: &[u8]) -> ImageType {
    let digits = stem.len() - stem.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let first = 1;
    let number = parse_number(&stem[digits..]).filter(|&number| number > 0).unwrap_or(first);
    ImageType::numbered(ImageKind::Fanart, number).unwrap_or(ImageType::main(ImageKind::Fanart))
}

fn parse_number(digits: &[u8]) -> Option<u8> {
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all_digits.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}
