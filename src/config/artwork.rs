//! `[artwork]` and `[library.NAME.artwork]`: which pictures are chosen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{ImageKind, Language};
use crate::score::{NEAR_DUPLICATE_BITS, Preferences, Weights, Wish};

/// Who chooses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChoiceMode {
    /// The best candidate is chosen, unless a person has chosen.
    #[default]
    Automatic,
    /// Candidates are gathered and scored; a person chooses.
    Manual,
}

/// `[artwork]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArtworkSettings {
    /// Who chooses, where `choices` does not say.
    pub choice: ChoiceMode,
    /// Who chooses pictures of that type.
    pub choices: BTreeMap<ImageKind, ChoiceMode>,
    /// The languages of texts and of pictures with text, the most wanted first.
    pub languages: Vec<Language>,
    /// Wishes for one type of picture instead: languages, `original`, `none`.
    pub wishes: BTreeMap<ImageKind, Vec<Wish>>,
    /// How many pictures of that type an item gets; 0 for none. Only fanart can have more than 1.
    pub limits: BTreeMap<ImageKind, u8>,
    /// How many actors of a film or series are taken from providers where no metadata file names any; 0 for none.
    pub actors: u16,
    /// Providers, the most trusted first.
    pub providers: Vec<String>,
    /// How much each part of a score counts.
    pub weights: Weights,
    /// By how many points a candidate must be better to replace an automatic choice.
    pub margin: f64,
    /// Pictures whose perceptual hashes differ in at most so many of 64 bits are taken for the same.
    pub near_duplicate_bits: u32,
    /// After how many days an item that was released or added lately is asked for again.
    pub refresh_new_days: u32,
    /// After how many days an old one is.
    pub refresh_old_days: u32,
}

/// `[library.NAME.artwork]`: what is different for one library.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibraryArtworkSettings {
    /// As `artwork.choice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceMode>,
    /// As `artwork.choices`.
    pub choices: BTreeMap<ImageKind, ChoiceMode>,
    /// As `artwork.languages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<Language>>,
    /// As `artwork.wishes`.
    pub wishes: BTreeMap<ImageKind, Vec<Wish>>,
    /// As `artwork.limits`.
    pub limits: BTreeMap<ImageKind, u8>,
    /// As `artwork.actors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actors: Option<u16>,
}

impl Default for ArtworkSettings {
    fn default() -> Self {
        Self {
            choice: ChoiceMode::Automatic,
            choices: BTreeMap::new(),
            languages: "en".parse().into_iter().collect(),
            wishes: BTreeMap::new(),
            limits: BTreeMap::new(),
            actors: 15,
            providers: ["local", "tmdb", "fanarttv", "tvdb", "coverart", "nfo"].map(str::to_owned).into(),
            weights: Weights::default(),
            margin: 5.0,
            near_duplicate_bits: NEAR_DUPLICATE_BITS,
            refresh_new_days: 3,
            refresh_old_days: 60,
        }
    }
}

impl ArtworkSettings {
    /// The same with what a library has different.
    #[must_use]
    pub fn of_library(&self, library: Option<&LibraryArtworkSettings>) -> Self {
        let mut settings = self.clone();
        let Some(library) = library else { return settings };
        if let Some(choice) = library.choice {
            // What is said of the library as a whole comes before what is said of a type everywhere.
            settings.choice = choice;
            settings.choices.clear();
        }
        settings.choices.extend(&library.choices);
        if let Some(languages) = &library.languages {
            settings.languages.clone_from(languages);
        }
        settings.wishes.extend(library.wishes.iter().map(|(kind, wishes)| (*kind, wishes.clone())));
        settings.limits.extend(&library.limits);
        settings.actors = library.actors.unwrap_or(settings.actors);
        settings
    }

    /// Who chooses pictures of that kind.
    #[must_use]
    pub fn choice_of(&self, kind: ImageKind) -> ChoiceMode {
        self.choices.get(&kind).copied().unwrap_or(self.choice)
    }

    /// How many pictures of that kind an item gets.
    #[must_use]
    pub fn limit_of(&self, kind: ImageKind) -> u8 {
        let most = if kind.is_numbered() { crate::model::ImageType::NUMBER_MAX } else { 1 };
        let usual = if kind == ImageKind::Fanart { 3 } else { 1 };
        self.limits.get(&kind).copied().unwrap_or(usual).min(most)
    }

    /// What scoring goes by.
    #[must_use]
    pub fn preferences(&self) -> Preferences {
        let languages = ImageKind::ALL.map(|kind| (kind, self.wishes_for(kind)));
        Preferences { weights: self.weights, languages: languages.into(), providers: self.providers.clone() }
    }

    /// The languages wished for a kind: pictures with a title should have it in the user's language, backgrounds should
    /// have none.
    fn wishes_for(&self, kind: ImageKind) -> Vec<Wish> {
        if let Some(wishes) = self.wishes.get(&kind) {
            return wishes.clone();
        }
        let languages = self.languages.iter().cloned().map(Wish::Language);
        match kind {
            ImageKind::Fanart
            | ImageKind::KeyArt
            | ImageKind::CharacterArt
            | ImageKind::Thumb
            | ImageKind::ActorThumb => std::iter::once(Wish::NoText).chain(languages).collect(),
            _ => languages.chain([Wish::Original, Wish::NoText]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(wishes: &[Wish]) -> Vec<String> {
        wishes.iter().map(Wish::to_string).collect()
    }

    #[test]
    fn backgrounds_are_wanted_without_text_and_titles_in_the_users_language() {
        let settings = ArtworkSettings {
            languages: ["de", "en"].map(|tag| tag.parse().unwrap()).into(),
            ..ArtworkSettings::default()
        };
        assert_eq!(words(&settings.wishes_for(ImageKind::Poster)), ["de", "en", "original", "none"]);
        assert_eq!(words(&settings.wishes_for(ImageKind::Fanart)), ["none", "de", "en"]);
    }

    #[test]
    fn a_library_may_differ() {
        let all: ArtworkSettings =
            toml::from_str("choice = 'manual'\nchoices = { poster = 'automatic' }\nlimits = { fanart = 5 }").unwrap();
        let own: LibraryArtworkSettings =
            toml::from_str("choice = 'automatic'\nchoices = { fanart = 'manual' }\nlanguages = ['fr']").unwrap();
        let settings = all.of_library(Some(&own));
        for (kind, everywhere, here) in [
            (ImageKind::Poster, ChoiceMode::Automatic, ChoiceMode::Automatic),
            (ImageKind::Fanart, ChoiceMode::Manual, ChoiceMode::Manual),
            (ImageKind::Banner, ChoiceMode::Manual, ChoiceMode::Automatic),
        ] {
            assert_eq!((all.choice_of(kind), settings.choice_of(kind)), (everywhere, here), "{kind:?}");
        }
        assert_eq!((settings.limit_of(ImageKind::Fanart), settings.limit_of(ImageKind::Poster)), (5, 1));
        assert_eq!(words(&settings.wishes_for(ImageKind::Poster))[0], "fr");
        assert_eq!(all.of_library(None), all);
    }
}
