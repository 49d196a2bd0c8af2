//! The contract of `Cache::put`: what it takes, what it refuses, and what is left when something goes wrong.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use image::{ExtendedColorType, ImageEncoder, RgbImage};
use posterfs::cache::{Cache, CacheError, Limits, PictureFormat, Refusal, Stored, Usage};
use posterfs::model::{ContentHash, UnixSeconds};
use rustix::mount::{MountFlags, UnmountFlags};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Tells the child processes of these tests what to do.
const CHILD_ROOT: &str = "POSTERFS_TEST_CHILD_ROOT";
/// How a child that lived says whether its picture was new.
const EXIT_WAS_NEW: i32 = 10;
const EXIT_WAS_THERE: i32 = 11;

/// The steps of `put` before the picture has its name.
const STEPS_TO_NAME: [&str; 5] = ["put.temporary_made", "put.written", "put.probed", "put.folders_made", "put.synced"];
/// Those that follow.
const STEPS_SINCE_NAME: [&str; 2] = ["put.named", "put.folders_synced"];

fn noise(width: u32, height: u32, seed: u32) -> RgbImage {
    let mut state = seed;
    RgbImage::from_fn(width, height, |_, _| {
        image::Rgb([0; 3].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    })
}

fn jpeg(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut file).encode_image(&noise(width, height, seed)).unwrap();
    file
}

fn png(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::png::PngEncoder::new(&mut file)
        .write_image(&noise(width, height, seed), width, height, ExtendedColorType::Rgb8)
        .unwrap();
    file
}

fn open(directory: &Path) -> Cache {
    Cache::open(&directory.join("state/cache")).unwrap()
}

fn new_cache() -> (TempDir, Cache) {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    (directory, cache)
}

fn put(cache: &Cache, file: &[u8]) -> Result<Stored, CacheError> {
    cache.put(Cursor::new(file), &"a file", &Limits::default())
}

