//! Days in the names of daily shows.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

/// The day an episode was first shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AirDate {
    /// The year, 1900 to 2099.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, valid for it.
    pub day: u8,
}

impl AirDate {
    /// The day, where there is such a one.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return None,
        };
        let is_valid = (1900..=2099).contains(&year) && (1..=days).contains(&day);
        is_valid.then_some(Self { year, month, day })
    }
}

impl fmt::Display for AirDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

// The patterns are constants, so `unwrap` cannot fail that a test has not seen fail.
static YEAR_FIRST: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        Regex::new(r"(?:^|\D)((?:19|20)\d{2})(?:[._ -]|年)(\d{2})(?:[._ -]|月)(\d{2})(?:\D|$)").unwrap(),
        Regex::new(r"(?:^|\D)((?:19|20)\d{2})(\d{2})(\d{2})(?:\D|$)").unwrap(),
    ]
});
static YEAR_LAST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|\D)(\d{2})[._ -](\d{2})[._ -]((?:19|20)\d{2})(?:\D|$)").unwrap());

/// The first day in a name, and where it stands. A year in front is followed by the month, unless that can only be the day. `14.11.1996` has the day first, `11.14.1996` the month; where both
/// would do, the month is first, as Kodi and Plex read it.
pub(super) fn date_in(name: &str) -> Option<(AirDate, usize, usize)> {
    let year_first = YEAR_FIRST.iter().find_map(|pattern| {
        let found = pattern.captures(name)?;
        let (year, first, second): (u16, u8, u8) =
            (found[1].parse().ok()?, found[2].parse().ok()?, found[3].parse().ok()?);
        let date = AirDate::new(year, first, second).or_else(|| AirDate::new(year, second, first))?;
        Some((date, found.get(1)?.start(), found.get(3)?.end()))
    });
    year_first.or_else(|| {
        let found = YEAR_LAST.captures(name)?;
        let (first, second, year): (u8, u8, u16) =
            (found[1].parse().ok()?, found[2].parse().ok()?, found[3].parse().ok()?);
        let date = AirDate::new(year, first, second).or_else(|| AirDate::new(year, second, first))?;
        Some((date, found.get(1)?.start(), found.get(3)?.end()))
    })
}
