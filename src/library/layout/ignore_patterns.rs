//! Files that tell players what to pass over: `.ignore` (Jellyfin, Emby) and `.plexignore` (Plex), patterns as in
//! `.gitignore`. They hold for their folder and all beneath; what the nearest one says of a name counts.

use std::collections::BTreeSet;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model::{Name, RelPath};

use super::{Context, EntryKind, FolderListing};

/// More lines of one file are passed over.
const LINES_MAX: usize = 1000;

/// The patterns of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IgnorePatterns {
    /// The folder they lie in.
    pub folder: RelPath,
    /// The text of its files.
    pub text: String,
}

/// Whether a folder may hold such a file by that name.
#[must_use]
pub fn is_ignore_file(name: &Name) -> bool {
    matches!(name.as_bytes(), b".ignore" | b".plexignore")
}

/// The patterns that hold in a folder, the nearest last.
pub(super) fn patterns_in(folder: &FolderListing, context: &Context) -> Vec<IgnorePatterns> {
    let own = (!folder.ignore_text.trim().is_empty())
        .then(|| IgnorePatterns { folder: folder.path.clone(), text: folder.ignore_text.clone() });
    context.patterns.iter().cloned().chain(own).collect()
}

/// The entries of a folder that its patterns pass over.
pub(super) fn ignored_entries(folder: &FolderListing, patterns: &[IgnorePatterns]) -> BTreeSet<Name> {
    let matchers: Vec<(&RelPath, Gitignore)> =
        patterns.iter().map(|patterns| (&patterns.folder, matcher(&patterns.text))).collect();
    let is_ignored = |name: &Name, is_folder: bool| {
        let path = folder.path.join(name);
        let matched = matchers.iter().rev().find_map(|(base, matcher)| {
            match matcher.matched(path.strip_prefix(base)?.as_path(), is_folder) {
                Match::None => None,
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
            }
        });
        matched.unwrap_or(false)
    };
    let ignored = folder.entries.iter().filter(|entry| is_ignored(&entry.name, entry.kind == EntryKind::Folder));
    ignored.map(|entry| entry.name.clone()).collect()
}

/// Lines that are no patterns say nothing.
fn matcher(text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    // Players on Windows and macOS do not mind the case of letters, and libraries are shared.
    let _ = builder.case_insensitive(true);
    for line in text.lines().take(LINES_MAX) {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
