//! Connections: bounded in number, and nobody holds one by sending slowly.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{App, Problem, router};

/// How many connections there may be at once; further ones wait to be taken.
const CONNECTIONS_MAX: usize = 512;

/// How long the head of a request may take, and how long a connection may be idle.
const HEAD_TIME_MAX: Duration = Duration::from_secs(15);

/// How long an answer may lie unread by who asked for it, in milliseconds; then the connection is cut.
const UNREAD_MILLISECONDS_MAX: u32 = 60_000;

/// How long an answer may take to begin.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// How long requests that are under way may take when the server ends.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// Whoever asks for what takes longer is told so, instead of waiting for ever. What was begun comes to its end.
fn in_time(routes: Router, at_most: Duration) -> Router {
    routes.layer(from_fn(move |request: Request, next: Next| async move {
        let late = |_| {
            let detail =
                "this takes longer than an answer may; it goes on, and `/api/status` and `/api/history` tell of it";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
        };
        tokio::time::timeout(at_most, next.run(request)).await.unwrap_or_else(late)
    }))
}

/// Answers what comes in until `stop` is ready; then requests that are under way are finished, within five seconds.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()>) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let routes = in_time(router(&app), ANSWER_TIME_MAX);
    let (room, mut connections) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), JoinSet::new());
    tokio::pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let seat = Arc::clone(&room).acquire_owned().await;
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match (seat, accepted) {
            (Ok(seat), Ok((stream, peer))) => {
                let (routes, closing) = (routes.clone(), app.closing.subscribe());
                connections.spawn(async move {
                    converse(stream, peer, routes, closing).await;
                    drop(seat);
                });
            }
            (_, Err(error)) => {
                // Out of descriptors, most likely: whoever is there ends some time.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    app.closing.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN_TIME_MAX, drained).await;
    Ok(())
}

async fn converse(stream: TcpStream, peer: SocketAddr, routes: Router, mut closing: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let _ = set_tcp_user_timeout(&stream, UNREAD_MILLISECONDS_MAX);
    let routes = routes.layer(axum::middleware::from_fn(move |mut request: Request, next: axum::middleware::Next| {
        request.extensions_mut().insert(ConnectInfo(peer));
        next.run(request)
    }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = async { drop(closing.wait_for(|is_closing| *is_closing).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};

    use super::*;

    /// An answer that never comes, and one that does.
    #[test]
    fn who_waits_too_long_is_told_and_others_are_answered() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ask = |routes: Router| {
            let service = TowerToHyperService::new(in_time(routes, Duration::from_millis(20)));
            let answer = hyper::service::Service::call(&service, Request::new(Body::empty()));
            let (head, body) = runtime.block_on(answer).unwrap().into_parts();
            let text = runtime.block_on(to_bytes(body, 10_000)).unwrap();
            (head.status, String::from_utf8(text.to_vec()).unwrap())
        };
        let (status, told) = ask(Router::new().fallback(async || std::future::pending::<()>().await));
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(told.contains("/api/status"), "{told}");
        assert_eq!(ask(Router::new().fallback(async || "here")), (StatusCode::OK, "here".to_owned()));
    }
}
