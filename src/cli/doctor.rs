//! `posterfs doctor`

use clap::Args;

use crate::control::{Answer, Request, ask, mounts};
use crate::doctor::{self, Finding, Verdict};

use super::Outcome;
use super::context::Context;
use super::output::{one_line, without_numbers};

/// Look what keeps posterfs from working here, and tell what to do about it.
///
/// Each line is `ok`, `warn` (it works, but slower or less safely than it could) or `fail`. Nothing is changed. It ends
/// with exit code 3 when something fails.
///
/// For example, only what is wrong: `posterfs doctor --json | jq 'select(.verdict != "ok")'`.
#[derive(Debug, Args)]
pub struct Doctor {}

impl Doctor {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut findings = doctor::machine();
        findings.push(doctor::videos(&context.prober()));
        findings.extend(doctor::state(&context.state));
        findings.extend(of_catalog(context));
        findings.extend(of_mounts(context));
        findings.extend(doctor::dead_mounts());
        findings.iter_mut().for_each(|finding| finding.message = without_numbers(&finding.message));
        context.output.list(&findings, text)?;
        let has_failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
        Ok(if has_failed { Outcome::Problems } else { Outcome::Done })
    }
}

/// What only the catalog knows: the libraries, and when something was published last.
fn of_catalog(context: &Context) -> Vec<Finding> {
    if !context.state.database().exists() {
        return vec![doctor::clock(context.now(), None)];
    }
    let read = || -> anyhow::Result<_> {
        let catalog = context.catalog_to_read()?;
        Ok((catalog.libraries()?, catalog.history(None, 1)?))
    };
    let (libraries, history) = match read() {
        Ok(read) => read,
        Err(error) => return vec![Finding::fail("catalog", one_line(&error), "see the state folder above")],
    };
    let mut findings = vec![doctor::clock(context.now(), history.first().map(|generation| generation.at))];
    for library in libraries {
        let opened = context.source(&library.path).map_err(|error| one_line(&error));
        findings.extend(doctor::library(&library.path, opened));
    }
    findings
}

fn of_mounts(context: &Context) -> Vec<Finding> {
    let run = context.state.run();
    let look = |mount: crate::control::MountInfo| match ask(&run, &mount.mountpoint, Request::Status) {
        Ok(Answer::Status(counters)) => doctor::mount(&mount.mountpoint, Ok(&counters)),
        Ok(_) => doctor::mount(&mount.mountpoint, Err("the answer is not understood".to_owned())),
        Err(error) => doctor::mount(&mount.mountpoint, Err(error.to_string())),
    };
    mounts(&run).into_iter().map(look).collect()
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
