//! `posterfs block` and `posterfs unblock`

use clap::Args;
use serde::Serialize;

use crate::model::{CandidateId, ImageType};

use super::Outcome;
use super::context::Context;

/// Never choose these candidates.
///
/// A candidate that is chosen now is no longer chosen; the next `enrich` takes another one, unless the image type is
/// locked, and the next `publish` shows that.
///
/// For example: `posterfs block 1234`; `posterfs candidates ITEM` shows the numbers.
#[derive(Debug, Args)]
pub struct Block {
    /// Numbers of candidates.
    #[arg(required = true, value_name = "CANDIDATE")]
    candidates: Vec<i64>,
}

/// Let these candidates be chosen again.
///
/// For example: `posterfs unblock 1234`.
#[derive(Debug, Args)]
pub struct Unblock {
    /// Numbers of candidates.
    #[arg(required = true, value_name = "CANDIDATE")]
    candidates: Vec<i64>,
}

#[derive(Debug, Serialize)]
struct Blocked {
    id: i64,
    item: i64,
    r#type: ImageType,
    blocked: bool,
    was_selected: bool,
}

impl Block {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        set(context, &self.candidates, true)
    }
}

impl Unblock {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        set(context, &self.candidates, false)
    }
}

fn set(context: &Context, numbers: &[i64], blocked: bool) -> anyhow::Result<Outcome> {
    let mut catalog = context.catalog()?;
    let mut rows = Vec::new();
    for &number in numbers {
        let before = catalog.candidate(CandidateId::new(number))?;
        catalog.set_blocked(before.id, blocked)?;
        rows.push(Blocked {
            id: number,
            item: before.entity.get(),
            r#type: before.image_type,
            blocked,
            was_selected: before.is_selected,
        });
    }
    context.output.list(&rows, |rows| rows.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    Ok(Outcome::Done)
}

fn line(row: &Blocked) -> String {
    let word = if row.blocked { "blocked" } else { "no longer blocked" };
    let more = if row.blocked && row.was_selected { ", and no longer selected" } else { "" };
    format!("{} {} of item {} is {word}{more}", row.r#type, row.id, row.item)
}
