//! The model: three films, two in one library and one in another with other settings, and a series in a third.
//!
//! Time does not pass in it: the grace period is longer than any test, and what it holds back is back after a restart.

use std::collections::{BTreeMap, BTreeSet};

use crate::title::{KINDS, Kind, Look, Slot, Title, Where};

/// How many titles there are.
pub const TITLES: usize = 4;
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
    Overwrite {
        title: usize,
        place: Where,
        bytes: usize,
    },
    Replace {
        title: usize,
        place: Where,
        bytes: usize,
    },
    /// As editors do that keep the old file until the new one is written.
    SetAside {
        title: usize,
        place: Where,
        bytes: usize,
    },
    ByManager {
        title: usize,
        place: Where,
        bytes: usize,
    },
    Unlink {
        title: usize,
        place: Where,
    },
    RenameFolder {
        title: usize,
        name: usize,
        is_behind: bool,
    },
    RenameSeason {
        name: usize,
        is_behind: bool,
    },
    RenameVideo {
        title: usize,
        name: usize,
    },
    RemoveTree {
        title: usize,
    },
    MakeAgain {
        title: usize,
    },
    Select {
        title: usize,
        kind: Kind,
        picture: usize,
    },
    Publish,
    Unpublish {
        title: usize,
        kind: Kind,
    },
    Rollback {
        back: usize,
    },
    Lock {
        title: usize,
        kind: Kind,
        is_locked: bool,
    },
    Behind {
        title: usize,
        bytes: usize,
    },
    Scan,
    Restart,
}

/// What is to be done in the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Overwrite(String, usize),
    Replace(String, usize),
    SetAside(String, usize),
    ByManager(String, usize),
    /// What is refused.
    Refused(Box<Self>),
    Unlink(String),
    Rename(String, String),
    RenameBehind(String, String),
    RemoveTree(String),
    /// A folder for the video of that path, and the video.
    MakeVideo(String),
    Select(usize, Kind, usize),
    Publish,
    Unpublish(usize, Kind),
    Rollback(usize),
    Lock(usize, Kind, bool),
    Behind(String, usize),
    Scan,
    Restart,
}

/// What is shown of a title: of each kind, but for the names that programs have removed for good.
type Shown = ([Option<usize>; KINDS.len()], BTreeSet<Where>);

/// See the module.
#[derive(Debug, Clone)]
pub struct Model {
    titles: Vec<Title>,
    /// What was shown of each title in each generation; generation 0 is before the first. `None` where the order is not
    /// known in which a program did things.
    generations: Vec<Option<Vec<Shown>>>,
    policies: [Policy; LIBRARIES.len()],
}

/// The folders of the libraries, and of what kind they are.
pub const LIBRARIES: [(&str, &str); 3] = [("one", "movies"), ("two", "movies"), ("shows", "tv")];
const FOLDERS: [&str; TITLES] = ["Alpha (2001)", "Beta (2002)", "Gamma (2003)", "Delta (2004)"];
/// The library of each title.
const LIBRARY_OF: [usize; TITLES] = [0, 0, 1, 2];
/// The only series, and how its episode is called.
pub const SERIES: usize = 3;
const EPISODE: &str = "Delta S01E01";
/// Names that folders may be given, by title so that they never meet.
const FOLDER_NAMES: [&str; 4] = ["", " [1080p]", " - Remastered", " {edition-Final}"];
const SEASON_NAMES: [&str; 3] = ["Season 1", "Season 01", "S01"];
const VIDEO_NAMES: [&str; 3] = ["", " 1080p", ".x265"];

impl Model {
    /// As the world begins: scanned, nothing selected.
    pub fn new(policies: [Policy; LIBRARIES.len()]) -> Self {
        Self {
            titles: Self::titles(),
            generations: vec![Some(vec![([None; KINDS.len()], BTreeSet::new()); TITLES])],
            policies,
        }
    }

