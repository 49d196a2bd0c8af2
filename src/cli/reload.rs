//! `posterfs reload`

use clap::Args;

use crate::control::{Answer, DaemonRequest, ask_daemon};

use super::Outcome;
use super::context::Context;

/// Have the daemon read its configuration again.
///
/// Mounts that are new begin, those that are no longer named end; keys, schedule and log level hold at once. A configuration that is
/// wrong changes nothing, and is told here and in the log. SIGHUP does the same.
///
/// For example: `posterfs reload`; `posterfs reload --log-level info,posterfs::provider=debug` to look closer for a while.
#[derive(Debug, Args)]
pub struct Reload {
    /// Read nothing, but log that much until the configuration is read again.
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl Reload {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let request = self.log_level.map_or(DaemonRequest::Reload, DaemonRequest::Level);
        match ask_daemon(&context.state.run(), &request) {
            Ok(Answer::Failed(why)) => anyhow::bail!(why),
            Ok(_) => Ok(Outcome::Done),
            Err(error) if error.kind() == std::io::ErrorKind::Other => Err(error.into()),
            Err(_) => anyhow::bail!(
                "no daemon is running on {}; `posterfs serve` starts one",
                super::output::show_path(context.state.path())
            ),
        }
    }
}
