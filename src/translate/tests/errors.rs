//! What an upstream says went wrong, told so that Claude Code does the right thing.

use serde_json::{Value, json};

use super::told;
use crate::translate::{Upstream, from_status};
use crate::wire::error::{ApiError, ErrorKind};

/// Translates what Mistral answers.
fn error(status: u16, body: &[u8]) -> ApiError {
    from_status(&upstream(status, body))
}

fn upstream(status: u16, body: &[u8]) -> Upstream<'_> {
    Upstream {
        provider: "mistral",
        model: "devstral-2512",
        window: 262_144,
        prompt: 1_000,
        status,
        retry_after: None,
        limit: None,
        correlation: None,
        body,
    }
}

fn said(status: u16, body: &Value) -> ApiError {
    error(status, body.to_string().as_bytes())
}

fn not_found(words: &str) -> (u16, ErrorKind, bool, &str) {
    (404, ErrorKind::NotFoundError, false, words)
}

/// Claims status, type, whether another try may help, and the words.
#[track_caller]
fn check(status: u16, body: &Value, expect: (u16, ErrorKind, bool, &str)) {
    let error = said(status, body);
    assert_eq!((error.status, error.kind, error.retry, error.message.as_str()), expect, "{status} {body}");
}

#[test]
fn a_rate_limit_says_how_long_to_wait() {
    let body = br#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#;
    let error = from_status(&Upstream { retry_after: Some(17), limit: Some("60"), ..upstream(429, body) });
    assert_eq!(
        (error.status, error.kind, error.retry, error.retry_after),
        (429, ErrorKind::RateLimitError, true, Some(17))
    );
    assert_eq!(error.message, "mistral: rate limit reached (429): Rate limit exceeded");
    assert_eq!(said(429, &json!({"message": "Requests rate limit exceeded"})).retry_after, None);
}

#[test]
fn a_plan_without_the_model_is_not_worth_another_try() {
    let body = br#"{"message":"Rate limit exceeded","code":"1300"}"#;
    let error = from_status(&Upstream { retry_after: Some(17), limit: Some(" 0 "), ..upstream(429, body) });
    assert_eq!((error.status, error.retry, error.retry_after), (429, false, None));
    assert!(
        error.message.starts_with(
            "mistral: the plan of this key has no requests for model `devstral-2512`; waiting does not help"
        ),
        "{error}"
    );
}

#[test]
fn no_capacity_is_an_overload_under_any_status() {
    for (status, body) in [
        (503, json!({"message": "backend_out_of_capacity"})),
        (529, json!({})),
        (
            429,
            json!({"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier_capacity_exceeded", "code": "3505"}),
        ),
        (400, json!({"code": 3505})),
    ] {
        let error = said(status, &body);
        assert_eq!((error.status, error.kind, error.retry), (529, ErrorKind::OverloadedError, true), "{status} {body}");
    }
    let error = from_status(&Upstream { retry_after: Some(5), ..upstream(503, b"") });
    assert_eq!((error.message.as_str(), error.retry_after), ("mistral: no capacity at the moment (503)", Some(5)));
}

#[test]
fn a_refused_key_is_named_by_its_provider() {
    let words = "mistral: the API key of provider `mistral` was refused; correct its `api_key` (401)";
    for body in [
        json!({"detail": "Unauthorized"}),
        json!({"message": "Unauthorized", "request_id": "x"}),
        json!({"error": {"message": "Unauthorized"}}),
        json!({"error": "Unauthorized"}),
    ] {
        check(401, &body, (401, ErrorKind::AuthenticationError, false, &format!("{words}: Unauthorized")));
    }
    check(401, &json!({}), (401, ErrorKind::AuthenticationError, false, words));
}

#[test]
fn a_model_that_is_not_allowed_is_named() {
    let words = "mistral: model `devstral-2512` is not allowed (403): labs_not_enabled";
    check(403, &json!({"message": "labs_not_enabled"}), (403, ErrorKind::PermissionError, false, words));
}

#[test]
fn a_retired_model_is_named_with_its_successor() {
    let words = "mistral: model `devstral-2512` not found; it was retired on 2026-07-31; use `mistral-medium-3-5`";
    check(
        404,
        &json!({"message": "Model devstral-2512 is deprecated."}),
        not_found(&format!("{words} (404): Model devstral-2512 is deprecated.")),
    );
    check(
        400,
        &json!({"message": "Invalid model: devstral-2512", "code": "1500"}),
        not_found(&format!("{words} (400): Invalid model: devstral-2512")),
    );
    check(404, &json!({}), not_found(&format!("{words} (404)")));
}

