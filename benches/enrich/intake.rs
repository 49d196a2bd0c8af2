//! One picture into the cache, by several ways.

use std::fmt;
use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use image_hasher::{HashAlg, HasherConfig};
use posterfs::cache::{Cache, Limits, probe};
use posterfs::demo::{Size, draw_poster};
use sha2::{Digest, Sha256};

/// Medians of the time for one picture.
pub struct Intake {
    pictures: usize,
    bytes: usize,
    put: Duration,
    plain: Duration,
    decode: Duration,
    probe: Duration,
    hash: Duration,
    write: Duration,
    /// How many times as many pictures a second `put` takes than the plain way, with all processors at work.
    together: f64,
}

/// Takes pictures of 2000 × 3000 in, so many times.
pub fn measure(pictures: usize, rounds: usize) -> anyhow::Result<Intake> {
    let size = Size { width: 2000, height: 3000 };
    let drawn = (0..pictures as u64).map(|seed| draw_poster("A title of a film", seed, size));
    let files: Vec<Vec<u8>> = drawn.collect::<Result<_, _>>()?;
    let base = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut times: [Vec<Duration>; 6] = Default::default();
    for round in 0..rounds {
        let cache = Cache::open(&base.path().join(format!("cache-{round}")))?;
        let plain = base.path().join(format!("plain-{round}"));
        fs::create_dir(&plain)?;
        for (at, file) in files.iter().enumerate() {
            let ways: [&dyn Fn() -> anyhow::Result<()>; 6] = [
                &|| Ok(cache.put(Cursor::new(file), &"a picture", &Limits::default()).map(drop)?),
                &|| plain_way(file, &plain, at),
                &|| decode_only(file),
                &|| Ok(probe(file, &Limits::default()).map(drop)?),
                &|| {
                    std::hint::black_box(Sha256::digest(file));
                    Ok(())
                },
                &|| write_only(file, &plain, at),
            ];
            for (way, times) in ways.into_iter().zip(&mut times) {
                let begun = Instant::now();
                way()?;
                times.push(begun.elapsed());
            }
        }
    }
    let [put, plain, decode, probe, hash, write] = times.map(median);
    let bytes = files.iter().map(Vec::len).sum::<usize>() / files.len();
    let together = (0..rounds).map(|round| together(&files, &base.path().join(format!("together-{round}"))));
    let mut together: Vec<f64> = together.collect::<anyhow::Result<_>>()?;
    together.sort_by(f64::total_cmp);
    let together = together[together.len() / 2];
    Ok(Intake { pictures: pictures * rounds, bytes, put, plain, decode, probe, hash, write, together })
}

/// The time of the plain way over that of `put`, each with as many threads as `enrich` has for pictures.
fn together(files: &[Vec<u8>], folder: &Path) -> anyhow::Result<f64> {
    let cache = Cache::open(&folder.join("cache"))?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from) + 2;
    let put = in_threads(files, threads, &|at| {
        Ok(cache.put(Cursor::new(&files[at]), &"a picture", &Limits::default()).map(drop)?)
    })?;
    let plain = in_threads(files, threads, &|at| {
        let own = folder.join(format!("plain-{at}"));
        fs::create_dir(&own)?;
        plain_way(&files[at], &own, at)
    })?;
    Ok(plain.as_secs_f64() / put.as_secs_f64())
}

/// How long several threads take for all files.
fn in_threads(
    files: &[Vec<u8>],
    threads: usize,
    one: &(dyn Fn(usize) -> anyhow::Result<()> + Sync),
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let share = |thread: usize| move || (thread..files.len()).step_by(threads).try_for_each(one);
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(share(thread))).collect();
        running.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")))
    })?;
    Ok(begun.elapsed())
}

/// As most programs do it: decode all of it, scale it down, two hashes, a checksum, a file, synced with its folder.
fn plain_way(file: &[u8], folder: &Path, number: usize) -> anyhow::Result<()> {
    let picture = image::load_from_memory(file)?;
    let small = picture.resize_exact(64, 64, image::imageops::FilterType::Triangle);
    let hashes =
        [HasherConfig::new().preproc_dct().hash_alg(HashAlg::Median), HasherConfig::new().hash_alg(HashAlg::Gradient)];
    for config in hashes {
        std::hint::black_box(config.to_hasher().hash_image(&small));
    }
    std::hint::black_box(Sha256::digest(file));
    write_only(file, folder, number)
}

/// What every way that needs to know the pixels cannot do without: one decode, of brightness alone, which is all that the
/// hashes need.
fn decode_only(file: &[u8]) -> anyhow::Result<()> {
    let options =
        zune_core::options::DecoderOptions::default().jpeg_set_out_colorspace(zune_core::colorspace::ColorSpace::Luma);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(zune_core::bytestream::ZCursor::new(file), options);
    std::hint::black_box(decoder.decode().map_err(|error| anyhow::anyhow!("{error}"))?);
    Ok(())
}

fn write_only(file: &[u8], folder: &Path, number: usize) -> anyhow::Result<()> {
    let temporary = folder.join("temporary");
    let mut out = File::create(&temporary)?;
    out.write_all(file)?;
    out.sync_all()?;
    fs::rename(&temporary, folder.join(number.to_string()))?;
    Ok(File::open(folder)?.sync_all()?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

impl fmt::Display for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let row = |f: &mut fmt::Formatter<'_>, what: &str, time: Duration| {
            let ratio = time.as_secs_f64() / self.put.as_secs_f64();
            writeln!(f, "  {what:<44} {:>8.2} ms  {ratio:>6.2}", milliseconds(time))
        };
        writeln!(
            f,
            "{} pictures of 2000 × 3000, {} KiB each; median, and over that of put:",
            self.pictures,
            self.bytes >> 10
        )?;
        row(f, "put: probe, hashes, durable", self.put)?;
        row(f, "the plain way: decode, resize, hash, sync", self.plain)?;
        row(f, "of put: probe (decode, reduce, hash)", self.probe)?;
        row(f, "of probe: decoding brightness alone", self.decode)?;
        row(f, "of put: SHA-256", self.hash)?;
        row(f, "about: writing and syncing one file", self.write)?;
        let times = self.plain.as_secs_f64() / self.put.as_secs_f64();
        writeln!(f, "  put is {times:.2} times as fast as the plain way, one picture after the other,")?;
        write!(f, "  and {:.2} times with all processors at work", self.together)
    }
}
