//! Running `ffprobe`.
//!
//! The file is handed over as standard input, opened by us beneath the root of the library: no name of a file becomes
//! part of a command, and nothing but that file is read (a playlist or a subtitle that names other files leads nowhere).

use std::fs::File;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::model::StreamDetails;

use super::ffprobe::{self, ParseError};

/// What ffprobe writes of a file with 200 streams is far less.
const OUTPUT_BYTES_MAX: u64 = 4 << 20;

/// How often a process that is about to end is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

const ARGUMENTS: &[&str] = &[
    "-v",
    "quiet",
    "-protocol_whitelist",
    "file",
    "-print_format",
    "json",
    "-show_format",
    "-show_streams",
    // Not `pipe:`: a file that is opened anew by this path can be sought in.
    "file:/dev/stdin",
];

/// A way to run `ffprobe`.
#[derive(Debug, Clone)]
pub struct Prober {
    command: Vec<String>,
    timeout: Duration,
}

/// Why a file tells nothing.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The program is not installed, or may not be run.
    #[error("there is no program `{program}` that may be run")]
    NoProgram {
        /// Its name.
        program: String,
    },
    /// It cannot be run.
    #[error("cannot run `{program}`: {source}")]
    Run {
        /// Its name.
        program: String,
        /// The cause.
        source: io::Error,
    },
    /// It took too long, and was ended.
    #[error("`{program}` was not done after {} seconds", timeout.as_secs())]
    Timeout {
        /// Its name.
        program: String,
        /// How long it had.
        timeout: Duration,
    },
    /// It wrote more than a description.
    #[error("`{program}` wrote more than {OUTPUT_BYTES_MAX} bytes")]
    TooMuch {
        /// Its name.
        program: String,
    },
    /// It could make nothing of the file.
    #[error("`{program}` can make nothing of the file")]
    NotUnderstood {
        /// Its name.
        program: String,
    },
    /// It wrote something else.
    #[error("`{program}`: {source}")]
    Output {
        /// Its name.
        program: String,
        /// What is wrong.
        source: ParseError,
    },
}

impl Prober {
    /// Runs that command, of the program and what stands before its arguments (`nice -n 19 ffprobe`), for at most so long
    /// a file.
    #[must_use]
    pub fn new(command: Vec<String>, timeout: Duration) -> Self {
        Self { command, timeout }
    }

    /// Whether the program is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let Ok(nothing) = File::open("/dev/null") else { return false };
        match self.spawn(nothing) {
            Ok(mut child) => {
                let _ = child.kill();
                let _ = child.wait();
                true
            }
            Err(error) => !matches!(error, StreamError::NoProgram { .. }),
        }
    }

    /// What is in a file.
    ///
    /// # Errors
    /// When the program is not there, fails, or takes or writes too much.
    pub fn probe(&self, file: File) -> Result<StreamDetails, StreamError> {
        let program = || self.command.first().cloned().unwrap_or_default();
        let mut child = self.spawn(file)?;
        let begun = Instant::now();
        let result = self.output_of(&mut child, begun);
        // Whatever happened, nothing is left running.
        let _ = child.kill();
        let _ = child.wait();
        let (output, is_success) = result?;
        if !is_success {
            return Err(StreamError::NotUnderstood { program: program() });
        }
        ffprobe::parse(&output).map_err(|source| StreamError::Output { program: program(), source })
    }

    fn spawn(&self, file: File) -> Result<Child, StreamError> {
        let (program, leading) = self.command.split_first().ok_or(StreamError::NoProgram { program: String::new() })?;
        let spawned = Command::new(program)
            .args(leading)
            .args(ARGUMENTS)
            .stdin(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        spawned.map_err(|source| match source.kind() {
            // The latter also where a folder of `PATH` may not be looked into.
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                StreamError::NoProgram { program: program.clone() }
            }
            _ => StreamError::Run { program: program.clone(), source },
        })
    }

    /// What it wrote until it closed its output, and whether it ended well.
    fn output_of(&self, child: &mut Child, begun: Instant) -> Result<(Vec<u8>, bool), StreamError> {
        let program = || self.command.first().cloned().unwrap_or_default();
        let timed_out = || StreamError::Timeout { program: program(), timeout: self.timeout };
        let failed = |source| StreamError::Run { program: program(), source };
        let (sender, receiver) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            // The thread ends with the output: at the latest when the process is killed.
            std::thread::spawn(move || {
                let mut output = Vec::new();
                let read = stdout.take(OUTPUT_BYTES_MAX + 1).read_to_end(&mut output);
                let _ = sender.send(read.map(|_| output));
            });
        }
        let output = match receiver.recv_timeout(self.timeout) {
            Ok(output) => output.map_err(failed)?,
            Err(_) => return Err(timed_out()),
        };
        if output.len() as u64 > OUTPUT_BYTES_MAX {
            return Err(StreamError::TooMuch { program: program() });
        }
        loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => return Ok((output, status.success())),
                None if begun.elapsed() > self.timeout => return Err(timed_out()),
                None => std::thread::sleep(LOOK_EVERY),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A program that is a line of shell; the arguments come behind it.
    fn program(line: &str, timeout: Duration) -> Prober {
        Prober::new(["sh", "-c", line].map(str::to_owned).to_vec(), timeout)
    }

    fn video(content: &[u8]) -> File {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file.reopen().unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_file_is_standard_input_and_the_output_is_understood() {
        let line = r#"test "$(cat)" = "a film" && echo '{"format":{"format_name":"avi","duration":"2.5"}}'"#;
        let details = program(line, LONG).probe(video(b"a film")).unwrap();
        assert_eq!((details.container.as_deref(), details.duration_ms), (Some("avi"), Some(2500)));
        let error = program(line, LONG).probe(video(b"another")).unwrap_err();
        assert!(matches!(error, StreamError::NotUnderstood { .. }), "{error}");
    }

    #[test]
    fn it_is_told_to_read_that_file_only() {
        let line = r#"case "$*" in *"-protocol_whitelist file"*"file:/dev/stdin") echo '{}';; *) exit 1;; esac"#;
        let line = format!(r#"set -- "$0" "$@"; {line}"#);
        assert_eq!(program(&line, LONG).probe(video(b"")).unwrap(), StreamDetails::default());
    }

    #[test]
    fn a_program_that_does_not_end_or_does_not_stop_talking_is_ended() {
        let error = program("exec sleep 600", Duration::from_millis(100)).probe(video(b"")).unwrap_err();
        assert!(matches!(error, StreamError::Timeout { .. }), "{error}");
        let silent = program("exec sleep 600 >&-", Duration::from_millis(100)).probe(video(b"")).unwrap_err();
        assert!(matches!(silent, StreamError::Timeout { .. }), "{silent}");
        let error = program("exec yes", LONG).probe(video(b"")).unwrap_err();
        assert!(matches!(error, StreamError::TooMuch { .. }), "{error}");
        let error = program("echo no json", LONG).probe(video(b"")).unwrap_err();
        assert!(matches!(error, StreamError::Output { .. }), "{error}");
        let none = Prober::new(vec!["/nowhere/ffprobe".into()], LONG).probe(video(b"")).unwrap_err();
        assert!(matches!(none, StreamError::NoProgram { .. }), "{none}");
        assert!(Prober::new(vec![], LONG).probe(video(b"")).is_err());
        assert!(program("exec sleep 600", LONG).is_there());
        for command in [vec!["/nowhere/ffprobe".into()], vec!["/dev/null".into()], vec![]] {
            assert!(!Prober::new(command, LONG).is_there());
        }
    }
}
