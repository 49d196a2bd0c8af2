//! What is kept of a folder with mappings, in bytes: `docs/performance.md` tells it. Counted by the allocator, so it is the same
//! on every machine.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use posterfs::catalog::Catalog;
use posterfs::model::RelPath;
use posterfs::overlay::Folder;

use crate::support::Films;

/// How many folders are kept at once, so that what is shared does not count.
const COPIES: usize = 1_000;
/// What a folder with some pictures may take, and each name in it. A mount keeps 20,000 folders.
const FOLDER_BYTES_MAX: usize = 1_024;
const NAME_BYTES_MAX: usize = 640;

thread_local! {
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, and how much this thread has of it.
struct Counting;

fn count(bytes: isize) {
    // While a thread ends there is nowhere to count.
    let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get() + bytes));
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_folder_with_mappings_takes_little_memory() {
    let films = Films::new();
    films.scan();
    for (image_type, picture) in
        [("poster", "a.jpg"), ("fanart1", "b.jpg"), ("fanart2", "c.jpg"), ("clearlogo", "logo.png")]
    {
        films.select("tmdb:949", image_type, picture);
    }
    films.publish();
    let catalog = Catalog::open_read_only(&films.state().join("posterfs.db")).unwrap();
    let library = catalog.library_named("films").unwrap().id;
    let path = RelPath::parse(b"Heat (1995) {tmdb-949}").unwrap();
    let read = || Arc::new(Folder::new(catalog.folder_mappings(library, &path).unwrap().unwrap()));
    // What SQLite and the library set aside at the first use is not the folder's.
    let names = read().names().count();
    let before = ALLOCATED.get();
    let kept: Vec<_> = (0..COPIES).map(|_| read()).collect();
    let each = usize::try_from(ALLOCATED.get() - before).unwrap() / kept.len();
    println!("a folder with {names} names takes {each} bytes");
    assert!(names >= 5, "{names}");
    assert!(each <= FOLDER_BYTES_MAX + names * NAME_BYTES_MAX, "{each} bytes for {names} names");
}
