//! Programs write again while what they wrote before is taken in: nothing that they wrote is ever lost.
//!
//! A view without a kernel, and an intake that stops at each of its steps for another write to happen there.

use std::sync::{Arc, Mutex};

use rustix::fs::RenameFlags;

use crate::model::OnWrite;
use crate::steps;

use super::caller::Caller;
use super::changes::Changes;
use super::nodes::NodeId;
use super::program::Rules;
use super::testing::{
    World, node, open_to_write, picture, read, root_caller, take_in_all, try_to_open, write, write_and_close,
};
use super::view::View;
use super::written::Arrival;

const POSTER: &str = "Heat/poster.jpg";
const OTHER_NAME: &str = "Heat/Heat-poster.jpg";
const STEPS: [&str; 6] =
    ["intake.found", "intake.read", "intake.settled", "intake.chosen", "intake.published", "intake.ended"];

/// What a second program does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Second {
    /// Opens the file that it has found, and writes another picture.
    Writes,
    /// The same, and what it writes is what was shown before the first write.
    WritesBack,
    /// Opens the file, and closes it again.
    OpensOnly,
    /// Renames another picture over the name.
    Replaces,
    /// Removes the name.
    Removes,
}

/// A film whose poster is written to, and the intake's side.
struct Scene {
    world: World,
    view: Arc<View<()>>,
    arrivals: std::sync::mpsc::Receiver<Arrival>,
    changes: Changes,
}

impl Scene {
    fn new(on_write: OnWrite) -> Self {
        let mut rules = Rules::default();
        rules.usual.on_write = on_write;
        let world = World::new();
        let (view, arrivals) = world.view_with(rules);
        let changes = world.changes();
        Self { view: Arc::new(view), arrivals, changes, world }
    }

    /// A program writes a picture; the node that it wrote to.
    fn write(&mut self, shade: u8) -> NodeId {
        let open = open_to_write(&self.view, node(&self.view, POSTER).unwrap(), POSTER, &mut self.changes);
        write_and_close(&self.view, open, &picture(shade));
        open.node
    }

    /// Opens and writes as somebody does who has found that node under the name, before or while it was taken in.
    fn write_to(&mut self, found: NodeId, shade: u8) {
        let open = open_to_write(&self.view, found, POSTER, &mut self.changes);
        write_and_close(&self.view, open, &picture(shade));
    }

    /// Does something to names, in a turn as the thread that makes changes has it.
    fn change(&mut self, change: impl FnOnce(&View<()>, NodeId, Caller, &mut Changes)) {
        let heat = node(&self.view, "Heat").unwrap();
        let turn = self.view.turn();
        let _turned = turn.take();
        change(&self.view, heat, root_caller(), &mut self.changes);
    }

    fn replace(&mut self, shade: u8) {
        write(&self.world.media().join("Heat/new.jpg"), &picture(shade));
        self.change(|view, heat, caller, changes| {
            let (from, to) = ((heat, "new.jpg".as_ref()), (heat, "poster.jpg".as_ref()));
            view.rename(from, to, RenameFlags::empty(), caller, Some(changes)).unwrap();
        });
    }

    fn remove(&mut self) {
        self.change(|view, heat, caller, changes| {
            view.unlink(heat, "poster.jpg".as_ref(), caller, Some(changes)).unwrap();
        });
    }

    /// What is as it is to be once all is taken in.
    fn settle(&mut self) {
        take_in_all(&mut self.world.intake(), &self.view, &self.arrivals);
        assert_eq!(self.world.catalog().pending_writes().unwrap(), []);
    }

    fn assert_shown(&self, shade: u8, when: &str) {
        for name in [POSTER, OTHER_NAME] {
            assert_eq!(read(&self.view, name), Some(picture(shade)), "{when}: {name}");
        }
    }
}

/// Runs the intake once, and calls `act` at a step.
fn taking_in(scene: &Scene, at: &'static str, act: impl FnOnce(&View<()>) + 'static) {
    let (view, mut act) = (Arc::clone(&scene.view), Some(act));
    let listening = steps::listen(move |step| {
        if step == at
            && let Some(act) = act.take()
        {
            act(&view);
        }
    });
    let Ok(Arrival::Wrote(wrote)) = scene.arrivals.try_recv() else { panic!("nothing is to be taken in") };
    scene.world.intake().receive(&scene.view, &wrote);
    drop(listening);
}

