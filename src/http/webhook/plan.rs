//! From what a manager tells to what is to be done about it: decided at once, so that the answer can tell; done later.

use crate::catalog::{Catalog, CatalogError, NewJob, ToldIds};
use crate::config::{Config, ManagerSettings};
use crate::model::{AskedBy, EntityType, Task, UnixSeconds};

use super::event::{DeleteReason, Event, Manager, Subject, Webhook};
use super::paths::{PathError, Paths, Place};

/// How long is waited for the rest of a burst, in seconds: a season pack is one event for each file and one for all.
const BURST: i64 = 3;
/// Within how many seconds the scan has seen that something is gone, which is since when it counts as gone.
const UNTIL_MISSING: i64 = 600;

const DAY: i64 = 86_400;

/// What becomes of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It is done.
    Do {
        /// What.
        jobs: Vec<NewJob>,
        /// Ids that it tells.
        ids: Option<ToldIds>,
        /// What that comes to, for people.
        told: String,
    },
    /// There is nothing to do, for this reason.
    Ignore(String),
    /// It cannot be done, for this reason.
    Refuse(String),
}

/// What a plan is made with.
pub struct Planner<'a> {
    /// Who tells.
    pub manager: Manager,
    /// Where its paths lead.
    pub paths: Paths<'a>,
    /// The present time.
    pub now: UnixSeconds,
}

impl<'a> Planner<'a> {
    /// What it takes to make plans of what a manager tells: `views` is what is mounted where.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn new(
        manager: Manager,
        config: &'a Config,
        catalog: &Catalog,
        views: Vec<(std::path::PathBuf, std::path::PathBuf)>,
        now: UnixSeconds,
    ) -> Result<Self, CatalogError> {
        let roots = catalog.libraries()?.into_iter().map(|library| (library.id, library.path)).collect();
        let paths = Paths { settings: settings(config, manager), roots, views };
        Ok(Self { manager, paths, now })
    }

    /// What is to be done.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn plan(&self, webhook: &Webhook, catalog: &Catalog) -> Result<Plan, CatalogError> {
        match &webhook.event {
            Event::Test => Ok(Plan::Ignore("a test: it works".to_owned())),
            Event::Other => Ok(Plan::Ignore(format!("`{}` does not concern artwork", webhook.name))),
            Event::FileRemoved { reason: DeleteReason::Upgrade, .. } => {
                Ok(Plan::Ignore("a better file comes at once: everything stays".to_owned()))
            }
            Event::Removed { files_are_gone: false, .. } => {
                Ok(Plan::Ignore("its files stay where they are".to_owned()))
            }
            Event::Import(of) | Event::Added(of) => Ok(self.placed(of, |place| self.import(of, place))),
            Event::Renamed { of, moves } => Ok(self.placed(of, |place| {
                let moved =
                    moves.iter().filter_map(|one| Some((self.place(&one.from).ok()?, self.place(&one.to).ok()?)));
                self.renamed(place, moved)
            })),
            Event::Removed { of, .. } | Event::FileRemoved { of, .. } => match self.folder(of) {
                Ok(place) => self.gone(&place, catalog),
                Err(plan) => Ok(*plan),
            },
        }
    }

    fn placed(&self, of: &Subject, make: impl FnOnce(&Place) -> Plan) -> Plan {
        match self.folder(of) {
            Ok(place) => make(&place),
            Err(plan) => *plan,
        }
    }

    /// Where the folder of an item is, or what becomes of the event otherwise.
    fn folder(&self, of: &Subject) -> Result<Place, Box<Plan>> {
        let Some(folder) = &of.folder else {
            let why = "the event names no folder; a scan will find what has changed".to_owned();
            return Err(Box::new(Plan::Refuse(why)));
        };
        self.place(folder).map_err(|error| {
            Box::new(match error {
                PathError::Ignored(_) => Plan::Ignore(error.to_string()),
                _ => Plan::Refuse(error.to_string()),
            })
        })
    }

    fn place(&self, path: &str) -> Result<Place, PathError> {
        self.paths.place(path, self.manager.as_str())
    }

    fn job(&self, task: Task, wait: i64) -> NewJob {
        let not_before = UnixSeconds::new(self.now.get().saturating_add(wait));
        NewJob { task, asked_by: AskedBy::Webhook, not_before }
    }

    fn import(&self, of: &Subject, place: &Place) -> Plan {
        let Place { library, path } = place.clone();
        let ids =
            ToldIds { library, folder: path.clone(), ids: of.ids.clone(), source: self.manager.as_str().to_owned() };
        let told = format!("`{path}` is scanned, enriched and published");
        let jobs = vec![self.job(Task::Import { library, folder: path }, BURST)];
        Plan::Do { jobs, ids: (!ids.ids.is_empty()).then_some(ids), told }
    }

    /// Mappings follow each file; then the folder is looked at, which finds the rest.
    fn renamed(&self, place: &Place, moved: impl Iterator<Item = (Place, Place)>) -> Plan {
        let Place { library, path } = place.clone();
        let follow = moved.filter(|(from, to)| from.library == library && to.library == library && from != to);
        let follow = follow.map(|(from, to)| self.job(Task::FollowRename { library, from: from.path, to: to.path }, 0));
        let mut jobs: Vec<NewJob> = follow.collect();
        let told = match jobs.len() {
            0 => format!("`{path}` is scanned for what was renamed"),
            files => format!("{files} renamed files of `{path}` are followed"),
        };
        jobs.push(self.job(Task::Import { library, folder: path }, BURST));
        Plan::Do { jobs, ids: None, told }
    }

    /// What is gone becomes missing, and after a while lets go of its artwork.
    fn gone(&self, place: &Place, catalog: &Catalog) -> Result<Plan, CatalogError> {
        let Place { library, path } = place.clone();
        let days = self.paths.settings.release_after;
        let mut jobs = vec![self.job(Task::ScanFolder { library, folder: path.clone() }, BURST)];
        for entity in catalog.entities_at(library, &path)? {
            let is_whole = matches!(entity.entity_type, EntityType::Movie | EntityType::Series | EntityType::Artist);
            if is_whole && entity.path == path && days > 0 {
                jobs.push(self.job(Task::Release { entity: entity.id, days }, i64::from(days) * DAY + UNTIL_MISSING));
            }
        }
        let told = match (jobs.len(), days) {
            (1, _) | (_, 0) => format!("`{path}` is scanned for what is gone"),
            _ => format!(
                "`{path}` is scanned for what is gone; what does not come back keeps its artwork for {days} days"
            ),
        };
        Ok(Plan::Do { jobs, ids: None, told })
    }
}

fn settings(config: &Config, manager: Manager) -> &ManagerSettings {
    match manager {
        Manager::Radarr => &config.manager.radarr,
        Manager::Sonarr => &config.manager.sonarr,
        Manager::Lidarr => &config.manager.lidarr,
    }
}
