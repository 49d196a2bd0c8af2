//! What the scanner makes of one path, without a catalog and without touching anything.
//!
//! The folders from the root of the library down to the path are read as a scan reads them and decided by the same
//! functions. What is not on disk is judged by its name, as if it were there alone.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::model::{EntityType, Layout, MediaIdentity, Name, RelPath};
use crate::naming::split_extension;

use super::layout::{
    Descent, FileKind, FileVerdict, FolderListing, FolderVerdict, FoundItem, Rule, decide, descent, is_part_of_item,
    kind_by_extension, parse_name, title_of_extra,
};
use super::walk::read_folder;
use super::{DirEntry, EntryKind, LibraryError, Source};

/// Without a library, so many folders from the one of the path upwards may be parts of an item (`film/extras/more`). It
/// is few, so that a `/srv/samples` on the way to a library says nothing.
const PART_LEVELS_MAX: usize = 3;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifiedKind {
    /// An entity: the folder or a file of it.
    Entity(EntityType),
    /// An extra of something: trailer, sample, featurette, …
    Extra,
    /// Something known that is no item.
    Ignored,
    /// Nothing that could be told.
    Unknown,
}

/// What the scanner makes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The path, as it was given.
    pub path: PathBuf,
    /// What it is.
    pub kind: IdentifiedKind,
    /// What the names tell; empty where they tell nothing.
    pub identity: MediaIdentity,
    /// How the item lies on disk, where it is one.
    pub layout: Option<Layout>,
    /// The rule that decided.
    pub rule: Rule,
    /// Whether the path exists. Where it does not, its name alone was judged.
    pub is_on_disk: bool,
}

impl IdentifiedKind {
    /// The word of the command line and of JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entity(entity_type) => entity_type.as_str(),
            Self::Extra => "extra",
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
        }
    }
}

impl Identified {
    /// What kind of extra it is, where it is one.
    #[must_use]
    pub fn extra(&self) -> Option<&'static str> {
        (self.kind == IdentifiedKind::Extra).then(|| self.rule.as_str())
    }
}

/// Identifies a path of a library of films. `library_root` is the root of the library that holds it, where one is known;
/// otherwise some folder above is taken for it.
///
/// # Errors
/// When the path does not lie beneath the root, or a folder on the way cannot be read.
pub fn identify(path: &Path, library_root: Option<&Path>) -> Result<Identified, LibraryError> {
    let full = absolute(path)?;
    let root = match library_root {
        Some(root) => absolute(root)?,
        None => assumed_root(&full),
    };
    let elsewhere = || LibraryError::Elsewhere { path: full.clone(), root: root.clone() };
    let below = full.strip_prefix(&root).map_err(|_| elsewhere())?;
    let below = RelPath::parse(below.as_os_str().as_bytes()).map_err(|_| elsewhere())?;
    let source = match Source::open(&root) {
        Ok(source) => Some(source),
        Err(error) if error.is_not_found() && library_root.is_none() => None,
        Err(error) => return Err(error),
    };
    let mut found = identify_below(source.as_ref(), &below)?;
    found.path = path.to_owned();
    Ok(found)
}

