//! From elements to what they mean.

use crate::library::layout::provider_id;
use crate::model::{EntityType, ImageKind, ImageType, Provider};

use super::tree::Element;

/// More people of one entry are passed over.
const ACTORS_MAX: usize = 300;
/// More pictures of one entry are passed over.
const ARTWORK_MAX: usize = 200;
/// The longest address of a picture, in bytes.
const URL_BYTES_MAX: usize = 2048;
/// The longest name of somebody or of a set, in bytes: it becomes a file name.
const NAME_BYTES_MAX: usize = 200;

/// What an entry is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NfoRoot {
    /// `<movie>`
    Movie,
    /// `<tvshow>`
    Series,
    /// `<season>`
    Season,
    /// `<episodedetails>`
    Episode,
    /// `<artist>`
    Artist,
    /// `<album>`
    Album,
    /// `<set>`
    Set,
}

impl NfoRoot {
    /// The type of what it is of.
    #[must_use]
    pub fn entity_type(self) -> EntityType {
        match self {
            Self::Movie => EntityType::Movie,
            Self::Series => EntityType::Series,
            Self::Season => EntityType::Season,
            Self::Episode => EntityType::Episode,
            Self::Artist => EntityType::Artist,
            Self::Album => EntityType::Album,
            Self::Set => EntityType::MovieSet,
        }
    }
}

/// One entry of a metadata file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoEntry {
    /// What it is of.
    pub root: NfoRoot,
    /// The title; of an artist the name.
    pub title: Option<String>,
    /// The title to sort by.
    pub sort_title: Option<String>,
    /// The year.
    pub year: Option<u16>,
    /// The season of a season or episode.
    pub season: Option<u16>,
    /// The episode.
    pub episode: Option<u16>,
    /// Ids, at most one of each provider; the one that is marked as the default first.
    pub ids: Vec<(Provider, String)>,
    /// The movie set.
    pub set: Option<String>,
    /// Who plays, as billed.
    pub actors: Vec<NfoActor>,
    /// Pictures that are named by address.
    pub artwork: Vec<NfoArtwork>,
    /// All other metadata: name of the field and its values, one or (of genres and the like) several.
    pub fields: Vec<(&'static str, Vec<String>)>,
}

/// Somebody who plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoActor {
    /// The name.
    pub name: String,
    /// The character; empty where it is not told.
    pub role: String,
    /// The address of a portrait.
    pub url: Option<String>,
}

/// A picture that is named by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfoArtwork {
    /// What it is of.
    pub image_type: ImageType,
    /// The season it is of, in the entry of a series.
    pub season: Option<u16>,
    /// The address.
    pub url: String,
}

/// Field → the elements that tell it, the first that is there.
const SINGLE: &[(&str, &[&str])] = &[
    ("original_title", &["originaltitle"]),
    ("plot", &["plot", "review", "biography"]),
    ("outline", &["outline"]),
    ("tagline", &["tagline"]),
    ("content_rating", &["mpaa", "certification"]),
    ("premiered", &["premiered", "aired", "releasedate"]),
    ("runtime", &["runtime"]),
    ("status", &["status"]),
];
const SEVERAL: &[(&str, &str)] = &[
    ("genres", "genre"),
    ("studios", "studio"),
    ("countries", "country"),
    ("directors", "director"),
    ("writers", "credits"),
    ("tags", "tag"),
    ("styles", "style"),
    ("moods", "mood"),
];

/// Elements with an id in them → its provider.
const ID_ELEMENTS: &[(&str, &str)] = &[
    ("tmdbid", "tmdb"),
    ("imdbid", "imdb"),
    ("imdb_id", "imdb"),
    ("imdb", "imdb"),
    ("tvdbid", "tvdb"),
    ("tvmazeid", "tvmaze"),
    ("anidbid", "anidb"),
    ("anilistid", "anilist"),
    ("musicbrainzartistid", "musicbrainz"),
    ("musicbrainzreleasegroupid", "musicbrainzreleasegroup"),
];

