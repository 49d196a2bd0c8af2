//! What is known of an item as a metadata document: which elements tell it, for each type of item.

use std::collections::BTreeMap;

use crate::model::{EntityType, Field, Hdr, ImageKind, ImageType, Provider, StreamDetails};

use super::compose::{Key, Part, Precedence, UNIQUE_ID, Written, Xml, compose};
use super::{NFO_BYTES_MAX, NfoActor, NfoRoot};

/// What is known of an item, to be written into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoFacts {
    /// What the entry is of.
    pub root: NfoRoot,
    /// The season of a season or episode.
    pub season: Option<u16>,
    /// The episode.
    pub episode: Option<u16>,
    /// What it belongs to: the artist of an album, the series of an episode.
    pub belongs_to: Option<String>,
    /// Fields of metadata.
    pub fields: Vec<NfoField>,
    /// Ids, the one that players are to go by first.
    pub ids: Vec<(Provider, String)>,
    /// The movie set.
    pub set: Option<NfoField>,
    /// Who plays, as billed.
    pub actors: Vec<NfoActor>,
    /// Whether the cast is locked, so that it stands whatever the file says.
    pub has_own_cast: bool,
    /// Pictures by their addresses.
    pub artwork: Vec<NfoPicture>,
    /// The seasons of a series.
    pub seasons: Vec<NfoSeason>,
    /// What is in the video.
    pub streams: Option<StreamDetails>,
}

/// A field of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoField {
    /// Which.
    pub field: Field,
    /// Its value, or values.
    pub values: Vec<String>,
    /// Whether a person said so or it is locked, so that it stands whatever the file says.
    pub is_own: bool,
}

/// A picture by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoPicture {
    /// What it is of.
    pub image_type: ImageType,
    /// The address.
    pub url: String,
    /// Whether a person chose it.
    pub is_own: bool,
}

/// A season, as far as its series tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoSeason {
    /// Its number; 0 for specials.
    pub number: u16,
    /// What somebody calls it otherwise than by its number.
    pub title: Option<NfoField>,
    /// Its pictures by their addresses.
    pub artwork: Vec<NfoPicture>,
}

/// What a document is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NfoBase<'a> {
    /// Nothing: it is written from scratch.
    Nothing,
    /// A file of the tree: what is not own stands as the file says it.
    Original(&'a [u8]),
    /// A document that was written here before, and is a file of the tree now: what it says of fields is out of date, what
    /// else is in it came from an original.
    Own(&'a [u8]),
}

/// Field → the element that tells it, by what the entry is of, and further ones by which files tell it.
struct Told {
    field: &'static str,
    element: fn(NfoRoot) -> &'static str,
    also: &'static [&'static str],
}

const fn told(field: &'static str, element: fn(NfoRoot) -> &'static str) -> Told {
    Told { field, element, also: &[] }
}

/// In the order in which Kodi writes them. Ratings, ids, sets and what follows have functions of their own.
const TOLD: &[Told] = &[
    Told { field: "title", element: |root| if root == NfoRoot::Artist { "name" } else { "title" }, also: &[] },
    told("original_title", |_| "originaltitle"),
    told("sort_title", |root| if root == NfoRoot::Artist { "sortname" } else { "sorttitle" }),
    told("outline", |_| "outline"),
    Told { field: "plot", element: plot, also: &["plot", "review", "biography"] },
    told("tagline", |_| "tagline"),
    told("runtime", |_| "runtime"),
    Told { field: "content_rating", element: |_| "mpaa", also: &["certification"] },
    told("genres", |_| "genre"),
    told("styles", |_| "style"),
    told("moods", |_| "mood"),
    told("countries", |_| "country"),
    told("writers", |_| "credits"),
    told("directors", |_| "director"),
    Told { field: "premiered", element: premiered, also: &["premiered", "aired", "releasedate"] },
    told("year", |_| "year"),
    told("status", |_| "status"),
    told("studios", |root| if root == NfoRoot::Album { "label" } else { "studio" }),
    told("tags", |_| "tag"),
];

fn plot(root: NfoRoot) -> &'static str {
    match root {
        NfoRoot::Artist => "biography",
        NfoRoot::Album => "review",
        NfoRoot::Set => "overview",
        NfoRoot::Movie | NfoRoot::Series | NfoRoot::Season | NfoRoot::Episode => "plot",
    }
}

fn premiered(root: NfoRoot) -> &'static str {
    match root {
        NfoRoot::Episode => "aired",
        NfoRoot::Album => "releasedate",
        _ => "premiered",
    }
}

