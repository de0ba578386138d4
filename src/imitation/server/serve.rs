//! From a connection to an answer: path, key, rules, reply.

use std::io;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::body::Playing;
use super::log::{Captured, End};
use super::{Law, Shared};
use crate::imitation::reply::Scene;
use crate::imitation::rules::{self, Asked, Refusal};

/// More than any agent sends.
const LARGEST_BODY: usize = 64 << 20;

/// Serves every connection until the task is aborted.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that failed before it was accepted is the client's affair.
        let Ok((stream, _)) = listener.accept().await else { continue };
        connections.spawn(connection(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
    // A script that cuts ends here with an error, and so does a client that leaves: both are in the log.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Playing>> {
    let path = request.uri().path();
    if let Some(asked) = Asked::at(path) {
        return if request.method() == Method::POST {
            question(asked, request, &shared).await
        } else {
            json_response(405, &json!({"detail": "Method Not Allowed"}))
        };
    }
    shared.visits.send_modify(|visits| visits.push(path.to_owned()));
    let models = shared.law.models();
    // What servers of one's own say of themselves: Ollama, and vLLM or llama.cpp.
    match (&shared.law, path) {
        (Law::Lenient(_), "/api/version") => return json_response(200, &json!({"version": "0.14.0"})),
        (Law::Lenient(_), "/health") => return json_response(200, &json!({"status": "ok"})),
        (Law::Lenient(_) | Law::Mistral(_) | Law::Hosted(..), _) => {}
    }
    if let (Some((_, name)), &Method::GET) = (path.rsplit_once("/v1/models"), request.method()) {
        if !has_key(request.headers(), &shared.law) {
            return json_response(401, &unauthorized().body);
        }
        return match name.strip_prefix('/') {
            None if name.is_empty() => json_response(200, &models.list()),
            Some(name) => match models.find(name) {
                Some(model) => json_response(200, &model.card(name)),
                None => json_response(404, &json!({"message": format!("Model {name} was not found.")})),
            },
            None => json_response(404, &no_route()),
        };
    }
    json_response(404, &no_route())
}

async fn question(asked: Asked, request: Request<Incoming>, shared: &Shared) -> io::Result<Response<Playing>> {
    let (head, body) = request.into_parts();
    let bytes = Limited::new(body, LARGEST_BODY).collect().await.map_err(io::Error::other)?.to_bytes();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let refusal = judge(asked, &head.headers, &bytes, &shared.law).err();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let mut entry = shared.log.add(Captured {
        path,
        headers: head.headers,
        body: body.clone(),
        refusal: refusal.clone(),
        end: End::Open,
    });
    if let Some(refusal) = refusal {
        entry.end(End::Complete);
        return json_response(refusal.status, &refusal.body);
    }
    let scene = Scene {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] == true,
        turn: entry.index,
    };
    let Some(rendered) = shared.reply(&body, scene.turn).render(&scene) else {
        entry.end(End::Cut);
        return Err(io::Error::other("hung up by the script"));
    };
    if let Some(gate) = &rendered.hold {
        gate.pass().await;
    }
    let mut response = Response::new(Playing::new(rendered.parts, entry));
    *response.status_mut() = StatusCode::from_u16(rendered.status).map_err(io::Error::other)?;
    // A header of the script's takes the place of the usual one.
    for (name, value) in rendered.headers {
        let name = HeaderName::try_from(name).map_err(io::Error::other)?;
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(io::Error::other)?);
    }
    Ok(response)
}

fn judge(asked: Asked, headers: &HeaderMap, body: &[u8], law: &Law) -> Result<(), Refusal> {
    if !has_key(headers, law) {
        return Err(unauthorized());
    }
    match law {
        Law::Mistral(models) => {
            let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            // FastAPI does not parse a body of another type.
            let body = if kind.starts_with("application/json") { body } else { b"null" };
            rules::check_asked(asked, body, models).map(drop)
        }
        Law::Lenient(_) => rules::check_json(body).map(drop),
        Law::Hosted(_, refuses) => match refuses(&rules::check_json(body)?) {
            Some(why) => Err(Refusal { status: 400, body: json!({"error": {"message": why}}) }),
            None => Ok(()),
        },
    }
}

fn has_key(headers: &HeaderMap, law: &Law) -> bool {
    let key =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|it| it.strip_prefix("Bearer "));
    match law {
        Law::Mistral(_) | Law::Hosted(..) => key.is_some_and(|key| !key.trim().is_empty()),
        Law::Lenient(_) => true,
    }
}

fn unauthorized() -> Refusal {
    Refusal { status: 401, body: json!({"detail": "Unauthorized"}) }
}

fn no_route() -> Value {
    json!({"message": "no Route matched with those values", "request_id": "imitation"})
}

fn json_response(status: u16, body: &Value) -> io::Result<Response<Playing>> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Playing::bytes(body.to_string()))
        .map_err(io::Error::other)
}
