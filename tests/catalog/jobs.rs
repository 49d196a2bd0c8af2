//! The queue of jobs: collapsing, order, failing, dying, and being remembered.

use posterfs::catalog::{Asked, Catalog, CatalogError, Job, JobFilter, NewJob, TaskRun};
use posterfs::model::{AskedBy, GenerationId, JobId, JobState, LibraryId, Task, TaskKind};
use rusqlite::Connection;

use crate::support::{Fixture, at, path};

fn import(folder: &str) -> Task {
    Task::Import { library: LibraryId::new(1), folder: path(folder) }
}

fn asked(task: Task, not_before: i64) -> NewJob {
    NewJob { task, asked_by: AskedBy::Webhook, not_before: at(not_before) }
}

fn ask(catalog: &mut Catalog, task: Task, not_before: i64) -> Asked {
    catalog.ask_for(&asked(task, not_before), at(10)).unwrap()
}

fn begin(catalog: &mut Catalog, now: i64) -> Option<Job> {
    catalog.begin_next_job(&[], at(now)).unwrap()
}

/// Number and state of every job, the oldest first.
fn states(catalog: &Catalog) -> Vec<(i64, JobState)> {
    let mut jobs = catalog.jobs(&JobFilter::default(), 10_000).unwrap();
    jobs.reverse();
    jobs.iter().map(|job| (job.id.get(), job.state)).collect()
}

#[test]
fn a_burst_for_one_folder_is_one_job_that_keeps_the_earliest_time() {
    let mut catalog = Fixture::new().catalog;
    let first = ask(&mut catalog, import("Heat"), 15);
    assert!(!first.is_collapsed);
    for _ in 0..999 {
        let again = ask(&mut catalog, import("Heat"), 40);
        assert_eq!(again, Asked { id: first.id, is_collapsed: true });
    }
    let other = ask(&mut catalog, import("Alien"), 15);
    assert!(!other.is_collapsed && other.id != first.id);
    assert_eq!(begin(&mut catalog, 14), None, "it waits for the rest of the burst");
    assert_eq!(catalog.next_job_at(&[]).unwrap(), Some(at(15)));
    let job = begin(&mut catalog, 15).unwrap();
    assert_eq!((job.id, job.asked_times, job.attempts, job.task), (first.id, 1000, 1, import("Heat")));
    assert_eq!(job.asked_by, AskedBy::Webhook);
}

#[test]
fn what_is_asked_for_while_it_is_running_is_done_again_afterwards() {
    let mut catalog = Fixture::new().catalog;
    ask(&mut catalog, import("Heat"), 10);
    let running = begin(&mut catalog, 10).unwrap();
    let again = ask(&mut catalog, import("Heat"), 10);
    assert!(!again.is_collapsed && again.id != running.id);
    catalog.job_is_done(running.id, "1 item", at(12)).unwrap();
    assert_eq!(begin(&mut catalog, 12).unwrap().id, again.id);
}

#[test]
fn jobs_begin_in_the_order_of_their_time_and_none_of_a_busy_kind() {
    let mut catalog = Fixture::new().catalog;
    let late = ask(&mut catalog, Task::Gc, 30).id;
    let scan = ask(&mut catalog, Task::Scan { library: None }, 20).id;
    let enrich = ask(&mut catalog, Task::Enrich { force: false }, 20).id;
    let busy = [TaskKind::Scan];
    assert_eq!(catalog.begin_next_job(&busy, at(25)).unwrap().unwrap().id, enrich);
    assert_eq!(catalog.begin_next_job(&busy, at(25)).unwrap(), None);
    assert_eq!(catalog.next_job_at(&busy).unwrap(), Some(at(30)));
    assert_eq!(begin(&mut catalog, 40).unwrap().id, scan);
    assert_eq!(begin(&mut catalog, 40).unwrap().id, late);
}

