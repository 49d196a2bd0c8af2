//! The films of a folder.
//!
//! Extras, samples and trailers are taken out first, then parts of stacks are joined. One film that is left has the
//! folder to itself (bare artwork names are unambiguous), several share it, unless all are versions of the film that the
//! folder is named after. The root of a library is never a film's own folder.

use crate::model::{EntityType, Layout, MediaIdentity, Name};
use crate::naming::{fold_case, split_extension};

use super::file_name::FileKind;
use super::files::{Group, Sorted, disc_in, groups, is_disc_file, merged, sort_files};
use super::folder_name::{Descent, descent, disc_of_set};
use super::release::is_release_word;
use super::title::{decode, parse_name, title_key};
use super::versions::resolution;
use super::{Context, FileVerdict, FolderListing, FolderVerdict, FoundItem, Rule, nfo_files, originals};

/// What the films of a folder have in common.
struct Folder<'a> {
    listing: &'a FolderListing,
    context: &'a Context,
    /// The name of the folder, `None` for the root.
    name: Option<Name>,
}

/// What a folder of films holds.
pub(super) fn decide(listing: &FolderListing, context: &Context) -> FolderVerdict {
    let folder = Folder { listing, context, name: listing.path.name() };
    let Sorted { media: videos, mut files } = sort_files(listing, FileKind::Video);
    let mut further_bases = Vec::new();
    let mut items = Vec::new();
    if context.has_earlier_disc {
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
    items.iter_mut().for_each(|item| item.nfo = nfo_files::of_video(listing, item));
    // Some managers call the poster like the folder.
    further_bases.extend(folder.name);
    originals::assign(listing, &mut items, &further_bases);
    FolderVerdict { items, files, ..FolderVerdict::default() }
}

/// Each film with the names of all its files.
fn films(folder: &Folder<'_>, groups: Vec<Group>) -> Vec<(FoundItem, Vec<Name>)> {
    let is_root = folder.name.is_none();
    if let Some(main) = folder.name.as_ref().and_then(|name| main_version(name, &groups)) {
        let Some(mut item) = film(folder, &groups[main], Layout::Version, Rule::Versions) else { return Vec::new() };
        let files: Vec<Name> = groups.into_iter().flat_map(|group| group.parts).collect();
        let further = files.iter().map(|name| folder.listing.path.join(name)).filter(|path| *path != item.videos[0]);
        let further: Vec<_> = further.collect();
        item.videos.extend(further);
        return vec![(item, files)];
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
    let listing = folder.listing;
    let item = FoundItem::of_video(EntityType::Movie, &listing.path, group.main(), layout, rule)?;
    let identity = identity(folder, &group.title_base(), layout, rule);
    let path = if layout == Layout::Flat { item.path } else { listing.path.clone() };
    let videos = group.parts.iter().map(|part| listing.path.join(part)).collect();
    Some(FoundItem { identity, path, videos, ..item })
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
        Some((title, _)) if title.is_empty() => folder.context.above.as_ref().map(|above| parse_name(above.as_bytes())),
        Some((title, _)) => Some(parse_name(&title)),
        None => Some(parse_name(name.as_bytes())),
    }
}

/// The disc that the folder is: one with `VIDEO_TS` or `BDMV` in it, or with their files.
fn disc(folder: &Folder<'_>) -> Option<FoundItem> {
    let (video, rule) = disc_in(folder.listing)?;
    let identity = folder_identity(folder)?;
    let item = FoundItem::of_folder(EntityType::Movie, &folder.listing.path, identity, rule)?;
    Some(FoundItem { layout: Layout::Disc, videos: vec![video], ..item })
}
