//! Writes that follow each other at once, while what was written before is taken in: none that was acknowledged is lost.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use posterfs::demo::{Size, draw_poster};

use crate::support::{is_long, write};
use crate::world::{World, overwrite, replace};
use crate::writing::WAYS;

/// How long what was taken in may take to be seen under all its names.
const SOON: Duration = Duration::from_secs(10);

/// How often each test writes.
fn rounds() -> usize {
    if is_long() { 2000 } else { 120 }
}

/// A number that looks random, always the same for the same round.
fn random(round: usize, below: usize) -> usize {
    let mixed = (round as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 33) as usize % below
}

/// Lets the intake get to one of its steps.
fn let_go_on(round: usize) {
    std::thread::sleep(Duration::from_micros(random(round, 40) as u64 * 500));
}

/// `truncate(2)`, which opens nothing.
fn truncated(path: &Path, bytes: &[u8]) {
    let output = Command::new("truncate").args(["--size=0".as_ref(), path.as_os_str()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    overwrite(path, bytes);
}

#[track_caller]
fn shown_everywhere(world: &World, bytes: &[u8], when: &str) {
    world.settled();
    for name in ["poster.jpg", "Heat (1995)-poster.jpg"] {
        let begun = Instant::now();
        loop {
            let seen = fs::read(world.heat(name));
            if seen.as_ref().is_ok_and(|seen| seen == bytes) {
                break;
            }
            let shown = world.heat_mappings().into_iter().map(|mapping| (mapping.name, mapping.hash));
            let shown: Vec<_> = shown.collect();
            let seen = seen.map(|bytes| bytes.len());
            assert!(begun.elapsed() < SOON, "{when}: {name} is {seen:?}; {shown:?}\n{}", world.mount.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    world.cache_is_whole();
}

#[test]
fn a_person_who_writes_again_at_once_always_wins() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    let pictures = ["a.jpg", "b.jpg", "c.jpg"].map(|name| world.picture(name));
    let mut last = &pictures[0];
    for round in 0..rounds() {
        let ways = WAYS.iter().copied().chain([("by truncate", truncated as fn(&Path, &[u8]))]);
        let ways: Vec<_> = ways.collect();
        let (way, put) = ways[random(round, ways.len())];
        last = &pictures[random(round + 7, 3)];
        put(&poster, last);
        assert_eq!(fs::read(&poster).unwrap(), *last, "round {round}, {way}: at once\n{}", world.mount.log());
        let_go_on(round);
        assert_eq!(fs::read(&poster).unwrap(), *last, "round {round}, {way}: while it is taken in");
        if round % 20 == 19 {
            shown_everywhere(&world, last, &format!("round {round}, {way}"));
        }
    }
    shown_everywhere(&world, last, "in the end");
}

#[test]
fn several_who_write_at_once_leave_one_whole_picture() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    let pictures = ["a.jpg", "b.jpg", "c.jpg"].map(|name| world.picture(name));
    for round in 0..rounds() / 20 {
        std::thread::scope(|scope| {
            for (offset, picture) in pictures.iter().enumerate() {
                let (temporary, poster) = (world.heat(&format!("{offset}.tmp")), &poster);
                scope.spawn(move || {
                    for again in 0..8 {
                        write(&temporary, picture);
                        fs::rename(&temporary, poster).unwrap();
                        let_go_on(round * 31 + offset * 8 + again);
                    }
                });
            }
        });
        world.settled();
        let seen = fs::read(&poster).unwrap();
        assert!(pictures.contains(&seen), "round {round}: {} bytes that nobody wrote", seen.len());
        shown_everywhere(&world, &seen, &format!("round {round}"));
    }
}

#[test]
fn a_manager_who_writes_again_at_once_leaves_a_candidate_and_changes_nothing() {
    let Some(world) = World::new() else { return };
    let (poster, shown, source) = (world.heat("poster.jpg"), world.picture("a.jpg"), world.films.picture("new.jpg"));
    let mut last = Vec::new();
    for round in 0..rounds() / 2 {
        last = draw_poster("Film", 100 + round as u64, Size { width: 60, height: 90 }).unwrap();
        write(&source, &last);
        world.as_manager("cp", &[&source, &poster]);
        let_go_on(round);
        assert_eq!(fs::read(&poster).unwrap(), shown, "round {round}: what is shown does not change");
        if round % 10 == 9 {
            is_candidate(&world, &last, round);
        }
    }
    is_candidate(&world, &last, rounds());
    assert_eq!(world.films.json(&["history"]).len(), 1, "nothing was published");
}

#[track_caller]
fn is_candidate(world: &World, bytes: &[u8], round: usize) {
    world.settled();
    let hash = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let candidates = world.posters();
    assert!(candidates.iter().any(|candidate| candidate.provider_key == hash), "round {round}: {}", world.mount.log());
}

#[test]
fn a_manager_who_writes_right_after_a_person_does_not_undo_it() {
    let Some(world) = World::new() else { return };
    let (poster, source) = (world.heat("poster.jpg"), world.films.picture("new.jpg"));
    for round in 0..rounds() / 6 {
        let chosen = world.picture(["b.jpg", "c.jpg"][round % 2]);
        let put = if random(round, 2) == 0 { overwrite } else { replace };
        put(&poster, &chosen);
        let theirs = draw_poster("Film", 5000 + round as u64, Size { width: 60, height: 90 }).unwrap();
        write(&source, &theirs);
        let_go_on(round);
        world.as_manager("cp", &[&source, &poster]);
        shown_everywhere(&world, &chosen, &format!("round {round}"));
        is_candidate(&world, &theirs, round);
    }
}

#[test]
fn what_was_written_when_the_mount_ended_is_shown_by_the_next() {
    let Some(mut world) = World::new() else { return };
    for round in 0..if is_long() { 60 } else { 8 } {
        let chosen = world.picture(["b.jpg", "c.jpg"][round % 2]);
        let put = if random(round, 2) == 0 { overwrite } else { replace };
        put(&world.heat("poster.jpg"), &world.picture("a.jpg"));
        put(&world.heat("poster.jpg"), &chosen);
        let_go_on(round);
        if round % 2 == 0 {
            world.mount.end_and_restart()
        } else {
            world.mount.kill_and_restart()
        }
        assert_eq!(fs::read(world.heat("poster.jpg")).unwrap(), chosen, "round {round}\n{}", world.mount.log());
        shown_everywhere(&world, &chosen, &format!("round {round}"));
    }
}
