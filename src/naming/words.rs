//! The words in names of pictures, players' and managers' alike, and what they mean for each type of entity.

use crate::model::{EntityType, ImageKind, ImageType};

use ImageKind as Kind;

type Word = (&'static str, ImageKind);

/// Words that mean the same for everything that has such pictures.
const COMMON: &[Word] = &[
    ("fanart", Kind::Fanart),
    ("backdrop", Kind::Fanart),
    ("background", Kind::Fanart),
    ("art", Kind::Fanart),
    ("clearlogo", Kind::ClearLogo),
    ("logo", Kind::ClearLogo),
    ("landscape", Kind::Landscape),
    ("banner", Kind::Banner),
    ("clearart", Kind::ClearArt),
    ("keyart", Kind::KeyArt),
    ("characterart", Kind::CharacterArt),
];

const VIDEO: &[Word] = &[
    ("poster", Kind::Poster),
    ("folder", Kind::Poster),
    ("cover", Kind::Poster),
    ("default", Kind::Poster),
    ("thumb", Kind::Landscape),
];

const MOVIE: &[Word] =
    &[("movie", Kind::Poster), ("discart", Kind::DiscArt), ("disc", Kind::DiscArt), ("cdart", Kind::DiscArt)];

const SERIES: &[Word] = &[("show", Kind::Poster)];

const EPISODE: &[Word] =
    &[("thumb", Kind::Thumb), ("landscape", Kind::Thumb), ("fanart", Kind::Fanart), ("background", Kind::Fanart)];

const ARTIST: &[Word] = &[
    ("folder", Kind::Thumb),
    ("poster", Kind::Thumb),
    ("cover", Kind::Thumb),
    ("thumb", Kind::Thumb),
    ("jacket", Kind::Thumb),
    ("default", Kind::Thumb),
    ("albumart", Kind::Thumb),
    ("artist", Kind::Thumb),
];

const ALBUM: &[Word] = &[
    ("folder", Kind::Cover),
    ("cover", Kind::Cover),
    ("poster", Kind::Cover),
    ("thumb", Kind::Cover),
    ("jacket", Kind::Cover),
    ("default", Kind::Cover),
    ("albumart", Kind::Cover),
    ("album", Kind::Cover),
    ("back", Kind::Back),
    ("spine", Kind::Spine),
    ("discart", Kind::DiscArt),
    ("disc", Kind::DiscArt),
    ("cdart", Kind::DiscArt),
];

/// The tables of an entity type; for actors there are none, as their pictures are called by their names.
fn tables(entity_type: EntityType) -> &'static [&'static [Word]] {
    match entity_type {
        EntityType::Movie | EntityType::MovieSet => &[VIDEO, MOVIE, COMMON],
        EntityType::Series => &[VIDEO, SERIES, COMMON],
        EntityType::Season => &[VIDEO, COMMON],
        EntityType::Episode => &[EPISODE],
        EntityType::Artist => &[ARTIST, COMMON],
        EntityType::Album => &[ALBUM, COMMON],
        EntityType::Actor => &[],
    }
}

/// A word in lower case, perhaps with a number behind it: fanart is numbered, of the others a number makes an alternative
/// (`poster-2`).
pub(super) fn by_word(entity_type: EntityType, stem: &[u8]) -> Option<ImageType> {
    tables(entity_type).iter().copied().flatten().find_map(|(word, kind)| {
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

/// The kind of picture that a name without any word is of.
pub(super) fn nameless_kind(entity_type: EntityType) -> ImageKind {
    match entity_type {
        EntityType::Episode | EntityType::Artist => Kind::Thumb,
        EntityType::Album => Kind::Cover,
        EntityType::Actor => Kind::ActorThumb,
        EntityType::Movie | EntityType::MovieSet | EntityType::Series | EntityType::Season => Kind::Poster,
    }
}

pub(super) fn parse_number(digits: &[u8]) -> Option<u8> {
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all_digits.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}
