//! Small copies of pictures, for people to look at. Nothing of them is kept.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader};

use super::format::PictureFormat;
use super::probe::{Limits, Refusal, probe};

/// How well a JPEG thumbnail is to look.
const JPEG_QUALITY: u8 = 82;

/// A small copy of a picture.
#[derive(Debug, Clone)]
pub struct Thumbnail {
    /// Its pixels: 8 bits a channel, red, green, blue and perhaps alpha.
    pub pixels: DynamicImage,
    /// Width and height of the picture itself, in pixels.
    pub original: (u32, u32),
}

impl Thumbnail {
    /// The thumbnail as a file: PNG where something shines through, else JPEG.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn encode(&self) -> Result<(PictureFormat, Vec<u8>), image::ImageError> {
        let mut file = Vec::new();
        if self.pixels.color().has_alpha() {
            self.pixels.write_to(&mut Cursor::new(&mut file), ImageFormat::Png)?;
            return Ok((PictureFormat::Png, file));
        }
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
        self.pixels.write_with_encoder(encoder)?;
        Ok((PictureFormat::Jpeg, file))
    }
}

/// Makes a copy of a whole picture file that is at most `side` pixels wide and high. The picture is held against the same
/// limits as one that is to go into the cache.
///
/// # Errors
/// When it is none, cut off, damaged, or beyond a limit.
pub fn thumbnail(file: &[u8], limits: &Limits, side: u32) -> Result<Thumbnail, Refusal> {
    let picture = probe(file, limits)?;
    let refusal = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Refusal::TooMuchMemory { limit: limits.decode_bytes },
        error => Refusal::Damaged { format: picture.format, reason: error.to_string() },
    };
    let mut allowed = image::Limits::no_limits();
    allowed.max_alloc = Some(limits.decode_bytes);
    let mut reader = ImageReader::with_format(Cursor::new(file), image_format(picture.format));
    reader.limits(allowed);
    let decoded = reader.decode().map_err(refusal)?;
    let is_small = picture.width <= side && picture.height <= side;
    let small = if is_small { decoded } else { decoded.thumbnail(side, side) };
    let pixels = if picture.has_alpha { small.into_rgba8().into() } else { small.into_rgb8().into() };
    Ok(Thumbnail { pixels, original: (picture.width, picture.height) })
}

fn image_format(format: PictureFormat) -> ImageFormat {
    match format {
        PictureFormat::Jpeg => ImageFormat::Jpeg,
        PictureFormat::Png => ImageFormat::Png,
        PictureFormat::WebP => ImageFormat::WebP,
        PictureFormat::Gif => ImageFormat::Gif,
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_thumbnail_keeps_shape_and_alpha_and_fits() {
        for format in PictureFormat::ALL {
            let small = thumbnail(&samples::picture(format, 200, 300), &Limits::default(), 90).unwrap();
            assert_eq!((small.pixels.width(), small.pixels.height(), small.original), (60, 90, (200, 300)), "{format}");
            assert_eq!(small.encode().unwrap().0, PictureFormat::Jpeg, "{format}");
        }
        let mut drawing = samples::drawing(40, 30);
        drawing.put_pixel(0, 0, Rgba([0; 4]));
        let file = samples::encode(PictureFormat::WebP, &drawing);
        let same = thumbnail(&file, &Limits::default(), 90).unwrap();
        assert_eq!((same.pixels.width(), same.pixels.height()), (40, 30), "it is not made larger");
        let (format, bytes) = same.encode().unwrap();
        assert_eq!(format, PictureFormat::Png);
        assert!(probe(&bytes, &Limits::default()).unwrap().has_alpha);
    }

    #[test]
    fn what_the_cache_refuses_has_no_thumbnail() {
        let file = samples::picture(PictureFormat::Jpeg, 100, 100);
        let few = Limits { pixels: 9_999, ..Limits::default() };
        assert!(matches!(thumbnail(&file, &few, 50), Err(Refusal::TooManyPixels { .. })));
        let little = Limits { decode_bytes: 20_000, ..Limits::default() };
        assert!(matches!(thumbnail(&file, &little, 50), Err(Refusal::TooMuchMemory { .. })));
        assert!(matches!(thumbnail(&file[..200], &Limits::default(), 50), Err(Refusal::CutOff { .. })));
        assert!(matches!(thumbnail(b"<html>", &Limits::default(), 50), Err(Refusal::OtherKind { .. })));
    }
}
