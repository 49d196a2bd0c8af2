//! Which metadata files are of a film or episode.

use crate::model::{EntityType, Layout, Name, RelPath};
use crate::naming::{fold_case, split_extension, stack_part};

use super::file_name::{FileKind, kind_by_extension};
use super::{FolderListing, FoundItem};

/// The metadata files of a film or episode, the one that counts most first: what all players agree on is that `movie.nfo`
/// comes before the file that is named like the video, and that a film alone in its folder may have one of any name. In
/// a shared folder only the file that is named like the video counts.
pub(super) fn of_video(listing: &FolderListing, item: &FoundItem) -> Vec<RelPath> {
    let mut found = of_disc(listing, item);
    let in_folder: Vec<&Name> =
        listing.files().filter(|name| kind_by_extension(name.as_bytes()) == FileKind::Nfo).collect();
    let is_alone = item.entity_type == EntityType::Movie && item.layout != Layout::Flat;
    let mut wanted: Vec<Vec<u8>> = Vec::new();
    if is_alone {
        wanted.push(b"movie".to_vec());
    }
    wanted.extend(item.videos.iter().filter_map(|video| Some(base_of(&video.name()?))));
    wanted
        .extend(stack_part(item.base.as_bytes()).filter(|_| item.videos.len() > 1).map(|part| fold_case(&part.title)));
    wanted.push(fold_case(item.base.as_bytes()));
    for base in wanted {
        found.extend(in_folder.iter().filter(|name| base_of(name) == base).map(|name| listing.path.join(name)));
    }
    if let ([only], true) = (in_folder.as_slice(), is_alone) {
        found.push(listing.path.join(only));
    }
    let mut unique: Vec<RelPath> = Vec::with_capacity(found.len());
    for path in found {
        if !unique.contains(&path) {
            unique.push(path);
        }
    }
    unique
}

/// `VIDEO_TS/VIDEO_TS.nfo`, `BDMV/index.nfo`.
fn of_disc(listing: &FolderListing, item: &FoundItem) -> Vec<RelPath> {
    if item.layout != Layout::Disc {
        return Vec::new();
    }
    let is_entry = |name: &Name| {
        let known: [&[u8]; 2] = [b"video_ts.nfo", b"index.nfo"];
        known.iter().any(|known| name.as_bytes().eq_ignore_ascii_case(known))
    };
    let of_folder = |(folder, entries): (&Name, &Vec<super::DirEntry>)| {
        let found = entries.iter().find(|entry| is_entry(&entry.name))?;
        Some(listing.path.join(folder).join(&found.name))
    };
    listing.peeked.iter().filter_map(of_folder).collect()
}

fn base_of(name: &Name) -> Vec<u8> {
    fold_case(split_extension(name.as_bytes()).0)
}
