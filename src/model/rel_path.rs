//! Paths beneath a library's root.
//!
//! A [`RelPath`] cannot leave the folder it is meant for: it has no `..`, no leading slash and no NUL byte. File names
//! are bytes, not always UTF-8; they are shown with [`show_bytes`], which never loses a byte.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::{Serialize, Serializer};

/// One component of a path: not empty, not `.` or `..`, without slash or NUL.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

/// A path beneath some root: components joined by single slashes, empty for the root itself.
///
/// The order is that of the bytes, so everything beneath `a` lies between `a/` and `a0`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RelPath(Vec<u8>);

/// Why some bytes are no path beneath a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelPathError {
    /// It begins with a slash.
    #[error("the path is absolute")]
    Absolute,
    /// It has a component `..`.
    #[error("the path has a component `..`")]
    Parent,
    /// It has a component `.`, an empty one, or a trailing slash.
    #[error("the path is not normalised")]
    NotNormal,
    /// It contains a NUL byte.
    #[error("the path contains a NUL byte")]
    Nul,
}

impl Name {
    /// Takes the bytes as one component.
    ///
    /// # Errors
    /// When they are empty, `.`, `..`, or hold a slash or NUL.
    pub fn parse(bytes: &[u8]) -> Result<Self, RelPathError> {
        check_name(bytes).map(|()| Self(bytes.into()))
    }

    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as the operating system takes it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }
}

fn check_name(bytes: &[u8]) -> Result<(), RelPathError> {
    match bytes {
        b"" | b"." => Err(RelPathError::NotNormal),
        b".." => Err(RelPathError::Parent),
        _ if bytes.contains(&0) => Err(RelPathError::Nul),
        _ if bytes.contains(&b'/') => Err(RelPathError::NotNormal),
        _ => Ok(()),
    }
}

impl RelPath {
    /// The root itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Takes the bytes as a path beneath a root. No bytes are the root.
    ///
    /// # Errors
    /// When the path is absolute, not normalised, has `..` or NUL.
    pub fn parse(bytes: &[u8]) -> Result<Self, RelPathError> {
        if bytes.is_empty() {
            return Ok(Self::root());
        }
        if bytes[0] == b'/' {
            return Err(RelPathError::Absolute);
        }
        bytes.split(|&b| b == b'/').try_for_each(check_name)?;
        Ok(Self(bytes.to_vec()))
    }

    /// The bytes of the path.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as the operating system takes it: relative, empty for the root.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// Whether this is the root itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path of an entry of this folder.
    #[must_use]
    pub fn join(&self, name: &Name) -> Self {
        if self.is_root() {
            return Self(name.0.to_vec());
        }
        Self([self.0.as_slice(), b"/", &name.0].concat())
    }

    /// The path of something beneath this folder.
    #[must_use]
    pub fn concat(&self, below: &Self) -> Self {
        if self.is_root() || below.is_root() {
            return if self.is_root() { below.clone() } else { self.clone() };
        }
        Self([self.0.as_slice(), b"/", below.0.as_slice()].concat())
    }

    /// The folder that holds it and its name there; `None` for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, Name)> {
        let name_start = self.0.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
        let name = Name::parse(&self.0[name_start..]).ok()?;
        Some((Self(self.0[..name_start.saturating_sub(1)].to_vec()), name))
    }

    /// The folder that holds it; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.split_last().map(|(parent, _)| parent)
    }

    /// Its last component; `None` for the root.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        self.0.rsplit(|&b| b == b'/').next().and_then(|name| Name::parse(name).ok())
    }

    /// The components from the root down.
    pub fn components(&self) -> impl Iterator<Item = Name> + '_ {
        self.0.split(|&b| b == b'/').filter_map(|part| Name::parse(part).ok())
    }

    /// The rest of the path beneath `folder`: the root when both are equal, `None` when it lies elsewhere.
    #[must_use]
    pub fn strip_prefix(&self, folder: &Self) -> Option<Self> {
        if folder.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(folder.0.as_slice())?;
        match rest.first() {
            None => Some(Self::root()),
            Some(b'/') => Some(Self(rest[1..].to_vec())),
            Some(_) => None,
        }
    }
}

/// Shows bytes of a file name: valid UTF-8 as it is, except control characters; every other byte as `\xNN`.
#[must_use]
pub fn show_bytes(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                shown.extend(c.escape_default());
            } else {
                shown.push(c);
            }
        }
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shown
}

macro_rules! shown_as_bytes {
    ($type:ty, $name:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&show_bytes(&self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($name, "({:?})"), show_bytes(&self.0))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

shown_as_bytes!(Name, "Name");
shown_as_bytes!(RelPath, "RelPath");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_could_leave_the_root_is_refused() {
        for (text, error) in [
            ("/etc/passwd", RelPathError::Absolute),
            ("/", RelPathError::Absolute),
            ("..", RelPathError::Parent),
            ("a/../b", RelPathError::Parent),
            ("a/..", RelPathError::Parent),
            ("a//b", RelPathError::NotNormal),
            ("a/", RelPathError::NotNormal),
            ("./a", RelPathError::NotNormal),
            ("a\0b", RelPathError::Nul),
        ] {
            assert_eq!(RelPath::parse(text.as_bytes()), Err(error), "{text:?}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_are_kept_and_shown() {
        let odd = RelPath::parse(b"Am\xe9lie/\xff\n").unwrap();
        assert_eq!(odd.as_bytes(), b"Am\xe9lie/\xff\n");
        assert_eq!(odd.to_string(), "Am\\xe9lie/\\xff\\n");
        assert_eq!(path("Amélie …").to_string(), "Amélie …");
    }

    #[test]
    fn parts_and_wholes() {
        let deep = path("a/b/c");
        assert_eq!(deep.parent(), Some(path("a/b")));
        assert_eq!(deep.name().unwrap().as_bytes(), b"c");
        assert_eq!(path("a").split_last(), Some((RelPath::root(), Name::parse(b"a").unwrap())));
        assert_eq!(RelPath::root().split_last(), None);
        assert_eq!(deep.strip_prefix(&path("a")), Some(path("b/c")));
        assert_eq!(deep.strip_prefix(&path("a/b/c")), Some(RelPath::root()));
        assert_eq!(path("ab/c").strip_prefix(&path("a")), None);
        assert_eq!(deep.strip_prefix(&RelPath::root()), Some(deep.clone()));
        assert_eq!(RelPath::root().concat(&deep), deep);
        assert_eq!(deep.components().count(), 3);
        assert_eq!(RelPath::root().components().count(), 0);
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_what_is_taken_stays_inside(bytes: Vec<u8>) {
            if let Ok(path) = RelPath::parse(&bytes) {
                prop_assert_eq!(path.as_bytes(), &bytes[..]);
                prop_assert!(path.as_path().is_relative());
                prop_assert!(path.components().all(|name| name.as_bytes() != b".."));
                let rebuilt = path.components().fold(RelPath::root(), |folder, name| folder.join(&name));
                prop_assert_eq!(rebuilt, path);
            }
        }
    }
}
