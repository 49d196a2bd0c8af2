//! Keys: whether they are there, and who may read them.

use std::fs::{metadata, read_dir};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::ProviderSettings;
use crate::model::show_bytes;

use super::Finding;

/// Where systemd finds the credentials that its units name.
const CREDENTIALS: &str = "/etc/credstore";

/// Which providers can be asked. Having none is a fault only of who wants artwork from the network.
#[must_use]
pub fn keys(settings: &ProviderSettings) -> Vec<Finding> {
    keys_or_credentials(settings, Path::new(CREDENTIALS))
}

fn keys_or_credentials(settings: &ProviderSettings, credentials: &Path) -> Vec<Finding> {
    let (tmdb, tvdb, fanarttv) = (&settings.tmdb, &settings.tvdb, &settings.fanarttv);
    let providers = [
        ("TMDB", tmdb.enabled, &tmdb.key, "tmdb"),
        ("TheTVDB", tvdb.enabled, &tvdb.key, "tvdb"),
        ("fanart.tv", fanarttv.enabled, &fanarttv.key, "fanarttv"),
    ];
    let finding = |(name, is_enabled, key, word): (&str, bool, &crate::config::Secret, &str)| {
        let credential = credentials.join(format!("posterfs.{word}_key"));
        match (is_enabled, key.is_empty()) {
            (false, _) => Finding::ok("keys", format!("{name} is switched off")),
            (true, false) => Finding::ok("keys", format!("there is a key for {name}")),
            // It is the service's alone: this command is given none.
            (true, true) if credential.exists() => {
                Finding::ok("keys", format!("posterfs.service is given a key for {name}: {}", show(&credential)))
            }
            (true, true) => Finding::warn(
                "keys",
                format!("there is no key for {name}, so it is not asked"),
                format!(
                    "set `provider.{word}.key` in the configuration, or POSTERFS_{}_KEY in the environment; or switch it off",
                    word.to_ascii_uppercase()
                ),
            ),
        }
    };
    providers.into_iter().map(finding).collect()
}

/// Files with keys in them that everybody may read: the configuration file if it `has_secrets`, and credentials.
#[must_use]
pub fn exposed_keys(config_file: Option<&Path>, has_secrets: bool) -> Vec<Finding> {
    let credentials = read_dir(CREDENTIALS).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"posterfs."));
    let of_config = config_file.filter(|_| has_secrets).map(Path::to_owned);
    of_config.into_iter().chain(credentials.filter(is_ours)).filter_map(|path| exposed(&path)).collect()
}

fn exposed(path: &Path) -> Option<Finding> {
    const READ_BY_OTHERS: u32 = 0o004;
    let mode = metadata(path).ok()?.permissions().mode();
    let shown = show(path);
    (mode & READ_BY_OTHERS != 0).then(|| {
        let message = format!("{shown} has keys in it, and every user of this machine may read it");
        Finding::warn("keys", message, format!("`chmod 600 {shown}`"))
    })
}

fn show(path: &Path) -> String {
    show_bytes(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs::{File, Permissions};

    use super::super::Verdict;
    use super::*;
    use crate::config::Secret;

    #[test]
    fn a_provider_without_a_key_is_told_of_and_one_that_is_switched_off_is_not() {
        let mut settings = ProviderSettings::default();
        settings.tmdb.key = Secret::from("s3cret".to_owned());
        settings.fanarttv.enabled = false;
        let folder = tempfile::tempdir().unwrap();
        let findings = keys_or_credentials(&settings, folder.path());
        let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Warn, Verdict::Ok]);
        assert!(findings[1].remedy.as_ref().unwrap().contains("POSTERFS_TVDB_KEY"));
        assert!(!format!("{findings:?}").contains("s3cret"));
        File::create(folder.path().join("posterfs.tvdb_key")).unwrap();
        let findings = keys_or_credentials(&settings, folder.path());
        assert_eq!(findings[1].verdict, Verdict::Ok, "{findings:?}");
    }

    #[test]
    fn a_file_with_keys_that_everybody_may_read_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let file = File::create(&path).unwrap();
        for (mode, is_exposed) in [(0o600, false), (0o640, false), (0o644, true)] {
            file.set_permissions(Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposed(&path).is_some(), is_exposed, "{mode:o}");
        }
        let told =
            |has_secrets| exposed_keys(Some(&path), has_secrets).iter().any(|f| f.message.contains("config.toml"));
        assert!(told(true) && !told(false));
        assert_eq!(exposed(&folder.path().join("absent")), None);
    }
}
