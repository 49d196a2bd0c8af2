//! `enrich` of many films against a server on this machine.

use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::get;
use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, EnrichScope, NewLibrary, ScannedItem};
use posterfs::config::{Config, Secret};
use posterfs::demo::{Size, draw_fanart, draw_poster};
use posterfs::model::{Clock, EntityType, LibraryKind, Provider, RelPath, SystemClock, UnixSeconds};
use posterfs::phase::{EnrichReport, EnrichRequest, NoProgress, enrich};
use posterfs::provider::{Replies, Surroundings, providers};

/// How large pictures are: posters, and backgrounds.
pub type Sizes = [Size; 2];

/// As providers have them.
pub const USUAL: Sizes = [Size { width: 1000, height: 1500 }, Size { width: 1920, height: 1080 }];
/// Small ones, where the pictures are not what is measured.
pub const SMALL: Sizes = [Size { width: 200, height: 300 }, Size { width: 320, height: 180 }];

/// What a run came to.
pub struct Films {
    films: u64,
    pace: f64,
    time: Duration,
    cpu: Duration,
    peak_mib: u64,
    report: EnrichReport,
    /// What a run behind it still found to do.
    left: u64,
}

/// Enriches so many films, each with a poster and three backgrounds, asking at most so often a second; then once more.
pub fn measure(films: u64, pace: f64, sizes: Sizes) -> anyhow::Result<Films> {
    let base = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let address = serve(sizes)?;
    let mut catalog = Catalog::open(&base.path().join("posterfs.db"))?;
    record(&mut catalog, base.path(), films)?;
    let cache = Arc::new(Cache::open(&base.path().join("cache"))?);
    let config = config(&address, pace);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let surroundings = Surroundings {
        network: config.network.clone(),
        replies: Some(Replies::in_folder(&base.path().join("replies"))),
        clock: Arc::clone(&clock),
        ask_again: false,
        traffic: Default::default(),
    };
    let request = EnrichRequest {
        scope: EnrichScope::Due(clock.now()),
        providers: providers(&config.provider, &surroundings)?,
        config: &config,
        limits: Limits::default(),
        replies: surroundings.replies.clone(),
        at_once: 16,
        is_dry_run: false,
    };
    forget_peak();
    let (begun, cpu) = (Instant::now(), cpu());
    let report = enrich(&mut catalog, &cache, &request, &clock, &NoProgress)?;
    let (time, cpu, peak_mib) = (begun.elapsed(), self::cpu().saturating_sub(cpu), peak_mib());
    let left = enrich(&mut catalog, &cache, &request, &clock, &NoProgress)?.items;
    Ok(Films { films, pace, time, cpu, peak_mib, report, left })
}

fn record(catalog: &mut Catalog, base: &std::path::Path, films: u64) -> anyhow::Result<()> {
    let new = NewLibrary {
        name: "films".into(),
        path: base.join("media"),
        kind: LibraryKind::Movies,
        naming: "default".into(),
    };
    let library = catalog.add_library(&new, UnixSeconds::new(0))?.id;
    let tmdb = Provider::parse("tmdb").ok_or_else(|| anyhow::anyhow!("tmdb is a provider"))?;
    let item = |id: u64| -> anyhow::Result<ScannedItem> {
        let title = format!("Film {id}");
        let path = RelPath::parse(title.as_bytes())?;
        let item = ScannedItem::new(library, EntityType::Movie, &title, path);
        Ok(ScannedItem { year: Some(1999), ids: vec![(tmdb.clone(), id.to_string())], ..item })
    };
    let items: Vec<ScannedItem> = (1..=films).map(item).collect::<Result<_, _>>()?;
    items.chunks(300).try_for_each(|items| catalog.record(items, UnixSeconds::new(1)).map(drop))?;
    Ok(())
}

fn config(address: &str, pace: f64) -> Config {
    let mut config = Config::default();
    let tmdb = &mut config.provider.tmdb;
    tmdb.key = Secret::from("a key".to_owned());
    tmdb.base_url = format!("{address}/3");
    tmdb.image_base_url = format!("{address}/t/p");
    tmdb.requests_per_second = pace;
    config.provider.musicbrainz.enabled = false;
    config.provider.coverart.enabled = false;
    config
}

/// Pictures of the usual size, a few of them under many names: what is asked for is never the same address, so each is
/// downloaded, and every film's bytes differ by their last ones, so each is a picture of its own. Backgrounds that stand
/// next to each other look different, so that none is passed over.
struct Pictures {
    poster: Vec<u8>,
    fanart: [Vec<u8>; 3],
}

fn serve([poster, background]: Sizes) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = format!("http://{}", listener.local_addr()?);
    let pictures = Arc::new(Pictures {
        poster: draw_poster("A title", 1, poster)?,
        fanart: [draw_fanart(2, background)?, draw_fanart(3, background)?, draw_fanart(4, background)?],
    });
    let router = Router::new()
        .route("/3/movie/{id}", get(film))
        .route("/t/p/original/{name}", get(picture))
        .with_state(pictures);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    // Ends with the process.
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        })
    });
    Ok(address)
}

async fn film(Path(id): Path<u64>) -> impl IntoResponse {
    let entry = |name: &str, number: u64, width: u32, height: u32| {
        format!(
            r#"{{"file_path":"/{name}-{id}-{number}.jpg","width":{width},"height":{height},"iso_639_1":{},
                "vote_average":5.5,"vote_count":{number},"aspect_ratio":0.667,"iso_3166_1":null}}"#,
            if name == "p" { "\"en\"" } else { "null" }
        )
    };
    let list = |name: &str, width, height| {
        (0..40).map(|number| entry(name, number, width, height)).collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"id":{id},"title":"Film {id}","original_language":"en","release_date":"1999-01-01","overview":"A film.",
            "images":{{"posters":[{}],"backdrops":[{}],"logos":[]}}}}"#,
        list("p", 1000, 1500),
        list("b", 1920, 1080)
    )
}

async fn picture(State(pictures): State<Arc<Pictures>>, Path(name): Path<String>) -> impl IntoResponse {
    let number = name.trim_end_matches(".jpg").rsplit('-').next().and_then(|number| number.parse::<usize>().ok());
    let base = match number {
        Some(number) if name.starts_with('b') => &pictures.fanart[number % pictures.fanart.len()],
        _ => &pictures.poster,
    };
    // Bytes behind the end of a JPEG are allowed.
    [base.as_slice(), name.as_bytes()].concat()
}

/// The time that the processors have worked for this process, server and all.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Has the kernel count the most memory anew from here on, where it lets us.
fn forget_peak() {
    let asked = std::fs::File::options().write(true).open("/proc/self/clear_refs");
    let _ = asked.and_then(|mut file| std::io::Write::write_all(&mut file, b"5"));
}

/// The most memory that this process has had since then, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() >> 10
}

impl fmt::Display for Films {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, cpu) = (self.time.as_secs_f64(), self.cpu.as_secs_f64());
        let bound = self.films as f64 / self.pace;
        write!(
            f,
            "enrich of {} films at most {} requests a second: {seconds:.1} s, of which the pace demands {bound:.1} s \
             ({:.0} %); {:.1} s of processor time with the server; {} chosen, {} downloaded, {} problems; peak {} MiB; \
             {} left to a second run",
            self.films,
            self.pace,
            100.0 * bound / seconds,
            cpu,
            self.report.chosen,
            self.report.downloaded,
            self.report.problem_count,
            self.peak_mib,
            self.left
        )
    }
}
