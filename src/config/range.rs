//! What values are out of range.

use super::{Config, ListenError, MountSettings};

fn is_duration(seconds: f64) -> bool {
    (0.0..=1e9).contains(&seconds)
}

/// The first key whose value cannot be used, and what it may be.
pub(super) fn out_of_range(config: &Config) -> Option<(&'static str, &'static str)> {
    of_view(config).or_else(|| of_providers(config)).or_else(|| of_phases(config)).or_else(|| of_service(config))
}

fn of_view(config: &Config) -> Option<(&'static str, &'static str)> {
    const DURATION: &str = "between 0 and 1000000000 seconds";
    let view = &config.view;
    if !is_duration(view.attr_timeout) || !is_duration(view.entry_timeout) {
        return Some(("view.attr_timeout and view.entry_timeout", DURATION));
    }
    if !is_duration(view.source_timeout) {
        return Some(("view.source_timeout", DURATION));
    }
    (!(1..=256).contains(&view.threads)).then_some(("view.threads", "between 1 and 256"))
}

fn of_providers(config: &Config) -> Option<(&'static str, &'static str)> {
    let network = &config.network;
    let is_positive = |seconds: f64| seconds > 0.0 && is_duration(seconds);
    if !is_positive(network.budget) || !is_positive(network.silence) {
        return Some(("network.budget and network.silence", "above 0 seconds"));
    }
    if !is_duration(network.wait) {
        return Some(("network.wait", "between 0 and 1000000000 seconds"));
    }
    let is_pace = |(rate, connections): (f64, u16)| (0.01..=1000.0).contains(&rate) && (1..=64).contains(&connections);
    let are_paces = config.provider.paces().into_iter().all(is_pace);
    (!are_paces).then_some(("requests_per_second and connections", "between 0.01 and 1000, and between 1 and 64"))
}

fn of_phases(config: &Config) -> Option<(&'static str, &'static str)> {
    if !(0.0..=100.0).contains(&config.artwork.margin) {
        return Some(("artwork.margin", "between 0 and 100 points"));
    }
    if !(1..=1000).contains(&config.backup.keep) {
        return Some(("backup.keep", "between 1 and 1000"));
    }
    if !(1..=3600).contains(&config.video.timeout) {
        return Some(("video.timeout", "between 1 and 3600 seconds"));
    }
    let graces = config.library.values().filter_map(|library| library.grace_period);
    let are_graces = graces.chain([config.write.grace_period]).all(|seconds| (0.0..=86_400.0).contains(&seconds));
    (!are_graces).then_some(("grace_period", "between 0 and 86400 seconds"))
}

fn of_service(config: &Config) -> Option<(&'static str, &'static str)> {
    if !config.mount.iter().all(MountSettings::is_complete) {
        return Some(("source or mountpoint of a [[mount]]", "given, with a leading slash"));
    }
    if !config
        .mount
        .iter()
        .enumerate()
        .all(|(n, mount)| !config.mount[..n].iter().any(|m| m.mountpoint() == mount.mountpoint()))
    {
        return Some(("mountpoint of each [[mount]]", "another one"));
    }
    if let Err(ListenError::Address(_)) = config.http.address() {
        return Some(("http.listen", "an address with a port, as in \"127.0.0.1:8487\""));
    }
    let managers = &config.manager;
    let of_managers = [&managers.radarr, &managers.sonarr, &managers.lidarr].map(|manager| &manager.path_mappings);
    let of_players = config.player.all().map(|(_, player)| &player.path_mappings);
    let are_full = of_managers
        .into_iter()
        .chain(of_players)
        .flatten()
        .all(|mapping| !mapping.from.is_empty() && !mapping.to.is_empty());
    if !are_full {
        return Some(("from and to of path_mappings", "not empty"));
    }
    if config.log.level.parse::<tracing_subscriber::EnvFilter>().is_err() {
        return Some((
            "log.level",
            "error, warn, info, debug or trace, also by part: \"info,posterfs::provider=debug\"",
        ));
    }
    (config.schedule.jitter > 86_400).then_some(("schedule.jitter", "at most 86400 seconds"))
}