/// Provider → elements for readers that know no `<uniqueid>`: old versions of Emby, and everybody for music.
const OLDER_IDS: &[(&str, NfoRoot, &str)] = &[
    ("imdb", NfoRoot::Movie, "imdbid"),
    ("tmdb", NfoRoot::Movie, "tmdbid"),
    ("imdb", NfoRoot::Series, "imdb_id"),
    ("tmdb", NfoRoot::Series, "tmdbid"),
    ("tvdb", NfoRoot::Series, "tvdbid"),
    ("musicbrainz", NfoRoot::Artist, "musicBrainzArtistID"),
    ("musicbrainzreleasegroup", NfoRoot::Album, "musicbrainzreleasegroupid"),
];

/// The words for kinds of pictures in `aspect`.
fn aspect(kind: ImageKind) -> &'static str {
    match kind {
        // What Kodi shows of an album and of an artist is its thumb.
        ImageKind::Cover => "thumb",
        other => other.as_str(),
    }
}

/// The document. The same facts make the same bytes.
#[must_use]
pub fn write_nfo(entries: &[NfoFacts], base: NfoBase<'_>) -> Vec<u8> {
    let is_own = matches!(base, NfoBase::Own(_));
    let written: Vec<Written> = entries.iter().map(|facts| written(facts, is_own)).collect();
    let file = match base {
        NfoBase::Nothing => None,
        NfoBase::Original(bytes) | NfoBase::Own(bytes) => Some(bytes),
    };
    let document = compose(&written, file);
    // Of a file that makes a longer document than is ever read nothing is taken over.
    if document.len() as u64 > NFO_BYTES_MAX { compose(&written, None) } else { document }
}

/// `is_own`: the file was written here, so that our word stands in everything.
fn written(facts: &NfoFacts, is_own: bool) -> Written {
    let mut parts = fields(facts);
    parts.extend(ratings(facts));
    parts.extend(numbers(facts));
    parts.extend(ids(facts));
    parts.extend(episode_guide(facts));
    parts.extend(facts.set.as_ref().map(set));
    parts.extend(pictures(facts));
    parts.extend(seasons(facts));
    parts.extend(actors(facts));
    parts.extend(facts.streams.as_ref().map(streams));
    if is_own {
        parts.iter_mut().for_each(|part| part.precedence = Precedence::Ours);
    } else {
        parts.iter_mut().for_each(|part| part.forgets = false);
    }
    Written { root: facts.root.element(), episode: facts.episode, parts }
}

fn part(names: &[&'static str], elements: Vec<Xml>, is_own: bool) -> Part {
    let keys = names.iter().map(|name| Key { name, attributes: Vec::new() }).collect();
    let precedence = if is_own { Precedence::Ours } else { Precedence::File };
    Part { keys, elements, precedence, forgets: false }
}

/// All fields of the table, also those of which nothing is known: what a document of our own said of them goes.
fn fields(facts: &NfoFacts) -> Vec<Part> {
    let of = |told: &Told| {
        let element = (told.element)(facts.root);
        let known = facts.fields.iter().find(|known| known.field.as_str() == told.field);
        let values = known.iter().flat_map(|known| &known.values).filter(|value| !value.trim().is_empty());
        let elements = values.map(|value| Xml::text(element, value)).collect();
        let names: Vec<&'static str> = std::iter::once(element).chain(told.also.iter().copied()).collect();
        Part { forgets: true, ..part(&names, elements, known.is_some_and(|known| known.is_own)) }
    };
    TOLD.iter().map(of).collect()
}

/// As Kodi has them, and the one number that others read.
fn ratings(facts: &NfoFacts) -> Option<Part> {
    let of = |word: &str| facts.fields.iter().find(|field| field.field.as_str() == word);
    let rating = of("rating")?;
    let value = rating.values.first()?;
    let votes = of("votes").and_then(|votes| Some(Xml::text("votes", votes.values.first()?)));
    let one = Xml::of("rating", std::iter::once(Xml::text("value", value)).chain(votes).collect());
    let one = one.with("name", "default").with("max", "10").with("default", "true");
    let elements = vec![Xml::of("ratings", vec![one]), Xml::text("rating", value)];
    Some(part(&["ratings", "rating"], elements, rating.is_own))
}

/// The numbers of seasons and episodes are what names say: players go by those as well.
fn numbers(facts: &NfoFacts) -> Vec<Part> {
    let one = |name: &'static str, number: Option<u16>| {
        number.map(|number| part(&[name], vec![Xml::text(name, number.to_string())], false))
    };
    match facts.root {
        NfoRoot::Season => one("seasonnumber", facts.season).into_iter().collect(),
        NfoRoot::Episode => {
            let series = facts.belongs_to.as_ref();
            let series = series.map(|title| part(&["showtitle"], vec![Xml::text("showtitle", title)], false));
            series.into_iter().chain(one("season", facts.season)).chain(one("episode", facts.episode)).collect()
        }
        NfoRoot::Album => {
            let artist = facts.belongs_to.as_ref();
            let names = ["artist", "albumartist", "artistdesc"];
            let elements = |name: &String| vec![Xml::text("artistdesc", name), Xml::text("artist", name)];
            artist.map(|name| part(&names, elements(name), false)).into_iter().collect()
        }
        NfoRoot::Movie | NfoRoot::Series | NfoRoot::Artist | NfoRoot::Set => Vec::new(),
    }
}

