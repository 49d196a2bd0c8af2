//! `posterfs verify`

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Stamp};
use crate::model::{TaskKind, UnixSeconds};
use crate::phase::{Affected, Finding, LibraryTree, Rate, Repaired, VerifyReport, VerifyRequest, verify};
use crate::work::{Attendant, FINDINGS_MAX, RepairWish, VerifySummary};

use super::Outcome;
use super::context::Context;
use super::output::{byte_size, counted};
use super::scan::chosen;

/// Look whether everything is whole, and repair what is not.
///
/// Compares the catalog with the cache, with the folders of the libraries, with what was exported, and with itself: what
/// is missing, has another size, cannot be read, is known to nobody, or leads where it should not. With --deep every file
/// of the cache is read, too, and its bytes are held against its name; such a run may be stopped at any time, and the next
/// one goes on from there. Nothing is changed by looking, and media is never touched.
///
/// With --repair, what is missing or damaged is taken again from wherever the same bytes are: an exported copy, the
/// recycle bin, the file it came from, the provider. If nobody has them, the next candidate is chosen, but never for what
/// is locked. Damaged files and files that nobody knows go to the recycle bin.
///
/// It ends with exit code 3 when something is wrong that was not repaired.
///
/// For example: `posterfs verify`, `posterfs verify --repair --dry-run`, `posterfs verify --deep --since 30 --rate 50MB/s`
/// every night reads each file once a month.
#[derive(Debug, Args)]
pub struct Verify {
    /// Only what belongs to these libraries. Default: everything.
    libraries: Vec<String>,
    /// Read every file of the cache.
    #[arg(long)]
    deep: bool,
    /// Read no file that was read in the last so many days.
    #[arg(long, value_name = "DAYS", requires = "deep")]
    since: Option<u32>,
    /// Read no more than that in a second, as 50MB/s or 10MiB.
    #[arg(long, value_name = "RATE", requires = "deep")]
    rate: Option<Rate>,
    /// Repair what is wrong.
    #[arg(long)]
    repair: bool,
    /// Tell what would be repaired, and how; change nothing.
    #[arg(long, requires = "repair")]
    dry_run: bool,
    /// Download nothing for repairs.
    #[arg(long, requires = "repair")]
    offline: bool,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    #[serde(flatten)]
    repaired: Option<&'a Repaired>,
}

impl Verify {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = if self.repair { context.catalog()? } else { context.catalog_to_read()? };
        let trees = context.trees(chosen(&catalog, &self.libraries)?);
        // Looking alone works where nothing can be written.
        let is_noted = self.repair || self.deep;
        let _turn = is_noted.then(|| context.turn(TaskKind::Verify)).transpose()?;
        let mut findings = Vec::new();
        let report = self.look(context, &mut catalog, &trees, &mut findings)?;
        let mut repaired = 0;
        if self.repair {
            repaired = self.repair(context, &mut catalog, &trees, &findings, &report)?;
        } else if !context.output.is_json() {
            findings.iter().try_for_each(|finding| print(context, finding, None))?;
        }
        let summary = VerifySummary::new(report, repaired);
        context.output.result(&summary, |summary| text(summary, self.dry_run))?;
        Ok(if summary.left > 0 { Outcome::Problems } else { Outcome::Done })
    }

    fn look(
        &self,
        context: &Context,
        catalog: &mut Catalog,
        trees: &[LibraryTree],
        findings: &mut Vec<Finding>,
    ) -> anyhow::Result<VerifyReport> {
        let cache = context.cache_to_read()?;
        let now = context.now();
        let request = VerifyRequest {
            trees,
            is_everything: self.libraries.is_empty(),
            is_deep: self.deep,
            since: self.since.map(|days| UnixSeconds::new(now.get() - i64::from(days) * 86_400)),
            rate: self.rate,
            now,
        };
        // Programs are told at once, as a deep run takes hours.
        let is_told_at_once = context.output.is_json() && !self.repair;
        let mut printed = Ok(());
        let bar = context.output.progress("files");
        let report = verify(catalog, &cache, &request, bar.as_ref(), &mut |finding| {
            if is_told_at_once {
                if printed.is_ok() {
                    printed = print(context, &finding, None);
                }
            } else if findings.len() < FINDINGS_MAX {
                findings.push(finding);
            }
        })?;
        printed?;
        Ok(report)
    }

    fn repair(
        &self,
        context: &Context,
        catalog: &mut Catalog,
        trees: &[LibraryTree],
        findings: &[Finding],
        report: &VerifyReport,
    ) -> anyhow::Result<u64> {
        let stamp = Stamp { author: context.author(), reason: "verify --repair".to_owned(), now: context.now() };
        let wish = RepairWish { stamp, is_offline: self.offline, is_dry_run: self.dry_run };
        let mut printed = Ok(());
        let mut done = |finding: &Finding, repaired: &Repaired| {
            if printed.is_ok() {
                printed = print(context, finding, Some(repaired));
            }
        };
        let found = (findings, report.run);
        let repaired = context.repair(catalog, trees, found, &wish, &context.output, &mut done)?;
        printed?;
        Ok(repaired)
    }
}

fn print(context: &Context, finding: &Finding, repaired: Option<&Repaired>) -> anyhow::Result<()> {
    context.output.result(&Line { finding, repaired }, finding_text)
}

fn finding_text(line: &Line<'_>) -> String {
    let finding = line.finding;
    let mut lines = vec![format!("{}: {}", finding.flaw, finding.path), format!("    {}", finding.message)];
    lines.extend(finding.affects.iter().map(affected_text));
    lines.push(match line.repaired {
        None => format!("    repair: {}", finding.repair.words()),
        Some(Repaired::Repaired(how)) => format!("    repaired: {how}"),
        Some(Repaired::Would(how)) => format!("    would be repaired: {how}"),
        Some(Repaired::Left(why)) => format!("    NOT REPAIRED: {why}"),
    });
    lines.join("\n")
}

fn affected_text(affected: &Affected) -> String {
    let mut line = format!("    {} of {} (item {})", affected.image_type, affected.title, affected.item);
    if affected.selected {
        line.push_str(if affected.locked { ", selected and locked" } else { ", selected" });
    }
    if !affected.shown.is_empty() {
        line.push_str(&format!(", shown at {}", affected.shown.join(", ")));
    }
    line
}

fn text(summary: &VerifySummary, is_dry_run: bool) -> String {
    let report = &summary.report;
    let mut lines = Vec::new();
    if report.resumed {
        lines.push("this run went on with one that was stopped".to_owned());
    }
    lines.push(format!(
        "{} in the cache, {}, {}, {} looked at",
        counted(report.files, "file", "files"),
        counted(report.mappings, "mapping", "mappings"),
        counted(report.originals, "original", "originals"),
        counted(report.exported, "exported file", "exported files"),
    ));
    if report.deep {
        let read = counted(report.read, "file", "files");
        lines.push(format!("{read} read ({}), {} read before", byte_size(report.read_bytes), report.read_before));
    }
    lines.push(if report.findings == 0 {
        "everything is whole".to_owned()
    } else {
        let kinds: Vec<String> = report.by_flaw.iter().map(|(flaw, count)| format!("{count} {flaw}")).collect();
        let findings = counted(report.findings, "finding", "findings");
        let rest = if summary.left == 0 || is_dry_run || summary.repaired == 0 {
            String::new()
        } else {
            format!(", {} left", summary.left)
        };
        format!("{findings} ({}), {} repaired{rest}", kinds.join(", "), summary.repaired)
    });
    lines.join("\n")
}
