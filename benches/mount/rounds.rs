//! Going round the views, and what each step took.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::artwork::PAIRS;
use super::freshness;
use super::tree::{Tree, scratch_folder};
use super::view::{Mounted, View};
use super::work::{Ground, Measure, WALK, WORKLOADS, Workload, walk};

/// How long the file systems may take to come to rest, and how often is looked whether they have.
const REST_MAX: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_millis(50);

/// How often each pair is measured in a round: it takes a second, and is to tell a tenth.
const PAIR_TURNS: usize = 3;

/// One workload done once in one view.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    /// How long it took.
    pub seconds: f64,
    /// How many operations it was.
    pub operations: u64,
    /// Requests that posterfs got meanwhile.
    pub upcalls: Option<u64>,
}

/// All samples of one workload.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The workload.
    pub name: &'static str,
    /// What one operation is.
    pub operation: &'static str,
    /// How its ratio is told.
    pub measure: Measure,
    /// By view, then by round.
    pub samples: Vec<Vec<Sample>>,
}

/// The same work on mapped pictures and on real files of one view, in one round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PairSample {
    /// On mapped pictures.
    pub mapped: Sample,
    /// On real files.
    pub real: Sample,
}

/// All samples of one pair.
#[derive(Debug, Serialize)]
pub struct PairRow {
    /// What it is.
    pub name: &'static str,
    /// What one operation is.
    pub operation: &'static str,
    /// By round, and by turn within it.
    pub samples: Vec<PairSample>,
}

/// What the memory of posterfs grew by while the tree was walked.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// Right after mounting.
    pub bytes_before: u64,
    /// After the third walk.
    pub bytes_after: u64,
    /// Inodes that it remembers then.
    pub nodes: u64,
    /// Folders whose mappings it remembers then.
    pub folders: u64,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// By workload.
    pub rows: Vec<Row>,
    /// Of the first view of posterfs.
    pub pairs: Vec<PairRow>,
    /// Seconds from telling the first view of posterfs of a publish or rollback until the new content is read there.
    pub freshness: Vec<f64>,
    /// By view, of the last round; `None` where posterfs is not at work.
    pub memory: Vec<Option<Memory>>,
    /// Whether names and inodes could be dropped from the kernel's caches before the first walk.
    pub is_first_walk_cold: bool,
}

/// See the module.
pub struct Rounds<'a> {
    tree: &'a Tree,
    views: &'a [View],
    only: &'a [String],
    told_to_stop: Arc<AtomicBool>,
    measured: Measured,
    /// How often something was written, in whatever view.
    turns: usize,
}

impl<'a> Rounds<'a> {
    /// Measures these views, with all workloads whose names begin with one of `only`, or all of them.
    pub fn new(tree: &'a Tree, views: &'a [View], only: &'a [String], told_to_stop: Arc<AtomicBool>) -> Self {
        let walks = WALK.map(|name| (name, "entry", Measure::Time));
        let others = WORKLOADS.iter().map(|workload| (workload.name, workload.operation, workload.measure));
        let rows = walks.into_iter().chain(others);
        let rows = rows.map(|(name, operation, measure)| Row {
            name,
            operation,
            measure,
            samples: vec![Vec::new(); views.len()],
        });
        let pairs =
            PAIRS.iter().map(|pair| PairRow { name: pair.name, operation: pair.operation, samples: Vec::new() });
        let pairs = pairs.collect();
        let measured = Measured {
            rows: rows.collect(),
            pairs,
            freshness: Vec::new(),
            memory: vec![None; views.len()],
            is_first_walk_cold: true,
        };
        Self { tree, views, only, told_to_stop, measured, turns: 0 }
    }

    /// Goes round so many times.
    pub fn run(mut self, rounds: u32) -> anyhow::Result<Measured> {
        for round in 0..rounds {
            let start = Instant::now();
            self.round(round as usize)?;
            eprintln!("round {} of {rounds}: {:.0} s", round + 1, start.elapsed().as_secs_f64());
        }
        let only = self.only;
        self.measured.rows.retain(|row| is_wanted(only, row.name));
        Ok(self.measured)
    }

    /// Every workload in every view. Who begins changes from round to round.
    fn round(&mut self, round: usize) -> anyhow::Result<()> {
        let order: Vec<usize> = (0..self.views.len()).map(|step| (step + round) % self.views.len()).collect();
        let looks = WALK.into_iter().chain(self.wanted(false).map(|(_, workload)| workload.name)).chain([ARTWORK]);
        if looks.into_iter().any(|name| is_wanted(self.only, name)) {
            self.looking(&order)?;
        }
        self.changing(&order)
    }

