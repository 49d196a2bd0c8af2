//! Views of one library that show it otherwise.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Films, Folders, names, set, wait_for};
use crate::world::{World, publish_some};

const HEAT: &str = "Heat (1995) {tmdb-949}";

/// A further view, which ends with this value.
struct Further<'a> {
    films: &'a Films,
    at: PathBuf,
}

impl<'a> Further<'a> {
    fn new(world: &'a World, name: &str, arguments: &[&str]) -> Self {
        let at = world.mount.plain().join(name);
        fs::create_dir(&at).unwrap();
        let further = Self { films: &world.films, at };
        let mut all: Vec<&Path> = vec!["mount".as_ref(), &further.at, "--source".as_ref(), world.films.media()];
        all.extend(arguments.iter().map(Path::new));
        further.films.one(&all);
        further
    }

    fn heat(&self) -> PathBuf {
        self.at.join(HEAT)
    }
}

impl Drop for Further<'_> {
    fn drop(&mut self) {
        let _ = self.films.run(&["unmount".as_ref(), self.at.as_os_str()]);
    }
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).unwrap()
}

#[test]
fn each_with_the_names_of_its_players() {
    let Some(world) = World::over() else { return };
    let films = &world.films;
    let plex = Further::new(&world, "plex", &["--naming", "plex"]);
    let kodi = Further::new(&world, "kodi", &["-o", "naming=kodi"]);
    let of = |heat: PathBuf| {
        names(&heat).into_iter().filter(|name| name.to_string_lossy().ends_with("g")).collect::<Vec<_>>()
    };
    let (in_plex, in_kodi) = (of(plex.heat()), of(kodi.heat()));
    assert_ne!(in_plex, in_kodi);
    assert!(in_kodi.iter().any(|name| name == "Heat (1995)-clearlogo.png" || name == "clearlogo.png"), "{in_kodi:?}");
    let picture = |heat: PathBuf| read(heat.join("poster.jpg"));
    assert_eq!(picture(plex.heat()), picture(world.heat()));
    // The time is that of the publish, not of the mount.
    let time = |heat: PathBuf| fs::metadata(heat.join("poster.jpg")).unwrap().modified().unwrap();
    assert_eq!(time(plex.heat()), time(world.heat()));
    // What is only chosen is not shown; what is published is, when the command returns.
    let before = picture(plex.heat());
    films.select("tmdb:949", "poster", "c.jpg");
    assert_eq!(picture(plex.heat()), before);
    films.publish();
    assert_eq!(picture(plex.heat()), read(films.picture("c.jpg")));
    films.one(&["unpublish", "tmdb:949"]);
    assert!(!plex.heat().join("poster.jpg").exists() && plex.heat().join("folder.jpg").exists());
    // Media can be written through it, artwork cannot be changed.
    crate::support::write(plex.heat().join("new.srt"), "1");
    wait_for(|| world.heat().join("new.srt").exists());
    films.publish();
    let status = films.one(&["status"]);
    let shows = |mount: &serde_json::Value| mount["shows"].as_str().unwrap().to_owned();
    let all: Vec<_> = status["mounts"].as_array().unwrap().iter().map(shows).collect();
    assert!(all.contains(&"the names of plex".to_owned()) && all.contains(&String::new()), "{all:?}");
}

#[test]
fn numbers_of_pictures_stay_while_others_change() {
    use std::os::unix::fs::MetadataExt;
    let Some(world) = World::beside() else { return };
    let plex = Further::new(&world, "plex", &["--naming", "plex"]);
    let inode = |name: &str| fs::metadata(plex.at.join(name)).unwrap().ino();
    let other = "New\nline (2000)/poster.jpg";
    let before = (inode(&format!("{HEAT}/poster.jpg")), inode(other));
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    assert_ne!(inode(&format!("{HEAT}/poster.jpg")), before.0, "another picture is another inode");
    assert_eq!(inode(other), before.1);
}

