//! The model of the check without a network: it can do one task, and does it the same way every time.
//!
//! Asked to create `hello.txt` it calls `Write`, and after the result it says
//! what it did. Asked to join two words it says the one that they make. To
//! anything else it has a short answer.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::reply::Reply;

/// What the file holds.
pub const CONTENT: &str = "Hello from Mistral\n";

const FILE: &str = "hello.txt";
const WORDS: &str = "Hello from Mistral";
const HALVES: &str = "\"light\" and \"house\"";
const JOINED: &str = "lighthouse";

/// Answers like an agent's model.
#[derive(Debug, Clone, Default)]
pub struct Brain {
    folder: Option<PathBuf>,
}

impl Brain {
    /// Works where the prompt says that the working directory is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Works in this folder, whatever the prompt says.
    pub fn for_task(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }

    /// Answers a request of Mistral's chat completions.
    pub fn answer(&self, body: &Value) -> Reply {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let reply = match &body["reasoning_effort"] {
            Value::String(effort) if effort != "none" => {
                Reply::new().thinking("The task is small. ").thinking("One step.")
            }
            _ => Reply::new(),
        };
        let reply = if let Some(schema) = wanted_schema(body) {
            reply.text(fill(schema).to_string()).finish("stop")
        } else if !offers_write(body) {
            reply.text("Create a greeting file").finish("stop")
        } else if says(messages, &[HALVES]) {
            reply.text(JOINED).finish("stop")
        } else if !says(messages, &[FILE, WORDS]) {
            reply.text("I can create hello.txt for you.").finish("stop")
        } else if let Some(result) = result_of_write(messages) {
            let what = format!("Write for {FILE} with the text \"{WORDS}\". It said: {result}");
            reply.text("Done: I called ").text(what).finish("stop")
        } else if let Some(folder) = self.folder.clone().or_else(|| named_folder(messages)) {
            let arguments = json!({"file_path": folder.join(FILE), "content": CONTENT});
            reply
                .text("I will create ")
                .text(FILE)
                .text(".")
                .tool_call("Write", arguments.to_string())
                .finish("tool_calls")
        } else {
            reply.text("I cannot tell which folder to work in.").finish("stop")
        };
        let prompt = prompt_tokens(body);
        // Blocks of 64 tokens are cached, from the second turn on and under a key.
        let known =
            messages.iter().any(|message| message["role"] == "assistant") && body["prompt_cache_key"].is_string();
        let cached = if known { prompt / 2 / 64 * 64 } else { 0 };
        reply.usage(prompt, 24, cached)
    }
}

/// Bytes to tokens as they are for an agent's prompts, roughly.
fn prompt_tokens(body: &Value) -> u64 {
    (body.to_string().len() / 4) as u64
}

fn offers_write(body: &Value) -> bool {
    body["tools"].as_array().into_iter().flatten().any(|tool| tool["function"]["name"] == "Write")
}

/// Whether one message of the user's has all of these words.
fn says(messages: &[Value], words: &[&str]) -> bool {
    let mut said = messages.iter().filter(|message| message["role"] == "user").map(text);
    said.any(|text| words.iter().all(|words| text.contains(words)))
}

/// Returns what the tool said to the call that wrote the file.
fn result_of_write(messages: &[Value]) -> Option<String> {
    let calls = messages.iter().filter_map(|message| message["tool_calls"].as_array()).flatten();
    let id = calls.filter(|call| call["function"]["name"] == "Write").map(|call| &call["id"]).next_back()?;
    messages.iter().find(|message| &message["tool_call_id"] == id).map(text)
}

/// Finds `working directory: …` in the prompt, wherever the proxy has put it.
fn named_folder(messages: &[Value]) -> Option<PathBuf> {
    messages.iter().find_map(|message| {
        text(message).lines().find_map(|line| {
            let (_, folder) = line.split_once("orking directory: ")?;
            Some(PathBuf::from(folder.trim())).filter(|folder| folder.is_absolute())
        })
    })
}

