//! What the daemon has to do, as a value: a task, who asked for it, and how it goes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{EntityId, GenerationId, LibraryId, RelPath};

/// Something that can be done later, by another process, again. Doing it twice is as good as once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Look what is in a library, or in all of them.
    Scan {
        /// `None`: all.
        library: Option<LibraryId>,
    },
    /// Look what is in one folder of a library, and below it.
    ScanFolder {
        /// The library.
        library: LibraryId,
        /// The folder, beneath the root of the library.
        #[serde(with = "exact_path")]
        folder: RelPath,
    },
    /// A file of a library was renamed, as somebody tells: what is known of it follows, unless it has already.
    FollowRename {
        /// The library.
        library: LibraryId,
        /// Where it was.
        #[serde(with = "exact_path")]
        from: RelPath,
        /// Where it is.
        #[serde(with = "exact_path")]
        to: RelPath,
    },
    /// Something came into a folder: scan it, enrich what is in it, publish that.
    Import {
        /// The library.
        library: LibraryId,
        /// The folder, beneath the root of the library.
        #[serde(with = "exact_path")]
        folder: RelPath,
    },
    /// Ask providers about everything that is due.
    Enrich {
        /// Also what is not due.
        force: bool,
    },
    /// Ask providers about these, and what belongs to them.
    EnrichItems {
        /// The items.
        items: Vec<EntityId>,
    },
    /// Show what is selected.
    Publish {
        /// `None`: of all libraries.
        library: Option<LibraryId>,
    },
    /// Show what is selected of these.
    PublishItems {
        /// The items.
        items: Vec<EntityId>,
    },
    /// The artwork of an entity may go, if that has been gone for so long.
    Release {
        /// The entity.
        entity: EntityId,
        /// For how many days.
        days: u32,
    },
    /// Look whether what the catalog says is so.
    Verify {
        /// Also read every picture.
        deep: bool,
    },
    /// Let go of what nobody needs.
    Gc,
    /// Write a copy of the catalog.
    Backup,
    /// Tell a player what a generation changed.
    Notify {
        /// Its word in the configuration: `kodi`, `jellyfin`, …
        player: String,
        /// The newest generation that it has to hear of.
        generation: GenerationId,
    },
}

/// What kind of work a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// [`Task::Scan`], [`Task::ScanFolder`], [`Task::FollowRename`]
    Scan,
    /// [`Task::Import`]
    Import,
    /// [`Task::Enrich`], [`Task::EnrichItems`]
    Enrich,
    /// [`Task::Publish`], [`Task::PublishItems`]
    Publish,
    /// [`Task::Release`]
    Release,
    /// [`Task::Verify`]
    Verify,
    /// [`Task::Gc`]
    Gc,
    /// [`Task::Backup`]
    Backup,
    /// [`Task::Notify`]
    Notify,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for its time and for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// It is done.
    Done,
    /// It has failed too often: a person has to look.
    Dead,
}

/// Who asked for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskedBy {
    /// A person at the command line.
    Cli,
    /// Somebody through the API.
    Http,
    /// A manager.
    Webhook,
    /// The schedule.
    Schedule,
    /// Another job, of which it is the consequence.
    Job,
}

/// A word that is none of a type's.
#[derive(Debug, thiserror::Error)]
#[error("`{word}` is no {of}")]
pub struct JobWordError {
    word: String,
    of: &'static str,
}

