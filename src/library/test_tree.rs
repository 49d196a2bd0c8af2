//! Small trees for the tests of this module.

use std::fs;
use std::path::Path;

/// A folder with those files, all empty.
pub(super) fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        touch(&root.path().join(file));
    }
    root
}

/// Makes an empty file, and the folders that it lies in.
pub(super) fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path).unwrap();
}
