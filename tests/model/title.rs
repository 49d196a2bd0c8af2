//! A title of the model: a film or a series, in a folder of its own, with its pictures.
//!
//! A film has a poster under two names, one of them made of the video's, and a fanart under one. A series has a poster and
//! one of its season in its folder, and a still of its one episode under two names in the season's folder.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::{Tree, VIDEO};

/// What a picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Poster,
    Fanart,
    SeasonPoster,
    Still,
}

/// All of them.
pub const KINDS: [Kind; 4] = [Kind::Poster, Kind::Fanart, Kind::SeasonPoster, Kind::Still];

/// A name beneath a title's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// `poster.jpg`
    Poster,
    /// `<video>-poster.jpg`
    Prefixed,
    /// `folder.jpg`, under which nothing is published
    Folder,
    /// `fanart.jpg`
    Fanart,
    /// `season-all-poster.jpg`
    AllSeasons,
    /// `season01-poster.jpg`
    Season,
    /// `<season>/<video>-thumb.jpg`
    Still,
    /// `<season>/<video>.jpg`
    BareStill,
}

impl Where {
    /// What a picture of that name is of.
    pub fn kind(self) -> Kind {
        match self {
            Self::Poster | Self::Prefixed | Self::Folder | Self::AllSeasons => Kind::Poster,
            Self::Fanart => Kind::Fanart,
            Self::Season => Kind::SeasonPoster,
            Self::Still | Self::BareStill => Kind::Still,
        }
    }

    /// Whether the name is made of the video's.
    pub fn is_of_video(self) -> bool {
        matches!(self, Self::Prefixed | Self::Still | Self::BareStill)
    }

    /// Whether the name is in the season's folder.
    fn is_in_season(self) -> bool {
        self.kind() == Kind::Still
    }
}

/// How a name looks that a picture is published under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The picture.
    Shown,
    /// A program removed it; it is back after a restart.
    Removed,
    /// A program removed it; it is back when it is published again.
    Withdrawn,
    /// A program wrote something there that is no picture: that is seen until it is published again.
    Kept,
    /// A manager made something there after the picture was removed: that is seen until a restart.
    Made,
    /// The same after it was withdrawn, and so it is again after the restart.
    MadeWhereWithdrawn,
}

/// One kind of picture of a title.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slot {
    pub selected: Option<usize>,
    /// What was said of it by itself.
    pub lock: Option<bool>,
    pub is_withheld: bool,
    pub shown: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Title {
    /// The library, which is a folder.
    pub library: usize,
    pub folder: String,
    /// The folder of its season, if it is a series.
    pub season: Option<String>,
    pub video: String,
    pub exists: bool,
    pub is_missing: bool,
    /// What the source has beneath its folder, besides the video.
    pub files: Tree,
    /// The names that the last scan found to be pictures of it, and of what.
    pub originals: Vec<(String, Kind)>,
    pub slots: [Slot; KINDS.len()],
    pub looks: BTreeMap<Where, Look>,
}

