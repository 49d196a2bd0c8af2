//! A landscape from a number: sky, a sun or moon, ranges of hills, and something standing on them. Neighbouring numbers
//! give colours far apart.

use std::f64::consts::TAU;

use image::{Rgb, RgbImage};

/// The turn between the hues of neighbouring seeds, as a part of the circle: by the golden ratio no two of a few are
/// ever close.
const HUE_STEP: f64 = 0.618_033_988_749_895;

/// What stands before the hills.
#[derive(Debug, Clone, Copy)]
enum Motif {
    /// A row of towers.
    Towers,
    /// Firs.
    Firs,
    /// Rings on water.
    Rings,
}

/// Everything that is drawn, as parts of the width and height.
pub(super) struct Scene {
    hue: f64,
    disc: (f64, f64, f64),
    ranges: [Range; 3],
    motif: Motif,
}

/// The outline of a range of hills: two waves about a mean height.
struct Range {
    height: f64,
    waves: [(f64, f64, f64); 2],
}

impl Range {
    /// Where the outline is at `x`, 0 at the top of the picture.
    fn outline(&self, x: f64) -> f64 {
        self.waves.iter().fold(self.height, |y, (size, count, shift)| y + size * (x * count * TAU + shift).sin())
    }
}

/// A small generator of numbers that look random (SplitMix64).
struct Dice(u64);

impl Dice {
    /// The next number, at least `low` and below `high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (high - low) * ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Scene {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let disc = (dice.between(0.25, 0.75), dice.between(0.18, 0.34), dice.between(0.1, 0.2));
        let ranges = [0.5, 0.62, 0.74].map(|height| Range {
            height: height + dice.between(-0.04, 0.04),
            waves: [(0.05, 0.5, 1.3), (0.015, 2.0, 4.0)].map(|(size, from, to)| {
                (dice.between(size * 0.6, size), dice.between(from, to), dice.between(0.0, TAU))
            }),
        });
        let motif = [Motif::Towers, Motif::Firs, Motif::Rings][(seed % 3) as usize];
        Self { hue: (seed as f64 * HUE_STEP).fract(), disc, ranges, motif }
    }

    /// A colour of this scene; `turn` leads away from its main hue.
    pub(super) fn colour(&self, turn: f64, saturation: f64, light: f64) -> Rgb<u8> {
        hsl(self.hue + turn, saturation, light)
    }

    /// Draws it. `progress`, 0 to 1, lets the disc rise.
    pub(super) fn draw(&self, width: u32, height: u32, progress: f64) -> RgbImage {
        let aspect = f64::from(width) / f64::from(height);
        let palette = Palette::of(self);
        // The outlines cost most, and depend on the column alone.
        let column = |x| {
            let x = f64::from(x) / f64::from(width);
            (x, self.ranges.each_ref().map(|range| range.outline(x)))
        };
        let columns: Vec<(f64, [f64; 3])> = (0..width).map(column).collect();
        RgbImage::from_fn(width, height, |x, y| {
            let (x, outlines) = &columns[x as usize];
            let y = f64::from(y) / f64::from(height);
            if self.motif(x * aspect.max(1.0), y - outlines[2]) {
                return palette.motif;
            }
            if let Some(nearest) = (0..3).rev().find(|&range| y > outlines[range]) {
                return palette.hills[nearest];
            }
            let from_disc = self.distance_to_disc((*x, y), aspect, progress);
            if from_disc < 1.0 { shade(&palette.disc, from_disc) } else { shade(&palette.sky, y) }
        })
    }

    /// How far a point is from the middle of the disc, 1 on its edge.
    fn distance_to_disc(&self, (x, y): (f64, f64), aspect: f64, progress: f64) -> f64 {
        let (centre_x, centre_y, radius) = self.disc;
        let across = (x - centre_x) * aspect.max(1.0);
        let down = (y - centre_y - 0.2 * (1.0 - progress)) / aspect.min(1.0);
        across.hypot(down) / radius
    }

    /// Whether something stands at `x`, `below` (or, if negative, above) the outline of the nearest hills.
    fn motif(&self, x: f64, below: f64) -> bool {
        let place = x * 9.0;
        let (number, across) = (place.floor(), place.fract());
        let size = || 0.5 + 0.5 * (number * 2.4).sin().abs();
        match self.motif {
            Motif::Rings => below > 0.03 && (x - 0.5).hypot((below - 0.14) * 3.0) % 0.12 < 0.02,
            _ if !(-0.14..0.02).contains(&below) => false,
            Motif::Towers => (0.3..0.75).contains(&across) && below >= -0.14 * size(),
            Motif::Firs => {
                let tip = -0.13 * size();
                below >= tip && (across - 0.5).abs() < 0.45 * (below - tip) / -tip
            }
        }
    }
}

/// The colours of a scene, computed once.
struct Palette {
    sky: Vec<Rgb<u8>>,
    disc: Vec<Rgb<u8>>,
    hills: [Rgb<u8>; 3],
    motif: Rgb<u8>,
}

impl Palette {
    fn of(scene: &Scene) -> Self {
        let steps = || (0..64).map(|step| f64::from(step) / 63.0);
        Self {
            sky: steps().map(|y| scene.colour(0.08 * y, 0.65, 0.28 + 0.38 * y)).collect(),
            disc: steps().map(|distance| scene.colour(0.12, 0.85, 0.86 - 0.14 * distance)).collect(),
            hills: [(0.0, 0.36), (0.03, 0.25), (0.06, 0.16)].map(|(turn, light)| scene.colour(turn, 0.45, light)),
            motif: scene.colour(0.5, 0.5, 0.14),
        }
    }
}

/// The colour at a place, 0 to 1, of a row of colours.
fn shade(colours: &[Rgb<u8>], place: f64) -> Rgb<u8> {
    colours[((place * colours.len() as f64) as usize).min(colours.len() - 1)]
}

/// A colour by hue (a part of the circle), saturation and lightness (0 to 1).
fn hsl(hue: f64, saturation: f64, light: f64) -> Rgb<u8> {
    let reach = saturation * light.min(1.0 - light);
    Rgb([0.0, 8.0, 4.0].map(|offset| {
        let place = (offset + hue * 12.0).rem_euclid(12.0);
        let value = light - reach * (place - 3.0).min(9.0 - place).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_by_hue() {
        for (hue, expected) in [(0.0, [255, 0, 0]), (1.0 / 3.0, [0, 255, 0]), (5.0 / 3.0, [0, 0, 255])] {
            assert_eq!(hsl(hue, 1.0, 0.5), Rgb(expected));
        }
        assert_eq!(hsl(0.3, 0.0, 1.0), Rgb([255; 3]));
    }

    #[test]
    fn a_scene_moves_and_is_the_same_each_time() {
        let draw = |seed, progress| Scene::new(seed).draw(64, 36, progress);
        assert!(draw(3, 0.5) == draw(3, 0.5));
        assert!(draw(3, 0.0) != draw(3, 1.0));
        assert!(draw(3, 0.5) != draw(4, 0.5));
    }
}
