//! Small real videos: Motion JPEG in an AVI file, with a valid index, as every player and library scanner reads it.

use std::io;
use std::path::Path;

use super::artwork::{Size, draw_frame};

const SIZE: Size = Size { width: 320, height: 180 };
const FRAME_COUNT: u32 = 12;
const FRAMES_PER_SECOND: u32 = 6;

/// Set in the header of the file: it has an index.
const AVIF_HAS_INDEX: u32 = 0x10;
/// Set in the index: the frame needs no other one.
const AVIIF_KEYFRAME: u32 = 0x10;

/// Writes a video of two seconds: the landscape of that seed with its sun rising, and the title. The file appears
/// whole or not at all; one that is there already is left as it is.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_video(path: &Path, title: &str, seed: u64) -> io::Result<()> {
    super::library::write_new(path, || make_video(title, seed))
}

fn make_video(title: &str, seed: u64) -> io::Result<Vec<u8>> {
    let progress = |frame| f64::from(frame) / f64::from(FRAME_COUNT - 1);
    let frames = (0..FRAME_COUNT).map(|frame| draw_frame(title, seed, SIZE, progress(frame)));
    let frames: Vec<Vec<u8>> = frames.collect::<Result<_, _>>().map_err(io::Error::other)?;
    riff(b"RIFF", b"AVI ", &[headers(&frames)?, info(title)?, movie(&frames)?, index(&frames)?].concat())
}

/// The headers of the file and of its one stream.
fn headers(frames: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    let largest = length(frames.iter().map(Vec::len).max().unwrap_or(0))?;
    let file =
        [1_000_000 / FRAMES_PER_SECOND, largest * FRAMES_PER_SECOND, 0, AVIF_HAS_INDEX, FRAME_COUNT, 0, 1, largest];
    let file = numbers(&[&file[..], &[SIZE.width, SIZE.height, 0, 0, 0, 0]].concat());
    let stream = numbers(&[0, 0, 0, 1, FRAMES_PER_SECOND, 0, FRAME_COUNT, largest, u32::MAX, 0]);
    let frame = [SIZE.width as u16, SIZE.height as u16].map(u16::to_le_bytes).concat();
    let stream = [&b"vidsMJPG"[..], &stream, &[0; 4], &frame].concat();
    let planes_and_depth = 1 | 24 << 16;
    let format = numbers(&[40, SIZE.width, SIZE.height, planes_and_depth, u32::from_le_bytes(*b"MJPG")]);
    let format = [format, numbers(&[SIZE.width * SIZE.height * 3, 0, 0, 0, 0])].concat();
    let stream = riff(b"LIST", b"strl", &[chunk(b"strh", &stream)?, chunk(b"strf", &format)?].concat())?;
    riff(b"LIST", b"hdrl", &[chunk(b"avih", &file)?, stream].concat())
}

/// The title, as players show it.
fn info(title: &str) -> io::Result<Vec<u8>> {
    riff(b"LIST", b"INFO", &chunk(b"INAM", &[title.as_bytes(), b"\0"].concat())?)
}

fn movie(frames: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    let chunks: Vec<Vec<u8>> = frames.iter().map(|frame| chunk(b"00dc", frame)).collect::<Result<_, _>>()?;
    riff(b"LIST", b"movi", &chunks.concat())
}

/// Where each frame lies, counted from the word `movi`.
fn index(frames: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    let mut place = 4;
    let mut entries = Vec::new();
    for frame in frames {
        let length = length(frame.len())?;
        entries.extend_from_slice(b"00dc");
        entries.extend(numbers(&[AVIIF_KEYFRAME, place, length]));
        place += 8 + length + length % 2;
    }
    chunk(b"idx1", &entries)
}

/// A chunk that holds chunks.
fn riff(name: &[u8; 4], kind: &[u8; 4], chunks: &[u8]) -> io::Result<Vec<u8>> {
    chunk(name, &[kind, chunks].concat())
}