/// Ids are written whatever the file says: what it says is known, so another one was given by a person or found out.
fn ids(facts: &NfoFacts) -> Vec<Part> {
    let unique = facts.ids.iter().map(|(provider, value)| {
        let kind = provider.as_str();
        let keys = vec![Key { name: UNIQUE_ID, attributes: vec![("type", kind.to_owned())] }];
        let elements = vec![Xml::text(UNIQUE_ID, value).with("type", kind)];
        Part { keys, elements, precedence: Precedence::Ours, forgets: false }
    });
    let of = |provider: &str| facts.ids.iter().find(|(known, _)| known.as_str() == provider).map(|(_, value)| value);
    let older = OLDER_IDS.iter().filter(|(_, root, _)| *root == facts.root).filter_map(|(provider, _, name)| {
        let lower: &'static str = if *name == "musicBrainzArtistID" { "musicbrainzartistid" } else { name };
        Some(part(&[lower], vec![Xml::text(name, of(provider)?)], true))
    });
    // What stands in the oldest element of all is taken for an id of IMDb, of a series for one of TheTVDB.
    let oldest = match facts.root {
        NfoRoot::Movie => of("imdb"),
        NfoRoot::Series => of("tvdb"),
        _ => None,
    };
    let oldest = oldest.map(|value| part(&["id"], vec![Xml::text("id", value)], true));
    unique.chain(older).chain(oldest).collect()
}

fn set(set: &NfoField) -> Part {
    let elements = set.values.iter().map(|name| Xml::of("set", vec![Xml::text("name", name)]));
    part(&["set"], elements.take(1).collect(), set.is_own)
}

/// Pictures are the local ones for all players; the addresses are for those that cannot see them. Jellyfin takes the first of
/// any word that it does not know for the poster, so that one comes first.
fn pictures(facts: &NfoFacts) -> Vec<Part> {
    let is_fanart = |picture: &&NfoPicture| picture.image_type.kind() == ImageKind::Fanart;
    let (fanart, mut others): (Vec<&NfoPicture>, Vec<&NfoPicture>) = facts.artwork.iter().partition(is_fanart);
    others.sort_by_key(|picture| !is_main(picture.image_type.kind()));
    let mut parts: Vec<Part> = others.iter().map(|picture| thumb(picture, None)).collect();
    if !fanart.is_empty() {
        let is_own = fanart.iter().any(|picture| picture.is_own);
        let thumbs = fanart.iter().map(|picture| Xml::text("thumb", &picture.url)).collect();
        parts.push(part(&["fanart"], vec![Xml::of("fanart", thumbs)], is_own));
    }
    parts
}

/// Whether a kind of picture is the one that stands for an item.
fn is_main(kind: ImageKind) -> bool {
    matches!(kind, ImageKind::Poster | ImageKind::Cover | ImageKind::Thumb)
}

/// A picture, of a season of what the document is about if so.
fn thumb(picture: &NfoPicture, season: Option<u16>) -> Part {
    let word = aspect(picture.image_type.kind());
    let number = season.map(|season| season.to_string());
    let attributes = vec![("aspect", word.to_owned()), ("season", number.clone().unwrap_or_default())];
    let precedence = if picture.is_own { Precedence::Ours } else { Precedence::File };
    let mut element = Xml::text("thumb", &picture.url).with("aspect", word);
    if let Some(number) = number {
        element = element.with("type", "season").with("season", number);
    }
    Part { keys: vec![Key { name: "thumb", attributes }], elements: vec![element], precedence, forgets: false }
}