/// Kinds by the words that metadata files use.
const ASPECTS: &[(&str, ImageKind)] = &[
    ("poster", ImageKind::Poster),
    ("fanart", ImageKind::Fanart),
    ("banner", ImageKind::Banner),
    ("clearlogo", ImageKind::ClearLogo),
    ("logo", ImageKind::ClearLogo),
    ("clearart", ImageKind::ClearArt),
    ("discart", ImageKind::DiscArt),
    ("disc", ImageKind::DiscArt),
    ("landscape", ImageKind::Landscape),
    ("keyart", ImageKind::KeyArt),
    ("characterart", ImageKind::CharacterArt),
    ("thumb", ImageKind::Thumb),
    ("cover", ImageKind::Cover),
    ("back", ImageKind::Back),
    ("spine", ImageKind::Spine),
];

/// The entry that an element is; `None` for other XML.
pub(super) fn entry(element: &Element) -> Option<NfoEntry> {
    let root = match element.name.as_str() {
        "movie" => NfoRoot::Movie,
        "tvshow" => NfoRoot::Series,
        "season" => NfoRoot::Season,
        "episodedetails" => NfoRoot::Episode,
        "artist" => NfoRoot::Artist,
        "album" => NfoRoot::Album,
        "set" => NfoRoot::Set,
        _ => return None,
    };
    let text = |name: &str| element.all(name).find_map(Element::trimmed).map(str::to_owned);
    let number = |name: &str| text(name)?.parse().ok();
    let title = match root {
        NfoRoot::Artist => text("name").or_else(|| text("title")),
        _ => text("title"),
    };
    Some(NfoEntry {
        root,
        title,
        sort_title: text("sorttitle").or_else(|| text("sortname")),
        year: year(element),
        season: number("season").or_else(|| number("seasonnumber")),
        episode: number("episode"),
        ids: ids(element, root),
        set: set(element),
        actors: element.all("actor").filter_map(actor).take(ACTORS_MAX).collect(),
        artwork: artwork(element, root),
        fields: fields(element),
    })
}

/// The year, or that of the premiere. Years that no film has (0, 9999) are none.
fn year(element: &Element) -> Option<u16> {
    let told =
        ["year", "premiered", "releasedate", "aired"].into_iter().filter_map(|name| element.first(name)?.trimmed());
    told.filter_map(|text| text.get(..4)?.parse().ok()).find(|year| (1870..=2199).contains(year))
}

fn ids(element: &Element, root: NfoRoot) -> Vec<(Provider, String)> {
    let mut unique: Vec<&Element> = element.all("uniqueid").collect();
    unique.sort_by_key(|id| id.attribute("default") != Some("true"));
    let of_unique = unique.into_iter().filter_map(|id| provider_id(id.attribute("type")?, id.trimmed()?));
    let of_elements = ID_ELEMENTS
        .iter()
        .filter_map(|(name, provider)| element.all(name).find_map(|id| provider_id(provider, id.trimmed()?)));
    let of_plain = element.all("id").flat_map(|id| plain_ids(id, root));
    let mut ids: Vec<(Provider, String)> = Vec::new();
    for (provider, value) in of_unique.chain(of_elements).chain(of_plain) {
        if !ids.iter().any(|(known, _)| *known == provider) {
            ids.push((provider, value));
        }
    }
    ids
}

/// The older `<id>`: its attributes name further providers, its text is an IMDb id or, of a series, one of TheTVDB.
fn plain_ids(id: &Element, root: NfoRoot) -> Vec<(Provider, String)> {
    let by_attribute = id.attributes.iter().filter_map(|(name, value)| provider_id(name, value));
    let text = id.trimmed().unwrap_or_default();
    let provider = match (id.attribute("moviedb"), root) {
        (Some(provider), _) => provider,
        (None, _) if text.starts_with("tt") => "imdb",
        (None, NfoRoot::Series | NfoRoot::Episode) => "tvdb",
        (None, NfoRoot::Movie) => "tmdb",
        (None, _) => "",
    };
    by_attribute.chain(provider_id(provider, text)).collect()
}

/// `<set>Name</set>`, or `<set><name>Name</name></set>`.
fn set(element: &Element) -> Option<String> {
    let set = element.first("set")?;
    let name = set.first("name").and_then(Element::trimmed).or_else(|| set.trimmed())?;
    short_name(name)
}

fn short_name(name: &str) -> Option<String> {
    let plain: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    (!plain.is_empty() && plain.len() <= NAME_BYTES_MAX && plain != "." && plain != "..").then(|| plain.to_owned())
}

