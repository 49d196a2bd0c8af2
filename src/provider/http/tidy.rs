//! Throwing kept replies away: what is old, and the oldest of what is too much.
//!
//! A file's mtime is when its reply was had or last found to be the same. The folder is walked twice and nothing is held
//! but the bytes of each day, so memory does not grow with the number of replies.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::NetworkSettings;
use crate::model::UnixSeconds;

use super::replies::Replies;

const DAY: i64 = 86_400;

impl Replies {
    /// Throws away what is older than `network.replies_days`, and the oldest days of what is above
    /// `network.replies_bytes_max`; the present day stays in any case. Logins stay. Returns how many files went.
    ///
    /// # Errors
    /// When a folder cannot be read or a file not be removed.
    pub fn tidy(&self, settings: &NetworkSettings, now: UnixSeconds) -> io::Result<u64> {
        let today = now.get().div_euclid(DAY);
        let mut bytes_of_day: BTreeMap<i64, u64> = BTreeMap::new();
        self.each_file(&mut |_, day, bytes| {
            *bytes_of_day.entry(day).or_default() += bytes;
            Ok(())
        })?;
        let oldest =
            oldest_kept(&bytes_of_day, settings.replies_bytes_max).max(today - i64::from(settings.replies_days));
        let mut removed = 0;
        self.each_file(&mut |path, day, _| {
            if day < oldest.min(today) {
                fs::remove_file(path)?;
                removed += 1;
            }
            Ok(())
        })?;
        Ok(removed)
    }

    /// Every reply: `<provider>/<two digits>/<name>`, with the day and size of its file. What comes and goes meanwhile, as
    /// another run may be under way, is passed over.
    fn each_file(&self, visit: &mut dyn FnMut(&Path, i64, u64) -> io::Result<()>) -> io::Result<()> {
        for provider in entries(self.folder())? {
            for folder in entries(&provider.path())? {
                for file in entries(&folder.path())? {
                    let visited = file.metadata().and_then(|found| match found.is_file() {
                        true => visit(&file.path(), found.mtime().div_euclid(DAY), found.len()),
                        false => Ok(()),
                    });
                    present(visited)?;
                }
            }
        }
        Ok(())
    }
}

/// What is in a folder; nothing when it is none or gone.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = DirEntry> + use<>> {
    let listed = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
        listed => Some(listed?),
    };
    Ok(listed.into_iter().flatten().flatten())
}

fn present(visited: io::Result<()>) -> io::Result<()> {
    match visited {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        visited => visited,
    }
}

/// The first day from which on all days together take at most so much.
fn oldest_kept(bytes_of_day: &BTreeMap<i64, u64>, bytes_max: u64) -> i64 {
    let mut sum = 0;
    for (day, bytes) in bytes_of_day.iter().rev() {
        sum += bytes;
        if sum > bytes_max {
            return day + 1;
        }
    }
    i64::MIN
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const TODAY: i64 = 20_000;

    fn put(folder: &Path, name: &str, day: i64, bytes: usize) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = File::create(path).unwrap();
        file.write_all(&vec![0; bytes]).unwrap();
        let seconds = u64::try_from(day * DAY + 100).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    fn left(folder: &Path) -> Vec<&'static str> {
        let all = ["tmdb/aa/old", "tmdb/ab/a", "tvdb/aa/b", "tvdb/aa/c", "tvdb/token"];
        all.into_iter().filter(|name| folder.join(name).exists()).collect()
    }

    #[test]
    fn what_is_old_goes_and_then_the_oldest_of_what_is_too_much() {
        for (what, days, bytes_max, wanted) in [
            ("enough of both", 400, 1000, vec!["tmdb/aa/old", "tmdb/ab/a", "tvdb/aa/b", "tvdb/aa/c", "tvdb/token"]),
            ("by age", 180, 1000, vec!["tmdb/ab/a", "tvdb/aa/b", "tvdb/aa/c", "tvdb/token"]),
            ("by size", 400, 25, vec!["tvdb/aa/b", "tvdb/aa/c", "tvdb/token"]),
            ("whole days by size", 400, 11, vec!["tvdb/aa/c", "tvdb/token"]),
            ("the present day stays", 0, 0, vec!["tvdb/aa/c", "tvdb/token"]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            put(folder.path(), "tmdb/aa/old", TODAY - 300, 10);
            put(folder.path(), "tmdb/ab/a", TODAY - 20, 10);
            put(folder.path(), "tvdb/aa/b", TODAY - 10, 10);
            put(folder.path(), "tvdb/aa/c", TODAY, 10);
            put(folder.path(), "tvdb/token", TODAY - 300, 10);
            let settings =
                NetworkSettings { replies_days: days, replies_bytes_max: bytes_max, ..NetworkSettings::default() };
            let removed = Replies::in_folder(folder.path()).tidy(&settings, UnixSeconds::new(TODAY * DAY + 5)).unwrap();
            assert_eq!(left(folder.path()), wanted, "{what}");
            assert_eq!(removed as usize, 5 - wanted.len(), "{what}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_tidy() {
        let folder = tempfile::tempdir().unwrap();
        let replies = Replies::in_folder(&folder.path().join("replies"));
        assert_eq!(replies.tidy(&NetworkSettings::default(), UnixSeconds::new(0)).unwrap(), 0);
    }
}