/// Whether the intake has its turn at that step, so that names cannot be changed, and files not be opened to write.
fn is_turn(step: &str) -> bool {
    !matches!(step, "intake.found" | "intake.read")
}

#[test]
fn whoever_has_found_the_file_and_opens_it_during_any_step_is_not_lost() {
    for step in STEPS {
        for second in [Second::Writes, Second::WritesBack, Second::OpensOnly] {
            for on_write in [OnWrite::Adopt, OnWrite::Capture] {
                if step == "intake.published" && on_write == OnWrite::Capture {
                    continue;
                }
                let (mut scene, when) = (Scene::new(on_write), format!("{second:?} at {step:?}, {on_write:?}"));
                let found = scene.write(2);
                let is_refused = Arc::<Mutex<Option<bool>>>::default();
                let told = Arc::clone(&is_refused);
                taking_in(&scene, step, move |view| {
                    let opened = try_to_open(view, found);
                    *told.lock().unwrap() = Some(opened.is_err());
                    if let Ok(open) = opened {
                        finish(view, second, open);
                    }
                });
                assert_eq!(*is_refused.lock().unwrap(), Some(is_turn(step)), "{when}");
                if is_turn(step) {
                    // The thread that makes changes has it now.
                    let open = open_to_write(&scene.view, found, POSTER, &mut scene.changes);
                    finish(&scene.view, second, open);
                }
                scene.settle();
                let last = match second {
                    Second::Writes => 3,
                    Second::WritesBack => 1,
                    _ => 2,
                };
                match on_write {
                    OnWrite::Adopt => scene.assert_shown(last, &when),
                    _ => {
                        scene.assert_shown(1, &when);
                        assert!(last == 1 || scene.world.is_captured(&picture(last)), "{when}: no candidate");
                    }
                }
            }
        }
    }
}

fn finish(view: &View<()>, second: Second, open: super::testing::Opened) {
    match second {
        Second::Writes => write_and_close(view, open, &picture(3)),
        Second::WritesBack => write_and_close(view, open, &picture(1)),
        _ => view.release(open.file),
    }
}

#[test]
fn whoever_changes_the_name_during_any_step_is_not_lost() {
    for step in ["intake.found", "intake.read"] {
        for second in [Second::Replaces, Second::Removes] {
            let (mut scene, when) = (Scene::new(OnWrite::Adopt), format!("{second:?} at {step:?}"));
            scene.write(2);
            let mut other = Scene {
                view: Arc::clone(&scene.view),
                changes: scene.world.changes(),
                arrivals: std::sync::mpsc::channel().1,
                world: World::at(scene.world.root.clone()),
            };
            taking_in(&scene, step, move |_| match second {
                Second::Replaces => other.replace(3),
                _ => other.remove(),
            });
            scene.settle();
            if second == Second::Replaces {
                scene.assert_shown(3, &when);
            } else {
                assert_eq!(node(&scene.view, POSTER), None, "{when}: it is gone, and nothing resurfaces");
                assert_eq!(read(&scene.view, OTHER_NAME), Some(picture(1)), "{when}: nothing was chosen");
            }
        }
    }
}

#[test]
fn a_writer_who_stays_keeps_the_file_and_what_it_wrote_last_counts() {
    let mut scene = Scene::new(OnWrite::Adopt);
    let found = scene.write(2);
    let stays = open_to_write(&scene.view, found, POSTER, &mut scene.changes);
    scene.settle_not();
    scene.write_to(found, 3);
    scene.settle_not();
    assert_eq!(read(&scene.view, OTHER_NAME), Some(picture(1)), "somebody still writes");
    write_and_close(&scene.view, stays, &picture(4));
    scene.settle();
    scene.assert_shown(4, "after the last writer");
}

impl Scene {
    /// The intake looks, and leaves what is open alone.
    fn settle_not(&mut self) {
        take_in_all(&mut self.world.intake(), &self.view, &self.arrivals);
        assert_eq!(self.world.catalog().pending_writes().unwrap().len(), 1);
    }
}

