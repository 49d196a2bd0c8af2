//! Asking a terminal what it can. It may never answer, or not be one that answers: nobody waits for it longer than
//! [`PATIENCE`].

use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// How long an answer may take: terminals answer at once, those at the other end of a slow line within this.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Longer answers are none.
const ANSWER_MAX: usize = 4096;

/// Whether it has kitty's graphics; then what device it is, which every terminal answers, so that its answer ends the other.
const QUESTION: &str = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c";

/// What it answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether it draws by kitty's protocol.
    pub(super) has_kitty: bool,
    /// Whether it draws sixels.
    pub(super) has_sixel: bool,
}

/// Asks the terminal that `input` reads from and `output` writes to.
///
/// # Errors
/// When it is no terminal, or cannot be read or written.
pub(super) fn ask(input: BorrowedFd<'_>, output: &mut impl Write, patience: Duration) -> io::Result<Answer> {
    let _unechoed = Unechoed::new(input)?;
    output.write_all(QUESTION.as_bytes())?;
    output.flush()?;
    let deadline = Instant::now() + patience;
    let mut answer = Vec::new();
    while device(&answer).is_none() && answer.len() < ANSWER_MAX && is_ready(input, deadline)? {
        let mut some = [0; 256];
        match rustix::io::read(input, &mut some) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&some[..count]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(understood(&answer))
}

/// Whether there is something to be read before the deadline.
fn is_ready(input: BorrowedFd<'_>, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::from_borrowed_fd(input, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn understood(answer: &[u8]) -> Answer {
    let has_kitty = answer.windows(11).any(|part| part == b"\x1b_Gi=31;OK\x1b");
    let has_sixel =
        device(answer).is_some_and(|attributes| attributes.split(|byte| *byte == b';').any(|one| one == b"4"));
    Answer { has_kitty, has_sixel }
}

/// What it says of itself, once that is whole: `ESC [ ? 62 ; 4 c` is `62;4`.
fn device(answer: &[u8]) -> Option<&[u8]> {
    let start = answer.windows(3).position(|part| part == b"\x1b[?")? + 3;
    let length = answer[start..].iter().position(|byte| *byte == b'c')?;
    Some(&answer[start..start + length])
}

/// A terminal that hands over what comes at once and does not show it. It is as it was when this is dropped, and what came
/// late is not left to whoever reads next.
struct Unechoed<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Unechoed<'a> {
    fn new(terminal: BorrowedFd<'a>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut during = before.clone();
        during.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        during.special_codes[SpecialCodeIndex::VMIN] = 0;
        during.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Now, &during)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Unechoed<'_> {
    fn drop(&mut self) {
        // It cannot be reached any more then, and there is nothing to be put right.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// Both ends of a terminal: what stands for its screen and keys, and what programs have.
    fn terminal() -> (File, File) {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs: OwnedFd = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        (ours.into(), theirs.into())
    }

    #[test]
    fn a_terminal_that_never_answers_is_waited_for_so_long_and_no_longer() {
        let (_ours, theirs) = terminal();
        let before = tcgetattr(&theirs).unwrap().local_modes;
        let start = Instant::now();
        let answer = ask(theirs.as_fd(), &mut &theirs, Duration::from_millis(50)).unwrap();
        assert_eq!(answer, Answer::default());
        assert!(start.elapsed() >= Duration::from_millis(50), "it was waited for");
        assert_eq!(tcgetattr(&theirs).unwrap().local_modes, before, "it echoes again");
    }

    #[test]
    fn one_that_answers_is_believed() {
        let (mut ours, theirs) = terminal();
        let answering = std::thread::spawn(move || {
            let mut asked = vec![0; QUESTION.len()];
            ours.read_exact(&mut asked).unwrap();
            ours.write_all(b"\x1b_Gi=31;OK\x1b\\").unwrap();
            ours.write_all(b"\x1b[?62;4c").unwrap();
            (ours, asked)
        });
        let answer = ask(theirs.as_fd(), &mut &theirs, Duration::from_secs(60)).unwrap();
        assert_eq!(answer, Answer { has_kitty: true, has_sixel: true });
        assert_eq!(answering.join().unwrap().1, QUESTION.as_bytes());
    }

    #[test]
    fn only_what_is_said_is_understood() {
        for (answer, has_kitty, has_sixel) in [
            (&b""[..], false, false),
            (b"\x1b[?62;4c", false, true),
            (b"\x1b[?4c", false, true),
            (b"\x1b[?62;14;42c", false, false),
            (b"typed\x1b_Gi=31;OK\x1b\\\x1b[?1;2c", true, false),
            (b"\x1b_Gi=31;EINVAL\x1b\\\x1b[?1;2c", false, false),
            (b"\x1b[?62;4", false, false),
        ] {
            assert_eq!(understood(answer), Answer { has_kitty, has_sixel }, "{answer:?}");
        }
    }
}
