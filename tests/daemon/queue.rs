//! Jobs and the schedule.

use posterfs::catalog::{Catalog, JobFilter, NewJob, PublishMode, TaskRun};
use posterfs::control::TaskLock;
use posterfs::model::{AskedBy, Clock, EntityId, JobId, JobState, LibraryId, RelPath, SystemClock, Task, UnixSeconds};

use crate::daemon::{Daemon, is_mounted};
use crate::server::{Given, Server};
use crate::support::wait_for;

fn catalog(daemon: &Daemon) -> Catalog {
    Catalog::open(&daemon.films.state().join("posterfs.db")).unwrap()
}

fn ask(catalog: &mut Catalog, task: Task) -> i64 {
    let now = SystemClock.now();
    catalog.ask_for(&NewJob { task, asked_by: AskedBy::Webhook, not_before: now }, now).unwrap().id.get()
}

fn count(catalog: &Catalog, state: JobState) -> usize {
    catalog.jobs(&JobFilter { states: vec![state], ..JobFilter::default() }, 1000).unwrap().len()
}

#[test]
fn what_another_process_asks_for_is_done_without_being_told() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let mut catalog = catalog(&daemon);
    let library = catalog.libraries().unwrap()[0].id;
    let folder = RelPath::parse(b"Heat (1995) {tmdb-949}").unwrap();
    for task in [
        Task::Scan { library: None },
        Task::ScanFolder { library, folder: folder.clone() },
        Task::Import { library, folder },
        Task::Enrich { force: false },
        Task::Publish { library: Some(library) },
        Task::Backup,
    ] {
        ask(&mut catalog, task);
    }
    wait_for(|| count(&catalog, JobState::Done) == 6);
    let jobs = daemon.json(&["jobs"]);
    assert_eq!(jobs.len(), 6);
    assert!(jobs.iter().all(|job| job["state"] == "done" && job["asked_by"] == "webhook"), "{jobs:?}");
    assert!(std::fs::read_dir(daemon.films.state().join("backups")).unwrap().count() > 0);
}

#[test]
fn a_daemon_that_is_killed_in_the_middle_of_the_queue_loses_nothing() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let mut catalog = catalog(&daemon);
    // Holds the job up where it has begun.
    let held = TaskLock::try_take(&daemon.films.state().join("run"), "scan").unwrap().unwrap();
    ask(&mut catalog, Task::Scan { library: None });
    wait_for(|| count(&catalog, JobState::Running) == 1);
    for library in catalog.libraries().unwrap() {
        ask(&mut catalog, Task::Scan { library: Some(library.id) });
    }
    daemon.kill();
    assert_eq!((count(&catalog, JobState::Running), count(&catalog, JobState::Queued)), (1, 1));
    drop(held);
    daemon.start_ready();
    assert!(is_mounted(daemon.films.media()));
    wait_for(|| count(&catalog, JobState::Done) == 2);
    assert_eq!(count(&catalog, JobState::Running) + count(&catalog, JobState::Queued), 0);
}

#[test]
fn a_job_is_given_back_when_the_daemon_stops_and_goes_on_with_the_next() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let mut catalog = catalog(&daemon);
    let held = TaskLock::try_take(&daemon.films.state().join("run"), "scan").unwrap().unwrap();
    let id = ask(&mut catalog, Task::Scan { library: None });
    wait_for(|| count(&catalog, JobState::Running) == 1);
    assert!(daemon.stop().success());
    let job = catalog.job(JobId::new(id)).unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Queued, 0));
    drop(held);
    daemon.start_ready();
    wait_for(|| count(&catalog, JobState::Done) == 1);
}

#[test]
fn what_fails_waits_to_be_tried_again_and_is_told() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let mut catalog = catalog(&daemon);
    let id = ask(&mut catalog, Task::Scan { library: Some(LibraryId::new(99)) });
    wait_for(|| catalog.job(JobId::new(id)).unwrap().outcome.is_some());
    let job = &daemon.json(&["jobs", "--in", "queued"])[0];
    assert_eq!(job["attempts"], 1);
    assert!(job["outcome"].as_str().unwrap().contains("99"), "{job}");
    let id = id.to_string();
    assert!(daemon.posterfs(&["jobs", "retry", &id]).status.success());
    assert!(daemon.posterfs(&["jobs", "drop", &id]).status.success() || daemon.json(&["jobs"]).len() == 1);
}

/// Asks for it, and returns what it came to.
fn outcome(catalog: &mut Catalog, task: Task) -> String {
    let id = JobId::new(ask(catalog, task));
    wait_for(|| catalog.job(id).unwrap().state == JobState::Done);
    catalog.job(id).unwrap().outcome.unwrap()
}

