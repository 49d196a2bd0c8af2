//! Language codes of three dialects, brought into one form: two letters where there are two, a region behind them where
//! one is told.

use crate::model::Language;

/// The language of that code. `None` for what means "no text" or "not told", and for what is no code.
///
/// TMDB has two letters and `xx`; fanart.tv two letters, `""`, `00` and `xx`, and `cz` for Czech; TheTVDB three letters,
/// also `pt` and `zhtw`.
pub(super) fn language(code: &str, region: Option<&str>) -> Option<Language> {
    let lower = code.trim().to_ascii_lowercase();
    let tag = match lower.as_str() {
        "" | "00" | "xx" | "zxx" | "und" | "null" | "none" => return None,
        "cz" => "cs".to_owned(),
        "zhtw" => "zh-TW".to_owned(),
        three if three.len() == 3 => isolang::Language::from_639_3(terminological(three))
            .and_then(|language| language.to_639_1())
            .unwrap_or(three)
            .to_owned(),
        other => other.to_owned(),
    };
    let with_region =
        region.filter(|region| !region.is_empty()).and_then(|region| format!("{tag}-{region}").parse().ok());
    with_region.or_else(|| tag.parse().ok())
}

/// Languages have two codes of three letters; only the terminological one is in the standard that is looked up.
fn terminological(code: &str) -> &str {
    match code {
        "ger" => "deu",
        "fre" => "fra",
        "dut" => "nld",
        "cze" => "ces",
        "chi" => "zho",
        "gre" => "ell",
        "rum" => "ron",
        "slo" => "slk",
        "ice" => "isl",
        "may" => "msa",
        "per" => "fas",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_all_dialects_meet() {
        for (code, region, wanted) in [
            ("en", None, Some("en")),
            ("en", Some("US"), Some("en-US")),
            ("pt", Some("BR"), Some("pt-BR")),
            ("en", Some("?"), Some("en")),
            ("eng", None, Some("en")),
            ("deu", None, Some("de")),
            ("ger", None, Some("de")),
            ("zhtw", None, Some("zh-TW")),
            ("cz", None, Some("cs")),
            ("EN", None, Some("en")),
            ("fil", None, Some("fil")),
            ("", None, None),
            ("00", None, None),
            ("xx", Some("US"), None),
            ("klingon", None, None),
        ] {
            let found = language(code, region);
            assert_eq!(found.as_ref().map(Language::as_str), wanted, "{code} {region:?}");
        }
    }
}
