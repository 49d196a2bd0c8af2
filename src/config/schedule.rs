//! `[schedule]`: what `posterfs serve` does by itself, and when.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// When something is done: minute, hour, day of the month, month, day of the week (`0 4 * * *`, `30 2 1 * *`,
/// `@daily`), in the time zone of the machine. Empty: never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    text: String,
    cron: Option<Cron>,
}

/// A text that names no times.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{text}` names no times: {source} (as with cron: minute, hour, day, month, day of the week, as in \"0 4 * * *\")"
)]
pub struct TimesError {
    text: String,
    source: croner::errors::CronError,
}

impl Times {
    /// The pattern; `None`: never.
    #[must_use]
    pub fn cron(&self) -> Option<&Cron> {
        self.cron.as_ref()
    }
}

impl FromStr for Times {
    type Err = TimesError;

    fn from_str(text: &str) -> Result<Self, TimesError> {
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Ok(Self::default());
        }
        match Cron::from_str(&text) {
            Ok(cron) => Ok(Self { text, cron: Some(cron) }),
            Err(source) => Err(TimesError { text, source }),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `[schedule]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSettings {
    /// Look what is in the libraries.
    pub scan: Times,
    /// Ask providers about what is due.
    pub enrich: Times,
    /// Show what is selected.
    pub publish: Times,
    /// Look whether what the catalog says is so.
    pub verify: Times,
    /// The same, reading every picture.
    pub verify_deep: Times,
    /// Let go of what nobody needs.
    pub gc: Times,
    /// Write a copy of the catalog.
    pub backup: Times,
    /// Everything begins at most so many seconds later, by chance: a different time on each machine.
    pub jitter: u32,
}

impl ScheduleSettings {
    /// All of them with their words.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Times); 7] {
        [
            ("scan", &self.scan),
            ("enrich", &self.enrich),
            ("publish", &self.publish),
            ("verify", &self.verify),
            ("verify_deep", &self.verify_deep),
            ("gc", &self.gc),
            ("backup", &self.backup),
        ]
    }
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        // The patterns are constants, and a test reads them back.
        let at = |text: &str| text.parse().unwrap_or_default();
        Self {
            scan: at("0 4 * * *"),
            enrich: at("30 4 * * *"),
            publish: at("15 * * * *"),
            verify: at("0 3 * * *"),
            verify_deep: at("0 2 1 * *"),
            // What is collected can only be brought back while it is in the recycle bin: somebody has to ask for it.
            gc: Times::default(),
            backup: at("30 1 * * *"),
            jitter: 300,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_names_times_and_is_read_as_it_is_written() {
        for (task, times) in ScheduleSettings::default().all() {
            assert_eq!(times.cron().is_none(), task == "gc", "{task}: nothing is collected unless somebody says so");
            assert_eq!(times.to_string().parse::<Times>().unwrap(), *times);
        }
    }

    #[test]
    fn what_names_no_times_is_refused_with_what_it_should_be_and_nothing_is_never() {
        for wrong in ["4", "0 25 * * *", "often", "* * * * * * * *"] {
            let error = wrong.parse::<Times>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("0 4 * * *"), "{error}");
        }
        assert!(" ".parse::<Times>().unwrap().cron().is_none());
        assert!("@daily".parse::<Times>().unwrap().cron().is_some());
    }
}
