//! From a path as a manager sees it to a place in a library.
//!
//! Managers run in containers of their own, or on Windows. What is mapped must lie beneath the root of a library, name by
//! name; nothing is guessed from names that look alike.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::config::{ManagerSettings, PathMapping};
use crate::model::{LibraryId, Name, RelPath};

/// Where paths of one manager lead.
#[derive(Debug)]
pub struct Paths<'a> {
    /// What is set for the manager.
    pub settings: &'a ManagerSettings,
    /// The roots of the libraries.
    pub roots: Vec<(LibraryId, PathBuf)>,
    /// What is mounted where, and what it is a view of.
    pub views: Vec<(PathBuf, PathBuf)>,
}

/// A place in a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The library.
    pub library: LibraryId,
    /// Where beneath its root.
    pub path: RelPath,
}

/// A path that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is on the list of what is to be ignored.
    #[error("`{0}` is ignored by the configuration")]
    Ignored(String),
    /// It could lead anywhere.
    #[error("`{0}` is refused: it is not absolute, or has a `..` in it")]
    NotNormal(String),
    /// It is one of Windows, which means nothing here.
    #[error("`{path}` is a path of Windows: say where that is here, in path_mappings of [manager.{manager}]")]
    Windows {
        /// The path.
        path: String,
        /// Whose.
        manager: &'static str,
    },
    /// It lies in no library.
    #[error(
        "`{path}`{mapped} lies in no library: `posterfs library list` shows them; if it is called otherwise here, say so in \
         path_mappings of [manager.{manager}]; if it is none of ours, name it in ignore_paths there"
    )]
    Elsewhere {
        /// The path.
        path: String,
        /// What became of it, where it is mapped.
        mapped: String,
        /// Whose.
        manager: &'static str,
    },
}

/// A path in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    /// `/`, `c:` or `\\`.
    root: String,
    names: Vec<String>,
}

impl Parts {
    /// Splits a path, as Windows does where it begins as there. `None`: it is relative, or has `..` or NUL in it.
    fn of(path: &str) -> Option<Self> {
        let mut letters = path.chars();
        let drive = (letters.next(), letters.next(), letters.next());
        let (root, rest) = match drive {
            (Some(letter), Some(':'), Some('/' | '\\') | None) if letter.is_ascii_alphabetic() => {
                (format!("{}:", letter.to_ascii_lowercase()), &path[2..])
            }
            (Some('\\'), Some('\\'), _) => (r"\\".to_owned(), &path[2..]),
            (Some('/'), ..) => ("/".to_owned(), path),
            _ => return None,
        };
        let is_separator = |c: char| c == '/' || (c == '\\' && root != "/");
        let names: Vec<String> =
            rest.split(is_separator).filter(|name| !matches!(*name, "" | ".")).map(str::to_owned).collect();
        let is_whole = names.iter().all(|name| name != ".." && !name.contains('\0'));
        is_whole.then_some(Self { root, names })
    }

    fn is_windows(&self) -> bool {
        self.root != "/"
    }

    /// The names behind this path, if it begins with `above`.
    fn behind(&self, above: &Self) -> Option<&[String]> {
        let is_same = |(one, other): (&String, &String)| {
            is_same_name(one, other) || (self.is_windows() && one.to_lowercase() == other.to_lowercase())
        };
        let is_above = self.root == above.root
            && above.names.len() <= self.names.len()
            && self.names.iter().zip(&above.names).all(is_same);
        is_above.then(|| &self.names[above.names.len()..])
    }
}

/// Whether two names are the same, composed or decomposed.
fn is_same_name(one: &str, other: &str) -> bool {
    one == other || (!(one.is_ascii() && other.is_ascii()) && one.nfc().eq(other.nfc()))
}

impl Paths<'_> {
    /// Where the path leads.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn place(&self, path: &str, manager: &'static str) -> Result<Place, PathError> {
        let shown = || path.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>();
        let parts = Parts::of(path).ok_or_else(|| PathError::NotNormal(shown()))?;
        let is_beneath = |above: &String| Parts::of(above).is_some_and(|above| parts.behind(&above).is_some());
        if self.settings.ignore_paths.iter().any(is_beneath) {
            return Err(PathError::Ignored(shown()));
        }
        let mapped = self.mapped(&parts);
        if mapped.is_none() && parts.is_windows() {
            return Err(PathError::Windows { path: shown(), manager });
        }
        let ours = mapped.clone().unwrap_or(parts);
        self.in_library(&ours).ok_or_else(|| {
            let mapped = mapped.map(|parts| format!(", which is /{} here,", parts.names.join("/")));
            PathError::Elsewhere { path: shown(), mapped: mapped.unwrap_or_default(), manager }
        })
    }

    /// By the longest mapping that fits.
    fn mapped(&self, parts: &Parts) -> Option<Parts> {
        let fits = |mapping: &PathMapping| {
            let from = Parts::of(&mapping.from)?;
            let mut to = Parts::of(&mapping.to)?;
            to.names.extend_from_slice(parts.behind(&from)?);
            Some((from.names.len(), to))
        };
        self.settings.path_mappings.iter().filter_map(fits).max_by_key(|(length, _)| *length).map(|(_, to)| to)
    }

    /// In the innermost library; a path in a view means what it is a view of.
    fn in_library(&self, parts: &Parts) -> Option<Place> {
        let beneath_views = self.views.iter().filter_map(|(mountpoint, source)| {
            let behind = behind_path(&parts.names, mountpoint)?;
            let mut names: Vec<String> =
                source.iter().skip(1).map(|name| name.to_string_lossy().into_owned()).collect();
            names.extend_from_slice(behind);
            Some(names)
        });
        std::iter::once(parts.names.clone()).chain(beneath_views).find_map(|names| self.in_root(&names))
    }

    fn in_root(&self, names: &[String]) -> Option<Place> {
        let places = self.roots.iter().filter_map(|(library, root)| {
            let behind = behind_path(names, root)?;
            let path = behind
                .iter()
                .try_fold(RelPath::root(), |folder, name| Name::parse(name.as_bytes()).map(|name| folder.join(&name)));
            Some((behind.len(), Place { library: *library, path: path.ok()? }))
        });
        places.min_by_key(|(length, _)| *length).map(|(_, place)| place)
    }
}

