//! Who is asked and told over the network, and whether they answer.

use crate::config::HttpSettings;
use crate::phase::Reached;

use super::Finding;

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
            let message = format!("{name} does not answer as it should: {error}");
            return vec![Finding::warn("network", message, silent_remedy(reached))];
        }
        Ok(None) => return vec![Finding::ok("network", format!("{name} answers"))],
        Ok(Some(greeting)) => greeting,
    };
    let remedy = format!("see [player.{name}] in the configuration");
    let hints = greeting.hints.iter().map(|hint| Finding::warn("network", format!("{name}: {hint}"), remedy.as_str()));
    let answers = Finding::ok("network", format!("{name} answers: {} {}", greeting.name, greeting.version));
    std::iter::once(answers).chain(hints).collect()
}

fn silent_remedy(reached: &Reached) -> String {
    let name = &reached.name;
    if reached.is_player {
        format!("see that it runs and `player.{name}.url` is right; what it is to be told is told later")
    } else {
        format!(
            "see that this machine reaches the network and finds names there (`network.proxy`, /etc/resolv.conf), or set \
             `provider.{name}.enabled = false`; what it is needed for is done later"
        )
    }
}

/// Whether anybody can be asked over TLS.
#[must_use]
pub fn certificates(knows_authorities: bool) -> Option<Finding> {
    let remedy = "install them (Debian: `apt-get install ca-certificates`), or name a file of them in SSL_CERT_FILE";
    let message = "this machine trusts nobody who signs certificates, so no provider can be asked";
    (!knows_authorities).then(|| Finding::fail("certificates", message, remedy))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::player::Greeting;

    #[test]
    fn a_daemon_that_everybody_could_ask_is_told_of() {
        let of = |listen: &str| listening(&HttpSettings { listen: listen.to_owned(), ..HttpSettings::default() });
        assert_eq!(["", "127.0.0.1:1"].map(|listen| of(listen).verdict), [Verdict::Ok; 2]);
        assert_eq!(["0.0.0.0:1", "here"].map(|listen| of(listen).verdict), [Verdict::Fail; 2]);
    }

    #[test]
    fn what_answers_and_what_does_not() {
        let of = |answer| reached(&Reached { name: "kodi".to_owned(), is_player: true, answer });
        let refused = &of(Err("refused".to_owned()))[0];
        assert_eq!(refused.verdict, Verdict::Warn);
        assert!(refused.remedy.as_ref().unwrap().contains("`player.kodi.url`"), "{refused:?}");
        let provider = Reached { name: "tmdb".to_owned(), is_player: false, answer: Err("refused".to_owned()) };
        let refused = &reached(&provider)[0];
        assert!(refused.remedy.as_ref().unwrap().contains("`provider.tmdb.enabled = false`"), "{refused:?}");
        assert_eq!(of(Ok(None))[0].verdict, Verdict::Ok);
        let greeting =
            Greeting { name: "Kodi".to_owned(), version: "21.1".to_owned(), hints: vec!["a lock".to_owned()] };
        let findings = of(Ok(Some(greeting)));
        assert!(findings[0].message.contains("Kodi 21.1") && findings[1].verdict == Verdict::Warn, "{findings:?}");
    }

    #[test]
    fn a_machine_that_trusts_nobody_is_told_how_to() {
        assert_eq!(certificates(true), None);
        let finding = certificates(false).unwrap();
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.remedy.unwrap().contains("ca-certificates"));
    }
}
