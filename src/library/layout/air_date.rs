//! Days in the names of daily shows.

use std::fmt;

use regex::Regex;

use super::pattern::pattern;

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

pattern!(YEAR_FIRST, r"(?:^|\D)((?:19|20)\d{2})(?:[._ -]|年)(\d{2})(?:[._ -]|月)(\d{2})(?:\D|$)");
pattern!(YEAR_FIRST_TIGHTLY, r"(?:^|\D)((?:19|20)\d{2})(\d{2})(\d{2})(?:\D|$)");
// `S06.01.1999` is a season, an episode and a year.
pattern!(YEAR_LAST, r"(?:^|[^\p{L}\p{N}])(\d{2})[._ -](\d{2})[._ -]((?:19|20)\d{2})(?:\D|$)");
pattern!(SHORT, r"(?:^|[._ -])(\d{2})(\d{2})(\d{2})(?:[._ -]|$)");
pattern!(
    DAY_AND_NAME,
    r"(?i)(?:^|[^\p{L}\p{N}])(\d{1,2})(?:st|nd|rd|th|\.)?[._ -]+([a-z]{3,9})[._, -]+((?:19|20)\d{2})(?:\D|$)"
);
pattern!(
    NAME_AND_DAY,
    r"(?i)(?:^|[^\p{L}\p{N}])([a-z]{3,9})[._ -]+(\d{1,2})(?:st|nd|rd|th)?[._, -]+((?:19|20)\d{2})(?:\D|$)"
);

/// English names of months, of which the first three letters do as well.
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A day in a name, and where it begins and ends.
type Found = (AirDate, usize, usize);

/// The first day in a name. A year in front is followed by the month, unless that can only be the day. `14.11.1996` has the
/// day first, `11.14.1996` the month; where both would do, the month is first, as Kodi and Plex read it. Months may have
/// their English names: `5th Mar 2025`.
pub(super) fn date_in(name: &str) -> Option<Found> {
    let in_digits = |pattern: &Regex, [year, first, second]: [usize; 3]| {
        let found = pattern.captures(name)?;
        let number = |group: usize| found[group].parse::<u16>().ok();
        let (year, first, second) = (number(year)?, two_digits(number(first)?)?, two_digits(number(second)?)?);
        let date = AirDate::new(year, first, second).or_else(|| AirDate::new(year, second, first))?;
        Some((date, found.get(1)?.start(), found.get(3)?.end()))
    };
    let with_name = |pattern: &Regex, [day, month]: [usize; 2]| {
        let found = pattern.captures(name)?;
        let date = AirDate::new(found[3].parse().ok()?, month_of(&found[month])?, found[day].parse().ok()?)?;
        Some((date, found.get(1)?.start(), found.get(3)?.end()))
    };
    in_digits(&YEAR_FIRST, [1, 2, 3])
        .or_else(|| in_digits(&YEAR_FIRST_TIGHTLY, [1, 2, 3]))
        .or_else(|| in_digits(&YEAR_LAST, [3, 1, 2]))
        .or_else(|| with_name(&DAY_AND_NAME, [1, 2]))
        .or_else(|| with_name(&NAME_AND_DAY, [2, 1]))
}

/// A day in six digits (`140722`), which many other things are as well. Up to 2049, else of the last century.
pub(super) fn short_date_in(name: &str) -> Option<Found> {
    SHORT.captures_iter(name).find_map(|found| {
        let year: u16 = found[1].parse().ok()?;
        let year = if year < 50 { 2000 + year } else { 1900 + year };
        let date = AirDate::new(year, found[2].parse().ok()?, found[3].parse().ok()?)?;
        Some((date, found.get(1)?.start(), found.get(3)?.end()))
    })
}

fn two_digits(number: u16) -> Option<u8> {
    number.try_into().ok()
}

fn month_of(name: &str) -> Option<u8> {
    let lower = name.to_ascii_lowercase();
    let is_month = |month: &&str| *month == lower || (lower.len() == 3 && month.starts_with(&lower));
    u8::try_from(MONTHS.iter().position(is_month)? + 1).ok()
}