/// A name, a length, and bytes filled up to an even number.
fn chunk(name: &[u8; 4], bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut chunk = [&name[..], &length(bytes.len())?.to_le_bytes(), bytes].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    Ok(chunk)
}

fn length(bytes: usize) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Chunk<'a> {
        name: &'a [u8],
        /// Where its name begins, counted from the start of what was parsed.
        place: usize,
        bytes: &'a [u8],
    }

    /// The chunks that fill these bytes without a gap.
    fn chunks(bytes: &[u8]) -> Vec<Chunk<'_>> {
        let mut found = Vec::new();
        let mut place = 0;
        while place < bytes.len() {
            let length = number(bytes, place + 4) as usize;
            found.push(Chunk { name: &bytes[place..place + 4], place, bytes: &bytes[place + 8..place + 8 + length] });
            place += 8 + length.next_multiple_of(2);
        }
        assert_eq!(place, bytes.len(), "a chunk reaches beyond its parent");
        found
    }

    fn number(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn the_video_is_a_riff_file_whose_index_leads_to_its_frames() {
        let file = make_video("Heat", 3).unwrap();
        let outer = chunks(&file);
        assert_eq!((outer.len(), outer[0].name, &outer[0].bytes[..4]), (1, &b"RIFF"[..], &b"AVI "[..]));
        let parts = chunks(&outer[0].bytes[4..]);
        assert_eq!(parts.iter().map(|part| part.name).collect::<Vec<_>>(), [b"LIST", b"LIST", b"LIST", b"idx1"]);
        let [headers, info, movie, index] = &parts[..] else { panic!() };
        assert_eq!((&headers.bytes[..4], &movie.bytes[..4]), (&b"hdrl"[..], &b"movi"[..]));
        assert_eq!(chunks(&info.bytes[4..])[0].bytes, b"Heat\0");

        let frames = chunks(&movie.bytes[4..]);
        let entries: Vec<&[u8]> = index.bytes.chunks(16).collect();
        assert_eq!((frames.len(), entries.len()), (FRAME_COUNT as usize, FRAME_COUNT as usize));
        for (frame, entry) in frames.iter().zip(entries) {
            assert_eq!((&entry[..4], frame.name), (&b"00dc"[..], &b"00dc"[..]));
            assert_eq!(number(entry, 4), AVIIF_KEYFRAME);
            assert_eq!(number(entry, 8) as usize, frame.place + 4);
            assert_eq!(number(entry, 12) as usize, frame.bytes.len());
            let picture = image::load_from_memory(frame.bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (SIZE.width, SIZE.height));
        }
        assert_ne!(frames[0].bytes, frames[6].bytes, "nothing moves");
    }

    #[test]
    fn the_headers_have_their_sizes_and_agree() {
        let file = make_video("Heat", 3).unwrap();
        let headers = chunks(&chunks(&file)[0].bytes[4..])[0].bytes;
        let parts = chunks(&headers[4..]);
        assert_eq!((parts[0].name, parts[0].bytes.len(), parts[1].name), (&b"avih"[..], 56, &b"LIST"[..]));
        let stream = chunks(&parts[1].bytes[4..]);
        assert_eq!((stream[0].name, stream[0].bytes.len()), (&b"strh"[..], 56));
        assert_eq!((stream[1].name, stream[1].bytes.len()), (&b"strf"[..], 40));
        assert_eq!((number(parts[0].bytes, 16), number(stream[0].bytes, 32)), (FRAME_COUNT, FRAME_COUNT));
        assert_eq!((number(parts[0].bytes, 32), number(stream[1].bytes, 4)), (SIZE.width, SIZE.width));
        assert_eq!((number(parts[0].bytes, 36), number(stream[1].bytes, 8)), (SIZE.height, SIZE.height));
        assert_eq!(&stream[1].bytes[16..20], b"MJPG");
    }
}
