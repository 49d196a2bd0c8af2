//! A catalog in a temporary folder, with films.

use posterfs::catalog::{
    Candidate, Catalog, MetadataField, NewCacheFile, NewLibrary, OfferedCandidate, Place, ProviderAnswers, PublishMode,
    Published, ScannedItem, ScannedOriginal, Scope, ScoredCandidate, SelectedPicture, SourcedField, Stamp,
};
use posterfs::model::{
    ContentHash, EntityId, EntityType, ImageKind, ImageType, LibraryId, LibraryKind, Name, RelPath, UnixSeconds,
};
use tempfile::TempDir;

pub struct Fixture {
    pub folder: TempDir,
    pub catalog: Catalog,
    pub library: LibraryId,
}

impl Fixture {
    /// A new catalog with one library, `films` at `/films`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
        let library = catalog.add_library(&new_library("films", "/films"), at(0)).unwrap().id;
        Self { folder, catalog, library }
    }

    /// A film of that title in its own folder.
    pub fn film(&mut self, title: &str) -> EntityId {
        let item = film(self.library, title, vec![]);
        self.catalog.record(&[item], at(1)).unwrap()[0].id
    }

    /// Publishes all, one name per picture: `<image type>.<extension>` in the film's folder.
    pub fn publish(&mut self, now: i64) -> Published {
        self.catalog.publish(Scope::All, PublishMode::Apply, &stamp(now), in_own_folder).unwrap()
    }

    /// What a folder shows: name and first byte of the hash.
    pub fn shown(&self, folder: &str) -> Vec<(String, u8)> {
        let Some(shown) = self.catalog.folder_mappings(self.library, &path(folder)).unwrap() else { return vec![] };
        shown.mapped.iter().map(|picture| (picture.name.to_string(), picture.hash.as_bytes()[0])).collect()
    }

    /// The mtime that a name in a folder has.
    pub fn mtime(&self, folder: &str, name: &str) -> i64 {
        let shown = self.catalog.folder_mappings(self.library, &path(folder)).unwrap().unwrap();
        shown.mapped.iter().find(|picture| picture.name.to_string() == name).unwrap().published_at.get()
    }
}

pub fn new_library(name: &str, path: &str) -> NewLibrary {
    NewLibrary { name: name.into(), path: path.into(), kind: LibraryKind::Movies, naming: "default".into() }
}

pub fn film(library: LibraryId, title: &str, originals: Vec<ScannedOriginal>) -> ScannedItem {
    ScannedItem {
        year: Some(1999),
        video: Some(path(&(title.to_owned() + "/film.mkv"))),
        originals,
        ..ScannedItem::new(library, EntityType::Movie, title, path(title))
    }
}

pub fn original(folder: &str, file: &str, image_type: &str) -> ScannedOriginal {
    ScannedOriginal {
        folder: path(folder),
        name: name(file),
        image_type: image_type.parse().unwrap(),
        byte_count: 10,
        mtime: at(5),
    }
}

/// A picture whose hash begins with `byte`.
pub fn picture(entity: EntityId, image_type: &str, byte: u8) -> NewCacheFile {
    NewCacheFile {
        hash: ContentHash::new([byte; 32]),
        extension: "jpg".into(),
        format: "jpeg".into(),
        byte_count: 1000 + u64::from(byte),
        width: 1000,
        height: 1500,
        has_alpha: false,
        perceptual_hash: Some(vec![byte; 8]),
        difference_hash: None,
        entity,
        image_type: image_type.parse().unwrap(),
        source: "file".into(),
        provider: None,
        source_url: None,
        author: Some("test".into()),
        quality: None,
        created_at: at(2),
    }
}

pub fn in_own_folder(picture: &SelectedPicture) -> Vec<Place> {
    vec![place(&picture.entity.folder, &picture.image_type, &picture.extension)]
}

pub fn place(folder: &RelPath, image_type: &ImageType, extension: &str) -> Place {
    Place { folder: folder.clone(), name: name(&format!("{image_type}.{extension}")), is_synthetic_folder: false }
}

/// What a provider of that word answers: metadata alone.
pub fn told(source: &str, name: &str, value: &str) -> ProviderAnswers {
    let field = MetadataField { field: name.into(), value: value.into() };
    ProviderAnswers { fields: vec![SourcedField { field, source: source.into() }], ..ProviderAnswers::default() }
}

/// What TMDB answers: posters alone.
pub fn posters(offers: Vec<OfferedCandidate>) -> ProviderAnswers {
    let (kinds, offers) = (vec![ImageKind::Poster], vec![("tmdb".to_owned(), offers)]);
    ProviderAnswers { kinds, offers, ..ProviderAnswers::default() }
}

/// Nothing is scored.
pub fn unrated(_: &[Candidate], _: &[MetadataField]) -> Vec<ScoredCandidate> {
    Vec::new()
}

pub fn at(seconds: i64) -> UnixSeconds {
    UnixSeconds::new(seconds)
}

pub fn stamp(now: i64) -> Stamp {
    Stamp { author: "test".into(), reason: "a test".into(), now: at(now) }
}

pub fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

pub fn name(text: &str) -> Name {
    Name::parse(text.as_bytes()).unwrap()
}
