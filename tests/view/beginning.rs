//! Where a view cannot be, and what is said then.

use std::fs;
use std::path::Path;

use crate::support::{Films, Folders, contents, write};
use crate::world::publish_some;

#[test]
fn mount_points_that_are_none() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    let (view, plain) = (folders.view(), folders.plain());
    write(plain.join("file"), "x");
    let inside = films.film(b"Remake (1960)");
    let missing = plain.join("missing");
    for (mountpoint, source, options, words) in [
        (missing.as_path(), films.media(), "", &["missing", "No such file", "existing folder"][..]),
        (&plain.join("file"), films.media(), "", &["file", "not a directory", "existing folder"]),
        (&view, &missing, "", &["the source", "missing", "existing folder"]),
        (&inside, films.media(), "", &["Remake (1960)", "lies inside the source", "mount over the source itself"]),
        (&view, films.media(), "allow_root", &["allow_root", "ro", "threads="]),
        (&view, films.media(), "threads=none", &["threads=none", "1 to 256"]),
        (&view, films.media(), "attr_timeout=soon", &["attr_timeout=soon", "seconds"]),
    ] {
        let mut arguments = vec!["mount".as_ref(), mountpoint.as_os_str(), "--source".as_ref(), source.as_os_str()];
        if !options.is_empty() {
            arguments.extend([std::ffi::OsStr::new("-o"), options.as_ref()]);
        }
        let said = films.fails(1, &arguments);
        assert!(words.iter().all(|word| said.contains(word)), "{mountpoint:?} {options}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let run = crate::support::names(&films.state().join("run"));
        assert!(run.iter().all(|name| name == "lock"), "nothing is left behind: {run:?}");
    }
}

#[test]
fn places_that_are_taken() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    let elsewhere = folders.plain().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let mount = folders.mount_beside(&[]);
    let view = mount.view();
    for (mountpoint, source, words) in [
        (view.as_path(), elsewhere.as_path(), ["already mounted", "posterfs unmount"]),
        (elsewhere.as_path(), films.media(), ["already shown at", "posterfs unmount"]),
        (films.media(), films.media(), ["already shown at", "posterfs unmount"]),
    ] {
        let arguments: [&Path; 4] = ["mount".as_ref(), mountpoint, "--source".as_ref(), source];
        let said = films.fails(1, &arguments);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.contains(&mount.pid().to_string()), "the process is named: {said}");
    }
    let unknown = films.fails(1, &["unmount".as_ref(), elsewhere.as_os_str()]);
    assert!(unknown.contains("is not mounted by posterfs"), "{unknown}");
    assert!(films.fails(1, &["unmount", "/proc"]).contains("/proc is not mounted by posterfs"));
}

#[test]
fn a_view_for_reading_only() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    publish_some(&films);
    let before = contents(films.media());
    let mount = folders.mount_beside(&["-o", "ro"]);
    let heat = mount.view().join("Heat (1995) {tmdb-949}");
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.picture("a.jpg")).unwrap());
    for outcome in [
        fs::File::create(heat.join("new")).map(drop),
        fs::File::options().write(true).open(heat.join("Heat (1995).mkv")).map(drop),
        fs::remove_file(heat.join("poster.jpg")),
        fs::remove_file(heat.join("Heat (1995).mkv")),
    ] {
        assert_eq!(outcome.unwrap_err().raw_os_error(), Some(libc::EROFS));
    }
    // Publishing is no change of the source.
    films.select("tmdb:949", "poster", "b.jpg");
    films.publish();
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.picture("b.jpg")).unwrap());
    assert_eq!(mount.status()["read_only"], true);
    assert_eq!(contents(films.media()), before);
}

#[test]
fn paths_that_are_no_text_and_links_on_the_way() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    let odd = folders.plain().join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"vi\xffw, a b"));
    fs::create_dir(&odd).unwrap();
    let link = folders.plain().join("link");
    std::os::unix::fs::symlink(&odd, &link).unwrap();
    films.scan();
    publish_some(&films);
    let arguments: [&Path; 4] = ["mount".as_ref(), &link, "--source".as_ref(), films.media()];
    let mounted = films.one(&arguments);
    assert!(mounted["mountpoint"].as_str().unwrap().ends_with("vi\\xffw, a b"), "{mounted}");
    assert!(odd.join("Heat (1995) {tmdb-949}/poster.jpg").is_file());
    films.one(&["unmount".as_ref(), link.as_os_str()]);
    assert_eq!(crate::support::names(&odd).len(), 0);
}
