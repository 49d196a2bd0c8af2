//! What a run came to.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{EntityId, ImageType};

/// How many problems a report lists; more would not be read.
const PROBLEMS_MAX: usize = 1000;
/// How many choices of a dry run are listed.
const PLANNED_MAX: usize = 10_000;

/// What enriching came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct EnrichReport {
    /// Items that were looked at.
    pub items: u64,
    /// Items that nobody was asked about: unmonitored, or everything locked.
    pub left_alone: u64,
    /// Items that got an id in this run.
    pub identified: u64,
    /// Items whose ids are not known; `list --unidentified` shows them.
    pub unidentified: u64,
    /// Candidates that were offered.
    pub offered: u64,
    /// Pictures that were chosen where there was none.
    pub chosen: u64,
    /// Pictures that were chosen instead of others.
    pub replaced: u64,
    /// Pictures that were downloaded.
    pub downloaded: u64,
    /// Their size in bytes.
    pub downloaded_bytes: u64,
    /// Pictures that were chosen without a download, as they were in the cache.
    pub reused: u64,
    /// Pictures that were no valid picture, or of a shape that does not fit.
    pub refused: u64,
    /// Pictures that look like one that is chosen already.
    pub look_alikes: u64,
    /// Entries of replies that could not be understood and were passed over.
    pub dropped: u64,
    /// By provider.
    pub providers: BTreeMap<&'static str, ProviderTally>,
    /// Providers that were given up, with the reason.
    pub stopped: Vec<String>,
    /// What failed, the first thousand.
    pub problems: Vec<EnrichProblem>,
    /// How much failed.
    pub problem_count: u64,
    /// What a dry run would choose.
    pub planned: Vec<Planned>,
}

/// What one provider did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProviderTally {
    /// Items that it answered for.
    pub answers: u64,
    /// Candidates that it offered.
    pub offers: u64,
    /// Pictures that were chosen from it.
    pub chosen: u64,
    /// Requests that came to nothing.
    pub failures: u64,
}

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EnrichProblem {
    /// The item.
    #[schema(value_type = i64)]
    pub item: EntityId,
    /// Its title.
    pub title: String,
    /// What is wrong.
    pub message: String,
}

/// What a dry run would choose.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Planned {
    /// The item.
    #[schema(value_type = i64)]
    pub item: EntityId,
    /// Its title.
    pub title: String,
    /// What it is of.
    #[schema(value_type = String)]
    pub image_type: ImageType,
    /// Who offers it.
    pub provider: &'static str,
    /// Where it is.
    pub url: String,
    /// 0 to 100.
    pub score: f64,
}

impl EnrichReport {
    pub(super) fn tally(&mut self, provider: &'static str) -> &mut ProviderTally {
        self.providers.entry(provider).or_default()
    }

    pub(super) fn add_problem(&mut self, item: EntityId, title: &str, message: String) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(EnrichProblem { item, title: title.to_owned(), message });
        }
    }

    pub(super) fn add_stopped(&mut self, message: String) {
        if !self.stopped.contains(&message) {
            self.stopped.push(message);
        }
    }

    pub(super) fn add_planned(&mut self, planned: Planned) {
        if self.planned.len() < PLANNED_MAX {
            self.planned.push(planned);
        }
    }
}
