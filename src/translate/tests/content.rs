//! Images, documents and blocks of other kinds: never lost without a word.

use serde_json::{Value, json};

use super::{check, check_for, dialect_target, draw, model, plain, target_with, translate};
use crate::config::{Dialect, Target};
use crate::wire::error::ErrorKind;

fn image() -> Value {
    json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}})
}

fn pdf() -> Value {
    json!({"type": "document", "title": "a.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}})
}

fn turn(blocks: &[Value]) -> Value {
    json!([{"role": "user", "content": blocks}])
}

/// A conversation whose last turn is this result.
fn after_a_call(content: &[Value]) -> Value {
    json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Read", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": content}]},
    ])
}

#[track_caller]
fn last(target: &Target, messages: &Value, expect: &str) {
    let (sent, _) = translate(target, &json!({"messages": messages})).unwrap();
    assert_eq!(draw(&sent["messages"]).last().map(String::as_str), Some(expect));
}

#[test]
fn an_image_of_a_turn_is_a_data_url() {
    check(
        &turn(&[json!({"type": "text", "text": "see"}), image()]),
        &["user: [see] [image data:image/png;base64,AAAA]"],
    );
}

#[test]
fn an_image_by_url_stays_a_url() {
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}});
    check(&turn(&[image]), &["user: [image https://x.example/a.png]"]);
}

#[test]
fn an_image_of_a_result_stays_there_where_the_model_takes_it() {
    check(
        &after_a_call(&[image()]),
        &["user: go", "assistant: +Read {}", "tool Read: [image data:image/png;base64,AAAA]"],
    );
}

#[test]
fn a_model_without_eyes_is_told_of_the_image() {
    let note = "[an image is not shown: test-model cannot see images]";
    check_for(&target_with(plain()), &turn(&[image()]), &[&format!("user: {note}")]);
    check_for(
        &target_with(plain()),
        &after_a_call(&[image()]),
        &["user: go", "assistant: +Read {}", &format!("tool Read: {note}")],
    );
    let (_, dropped) = translate(&target_with(plain()), &json!({"messages": turn(&[image()])})).unwrap();
    assert_eq!(dropped.to_string(), "image x1");
}

#[test]
fn an_image_from_a_file_store_is_a_note() {
    let image = json!({"type": "image", "source": {"type": "file", "file_id": "f"}});
    check(&turn(&[image]), &["user: [an image is not shown: its source is neither data nor a URL]"]);
    check(&turn(&[json!({"type": "image"})]), &["user: [an image is not shown: its source is neither data nor a URL]"]);
}

#[test]
fn a_pdf_goes_to_mistral_as_a_document() {
    check(&turn(&[pdf()]), &["user: [document a.pdf data:application/pdf;base64,JVBE]"]);
    last(
        &target_with(model()),
        &after_a_call(&[pdf()]),
        "tool Read: [document a.pdf data:application/pdf;base64,JVBE]",
    );
}

#[test]
fn a_document_of_text_is_text_everywhere() {
    let document = json!({"type": "document", "title": "notes", "context": "of May", "source": {"type": "text", "media_type": "text/plain", "data": "the text"}});
    for dialect in Dialect::ALL {
        last(
            &dialect_target(dialect, plain()),
            &turn(std::slice::from_ref(&document)),
            "user: of May\n\nDocument: notes\n\nthe text",
        );
    }
}

#[test]
fn a_document_of_blocks_is_its_blocks() {
    let document = json!({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "one"}, image()]}});
    check(&turn(&[document]), &["user: [one] [image data:image/png;base64,AAAA]"]);
    let document = json!({"type": "document", "source": {"type": "content", "content": "one"}});
    check(&turn(&[document]), &["user: one"]);
}

#[test]
fn a_document_that_nobody_there_reads_is_refused_in_a_turn() {
    let target = dialect_target(Dialect::Ollama, model());
    let error = translate(&target, &json!({"messages": turn(&[pdf()])})).unwrap_err();
    assert_eq!((error.status, error.kind, error.retry), (400, ErrorKind::PolicyBlocked, false));
    assert!(error.message.contains("a document (application/pdf) cannot be sent to `test-model`"), "{error}");
}

#[test]
fn a_document_that_nobody_there_reads_is_a_note_in_a_result() {
    last(
        &dialect_target(Dialect::Ollama, model()),
        &after_a_call(&[pdf()]),
        "tool Read: [a document (application/pdf) is not shown: mistral takes text and images only; turn it into text with a command such as `pdftotext` and read that]",
    );
}

#[test]
fn a_document_without_a_source_is_not_lost_without_a_word() {
    let document = json!({"type": "document", "title": "a"});
    for dialect in [Dialect::Mistral, Dialect::Vllm] {
        let target = dialect_target(dialect, model());
        assert!(translate(&target, &json!({"messages": turn(std::slice::from_ref(&document))})).is_err());
        let (_, dropped) =
            translate(&target, &json!({"messages": after_a_call(std::slice::from_ref(&document))})).unwrap();
        assert_eq!(dropped.to_string(), "document x1");
    }
}

#[test]
fn a_tool_that_was_loaded_is_named() {
    let references = [
        json!({"type": "tool_reference", "tool_name": "WebFetch"}),
        json!({"type": "tool_reference", "tool_name": "Task"}),
    ];
    last(&target_with(model()), &after_a_call(&references), "tool Read: Loaded tool: WebFetch\n\nLoaded tool: Task");
}

#[test]
fn a_block_of_another_kind_is_a_note_or_its_text() {
    check(&turn(&[json!({"type": "hologram"})]), &["user: [content of type `hologram` is not shown]"]);
    check(&turn(&[json!({"type": "hologram", "text": "words"})]), &["user: words"]);
}

#[test]
fn what_stands_in_a_block_of_another_kind_is_not_lost() {
    let found = json!({"type": "search_result", "source": "https://x.example/a", "title": "A", "content": [{"type": "text", "text": "words"}], "citations": {"enabled": true}});
    check(&turn(&[found]), &["user: A\n\nhttps://x.example/a\n\nwords"]);
    check(&turn(&[json!({"type": "hologram", "content": "words"})]), &["user: words"]);
}

#[test]
fn an_image_alone_in_a_turn_after_results_stands_behind_a_bridge() {
    let mut messages = after_a_call(&[json!({"type": "text", "text": "x"})]);
    messages[2]["content"].as_array_mut().unwrap().push(image());
    check(
        &messages,
        &[
            "user: go",
            "assistant: +Read {}",
            "tool Read: x",
            "assistant: I have the tool results.",
            "user: [image data:image/png;base64,AAAA]",
        ],
    );
}
