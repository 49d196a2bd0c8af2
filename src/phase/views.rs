//! Views of their own: what a mount shows when it is not simply what is published.
//!
//! Such a view reads a catalog of its own that is derived from the state's ([`Catalog::derive`]). It is brought up to date
//! whenever that one changes; names are made by the same steps as in publishing.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::catalog::{Catalog, CatalogError, Derivation, Library, PublishMode, Scope, Stamp};
use crate::library::Source;
use crate::model::{Clock, GenerationId, LibraryId};
use crate::naming::Profiles;

use super::documents::DocumentSources;
use super::names::{names_of_selected, places};
use super::publish::publish_pending;
use super::{NoProgress, PhaseError};

/// What a view of its own shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shows {
    /// What is published, under the names of these profiles. Of profiles that make a tree of its own: what is selected, of
    /// that library; of the only one where none is said.
    Profiles(Profiles, Option<String>),
    /// What was shown in that generation.
    Generation(GenerationId),
    /// What publishing would show now.
    Pending,
}

/// What a view needs to show metadata documents as publishing would make them now.
pub struct ViewDocuments {
    /// What they go into: a cache of the view's own, which also finds what the state's has.
    pub cache: Cache,
    /// The libraries that shall have documents, each with its tree; `Err` tells why that cannot be reached.
    pub libraries: LibrariesWithTrees,
}

/// Tells which libraries of a catalog shall have documents, each with its tree.
pub type LibrariesWithTrees =
    Box<dyn Fn(&Catalog) -> Result<Vec<(Library, Result<Source, String>)>, CatalogError> + Send>;

impl fmt::Debug for ViewDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewDocuments").field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// The catalog of a view of its own.
#[derive(Debug)]
pub struct ViewCatalog {
    base_path: PathBuf,
    /// Tells whether the state's catalog has changed.
    base: Catalog,
    version: Option<i64>,
    own: Catalog,
    shows: Shows,
    source: PathBuf,
    documents: ViewDocuments,
}

impl fmt::Display for Shows {
    /// In words, for `status`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profiles(profiles, None) => write!(f, "the names of {profiles}"),
            Self::Profiles(profiles, Some(library)) => write!(f, "the names of {profiles} for {library}"),
            Self::Generation(generation) => write!(f, "generation {generation}"),
            Self::Pending => write!(f, "what publishing would show"),
        }
    }
}

impl Shows {
    /// Whether nothing can be changed through the view, neither the source: it is for looking only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Profiles(profiles, _) => profiles.is_tree(),
            Self::Generation(_) | Self::Pending => true,
        }
    }
}

impl ViewCatalog {
    /// Makes the catalog of a view at `path`, or brings the one that is there up to date. `source` is what the view is
    /// one of.
    ///
    /// # Errors
    /// When a catalog cannot be read or written, there is no such generation, or a tree lacks its library.
    pub fn open(
        base: &Path,
        path: &Path,
        shows: Shows,
        source: &Path,
        documents: ViewDocuments,
        clock: &dyn Clock,
    ) -> Result<Self, PhaseError> {
        let mut view = Self {
            base_path: base.to_owned(),
            base: Catalog::open_read_only(base)?,
            version: None,
            own: Catalog::open_disposable(path)?,
            shows,
            source: source.to_owned(),
            documents,
        };
        view.refresh(clock)?;
        Ok(view)
    }

    /// The file it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.own.path().to_owned()
    }

    /// Takes in what has changed in the state's catalog, if anything has.
    ///
    /// # Errors
    /// When a catalog cannot be read or written; the view then shows what it showed.
    pub fn refresh(&mut self, clock: &dyn Clock) -> Result<(), PhaseError> {
        let version = self.base.data_version()?;
        if self.version == Some(version) {
            return Ok(());
        }
        let stamp = Stamp { author: "mount".to_owned(), reason: format!("view of {}", self.shows), now: clock.now() };
        match &self.shows {
            // What was does not change.
            Shows::Generation(_) if self.version.is_some() => {}
            Shows::Generation(generation) => self.own.derive_generation(&self.base_path, *generation, stamp.now)?,
            Shows::Pending => self.derive_pending(&stamp)?,
            Shows::Profiles(profiles, library) => {
                let (profiles, library) = (profiles.clone(), library.clone());
                self.derive_profiles(&profiles, library.as_deref(), &stamp)?;
            }
        }
        self.version = Some(version);
        Ok(())
    }

    fn derive_pending(&mut self, stamp: &Stamp) -> Result<(), PhaseError> {
        self.own.derive(&self.base_path, Derivation::Pending, stamp.now)?;
        let libraries = (self.documents.libraries)(&self.base)?;
        let sources = DocumentSources { cache: &self.documents.cache, libraries, progress: &NoProgress };
        let report = publish_pending(&mut self.own, &mut self.base, &sources, stamp)?;
        for why in report.unreached.iter().chain(report.left_out.iter().map(|left| &left.message)) {
            tracing::debug!(why, "not everything that publishing would show can be shown");
        }
        self.keep_times(report.published.generation)
    }

    fn derive_profiles(&mut self, profiles: &Profiles, library: Option<&str>, stamp: &Stamp) -> Result<(), PhaseError> {
        // What only a tree has names for is never published in the library itself.
        let what = if profiles.is_tree() { Derivation::Selected } else { Derivation::Published };
        self.own.derive(&self.base_path, what, stamp.now)?;
        if profiles.is_tree() {
            let library = self.library_of_tree(profiles, library)?;
            self.own.plant_tree(library, &self.source)?;
        }
        let places = |picture: &_| places(names_of_selected(profiles, picture));
        let published = self.own.publish(Scope::All, PublishMode::Apply, stamp, places)?;
        if profiles.is_tree() {
            self.own.grow_tree(stamp.now)?;
        }
        self.keep_times(published.generation)
    }

    fn keep_times(&mut self, generation: Option<GenerationId>) -> Result<(), PhaseError> {
        if let Some(generation) = generation {
            self.own.keep_times(&self.base_path, generation)?;
        }
        Ok(())
    }

    fn library_of_tree(&self, profiles: &Profiles, name: Option<&str>) -> Result<LibraryId, PhaseError> {
        if let Some(name) = name {
            return Ok(self.own.library_named(name)?.id);
        }
        match self.own.libraries()?.as_slice() {
            [library] => Ok(library.id),
            _ => Err(PhaseError::TreeOfWhich { profiles: profiles.to_string() }),
        }
    }
}
