//! What was cut short never looks finished.

use mcr::imitation::Reply;
use mcr::imitation::client::Answer;
use serde_json::json;

use crate::common::{Rig, ask, whole};

/// Short clocks, for upstreams that fall silent.
async fn rig(reply: Reply) -> Rig {
    let clocks = json!({"idle_ms": 200, "total_ms": 200});
    Rig::configured([reply], |config| config["Clocks"] = clocks).await
}

/// Claims that a stream ends in an error, with what came before it.
async fn broken(reply: Reply, sketch: &str, message: &str) {
    let answer = rig(reply).await.messages(&ask("Hi")).await;
    assert_eq!((answer.status, answer.sketch().as_str()), (200, sketch));
    assert_eq!(error(&answer), message);
    assert_eq!(answer.message.stop_reason, None);
}

/// Claims that a whole answer is an HTTP error.
async fn refused(reply: Reply, status: u16, message: &str) {
    let answer = rig(reply).await.messages(&whole(ask("Hi"))).await;
    assert_eq!((answer.status, error(&answer)), (status, message));
}

fn error(answer: &Answer) -> &str {
    answer.error.as_ref().map(|error| error.message.as_str()).expect("an error")
}

#[tokio::test]
async fn a_cut_stream_ends_in_an_error() {
    let what = "mistral: the connection broke in the middle of the answer";
    broken(Reply::new().text("Hel").cut(), "start text(0)+ error(api_error)", what).await;
}

#[tokio::test]
async fn a_cut_whole_answer_is_an_error() {
    refused(Reply::new().text("Hel").cut(), 502, "mistral: the connection broke in the middle of the answer").await;
}

#[tokio::test]
async fn a_stream_that_stalls_ends_in_an_error_when_the_idle_clock_has_run_out() {
    let what = "mistral: silent for 0.2 s (`idle` clock)";
    broken(Reply::new().text("Hel").stall(), "start text(0)+ error(timeout_error)", what).await;
}

#[tokio::test]
async fn a_whole_answer_that_stalls_is_an_error_when_the_total_clock_has_run_out() {
    refused(Reply::new().stall(), 504, "mistral: no answer within 0.2 s (`total` clock)").await;
}

#[tokio::test]
async fn a_stream_without_a_finish_reason_ends_in_an_error() {
    let what = "mistral: `mistral-medium-3-5` cut the stream before its end";
    broken(Reply::new().text("Hel"), "start text(0)+ error(api_error)", what).await;
    broken(Reply::new().text("Hel").without_done(), "start text(0)+ error(api_error)", what).await;
}

#[tokio::test]
async fn a_whole_answer_without_a_finish_reason_is_an_error() {
    refused(Reply::new().text("Hel"), 502, "mistral: `mistral-medium-3-5` cut the stream before its end").await;
}

#[tokio::test]
async fn a_call_with_broken_arguments_ends_in_an_error() {
    let reply =
        Reply::new().text("Now").tool_call("Write", r#"{"file_path": "/a", "content": "ha"#).finish("tool_calls");
    let what = "mistral: `mistral-medium-3-5` sent broken JSON as the arguments of a call of `Write`";
    broken(reply.clone(), "start text(0)+ error(api_error)", what).await;
    refused(reply, 502, what).await;
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_passed_on_as_one() {
    let frame = json!({"object": "error", "message": "Service tier capacity exceeded", "code": "3505"});
    let what = "mistral: the upstream failed in the middle of its answer: Service tier capacity exceeded";
    broken(Reply::new().text("Hel").error_frame(frame), "start text(0)+ error(api_error)", what).await;
}

#[tokio::test]
async fn a_finish_that_is_an_error_is_one() {
    let what = "mistral: `mistral-medium-3-5` stopped with an error of its own";
    broken(Reply::new().text("Hel").finish("error"), "start text(0)+ error(api_error)", what).await;
}

#[tokio::test]
async fn a_stream_that_turns_into_nonsense_ends_in_an_error() {
    let what = "mistral: `mistral-medium-3-5` sent a chunk that is not a chat completions chunk";
    broken(Reply::new().text("Hel").raw("data: {\"choices\": [\n\n"), "start text(0)+ error(api_error)", what).await;
}

#[tokio::test]
async fn an_answer_that_reached_its_limit_says_so() {
    let reply = Reply::new().text("Hel").finish("length");
    let answer = rig(reply).await.messages(&ask("Hi")).await;
    assert_eq!(answer.sketch(), "start text(0)+ stop(0) delta(max_tokens) end");
}
