//! Logging in to TheTVDB: one token for all requests, kept across runs, renewed once when it is refused.

use std::io::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use crate::config::{Secret, TvdbSettings};
use crate::provider::http::{Fetcher, ProviderError, Replies, Reply, Request};
use crate::provider::not_understood;

use super::{NAME, parse};

/// Asks with a token.
pub(super) struct Session {
    pub(super) fetcher: Fetcher,
    login: Request,
    /// Where the token is kept, and what it belongs to.
    file: Option<PathBuf>,
    owner: String,
    /// Held while logging in, so that one request does so for all.
    token: Mutex<Option<Secret>>,
}

impl Session {
    pub(super) fn new(fetcher: Fetcher, base: &Url, settings: &TvdbSettings, replies: Option<&Replies>) -> Self {
        let mut login = Request::new(base, &["login"]);
        let mut body = serde_json::json!({ "apikey": settings.key.reveal() });
        if !settings.pin.is_empty() {
            body["pin"] = settings.pin.reveal().into();
        }
        login.body = Some(body.to_string());
        let identity = format!("{base}\n{}\n{}", settings.key.reveal(), settings.pin.reveal());
        let owner = Sha256::digest(identity).iter().map(|byte| format!("{byte:02x}")).collect();
        let file = replies.map(|replies| replies.file(NAME, "token"));
        Self { fetcher, login, file, owner, token: Mutex::new(None) }
    }

    /// Asks, with a new token when the old one is refused. `None` when there is nothing (404).
    pub(super) async fn ask(&self, request: &Request) -> Result<Option<Vec<u8>>, ProviderError> {
        let token = self.token(None).await?;
        let answered = match self.fetcher.ask(&with_token(request, &token)).await {
            Err(ProviderError::Refused { status: 401, .. }) => {
                let token = self.token(Some(&token)).await?;
                let again = self.fetcher.ask(&with_token(request, &token)).await;
                again.inspect_err(|error| self.fetcher.end_if_refused(error))?
            }
            answered => answered?,
        };
        Ok(match answered {
            Reply::Body(body) => Some(body),
            Reply::Absent => None,
        })
    }

    /// The token; another one than `refused`.
    async fn token(&self, refused: Option<&Secret>) -> Result<Secret, ProviderError> {
        let mut token = self.token.lock().await;
        if token.is_none() {
            *token = self.kept();
        }
        match token.as_ref() {
            Some(known) if Some(known) != refused => Ok(known.clone()),
            _ => {
                let new = self.log_in().await?;
                self.keep(&new);
                *token = Some(new.clone());
                Ok(new)
            }
        }
    }

    async fn log_in(&self) -> Result<Secret, ProviderError> {
        let sent = self.fetcher.ask(&self.login).await;
        let reply = sent.inspect_err(|error| self.fetcher.end_if_refused(error))?;
        let body = match reply {
            Reply::Body(body) => body,
            Reply::Absent => Vec::new(),
        };
        parse::token(&body).map(Secret::from).map_err(not_understood(NAME, &self.login))
    }

    /// A token of an earlier run, for the same key.
    fn kept(&self) -> Option<Secret> {
        let text = std::fs::read_to_string(self.file.as_ref()?).ok()?;
        let (owner, token) = text.split_once('\n')?;
        (owner == self.owner && !token.trim().is_empty()).then(|| Secret::from(token.to_owned()))
    }

    /// Keeps the token, readable by its owner only. Losing it costs a login.
    fn keep(&self, token: &Secret) {
        let Some(file) = &self.file else { return };
        let write = || -> std::io::Result<()> {
            let folder = file.parent().unwrap_or(std::path::Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut new = tempfile::NamedTempFile::new_in(folder)?;
            write!(new, "{}\n{}", self.owner, token.reveal())?;
            new.persist(file)?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::debug!(path = %file.display(), %error, "the token is not kept");
        }
    }
}

fn with_token(request: &Request, token: &Secret) -> Request {
    let mut request = request.clone();
    request.secret_headers.push(("authorization", Secret::from(format!("Bearer {}", token.reveal()))));
    request
}
