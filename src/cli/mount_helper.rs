//! `mount.posterfs`: what `mount(8)` calls for `mount -t posterfs` and for lines of `/etc/fstab`.
//!
//! Its arguments are `SOURCE MOUNTPOINT [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]`, its exit codes those of
//! `mount(8)`. A source that is no path (`none`, `posterfs`) means that the view covers the mount point's own folder.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

/// The name under which the program is a helper of `mount(8)`.
const NAME: &str = "mount.posterfs";
/// `mount(8)`: incorrect invocation.
const USAGE: u8 = 1;
/// `mount(8)`: mount failure.
const FAILED: u8 = 32;

/// What `mount(8)` asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// The command line of our own that does it.
    Mount(Vec<OsString>),
    /// Only pretend.
    Nothing,
}

/// What is asked for, when the program was called under the helper's name; else `None`.
pub fn asked(arguments: &[OsString]) -> Option<Result<Asked, String>> {
    let name = Path::new(arguments.first()?).file_name()?;
    (name == NAME).then(|| understand(&arguments[1..]))
}

/// Runs `mount` as the helper, which tells by its exit code only.
pub fn run(asked: Result<Asked, String>, command: impl FnOnce(Vec<OsString>) -> ExitCode) -> ExitCode {
    match asked {
        Ok(Asked::Nothing) => ExitCode::SUCCESS,
        Ok(Asked::Mount(arguments)) => match command(arguments) {
            done if done == ExitCode::SUCCESS => done,
            _ => ExitCode::from(FAILED),
        },
        Err(why) => {
            eprintln!("{NAME}: {why}; usage: {NAME} SOURCE MOUNTPOINT [-sfnv] [-o OPTIONS]");
            ExitCode::from(USAGE)
        }
    }
}

fn understand(arguments: &[OsString]) -> Result<Asked, String> {
    let mut places = Vec::new();
    let mut options = Vec::new();
    let (mut is_fake, mut is_verbose) = (false, false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{} lacks its value", argument.to_string_lossy()));
        match argument.as_bytes() {
            b"-o" => options.extend(value()?.as_bytes().split(|byte| *byte == b',')),
            b"-t" | b"-N" => drop(value()?),
            [b'-', letters @ ..] if !letters.is_empty() => {
                for letter in letters {
                    match letter {
                        b'f' => is_fake = true,
                        b'v' => is_verbose = true,
                        // Tolerate options (we do), do not write mtab (there is none).
                        b's' | b'n' => {}
                        _ => return Err(format!("there is no option {}", argument.to_string_lossy())),
                    }
                }
            }
            _ => places.push(argument.as_os_str()),
        }
    }
    let [source, mountpoint] = places[..] else { return Err("it takes a source and a mount point".to_owned()) };
    Ok(if is_fake { Asked::Nothing } else { Asked::Mount(command_line(source, mountpoint, &options, is_verbose)) })
}

/// The options `state=` and `config=` are for the program, the others for the mount.
fn command_line(source: &OsStr, mountpoint: &OsStr, options: &[&[u8]], is_verbose: bool) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["posterfs".into()];
    line.extend(is_verbose.then(|| "-v".into()));
    let mut words = Vec::new();
    for option in options {
        match option.split_at_checked(option.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1)) {
            Some((b"state=", folder)) => line.extend(["--state".into(), OsString::from_vec(folder.to_vec())]),
            Some((b"config=", file)) => line.extend(["--config".into(), OsString::from_vec(file.to_vec())]),
            _ => words.push(*option),
        }
    }
    line.extend(["mount".into(), "--silent".into()]);
    if !words.is_empty() {
        line.extend(["-o".into(), OsString::from_vec(words.join(&b','))]);
    }
    if source.as_bytes().contains(&b'/') {
        line.extend(["--source".into(), source.to_owned()]);
    }
    line.extend(["--".into(), mountpoint.to_owned()]);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Option<Result<Asked, String>> {
        asked(&words.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn mount(words: &str) -> String {
        match line(words) {
            Some(Ok(Asked::Mount(line))) => {
                line.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
            }
            other => panic!("{words}: {other:?}"),
        }
    }

    #[test]
    fn what_mount_asks_becomes_a_command_line() {
        assert_eq!(
            mount("/sbin/mount.posterfs /media /view -o rw,noauto,state=/srv/state"),
            "posterfs --state /srv/state mount --silent -o rw,noauto --source /media -- /view"
        );
        assert_eq!(mount("mount.posterfs none /media"), "posterfs mount --silent -- /media");
        assert_eq!(
            mount("mount.posterfs /media /media -s -v -n -t posterfs -o ro,config=/etc/p.toml"),
            "posterfs -v --config /etc/p.toml mount --silent -o ro --source /media -- /media"
        );
        assert_eq!(line("mount.posterfs none /media -f").unwrap(), Ok(Asked::Nothing));
        assert_eq!(line("/usr/bin/posterfs mount /media"), None);
        for wrong in [
            "mount.posterfs",
            "mount.posterfs a",
            "mount.posterfs a b c",
            "mount.posterfs a b -x",
            "mount.posterfs a b -o",
        ] {
            assert!(line(wrong).unwrap().is_err(), "{wrong}");
        }
    }
}
