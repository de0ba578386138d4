use std::panic::{AssertUnwindSafe, catch_unwind};

use http::Method;
use serde_json::{Value, json};

use super::{End, Imitation, Law, Models, Scripted};
use crate::imitation::client::{Client, ClientError, Raw};
use crate::imitation::{Gate, Reply};

const CHAT: &str = "/v1/chat/completions";

fn request() -> Value {
    json!({"model": "mistral-medium-3-5", "stream": true, "messages": [{"role": "user", "content": "Hi"}]})
}

fn client(imitation: &Imitation) -> Client {
    Client::new(&imitation.base_url(), "key").unwrap()
}

async fn ask(imitation: &Imitation, body: &Value) -> Raw {
    client(imitation).raw(&Method::POST, CHAT, body.to_string()).await.unwrap()
}

#[tokio::test]
async fn a_script_is_played_and_the_request_captured() {
    let imitation = Imitation::scripted([Reply::new().text("Hel").text("lo").finish("stop")]).await.unwrap();
    let answer = ask(&imitation, &request()).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (200, &"text/event-stream; charset=utf-8".parse().unwrap())
    );
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    let captured = imitation.captured();
    assert_eq!((captured.len(), &captured[0].body, captured[0].end), (1, &request(), End::Complete));
    assert_eq!(captured[0].header("authorization"), Some("Bearer key"));
}

#[tokio::test]
async fn a_whole_answer_is_json() {
    let imitation = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let mut body = request();
    body["stream"] = json!(false);
    let answer = ask(&imitation, &body).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello");
}

#[tokio::test]
async fn a_brain_sees_the_request_and_its_number_and_the_queue_comes_first() {
    let imitation =
        Imitation::start(|body, turn| Reply::say(format!("{} {turn}", body["messages"][0]["content"]))).await.unwrap();
    imitation.push(Reply::say("queued"));
    let mut body = request();
    body["stream"] = json!(false);
    let mut said = Vec::new();
    for _ in 0..2 {
        said.push(ask(&imitation, &body).await.json()["choices"][0]["message"]["content"].clone());
    }
    assert_eq!(said, ["queued", "\"Hi\" 1"]);
}

#[tokio::test]
async fn an_unlawful_request_is_refused_and_the_script_waits() {
    let imitation = Imitation::scripted([Reply::say("later")]).await.unwrap().allow_refusals();
    let mut body = request();
    body["stream_options"] = json!({});
    let answer = ask(&imitation, &body).await;
    assert_eq!((answer.status, imitation.refusals().len(), imitation.waiting_replies()), (422, 1, 1));
    assert_eq!(answer.json(), imitation.refusals()[0].body);
    ask(&imitation, &request()).await;
}

#[tokio::test]
async fn a_request_without_a_key_or_without_json_is_refused() {
    let imitation = Imitation::scripted([]).await.unwrap().allow_refusals();
    let without = client(&imitation).without_header("authorization");
    let answer = without.raw(&Method::POST, CHAT, request().to_string()).await.unwrap();
    assert_eq!((answer.status, answer.json()), (401, json!({"detail": "Unauthorized"})));
    assert_eq!(without.raw(&Method::GET, "/v1/models", "").await.unwrap().status, 401);
    let text = client(&imitation).header("content-type", "text/plain").unwrap();
    assert_eq!(text.raw(&Method::POST, CHAT, request().to_string()).await.unwrap().status, 422);
    assert_eq!(client(&imitation).raw(&Method::POST, CHAT, "{").await.unwrap().status, 422);
}

#[tokio::test]
async fn a_lenient_server_takes_what_mistral_refuses() {
    let law = Law::Lenient(Models::new([]));
    let imitation = Imitation::scripted_under(law, [Reply::say("Hello")]).await.unwrap();
    let client = client(&imitation).without_header("authorization");
    let answer = client.raw(&Method::POST, "/openai/chat/completions", "{\"seed\":1}").await.unwrap();
    assert_eq!((answer.status, imitation.captured()[0].path.as_str()), (200, "/openai/chat/completions"));
}

#[tokio::test]
async fn models_have_cards() {
    let imitation = Imitation::scripted([]).await.unwrap();
    let get = async |path: &str| client(&imitation).raw(&Method::GET, path, "").await.unwrap();
    let list = get("/v1/models").await.json();
    assert!(list["data"].as_array().unwrap().len() >= 10);
    let card = get("/v1/models/mistral-medium-latest").await.json();
    assert_eq!((&card["id"], &card["capabilities"]["reasoning"]), (&json!("mistral-medium-latest"), &json!(true)));
    assert_eq!(card["max_context_length"], 262_144);
    let unknown = get("/v1/models/x").await;
    assert_eq!((unknown.status, unknown.json()), (404, json!({"message": "Model x was not found."})));
    assert_eq!(get("/v1/modelsx").await.status, 404);
    assert_eq!(get("/v1/messages").await.json()["message"], "no Route matched with those values");
    assert_eq!(get(CHAT).await.status, 405);
}

