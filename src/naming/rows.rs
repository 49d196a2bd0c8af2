//! The tables: which picture of what is published under which names, and who reads them there.
//!
//! A row belongs to no profile. A profile is a set of players, and has every row that one of its players reads and that
//! is one too many for none of them. So profiles can be combined at will, and what holds for all four players at once
//! holds for each part of them.
//!
//! The rules that rows must keep (one backdrop name for Jellyfin, nothing bare in shared folders, …) are tests:
//! `tests/conflicts.rs`.

use crate::model::{EntityType, ImageKind, Layout};

use super::player::{Players, Reading};

use EntityType::{Actor, Album, Artist, Episode, Movie, MovieSet, Season, Series};
use ImageKind as Kind;

/// One name of some pictures.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub entity_type: EntityType,
    pub layouts: &'static [Layout],
    pub kinds: &'static [ImageKind],
    /// Whether the row is for numbered pictures (`fanart1`, …) or for the main one.
    pub is_numbered: bool,
    /// The name without extension; what stands before slashes are folders. Placeholders: see [`super::template`].
    pub template: &'static str,
    /// Who looks for pictures of that name.
    pub readers: Players,
    /// For whom the name would be one too many: it is not published when one of them is in the profile.
    pub not_with: Players,
    /// How the readers read it.
    pub reading: Reading,
}

impl Row {
    const fn new(
        entity_type: EntityType,
        layouts: &'static [Layout],
        kinds: &'static [ImageKind],
        template: &'static str,
        readers: Players,
    ) -> Self {
        let (is_numbered, not_with, reading) = (false, Players::NONE, Reading::Picture);
        Self { entity_type, layouts, kinds, is_numbered, template, readers, not_with, reading }
    }

    const fn numbered(self) -> Self {
        Self { is_numbered: true, ..self }
    }

    const fn not_with(self, players: Players) -> Self {
        Self { not_with: players, ..self }
    }

    const fn read_as(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }
}

const ALL: Players = Players::ALL;
const KODI: Players = Players::KODI;
const PLEX: Players = Players::PLEX;
const JELLYFIN: Players = Players::JELLYFIN.and(Players::EMBY);
const KODI_JELLYFIN: Players = KODI.and(JELLYFIN);
const KODI_PLEX: Players = KODI.and(PLEX);
const KOMETA: Players = Players::KOMETA;

const ANY: &[Layout] = Layout::ALL;
const FLAT: &[Layout] = &[Layout::Flat];
/// Where bare names (`poster.jpg`) are unambiguous.
const BARE: &[Layout] = &[Layout::Own, Layout::Disc, Layout::Stack, Layout::Version];
/// Bare, and with a video whose name can stand before the dash.
const OWN_VIDEO: &[Layout] = &[Layout::Own, Layout::Version];
const STACK: &[Layout] = &[Layout::Stack];
const DISC: &[Layout] = &[Layout::Disc];
/// What is a file and no disc.
const WITH_FILE: &[Layout] = &[Layout::Own, Layout::Flat, Layout::Stack, Layout::Version];

const POSTER: &[ImageKind] = &[Kind::Poster];
const FANART: &[ImageKind] = &[Kind::Fanart];
const LOGO: &[ImageKind] = &[Kind::ClearLogo];
const THUMB: &[ImageKind] = &[Kind::Thumb];
const NFO: &[ImageKind] = &[Kind::Nfo];
/// What Kodi and Jellyfin know by the same word.
const SHARED: &[ImageKind] = &[Kind::Banner, Kind::ClearArt, Kind::Landscape];
/// What Kodi alone shows.
const KODI_ONLY: &[ImageKind] = &[Kind::KeyArt, Kind::CharacterArt];

/// Everything that lies beside the media.
pub(super) const BESIDE_MEDIA: &[&[Row]] = &[MOVIE, SERIES, SEASON, EPISODE, MUSIC, ACTOR, DOCUMENTS];

