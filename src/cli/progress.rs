//! Progress bars on stderr: only where a person looks at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use crate::phase::Progress;

use super::output::Output;

/// A progress bar, or nothing at all.
#[derive(Debug)]
pub struct Bar {
    bar: Mutex<ProgressBar>,
    is_shown: bool,
    noun: &'static str,
}

impl Bar {
    /// A bar that counts `noun`s.
    pub fn new(output: Output, noun: &'static str) -> Self {
        Self { bar: Mutex::new(ProgressBar::hidden()), is_shown: output.shows_progress(), noun }
    }
}

impl Progress for Bar {
    fn start(&self, total: Option<u64>) {
        if !self.is_shown {
            return;
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{bar:30} {pos}/{len} {msg}, {per_sec}, {eta} left",
            None => "{spinner} {pos} {msg}, {per_sec}",
        };
        // The templates are constants, so a wrong one would be seen at once; the default style is good enough then.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(self.noun);
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
