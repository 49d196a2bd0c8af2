//! Editions in titles: `Director's Cut`, `50th Anniversary Edition`.

use super::pattern::pattern;

pattern!(
    PHRASE,
    r"(?i)[ ._\-(\[]+(?:the[ ._]+)?(?:\d{1,3}(?:st|nd|rd|th)[ ._]+)?(?:(?:director'?s|directors|extended|theatrical|ultimate|special|collector'?s|anniversary|unrated|uncut|assembly|international|final|imax|diamond|signature|deluxe|definitive|despecialized|restored|fan|redux)[ ._]+){1,3}(?:cut|edition|version|fan ?edit)(?:[ ._]+imax)?[)\]]?$"
);
pattern!(
    WORD,
    r"(?i)[ ._\-(]+(?:extended|uncut|unrated|remastered|theatrical|imax|recut|uncensored|despecialized|directors|fan[ ._]?edit|2in1|3in1|open[ ._]matte)\)?$"
);

/// What a title must be more than: `The Final Cut (2004)` is no edition of `The`.
const ARTICLES: &[&str] = &["the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "il", "de", "het"];

/// A title without the edition at its end. Single words (`Extended`) count only where a release is told behind them, as in
/// names that people gave they may be of the title: `Uncut (1997)`.
pub(super) fn without_edition(text: &str, is_of_release: bool) -> &str {
    let mut kept = text;
    loop {
        let end = kept.trim_end_matches([' ', '.', '_', '-', ',', '(', '[']);
        let found = PHRASE.find(end).or_else(|| WORD.find(end).filter(|_| is_of_release));
        let Some(before) = found.map(|found| &end[..found.start()]).filter(|before| is_title(before)) else {
            return kept;
        };
        kept = before;
    }
}

fn is_title(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    !letters.is_empty() && !ARTICLES.contains(&letters.to_lowercase().as_str())
}
