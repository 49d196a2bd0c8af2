//! The model: three films in folders of their own, two in one library and one in another with other settings, each with a
//! poster under two names and a fanart, and nothing else.
//!
//! Time does not pass in it: the grace period is longer than any test, and what it holds back is back after a restart.

use std::collections::{BTreeMap, BTreeSet};

use crate::film::{Film, KINDS, Kind, Look, Slot, Where};

/// How many films there are.
pub const FILMS: usize = 3;
/// How many files of bytes there are; number 0 is no picture.
pub const PICTURES: usize = 4;

/// A tree: paths to numbers of bytes. Videos have the number [`VIDEO`].
pub type Tree = BTreeMap<String, usize>;

/// The bytes of a video.
pub const VIDEO: usize = 100;
/// The bytes of the originals that are there at first.
pub const ORIGINAL: usize = 101;

/// What a program's deletion of a picture leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    Restore,
    Withdraw,
}

/// A library's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub on_delete: OnDelete,
    /// What managers write is a choice, as long as nobody has chosen.
    pub adopts_from_managers: bool,
    /// Nobody may write over what is published.
    pub denies: bool,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Overwrite { film: usize, place: Where, bytes: usize },
    Replace { film: usize, place: Where, bytes: usize },
    ByManager { film: usize, place: Where, bytes: usize },
    Unlink { film: usize, place: Where },
    RenameFolder { film: usize, name: usize, is_behind: bool },
    RenameVideo { film: usize, name: usize },
    RemoveTree { film: usize },
    MakeAgain { film: usize },
    Select { film: usize, kind: Kind, picture: usize },
    Publish,
    Unpublish { film: usize, kind: Kind },
    Rollback { back: usize },
    Lock { film: usize, kind: Kind, is_locked: bool },
    Behind { film: usize, bytes: usize },
    Scan,
    Restart,
}

/// What is to be done in the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Overwrite(String, usize),
    Replace(String, usize),
    ByManager(String, usize),
    /// What is refused.
    Refused(Box<Self>),
    Unlink(String),
    Rename(String, String),
    RenameBehind(String, String),
    RemoveTree(String),
    MakeFilm(String, String),
    Select(usize, Kind, usize),
    Publish,
    Unpublish(usize, Kind),
    Rollback(usize),
    Lock(usize, Kind, bool),
    Behind(String, usize),
    Scan,
    Restart,
}

/// What is shown of a film: of each image type, but for the names that programs have removed for good.
type Shown = ([Option<usize>; 2], BTreeSet<Where>);

/// See the module.
#[derive(Debug, Clone)]
pub struct Model {
    films: Vec<Film>,
    /// What was shown of each film in each generation; generation 0 is before the first. `None` where the order is not
    /// known in which a program did things.
    generations: Vec<Option<Vec<Shown>>>,
    policies: [Policy; 2],
}

/// The folders of the libraries.
pub const LIBRARIES: [&str; 2] = ["one", "two"];
const FOLDERS: [&str; FILMS] = ["Alpha (2001)", "Beta (2002)", "Gamma (2003)"];
/// The library of each film.
const LIBRARY_OF: [usize; FILMS] = [0, 0, 1];
/// Names that folders may be given, by film so that they never meet.
const FOLDER_NAMES: [&str; 4] = ["", " [1080p]", " - Remastered", " {edition-Final}"];
const VIDEO_NAMES: [&str; 3] = ["", " 1080p", ".x265"];

impl Model {
    /// As the world begins: scanned, nothing selected.
    pub fn new(policies: [Policy; 2]) -> Self {
        let film = |(number, name): (usize, &&str)| Film {
            library: LIBRARY_OF[number],
            folder: path_of(number, name),
            video: (*name).to_owned(),
            exists: true,
            is_missing: false,
            files: Tree::from([("folder.jpg".to_owned(), ORIGINAL)]),
            originals: vec![("folder.jpg".to_owned(), Kind::Poster)],
            slots: [Slot::default(); 2],
            looks: BTreeMap::new(),
        };
        Self {
            films: FOLDERS.iter().enumerate().map(film).collect(),
            generations: vec![Some(vec![([None; 2], BTreeSet::new()); FILMS])],
            policies,
        }
    }

    /// Everything that is to be seen.
    pub fn tree(&self) -> Tree {
        let there = self.films.iter().filter(|film| film.exists);
        there
            .flat_map(|film| film.tree().into_iter().map(|(name, bytes)| (format!("{}/{name}", film.folder), bytes)))
            .collect()
    }

    /// The paths of the folders and the names of the videos that films begin with.
    pub fn films() -> Vec<(String, &'static str)> {
        FOLDERS.iter().enumerate().map(|(number, name)| (path_of(number, name), *name)).collect()
    }

