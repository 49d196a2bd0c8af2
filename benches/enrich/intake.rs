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
    Ok(Intake { pictures: pictures * rounds, bytes, put, plain, decode, probe, hash, write })
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
        write!(f, "  put is {times:.2} times as fast as the plain way")
    }
}
