//! One thing is damaged in each test, is found by its name, repaired, and everything is whole.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use posterfs::model::UnixSeconds;
use posterfs::phase::{ExportMode, Flaw, NoProgress, Remedy, Repaired, VerifyRequest, verify};

use crate::care::{
    HEAT, assert_whole, binned, cached, chosen_from, damage, deep, exported, films, flaws, go_back_to, hash, later,
    look_at, mend, mend_one, quick, raw, trees,
};
use crate::support::{World, files_below, png, write};

#[test]
fn what_is_whole_is_said_to_be() {
    let mut world = films();
    let (report, findings) = look_at(&mut world, false, None);
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!((report.files, report.read, report.originals, report.deep), (2, 0, 1, false));
    assert!(report.mappings >= 2);
    let (report, findings) = look_at(&mut world, true, None);
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!((report.files, report.read, report.deep, report.resumed), (2, 2, true, false));
    assert_eq!(report.read_bytes, (png(1).len() + png(2).len()) as u64);
    let last = world.catalog.last_verification().unwrap().unwrap();
    assert_eq!((last.is_deep, last.findings, last.finished_at.is_some()), (true, 0, true));
}

#[test]
fn missing() {
    let mut world = films();
    fs::remove_file(cached(&world, 1)).unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::Missing]);
    let finding = &findings[0];
    assert_eq!((finding.path.as_str(), finding.repair), (cached(&world, 1).to_str().unwrap(), Remedy::TakeAgain));
    let affected = &finding.affects[..];
    assert_eq!(affected.len(), 1);
    assert_eq!((affected[0].title.as_str(), affected[0].image_type.to_string().as_str()), ("Heat", "poster"));
    assert!(affected[0].selected && affected[0].locked);
    let shown = world.path(b"Heat (1995)/poster.png");
    assert!(affected[0].shown.contains(&shown.to_str().unwrap().to_owned()), "{affected:?}");
    let how = mend_one(&mut world, &findings);
    assert!(how.contains("chosen 1.png"), "{how}");
    assert_eq!(fs::read(cached(&world, 1)).unwrap(), png(1));
    assert_whole(&mut world);
}

#[test]
fn corrupt() {
    let mut world = films();
    damage(&cached(&world, 1), |bytes| bytes[50] ^= 1);
    assert!(quick(&mut world).is_empty(), "size and name are as they should be");
    let findings = deep(&mut world);
    assert_eq!(flaws(&findings), [Flaw::Corrupt]);
    mend_one(&mut world, &findings);
    let bin = binned(&world);
    assert_eq!(bin.len(), 1, "damaged files go to quarantine");
    assert!(bin[0].1.contains("quarantine") && bin[0].0 != png(1) && bin[0].0.len() == png(1).len(), "{bin:?}");
    assert_eq!(fs::read(cached(&world, 1)).unwrap(), png(1));
    assert_whole(&mut world);
}

#[test]
fn wrong_size() {
    let mut world = films();
    damage(&cached(&world, 2), |bytes| bytes.truncate(10));
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::WrongSize]);
    mend_one(&mut world, &findings);
    assert_eq!(binned(&world)[0].0.len(), 10);
    assert_whole(&mut world);
}

#[test]
fn unreadable() {
    let mut world = films();
    let path = cached(&world, 2);
    fs::remove_file(&path).unwrap();
    symlink(chosen_from(&world, 2), &path).unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::Unreadable], "a link is no file of the cache, wherever it leads");
    mend_one(&mut world, &findings);
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    assert_whole(&mut world);
}

#[test]
fn orphan_file_that_tells_what_it_is_for() {
    let mut world = films();
    let copy = world.folder.path().join("copy.db");
    world.catalog.copy_as_it_is(&copy).unwrap();
    let film = world.film(HEAT).id;
    world.choose(HEAT, "fanart", 7);
    go_back_to(&mut world, &copy);
    assert!(quick_young(&mut world).is_empty(), "somebody may be taking it in");
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::OrphanFile]);
    let how = mend_one(&mut world, &findings);
    assert!(how.contains("adopted") && how.contains("fanart of Heat"), "{how}");
    let candidates = world.catalog.candidates_of(film, Some("fanart".parse().unwrap())).unwrap();
    assert_eq!(candidates.len(), 1);
    assert!(!candidates[0].is_selected, "nothing is chosen by this");
    assert_whole(&mut world);
}

