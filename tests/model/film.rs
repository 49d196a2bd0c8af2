//! A film of the model: a folder with a video, a poster under two names and a fanart under one.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::{Tree, VIDEO};

/// An image type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Poster,
    Fanart,
}

/// Both.
pub const KINDS: [Kind; 2] = [Kind::Poster, Kind::Fanart];

/// A name in a film's folder.
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
}

/// Every name.
const PLACES: [Where; 4] = [Where::Poster, Where::Prefixed, Where::Folder, Where::Fanart];

impl Where {
    /// What a picture of that name is of.
    pub fn kind(self) -> Kind {
        if self == Self::Fanart { Kind::Fanart } else { Kind::Poster }
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

/// One image type of a film.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slot {
    pub selected: Option<usize>,
    pub is_locked: bool,
    pub is_withheld: bool,
    pub shown: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Film {
    /// The library, which is a folder.
    pub library: usize,
    pub folder: String,
    pub video: String,
    pub exists: bool,
    pub is_missing: bool,
    /// What the source has in its folder, besides the video.
    pub files: Tree,
    /// The names that the last scan found to be pictures of the film, and of what.
    pub originals: Vec<(String, Kind)>,
    pub slots: [Slot; 2],
    pub looks: BTreeMap<Where, Look>,
}

impl Film {
    pub fn name(&self, place: Where) -> String {
        match place {
            Where::Poster => "poster.jpg".to_owned(),
            Where::Prefixed => format!("{}-poster.jpg", self.video),
            Where::Folder => "folder.jpg".to_owned(),
            Where::Fanart => "fanart.jpg".to_owned(),
        }
    }

    pub fn path(&self, place: Where) -> String {
        format!("{}/{}", self.folder, self.name(place))
    }

    pub fn slot(&mut self, kind: Kind) -> &mut Slot {
        &mut self.slots[kind as usize]
    }

    pub fn shown(&self, kind: Kind) -> Option<usize> {
        self.slots[kind as usize].shown
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
        let places = PLACES.map(|place| self.name(place));
        for (name, bytes) in &self.files {
            if !places.contains(name) && !self.is_hidden(name) {
                tree.insert(name.clone(), *bytes);
            }
        }
        for place in PLACES {
            tree.extend(self.seen(place).map(|bytes| (self.name(place), bytes)));
        }
        tree.insert(format!("{}.mkv", self.video), VIDEO);
        tree
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
        self.looks.retain(|_, look| !matches!(look, Look::Removed | Look::Made));
        self.looks
            .values_mut()
            .filter(|look| **look == Look::MadeWhereWithdrawn)
            .for_each(|look| *look = Look::Withdrawn);
    }

    /// What programs removed or wrote is shown as published again.
    pub fn forget_what_programs_did(&mut self) {
        self.looks.retain(|_, look| !matches!(look, Look::Withdrawn | Look::MadeWhereWithdrawn | Look::Kept));
    }

    /// What programs have removed until it is published again.
    pub fn withdrawn(&self) -> BTreeSet<Where> {
        let is_withdrawn =
            |place: &Where| matches!(self.look(*place), Some(Look::Withdrawn | Look::MadeWhereWithdrawn));
        PLACES.into_iter().filter(is_withdrawn).collect()
    }

    /// What a scan finds to be a picture.
    pub fn find_originals(&mut self) {
        let places = PLACES.map(|place| (self.name(place), place.kind()));
        self.originals = places.into_iter().filter(|(name, _)| self.files.contains_key(name)).collect();
    }
}
