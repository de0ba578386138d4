use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::session::{Called, SessionError};
use super::{Client, ClientError, session};
use crate::imitation::grammar::ApiError;

/// A server that gives one canned answer to each connection, and returns the requests.
async fn canned(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/prefix", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !complete(&bytes) {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the client left");
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            requests.push(String::from_utf8(bytes).unwrap());
        }
        requests
    });
    (url, serving)
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() == length.map_or(0, |length| length.parse().unwrap())
}

fn http(status: u16, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nrequest-id: req_1\r\n\r\n{body}",
        body.len()
    )
}

fn sse(events: &[Value]) -> String {
    let lines = events.iter().map(|data| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap()));
    http(200, "text/event-stream", &lines.collect::<String>())
}

fn start() -> Value {
    json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }})
}

fn end(reason: &str) -> [Value; 2] {
    let usage = json!({"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1});
    [
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}),
        json!({"type": "message_stop"}),
    ]
}

fn says(text: &str) -> String {
    let [delta, stop] = end("end_turn");
    sse(&[
        start(),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
        json!({"type": "content_block_stop", "index": 0}),
        delta,
        stop,
    ])
}

fn calls(name: &str, input: &Value) -> String {
    let [delta, stop] = end("tool_use");
    let arguments = json!({"type": "input_json_delta", "partial_json": input.to_string()});
    sse(&[
        start(),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t1", "name": name, "input": {}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": arguments}),
        json!({"type": "content_block_stop", "index": 0}),
        delta,
        stop,
    ])
}

async fn ask(answer: String, body: Value) -> Result<super::Answer, ClientError> {
    let (url, serving) = canned(vec![answer]).await;
    let answer = Client::new(&url, "token").unwrap().messages(&body).await;
    let requests = serving.await.unwrap();
    assert!(requests[0].starts_with("POST /prefix/v1/messages?beta=true HTTP/1.1\r\n"), "{}", requests[0]);
    answer
}

#[tokio::test]
async fn a_lawful_stream_becomes_an_answer() {
    let answer = ask(says("Hello"), json!({"stream": true})).await.unwrap();
    assert_eq!((answer.status, answer.message.text(), answer.error), (200, "Hello".to_owned(), None));
    assert_eq!((answer.events.len(), answer.headers["request-id"].to_str().unwrap()), (6, "req_1"));
    assert!(answer.first_event <= answer.total);
}

#[tokio::test]
async fn an_unlawful_stream_is_an_error_that_says_where() {
    let answer = ask(sse(&[start(), json!({"type": "message_stop"})]), json!({"stream": true})).await;
    assert_eq!(answer.unwrap_err().to_string(), "unlawful stream: event 2: `message_stop` without `message_delta`");
    let answer = ask(sse(&[start()]), json!({"stream": true})).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "unlawful stream: event 2: the stream ends without `message_stop` or `error`"
    );
}

#[tokio::test]
async fn a_cut_stream_is_cut_and_not_unlawful() {
    let whole = says("Hello");
    let cut = whole.replace("content-length: ", "content-length: 9");
    assert!(matches!(ask(cut, json!({"stream": true})).await, Err(ClientError::Cut { events: 6, .. })));
}

#[tokio::test]
async fn an_error_inside_a_stream_keeps_what_came_before() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let answer = ask(sse(&[start(), error]), json!({"stream": true})).await.unwrap();
    assert_eq!(answer.error, Some(ApiError { kind: "overloaded_error".to_owned(), message: "busy".to_owned() }));
    assert_eq!(answer.message.id, "msg_1");
}

#[tokio::test]
async fn an_error_in_place_of_an_answer_has_anthropics_envelope() {
    let error = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}).to_string();
    let answer = ask(http(429, "application/json", &error), json!({"stream": true})).await.unwrap();
    assert_eq!((answer.status, answer.error.unwrap().message), (429, "slow".to_owned()));
    let foreign = ask(http(429, "application/json", "{\"detail\":\"slow\"}"), json!({"stream": true})).await;
    assert!(matches!(foreign, Err(ClientError::Unlawful(_))));
}

#[tokio::test]
async fn an_answer_has_the_kind_that_was_asked_for() {
    assert!(matches!(ask(says("a"), json!({})).await, Err(ClientError::Unlawful(_))));
    let json = http(200, "application/json", "{}");
    assert!(matches!(ask(json, json!({"stream": true})).await, Err(ClientError::Unlawful(_))));
}

#[tokio::test]
async fn an_encoded_answer_is_refused() {
    let encoded = says("a").replace("request-id: req_1", "content-encoding: gzip");
    assert!(matches!(ask(encoded, json!({"stream": true})).await, Err(ClientError::Unlawful(_))));
}

#[test]
fn only_this_machine_is_spoken_to() {
    for url in
        ["https://127.0.0.1:1", "http://example.com", "http://10.0.0.1", "127.0.0.1:1", "http://127.0.0.1?x=1", ""]
    {
        assert!(matches!(Client::new(url, "t"), Err(ClientError::Address(_))), "{url}");
    }
    for url in ["http://127.0.0.1:1", "http://localhost:1/x/", "http://[::1]:1"] {
        assert!(Client::new(url, "t").is_ok(), "{url}");
    }
}

#[tokio::test]
async fn a_session_titles_counts_writes_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let input = json!({"file_path": folder.path().join("hello.txt"), "content": "Hello from Mistral\n"});
    let count = http(200, "application/json", "{\"input_tokens\":42}");
    let (url, serving) = canned(vec![says("{\"title\":\"a\"}"), count, calls("Write", &input), says("Done.")]).await;
    let report = session(&url, "token", folder.path()).await.unwrap();
    assert_eq!((report.requests, report.final_text.as_str(), report.counted_tokens), (4, "Done.", Some(42)));
    assert_eq!((report.input_tokens, report.cached_tokens, report.output_tokens), (9, 6, 3));
    let file = folder.path().canonicalize().unwrap().join("hello.txt");
    let result = Ok(format!("File created successfully at: {}", file.display()));
    assert_eq!(report.calls, [Called { name: "Write".to_owned(), input, result }]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "Hello from Mistral\n");

    let requests = serving.await.unwrap();
    let (head, body) = requests[3].split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nuser-agent: claude-cli/2.1.329 (external, sdk-cli)\r\n"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "system", "assistant", "user"]);
    assert_eq!(body["messages"][3]["content"][0]["tool_use_id"], "t1");
    // Two of the system blocks, and the last block of the last message.
    assert_eq!(body.to_string().matches("cache_control").count(), 3);
    assert!(body["system"][0]["text"].as_str().unwrap().starts_with("x-anthropic-billing-header:"));
}

#[tokio::test]
async fn a_session_stops_at_a_refusal() {
    let error = json!({"type": "error", "error": {"type": "api_error", "message": "no"}}).to_string();
    let (url, _serving) = canned(vec![http(500, "application/json", &error)]).await;
    let folder = tempfile::tempdir().unwrap();
    let error = session(&url, "token", folder.path()).await.unwrap_err();
    assert!(matches!(error, SessionError::Refused { what: "title", status: 500, .. }), "{error}");
}
