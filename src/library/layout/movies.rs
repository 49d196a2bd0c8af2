//! The films of a folder.
//!
//! Extras, samples and trailers are taken out first, then parts of stacks are joined. One film that is left has the
//! folder to itself (bare artwork names are unambiguous), several share it, unless all are versions of the film that the
//! folder is named after. The root of a library is never a film's own folder.

use std::collections::BTreeMap;

use crate::model::{EntityType, Layout, MediaIdentity, Name, RelPath};
use crate::naming::{StackWord, fold_case, split_extension, stack_part};

use super::file_name::{FileKind, extra_rule, kind_by_extension};
use super::folder_name::{Descent, descent, disc_of_set, ignored_by_name, is_disc_root};
use super::title::{decode, is_release_word, parse_name, title_key};
use super::{EntryKind, FileVerdict, FolderListing, FolderVerdict, FoundItem, Rule, originals};

/// The files that make one film: all parts of a stack in order, or one file.
struct Group {
    parts: Vec<Name>,
}

impl Group {
    fn main(&self) -> &Name {
        &self.parts[0]
    }

    fn is_stack(&self) -> bool {
        self.parts.len() > 1
    }

    /// The name that the film goes by: of the stack, or of the file.
    fn title_base(&self) -> Vec<u8> {
        let (base, _) = split_extension(self.main().as_bytes());
        stack_part(base).filter(|_| self.is_stack()).map_or_else(|| base.to_vec(), |part| part.title)
    }
}

/// What the films of a folder have in common.
struct Folder<'a> {
    listing: &'a FolderListing,
    above: Option<&'a FolderListing>,
    /// The name of the folder, `None` for the root.
    name: Option<Name>,
}

/// What a folder of films holds.
pub(super) fn decide(listing: &FolderListing, above: Option<&FolderListing>) -> FolderVerdict {
    let folder = Folder { listing, above, name: listing.path.name() };
    let (videos, mut files) = sort_files(&folder);
    let mut further_bases = Vec::new();
    let mut items = Vec::new();
    if is_further_disc(&folder) {
        files.extend(videos.into_iter().map(|name| (name, FileVerdict::Unknown(Rule::FurtherDisc))));
    } else if let Some(disc) = disc(&folder) {
        files.extend(videos.into_iter().map(|name| {
            let verdict = if disc.rule == Rule::DiscFiles && is_disc_file(&name) {
                FileVerdict::Item(0)
            } else {
                FileVerdict::Unknown(Rule::BesideDisc)
            };
            (name, verdict)
        }));
        items.push(disc);
    } else {
        let found = films(&folder, groups(videos));
        for (index, (item, group)) in found.into_iter().enumerate() {
            further_bases.extend(group.iter().filter_map(base_of));
            files.extend(group.into_iter().map(|name| (name, FileVerdict::Item(index))));
            items.push(item);
        }
    }
    originals::assign(listing, &mut items, &further_bases);
    FolderVerdict { items, files, is_closed: false }
}

/// The videos that may be films, and what everything else is.
fn sort_files(folder: &Folder<'_>) -> (Vec<Name>, BTreeMap<Name, FileVerdict>) {
    let mut videos = Vec::new();
    let mut files = BTreeMap::new();
    for entry in folder.listing.entries.iter().filter(|entry| entry.kind != EntryKind::Folder) {
        match other_than_film(folder, &entry.name, entry.kind) {
            Some(verdict) => drop(files.insert(entry.name.clone(), verdict)),
            None => videos.push(entry.name.clone()),
        }
    }
    (videos, files)
}

fn other_than_film(folder: &Folder<'_>, name: &Name, kind: EntryKind) -> Option<FileVerdict> {
    match kind {
        EntryKind::LinkedFolder => return Some(FileVerdict::Ignored(Rule::LinkedFolder)),
        EntryKind::Other => return Some(FileVerdict::Ignored(Rule::NoFile)),
        EntryKind::File | EntryKind::Folder => {}
    }
    if let Some(rule) = ignored_by_name(name.as_bytes()) {
        return Some(FileVerdict::Ignored(rule));
    }
    match kind_by_extension(name.as_bytes()) {
        FileKind::Video => {
            let (base, _) = split_extension(name.as_bytes());
            extra_rule(base, folder.name.as_ref().map(Name::as_bytes)).map(FileVerdict::Extra)
        }
        FileKind::Subtitle => Some(FileVerdict::Ignored(Rule::Subtitle)),
        FileKind::Picture => Some(FileVerdict::Ignored(Rule::Picture)),
        FileKind::Nfo => Some(FileVerdict::Ignored(Rule::Nfo)),
        FileKind::Audio => Some(FileVerdict::Ignored(Rule::Audio)),
        FileKind::Other if is_disc_file(name) && folder.listing.files().any(is_entry_file) => None,
        FileKind::Other => Some(FileVerdict::Unknown(Rule::NoVideo)),
    }
}

