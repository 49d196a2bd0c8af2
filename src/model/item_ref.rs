//! How a user names an item: `42`, `tmdb:603`, a path, or a title; seasons and episodes with `/s01e02` behind it.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::EntityId;

/// A provider of ids, by its word in names and commands (`tmdb`, `imdb`, `tvdb`, …).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Provider(String);

/// An item as the user typed it, before anything is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRef {
    /// The item itself, or the series that the child belongs to.
    pub target: ItemTarget,
    /// The season or episode of it.
    pub child: Option<ItemChild>,
}

/// What an item is named by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemTarget {
    /// Its number in the catalog.
    Id(EntityId),
    /// Its id at a provider.
    External(Provider, String),
    /// Its folder or file.
    Path(PathBuf),
    /// Its title, perhaps with ` (year)`.
    Title(String),
}

/// A season, or one episode of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemChild {
    /// The season, 0 for specials.
    pub season: u16,
    /// The episode; `None` for the season itself.
    pub episode: Option<u16>,
}

/// A text that names no item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemRefError {
    /// Nothing was typed.
    #[error("an item is empty; give an id (42), a path, a provider id (tmdb:603) or a title")]
    Empty,
    /// `tmdb:` without a value.
    #[error("`{0}` lacks the id behind the colon")]
    NoValue(String),
    /// A title that is not UTF-8 and no path.
    #[error("an item that is not UTF-8 must be a path with a slash in it")]
    NotText,
}

impl Provider {
    /// The providers whose ids are understood.
    pub const KNOWN: [&'static str; 8] =
        ["tmdb", "imdb", "tvdb", "tvmaze", "anidb", "anilist", "musicbrainz", "musicbrainzreleasegroup"];

    /// The provider of that word, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        Self::KNOWN.contains(&lower.as_str()).then_some(Self(lower))
    }

    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl ItemRef {
    /// Understands what was typed; nothing is looked up. Whatever holds a slash (once a `/s01e02` is taken off) is a
    /// path, digits alone are an id, `provider:value` is a provider id, the rest is a title.
    ///
    /// # Errors
    /// When nothing was typed, or a provider id lacks its value.
    pub fn parse(typed: &OsStr) -> Result<Self, ItemRefError> {
        let (rest, child) = split_child(typed.as_bytes());
        if rest.is_empty() {
            return Err(ItemRefError::Empty);
        }
        Ok(Self { target: parse_target(rest)?, child })
    }
}

impl FromStr for ItemRef {
    type Err = ItemRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(OsStr::new(text))
    }
}

fn parse_target(typed: &[u8]) -> Result<ItemTarget, ItemRefError> {
    if typed.contains(&b'/') || typed == b"." || typed == b".." {
        return Ok(ItemTarget::Path(PathBuf::from(std::ffi::OsString::from_vec(typed.to_vec()))));
    }
    let text = std::str::from_utf8(typed).map_err(|_| ItemRefError::NotText)?;
    if text.bytes().all(|b| b.is_ascii_digit())
        && let Ok(row) = text.parse()
    {
        return Ok(ItemTarget::Id(EntityId::new(row)));
    }
    if let Some((word, value)) = text.split_once(':')
        && let Some(provider) = Provider::parse(word)
    {
        return if value.is_empty() {
            Err(ItemRefError::NoValue(text.to_owned()))
        } else {
            Ok(ItemTarget::External(provider, value.to_owned()))
        };
    }
    Ok(ItemTarget::Title(text.to_owned()))
}

/// Takes `/s01` or `/s01e02` off the end.
fn split_child(typed: &[u8]) -> (&[u8], Option<ItemChild>) {
    let whole = (typed, None);
    let Some(slash) = typed.iter().rposition(|&b| b == b'/') else { return whole };
    match std::str::from_utf8(&typed[slash + 1..]).ok().and_then(parse_child) {
        Some(child) => (&typed[..slash], Some(child)),
        None => whole,
    }
}

fn parse_child(text: &str) -> Option<ItemChild> {
    let lower = text.to_ascii_lowercase();
    let numbers = lower.strip_prefix('s')?;
    let (season, episode) = match numbers.split_once('e') {
        Some((season, episode)) => (season, Some(parse_number(episode)?)),
        None => (numbers, None),
    };
    Some(ItemChild { season: parse_number(season)?, episode })
}

fn parse_number(digits: &str) -> Option<u16> {
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

impl fmt::Display for ItemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            ItemTarget::Id(id) => write!(f, "{id}")?,
            ItemTarget::External(provider, value) => write!(f, "{provider}:{value}")?,
            ItemTarget::Path(path) => f.write_str(&super::show_bytes(path.as_os_str().as_bytes()))?,
            ItemTarget::Title(title) => f.write_str(title)?,
        }
        match self.child {
            None => Ok(()),
            Some(ItemChild { season, episode: None }) => write!(f, "/s{season:02}"),
            Some(ItemChild { season, episode: Some(episode) }) => write!(f, "/s{season:02}e{episode:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn external(provider: &str, value: &str) -> ItemTarget {
        ItemTarget::External(Provider::parse(provider).unwrap(), value.to_owned())
    }

    #[test]
    fn every_form_of_an_item() {
        let season = |season| Some(ItemChild { season, episode: None });
        let episode = |season, episode| Some(ItemChild { season, episode: Some(episode) });
        for (typed, target, child) in [
            ("42", ItemTarget::Id(EntityId::new(42)), None),
            ("42/s01", ItemTarget::Id(EntityId::new(42)), season(1)),
            ("tmdb:603", external("tmdb", "603"), None),
            ("IMDB:tt0133093", external("imdb", "tt0133093"), None),
            ("tvdb:81189/S01E02", external("tvdb", "81189"), episode(1, 2)),
            ("tvdb:81189/s00", external("tvdb", "81189"), season(0)),
            ("/media/films/Heat (1995)", ItemTarget::Path("/media/films/Heat (1995)".into()), None),
            ("./Heat", ItemTarget::Path("./Heat".into()), None),
            (".", ItemTarget::Path(".".into()), None),
            ("/tv/Lost/s01e02", ItemTarget::Path("/tv/Lost".into()), episode(1, 2)),
            ("Heat (1995)", ItemTarget::Title("Heat (1995)".into()), None),
            ("Alien: Romulus", ItemTarget::Title("Alien: Romulus".into()), None),
            ("Lost/s02", ItemTarget::Title("Lost".into()), season(2)),
            ("99999999999999999999", ItemTarget::Title("99999999999999999999".into()), None),
        ] {
            let item: ItemRef = typed.parse().unwrap();
            assert_eq!(item, ItemRef { target, child }, "{typed}");
        }
    }

    #[test]
    fn nothing_is_no_item() {
        assert_eq!("".parse::<ItemRef>(), Err(ItemRefError::Empty));
        assert_eq!("tmdb:".parse::<ItemRef>(), Err(ItemRefError::NoValue("tmdb:".into())));
        assert_eq!(ItemRef::parse(OsStr::from_bytes(b"\xff")), Err(ItemRefError::NotText));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_item_or_an_error(bytes: Vec<u8>) {
            if let Ok(item) = ItemRef::parse(OsStr::from_bytes(&bytes)) {
                prop_assert!(!item.to_string().is_empty());
            }
        }
    }
}
