//! An answer arrives while it is being given, and says the same in either form.

use std::sync::atomic::{AtomicUsize, Ordering};

use mcr::imitation::grammar::{Block, Message};
use mcr::imitation::server::End;
use mcr::imitation::{Gate, Imitation, Reply};
use serde_json::json;

use crate::common::{Rig, Sandbox, ask, config, soon, whole};

#[tokio::test]
async fn text_arrives_before_the_upstream_has_finished() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::new().text("Hel").gate(&gate).text("lo").finish("stop")]).await;
    let mut stream = rig.open(&ask("Hi")).await;
    assert_eq!(soon(stream.wait_for_text("Hel")).await.unwrap(), "Hel");
    assert_eq!(rig.upstream.captured()[0].end, End::Open);
    gate.open();
    assert_eq!(soon(stream.finish()).await.unwrap().message.text(), "Hello");
}

#[tokio::test]
async fn the_first_word_goes_out_as_soon_as_it_is_in_with_the_beginning_before_it() {
    let gate = Gate::new();
    // What Mistral sends first is a role and no text.
    let first = json!({"role": "assistant", "content": ""});
    let rig = Rig::new([Reply::new().delta(first).text("Hel").gate(&gate).text("lo").finish("stop")]).await;
    let mut stream = rig.open(&ask("Hi")).await;
    assert_eq!(stream.status(), 200);
    for name in ["message_start", "content_block_start", "content_block_delta"] {
        assert_eq!(soon(stream.next_event()).await.unwrap().expect("an event").name, name);
    }
    gate.open();
    assert_eq!(soon(stream.finish()).await.unwrap().sketch(), "start text(0)+ stop(0) delta(end_turn) end");
}

/// Everything an answer can hold.
fn rich() -> Reply {
    Reply::new()
        .thinking("Two files, ")
        .thinking("one call each.")
        .text_as_list("I look ")
        .text("at both.")
        .tool_call("Read", r#"{"file_path": "/a"}"#)
        .tool_call("Read", r#"{"file_path": "/b"}"#)
        .finish("tool_calls")
        .usage(120, 30, 100)
}

/// What is said, without the ids, which no two answers share.
fn said(message: &Message) -> (Vec<Block>, Option<&str>, &serde_json::Value) {
    let blocks = message.blocks.iter().map(|block| match block {
        Block::ToolUse { name, input, .. } => {
            Block::ToolUse { id: String::new(), name: name.clone(), input: input.clone() }
        }
        other => other.clone(),
    });
    (blocks.collect(), message.stop_reason.as_deref(), &message.usage)
}

#[tokio::test]
async fn a_streamed_answer_and_a_whole_one_say_the_same() {
    let rig = Rig::new([rich(), rich()]).await;
    let streamed = rig.messages(&ask("Hi")).await;
    let in_one_piece = rig.messages(&whole(ask("Hi"))).await;
    assert_eq!(said(&streamed.message), said(&in_one_piece.message));
    assert_eq!((streamed.status, in_one_piece.status), (200, 200));
    assert_eq!(in_one_piece.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn thinking_text_and_parallel_calls_are_blocks_of_their_own() {
    let rig = Rig::new([rich()]).await;
    let answer = rig.messages(&ask("Hi")).await;
    assert_eq!(
        answer.sketch(),
        "start thinking(0)+ stop(0) text(1)+ stop(1) tool(2)+ stop(2) tool(3)+ stop(3) delta(tool_use) end"
    );
    assert_eq!(answer.message.thinking(), "Two files, one call each.");
    assert_eq!(answer.message.text(), "I look at both.");
    let inputs: Vec<_> = answer.message.calls().map(|call| call.input.clone()).collect();
    assert_eq!(inputs, [json!({"file_path": "/a"}), json!({"file_path": "/b"})]);
    let usage = &answer.message.usage;
    assert_eq!((&usage["input_tokens"], &usage["cache_read_input_tokens"]), (&json!(20), &json!(100)));
}

#[tokio::test]
async fn calls_that_come_in_fragments_arrive_whole() {
    let calls = [("Read", r#"{"file_path": "/some/long/path"}"#), ("Bash", r#"{"command": "ls -la"}"#)];
    let rig = Rig::new([Reply::new().tool_calls_in_fragments(calls).finish("tool_calls")]).await;
    let answer = rig.messages(&ask("Hi")).await;
    let inputs: Vec<_> = answer.message.calls().map(|call| call.input.clone()).collect();
    assert_eq!(inputs, [json!({"file_path": "/some/long/path"}), json!({"command": "ls -la"})]);
}

#[tokio::test]
async fn a_server_that_answers_json_to_a_stream_request_is_streamed_all_the_same() {
    let completion = json!({
        "id": "1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    });
    let rig = Rig::new([Reply::status(200, &completion)]).await;
    let answer = rig.messages(&ask("Hi")).await;
    assert_eq!(answer.sketch(), "start text(0)+ stop(0) delta(end_turn) end");
    assert_eq!(answer.message.text(), "Hello");
}

#[tokio::test]
async fn of_fifty_streams_at_once_each_gets_its_own() {
    const STREAMS: usize = 50;
    let gate = Gate::new();
    let upstream = {
        let gate = gate.clone();
        let brain = move |body: &serde_json::Value, _| {
            let asked = body["messages"][0]["content"].as_str().expect("a text").to_owned();
            Reply::new().text(format!("{asked}: ")).gate(&gate).text(asked).finish("stop")
        };
        Imitation::start(brain).await.unwrap()
    };
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["Providers"][0]["limits"] = json!({"max_concurrency": STREAMS});
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let halfway = std::sync::Arc::new(AtomicUsize::new(0));
    let streams: Vec<_> = (0..STREAMS)
        .map(|number| {
            let (client, gate, halfway) = (server.client(), gate.clone(), halfway.clone());
            tokio::spawn(async move {
                let words = format!("stream {number}");
                let mut stream = client.open(&ask(&words)).await.unwrap();
                stream.wait_for_text(": ").await.unwrap();
                // The last to arrive opens the gate, so all of them are open at the same time.
                if halfway.fetch_add(1, Ordering::SeqCst) + 1 == STREAMS {
                    gate.open();
                }
                (stream.finish().await.unwrap().message.text(), format!("{words}: {words}"))
            })
        })
        .collect();
    for stream in streams {
        let (text, expected) = soon(stream).await.unwrap();
        assert_eq!(text, expected);
    }
}
