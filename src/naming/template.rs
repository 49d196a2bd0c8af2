//! From a template of a row to a name.
//!
//! Placeholders: `{b}` name of the video, `{t}` stacked title, `{kind}` word of the image kind, `{n}` number, `{season}`
//! `season01` or `season-specials`, `{ss}` and `{ee}` two digits of season and episode, `{actor}` and `{actor22}`
//! names of portraits in Kodi, `{set}` folder of a movie set in Kodi, `{initial}` and `{person}` folders of a person in
//! Jellyfin, `{asset}` name of an item for Kometa.

use crate::model::{EntityType, EpisodeRange, ImageType, Layout, Name, Placement, RelPath};

use super::item::NAME_BYTES_MAX;
use super::recognise::is_bare_name;
use super::{LeftOut, LeftOutReason, PictureExtension, PublishedName, legal, split_extension, stack_part};

/// A picture of something, on its way to a name.
pub(super) struct Filling<'a> {
    pub placed: &'a Placement,
    pub image_type: ImageType,
    pub extension: PictureExtension,
    /// Whether the name is for a tree of its own, beneath whose root it lies then.
    pub is_tree: bool,
}

/// What stands for the placeholders of one name, where an item has several of it.
struct One<'a> {
    filling: &'a Filling<'a>,
    /// The folder that the name is in, or is beneath.
    folder: &'a RelPath,
    base: &'a [u8],
    episode: Option<u16>,
}

/// The names that a template makes: one, or as many as the item has versions, episodes in its file or, for an actor,
/// folders in which it plays.
pub(super) fn published_names(template: &'static str, filling: &Filling<'_>) -> Vec<Result<PublishedName, LeftOut>> {
    let placed = filling.placed;
    let all_bases = bases(placed);
    let bases = if template.contains("{b}") { &all_bases[..] } else { &all_bases[..1] };
    let folders = match placed.entity_type {
        EntityType::Actor if !filling.is_tree => &placed.folders[..],
        // The document of a season lies in the season's own folder, unlike its pictures.
        EntityType::Season if filling.image_type == ImageType::NFO => &placed.folders[..],
        _ => std::slice::from_ref(&placed.folder),
    };
    let episodes: Vec<Option<u16>> = match placed.episodes.filter(|_| template.contains("{ee}")) {
        Some(range) => (range.first()..=range.last()).map(Some).collect(),
        None => vec![None],
    };
    let mut names = Vec::new();
    for folder in folders {
        for base in bases {
            names.extend(episodes.iter().map(|&episode| One { filling, folder, base, episode }.name(template)));
        }
    }
    names
}

/// Whether a template has a name for that item at all: only a stack has a stacked title, and beside the media only what
/// is one of several episodes is told by its number.
pub(super) fn applies(template: &str, placed: &Placement) -> bool {
    let is_stack = placed.layout == Layout::Stack || placed.videos.len() > 1;
    let has_several = placed.episodes.is_some_and(EpisodeRange::is_several);
    (is_stack || !template.contains("{t}")) && (has_several || !template.starts_with("{b}-S{ss}"))
}

/// The names of the item's videos without their extensions: all where they are versions, else of the main one. Never
/// empty.
fn bases(placed: &Placement) -> Vec<Vec<u8>> {
    let count = if placed.layout == Layout::Version { placed.videos.len().max(1) } else { 1 };
    (0..count)
        .map(|at| base_name(placed.layout, &placed.folder, placed.videos.get(at)))
        .map(|name| name.map_or_else(Vec::new, |name| name.as_bytes().to_vec()))
        .collect()
}