fn refusal(cache: &Cache, file: &[u8]) -> Refusal {
    match put(cache, file) {
        Err(CacheError::Refused { origin, refusal }) if origin == "a file" => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn sha256(bytes: &[u8]) -> ContentHash {
    ContentHash::new(Sha256::digest(bytes).into())
}

/// Every file in a folder, at any depth.
fn files_in(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

/// Nothing is half done: no temporary is there, and every picture has the content that its name says.
fn assert_clean(cache: &Cache) {
    assert_eq!(files_in(&cache.root().join("tmp")), BTreeSet::new(), "temporaries are left");
    assert_pictures_whole(cache);
}

fn assert_pictures_whole(cache: &Cache) {
    for path in files_in(&cache.root().join("assets")) {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(sha256(&fs::read(&path).unwrap()).to_string(), stem, "{}", path.display());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o444, "{}", path.display());
    }
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

#[test]
fn a_picture_lies_under_its_hash_read_only_with_the_extension_of_its_content() {
    let (_directory, cache) = new_cache();
    for (file, format) in [(jpeg(60, 90, 1), PictureFormat::Jpeg), (png(60, 90, 2), PictureFormat::Png)] {
        let stored = put(&cache, &file).unwrap();
        assert_eq!((stored.hash, stored.byte_count, stored.was_new), (sha256(&file), length(&file), true));
        assert_eq!((stored.picture.format, stored.picture.width, stored.picture.height), (format, 60, 90));
        let name = stored.hash.to_string();
        let path = cache.root().join(format!("assets/{}/{}/{name}.{format}", &name[..2], &name[2..4]));
        assert_eq!(cache.path_of(&stored.hash, format.into()), path);
        assert_eq!(fs::read(&path).unwrap(), file);
        let mut opened = Vec::new();
        cache.open_file(&stored.hash, format.into()).unwrap().read_to_end(&mut opened).unwrap();
        assert_eq!(opened, file);
    }
    assert_clean(&cache);
}

#[test]
fn what_is_there_already_is_success_and_is_not_rewritten() {
    let (_directory, cache) = new_cache();
    let file = jpeg(60, 90, 1);
    let first = put(&cache, &file).unwrap();
    let path = cache.path_of(&first.hash, first.picture.format.into());
    let before = fs::metadata(&path).unwrap();
    let second = put(&cache, &file).unwrap();
    assert_eq!(second, Stored { was_new: false, ..first });
    let after = fs::metadata(&path).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_clean(&cache);
}

#[test]
fn a_picture_that_lost_its_size_or_is_no_file_is_replaced() {
    let (directory, cache) = new_cache();
    let file = jpeg(60, 90, 1);
    let stored = put(&cache, &file).unwrap();
    let path = cache.path_of(&stored.hash, stored.picture.format.into());
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
    assert!(put(&cache, &file).unwrap().was_new);
    assert_clean(&cache);

    let elsewhere = directory.path().join("elsewhere");
    File::create(&elsewhere).unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(cache.open_file(&stored.hash, stored.picture.format.into()).is_err(), "a link was followed");
    assert!(put(&cache, &file).unwrap().was_new);
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    assert_eq!(fs::metadata(&elsewhere).unwrap().len(), 0);
    assert_clean(&cache);
}

#[test]
fn a_folder_that_is_a_link_leads_nowhere() {
    let (directory, cache) = new_cache();
    let file = jpeg(60, 90, 1);
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, cache.root().join("assets").join(&sha256(&file).to_string()[..2])).unwrap();
    assert!(matches!(put(&cache, &file), Err(CacheError::Io { .. })));
    assert!(cache.open_file(&sha256(&file), PictureFormat::Jpeg.into()).is_err());
    assert_eq!(files_in(&outside), BTreeSet::new());
    assert_clean(&cache);
}

#[test]
fn what_is_no_picture_is_refused_by_name_and_leaves_nothing() {
    let (_directory, cache) = new_cache();
    for (file, found) in [
        (&b""[..], "an empty file"),
        (b"BM\x36\0\0\0\0\0", "a BMP picture"),
        (b"<!DOCTYPE html><title>404</title>", "an HTML page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG picture"),
        (b"\0\0\0\x20ftypavif", "an AVIF picture"),
        (b"\x7fELF\x02\x01\x01\0", "no picture"),
    ] {
        assert_eq!(refusal(&cache, file), Refusal::OtherKind { found });
    }
    let error = put(&cache, b"BM\x36\0\0\0\0\0").unwrap_err().to_string();
    assert_eq!(error, "a file is a BMP picture; only JPEG, PNG, WebP and GIF pictures are taken");
    assert_eq!(cache.usage().unwrap(), Usage::default());
    assert_clean(&cache);
}

#[test]
fn a_picture_that_breaks_off_is_refused_wherever_it_does() {
    let (_directory, cache) = new_cache();
    for (file, format) in [(jpeg(200, 300, 1), PictureFormat::Jpeg), (png(200, 300, 1), PictureFormat::Png)] {
        for kept in [file.len() - 1, file.len() - 2, file.len() - 100, file.len() / 2, 1000, 100, 12] {
            assert_eq!(refusal(&cache, &file[..kept]), Refusal::CutOff { format }, "{format} cut to {kept}");
        }
        // A download into a file of full length that broke off: the rest is zeros.
        let zeros = [&file[..file.len() / 2], &vec![0; file.len() / 2]].concat();
        assert!(matches!(refusal(&cache, &zeros), Refusal::CutOff { .. } | Refusal::Damaged { .. }), "{format}");
    }
    assert_eq!(cache.usage().unwrap(), Usage::default());
    assert_clean(&cache);
}

/// Kinds of pictures that no encoder at hand makes.
#[test]
fn every_kind_of_picture_that_players_show_is_taken_whole_and_refused_in_part() {
    let (_directory, cache) = new_cache();
    for (name, has_alpha) in [
        ("progressive.jpg", false),
        ("cmyk.jpg", false),
        ("grey.jpg", false),
        ("restarts.jpg", false),
        ("16-bit.png", false),
        ("palette-with-transparency.png", true),
        ("lossy-with-alpha.webp", true),
        ("animated.webp", false),
        ("animated.gif", false),
    ] {
        let file = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name)).unwrap();
        let stored = put(&cache, &file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((stored.picture.width, stored.picture.height), (64, 96), "{name}");
        assert_eq!(stored.picture.has_alpha, has_alpha, "{name}");
        assert!(name.ends_with(stored.picture.format.extension()), "{name}");
        let format = stored.picture.format;
        for kept in [file.len() - 1, file.len() * 2 / 3, file.len() / 2] {
            assert_eq!(refusal(&cache, &file[..kept]), Refusal::CutOff { format }, "{name} cut to {kept}");
        }
    }
    assert_clean(&cache);
}

/// The start of a PNG that claims that size and depth.
fn png_header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [&b"IHDR"[..], &size, &[depth, colour, 0, 0, 0]].concat();
    let crc = header.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    let end = b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82";
    [&b"\x89PNG\r\n\x1a\n\0\0\0\x0d"[..], &header, &(!crc).to_be_bytes(), end].concat()
}