macro_rules! words {
    ($type:ident, $of:literal, { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $type {
            type Err = JobWordError;

            fn from_str(text: &str) -> Result<Self, JobWordError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(JobWordError { word: text.to_owned(), of: $of }),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(TaskKind, "kind of task", {
    Scan = "scan", Import = "import", Enrich = "enrich", Publish = "publish", Release = "release", Verify = "verify",
    Gc = "gc", Backup = "backup", Notify = "notify",
});
words!(JobState, "state of a job", { Queued = "queued", Running = "running", Done = "done", Dead = "dead" });
words!(AskedBy, "way of asking", {
    Cli = "cli", Http = "http", Webhook = "webhook", Schedule = "schedule", Job = "job",
});

/// Wait before the second try, in seconds; doubled each time.
const FIRST_WAIT: i64 = 15;
/// Longest wait between two tries, in seconds.
const LONGEST_WAIT: i64 = 3600;

impl Task {
    /// What kind of work it is.
    #[must_use]
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Scan { .. } | Self::ScanFolder { .. } | Self::FollowRename { .. } => TaskKind::Scan,
            Self::Import { .. } => TaskKind::Import,
            Self::Enrich { .. } | Self::EnrichItems { .. } => TaskKind::Enrich,
            Self::Publish { .. } | Self::PublishItems { .. } => TaskKind::Publish,
            Self::Release { .. } => TaskKind::Release,
            Self::Verify { .. } => TaskKind::Verify,
            Self::Gc => TaskKind::Gc,
            Self::Backup => TaskKind::Backup,
            Self::Notify { .. } => TaskKind::Notify,
        }
    }

    /// Tasks with the same key that wait at the same time become one job. By default that is the task itself; of what a
    /// player is told, one job for the newest generation is enough, and of what is let go, one for the newest number of days.
    #[must_use]
    pub fn collapse_key(&self) -> String {
        match self {
            Self::Notify { player, .. } => format!("notify {player}"),
            Self::Release { entity, .. } => format!("release {entity}"),
            // Exact, unlike what is shown of it. There is nothing in a task that JSON cannot say.
            _ => serde_json::to_string(self).unwrap_or_else(|_| self.to_string()),
        }
    }

    /// How often it is tried before it is given up.
    #[must_use]
    pub fn tries(&self) -> u32 {
        match self.kind() {
            // Players are often off, and hear of everything at the next change.
            TaskKind::Notify => 4,
            TaskKind::Verify | TaskKind::Gc | TaskKind::Backup => 3,
            _ => 8,
        }
    }
}

/// After how many seconds a job is tried again that has failed so many times: 15 seconds, then twice as long each time, an
/// hour at most.
#[must_use]
pub fn back_off(failures: u32) -> i64 {
    let doubled = FIRST_WAIT.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(LONGEST_WAIT);
    doubled.min(LONGEST_WAIT)
}

impl fmt::Display for Task {
    /// In few words: `scan library 1`, `import library 1 Heat (1995)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match self {
            Self::Scan { library: Some(library) } | Self::Publish { library: Some(library) } => {
                write!(f, " library {library}")
            }
            Self::ScanFolder { library, folder } | Self::Import { library, folder } => {
                write!(f, " library {library} {folder}")
            }
            Self::FollowRename { library, from, to } => write!(f, " library {library} {from} renamed to {to}"),
            Self::EnrichItems { items } | Self::PublishItems { items } => {
                items.iter().try_for_each(|item| write!(f, " {item}"))
            }
            Self::Enrich { force: true } => f.write_str(" all"),
            Self::Release { entity, .. } => write!(f, " {entity}"),
            Self::Verify { deep: true } => f.write_str(" deep"),
            Self::Notify { player, generation } => write!(f, " {player} {generation}"),
            Self::Scan { library: None }
            | Self::Publish { library: None }
            | Self::Enrich { force: false }
            | Self::Verify { deep: false }
            | Self::Gc
            | Self::Backup => Ok(()),
        }
    }
}

/// Paths need not be UTF-8, JSON has to be: a path that is none is kept as a list of bytes.
mod exact_path {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::RelPath;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Text(String),
        Bytes(Vec<u8>),
    }

    pub fn serialize<S: Serializer>(path: &RelPath, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(path.as_bytes()) {
            Ok(text) => text.serialize(serializer),
            Err(_) => path.as_bytes().serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RelPath, D::Error> {
        let bytes = match Told::deserialize(deserializer)? {
            Told::Text(text) => text.into_bytes(),
            Told::Bytes(bytes) => bytes,
        };
        RelPath::parse(&bytes).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> Vec<Task> {
        let (library, entity) = (LibraryId::new(1), EntityId::new(7));
        let folder = RelPath::parse(b"Heat \xff (1995)").unwrap();
        vec![
            Task::Scan { library: None },
            Task::Scan { library: Some(library) },
            Task::ScanFolder { library, folder: folder.clone() },
            Task::Import { library, folder: folder.clone() },
            Task::FollowRename { library, from: folder.clone(), to: folder },
            Task::Enrich { force: false },
            Task::Enrich { force: true },
            Task::EnrichItems { items: vec![entity] },
            Task::Publish { library: None },
            Task::PublishItems { items: vec![entity, EntityId::new(8)] },
            Task::Release { entity, days: 30 },
            Task::Verify { deep: true },
            Task::Verify { deep: false },
            Task::Gc,
            Task::Backup,
            Task::Notify { player: "kodi".to_owned(), generation: GenerationId::new(3) },
        ]
    }

    #[test]
    fn every_task_survives_being_written_down_and_has_a_key_of_its_own() {
        let tasks = tasks();
        let keys: std::collections::BTreeSet<String> = tasks.iter().map(Task::collapse_key).collect();
        assert_eq!(keys.len(), tasks.len());
        for task in tasks {
            let text = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task, "{text}");
        }
    }

    #[test]
    fn a_path_that_leaves_the_library_is_refused_also_in_a_task() {
        for folder in ["\"../etc\"", "\"/etc\"", "\"a//b\"", "[46,46,47,97]"] {
            let text = format!("{{\"task\":\"import\",\"library\":1,\"folder\":{folder}}}");
            assert!(serde_json::from_str::<Task>(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_player_hears_of_several_generations_at_once() {
        let of = |generation| Task::Notify { player: "plex".to_owned(), generation: GenerationId::new(generation) };
        assert_eq!(of(3).collapse_key(), of(4).collapse_key());
    }

    #[test]
    fn tries_come_ever_more_slowly_and_never_more_than_an_hour_apart() {
        assert_eq!([1, 2, 3, 4].map(back_off), [15, 30, 60, 120]);
        assert_eq!([0, 9, 10, 100, u32::MAX].map(back_off), [15, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for kind in TaskKind::ALL {
            assert_eq!(kind.as_str().parse::<TaskKind>().unwrap(), *kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse::<JobState>().unwrap(), *state);
        }
        assert!("tired".parse::<JobState>().unwrap_err().to_string().contains("tired"));
    }
}
