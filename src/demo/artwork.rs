//! Posters, fanart and logos of the demo's films.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageResult, Rgb, RgbImage, Rgba, RgbaImage};

use super::font;
use super::scene::Scene;

const WHITE: Rgb<u8> = Rgb([250, 248, 240]);

/// Width and height of a picture in pixels; neither is 0, and a JPEG has at most 65,535 of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

/// Draws a poster as a JPEG: the landscape of that seed with the title on it.
///
/// # Errors
/// When the size is none that a JPEG can have.
pub fn draw_poster(title: &str, seed: u64, size: Size) -> ImageResult<Vec<u8>> {
    let scene = Scene::new(seed);
    let mut picture = scene.draw(size.width, size.height, 1.0);
    let frame = scene.colour(0.12, 0.85, 0.72);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let edge = x.min(y).min(size.width - 1 - x).min(size.height - 1 - y);
        if edge < size.width / 50 {
            *pixel = frame;
        }
    }
    Lettering::fit(title, Area::title_band(size)).each_dot(|x, y| picture.put_pixel(x, y, WHITE));
    jpeg(&picture, 88)
}

/// Draws a background as a JPEG: the landscape of that seed, without any text.
///
/// # Errors
/// When the size is none that a JPEG can have.
pub fn draw_fanart(seed: u64, size: Size) -> ImageResult<Vec<u8>> {
    jpeg(&Scene::new(seed).draw(size.width, size.height, 0.8), 88)
}

/// Draws a logo as a PNG: the title with a dark rim, all else transparent.
///
/// # Errors
/// When the size is none that a PNG can have.
pub fn draw_clearlogo(title: &str, seed: u64, size: Size) -> ImageResult<Vec<u8>> {
    let Rgb([red, green, blue]) = Scene::new(seed).colour(0.12, 0.9, 0.7);
    let rim = (size.height / 60).max(1);
    let inner = |length: u32| length.saturating_sub(2 * rim);
    let area = Area { left: rim, top: rim, width: inner(size.width), height: inner(size.height) };
    let lettering = Lettering::fit(title, area);
    let mut picture = RgbaImage::new(size.width, size.height);
    lettering.each_dot(|x, y| {
        for (near_x, near_y) in [(x - rim, y), (x + rim, y), (x, y - rim), (x, y + rim)] {
            picture.put_pixel(near_x, near_y, Rgba([15, 15, 20, 255]));
        }
    });
    lettering.each_dot(|x, y| picture.put_pixel(x, y, Rgba([red, green, blue, 255])));
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(&picture, size.width, size.height, ExtendedColorType::Rgba8)?;
    Ok(file)
}

/// One frame of a film as a JPEG: its landscape at that moment, with its title small at the bottom.
pub(super) fn draw_frame(title: &str, seed: u64, size: Size, progress: f64) -> ImageResult<Vec<u8>> {
    let mut picture = Scene::new(seed).draw(size.width, size.height, progress);
    Lettering::fit(title, Area::title_band(size)).each_dot(|x, y| picture.put_pixel(x, y, WHITE));
    jpeg(&picture, 80)
}

fn jpeg(picture: &RgbImage, quality: u8) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality).encode_image(picture)?;
    Ok(file)
}

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Area {
    /// Where the title of a poster or film stands.
    fn title_band(size: Size) -> Self {
        let Size { width, height } = size;
        Self { left: width / 16, top: height * 13 / 16, width: width * 7 / 8, height: height / 8 }
    }
}

/// A text broken into lines and centred in an area, as large as it fits.
struct Lettering {
    lines: Vec<String>,
    scale: u32,
    area: Area,
}

/// From one line to the next, in dots.
const LINE_ADVANCE: u32 = font::HEIGHT + 2;

impl Lettering {
    fn fit(text: &str, area: Area) -> Self {
        let words = font::spell(text);
        let words: Vec<&str> = words.split_whitespace().collect();
        let fits = (1..=words.len().max(1)).map(|count| {
            let lines = break_lines(&words, count);
            let scale = (area.width / width_of(&lines).max(1)).min(area.height / height_of(&lines).max(1));
            Self { lines, scale, area }
        });
        let best = fits.max_by_key(|lettering| lettering.scale);
        best.unwrap_or(Self { lines: Vec::new(), scale: 0, area })
    }