#[test]
fn what_is_gone_for_long_lets_go_of_its_artwork_and_what_is_there_keeps_it() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let mut catalog = catalog(&daemon);
    let library = catalog.libraries().unwrap()[0].id;
    let name = "Heat (1995) {tmdb-949}";
    let entity = catalog.items_in(library, &RelPath::parse(name.as_bytes()).unwrap()).unwrap()[0];
    let (id, picture) = (entity.to_string(), daemon.films.picture("a.jpg"));
    assert!(daemon.posterfs(&["select", &id, "poster", "--file", picture.to_str().unwrap()]).status.success());
    assert!(daemon.posterfs(&["publish"]).status.success());
    daemon.start_ready();
    assert_eq!(outcome(&mut catalog, Task::Release { entity, days: 0 }), "nothing to let go of");
    assert!(daemon.stop().success());
    std::fs::rename(daemon.films.media().join(name), daemon.folders.plain().join("gone")).unwrap();
    daemon.start_ready();
    outcome(&mut catalog, Task::Scan { library: None });
    // As if it had been back since the manager told of it: it has gone only now.
    let told = outcome(&mut catalog, Task::Release { entity, days: 30 });
    assert!(told.contains("for as long once more"), "{told}");
    let again = catalog.jobs(&JobFilter { states: vec![JobState::Queued], ..JobFilter::default() }, 10).unwrap();
    assert_eq!((again.len(), &again[0].task), (1, &Task::Release { entity, days: 30 }));
    let days = (again[0].not_before.get() - SystemClock.now().get() + 3600) / 86_400;
    assert_eq!(days, 30);
    let told = outcome(&mut catalog, Task::Release { entity, days: 0 });
    assert!(told.ends_with("names let go of"), "{told}");
    assert_eq!(daemon.json(&["history"])[0]["author"], "daemon");
    assert_eq!(outcome(&mut catalog, Task::Release { entity, days: 0 }), "nothing to let go of");
    assert_eq!(outcome(&mut catalog, Task::Release { entity: EntityId::new(9999), days: 0 }), "it is no longer known");
}

#[test]
fn a_player_that_refuses_is_told_once_and_one_that_is_busy_again_later() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let [refuses, knows_nothing, is_busy] = [401, 404, 503].map(|status| Server::start(move |_| Given::status(status)));
    let media = daemon.films.media().display().to_string();
    // What is wrong with one of them (it has no key) is nothing to the others.
    let players = format!(
        "[player.jellyfin]\nurl = '{}'\nkey = 'k'\n[player.emby]\nurl = '{}'\nkey = 'k'\n\
         [player.kodi]\nurl = '{}'\n[player.plex]\nurl = 'http://127.0.0.1:1'\n",
        refuses.url(),
        knows_nothing.url(),
        is_busy.url()
    );
    daemon.configure(&format!("[[mount]]\nsource = '{media}'\n{players}"));
    let mut catalog = catalog(&daemon);
    for player in ["jellyfin", "emby", "kodi", "plex"] {
        let known = catalog.latest_generation().unwrap();
        catalog.set_told(player, known, SystemClock.now()).unwrap();
    }
    let (film, picture) = (daemon.json(&["list"])[0]["id"].to_string(), daemon.films.picture("a.jpg"));
    assert!(daemon.posterfs(&["select", &film, "poster", "--file", picture.to_str().unwrap()]).status.success());
    assert!(daemon.posterfs(&["publish"]).status.success());
    daemon.start_ready();
    let told = |catalog: &Catalog| {
        let jobs = catalog.jobs(&JobFilter::default(), 10).unwrap().into_iter().filter(|job| job.outcome.is_some());
        let mut told: Vec<_> = jobs.map(|job| (job.task.to_string(), job.state, job.attempts)).collect();
        told.sort();
        told
    };
    wait_for(|| told(&catalog).len() == 4);
    let wanted = [
        ("notify emby 1", JobState::Dead),
        ("notify jellyfin 1", JobState::Dead),
        ("notify kodi 1", JobState::Queued),
        ("notify plex 1", JobState::Dead),
    ];
    assert_eq!(told(&catalog), wanted.map(|(task, state)| (task.to_owned(), state, 1)));
    assert_eq!(refuses.asked().len(), 1, "what was refused is not asked for again");
}

#[test]
fn what_was_chosen_is_in_the_journal_also_when_the_job_failed_afterwards() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let (film, picture) = (daemon.json(&["list"])[0]["id"].to_string(), daemon.films.picture("a.jpg"));
    assert!(daemon.posterfs(&["select", &film, "poster", "--file", picture.to_str().unwrap()]).status.success());
    daemon.start_ready();
    let mut catalog = catalog(&daemon);
    let journal = daemon.films.state().join("cache/journal.jsonl");
    let before = std::fs::metadata(&journal).unwrap().len();
    // Chosen by somebody who died before it was noted; then a job that fails.
    let film = film.parse().map(EntityId::new).unwrap();
    catalog.set_monitored(film, false, PublishMode::Apply, SystemClock.now()).unwrap();
    let id = JobId::new(ask(&mut catalog, Task::Scan { library: Some(LibraryId::new(99)) }));
    wait_for(|| catalog.job(id).unwrap().outcome.is_some());
    assert!(std::fs::metadata(&journal).unwrap().len() > before);
}

#[test]
fn what_the_schedule_missed_is_caught_up_and_the_status_tells() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let mut catalog = catalog(&daemon);
    let ago = |seconds| UnixSeconds::new(SystemClock.now().get() - seconds);
    let last = TaskRun {
        task: "scan".to_owned(),
        started_at: ago(3 * 86_400),
        finished_at: ago(3 * 86_400 - 5),
        outcome: "before".to_owned(),
        is_failed: false,
    };
    catalog.note_task_run(&last).unwrap();
    let text = std::fs::read_to_string(daemon.config()).unwrap();
    crate::support::write(daemon.config(), text.replace("scan = ''", "scan = '0 4 * * *'\njitter = 0"));
    daemon.start_ready();
    wait_for(|| count(&catalog, JobState::Done) == 1);
    wait_for(|| catalog.task_runs().unwrap()[0].outcome != "before");
    let status = &daemon.json(&["status"])[0]["daemon"];
    let scan = &status["schedule"][0];
    assert_eq!(scan["task"], "scan");
    assert!(scan["next"].as_i64().unwrap() > SystemClock.now().get() && scan["last"].as_i64().is_some(), "{status}");
    assert_eq!(status["mounts"][0]["condition"], "up");
}
