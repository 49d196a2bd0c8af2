//! Names that begin with a season: `season01-poster`, `season-specials-banner`, `Season01_background`, `season-all-poster`.

/// Which season a name speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedSeason {
    /// That one, 0 for specials.
    Number(u16),
    /// Kodi's entry "all seasons".
    All,
}

/// The season that a name in lower case (without extension) speaks of, and what follows it: `-poster`, or nothing. `None`
/// for other names.
///
/// Understood are Kodi's and Jellyfin's `season01-…` and `season-specials-…`, Jellyfin's `season1-…` and `specials-…`,
/// Plex's `season1`, `season-1` and `season01a`, and Kometa's `season01_background`.
pub(super) fn season_of(stem: &[u8]) -> Option<(NamedSeason, &[u8])> {
    if let Some(rest) = stem.strip_prefix(b"specials") {
        return ends(rest).then_some((NamedSeason::Number(0), rest));
    }
    let rest = stem.strip_prefix(b"season")?;
    let rest = rest.strip_prefix(b"-").or_else(|| rest.strip_prefix(b" ")).unwrap_or(rest);
    for (word, season) in [(&b"specials"[..], NamedSeason::Number(0)), (b"all", NamedSeason::All)] {
        if let Some(rest) = rest.strip_prefix(word) {
            return ends(rest).then_some((season, rest));
        }
    }
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    match &rest[digits..] {
        // Plex's alternatives: `season01a`.
        [b'a'..=b'z'] => Some((NamedSeason::Number(number), b"")),
        rest => ends(rest).then_some((NamedSeason::Number(number), rest)),
    }
}

fn ends(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b'-' | b'_'))
}

/// The season and episode of `S01E02` (Kometa, Kodi 22), in lower case, and what follows.
pub(super) fn numbered_episode(stem: &[u8]) -> Option<(u16, u16, &[u8])> {
    let (season, rest) = number(stem.strip_prefix(b"s")?)?;
    let (episode, rest) = number(rest.strip_prefix(b"e")?)?;
    ends(rest).then_some((season, episode, rest))
}

fn number(text: &[u8]) -> Option<(u16, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    Some((std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seasons_in_names() {
        use NamedSeason::{All, Number};
        let cases: &[(&str, Option<(NamedSeason, &str)>)] = &[
            ("season01-poster", Some((Number(1), "-poster"))),
            ("season1-poster", Some((Number(1), "-poster"))),
            ("season-1", Some((Number(1), ""))),
            ("season 01", Some((Number(1), ""))),
            ("season01", Some((Number(1), ""))),
            ("season01a", Some((Number(1), ""))),
            ("season100-fanart", Some((Number(100), "-fanart"))),
            ("season00", Some((Number(0), ""))),
            ("season-specials-banner", Some((Number(0), "-banner"))),
            ("specials-poster", Some((Number(0), "-poster"))),
            ("season-all-poster", Some((All, "-poster"))),
            ("season01_background", Some((Number(1), "_background"))),
            ("season", None),
            ("seasons-poster", None),
            ("season99999-poster", None),
            ("season01ab", None),
            ("season-allover", None),
            ("specialsauce", None),
            ("poster", None),
        ];
        for (stem, expected) in cases {
            let found = season_of(stem.as_bytes());
            let found = found.map(|(season, rest)| (season, std::str::from_utf8(rest).unwrap()));
            assert_eq!(found, *expected, "{stem}");
        }
        assert_eq!(numbered_episode(b"s01e02_background"), Some((1, 2, &b"_background"[..])));
        assert_eq!(numbered_episode(b"s01e02"), Some((1, 2, &b""[..])));
        assert_eq!(numbered_episode(b"s01e02e03"), None);
        assert_eq!(numbered_episode(b"show"), None);
    }
}
