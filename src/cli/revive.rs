//! A mount in the background that dies of itself begins anew.
//!
//! Memory that cannot be had, or a mistake of ours, ends the process by `abort`, and what it leaves is a dead mount:
//! every program gets "transport endpoint is not connected" until somebody mounts again. A service has a supervisor for
//! that; a mount that `posterfs mount` or `/etc/fstab` has put into the background has nobody. So it runs its own program
//! again, in its own place, which clears the dead mount and makes a new one. Who kills it (SIGKILL, SIGTERM) wants it gone.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use signal_hook::consts::SIGABRT;

/// How often in a row it begins anew.
const REVIVALS_MAX: u8 = 3;
/// Whoever has lived for so long has not died of what it died of before.
const LONG_LIFE: Duration = Duration::from_secs(60);
/// The option that counts.
const OPTION: &str = "--revivals";

/// Has the process begin anew when it aborts; `revivals` is how often that has happened. `arguments` are those of
/// `posterfs mount`, with the name of the program and without [`OPTION`].
///
/// # Errors
/// When an argument cannot be passed on, or the signal not be caught.
pub fn revive_on_abort(arguments: impl IntoIterator<Item = OsString>, revivals: u8) -> anyhow::Result<()> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let (again, anew) = (command_line(&arguments, revivals.saturating_add(1))?, command_line(&arguments, 1)?);
    let begun = Instant::now();
    let revive = move || {
        match begun.elapsed() {
            lived if lived >= LONG_LIFE => run(&anew),
            _ if revivals < REVIVALS_MAX => run(&again),
            _ => {}
        }
        let _ = signal_hook::low_level::emulate_default_handler(SIGABRT);
    };
    // SAFETY: everything that is called is async-signal-safe: the clock, the signal mask, `execv`, dying. All memory was made before.
    unsafe { signal_hook::low_level::register(SIGABRT, revive) }.context("cannot catch SIGABRT")?;
    Ok(())
}

/// The arguments of this process without what [`OPTION`] has added to them.
pub fn without_revivals(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let command = arguments.iter().position(|argument| argument == "mount");
    if let Some(at) = command.map(|at| at + 1).filter(|&at| arguments.get(at).is_some_and(|word| word == OPTION)) {
        arguments.drain(at..(at + 2).min(arguments.len()));
    }
    arguments
}

/// A command line as `execv` wants it.
struct CommandLine {
    pointers: Vec<*const libc::c_char>,
    _arguments: Vec<CString>,
}

// SAFETY: the pointers lead into the strings beside them, which nobody changes.
unsafe impl Send for CommandLine {}
// SAFETY: likewise.
unsafe impl Sync for CommandLine {}

fn command_line(arguments: &[OsString], revivals: u8) -> anyhow::Result<CommandLine> {
    let (program, rest) = arguments.split_first().context("there is no program name")?;
    // Before everything else that follows the command: behind `--` there are no options.
    let command = rest.iter().position(|argument| argument == "mount").context("this is no `posterfs mount`")?;
    let (before, after) = rest.split_at(command + 1);
    let counted = [OsString::from(OPTION), revivals.to_string().into()];
    let all = [program].into_iter().chain(before).chain(&counted).chain(after);
    let strings = all.map(|argument| CString::new(argument.clone().into_vec()));
    let arguments = strings.collect::<Result<Vec<_>, _>>()?;
    let pointers = arguments.iter().map(|argument| argument.as_ptr()).chain([std::ptr::null()]).collect();
    Ok(CommandLine { pointers, _arguments: arguments })
}

/// Becomes that program; returns only when it cannot.
fn run(line: &CommandLine) {
    // SAFETY: a set of signals that is initialised before it is used; an array of strings that ends with a null pointer.
    unsafe {
        let mut signals = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut signals);
        // The mask goes over to the new program, and while a signal is handled it is blocked.
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const signals, std::ptr::null_mut());
        libc::execv(c"/proc/self/exe".as_ptr(), line.pointers.as_ptr());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_is_said_right_behind_the_command() {
        let words = ["posterfs", "--state", "/s", "mount", "--foreground", "--", "mount"].map(OsString::from);
        let line = command_line(&words, 2).unwrap();
        let line: Vec<_> = line._arguments.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(line.join(" "), "posterfs --state /s mount --revivals 2 --foreground -- mount");
        assert!(command_line(&["posterfs".into()], 1).is_err());
        let again = line.iter().map(|word| OsString::from(*word));
        assert_eq!(without_revivals(again), words);
        assert_eq!(without_revivals(words.clone().into_iter()), words);
    }
}
