//! Which candidate may take which place: a pure function of what is chosen, locked and how good it is.

use crate::model::CandidateId;
use crate::score::bits_apart;

/// A place that one picture of a kind can have: `poster`, or one of `fanart`, `fanart1`, …
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Its number.
    pub(super) number: u8,
    /// Whether it must be left as it is.
    pub(super) is_locked: bool,
    /// What is chosen for it.
    pub(super) chosen: Option<Chosen>,
}

/// A picture that is chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub(super) candidate: CandidateId,
    /// 0 to 100.
    pub(super) score: f64,
    /// What it looks like.
    pub(super) perceptual_hash: Vec<u8>,
}

/// The place that a candidate of that score may take: the first empty one, else that of the weakest choice, when the
/// candidate is better by more than the margin. `None` when there is no such place: then there is none for any worse
/// candidate either.
pub(super) fn place_for(places: &[Place], score: f64, margin: f64) -> Option<u8> {
    let free = || places.iter().filter(|place| !place.is_locked);
    if let Some(empty) = free().find(|place| place.chosen.is_none()) {
        return Some(empty.number);
    }
    let scored = free().filter_map(|place| Some((place.number, place.chosen.as_ref()?.score)));
    // Of equally weak ones the last: the main picture changes least.
    let (number, weakest) = scored.min_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)))?;
    (score > weakest + margin).then_some(number)
}

/// The number of another place whose picture looks the same.
pub(super) fn look_alike(places: &[Place], number: u8, perceptual_hash: &[u8], bits: u32) -> Option<u8> {
    let others = places.iter().filter(|place| place.number != number);
    let mut chosen = others.filter_map(|place| Some((place.number, place.chosen.as_ref()?)));
    let alike = |hash: &[u8]| !hash.is_empty() && bits_apart(hash, perceptual_hash) <= bits;
    chosen.find(|(_, chosen)| alike(&chosen.perceptual_hash)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u8, is_locked: bool, score: Option<f64>) -> Place {
        let chosen =
            score.map(|score| Chosen { candidate: CandidateId::new(1), score, perceptual_hash: vec![number; 8] });
        Place { number, is_locked, chosen }
    }

    #[test]
    fn a_candidate_takes_an_empty_place_or_that_of_a_clearly_weaker_one() {
        for (what, places, score, wanted) in [
            ("an empty place", vec![place(0, false, Some(90.0)), place(1, false, None)], 10.0, Some(1)),
            ("a clearly weaker one", vec![place(0, false, Some(70.0))], 75.1, Some(0)),
            ("within the margin", vec![place(0, false, Some(70.0))], 75.0, None),
            ("the weakest of several", vec![place(0, false, Some(70.0)), place(1, false, Some(60.0))], 80.0, Some(1)),
            ("of equals the last", vec![place(0, false, Some(60.0)), place(1, false, Some(60.0))], 80.0, Some(1)),
            ("never a locked one", vec![place(0, true, Some(10.0))], 90.0, None),
            ("nor one that is locked to be empty", vec![place(0, true, None)], 90.0, None),
            ("the free one beside it", vec![place(0, true, Some(10.0)), place(1, false, None)], 20.0, Some(1)),
            ("nothing at all", vec![], 90.0, None),
        ] {
            assert_eq!(place_for(&places, score, 5.0), wanted, "{what}");
        }
    }

    #[test]
    fn a_picture_that_is_there_already_is_seen_in_the_other_places_only() {
        let places = [place(0, false, Some(1.0)), place(1, true, Some(1.0)), place(7, false, None)];
        for (what, number, hash, wanted) in [
            ("the same as a locked one", 0, [1u8; 8], Some(1)),
            ("the same as what it replaces", 0, [0; 8], None),
            ("a few bits apart", 7, [0, 0, 0, 0, 0, 0, 1, 1], Some(0)),
            ("many bits apart", 7, [0xf0; 8], None),
        ] {
            assert_eq!(look_alike(&places, number, &hash, 6), wanted, "{what}");
        }
    }
}
