//! From a file's bytes to the small grey copy, in one decode.
//!
//! JPEG, which nearly all artwork is, goes to its decoder directly: only brightness is decoded, which saves a third of
//! the time and two thirds of the memory, and damage is an error instead of a grey patch. The other formats go through
//! the `image` crate.

use std::io::Cursor;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{ColorType, ImageDecoder, ImageError, ImageResult};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::format::PictureFormat;
use super::probe::{Limits, Refusal};
use super::reduce::{Pixels, Reduced, reduce};
use super::whole::has_its_end;

/// A picture that was decoded and let go again.
pub(super) struct Decoded {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) reduced: Reduced,
}

/// Decodes a whole file. The limits are held before the memory is asked for.
pub(super) fn decode(format: PictureFormat, file: &[u8], limits: &Limits) -> Result<Decoded, Refusal> {
    let picture = File { format, bytes: file, limits };
    match format {
        PictureFormat::Jpeg => decode_jpeg(&picture),
        PictureFormat::Png => {
            picture.check_png_header()?;
            decode_with(&picture, PngDecoder::with_limits(Cursor::new(file), picture.image_limits()), 0)
        }
        // Lossless WebP keeps a second copy of four bytes a pixel, lossy WebP three planes.
        PictureFormat::WebP => decode_with(&picture, WebPDecoder::new(Cursor::new(file)), 8),
        PictureFormat::Gif => decode_with(&picture, GifDecoder::new(Cursor::new(file)), 5),
    }
}

/// A file on its way through the checks.
struct File<'a> {
    format: PictureFormat,
    bytes: &'a [u8],
    limits: &'a Limits,
}

impl File<'_> {
    /// Why the decoder failed: a file without its end is cut off, whatever the decoder stumbled over.
    fn refusal(&self, reason: impl ToString) -> Refusal {
        if has_its_end(self.format, self.bytes) {
            Refusal::Damaged { format: self.format, reason: reason.to_string() }
        } else {
            Refusal::CutOff { format: self.format }
        }
    }

    fn image_refusal(&self, error: &ImageError) -> Refusal {
        match error {
            ImageError::Limits(_) => Refusal::TooMuchMemory { limit: self.limits.decode_bytes },
            _ => self.refusal(error),
        }
    }

    fn check_size(&self, width: u64, height: u64) -> Result<(), Refusal> {
        if width == 0 || height == 0 {
            return Err(self.refusal("it has no pixels"));
        }
        match width.checked_mul(height) {
            Some(pixels) if pixels <= self.limits.pixels => Ok(()),
            _ => Err(Refusal::TooManyPixels { width, height, limit: self.limits.pixels }),
        }
    }

    fn check_memory(&self, decode_bytes: u64) -> Result<(), Refusal> {
        let limit = self.limits.decode_bytes;
        if decode_bytes > limit { Err(Refusal::TooMuchMemory { limit }) } else { Ok(()) }
    }

    fn check_end(&self) -> Result<(), Refusal> {
        if has_its_end(self.format, self.bytes) { Ok(()) } else { Err(Refusal::CutOff { format: self.format }) }
    }

    /// The size in a PNG's header, before its decoder reserves memory for a line of it.
    fn check_png_header(&self) -> Result<(), Refusal> {
        let number = |at: usize| self.bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        match (number(16), number(20)) {
            (Some(width), Some(height)) => self.check_size(width.into(), height.into()),
            _ => Err(Refusal::CutOff { format: self.format }),
        }
    }

    fn image_limits(&self) -> image::Limits {
        let mut limits = image::Limits::no_limits();
        limits.max_alloc = Some(self.limits.decode_bytes);
        limits
    }
}

fn decode_jpeg(picture: &File<'_>) -> Result<Decoded, Refusal> {
    let side_max = usize::from(u16::MAX);
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(side_max).set_max_height(side_max);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(picture.bytes), options);
    decoder.decode_headers().map_err(|error| picture.refusal(error))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| picture.refusal("it has no size"))?;
    picture.check_size(width as u64, height as u64)?;
    let (colours, pixels) = match decoder.input_colorspace() {
        Some(ColorSpace::YCbCr | ColorSpace::Luma) => (ColorSpace::Luma, Pixels::Luma8),
        _ => (ColorSpace::RGB, Pixels::Rgb8),
    };
    // A progressive picture keeps two bytes for each of up to four components until its last scan is read.
    picture.check_memory((width * height) as u64 * (colours.num_components() as u64 + 8))?;
    picture.check_end()?;
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let bytes = decoder.decode().map_err(|error| picture.refusal(error))?;
    finish(picture, (width as u64, height as u64), &bytes, pixels)
}

/// Decodes through the `image` crate; `extra` is what the decoder needs beside the result, in bytes a pixel.
fn decode_with<D: ImageDecoder>(picture: &File<'_>, opened: ImageResult<D>, extra: u64) -> Result<Decoded, Refusal> {
    let mut decoder = opened.map_err(|error| picture.image_refusal(&error))?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (u64::from(width), u64::from(height));
    picture.check_size(width, height)?;
    picture.check_memory(decoder.total_bytes().saturating_add(width * height * extra))?;
    picture.check_end()?;
    decoder.set_limits(picture.image_limits()).map_err(|error| picture.image_refusal(&error))?;
    let pixels = match decoder.color_type() {
        ColorType::L8 => Pixels::Luma8,
        ColorType::La8 => Pixels::LumaAlpha8,
        ColorType::Rgb8 => Pixels::Rgb8,
        ColorType::Rgba8 => Pixels::Rgba8,
        ColorType::L16 => Pixels::Luma16,
        ColorType::La16 => Pixels::LumaAlpha16,
        ColorType::Rgb16 => Pixels::Rgb16,
        ColorType::Rgba16 => Pixels::Rgba16,
        other => return Err(picture.refusal(format!("its pixels are of the unknown kind {other:?}"))),
    };
    let mut bytes = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut bytes).map_err(|error| picture.image_refusal(&error))?;
    finish(picture, (width, height), &bytes, pixels)
}

fn finish(picture: &File<'_>, size: (u64, u64), bytes: &[u8], pixels: Pixels) -> Result<Decoded, Refusal> {
    let (Ok(width), Ok(height)) = (u32::try_from(size.0), u32::try_from(size.1)) else {
        return Err(Refusal::TooManyPixels { width: size.0, height: size.1, limit: picture.limits.pixels });
    };
    Ok(Decoded { width, height, reduced: reduce(bytes, width as usize, height as usize, pixels) })
}
