//! What Claude Code 2.1.329 puts into its requests, in small.
//!
//! Keys, headers and oddities are those that were recorded; the prose is
//! shortened, because nothing may depend on it.

use std::path::Path;

use serde_json::{Value, json};

/// Asked to do the work; the client takes an id of this kind for one that thinks.
pub(super) const MODEL: &str = "claude-opus-4-8";
/// Asked for titles.
pub(super) const BACKGROUND_MODEL: &str = "claude-haiku-4-5-20251001";

const SESSION: &str = "8f0b9a52-6f0e-4b53-9d1c-0d6a3f9f2b11";
const DEVICE: &str = "3b7d1f0a9c5e42d88e16b0f4a7c2d95e3b7d1f0a9c5e42d88e16b0f4a7c2d95e";

/// The headers of every inference, besides those of the token and the version.
pub(super) const HEADERS: &[(&str, &str)] = &[
    ("accept", "application/json"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    (
        "anthropic-beta",
        "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,\
         mid-conversation-tool-changes-2026-07-01,thinking-token-count-2026-05-13,advanced-tool-use-2025-11-20,\
         effort-2025-11-24",
    ),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("user-agent", "claude-cli/2.1.329 (external, sdk-cli)"),
    ("x-app", "cli"),
    ("x-claude-code-session-id", SESSION),
    ("x-stainless-arch", "x64"),
    ("x-stainless-lang", "js"),
    ("x-stainless-os", "Linux"),
    ("x-stainless-package-version", "0.128.0"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-runtime", "node"),
    ("x-stainless-runtime-version", "v24.3.0"),
    ("x-stainless-timeout", "600"),
];

/// The first messages: what the user wants, then a system message with the surroundings.
pub(super) fn opening(prompt: &str, folder: &Path) -> Vec<Value> {
    let surroundings = format!(
        "# Environment\nYou have been invoked in the following environment:\n \
         - Primary working directory: {}\n - Is a git repository: false\n - Platform: linux\n\n\
         # Agents\nAvailable agent types: general-purpose, Explore, Plan\n\nToday's date is 2026-11-21.",
        folder.display()
    );
    vec![
        json!({"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>\nAnswer in the user's language.\n</system-reminder>"},
            {"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}},
        ]}),
        json!({"role": "system", "content": surroundings}),
    ]
}

/// The request of the main loop.
pub(super) fn main_request(model: &str, messages: &[Value]) -> Value {
    json!({
        "model": model,
        "messages": messages,
        "system": system("You are an interactive agent that helps users with software engineering tasks."),
        "tools": tools(),
        "metadata": metadata(),
        "max_tokens": 32000,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "stream": true,
    })
}

/// The request in the background that gives the session its title.
pub(super) fn title_request(model: &str, prompt: &str) -> Value {
    let schema = json!({
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": false,
    });
    json!({
        "model": model,
        "messages": [{"role": "user", "content": [{"type": "text", "text": prompt}]}],
        "system": system("Generate a concise title for the session. Return JSON with a single field `title`."),
        "tools": [],
        "metadata": metadata(),
        "max_tokens": 32000,
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
        "stream": true,
    })
}

/// The request that counts the tokens of a prompt.
pub(super) fn count_request(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "foo"}], "tools": tools()})
}

fn system(prompt: &str) -> Value {
    json!([
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329.1f3; cc_entrypoint=sdk-cli;"},
        {
            "type": "text",
            "text": "You are Claude Code, Anthropic's official CLI for Claude.",
            "cache_control": {"type": "ephemeral"},
        },
        {"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}},
    ])
}

fn metadata() -> Value {
    let user = json!({"device_id": DEVICE, "account_uuid": "", "session_id": SESSION});
    json!({"user_id": user.to_string()})
}

fn tools() -> Value {
    let path = json!({"type": "string", "description": "The absolute path of the file"});
    let large = 9_007_199_254_740_991_u64;
    json!([
        tool(
            "Bash",
            "Runs a command in a shell.",
            &json!({
                "command": {"type": "string", "description": "The command to run"},
                "timeout": {"type": "number", "description": "Milliseconds, at most 600000"},
                "run_in_background": {"type": "boolean"},
            }),
            &["command"]
        ),
        tool(
            "Edit",
            "Replaces text in a file.",
            &json!({
                "file_path": path,
                "old_string": {"type": "string"},
                "new_string": {"type": "string"},
                "replace_all": {"type": "boolean", "default": false},
            }),
            &["file_path", "old_string", "new_string"]
        ),
        tool(
            "Grep",
            "Searches files.",
            &json!({
                "pattern": {"type": "string"},
                "output_mode": {"type": "string", "enum": ["content", "files_with_matches", "count"]},
                "-i": {"type": "boolean"},
                "-A": {"type": "number"},
            }),
            &["pattern"]
        ),
        tool(
            "Read",
            "Reads a file.",
            &json!({
                "file_path": path,
                "offset": {"type": "integer", "minimum": 0, "maximum": large},
                "limit": {"type": "integer", "exclusiveMinimum": 0, "maximum": large},
            }),
            &["file_path"]
        ),
        tool(
            "Write",
            "Writes a file, overwriting one that exists.",
            &json!({
                "file_path": path,
                "content": {"type": "string", "description": "The content of the file"},
            }),
            &["file_path", "content"]
        ),
    ])
}

fn tool(name: &str, description: &str, properties: &Value, required: &[&str]) -> Value {
    json!({
        "name": name,
        "description": description,
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        },
    })
}
