//! The vocabulary of posterfs as types.
//!
//! Everything here is a plain value: no file is opened, no clock is read, nothing is looked up. Text from outside is
//! parsed once into one of these types; whoever holds the type need not check again. The words are those of the
//! documentation, the tables and the command line: *entity*, *image type*, *original*, *mapping*, *cache file*.

mod entity;
mod entity_images;
mod exact;
mod field;
mod hash;
mod ids;
mod image_type;
mod item_ref;
mod job;
mod journal;
mod language;
mod lock;
mod placement;
mod policy;
mod rel_path;
mod stream_details;
mod time;
mod title;

pub use entity::{EntityType, EntityTypeError, Layout, LayoutError, LibraryKind, LibraryKindError, MediaIdentity};
pub use exact::ExactBytes;
pub use field::{Field, FieldError, LockField, LockFieldError};
pub use hash::{ContentHash, ContentHashError};
pub use ids::{CacheFileId, CandidateId, EntityId, FolderId, GenerationId, JobId, LibraryId, MappingId, WebhookId};
pub use image_type::{ImageKind, ImageType, ImageTypeError};
pub use item_ref::{ItemChild, ItemRef, ItemRefError, ItemTarget, Provider};
pub use job::{AskedBy, JobState, JobWordError, Task, TaskKind, back_off};
pub use journal::{
    JournalBlocked, JournalChoice, JournalEntity, JournalEntry, JournalField, JournalGeneration, JournalId,
    JournalItem, JournalLibrary, JournalLock, JournalSubject, JournalWithheld,
};
pub use language::{Language, LanguageError};
pub use lock::{Guard, InForce, LockLevel, LockOrigin, LockReason, LockWord};
pub use placement::{EpisodeRange, Placement};
pub use policy::{OnDelete, OnWrite, ProgramKind};
pub use rel_path::{Name, RelPath, RelPathError, show_bytes};
pub use stream_details::{AudioStream, Hdr, HdrError, StreamDetails, SubtitleStream, VideoStream};
pub use time::{Clock, SystemClock, UnixSeconds};
pub use title::sort_title;
