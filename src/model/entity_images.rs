//! Which pictures an entity can have.

use super::{EntityType, ImageKind, ImageType};

impl EntityType {
    /// The kinds of pictures that some player shows for entities of this type, or that are kept for it, the most
    /// important first.
    #[must_use]
    pub fn kinds(self) -> &'static [ImageKind] {
        use ImageKind::{
            ActorThumb, Back, Banner, CharacterArt, ClearArt, ClearLogo, Cover, DiscArt, Fanart, KeyArt, Landscape,
            Poster, Spine, Thumb,
        };
        match self {
            Self::Movie | Self::MovieSet => {
                &[Poster, Fanart, ClearLogo, ClearArt, DiscArt, Banner, Landscape, KeyArt, CharacterArt]
            }
            Self::Series | Self::Season => {
                &[Poster, Fanart, Banner, ClearLogo, ClearArt, Landscape, KeyArt, CharacterArt]
            }
            Self::Episode => &[Thumb, Fanart],
            Self::Actor => &[ActorThumb],
            Self::Artist => &[Thumb, Fanart, ClearLogo, ClearArt, Banner, Landscape],
            Self::Album => &[Cover, Back, Spine, DiscArt, Fanart, ClearLogo, ClearArt, Banner, Landscape],
        }
    }

    /// Whether an entity of this type can have a picture of that kind, by this or another word for it.
    #[must_use]
    pub fn can_have(self, kind: ImageKind) -> bool {
        self.kinds().contains(&self.kind_meant(kind))
    }

    /// The kind that is meant when somebody says `kind` of an entity of this type. What portrays an artist is its
    /// `thumb`, the front of an album its `cover`, the portrait of an actor its `actorthumb`, and each of them is
    /// often called the poster: one picture must not be chosen twice under two words.
    #[must_use]
    pub fn kind_meant(self, kind: ImageKind) -> ImageKind {
        match (self, kind) {
            (Self::Artist, ImageKind::Poster | ImageKind::Cover) => ImageKind::Thumb,
            (Self::Album, ImageKind::Poster | ImageKind::Thumb) => ImageKind::Cover,
            (Self::Actor, ImageKind::Poster | ImageKind::Thumb) => ImageKind::ActorThumb,
            (Self::Episode, ImageKind::Poster | ImageKind::Landscape) => ImageKind::Thumb,
            _ => kind,
        }
    }
}

impl ImageType {
    /// The image type that is meant when somebody says this one of an entity of that type
    /// ([`EntityType::kind_meant`]). A kind that is not numbered loses its number.
    #[must_use]
    pub fn meant_for(self, entity_type: EntityType) -> Self {
        let kind = entity_type.kind_meant(self.kind());
        Self::numbered(kind, self.number()).unwrap_or(Self::main(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_picture_goes_by_one_word() {
        for (entity_type, said, meant) in [
            (EntityType::Movie, "poster", "poster"),
            (EntityType::Movie, "thumb", "thumb"),
            (EntityType::Season, "poster", "poster"),
            (EntityType::Episode, "poster", "thumb"),
            (EntityType::Episode, "landscape", "thumb"),
            (EntityType::Artist, "poster", "thumb"),
            (EntityType::Artist, "cover", "thumb"),
            (EntityType::Album, "poster", "cover"),
            (EntityType::Album, "thumb", "cover"),
            (EntityType::Album, "back", "back"),
            (EntityType::Actor, "thumb", "actorthumb"),
            (EntityType::Artist, "fanart3", "fanart3"),
        ] {
            let said: ImageType = said.parse().unwrap();
            assert_eq!(said.meant_for(entity_type).to_string(), meant, "{said} of {entity_type}");
        }
    }

    #[test]
    fn every_entity_type_has_kinds_and_each_goes_by_its_own_word() {
        for entity_type in EntityType::ALL {
            assert!(!entity_type.kinds().is_empty());
            for kind in entity_type.kinds() {
                assert_eq!(entity_type.kind_meant(*kind), *kind, "{entity_type}");
                assert!(entity_type.can_have(*kind));
            }
        }
        assert!(EntityType::Album.can_have(ImageKind::Poster), "by its other word");
        assert!(!EntityType::Movie.can_have(ImageKind::Spine) && !EntityType::Actor.can_have(ImageKind::Fanart));
    }
}
