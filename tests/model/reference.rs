//! The model: three films in folders of their own, each with a poster under two names, and nothing else.
//!
//! Time does not pass in it: the grace period is longer than any test, and what it holds back is back after a restart.

use std::collections::BTreeMap;

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

/// A name in a film's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// `poster.jpg`
    Poster,
    /// `<video>-poster.jpg`
    Prefixed,
    /// `folder.jpg`, under which nothing is published
    Folder,
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
    Select { film: usize, picture: usize },
    Publish,
    Unpublish { film: usize },
    Rollback { back: usize },
    Lock { film: usize, is_locked: bool },
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
    Unlink(String),
    Rename(String, String),
    RenameBehind(String, String),
    RemoveTree(String),
    MakeFilm(String, String),
    Select(usize, usize),
    Publish,
    Unpublish(usize),
    Rollback(usize),
    Lock(usize, bool),
    Behind(String, usize),
    Scan,
    Restart,
}

/// How a name looks that a picture is published under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
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
}

#[derive(Debug, Clone)]
struct Film {
    folder: String,
    video: String,
    exists: bool,
    is_missing: bool,
    /// What the source has in its folder, besides the video.
    files: Tree,
    /// The names that the last scan found to be pictures of the film.
    originals: Vec<String>,
    selected: Option<usize>,
    is_locked: bool,
    is_withheld: bool,
    shown: Option<usize>,
    looks: BTreeMap<Where, Look>,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Model {
    films: Vec<Film>,
    /// What was shown of each film in each generation; generation 0 is before the first.
    generations: Vec<Vec<Option<usize>>>,
    /// Since when names have not changed: a rollback further back would show them as they were.
    first_to_go_back_to: usize,
    on_delete: OnDelete,
}

const FOLDERS: [&str; FILMS] = ["Alpha (2001)", "Beta (2002)", "Gamma (2003)"];
/// Names that folders may be given, by film so that they never meet.
const FOLDER_NAMES: [&str; 4] = ["", " [1080p]", " - Remastered", " {edition-Final}"];
const VIDEO_NAMES: [&str; 3] = ["", " 1080p", ".x265"];

impl Film {
    fn name(&self, place: Where) -> String {
        match place {
            Where::Poster => "poster.jpg".to_owned(),
            Where::Prefixed => format!("{}-poster.jpg", self.video),
            Where::Folder => "folder.jpg".to_owned(),
        }
    }

    fn path(&self, place: Where) -> String {
        format!("{}/{}", self.folder, self.name(place))
    }

    /// How the name looks, where a picture is published under it.
    fn look(&self, place: Where) -> Option<Look> {
        (self.shown.is_some() && place != Where::Folder).then(|| self.looks.get(&place).copied().unwrap_or(Look::Shown))
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.shown.is_some() && self.originals.iter().any(|original| original == name)
    }

    /// What is seen under a name that nothing is published at, or of which the source's file is seen.
    fn seen_of_source(&self, name: &str) -> Option<usize> {
        self.files.get(name).copied()
    }

    fn seen(&self, place: Where) -> Option<usize> {
        let name = self.name(place);
        match self.look(place) {
            Some(Look::Shown) => self.shown,
            Some(Look::Removed | Look::Withdrawn) => None,
            Some(Look::Kept | Look::Made) => self.seen_of_source(&name),
            None if self.is_hidden(&name) => None,
            None => self.seen_of_source(&name),
        }
    }

    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        let published = [Where::Poster, Where::Prefixed].map(|place| self.name(place));
        for (name, bytes) in &self.files {
            if !published.contains(name) && !self.is_hidden(name) {
                tree.insert(name.clone(), *bytes);
            }
        }
        for place in [Where::Poster, Where::Prefixed] {
            tree.extend(self.seen(place).map(|bytes| (self.name(place), bytes)));
        }
        tree.insert(format!("{}.mkv", self.video), VIDEO);
        tree
    }

    /// Shows something else: a new mapping looks as nothing ever happened to the old one.
    fn show(&mut self, shown: Option<usize>) {
        if self.shown != shown {
            self.shown = shown;
            self.looks.clear();
        }
    }

    /// What holds only until a restart is over.
    fn forget_what_is_passing(&mut self) {
        self.looks.retain(|_, look| !matches!(look, Look::Removed | Look::Made));
    }
}

impl Model {
    /// As the world begins: scanned, nothing selected.
    pub fn new(on_delete: OnDelete) -> Self {
        let film = |folder: &&str| Film {
            folder: (*folder).to_owned(),
            video: (*folder).to_owned(),
            exists: true,
            is_missing: false,
            files: Tree::from([("folder.jpg".to_owned(), ORIGINAL)]),
            originals: vec!["folder.jpg".to_owned()],
            selected: None,
            is_locked: false,
            is_withheld: false,
            shown: None,
            looks: BTreeMap::new(),
        };
        Self {
            films: FOLDERS.iter().map(film).collect(),
            generations: vec![vec![None; FILMS]],
            first_to_go_back_to: 0,
            on_delete,
        }
    }

    /// Everything that is to be seen.
    pub fn tree(&self) -> Tree {
        let there = self.films.iter().filter(|film| film.exists);
        there
            .flat_map(|film| film.tree().into_iter().map(|(name, bytes)| (format!("{}/{name}", film.folder), bytes)))
            .collect()
    }

