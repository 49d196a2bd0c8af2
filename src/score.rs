//! How good a candidate is, as a pure function: no clock, no network, no file.
//!
//! `docs/scoring.md` says the same in words and with examples; its tables are tested here.
//!
//! - `ideal`: the size and shape that each image type wants
//! - `wish`: the languages a user wants, in order
//! - `points`: 0 to 100 points, and what they are made of; the order of candidates
//! - `likeness`: when two pictures are nearly the same
//! - `matching`: whether a search found what was looked for

mod ideal;
mod likeness;
mod matching;
mod points;
mod wish;

pub use ideal::{Ideal, fits, ideal};
pub use likeness::{NEAR_DUPLICATE_BITS, bits_apart};
pub use matching::{Found, Matched, confident, folded};
pub use points::{Offered, Parts, Preferences, Score, Weights, in_order, score};
pub use wish::{Wish, WishError};
