//! Who is asked and told over the network: keys, and whether they answer.

use crate::config::{HttpSettings, ProviderSettings};
use crate::phase::Reached;

use super::Finding;

/// Which providers can be asked. Having none is a fault only of who wants artwork from the network.
#[must_use]
pub fn keys(settings: &ProviderSettings) -> Vec<Finding> {
    let providers = [
        ("TMDB", settings.tmdb.enabled, !settings.tmdb.key.is_empty(), "provider.tmdb.key", "POSTERFS_TMDB_KEY"),
        ("TheTVDB", settings.tvdb.enabled, !settings.tvdb.key.is_empty(), "provider.tvdb.key", "POSTERFS_TVDB_KEY"),
        (
            "fanart.tv",
            settings.fanarttv.enabled,
            !settings.fanarttv.key.is_empty(),
            "provider.fanarttv.key",
            "POSTERFS_FANARTTV_KEY",
        ),
    ];
    let finding =
        |(name, is_enabled, has_key, key, variable): (&str, bool, bool, &str, &str)| match (is_enabled, has_key) {
            (false, _) => Finding::ok("keys", format!("{name} is switched off")),
            (true, true) => Finding::ok("keys", format!("there is a key for {name}")),
            (true, false) => Finding::warn(
                "keys",
                format!("there is no key for {name}, so it is not asked"),
                format!("set `{key}` in the configuration, or {variable} in the environment; or switch it off"),
            ),
        };
    providers.into_iter().map(finding).collect()
}

/// Where the daemon is to listen.
#[must_use]
pub fn listening(settings: &HttpSettings) -> Finding {
    match settings.address() {
        Ok(Some(address)) => Finding::ok("http", format!("`posterfs serve` listens on {address}")),
        Ok(None) => Finding::ok("http", "`posterfs serve` does not listen: no webhooks, no API"),
        Err(error) => {
            Finding::fail("http", error.to_string(), "see [http] in the configuration; `posterfs serve` does not start")
        }
    }
}

/// One provider or player.
#[must_use]
pub fn reached(reached: &Reached) -> Vec<Finding> {
    let name = &reached.name;
    let greeting = match &reached.answer {
        Err(error) => {
            let remedy = "see the message; what it is needed for is done later, everything else goes on";
            return vec![Finding::warn("network", format!("{name} does not answer as it should: {error}"), remedy)];
        }
        Ok(None) => return vec![Finding::ok("network", format!("{name} answers"))],
        Ok(Some(greeting)) => greeting,
    };
    let remedy = format!("see [player.{name}] in the configuration");
    let hints = greeting.hints.iter().map(|hint| Finding::warn("network", format!("{name}: {hint}"), remedy.as_str()));
    let answers = Finding::ok("network", format!("{name} answers: {} {}", greeting.name, greeting.version));
    std::iter::once(answers).chain(hints).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::config::Secret;
    use crate::player::Greeting;

    #[test]
    fn a_provider_without_a_key_is_told_of_and_one_that_is_switched_off_is_not() {
        let mut settings = ProviderSettings::default();
        settings.tmdb.key = Secret::from("s3cret".to_owned());
        settings.fanarttv.enabled = false;
        let findings = keys(&settings);
        let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Warn, Verdict::Ok]);
        assert!(findings[1].remedy.as_ref().unwrap().contains("POSTERFS_TVDB_KEY"));
        assert!(!format!("{findings:?}").contains("s3cret"));
    }

    #[test]
    fn a_daemon_that_everybody_could_ask_is_told_of() {
        let of = |listen: &str| listening(&HttpSettings { listen: listen.to_owned(), ..HttpSettings::default() });
        assert_eq!(["", "127.0.0.1:1"].map(|listen| of(listen).verdict), [Verdict::Ok; 2]);
        assert_eq!(["0.0.0.0:1", "here"].map(|listen| of(listen).verdict), [Verdict::Fail; 2]);
    }

    #[test]
    fn what_answers_and_what_does_not() {
        let of = |answer| reached(&Reached { name: "kodi".to_owned(), answer });
        assert_eq!(of(Err("refused".to_owned()))[0].verdict, Verdict::Warn);
        assert_eq!(of(Ok(None))[0].verdict, Verdict::Ok);
        let greeting =
            Greeting { name: "Kodi".to_owned(), version: "21.1".to_owned(), hints: vec!["a lock".to_owned()] };
        let findings = of(Ok(Some(greeting)));
        assert!(findings[0].message.contains("Kodi 21.1") && findings[1].verdict == Verdict::Warn, "{findings:?}");
    }
}
