//! What the scanner makes of one path, without a catalog and without touching anything.
//!
//! The folders from the root of the library down to the path are read as a scan reads them and decided by the same
//! functions; metadata files are read as well. What is not on disk is judged by its name, as if it were there alone.

mod assumed_root;
mod guessed_kind;
#[cfg(test)]
mod tests;
mod told;

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::model::{EntityType, Layout, LibraryKind, MediaIdentity, Name, RelPath};
use crate::naming::split_extension;

use super::layout::{
    AirDate, Context, Descent, FileKind, FileVerdict, FolderListing, FolderVerdict, FoundItem, Inside, Rule,
    album_name, context_of, decide, descent, extra_kind, is_disc_entry, is_folder_of_episode, is_peeked,
    kind_by_extension, parse_name, tells_episode, title_of_extra,
};
use super::walk::read_folder;
use super::{DirEntry, EntryKind, LibraryError, Source};
use assumed_root::assumed_root;
pub use guessed_kind::guessed_kind;
use told::{Told, told_by_name, told_of};

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
    /// What the names tell; empty where they tell nothing. Of a season or episode: of its series.
    pub identity: MediaIdentity,
    /// The title of an episode itself.
    pub episode_title: Option<String>,
    /// The artist of an album, where a folder tells.
    pub artist: Option<String>,
    /// What kind of extra it is, where it is one: `trailer`, `sample`, `featurette`, …
    pub extra: Option<&'static str>,
    /// The season, 0 for specials.
    pub season: Option<u16>,
    /// The episodes of an episode's file, in their order.
    pub episodes: Vec<u16>,
    /// The day an episode was first shown.
    pub date: Option<AirDate>,
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
    /// The last episode of a file that holds several.
    #[must_use]
    pub fn last_episode(&self) -> Option<u16> {
        self.episodes.last().copied().filter(|_| self.episodes.len() > 1)
    }
}

/// Identifies a path of a library of that kind. `library_root` is the root of the library that holds it, where one is
/// known; otherwise some folder above is taken for it.
///
/// # Errors
/// When the path does not lie beneath the root, or a folder on the way cannot be read.
pub fn identify(path: &Path, kind: LibraryKind, library_root: Option<&Path>) -> Result<Identified, LibraryError> {
    let full = absolute(path)?;
    let root = match library_root {
        Some(root) => absolute(root)?,
        None => assumed_root(&full, kind),
    };
    let elsewhere = || LibraryError::Elsewhere { path: full.clone(), root: root.clone() };
    let below = full.strip_prefix(&root).map_err(|_| elsewhere())?;
    let below = RelPath::parse(below.as_os_str().as_bytes()).map_err(|_| elsewhere())?;
    let source = match Source::open(&root) {
        Ok(source) => Some(source),
        Err(error) if error.is_not_found() && library_root.is_none() => None,
        Err(error) => return Err(error),
    };
    let mut found = identify_below(source.as_ref(), kind, &below)?;
    found.path = path.to_owned();
    Ok(found)
}

