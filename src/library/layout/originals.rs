//! Whose artwork the pictures of a folder are.

use crate::model::{EntityType, ImageType, Name};
use crate::naming::{NamedItem, PicturePlace, is_extra_fanart_folder, recognise};

use super::{FolderListing, FoundItem};

/// Gives every picture of the folder to the item that it belongs to. `further_bases` are the names, without extension,
/// of files that belong to the one item of the folder besides its main file.
pub(super) fn assign(folder: &FolderListing, items: &mut [FoundItem], further_bases: &[Name]) {
    for name in folder.files() {
        if let Some((owner, image_type)) = owner(items, further_bases, PicturePlace::ItemFolder, name) {
            items[owner].originals.push((folder.path.join(name), image_type));
        }
    }
    for (subfolder, entries) in folder.peeked.iter().filter(|(name, _)| is_extra_fanart_folder(name.as_bytes())) {
        let path = folder.path.join(subfolder);
        for entry in entries.iter().filter(|entry| entry.kind == super::EntryKind::File) {
            if let Some((owner, image_type)) = owner(items, &[], PicturePlace::ExtraFanart, &entry.name) {
                items[owner].originals.push((path.join(&entry.name), image_type));
            }
        }
    }
    items.iter_mut().for_each(|item| item.originals.sort());
}

/// The item that a picture belongs to. Of several, the one with the longest name: `Heat-2.jpg` is the poster of
/// `Heat-2.mkv`, not an alternative one of `Heat.mkv`.
fn owner(
    items: &[FoundItem],
    further_bases: &[Name],
    place: PicturePlace,
    picture: &Name,
) -> Option<(usize, ImageType)> {
    let of_items = items.iter().enumerate().map(|(index, item)| (index, item.layout, &item.base));
    let of_further = further_bases.iter().filter(|_| items.len() == 1).map(|base| (0, items[0].layout, base));
    let matching = of_items.chain(of_further).filter_map(|(index, layout, base)| {
        let named = NamedItem::new(EntityType::Movie, layout, base.as_bytes());
        Some((index, base.as_bytes().len(), recognise(&named, place, picture.as_bytes())?))
    });
    matching.max_by_key(|&(_, base_length, _)| base_length).map(|(index, _, image_type)| (index, image_type))
}