/// A look at the present time: what was put just now is young.
fn quick_young(world: &mut World) -> Vec<posterfs::phase::Finding> {
    let trees = trees(world);
    let now = UnixSeconds::new(later().get() - 10_000);
    let request = VerifyRequest { trees: &trees, is_everything: true, is_deep: false, since: None, rate: None, now };
    let mut findings = Vec::new();
    verify(&mut world.catalog, &world.cache, &request, &NoProgress, &mut |finding| findings.push(finding)).unwrap();
    findings
}

#[test]
fn orphan_file_of_which_nothing_is_known() {
    let mut world = films();
    world.cache.put(&png(9)[..], &"a test", &Default::default()).unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::OrphanFile]);
    mend_one(&mut world, &findings);
    assert_eq!(binned(&world)[0].0, png(9));
    assert!(binned(&world)[0].1.contains("orphan"));
    assert_whole(&mut world);
}

#[test]
fn orphan_file_under_a_name_that_the_cache_does_not_give() {
    let mut world = films();
    write(&world.cache.root().join("assets/ab/notes.txt"), b"mine");
    write(&world.cache.root().join("assets/notes.txt"), b"mine, too");
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::OrphanFile, Flaw::OrphanFile]);
    assert!(mend(&mut world, &findings, false).iter().all(|one| matches!(one, Repaired::Repaired(_))));
    assert_eq!(binned(&world).len(), 2);
    assert_whole(&mut world);
}

#[test]
fn orphan_row() {
    let mut world = films();
    let connection = raw(&world);
    connection.execute("INSERT INTO unpublished VALUES (4711, 'poster', 0, 1)", []).unwrap();
    connection
        .execute(
            "INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, fetched_at)
             VALUES (4711, 'poster', 0, 'tmdb', 'x', 1)",
            [],
        )
        .unwrap();
    drop(connection);
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::OrphanRow, Flaw::OrphanRow]);
    assert!(findings.iter().all(|finding| finding.repair == Remedy::RemoveRow));
    let outcomes = mend(&mut world, &findings, false);
    assert!(outcomes.iter().all(|one| matches!(one, Repaired::Repaired(_))), "{outcomes:?}");
    let bin = binned(&world);
    assert_eq!(bin.len(), 1, "one copy of the catalog, as it was");
    let copy = world.folder.path().join("as it was.db");
    write(&copy, &bin[0].0);
    let count = "SELECT count(*) FROM asset_candidates WHERE entity_id = 4711";
    let kept: i64 = rusqlite::Connection::open(&copy).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
    assert_whole(&mut world);
}

#[test]
fn orphan_row_of_a_file_that_nothing_needs() {
    let mut world = films();
    let film = world.film(HEAT).id;
    let known = world.catalog.selections_of(film).unwrap().remove(0).picture;
    let new = posterfs::catalog::NewCacheFile { hash: hash(b"nothing"), ..known };
    world.catalog.put_cache_file(&new).unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::OrphanRow]);
    mend_one(&mut world, &findings);
    assert_whole(&mut world);
}

#[test]
fn escaping_path() {
    let mut world = films();
    raw(&world)
        .execute(
            "UPDATE library_image_files SET folder = CAST('../../etc' AS BLOB) WHERE name = CAST('poster.png' AS BLOB)
                 AND folder = CAST('Heat (1995)' AS BLOB)",
            [],
        )
        .unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::EscapingPath]);
    assert!(findings[0].path.ends_with("../../etc/poster.png"), "{findings:?}");
    mend_one(&mut world, &findings);
    assert_whole(&mut world);
    world.publish(3000);
    assert_whole(&mut world);
}

