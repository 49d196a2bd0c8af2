//! Progress bars on stderr: only where a person looks at a terminal, which may be that of another process.

use std::fmt::Write;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use parking_lot::Mutex;

use crate::control::{Caller, Frame};
use crate::phase::Progress;

use super::output::Output;

/// A progress bar, or nothing at all.
#[derive(Debug)]
pub struct Bar {
    bar: Mutex<ProgressBar>,
    is_shown: bool,
    noun: String,
}

impl Bar {
    /// A bar that counts `noun`s.
    pub fn new(output: &Output, noun: &str) -> Self {
        Self { bar: Mutex::new(ProgressBar::hidden()), is_shown: output.shows_progress(), noun: noun.to_owned() }
    }
}

impl Progress for Bar {
    fn start(&self, total: Option<u64>) {
        if !self.is_shown {
            return;
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{bar:30} {pos}/{len} {msg}, {rate}, {eta} left",
            None => "{spinner} {pos} {msg}, {rate}",
        };
        // The templates are constants, so a wrong one would be seen at once; the default style is good enough then.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let rate = |state: &ProgressState, f: &mut dyn Write| {
            let _ = write!(f, "{:.0}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate));
        bar.set_message(self.noun.clone());
        *self.bar.lock() = bar;
    }

    fn extend(&self, steps: u64) {
        self.bar.lock().inc_length(steps);
    }

    fn advance(&self, steps: u64) {
        self.bar.lock().inc(steps);
    }

    fn finish(&self) {
        self.bar.lock().finish_and_clear();
    }
}

/// A progress bar at the terminal of another process, which may have the work stopped.
#[derive(Debug)]
pub struct Told<'a> {
    pub caller: &'a Arc<Caller>,
    pub noun: &'static str,
    pub is_shown: bool,
}

impl Told<'_> {
    fn tell(&self, frame: &Frame) {
        if self.is_shown {
            self.caller.tell(frame);
        }
    }
}

impl Progress for Told<'_> {
    fn start(&self, total: Option<u64>) {
        self.tell(&Frame::Start { noun: self.noun.to_owned(), total });
    }

    fn extend(&self, steps: u64) {
        self.tell(&Frame::Extend(steps));
    }

    fn advance(&self, steps: u64) {
        self.tell(&Frame::Advance(steps));
    }

    fn finish(&self) {
        self.tell(&Frame::Finish);
    }

    fn is_cancelled(&self) -> bool {
        self.caller.is_stopped()
    }
}
