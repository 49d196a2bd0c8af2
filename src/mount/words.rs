//! The words behind `-o`, on the command line, in `/etc/fstab` and in the configuration.

use std::time::Duration;

use rustix::mount::MountFlags;

use crate::model::GenerationId;
use crate::phase::Shows;

use super::options::{MountError, MountOptions, patience};

/// Words that say something to `mount(8)`, the boot process or a desktop, and nothing to us.
const NOT_FOR_US: &[&str] = &[
    "defaults",
    "auto",
    "noauto",
    "nofail",
    "_netdev",
    "user",
    "nouser",
    "users",
    "owner",
    "group",
    "nonempty",
    "async",
    "atime",
    "relatime",
    "norelatime",
    "diratime",
    "nolazytime",
    "strictatime",
    "nostrictatime",
    "mand",
    "nomand",
    "iversion",
    "noiversion",
    "silent",
    "loud",
    "dev",
    "suid",
    "exec",
    "allow_other",
    "default_permissions",
    "nosymfollow_",
];

/// The same, for words with a value or with any ending: labels of security modules, comments.
const NOT_FOR_US_BY_BEGINNING: &[&str] = &[
    "x-",
    "X-",
    "context=",
    "fscontext=",
    "defcontext=",
    "rootcontext=",
    "comment=",
    "uhelper=",
    "helper=",
    "fsname=",
    "subtype=",
    "user=",
];

/// Words that are flags of `mount(2)`.
const FLAGS: &[(&str, MountFlags)] = &[
    ("nosuid", MountFlags::NOSUID),
    ("nodev", MountFlags::NODEV),
    ("noexec", MountFlags::NOEXEC),
    ("noatime", MountFlags::NOATIME),
    ("nodiratime", MountFlags::NODIRATIME),
    ("sync", MountFlags::SYNCHRONOUS),
    ("dirsync", MountFlags::DIRSYNC),
    ("lazytime", MountFlags::LAZYTIME),
];

const THREADS: &str = "give a number of threads from 1 to 256";
const SECONDS: &str = "give a number of seconds, 0 or more";
const GENERATION: &str = "give a number from `posterfs history`";
const LIBRARY: &str = "it belongs behind `naming=` with a profile that makes a tree of one library";
const ONE_THING: &str = "a view shows one thing: profiles, a generation, or what is pending";
const UNKNOWN: &str = "there is no such option; there are ro, rw, attr_timeout=SECONDS, entry_timeout=SECONDS, \
                       source_timeout=SECONDS, threads=N, poke, nopoke, naming=A+B, library=NAME, generation=N, pending, \
                       the flags of mount(8) such as nosuid and noexec, and what /etc/fstab says to others (nofail, _netdev, \
                       x-…), which is passed over";

impl MountOptions {
    /// Takes in one word; a later one overrides an earlier one.
    ///
    /// # Errors
    /// [`MountError::Option`] when there is no such word, or its value makes no sense.
    pub fn apply(&mut self, word: &str) -> Result<(), MountError> {
        let failed = |why| MountError::Option { word: word.to_owned(), why };
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "pending" if value.is_empty() => self.show(Shows::Pending).map_err(failed)?,
            "generation" => {
                let number = value.parse().map_err(|_| failed(GENERATION))?;
                self.show(Shows::Generation(GenerationId::new(number))).map_err(failed)?;
            }
            "naming" => {
                // A comma would begin the next word.
                let profiles = value.replace('+', ",").parse().map_err(MountError::Profiles)?;
                self.show(Shows::Profiles(profiles, None)).map_err(failed)?;
            }
            "library" => match &mut self.shows {
                Some(Shows::Profiles(_, library)) => *library = Some(value.to_owned()),
                _ => return Err(failed(LIBRARY)),
            },
            "poke" => self.pokes = true,
            "nopoke" => self.pokes = false,
            "attr_timeout" => {
                self.attr_timeout = seconds(value).ok_or_else(|| failed(SECONDS))?;
                self.has_chosen_timeouts = true;
            }
            "entry_timeout" => {
                self.entry_timeout = seconds(value).ok_or_else(|| failed(SECONDS))?;
                self.has_chosen_timeouts = true;
            }
            "source_timeout" => {
                self.source_timeout = patience(seconds(value).ok_or_else(|| failed(SECONDS))?);
            }
            "threads" => {
                let threads = value.parse().ok().filter(|threads| (1..=256).contains(threads));
                self.threads = threads.ok_or_else(|| failed(THREADS))?;
            }
            _ => match FLAGS.iter().find(|(name, _)| *name == word) {
                Some((_, flag)) => self.flags |= *flag,
                None if is_for_others(word) => {}
                None => return Err(failed(UNKNOWN)),
            },
        }
        Ok(())
    }

    /// A view shows one thing.
    fn show(&mut self, shows: Shows) -> Result<(), &'static str> {
        if self.shows.is_some() {
            return Err(ONE_THING);
        }
        self.shows = Some(shows);
        Ok(())
    }
}