#[test]
fn a_generation_stays_as_it_was() {
    let Some(world) = World::beside() else { return };
    let films = &world.films;
    films.select("tmdb:949", "poster", "c.jpg");
    films.publish();
    let first = Further::new(&world, "first", &["--generation", "1"]);
    let none = world.mount.plain().join("none");
    fs::create_dir(&none).unwrap();
    assert_eq!(read(first.heat().join("poster.jpg")), read(films.picture("a.jpg")));
    assert_eq!(read(world.heat().join("poster.jpg")), read(films.picture("c.jpg")));
    films.one(&["unpublish", "tmdb:949"]);
    assert_eq!(read(first.heat().join("poster.jpg")), read(films.picture("a.jpg")));
    assert!(!first.heat().join("folder.jpg").exists() && world.heat().join("folder.jpg").exists());
    assert_eq!(fs::File::create(first.heat().join("new")).unwrap_err().raw_os_error(), Some(libc::EROFS));
    let unknown: [&Path; 6] =
        ["mount".as_ref(), &none, "--source".as_ref(), films.media(), "--generation".as_ref(), "99".as_ref()];
    assert!(films.fails(1, &unknown).contains("99"));
}

#[test]
fn what_is_pending_is_what_publishing_shows_then() {
    let Some(world) = World::beside() else { return };
    let films = &world.films;
    let pending = Further::new(&world, "pending", &["--pending"]);
    let tree = |root: &Path| crate::support::contents(root);
    assert_eq!(tree(&pending.at), tree(&world.mount.view()), "nothing is pending");
    films.select("tmdb:949", "poster", "c.jpg");
    films.select("1917", "poster", "c.jpg");
    let poster = pending.heat().join("poster.jpg");
    let last = pending.at.join("flat/1917 (2019)-poster.jpg");
    wait_for(|| [&poster, &last].iter().all(|shown| read(shown) == read(films.picture("c.jpg"))));
    assert_eq!(read(world.heat().join("poster.jpg")), read(films.picture("a.jpg")));
    let shown = tree(&pending.at);
    films.publish();
    assert_eq!(tree(&world.mount.view()), shown);
    assert_eq!(fs::remove_file(&poster).unwrap_err().raw_os_error(), Some(libc::EROFS));
}

/// Metadata documents, too, to the byte: as publishing would make them, not as they were made last.
#[test]
fn pending_documents_are_what_publishing_makes_of_them() {
    let Some(world) = World::beside() else { return };
    let films = &world.films;
    let config = films.picture("").parent().unwrap().join("config.toml");
    crate::support::write(&config, "[nfo]\npublish = true\n");
    let config = config.to_str().unwrap();
    let original = "<movie>\n  <title>Heat</title>\n  <plot>A thief.</plot>\n  <custom x=\"1\"/>\n</movie>\n";
    crate::support::write(films.media().join(HEAT).join("movie.nfo"), original);
    films.one(&["scan"]);
    let pending = Further::new(&world, "pending", &["--pending", "--config", config]);
    let tree = |root: &Path| crate::support::contents(root);
    let text = |heat: PathBuf| fs::read_to_string(heat.join("Heat (1995).nfo")).unwrap_or_default();
    assert!(text(pending.heat()).contains("<custom x=\"1\"/>"), "{}", text(pending.heat()));
    assert!(text(world.heat()).is_empty(), "it is not published");
    for plot in ["What is pending.", "And once more."] {
        films.one(&["edit", "tmdb:949", &format!("plot={plot}")]);
        wait_for(|| text(pending.heat()).contains(plot));
        let shown = tree(&pending.at);
        films.one(&["--config", config, "publish"]);
        assert_eq!(tree(&world.mount.view()), shown);
        assert_eq!(tree(&pending.at), shown);
    }
    films.one(&["edit", "tmdb:949", "plot=Never published."]);
    wait_for(|| text(pending.heat()).contains("Never published."));
    let pictures = films.one(&["status"])["cache"]["files"].clone();
    films.one(&["edit", "tmdb:949", "plot=And once more."]);
    wait_for(|| tree(&pending.at) == tree(&world.mount.view()));
    assert_eq!(films.one(&["status"])["cache"]["files"], pictures, "what is only looked at leaves nothing behind");
}

