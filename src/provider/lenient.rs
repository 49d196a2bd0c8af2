//! Reading JSON that may be anything: a wrong type, a null, a missing or a new key costs one value, never the reply.

use serde_json::Value;

/// The reply as JSON, or why it is none.
pub(super) fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).replace(char::is_control, " ");
        format!("it is no JSON ({error}); it begins with `{start}`")
    })
}

/// A reply that must be an object.
pub(super) fn object(bytes: &[u8]) -> Result<Value, String> {
    match json(bytes)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err("it is no JSON object".to_owned()),
    }
}

/// A text that is not empty.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The longest name of somebody, in bytes: it becomes a file name.
const NAME_BYTES_MAX: usize = 200;

/// The name of somebody.
pub(super) fn name<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    let is_name = |text: &&str| text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control);
    text(value, key).filter(is_name).filter(|text| !matches!(*text, "." | ".."))
}

/// A text, or a number as text: ids come as both.
pub(super) fn word(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::Number(number) => Some(number.to_string()),
        _ => text(value, key).map(str::to_owned),
    }
}

/// A finite number, also one that is written as text.
pub(super) fn number(value: &Value, key: &str) -> Option<f64> {
    let number = match value.get(key)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Some(number).filter(|number| number.is_finite())
}

/// A whole number that is not negative; 1.0 is one as well.
pub(super) fn count(value: &Value, key: &str) -> Option<u32> {
    let number = number(value, key)?;
    ((0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
}

/// A size in pixels; 0 is "not told".
pub(super) fn pixels(value: &Value, key: &str) -> Option<u32> {
    count(value, key).filter(|&pixels| pixels > 0)
}

/// A list; anything else is an empty one.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The year at the beginning of a date (`1999-03-31`), or a year alone, as text or number.
pub(super) fn year(value: &Value, key: &str) -> Option<u16> {
    let word = word(value, key)?;
    let digits = word.get(..4)?;
    let is_year = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_year.then(|| digits.parse().ok())?.filter(|&year| year > 1800)
}

/// The texts under one key of each entry of a list, as metadata fields have several values: a JSON list.
pub(super) fn several(value: &Value, key: &str, of_each: &str) -> Option<String> {
    let texts: Vec<&str> = list(value, key).iter().filter_map(|entry| text(entry, of_each)).collect();
    (!texts.is_empty()).then(|| Value::from(texts).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_that_a_value_may_have() {
        let value = json!({
            "null": null, "text": " a ", "empty": "", "number": 7, "float": 7.0, "negative": -1, "words": "7",
            "huge": 1e300, "list": [1], "object": {}, "date": "1999-03-31", "odd": "MCMX", "short": "99", "zero": 0, "control": "a\nb",
            "dots": "..",
        });
        assert_eq!((text(&value, "text"), text(&value, "empty"), text(&value, "number")), (Some("a"), None, None));
        assert_eq!((word(&value, "number"), word(&value, "text")), (Some("7".into()), Some("a".into())));
        for key in ["number", "float", "words"] {
            assert_eq!(count(&value, key), Some(7), "{key}");
        }
        for key in ["null", "text", "negative", "huge", "list", "object", "absent"] {
            assert_eq!(count(&value, key), None, "{key}");
        }
        assert_eq!((name(&value, "text"), name(&value, "control"), name(&value, "dots")), (Some("a"), None, None));
        assert_eq!((pixels(&value, "zero"), pixels(&value, "number")), (None, Some(7)));
        assert_eq!((year(&value, "date"), year(&value, "odd"), year(&value, "short")), (Some(1999), None, None));
        assert_eq!((list(&value, "list").len(), list(&value, "text").len()), (1, 0));
    }

    #[test]
    fn what_is_no_json_is_told_by_its_beginning() {
        assert!(object(b"<html>\n<body>down").unwrap_err().contains("<html> <body>"));
        assert!(object(b"").is_err());
        assert!(object(b"[]").is_err());
        assert!(object(&[0xff; 100]).is_err());
    }
}
