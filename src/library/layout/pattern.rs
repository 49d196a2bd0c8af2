//! Patterns that are compiled when they are first used.

/// A pattern under a name. It is a constant, so `unwrap` cannot fail that a test has not seen fail.
macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($pattern).unwrap());
    };
    ($visibility:vis $name:ident, $pattern:expr) => {
        $visibility static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($pattern).unwrap());
    };
}

pub(super) use pattern;