/// Identifies a path beneath the root of a library of films, as a scan of `source` would. Without a source, the names
/// alone are judged.
///
/// # Errors
/// When a folder on the way cannot be read.
pub fn identify_below(source: Option<&Source>, path: &RelPath) -> Result<Identified, LibraryError> {
    let shown = source.map_or_else(|| path.as_path().to_owned(), |source| source.display_path(path));
    let components: Vec<Name> = path.components().collect();
    let mut above: Option<FolderListing> = None;
    let mut folder = Descended::into(source, RelPath::root(), components.first(), components.len() == 1)?;
    for (depth, name) in components.iter().enumerate() {
        let is_last = depth + 1 == components.len();
        let verdict = decide(&folder.listing, above.as_ref());
        let is_folder = folder.listing.folders().any(|folder| folder == name);
        if !is_folder && !is_last {
            // A file where a folder is expected.
            return Ok(Outcome::unknown(Rule::NoVideo).identified(shown, name, false));
        }
        if let Some(outcome) = Outcome::on_the_way(&folder.listing, &verdict, name, is_folder) {
            // The path itself may lie further down: in a folder of extras, in a disc.
            let is_on_disk = folder.has_next && (is_last || source.is_some_and(|source| source.stat(path).is_ok()));
            return Ok(outcome.identified(shown, components.last().unwrap_or(name), is_on_disk));
        }
        let next = folder.listing.path.join(name);
        let next_name = components.get(depth + 1);
        let is_next_last = depth + 2 == components.len();
        let has_next = folder.has_next;
        above = Some(std::mem::replace(&mut folder, Descended::into(source, next, next_name, is_next_last)?).listing);
        folder.is_on_disk &= has_next;
    }
    let verdict = decide(&folder.listing, above.as_ref());
    let name = path.name();
    Ok(Outcome::of_folder(&verdict, &folder, name.as_ref()).identified_folder(shown, &folder))
}

/// A folder on the way to the path.
struct Descended {
    listing: FolderListing,
    /// Whether the folder exists.
    is_on_disk: bool,
    /// Whether the next component exists in it.
    has_next: bool,
}

impl Descended {
    /// Reads the folder; what is missing of the way is put in.
    fn into(
        source: Option<&Source>,
        path: RelPath,
        next: Option<&Name>,
        is_next_last: bool,
    ) -> Result<Self, LibraryError> {
        let read = source.map(|source| read_folder(source, &path)).transpose();
        let (mut listing, is_on_disk) = match read {
            Ok(Some((listing, _))) => (listing, true),
            Ok(None) => (FolderListing { path, ..FolderListing::default() }, false),
            Err(error) if error.is_not_found() => (FolderListing { path, ..FolderListing::default() }, false),
            Err(error) => return Err(error),
        };
        let has_next = next.is_none_or(|next| listing.entries.iter().any(|entry| entry.name == *next));
        if let Some(next) = next.filter(|_| !has_next) {
            let is_file = is_next_last && kind_by_extension(next.as_bytes()) != FileKind::Other;
            let kind = if is_file { EntryKind::File } else { EntryKind::Folder };
            listing.entries.push(DirEntry { name: next.clone(), kind });
        }
        Ok(Self { listing, is_on_disk, has_next })
    }
}

/// What was decided, before it is dressed up.
struct Outcome<'a> {
    kind: IdentifiedKind,
    rule: Rule,
    item: Option<&'a FoundItem>,
}

impl<'a> Outcome<'a> {
    fn new(kind: IdentifiedKind, rule: Rule) -> Self {
        Self { kind, rule, item: None }
    }

    fn unknown(rule: Rule) -> Self {
        Self::new(IdentifiedKind::Unknown, rule)
    }

    fn of_item(item: &'a FoundItem) -> Self {
        Self { kind: IdentifiedKind::Entity(item.entity_type), rule: item.rule, item: Some(item) }
    }

    /// What is decided by the folder that the component lies in; `None` when the component is a folder to go into.
    fn on_the_way(listing: &FolderListing, verdict: &'a FolderVerdict, name: &Name, is_folder: bool) -> Option<Self> {
        if verdict.is_closed {
            return Some(Self::new(IdentifiedKind::Ignored, Rule::IgnoreMarker));
        }
        if !is_folder {
            return Some(match verdict.files.get(name)? {
                FileVerdict::Item(index) => Self::of_item(verdict.items.get(*index)?),
                FileVerdict::Extra(rule) => Self::new(IdentifiedKind::Extra, *rule),
                FileVerdict::Ignored(rule) => Self::new(IdentifiedKind::Ignored, *rule),
                FileVerdict::Unknown(rule) => Self::unknown(*rule),
            });
        }
        match descent(listing, name) {
            Descent::Enter => None,
            Descent::Extras => Some(Self::new(IdentifiedKind::Extra, Rule::ExtrasFolder)),
            Descent::Disc => verdict.items.first().map(Self::of_item),
            Descent::Ignored(rule) => Some(Self::new(IdentifiedKind::Ignored, rule)),
        }
    }

