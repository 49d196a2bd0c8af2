//! What the daemon logs, and how.
//!
//! Lines go to stderr. As text: where that is the journal, each begins with its priority (`<6>`), and time and colour are
//! left to the journal; as JSON: one object a line, with every field.

use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::Arc;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, reload};

use super::ServeError;

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people, and for the journal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Changes what is logged while the daemon runs.
#[derive(Clone)]
pub struct LogLevel(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl LogLevel {
    /// Logs that much from now on: `info`, `info,posterfs::provider=debug`, …
    ///
    /// # Errors
    /// When that is no level.
    pub fn set(&self, level: &str) -> Result<(), ServeError> {
        let failed = || ServeError::Level(level.to_owned());
        let filter = EnvFilter::from_str(level).map_err(|_| failed())?;
        (self.0)(filter).map_err(|_| failed())
    }
}

/// Begins to log. `is_journal`: stderr is the journal.
pub fn start(format: LogFormat, is_journal: bool) -> LogLevel {
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let is_terminal = std::io::stderr().is_terminal();
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text if is_journal => {
            lines.with_ansi(false).event_format(Journal(Format::default().without_time())).boxed()
        }
        LogFormat::Text => lines.with_ansi(is_terminal).boxed(),
    };
    // Whoever has begun before (a test) goes on.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    LogLevel(Arc::new(move |filter| handle.reload(filter)))
}

/// Lines with the priority that the journal reads.
struct Journal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// As in syslog(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
