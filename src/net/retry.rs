//! Which failures may pass, and how long to wait before the next try.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::model::UnixSeconds;

const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The waits between the tries of one request: the first one, doubled each time, with as much again by chance, so that
/// many who failed together do not come back together.
pub fn waits(retries: u16, first: Duration) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(usize::from(retries))
        .with_jitter()
        .build()
}

/// Whether the same request may succeed a little later.
#[must_use]
pub fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// How long the server asks to wait: seconds, or a date.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: UnixSeconds) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let wait = i64::try_from(date.as_secs()).ok()?.saturating_sub(now.get());
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let first = Duration::from_millis(400);
        let found: Vec<Duration> = waits(5, first).collect();
        assert_eq!(found.len(), 5);
        for (at, wait) in found.iter().enumerate() {
            let least = first * 2u32.pow(u32::try_from(at).unwrap());
            assert!((least..=2 * least).contains(wait), "{at}: {wait:?}");
        }
        assert_eq!(waits(0, first).count(), 0);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UnixSeconds::new(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (value, wanted) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), wanted.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
