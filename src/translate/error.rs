//! What an upstream said went wrong, in the words that make Claude Code do the right thing.
//!
//! | upstream | answered as | because the client then |
//! |---|---|---|
//! | any status, a text about the context's length | 400 `prompt is too long: N tokens > M maximum` | compacts |
//! | 401 | 401, no retry | shows whose key is wrong at once |
//! | 403 | 403 | shows it at once |
//! | 404, or 400 with Mistral's code 1500 | 404 with the replacement | says that the model is wrong |
//! | 404 of a path | 404, no retry | says that the address is wrong |
//! | 429 | 429 with `retry-after` | waits that long |
//! | 429 with a limit of 0 | 429, no retry | shows it at once |
//! | 408, 504 | 504 | retries |
//! | 503, 529, or Mistral's code 3505 | 529 | retries |
//! | other 5xx | the same status | retries |
//! | 3xx | 502, no retry | shows it; the key went nowhere else |
//! | other 4xx | the same status | shows it |

use serde_json::Value;

use super::overflow;
use crate::catalog;
use crate::wire::chat::Chunk;
use crate::wire::error::{ApiError, ErrorKind};

/// An answer that is not a success.
#[derive(Debug, Clone, Copy)]
pub struct Upstream<'a> {
    /// Who answered.
    pub provider: &'a str,
    /// The model that was asked for.
    pub model: &'a str,
    /// Its window, where the answer does not say.
    pub window: u64,
    /// The prompt as counted here.
    pub prompt: u64,
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// `x-ratelimit-limit-req-minute`: 0 means that the plan does not have the model.
    pub limit: Option<&'a str>,
    /// The provider's id of the request; its support asks for it.
    pub correlation: Option<&'a str>,
    /// The body, JSON or not.
    pub body: &'a [u8],
}

/// Translates an answer that is not a success.
pub fn from_status(upstream: &Upstream<'_>) -> ApiError {
    let Upstream { provider, model, status, .. } = *upstream;
    let (said, code) = said(upstream.body);
    if status >= 400 && overflow::is_meant(&said, &code) {
        return overflow::error(&said, upstream.prompt, upstream.window);
    }
    let trace = upstream.correlation.map(|id| format!(" [request {}]", clean(id, 80))).unwrap_or_default();
    let words = |what: &str| {
        if said.is_empty() {
            format!("{provider}: {what} ({status}){trace}")
        } else {
            format!("{provider}: {what} ({status}): {said}{trace}")
        }
    };
    let error = match (status, code.as_str()) {
        (300..=399, _) => ApiError::last(
            502,
            ErrorKind::ApiError,
            words("the endpoint redirects elsewhere; nothing was sent there; correct `api_base_url`"),
        ),
        (401, _) => ApiError::last(
            401,
            ErrorKind::AuthenticationError,
            words(&format!("the API key of provider `{provider}` was refused; correct its `api_key`")),
        ),
        (403, _) => ApiError::last(403, ErrorKind::PermissionError, words(&format!("model `{model}` is not allowed"))),
        (404, _) if names_a_path(&said) => {
            ApiError::last(404, ErrorKind::NotFoundError, words("nothing answers at this path; correct `api_base_url`"))
        }
        (404, _) | (400, "1500") => ApiError::last(
            404,
            ErrorKind::NotFoundError,
            words(&format!("model `{model}` not found{}", successor(model))),
        ),
        (413, _) => ApiError::last(413, ErrorKind::RequestTooLarge, words("the request is too large")),
        (429, _) if upstream.limit.is_some_and(|limit| limit.trim() == "0") => ApiError::last(
            429,
            ErrorKind::RateLimitError,
            words(&format!(
                "the plan of this key has no requests for model `{model}`; waiting does not help: choose another model or plan"
            )),
        ),
        (503 | 529, _) | (_, "3505") => {
            ApiError::new(529, ErrorKind::OverloadedError, words("no capacity at the moment"))
                .after(upstream.retry_after)
        }
        (429, _) => {
            ApiError::new(429, ErrorKind::RateLimitError, words("rate limit reached")).after(upstream.retry_after)
        }
        (408 | 504, _) => {
            ApiError::new(504, ErrorKind::TimeoutError, words("the upstream ran out of time")).said(status)
        }
        (500..=599, _) => {
            ApiError::new(status, ErrorKind::ApiError, words("the upstream failed")).after(upstream.retry_after)
        }
        (400..=499, _) => ApiError::new(status, ErrorKind::InvalidRequestError, words("the request was refused")),
        _ => ApiError::new(502, ErrorKind::ApiError, words("the answer has a status nobody expects")),
    };
    error.quoting(&said, &trace)
}

/// Returns the error that stands in a stream in place of a chunk, if it is one.
///
/// `prompt` is its length as counted here.
pub(crate) fn in_band(provider: &str, prompt: u64, chunk: &Chunk<'_>) -> Option<ApiError> {
    let raw = match (&chunk.error, chunk.object.as_deref()) {
        (Some(error), _) => error.get(),
        (None, Some("error")) => chunk.message.map_or("", |message| message.get()),
        _ => return None,
    };
    let (said, code) = said(raw.as_bytes());
    if overflow::is_meant(&said, &code) {
        return Some(overflow::error(&said, prompt, prompt.saturating_sub(1)));
    }
    let mut message = format!("{provider}: the upstream failed in the middle of its answer");
    if !said.is_empty() {
        message = format!("{message}: {said}");
    }
    Some(ApiError::new(502, ErrorKind::ApiError, message).quoting(&said, ""))
}

/// Whether a 404 is about the address: a gateway's, FastAPI's, Go's and LM Studio's words for it.
fn names_a_path(said: &str) -> bool {
    said == "Not Found"
        || ["no Route matched", "page not found", "Unexpected endpoint"].iter().any(|words| said.contains(words))
}

fn successor(model: &str) -> String {
    let Some(known) = catalog::model(model) else { return String::new() };
    let retired = known.retired.as_ref().map(|day| format!("; it was retired on {day}")).unwrap_or_default();
    let next = known.replacement.as_ref().map(|next| format!("; use `{next}`")).unwrap_or_default();
    format!("{retired}{next}")
}

/// Finds the words and the code in any of the shapes that errors have.
fn said(body: &[u8]) -> (String, String) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        // A proxy's page in HTML says nothing that the status does not.
        return (if text.trim_start().starts_with('<') { String::new() } else { clean(&text, 500) }, String::new());
    };
    let error = value.get("error").filter(|error| error.is_object()).unwrap_or(&value);
    let code = match error.get("code") {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Number(code)) => code.to_string(),
        _ => String::new(),
    };
    let words = ["message", "detail", "error"].iter().find_map(|key| words(error.get(*key)?)).or_else(|| words(error));
    (clean(&words.unwrap_or_default(), 500), code)
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(details) => {
            let details: Vec<String> = details.iter().filter_map(detail).collect();
            (!details.is_empty()).then(|| details.join("; "))
        }
        Value::Object(object) => words(object.get("detail")?),
        _ => None,
    }
}

/// One entry of a validation error: where, and what.
fn detail(entry: &Value) -> Option<String> {
    let what = entry.get("msg")?.as_str()?;
    let place: Vec<String> = entry
        .get("loc")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect();
    Some(if place.is_empty() { what.to_owned() } else { format!("{}: {what}", place.join(".")) })
}

fn clean(text: &str, limit: usize) -> String {
    text.trim().chars().map(|character| if character.is_control() { ' ' } else { character }).take(limit).collect()
}
