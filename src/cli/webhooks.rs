//! `posterfs webhooks`

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::catalog::ReceivedWebhook;
use crate::control::{DaemonRequest, ask_daemon};
use crate::http::webhook::{Reception, replay};
use crate::model::WebhookId;

use super::Outcome;
use super::context::Context;
use super::output::{local_time, table};

/// How many webhooks are listed unless asked for more.
const LIMIT: u32 = 50;

/// What Radarr, Sonarr and Lidarr have told, and what became of it.
///
/// A manager never sends again what was refused. Put right what was wrong (mostly `path_mappings` in `[manager.radarr]`, …), then
/// replay it.
///
/// For example: `posterfs webhooks`, then `posterfs webhooks replay 17`.
#[derive(Debug, Args)]
pub struct WebhooksCommand {
    #[command(subcommand)]
    action: Option<Action>,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = LIMIT)]
    limit: u32,
    /// Only those before this one: the next page.
    #[arg(long, value_name = "WEBHOOK")]
    before: Option<i64>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take a webhook of the list once more, as if it came now.
    ///
    /// What it asks for is done by the daemon; without one it waits for one.
    ///
    /// For example: `posterfs webhooks replay 17`.
    Replay {
        /// Its number.
        webhook: i64,
    },
}

#[derive(Debug, Serialize)]
struct Row {
    id: i64,
    time: i64,
    manager: String,
    event: String,
    outcome: String,
    told: String,
    bytes: u64,
}

impl WebhooksCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if let Some(Action::Replay { webhook }) = self.action {
            return again(context, WebhookId::new(webhook));
        }
        let received = context.catalog_to_read()?.webhooks(self.before.map(WebhookId::new), self.limit)?;
        let rows: Vec<Row> = received.into_iter().map(Row::from).collect();
        context.output.list(&rows, text)?;
        Ok(Outcome::Done)
    }
}

fn again(context: &Context, webhook: WebhookId) -> anyhow::Result<Outcome> {
    let run = context.state.run();
    let reception = replay(&mut context.catalog()?, context, webhook)?;
    // Without a daemon its jobs wait for one.
    let _ = ask_daemon(&run, &DaemonRequest::Jobs);
    context.output.result(&reception, told)?;
    Ok(if reception.outcome == "refused" { Outcome::Problems } else { Outcome::Done })
}

impl From<ReceivedWebhook> for Row {
    fn from(webhook: ReceivedWebhook) -> Self {
        Self {
            id: webhook.id.get(),
            time: webhook.received_at.get(),
            manager: webhook.manager,
            event: webhook.event,
            outcome: webhook.outcome,
            told: webhook.told,
            bytes: webhook.bytes,
        }
    }
}

fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no manager has told anything; docs/http.md says how to set one up".to_owned();
    }
    let cells = rows.iter().map(|row| {
        let (id, when) = (row.id.to_string(), local_time(row.time));
        vec![id, when, row.manager.clone(), row.event.clone(), row.outcome.clone(), row.told.clone()]
    });
    table(&["WEBHOOK", "TIME", "MANAGER", "EVENT", "OUTCOME", "TOLD"], cells)
}

fn told(reception: &Reception) -> String {
    let jobs: Vec<String> = reception.jobs.iter().map(ToString::to_string).collect();
    let jobs = if jobs.is_empty() { String::new() } else { format!(" (jobs {})", jobs.join(", ")) };
    format!("{}, as webhook {}: {}{jobs}", reception.outcome, reception.id, reception.told)
}
