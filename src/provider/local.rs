//! Folders of artwork on this machine: what lies there is a candidate. Nothing in them is ever changed.
//!
//! Two ways to lie are understood, side by side (a Kometa asset directory, Kodi's folder of movie sets):
//! - `<folder>/<name of the item's folder>/poster.jpg`, `background.png`, `logo.png`, `Season01.jpg`, `S01E02.jpg`
//! - `<folder>/<name of the item's folder>.jpg`, `<name>_background.png`, `<name>_Season01.jpg`
//!
//! A set is looked for by its title, as Kodi names its folders.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, ResolveFlags};
use url::Url;

use crate::config::ProviderSettings;
use crate::model::{EntityType, ImageKind};

use super::answer::{Answer, Identified, Offer};
use super::http::ProviderError;
use super::{ArtworkProvider, Asked, Subject, Surroundings};

const NAME: &str = "local";

/// How many names of a folder are looked at.
const NAMES_MAX: usize = 10_000;

/// See the module.
pub struct Local {
    folders: Vec<PathBuf>,
    with_library: bool,
}

impl Local {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        _surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.local;
        if !settings.enabled || (settings.folders.is_empty() && !settings.library) {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self { folders: settings.folders.clone(), with_library: settings.library })))
    }

    fn offers(&self, subject: &Subject) -> Answer {
        let mut answer = Answer::default();
        let named = match subject.entity_type {
            EntityType::MovieSet | EntityType::Artist => subject.title.as_bytes().to_vec(),
            _ => subject.place.folder_name.clone(),
        };
        if is_name(&named) {
            for folder in &self.folders {
                let own = folder.join(OsStr::from_bytes(&named));
                let inside = names_in(&own).into_iter().filter_map(|name| {
                    let kind = kind_of(stem(name.as_bytes())?, subject)?;
                    Some((kind, own.join(name)))
                });
                let beside = beside(folder, &named, subject);
                answer.offers.extend(inside.chain(beside).filter_map(|(kind, path)| offer(kind, &path, subject)));
            }
        }
        if self.with_library {
            let originals = subject.place.originals.iter();
            answer.offers.extend(originals.filter_map(|(kind, path)| offer(*kind, path, subject)));
        }
        answer
    }

    /// Whether a path lies in one of the folders, or may lie in the library.
    fn may_read(&self, path: &Path) -> bool {
        self.with_library || self.folders.iter().any(|folder| path.starts_with(folder))
    }
}

impl ArtworkProvider for Local {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, _entity_type: EntityType) -> &'static [ImageKind] {
        &ImageKind::ALL
    }

    fn identify<'a>(&'a self, _subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(async { Ok(Identified::NotAsked) })
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(async { Ok(self.offers(subject)) })
    }

    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move {
            let not_ours = |reason| ProviderError::Address { provider: NAME, url: url.to_owned(), reason };
            let path = path_of(url).ok_or_else(|| not_ours("it is no address of a file"))?;
            if !self.may_read(&path) {
                return Err(not_ours("it lies in none of the folders of provider.local"));
            }
            read(&path, bytes_max).map_err(|source| ProviderError::File { path, source: Arc::new(source) })
        })
    }
}

/// Whether the bytes are one name, so that joining them to a folder stays in it.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0)
}

/// The names in a folder, in their order; none when it is not there or cannot be read.
fn names_in(folder: &Path) -> Vec<OsString> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<OsString> = entries.flatten().map(|entry| entry.file_name()).take(NAMES_MAX).collect();
    names.sort();
    names
}

/// The name without an extension of a picture; `None` for everything else.
fn stem(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let (stem, extension) = name.rsplit_once('.')?;
    ["jpg", "jpeg", "png", "webp"].iter().any(|known| extension.eq_ignore_ascii_case(known)).then_some(stem)
}

/// What a name in an item's own folder of artwork is of, if it is of that item.
fn kind_of(stem: &str, subject: &Subject) -> Option<ImageKind> {
    let lower = stem.to_ascii_lowercase();
    let (season, episode) = (subject.season, subject.episode);
    match subject.entity_type {
        EntityType::Season => {
            let rest = lower.strip_prefix(&format!("season{:02}", season?))?;
            if rest.is_empty() { Some(ImageKind::Poster) } else { word_kind(rest.trim_start_matches(['_', '-'])) }
        }
        EntityType::Episode => (lower == format!("s{:02}e{:02}", season?, episode?)).then_some(ImageKind::Thumb),
        entity_type => word_kind(&lower).map(|kind| entity_type.kind_meant(kind)),
    }
}

/// The words for kinds: our own, and those of Kometa and Kodi. A number behind fanart makes another one of it.
fn word_kind(word: &str) -> Option<ImageKind> {
    let plain = word.trim_end_matches(|c: char| c.is_ascii_digit());
    match plain {
        "folder" | "movie" | "show" => Some(ImageKind::Poster),
        "background" | "backdrop" | "art" => Some(ImageKind::Fanart),
        "logo" => Some(ImageKind::ClearLogo),
        "disc" | "cdart" => Some(ImageKind::DiscArt),
        "front" => Some(ImageKind::Cover),
        "square" | "square_art" => None,
        _ => ImageKind::ALL.into_iter().find(|kind| kind.as_str() == plain),
    }
}

/// `<name>.jpg` and `<name>_background.jpg` directly in the folder.
fn beside(folder: &Path, named: &[u8], subject: &Subject) -> Vec<(ImageKind, PathBuf)> {
    let of_item = |name: OsString| -> Option<(ImageKind, PathBuf)> {
        let rest = name.as_bytes().strip_prefix(named)?;
        let is_main = subject.season.is_none();
        let kind = match rest.strip_prefix(b"_") {
            Some(rest) => kind_of(stem(rest)?, subject)?,
            // What is left of `<name>.jpg` is its extension.
            None if is_main && rest.starts_with(b".") => {
                stem(&[b"poster", rest].concat()).map(|stem| kind_of(stem, subject))??
            }
            None => return None,
        };
        Some((kind, folder.join(name)))
    };
    names_in(folder).into_iter().filter_map(of_item).collect()
}

/// Whoever put a picture there chose it: its text, where such a picture has one, counts as in the most wanted language.
fn offer(kind: ImageKind, path: &Path, subject: &Subject) -> Option<Offer> {
    use ImageKind::{ActorThumb, CharacterArt, Fanart, KeyArt, Thumb};
    let has_text = !matches!(kind, Fanart | KeyArt | CharacterArt | Thumb | ActorThumb);
    // The name may lie about what it is; the first bytes do not.
    let (width, height) = image::ImageReader::open(path).ok()?.with_guessed_format().ok()?.into_dimensions().ok()?;
    Some(Offer {
        kind,
        key: crate::model::show_bytes(path.as_os_str().as_bytes()),
        url: Url::from_file_path(path).ok()?.into(),
        width: Some(width),
        height: Some(height),
        language: subject.languages.first().filter(|_| has_text).cloned(),
        vote_average: None,
        vote_count: None,
        season: None,
    })
}

/// The file that an address is of; bytes that are no UTF-8 come back as they were.
fn path_of(url: &str) -> Option<PathBuf> {
    let url: Url = url.parse().ok()?;
    let path = (url.scheme() == "file").then(|| url.to_file_path().ok())??;
    Some(PathBuf::from(OsString::from_vec(path.into_os_string().into_vec())))
}

/// Reads a regular file through no link at its end, so that a folder of artwork cannot lead elsewhere.
fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let file = File::from(rustix::fs::openat2(folder, name, flags, Mode::empty(), beneath)?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than is taken"));
    }
    Ok(bytes)
}
