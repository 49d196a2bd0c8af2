//! `[nfo]`: whether metadata documents are published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Config;

/// `[nfo]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentSettings {
    /// Whether publishing also publishes metadata documents, in libraries that do not say otherwise.
    pub publish: bool,
}

/// In which libraries metadata documents are published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentLibraries {
    by_default: bool,
    named: BTreeMap<String, bool>,
}

impl DocumentLibraries {
    /// Whether they are in the library of that name.
    #[must_use]
    pub fn has(&self, library: &str) -> bool {
        self.named.get(library).copied().unwrap_or(self.by_default)
    }
}

impl Config {
    /// In which libraries metadata documents are published.
    #[must_use]
    pub fn document_libraries(&self) -> DocumentLibraries {
        let named = self.library.iter().filter_map(|(name, own)| Some((name.clone(), own.nfo?)));
        DocumentLibraries { by_default: self.nfo.publish, named: named.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_says_so_or_all_do() {
        let parse = |text: &str| toml::from_str::<Config>(text).unwrap();
        let has = |config: &Config, name: &str| config.document_libraries().has(name);
        assert!(!has(&Config::default(), "films"));
        let one = parse("[library.films]\nnfo = true");
        assert!(has(&one, "films") && !has(&one, "tv"));
        let others = parse("[nfo]\npublish = true\n[library.films]\nnfo = false");
        assert!(!has(&others, "films") && has(&others, "tv"));
        assert!(toml::from_str::<Config>("[nfo]\npublished = true").is_err());
    }
}
