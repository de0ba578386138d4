//! A byte-for-byte pass-through: what any proxy of this kind costs at least.

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use crate::process;

type Body = BoxBody<Bytes, hyper::Error>;

/// Serves in front of `upstream` until the process is ended.
pub fn run(upstream: &str) -> std::io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "stands between a client and a server of this machine")]
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    let upstream = upstream.to_owned();
    process::serve(move |request| hand_on(client.clone(), request, upstream.clone()))
}

async fn hand_on(
    client: Client<HttpConnector, Incoming>,
    mut request: Request<Incoming>,
    upstream: String,
) -> Response<Body> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = format!("{upstream}{path}").parse::<Uri>().unwrap_or_default();
    request.headers_mut().remove(header::HOST);
    match client.request(request).await {
        Ok(response) => response.map(BodyExt::boxed),
        Err(error) => {
            let words = Full::new(Bytes::from(error.to_string())).map_err(|never| match never {}).boxed();
            let mut response = Response::new(words);
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            response
        }
    }
}
