//! Whose artwork the pictures of a folder are.
//!
//! Names are asked of `naming`, which knows them all. A folder may hold ten thousand films and as many pictures, so a
//! picture is not tried against every item: of those whose pictures carry their names, only against the ones whose name
//! it begins with.

use std::collections::HashMap;

use crate::model::{EntityType, ImageType, Layout, Name, RelPath};
use crate::naming::{
    NamedItem, PicturePlace, fold_case, is_extra_fanart_folder, recognise, split_extension, stack_part,
};

use super::{EntryKind, FolderListing, FoundItem};

/// The items of a folder by the names that their pictures begin with.
struct Owners<'a> {
    items: &'a [FoundItem],
    /// Name in lower case → items, each with the spelling that artwork names are made of.
    by_name: HashMap<Vec<u8>, Vec<(usize, &'a [u8])>>,
    /// The items that have pictures of bare names.
    bare: Vec<usize>,
}

/// Gives every picture of the folder to the item that it belongs to. `further_bases` are the names, without extension,
/// of files that belong to the one item of the folder besides its main file.
pub(super) fn assign(folder: &FolderListing, items: &mut [FoundItem], further_bases: &[Name]) {
    let found = found(folder, &Owners::new(folder, items, further_bases));
    for (index, path, image_type) in found {
        items[index].originals.push((path, image_type));
    }
    items.iter_mut().for_each(|item| item.originals.sort());
}

fn found(folder: &FolderListing, owners: &Owners<'_>) -> Vec<(usize, RelPath, ImageType)> {
    let beside = folder.files().map(|name| (owners.of(PicturePlace::ItemFolder, name), folder.path.join(name)));
    let below = folder.peeked.iter().flat_map(|(subfolder, entries)| {
        let path = folder.path.join(subfolder);
        let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
        files.map(move |file| (owners.in_subfolder(subfolder, &path, &file.name), path.join(&file.name)))
    });
    beside.chain(below).filter_map(|(owner, path)| owner.map(|(index, image_type)| (index, path, image_type))).collect()
}

impl<'a> Owners<'a> {
    fn new(folder: &FolderListing, items: &'a [FoundItem], further_bases: &'a [Name]) -> Self {
        let mut owners = Self { items, by_name: HashMap::new(), bare: Vec::new() };
        for (index, item) in items.iter().enumerate().filter(|(_, item)| item.folder == folder.path) {
            if !is_flat(item) {
                owners.bare.push(index);
            }
            owners.add(index, item.base.as_bytes());
        }
        for base in further_bases.iter().filter(|_| items.len() == 1) {
            owners.add(0, base.as_bytes());
        }
        owners
    }

    fn add(&mut self, index: usize, base: &'a [u8]) {
        let stacked = stack_part(base).filter(|_| is_stack(&self.items[index]));
        for name in [Some(base.to_vec()), stacked.map(|part| part.title)].into_iter().flatten() {
            self.by_name.entry(fold_case(&name)).or_default().push((index, base));
        }
    }

    /// The item that a picture of the folder belongs to. Of several, the one with the longest name: `Heat-2.jpg` is the
    /// poster of `Heat-2.mkv`, not an alternative one of `Heat.mkv`.
    fn of(&self, place: PicturePlace, picture: &Name) -> Option<(usize, ImageType)> {
        let stem = fold_case(split_extension(picture.as_bytes()).0);
        let ends = (0..=stem.len()).rev().filter(|&end| stem.get(end).is_none_or(|&byte| byte == b'-'));
        let by_name = ends.filter_map(|end| self.by_name.get(&stem[..end])).flatten().copied();
        let bare = self.bare.iter().map(|&index| (index, self.items[index].base.as_bytes()));
        by_name.chain(bare).find_map(|(index, base)| {
            Some((index, recognise(&named(&self.items[index], base), place, picture.as_bytes())?))
        })
    }

    /// The item that a picture in a folder beneath belongs to.
    fn in_subfolder(&self, name: &Name, path: &RelPath, picture: &Name) -> Option<(usize, ImageType)> {
        if is_extra_fanart_folder(name.as_bytes()) {
            return self.of(PicturePlace::ExtraFanart, picture);
        }
        if name.as_bytes().eq_ignore_ascii_case(b"metadata") {
            return self.of(PicturePlace::Metadata, picture);
        }
        let season = self.items.iter().position(|item| item.folders.contains(path) && item.season.is_some())?;
        let named = named(&self.items[season], name.as_bytes());
        Some((season, recognise(&named, PicturePlace::SeasonFolder, picture.as_bytes())?))
    }
}

/// Whether every picture of an item carries its name.
fn is_flat(item: &FoundItem) -> bool {
    match item.entity_type {
        EntityType::Episode => item.layout != Layout::Disc,
        _ => item.layout == Layout::Flat,
    }
}

/// Whether it is a stack, alone or beside others: in a shared folder nothing else has several files.
fn is_stack(item: &FoundItem) -> bool {
    item.layout == Layout::Stack || (item.layout == Layout::Flat && item.videos.len() > 1)
}

fn named<'a>(item: &'a FoundItem, base: &'a [u8]) -> NamedItem<'a> {
    NamedItem {
        title: &item.identity.title,
        season: item.season,
        episodes: item.episode_range(),
        is_stack: is_stack(item),
        ..NamedItem::new(item.entity_type, item.layout, base)
    }
}