/// Films. `<b>-poster` beside `poster` is for Kodi sources that are not set to "separate folders", `<b>` alone in flat
/// folders for Plex. Kodi by itself gets every picture under both names; with Jellyfin or Emby that would make one
/// backdrop several. `fanartN` is read by Kodi and Plex, `extrafanart/` and `fanart-N` by Jellyfin and Emby, so nobody
/// sees a picture twice. A stack goes by its stacked title in Kodi and by its first part elsewhere. No `thumb`: Kodi takes
/// it for a still.
const MOVIE: &[Row] = &[
    Row::new(Movie, BARE, POSTER, "poster", ALL),
    Row::new(Movie, OWN_VIDEO, POSTER, "{b}-poster", KODI),
    Row::new(Movie, STACK, POSTER, "{t}-poster", KODI),
    Row::new(Movie, FLAT, POSTER, "{b}-poster", KODI_JELLYFIN),
    Row::new(Movie, FLAT, POSTER, "{b}", PLEX),
    Row::new(Movie, FLAT, POSTER, "{t}-poster", KODI),
    Row::new(Movie, BARE, FANART, "fanart", ALL),
    Row::new(Movie, OWN_VIDEO, FANART, "{b}-fanart", KODI).not_with(JELLYFIN.and(PLEX)),
    Row::new(Movie, STACK, FANART, "{t}-fanart", KODI).not_with(JELLYFIN.and(PLEX)),
    Row::new(Movie, FLAT, FANART, "{b}-fanart", ALL),
    Row::new(Movie, FLAT, FANART, "{t}-fanart", KODI),
    Row::new(Movie, BARE, FANART, "fanart{n}", KODI_PLEX).numbered(),
    Row::new(Movie, BARE, FANART, "extrafanart/fanart{n}", JELLYFIN).numbered(),
    Row::new(Movie, FLAT, FANART, "{b}-fanart{n}", KODI_PLEX).numbered(),
    Row::new(Movie, FLAT, FANART, "{t}-fanart{n}", KODI).numbered(),
    Row::new(Movie, FLAT, FANART, "{b}-fanart-{n}", JELLYFIN).numbered(),
    Row::new(Movie, BARE, LOGO, "clearlogo", ALL),
    Row::new(Movie, BARE, SHARED, "{kind}", KODI_JELLYFIN),
    Row::new(Movie, BARE, &[Kind::DiscArt], "discart", KODI_JELLYFIN),
    Row::new(Movie, BARE, KODI_ONLY, "{kind}", KODI),
    Row::new(Movie, OWN_VIDEO, MOVIE_REST, "{b}-{kind}", KODI).not_with(JELLYFIN.and(PLEX)),
    Row::new(Movie, STACK, MOVIE_REST, "{t}-{kind}", KODI).not_with(JELLYFIN.and(PLEX)),
    Row::new(Movie, FLAT, MOVIE_SHARED, "{b}-{kind}", KODI_JELLYFIN),
    Row::new(Movie, FLAT, KODI_ONLY, "{b}-{kind}", KODI),
    Row::new(Movie, FLAT, MOVIE_REST, "{t}-{kind}", KODI),
];

const MOVIE_SHARED: &[ImageKind] = &[Kind::ClearLogo, Kind::Banner, Kind::ClearArt, Kind::Landscape, Kind::DiscArt];
const MOVIE_REST: &[ImageKind] =
    &[Kind::ClearLogo, Kind::Banner, Kind::ClearArt, Kind::Landscape, Kind::DiscArt, Kind::KeyArt, Kind::CharacterArt];