    /// Does it here, and tells what is to be done in the world; `None` when there is nothing to do it to.
    pub fn run(&mut self, operation: &Op) -> Option<Step> {
        match *operation {
            Op::Overwrite { film, place, bytes } => self.write(film, place, bytes, Step::Overwrite),
            Op::Replace { film, place, bytes } => self.write(film, place, bytes, Step::Replace),
            Op::ByManager { film, place, bytes } => self.write_by_manager(film, place, bytes),
            Op::Unlink { film, place } => self.unlink(film, place),
            Op::RenameFolder { film, name, is_behind } => self.rename_folder(film, name, is_behind),
            Op::RenameVideo { film, name } => self.rename_video(film, name),
            Op::RemoveTree { film } => self.remove_tree(film),
            Op::MakeAgain { film } => {
                let film = self.films.get_mut(film).filter(|film| !film.exists)?;
                film.exists = true;
                Some(Step::MakeFilm(film.folder.clone(), film.video.clone()))
            }
            Op::Select { film, kind, picture } => {
                let chosen = self.films[film].slot(kind);
                (chosen.selected, chosen.is_locked, chosen.is_withheld) = (Some(picture), true, false);
                Some(Step::Select(film, kind, picture))
            }
            Op::Publish => {
                self.publish();
                Some(Step::Publish)
            }
            Op::Unpublish { film, kind } => {
                let unpublished = self.films[film].slot(kind);
                unpublished.is_withheld |= unpublished.selected.is_some() || unpublished.shown.is_some();
                self.films[film].show(kind, None);
                self.generation();
                Some(Step::Unpublish(film, kind))
            }
            Op::Rollback { back } => self.rollback(back),
            Op::Lock { film, kind, is_locked } => {
                self.films[film].slot(kind).is_locked = is_locked;
                Some(Step::Lock(film, kind, is_locked))
            }
            Op::Behind { film, bytes } => {
                let film = self.films.get_mut(film).filter(|film| film.exists)?;
                film.files.insert("folder.jpg".to_owned(), bytes);
                Some(Step::Behind(film.path(Where::Folder), bytes))
            }
            Op::Scan => {
                self.scan();
                Some(Step::Scan)
            }
            Op::Restart => {
                self.films.iter_mut().for_each(Film::forget_what_is_passing);
                Some(Step::Restart)
            }
        }
    }

    /// A person's program puts bytes under a name.
    fn write(&mut self, number: usize, place: Where, bytes: usize, step: fn(String, usize) -> Step) -> Option<Step> {
        let film = self.films.get_mut(number).filter(|film| film.exists)?;
        let (name, kind, step) = (film.name(place), place.kind(), step(film.path(place), bytes));
        let look = film.look(place);
        if look.is_some() && self.policies[film.library].denies {
            return Some(Step::Refused(Box::new(step)));
        }
        let was_withdrawn = matches!(look, Some(Look::Withdrawn | Look::MadeWhereWithdrawn));
        let makes_a_copy = !matches!(step, Step::Replace(..)) && look == Some(Look::Shown);
        if look.is_none() {
            film.forget_original(&name);
        }
        let is_shown = film.shown(kind) == Some(bytes);
        film.files.insert(name.clone(), bytes);
        if was_withdrawn {
            // The name is back before it is known what was written.
            film.looks.remove(&place);
            self.generation();
        }
        let film = &mut self.films[number];
        match look {
            None => {}
            Some(_) if bytes == 0 => drop(film.looks.insert(place, Look::Kept)),
            // The picture that is shown anyway: nothing was chosen.
            Some(_) if is_shown => {
                film.looks.remove(&place);
                if makes_a_copy {
                    film.files.remove(&name);
                }
            }
            Some(_) => {
                let slot = film.slot(kind);
                (slot.selected, slot.is_locked, slot.is_withheld) = (Some(bytes), true, false);
                film.show(kind, Some(bytes));
            }
        }
        self.generation();
        Some(step)
    }

    /// A manager does: what is shown stays, unless the library adopts what managers write and nobody has chosen.
    fn write_by_manager(&mut self, number: usize, place: Where, bytes: usize) -> Option<Step> {
        let film = self.films.get_mut(number).filter(|film| film.exists)?;
        let (step, name, kind) = (Step::ByManager(film.path(place), bytes), film.name(place), place.kind());
        let look = film.look(place);
        let is_there = film.files.contains_key(&name);
        if look.is_some() && self.policies[film.library].denies {
            return Some(Step::Refused(Box::new(step)));
        }
        // A file of the source as any other, in whose place a picture is published: taken in for who wrote it last.
        if is_there && matches!(look, Some(Look::Kept | Look::Made | Look::MadeWhereWithdrawn)) {
            return None;
        }
        if look.is_some() && self.policies[film.library].adopts_from_managers && !film.slot(kind).is_locked {
            return self.write(number, place, bytes, Step::ByManager);
        }
        let is_shown = film.shown(kind) == Some(bytes);
        film.files.insert(name.clone(), bytes);
        match look {
            None => film.forget_original(&name),
            Some(Look::Shown) if is_shown => drop(film.files.remove(&name)),
            Some(Look::Shown) => {}
            Some(look) => {
                let was_withdrawn = matches!(look, Look::Withdrawn | Look::MadeWhereWithdrawn);
                match (bytes, was_withdrawn) {
                    (0, true) => film.looks.insert(place, Look::MadeWhereWithdrawn),
                    (0, false) => film.looks.insert(place, Look::Made),
                    (_, true) => film.looks.insert(place, Look::Withdrawn),
                    (_, false) => film.looks.remove(&place),
                };
            }
        }
        Some(step)
    }

