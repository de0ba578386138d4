//! A client that hears an answer to its end, and judges it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::duplex;
use tokio::time::{Instant, timeout};

use super::{PORT, TOKEN};
use crate::imitation::grammar::{self, ApiError, Event, Grammar, Lines, sketch};
use crate::proxy::Proxy;

/// An answer as it was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// How long the headers took, in whole seconds.
    pub(super) began: u64,
    pub(super) text: String,
    pub(super) sketch: String,
    pub(super) error: Option<ApiError>,
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Asks, and hears all of the answer; an unlawful one is a panic.
pub(super) async fn ask(proxy: Arc<Proxy>, stream: bool) -> Heard {
    hear(proxy, stream, None).await.expect("an answer")
}

/// Asks, and goes away after so many seconds.
pub(super) async fn ask_for(proxy: Arc<Proxy>, seconds: u64) -> Option<Heard> {
    hear(proxy, true, Some(seconds)).await
}

async fn hear(proxy: Arc<Proxy>, stream: bool, patience: Option<u64>) -> Option<Heard> {
    let (near, far) = duplex(64 * 1024);
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, Infallible>(proxy.serve(request).await) }
    });
    let server =
        server::conn::http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(far), service);
    tokio::spawn(async move { drop(server.await) });
    let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.unwrap();
    let connection = tokio::spawn(connection);
    let heard = whole(&mut sender, stream);
    let heard = match patience {
        Some(seconds) => timeout(Duration::from_secs(seconds), heard).await.ok(),
        None => Some(heard.await),
    };
    connection.abort();
    heard
}

async fn whole(sender: &mut http1::SendRequest<Full<Bytes>>, stream: bool) -> Heard {
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": stream,
        "messages": [{"role": "user", "content": "Hi"}]});
    let request = Request::post("/v1/messages")
        .header("host", format!("127.0.0.1:{PORT}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .unwrap();
    let asked = Instant::now();
    let response = sender.send_request(request).await.unwrap();
    let began = asked.elapsed().as_secs();
    let (head, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        bytes.extend_from_slice(&frame.expect("the proxy's body comes to its end").into_data().unwrap());
    }
    let status = head.status.as_u16();
    let is_stream = head.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let (text, sketch, error) = if is_stream { judge(&bytes) } else { plain(&bytes) };
    Heard { status, headers: head.headers, began, text, sketch, error }
}

fn judge(bytes: &[u8]) -> (String, String, Option<ApiError>) {
    let mut lines = Lines::default();
    lines.push(bytes);
    let (mut grammar, mut events) = (Grammar::default(), Vec::<Event>::new());
    while let Some(event) = lines.next_event().unwrap() {
        grammar.event(&event).unwrap();
        events.push(event);
    }
    lines.end().unwrap();
    let (_, error) = grammar.end().unwrap();
    // A block that an error broke off is not in the message.
    let deltas = events.iter().filter_map(|event| event.data["delta"]["text"].as_str());
    (deltas.collect(), sketch(&events), error)
}

fn plain(bytes: &[u8]) -> (String, String, Option<ApiError>) {
    let body: Value = serde_json::from_slice(bytes).unwrap();
    if body["type"] == "error" {
        return (String::new(), String::new(), Some(grammar::whole_error(&body).unwrap()));
    }
    (grammar::whole(&body).unwrap().text(), String::new(), None)
}
