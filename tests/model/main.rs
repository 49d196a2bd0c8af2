//! The view against a naive model of it: random operations of programs and of commands, and the whole tree compared after
//! each. The model ([`reference`]) shares no code with the program; every decision on semantics is written down there
//! once more, as simply as it can be said.
//!
//! A failure prints the shortest list of operations that was found to cause it. What was found once stays as a test of
//! its own, by name. `POSTERFS_LONG_TESTS=1` tries many more lists.

#[path = "../support/mod.rs"]
mod support;

mod film;
mod reference;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::film::{Kind, Where};
use crate::reference::{Model, OnDelete, Op, Policy};
use crate::support::is_long;
use crate::world::World;

/// Lists of operations that are tried, and operations of a list.
const CASES: u32 = 6;
const STEPS: std::ops::Range<usize> = 10..30;

fn film() -> impl Strategy<Value = usize> {
    0..reference::FILMS
}

fn place() -> impl Strategy<Value = Where> {
    prop_oneof![
        4 => Just(Where::Poster),
        3 => Just(Where::Prefixed),
        2 => Just(Where::Folder),
        3 => Just(Where::Fanart),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![3 => Just(Kind::Poster), 2 => Just(Kind::Fanart)]
}

/// 0 is no picture.
fn bytes() -> impl Strategy<Value = usize> {
    0..reference::PICTURES
}

fn operation() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (film(), place(), bytes()).prop_map(|(film, place, bytes)| Op::Overwrite { film, place, bytes }),
        3 => (film(), place(), bytes()).prop_map(|(film, place, bytes)| Op::Replace { film, place, bytes }),
        3 => (film(), place(), bytes()).prop_map(|(film, place, bytes)| Op::ByManager { film, place, bytes }),
        4 => (film(), place()).prop_map(|(film, place)| Op::Unlink { film, place }),
        2 => (film(), 0..4_usize).prop_map(|(film, name)| Op::RenameFolder { film, name, is_behind: false }),
        1 => (film(), 0..4_usize).prop_map(|(film, name)| Op::RenameFolder { film, name, is_behind: true }),
        2 => (film(), 0..3_usize).prop_map(|(film, name)| Op::RenameVideo { film, name }),
        1 => film().prop_map(|film| Op::RemoveTree { film }),
        1 => film().prop_map(|film| Op::MakeAgain { film }),
        3 => (film(), kind(), 1..reference::PICTURES)
            .prop_map(|(film, kind, picture)| Op::Select { film, kind, picture }),
        4 => Just(Op::Publish),
        2 => (film(), kind()).prop_map(|(film, kind)| Op::Unpublish { film, kind }),
        1 => (0..100_usize).prop_map(|back| Op::Rollback { back }),
        2 => (film(), kind(), any::<bool>()).prop_map(|(film, kind, is_locked)| Op::Lock { film, kind, is_locked }),
        1 => (film(), bytes()).prop_map(|(film, bytes)| Op::Behind { film, bytes }),
        1 => Just(Op::Scan),
        2 => Just(Op::Restart),
    ]
}

/// Does the operations on both sides and compares after each; `None` where nothing can be mounted.
fn run((on_delete, denies): (OnDelete, bool), operations: &[Op]) -> Option<Result<(), String>> {
    // The other library has the other setting of everything.
    let other = if on_delete == OnDelete::Restore { OnDelete::Withdraw } else { OnDelete::Restore };
    let policies = [(on_delete, false), (other, true)].map(|(on_delete, adopts_from_managers)| Policy {
        on_delete,
        adopts_from_managers,
        denies,
    });
    let (mut world, mut model) = (World::new(policies)?, Model::new(policies));
    for (number, operation) in operations.iter().enumerate() {
        let Some(steps) = model.run(operation) else { continue };
        world.run(&steps);
        if let Err(difference) = world.is_as(&model.tree()) {
            let log = world.log();
            return Some(Err(format!("after operation {number}, {operation:?}, as {steps:?}: {difference}\n{log}")));
        }
    }
    Some(world.nothing_is_lost())
}

fn try_many(on_delete: OnDelete, denies: bool) {
    let config = Config {
        cases: if is_long() { 40 * CASES } else { CASES },
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(operation(), STEPS), |operations| {
        let outcome = run((on_delete, denies), &operations).unwrap_or(Ok(()));
        // Also where making the list shorter takes too long.
        outcome.inspect_err(|why| eprintln!("{operations:?}\n{why}")).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn the_view_is_as_the_model_says_where_deletions_come_back() {
    try_many(OnDelete::Restore, false);
}

#[test]
fn the_view_is_as_the_model_says_where_deletions_withdraw() {
    try_many(OnDelete::Withdraw, false);
}

#[test]
fn the_view_is_as_the_model_says_where_writing_is_refused() {
    try_many(OnDelete::Withdraw, true);
}

/// A scan published anew what it took for moved, and showed the picture over what a person had written.
#[test]
fn a_scan_leaves_alone_what_a_program_wrote() {
    let film = 2;
    let operations = [
        Op::Select { film, kind: Kind::Poster, picture: 3 },
        Op::Publish,
        Op::Overwrite { film, place: Where::Poster, bytes: 0 },
        Op::Scan,
        Op::Unlink { film, place: Where::Prefixed },
        Op::Scan,
    ];
    for on_delete in [OnDelete::Restore, OnDelete::Withdraw] {
        let Some(outcome) = run((on_delete, false), &operations) else { return };
        outcome.unwrap();
    }
}
