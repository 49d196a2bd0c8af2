//! Damaging documents.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// How many cases of each target a plain run tries.
const CASES: u32 = 256;
/// The most that is done to one document.
const DAMAGES_MAX: usize = 6;

/// One thing that is done to a document. Places are parts of 65536 of its length.
#[derive(Debug, Clone)]
enum Damage {
    /// It breaks off.
    Cut(u16),
    /// A bit is another.
    Flip(u16, u8),
    /// A byte is another one, of those that mean something in most formats.
    Replace(u16, u8),
    /// Something stands in between.
    Insert(u16, Vec<u8>),
    /// A part is gone.
    Remove(u16, u16),
    /// A part is there many times.
    Repeat(u16, u16, u16),
    /// A part of another document stands there.
    Graft(u16, u16, u16, prop::sample::Index),
    /// The n-th number is another one.
    Number(prop::sample::Index, &'static str),
    /// A line, or what is between two marks, changes places with another one.
    Swap(prop::sample::Index, prop::sample::Index, u8),
}

/// Bytes that mean something somewhere.
const MARKS: &[u8] = b"\0\n\r\"'\\/<>{}[](),:;.=#&%-+\xff\xfe\xc0\x80";
/// Numbers that overflow something.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1e400",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "0.1",
    "007",
    "NaN",
];

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<u16>;
    let any_index = any::<prop::sample::Index>;
    prop_oneof![
        place().prop_map(Damage::Cut),
        (place(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (place(), prop::sample::select(MARKS)).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (place(), prop::collection::vec(prop_oneof![prop::sample::select(MARKS), any::<u8>()], 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place(), 0..4096_u16).prop_map(|(at, length)| Damage::Remove(at, length)),
        (place(), 0..2048_u16, 2..200_u16).prop_map(|(at, length, times)| Damage::Repeat(at, length, times)),
        (place(), place(), 0..4096_u16, any_index()).prop_map(|(at, from, n, of)| Damage::Graft(at, from, n, of)),
        (any_index(), prop::sample::select(NUMBERS)).prop_map(|(which, number)| Damage::Number(which, number)),
        (any_index(), any_index(), prop::sample::select(&b"\n,<{"[..])).prop_map(|(a, b, at)| Damage::Swap(a, b, at)),
    ]
}

fn part(length: usize, of: u16) -> usize {
    length * usize::from(of) / 65536
}

impl Damage {
    fn apply(&self, document: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let length = document.len();
        let at = |place: &u16| part(length, *place);
        let until = |place: &u16, span: &u16| (at(place) + part(length, *span) + 1).min(length);
        match self {
            _ if length == 0 => {}
            Self::Cut(place) => document.truncate(at(place)),
            Self::Flip(place, bit) => document[at(place)] ^= 1 << bit,
            Self::Replace(place, byte) => document[at(place)] = *byte,
            Self::Insert(place, bytes) => drop(document.splice(at(place)..at(place), bytes.iter().copied())),
            Self::Remove(place, span) => drop(document.drain(at(place)..until(place, span))),
            Self::Repeat(place, span, times) => {
                let repeated = document[at(place)..until(place, span)].repeat(usize::from(*times));
                document.splice(at(place)..at(place), repeated);
            }
            Self::Graft(place, from, span, of) => {
                let other = of.get(seeds);
                let start = part(other.len(), *from);
                let end = (start + part(other.len(), *span) + 1).min(other.len());
                document.splice(at(place)..at(place), other[start..end].iter().copied());
            }
            Self::Number(which, number) => replace_number(document, which, number),
            Self::Swap(a, b, mark) => swap(document, (a, b), *mark),
        }
    }
}

fn replace_number(document: &mut Vec<u8>, which: &prop::sample::Index, number: &str) {
    let starts: Vec<usize> = (0..document.len())
        .filter(|&at| document[at].is_ascii_digit() && (at == 0 || !document[at - 1].is_ascii_digit()))
        .collect();
    if starts.is_empty() {
        return;
    }
    let start = *which.get(&starts);
    let digits = document[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    document.splice(start..start + digits, number.bytes());
}

fn swap(document: &mut Vec<u8>, which: (&prop::sample::Index, &prop::sample::Index), mark: u8) {
    let mut parts: Vec<Vec<u8>> = document.split(|&byte| byte == mark).map(<[u8]>::to_vec).collect();
    let (a, b) = (which.0.index(parts.len()), which.1.index(parts.len()));
    parts.swap(a, b);
    *document = parts.join(&mark);
}

/// Damages the seeds, as often as is asked for, and demands of each result what `check` demands. The seeds as they are
/// come first.
#[track_caller]
pub fn fuzz(seeds: Vec<Vec<u8>>, share: u32, check: impl Fn(&[u8])) {
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| check(seed));
    let cases = (cases() / share).max(8);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let damaged =
        (0..seeds.len(), prop::collection::vec(damage(), 1..=DAMAGES_MAX)).prop_map(move |(seed, damages)| {
            let mut document = seeds[seed].clone();
            damages.iter().for_each(|damage| damage.apply(&mut document, &seeds));
            // What is longer than any limit is met by tests of limits.
            document.truncate(1 << 20);
            document
        });
    let outcome = runner.run(&damaged, |document| {
        check(&document);
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how long tests run is no setting of the program")]
fn cases() -> u32 {
    std::env::var("POSTERFS_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}
