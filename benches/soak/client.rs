//! A client that asks without end, and compares every answer with what the upstreams say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mcr::imitation::Client;
use mcr::imitation::client::{Answer, ClientError};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::TOKEN;
use crate::report::Report;
use crate::says::{Chance, MARK, said};

/// Longer than any of the clocks together.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks until the end.
pub async fn run(port: u16, client: usize, seed: u64, end: Instant, report: Arc<Report>) {
    let mut chance = Chance::new(seed ^ (client as u64) << 20);
    let http = Client::new(&format!("http://127.0.0.1:{port}"), TOKEN).expect("a loopback address");
    let mut number = client as u64 * 1_000_000;
    while Instant::now() < end {
        number += 1;
        let outcome = match chance.below(20) {
            0 | 1 => asked(&http, number, false).await,
            2 => left(&http, number, chance.below(300) as u64).await,
            _ => asked(&http, number, true).await,
        };
        match outcome {
            Ok(kind) => report.outcome(&kind),
            Err(what) => report.untruthful(format!("question {number}: {what}")),
        }
    }
}

fn request(number: u64, stream: bool) -> Value {
    json!({
        "model": "claude-sonnet-4-5", "max_tokens": 1_000, "stream": stream,
        "messages": [{"role": "user", "content": format!("{MARK}{number:08}")}],
        "tools": [{"name": "Read", "description": "Reads a file", "input_schema": {"type": "object", "properties": {
            "file_path": {"type": "string"}, "limit": {"type": "integer"}}}}],
    })
}

/// Asks and hears the answer to its end.
async fn asked(http: &Client, number: u64, stream: bool) -> Result<String, String> {
    let answer = timeout(PATIENCE, http.messages(&request(number, stream))).await;
    match answer {
        Err(_) => Err("no end of the answer within a minute".to_owned()),
        Ok(Err(ClientError::Unlawful(what))) => Err(what.to_string()),
        Ok(Err(error)) => Err(format!("{error}: {:?}", std::error::Error::source(&error))),
        Ok(Ok(answer)) => judged(&answer, number),
    }
}

/// Asks, and leaves after some milliseconds.
async fn left(http: &Client, number: u64, after: u64) -> Result<String, String> {
    match timeout(Duration::from_millis(after), http.messages(&request(number, true))).await {
        Err(_) => Ok("client left".to_owned()),
        Ok(Ok(answer)) => judged(&answer, number),
        Ok(Err(error)) => Err(error.to_string()),
    }
}

/// Says how an answer ended, unless it says what nobody has said.
fn judged(answer: &Answer, number: u64) -> Result<String, String> {
    let text = heard(answer);
    let Some(error) = &answer.error else {
        let who = if text.starts_with("[two]") { "two" } else { "one" };
        let said = said(who, number);
        let calls: Vec<Value> = answer.message.calls().map(|call| call.input.clone()).collect();
        if text != said.text || calls != said.call.iter().cloned().collect::<Vec<_>>() {
            return Err(format!("told as finished is `{text}` with {calls:?}, said was {said:?}"));
        }
        let is_second = answer.header("x-mcr-fallback-from").is_some();
        return Ok(if is_second { "answered by the other target" } else { "answered" }.to_owned());
    };
    if answer.status != 200 {
        return Ok(format!("error {} {}", answer.status, error.kind));
    }
    let is_beginning = ["one", "two"].iter().any(|who| said(who, number).text.starts_with(&text));
    if !is_beginning {
        return Err(format!("before the error was told `{text}`, which nobody said"));
    }
    Ok(format!("stream ended with {}", error.kind))
}

/// All the text, that of a block which an error broke off included.
fn heard(answer: &Answer) -> String {
    if answer.events.is_empty() {
        return answer.message.text();
    }
    answer.events.iter().filter_map(|event| event.data["delta"]["text"].as_str()).collect()
}
