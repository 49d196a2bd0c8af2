//! What a picture is: its format, its size, whether it is whole, and the hashes that say what it looks like.
//!
//! One decode serves everything. Nothing is taken on trust: the size in the header is held against the limits before
//! memory is asked for, and the file must reach its own end ([`super::whole`]).

use image_hasher::{HashAlg, HasherConfig};

use super::decode::decode;
use super::document::NotADocument;
use super::format::{PictureFormat, Sniffed, sniff};
use super::reduce::Reduced;

/// How much one picture may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest file that is taken, in bytes.
    pub file_bytes: u64,
    /// The most pixels a picture may have, width × height.
    pub pixels: u64,
    /// The most memory that decoding one picture may take, in bytes.
    pub decode_bytes: u64,
}

impl Default for Limits {
    /// Far above every picture that a player can show, far below what would hurt a small machine.
    fn default() -> Self {
        Self { file_bytes: 64 << 20, pixels: 100_000_000, decode_bytes: 512 << 20 }
    }
}

/// Why something is not taken into the cache. Its text follows the name of what was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is something else.
    #[error("is {found}; only JPEG, PNG, WebP and GIF pictures are taken")]
    OtherKind {
        /// What it is, with its article.
        found: &'static str,
    },
    /// The file ends before the picture does.
    #[error("is a {} picture that breaks off; get it again from where it came from", format.label())]
    CutOff {
        /// What it would be.
        format: PictureFormat,
    },
    /// Its bytes contradict each other.
    #[error("is a {} picture that cannot be decoded: {reason}", format.label())]
    Damaged {
        /// What it would be.
        format: PictureFormat,
        /// What the decoder says.
        reason: String,
    },
    /// The file is too large.
    #[error("is larger than {limit} bytes, the most that is taken; use a smaller one")]
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// The picture is too large.
    #[error("has {width} × {height} pixels; at most {limit} pixels are taken, use a smaller one")]
    TooManyPixels {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
        /// The limit on their product.
        limit: u64,
    },
    /// It was to be a metadata document.
    #[error("is no metadata document: {0}")]
    NotADocument(NotADocument),
    /// Decoding it would take too much memory.
    #[error("would take more than {limit} bytes of memory to decode; use a smaller one")]
    TooMuchMemory {
        /// The limit.
        limit: u64,
    },
}

/// What was found out about a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its format.
    pub format: PictureFormat,
    /// Its width in pixels, as stored (a rotation in the Exif data is not applied).
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Whether any pixel of it (of its first frame) is less than opaque.
    pub has_alpha: bool,
    /// What it looks like, 64 bits (DCT and median): pictures few bits apart look alike, also after scaling.
    pub perceptual_hash: [u8; 8],
    /// The same by brightness rising from left to right: quicker to fool, better at telling near pictures apart.
    pub difference_hash: [u8; 8],
}

