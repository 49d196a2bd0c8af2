//! Pictures for the unit tests of this module.

use image::{ExtendedColorType, ImageEncoder, Rgba, RgbaImage};

use super::format::PictureFormat;

/// A drawn picture with large shapes as artwork has them, not symmetric, fully opaque.
pub(super) fn drawing(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let near = |centre_x: f64, centre_y: f64, radius: f64| (x - centre_x).hypot(y - centre_y) < radius;
        let shade = 40.0 + 90.0 * x + 30.0 * y;
        let light = if near(0.3, 0.35, 0.2) { 90.0 } else { 0.0 } - if near(0.75, 0.7, 0.15) { 60.0 } else { 0.0 };
        let title = if (0.82..0.9).contains(&y) && (0.1..0.7).contains(&x) { 70.0 } else { 0.0 };
        let channel = |part: f64| (shade * part + light + title).clamp(0.0, 255.0) as u8;
        Rgba([channel(1.0), channel(0.7), channel(0.4), 255])
    })
}

/// The drawing as a file of that format.
pub(super) fn picture(format: PictureFormat, width: u32, height: u32) -> Vec<u8> {
    encode(format, &drawing(width, height))
}

/// A picture as a file of that format; JPEG loses its alpha.
pub(super) fn encode(format: PictureFormat, picture: &RgbaImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut file = Vec::new();
    match format {
        PictureFormat::Jpeg => {
            let opaque = image::DynamicImage::from(picture.clone()).into_rgb8();
            image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 90).encode_image(&opaque).unwrap();
        }
        PictureFormat::Png => image::codecs::png::PngEncoder::new(&mut file)
            .write_image(picture, width, height, ExtendedColorType::Rgba8)
            .unwrap(),
        PictureFormat::WebP => image::codecs::webp::WebPEncoder::new_lossless(&mut file)
            .write_image(picture, width, height, ExtendedColorType::Rgba8)
            .unwrap(),
        PictureFormat::Gif => image::codecs::gif::GifEncoder::new(&mut file)
            .encode(picture, width, height, ExtendedColorType::Rgba8)
            .unwrap(),
    }
    file
}