/// Series: bare names in the folder of the show. `season-all` is the entry "all seasons" of Kodi, which shows what the
/// series shows.
const SERIES: &[Row] = &[
    Row::new(Series, ANY, POSTER, "poster", ALL),
    Row::new(Series, ANY, FANART, "fanart", ALL),
    Row::new(Series, ANY, &[Kind::Banner], "banner", ALL),
    Row::new(Series, ANY, LOGO, "clearlogo", ALL),
    Row::new(Series, ANY, &[Kind::ClearArt, Kind::Landscape], "{kind}", KODI_JELLYFIN),
    Row::new(Series, ANY, KODI_ONLY, "{kind}", KODI),
    Row::new(Series, ANY, FANART, "fanart{n}", KODI_PLEX).numbered(),
    Row::new(Series, ANY, FANART, "extrafanart/fanart{n}", JELLYFIN).numbered(),
    Row::new(Series, ANY, &[Kind::Poster, Kind::Fanart, Kind::Banner, Kind::Landscape], "season-all-{kind}", KODI),
];

/// Seasons, in the folder of the show: in season folders Kodi reads nothing, and Plex takes bare names there for the
/// show.
const SEASON: &[Row] = &[
    Row::new(Season, ANY, &[Kind::Poster, Kind::Banner], "{season}-{kind}", ALL),
    Row::new(Season, ANY, &[Kind::Fanart, Kind::Landscape], "{season}-{kind}", KODI_JELLYFIN),
    Row::new(Season, ANY, &[Kind::ClearLogo, Kind::ClearArt], "{season}-{kind}", KODI),
    Row::new(Season, ANY, KODI_ONLY, "{season}-{kind}", KODI),
    Row::new(Season, ANY, FANART, "{season}-fanart{n}", KODI).numbered(),
];

const EPISODE_VIDEO: &[Layout] = &[Layout::Own, Layout::Flat, Layout::Stack, Layout::Version];

/// Episodes: beside the video; in the folder of a disc bare names, as for films. Of a file with several episodes, Kodi 22
/// looks for a still of each; the names mean nothing to anybody else.
const EPISODE: &[Row] = &[
    Row::new(Episode, EPISODE_VIDEO, THUMB, "{b}-thumb", KODI_JELLYFIN),
    Row::new(Episode, EPISODE_VIDEO, THUMB, "{b}", PLEX),
    Row::new(Episode, STACK, THUMB, "{t}-thumb", KODI),
    Row::new(Episode, EPISODE_VIDEO, THUMB, "{b}-S{ss}E{ee}-thumb", KODI),
    Row::new(Episode, &[Layout::Disc], THUMB, "thumb", KODI),
    Row::new(Episode, EPISODE_VIDEO, FANART, "{b}-fanart", KODI),
    // Plex would take it for the series'.
    Row::new(Episode, &[Layout::Disc], FANART, "fanart", KODI).not_with(PLEX),
];

/// Music. `folder` is the one name that all four take for a portrait or a cover. The label of an album's disc has two
/// names, as Kodi knows `discart` and Jellyfin, for albums, `cdart`.
const MUSIC: &[Row] = &[
    Row::new(Artist, ANY, THUMB, "folder", ALL).read_as(Reading::MusicThumb),
    Row::new(Artist, ANY, FANART, "fanart", ALL),
    Row::new(Artist, ANY, FANART, "fanart{n}", KODI_PLEX).numbered(),
    Row::new(Artist, ANY, FANART, "extrafanart/fanart{n}", JELLYFIN).numbered(),
    Row::new(Artist, ANY, LOGO, "clearlogo", ALL),
    Row::new(Artist, ANY, SHARED, "{kind}", KODI_JELLYFIN),
    Row::new(Album, ANY, &[Kind::Cover], "folder", ALL).read_as(Reading::MusicThumb),
    Row::new(Album, ANY, FANART, "fanart", ALL),
    Row::new(Album, ANY, FANART, "fanart{n}", KODI_PLEX).numbered(),
    Row::new(Album, ANY, FANART, "extrafanart/fanart{n}", JELLYFIN).numbered(),
    Row::new(Album, ANY, LOGO, "clearlogo", KODI_JELLYFIN),
    Row::new(Album, ANY, SHARED, "{kind}", KODI_JELLYFIN),
    Row::new(Album, ANY, &[Kind::DiscArt], "discart", KODI),
    Row::new(Album, ANY, &[Kind::DiscArt], "cdart", JELLYFIN),
    Row::new(Album, ANY, &[Kind::Back, Kind::Spine], "{kind}", KODI),
];

