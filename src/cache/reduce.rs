//! The small grey copy that pictures are compared by.
//!
//! Hashing a poster of six million pixels takes longer than decoding it; a copy of 64 × 64, each pixel the mean of its
//! part of the picture, gives the same bits. Transparent parts are laid over middle grey, so that neither a white nor
//! a black logo vanishes, and what colour a picture has where nobody sees it does not count.

use image::GrayImage;

/// Width and height of the copy.
const SIDE: usize = 64;

/// Brightness of what shows through where a picture is transparent.
const BACKGROUND: u32 = 128;

/// How the decoded bytes lie. Channels of 16 bits are in the machine's byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pixels {
    /// Brightness.
    Luma8,
    /// Brightness, alpha.
    LumaAlpha8,
    /// Red, green, blue.
    Rgb8,
    /// Red, green, blue, alpha.
    Rgba8,
    /// Brightness, 16 bits.
    Luma16,
    /// Brightness, alpha, 16 bits each.
    LumaAlpha16,
    /// Red, green, blue, 16 bits each.
    Rgb16,
    /// Red, green, blue, alpha, 16 bits each.
    Rgba16,
}

/// The copy, and what had to be looked at in the whole picture.
pub(super) struct Reduced {
    pub(super) copy: GrayImage,
    /// Whether any pixel is less than opaque.
    pub(super) has_alpha: bool,
}

/// Makes the copy of a decoded picture, whose bytes must be `width` × `height` pixels and neither of them 0.
pub(super) fn reduce(bytes: &[u8], width: usize, height: usize, pixels: Pixels) -> Reduced {
    let size = (width, height);
    match pixels {
        Pixels::Luma8 => opaque(average::<1>(bytes, size, |p| p[0].into())),
        Pixels::Rgb8 => opaque(average::<3>(bytes, size, |p| luma(p[0], p[1], p[2]))),
        Pixels::Luma16 => opaque(average::<2>(bytes, size, |p| high(p, 0).into())),
        Pixels::Rgb16 => opaque(average::<6>(bytes, size, |p| luma(high(p, 0), high(p, 1), high(p, 2)))),
        Pixels::LumaAlpha8 => blended::<2>(bytes, size, |p| (p[0].into(), p[1])),
        Pixels::Rgba8 => blended::<4>(bytes, size, |p| (luma(p[0], p[1], p[2]), p[3])),
        Pixels::LumaAlpha16 => blended::<4>(bytes, size, |p| (high(p, 0).into(), high(p, 1))),
        Pixels::Rgba16 => blended::<8>(bytes, size, |p| (luma(high(p, 0), high(p, 1), high(p, 2)), high(p, 3))),
    }
}

fn opaque(copy: GrayImage) -> Reduced {
    Reduced { copy, has_alpha: false }
}

/// The copy of a picture with an alpha channel; `parts` gives a pixel's brightness and alpha.
fn blended<const N: usize>(bytes: &[u8], size: (usize, usize), parts: impl Fn(&[u8; N]) -> (u32, u8)) -> Reduced {
    let has_alpha = bytes.as_chunks::<N>().0.iter().any(|pixel| parts(pixel).1 != u8::MAX);
    let copy = average(bytes, size, |pixel| {
        let (light, alpha) = parts(pixel);
        (light * u32::from(alpha) + BACKGROUND * (255 - u32::from(alpha))) / 255
    });
    Reduced { copy, has_alpha }
}

/// The upper eight of a channel's sixteen bits.
fn high<const N: usize>(pixel: &[u8; N], channel: usize) -> u8 {
    let [upper, _] = u16::from_ne_bytes([pixel[channel * 2], pixel[channel * 2 + 1]]).to_be_bytes();
    upper
}

/// Brightness as JPEG has it, so that a picture hashes alike in every format.
fn luma(red: u8, green: u8, blue: u8) -> u32 {
    (77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue)) >> 8
}

/// So many lines of 255 each are far from what 32 bits hold.
const LINES_AT_ONCE: usize = 1 << 16;

