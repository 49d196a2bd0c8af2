//! What a program's change of the view leads to: the table of the semantics, decided from values alone.

use crate::model::{OnDelete, OnWrite, ProgramKind};

/// What a program does to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Open it for writing, or truncate it.
    Write,
    /// Make something under it: a file, a folder, a link.
    Make,
    /// Rename something over it.
    Replace,
    /// Remove it.
    Unlink,
    /// Rename it.
    Rename,
    /// Make another name of it.
    Link,
    /// Set its mode, owner or times.
    SetAttributes,
}

/// What is under the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// What the source has there, if anything.
    Source,
    /// A picture that posterfs shows. A locked one was chosen by a person.
    Picture {
        /// Whether its image type is locked.
        is_locked: bool,
    },
    /// A program's file, shown in the place of a picture since it was written.
    Written {
        /// Whether the image type of that picture is locked.
        is_locked: bool,
    },
    /// Nothing: a picture was shown there, and a program has removed it.
    Removed {
        /// Whether its image type is locked.
        is_locked: bool,
    },
    /// Nothing: an original that a picture of the same image type hides.
    HiddenOriginal,
    /// A folder that exists only as mappings.
    Folder,
}

/// What a library's settings say, and who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// What becomes of writes of persons' programs.
    pub on_write: OnWrite,
    /// What becomes of writes of managers and players.
    pub managers_write: OnWrite,
    /// What becomes of deletions.
    pub on_delete: OnDelete,
    /// Who asks.
    pub program: ProgramKind,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// What the source does.
    PassOn,
    /// The bytes become a real file, shown at once, and are then taken into the cache, selected, locked, published.
    Adopt,
    /// The bytes become a real file beneath the picture, which stays shown, and are then taken in as a candidate.
    Capture,
    /// The original goes to the recycle bin, then what the source does.
    MakeRoom,
    /// The name is gone for the grace period.
    Hide,
    /// The name is gone until it is published again.
    Withdraw,
    /// The mapping gets the new name.
    Follow,
    /// The change is remembered for the name.
    Remember,
    /// The folder is made in the source first, then what the source does.
    Materialise,
    /// Refused as across a border of file systems (`EXDEV`): programs copy instead.
    AnotherFileSystem,
    /// Refused: nothing is there (`ENOENT`).
    Absent,
    /// Refused: it is there (`EEXIST`).
    Exists,
    /// Refused: read-only (`EROFS`).
    ReadOnly,
}

/// The table. What is under the name is looked at anew when the action is carried out.
#[must_use]
pub fn decide(operation: Operation, subject: Subject, given: Circumstances) -> Action {
    use Operation as Op;
    match (operation, subject) {
        (_, Subject::Source) => Action::PassOn,
        (Op::Write | Op::Replace, Subject::Picture { is_locked })
        | (Op::Make | Op::Replace, Subject::Removed { is_locked }) => on_write(is_locked, given),
        (Op::Make, Subject::Picture { .. } | Subject::Written { .. } | Subject::Folder) => Action::Exists,
        (Op::Unlink, Subject::Picture { .. } | Subject::Written { .. } | Subject::Folder) => match given.on_delete {
            OnDelete::Restore => Action::Hide,
            OnDelete::Withdraw => Action::Withdraw,
        },
        (Op::Rename, Subject::Picture { .. } | Subject::Folder) => Action::Follow,
        (Op::Link, Subject::Picture { .. } | Subject::Folder) => Action::AnotherFileSystem,
        (Op::SetAttributes, Subject::Picture { .. } | Subject::Folder) => Action::Remember,
        // It is a file of the source as any other; that its picture is taken in anew follows from what it is.
        (Op::Write | Op::Replace | Op::Rename | Op::Link | Op::SetAttributes, Subject::Written { .. }) => {
            Action::PassOn
        }
        (Op::Make | Op::Replace, Subject::HiddenOriginal) => Action::MakeRoom,
        (Op::Write | Op::Replace, Subject::Folder) => Action::Materialise,
        (
            Op::Write | Op::Unlink | Op::Rename | Op::Link | Op::SetAttributes,
            Subject::HiddenOriginal | Subject::Removed { .. },
        ) => Action::Absent,
    }
}

/// A person's later choice replaces an earlier one; what a manager writes over a person's choice is only captured.
fn on_write(is_locked: bool, given: Circumstances) -> Action {
    let policy = match given.program {
        ProgramKind::Persons => given.on_write,
        ProgramKind::Manager if is_locked && given.managers_write == OnWrite::Adopt => OnWrite::Capture,
        ProgramKind::Manager => given.managers_write,
    };
    match policy {
        OnWrite::Adopt => Action::Adopt,
        OnWrite::Capture => Action::Capture,
        OnWrite::Deny => Action::ReadOnly,
    }
}
