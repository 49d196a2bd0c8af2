//! Each key as it is in force, and where its value comes from.

use std::path::Path;

use serde::Serialize;

use super::Config;
use super::secret::HIDDEN;

/// Where the value of a key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// Built in.
    Default,
    /// The configuration file.
    File,
    /// A variable of the environment.
    Environment,
    /// A credential that systemd hands over.
    Credential,
}

impl SettingSource {
    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Credential => "credential",
        }
    }
}

/// One key as it is in force.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// `section.key`
    pub key: String,
    /// Its value.
    pub value: serde_json::Value,
    /// Where the value comes from.
    pub source: SettingSource,
}

impl Config {
    /// Every key as it is in force, and where its value comes from.
    #[must_use]
    pub fn settings(&self, file: Option<&Path>) -> Vec<Setting> {
        let given: toml::Table = file
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| toml::from_str(&text).ok())
            .unwrap_or_default();
        let mut leaves = Vec::new();
        flatten("", serde_json::to_value(self).unwrap_or_default(), &mut leaves);
        let setting = |(key, value): (String, serde_json::Value)| {
            let mut parts = key.split('.');
            let first = parts.next().and_then(|part| given.get(part));
            let is_given = parts.fold(first, |value, part| value.and_then(|value| value.get(part))).is_some();
            let usual = if is_given { SettingSource::File } else { SettingSource::Default };
            let source = self.secret_sources.get(key.as_str()).cloned().unwrap_or(usual);
            Setting { key, value, source }
        };
        leaves.into_iter().map(setting).collect()
    }

    /// The keys of the secrets in force that stand in the configuration file itself.
    #[must_use]
    pub fn secrets_of_file(&self, file: &Path) -> Vec<String> {
        let is_secret = |setting: &Setting| setting.source == SettingSource::File && setting.value == HIDDEN;
        self.settings(Some(file)).into_iter().filter(is_secret).map(|setting| setting.key).collect()
    }
}

/// The leaves of a tree of settings, each with its whole key. An empty table is a leaf: it can be filled.
fn flatten(key: &str, value: serde_json::Value, leaves: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Object(table) if !table.is_empty() => {
            for (part, value) in table {
                let key = if key.is_empty() { part } else { format!("{key}.{part}") };
                flatten(&key, value, leaves);
            }
        }
        leaf => leaves.push((key.to_owned(), leaf)),
    }
}
