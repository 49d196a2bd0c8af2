//! File names that players make of the names of people and movie sets. Each follows its player letter by letter, as
//! another name is not found.

/// The portrait of an actor in Kodi up to version 21: every space becomes an underscore and nothing else changes. A slash
/// can be in no file name; Kodi would look for it in vain.
pub(super) fn kodi_actor(name: &str) -> String {
    name.replace([' ', '/'], "_")
}

/// The same from version 22 on, which also replaces the backslash and the question mark.
pub(super) fn kodi_22_actor(name: &str) -> String {
    name.replace([' ', '/', '\\', '?'], "_")
}

/// The folder of a movie set in Kodi's movie set information folder, the same on every system.
pub(super) fn kodi_set(name: &str) -> String {
    name.replace(['/', '\\', '?', ':', '*', '"', '<', '>', '|'], "_").trim_end_matches(['.', ' ']).to_owned()
}

/// The folder of a person in Jellyfin's `People` folder.
pub(super) fn jellyfin_person(name: &str) -> String {
    let is_invalid = |c: char| c < ' ' || matches!(c, '"' | '<' | '>' | '|' | ':' | '*' | '?' | '\\' | '/');
    let valid: String = name.chars().map(|c| if is_invalid(c) { ' ' } else { c }).collect();
    valid.trim().trim_end_matches('.').to_owned()
}

/// The folder above it: its first letter or digit. `None` when it has neither; the person's folder then lies in
/// `People` itself.
pub(super) fn jellyfin_initial(person: &str) -> Option<char> {
    // It looks at UTF-16 units, so characters beyond the first 65,536 are neither letter nor digit to it.
    person.chars().find(|c| *c <= '\u{ffff}' && c.is_alphanumeric())
}

/// The folder of an item in Kometa's asset directory, from the name of the item's own folder or of a collection: Kometa
/// leaves out what Windows does not take, on every system.
pub(super) fn kometa_asset(name: &[u8]) -> Vec<u8> {
    let is_invalid = |byte: &u8| byte.is_ascii_control() || br#"/\:*?"<>|"#.contains(byte);
    let valid: Vec<u8> = name.iter().copied().filter(|byte| !is_invalid(byte)).collect();
    let start = valid.iter().take_while(|byte| **byte == b' ').count();
    let end = valid.iter().rposition(|byte| !matches!(byte, b' ' | b'.')).map_or(start, |last| last + 1);
    valid[start..end.max(start)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_players_write_them() {
        assert_eq!(kodi_actor("Mary Elizabeth Winstead"), "Mary_Elizabeth_Winstead");
        assert_eq!(kodi_actor("Who? \\ Me"), "Who?_\\_Me");
        assert_eq!(kodi_22_actor("Who? \\ Me"), "Who____Me");
        assert_eq!(kodi_actor("AC/DC"), "AC_DC");
        assert_eq!(kodi_set("Alien: The \"Saga\" <1/2>?*|\\. ."), "Alien_ The _Saga_ _1_2_____");
        assert_eq!(kodi_set("..."), "");
        for (name, asset) in [
            ("Alien: The Saga...", "Alien The Saga"),
            ("AC/DC", "ACDC"),
            ("What? (2001)", "What (2001)"),
            ("  A \tB. ", "A B"),
            ("Heat (1995) {tmdb-949}", "Heat (1995) {tmdb-949}"),
            ("???", ""),
            ("...", ""),
        ] {
            assert_eq!(kometa_asset(name.as_bytes()), asset.as_bytes(), "{name}");
        }
        assert_eq!(jellyfin_person(" Robert Downey Jr. "), "Robert Downey Jr");
        assert_eq!(jellyfin_person("50\u{7}Cent: A/B?"), "50 Cent  A B");
        assert_eq!(jellyfin_initial("'Weird' Al"), Some('W'));
        assert_eq!(jellyfin_initial("50 Cent"), Some('5'));
        assert_eq!(jellyfin_initial("Élodie"), Some('É'));
        assert_eq!(jellyfin_initial("!!!"), None);
    }
}
