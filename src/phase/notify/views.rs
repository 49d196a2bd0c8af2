//! Where players see a library: through which view, at which path.

use std::path::{Path, PathBuf};

use crate::player::PlayerKind;

/// A view that players may look through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayerView {
    /// What it is a view of.
    pub source: PathBuf,
    /// Where it is.
    pub mountpoint: PathBuf,
    /// Whose names it shows; empty for those of the library itself.
    pub profiles: Vec<String>,
}

/// All views that there are.
#[derive(Debug, Clone, Default)]
pub struct PlayerViews {
    views: Vec<PlayerView>,
}

impl PlayerViews {
    /// These views.
    #[must_use]
    pub fn new(views: Vec<PlayerView>) -> Self {
        Self { views }
    }

    /// Where a player sees the library with that root: in the view with its own names, else in one with the library's, else
    /// where the library itself is, as after an export. Of several the one of the smallest tree.
    #[must_use]
    pub fn of(&self, player: PlayerKind, root: &Path) -> PathBuf {
        let player = player.to_string();
        let rank = |view: &&PlayerView| {
            let is_its_own = view.profiles.contains(&player);
            (is_its_own || view.profiles.is_empty()).then(|| (is_its_own, view.source.components().count()))
        };
        let fitting = self.views.iter().filter(|view| root.starts_with(&view.source) && rank(view).is_some());
        let best = fitting.max_by_key(rank);
        match best.map(|view| (view, root.strip_prefix(&view.source))) {
            // Joining nothing would leave a separator behind.
            Some((view, Ok(below))) if below.as_os_str().is_empty() => view.mountpoint.clone(),
            Some((view, Ok(below))) => view.mountpoint.join(below),
            _ => root.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_looks_through_the_view_with_its_names() {
        let view = |source: &str, mountpoint: &str, profiles: &[&str]| PlayerView {
            source: source.into(),
            mountpoint: mountpoint.into(),
            profiles: profiles.iter().map(|&word| word.to_owned()).collect(),
        };
        let views = PlayerViews::new(vec![
            view("/media", "/media", &[]),
            view("/media/films", "/srv/films", &[]),
            view("/media", "/srv/kodi", &["kodi"]),
            view("/media", "/srv/assets", &["kometa"]),
        ]);
        for (player, root, wanted) in [
            (PlayerKind::Kodi, "/media/films", "/srv/kodi/films"),
            (PlayerKind::Plex, "/media/films", "/srv/films"),
            (PlayerKind::Plex, "/media/tv", "/media/tv"),
            (PlayerKind::Kodi, "/media", "/srv/kodi"),
            (PlayerKind::Kodi, "/mediaX", "/mediaX"),
        ] {
            assert_eq!(views.of(player, Path::new(root)), Path::new(wanted), "{player} {root}");
        }
        assert_eq!(PlayerViews::default().of(PlayerKind::Emby, Path::new("/a")), Path::new("/a"));
    }
}
