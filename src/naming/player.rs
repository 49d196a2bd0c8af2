//! The programs that look for artwork, and which formats they read.

use std::fmt;

use super::PictureExtension;

/// A set of programs that look for artwork by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Players(u8);

/// How a program reads the pictures of a row: some look for one kind of picture with a reader of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As any picture.
    Picture,
    /// As the portrait of an artist or the cover of an album: Kodi looks for fixed names, all of them JPEG.
    MusicThumb,
    /// As the portrait of an actor: Kodi takes JPEG and PNG.
    Portrait,
}

const WORDS: &[(&str, Players)] = &[
    ("kodi", Players::KODI),
    ("jellyfin", Players::JELLYFIN),
    ("emby", Players::EMBY),
    ("plex", Players::PLEX),
    ("kometa", Players::KOMETA),
];

impl Players {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Kodi.
    pub const KODI: Self = Self(1);
    /// Jellyfin.
    pub const JELLYFIN: Self = Self(2);
    /// Emby, whose readers Jellyfin's descend from.
    pub const EMBY: Self = Self(4);
    /// Plex with local media assets.
    pub const PLEX: Self = Self(8);
    /// Kometa, which uploads what lies in its asset directory.
    pub const KOMETA: Self = Self(16);
    /// The four players that read artwork beside the media.
    pub const ALL: Self = Self(1 | 2 | 4 | 8);

    /// Those of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both sets.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it is nobody.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Those that read pictures of that extension there.
    ///
    /// Emby's list has no WebP that anyone could confirm, Plex takes neither WebP nor GIF (artwork naming, §1).
    pub(super) fn that_read(extension: PictureExtension, reading: Reading) -> Self {
        let everywhere = match extension {
            PictureExtension::Jpg | PictureExtension::Png => Self::ALL.and(Self::KOMETA),
            PictureExtension::Webp => Self::KODI.and(Self::JELLYFIN).and(Self::KOMETA),
            PictureExtension::Gif | PictureExtension::Nfo => Self::KODI.and(Self::JELLYFIN).and(Self::EMBY),
        };
        let is_kodi_blind = match reading {
            Reading::Picture => false,
            Reading::MusicThumb => extension != PictureExtension::Jpg,
            Reading::Portrait => !matches!(extension, PictureExtension::Jpg | PictureExtension::Png),
        };
        if is_kodi_blind { everywhere.without(Self::KODI) } else { everywhere }
    }
}

impl fmt::Display for Players {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> =
            WORDS.iter().filter(|(_, player)| !self.within(*player).is_none()).map(|(word, _)| *word).collect();
        match words.split_last() {
            None => f.write_str("nobody"),
            Some((last, [])) => f.write_str(last),
            Some((last, before)) => write!(f, "{} and {last}", before.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_players_read() {
        use PictureExtension::{Gif, Jpg, Png, Webp};
        for (extension, reading, readers) in [
            (Jpg, Reading::Picture, "kodi, jellyfin, emby, plex and kometa"),
            (Png, Reading::Picture, "kodi, jellyfin, emby, plex and kometa"),
            (Webp, Reading::Picture, "kodi, jellyfin and kometa"),
            (Gif, Reading::Picture, "kodi, jellyfin and emby"),
            (Jpg, Reading::MusicThumb, "kodi, jellyfin, emby, plex and kometa"),
            (Png, Reading::MusicThumb, "jellyfin, emby, plex and kometa"),
            (Png, Reading::Portrait, "kodi, jellyfin, emby, plex and kometa"),
            (Webp, Reading::Portrait, "jellyfin and kometa"),
        ] {
            assert_eq!(Players::that_read(extension, reading).to_string(), readers, "{extension} as {reading:?}");
        }
        assert_eq!(Players::NONE.to_string(), "nobody");
        assert_eq!(Players::EMBY.to_string(), "emby");
    }
}
