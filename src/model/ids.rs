//! Row numbers of the catalog, one type each so that they cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a row number of the catalog.
            #[must_use]
            pub const fn new(row: i64) -> Self {
                Self(row)
            }

            /// The row number.
            #[must_use]
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id_type! {
    /// A library: a folder tree of one kind of media.
    LibraryId
}
id_type! {
    /// An entity: a movie, series, season, episode, actor, movie set, artist or album. What users type as `42`.
    EntityId
}
id_type! {
    /// A row of `asset_candidates`: a picture that could be chosen.
    CandidateId
}
id_type! {
    /// A row of `cache_image_files`: a picture in the cache, serving one entity and image type.
    CacheFileId
}
id_type! {
    /// A row of `library_image_files`: one name of one published picture, or an original.
    MappingId
}
id_type! {
    /// A row of `mapping_folders`: a folder that mappings live in.
    FolderId
}
id_type! {
    /// One change of the mappings as a whole: who, when, why.
    GenerationId
}
id_type! {
    /// A row of `webhooks`: something that a manager told.
    WebhookId
}
id_type! {
    /// A row of `jobs`: something to do.
    JobId
}
