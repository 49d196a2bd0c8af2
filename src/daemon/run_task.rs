//! What a task is in calls of phases.

use crate::catalog::{Catalog, CatalogError, EnrichScope, Library, NewJob, PublishMode, Scope, Stamp};
use crate::library::Source;
use crate::model::{AskedBy, EntityId, LibraryId, RelPath, Task, TaskKind, UnixSeconds};
use crate::phase::{self, EnrichReport, Finding, News, PublishReport, ScanReport, back_up_in_rotation};
use crate::player::Access;
use crate::work::{Attendant, EnrichWish, WorkError, Workplace};

/// How many of the things that are wrong are logged; `posterfs verify` tells all.
const FINDINGS_LOGGED: u32 = 100;
const DAY: i64 = 86_400;

/// What a job came to.
#[derive(Debug, Default)]
pub struct Done {
    /// In few words.
    pub outcome: String,
    /// What is to be done because of it.
    pub followed_by: Vec<NewJob>,
}

/// Does it.
pub fn run_task(
    place: &Workplace,
    catalog: &mut Catalog,
    task: &Task,
    attendant: &dyn Attendant,
) -> Result<Done, WorkError> {
    let mut run = Run { place, catalog, attendant, followed_by: Vec::new() };
    let outcome = run.carry_out(task);
    let Run { catalog, followed_by, .. } = run;
    // What was chosen is safe before anybody is told how it went, also where it failed half way.
    let kept = place.keep_journal(catalog);
    let outcome = outcome?;
    kept?;
    Ok(Done { outcome, followed_by })
}

struct Run<'a> {
    place: &'a Workplace,
    catalog: &'a mut Catalog,
    attendant: &'a dyn Attendant,
    followed_by: Vec<NewJob>,
}