fn is_for_others(word: &str) -> bool {
    word.is_empty() || NOT_FOR_US.contains(&word) || NOT_FOR_US_BY_BEGINNING.iter().any(|start| word.starts_with(start))
}

fn seconds(value: &str) -> Option<Duration> {
    value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Limits;
    use crate::config::Config;

    fn applied(words: &str) -> Result<MountOptions, MountError> {
        let mut options = MountOptions::new("/view".into(), "/media".into(), &Config::default(), Limits::default());
        words.split(',').try_for_each(|word| options.apply(word))?;
        Ok(options)
    }

    #[test]
    fn what_stands_in_a_table_of_file_systems_is_understood() {
        let plain = applied("").unwrap();
        for words in [
            "defaults",
            "_netdev,nofail,noauto,user,defaults,nonempty,context=system_u:object_r:media_t:s0,x-systemd.automount",
            "rw,dev,suid,exec,async,allow_other,x-gvfs-show,X-mount.mkdir,comment=a film or two",
        ] {
            let options = applied(words).unwrap();
            assert_eq!((options.read_only, options.flags), (plain.read_only, plain.flags), "{words}");
        }
        assert!(applied("rw,ro").unwrap().read_only);
        assert!(!applied("ro,rw").unwrap().read_only);
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NOATIME;
        assert_eq!(applied("nosuid,noexec,noatime").unwrap().flags, flags);
        let named = applied("naming=kodi+plex").unwrap();
        assert_eq!(named.shows.as_ref().map(ToString::to_string).as_deref(), Some("the names of kodi,plex"));
        assert!(!named.is_read_only() && applied("pending").unwrap().is_read_only());
        assert!(applied("naming=kometa,library=films").unwrap().is_read_only());
        assert!(applied("pending,generation=3").is_err());
        let patience = |words| applied(words).unwrap().source_timeout;
        assert_eq!(patience("ro"), Some(Duration::from_secs(30)));
        assert_eq!(
            (patience("source_timeout=1.5"), patience("source_timeout=0")),
            (Some(Duration::from_millis(1500)), None)
        );
        let timed = applied("attr_timeout=2.5,threads=3").unwrap();
        assert_eq!((timed.attr_timeout, timed.threads), (Duration::from_millis(2500), 3));
        assert!(timed.has_chosen_timeouts && !plain.has_chosen_timeouts);
    }

    #[test]
    fn what_makes_no_sense_is_told_by_name() {
        for word in [
            "readonly",
            "attr_timeout=soon",
            "source_timeout=never",
            "entry_timeout=-1",
            "threads=0",
            "threads=1000",
            "attr_timeout",
            "contexts=",
        ] {
            let message = applied(word).unwrap_err().to_string();
            assert!(message.contains(&format!("`{word}`")), "{message}");
        }
    }
}
