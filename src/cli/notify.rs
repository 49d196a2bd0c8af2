//! `posterfs notify`

use clap::Args;
use serde::Serialize;

use crate::config::Config;
use crate::model::{EntityId, ItemRef};
use crate::phase::{self, News, NotifyReport};
use crate::player::Access;

use super::context::Context;
use super::{Outcome, item};

/// Tell Kodi, Jellyfin, Emby and Plex that artwork has changed.
///
/// Players keep copies of pictures and look again at what they know only when they are told to. `posterfs serve` tells them
/// after each change by itself; this tells them now: what has changed since each of them was told last, or the items that
/// are named. Of up to 50 items each one is looked up and refreshed; of more the player looks through whole libraries.
///
/// Who is told stands in the configuration: `[player.kodi] url`, `user`, `password`; `[player.jellyfin] url`, `key`; likewise
/// `emby` and `plex`; and `path_mappings = [{ from = "/media", to = "/data" }]` where a player sees the files
/// elsewhere. A player that is off is told the next time.
///
/// For example: `posterfs notify --dry-run`, `posterfs notify "Heat (1995)" --player kodi`.
#[derive(Debug, Args)]
pub struct Notify {
    /// Tell of these items, whatever the players know already. Default: what has changed.
    #[arg(value_parser = item::parser())]
    items: Vec<ItemRef>,
    /// Tell of all libraries.
    #[arg(long, conflicts_with = "items")]
    all: bool,
    /// Only this player. Default: all that the configuration names.
    #[arg(long, value_name = "PLAYER", value_parser = ["kodi", "jellyfin", "emby", "plex"])]
    player: Vec<String>,
    /// Ask the players what they know, show what they would be told, and tell nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    report: NotifyReport,
    dry_run: bool,
}

impl Notify {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let items: Vec<EntityId> =
            self.items.iter().map(|item| Ok(item::find(context, &catalog, item)?.id)).collect::<anyhow::Result<_>>()?;
        let news = match (self.all, items.as_slice()) {
            (true, _) => News::Everything,
            (false, []) => News::Since,
            (false, items) => News::Items(items),
        };
        let players = self.players(&context.config)?;
        let views = context.player_views();
        let mut rows = Vec::new();
        for access in &players {
            let report = phase::notify(&mut catalog, access, news, &views, self.dry_run, context.now())?;
            rows.push(Row { report, dry_run: self.dry_run });
        }
        context.output.list(&rows, |rows| rows.iter().map(text).collect::<Vec<_>>().join("\n"))?;
        let has_failed = rows.iter().any(|row| row.report.error.is_some());
        Ok(if has_failed { Outcome::Problems } else { Outcome::Done })
    }

    fn players(&self, config: &Config) -> anyhow::Result<Vec<Access>> {
        let mut players = Access::all(&config.player)?;
        if let Some(missing) = self.player.iter().find(|word| players.iter().all(|p| p.kind.to_string() != **word)) {
            anyhow::bail!("the configuration names no {missing}: set `url` in [player.{missing}]");
        }
        anyhow::ensure!(
            !players.is_empty(),
            "the configuration names no player: set `url` in [player.kodi], [player.jellyfin], [player.emby] or \
             [player.plex]"
        );
        if !self.player.is_empty() {
            players.retain(|access| self.player.contains(&access.kind.to_string()));
        }
        Ok(players)
    }
}

fn text(row: &Row) -> String {
    let report = &row.report;
    let head = match (&report.error, report.told.len()) {
        (Some(error), _) if report.may_pass => {
            format!("{}: not told, and tried again the next time: {error}", report.player)
        }
        (Some(error), _) => format!("{}: not told: {error}", report.player),
        (None, 0) => format!("{}: nothing to tell", report.player),
        (None, _) if row.dry_run => format!("{}: would be told", report.player),
        (None, _) => format!("{}: told", report.player),
    };
    let told = report.told.iter().map(|told| format!("  {}: {}", told.command, told.about));
    std::iter::once(head).chain(told).collect::<Vec<_>>().join("\n")
}