/// The names behind a folder that is known here.
fn behind_path<'a>(names: &'a [String], folder: &Path) -> Option<&'a [String]> {
    let mut behind = names;
    for name in folder.iter().skip(1) {
        let (first, rest) = behind.split_first()?;
        let is_same =
            first.as_bytes() == name.as_bytes() || name.to_str().is_some_and(|name| is_same_name(first, name));
        behind = is_same.then_some(rest)?;
    }
    Some(behind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(mappings: &[(&str, &str)]) -> ManagerSettings {
        let mapping = |(from, to): &(&str, &str)| PathMapping { from: (*from).to_owned(), to: (*to).to_owned() };
        ManagerSettings {
            path_mappings: mappings.iter().map(mapping).collect(),
            ignore_paths: vec!["/other".to_owned()],
            ..ManagerSettings::default()
        }
    }

    fn paths(settings: &ManagerSettings) -> Paths<'_> {
        Paths {
            settings,
            roots: vec![
                (LibraryId::new(1), "/srv/media/films".into()),
                (LibraryId::new(2), "/srv/media/films/4k".into()),
                (LibraryId::new(3), "/srv/am\u{e9}lie".into()),
            ],
            views: vec![("/media".into(), "/srv/media".into())],
        }
    }

    fn place(mappings: &[(&str, &str)], path: &str) -> String {
        let settings = settings(mappings);
        match paths(&settings).place(path, "radarr") {
            Ok(place) => format!("{} {}", place.library, place.path),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn ways_to_say_the_same_folder() {
        const MAPPINGS: &[(&str, &str)] = &[
            ("/movies", "/srv/media/films"),
            ("/movies/uhd/", "/srv/media/films/4k/"),
            ("D:\\Films\\", "/srv/media/films"),
            ("\\\\nas\\films", "/srv/media/films"),
        ];
        for (path, expected) in [
            ("/srv/media/films/Heat (1995)", "1 Heat (1995)"),
            ("/srv/media/films/Heat (1995)/", "1 Heat (1995)"),
            ("//srv//media/./films/Heat", "1 Heat"),
            ("/media/films/Heat", "1 Heat"),
            ("/movies/Heat & Ronin #1 'x'…", "1 Heat & Ronin #1 'x'…"),
            ("/movies", "1 "),
            ("/movies/uhd/Heat", "2 Heat"),
            ("/srv/media/films/4k/Heat", "2 Heat"),
            ("d:\\films\\Heat", "1 Heat"),
            ("D:/Films\\Heat/", "1 Heat"),
            ("\\\\NAS\\Films\\Heat", "1 Heat"),
            ("/srv/ame\u{301}lie/x", "3 x"),
            ("/movies/a\\b", "1 a\\b"),
        ] {
            assert_eq!(place(MAPPINGS, path), expected, "{path}");
        }
    }

    #[test]
    fn what_lies_elsewhere_is_refused_and_the_remedy_named() {
        const MAPPINGS: &[(&str, &str)] = &[("/movies", "/srv/media/films"), ("/broken", "relative")];
        for (path, word) in [
            ("/moviesextra/Heat", "path_mappings of [manager.radarr]"),
            ("/srv/media/filmsx/Heat", "lies in no library"),
            ("/srv/media", "lies in no library"),
            ("/movies/../../etc", "has a `..`"),
            ("/movies/..", "has a `..`"),
            ("C:\\Films\\Heat", "a path of Windows"),
            ("C:\\testpath", "a path of Windows"),
            ("Heat", "not absolute"),
            ("", "not absolute"),
            ("/broken/Heat", "lies in no library"),
            ("/movies/a\0b", "refused"),
            ("/other/Heat", "ignored by the configuration"),
        ] {
            let told = place(MAPPINGS, path);
            assert!(told.starts_with("error:") && told.contains(word), "{path}: {told}");
        }
        let told = place(&[("/movies", "/elsewhere")], "/movies/Heat");
        assert!(told.contains("which is /elsewhere/Heat here"), "{told}");
    }

    proptest! {
        #[test]
        fn nothing_leaves_a_library(path in "[/\\\\A-Za-z:.\u{301}é \0]{0,40}", prefix in prop::sample::select(vec!["", "/movies/", "D:\\Films\\"])) {
            let settings = settings(&[("/movies", "/srv/media/films"), ("D:\\Films", "/srv/media/films")]);
            if let Ok(place) = paths(&settings).place(&format!("{prefix}{path}"), "radarr") {
                prop_assert!(RelPath::parse(place.path.as_bytes()).is_ok());
            }
        }
    }
}