#[test]
fn stale_temporary() {
    let mut world = films();
    let path = world.cache.root().join("tmp/put-1-1");
    write(&path, b"half a pict");
    assert!(quick_young(&mut world).is_empty());
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::StaleTemporary]);
    mend_one(&mut world, &findings);
    assert!(!path.exists());
    assert_whole(&mut world);
}

#[test]
fn missing_original() {
    let mut world = films();
    fs::remove_file(world.path(b"Up (2009)/fanart.jpg")).unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::MissingOriginal]);
    assert_eq!(findings[0].path, world.path(b"Up (2009)/fanart.jpg").to_str().unwrap());
    mend_one(&mut world, &findings);
    assert_whole(&mut world);
}

#[test]
fn export_differs() {
    for mode in [ExportMode::Copy, ExportMode::Hardlink, ExportMode::Symlink] {
        let mut world = films();
        let to = exported(&mut world, mode);
        assert_whole(&mut world);
        let changed = to.join("Heat (1995)/poster.png");
        let gone = to.join("Up (2009)/poster.png");
        fs::remove_file(&gone).unwrap();
        fs::remove_file(&changed).unwrap();
        let mut other = png(1);
        other[40] ^= 1;
        write(&changed, &other);
        let quick: Vec<_> = quick(&mut world).into_iter().map(|finding| (finding.flaw, finding.path)).collect();
        assert_eq!(quick, [(Flaw::ExportDiffers, gone.to_str().unwrap().to_owned())], "{mode}");
        let findings = deep(&mut world);
        assert_eq!(flaws(&findings), [Flaw::ExportDiffers, Flaw::ExportDiffers], "{mode}");
        let outcomes = mend(&mut world, &findings, false);
        assert!(outcomes.iter().all(|one| matches!(one, Repaired::Repaired(_))), "{outcomes:?}");
        assert_eq!((fs::read(&changed).unwrap(), fs::read(&gone).unwrap()), (png(1), png(2)), "{mode}");
        assert_eq!(binned(&world)[0].0, other, "what was there is in the recycle bin");
        assert_whole(&mut world);
    }
}

#[test]
fn what_was_published_since_the_export_is_not_missing_from_it() {
    let mut world = films();
    let to = exported(&mut world, ExportMode::Copy);
    world.choose(HEAT, "fanart", 5);
    world.publish(5000);
    assert_whole(&mut world);
    assert!(!to.join("Heat (1995)/fanart.png").exists());
    fs::rename(&to, world.folder.path().join("elsewhere")).unwrap();
    let findings = quick(&mut world);
    assert_eq!((flaws(&findings), findings[0].repair), (vec![Flaw::ExportDiffers], Remedy::ByHand));
    assert!(findings[0].message.contains("--forget"));
    let library = world.library.clone();
    assert!(posterfs::phase::forget_export(&mut world.catalog, &library, Some(&to), None).unwrap());
    assert_whole(&mut world);
}

#[test]
fn catalog_damage() {
    let mut world = films();
    let connection = raw(&world);
    connection
        .execute_batch(
            "CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'entities_by_title';
             PRAGMA writable_schema = ON;
             DELETE FROM sqlite_schema WHERE name = 'entities_by_title';
             PRAGMA writable_schema = RESET;
             UPDATE entities SET title = 'Heat of the night' WHERE title = 'Heat';
             PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema SELECT * FROM kept;
             PRAGMA writable_schema = RESET;",
        )
        .unwrap();
    drop(connection);
    let findings = deep(&mut world);
    assert!(!findings.is_empty() && findings.iter().all(|found| found.flaw == Flaw::CatalogDamage), "{findings:#?}");
    assert!(findings[0].message.contains("entities_by_title"), "{findings:#?}");
    assert!(mend(&mut world, &findings, true).iter().all(|one| matches!(one, Repaired::Would(_))));
    let outcomes = mend(&mut world, &findings, false);
    assert!(outcomes.iter().all(|one| matches!(one, Repaired::Repaired(_))), "{outcomes:?}");
    assert_whole(&mut world);
}

