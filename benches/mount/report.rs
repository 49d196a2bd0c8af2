//! What was measured, for people (a table in Markdown) and programs (JSON).

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use super::rounds::{Measured, PairSample, Row, Sample};
use super::tree::Tree;
use super::view::View;
use super::work::Measure;

/// The machine, since figures mean nothing without it.
#[derive(Debug, Serialize)]
pub struct Machine {
    processor: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    file_system: String,
    /// Processes that wanted to run when the benchmark began, on average over a minute.
    load: String,
}

/// See the module.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    machine: Machine,
    load_at_the_end: String,
    entries: usize,
    large_file_bytes: u64,
    views: &'a [View],
    #[serde(flatten)]
    measured: Measured,
}

impl Machine {
    /// Looks at the machine, and at the file system that the folder is on.
    pub fn look(folder: &Path) -> io::Result<Self> {
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory = field(&fs::read_to_string("/proc/meminfo")?, "MemTotal");
        let kib = memory.split_ascii_whitespace().next().and_then(|kib| kib.parse::<u64>().ok());
        Ok(Self {
            processor: field(&fs::read_to_string("/proc/cpuinfo")?, "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: kib.unwrap_or(0) / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            file_system: file_system(&fs::read_to_string("/proc/self/mounts")?, folder),
            load: load(),
        })
    }
}

/// The kind of file system of the mount that the folder lies in: the last one of the longest path.
fn file_system(mounts: &str, folder: &Path) -> String {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let around = mounts.filter(|(path, _)| folder.starts_with(path)).max_by_key(|(path, _)| path.len());
    around.map(|(_, kind)| kind.to_owned()).unwrap_or_default()
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {} MiB; Linux {}; {}; load {}",
            self.processor, self.cores, self.memory_mib, self.kernel, self.file_system, self.load
        )
    }
}

impl<'a> Report<'a> {
    /// Of what was measured.
    pub fn new(machine: Machine, tree: &Tree, views: &'a [View], measured: Measured) -> Self {
        let (entries, large_file_bytes) = (tree.scale.entries(), tree.scale.large_bytes);
        Self { machine, load_at_the_end: load(), entries, large_file_bytes, views, measured }
    }

    /// Everything, as one JSON document.
    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        let with_upcalls: Vec<usize> = (0..self.views.len()).filter(|view| self.has_upcalls(*view)).collect();
        let mut header = vec!["workload".to_owned(), "".to_owned(), "plain".to_owned()];
        header.extend(self.views[1..].iter().map(|view| view.name.to_owned()));
        header.extend(with_upcalls.iter().map(|view| format!("upcalls of {}", self.views[*view].name)));
        table.set_header(header);
        for row in &self.measured.rows {
            let mut cells = vec![row.name.to_owned(), row.measure.told().to_owned(), absolute(row)];
            cells.extend((1..self.views.len()).map(|view| spread(ratios(row, view))));
            cells.extend(with_upcalls.iter().map(|view| {
                let upcalls = row.samples[*view].iter().filter_map(|s| Some(s.upcalls? as f64 / s.operations as f64));
                median(upcalls.collect()).map_or_else(String::new, |upcalls| format!("{upcalls:.3}"))
            }));
            table.add_row(cells);
        }
        table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        table
    }

    /// Mapped pictures beside real files.
    fn pairs_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        table.set_header(["in one view", "real file", "time mapped ÷ real", "upcalls mapped", "upcalls real"]);
        for row in &self.measured.pairs {
            let each = |sample: &Sample| sample.seconds / sample.operations as f64;
            let upcalls = |of: fn(&PairSample) -> Sample| {
                let each = row.samples.iter().map(of).filter_map(|s| Some(s.upcalls? as f64 / s.operations as f64));
                median(each.collect()).map_or_else(String::new, |upcalls| format!("{upcalls:.3}"))
            };
            let real = median(row.samples.iter().map(|pair| each(&pair.real) * 1e6).collect());
            let ratio = median(row.samples.iter().map(|pair| each(&pair.mapped) / each(&pair.real)).collect());
            table.add_row([
                row.name.to_owned(),
                real.map_or_else(String::new, |real| format!("{} µs/{}", rounded(real), row.operation)),
                ratio.map_or_else(String::new, rounded),
                upcalls(|pair| pair.mapped),
                upcalls(|pair| pair.real),
            ]);
        }
        table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        table
    }

    fn has_upcalls(&self, view: usize) -> bool {
        self.measured.rows.iter().any(|row| row.samples[view].iter().any(|sample| sample.upcalls.is_some()))
    }
}

impl Measure {
    fn told(self) -> &'static str {
        match self {
            Self::Time => "time ÷ plain",
            Self::Speed => "speed ÷ plain",
        }
    }
}

/// What one operation takes in the plain folder.
fn absolute(row: &Row) -> String {
    let each = row.samples[0].iter().map(|sample| sample.seconds / sample.operations as f64 * 1e6);
    median(each.collect()).map_or_else(String::new, |each| format!("{} µs/{}", rounded(each), row.operation))
}

/// The ratio of each round. Views do the same number of operations, unless the tree changed meanwhile.
fn ratios(row: &Row, view: usize) -> Vec<f64> {
    let each = |sample: &Sample| sample.seconds / sample.operations as f64;
    let pairs = row.samples[0].iter().zip(&row.samples[view]);
    pairs
        .map(|(plain, sample)| match row.measure {
            Measure::Time => each(sample) / each(plain),
            Measure::Speed => each(plain) / each(sample),
        })
        .collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// The median, with the least and the most where there is more than one.
fn spread(values: Vec<f64>) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let is_one = values.len() == 1;
    median(values).map_or_else(String::new, |median| {
        let median = rounded(median);
        if is_one { median } else { format!("{median} ({}–{})", rounded(least), rounded(most)) }
    })
}

fn rounded(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; load at the end {}", self.machine, self.load_at_the_end)?;
        for view in &self.views[1..] {
            writeln!(f, "{}: {}", view.name, view.version)?;
        }
        if !self.measured.is_first_walk_cold {
            writeln!(f, "names could not be dropped from the kernel's caches: the first walk was not a cold one")?;
        }
        writeln!(f, "\n{}\n", self.table())?;
        if self.measured.pairs.iter().any(|row| !row.samples.is_empty()) {
            writeln!(f, "{}\n", self.pairs_table())?;
        }
        if let Some(median) = median(self.measured.freshness.clone()) {
            let longest = self.measured.freshness.iter().copied().fold(0.0, f64::max);
            let (median, longest) = (rounded(median * 1e3), rounded(longest * 1e3));
            let count = self.measured.freshness.len();
            writeln!(
                f,
                "a publish or rollback is read {median} ms after the mount is told, {longest} ms at most ({count} times)"
            )?;
        }
        for (view, memory) in self.views.iter().zip(&self.measured.memory) {
            let Some(memory) = memory else { continue };
            let grown = memory.bytes_after.saturating_sub(memory.bytes_before);
            writeln!(
                f,
                "{}: {} KiB of memory after mounting, {} KiB more for {} nodes and {} folders: {} bytes per node",
                view.name,
                memory.bytes_before / 1024,
                grown / 1024,
                memory.nodes,
                memory.folders,
                grown / memory.nodes.max(1),
            )?;
        }
        Ok(())
    }
}
