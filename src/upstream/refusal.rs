//! An answer that is not a success, read as far as it says why.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::Unanswered;
use crate::config::{Secret, Target};
use crate::translate;

/// Bytes of an error's body that are read.
const LIMIT: usize = 64 * 1024;
/// How long an error's body may take.
const CLOCK: Duration = Duration::from_secs(10);

/// Reads an answer that is not a success; `sent` is the request that it refuses.
pub(super) async fn read(
    target: &Target,
    key: Option<&Secret>,
    prompt: u64,
    sent: &[u8],
    response: Response<Incoming>,
) -> Unanswered {
    let (head, body) = response.into_parts();
    let body = timeout(CLOCK, Limited::new(body, LIMIT).collect()).await;
    let body = body.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = key.map_or(Cow::Borrowed(&*body), |key| without_key(&body, key));
    let forbidden = match head.status {
        StatusCode::UNPROCESSABLE_ENTITY => translate::forbidden(&body, sent),
        _ => Vec::new(),
    };
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let error = translate::from_status(&translate::Upstream {
        provider: &target.provider.name,
        model: &target.model,
        window: target.facts.window,
        prompt,
        status: head.status.as_u16(),
        retry_after: retry_after(&head.headers),
        limit: text("x-ratelimit-limit-req-minute"),
        correlation: text("mistral-correlation-id").or_else(|| text("x-request-id")),
        body: &body,
    });
    Unanswered { error, sent: true, refused: true, forbidden }
}

/// Takes the key out of an error: some servers repeat the one they refuse, and the words go to the log.
fn without_key<'a>(body: &'a [u8], key: &Secret) -> Cow<'a, [u8]> {
    // Shorter ones are words such as `ollama`, for servers that want no key, and may stand anywhere.
    const SHORTEST: usize = 12;
    let key = key.expose();
    if key.len() < SHORTEST || memchr::memmem::find(body, key.as_bytes()).is_none() {
        return Cow::Borrowed(body);
    }
    Cow::Owned(String::from_utf8_lossy(body).replace(key, "[secret]").into_bytes())
}

/// Reads `Retry-After` in seconds or as a date, and `retry-after-ms`.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    // Claude Code gives up at once on more; whoever sends more means "not soon".
    const MOST: u64 = 3_600;
    if let Some(milliseconds) = headers.get("retry-after-ms").and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
    {
        return Some(milliseconds.div_ceil(1000).min(MOST));
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float casts saturate")]
        return (seconds >= 0.0).then(|| (seconds.ceil() as u64).min(MOST));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let seconds = date.as_second().saturating_sub(jiff::Timestamp::now().as_second());
    u64::try_from(seconds).ok().map(|seconds| seconds.min(MOST))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(name: &'static str, value: &str, expect: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::try_from(value).unwrap());
        assert_eq!(retry_after(&headers), expect, "{value}");
    }

    #[test]
    fn retry_after_is_read_in_every_form_and_bounded() {
        check("retry-after", "7", Some(7));
        check("retry-after", "1.2", Some(2));
        check("retry-after", "-3", None);
        check("retry-after", "1e12", Some(3_600));
        check("retry-after", "soon", None);
        check("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", None);
        check("retry-after-ms", "1500", Some(2));
    }
}
