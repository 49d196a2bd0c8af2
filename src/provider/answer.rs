//! What a provider answers.

use crate::model::{ImageKind, Language, Provider};

/// A picture that a provider offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What it is of.
    pub kind: ImageKind,
    /// The provider's own name of it: what stays the same from one answer to the next.
    pub key: String,
    /// Where it can be fetched.
    pub url: String,
    /// Its width in pixels, where told.
    pub width: Option<u32>,
    /// Its height in pixels, where told.
    pub height: Option<u32>,
    /// The language of its text; `None` without text, or where nothing is said of it.
    pub language: Option<Language>,
    /// The mean of the votes, 0 to 10.
    pub vote_average: Option<f64>,
    /// How many voted.
    pub vote_count: Option<u32>,
    /// The season it is for, where the answer is about a series.
    pub season: Option<u16>,
}

/// A metadata field: its word, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// `title`, `plot`, `rating`, …
    pub name: &'static str,
    /// The value as text; several values are a JSON list.
    pub value: String,
}

/// Someone who plays in a film or series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The character; empty where it is not told.
    pub role: String,
    /// Their ids.
    pub ids: Vec<(Provider, String)>,
}

/// Everything a provider knows of a subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The pictures it offers.
    pub offers: Vec<Offer>,
    /// Ids of the subject.
    pub ids: Vec<(Provider, String)>,
    /// Its metadata.
    pub fields: Vec<Field>,
    /// Who plays in it, in the order of billing.
    pub people: Vec<Person>,
    /// The language it was made in.
    pub original_language: Option<Language>,
    /// How many entries could not be understood and were passed over.
    pub dropped: u32,
}

/// What looking for a subject came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// It is known by these ids, found by an id elsewhere.
    Found(Vec<(Provider, String)>),
    /// It is known by these ids, found by title and year beyond doubt.
    Searched(Vec<(Provider, String)>),
    /// It may be one of these; each is `provider:value`.
    Doubtful(Vec<String>),
    /// Nothing of the kind.
    Nothing,
    /// This provider does not know such things.
    NotAsked,
}

impl Answer {
    /// Adds a field unless its value is empty.
    pub(super) fn add_field(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.fields.push(Field { name, value });
        }
    }

    /// Adds an id, where there is one.
    pub(super) fn add_id(&mut self, provider: &str, value: Option<String>) {
        if let (Some(provider), Some(value)) = (Provider::parse(provider), value)
            && !value.is_empty()
        {
            self.ids.push((provider, value));
        }
    }

    /// Takes what another answer of the same provider has.
    pub(super) fn absorb(&mut self, other: Self) {
        for offer in other.offers {
            if !self.offers.iter().any(|known| known.kind == offer.kind && known.key == offer.key) {
                self.offers.push(offer);
            }
        }
        self.dropped += other.dropped;
    }
}

/// One id at a provider of ids, where it is known.
pub(super) fn id(provider: &str, value: impl Into<String>) -> Vec<(Provider, String)> {
    Provider::parse(provider).map(|provider| (provider, value.into())).into_iter().collect()
}