/// Whether a file is part of a disc whose files lie in the folder itself.
fn is_disc_file(name: &Name) -> bool {
    let (_, extension) = split_extension(name.as_bytes());
    [b"ifo".as_slice(), b"bup", b"vob", b"bdmv"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Joins the parts of stacks: same title, word and extension, different numbers.
fn groups(videos: Vec<Name>) -> Vec<Group> {
    let mut stacks: BTreeMap<_, Vec<(u32, Name)>> = BTreeMap::new();
    let mut singles = Vec::new();
    for name in videos {
        let (base, extension) = split_extension(name.as_bytes());
        match stack_part(base) {
            Some(part) => stacks
                .entry((fold_case(&part.title), part.word, part.is_lettered, fold_case(extension)))
                .or_default()
                .push((part.number, name)),
            None => singles.push(Group { parts: vec![name] }),
        }
    }
    for ((_, word, ..), mut parts) in stacks {
        parts.sort();
        // `300a`, `300b` begin with the first part, or they are other films (`Vitamin B`, `Vitamin C`).
        let begins = word != StackWord::Bare || parts[0].0 == 1;
        let is_stack = begins && parts.windows(2).all(|pair| pair[0].0 != pair[1].0);
        let names = parts.into_iter().map(|(_, name)| name);
        match is_stack {
            true => singles.push(Group { parts: names.collect() }),
            false => singles.extend(names.map(|name| Group { parts: vec![name] })),
        }
    }
    singles.sort_by(|a, b| a.main().cmp(b.main()));
    singles
}

/// Each film with the names of all its files.
fn films(folder: &Folder<'_>, groups: Vec<Group>) -> Vec<(FoundItem, Vec<Name>)> {
    let is_root = folder.name.is_none();
    if let Some(main) = folder.name.as_ref().and_then(|name| main_version(name, &groups)) {
        let item = film(folder, &groups[main], Layout::Version, Rule::Versions);
        return item
            .map(|item| (item, groups.into_iter().flat_map(|group| group.parts).collect()))
            .into_iter()
            .collect();
    }
    let is_alone = groups.len() == 1 && !is_root;
    let has_foreign_folders = folder.listing.folders().any(|name| descent(folder.listing, name) == Descent::Enter);
    let found = groups.into_iter().filter_map(|group| {
        let (layout, rule) = match (is_root, is_alone, has_foreign_folders, group.is_stack()) {
            (_, true, false, true) => (Layout::Stack, Rule::Stack),
            (_, true, false, false) => (Layout::Own, Rule::SingleVideo),
            (_, _, _, true) => (Layout::Flat, Rule::StackBesideOthers),
            (true, ..) => (Layout::Flat, Rule::LibraryRoot),
            (_, true, ..) => (Layout::Flat, Rule::SingleVideoBesideFolders),
            _ => (Layout::Flat, Rule::SeveralVideos),
        };
        Some((film(folder, &group, layout, rule)?, group.parts))
    });
    found.collect()
}

fn film(folder: &Folder<'_>, group: &Group, layout: Layout, rule: Rule) -> Option<FoundItem> {
    Some(FoundItem {
        entity_type: EntityType::Movie,
        layout,
        identity: identity(folder, &group.title_base(), layout, rule),
        folder: folder.listing.path.clone(),
        video: folder.listing.path.join(group.main()),
        base: base_of(group.main())?,
        originals: Vec::new(),
        rule,
    })
}

fn base_of(file: &Name) -> Option<Name> {
    Name::parse(split_extension(file.as_bytes()).0).ok()
}

/// The index of the default version, if all groups are versions of the film that the folder is named after: their names
/// begin with the folder's name, and what follows is a label.
fn main_version(folder: &Name, groups: &[Group]) -> Option<usize> {
    if groups.len() < 2 || groups.iter().any(Group::is_stack) {
        return None;
    }
    let folder = fold_case(folder.as_bytes());
    let labels: Vec<String> = groups
        .iter()
        .map(|group| fold_case(&group.title_base()).strip_prefix(&*folder).map(decode).filter(|rest| is_label(rest)))
        .collect::<Option<_>>()?;
    let years: Vec<_> = groups.iter().map(|group| parse_name(&group.title_base()).year).collect();
    if years.windows(2).any(|pair| pair[0] != pair[1]) {
        return None;
    }
    // The one named like the folder, else the highest resolution, else the first.
    (0..groups.len()).max_by_key(|&at| (labels[at].is_empty(), resolution(&labels[at]), std::cmp::Reverse(at)))
}

fn is_label(rest: &str) -> bool {
    let rest = rest.trim_start();
    let first_word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    rest.is_empty() || rest.starts_with(['-', '_', '.', '[']) || is_release_word(first_word)
}

/// The number of lines in a label like `- 1080p`, 0 without one.
fn resolution(label: &str) -> u16 {
    let words = label.split(|c: char| !c.is_alphanumeric());
    words.filter_map(|word| word.strip_suffix(['p', 'i'])?.parse().ok()).max().unwrap_or(0)
}

/// What folder and file tell together. Players name a film in its own folder after the folder; where the folder tells
/// neither year nor id but the file does (`Action/Heat (1995).mkv`), the folder is a shelf and the file is right.
fn identity(folder: &Folder<'_>, title_base: &[u8], layout: Layout, rule: Rule) -> MediaIdentity {
    let of_file = parse_name(title_base);
    let Some(of_folder) = folder_identity(folder) else { return of_file };
    let is_same_title = title_key(&of_folder.title) == title_key(&of_file.title);
    let folder_tells = of_folder.year.is_some() || !of_folder.ids.is_empty();
    let file_tells = of_file.year.is_some() || !of_file.ids.is_empty();
    let years_agree = of_folder.year.is_none() || of_file.year.is_none() || of_folder.year == of_file.year;
    let follows_folder = match (layout, rule) {
        (Layout::Flat, Rule::SingleVideoBesideFolders) => folder_tells || is_same_title,
        (Layout::Flat, _) => is_same_title && years_agree,
        _ => folder_tells || is_same_title || !file_tells,
    };
    if follows_folder { merged(of_folder, of_file) } else { of_file }
}

/// What the name of the folder tells. A disc of a set (`Disc 1`) is named after the folder above.
fn folder_identity(folder: &Folder<'_>) -> Option<MediaIdentity> {
    let name = folder.name.as_ref()?;
    match disc_of_set(name.as_bytes()) {
        Some((title, _)) if title.is_empty() => folder.above?.path.name().map(|above| parse_name(above.as_bytes())),
        Some((title, _)) => Some(parse_name(&title)),
        None => Some(parse_name(name.as_bytes())),
    }
}

/// The first, with what it lacks taken from the second.
fn merged(mut first: MediaIdentity, second: MediaIdentity) -> MediaIdentity {
    if first.title.is_empty() {
        first.title = second.title;
    }
    first.year = first.year.or(second.year);
    for (provider, value) in second.ids {
        if first.id(&provider).is_none() {
            first.ids.push((provider, value));
        }
    }
    first
}

/// The disc that the folder is: one with `VIDEO_TS` or `BDMV` in it, or with their files.
fn disc(folder: &Folder<'_>) -> Option<FoundItem> {
    let name = folder.name.as_ref()?;
    let listing = folder.listing;
    let (video, rule) = match listing.folders().find(|child| is_disc_with_content(listing, child)) {
        Some(child) => (disc_entry(listing, child), Rule::DiscFolder),
        None => (listing.path.join(listing.files().find(|file| is_entry_file(file))?), Rule::DiscFiles),
    };
    Some(FoundItem {
        entity_type: EntityType::Movie,
        layout: Layout::Disc,
        identity: folder_identity(folder)?,
        folder: listing.path.clone(),
        video,
        base: name.clone(),
        originals: Vec::new(),
        rule,
    })
}

/// A disc folder that is there but empty is no disc; one that could not be looked into counts as one.
fn is_disc_with_content(listing: &FolderListing, child: &Name) -> bool {
    is_disc_root(child.as_bytes()) && listing.peeked.get(child).is_none_or(|entries| !entries.is_empty())
}

/// The file that players open; the disc folder itself where it is missing.
fn disc_entry(listing: &FolderListing, child: &Name) -> RelPath {
    let folder = listing.path.join(child);
    let entries = listing.peeked.get(child).map(Vec::as_slice).unwrap_or_default();
    let entry = entries.iter().find(|entry| entry.kind == EntryKind::File && is_entry_file(&entry.name));
    entry.map_or_else(|| folder.clone(), |entry| folder.join(&entry.name))
}

fn is_entry_file(name: &Name) -> bool {
    let known: [&[u8]; 3] = [b"VIDEO_TS.IFO", b"index.bdmv", b"INDEX.BDM"];
    known.iter().any(|entry| name.as_bytes().eq_ignore_ascii_case(entry))
}

/// Whether the folder is the second, third, … disc of a set whose first is beside it.
fn is_further_disc(folder: &Folder<'_>) -> bool {
    let (Some(name), Some(above)) = (&folder.name, folder.above) else { return false };
    let Some((title, number)) = disc_of_set(name.as_bytes()) else { return false };
    above
        .folders()
        .filter_map(|sibling| disc_of_set(sibling.as_bytes()))
        .any(|(other_title, other_number)| fold_case(&other_title) == fold_case(&title) && other_number < number)
}
