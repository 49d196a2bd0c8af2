//! Paths as a player sees them: in another container, on another machine, through a share.

use std::path::{Component, Path, PathBuf};

/// One replacement: what lies at or below `from` here is at or below `to` there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// A folder here.
    pub from: PathBuf,
    /// What a player calls it: `/media`, `D:\Media`, `\\nas\media`, `smb://nas/media`.
    pub to: String,
}

/// All replacements of one player. What none of them fits stays as it is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathMap {
    replacements: Vec<Replacement>,
}

impl PathMap {
    /// A map with these replacements, in any order: the longest `from` that fits decides.
    #[must_use]
    pub fn new(mut replacements: Vec<Replacement>) -> Self {
        replacements.sort_by_key(|replacement| std::cmp::Reverse(replacement.from.components().count()));
        Self { replacements }
    }

    /// A path here as the player writes it. `None` for a path that it cannot write, as APIs know only UTF-8.
    #[must_use]
    pub fn there(&self, path: &Path) -> Option<String> {
        for replacement in &self.replacements {
            if let Ok(rest) = path.strip_prefix(&replacement.from) {
                return joined(&replacement.to, rest);
            }
        }
        path.to_str().map(str::to_owned)
    }

    /// The same for a folder, with the separator behind it that tells it from a file.
    #[must_use]
    pub fn folder_there(&self, path: &Path) -> Option<String> {
        let path = self.there(path)?;
        let separator = separator(&path);
        Some(if path.ends_with(separator) { path } else { format!("{path}{separator}") })
    }
}

/// Windows writes its paths with backslashes, and so does who shares from it.
pub(super) fn separator(path: &str) -> char {
    let has_drive = path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && path[1..].starts_with(":\\");
    if has_drive || path.starts_with("\\\\") { '\\' } else { '/' }
}

fn joined(to: &str, rest: &Path) -> Option<String> {
    let separator = separator(to);
    let mut joined = to.trim_end_matches(separator).to_owned();
    for component in rest.components() {
        let Component::Normal(name) = component else { return None };
        joined.push(separator);
        joined.push_str(name.to_str()?);
    }
    Some(if joined.is_empty() { separator.to_string() } else { joined })
}

/// Whether a path of a player lies at or below one of its folders, at a border of names.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches(['/', '\\']);
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> PathMap {
        let replacement = |(from, to): &(&str, &str)| Replacement { from: from.into(), to: (*to).to_owned() };
        PathMap::new(pairs.iter().map(replacement).collect())
    }

    #[test]
    fn the_longest_folder_that_fits_is_replaced() {
        let map = map(&[
            ("/media", "/data"),
            ("/media/films", "smb://nas/films/"),
            ("/media/tv/", "\\\\nas\\tv"),
            ("/music", "D:\\Music\\"),
            ("/books", "/"),
        ]);
        for (here, there) in [
            ("/media", "/data"),
            ("/media/other/a", "/data/other/a"),
            ("/media/films/Heat (1995)", "smb://nas/films/Heat (1995)"),
            ("/media/filmsx/a", "/data/filmsx/a"),
            ("/media/tv/Show/Season 1", "\\\\nas\\tv\\Show\\Season 1"),
            ("/music/Band", "D:\\Music\\Band"),
            ("/books/a", "/a"),
            ("/books", "/"),
            ("/elsewhere/a", "/elsewhere/a"),
        ] {
            assert_eq!(map.there(Path::new(here)).as_deref(), Some(there), "{here}");
        }
        assert_eq!(map.folder_there(Path::new("/music/Band")).as_deref(), Some("D:\\Music\\Band\\"));
        assert_eq!(map.folder_there(Path::new("/books")).as_deref(), Some("/"));
    }

    #[test]
    fn what_no_api_can_say_has_no_path_there() {
        let name = Path::new(OsStr::from_bytes(b"/media/caf\xe9"));
        assert_eq!(map(&[("/media", "/data")]).there(name), None);
        assert_eq!(map(&[]).there(name), None);
        assert_eq!(map(&[("/media", "/data")]).there(Path::new("/media/../etc")), None);
    }

    #[test]
    fn below_ends_at_a_border_of_names() {
        for (path, folder, wanted) in [
            ("/a/b", "/a", true),
            ("/a", "/a/", true),
            ("/ab", "/a", false),
            ("D:\\a\\b", "D:\\a", true),
            ("/a", "/", true),
            ("/A/b", "/a", false),
        ] {
            assert_eq!(is_below(path, folder), wanted, "{path} below {folder}");
        }
    }

    #[test]
    fn separators_are_those_of_the_other_machine() {
        for (path, wanted) in
            [("C:\\x", '\\'), ("\\\\nas\\x", '\\'), ("/x", '/'), ("smb://x", '/'), ("", '/'), ("é", '/')]
        {
            assert_eq!(separator(path), wanted, "{path}");
        }
    }
}
