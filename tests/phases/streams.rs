use std::fs;
use std::time::Duration;

use posterfs::model::{RelPath, StreamDetails};
use posterfs::phase::{NoProgress, StreamReport, read_streams};
use posterfs::streams::Prober;

use crate::support::{At, World, write};

const HEAT: &[u8] = b"Heat (1995)/Heat.mkv";
const FLAT: &[u8] = b"Am\xe9lie.avi";

/// A program that tells the content of the file as its container, and a line in the log for each file it is asked about.
fn reader(world: &World) -> Prober {
    let log = world.folder.path().join("asked");
    let line = format!(
        r#"content=$(cat); echo "$content" >> '{}'; test "$content" != rubbish || exit 1
           echo '{{"format":{{"format_name":"'"$content"'"}},"streams":[
                {{"codec_type":"video","codec_name":"h264","width":1920,"height":800,"color_transfer":"smpte2084"}},
                {{"codec_type":"audio","codec_name":"dts","channels":6,"tags":{{"language":"eng"}}}},
                {{"codec_type":"subtitle","codec_name":"subrip","tags":{{"language":"ger"}}}}]}}'"#,
        log.display()
    );
    Prober::new(vec!["sh".into(), "-c".into(), line], Duration::from_secs(60))
}

fn asked(world: &World) -> usize {
    fs::read_to_string(world.folder.path().join("asked")).map_or(0, |log| log.lines().count())
}

fn read(world: &mut World, prober: &Prober) -> StreamReport {
    let source = world.source();
    read_streams(&mut world.catalog, &world.library, &source, prober, &At(7), &NoProgress).unwrap()
}

fn details(world: &World, path: &[u8]) -> Option<StreamDetails> {
    world.catalog.stream_details(world.library.id, &RelPath::parse(path).unwrap()).unwrap()
}

#[test]
fn a_file_is_read_once_as_long_as_it_is_the_same() {
    let mut world = World::with(&[HEAT, FLAT, b"Stream (2000)/Stream.strm"]);
    write(&world.path(HEAT), b"matroska");
    write(&world.path(FLAT), b"avi");
    let prober = reader(&world);
    let report = read(&mut world, &prober);
    assert_eq!((report.read, report.unchanged, report.unreadable), (2, 0, 0), "{report:?}");
    assert_eq!(
        details(&world, HEAT).unwrap().to_string(),
        "matroska, h264 1920×800 hdr10, dts 6 channels (eng), subtitles (ger)"
    );
    assert_eq!(details(&world, FLAT).unwrap().container.as_deref(), Some("avi"));
    let again = read(&mut world, &prober);
    assert_eq!((again.read, again.unchanged, asked(&world)), (0, 2, 2));
    write(&world.path(HEAT), b"mov and longer");
    assert_eq!(read(&mut world, &prober).read, 1);
    assert_eq!(details(&world, HEAT).unwrap().container, None, "a container of several words is none");
}

/// "Updated on upgrades also for unmonitored items."
#[test]
fn unmonitored_films_are_read_and_moved_files_are_not_read_again() {
    let mut world = World::with(&[HEAT]);
    write(&world.path(HEAT), b"matroska");
    let film = world.film(HEAT).id;
    world
        .catalog
        .set_monitored(film, false, posterfs::catalog::PublishMode::Apply, posterfs::model::UnixSeconds::new(3))
        .unwrap();
    let prober = reader(&world);
    assert_eq!(read(&mut world, &prober).read, 1);
    let moved = b"Heat (1995)/Heat (1995).mkv";
    fs::rename(world.path(HEAT), world.path(moved)).unwrap();
    world.scan();
    let report = read(&mut world, &prober);
    assert_eq!((report.read, report.unchanged, asked(&world)), (0, 1, 1), "{report:?}");
    assert_eq!(details(&world, moved).unwrap().container.as_deref(), Some("matroska"));
    assert_eq!(details(&world, HEAT), None, "what is nobody's any more is forgotten");
}

#[test]
fn rubbish_is_not_tried_again_and_no_program_is_no_error() {
    let mut world = World::with(&[HEAT]);
    write(&world.path(HEAT), b"rubbish");
    let absent = Prober::new(vec!["/nowhere/ffprobe".into()], Duration::from_secs(60));
    assert!(read(&mut world, &absent).is_without_program);
    let prober = reader(&world);
    for unreadable in [1, 0] {
        let report = read(&mut world, &prober);
        assert_eq!((report.read, report.unreadable, asked(&world)), (0, unreadable, 1), "{report:?}");
    }
    assert_eq!(details(&world, HEAT), None);
    let dead = Prober::new(vec!["sh".into(), "-c".into(), "exec sleep 600".into()], Duration::from_millis(50));
    write(&world.path(HEAT), b"something else");
    for _ in 0..2 {
        assert_eq!(read(&mut world, &dead).unreadable, 1, "it may go better another time");
    }
}