    fn unlink(&mut self, film: usize, place: Where) -> Option<Step> {
        let film = self.films.get_mut(film).filter(|film| film.exists)?;
        let on_delete = self.policies[film.library].on_delete;
        film.seen(place)?;
        let (step, name) = (Step::Unlink(film.path(place)), film.name(place));
        let look = film.look(place);
        if look != Some(Look::Shown) {
            film.files.remove(&name);
        }
        if look.is_some() {
            let removed = if on_delete == OnDelete::Restore { Look::Removed } else { Look::Withdrawn };
            film.looks.insert(place, removed);
        }
        self.generation();
        Some(step)
    }

    fn rename_folder(&mut self, number: usize, name: usize, is_behind: bool) -> Option<Step> {
        let new = path_of(number, &format!("{}{}", FOLDERS[number], FOLDER_NAMES[name]));
        let film = self.films.get_mut(number).filter(|film| film.exists && film.folder != new)?;
        let old = std::mem::replace(&mut film.folder, new.clone());
        film.forget_what_is_passing();
        Some(if is_behind { Step::RenameBehind(old, new) } else { Step::Rename(old, new) })
    }

    fn rename_video(&mut self, film: usize, name: usize) -> Option<Step> {
        let new = format!("{}{}", FOLDERS[film], VIDEO_NAMES[name]);
        let film = self.films.get_mut(film).filter(|film| film.exists && film.video != new)?;
        let old = std::mem::replace(&mut film.video, new.clone());
        // The mapping of the prefixed name ends, and another one begins.
        film.looks.remove(&Where::Prefixed);
        let path = |video: &str| format!("{}/{video}.mkv", film.folder);
        let step = Step::Rename(path(&old), path(&new));
        // That is a generation: the prefixed name is another one.
        if film.shown(Kind::Poster).is_some() {
            self.generations.push(Some(self.shown()));
        }
        Some(step)
    }

    /// `rm -rf`: what was hidden is in the recycle bin. When the film comes back, so does its artwork.
    fn remove_tree(&mut self, film: usize) -> Option<Step> {
        let film = self.films.get_mut(film).filter(|film| film.exists)?;
        let withdraws = self.policies[film.library].on_delete == OnDelete::Withdraw;
        let before = film.withdrawn().len();
        for place in [Where::Poster, Where::Prefixed, Where::Fanart] {
            if film.look(place).is_some() && film.seen(place).is_some() && withdraws {
                film.looks.insert(place, Look::Withdrawn);
            }
        }
        film.forget_what_is_passing();
        film.looks.retain(|_, look| *look == Look::Withdrawn);
        (film.exists, film.files) = (false, Tree::new());
        let (step, removed) = (Step::RemoveTree(film.folder.clone()), film.withdrawn().len() - before);
        // One after the other.
        self.generations.extend((1..removed).map(|_| None));
        self.generation();
        Some(step)
    }

    fn publish(&mut self) {
        for film in self.films.iter_mut().filter(|film| !film.is_missing) {
            for kind in KINDS {
                let Slot { selected, is_withheld, .. } = *film.slot(kind);
                film.show(kind, if is_withheld { None } else { selected });
            }
            film.forget_what_programs_did();
        }
        self.generation();
    }

    fn rollback(&mut self, back: usize) -> Option<Step> {
        let to = self.generations.len() - 1 - back % self.generations.len();
        let then = self.generations[to].clone()?;
        for (film, (shown, withdrawn)) in self.films.iter_mut().zip(then) {
            for kind in KINDS {
                let shown = shown[kind as usize];
                if film.shown(kind) != shown && shown.is_some() {
                    film.slot(kind).is_withheld = false;
                }
                film.show(kind, shown);
            }
            // Where a manager made something that is seen for now, it goes on being so while the name stays withdrawn.
            let stays = |place: &Where, look: &Look| match look {
                Look::MadeWhereWithdrawn => withdrawn.contains(place),
                Look::Withdrawn | Look::Kept => false,
                Look::Shown | Look::Removed | Look::Made => true,
            };
            film.looks.retain(|place, look| stays(place, look));
            for place in withdrawn {
                film.looks.entry(place).or_insert(Look::Withdrawn);
            }
        }
        self.generation();
        Some(Step::Rollback(to))
    }

    fn scan(&mut self) {
        for film in &mut self.films {
            film.is_missing = !film.exists;
            film.find_originals();
        }
    }

    /// A generation is made when something differs.
    fn generation(&mut self) {
        let shown = Some(self.shown());
        if self.generations.last() != Some(&shown) {
            self.generations.push(shown);
        }
    }

    fn shown(&self) -> Vec<Shown> {
        self.films.iter().map(|film| (KINDS.map(|kind| film.shown(kind)), film.withdrawn())).collect()
    }
}

/// The path of a film's folder in the view.
fn path_of(film: usize, name: &str) -> String {
    format!("{}/{name}", LIBRARIES[LIBRARY_OF[film]])
}