#[test]
fn a_model_that_nobody_knows_has_no_successor() {
    let error = from_status(&Upstream {
        model: "m",
        ..upstream(404, br#"{"error":{"message":"model 'm' not found","type":"api_error"}}"#)
    });
    assert_eq!(error.message, "mistral: model `m` not found (404): model 'm' not found");
}

#[test]
fn a_wrong_path_is_not_a_wrong_model() {
    for body in [
        r#"{"message":"no Route matched with those values","request_id":"x"}"#,
        r#"{"detail":"Not Found"}"#,
        "404 page not found",
        r#"{"error":"Unexpected endpoint or method. (POST /chat/completions)"}"#,
    ] {
        let error = error(404, body.as_bytes());
        assert_eq!((error.status, error.retry), (404, false));
        assert!(
            error.message.starts_with("mistral: nothing answers at this path; correct `api_base_url` (404): "),
            "{error}"
        );
    }
}

#[test]
fn a_field_that_is_refused_is_named_in_every_shape_of_the_422() {
    let detail = json!([{"type": "extra_forbidden", "loc": ["body", "messages", 0, "user", "name"], "msg": "Extra inputs are not permitted", "input": {}}]);
    let words = "mistral: the request was refused (422): body.messages.0.user.name: Extra inputs are not permitted";
    for body in [
        json!({"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "param": null, "code": null, "raw_status_code": 422}),
        json!({"detail": detail}),
        json!({"object": "Error", "detail": detail, "message": detail, "type": "invalid_request_error", "code": 3001}),
        json!({"object": "Error", "detail": detail, "message": ["no"], "type": "invalid_request_error", "code": 3001}),
    ] {
        check(422, &body, (422, ErrorKind::InvalidRequestError, true, words));
    }
    let two = json!({"detail": [{"msg": "a", "loc": []}, {"msg": "b", "loc": ["body"]}]});
    assert_eq!(said(422, &two).message, "mistral: the request was refused (422): a; body: b");
}

#[test]
fn a_redirect_is_refused_and_not_tried_again() {
    for status in [301, 302, 303, 307, 308] {
        let error = error(status, b"<html>");
        assert_eq!((error.status, error.kind, error.retry), (502, ErrorKind::ApiError, false));
        assert!(error.message.contains("nothing was sent there; correct `api_base_url`"), "{error}");
    }
}

#[test]
fn what_ran_out_of_time_or_failed_may_be_tried_again() {
    for (status, expect, kind) in [
        (408, 504, ErrorKind::TimeoutError),
        (504, 504, ErrorKind::TimeoutError),
        (500, 500, ErrorKind::ApiError),
        (502, 502, ErrorKind::ApiError),
        (520, 520, ErrorKind::ApiError),
        (199, 502, ErrorKind::ApiError),
        (600, 502, ErrorKind::ApiError),
    ] {
        let error = error(status, b"");
        assert_eq!((error.status, error.kind, error.retry), (expect, kind, true), "{status}");
    }
}

#[test]
fn other_refusals_keep_their_status_and_words() {
    let body = json!({"object": "error", "message": "Unexpected role 'user' after role 'tool'", "type": "invalid_request_message_order", "param": null, "code": "3230"});
    check(
        400,
        &body,
        (
            400,
            ErrorKind::InvalidRequestError,
            true,
            "mistral: the request was refused (400): Unexpected role 'user' after role 'tool'",
        ),
    );
    assert_eq!((said(413, &json!({})).kind, said(413, &json!({})).retry), (ErrorKind::RequestTooLarge, false));
}

#[test]
fn a_page_in_html_or_nothing_at_all_says_only_the_status() {
    for body in
        [&b"<html><body>502 Bad Gateway</body></html>"[..], b"  <!DOCTYPE html>", b"", b" \n", b"{}", b"[]", b"null"]
    {
        assert_eq!(error(502, body).message, "mistral: the upstream failed (502)");
    }
}

#[test]
fn plain_text_is_told_in_one_line_and_not_without_end() {
    assert_eq!(error(500, b"no\r\n\x1b[31mmemory").message, "mistral: the upstream failed (500): no   [31mmemory");
    assert!(error(500, "x".repeat(10_000).as_bytes()).message.len() < 600);
    assert!(error(500, b"\xff\xfe no").message.ends_with(" no"));
}

#[test]
fn the_providers_id_of_the_request_stands_behind_the_words() {
    let error = from_status(&Upstream { correlation: Some("abc-1"), ..upstream(500, b"no") });
    assert_eq!(error.message, "mistral: the upstream failed (500): no [request abc-1]");
}

#[test]
fn what_the_upstream_wrote_is_kept_apart_for_the_log() {
    for status in [400, 401, 404, 429, 503, 500, 302] {
        let error = said(status, &json!({"message": "the words of a prompt"}));
        assert!(error.message.contains("the words of a prompt"), "{error}");
        assert_eq!(error.unquoted(), error.message.replace("the words of a prompt", "[…]"));
    }
}

#[test]
fn an_error_in_a_stream_is_told_in_its_words() {
    for (frame, words) in [
        (
            json!({"object": "error", "message": "boom", "type": "internal_error", "param": null, "code": "1000"}),
            "boom",
        ),
        (json!({"error": {"message": "boom", "code": 500}}), "boom"),
        (json!({"error": "boom"}), "boom"),
        (json!({"object": "error", "message": {"detail": [{"msg": "boom", "loc": ["body", 1]}]}}), "body.1: boom"),
    ] {
        let told = told(&[frame]);
        assert_eq!(told.sketch, "error(api_error)");
        assert_eq!(told.error.unwrap(), format!("mistral: the upstream failed in the middle of its answer: {words}"));
    }
}

#[test]
fn an_error_in_a_stream_that_says_nothing_is_still_one() {
    for frame in [json!({"object": "error"}), json!({"error": {}}), json!({"error": false})] {
        let told = told(&[frame]);
        assert_eq!(told.error.as_deref(), Some("mistral: the upstream failed in the middle of its answer"));
    }
}
