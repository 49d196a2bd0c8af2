//! The names of the rules.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident => $word:literal),+ $(,)?) => {
        /// Why something counts as what it counts as.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($(#[doc = $doc])+ $variant),+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, as `identify` prints it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

rules! {
    /// The only film of a folder: the folder is its own.
    SingleVideo => "single-video",
    /// The only film of a folder that has other folders in it: Jellyfin takes that for a plain folder.
    SingleVideoBesideFolders => "single-video-beside-folders",
    /// One of several films of a folder.
    SeveralVideos => "several-videos",
    /// A film directly in the root of the library.
    LibraryRoot => "library-root",
    /// Several files that make one film in a folder of its own.
    Stack => "stack",
    /// Several files that make one film, beside other films.
    StackBesideOthers => "stack-beside-others",
    /// Several versions of one film: all are named after the folder.
    Versions => "versions",
    /// A folder with `VIDEO_TS` or `BDMV` in it.
    DiscFolder => "disc-folder",
    /// The files of a disc directly in a folder.
    DiscFiles => "disc-files",
    /// The second, third, … disc of a set; the first stands for the film.
    FurtherDisc => "further-disc",
    /// A video beside a disc folder; players show the disc.
    BesideDisc => "beside-disc",
    /// A trailer by its name.
    Trailer => "trailer",
    /// A sample by its name.
    Sample => "sample",
    /// An extra by the end of its name (`-featurette`).
    ExtraSuffix => "extra-suffix",
    /// Something in a folder of extras.
    ExtrasFolder => "extras-folder",
    /// A name that begins with a dot.
    Hidden => "hidden",
    /// A folder or file of the system, of a player or of a download program.
    SystemName => "system-name",
    /// A folder that `.nomedia` or an empty `.ignore` closes.
    IgnoreMarker => "ignore-marker",
    /// A name that `.ignore` or `.plexignore` in a folder above passes over.
    IgnorePattern => "ignore-pattern",
    /// A link to a folder: what it leads to is met where it really is.
    LinkedFolder => "linked-folder",
    /// A device, a socket, or a link that leads nowhere or out of the library.
    NoFile => "no-file",
    /// A subtitle.
    Subtitle => "subtitle",
    /// A picture.
    Picture => "picture",
    /// A file with metadata.
    Nfo => "nfo",
    /// Audio in a library of films or series.
    Audio => "audio",
    /// A video in a library of music.
    Video => "video",
    /// The theme of a film or series (`theme.mp3`).
    Theme => "theme",
    /// A file of no known kind.
    NoMedia => "no-media",
    /// A folder with `tvshow.nfo` in it.
    SeriesNfo => "series-nfo",
    /// A folder with folders of seasons in it.
    SeriesBySeasons => "series-by-seasons",
    /// A folder with episodes in it.
    SeriesByEpisodes => "series-by-episodes",
    /// A folder whose name says which season it is.
    SeasonFolder => "season-folder",
    /// A season whose episodes lie in no folder of their own.
    SeasonOfEpisodes => "season-of-episodes",
    /// `S01E02`, also with separators between.
    SeasonEpisode => "season-episode",
    /// `Season 1 Episode 2`, in several languages.
    SeasonWords => "season-words",
    /// `1x02`.
    SeasonXEpisode => "season-x-episode",
    /// A day: `2017-04-20`.
    EpisodeDate => "episode-date",
    /// `E02`, `Episode 2`, `2of8`.
    EpisodeOnly => "episode-only",
    /// `Part 2`.
    EpisodePart => "episode-part",
    /// A number behind a dash or in brackets, counted through all seasons: `[Group] Name - 12`.
    AbsoluteNumber => "absolute-number",
    /// A number at the start: `02 - Title`.
    LeadingNumber => "leading-number",
    /// A number at the end: `Name 05`.
    TrailingNumber => "trailing-number",
    /// `Name.103`.
    SeasonDigits => "season-digits",
    /// An episode in a folder of its own, whose name tells the numbers.
    EpisodeFolder => "episode-folder",
    /// A video in a series whose name tells no episode.
    NoEpisode => "no-episode",
    /// A folder with audio in it.
    AlbumFolder => "album-folder",
    /// A folder whose folders are the discs of an album.
    AlbumOfDiscs => "album-of-discs",
    /// A disc of an album.
    AlbumDisc => "album-disc",
    /// A folder with `album.nfo` in it.
    AlbumNfo => "album-nfo",
    /// A folder with albums in it.
    ArtistOfAlbums => "artist-of-albums",
    /// A folder with `artist.nfo` in it.
    ArtistNfo => "artist-nfo",
    /// A folder below an artist's that sorts the albums (`Singles`).
    ArtistSubfolder => "artist-subfolder",
    /// Audio in the folder of an artist, or in the root of the library.
    LooseTrack => "loose-track",
    /// A folder of pictures beside the tracks of an album.
    ArtworkFolder => "artwork-folder",
    /// A folder with several items in it.
    FolderOfItems => "folder-of-items",
    /// A folder without an item directly in it.
    NoItems => "no-items",
    /// Something that is not on disk, judged by its name alone.
    NameOnly => "name-only",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
