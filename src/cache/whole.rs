//! Whether a picture file has its end.
//!
//! Decoders are forgiving: they fill what is missing with grey and call it success. A download that broke off must not
//! become a poster, so the structure of the file is followed from its beginning to the mark that ends it. Pixels are
//! not looked at here; bytes behind the end are allowed, as cameras and editors put previews there.

use super::format::PictureFormat;

/// Whether the file reaches the mark that ends a picture of that format. A file whose structure breaks before the end
/// counts as cut off as well.
pub(super) fn has_its_end(format: PictureFormat, bytes: &[u8]) -> bool {
    match format {
        PictureFormat::Jpeg => jpeg_has_end(bytes),
        PictureFormat::Png => png_has_end(bytes),
        PictureFormat::WebP => webp_has_end(bytes),
        PictureFormat::Gif => gif_has_end(bytes),
    }
    .unwrap_or(false)
}

/// Follows the markers up to "end of image", which must come after a scan: a preview in the header has an end of its
/// own, but lies inside a segment that is skipped as a whole.
fn jpeg_has_end(bytes: &[u8]) -> Option<bool> {
    let mut at = 2;
    let mut seen_scan = false;
    loop {
        at = next_marker(bytes, at)?;
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xd9 => return Some(seen_scan),
            // Markers that stand alone: restarts, "start of image", and the one for arithmetic coding's own use.
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                seen_scan |= marker == 0xda;
                at += 2 + usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
            }
        }
    }
}

/// The place of the next marker: an 0xff that is neither stuffing (00 behind it) nor fill (ff behind it).
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match bytes.get(at + 1)? {
            0 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

fn png_has_end(bytes: &[u8]) -> Option<bool> {
    let mut at = 8;
    let mut seen_data = false;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let name = bytes.get(at + 4..at + 8)?;
        let end = at.checked_add(12)?.checked_add(usize::try_from(length).ok()?)?;
        if end > bytes.len() {
            return Some(false);
        }
        match name {
            b"IEND" => return Some(seen_data),
            b"IDAT" => seen_data = true,
            _ => {}
        }
        at = end;
    }
}

fn webp_has_end(bytes: &[u8]) -> Option<bool> {
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    Some(u64::from(length) + 8 <= bytes.len() as u64)
}

fn gif_has_end(bytes: &[u8]) -> Option<bool> {
    let mut at = 13 + colour_table_bytes(*bytes.get(10)?);
    let mut seen_frame = false;
    loop {
        match *bytes.get(at)? {
            b';' => return Some(seen_frame),
            b'!' => at = skip_sub_blocks(bytes, at + 2)?,
            b',' => {
                seen_frame = true;
                let table = colour_table_bytes(*bytes.get(at + 9)?);
                at = skip_sub_blocks(bytes, at + 11 + table)?;
            }
            _ => return Some(false),
        }
    }
}

fn colour_table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The place behind a row of blocks that each tell their length, ended by an empty one.
fn skip_sub_blocks(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples;
    use super::*;

    #[test]
    fn every_cut_is_seen_in_every_format() {
        for format in PictureFormat::ALL {
            let whole = samples::picture(format, 40, 30);
            assert!(has_its_end(format, &whole), "{format}");
            for kept in 0..whole.len() {
                assert!(!has_its_end(format, &whole[..kept]), "{format} cut to {kept} of {}", whole.len());
            }
        }
    }

    #[test]
    fn bytes_behind_the_end_do_no_harm() {
        for format in PictureFormat::ALL {
            let more = [samples::picture(format, 40, 30), b"\xff\xd8 trailer".to_vec()].concat();
            assert!(has_its_end(format, &more), "{format}");
        }
    }

    #[test]
    fn the_end_of_a_preview_is_not_the_end_of_the_picture() {
        let picture = samples::picture(PictureFormat::Jpeg, 40, 30);
        let preview = samples::picture(PictureFormat::Jpeg, 8, 8);
        let length = u16::try_from(preview.len() + 2).unwrap().to_be_bytes();
        let with_preview = [&picture[..2], b"\xff\xe1", &length[..], &preview[..], &picture[2..]].concat();
        assert!(has_its_end(PictureFormat::Jpeg, &with_preview));
        assert!(!has_its_end(PictureFormat::Jpeg, &with_preview[..with_preview.len() - 2]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_followed_without_panic(bytes: Vec<u8>) {
            for format in PictureFormat::ALL {
                has_its_end(format, &bytes);
            }
        }
    }
}
