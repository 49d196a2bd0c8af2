use std::sync::mpsc::{Receiver, channel};

use crate::model::{LibraryId, RelPath};

use super::*;

fn wrote(action: WriteAction) -> Wrote {
    Wrote { mapping: MappingId::new(3), action, program: Program { name: "cp".to_owned(), uid: 0 } }
}

fn by(action: WriteAction) -> Option<(WriteAction, Program)> {
    Some((action, Program { name: "mv".to_owned(), uid: 7 }))
}

fn poster() -> (FolderKey, Name) {
    let key = FolderKey { library: LibraryId::new(1), folder: RelPath::root() };
    (key, Name::parse(b"poster.jpg").unwrap())
}

/// A table, and what the intake was told since it was asked last.
struct Told(Written, Receiver<Arrival>);

impl Told {
    fn new() -> Self {
        let (sender, arrivals) = channel();
        Self(Written::new(sender), arrivals)
    }

    fn count(&self) -> usize {
        self.1.try_iter().filter(|arrival| matches!(arrival, Arrival::Wrote(_))).count()
    }

    fn ticket(&self, node: NodeId) -> Option<Ticket> {
        let (key, name) = poster();
        self.0.ticket((node, &key, &name), &wrote(WriteAction::Adopt), || false)
    }

    fn settle(&self, node: NodeId, ticket: &Ticket, has_writer: bool) -> bool {
        let (key, name) = poster();
        self.0.settle((node, &key, &name), ticket.version, || has_writer)
    }

    /// Opens the file to write to it, and closes it again.
    fn write(&self, node: NodeId) -> Result<(), NotNow> {
        self.0.begin_to_write(node, by(WriteAction::Adopt))?;
        self.0.end_to_write(node, || true);
        self.0.look_if_closed(node, || false);
        Ok(())
    }
}

#[test]
fn a_file_is_looked_at_after_its_last_writer_and_not_before() {
    let told = Told::new();
    told.0.enter_file(70, wrote(WriteAction::Adopt), || true);
    assert_eq!(told.count(), 0, "somebody has it open");
    told.0.look_if_closed(71, || false);
    told.0.begin_to_write(70, by(WriteAction::Adopt)).unwrap();
    told.0.look_if_closed(70, || false);
    assert_eq!(told.count(), 0, "another one is about to open it");
    told.0.end_to_write(70, || true);
    told.0.look_if_closed(70, || false);
    told.0.look_if_closed(70, || false);
    assert_eq!(told.count(), 1);
    let ticket = told.ticket(70).unwrap();
    assert_eq!(ticket.wrote.program.name, "mv", "who wrote last");
    let (key, name) = poster();
    assert!(told.0.ticket((70, &key, &name), &ticket.wrote, || true).is_none(), "open again");
}

#[test]
fn nothing_is_settled_that_somebody_has_begun_to_write_to() {
    let told = Told::new();
    told.0.enter_file(70, wrote(WriteAction::Adopt), || false);
    let first = told.ticket(70).unwrap();
    assert!(told.0.is_same(70, first.version));
    told.0.begin_to_write(70, by(WriteAction::Adopt)).unwrap();
    assert!(!told.0.is_same(70, first.version) && !told.settle(70, &first, false), "it is being opened");
    told.0.end_to_write(70, || true);
    assert!(!told.settle(70, &first, true), "it is open");
    told.0.look_if_closed(70, || false);
    assert!(!told.settle(70, &first, false), "it was written to");
    let second = told.ticket(70).unwrap();
    assert!(told.settle(70, &second, false));
    assert_eq!(told.write(70), Err(NotNow), "whoever looked the name up before has to do so again");
    assert_eq!(told.0.settled(70), Some(MappingId::new(3)));
    told.0.forgotten_by_kernel(70, || false);
    assert_eq!(told.write(70), Err(NotNow), "the file can still be found under its name");
    told.0.end_settling(70, || true);
    assert!(told.0.settled(70).is_some(), "somebody has found it before");
    told.0.forgotten_by_kernel(70, || false);
    assert!(told.0.settled(70).is_none() && told.write(70).is_ok(), "a file as any other");
}

#[test]
fn a_managers_write_waits_for_a_persons_to_be_taken_in() {
    let told = Told::new();
    told.0.enter_file(70, wrote(WriteAction::Adopt), || false);
    assert_eq!(told.0.begin_to_write(70, by(WriteAction::Capture)), Err(NotNow));
    told.0.begin_to_write(70, by(WriteAction::Adopt)).unwrap();
    told.0.begin_to_write(70, by(WriteAction::Capture)).unwrap();
    (0..2).for_each(|_| told.0.end_to_write(70, || false));
    assert_eq!(told.ticket(70).unwrap().wrote.action, WriteAction::Adopt, "a person writes to it as well");
    let ticket = told.ticket(70).unwrap();
    let (key, name) = poster();
    assert!(told.0.leave((70, &key, &name), ticket.version, || false), "no picture");
    told.0.begin_to_write(70, by(WriteAction::Capture)).unwrap();
}

#[test]
fn who_was_told_to_look_again_finds_the_file_and_is_waited_for() {
    let (told, (key, name)) = (Told::new(), poster());
    told.0.enter_copy(70, wrote(WriteAction::Adopt));
    told.0.let_see(&key, &name, 7);
    assert!(!told.0.sees_file(&key, &name, 8), "another program");
    assert!(told.0.sees_file(&key, &name, 7) && told.0.sees_file(&key, &name, 7), "until it is open");
    assert!(told.ticket(70).is_none(), "not taken in before");
    told.0.end_seeing(7);
    assert!(!told.0.sees_file(&key, &name, 7));
    let ticket = told.ticket(70).unwrap();
    assert!(ticket.is_copy);
    told.0.let_see(&key, &name, 8);
    assert!(!told.settle(70, &ticket, false), "nor settled");
    told.0.end_seeing(8);
    assert!(told.0.is_same(70, ticket.version) && told.settle(70, &ticket, false));
    // Who does not come is waited for a while only.
    let (now, end) = (Instant::now(), Instant::now() + 2 * LOOK_AGAIN);
    assert!(told.0.next_late(now).is_some_and(|wait| wait <= LOOK_AGAIN));
    told.0.look_late(now);
    assert_eq!(told.count(), 0);
    told.0.look_late(end);
    assert_eq!(told.count(), 3, "the copy, what asked for a ticket, and what was not settled");
    assert!(told.0.next_late(end).is_none());
}