impl Run<'_> {
    fn carry_out(&mut self, task: &Task) -> Result<String, WorkError> {
        match task {
            Task::Scan { library } => self.scan(*library),
            Task::ScanFolder { library, folder } => self.scan_folder(*library, folder),
            Task::FollowRename { library, from, to } => self.follow_rename(*library, from, to),
            Task::Import { library, folder } => self.import(*library, folder),
            Task::Enrich { force } => self.enrich_due(*force),
            Task::EnrichItems { items } => self.enrich_items(items),
            Task::Publish { library } => self.publish(*library),
            Task::PublishItems { items } => self.publish_items(items),
            Task::Backup => self.back_up(),
            Task::Notify { player, .. } => self.notify(player),
            Task::Verify { deep } => self.verify(*deep),
            Task::Gc => self.gc(),
            Task::Release { entity, days } => self.release(*entity, *days),
        }
    }

    fn library(&self, id: LibraryId) -> Result<Library, WorkError> {
        Ok(self.catalog.library(id)?.ok_or(CatalogError::NoSuchLibraryId { id })?)
    }

    fn libraries(&self, library: Option<LibraryId>) -> Result<Vec<Library>, WorkError> {
        match library {
            Some(library) => Ok(vec![self.library(library)?]),
            None => Ok(self.catalog.libraries()?),
        }
    }

    /// One library whose disk is not there does not keep the others from being looked at.
    fn scan(&mut self, library: Option<LibraryId>) -> Result<String, WorkError> {
        let _turn = self.place.hold(TaskKind::Scan, self.attendant)?;
        let (mut told, mut failed) = (Vec::new(), None);
        for library in self.libraries(library)? {
            match self.place.scan_library(self.catalog, &library, self.attendant) {
                Ok(report) => told.push(scanned(&report)),
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => failed = Some(error),
            }
        }
        self.place.nudge();
        failed.map_or_else(|| Ok(told.join("; ")), Err)
    }

    fn scan_folder(&mut self, library: LibraryId, folder: &RelPath) -> Result<String, WorkError> {
        let library = self.library(library)?;
        let _turn = self.place.hold(TaskKind::Scan, self.attendant)?;
        let report = self.place.scan_folder(self.catalog, &library, folder, self.attendant)?;
        self.place.nudge();
        Ok(scanned(&report.scan))
    }

    fn follow_rename(&mut self, library: LibraryId, from: &RelPath, to: &RelPath) -> Result<String, WorkError> {
        let library = self.library(library)?;
        let source = Source::from_fd(self.place.source(&library.path)?, library.path.clone());
        let stamp = self.stamp(&format!("rename of {from}"));
        let has_followed = phase::follow_told(self.catalog, &library, &source, (from, to), &stamp)?;
        self.place.nudge();
        Ok(if has_followed { "followed".to_owned() } else { "nothing to follow".to_owned() })
    }

    fn import(&mut self, library: LibraryId, folder: &RelPath) -> Result<String, WorkError> {
        let library = self.library(library)?;
        let turn = self.place.hold(TaskKind::Scan, self.attendant)?;
        let report = self.place.scan_folder(self.catalog, &library, folder, self.attendant)?;
        drop(turn);
        let items = self.catalog.items_in(library.id, &report.folder)?;
        let scope = EnrichScope::DueAmong(items.clone(), self.place.now());
        let enriched = self.place.enrich(self.catalog, wish(scope, false), self.attendant)?;
        let reason = format!("import of {} in {}", report.folder, library.name);
        let published = self.show(Scope::Among(&items), &reason)?;
        Ok([scanned(&report.scan), told_enriched(&enriched), told_published(&published)].join("; "))
    }

    fn enrich_due(&mut self, force: bool) -> Result<String, WorkError> {
        let scope = if force { EnrichScope::All } else { EnrichScope::Due(self.place.now()) };
        Ok(told_enriched(&self.place.enrich(self.catalog, wish(scope, force), self.attendant)?))
    }

    fn enrich_items(&mut self, items: &[EntityId]) -> Result<String, WorkError> {
        let scope = EnrichScope::Items(items.to_vec());
        Ok(told_enriched(&self.place.enrich(self.catalog, wish(scope, false), self.attendant)?))
    }

    fn publish(&mut self, library: Option<LibraryId>) -> Result<String, WorkError> {
        match library {
            Some(library) => Ok(told_published(&self.show(Scope::Libraries(&[library]), "publish")?)),
            None => Ok(told_published(&self.show(Scope::All, "publish")?)),
        }
    }

    fn publish_items(&mut self, items: &[EntityId]) -> Result<String, WorkError> {
        Ok(told_published(&self.show(Scope::Entities(items), "publish")?))
    }

    /// What has come back meanwhile keeps its artwork, and what is no longer known at all has none. What was back in
    /// between is kept for as long once more.
    fn release(&mut self, entity: EntityId, days: u32) -> Result<String, WorkError> {
        let _turn = self.place.hold(TaskKind::Publish, self.attendant)?;
        if self.catalog.entity(entity)?.is_none() {
            return Ok("it is no longer known".to_owned());
        }
        let stamp = self.stamp(&format!("release of {entity}, gone for long"));
        let kept_for = i64::from(days) * DAY;
        let released = self.catalog.release(entity, UnixSeconds::new(stamp.now.get() - kept_for), &stamp)?;
        self.place.nudge();
        if let Some(gone_at) = released.latest_kept {
            let not_before = UnixSeconds::new(gone_at.get() + kept_for);
            self.followed_by.push(NewJob { task: Task::Release { entity, days }, asked_by: AskedBy::Job, not_before });
        }
        Ok(match (released.published.removed, released.latest_kept) {
            (0, None) => "nothing to let go of".to_owned(),
            (0, Some(_)) => "it was back meanwhile, so its artwork is kept for as long once more".to_owned(),
            (removed, _) => format!("{removed} names let go of"),
        })
    }

    fn verify(&mut self, is_deep: bool) -> Result<String, WorkError> {
        let mut told = 0;
        let mut tell = |finding: Finding| {
            told += 1;
            if told <= FINDINGS_LOGGED {
                tracing::warn!(path = %finding.path, "{}: {}", finding.flaw, finding.message);
            }
        };
        let report = self.place.verify(self.catalog, is_deep, self.attendant, &mut tell)?;
        Ok(match report.findings {
            0 => "all is well".to_owned(),
            findings => format!("{findings} things are wrong: `posterfs verify --repair`"),
        })
    }

    fn gc(&mut self) -> Result<String, WorkError> {
        let report = self.place.gc(self.catalog, false, self.attendant)?;
        Ok(format!(
            "{} pictures ({} bytes) to the recycle bin, {} problems",
            report.files, report.bytes, report.problem_count
        ))
    }

    fn back_up(&mut self) -> Result<String, WorkError> {
        let _turn = self.place.hold(TaskKind::Backup, self.attendant)?;
        let (folder, keep) = (self.place.state.backups(), self.place.config.backup.keep);
        let progress = self.attendant.progress("pages");
        let report = back_up_in_rotation(self.catalog, &folder, keep, self.place.now(), progress.as_ref())?;
        Ok(report.path)
    }

    fn notify(&mut self, player: &str) -> Result<String, WorkError> {
        let Some(access) = Access::one(&self.place.config.player, player)? else {
            return Ok("the configuration no longer names it".to_owned());
        };
        let views = self.place.player_views();
        let report = phase::notify(self.catalog, &access, News::Since, &views, false, self.place.now())?;
        match report.error {
            Some(why) => Err(WorkError::NotTold { player: player.to_owned(), why, may_pass: report.may_pass }),
            None => Ok(format!("told of {} changes", report.told.len())),
        }
    }

    fn stamp(&self, reason: &str) -> Stamp {
        Stamp { author: "daemon".to_owned(), reason: reason.to_owned(), now: self.place.now() }
    }

    fn show(&mut self, scope: Scope<'_>, reason: &str) -> Result<PublishReport, WorkError> {
        let stamp = self.stamp(reason);
        self.place.publish(self.catalog, scope, PublishMode::Apply, &stamp, self.attendant)
    }
}

fn wish(scope: EnrichScope, ask_again: bool) -> EnrichWish {
    EnrichWish { scope, ask_again, is_offline: false, is_dry_run: false }
}

fn scanned(report: &ScanReport) -> String {
    format!(
        "{}: {} items, {} new, {} changed, {} missing, {} unreadable",
        report.library, report.seen, report.added, report.changed, report.missing, report.error_count
    )
}

fn told_enriched(report: &EnrichReport) -> String {
    format!(
        "{} items asked for, {} offered, {} chosen, {} problems",
        report.items, report.offered, report.chosen, report.problem_count
    )
}

fn told_published(report: &PublishReport) -> String {
    let published = &report.published;
    format!("{} added, {} changed, {} removed", published.added, published.changed, published.removed)
}
