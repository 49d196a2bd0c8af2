//! The work: scan, select, publish, export. Each phase may be killed at any instant and run again.
//!
//! - [`scan`](fn@scan): tree → entities, ids, originals.
//! - [`read_streams`]: what is in the videos.
//! - [`select`](fn@select), [`deselect`]: a picture into the cache, chosen by hand.
//! - [`enrich`](fn@enrich): what providers offer, the best of it into the cache, chosen automatically.
//! - [`edit`](fn@edit): what a person says of an item.
//! - [`take_in`](fn@take_in): what a program wrote over a published picture.
//! - [`publish`](fn@publish): what is selected, under the names that players look for.
//! - [`export`](fn@export): the same as real files, also by other profiles.
//! - [`names`]: what is selected under which names, by any profiles.
//! - [`ViewCatalog`]: what a view of its own shows.
//! - [`items`]: which entity a user means.
//! - [`PhaseError`], [`Progress`]: what all phases share.

mod edit;
mod enrich;
mod error;
mod export;
pub mod items;
pub mod names;
mod progress;
mod publish;
mod scan;
mod select;
mod streams;
mod take_in;
mod views;

pub use edit::{Edit, EditError, FIELDS, SEVERAL, edit};
pub use enrich::{
    EnrichProblem, EnrichReport, EnrichRequest, Planned, ProviderTally, enrich, select_candidate, select_url,
};
pub use error::{ItemCandidate, PhaseError};
pub use export::{
    ExportError, ExportMode, ExportModeError, ExportProblem, ExportReport, ExportRequest, ExportTarget, export,
    export_as,
};
pub use progress::{NoProgress, Progress};
pub use publish::{LeftOutPicture, PublishReport, follow_rename, profiles_of, publish};
pub use scan::{DuplicateId, ScanProblem, ScanReport, scan};
pub use select::{Choice, Selection, deselect, new_cache_file, offer, select, select_file};
pub use streams::{StreamReport, read_streams};
pub use take_in::{Taken, take_in};
pub use views::{Shows, ViewCatalog};