#[test]
fn what_fails_is_tried_ever_later_then_given_up_and_can_be_retried() {
    let mut catalog = Fixture::new().catalog;
    let id = ask(&mut catalog, Task::Backup, 0).id;
    let mut now = 0;
    for wait in [15, 30] {
        begin(&mut catalog, now).unwrap();
        assert_eq!(catalog.job_has_failed(id, "no space", at(now)).unwrap(), JobState::Queued);
        assert_eq!(begin(&mut catalog, now + wait - 1), None);
        now += wait;
    }
    begin(&mut catalog, now).unwrap();
    assert_eq!(catalog.job_has_failed(id, "no space at all", at(now)).unwrap(), JobState::Dead);
    let dead = catalog.jobs(&JobFilter { states: vec![JobState::Dead], ..JobFilter::default() }, 10).unwrap();
    assert_eq!((dead.len(), dead[0].outcome.as_deref()), (1, Some("no space at all")));
    assert_eq!(begin(&mut catalog, now + 100_000), None);
    let retried = catalog.retry_job(id, at(now)).unwrap();
    assert_eq!((retried.state, retried.attempts, retried.finished_at), (JobState::Queued, 0, None));
    assert_eq!(begin(&mut catalog, now).unwrap().id, id);
}

#[test]
fn what_was_running_when_its_process_died_goes_on_but_does_not_kill_for_ever() {
    let mut fixture = Fixture::new();
    let id = ask(&mut fixture.catalog, Task::Verify { deep: true }, 0).id;
    for death in 1..=3 {
        assert_eq!(begin(&mut fixture.catalog, death).unwrap().id, id);
        // The next process.
        fixture.catalog = Catalog::open(&fixture.folder.path().join("posterfs.db")).unwrap();
        assert_eq!(fixture.catalog.queue_interrupted_jobs(at(death)).unwrap(), 1);
    }
    let job = fixture.catalog.job(id).unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Dead, 3));
    assert!(job.outcome.unwrap().contains("died"));
    assert_eq!(fixture.catalog.queue_interrupted_jobs(at(9)).unwrap(), 0);
}

#[test]
fn what_is_given_back_counts_as_never_tried() {
    let mut catalog = Fixture::new().catalog;
    let id = ask(&mut catalog, import("Heat"), 10).id;
    begin(&mut catalog, 10).unwrap();
    catalog.give_job_back(id, at(11)).unwrap();
    let job = catalog.job(id).unwrap();
    assert_eq!((job.state, job.attempts, job.not_before), (JobState::Queued, 0, at(10)));
}

#[test]
fn what_waits_already_takes_the_place_of_what_failed_or_was_interrupted() {
    for end in ["failed", "given back", "died", "retried"] {
        let mut catalog = Fixture::new().catalog;
        let first = ask(&mut catalog, Task::Notify { player: "kodi".into(), generation: GenerationId::new(1) }, 0).id;
        for try_number in 0..4 {
            begin(&mut catalog, 100_000 * (try_number + 1)).unwrap();
            if end != "retried" {
                break;
            }
            catalog.job_has_failed(first, "off", at(0)).unwrap();
        }
        let newer = Task::Notify { player: "kodi".into(), generation: GenerationId::new(2) };
        let second = ask(&mut catalog, newer.clone(), 0).id;
        match end {
            "failed" => drop(catalog.job_has_failed(first, "off", at(1)).unwrap()),
            "given back" => catalog.give_job_back(first, at(1)).unwrap(),
            "died" => assert_eq!(catalog.queue_interrupted_jobs(at(1)).unwrap(), 1),
            _ => drop(catalog.retry_job(first, at(1)).unwrap()),
        }
        let expected = [(first.get(), JobState::Done), (second.get(), JobState::Queued)];
        assert_eq!(states(&catalog), expected, "{end}");
        assert_eq!(begin(&mut catalog, 1).unwrap().task, newer);
    }
}