/// Looks at a whole picture file.
///
/// # Errors
/// When it is something else, cut off, damaged, or beyond a limit.
pub fn probe(file: &[u8], limits: &Limits) -> Result<Picture, Refusal> {
    if file.len() as u64 > limits.file_bytes {
        return Err(Refusal::TooManyBytes { limit: limits.file_bytes });
    }
    let format = match sniff(file) {
        Sniffed::Picture(format) => format,
        Sniffed::Other(found) => return Err(Refusal::OtherKind { found }),
    };
    let decoded = decode(format, file, limits)?;
    let Reduced { copy, has_alpha } = decoded.reduced;
    let hash = |hasher: HasherConfig<[u8; 8]>| -> [u8; 8] {
        let mut bits = [0; 8];
        bits.copy_from_slice(hasher.to_hasher().hash_image(&copy).as_bytes());
        bits
    };
    Ok(Picture {
        format,
        width: decoded.width,
        height: decoded.height,
        has_alpha,
        perceptual_hash: hash(HasherConfig::with_bytes_type().hash_size(8, 8).preproc_dct().hash_alg(HashAlg::Median)),
        difference_hash: hash(HasherConfig::with_bytes_type().hash_size(8, 8).hash_alg(HashAlg::Gradient)),
    })
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::super::samples;
    use super::*;

    fn look(file: &[u8]) -> Result<Picture, Refusal> {
        probe(file, &Limits::default())
    }

    fn bits_apart(a: [u8; 8], b: [u8; 8]) -> u32 {
        (u64::from_ne_bytes(a) ^ u64::from_ne_bytes(b)).count_ones()
    }

    #[test]
    fn size_format_and_alpha_of_every_format() {
        for format in PictureFormat::ALL {
            let picture = look(&samples::picture(format, 60, 90)).unwrap();
            assert_eq!((picture.format, picture.width, picture.height), (format, 60, 90));
            assert!(!picture.has_alpha, "{format}");
            let mut drawing = samples::drawing(60, 90);
            drawing.put_pixel(3, 4, Rgba([0, 0, 0, 0]));
            let with_hole = look(&samples::encode(format, &drawing)).unwrap();
            assert_eq!(with_hole.has_alpha, format != PictureFormat::Jpeg, "{format}");
        }
    }

    #[test]
    fn a_picture_that_breaks_off_is_refused() {
        for format in PictureFormat::ALL {
            let whole = samples::picture(format, 200, 300);
            for kept in [whole.len() - 1, whole.len() - 2, whole.len() * 3 / 4, whole.len() / 2, 60] {
                assert_eq!(look(&whole[..kept]), Err(Refusal::CutOff { format }), "{format} {kept}");
            }
        }
    }

    #[test]
    fn a_picture_hashes_alike_in_every_format_and_size_and_unlike_another() {
        let base = look(&samples::picture(PictureFormat::Png, 200, 300)).unwrap();
        for format in PictureFormat::ALL {
            let other = look(&samples::picture(format, 200, 300)).unwrap();
            assert!(bits_apart(base.perceptual_hash, other.perceptual_hash) <= 6, "{format}");
            assert!(bits_apart(base.difference_hash, other.difference_hash) <= 6, "{format}");
        }
        let small = image::imageops::thumbnail(&samples::drawing(200, 300), 100, 150);
        let small = look(&samples::encode(PictureFormat::Png, &small)).unwrap();
        assert!(bits_apart(base.perceptual_hash, small.perceptual_hash) <= 6);
        let turned = image::imageops::rotate180(&samples::drawing(200, 300));
        let turned = look(&samples::encode(PictureFormat::Png, &turned)).unwrap();
        assert!(bits_apart(base.perceptual_hash, turned.perceptual_hash) > 12);
        assert!(bits_apart(base.difference_hash, turned.difference_hash) > 12);
    }

    #[test]
    fn each_limit_is_held_from_the_header_on() {
        let file = samples::picture(PictureFormat::Png, 100, 100);
        let bytes = Limits { file_bytes: file.len() as u64 - 1, ..Limits::default() };
        assert_eq!(probe(&file, &bytes), Err(Refusal::TooManyBytes { limit: bytes.file_bytes }));
        for format in PictureFormat::ALL {
            let file = samples::picture(format, 100, 100);
            let pixels = Limits { pixels: 9999, ..Limits::default() };
            let refusal = Refusal::TooManyPixels { width: 100, height: 100, limit: 9999 };
            assert_eq!(probe(&file, &pixels), Err(refusal), "{format}");
            let memory = Limits { decode_bytes: 20_000, ..Limits::default() };
            assert_eq!(probe(&file, &memory), Err(Refusal::TooMuchMemory { limit: 20_000 }), "{format}");
        }
    }

    #[test]
    fn a_plain_colour_and_a_single_pixel_are_pictures() {
        for (width, height) in [(1, 1), (1, 500), (500, 1), (64, 64)] {
            let plain = RgbaImage::from_pixel(width, height, Rgba([10, 20, 30, 255]));
            for format in PictureFormat::ALL {
                let picture = look(&samples::encode(format, &plain)).unwrap();
                assert_eq!((picture.width, picture.height), (width, height), "{format}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn damaged_pictures_never_panic(
            format in prop::sample::select(PictureFormat::ALL.to_vec()),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut file = samples::picture(format, 40, 30);
            for (place, byte) in damage {
                let at = place.index(file.len());
                file[at] = byte;
            }
            let _ = probe(&file, &Limits { pixels: 1_000_000, ..Limits::default() });
        }
    }
}
