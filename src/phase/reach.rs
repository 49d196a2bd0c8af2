//! Whether everybody on the network can be reached, and takes our keys.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::player::{Access, Greeting, greet};
use crate::provider::ArtworkProvider;

use super::PhaseError;
use super::runtime::runtime;

/// Who was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its word: `tmdb`, `kodi`, …
    pub name: String,
    /// Whether it is a player, and no provider.
    pub is_player: bool,
    /// What a player says of itself, nothing of a provider; or why it did not answer as it should.
    pub answer: Result<Option<Greeting>, String>,
}

/// Asks all of them at once. Whoever has not answered after `patience` cannot be reached; local providers are not asked.
///
/// # Errors
/// When the network cannot be used at all.
pub fn reach(
    providers: &[Arc<dyn ArtworkProvider>],
    players: &[Access],
    patience: Duration,
) -> Result<Vec<Reached>, PhaseError> {
    let late = || format!("no answer within {} seconds", patience.as_secs());
    let of_provider = |provider: &'_ Arc<dyn ArtworkProvider>| {
        let provider = Arc::clone(provider);
        async move {
            let asked = tokio::time::timeout(patience, provider.greet()?).await;
            let answer = asked.map_or_else(|_| Err(late()), |asked| asked.map(|()| None).map_err(|e| e.to_string()));
            Some(Reached { name: provider.name().to_owned(), is_player: false, answer })
        }
    };
    let of_player = |access: &'_ Access| {
        let access = access.clone();
        async move {
            let asked = tokio::time::timeout(patience, greet(&access)).await;
            let answer = asked.map_or_else(|_| Err(late()), |asked| asked.map(Some).map_err(|e| e.to_string()));
            Reached { name: access.kind.to_string(), is_player: true, answer }
        }
    };
    runtime()?.block_on(async {
        let (providers, players) =
            tokio::join!(join_all(providers.iter().map(of_provider)), join_all(players.iter().map(of_player)));
        Ok(providers.into_iter().flatten().chain(players).collect())
    })
}
