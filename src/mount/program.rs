//! Which program sent a request, and what a library's settings make of it.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::catalog::{CatalogError, Program};
use crate::config::{Config, WriteSettings};
use crate::model::{LibraryId, ProgramKind};

use super::caller::{Caller, status_of};
use super::index::FolderIndex;

/// Where it is logged what programs do to what posterfs shows: in the log without being asked for.
pub const LOG: &str = "posterfs::programs";

/// The settings for writes and deletions, of each library.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What holds where a library says nothing else.
    pub usual: WriteSettings,
    /// What holds in the libraries of these names.
    pub own: BTreeMap<String, WriteSettings>,
}

/// The same, with what was looked up before.
#[derive(Debug, Default)]
pub struct KnownRules {
    rules: Rules,
    /// Locked for a moment, never while the catalog is read.
    known: Mutex<HashMap<LibraryId, Arc<WriteSettings>>>,
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        let own = config.library.keys().map(|name| (name.clone(), config.writes_in(name))).collect();
        Self { usual: config.write.clone(), own }
    }
}

impl KnownRules {
    /// Nothing looked up yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, known: Mutex::default() }
    }

    /// Libraries have come, gone, or have other names.
    pub fn forget(&self) {
        self.known.lock().clear();
    }

    /// What holds in a library.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn of(&self, library: LibraryId, index: &FolderIndex) -> Result<Arc<WriteSettings>, CatalogError> {
        if let Some(known) = self.known.lock().get(&library) {
            return Ok(Arc::clone(known));
        }
        let name = index.library_name(library)?;
        let settings = name.and_then(|name| self.rules.own.get(&name)).unwrap_or(&self.rules.usual);
        let settings = Arc::new(settings.clone());
        self.known.lock().insert(library, Arc::clone(&settings));
        Ok(settings)
    }
}

/// The grace period of a library.
#[must_use]
pub fn grace_of(settings: &WriteSettings) -> Duration {
    Duration::try_from_secs_f64(settings.grace_period).unwrap_or_default()
}

/// The program of a caller, and whether it is one of the managers.
#[must_use]
pub fn program_of(caller: Caller, settings: &WriteSettings) -> (Program, ProgramKind) {
    let (process, uid) = process_of(caller);
    let names = names_of(process);
    let is_manager = names.iter().any(|name| settings.managers.iter().any(|manager| begins_with(name, manager)));
    let kind = if is_manager { ProgramKind::Manager } else { ProgramKind::Persons };
    let name = names.into_iter().next().unwrap_or_else(|| "an unknown program".to_owned());
    (Program { name, uid }, kind)
}

/// The process that a thread belongs to, and the user it acts as. Threads have names of their own, which say nothing.
fn process_of(caller: Caller) -> (u32, u32) {
    let status = if caller.pid == 0 { String::new() } else { status_of(format!("/proc/{}/status", caller.pid)) };
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let process = field("Tgid:").and_then(|id| id.parse().ok()).unwrap_or(caller.pid);
    let uid = field("Uid:").and_then(|ids| ids.split_ascii_whitespace().nth(3)?.parse().ok());
    (process, uid.unwrap_or(caller.uid))
}

/// What a process goes by, the best name first: the name it gave itself, its program file, and the first two words of
/// its command line (a program may be run by an interpreter).
fn names_of(process: u32) -> Vec<String> {
    if process == 0 {
        return Vec::new();
    }
    let file_name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let comm = std::fs::read_to_string(format!("/proc/{process}/comm")).ok().map(|name| name.trim_end().to_owned());
    let exe = std::fs::read_link(format!("/proc/{process}/exe")).ok().and_then(|path| file_name(&path));
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words = line
        .split(|&byte| byte == 0)
        .take(2)
        .filter_map(|word| file_name(Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(word))));
    comm.into_iter().chain(exe).chain(words).filter(|name| !name.is_empty()).collect()
}

fn begins_with(name: &str, manager: &str) -> bool {
    !manager.is_empty() && name.to_lowercase().starts_with(&manager.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_the_name_of_its_process() {
        let own = Caller { uid: 7, gid: 7, pid: rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned() };
        let (program, kind) = program_of(own, &WriteSettings::default());
        assert_eq!(kind, ProgramKind::Persons, "{program:?}");
        assert_eq!(program.uid, rustix::process::geteuid().as_raw(), "of the process, not of the request");
        let managers = vec![program.name.to_uppercase()];
        let settings = WriteSettings { managers, ..WriteSettings::default() };
        assert_eq!(program_of(own, &settings).1, ProgramKind::Manager, "whatever the case");
        let unseen = program_of(Caller { pid: 0, ..own }, &settings);
        assert_eq!(unseen, (Program { name: "an unknown program".to_owned(), uid: 7 }, ProgramKind::Persons));
    }

    #[test]
    fn managers_are_told_by_the_beginning_of_their_name() {
        for (name, manager, is_it) in [
            ("Plex Media Serv", "plex", true),
            ("radarr", "Radarr", true),
            ("Radarr.exe", "Radarr", true),
            ("my-Radarr", "Radarr", false),
            ("bash", "", false),
        ] {
            assert_eq!(begins_with(name, manager), is_it, "{name} {manager}");
        }
    }
}
