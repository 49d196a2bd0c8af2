//! What a folder is by its name and its place.

use crate::model::Name;
use crate::naming::{StackWord, fold_case, is_actors_folder, is_extra_fanart_folder, split_extension, stack_part};

use super::file_name::{FileKind, extra_rule, kind_by_extension};
use super::title::{decode, parse_name};
use super::{FolderListing, Rule};

/// Whether a walk goes into a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// It does: there may be items.
    Enter,
    /// Everything in it is an extra.
    Extras,
    /// It is part of a disc that is an item of the folder above.
    Disc,
    /// It is nobody's business.
    Ignored(Rule),
}

/// Names of folders that hold extras, by their letters.
const EXTRAS: &[&str] = &[
    "trailer",
    "trailers",
    "behindthescenes",
    "deleted",
    "deletedscene",
    "deletedscenes",
    "interview",
    "interviews",
    "scene",
    "scenes",
    "sample",
    "samples",
    "short",
    "shorts",
    "featurette",
    "featurettes",
    "clip",
    "clips",
    "extra",
    "extras",
    "other",
    "others",
    "bonus",
    "bonusdisc",
    "bonusdisk",
    "bonuscontent",
    "bonusfeature",
    "bonusfeatures",
    "backdrops",
    "thememusic",
];

/// Names that no player looks for items in, in lower case. Those with a dot in front are hidden anyway.
const SYSTEM: &[&str] = &[
    "metadata",
    "ps3_update",
    "ps3_vprm",
    "extrafanart",
    "extrafanarts",
    "extrathumbs",
    "lost+found",
    "subs",
    "proof",
    "temprec",
    "tempsbe",
    "eadir",
    "@eadir",
    "#recycle",
    "@recycle",
    "$recycle.bin",
    "system volume information",
    "temporary items",
    "network trash folder",
];
const SYSTEM_ENDS: &[&str] = &[".trickplay", ".bts", ".sync", ".itlp", ".ite"];
const SYSTEM_PARTS: &[&str] = &["_unpack_", "_failed_"];

/// Folders that make up a disc, in lower case.
const DISC_PARTS: &[&str] = &["video_ts", "audio_ts", "hvdvd_ts", "bdmv", "certificate"];

/// Whether a walk goes into the folder `name` of a folder of films.
pub(super) fn descent(folder: &FolderListing, name: &Name) -> Descent {
    if let Some(rule) = ignored_by_name(name.as_bytes()) {
        return Descent::Ignored(rule);
    }
    if is_disc_part(name.as_bytes()) && has_disc(folder) {
        return Descent::Disc;
    }
    if is_extras(name.as_bytes()) && !is_title(folder, name) {
        return Descent::Extras;
    }
    Descent::Enter
}

/// Whether the entries of a folder of that name belong to the items of the folder above, in any library.
pub(super) fn is_peeked(name: &Name) -> bool {
    is_disc_root(name.as_bytes()) || is_extra_fanart_folder(name.as_bytes()) || is_actors_folder(name.as_bytes())
}

/// Whether an entry of that name is nobody's business: hidden, or of the system, a player or a download program.
#[must_use]
pub fn is_ignored_name(name: &Name) -> bool {
    ignored_by_name(name.as_bytes()).is_some()
}

/// Whether a folder of that name belongs to a film of a folder further up, wherever it is met.
pub(super) fn is_part_of_film(name: &[u8]) -> bool {
    let is_title = || parse_name(name).year.is_some();
    let is_system = !name.starts_with(b".") && ignored_by_name(name).is_some();
    is_disc_part(name) || is_system || disc_of_set(name).is_some() || (is_extras(name) && !is_title())
}

/// Whether a name belongs to the system, to a player or to a download program.
pub(super) fn ignored_by_name(name: &[u8]) -> Option<Rule> {
    if name.starts_with(b".") {
        return Some(Rule::Hidden);
    }
    let lower = String::from_utf8_lossy(&fold_case(name)).into_owned();
    let is_system = SYSTEM.contains(&lower.as_str())
        || SYSTEM_ENDS.iter().any(|end| lower.ends_with(end))
        || SYSTEM_PARTS.iter().any(|part| lower.contains(part));
    is_system.then_some(Rule::SystemName)
}

/// Whether a folder of that name is the top of a disc: `VIDEO_TS` or `BDMV`.
pub(super) fn is_disc_root(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"VIDEO_TS") || name.eq_ignore_ascii_case(b"BDMV")
}

/// Whether a folder has a disc in it.
pub(super) fn has_disc(folder: &FolderListing) -> bool {
    folder.folders().any(|name| is_disc_root(name.as_bytes()))
}

/// The number of a folder that is one disc of a set, and the title before it: `Disc 2`, `Heat (1995) CD1`.
pub(super) fn disc_of_set(name: &[u8]) -> Option<(Vec<u8>, u32)> {
    // Something has to stand before the token, for `stack_part` to take it for one.
    let marked =
        stack_part(&[b"x ", name].concat()).filter(|part| !matches!(part.word, StackWord::Part | StackWord::Bare))?;
    let title = marked.title.strip_prefix(b"x").unwrap_or_default().trim_ascii_start().to_vec();
    let ends_with_number = name.last().is_some_and(|b| b.is_ascii_digit() || matches!(b, b')' | b']'));
    ends_with_number.then_some((title, marked.number))
}

/// Whether the folder `name` of `above` is the second, third, … disc of a set whose first lies beside it.
pub(super) fn has_earlier_disc(above: &FolderListing, name: &Name) -> bool {
    let Some((title, number)) = disc_of_set(name.as_bytes()) else { return false };
    above
        .folders()
        .filter_map(|sibling| disc_of_set(sibling.as_bytes()))
        .any(|(other_title, other_number)| fold_case(&other_title) == fold_case(&title) && other_number < number)
}

pub(super) fn is_disc_part(name: &[u8]) -> bool {
    DISC_PARTS.iter().any(|part| name.eq_ignore_ascii_case(part.as_bytes()))
}

pub(super) fn is_extras(name: &[u8]) -> bool {
    let letters: String = decode(name).to_lowercase().chars().filter(|c| c.is_alphabetic()).collect();
    EXTRAS.contains(&letters.as_str())
}

/// `Extras (2005)` is a title where there is no film beside it whose extras it could hold.
fn is_title(folder: &FolderListing, name: &Name) -> bool {
    let identity = parse_name(name.as_bytes());
    let says_so = identity.year.is_some() || !identity.ids.is_empty();
    says_so && (folder.path.is_root() || !has_film(folder))
}

fn has_film(folder: &FolderListing) -> bool {
    let is_film = |name: &Name| {
        let (base, _) = split_extension(name.as_bytes());
        kind_by_extension(name.as_bytes()) == FileKind::Video && extra_rule(base, None).is_none()
    };
    has_disc(folder) || folder.files().any(is_film)
}
