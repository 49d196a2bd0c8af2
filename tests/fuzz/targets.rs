//! What is fuzzed, each with its invariant.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use posterfs::cache::{Cache, Limits, Origin, ProvenanceRecord, probe};
use posterfs::catalog::{Catalog, PublishMode};
use posterfs::config::Config;
use posterfs::demo::{Size, draw_clearlogo, draw_poster};
use posterfs::library::parse_nfo;
use posterfs::model::{
    ContentHash, EntityType, ImageKind, ImageType, ItemRef, JournalEntity, JournalEntry, JournalItem, JournalLibrary,
    JournalLock, Layout, LibraryKind, LockOrigin, Name, RelPath, UnixSeconds,
};
use posterfs::phase::{NoProgress, RebuildRequest, rebuild};
use posterfs::provider::{Answer, parse};

use crate::damage::fuzz;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files_in(folder: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(repository(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().filter(|path| path.is_file()).map(|path| fs::read(path).unwrap()).collect()
}

fn write(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// A picture is refused, or it is one: of a size within the limits, in the format that its first bytes say, and the same
/// when it is looked at again.
#[test]
fn pictures() {
    let limits = Limits { file_bytes: 1 << 20, pixels: 40_000, ..Limits::default() };
    let mut seeds = files_in("tests/pictures");
    seeds.retain(|seed| seed.len() < 1 << 16);
    seeds.push(draw_poster("Film", 1, Size { width: 40, height: 60 }).unwrap());
    seeds.push(draw_clearlogo("Film", 2, Size { width: 80, height: 31 }).unwrap());
    fuzz(seeds, 1, |bytes| {
        let Ok(picture) = probe(bytes, &limits) else { return };
        assert!(u64::from(picture.width) * u64::from(picture.height) <= limits.pixels, "{picture:?}");
        assert!(picture.width > 0 && picture.height > 0, "{picture:?}");
        let start: &[u8] = match picture.format.extension() {
            "jpg" => b"\xff\xd8",
            "png" => b"\x89PNG",
            "gif" => b"GIF8",
            _ => b"RIFF",
        };
        assert!(bytes.starts_with(start), "{picture:?}");
        assert_eq!(probe(bytes, &limits).unwrap(), picture);
    });
}

/// A metadata file always tells something: what it says, or what is wrong with it; never more than stands in it, and the
/// same each time.
#[test]
fn metadata_files() {
    let film = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<movie>\n <title>Heat &amp; Dust</title><year>1983</year>
        <uniqueid type=\"imdb\" default=\"true\">tt0113277</uniqueid><tmdbid>949</tmdbid><plot><![CDATA[A <b>plot</b>]]></plot>
        <actor><name>Al Pacino</name><role>Hanna</role><thumb>http://image.tmdb.org/a.jpg</thumb></actor>
        <thumb aspect=\"poster\">http://image.tmdb.org/p.jpg</thumb><fanart><thumb>http://image.tmdb.org/f.jpg</thumb></fanart>
        <set><name>Sets</name></set></movie>\nhttps://www.themoviedb.org/movie/949-heat\n";
    let episodes = b"<episodedetails><title>One</title><season>1</season><episode>1</episode></episodedetails>
        <episodedetails><title>Two</title><season>1</season><episode>2</episode><aired>2001-02-03</aired></episodedetails>";
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("<tvshow><title>Lost</title></tvshow>".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let seeds = vec![film.to_vec(), episodes.to_vec(), utf16, b"https://www.imdb.com/title/tt0113277/".to_vec()];
    fuzz(seeds, 1, |bytes| {
        let nfo = parse_nfo(bytes);
        assert!(!(nfo.entries.is_empty() && nfo.ids.is_empty() && nfo.problems.is_empty()), "it tells nothing at all");
        assert!(nfo.entries.len() <= bytes.len() && nfo.ids.len() <= bytes.len());
        for (_, value) in nfo.ids_of(None) {
            assert!(!value.is_empty() && !value.contains(['/', '\0', ' ']), "{value:?} is no id");
        }
        assert_eq!(parse_nfo(bytes), nfo);
    });
}

/// A reply of a provider is refused in words, or it is an answer of bounded size.
#[test]
fn replies_of_providers() {
    let images: url::Url = "https://example.org/".parse().unwrap();
    let check = |answer: Result<Answer, String>, bytes: &[u8]| match answer {
        Ok(answer) => assert!(answer.offers.len() <= bytes.len()),
        Err(error) => assert!(!error.is_empty()),
    };
    fuzz(files_in("tests/providers/fixtures"), 1, |bytes| {
        for of_type in [EntityType::Movie, EntityType::Series, EntityType::Episode] {
            check(parse::tmdb_details(bytes, of_type, &images), bytes);
            check(parse::fanarttv_artwork(bytes, of_type), bytes);
            let types = parse::TvdbArtworkTypes::default();
            check(parse::tvdb_record(bytes, of_type, &images, &types).map(|record| record.answer), bytes);
        }
        check(parse::coverart_images(bytes), bytes);
        check(parse::musicbrainz_record(bytes, "musicbrainz"), bytes);
        check(parse::tvdb_person(bytes, &[], &images), bytes);
        let _ = (parse::tmdb_search(bytes), parse::tvdb_found(bytes), parse::tvdb_token(bytes));
    });
}

/// A path beneath a library never leaves it, and is what it is when it is parsed again; a name is one component.
#[test]
fn paths() {
    let seeds = [
        "Films/Heat (1995)/Heat.mkv",
        "a/../b",
        "/etc/passwd",
        "./a//b/",
        "\u{e9}/\u{202e}x",
        "s01e02",
        "tmdb:949/s01e02",
    ];
    fuzz(seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(), 1, |bytes| {
        if let Ok(path) = RelPath::parse(bytes) {
            assert!(path.as_path().is_relative(), "{path:?}");
            let beneath = Path::new("/library").join(path.as_path());
            assert!(beneath.components().all(|part| !matches!(part, std::path::Component::ParentDir)), "{path:?}");
            assert_eq!(RelPath::parse(path.as_bytes()).unwrap(), path);
            let again = path.components().fold(RelPath::parse(b"").unwrap(), |path, name| path.join(&name));
            assert_eq!(again, path);
        }
        if let Ok(name) = Name::parse(bytes) {
            assert!(!name.as_bytes().contains(&b'/') && !name.as_bytes().contains(&0), "{name:?}");
            assert!(!matches!(name.as_bytes(), b"" | b"." | b".."), "{name:?}");
        }
        let _ = ItemRef::parse(OsStr::from_bytes(bytes));
    });
}

/// A configuration is refused by a sentence that names the file, or it can be written out and read again as the same.
#[test]
fn configurations() {
    let defaults = toml::to_string(&Config::default()).unwrap();
    let some = "[write]\non_write = \"capture\"\ngrace_period = 2.5\nmanagers = [\"Radarr\"]\n[library.films]\non_delete = \
        \"withdraw\"\n[history]\ngenerations = 10\n[backup]\nkeep = 3\n[network]\nbudget = 10\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let load = |bytes: &[u8]| {
        write(&path, bytes);
        Config::load(Some(&path)).map(|(config, _)| config)
    };
    fuzz(vec![defaults.into_bytes(), some.as_bytes().to_vec()], 2, |bytes| match load(bytes) {
        Err(error) => assert!(error.to_string().contains("config.toml"), "{error}"),
        Ok(config) => {
            let written = toml::to_string(&config).unwrap();
            assert_eq!(toml::to_string(&load(written.as_bytes()).unwrap()).unwrap(), written);
        }
    });
}

fn record(title: &str) -> ProvenanceRecord {
    ProvenanceRecord {
        time: UnixSeconds::new(1000),
        entity_type: EntityType::Movie,
        ids: vec![],
        title: title.into(),
        year: Some(1995),
        season: None,
        episode: None,
        library: "films".into(),
        path: RelPath::parse(title.as_bytes()).unwrap(),
        image_type: ImageType::main(ImageKind::Poster),
        origin: Origin::Url("https://example.org/1".into()),
        author: "a person".into(),
        selected: true,
        locked: true,
    }
}

/// Whatever stands in a file of provenance, it is read within bounds, what is appended is there, and no record leads out of
/// its library.
#[test]
fn provenance() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let hash = ContentHash::new([0xab; 32]);
    let file = cache.root().join(format!("provenance/ab/ab/{hash}.jsonl"));
    for title in ["Heat", "Alien", "Am\u{e9}lie"] {
        cache.record(&hash, &record(title)).unwrap();
    }
    let seeds = vec![fs::read(&file).unwrap()];
    fuzz(seeds, 2, |bytes| {
        write(&file, bytes);
        let before = cache.records(&hash).unwrap();
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
        assert!(before.records.len() + before.unreadable as usize == lines, "each line is a record or counted");
        cache.record(&hash, &record("Last")).unwrap();
        let after = cache.records(&hash).unwrap();
        assert_eq!(after.records.last().unwrap().title, "Last");
        assert!(after.current().iter().any(|record| record.title == "Last"));
    });
}

fn journal_item(id: i64, title: &str) -> JournalEntry {
    let path = RelPath::parse(title.as_bytes()).unwrap();
    let entity = JournalEntity {
        id,
        entity_type: EntityType::Movie,
        folder: path.clone(),
        video: None,
        path,
        layout: Layout::Own,
        title: title.into(),
        sort_title: title.into(),
        year: Some(1995),
        season: None,
        episode: None,
        last_episode: None,
        added_at: 1,
        ids: vec![],
        parent: None,
    };
    let lock = JournalLock { field: "poster".into(), locked: true, origin: LockOrigin::Manual, at: 5 };
    JournalEntry::Item(Box::new(JournalItem {
        library: 1,
        entity,
        monitored: id % 2 == 0,
        selected: vec![],
        blocked: vec![],
        locks: vec![lock],
        fields: vec![],
        withheld: vec![],
    }))
}

/// Whatever stands in the journal, a database can be made of it: whole, and with no item that the journal has not.
#[test]
fn journals() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let library = JournalLibrary {
        id: 1,
        name: "films".into(),
        path: "/media/films".into(),
        kind: LibraryKind::Movies,
        naming: "default".into(),
        added_at: 1,
        removed_at: None,
    };
    let entries =
        [JournalEntry::Library(library), journal_item(1, "Heat"), journal_item(2, "Alien"), journal_item(3, "Up")];
    cache.journal().unwrap().append("5f0c", &entries).unwrap();
    cache.journal().unwrap().append("60aa", &entries[..2]).unwrap();
    let file = cache.root().join("journal.jsonl");
    let seeds = vec![fs::read(&file).unwrap()];
    let database = folder.path().join("posterfs.db");
    fuzz(seeds, 8, |bytes| {
        write(&file, bytes);
        let known: BTreeSet<_> = cache.read_journal().unwrap().keys().into_iter().collect();
        let request = RebuildRequest {
            database: &database,
            cache: &cache,
            limits: Limits::default(),
            libraries: &[],
            replaces_whole: true,
            mode: PublishMode::Apply,
            now: UnixSeconds::new(1000),
        };
        let report = rebuild(&request, &NoProgress).unwrap();
        assert!(report.items as usize <= known.len());
        assert_eq!(Catalog::check_file(&database).unwrap().problems, Vec::<String>::new());
        fs::remove_file(&database).unwrap();
    });
}

/// The body of a webhook is refused in words, or it is an event; the same each time.
#[test]
fn webhook_bodies() {
    let grab =
        br#"{"eventType":"Download","movie":{"id":1,"title":"Heat","year":1995,"tmdbId":949,"imdbId":"tt0113277",
        "folderPath":"/films/Heat (1995)"},"movieFile":{"relativePath":"Heat.mkv","path":"/films/Heat (1995)/Heat.mkv"},
        "isUpgrade":true,"deletedFiles":[{"path":"/films/Heat (1995)/old.mkv"}],"instanceName":"Radarr"}"#;
    let series = br#"{"eventType":"Rename","series":{"title":"Lost","path":"/tv/Lost","tvdbId":73739},"renamedEpisodeFiles":
        [{"previousPath":"/tv/Lost/a.mkv","path":"/tv/Lost/b.mkv"}],"episodes":[{"seasonNumber":1,"episodeNumber":2}]}"#;
    fuzz(vec![grab.to_vec(), series.to_vec(), b"\xef\xbb\xbf{}".to_vec()], 1, |bytes| {
        match posterfs::http::webhook::parse(bytes) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(webhook) => {
                assert_eq!(format!("{:?}", posterfs::http::webhook::parse(bytes).unwrap()), format!("{webhook:?}"));
            }
        }
    });
}
