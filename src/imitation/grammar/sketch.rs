//! A stream in one line, for tests that care about its shape and not about its words.

use super::Event;

/// Draws events: `start text(0)+ stop(0) delta(end_turn) end`. A plus stands for one delta or more.
pub fn sketch(events: &[Event]) -> String {
    let mut words: Vec<String> = Vec::new();
    for event in events {
        let data = &event.data;
        let word = match event.name.as_str() {
            "message_start" => "start".to_owned(),
            "content_block_start" => {
                let kind = data["content_block"]["type"].as_str().unwrap_or_default();
                format!("{}({})", if kind == "tool_use" { "tool" } else { kind }, data["index"])
            }
            "content_block_delta" => {
                if let Some(last) = words.last_mut().filter(|last| !last.ends_with('+')) {
                    last.push('+');
                }
                continue;
            }
            "content_block_stop" => format!("stop({})", data["index"]),
            "message_delta" => format!("delta({})", data["delta"]["stop_reason"].as_str().unwrap_or("null")),
            "message_stop" => "end".to_owned(),
            "error" => format!("error({})", data["error"]["type"].as_str().unwrap_or_default()),
            other => other.to_owned(),
        };
        words.push(word);
    }
    words.join(" ")
}