    /// What there is at first.
    pub fn titles() -> Vec<Title> {
        let title = |number: usize| Title {
            library: LIBRARY_OF[number],
            folder: path_of(number, FOLDERS[number]),
            season: (number == SERIES).then(|| SEASON_NAMES[0].to_owned()),
            video: video_of(number, ""),
            exists: true,
            is_missing: false,
            files: Tree::from([("folder.jpg".to_owned(), ORIGINAL)]),
            originals: vec![("folder.jpg".to_owned(), Kind::Poster)],
            slots: [Slot::default(); KINDS.len()],
            looks: BTreeMap::new(),
        };
        (0..TITLES).map(title).collect()
    }

    /// Everything that is to be seen.
    pub fn tree(&self) -> Tree {
        self.titles.iter().filter(|title| title.exists).flat_map(Title::tree).collect()
    }

    /// Every path at which a picture may be seen, whether there is one or not.
    pub fn paths(&self) -> Vec<String> {
        self.titles.iter().flat_map(Title::paths).collect()
    }

    /// Does it here, and tells what is to be done in the world; `None` when there is nothing to do it to.
    pub fn run(&mut self, operation: &Op) -> Option<Step> {
        match *operation {
            Op::Overwrite { title, place, bytes } => self.write(title, place, bytes, Step::Overwrite),
            Op::Replace { title, place, bytes } => self.write(title, place, bytes, Step::Replace),
            Op::SetAside { title, place, bytes } => self.set_aside(title, place, bytes),
            Op::ByManager { title, place, bytes } => self.write_by_manager(title, place, bytes),
            Op::Unlink { title, place } => self.unlink(title, place),
            Op::RenameFolder { title, name, is_behind } => self.rename_folder(title, name, is_behind),
            Op::RenameSeason { name, is_behind } => self.rename_season(name, is_behind),
            Op::RenameVideo { title, name } => self.rename_video(title, name),
            Op::RemoveTree { title } => self.remove_tree(title),
            Op::MakeAgain { title } => {
                let title = self.titles.get_mut(title).filter(|title| !title.exists)?;
                title.exists = true;
                Some(Step::MakeVideo(title.video_path(&title.video)))
            }
            Op::Select { title, kind, picture } => {
                let chosen = self.titles[title].slot(kind);
                (chosen.selected, chosen.lock, chosen.is_withheld) = (Some(picture), Some(true), false);
                Some(Step::Select(title, kind, picture))
            }
            Op::Publish => {
                self.publish();
                Some(Step::Publish)
            }
            Op::Unpublish { title, kind } => {
                let unpublished = self.titles[title].slot(kind);
                unpublished.is_withheld |= unpublished.selected.is_some() || unpublished.shown.is_some();
                self.titles[title].show(kind, None);
                self.generation();
                Some(Step::Unpublish(title, kind))
            }
            Op::Rollback { back } => self.rollback(back),
            Op::Lock { title, kind, is_locked } => {
                self.titles[title].slot(kind).lock = Some(is_locked);
                Some(Step::Lock(title, kind, is_locked))
            }
            Op::Behind { title, bytes } => {
                let title = self.titles.get_mut(title).filter(|title| title.exists)?;
                title.files.insert("folder.jpg".to_owned(), bytes);
                Some(Step::Behind(title.path(Where::Folder), bytes))
            }
            Op::Scan => {
                self.scan();
                Some(Step::Scan)
            }
            Op::Restart => {
                self.titles.iter_mut().for_each(Title::forget_what_is_passing);
                Some(Step::Restart)
            }
        }
    }

