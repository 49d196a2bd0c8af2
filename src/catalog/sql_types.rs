//! How the vocabulary is written into columns and read from them. Reading checks again: what another program put
//! into the file is refused, not trusted.

use std::error::Error;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};

use crate::model::{
    AskedBy, CacheFileId, CandidateId, ContentHash, EntityId, EntityType, FolderId, GenerationId, ImageType, JobId,
    JobState, Layout, LibraryId, LibraryKind, MappingId, Name, Provider, RelPath, TaskKind, UnixSeconds, WebhookId,
    show_bytes,
};

macro_rules! as_integer {
    ($($type:ty),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.get().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self::new)
            }
        }
    )+};
}

macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(FromSqlError::other)
            }
        }
    )+};
}

macro_rules! as_bytes {
    ($($type:ty = $parse:path),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_bytes()[..].into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $parse(value.as_blob()?).map_err(FromSqlError::other)
            }
        }
    )+};
}

as_integer!(
    LibraryId,
    EntityId,
    CandidateId,
    CacheFileId,
    MappingId,
    FolderId,
    GenerationId,
    JobId,
    UnixSeconds,
    WebhookId
);
as_text!(EntityType, LibraryKind, Layout, TaskKind, JobState, AskedBy);
as_bytes!(RelPath = RelPath::parse, Name = Name::parse, ContentHash = ContentHash::from_slice);

impl ToSql for Provider {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

/// A count of bytes or rows; SQLite's integers are signed.
pub(super) struct Count(pub u64);

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0).map(Into::into).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = i64::column_result(value)?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// The image type of the columns `image_type` and `image_number`.
pub(super) fn image_type(row: &Row<'_>) -> rusqlite::Result<ImageType> {
    image_type_of(row, "image_type", "image_number")
}

/// The image type of two other columns.
pub(super) fn image_type_of(row: &Row<'_>, kind: &str, number: &str) -> rusqlite::Result<ImageType> {
    let kind: ImageType = row.get_ref(kind)?.as_str()?.parse().map_err(not_valid)?;
    ImageType::numbered(kind.kind(), row.get(number)?).map_err(not_valid)
}

/// A stored count.
pub(super) fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get::<_, Count>(column).map(|count| count.0)
}

/// A stored value that posterfs would not have written.
pub(super) fn not_valid(error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}

/// Numbers as the parameter of `rarray(?)`.
pub(super) fn array(numbers: impl Iterator<Item = i64>) -> rusqlite::vtab::array::Array {
    std::rc::Rc::new(numbers.map(Into::into).collect())
}

/// Words as the parameter of `rarray(?)`.
pub(super) fn words<'a>(words: impl Iterator<Item = &'a str>) -> rusqlite::vtab::array::Array {
    std::rc::Rc::new(words.map(|word| word.to_owned().into()).collect())
}

/// A word that is one of a type's, where there is one.
pub(super) fn optional_word<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>>
where
    T: std::str::FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(not_valid)).transpose()
}

/// The extension of a cache file. It becomes part of a path, so nothing but short words is taken.
pub(super) fn extension(row: &Row<'_>) -> rusqlite::Result<String> {
    let text: String = row.get("extension")?;
    if (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(not_valid(ExtensionError(text)))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{}` is no extension of a picture", show_bytes(.0.as_bytes()))]
struct ExtensionError(String);

/// A row that posterfs would not have written is refused: passed over with a warning, `None`.
pub(super) fn valid<T>(row: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match row {
        Ok(row) => Ok(Some(row)),
        Err(error @ (FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))) => {
            tracing::warn!(%error, "the catalog holds a row that is refused");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
