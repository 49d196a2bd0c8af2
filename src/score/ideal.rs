//! What each image type wants to be: its size, and the shapes that players still show well.

use crate::model::{EntityType, ImageKind};

/// What a picture of some type should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ideal {
    /// The width in pixels from which on more does not make it better.
    pub width: u32,
    /// The height that goes with it.
    pub height: u32,
    /// By which factor its shape (width over height) may differ from the ideal one, up or down, before the picture is
    /// refused.
    pub shape_factor: f64,
}

impl Ideal {
    /// Width over height.
    #[must_use]
    pub fn shape(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

/// What a picture of that kind should be for that type of entity.
#[must_use]
pub fn ideal(entity_type: EntityType, kind: ImageKind) -> Ideal {
    let (width, height, shape_factor) = match kind {
        ImageKind::Poster | ImageKind::KeyArt => (2000, 3000, 1.3),
        ImageKind::Fanart => (3840, 2160, 1.25),
        ImageKind::Banner => (1000, 185, 1.5),
        // Titles are long or short; nearly every shape is one.
        ImageKind::ClearLogo => (800, 310, 5.0),
        ImageKind::ClearArt => (1000, 562, 1.6),
        ImageKind::DiscArt => (1000, 1000, 1.1),
        ImageKind::Landscape => (1920, 1080, 1.25),
        ImageKind::CharacterArt => (512, 512, 3.0),
        ImageKind::Thumb if entity_type == EntityType::Artist => (1000, 1000, 1.4),
        // Stills of old series are 4:3.
        ImageKind::Thumb => (1920, 1080, 1.5),
        ImageKind::Cover => (1200, 1200, 1.25),
        // A back may be scanned together with its spine.
        ImageKind::Back => (1200, 1200, 1.5),
        ImageKind::Spine => (100, 1200, 20.0),
        // Portraits are cut from anything, also from squares.
        ImageKind::ActorThumb => (1000, 1500, 1.6),
        // It is no picture, so no picture fits.
        ImageKind::Nfo => (1, 1, 0.0),
    };
    Ideal { width, height, shape_factor }
}

/// Whether a picture of that size can be shown as that kind of picture.
#[must_use]
pub fn fits(entity_type: EntityType, kind: ImageKind, width: u32, height: u32) -> bool {
    let ideal = ideal(entity_type, kind);
    width > 0 && height > 0 && difference(&ideal, width, height) <= ideal.shape_factor.ln()
}

/// How far a shape is from the ideal one: 0 for the same, equal for twice as wide and half as wide.
pub(super) fn difference(ideal: &Ideal, width: u32, height: u32) -> f64 {
    (f64::from(width) / f64::from(height) / ideal.shape()).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_players_show_fit_and_others_do_not() {
        use ImageKind::{ActorThumb, Banner, ClearLogo, Cover, DiscArt, Fanart, Poster, Thumb};
        for (entity_type, kind, width, height, wanted) in [
            (EntityType::Movie, Poster, 2000, 3000, true),
            (EntityType::Movie, Poster, 1000, 1426, true),
            (EntityType::Season, Poster, 400, 578, true),
            (EntityType::Movie, Poster, 680, 1000, true),
            (EntityType::Movie, Poster, 1000, 1000, false),
            (EntityType::Movie, Poster, 1920, 1080, false),
            (EntityType::Movie, Fanart, 1920, 1080, true),
            (EntityType::Movie, Fanart, 2000, 3000, false),
            (EntityType::Series, Banner, 758, 140, true),
            (EntityType::Series, Banner, 1000, 185, true),
            (EntityType::Series, Banner, 1920, 1080, false),
            (EntityType::Movie, ClearLogo, 4000, 400, true),
            (EntityType::Movie, ClearLogo, 400, 400, true),
            (EntityType::Movie, DiscArt, 1000, 1000, true),
            (EntityType::Movie, DiscArt, 1000, 700, false),
            (EntityType::Episode, Thumb, 640, 480, true),
            (EntityType::Episode, Thumb, 600, 900, false),
            (EntityType::Artist, Thumb, 1000, 1000, true),
            (EntityType::Artist, Thumb, 1920, 1080, false),
            (EntityType::Album, Cover, 1200, 1180, true),
            (EntityType::Actor, ActorThumb, 300, 450, true),
            (EntityType::Actor, ActorThumb, 500, 500, true),
            (EntityType::Movie, Poster, 0, 100, false),
        ] {
            let found = fits(entity_type, kind, width, height);
            assert_eq!(found, wanted, "{entity_type} {} {width}×{height}", kind.as_str());
        }
    }

    #[test]
    fn every_ideal_fits_itself() {
        for kind in ImageKind::ALL {
            for &entity_type in EntityType::ALL {
                let ideal = ideal(entity_type, kind);
                assert!(fits(entity_type, kind, ideal.width, ideal.height));
            }
        }
    }
}
