//! The view against a naive model of it: random operations of programs and of commands, and the whole tree compared after
//! each. The model ([`reference`]) shares no code with the program; every decision on semantics is written down there
//! once more, as simply as it can be said.
//!
//! A failure prints the shortest list of operations that was found to cause it. What was found once stays as a test of
//! its own, by name. `POSTERFS_LONG_TESTS=1` tries many more lists.

#[path = "../support/mod.rs"]
mod support;

mod reference;
mod title;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::reference::{Model, OnDelete, Op, Policy, SERIES, TITLES};
use crate::support::is_long;
use crate::title::{Kind, Title, Where};
use crate::world::World;

/// Lists of operations that are tried, and operations of a list.
const CASES: u32 = 6;
const STEPS: std::ops::Range<usize> = 10..30;

fn title() -> impl Strategy<Value = usize> {
    0..TITLES
}

/// A title, and a name that it may have a picture under.
fn place() -> impl Strategy<Value = (usize, Where)> {
    title().prop_flat_map(|title| (Just(title), prop::sample::select(Title::places(title == SERIES))))
}

/// A title, and what it may have a picture of.
fn kind() -> impl Strategy<Value = (usize, Kind)> {
    place().prop_map(|(title, place)| (title, place.kind()))
}

/// 0 is no picture.
fn bytes() -> impl Strategy<Value = usize> {
    0..reference::PICTURES
}

fn operation() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (place(), bytes()).prop_map(|((title, place), bytes)| Op::Overwrite { title, place, bytes }),
        3 => (place(), bytes()).prop_map(|((title, place), bytes)| Op::Replace { title, place, bytes }),
        2 => (place(), bytes()).prop_map(|((title, place), bytes)| Op::SetAside { title, place, bytes }),
        3 => (place(), bytes()).prop_map(|((title, place), bytes)| Op::ByManager { title, place, bytes }),
        4 => place().prop_map(|(title, place)| Op::Unlink { title, place }),
        2 => (title(), 0..4_usize).prop_map(|(title, name)| Op::RenameFolder { title, name, is_behind: false }),
        1 => (title(), 0..4_usize).prop_map(|(title, name)| Op::RenameFolder { title, name, is_behind: true }),
        1 => (0..3_usize, any::<bool>()).prop_map(|(name, is_behind)| Op::RenameSeason { name, is_behind }),
        2 => (title(), 0..3_usize).prop_map(|(title, name)| Op::RenameVideo { title, name }),
        1 => title().prop_map(|title| Op::RemoveTree { title }),
        1 => title().prop_map(|title| Op::MakeAgain { title }),
        3 => (kind(), 1..reference::PICTURES)
            .prop_map(|((title, kind), picture)| Op::Select { title, kind, picture }),
        4 => Just(Op::Publish),
        2 => kind().prop_map(|(title, kind)| Op::Unpublish { title, kind }),
        1 => (0..100_usize).prop_map(|back| Op::Rollback { back }),
        2 => (kind(), any::<bool>()).prop_map(|((title, kind), is_locked)| Op::Lock { title, kind, is_locked }),
        1 => (title(), bytes()).prop_map(|(title, bytes)| Op::Behind { title, bytes }),
        1 => Just(Op::Scan),
        2 => Just(Op::Restart),
    ]
}

/// Does the operations on both sides and compares after each; `None` where nothing can be mounted.
fn run((on_delete, denies): (OnDelete, bool), operations: &[Op]) -> Option<Result<(), String>> {
    // The second library has the other setting of everything.
    let other = if on_delete == OnDelete::Restore { OnDelete::Withdraw } else { OnDelete::Restore };
    let policies = [(on_delete, false), (other, true), (on_delete, true)]
        .map(|(on_delete, adopts_from_managers)| Policy { on_delete, adopts_from_managers, denies });
    let (mut world, mut model) = (World::new(policies)?, Model::new(policies));
    for (number, operation) in operations.iter().enumerate() {
        let Some(steps) = model.run(operation) else { continue };
        world.run(&steps);
        if let Err(difference) = world.is_as(&model.tree(), &model.paths()) {
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
    let title = 2;
    let operations = [
        Op::Select { title, kind: Kind::Poster, picture: 3 },
        Op::Publish,
        Op::Overwrite { title, place: Where::Poster, bytes: 0 },
        Op::Scan,
        Op::Unlink { title, place: Where::Prefixed },
        Op::Scan,
    ];
    for on_delete in [OnDelete::Restore, OnDelete::Withdraw] {
        let Some(outcome) = run((on_delete, false), &operations) else { return };
        outcome.unwrap();
    }
}
