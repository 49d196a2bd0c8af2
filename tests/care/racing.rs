//! Collections beside those who take pictures in, choose and publish: nothing that anybody needs is ever taken.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, PublishMode, Scope};
use posterfs::config::HistorySettings;
use posterfs::model::{Clock, SystemClock, UnixSeconds};
use posterfs::phase::{GRACE_SECONDS, GcRequest, NoProgress, gc, publish, select_file};
use posterfs::recycle::Recycle;

use crate::care::{HEAT, KEEP, UP, assert_whole, cached, collect_at, films, hash, later};
use crate::collecting::unneeded;
use crate::support::{png, stamp, write};

/// Between the file and its row, at every step, a collection of the present time comes by.
#[test]
fn a_picture_that_is_being_taken_in_is_never_collected() {
    for nth in 0.. {
        let mut world = films();
        let film = world.film(HEAT).id;
        let file = world.folder.path().join("new.png");
        write(&file, &png(20));
        let state = world.folder.path().join("state");
        let came_by = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&came_by);
        // A lock that `put` holds is waited for, so the collection goes on beside it.
        let running = Arc::new(Mutex::new(Vec::new()));
        let started = Arc::clone(&running);
        let mut steps = 0;
        let listening = posterfs::steps::listen(move |step| {
            if !step.starts_with("put.") {
                return;
            }
            if steps == nth {
                seen.store(true, Ordering::SeqCst);
                let state = state.clone();
                started.lock().unwrap().push(thread::spawn(move || collect_once(&state)));
            }
            steps += 1;
        });
        let cache = Cache::open(world.cache.root()).unwrap();
        let choice = (film, "poster".parse().unwrap());
        let now = SystemClock.now();
        select_file(&mut world.catalog, &cache, choice, &file, &Limits::default(), "tester", now).unwrap();
        drop(listening);
        for thread in running.lock().unwrap().drain(..) {
            thread.join().unwrap();
        }
        assert!(cached(&world, 20).exists(), "step {nth}");
        world.publish(9000);
        assert_whole(&mut world);
        if !came_by.load(Ordering::SeqCst) {
            return assert!(nth > 6, "only {nth} steps were come to");
        }
    }
}

fn collect_once(state: &std::path::Path) {
    let mut catalog = Catalog::open(&state.join("posterfs.db")).unwrap();
    let cache = Cache::open(&state.join("cache")).unwrap();
    let bin = Recycle::open(&state.join("recycle")).unwrap();
    let history = HistorySettings::default();
    let request = GcRequest { history: &history, recycle_limits: KEEP, is_dry_run: false, now: SystemClock.now() };
    gc(&mut catalog, &cache, &bin, &request, &NoProgress).unwrap();
}

/// A picture that a collection is just taking away is put there anew by who needs it: it is not found half gone.
#[test]
fn who_puts_a_picture_waits_for_the_collection_and_has_it_then() {
    let mut world = films();
    unneeded(&mut world, 20);
    let put_at = std::os::unix::fs::MetadataExt::ctime(&std::fs::metadata(cached(&world, 20)).unwrap());
    let (root, (tell, told)) = (world.cache.root().to_owned(), mpsc::channel());
    let putting = Rc::new(RefCell::new(None));
    let (put, at) = (Rc::clone(&putting), root);
    let listening = posterfs::steps::listen(move |step| {
        if step != "gc.rows_forgotten" {
            return;
        }
        while SystemClock.now().get() < put_at + 2 {
            thread::yield_now();
        }
        let (root, tell) = (at.clone(), tell.clone());
        *put.borrow_mut() = Some(thread::spawn(move || {
            let cache = Cache::open(&root).unwrap();
            let stored = cache.put(&png(20)[..], &"a test", &Limits::default()).unwrap();
            let _ = tell.send(());
            stored.was_new
        }));
        // It cannot come to its end while the collection is at it.
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "put did not wait");
    });
    let history = HistorySettings::default();
    // Of the two files of that name, the first is old, and the second is not.
    let now = UnixSeconds::new(put_at + 1 + GRACE_SECONDS);
    let request = GcRequest { history: &history, recycle_limits: KEEP, is_dry_run: false, now };
    let report = gc(&mut world.catalog, &world.cache, &world.recycle, &request, &NoProgress).unwrap();
    drop(listening);
    assert_eq!((report.rows, report.files), (1, 1), "{report:?}");
    let was_new = putting.borrow_mut().take().unwrap().join().unwrap();
    assert!(was_new, "the old file was taken away before");
    assert!(cached(&world, 20).exists());
}

#[test]
fn choosing_publishing_and_collecting_at_once() {
    let mut world = films();
    let state = world.folder.path().join("state");
    let (heat, up) = (world.film(HEAT).id, world.film(UP).id);
    let is_over = AtomicBool::new(false);
    for seed in 0..30 {
        write(&world.folder.path().join(format!("{seed}.png")), &png(100 + seed));
    }
    let folder = world.folder.path();
    thread::scope(|scope| {
        let collecting = scope.spawn(|| {
            let mut rounds = 0;
            while !is_over.load(Ordering::SeqCst) {
                collect_once(&state);
                rounds += 1;
            }
            rounds
        });
        let choosers = [heat, up].map(|film| {
            let state = state.clone();
            scope.spawn(move || {
                let mut catalog = Catalog::open(&state.join("posterfs.db")).unwrap();
                let cache = Cache::open(&state.join("cache")).unwrap();
                for round in 0..30_u8 {
                    let path = folder.join(format!("{}.png", if round % 3 == 0 { 0 } else { round }));
                    let choice = (film, "poster".parse().unwrap());
                    let now = SystemClock.now();
                    select_file(&mut catalog, &cache, choice, &path, &Limits::default(), "tester", now).unwrap();
                    publish(&mut catalog, Scope::All, PublishMode::Apply, &stamp(now.get())).unwrap();
                }
            })
        });
        for chooser in choosers {
            chooser.join().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        assert!(collecting.join().unwrap() > 0);
    });
    assert_whole(&mut world);
    let shown: Vec<_> = [heat, up].iter().flat_map(|film| world.catalog.mappings_of(*film).unwrap()).collect();
    assert!(!shown.is_empty());
    for mapping in shown {
        assert!(world.cache.open_content(&mapping.hash, &mapping.extension).is_ok(), "rule 2");
    }
    // Nothing that is a candidate or was shown is collected, however late it is.
    assert_eq!(collect_at(&mut world, later(), false).files, 0);
    assert!(world.cache.open_content(&hash(&png(1)), "png").is_ok());
}
