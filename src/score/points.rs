//! 0 to 100 points for a candidate, each part of them kept.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{EntityType, ImageKind, Language};

use super::Wish;
use super::ideal::{difference, ideal};

/// How much each part counts. Only their ratios matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// The size of the picture.
    pub resolution: f64,
    /// Its shape.
    pub aspect: f64,
    /// The language of its text.
    pub language: f64,
    /// What others think of it.
    pub votes: f64,
    /// Who offers it.
    pub provider: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { resolution: 25.0, aspect: 15.0, language: 35.0, votes: 15.0, provider: 10.0 }
    }
}

/// What a user prefers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preferences {
    /// How much each part counts.
    pub weights: Weights,
    /// For each kind of picture the languages, the most wanted first. A kind that is not there has no wishes: every
    /// language is as good as any.
    pub languages: BTreeMap<ImageKind, Vec<Wish>>,
    /// Providers, the most trusted first.
    pub providers: Vec<String>,
}

/// What is known of a candidate before it is downloaded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offered<'a> {
    /// What it is for.
    pub entity_type: EntityType,
    /// What it is of.
    pub kind: ImageKind,
    /// Its width in pixels, where the provider tells it.
    pub width: Option<u32>,
    /// Its height in pixels.
    pub height: Option<u32>,
    /// The language of its text; `None` without text.
    pub language: Option<&'a Language>,
    /// The mean of the votes, 0 to 10.
    pub vote_average: Option<f64>,
    /// How many voted.
    pub vote_count: Option<u32>,
    /// Who offers it.
    pub provider: &'a str,
}

/// The points of each part; together they are the score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Parts {
    /// For its size.
    pub resolution: f64,
    /// For its shape.
    pub aspect: f64,
    /// For the language of its text.
    pub language: f64,
    /// For its votes.
    pub votes: f64,
    /// For who offers it.
    pub provider: f64,
}

/// How good a candidate is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 100.
    pub total: f64,
    /// What it is made of.
    pub parts: Parts,
}

/// What a part counts where nothing is known of it: between good and bad.
const UNKNOWN: f64 = 0.5;

/// As many votes of 5 are added to the votes of everyone, so that one enthusiast does not outweigh a hundred.
const PRIOR_VOTES: f64 = 10.0;
const PRIOR_AVERAGE: f64 = 5.0;

/// From which difference in shape on a picture gets no points for it (a quarter wider or narrower), and up to which it
/// gets all of them (rounding to whole pixels).
const SHAPE_WRONG: f64 = 0.25;
const SHAPE_RIGHT: f64 = 0.02;

/// Scores a candidate. `original` is the language that its film, series or album was made in, where that is known.
#[must_use]
pub fn score(offered: &Offered<'_>, preferences: &Preferences, original: Option<&Language>) -> Score {
    let weights = &preferences.weights;
    let share = |weight: f64, value: f64| rounded(positive(weight) / sum(weights) * 100.0 * value.clamp(0.0, 1.0));
    let parts = Parts {
        resolution: share(weights.resolution, resolution(offered)),
        aspect: share(weights.aspect, aspect(offered)),
        language: share(weights.language, language(offered, preferences, original)),
        votes: share(weights.votes, votes(offered)),
        provider: share(weights.provider, place(offered.provider, &preferences.providers)),
    };
    let total = parts.resolution + parts.aspect + parts.language + parts.votes + parts.provider;
    Score { total: rounded(total).clamp(0.0, 100.0), parts }
}

/// The order of candidates, the best first: by score, then by size, then by the provider's own name of it, so that equal
/// candidates come in the same order in every run.
#[must_use]
pub fn in_order(one: (&Score, Option<u64>, &str), other: (&Score, Option<u64>, &str)) -> Ordering {
    other.0.total.total_cmp(&one.0.total).then_with(|| other.1.cmp(&one.1)).then_with(|| one.2.cmp(other.2))
}

/// Hundredths are enough, and hide the noise of adding up fractions.
fn rounded(points: f64) -> f64 {
    (points * 100.0).round() / 100.0
}

fn positive(weight: f64) -> f64 {
    if weight.is_finite() { weight.max(0.0) } else { 0.0 }
}

fn sum(weights: &Weights) -> f64 {
    let Weights { resolution, aspect, language, votes, provider } = *weights;
    let sum: f64 = [resolution, aspect, language, votes, provider].into_iter().map(positive).sum();
    if sum > 0.0 { sum } else { 1.0 }
}

/// The side of the picture against that of the ideal: half the side, half the points; more than ideal is not better.
fn resolution(offered: &Offered<'_>) -> f64 {
    let ideal = ideal(offered.entity_type, offered.kind);
    match size(offered) {
        None => UNKNOWN,
        Some((width, height)) => {
            let pixels = f64::from(width) * f64::from(height);
            (pixels / (f64::from(ideal.width) * f64::from(ideal.height))).sqrt()
        }
    }
}

fn aspect(offered: &Offered<'_>) -> f64 {
    let Some((width, height)) = size(offered) else { return UNKNOWN };
    // A title may have any shape; only what no player could place loses.
    if offered.kind == ImageKind::ClearLogo {
        return 1.0;
    }
    let difference = difference(&ideal(offered.entity_type, offered.kind), width, height);
    1.0 - (difference - SHAPE_RIGHT) / (SHAPE_WRONG - SHAPE_RIGHT)
}

fn size(offered: &Offered<'_>) -> Option<(u32, u32)> {
    match (offered.width, offered.height) {
        (Some(width), Some(height)) if width > 0 && height > 0 => Some((width, height)),
        _ => None,
    }
}

/// The best place in the list: the first is worth all, the last of `n` one `n`-th.
fn language(offered: &Offered<'_>, preferences: &Preferences, original: Option<&Language>) -> f64 {
    let Some(wishes) = preferences.languages.get(&offered.kind).filter(|wishes| !wishes.is_empty()) else {
        return 1.0;
    };
    let worth = |at: usize| (wishes.len() - at) as f64 / wishes.len() as f64;
    let granted = wishes.iter().enumerate().map(|(at, wish)| worth(at) * wish.granted(offered.language, original));
    granted.fold(0.0, f64::max)
}

fn votes(offered: &Offered<'_>) -> f64 {
    let count = f64::from(offered.vote_count.unwrap_or(0));
    let average = offered.vote_average.filter(|average| average.is_finite()).unwrap_or(PRIOR_AVERAGE);
    (PRIOR_VOTES * PRIOR_AVERAGE + count * average.clamp(0.0, 10.0)) / (PRIOR_VOTES + count) / 10.0
}

fn place(provider: &str, providers: &[String]) -> f64 {
    match providers.iter().position(|known| known == provider) {
        Some(at) => (providers.len() - at) as f64 / providers.len() as f64,
        None => 0.0,
    }
}

#[cfg(test)]
mod tests;