/// Identifies a path beneath the root of a library of that kind, as a scan of `source` would. Without a source, the names
/// alone are judged.
///
/// # Errors
/// When a folder on the way cannot be read.
pub fn identify_below(source: Option<&Source>, kind: LibraryKind, path: &RelPath) -> Result<Identified, LibraryError> {
    let shown = source.map_or_else(|| path.as_path().to_owned(), |source| source.display_path(path));
    let components: Vec<Name> = path.components().collect();
    let mut context = Context::root(kind);
    let mut folder = Descended::into(source, kind, RelPath::root(), &components)?;
    for (depth, name) in components.iter().enumerate() {
        let is_last = depth + 1 == components.len();
        let verdict = decide(&folder.listing, &context);
        let is_folder = folder.listing.folders().any(|folder| folder == name);
        if !is_folder && !is_last {
            // A file where a folder is expected.
            return Ok(Outcome::unknown(Rule::NoMedia).identified(source, shown, name, false, &context));
        }
        let next = folder.listing.path.join(name);
        let on_the_way = Outcome::on_the_way(&folder.listing, kind, &verdict, name, is_folder);
        if let Some(outcome) = on_the_way.or_else(|| Outcome::named_above(&verdict, &next).filter(|_| is_last)) {
            // The path itself may lie further down: in a folder of extras, in a disc.
            let is_on_disk = folder.has_next && (is_last || source.is_some_and(|source| source.stat(path).is_ok()));
            return Ok(outcome.identified(source, shown, components.last().unwrap_or(name), is_on_disk, &context));
        }
        context = context_of(&folder.listing, kind, &verdict, name);
        let has_next = folder.has_next;
        folder = Descended::into(source, kind, next, &components[depth + 1..])?;
        folder.is_on_disk &= has_next;
    }
    if !folder.is_on_disk && matches!(context.inside, Inside::Series(_)) {
        folder.assume_episode();
    }
    let verdict = decide(&folder.listing, &context);
    Ok(Outcome::of_folder(&verdict, &folder, &context).identified_folder(source, shown, &folder, &context))
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
    /// Reads the folder; what is missing of the `rest` of the way is put in.
    fn into(source: Option<&Source>, kind: LibraryKind, path: RelPath, rest: &[Name]) -> Result<Self, LibraryError> {
        let read = source.map(|source| read_folder(&source.open_folder(&path)?, kind)).transpose();
        let (mut listing, is_on_disk) = match read {
            Ok(Some((listing, _))) => (listing, true),
            Ok(None) => (FolderListing { path, ..FolderListing::default() }, false),
            Err(error) if error.is_not_found() => (FolderListing { path, ..FolderListing::default() }, false),
            Err(error) => return Err(error),
        };
        let Some((next, after)) = rest.split_first() else { return Ok(Self { listing, is_on_disk, has_next: true }) };
        let has_next = listing.entries.iter().any(|entry| entry.name == *next);
        if !has_next {
            listing.entries.push(assumed_entry(next, after.is_empty()));
        }
        // As if it were there: also what a look into the next folder shows.
        if let (Some(further), true) = (after.first(), is_peeked(kind, &listing.path, next)) {
            let peeked = listing.peeked.entry(next.clone()).or_default();
            if !peeked.iter().any(|entry| entry.name == *further) {
                peeked.push(assumed_entry(further, after.len() == 1));
            }
        }
        Ok(Self { listing, is_on_disk, has_next })
    }
}

impl Descended {
    /// Puts the episode in that the name of a folder tells of which nothing is on disk.
    fn assume_episode(&mut self) {
        let named = self.listing.path.name().filter(tells_episode);
        let video = named.and_then(|name| Name::parse(&[name.as_bytes(), b".mkv"].concat()).ok());
        self.listing.entries.extend(video.map(|name| DirEntry { name, kind: EntryKind::File }));
    }
}

/// What a component of a path is that is not on disk: a file where it is the last one and has a known extension.
fn assumed_entry(name: &Name, is_last: bool) -> DirEntry {
    let is_file = is_last && (kind_by_extension(name.as_bytes()) != FileKind::Other || is_disc_entry(name));
    DirEntry { name: name.clone(), kind: if is_file { EntryKind::File } else { EntryKind::Folder } }
}

/// What was decided, before it is dressed up.
struct Outcome<'a> {
    kind: IdentifiedKind,
    rule: Rule,
    item: Option<&'a FoundItem>,
    extra: Option<&'static str>,
}

impl<'a> Outcome<'a> {
    fn new(kind: IdentifiedKind, rule: Rule) -> Self {
        Self { kind, rule, item: None, extra: None }
    }

    fn unknown(rule: Rule) -> Self {
        Self::new(IdentifiedKind::Unknown, rule)
    }

    fn of_extra(rule: Rule, name: &Name) -> Self {
        Self { extra: Some(extra_kind(rule, name.as_bytes())), ..Self::new(IdentifiedKind::Extra, rule) }
    }

    fn of_item(item: &'a FoundItem) -> Self {
        Self { item: Some(item), ..Self::new(IdentifiedKind::Entity(item.entity_type), item.rule) }
    }

    /// What is decided by the folder that the component lies in; `None` when the component is a folder to go into.
    fn on_the_way(
        listing: &FolderListing,
        kind: LibraryKind,
        verdict: &'a FolderVerdict,
        name: &Name,
        is_folder: bool,
    ) -> Option<Self> {
        if verdict.is_closed {
            return Some(Self::new(IdentifiedKind::Ignored, Rule::IgnoreMarker));
        }
        if !is_folder {
            return Some(match verdict.files.get(name)? {
                FileVerdict::Item(index) => Self::of_item(verdict.items.get(*index)?),
                FileVerdict::Extra(rule) => Self::of_extra(*rule, name),
                FileVerdict::Ignored(rule) => Self::new(IdentifiedKind::Ignored, *rule),
                FileVerdict::Unknown(rule) => Self::unknown(*rule),
            });
        }
        match descent(listing, kind, verdict, name) {
            Descent::Enter => None,
            Descent::Extras => Some(Self::of_extra(Rule::ExtrasFolder, name)),
            Descent::Disc => {
                let disc = verdict.items.iter().find(|item| item.layout == Layout::Disc);
                disc.or(verdict.items.first()).map(Self::of_item)
            }
            Descent::Ignored(rule) => Some(Self::new(IdentifiedKind::Ignored, rule)),
        }
    }