    /// The workloads that change something, or those that do not, with their places in the table.
    fn wanted(&self, is_changing: bool) -> impl Iterator<Item = (usize, &'static Workload)> + use<'a> {
        let only = self.only;
        let rows = WORKLOADS.iter().enumerate().map(|(index, workload)| (WALK.len() + index, workload));
        rows.filter(move |(_, workload)| workload.is_changing == is_changing && is_wanted(only, workload.name))
    }

    /// What changes nothing, with all views there at once.
    fn looking(&mut self, order: &[usize]) -> anyhow::Result<()> {
        let views = self.views;
        let mut mounted: Vec<Option<Mounted>> = views.iter().map(|_| None).collect();
        for &view in order {
            mounted[view] = Some(views[view].mount()?);
            self.walks(view, &mounted).with_context(|| format!("walking {}", views[view].name))?;
        }
        // Emptying the caches before each walk has emptied those of the views before it: now all are alike again.
        mounted.iter().flatten().try_for_each(|at| walk(at.root()).map(drop))?;
        for (row, workload) in self.wanted(false) {
            for &view in order {
                let Some(at) = &mounted[view] else { continue };
                self.workload((row, workload), view, at, &mounted)?;
            }
        }
        if is_wanted(self.only, ARTWORK)
            && let Some(at) = mounted.iter().flatten().find(|at| at.is_posterfs())
        {
            self.pairs(at, &mounted)?;
            self.measured.freshness.extend(freshness::measure(at, self.tree).context("measuring freshness")?);
        }
        Ok(())
    }

    /// What changes something, with one view there at a time: a view that has the file system tell it of changes makes each
    /// of them dearer, also to those beside it.
    fn changing(&mut self, order: &[usize]) -> anyhow::Result<()> {
        for (row, workload) in self.wanted(true) {
            for &view in order {
                let mounted = [Some(self.views[view].mount()?)];
                let Some(at) = &mounted[0] else { continue };
                self.turns += 1;
                self.workload((row, workload), view, at, &mounted)?;
                drop(mounted);
                self.tree.clear_scratch(self.turns)?;
            }
        }
        Ok(())
    }

    fn workload(
        &mut self,
        (row, workload): (usize, &Workload),
        view: usize,
        at: &Mounted,
        mounted: &[Option<Mounted>],
    ) -> anyhow::Result<()> {
        let (root, scale) = (at.root(), &self.tree.scale);
        let ground = Ground { root, scratch: root.join(scratch_folder(self.turns)), scale };
        let sample = workload
            .prepare(&ground)
            .map_err(anyhow::Error::from)
            .and_then(|()| self.measure(at, mounted, || workload.run(&ground)))
            .with_context(|| format!("{} in {}", workload.name, self.views[view].name))?;
        self.measured.rows[row].samples[view].push(sample);
        Ok(())
    }

    /// Mapped pictures beside real files. The order changes within the round, so that neither is always the first.
    fn pairs(&mut self, at: &Mounted, mounted: &[Option<Mounted>]) -> anyhow::Result<()> {
        let scale = &self.tree.scale;
        for (turn, (index, pair)) in
            (0..PAIR_TURNS).flat_map(|turn| PAIRS.iter().enumerate().map(move |pair| (turn, pair)))
        {
            let measure = |work: fn(&_, &_) -> io::Result<u64>| {
                work(at.root(), scale)?;
                if pair.is_cold {
                    forget_names();
                }
                self.measure(at, mounted, || work(at.root(), scale)).with_context(|| pair.name)
            };
            let (mapped, real) = if (index + turn) % 2 == 0 {
                let mapped = measure(pair.mapped)?;
                (mapped, measure(pair.real)?)
            } else {
                let real = measure(pair.real)?;
                (measure(pair.mapped)?, real)
            };
            self.measured.pairs[index].samples.push(PairSample { mapped, real });
        }
        Ok(())
    }

    /// The three walks of a view that was mounted just now.
    fn walks(&mut self, view: usize, mounted: &[Option<Mounted>]) -> anyhow::Result<()> {
        let Some(at) = &mounted[view] else { return Ok(()) };
        rest(mounted)?;
        self.measured.is_first_walk_cold &= forget_names();
        let bytes_before = at.memory_bytes()?;
        for row in 0..WALK.len() {
            let sample = self.measure(at, mounted, || walk(at.root()))?;
            self.measured.rows[row].samples[view].push(sample);
        }
        self.measured.memory[view] = match at.counters()? {
            Some(now) => {
                let bytes_after = at.memory_bytes()?;
                Some(Memory { bytes_before, bytes_after, nodes: now.nodes, folders: now.folders })
            }
            None => None,
        };
        Ok(())
    }

    fn measure(
        &self,
        at: &Mounted,
        mounted: &[Option<Mounted>],
        work: impl FnOnce() -> io::Result<u64>,
    ) -> anyhow::Result<Sample> {
        if self.told_to_stop.load(Ordering::Relaxed) {
            bail!("stopped by a signal");
        }
        rest(mounted)?;
        let before = at.counters()?;
        let start = Instant::now();
        let operations = work()?;
        let seconds = start.elapsed().as_secs_f64();
        let after = at.counters()?;
        let upcalls = before.zip(after).map(|(before, after)| after.requests - before.requests);
        Ok(Sample { seconds, operations, upcalls })
    }
}

/// The beginning of a workload's name that stands for the pairs.
const ARTWORK: &str = "artwork";

fn is_wanted(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|beginning| name.starts_with(beginning.as_str()))
}

/// Waits until no file system is busy any more: what one of them still has to do (forgetting inodes, say) would be
/// paid for by the next.
fn rest(mounted: &[Option<Mounted>]) -> io::Result<()> {
    let ticks = || mounted.iter().flatten().map(Mounted::processor_ticks).sum::<io::Result<u64>>();
    let start = Instant::now();
    let mut before = ticks()?;
    while start.elapsed() < REST_MAX {
        std::thread::sleep(REST);
        let now = ticks()?;
        if now == before {
            break;
        }
        before = now;
    }
    Ok(())
}

/// Has the kernel drop names and inodes, of all file systems; cached pages stay. Whether it could be asked to (only
/// root can).
fn forget_names() -> bool {
    File::options()
        .write(true)
        .open("/proc/sys/vm/drop_caches")
        .and_then(|mut file| file.write_all(b"2"))
        .inspect_err(|error| eprintln!("cannot drop names from the kernel's caches: {error}"))
        .is_ok()
}