/// What Kodi and Jellyfin call the seasons of a series, and what Kodi shows of them. Jellyfin takes a season's picture for the
/// series', if that has none: so those are told only of which the series has one of its own.
fn seasons(facts: &NfoFacts) -> Vec<Part> {
    let is_told = |picture: &&NfoPicture| {
        let kind = picture.image_type.kind();
        kind != ImageKind::Fanart && facts.artwork.iter().any(|own| own.image_type.kind() == kind)
    };
    let name = |number: u16, title: &NfoField| {
        let attributes = vec![("number", number.to_string())];
        let elements =
            title.values.iter().take(1).map(|name| Xml::text("namedseason", name).with("number", number.to_string()));
        let precedence = if title.is_own { Precedence::Ours } else { Precedence::File };
        Part {
            keys: vec![Key { name: "namedseason", attributes }],
            elements: elements.collect(),
            precedence,
            forgets: false,
        }
    };
    let names = facts.seasons.iter().filter_map(|season| Some(name(season.number, season.title.as_ref()?)));
    let pictures = facts
        .seasons
        .iter()
        .flat_map(|season| season.artwork.iter().filter(is_told).map(|picture| thumb(picture, Some(season.number))));
    names.chain(pictures).collect()
}

/// By what Kodi asks its scrapers about episodes that have no document.
fn episode_guide(facts: &NfoFacts) -> Option<Part> {
    let ids = facts.ids.iter().filter(|(provider, _)| ["tmdb", "tvdb", "imdb"].contains(&provider.as_str()));
    let ids: BTreeMap<&str, &str> = ids.map(|(provider, value)| (provider.as_str(), value.as_str())).collect();
    let is_asked = facts.root == NfoRoot::Series && !ids.is_empty();
    let guide = is_asked.then(|| serde_json::to_string(&ids).ok()).flatten()?;
    Some(part(&["episodeguide"], vec![Xml::text("episodeguide", guide)], false))
}

fn actors(facts: &NfoFacts) -> Option<Part> {
    let one = |(order, actor): (usize, &NfoActor)| {
        let role = (!actor.role.is_empty()).then(|| Xml::text("role", &actor.role));
        let thumb = actor.url.as_ref().map(|url| Xml::text("thumb", url));
        let order = Xml::text("order", order.to_string());
        Xml::of(
            "actor",
            std::iter::once(Xml::text("name", &actor.name)).chain(role).chain([order]).chain(thumb).collect(),
        )
    };
    let elements: Vec<Xml> = facts.actors.iter().enumerate().map(one).collect();
    (!elements.is_empty()).then(|| part(&["actor"], elements, facts.has_own_cast))
}

/// What players show of a file before they have opened it.
fn streams(details: &StreamDetails) -> Part {
    let number = |name: &'static str, number: Option<String>| number.map(|number| Xml::text(name, number));
    let seconds = details.duration_ms.map(|duration| (duration / 1000).to_string());
    let video = details.video.iter().map(|stream| {
        let shape = stream.width.zip(stream.height).filter(|(_, height)| *height > 0);
        let shape = shape.map(|(width, height)| format!("{:.3}", f64::from(width) / f64::from(height)));
        let of = [
            number("codec", stream.codec.clone()),
            number("aspect", shape),
            number("width", stream.width.map(|width| width.to_string())),
            number("height", stream.height.map(|height| height.to_string())),
            number("durationinseconds", seconds.clone()),
            number("hdrtype", stream.hdr.as_ref().map(Hdr::to_string)),
        ];
        Xml::of("video", of.into_iter().flatten().collect())
    });
    let audio = details.audio.iter().map(|stream| {
        let of = [
            number("codec", stream.codec.clone()),
            number("language", stream.language.as_ref().map(|language| language.as_str().to_owned())),
            number("channels", stream.channels.map(|channels| channels.to_string())),
        ];
        Xml::of("audio", of.into_iter().flatten().collect())
    });
    let subtitles = details.subtitles.iter().map(|stream| {
        let language = number("language", stream.language.as_ref().map(|language| language.as_str().to_owned()));
        Xml::of("subtitle", language.into_iter().collect())
    });
    let all = video.chain(audio).chain(subtitles).collect();
    part(&["fileinfo"], vec![Xml::of("fileinfo", vec![Xml::of("streamdetails", all)])], false)
}

impl NfoRoot {
    /// The root of entries for things of that type; `None` where no player reads any.
    #[must_use]
    pub fn of(entity_type: EntityType) -> Option<Self> {
        match entity_type {
            EntityType::Movie => Some(Self::Movie),
            EntityType::Series => Some(Self::Series),
            EntityType::Season => Some(Self::Season),
            EntityType::Episode => Some(Self::Episode),
            EntityType::Artist => Some(Self::Artist),
            EntityType::Album => Some(Self::Album),
            EntityType::MovieSet => Some(Self::Set),
            EntityType::Actor => None,
        }
    }

    /// The name of the element.
    fn element(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Series => "tvshow",
            Self::Season => "season",
            Self::Episode => "episodedetails",
            Self::Artist => "artist",
            Self::Album => "album",
            Self::Set => "set",
        }
    }
}

#[cfg(test)]
mod tests;
