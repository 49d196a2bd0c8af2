//! Fuzzing: whatever comes from outside is fed to whatever reads it, damaged in every way, and an invariant is held
//! against what comes out.
//!
//! The seeds are documents of our own, valid ones; `damage` takes them apart with their structure in mind (lines, numbers,
//! quotes, brackets, keys), cuts them off and flips bits. A plain `cargo test` tries a few hundred of each;
//! `POSTERFS_FUZZ_CASES=100000 cargo test --release --test fuzz` as many as one likes.
//!
//! A new target is a test in `targets` that names its seeds, says its invariant, and calls [`damage::fuzz`].

mod damage;
mod targets;