    /// A person's program puts bytes under a name.
    fn write(&mut self, number: usize, place: Where, bytes: usize, step: fn(String, usize) -> Step) -> Option<Step> {
        let title = self.titles.get_mut(number).filter(|title| title.exists)?;
        let (name, kind, step) = (title.name(place), place.kind(), step(title.path(place), bytes));
        let look = title.look(place);
        if look.is_some() && self.policies[title.library].denies {
            return Some(Step::Refused(Box::new(step)));
        }
        let was_withdrawn = matches!(look, Some(Look::Withdrawn | Look::MadeWhereWithdrawn));
        let makes_a_copy = !matches!(step, Step::Replace(..) | Step::SetAside(..)) && look == Some(Look::Shown);
        if look.is_none() {
            title.forget_original(&name);
        }
        let is_shown = title.shown(kind) == Some(bytes);
        title.files.insert(name.clone(), bytes);
        if was_withdrawn {
            // The name is back before it is known what was written.
            title.looks.remove(&place);
            self.generation();
        }
        let title = &mut self.titles[number];
        match look {
            None => {}
            Some(_) if bytes == 0 => drop(title.looks.insert(place, Look::Kept)),
            // The picture that is shown anyway: nothing was chosen.
            Some(_) if is_shown => {
                title.looks.remove(&place);
                if makes_a_copy {
                    title.files.remove(&name);
                }
            }
            Some(_) => {
                let slot = title.slot(kind);
                (slot.selected, slot.lock, slot.is_withheld) = (Some(bytes), Some(true), false);
                title.show(kind, Some(bytes));
            }
        }
        self.generation();
        Some(step)
    }

    /// A write as any other. Where what is shown is a program's file already, or writing is refused, there are several steps
    /// to it, which other operations do.
    fn set_aside(&mut self, number: usize, place: Where, bytes: usize) -> Option<Step> {
        let title = &self.titles[number];
        match title.look(place) {
            Some(_) if self.policies[title.library].denies => None,
            None | Some(Look::Shown | Look::Removed) => self.write(number, place, bytes, Step::SetAside),
            Some(_) => None,
        }
    }

    /// A manager does: what is shown stays, unless the library adopts what managers write and nobody has chosen.
    fn write_by_manager(&mut self, number: usize, place: Where, bytes: usize) -> Option<Step> {
        let title = self.titles.get_mut(number).filter(|title| title.exists)?;
        let (step, name, kind) = (Step::ByManager(title.path(place), bytes), title.name(place), place.kind());
        let look = title.look(place);
        let is_there = title.files.contains_key(&name);
        if look.is_some() && self.policies[title.library].denies {
            return Some(Step::Refused(Box::new(step)));
        }
        // A file of the source as any other, in whose place a picture is published: taken in for who wrote it last.
        if is_there && matches!(look, Some(Look::Kept | Look::Made | Look::MadeWhereWithdrawn)) {
            return None;
        }
        if look.is_some() && self.policies[title.library].adopts_from_managers && !title.is_locked(kind) {
            return self.write(number, place, bytes, Step::ByManager);
        }
        let is_shown = title.shown(kind) == Some(bytes);
        title.files.insert(name.clone(), bytes);
        match look {
            None => title.forget_original(&name),
            Some(Look::Shown) if is_shown => drop(title.files.remove(&name)),
            Some(Look::Shown) => {}
            Some(look) => {
                let was_withdrawn = matches!(look, Look::Withdrawn | Look::MadeWhereWithdrawn);
                match (bytes, was_withdrawn) {
                    (0, true) => title.looks.insert(place, Look::MadeWhereWithdrawn),
                    (0, false) => title.looks.insert(place, Look::Made),
                    (_, true) => title.looks.insert(place, Look::Withdrawn),
                    (_, false) => title.looks.remove(&place),
                };
            }
        }
        Some(step)
    }

    fn unlink(&mut self, title: usize, place: Where) -> Option<Step> {
        let title = self.titles.get_mut(title).filter(|title| title.exists)?;
        let on_delete = self.policies[title.library].on_delete;
        title.seen(place)?;
        let (step, name) = (Step::Unlink(title.path(place)), title.name(place));
        let look = title.look(place);
        if look != Some(Look::Shown) {
            title.files.remove(&name);
        }
        if look.is_some() {
            let removed = if on_delete == OnDelete::Restore { Look::Removed } else { Look::Withdrawn };
            title.looks.insert(place, removed);
        }
        self.generation();
        Some(step)
    }

    fn rename_folder(&mut self, number: usize, name: usize, is_behind: bool) -> Option<Step> {
        let new = path_of(number, &format!("{}{}", FOLDERS[number], FOLDER_NAMES[name]));
        let title = self.titles.get_mut(number).filter(|title| title.exists && title.folder != new)?;
        let old = std::mem::replace(&mut title.folder, new.clone());
        title.forget_what_is_passing();
        Some(if is_behind { Step::RenameBehind(old, new) } else { Step::Rename(old, new) })
    }