    /// What a folder is that the path itself names.
    fn of_folder(verdict: &'a FolderVerdict, folder: &Descended, name: Option<&Name>) -> Self {
        let owner = |item: &&FoundItem| item.layout != Layout::Flat || item.rule == Rule::SingleVideoBesideFolders;
        match verdict.items.as_slice() {
            _ if verdict.is_closed => Self::new(IdentifiedKind::Ignored, Rule::IgnoreMarker),
            [item] if owner(&item) => Self::of_item(item),
            [] if folder.is_on_disk => Self::unknown(Rule::NoItems),
            [] if name.is_some_and(|name| tells_year_or_id(&parse_name(name.as_bytes()))) => {
                Self::new(IdentifiedKind::Entity(EntityType::Movie), Rule::NameOnly)
            }
            [] => Self::unknown(Rule::NameOnly),
            _ => Self::unknown(Rule::FolderOfItems),
        }
    }

    fn identified(self, path: PathBuf, name: &Name, is_on_disk: bool) -> Identified {
        let of_extra = || {
            let identity = parse_name(split_extension(name.as_bytes()).0);
            MediaIdentity { title: title_of_extra(&identity.title).to_owned(), ..identity }
        };
        let identity = match (self.item, self.kind) {
            (Some(item), _) => item.identity.clone(),
            (None, IdentifiedKind::Extra) => of_extra(),
            (None, _) => MediaIdentity::default(),
        };
        let layout = self.item.map(|item| item.layout);
        Identified { path, kind: self.kind, identity, layout, rule: self.rule, is_on_disk }
    }

    fn identified_folder(self, path: PathBuf, folder: &Descended) -> Identified {
        let identity = match (self.item, folder.listing.path.name()) {
            (Some(item), _) => item.identity.clone(),
            (None, Some(name)) if self.rule == Rule::NameOnly => parse_name(name.as_bytes()),
            (None, _) => MediaIdentity::default(),
        };
        let layout = self.item.map(|item| item.layout);
        Identified { path, kind: self.kind, identity, layout, rule: self.rule, is_on_disk: folder.is_on_disk }
    }
}

fn tells_year_or_id(identity: &MediaIdentity) -> bool {
    identity.year.is_some() || !identity.ids.is_empty()
}

/// The full path with every link on the way resolved, but not the last component: it is the file itself that is asked
/// about.
fn absolute(path: &Path) -> Result<PathBuf, LibraryError> {
    let failed = |source| LibraryError::Read { doing: "find", path: path.to_owned(), source };
    let full = std::path::absolute(path).map_err(failed)?;
    if full.components().next_back() == Some(Component::ParentDir) {
        return full.canonicalize().map_err(failed);
    }
    let (Some(parent), Some(name)) = (full.parent(), full.file_name()) else { return Ok(full) };
    match parent.canonicalize() {
        Ok(parent) => Ok(parent.join(name)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(full),
        Err(error) => Err(failed(error)),
    }
}

/// The folder above that of the path, so that the path's own folder is no root. Where folders on the way belong to an
/// item further up (discs, extras), the folder above that item's.
fn assumed_root(full: &Path) -> PathBuf {
    let folder = full.parent().unwrap_or(full);
    let belongs_above = |path: &Path| path.file_name().is_some_and(|name| is_part_of_item(name.as_bytes()));
    let parts = folder.ancestors().take(PART_LEVELS_MAX).collect::<Vec<_>>();
    let levels = parts.into_iter().rposition(belongs_above).map_or(0, |part| part + 1);
    folder.ancestors().nth(levels + 1).unwrap_or(Path::new("/")).to_owned()
}
