//! One request to one target.
//!
//! Until the first event of an answer is in, everything that goes wrong is an HTTP
//! error and another target may be tried; from then on it ends the stream.

mod admit;
pub mod breaker;
pub mod gate;
pub mod health;
pub mod health_probe;
pub mod latency;
pub mod limits;
pub mod pass;
mod probe;
pub mod queue;
mod refusal;
pub mod refused;
pub mod retry;
pub mod self_repair;
pub mod watch;

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::config::{Clocks, Connection, Dialect, Endpoint, Secret, Target};
use crate::egress::{ConnectError, Egress};
use crate::translate::Forbidden;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::sse::Decoder;
pub use admit::{Admitted, admit};
pub use probe::{NoAnswer, ask_for_models, probe, read_words, sign_of_life};

/// The clock of a whole stream, as the configuration calls it.
pub const STREAM_CLOCK: &str = "stream_timeout_seconds";
/// How mcr calls itself.
const AGENT: &str = concat!("mcr/", env!("CARGO_PKG_VERSION"));
/// Bytes of a whole answer that are read.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// What is sent, apart from where.
#[derive(Debug, Clone)]
pub struct Outbound<'a> {
    /// What is asked for.
    pub endpoint: Endpoint,
    /// The body.
    pub body: Bytes,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Whether the answer goes on in the bytes that it comes in.
    pub keeps_raw: bool,
    /// Keeps a session on the machine that has its prompt in the cache.
    pub session: Option<&'a str>,
    /// The prompt's tokens, for an error that does not say.
    pub prompt: u64,
}

/// An answer that has begun.
#[derive(Debug)]
pub enum Reply {
    /// All of it.
    Whole(Bytes),
    /// Its first event is in the decoder.
    Stream(Incoming, Decoder),
}

/// Why there is no answer, and whether anybody had the question.
#[derive(Debug)]
pub struct Unanswered {
    /// What went wrong.
    pub error: ApiError,
    /// False where nothing of the request has left this machine.
    pub sent: bool,
    /// Whether the target said that it does nothing with it; who is silent, or is cut off, may bill it.
    pub refused: bool,
    /// Fields of the request that the target does not take.
    pub forbidden: Vec<Forbidden>,
}

impl Unanswered {
    /// Nobody had it.
    pub fn unsent(error: ApiError) -> Self {
        Self { error, sent: false, refused: false, forbidden: Vec::new() }
    }
}

impl From<ApiError> for Unanswered {
    fn from(error: ApiError) -> Self {
        Self { error, sent: true, refused: false, forbidden: Vec::new() }
    }
}

/// Sends a request to a target that lets it in, and waits for the beginning of its answer.
pub async fn send(
    egress: &Egress,
    target: &Target,
    clocks: &Clocks,
    outbound: Outbound<'_>,
    admitted: &mut Admitted<'_>,
) -> Result<Reply, Unanswered> {
    let provider = &target.provider.name;
    let (stream, prompt, keeps_raw, body) =
        (outbound.stream, outbound.prompt, outbound.keeps_raw, outbound.body.clone());
    let started = Instant::now();
    let request = request(target, admitted.connection, admitted.key(), outbound).map_err(Unanswered::unsent)?;
    let (total, all) = (clocks.total(&target.provider), clocks.stream(&target.provider).filter(|_| stream));
    let clock = |name, span| Clock::new(name, span).or_sooner(all, started.elapsed());
    let until_headers = if stream { clock("headers", clocks.headers(&target.provider)) } else { clock("total", total) };
    let response = match timeout(until_headers.left, egress.send(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error @ ConnectError::Denied { .. })) => return Err(Unanswered::unsent(denied(provider, &error))),
        Ok(Err(error)) => {
            let sent = !error.nothing_was_sent();
            let error = ApiError::new(502, ErrorKind::ApiError, format!("{provider}: {error}"));
            return Err(Unanswered { error, sent, refused: false, forbidden: Vec::new() });
        }
        Err(_) => return Err(until_headers.ran_out(provider).into()),
    };
    admitted.heard(response.headers(), response.extensions().get());
    if !response.status().is_success() {
        let status = response.status().as_u16();
        let unanswered = refusal::read(target, admitted.key(), prompt, &body, response).await;
        let error = &unanswered.error;
        // Moderated words are refused with the status of a model that is not allowed.
        if error.status == status && !(status == 403 && error.message.to_lowercase().contains("moderat")) {
            admitted.refused(status);
        }
        return Err(unanswered);
    }
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
    if stream && !is_json {
        let until_event = clock("first_event", clocks.first_event(&target.provider));
        return Ok(first_event(target, until_event, keeps_raw, response.into_body()).await?);
    }
    // A server that cannot stream writes its whole answer before the first byte.
    let until_end = Clock::new("total", total).since(started.elapsed()).or_sooner(all, started.elapsed());
    let whole = match timeout(until_end.left, Limited::new(response.into_body(), ANSWER_LIMIT).collect()).await {
        Ok(Ok(body)) => Ok(Reply::Whole(body.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::last(
            502,
            ErrorKind::ApiError,
            format!("{provider}: the answer is larger than {} MiB", ANSWER_LIMIT >> 20),
        )),
        Ok(Err(_)) => Err(ApiError::new(
            502,
            ErrorKind::ApiError,
            format!("{provider}: the connection broke in the middle of the answer"),
        )),
        Err(_) => Err(until_end.ran_out(provider)),
    };
    whole.map_err(Unanswered::from)
}

