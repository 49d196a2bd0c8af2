//! What is told of an item: by names, and by metadata files.

use crate::library::layout::{
    Context, FoundItem, Inside, album_name, artist_identity, merged, parse_name, series_identity,
};
use crate::library::{Source, read_nfo};
use crate::model::{EntityType, MediaIdentity, Name, RelPath};

use super::IdentifiedKind;

/// What the names tell of an item.
#[derive(Default)]
pub(super) struct Told {
    pub(super) identity: MediaIdentity,
    pub(super) episode_title: Option<String>,
    pub(super) artist: Option<String>,
}

impl Told {
    /// Nothing but that.
    pub(super) fn of(identity: MediaIdentity) -> Self {
        Self { identity, ..Self::default() }
    }
}

/// Seasons and episodes go by their series: `tvdb:81189/s01e02`. Metadata files come before names, as in a scan.
pub(super) fn told_of(source: Option<&Source>, item: &FoundItem, context: &Context) -> Told {
    let artist = match &context.inside {
        _ if item.entity_type != EntityType::Album => None,
        Inside::Artist { name, .. } => Some(name.clone()),
        Inside::Shelf | Inside::Series(_) => item.path.name().and_then(|name| album_name(name.as_bytes(), None).artist),
    };
    let of_file = |identity: MediaIdentity, entity_type: EntityType, nfo: &[RelPath]| {
        let numbers = (item.season, item.episodes.first().copied());
        source.map_or(identity.clone(), |source| with_nfo(source, identity, entity_type, numbers, nfo))
    };
    let own = of_file(item.identity.clone(), item.entity_type, &item.nfo);
    let Some(series) = &item.series else { return Told { artist, ..Told::of(own) } };
    let nfo = Name::parse(b"tvshow.nfo").ok().map(|name| series.folder.join(&name));
    let of_series = of_file(series.identity.clone(), EntityType::Series, nfo.as_slice());
    let episode_title = (item.entity_type == EntityType::Episode).then_some(own.title);
    let ids = MediaIdentity { ids: own.ids, ..MediaIdentity::default() };
    Told { identity: merged(of_series, ids), episode_title, artist }
}

/// The identity with what the first metadata file tells that tells anything.
fn with_nfo(
    source: &Source,
    identity: MediaIdentity,
    entity_type: EntityType,
    (season, episode): (Option<u16>, Option<u16>),
    nfo: &[RelPath],
) -> MediaIdentity {
    let read =
        |path: &RelPath| read_nfo(source, path).ok().filter(|nfo| !nfo.entries.is_empty() || !nfo.ids.is_empty());
    let Some(nfo) = nfo.iter().find_map(read) else { return identity };
    let entry = nfo.entry_of(entity_type, season, episode);
    let title = entry.and_then(|entry| entry.title.clone()).unwrap_or_default();
    let year = entry.and_then(|entry| entry.year);
    merged(MediaIdentity { title, year, ids: nfo.ids_of(entry) }, identity)
}

/// What a folder's name alone tells of a thing of that type; what holds an album is its artist.
pub(super) fn told_by_name(kind: IdentifiedKind, name: &Name, above: Option<&Name>) -> Told {
    match kind {
        IdentifiedKind::Entity(EntityType::Series) => Told::of(series_identity(name)),
        IdentifiedKind::Entity(EntityType::Artist) => Told::of(artist_identity(name)),
        IdentifiedKind::Entity(EntityType::Album) => {
            let above = above.map(ToString::to_string);
            let told = album_name(name.as_bytes(), above.as_deref());
            Told { artist: above.or(told.artist), ..Told::of(told.identity) }
        }
        _ => Told::of(parse_name(name.as_bytes())),
    }
}