    /// The folders and names of videos that films begin with.
    pub fn films() -> [&'static str; FILMS] {
        FOLDERS
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
            Op::Select { film, picture } => {
                let chosen = &mut self.films[film];
                (chosen.selected, chosen.is_locked, chosen.is_withheld) = (Some(picture), true, false);
                Some(Step::Select(film, picture))
            }
            Op::Publish => {
                self.publish();
                Some(Step::Publish)
            }
            Op::Unpublish { film } => {
                let unpublished = &mut self.films[film];
                unpublished.is_withheld |= unpublished.selected.is_some() || unpublished.shown.is_some();
                unpublished.show(None);
                self.generation();
                Some(Step::Unpublish(film))
            }
            Op::Rollback { back } => self.rollback(back),
            Op::Lock { film, is_locked } => {
                self.films[film].is_locked = is_locked;
                Some(Step::Lock(film, is_locked))
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
    fn write(&mut self, film: usize, place: Where, bytes: usize, step: fn(String, usize) -> Step) -> Option<Step> {
        let film = self.films.get_mut(film).filter(|film| film.exists)?;
        let (path, name, step_of) = (film.path(place), film.name(place), step);
        let step = step_of(path, bytes);
        let makes_a_copy = matches!(step, Step::Overwrite(..)) && film.look(place) == Some(Look::Shown);
        match film.look(place) {
            None => {
                film.originals.retain(|original| *original != name || film.shown.is_none());
                film.files.insert(name, bytes);
            }
            Some(_) if bytes == 0 => {
                film.files.insert(name, bytes);
                film.looks.insert(place, Look::Kept);
            }
            // The picture that is shown anyway: nothing was chosen.
            Some(_) if film.shown == Some(bytes) => {
                film.looks.remove(&place);
                if makes_a_copy {
                    film.files.remove(&name);
                } else {
                    film.files.insert(name, bytes);
                }
            }
            Some(_) => {
                film.files.insert(name, bytes);
                (film.selected, film.is_locked, film.is_withheld) = (Some(bytes), true, false);
                film.show(Some(bytes));
            }
        }
        self.generation();
        Some(step)
    }

    /// A manager does: what is shown stays.
    fn write_by_manager(&mut self, film: usize, place: Where, bytes: usize) -> Option<Step> {
        let film = self.films.get_mut(film).filter(|film| film.exists)?;
        let (step, name) = (Step::ByManager(film.path(place), bytes), film.name(place));
        let look = film.look(place);
        let is_unchanged = film.shown == Some(bytes);
        match look {
            // A file of the source as any other, in whose place a picture is published: taken in for who wrote it last.
            Some(Look::Kept | Look::Made) if film.files.contains_key(&name) => return None,
            None => film.originals.retain(|original| *original != name || film.shown.is_none()),
            Some(Look::Shown) => {}
            Some(_) if bytes == 0 => drop(film.looks.insert(place, Look::Made)),
            Some(_) => drop(film.looks.remove(&place)),
        }
        if look == Some(Look::Shown) && is_unchanged {
            film.files.remove(&name);
        } else {
            film.files.insert(name, bytes);
        }
        Some(step)
    }

    fn unlink(&mut self, film: usize, place: Where) -> Option<Step> {
        let on_delete = self.on_delete;
        let film = self.films.get_mut(film).filter(|film| film.exists)?;
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
        Some(step)
    }

    fn rename_folder(&mut self, film: usize, name: usize, is_behind: bool) -> Option<Step> {
        let new = format!("{}{}", FOLDERS[film], FOLDER_NAMES[name]);
        let film = self.films.get_mut(film).filter(|film| film.exists && film.folder != new)?;
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
        if film.shown.is_some() {
            self.generations.extend(self.generations.last().cloned());
            self.first_to_go_back_to = self.generations.len() - 1;
        }
        Some(step)
    }

    /// `rm -rf`: what was hidden is in the recycle bin. When the film comes back, so does its artwork.
    fn remove_tree(&mut self, film: usize) -> Option<Step> {
        let on_delete = self.on_delete;
        let film = self.films.get_mut(film).filter(|film| film.exists)?;
        for place in [Where::Poster, Where::Prefixed] {
            if film.look(place).is_some() && film.seen(place).is_some() && on_delete == OnDelete::Withdraw {
                film.looks.insert(place, Look::Withdrawn);
            }
        }
        film.looks.retain(|_, look| *look == Look::Withdrawn);
        (film.exists, film.files) = (false, Tree::new());
        Some(Step::RemoveTree(film.folder.clone()))
    }

    fn publish(&mut self) {
        for film in self.films.iter_mut().filter(|film| !film.is_missing) {
            film.show(if film.is_withheld { None } else { film.selected });
            film.looks.retain(|_, look| !matches!(look, Look::Withdrawn | Look::Kept));
        }
        self.generation();
    }

    fn rollback(&mut self, back: usize) -> Option<Step> {
        let to = self.generations.len() - 1 - back % self.generations.len();
        if to < self.first_to_go_back_to {
            return None;
        }
        let then = self.generations[to].clone();
        for (film, shown) in self.films.iter_mut().zip(then) {
            if film.shown != shown && shown.is_some() {
                film.is_withheld = false;
            }
            film.show(shown);
            film.looks.retain(|_, look| !matches!(look, Look::Withdrawn | Look::Kept));
        }
        self.generation();
        Some(Step::Rollback(to))
    }

    fn scan(&mut self) {
        for film in &mut self.films {
            film.is_missing = !film.exists;
            let names = [Where::Poster, Where::Prefixed, Where::Folder].map(|place| film.name(place));
            film.originals = film.files.keys().filter(|name| names.contains(name)).cloned().collect();
        }
    }

    /// A generation is made when something differs.
    fn generation(&mut self) {
        let shown: Vec<_> = self.films.iter().map(|film| film.shown).collect();
        if self.generations.last() != Some(&shown) {
            self.generations.push(shown);
        }
    }
}
