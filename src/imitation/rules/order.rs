//! Who may speak after whom, and which results belong to which calls.

use std::collections::HashSet;

use serde_json::Value;

use super::refusal::{Family, Refusal};

/// Checks the conversation; its form has been checked before.
pub(super) fn check(messages: &[Value]) -> Result<(), Refusal> {
    roles(messages)?;
    last(messages)?;
    for message in messages {
        if message["role"] == "assistant" {
            says_something(message)?;
        }
    }
    names_and_ids(messages)?;
    pairs(messages)
}

fn roles(messages: &[Value]) -> Result<(), Refusal> {
    let mut previous: Option<&Value> = None;
    for message in messages {
        let role = role(message);
        let Some(before) = previous.replace(message) else {
            if role == "assistant" || role == "tool" {
                return Err(order("Conversation must start with a user message or system message"));
            }
            continue;
        };
        let allowed = match self::role(before) {
            "system" | "user" => role == "user" || role == "assistant",
            "assistant" => role == "assistant" || role == "user" || (role == "tool" && !calls(before).is_empty()),
            // The library has allowed a user here since 1.11.1; the hosted API refused it until 2026-08-31 at least.
            _ => role == "assistant" || role == "tool",
        };
        if !allowed {
            return Err(order(format!("Unexpected role '{role}' after role '{}'", self::role(before))));
        }
    }
    Ok(())
}

fn last(messages: &[Value]) -> Result<(), Refusal> {
    let (Some(message), count) = (messages.last(), messages.len()) else { return Ok(()) };
    let prefix = |message: &Value| message["prefix"] == true;
    if let Some(early) = messages[..count - 1].iter().find(|message| prefix(message)) {
        let role = role(early);
        return Err(assistant(format!("{role} message with prefix True must be last message")));
    }
    match role(message) {
        "user" | "tool" => Ok(()),
        "assistant" if prefix(message) => Ok(()),
        role => Err(order(format!(
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got {role}"
        ))),
    }
}

fn says_something(message: &Value) -> Result<(), Refusal> {
    let content = match &message["content"] {
        Value::String(text) => !text.is_empty(),
        Value::Array(chunks) => !chunks.is_empty(),
        _ => false,
    };
    if content || !calls(message).is_empty() {
        return Ok(());
    }
    Err(assistant("Assistant message must have either content or tool_calls, but not none."))
}

fn names_and_ids(messages: &[Value]) -> Result<(), Refusal> {
    for message in messages {
        for call in calls(message) {
            id(&call["id"])?;
            name(&call["function"]["name"])?;
        }
        if role(message) == "tool" {
            id(&message["tool_call_id"])?;
            if let Some(called) = message.get("name") {
                name(called)?;
            }
        }
    }
    Ok(())
}

/// Checks that every call has one result and every result a call, among the tool messages that follow the calls.
fn pairs(messages: &[Value]) -> Result<(), Refusal> {
    let mut every: HashSet<&str> = HashSet::new();
    let mut open: HashSet<&str> = HashSet::new();
    for message in messages {
        if role(message) == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !open.remove(id) {
                return Err(if every.contains(id) {
                    order(format!("Duplicate tool call id {id} in tool results"))
                } else {
                    order(format!("Unexpected tool call id {id} in tool results"))
                });
            }
            continue;
        }
        if !open.is_empty() {
            return Err(unequal());
        }
        for call in calls(message) {
            let id = call["id"].as_str().unwrap_or_default();
            // Two turns with one id: the library does not mind, but a result could then mean either call.
            if !every.insert(id) {
                return Err(Refusal::meaning(
                    Family::Call,
                    format!("Duplicate tool call id {id} in assistant message"),
                ));
            }
            open.insert(id);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unequal()) }
}

/// Checks a name of a function, in a tool, a call or a result.
pub(super) fn name(name: &Value) -> Result<(), Refusal> {
    let name = name.as_str().unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    let message = format!(
        "Function name was {name} but must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64."
    );
    Err(Refusal::meaning(Family::Call, message))
}

fn id(id: &Value) -> Result<(), Refusal> {
    let id = id.as_str().unwrap_or_default();
    if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let message = format!("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.");
    Err(Refusal::meaning(Family::Call, message))
}

fn role(message: &Value) -> &str {
    message["role"].as_str().unwrap_or_default()
}

fn calls(message: &Value) -> &[Value] {
    message["tool_calls"].as_array().map_or(&[], Vec::as_slice)
}

fn order(message: impl Into<String>) -> Refusal {
    Refusal::meaning(Family::Order, message)
}

fn assistant(message: impl Into<String>) -> Refusal {
    Refusal::meaning(Family::Assistant, message)
}

fn unequal() -> Refusal {
    order("Not the same number of function calls and responses")
}