fn actor(element: &Element) -> Option<NfoActor> {
    let name = short_name(element.first("name")?.trimmed()?)?;
    let role = element.first("role").and_then(Element::trimmed).unwrap_or_default().to_owned();
    let url = element.all("thumb").find_map(|thumb| url(thumb.trimmed()?));
    Some(NfoActor { name, role, url })
}

/// An address that can be one.
fn url(text: &str) -> Option<String> {
    let is_web = ["http://", "https://"].into_iter().any(|scheme| text.starts_with(scheme));
    let is_plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    (is_web && is_plain && text.len() <= URL_BYTES_MAX).then(|| text.to_owned())
}

fn artwork(element: &Element, root: NfoRoot) -> Vec<NfoArtwork> {
    let plain = match root {
        NfoRoot::Movie | NfoRoot::Series | NfoRoot::Season | NfoRoot::Set => ImageKind::Poster,
        NfoRoot::Episode | NfoRoot::Artist => ImageKind::Thumb,
        NfoRoot::Album => ImageKind::Cover,
    };
    let of_thumbs = element.all("thumb").filter_map(|thumb| {
        let kind = thumb.attribute("aspect").filter(|aspect| !aspect.is_empty()).map_or(Some(plain), kind_of)?;
        let season = thumb.attribute("season").and_then(|season| season.parse().ok());
        // Season -1 is all seasons together, which nobody is.
        let is_of_nobody = season.is_none() && thumb.attribute("type") == Some("season");
        (!is_of_nobody).then_some((kind, season, thumb.trimmed()?))
    });
    let of_fanart = element.all("fanart").flat_map(|fanart| {
        let thumbs = fanart.all("thumb").filter_map(|thumb| Some((ImageKind::Fanart, None, thumb.trimmed()?)));
        thumbs.chain(fanart.trimmed().map(|text| (ImageKind::Fanart, None, text)))
    });
    let of_art = element
        .all("art")
        .flat_map(|art| art.children.iter().filter_map(|child| Some((kind_of(&child.name)?, None, child.trimmed()?))));
    numbered(of_art.chain(of_thumbs).chain(of_fanart))
}

fn kind_of(aspect: &str) -> Option<ImageKind> {
    ASPECTS.iter().find(|(word, _)| aspect.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

/// Fanart is numbered in its order; of the others the first of each kind and season counts.
fn numbered<'a>(found: impl Iterator<Item = (ImageKind, Option<u16>, &'a str)>) -> Vec<NfoArtwork> {
    let mut artwork: Vec<NfoArtwork> = Vec::new();
    for (kind, season, text) in found {
        let Some(url) = url(text).filter(|_| artwork.len() < ARTWORK_MAX) else { continue };
        let alike = artwork.iter().filter(|known| known.image_type.kind() == kind && known.season == season).count();
        let image_type = u8::try_from(alike).ok().and_then(|number| ImageType::numbered(kind, number).ok());
        let is_known = artwork.iter().any(|known| known.url == url);
        artwork.extend(image_type.filter(|_| !is_known).map(|image_type| NfoArtwork { image_type, season, url }));
    }
    artwork
}

fn fields(element: &Element) -> Vec<(&'static str, Vec<String>)> {
    let single = SINGLE.iter().filter_map(|(field, names)| {
        let value = names.iter().find_map(|name| element.all(name).find_map(Element::trimmed))?;
        Some((*field, vec![value.to_owned()]))
    });
    let several = SEVERAL.iter().filter_map(|(field, name)| {
        let values: Vec<_> = element.all(name).filter_map(|value| Some(value.trimmed()?.to_owned())).collect();
        (!values.is_empty()).then_some((*field, values))
    });
    let rating = rating(element).map(|rating| ("rating", vec![rating]));
    single.chain(several).chain(rating).collect()
}

/// `<rating>7.9</rating>`, or the default one of `<ratings>`.
fn rating(element: &Element) -> Option<String> {
    let mut ratings: Vec<&Element> = element.all("ratings").flat_map(|ratings| ratings.all("rating")).collect();
    ratings.sort_by_key(|rating| rating.attribute("default") != Some("true"));
    let told = ratings.into_iter().find_map(|rating| rating.first("value")?.trimmed());
    let value = told.or_else(|| element.first("rating")?.trimmed())?;
    value.parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value)).map(|value| value.to_string())
}
