//! `posterfs doctor`

use std::time::Duration;

use clap::Args;

use crate::control::{Answer, MountInfo, Request, ask, mounts};
use crate::doctor::{self, Finding, Verdict};
use crate::mount::open_beneath;
use crate::phase;
use crate::player::Access;
use crate::provider::providers;

use super::Outcome;
use super::context::Context;
use super::output::{one_line, without_numbers};

/// Look what keeps posterfs from working here, and tell what to do about it.
///
/// Each line is `ok`, `warn` (it works, but slower or less safely than it could) or `fail`. Nothing is changed. It ends
/// with exit code 3 when something fails. Providers with a key and the players of the configuration are asked whether they
/// answer, ten seconds at most.
///
/// For example, only what is wrong: `posterfs doctor --json | jq 'select(.verdict != "ok")'`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Ask nobody on the network.
    #[arg(long)]
    offline: bool,
}

/// How long a provider or player may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Doctor {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mounts = ask_mounts(context);
        let mut findings = doctor::machine();
        findings.extend(doctor::guards());
        findings.push(doctor::videos(&context.prober()));
        findings.extend(doctor::state(&context.state));
        findings.extend(of_catalog(context, &mounts));
        findings.extend(
            mounts.iter().map(|(mount, told)| doctor::mount(&mount.mountpoint, told.as_ref().map_err(Clone::clone))),
        );
        findings.extend(doctor::dead_mounts());
        findings.extend(doctor::keys(&context.config.provider));
        let file = context.config_file.as_deref();
        let has_secrets = file.is_some_and(|file| !context.config.secrets_of_file(file).is_empty());
        findings.extend(doctor::exposed_keys(file, has_secrets));
        findings.push(doctor::listening(&context.config.http));
        if !self.offline && !context.config.network.offline {
            findings.extend(doctor::certificates(crate::net::knows_authorities()));
            findings.extend(of_network(context));
        }
        findings.iter_mut().for_each(|finding| finding.message = without_numbers(&finding.message));
        context.output.list(&findings, text)?;
        let has_failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
        Ok(if has_failed { Outcome::Problems } else { Outcome::Done })
    }
}

/// Providers and players, as far as the configuration is right.
fn of_network(context: &Context) -> Vec<Finding> {
    // Asked anew, once, and nothing of it is kept.
    let mut surroundings = context.surroundings(true, false);
    (surroundings.replies, surroundings.network.retries) = (None, 0);
    let wrong = |error: anyhow::Error| Finding::fail("config", one_line(&error), "see `posterfs config`");
    let mut findings = Vec::new();
    let providers = providers(&context.config.provider, &surroundings);
    let providers = providers.unwrap_or_else(|error| {
        findings.push(wrong(error.into()));
        Vec::new()
    });
    let players = Access::all(&context.config.player).unwrap_or_else(|error| {
        findings.push(wrong(error.into()));
        Vec::new()
    });
    match phase::reach(&providers, &players, PATIENCE) {
        Ok(all) => findings.extend(all.iter().flat_map(doctor::reached)),
        Err(error) => findings.push(wrong(error.into())),
    }
    findings
}

/// What only the catalog knows: the libraries, and when something was published last.
fn of_catalog(context: &Context, mounts: &[(MountInfo, Told)]) -> Vec<Finding> {
    if !context.state.database().exists() {
        return vec![doctor::clock(context.now(), None)];
    }
    let read = || -> anyhow::Result<_> {
        let catalog = context.catalog_to_read()?;
        Ok((catalog.libraries()?, catalog.history(None, 1)?, catalog.last_verification()?))
    };
    let (libraries, history, verified) = match read() {
        Ok(read) => read,
        Err(error) => return vec![Finding::fail("catalog", one_line(&error), "see the state folder above")],
    };
    let mut findings = vec![doctor::clock(context.now(), history.first().map(|generation| generation.at))];
    findings.push(doctor::verified(verified, context.now()));
    for library in libraries {
        let is_beneath = |mount: &MountInfo| library.path.starts_with(&mount.source);
        if mounts.iter().any(|(mount, told)| is_beneath(mount) && told.as_ref().is_ok_and(doctor::is_silent)) {
            findings.push(doctor::unanswered(&library.path));
            continue;
        }
        let (run, path) = (context.state.run(), library.path.clone());
        let open = move || open_beneath(&run, &path).map_err(|error| one_line(&error.into()));
        findings.extend(doctor::library(&library.path, open));
    }
    findings
}

/// What a mount tells of itself, or why it does not.
type Told = Result<serde_json::Value, String>;

fn ask_mounts(context: &Context) -> Vec<(MountInfo, Told)> {
    let run = context.state.run();
    let told = |mount: &MountInfo| match ask(&run, &mount.mountpoint, Request::Status) {
        Ok(Answer::Status(counters)) => Ok(counters),
        Ok(_) => Err("the answer is not understood".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    mounts(&run).into_iter().map(|mount| (mount.clone(), told(&mount))).collect()
}

fn text(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let line = format!("{:<4}  {:<12} {}", finding.verdict.as_str(), finding.check, finding.message);
        match &finding.remedy {
            Some(remedy) => format!("{line}\n                   → {remedy}"),
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
