//! Rule 4: "Every phase is idempotent and safe to kill at any instant: run it again and the result is as if it had never
//! stopped." The program is killed at its n-th request, and run again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use posterfs::cache::Cache;
use posterfs::catalog::{Catalog, EntityFilter};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::commands::{films_in, toml};
use crate::shelf::Tmdb;

const FILMS: u64 = 5;

struct Run {
    folder: TempDir,
    config: PathBuf,
}

fn shelf() -> (Tmdb, Receiver<()>) {
    let (sender, asked) = channel();
    let tmdb = Tmdb::watched(move |_| {
        let _ = sender.send(());
    });
    for id in 1..=FILMS {
        tmdb.film(id, &format!("Film {id}"), 1999);
        tmdb.offer(id, "posters", &format!("/p{id}.jpg"), Some("en"), 9, id);
        tmdb.offer(id, "posters", &format!("/q{id}.jpg"), Some("en"), 5, 10 + id);
        for number in 0..3 {
            tmdb.offer(id, "backdrops", &format!("/b{id}-{number}.jpg"), None, 9, 100 + 10 * id + number);
        }
    }
    (tmdb, asked)
}

impl Run {
    fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        crate::commands::write(&config, &toml(url));
        let run = Self { folder, config };
        films_in(&run.folder.path().join("media"), &(1..=FILMS).collect::<Vec<_>>());
        let media = run.folder.path().join("media");
        run.wait(&["library", "add", "films", media.to_str().unwrap(), "--kind", "movies"]);
        run.wait(&["scan"]);
        run
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
        command.arg("--state").arg(self.folder.path().join("state")).arg("--config").arg(&self.config);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    #[track_caller]
    fn wait(&self, arguments: &[&str]) {
        let output = self.start(arguments).wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs `enrich` and kills it when the server is asked for the n-th time. Whether it was killed before its end.
    fn killed_at(&self, number: usize, asked: &Receiver<()>) -> bool {
        while asked.try_recv().is_ok() {}
        let mut child = self.start(&["enrich"]);
        for _ in 0..number {
            // Whoever has nothing left to ask ends by itself.
            while asked.recv_timeout(Duration::from_millis(20)).is_err() {
                if child.try_wait().unwrap().is_some() {
                    return false;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        true
    }

    /// Everything that is chosen, after checking that the cache is whole.
    fn outcome(&self) -> Vec<String> {
        let state = self.folder.path().join("state");
        let cache = Cache::open_read_only(&state.join("cache")).unwrap();
        for file in cache.files() {
            let file = file.unwrap();
            let bytes = std::fs::read(cache.path_of(&file.hash, file.format)).unwrap();
            assert_eq!(&Sha256::digest(&bytes)[..], &file.hash.as_bytes()[..]);
        }
        let catalog = Catalog::open(&state.join("posterfs.db")).unwrap();
        let mut lines = Vec::new();
        for film in catalog.list_entities(&EntityFilter::default(), None, 100).unwrap() {
            for row in catalog.selections_of(film.id).unwrap() {
                let format = row.picture.extension.parse().unwrap();
                assert!(cache.path_of(&row.picture.hash, format).is_file(), "rule 2: never before it is in the cache");
                let records = cache.records(&row.picture.hash).unwrap();
                assert!(records.current().iter().any(|record| record.selected && record.title == film.title));
                lines.push(format!("{} {} {}", film.title, row.picture.image_type, row.picture.hash));
            }
        }
        lines
    }
}

#[test]
fn killed_at_any_request_and_run_again_it_is_as_if_it_had_never_stopped() {
    let (tmdb, asked) = shelf();
    let whole = Run::new(&tmdb.server.url());
    whole.wait(&["enrich"]);
    let wanted = whole.outcome();
    assert_eq!(wanted.len() as u64, FILMS * 4);
    for number in [1, 2, 4, 7, 11, 16, 20] {
        let run = Run::new(&tmdb.server.url());
        assert!(run.killed_at(number, &asked), "{number}");
        assert!(run.outcome().iter().all(|line| wanted.contains(line)), "{number}");
        run.wait(&["enrich"]);
        assert_eq!(run.outcome(), wanted, "killed at request {number}");
    }
}

#[test]
fn killed_again_and_again_it_comes_to_an_end() {
    let (tmdb, asked) = shelf();
    let whole = Run::new(&tmdb.server.url());
    whole.wait(&["enrich"]);
    let wanted = whole.outcome();
    let run = Run::new(&tmdb.server.url());
    let mut kills = 0;
    while run.killed_at(12, &asked) {
        kills += 1;
        assert!(kills < 40, "each run gets on");
    }
    assert!(kills > 0);
    assert_eq!(run.outcome(), wanted);
}