    /// An item of the folder above that the path itself names: a season.
    fn named_above(verdict: &'a FolderVerdict, path: &RelPath) -> Option<Self> {
        verdict.items.iter().find(|item| item.path == *path || item.folders.contains(path)).map(Self::of_item)
    }

    /// What a folder is that the path itself names.
    fn of_folder(verdict: &'a FolderVerdict, folder: &Descended, context: &Context) -> Self {
        if verdict.is_closed {
            return Self::new(IdentifiedKind::Ignored, Rule::IgnoreMarker);
        }
        let path = &folder.listing.path;
        let owner = |item: &&FoundItem| {
            item.layout != Layout::Flat
                || matches!(item.rule, Rule::SingleVideoBesideFolders | Rule::EpisodeFolder)
                || path.name().is_some_and(|name| is_folder_of_episode(&name, item))
        };
        let items: Vec<&FoundItem> = verdict.items.iter().filter(|item| !item.is_mention).collect();
        match (verdict.items.iter().find(|item| item.path == *path), items.as_slice()) {
            (Some(item), _) => Self::of_item(item),
            (None, [item]) if owner(item) => Self::of_item(item),
            (None, []) if folder.is_on_disk => Self::unknown(Rule::NoItems),
            (None, []) => Self::by_name_only(path, context),
            (None, _) => Self::unknown(Rule::FolderOfItems),
        }
    }

    /// What a folder is that is not on disk, and of whose content nothing is known.
    fn by_name_only(path: &RelPath, context: &Context) -> Self {
        let Some(name) = path.name() else { return Self::unknown(Rule::NameOnly) };
        let told = parse_name(name.as_bytes());
        let depth = path.components().count();
        let entity_type = match (context.kind, &context.inside) {
            (LibraryKind::Movies, _) => tells_year_or_id(&told).then_some(EntityType::Movie),
            (LibraryKind::Tv, Inside::Series(_)) => None,
            (LibraryKind::Tv, _) => Some(EntityType::Series),
            (LibraryKind::Music, Inside::Artist { .. }) => Some(EntityType::Album),
            (LibraryKind::Music, _) if depth > 1 => Some(EntityType::Album),
            (LibraryKind::Music, _) => {
                let told = album_name(name.as_bytes(), None);
                let is_album = told.artist.is_some() || told.identity.year.is_some();
                Some(if is_album { EntityType::Album } else { EntityType::Artist })
            }
        };
        match entity_type {
            Some(entity_type) => Self::new(IdentifiedKind::Entity(entity_type), Rule::NameOnly),
            None => Self::unknown(Rule::NameOnly),
        }
    }

    fn identified(
        self,
        source: Option<&Source>,
        path: PathBuf,
        name: &Name,
        is_on_disk: bool,
        context: &Context,
    ) -> Identified {
        let of_extra = || {
            let identity = parse_name(split_extension(name.as_bytes()).0);
            MediaIdentity { title: title_of_extra(&identity.title).to_owned(), ..identity }
        };
        match (self.item, self.kind) {
            (Some(item), _) => self.dressed(path, told_of(source, item, context), is_on_disk),
            (None, IdentifiedKind::Extra) => self.dressed(path, Told::of(of_extra()), is_on_disk),
            (None, _) => self.dressed(path, Told::default(), is_on_disk),
        }
    }

    fn identified_folder(
        self,
        source: Option<&Source>,
        path: PathBuf,
        folder: &Descended,
        context: &Context,
    ) -> Identified {
        let told = match (self.item, folder.listing.path.name()) {
            (Some(item), _) => told_of(source, item, context),
            (None, Some(name)) if self.rule == Rule::NameOnly => told_by_name(self.kind, &name, context.above.as_ref()),
            (None, _) => Told::default(),
        };
        self.dressed(path, told, folder.is_on_disk)
    }

    fn dressed(self, path: PathBuf, told: Told, is_on_disk: bool) -> Identified {
        let item = self.item;
        let by_year = |item: &FoundItem| item.date.is_some() && item.season == item.date.map(|date| date.year);
        Identified {
            path,
            kind: self.kind,
            identity: told.identity,
            episode_title: told.episode_title,
            artist: told.artist,
            extra: self.extra,
            season: item.filter(|item| !by_year(item)).and_then(|item| item.season),
            episodes: item.map(|item| item.episodes.clone()).unwrap_or_default(),
            date: item.and_then(|item| item.date),
            layout: item.map(|item| item.layout),
            rule: self.rule,
            is_on_disk,
        }
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
