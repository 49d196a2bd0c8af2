//! The work: scan, select, publish, export. Each phase may be killed at any instant and run again.
//!
//! - [`scan`](fn@scan): tree → entities, ids, originals; [`scan_folder`]: of one folder.
//! - [`read_streams`]: what is in the videos.
//! - [`select`](fn@select), [`deselect`]: a picture into the cache, chosen by hand; [`choose_for`]: one or many items at once;
//!   [`block`](fn@block): never again.
//! - [`Look`]: small copies of candidates, for people who choose; [`candidates_like`](fn@candidates_like): which ones of many items are meant.
//! - [`enrich`](fn@enrich): what providers offer, the best of it into the cache, chosen automatically.
//! - [`edit`](fn@edit): what a person says of an item; [`lock`], [`monitor`]: what automatic steps must leave alone.
//! - [`put_written`], [`choose_written`], [`publish_written`]: what a program wrote over a published picture.
//! - [`follow_told`]: a rename that a manager tells of.
//! - [`back_up`], [`restore`], [`rebuild`](fn@rebuild), [`keep_journal`]: never losing anything.
//! - [`publish`](fn@publish): what is selected, under the names that players look for.
//! - [`events_of`], [`forget`]: what happened, and what of it is forgotten.
//! - [`publish_with_documents`]: the same with metadata documents, which are made then.
//! - [`export`](fn@export): the same as real files, also by other profiles.
//! - [`BringBack`]: what is in the recycle bin, back to where it was.
//! - [`verify`](fn@verify): whether everything is whole; [`repair`](fn@repair): so that it is; [`gc`](fn@gc): what nothing refers to leaves the cache.
//! - [`names`]: what is selected under which names, by any profiles.
//! - [`ViewCatalog`]: what a view of its own shows.
//! - [`notify`](fn@notify): players are told.
//! - [`reach`](fn@reach): whether providers and players answer.
//! - [`ItemLine`], [`CandidateLine`], [`GenerationLine`]: lists as they are told.
//! - [`story`](fn@story): everything about one item.
//! - [`items`]: which entity a user means.
//! - [`PhaseError`], [`Progress`]: what all phases share.

mod backup;
mod beneath;
mod bring_back;
mod candidates_like;
mod change_lines;
mod choices;
mod control;
mod documents;
mod edit;
mod enrich;
mod error;
mod export;
mod follow;
mod gc;
mod history;
pub mod items;
mod journal;
mod lines;
pub mod names;
mod notify;
mod progress;
mod publish;
mod reach;
mod rebuild;
mod repair;
mod runtime;
mod scan;
mod select;
mod story;
mod streams;
mod take_in;
mod thumbnails;
mod verify;
mod views;

pub use backup::{BackupReport, RestoreReport, back_up, back_up_in_rotation, restore};
pub use bring_back::{BringBack, BroughtBack, Whereabouts, entries_named, name_of, records_of, whereabouts};
pub use candidates_like::{CandidateFilter, candidates_like};
pub use change_lines::{
    ChangeLine, DifferenceLine, GenerationLine, TagLine, change_line, difference_line, event_lines, generation_lines,
    publish_line, rollback_line, tag_line,
};
pub use choices::{Choices, ChosenPicture, PictureRef, choose_for, selected_picture};
pub use control::{LockReport, LockedField, MonitorReport, lock, monitor};
pub use documents::{DocumentSources, NfoStory};
pub use edit::{Edit, EditError, edit};
pub use enrich::{
    BlockReport, EnrichProblem, EnrichReport, EnrichRequest, Planned, ProviderTally, block, enrich, select_candidate,
    select_url, unblock,
};
pub use error::{ItemCandidate, PhaseError};
pub use export::{
    ExportError, ExportMode, ExportModeError, ExportProblem, ExportReport, ExportRequest, ExportTarget, export,
    export_as, forget_export, note_export,
};
pub use follow::follow_told;
pub use gc::{GRACE_SECONDS, GcReport, GcRequest, gc};
pub use history::{Event, GenerationRef, events_of, forget};
pub use journal::keep_journal;
pub use lines::{CandidateLine, ItemLine, LibraryNames, candidate_lines, item_line, library_names};
pub use notify::{News, NotifyReport, PlayerView, PlayerViews, notify};
pub use progress::{NoProgress, Progress};
pub use publish::{LeftOutPicture, PublishReport, follow_rename, profiles_of, publish, publish_with_documents};
pub use reach::{Reached, reach};
pub use rebuild::{RebuildReport, RebuildRequest, ToldLibrary, rebuild};
pub use repair::{RepairRequest, Repaired, repair};
pub use scan::{DuplicateId, FolderReport, ScanProblem, ScanReport, scan, scan_folder};
pub use select::{Choice, Selection, deselect, new_cache_file, select, select_file, unpublish};
pub use story::{AlternativeLine, FieldLine, ImageStory, LockLine, MappingLine, SelectedLine, Story, VideoLine, story};
pub use streams::{StreamReport, read_streams};
pub use take_in::{Taken, choose_written, publish_written, put_written};
pub use thumbnails::{Look, Seen};
pub use verify::{
    Affected, Finding, Flaw, LibraryTree, Rate, RateError, Remedy, Subject, VerifyReport, VerifyRequest, verify,
};
pub use views::{LibrariesWithTrees, Shows, ViewCatalog, ViewDocuments};
