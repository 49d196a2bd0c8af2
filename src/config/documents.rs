//! `[nfo]`: whether metadata documents are published.

use serde::{Deserialize, Serialize};

use super::Config;

/// `[nfo]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentSettings {
    /// Whether publishing also publishes metadata documents, in libraries that do not say otherwise.
    pub publish: bool,
}

impl Config {
    /// Whether metadata documents are published in the library of that name.
    #[must_use]
    pub fn publishes_nfo(&self, library: &str) -> bool {
        self.library.get(library).and_then(|own| own.nfo).unwrap_or(self.nfo.publish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_says_so_or_all_do() {
        let parse = |text: &str| toml::from_str::<Config>(text).unwrap();
        assert!(!Config::default().publishes_nfo("films"));
        let one = parse("[library.films]\nnfo = true");
        assert!(one.publishes_nfo("films") && !one.publishes_nfo("tv"));
        let others = parse("[nfo]\npublish = true\n[library.films]\nnfo = false");
        assert!(!others.publishes_nfo("films") && others.publishes_nfo("tv"));
        assert!(toml::from_str::<Config>("[nfo]\npublished = true").is_err());
    }
}