    /// Calls `draw` for every pixel that a letter covers. All of them lie in the area; a text that is too long for it
    /// even with letters of one pixel a dot covers none.
    fn each_dot(&self, mut draw: impl FnMut(u32, u32)) {
        let top = self.area.top + (self.area.height - height_of(&self.lines) * self.scale) / 2;
        for (number, line) in (0..).zip(&self.lines) {
            let width = width_of(std::slice::from_ref(line)) * self.scale;
            let left = self.area.left + (self.area.width - width) / 2;
            for (place, letter) in (0..).zip(line.chars()) {
                let corner = (left + place * font::ADVANCE * self.scale, top + number * LINE_ADVANCE * self.scale);
                self.letter(letter, corner, &mut draw);
            }
        }
    }

    fn letter(&self, letter: char, (left, top): (u32, u32), draw: &mut impl FnMut(u32, u32)) {
        for y in 0..font::HEIGHT * self.scale {
            for x in 0..font::WIDTH * self.scale {
                if font::is_set(letter, x / self.scale, y / self.scale) {
                    draw(left + x, top + y);
                }
            }
        }
    }
}

/// Lays words into that many lines of about equal length.
fn break_lines(words: &[&str], count: usize) -> Vec<String> {
    let length: usize = words.iter().map(|word| word.chars().count() + 1).sum();
    let mut lines = vec![String::new()];
    for word in words {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && (line + word.chars().count() / 2) * count >= length && lines.len() < count {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

/// The width of the longest line in dots.
fn width_of(lines: &[String]) -> u32 {
    let letters = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    (u32::try_from(letters).unwrap_or(u32::MAX).saturating_mul(font::ADVANCE)).saturating_sub(1)
}

/// The height of all lines in dots.
fn height_of(lines: &[String]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX).saturating_mul(LINE_ADVANCE).saturating_sub(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size { width: 100, height: 150 };

    fn mean(file: &[u8]) -> [f64; 3] {
        let picture = image::load_from_memory(file).unwrap().into_rgb8();
        let count = f64::from(picture.width() * picture.height());
        [0, 1, 2].map(|channel| picture.pixels().map(|pixel| f64::from(pixel.0[channel])).sum::<f64>() / count)
    }

    #[test]
    fn pictures_have_the_size_asked_for_and_are_the_same_each_time() {
        let wide = Size { width: 160, height: 90 };
        for (file, size) in [
            (draw_poster("Heat & Dust", 1, SMALL).unwrap(), SMALL),
            (draw_fanart(1, wide).unwrap(), wide),
            (draw_clearlogo("Heat & Dust", 1, wide).unwrap(), wide),
        ] {
            let picture = image::load_from_memory(&file).unwrap();
            assert_eq!((picture.width(), picture.height()), (size.width, size.height));
        }
        assert_eq!(draw_poster("A", 1, SMALL).unwrap(), draw_poster("A", 1, SMALL).unwrap());
        assert_ne!(draw_poster("A", 1, SMALL).unwrap(), draw_poster("B", 1, SMALL).unwrap());
        assert!(draw_poster("A", 1, Size { width: 70_000, height: 1 }).is_err());
    }

    #[test]
    fn neighbouring_seeds_differ_in_colour_at_a_glance() {
        let means: Vec<_> = (0..8).map(|seed| mean(&draw_poster("Film", seed, SMALL).unwrap())).collect();
        for (at, one) in means.iter().enumerate() {
            for other in &means[at + 1..] {
                let apart = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(apart > 12.0, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_logo_is_transparent_around_its_letters() {
        let file = draw_clearlogo("I", 1, Size { width: 100, height: 40 }).unwrap();
        let picture = image::load_from_memory(&file).unwrap().into_rgba8();
        let opaque = picture.pixels().filter(|pixel| pixel.0[3] == 255).count();
        assert_eq!(picture.get_pixel(0, 0).0[3], 0);
        assert!((100..3000).contains(&opaque), "{opaque}");
    }

    #[test]
    fn any_title_is_drawn_inside_its_area() {
        let area = Area { left: 3, top: 4, width: 90, height: 30 };
        let long = "word ".repeat(50);
        for (title, has_dots) in [
            ("Heat", true),
            ("The Lantern Keeper", true),
            ("Été", true),
            ("千と千尋", true),
            ("", false),
            ("   ", false),
            (long.as_str(), false),
            ("Donaudampfschifffahrtsgesellschaft", false),
        ] {
            let mut dots = 0;
            Lettering::fit(title, area).each_dot(|x, y| {
                assert!((3..93).contains(&x) && (4..34).contains(&y), "{title}: {x} {y}");
                dots += 1;
            });
            assert_eq!(dots > 0, has_dots, "{title}");
        }
    }
}
