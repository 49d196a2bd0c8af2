//! Where a picture lies beneath the root of the cache. The two folders above it keep every folder small: a million
//! pictures make 15 a folder.

use crate::model::{ContentHash, RelPath};

use super::format::StoredFormat;

/// The folder of the pictures.
pub(super) const ASSETS: &str = "assets";
/// The folder of the provenance files.
pub(super) const PROVENANCE: &str = "provenance";
/// The folder of files that are not yet anything.
pub(super) const TEMPORARY: &str = "tmp";
/// What provenance files end in.
pub(super) const RECORDS_EXTENSION: &str = "jsonl";

/// The folders of that hash, from the top folder down, and the name without extension.
pub(super) struct Place {
    pub(super) folders: [String; 2],
    /// The same as numbers.
    pub(super) numbers: [u8; 2],
    pub(super) stem: String,
}

impl Place {
    pub(super) fn of(hash: &ContentHash) -> Self {
        let stem = hash.to_string();
        let [first, second, ..] = *hash.as_bytes();
        Self { folders: [stem[..2].to_owned(), stem[2..4].to_owned()], numbers: [first, second], stem }
    }

    pub(super) fn name(&self, extension: &str) -> String {
        format!("{}.{extension}", self.stem)
    }

    /// The path beneath the root of the cache.
    pub(super) fn path_in(&self, top: &str, extension: &str) -> String {
        let [first, second] = &self.folders;
        format!("{top}/{first}/{second}/{}", self.name(extension))
    }
}

/// The hash and format in the name of a file of the cache; `None` for every other name.
pub(super) fn parse_name(name: &str) -> Option<(ContentHash, StoredFormat)> {
    let (stem, extension) = name.split_once('.')?;
    let hash: ContentHash = stem.parse().ok()?;
    (hash.to_string() == stem).then_some((hash, extension.parse().ok()?))
}

/// The path of a file beneath the root of the cache: `assets/ab/c1/abc1….jpg`.
pub(super) fn relative_path(hash: &ContentHash, format: StoredFormat) -> RelPath {
    let path = Place::of(hash).path_in(ASSETS, format.extension());
    RelPath::parse(path.as_bytes()).expect("digits and letters joined by single slashes are a path")
}

#[cfg(test)]
mod tests {
    use super::super::format::PictureFormat;
    use super::*;

    #[test]
    fn a_picture_lies_under_the_beginning_of_its_hash() {
        let hash = ContentHash::new([0xab; 32]);
        let path = relative_path(&hash, PictureFormat::Jpeg.into());
        assert_eq!(path.to_string(), format!("assets/ab/ab/{hash}.jpg"));
        assert_eq!(parse_name(&format!("{hash}.jpg")), Some((hash, PictureFormat::Jpeg.into())));
    }

    #[test]
    fn other_names_are_no_pictures() {
        let hash = ContentHash::new([0xab; 32]).to_string();
        for name in
            ["", "x", &hash, &format!("{hash}.txt"), &format!("{}.jpg", hash.to_uppercase()), "put-1-1", "abab.jpg"]
        {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }
}