#[test]
fn what_is_renamed_over_a_name_while_it_is_open_is_taken_in_when_it_is_closed() {
    let mut scene = Scene::new(OnWrite::Adopt);
    write(&scene.world.media().join("Heat/new.jpg"), &picture(2));
    let found = node(&scene.view, "Heat/new.jpg").unwrap();
    let open = open_to_write(&scene.view, found, "Heat/new.jpg", &mut scene.changes);
    scene.change(|view, heat, caller, changes| {
        let (from, to) = ((heat, "new.jpg".as_ref()), (heat, "poster.jpg".as_ref()));
        view.rename(from, to, RenameFlags::empty(), caller, Some(changes)).unwrap();
    });
    scene.settle_not();
    assert_eq!(read(&scene.view, POSTER), Some(picture(2)), "it is seen at once");
    write_and_close(&scene.view, open, &picture(3));
    scene.settle();
    scene.assert_shown(3, "after its writer");
}

#[test]
fn what_somebody_publishes_meanwhile_does_not_hide_what_waits() {
    let mut scene = Scene::new(OnWrite::Adopt);
    scene.write(2);
    scene.world.publish_another(&picture(5));
    scene.view.folder_changed(&super::testing::heat(), &[]);
    assert_eq!(read(&scene.view, POSTER), Some(picture(2)), "the file is still seen");
    assert_eq!(read(&scene.view, OTHER_NAME), Some(picture(5)));
    let before = scene.world.catalog().pending_writes().unwrap();
    assert_eq!(before.len(), 1, "a mount that is killed now finds it");
    scene.settle();
    scene.assert_shown(2, "a person's write is a choice");
}

#[test]
fn a_file_with_another_name_stays_a_file() {
    let mut scene = Scene::new(OnWrite::Adopt);
    let found = scene.write(2);
    let (poster, linked) = (scene.world.media().join(POSTER), scene.world.media().join("Heat/linked.jpg"));
    std::fs::hard_link(poster, &linked).unwrap();
    scene.settle();
    // By its other name it is opened like any file, and what is shown stays.
    let open = open_to_write(&scene.view, found, "Heat/linked.jpg", &mut scene.changes);
    write_and_close(&scene.view, open, &picture(3));
    scene.settle();
    assert_eq!(std::fs::read(&linked).unwrap(), picture(3));
    scene.assert_shown(2, "written by another name");
}

#[test]
fn what_is_looked_at_late_is_not_taken_for_what_was_written_then() {
    let mut scene = Scene::new(OnWrite::Capture);
    let found = scene.write(2);
    scene.settle();
    // The kernel has forgotten the file, and somebody was waited for in vain.
    scene.view.written().forget(found);
    let program = crate::catalog::Program { name: "cp".to_owned(), uid: 0 };
    let mapping = scene.world.catalog().mappings_of(crate::model::EntityId::new(1)).unwrap();
    let mapping = mapping.iter().find(|mapping| mapping.name.as_bytes() == b"poster.jpg").unwrap().id;
    scene.view.written().arrive(super::written::Wrote { mapping, action: crate::catalog::WriteAction::Adopt, program });
    scene.settle();
    scene.assert_shown(1, "what a manager wrote stays a candidate");
}

/// It was taken for a file as any other, and what was written to it then lay beneath the picture of the write before.
#[test]
fn whoever_finds_the_file_anew_after_the_kernel_forgot_it_is_not_lost() {
    for step in STEPS {
        let (mut scene, when) = (Scene::new(OnWrite::Adopt), format!("{step:?}"));
        scene.write(2);
        taking_in(&scene, step, move |view| {
            let forgotten = node(view, POSTER).unwrap();
            drop(view.forget(forgotten, u64::MAX));
            if let Ok(open) = try_to_open(view, node(view, POSTER).unwrap()) {
                assert!(!is_turn(step), "{step:?}: nobody writes to what is taken in");
                write_and_close(view, open, &picture(3));
            }
        });
        if is_turn(step) {
            let found = node(&scene.view, POSTER).unwrap();
            scene.write_to(found, 3);
        }
        assert_eq!(read(&scene.view, POSTER), Some(picture(3)), "{when}: at once");
        scene.settle();
        scene.assert_shown(3, &when);
    }
}