/// What a lock keeps in spite of what is selected is pending as it is.
#[test]
fn what_is_pending_keeps_what_a_lock_keeps() {
    let Some(world) = World::beside() else { return };
    let films = &world.films;
    let pending = Further::new(&world, "pending", &["--pending"]);
    let plex = Further::new(&world, "plex", &["--naming", "plex"]);
    let tree = |root: &Path| crate::support::contents(root);
    // Nothing is selected any more for what a rollback shows: of one the type is locked, another is not monitored, the
    // third goes.
    for item in ["tmdb:949", "1917", "Disc"] {
        films.one(&["deselect", item, "poster"]);
    }
    films.one(&["unlock", "1917", "poster"]);
    films.one(&["unmonitor", "1917"]);
    films.one(&["unlock", "Disc", "poster"]);
    films.one(&["rollback", "1"]);
    let before = tree(&world.mount.view());
    let differing = || before.keys().filter(|path| !pending.at.join(path).exists()).collect::<Vec<_>>();
    wait_for(|| !differing().is_empty() && differing().iter().all(|path| path.to_string_lossy().contains("Disc")));
    let shown = tree(&pending.at);
    films.publish();
    assert_eq!(tree(&world.mount.view()), shown);
    assert_eq!(tree(&pending.at), shown);
    // A lock is no reason to go on showing what is unpublished, in a view with other names neither.
    films.one(&["unpublish", "1917"]);
    let of_1917 = |root: &Path| {
        tree(&root.join("flat")).into_keys().filter(|path| path.to_string_lossy().contains("1917")).count()
    };
    let without = of_1917(&world.mount.view());
    wait_for(|| of_1917(&pending.at) == without);
    wait_for(|| of_1917(&plex.at) == without);
}

#[test]
fn a_tree_of_its_own_holds_nothing_but_artwork() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    publish_some(&films);
    let world = World { mount: folders.mount_beside(&[]), films };
    let at = world.mount.plain().join("kometa");
    fs::create_dir(&at).unwrap();
    let tree = Further { films: &world.films, at: at.clone() };
    let arguments: [&Path; 4] = ["mount".as_ref(), &at, "--naming".as_ref(), "kometa".as_ref()];
    let mounted = world.films.one(&arguments);
    assert_eq!(mounted["source"], mounted["mountpoint"], "it needs no folder of media");
    assert_eq!(names(&at.join(HEAT)), set(&["logo.png", "poster.jpg"]));
    assert_eq!(read(at.join(HEAT).join("poster.jpg")), read(world.films.picture("a.jpg")));
    world.films.select("tmdb:949", "poster", "c.jpg");
    wait_for(|| read(at.join(HEAT).join("poster.jpg")) == read(world.films.picture("c.jpg")));
    world.films.one(&["unpublish", "tmdb:949"]);
    wait_for(|| !at.join(HEAT).exists());
    drop(tree);
    assert_eq!(names(&at).len(), 0);
}

#[test]
fn a_view_shows_one_thing() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    let view = folders.view();
    for (options, words) in [
        (&["--pending", "--generation", "1"][..], "cannot be used with"),
        (&["-o", "pending", "--naming", "kodi"], "a view shows one thing"),
        (&["--naming", "nonsense"], "nonsense"),
        (&["--naming", "kodi,kometa"], "kometa"),
    ] {
        let mut arguments: Vec<&Path> = vec!["mount".as_ref(), &view, "--source".as_ref(), films.media()];
        arguments.extend(options.iter().map(Path::new));
        let output = films.run(&arguments);
        assert!(!output.status.success() && crate::support::stderr(&output).contains(words), "{options:?}: {output:?}");
    }
}

#[test]
fn a_grace_period_is_one_views_own() {
    let Some(world) = World::beside() else { return };
    let second = Further::new(&world, "second", &["-o", "ro"]);
    let (here, there) = (world.heat().join("poster.jpg"), second.heat().join("poster.jpg"));
    fs::remove_file(&here).unwrap();
    assert!(!here.exists());
    assert_eq!(read(there), read(world.films.picture("a.jpg")), "nothing was withdrawn");
}