impl One<'_> {
    fn name(&self, template: &'static str) -> Result<PublishedName, LeftOut> {
        let Filling { placed, extension, is_tree, .. } = *self.filling;
        let mut parts: Vec<&str> = template.split('/').collect();
        let file = parts.pop().unwrap_or_default();
        let unknown = |what| LeftOut { name: template.as_bytes().to_vec(), reason: LeftOutReason::Unknown(what) };
        let stem = self.fill(file).map_err(unknown)?;
        let name = with_extension(&stem, extension);
        if !is_tree && is_shared(placed) && is_bare_name(placed.entity_type, &stem) {
            return Err(LeftOut { name, reason: LeftOutReason::Bare });
        }
        let mut folder = if is_tree { RelPath::root() } else { self.folder.clone() };
        for part in &parts {
            let filled = self.fill(part).map_err(unknown)?;
            // A person without letter or digit has no folder of the initial.
            if !(filled.is_empty() && *part == "{initial}") {
                folder = folder.join(&parsed(filled)?);
            }
        }
        Ok(PublishedName { folder, name: parsed(name)?, is_synthetic_folder: is_tree || !parts.is_empty() })
    }

    /// The template with its placeholders replaced; what is lacking, where something is. A base that itself looks like a
    /// placeholder is not replaced again.
    fn fill(&self, template: &str) -> Result<Vec<u8>, &'static str> {
        let mut filled = Vec::new();
        for piece in template.split_inclusive('}') {
            let (text, placeholder) = piece.split_once('{').unwrap_or((piece, ""));
            filled.extend_from_slice(text.as_bytes());
            filled.extend(self.value(placeholder)?);
        }
        Ok(filled)
    }

    fn value(&self, placeholder: &str) -> Result<Vec<u8>, &'static str> {
        let Filling { placed, image_type, .. } = *self.filling;
        let text = match placeholder {
            "b}" => return Ok(self.base.to_vec()),
            "t}" => return Ok(stack_part(self.base).map_or_else(|| self.base.to_vec(), |part| part.title)),
            "asset}" => return asset(placed),
            "kind}" => image_type.kind().as_str().to_owned(),
            "n}" => image_type.number().to_string(),
            "season}" => season(placed.season.ok_or("the number of the season")?),
            "ss}" => format!("{:02}", placed.season.ok_or("the number of the season")?),
            "ee}" => format!("{:02}", self.episode.ok_or("the number of the episode")?),
            "actor}" => legal::kodi_actor(&placed.title),
            "actor22}" => legal::kodi_22_actor(&placed.title),
            "set}" => legal::kodi_set(&placed.title),
            "person}" => legal::jellyfin_person(&placed.title),
            "initial}" => {
                legal::jellyfin_initial(&legal::jellyfin_person(&placed.title)).map(String::from).unwrap_or_default()
            }
            _ => String::new(),
        };
        Ok(text.into_bytes())
    }
}

fn with_extension(stem: &[u8], extension: PictureExtension) -> Vec<u8> {
    [stem, b".", extension.as_str().as_bytes()].concat()
}

fn parsed(bytes: Vec<u8>) -> Result<Name, LeftOut> {
    if bytes.len() > NAME_BYTES_MAX {
        return Err(LeftOut { name: bytes, reason: LeftOutReason::TooLong });
    }
    Name::parse(&bytes).map_err(|error| LeftOut { name: bytes, reason: LeftOutReason::Impossible(error) })
}

/// Whether the folder belongs to several items, so that a bare name in it would be taken for all of them.
fn is_shared(placed: &Placement) -> bool {
    match placed.entity_type {
        EntityType::Movie => placed.layout == Layout::Flat,
        EntityType::Episode => placed.layout != Layout::Disc,
        _ => false,
    }
}

/// Two digits or more, as Kodi and Jellyfin write them; specials have a word.
fn season(number: u16) -> String {
    if number == 0 { "season-specials".to_owned() } else { format!("season{number:02}") }
}

/// What Kometa calls an item: by its folder, a collection by its name. A film in a shared folder has no name there, as
/// Kometa would take the folder's for all films in it.
fn asset(placed: &Placement) -> Result<Vec<u8>, &'static str> {
    let folder = match placed.entity_type {
        EntityType::MovieSet => return Ok(legal::kometa_asset(placed.title.as_bytes())),
        EntityType::Movie if placed.layout == Layout::Flat => None,
        EntityType::Season | EntityType::Episode => {
            Some(placed.parent_folder.as_ref().ok_or("the folder of its series")?)
        }
        _ => Some(&placed.folder),
    };
    Ok(legal::kometa_asset(folder.and_then(RelPath::name).ok_or("a folder of its own")?.as_bytes()))
}

/// The name that artwork names are made of ([`NamedItem::base`](super::NamedItem)): of the folder for a disc, else of the main video without
/// its extension, else of the folder. `None` for the root of a library without a video.
#[must_use]
pub fn base_name(layout: Layout, folder: &RelPath, video: Option<&RelPath>) -> Option<Name> {
    let of_video = || Name::parse(split_extension(video?.name()?.as_bytes()).0).ok();
    match layout {
        Layout::Disc => folder.name(),
        Layout::Own | Layout::Flat | Layout::Stack | Layout::Version => of_video().or_else(|| folder.name()),
    }
}
