//! From `[player.*]` to players that can be told.

use std::time::Duration;

use url::Url;

use super::{Access, PathMap, PlayerError, PlayerKind, Replacement};
use crate::config::{PlayerSettings, PlayersSettings};

/// A player on a network at home answers within a second, unless it is just reading its disk.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What fails three times within seconds is off.
const RETRIES: u16 = 2;
const WAIT: Duration = Duration::from_millis(500);

impl Access {
    /// The players that the configuration names.
    ///
    /// # Errors
    /// When an address is none, or there is a user where only a key is taken.
    pub fn all(settings: &PlayersSettings) -> Result<Vec<Self>, PlayerError> {
        named(settings).map(|(kind, player)| of(kind, player)).collect()
    }

    /// The player of that word, if the configuration names it. What is wrong with another one does not matter.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub fn one(settings: &PlayersSettings, word: &str) -> Result<Option<Self>, PlayerError> {
        let found = named(settings).find(|(kind, _)| kind.to_string() == word);
        found.map(|(kind, player)| of(kind, player)).transpose()
    }
}

fn named(settings: &PlayersSettings) -> impl Iterator<Item = (PlayerKind, &PlayerSettings)> {
    let players = [
        (PlayerKind::Kodi, &settings.kodi),
        (PlayerKind::Jellyfin, &settings.jellyfin),
        (PlayerKind::Emby, &settings.emby),
        (PlayerKind::Plex, &settings.plex),
    ];
    players.into_iter().filter(|(_, player)| !player.url.is_empty())
}

fn of(kind: PlayerKind, settings: &PlayerSettings) -> Result<Access, PlayerError> {
    let wrong = |key, reason: &str| PlayerError::Setting { player: kind, key, reason: reason.to_owned() };
    let url: Url = settings.url.parse().map_err(|error: url::ParseError| wrong("url", &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(wrong("url", "it is no address of http or https, as `http://127.0.0.1:8096`"));
    }
    if kind != PlayerKind::Kodi && settings.key.is_empty() {
        let reason = match kind {
            PlayerKind::Plex => "it is not set; Plex is told with a token (X-Plex-Token)",
            _ => "it is not set; make one in the dashboard of the server, under API keys",
        };
        return Err(wrong("key", reason));
    }
    let replacement = |mapping: &crate::config::PathMapping| Replacement {
        from: mapping.from.clone().into(),
        to: mapping.to.clone(),
    };
    Ok(Access {
        kind,
        url,
        key: settings.key.clone(),
        user: settings.user.clone(),
        password: settings.password.clone(),
        paths: PathMap::new(settings.path_mappings.iter().map(replacement).collect()),
        timeout: TIMEOUT,
        retries: RETRIES,
        wait: WAIT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_players_with_an_address_are_told_and_what_is_missing_is_said() {
        let parse = |text: &str| toml::from_str::<PlayersSettings>(text).unwrap();
        assert!(Access::all(&parse("")).unwrap().is_empty());
        let settings = parse("kodi.url = 'http://tv:8080'\njellyfin = { url = 'http://nas:8096/jf', key = 'k' }");
        let found = Access::all(&settings).unwrap();
        assert_eq!(
            found.iter().map(|access| access.kind).collect::<Vec<_>>(),
            [PlayerKind::Kodi, PlayerKind::Jellyfin]
        );
        for (text, key) in [
            ("plex.url = 'http://nas:32400'", "player.plex.key"),
            ("kodi.url = 'nas'", "player.kodi.url"),
            ("kodi.url = 'mailto:a@b'", "player.kodi.url"),
        ] {
            let error = Access::all(&parse(text)).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
        let settings = parse("plex.url = 'http://nas:32400'\nkodi.url = 'http://tv:8080'");
        assert_eq!(Access::one(&settings, "kodi").unwrap().map(|access| access.kind), Some(PlayerKind::Kodi));
        assert!(Access::one(&settings, "plex").is_err() && Access::one(&settings, "emby").unwrap().is_none());
    }
}