/// Rule 1: media is never touched, and a disk that is not mounted is no reason to forget what was on it.
#[test]
fn a_library_that_cannot_be_looked_at_is_one_finding() {
    let mut world = films();
    let before = bytes_below(&world.library.path);
    deep(&mut world);
    assert_eq!(bytes_below(&world.library.path), before, "media is never touched by verify");
    fs::rename(&world.library.path, world.folder.path().join("unplugged")).unwrap();
    for is_empty in [false, true] {
        if is_empty {
            fs::create_dir(&world.library.path).unwrap();
        }
        let findings = quick(&mut world);
        assert_eq!((flaws(&findings), findings[0].repair), (vec![Flaw::Unreadable], Remedy::ByHand), "{findings:#?}");
        assert!(matches!(mend(&mut world, &findings, false)[0], Repaired::Left(_)));
    }
    fs::remove_dir(&world.library.path).unwrap();
    fs::rename(world.folder.path().join("unplugged"), &world.library.path).unwrap();
    assert_whole(&mut world);
}

fn bytes_below(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    files_below(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_deep_run_reads_only_what_was_not_read_lately() {
    let mut world = films();
    let now = later();
    let (report, _) = look_at(&mut world, true, None);
    assert_eq!((report.read, report.read_before), (2, 0));
    let (report, _) = look_at(&mut world, true, Some(UnixSeconds::new(now.get() - 86_400)));
    assert_eq!((report.read, report.read_before, report.files), (0, 2, 2), "both were read a moment ago");
    world.choose(HEAT, "fanart", 5);
    let (report, _) = look_at(&mut world, true, Some(UnixSeconds::new(now.get() - 86_400)));
    assert_eq!((report.read, report.read_before), (1, 2), "only what is new");
    let (report, _) = look_at(&mut world, true, None);
    assert_eq!((report.read, report.read_before), (3, 0), "everything");
}

#[test]
fn a_deep_run_that_was_killed_goes_on_where_it_was() {
    let mut world = films();
    let begun = UnixSeconds::new(later().get() - 100);
    let (run, is_resumed) = world.catalog.begin_verification(true, begun).unwrap();
    assert!(!is_resumed);
    let one = (hash(&png(1)), "png".to_owned());
    world.catalog.note_verified(&[one], UnixSeconds::new(begun.get() + 1)).unwrap();
    // Here it is killed.
    damage(&cached(&world, 2), |bytes| bytes[50] ^= 1);
    let (report, findings) = look_at(&mut world, true, None);
    assert_eq!((report.run, report.resumed, report.read_before), (Some(run.id), true, 1), "{report:?}");
    assert_eq!(flaws(&findings), [Flaw::Corrupt]);
    let (report, findings) = look_at(&mut world, true, None);
    assert_eq!((report.resumed, report.read_before), (false, 0), "that one came to its end");
    assert_eq!(flaws(&findings), [Flaw::Corrupt]);
}

#[test]
fn only_what_belongs_to_some_libraries() {
    let mut world = films();
    fs::remove_file(cached(&world, 1)).unwrap();
    world.cache.put(&png(9)[..], &"a test", &Default::default()).unwrap();
    let look = |world: &mut World, libraries: &[posterfs::phase::LibraryTree]| {
        let request = VerifyRequest {
            trees: libraries,
            is_everything: false,
            is_deep: false,
            since: None,
            rate: None,
            now: later(),
        };
        let mut found = Vec::new();
        let told = &mut |finding: posterfs::phase::Finding| found.push(finding.flaw);
        verify(&mut world.catalog, &world.cache, &request, &NoProgress, told).unwrap();
        found
    };
    let all = trees(&world);
    assert_eq!(look(&mut world, &all), [Flaw::Missing], "what serves nobody belongs to no library");
    assert_eq!(look(&mut world, &[]), []);
}
