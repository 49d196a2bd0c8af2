//! From the bytes of a metadata file to its text.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Where the declaration of an encoding ends at the latest.
const DECLARATION_BYTES_MAX: usize = 200;

/// The text of a file. A byte order mark decides; then what is valid UTF-8 is UTF-8, whatever it declares, as programs
/// copy the declaration without minding it; then what it declares; else Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, mark_length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark_length..]).0.into_owned();
    }
    // A file that was cut at its limit may end within a character.
    let is_utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let encoding = match declared(bytes) {
        _ if is_utf8 => UTF_8,
        Some(encoding) if encoding != UTF_8 => encoding,
        _ => WINDOWS_1252,
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES_MAX)]).into_owned();
    let declaration = &start[..start.find("?>")?];
    let (_, rest) = declaration.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Encoding::for_label(value[1..].split(quote).next()?.as_bytes())
}