/// The mean of `value` over each part of the picture. One pass; every part has at least one pixel, so pictures smaller
/// than the copy are stretched.
fn average<const N: usize>(bytes: &[u8], size: (usize, usize), value: impl Fn(&[u8; N]) -> u32) -> GrayImage {
    let (width, height) = size;
    let all = bytes.as_chunks::<N>().0;
    let mut copy = GrayImage::new(SIDE as u32, SIDE as u32);
    let mut columns = vec![0u32; width];
    for (part_y, row) in copy.chunks_exact_mut(SIDE).enumerate() {
        let lines = part(part_y, height);
        let mut sums = [0u64; SIDE];
        // Line upon line first, which the compiler does for many columns at once, then the columns of each part.
        for lines in all[lines.start * width..lines.end * width].chunks(LINES_AT_ONCE * width) {
            columns.fill(0);
            for line in lines.chunks_exact(width) {
                columns.iter_mut().zip(line).for_each(|(column, pixel)| *column += value(pixel));
            }
            for (part_x, sum) in sums.iter_mut().enumerate() {
                *sum += columns[part(part_x, width)].iter().map(|&column| u64::from(column)).sum::<u64>();
            }
        }
        for (part_x, (pixel, sum)) in row.iter_mut().zip(sums).enumerate() {
            let mean = sum / (lines.len() * part(part_x, width).len()) as u64;
            *pixel = u8::try_from(mean).unwrap_or(u8::MAX);
        }
    }
    copy
}

/// The pixels that one of [`SIDE`] parts of a length covers.
fn part(index: usize, length: usize) -> std::ops::Range<usize> {
    let start = index * length / SIDE;
    start..((index + 1) * length / SIDE).max(start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_the_mean_of_its_pixels() {
        let bytes: Vec<u8> = (0..128 * 128).map(|at| if (at % 128) % 2 == 0 { 100 } else { 200 }).collect();
        let reduced = reduce(&bytes, 128, 128, Pixels::Luma8);
        assert!(reduced.copy.iter().all(|&pixel| pixel == 150));
        assert!(!reduced.has_alpha);
    }

    #[test]
    fn one_pixel_and_one_line_are_stretched() {
        assert!(reduce(&[7], 1, 1, Pixels::Luma8).copy.iter().all(|&pixel| pixel == 7));
        let line: Vec<u8> = (0..200).collect();
        let copy = reduce(&line, 200, 1, Pixels::Luma8).copy;
        assert_eq!((copy.get_pixel(0, 0), copy.get_pixel(0, 63)), (copy.get_pixel(0, 5), copy.get_pixel(0, 1)));
        assert!(copy.get_pixel(63, 0).0[0] > 190);
    }

    #[test]
    fn the_same_picture_reduces_alike_in_every_depth() {
        let rgb: Vec<u8> = (0..96 * 70 * 3).map(|at| (at * 7 % 251) as u8).collect();
        let with_alpha: Vec<u8> = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        let wide: Vec<u8> = rgb.iter().flat_map(|&c| (u16::from(c) << 8 | 0x7f).to_ne_bytes()).collect();
        let expected = reduce(&rgb, 96, 70, Pixels::Rgb8).copy;
        let (blended, deep) = (reduce(&with_alpha, 96, 70, Pixels::Rgba8), reduce(&wide, 96, 70, Pixels::Rgb16));
        assert!(blended.copy == expected && deep.copy == expected && !blended.has_alpha);
    }

    #[test]
    fn a_line_or_column_of_any_length_is_averaged_without_overflow() {
        let length = 64 * (LINES_AT_ONCE + 10);
        let white = vec![255; length];
        for (width, height) in [(1, length), (length, 1)] {
            let copy = reduce(&white, width, height, Pixels::Luma8).copy;
            assert!(copy.iter().all(|&pixel| pixel == 255), "{width} × {height}");
        }
    }

    #[test]
    fn what_nobody_sees_does_not_count() {
        let pixel = |colour: u8, alpha: u8| [colour, colour, colour, alpha];
        let hidden = |colour: u8| [pixel(255, 255), pixel(colour, 0)].concat().repeat(64 * 64);
        let (black, white) = (hidden(0), hidden(255));
        let copies = [&black, &white].map(|bytes| reduce(bytes, 128, 64, Pixels::Rgba8));
        assert!(copies[0].copy == copies[1].copy && copies[0].has_alpha);
    }
}