/// Actors. The second name is that of Kodi 22; for most names it is the same.
const ACTOR: &[Row] = &[
    Row::new(Actor, ANY, &[Kind::ActorThumb], ".actors/{actor}", KODI).read_as(Reading::Portrait),
    Row::new(Actor, ANY, &[Kind::ActorThumb], ".actors/{actor22}", KODI).read_as(Reading::Portrait),
];

/// Metadata documents. Each has one name that all who read it look for, as a player that found two would take either: the
/// name of the video for films and episodes, which comes behind `movie.nfo`, but is read in every folder; what has that
/// name or another one in the tree is hidden. Beside a disc only `movie.nfo` is read by all. Each version of a film is
/// looked up by its own name. Plex reads none.
const DOCUMENTS: &[Row] = &[
    Row::new(Movie, WITH_FILE, NFO, "{b}", KODI_JELLYFIN),
    Row::new(Movie, DISC, NFO, "movie", KODI_JELLYFIN),
    Row::new(Series, ANY, NFO, "tvshow", KODI_JELLYFIN),
    Row::new(Season, ANY, NFO, "season", JELLYFIN),
    Row::new(Episode, ANY, NFO, "{b}", KODI_JELLYFIN),
    Row::new(Artist, ANY, NFO, "artist", KODI_JELLYFIN),
    Row::new(Album, ANY, NFO, "album", KODI_JELLYFIN),
];

/// Kodi's movie set information folder.
pub(super) const KODI_SETS: &[&[Row]] = &[&[
    Row::new(MovieSet, ANY, SET_KINDS, "{set}/{kind}", KODI),
    Row::new(MovieSet, ANY, FANART, "{set}/fanart{n}", KODI).numbered(),
    Row::new(MovieSet, ANY, NFO, "{set}/set", KODI),
]];

const SET_KINDS: &[ImageKind] = &[
    Kind::Poster,
    Kind::Fanart,
    Kind::ClearLogo,
    Kind::ClearArt,
    Kind::DiscArt,
    Kind::Banner,
    Kind::Landscape,
    Kind::KeyArt,
    Kind::CharacterArt,
];

/// Jellyfin's folder `metadata/People`.
pub(super) const JELLYFIN_PEOPLE: &[&[Row]] =
    &[&[Row::new(Actor, ANY, &[Kind::ActorThumb], "{initial}/{person}/folder", JELLYFIN)]];

/// Kometa's asset directory, with `asset_folders` on.
pub(super) const KOMETA_ASSETS: &[&[Row]] = &[&[
    Row::new(Movie, ANY, POSTER, "{asset}/poster", KOMETA),
    Row::new(Movie, ANY, FANART, "{asset}/background", KOMETA),
    Row::new(Movie, ANY, LOGO, "{asset}/logo", KOMETA),
    Row::new(Series, ANY, POSTER, "{asset}/poster", KOMETA),
    Row::new(Series, ANY, FANART, "{asset}/background", KOMETA),
    Row::new(Series, ANY, LOGO, "{asset}/logo", KOMETA),
    Row::new(MovieSet, ANY, POSTER, "{asset}/poster", KOMETA),
    Row::new(MovieSet, ANY, FANART, "{asset}/background", KOMETA),
    Row::new(MovieSet, ANY, LOGO, "{asset}/logo", KOMETA),
    Row::new(Season, ANY, POSTER, "{asset}/Season{ss}", KOMETA),
    Row::new(Season, ANY, FANART, "{asset}/Season{ss}_background", KOMETA),
    Row::new(Season, ANY, LOGO, "{asset}/Season{ss}_logo", KOMETA),
    Row::new(Episode, ANY, THUMB, "{asset}/S{ss}E{ee}", KOMETA),
    Row::new(Episode, ANY, FANART, "{asset}/S{ss}E{ee}_background", KOMETA),
]];