impl Title {
    /// Every name that it may have a picture under.
    pub fn places(is_series: bool) -> &'static [Where] {
        if is_series {
            &[Where::Poster, Where::AllSeasons, Where::Folder, Where::Season, Where::Still, Where::BareStill]
        } else {
            &[Where::Poster, Where::Prefixed, Where::Folder, Where::Fanart]
        }
    }

    fn own_places(&self) -> &'static [Where] {
        Self::places(self.season.is_some())
    }

    pub fn name(&self, place: Where) -> String {
        match place {
            Where::Poster => "poster.jpg".to_owned(),
            Where::Prefixed => format!("{}-poster.jpg", self.video),
            Where::Folder => "folder.jpg".to_owned(),
            Where::Fanart => "fanart.jpg".to_owned(),
            Where::AllSeasons => "season-all-poster.jpg".to_owned(),
            Where::Season => "season01-poster.jpg".to_owned(),
            Where::Still => self.beside_video(&format!("{}-thumb.jpg", self.video)),
            Where::BareStill => self.beside_video(&format!("{}.jpg", self.video)),
        }
    }

    fn beside_video(&self, name: &str) -> String {
        self.season.as_ref().map_or_else(|| name.to_owned(), |season| format!("{season}/{name}"))
    }

    pub fn path(&self, place: Where) -> String {
        format!("{}/{}", self.folder, self.name(place))
    }

    /// The path of a video of that name.
    pub fn video_path(&self, video: &str) -> String {
        format!("{}/{}", self.folder, self.beside_video(&format!("{video}.mkv")))
    }

    pub fn slot(&mut self, kind: Kind) -> &mut Slot {
        &mut self.slots[kind as usize]
    }

    pub fn shown(&self, kind: Kind) -> Option<usize> {
        self.slots[kind as usize].shown
    }

    /// What was said of a season's poster counts before what was said of the series'.
    pub fn is_locked(&self, kind: Kind) -> bool {
        let of = |kind: Kind| self.slots[kind as usize].lock;
        let inherited = if kind == Kind::SeasonPoster { of(Kind::Poster) } else { None };
        of(kind).or(inherited).unwrap_or(false)
    }

    /// How the name looks, where a picture is published under it.
    pub fn look(&self, place: Where) -> Option<Look> {
        let is_published = self.shown(place.kind()).is_some() && place != Where::Folder;
        is_published.then(|| self.looks.get(&place).copied().unwrap_or(Look::Shown))
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.originals.iter().any(|(original, kind)| original == name && self.shown(*kind).is_some())
    }

    pub fn seen(&self, place: Where) -> Option<usize> {
        let name = self.name(place);
        let of_source = self.files.get(&name).copied();
        match self.look(place) {
            Some(Look::Shown) => self.shown(place.kind()),
            Some(Look::Removed | Look::Withdrawn) => None,
            Some(Look::Kept | Look::Made | Look::MadeWhereWithdrawn) => of_source,
            None if self.is_hidden(&name) => None,
            None => of_source,
        }
    }

    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        let places: Vec<_> = self.own_places().iter().map(|place| self.path(*place)).collect();
        for (name, bytes) in &self.files {
            let path = format!("{}/{name}", self.folder);
            if !places.contains(&path) && !self.is_hidden(name) {
                tree.insert(path, *bytes);
            }
        }
        for place in self.own_places() {
            tree.extend(self.seen(*place).map(|bytes| (self.path(*place), bytes)));
        }
        tree.insert(self.video_path(&self.video), VIDEO);
        tree
    }

    /// Every path at which a picture may be, whether there is one or not.
    pub fn paths(&self) -> Vec<String> {
        self.own_places().iter().map(|place| self.path(*place)).collect()
    }

    /// A program makes something where an original is hidden: it is one no more, until the next scan.
    pub fn forget_original(&mut self, name: &str) {
        let slots = self.slots;
        self.originals.retain(|(original, kind)| original != name || slots[*kind as usize].shown.is_none());
    }

    /// Shows something else: a new mapping looks as nothing ever happened to the old one.
    pub fn show(&mut self, kind: Kind, shown: Option<usize>) {
        if self.shown(kind) != shown {
            self.slot(kind).shown = shown;
            self.looks.retain(|place, _| place.kind() != kind);
        }
    }

    /// What holds only until a restart is over.
    pub fn forget_what_is_passing(&mut self) {
        self.forget_passing(|_| true);
    }

    fn forget_passing(&mut self, is_meant: impl Fn(Where) -> bool) {
        self.looks.retain(|place, look| !is_meant(*place) || !matches!(look, Look::Removed | Look::Made));
        for (place, look) in &mut self.looks {
            if *look == Look::MadeWhereWithdrawn && is_meant(*place) {
                *look = Look::Withdrawn;
            }
        }
    }

    /// The season's folder has another name, and everything in it goes along.
    pub fn rename_season(&mut self, new: &str) {
        let Some(old) = self.season.replace(new.to_owned()) else { return };
        let moved = |name: &str| match name.strip_prefix(&old).filter(|rest| rest.starts_with('/')) {
            Some(rest) => format!("{new}{rest}"),
            None => name.to_owned(),
        };
        self.files = self.files.iter().map(|(name, bytes)| (moved(name), *bytes)).collect();
        self.originals.iter_mut().for_each(|(name, _)| *name = moved(name));
        self.forget_passing(Where::is_in_season);
    }

    /// What programs removed or wrote is shown as published again.
    pub fn forget_what_programs_did(&mut self) {
        self.looks.retain(|_, look| !matches!(look, Look::Withdrawn | Look::MadeWhereWithdrawn | Look::Kept));
    }

    /// What programs have removed until it is published again.
    pub fn withdrawn(&self) -> BTreeSet<Where> {
        let is_withdrawn =
            |place: &Where| matches!(self.look(*place), Some(Look::Withdrawn | Look::MadeWhereWithdrawn));
        self.own_places().iter().copied().filter(is_withdrawn).collect()
    }

    /// Everything that is shown is removed for good.
    pub fn withdraw_all(&mut self) {
        for place in self.own_places() {
            if self.look(*place).is_some() && self.seen(*place).is_some() {
                self.looks.insert(*place, Look::Withdrawn);
            }
        }
    }

    /// What a scan finds to be a picture.
    pub fn find_originals(&mut self) {
        let places = self.own_places().iter().map(|place| (self.name(*place), place.kind()));
        self.originals = places.filter(|(name, _)| self.files.contains_key(name)).collect();
    }
}