#[test]
fn bombs_are_refused_by_their_header() {
    let (_directory, cache) = new_cache();
    let limit = Limits::default().pixels;
    let mut huge_jpeg = jpeg(40, 30, 1);
    let frame = huge_jpeg.windows(2).position(|marker| marker == b"\xff\xc0").unwrap();
    huge_jpeg[frame + 5..frame + 9].copy_from_slice(b"\xff\xdc\xff\xdc");
    let huge_gif = b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x01\0\0;";
    let huge_webp = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\x3f\xff\xff\0VP8L\0\0\0\0";
    for (file, width, height) in [
        (&png_header(50_000, 50_000, 8, 2)[..], 50_000, 50_000),
        (&png_header(0x7fff_ffff, 0x7fff_ffff, 16, 6), 0x7fff_ffff, 0x7fff_ffff),
        (&huge_jpeg, 65_500, 65_500),
        (huge_gif, 65_535, 65_535),
    ] {
        assert_eq!(refusal(&cache, file), Refusal::TooManyPixels { width, height, limit });
    }
    // Its decoder already refuses such a canvas, before any memory is asked for.
    assert!(matches!(refusal(&cache, huge_webp), Refusal::TooManyPixels { .. } | Refusal::Damaged { .. }));
    let memory = Refusal::TooMuchMemory { limit: Limits::default().decode_bytes };
    assert_eq!(refusal(&cache, &png_header(9000, 9000, 16, 6)), memory);
    assert!(matches!(refusal(&cache, &png_header(0, 10, 8, 2)), Refusal::Damaged { .. }));
    let file = jpeg(60, 90, 1);
    let limits = Limits { file_bytes: length(&file) - 1, ..Limits::default() };
    let too_long = cache.put(file.as_slice(), &"a file", &limits);
    assert!(matches!(too_long, Err(CacheError::Refused { refusal: Refusal::TooManyBytes { .. }, .. })));
    let endless = cache.put(io::repeat(0xff), &"a file", &limits);
    assert!(matches!(endless, Err(CacheError::Refused { refusal: Refusal::TooManyBytes { .. }, .. })));
    assert_clean(&cache);
}

/// Gives a few bytes, then fails.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the line went dead")),
            length => Ok(length),
        }
    }
}

