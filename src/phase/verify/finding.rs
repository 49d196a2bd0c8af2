//! What `verify` finds, as types: what is wrong, with what, whom it concerns, and what would put it right.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalog::{BadRow, ExportNote, Service};
use crate::model::{ContentHash, EntityId, ImageType, LibraryId, Name, RelPath, show_bytes};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// A file that the catalog says is in the cache is not there.
    Missing,
    /// Its bytes are not those of its name.
    Corrupt,
    /// It has another size than the catalog says.
    WrongSize,
    /// It cannot be read, or is no file.
    Unreadable,
    /// The catalog does not know it.
    OrphanFile,
    /// A row of the catalog that is of no use: what it refers to is not there, and nothing refers to it.
    OrphanRow,
    /// A path of the catalog that leads out of its library, or is none.
    EscapingPath,
    /// What a killed process left on the way into the cache.
    StaleTemporary,
    /// A picture of the tree that the catalog knows is not there any more.
    MissingOriginal,
    /// A real file that was exported is gone, or something else.
    ExportDiffers,
    /// An index, or the file of the catalog as a whole, is damaged.
    CatalogDamage,
}

/// What would put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// The same bytes are taken again from wherever they are.
    TakeAgain,
    /// Its provenance tells what it is for, or else it goes to the recycle bin.
    AdoptOrRecycle,
    /// The row is taken out of the catalog, of which a copy goes to the recycle bin first.
    RemoveRow,
    /// It is deleted: it never was anything.
    Sweep,
    /// The catalog forgets it, as a scan would.
    Forget,
    /// It is exported again.
    ExportAgain,
    /// The indexes are made anew.
    Reindex,
    /// Nothing that posterfs could do.
    ByHand,
}

/// What is wrong with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A file of the cache.
    Cached {
        /// The hash that it is named by.
        hash: ContentHash,
        /// Its extension.
        extension: String,
    },
    /// Something in the cache under a name that the cache does not give, by its path beneath the root of the cache.
    Stray(RelPath),
    /// A row of the catalog.
    Row(BadRow),
    /// What a killed process left.
    Temporary,
    /// An original.
    Original {
        /// Its library.
        library: LibraryId,
        /// The folder.
        folder: RelPath,
        /// Its name there.
        name: Name,
    },
    /// A real file.
    Exported {
        /// The export that it is of.
        export: ExportNote,
        /// The folder beneath the target.
        folder: RelPath,
        /// Its name there.
        name: Name,
    },
    /// The file of the catalog.
    Catalog,
    /// The folder of a library or an export, or a folder of the cache.
    Folder,
}

/// Whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// The item.
    pub item: EntityId,
    /// Its title.
    pub title: String,
    /// What the picture is of.
    #[serde(rename = "type")]
    pub image_type: ImageType,
    /// Whether it is the picture that is chosen.
    pub selected: bool,
    /// Whether automatic steps must not choose another one.
    pub locked: bool,
    /// The paths that show it.
    pub shown: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    #[serde(rename = "finding")]
    pub flaw: Flaw,
    /// The path of it, from the root of the file system, shown.
    pub path: String,
    /// What is wrong, in words.
    pub message: String,
    /// Whom it concerns.
    pub affects: Vec<Affected>,
    /// What would put it right.
    pub repair: Remedy,
    /// What it is about.
    #[serde(skip)]
    pub subject: Subject,
}

impl Flaw {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Corrupt => "corrupt",
            Self::WrongSize => "wrong-size",
            Self::Unreadable => "unreadable",
            Self::OrphanFile => "orphan-file",
            Self::OrphanRow => "orphan-row",
            Self::EscapingPath => "escaping-path",
            Self::StaleTemporary => "stale-temporary",
            Self::MissingOriginal => "missing-original",
            Self::ExportDiffers => "export-differs",
            Self::CatalogDamage => "catalog-damage",
        }
    }

    /// What would put it right: a function of what is wrong with what.
    #[must_use]
    pub fn remedy(self, subject: &Subject) -> Remedy {
        match (self, subject) {
            (Self::OrphanRow, Subject::Cached { .. }) | (_, Subject::Row(_)) => Remedy::RemoveRow,
            (Self::OrphanFile, Subject::Cached { .. } | Subject::Stray(_)) => Remedy::AdoptOrRecycle,
            (Self::Missing | Self::Corrupt | Self::WrongSize | Self::Unreadable, Subject::Cached { .. }) => {
                Remedy::TakeAgain
            }
            (_, Subject::Temporary) => Remedy::Sweep,
            (Self::MissingOriginal, Subject::Original { .. }) => Remedy::Forget,
            (_, Subject::Exported { .. }) => Remedy::ExportAgain,
            (Self::CatalogDamage, Subject::Catalog) => Remedy::Reindex,
            _ => Remedy::ByHand,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Remedy {
    /// What would be done, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TakeAgain => "would be taken again from wherever the same bytes are",
            Self::AdoptOrRecycle => {
                "would be adopted if its provenance tells what it is for, else moved to the recycle bin"
            }
            Self::RemoveRow => "would be taken out of the catalog, of which a copy goes to the recycle bin",
            Self::Sweep => "would be deleted",
            Self::Forget => "would be forgotten, as by a scan",
            Self::ExportAgain => "would be exported again",
            Self::Reindex => "the indexes would be made anew",
            Self::ByHand => "needs you",
        }
    }
}

impl Finding {
    pub(crate) fn new(flaw: Flaw, path: &Path, message: impl Into<String>, subject: Subject) -> Self {
        let (path, repair) = (show(path), flaw.remedy(&subject));
        Self { flaw, path, message: message.into(), affects: Vec::new(), repair, subject }
    }

    pub(super) fn affecting(self, services: &[Service]) -> Self {
        Self { affects: services.iter().map(Affected::by).collect(), ..self }
    }
}

impl Affected {
    fn by(service: &Service) -> Self {
        Self {
            item: service.file.picture.entity,
            title: service.title.clone(),
            image_type: service.file.picture.image_type,
            selected: service.selected.is_some(),
            locked: service.is_locked,
            shown: service.shown.iter().map(PathBuf::as_path).map(show).collect(),
        }
    }
}

fn show(path: &Path) -> String {
    show_bytes(path.as_os_str().as_encoded_bytes())
}