#[tokio::test]
async fn what_stands_before_a_gate_arrives_while_it_is_closed() {
    let gate = Gate::new();
    let reply = Reply::new().text("before").gate(&gate).text("after").finish("stop");
    let imitation = Imitation::scripted([reply]).await.unwrap();
    let mut arriving = client(&imitation).raw_open(&Method::POST, CHAT, request().to_string()).await.unwrap();
    let mut early = Vec::new();
    while !String::from_utf8_lossy(&early).contains("before") {
        early.extend_from_slice(&arriving.next().await.unwrap().unwrap());
    }
    gate.reached().await;
    assert_eq!(imitation.captured()[0].end, End::Open);
    gate.open();
    let late = arriving.rest().await.unwrap();
    assert!(String::from_utf8_lossy(&late).contains("after"));
}

#[tokio::test]
async fn a_cut_breaks_the_answer_off() {
    let imitation = Imitation::scripted([Reply::new().text("a").cut()]).await.unwrap();
    let mut arriving = client(&imitation).raw_open(&Method::POST, CHAT, request().to_string()).await.unwrap();
    assert!(arriving.rest().await.is_err());
    assert_eq!(imitation.captured()[0].end, End::Cut);
}

#[tokio::test]
async fn a_hang_up_gives_no_answer() {
    let imitation = Imitation::scripted([Reply::hang_up()]).await.unwrap();
    let answer = client(&imitation).raw(&Method::POST, CHAT, request().to_string()).await;
    assert!(matches!(answer, Err(ClientError::NoAnswer(_))), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_leaves_a_stalled_stream_is_noticed() {
    let imitation = Imitation::scripted([Reply::new().text("a").stall()]).await.unwrap();
    let mut arriving = client(&imitation).raw_open(&Method::POST, CHAT, request().to_string()).await.unwrap();
    arriving.next().await.unwrap();
    drop(arriving);
    imitation.wait_for_disconnect().await;
    assert!(imitation.captured()[0].client_gone());
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_is_noticed() {
    let gate = Gate::new();
    let imitation = Imitation::scripted([Reply::say("a").hold(&gate)]).await.unwrap();
    let client = client(&imitation);
    let asking = tokio::spawn(async move { client.raw(&Method::POST, CHAT, request().to_string()).await });
    gate.reached().await;
    asking.abort();
    imitation.wait_for_disconnect().await;
}

#[tokio::test]
async fn requests_are_answered_side_by_side() {
    let gate = Gate::new();
    let imitation = Imitation::scripted([Reply::say("a").hold(&gate), Reply::say("b").hold(&gate)]).await.unwrap();
    let (body, waiting) = (request(), imitation.wait_for_requests(2));
    let (one, two, captured) = tokio::join!(ask(&imitation, &body), ask(&imitation, &body), async {
        let captured = waiting.await;
        gate.open();
        captured
    });
    assert_eq!((one.status, two.status, captured.len()), (200, 200, 2));
}

#[tokio::test]
async fn nobody_listens_after_the_drop() {
    let imitation = Imitation::scripted([]).await.unwrap();
    let client = client(&imitation);
    drop(imitation);
    // The task that holds the socket ends when the runtime next turns to it.
    while client.raw(&Method::GET, "/v1/models", "").await.is_ok() {}
}

fn complaint(scripted: Scripted) -> String {
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(scripted)));
    outcome.map_or_else(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default(), |()| String::new())
}

#[tokio::test]
async fn a_script_that_is_not_followed_fails_on_drop() {
    let unused = Imitation::scripted([Reply::say("a")]).await.unwrap();
    assert!(complaint(unused).contains("replies left over: 1"));

    let refused = Imitation::scripted([]).await.unwrap();
    ask(&refused, &json!({})).await;
    assert!(complaint(refused).contains("a request was refused: 422 body.model: missing"));

    let exceeded = Imitation::scripted([]).await.unwrap();
    assert_eq!(ask(&exceeded, &request()).await.status, 500);
    assert!(complaint(exceeded).contains("the script has no more replies: 1 requests for 0"));

    let followed = Imitation::scripted([Reply::say("a")]).await.unwrap();
    ask(&followed, &request()).await;
    assert_eq!(complaint(followed), "");
}