fn text(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(chunks) => chunks.iter().filter_map(|chunk| chunk["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

fn wanted_schema(body: &Value) -> Option<&Value> {
    body["response_format"]["json_schema"].get("schema")
}

/// Gives every property of a schema a short text.
fn fill(schema: &Value) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let filled: Map<String, Value> =
        properties.map(|(name, _)| (name.clone(), json!("Create a greeting file"))).collect();
    Value::Object(filled)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::imitation::reply::{Part, Scene};
    use crate::imitation::{Client, Imitation};

    fn answer(body: &Value) -> Value {
        let scene = Scene { model: "m".to_owned(), stream: false, turn: 0 };
        let rendered = Brain::new().answer(body).render(&scene).unwrap();
        let [Part::Bytes(bytes)] = rendered.parts.as_slice() else { panic!("{rendered:?}") };
        serde_json::from_slice::<Value>(bytes).unwrap()["choices"][0]["message"].take()
    }

    fn task() -> Value {
        json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "Create hello.txt with the text \"Hello from Mistral\""},
                    {"type": "text", "text": "<system-reminder>\n - Primary working directory: /work here\n</system-reminder>"},
                ]},
            ],
            "tools": [{"type": "function", "function": {"name": "Write", "parameters": {}}}],
        })
    }

    #[test]
    fn the_task_leads_to_a_write_in_the_named_folder() {
        let message = answer(&task());
        let arguments: Value =
            serde_json::from_str(message["tool_calls"][0]["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({"file_path": "/work here/hello.txt", "content": "Hello from Mistral\n"}));
        assert_eq!(message["content"], "I will create hello.txt.");
    }

    #[test]
    fn a_result_leads_to_a_last_text() {
        let mut body = task();
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(json!({"role": "assistant", "tool_calls": [
            {"id": "aaaaaaaa1", "function": {"name": "Write", "arguments": "{}"}},
        ]}));
        messages.push(json!({"role": "tool", "tool_call_id": "aaaaaaaa1", "content": "created"}));
        let message = answer(&body);
        assert_eq!(message["tool_calls"], Value::Null);
        let text = "Done: I called Write for hello.txt with the text \"Hello from Mistral\". It said: created";
        assert_eq!(message["content"], text);
    }

    #[test]
    fn two_words_are_joined_to_one() {
        let mut body = task();
        body["messages"][1]["content"] = json!("Join \"light\" and \"house\" into one word.");
        assert_eq!(answer(&body)["content"], "lighthouse");
    }

    #[test]
    fn a_request_without_tools_gets_a_short_text() {
        let mut body = task();
        body.as_object_mut().unwrap().shift_remove("tools");
        assert_eq!(answer(&body)["content"], "Create a greeting file");
    }

    #[test]
    fn a_wanted_schema_is_filled() {
        let mut body = task();
        let schema = json!({"type": "object", "properties": {"title": {"type": "string"}}});
        body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}});
        assert_eq!(answer(&body)["content"], "{\"title\":\"Create a greeting file\"}");
    }

    #[test]
    fn it_thinks_when_asked_to() {
        let mut body = task();
        body["reasoning_effort"] = json!("high");
        assert_eq!(answer(&body)["content"][0]["thinking"][0]["text"], "The task is small. One step.");
    }

    #[tokio::test]
    async fn the_imitation_takes_back_what_the_brain_has_said() {
        let brain = Brain::for_task(Path::new("/work"));
        let imitation = Imitation::start(move |body, _| brain.answer(body)).await.unwrap();
        let client = Client::new(&imitation.base_url(), "key").unwrap();
        let mut body = task();
        body["model"] = json!("mistral-medium-3-5");
        body["tools"][0]["function"]["parameters"] = json!({"type": "object", "properties": {}});
        let mut said = Vec::new();
        for _ in 0..2 {
            let answer = client.raw(&Method::POST, "/v1/chat/completions", body.to_string()).await.unwrap();
            assert_eq!(imitation.refusals(), []);
            let mut message = answer.json()["choices"][0]["message"].take();
            said.push(message["content"].clone());
            let call = message["tool_calls"][0]["id"].clone();
            let messages = body["messages"].as_array_mut().unwrap();
            message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            messages.push(message);
            messages.push(json!({"role": "tool", "tool_call_id": call, "content": "created"}));
        }
        assert_eq!(said[0], "I will create hello.txt.");
        assert!(said[1].as_str().unwrap().starts_with("Done: "), "{}", said[1]);
    }
}