    fn rename_season(&mut self, name: usize, is_behind: bool) -> Option<Step> {
        let new = SEASON_NAMES[name];
        let series = &mut self.titles[SERIES];
        let old = series.season.clone().filter(|old| series.exists && old != new)?;
        series.rename_season(new);
        let path = |season: &str| format!("{}/{season}", series.folder);
        let (from, to) = (path(&old), path(new));
        Some(if is_behind { Step::RenameBehind(from, to) } else { Step::Rename(from, to) })
    }

    fn rename_video(&mut self, number: usize, name: usize) -> Option<Step> {
        let new = video_of(number, VIDEO_NAMES[name]);
        let title = self.titles.get_mut(number).filter(|title| title.exists && title.video != new)?;
        let old = std::mem::replace(&mut title.video, new.clone());
        let step = Step::Rename(title.video_path(&old), title.video_path(&new));
        // The mappings of the names made of the video's end, and others begin.
        title.looks.retain(|place, _| !place.is_of_video());
        let kind = if number == SERIES { Kind::Still } else { Kind::Poster };
        if title.shown(kind).is_some() {
            self.generations.push(Some(self.shown()));
        }
        Some(step)
    }

    /// `rm -rf`: what was hidden is in the recycle bin. When the title comes back, so does its artwork.
    fn remove_tree(&mut self, title: usize) -> Option<Step> {
        let title = self.titles.get_mut(title).filter(|title| title.exists)?;
        let withdraws = self.policies[title.library].on_delete == OnDelete::Withdraw;
        let before = title.withdrawn().len();
        if withdraws {
            title.withdraw_all();
        }
        title.forget_what_is_passing();
        title.looks.retain(|_, look| *look == Look::Withdrawn);
        (title.exists, title.files) = (false, Tree::new());
        let (step, removed) = (Step::RemoveTree(title.folder.clone()), title.withdrawn().len() - before);
        // One after the other.
        self.generations.extend((1..removed).map(|_| None));
        self.generation();
        Some(step)
    }

    fn publish(&mut self) {
        for title in self.titles.iter_mut().filter(|title| !title.is_missing) {
            for kind in KINDS {
                let Slot { selected, is_withheld, .. } = *title.slot(kind);
                title.show(kind, if is_withheld { None } else { selected });
            }
            title.forget_what_programs_did();
        }
        self.generation();
    }

    fn rollback(&mut self, back: usize) -> Option<Step> {
        let to = self.generations.len() - 1 - back % self.generations.len();
        let then = self.generations[to].clone()?;
        for (title, (shown, withdrawn)) in self.titles.iter_mut().zip(then) {
            for kind in KINDS {
                let shown = shown[kind as usize];
                if title.shown(kind) != shown && shown.is_some() {
                    title.slot(kind).is_withheld = false;
                }
                title.show(kind, shown);
            }
            // Where a manager made something that is seen for now, it goes on being so while the name stays withdrawn.
            let stays = |place: &Where, look: &Look| match look {
                Look::MadeWhereWithdrawn => withdrawn.contains(place),
                Look::Withdrawn | Look::Kept => false,
                Look::Shown | Look::Removed | Look::Made => true,
            };
            title.looks.retain(|place, look| stays(place, look));
            for place in withdrawn {
                title.looks.entry(place).or_insert(Look::Withdrawn);
            }
        }
        self.generation();
        Some(Step::Rollback(to))
    }

    fn scan(&mut self) {
        for title in &mut self.titles {
            title.is_missing = !title.exists;
            title.find_originals();
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
        self.titles.iter().map(|title| (KINDS.map(|kind| title.shown(kind)), title.withdrawn())).collect()
    }
}

/// The path of a title's folder in the view.
fn path_of(title: usize, name: &str) -> String {
    format!("{}/{name}", LIBRARIES[LIBRARY_OF[title]].0)
}

/// The name of a title's video.
fn video_of(title: usize, suffix: &str) -> String {
    format!("{}{suffix}", if title == SERIES { EPISODE } else { FOLDERS[title] })
}