#[test]
fn a_source_that_fails_leaves_nothing() {
    let (_directory, cache) = new_cache();
    let error = cache.put(Failing(&jpeg(60, 90, 1)), &"http://example.org/a.jpg", &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read http://example.org/a.jpg: the line went dead");
    assert_eq!(cache.usage().unwrap(), Usage::default());
    assert_clean(&cache);
}

#[test]
fn what_is_there_can_be_listed_and_counted() {
    let (_directory, cache) = new_cache();
    let pictures: Vec<_> = (0..5).map(|seed| jpeg(60, 90, seed)).collect();
    let hashes: BTreeSet<_> = pictures.iter().map(|file| put(&cache, file).unwrap().hash).collect();
    let bytes = pictures.iter().map(|file| length(file)).sum();
    fs::create_dir_all(cache.root().join("assets/00/11")).unwrap();
    File::create(cache.root().join("assets/00/11/notes.txt")).unwrap();
    File::create(cache.root().join("assets/notes.txt")).unwrap();
    assert_eq!(cache.usage().unwrap(), Usage { files: 5, bytes });
    assert_eq!(cache.files().map(|file| file.unwrap().hash).collect::<BTreeSet<_>>(), hashes);
}

/// The other side of the tests that need a second process: puts one picture, and dies where it is told to.
#[test]
#[ignore = "run by the other tests as a child process"]
#[expect(clippy::disallowed_methods, reason = "a test that runs itself as a child tells it what to do this way")]
fn child() {
    let Some(root) = std::env::var_os(CHILD_ROOT) else { return };
    let cache = Cache::open(Path::new(&root)).unwrap();
    let stored = put(&cache, &jpeg(200, 300, 7)).unwrap();
    std::process::exit(if stored.was_new { EXIT_WAS_NEW } else { EXIT_WAS_THERE });
}

fn spawn_child(cache: &Cache, dies_at: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture", "--quiet"])
        .env(CHILD_ROOT, cache.root())
        .env("POSTERFS_DIES_AT", dies_at)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killed_at_any_step_it_leaves_nothing_half_and_can_be_run_again() {
    let file = jpeg(200, 300, 7);
    let steps = STEPS_TO_NAME.map(|step| (step, false)).into_iter().chain(STEPS_SINCE_NAME.map(|step| (step, true)));
    for (step, is_named) in steps {
        let (_directory, cache) = new_cache();
        let status = spawn_child(&cache, step).wait().unwrap();
        assert_eq!(status.signal(), Some(9), "the child lived through {step:?}");

        assert_pictures_whole(&cache);
        assert_eq!(cache.usage().unwrap().files, u64::from(is_named), "{step:?}");
        assert_eq!(put(&cache, &file).unwrap().was_new, !is_named, "{step:?}");
        let swept = cache.sweep_temporaries(UnixSeconds::new(i64::MAX)).unwrap();
        assert_eq!(swept, u64::from(!is_named), "{step:?}");
        assert_eq!(cache.usage().unwrap(), Usage { files: 1, bytes: length(&file) }, "{step:?}");
        assert_clean(&cache);
    }
}

#[test]
fn a_sweep_disturbs_no_running_put() {
    let directory = tempfile::tempdir().unwrap();
    let sweeper = open(directory.path());
    let other = Cache::open(sweeper.root()).unwrap();
    let cache = open(directory.path());
    let _listening = posterfs::steps::listen(move |_| {
        assert_eq!(other.sweep_temporaries(UnixSeconds::new(i64::MAX)).unwrap(), 0);
    });
    assert!(put(&cache, &jpeg(60, 90, 1)).unwrap().was_new);
    assert_eq!(sweeper.usage().unwrap().files, 1);
    assert_clean(&cache);
}

#[test]
fn two_processes_put_one_picture_and_one_of_them_is_first() {
    for _ in 0..5 {
        let (_directory, cache) = new_cache();
        let children = [spawn_child(&cache, ""), spawn_child(&cache, "")];
        let mut codes = children.map(|mut child| child.wait().unwrap().code().unwrap());
        codes.sort_unstable();
        assert_eq!(codes, [EXIT_WAS_NEW, EXIT_WAS_THERE]);
        assert_eq!(cache.usage().unwrap().files, 1);
        assert_clean(&cache);
    }
}

/// A small file system of its own, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None`, said aloud, where we may not mount.
    fn mount(options: &std::ffi::CStr) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        match rustix::mount::mount("none", directory.path(), "tmpfs", MountFlags::empty(), options) {
            Ok(()) => Some(Self(directory)),
            Err(errno) => {
                eprintln!("skipped: a tmpfs cannot be mounted here ({errno}); run as root");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0.path(), UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let Some(disk) = SmallDisk::mount(c"size=256k") else { return };
    let cache = open(disk.0.path());
    let error = put(&cache, &png(600, 400, 1)).unwrap_err();
    assert!(matches!(&error, CacheError::Full { path, .. } if path.starts_with(disk.0.path())), "{error:?}");
    assert!(error.to_string().contains("no space left"), "{error}");
    assert_clean(&cache);
    assert_eq!(cache.usage().unwrap(), Usage::default());
    assert!(put(&cache, &jpeg(60, 90, 1)).unwrap().was_new, "there is space again");
    assert_clean(&cache);
}

#[test]
fn a_read_only_state_can_be_read_and_says_so_when_written() {
    let Some(disk) = SmallDisk::mount(c"size=4m") else { return };
    let stored = put(&open(disk.0.path()), &jpeg(60, 90, 1)).unwrap();
    rustix::mount::mount_remount(disk.0.path(), MountFlags::RDONLY, c"").unwrap();

    let cache = open(disk.0.path());
    let error = put(&cache, &jpeg(60, 90, 2)).unwrap_err();
    assert!(matches!(&error, CacheError::NotWritable { path, .. } if path.starts_with(disk.0.path())), "{error:?}");
    for cache in [cache, Cache::open_read_only(&disk.0.path().join("state/cache")).unwrap()] {
        assert_eq!(cache.usage().unwrap().files, 1);
        assert!(cache.open_file(&stored.hash, stored.picture.format.into()).is_ok());
        assert!(cache.records(&stored.hash).unwrap().records.is_empty());
    }
    let elsewhere = disk.0.path().join("other/cache");
    assert!(matches!(Cache::open(&elsewhere), Err(CacheError::NotWritable { .. })));
    assert!(matches!(Cache::open_read_only(&elsewhere), Err(CacheError::Io { .. })));
}

#[test]
fn a_cache_opened_for_reading_takes_nothing() {
    let (directory, _cache) = new_cache();
    let cache = Cache::open_read_only(&directory.path().join("state/cache")).unwrap();
    assert!(matches!(put(&cache, &jpeg(60, 90, 1)), Err(CacheError::OpenForReading { .. })));
}
