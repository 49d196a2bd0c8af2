//! Having a command done by the daemon, and showing what it answers as if it had been done here.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::control::{Call, Frame, call_daemon};
use crate::phase::Progress;

use super::context::Context;
use super::output::print;
use super::progress::Bar;

/// The exit code; `None` when no daemon is running. Ctrl-C ends this process, and with that the work in the daemon.
pub fn call(context: &Context, arguments: Vec<OsString>) -> anyhow::Result<Option<u8>> {
    let call = Call {
        arguments: arguments.into_iter().map(OsString::into_vec).collect(),
        directory: context.directory.as_os_str().as_bytes().to_vec(),
        shows_progress: context.output.shows_progress(),
    };
    let (mut bar, mut printed) = (None, Ok(()));
    let show = |frame| match frame {
        Frame::Out(text) => {
            if let Err(error) = print(&text) {
                printed = Err(error);
            }
        }
        Frame::Err(text) => eprint!("{text}"),
        Frame::Start { noun, total } => bar.insert(Bar::new(&context.output, &noun)).start(total),
        Frame::Extend(steps) => bar.iter().for_each(|bar| bar.extend(steps)),
        Frame::Advance(steps) => bar.iter().for_each(|bar| bar.advance(steps)),
        Frame::Finish => bar.take().iter().for_each(Progress::finish),
        Frame::End(_) => {}
    };
    let code = call_daemon(&context.state.run(), call, show)?;
    printed.map(|()| code)
}