#[test]
fn the_history_is_bounded_and_numbers_are_never_used_again() {
    let mut catalog = Fixture::new().catalog;
    let mut newest = 0;
    for number in 0..1010 {
        newest = ask(&mut catalog, import(&format!("Film {number}")), 0).id.get();
        let id = begin(&mut catalog, 0).unwrap().id;
        catalog.job_is_done(id, "", at(1)).unwrap();
    }
    let counts = catalog.job_counts().unwrap();
    assert_eq!((counts.queued, counts.running, counts.done, counts.dead), (0, 0, 1000, 0));
    let page = catalog.jobs(&JobFilter { before: Some(JobId::new(newest)), ..JobFilter::default() }, 1).unwrap();
    assert_eq!(page[0].id.get(), newest - 1);
    assert!(matches!(catalog.job(JobId::new(1)), Err(CatalogError::NoSuchJob { .. })));
    let waiting = ask(&mut catalog, Task::Gc, 0).id;
    assert!(catalog.drop_job(waiting).unwrap());
    assert!(ask(&mut catalog, Task::Gc, 0).id > waiting);
    assert!(!catalog.drop_job(JobId::new(newest)).unwrap(), "what is done is not dropped");
}

#[test]
fn several_jobs_are_asked_for_in_one_go() {
    let mut catalog = Fixture::new().catalog;
    let jobs: Vec<_> = ["Heat", "Alien", "Heat"].map(|folder| asked(import(folder), 0)).into();
    let asked = catalog.ask_for_all(&jobs, at(1)).unwrap();
    assert_eq!(asked.iter().map(|asked| asked.is_collapsed).collect::<Vec<_>>(), [false, false, true]);
    let imports = JobFilter { kinds: vec![TaskKind::Import], states: vec![JobState::Queued], before: None };
    assert_eq!(catalog.jobs(&imports, 10).unwrap().len(), 2);
    assert_eq!(catalog.jobs(&JobFilter { kinds: vec![TaskKind::Gc], ..imports }, 10).unwrap(), []);
}

#[test]
fn a_task_of_another_version_is_given_up_and_holds_nothing_up() {
    let mut fixture = Fixture::new();
    let odd = ask(&mut fixture.catalog, Task::Gc, 0).id;
    let good = ask(&mut fixture.catalog, Task::Backup, 1).id;
    let other = Connection::open(fixture.folder.path().join("posterfs.db")).unwrap();
    other.execute("UPDATE jobs SET task = '{\"task\":\"dream\"}' WHERE id = ?1", [odd.get()]).unwrap();
    assert_eq!(begin(&mut fixture.catalog, 5).unwrap().id, good);
    let state: String = other.query_row("SELECT state FROM jobs WHERE id = ?1", [odd.get()], |row| row.get(0)).unwrap();
    assert_eq!(state, "dead");
}

#[test]
fn the_last_run_of_a_scheduled_task_is_remembered() {
    let mut catalog = Fixture::new().catalog;
    let run = |task: &str, finished: i64, is_failed| TaskRun {
        task: task.to_owned(),
        started_at: at(finished - 1),
        finished_at: at(finished),
        outcome: format!("at {finished}"),
        is_failed,
    };
    for run in [run("verify", 5, true), run("gc", 3, false), run("verify", 9, false)] {
        catalog.note_task_run(&run).unwrap();
    }
    assert_eq!(catalog.task_runs().unwrap(), [run("gc", 3, false), run("verify", 9, false)]);
}

#[test]
fn what_cannot_succeed_is_given_up_at_once_and_retried_by_hand_only() {
    let mut catalog = Fixture::new().catalog;
    ask(&mut catalog, Task::Gc, 10);
    let job = begin(&mut catalog, 10).unwrap();
    catalog.give_job_up(job.id, "refused", at(11)).unwrap();
    let given_up = catalog.job(job.id).unwrap();
    assert_eq!((given_up.state, given_up.attempts, given_up.outcome), (JobState::Dead, 1, Some("refused".to_owned())));
    assert_eq!(begin(&mut catalog, 1_000_000), None);
    catalog.retry_job(job.id, at(12)).unwrap();
    assert_eq!(begin(&mut catalog, 12).unwrap().id, job.id);
    assert!(matches!(catalog.give_job_up(JobId::new(99), "", at(1)), Err(CatalogError::NoSuchJob { .. })));
}