/// The refusal of the guard in the client's terms: another try cannot help, another target may.
fn denied(provider: &str, error: &ConnectError) -> ApiError {
    ApiError::last(403, ErrorKind::PermissionError, format!("{provider}: {error}"))
}

fn request(
    target: &Target,
    connection: &Connection,
    key: Option<&Secret>,
    outbound: Outbound<'_>,
) -> Result<Request<Full<Bytes>>, ApiError> {
    let accept = if outbound.stream { "text/event-stream" } else { "application/json" };
    let mut request = Request::new(Full::new(outbound.body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = connection.uri(outbound.endpoint);
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(key) = key {
        let value = authorization(key).map_err(|_| {
            let provider = &target.provider.name;
            ApiError::last(
                401,
                ErrorKind::AuthenticationError,
                format!("{provider}: the API key of provider `{provider}` holds characters that no header can; correct its `api_key`"),
            )
        })?;
        headers.insert(AUTHORIZATION, value);
    }
    if target.provider.dialect == Dialect::Mistral
        && let Some(session) = outbound.session.and_then(|session| HeaderValue::try_from(session).ok())
    {
        headers.insert(HeaderName::from_static("x-affinity"), session);
    }
    Ok(request)
}

fn authorization(key: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn first_event(target: &Target, clock: Clock, keeps_raw: bool, mut body: Incoming) -> Result<Reply, ApiError> {
    let provider = &target.provider.name;
    let mut decoder = if keeps_raw { Decoder::default().keeping_raw() } else { Decoder::default() };
    let wait = async {
        loop {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        decoder.push(&bytes);
                    }
                    match decoder.has_event() {
                        Ok(true) => return Ok(()),
                        Ok(false) => {}
                        Err(error) => return Err(error.to_string()),
                    }
                }
                Some(Err(_)) => return Err("the connection broke before the first event".to_owned()),
                None => return Err("the stream ended before the first event".to_owned()),
            }
        }
    };
    match timeout(clock.left, wait).await {
        Ok(Ok(())) => Ok(Reply::Stream(body, decoder)),
        Ok(Err(what)) => Err(ApiError::new(502, ErrorKind::ApiError, format!("{provider}: {what}"))),
        Err(_) => Err(clock.ran_out(provider)),
    }
}

/// What is waited by.
#[derive(Debug, Clone, Copy)]
struct Clock {
    name: &'static str,
    /// How long it runs.
    span: Duration,
    /// How long it still runs.
    left: Duration,
}

impl Clock {
    fn new(name: &'static str, span: Duration) -> Self {
        Self { name, span, left: span }
    }

    /// The same clock, started a while ago.
    fn since(self, elapsed: Duration) -> Self {
        Self { left: self.span.saturating_sub(elapsed), ..self }
    }

    /// The clock of the whole stream where that runs out sooner.
    fn or_sooner(self, stream: Option<Duration>, elapsed: Duration) -> Self {
        let stream = stream.map(|span| Self::new(STREAM_CLOCK, span).since(elapsed));
        stream.filter(|stream| stream.left < self.left).unwrap_or(self)
    }

    fn ran_out(self, provider: &str) -> ApiError {
        let (seconds, name) = (self.span.as_secs_f64(), self.name);
        ApiError::new(
            504,
            ErrorKind::TimeoutError,
            format!("{provider}: no answer within {seconds} s (`{name}` clock)"),
        )
    }
}
