//! A whole session as Claude Code would run it: a title in the background, a count, and the main loop.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::workspace::Workspace;
use super::{Answer, Client, ClientError, costume};
use crate::imitation::grammar::Message;

/// What the session is asked for unless the caller asks for something else.
pub const PROMPT: &str = "Create a file named hello.txt with the text \"Hello from Mistral\" in the working directory.";

/// A model that is still calling tools by then is not getting anywhere.
const MOST_TURNS: usize = 12;

/// What a session did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Requests sent, the count and the title among them.
    pub requests: usize,
    /// Calls, in order.
    pub calls: Vec<Called>,
    /// The text of the last message.
    pub final_text: String,
    /// The answer to the request for a title.
    pub title: String,
    /// The counted tokens; `None` when the server does not count.
    pub counted_tokens: Option<u64>,
    /// Whether any message held thinking.
    pub thought: bool,
    /// The sum of uncached input tokens.
    pub input_tokens: u64,
    /// The sum of input tokens from the cache.
    pub cached_tokens: u64,
    /// The sum of output tokens.
    pub output_tokens: u64,
}

/// One call of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub input: Value,
    /// What the tool said, or why it refused.
    pub result: Result<String, String>,
}

/// Why a session did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The folder cannot be used.
    #[error("cannot use the working directory")]
    Folder(#[source] io::Error),
    /// No lawful answer came.
    #[error("the {what} failed")]
    Client {
        /// Which request.
        what: &'static str,
        /// Why.
        source: ClientError,
    },
    /// An error came in place of an answer.
    #[error("the {what} was refused: status {status}: {message}")]
    Refused {
        /// Which request.
        what: &'static str,
        /// The HTTP status; 200 for an error inside a stream.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The model kept calling tools.
    #[error("no end after {MOST_TURNS} turns")]
    Endless,
}

/// Runs the default task with Claude Code's own model names.
pub async fn session(base_url: &str, token: &str, folder: &Path) -> Result<Report, SessionError> {
    session_with(base_url, token, folder, costume::MODEL, PROMPT).await
}

/// Runs a task with a model.
pub async fn session_with(
    base_url: &str,
    token: &str,
    folder: &Path,
    model: &str,
    prompt: &str,
) -> Result<Report, SessionError> {
    let workspace = Workspace::open(folder).map_err(SessionError::Folder)?;
    let client = dressed(base_url, token).map_err(failed("connection"))?;
    let mut report = Report::default();

    let title = ask(&client, "title", &costume::title_request(costume::BACKGROUND_MODEL, prompt), &mut report).await?;
    report.title = title.text();

    report.requests += 1;
    let counted = client.count_tokens(&costume::count_request(model)).await.map_err(failed("count"))?;
    report.counted_tokens = counted.json()["input_tokens"].as_u64();

    let mut messages = costume::opening(prompt, folder);
    for _ in 0..MOST_TURNS {
        let message = ask(&client, "task", &costume::main_request(model, &messages), &mut report).await?;
        messages.push(json!({"role": "assistant", "content": message.content()}));
        let results = results(&workspace, &message, &mut report);
        if results.is_empty() {
            report.final_text = message.text();
            return Ok(report);
        }
        move_cache_mark(&mut messages);
        messages.push(json!({"role": "user", "content": results}));
    }
    Err(SessionError::Endless)
}

fn dressed(base_url: &str, token: &str) -> Result<Client, ClientError> {
    costume::HEADERS.iter().try_fold(Client::new(base_url, token)?, |client, (name, value)| client.header(name, value))
}

async fn ask(client: &Client, what: &'static str, body: &Value, report: &mut Report) -> Result<Message, SessionError> {
    report.requests += 1;
    let Answer { status, message, error, .. } = client.messages(body).await.map_err(failed(what))?;
    if let Some(error) = error {
        return Err(SessionError::Refused { what, status, message: error.message });
    }
    let count = |key: &str| message.usage[key].as_u64().unwrap_or_default();
    report.input_tokens += count("input_tokens");
    report.cached_tokens += count("cache_read_input_tokens");
    report.output_tokens += count("output_tokens");
    report.thought |= !message.thinking().is_empty();
    Ok(message)
}

fn results(workspace: &Workspace, message: &Message, report: &mut Report) -> Vec<Value> {
    let mut results: Vec<Value> = Vec::new();
    for call in message.calls() {
        let result = workspace.run(call.name, call.input);
        results.push(match &result {
            Ok(text) => json!({"tool_use_id": call.id, "type": "tool_result", "content": text}),
            Err(text) => json!({"type": "tool_result", "content": text, "is_error": true, "tool_use_id": call.id}),
        });
        report.calls.push(Called { name: call.name.to_owned(), input: call.input.clone(), result });
    }
    if let Some(last) = results.last_mut() {
        last["cache_control"] = json!({"type": "ephemeral"});
    }
    results
}

/// The mark stands on the last block of the last message only.
fn move_cache_mark(messages: &mut [Value]) {
    for block in messages.iter_mut().filter_map(|message| message["content"].as_array_mut()).flatten() {
        if let Some(block) = block.as_object_mut() {
            block.shift_remove("cache_control");
        }
    }
}

fn failed(what: &'static str) -> impl FnOnce(ClientError) -> SessionError {
    move |source| SessionError::Client { what, source }
}
