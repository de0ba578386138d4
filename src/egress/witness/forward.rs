//! A plain request in absolute form: passed on without what is between the client and its proxy.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::select;

use super::{Body, Seat, Shared, say, silence, tunnel::Counted};
use crate::egress::proxies::Way;

/// Of one connection alone, and not of what is passed on.
const BETWEEN: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Passes a request on, and its answer back.
pub(super) async fn pass(shared: &Arc<Shared>, seat: Seat, mut request: Request<Incoming>) -> Response<Body> {
    let target = request.uri().clone();
    let (Some("http"), Some(authority)) = (target.scheme_str(), target.authority()) else {
        return say(StatusCode::BAD_REQUEST, "mcr: this is a proxy; it takes CONNECT, and http:// in absolute form");
    };
    let host = match authority.port_u16() {
        Some(port) => format!("{}:{port}", authority.host()),
        None => authority.host().to_owned(),
    };
    let (Ok(host), Some(origin)) = (HeaderValue::from_str(&host), origin_form(&target)) else {
        return say(StatusCode::BAD_REQUEST, "mcr: the address cannot be passed on");
    };
    let (reached, record) = match shared.reach(&target, authority.port_u16().unwrap_or(80)).await {
        Ok(reached) => reached,
        Err(refusal) => return refusal,
    };
    strip(request.headers_mut());
    request.headers_mut().insert(header::HOST, host);
    match reached.way {
        Way::Forward { authorization, .. } => {
            request.headers_mut().extend(authorization.map(|value| (header::PROXY_AUTHORIZATION, value)));
        }
        Way::Direct | Way::Tunnel { .. } | Way::Socks { .. } => *request.uri_mut() = origin,
    }
    let counts = Arc::clone(&record.counts);
    let io = TokioIo::new(Counted { tcp: reached.tcp, counts: Arc::clone(&counts) });
    let failed = |error: &hyper::Error| say(StatusCode::BAD_GATEWAY, &format!("mcr: no answer: {error}"));
    let (mut sender, connection) = match http1::handshake(io).await {
        Ok(ready) => ready,
        Err(error) => return failed(&error),
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut closing = shared.closing.subscribe();
        select! {
            biased;
            _ = closing.wait_for(|closed| *closed) => {}
            _ = connection => {}
            () = silence(&counts, shared.limits.idle) => {}
        }
        drop((record, seat));
    });
    match sender.send_request(request).await {
        Ok(mut response) => {
            strip(response.headers_mut());
            response.map(BodyExt::boxed)
        }
        Err(error) => failed(&error),
    }
}

/// The path and the query alone.
fn origin_form(target: &Uri) -> Option<Uri> {
    let path = target.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Uri::builder().path_and_query(path).build().ok()
}

/// Takes away what `Connection` names, and what is of one connection by its name.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in BETWEEN.iter().chain(&named) {
        headers.remove(name);
    }
}
