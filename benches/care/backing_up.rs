//! How long publishing takes while the catalog is backed up.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use posterfs::catalog::{Catalog, NewCacheFile, PublishMode, Scope, Stamp};
use posterfs::model::{ContentHash, EntityId, ImageKind, ImageType, UnixSeconds};
use posterfs::phase::{self, NoProgress};

use crate::shelf::Shelf;

/// How many publications there are without a backup, to compare with.
const ALONE: usize = 200;

/// Prints what a publication of one picture takes, alone and beside backups. The shelf is not whole any more then.
pub fn beside_publishing(shelf: &Shelf, folder: &Path, rounds: usize) -> anyhow::Result<()> {
    println!("one picture chosen and published again and again; milliseconds to publish it");
    println!("{:>12} {:>8} {:>8} {:>8}", "", "times", "median", "longest");
    let mut publisher = Publisher { catalog: Catalog::open(&shelf.database)?, count: 0 };
    tell("alone", (0..ALONE).map(|_| publisher.publish()).collect::<anyhow::Result<_>>()?);
    for round in 0..rounds {
        let (catalog, stop) = (Catalog::open(&shelf.database)?, AtomicBool::new(false));
        let times = thread::scope(|scope| {
            let publishing = scope.spawn(|| {
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    times.push(publisher.publish()?);
                }
                anyhow::Ok(times)
            });
            let target = folder.join(format!("backup-{round}.db"));
            let backed_up = phase::back_up(&catalog, &target, false, &NoProgress);
            stop.store(true, Ordering::Relaxed);
            let times = publishing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            ensure!(backed_up?.bytes > 0, "nothing was copied");
            Ok(times)
        })?;
        tell("beside one", times);
    }
    println!("(aim: none waits for more than 100 milliseconds)");
    Ok(())
}

struct Publisher {
    catalog: Catalog,
    count: u64,
}

impl Publisher {
    /// Chooses another picture of the first film, and publishes it, which takes so long.
    fn publish(&mut self) -> anyhow::Result<Duration> {
        self.count += 1;
        let (film, poster) = (EntityId::new(1), ImageType::main(ImageKind::Poster));
        let now = UnixSeconds::new(2000);
        self.catalog.select_by_hand(&picture(self.count, film, poster), now)?;
        let stamp = Stamp { author: "bench".into(), reason: "bench".into(), now };
        let begun = Instant::now();
        let report = phase::publish(&mut self.catalog, Scope::Pictures(&[(film, poster)]), PublishMode::Apply, &stamp)?;
        let time = begun.elapsed();
        // By the default profile it has two names.
        ensure!(report.published.changed + report.published.added == 2, "not what was expected: {report:?}");
        Ok(time)
    }
}

fn picture(number: u64, entity: EntityId, image_type: ImageType) -> NewCacheFile {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    NewCacheFile {
        hash: ContentHash::new(hash),
        extension: "jpg".into(),
        format: "jpeg".into(),
        byte_count: 1,
        width: 1000,
        height: 1500,
        has_alpha: false,
        perceptual_hash: None,
        difference_hash: None,
        entity,
        image_type,
        source: "file".into(),
        provider: None,
        source_url: None,
        author: None,
        quality: None,
        created_at: UnixSeconds::new(0),
    }
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |at: usize| times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    println!("{what:>12} {:>8} {:>8.1} {:>8.1}", times.len(), at(times.len() / 2), at(times.len().saturating_sub(1)));
}
