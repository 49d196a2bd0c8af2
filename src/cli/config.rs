//! `posterfs config`

use clap::Args;

use super::Outcome;
use super::context::Context;
use super::output::table;

/// The configuration in force, and where each value comes from.
///
/// A configuration file is never needed. To change a value, write its section and key into the file that `--config`
/// names (default: /etc/posterfs/config.toml for root, ~/.config/posterfs/config.toml for others); `view.threads` is
/// `threads = 16` below `[view]`. Keys may also come from the environment or from systemd credentials (`tmdb_key`, …), and
/// are never shown: those of providers (`POSTERFS_TMDB_KEY`, `POSTERFS_TVDB_KEY`, `POSTERFS_TVDB_PIN`,
/// `POSTERFS_FANARTTV_KEY`, `POSTERFS_FANARTTV_CLIENT_KEY`), of players (`POSTERFS_JELLYFIN_KEY`,
/// `POSTERFS_KODI_PASSWORD`, …) and of the API (`POSTERFS_API_KEY`). To see what came of it: `posterfs --config my.toml
/// config`.
#[derive(Debug, Args)]
pub struct ConfigCommand {}

impl ConfigCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let settings = context.config.settings(context.config_file.as_deref());
        context.output.list(&settings, |settings| {
            let cells = settings.iter().map(|setting| {
                vec![setting.key.clone(), setting.value.to_string(), setting.source.as_str().to_owned()]
            });
            table(&["KEY", "VALUE", "SOURCE"], cells)
        })?;
        Ok(Outcome::Done)
    }
}
