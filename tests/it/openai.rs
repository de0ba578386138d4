//! Any OpenAI client: the same targets, fallbacks, clocks and truth as for the agent.

use http::Method;
use mcr::imitation::client::Arriving;
use mcr::imitation::{Client, Gate, Imitation, Law, Models, Reply, Scripted};
use serde_json::{Value, json};

use crate::common::requests::{KEY, MODEL, provider};
use crate::common::{Rig, Sandbox, Server, config, soon};

const CHAT: &str = "/v1/chat/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
const FIM: &str = "/v1/fim/completions";

/// A question, to be answered in one piece.
fn question(words: &str) -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": words}]})
}

/// The same for a stream.
fn streamed(words: &str) -> Value {
    let mut body = question(words);
    body["stream"] = json!(true);
    body
}

/// A client as OpenAI's library is one: it sends a bearer token, and nothing of Anthropic's.
fn client(server: &Server) -> Client {
    server.client().without_header("anthropic-version")
}

struct Got {
    status: u16,
    headers: http::HeaderMap,
    body: String,
    /// Whether the connection ended as it should.
    whole: bool,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every event of a stream, its data read as JSON where it is some.
    fn events(&self) -> Vec<Value> {
        let data = self.body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
    }

    /// The text of a stream.
    fn text(&self) -> String {
        self.events().iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
    }
}

async fn read(mut arriving: Arriving) -> Got {
    let mut body = Vec::new();
    let whole = loop {
        match soon(arriving.next()).await {
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    let body = String::from_utf8(body).expect("text");
    Got { status: arriving.status, headers: arriving.headers.clone(), body, whole }
}

async fn post(server: &Server, path: &str, body: &Value) -> Got {
    read(soon(client(server).raw_open(&Method::POST, path, body.to_string())).await.expect("an answer")).await
}

/// What the upstream itself answers to the same.
async fn direct(upstream: &Scripted, body: &Value) -> Got {
    let client = Client::new(&upstream.base_url(), KEY).unwrap();
    read(soon(client.raw_open(&Method::POST, CHAT, body.to_string())).await.unwrap()).await
}

fn reply() -> Reply {
    Reply::new()
        .thinking("Hm.")
        .text("Hel")
        .text("lö")
        .tool_call("Read", r#"{"a": 1.50}"#)
        .finish("tool_calls")
        .padded()
}

#[tokio::test]
async fn an_answer_comes_as_the_bytes_that_it_is() {
    for body in [question("Hi"), streamed("Hi")] {
        let rig = Rig::new([reply(), reply()]).await;
        let (through, direct) = (post(&rig.server, CHAT, &body).await, direct(&rig.upstream, &body).await);
        // The imitation counts its answers in the ids that it gives.
        assert_eq!(
            through.body,
            direct.body.replace(&format!("{:032x}", 1), &format!("{:032x}", 0)).replace("c00001", "c00000")
        );
        assert_eq!((through.status, through.whole), (200, true));
        assert_eq!(
            through.header("content-type").map(|kind| &kind[..16]),
            direct.header("content-type").map(|kind| &kind[..16])
        );
        let (target, attempts) = (format!("mistral,{MODEL}"), "1");
        assert_eq!(through.header("x-mcr-target"), Some(&*target));
        assert_eq!(through.header("x-mcr-attempts"), Some(attempts));
        assert!(through.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    }
}

#[tokio::test]
async fn whoever_has_no_token_gets_openais_error() {
    let rig = Rig::new([]).await;
    let nobody = client(&rig.server).without_header("authorization");
    let got = read(nobody.raw_open(&Method::POST, CHAT, question("Hi").to_string()).await.unwrap()).await;
    let error = &got.json()["error"];
    assert_eq!((got.status, &error["code"]), (401, &json!("invalid_api_key")));
    assert!(error["message"].is_string() && error["param"].is_null());
}

#[tokio::test]
async fn a_model_that_is_not_configured_is_a_404_that_names_those_that_are() {
    let rig = Rig::new([]).await;
    for path in [CHAT, EMBEDDINGS, FIM] {
        let mut body = question("Hi");
        body["model"] = json!("gpt-4o");
        let got = post(&rig.server, path, &body).await;
        let expected = json!({"error": {
            "message": format!("mcr: model `gpt-4o` is not in the configuration; configured are mistral,{MODEL}; for another, add it to the `models` of its provider"),
            "type": "invalid_request_error", "param": "model", "code": "model_not_found",
        }});
        assert_eq!((got.status, got.json()), (404, expected), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_400_in_openais_shape() {
    let rig = Rig::new([]).await;
    for (body, words) in [
        ("{", "mcr: the body is not JSON (line 1, column 1)"),
        ("[]", "mcr: the body is no object (line 1, column 0)"),
        ("{}", "mcr: the body names no `model`"),
        (r#"{"model":"a"}"#, "mcr: the body has no `messages`"),
    ] {
        let arriving = client(&rig.server).raw_open(&Method::POST, CHAT, body).await.unwrap();
        let got = read(arriving).await;
        assert_eq!((got.status, got.json()["error"]["message"].as_str()), (400, Some(words)));
        assert_eq!(got.header("x-should-retry"), Some("false"));
    }
}

#[tokio::test]
async fn a_model_has_the_names_that_the_configuration_and_its_maker_give_it() {
    let names = [
        MODEL,
        "mistral-medium-latest",
        &format!("mistral,{MODEL}"),
        &format!("mistral/{MODEL}"),
        "default",
        "mcr/default",
        "background",
    ];
    let rig = Rig::new(names.map(|_| Reply::say("Hello"))).await;
    for name in names {
        let mut body = question("Hi");
        body["model"] = json!(name);
        assert_eq!(post(&rig.server, CHAT, &body).await.status, 200, "{name}");
    }
    assert!(rig.upstream.captured().iter().all(|request| request.body["model"] == MODEL));
}

#[tokio::test]
async fn what_mistral_does_not_take_never_reaches_it() {
    let rig = Rig::new([Reply::say("Hello")]).await;
    let mut body = streamed("Hi");
    let more = json!({
        "max_completion_tokens": 50, "seed": 7, "user": "u", "store": true, "logit_bias": {}, "stop": null, "temperature": 2,
        "stream_options": {"include_usage": true}, "tools": [], "tool_choice": "auto", "service_tier": "flex", "verbosity": "low",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body["messages"] = json!([
        {"role": "developer", "content": "Be brief."},
        {"role": "assistant", "content": "Hello, I am here."},
        {"role": "user", "name": "me", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": null, "refusal": null, "audio": null, "tool_calls": [
            {"id": "call_0123456789", "type": "function", "function": {"name": "Read", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "call_0123456789", "content": "done"},
        {"role": "system", "content": "A reminder."},
    ]);
    assert_eq!(post(&rig.server, CHAT, &body).await.status, 200);
    let mut sent = rig.upstream.captured().remove(0).body;
    let id = sent["messages"][4]["tool_calls"][0]["id"].take();
    assert_eq!(sent["messages"][5]["tool_call_id"].take(), id);
    assert!(id.as_str().is_some_and(|id| id.len() == 9), "{id}");
    let expected = json!({
        "model": MODEL, "stream": true, "temperature": 1.5, "max_tokens": 50, "random_seed": 7,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "[the conversation goes on]"},
            {"role": "assistant", "content": "Hello, I am here."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "tool_calls": [
                {"id": null, "type": "function", "function": {"name": "Read", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": null, "content": "done"},
            {"role": "assistant", "content": "I have the tool results."},
            {"role": "user", "content": "A reminder."},
        ],
    });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_stream_without_an_end_ends_in_an_error_and_is_broken_off() {
    let frame = json!({"object": "error", "message": "out of memory", "raw_status_code": 500});
    for (reply, words) in [
        (Reply::new().text("Hel").cut(), "mistral: the connection broke in the middle of the answer".to_owned()),
        (Reply::new().text("Hel"), format!("mistral: `{MODEL}` cut the stream before its end")),
        (Reply::new().text("Hel").without_done(), format!("mistral: `{MODEL}` cut the stream before its end")),
        (
            Reply::new().text("Hel").raw("data: x\n\n"),
            format!("mistral: `{MODEL}` sent a chunk that is not a chat completions chunk"),
        ),
        (
            Reply::new().text("Hel").error_frame(frame),
            "mistral: the upstream failed in the middle of its answer: out of memory".to_owned(),
        ),
    ] {
        let rig = Rig::new([reply]).await;
        let got = post(&rig.server, CHAT, &streamed("Hi")).await;
        assert_eq!((got.text().as_str(), got.whole), ("Hel", false), "{}", got.body);
        let last = got.events().pop().unwrap();
        let error = json!({"message": words, "type": "server_error", "param": null, "code": null});
        assert_eq!(last, json!({ "error": error }));
        assert!(!got.body.contains("[DONE]"));
        let lines = rig.server.wait_for_log(" request ", 1).await;
        assert!(lines[0].contains(" outcome=error status=502 "), "{lines:?}");
    }
}

#[tokio::test]
async fn a_stream_that_stalls_ends_in_an_error_when_the_clock_has_run_out() {
    let rig =
        Rig::configured([Reply::new().text("Hel").stall()], |config| config["Clocks"] = json!({"idle_ms": 100})).await;
    let got = post(&rig.server, CHAT, &streamed("Hi")).await;
    let error = got.events().pop().unwrap()["error"].take();
    assert_eq!((&error["code"], got.whole), (&json!("timeout"), false), "{error}");
}

/// Two upstreams, the second for when the first fails.
async fn pair(first: Reply, second: Vec<Reply>) -> (Server, Scripted, Scripted, Sandbox) {
    let first = Imitation::scripted([first]).await.unwrap();
    let second = Imitation::scripted(second).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&first.url());
    let mut spare = provider("spare", &second.url(), MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().unwrap().push(spare);
    config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    sandbox.configure(&config);
    let server = sandbox.start().await;
    (server, first, second, sandbox)
}

#[tokio::test]
async fn another_target_answers_until_the_first_content_is_out() {
    let role = json!({"role": "assistant", "content": ""});
    for first in [Reply::status(503, &json!({"message": "no"})), Reply::new().delta(role).cut(), Reply::hang_up()] {
        let (server, _first, _second, _sandbox) = pair(first, vec![Reply::say("Hello")]).await;
        let got = post(&server, CHAT, &streamed("Hi")).await;
        assert_eq!((got.text().as_str(), got.whole), ("Hello", true));
        assert_eq!(got.header("x-mcr-target"), Some(&*format!("spare,{MODEL}")));
        assert_eq!(got.header("x-mcr-fallback-from"), Some(&*format!("mistral,{MODEL}")));
        assert_eq!(got.body.matches("\"role\"").count(), 1, "of one answer only: {}", got.body);
    }
    let (server, _first, _second, _sandbox) = pair(Reply::new().text("Hel").cut(), vec![]).await;
    assert_eq!(post(&server, CHAT, &streamed("Hi")).await.text(), "Hel");
}

#[tokio::test]
async fn an_error_of_the_upstream_keeps_its_status_and_its_wait() {
    let full =
        Reply::status(429, &json!({"message": "Rate limit exceeded", "code": "1300"})).header("retry-after", "7");
    let rig = Rig::new([full]).await;
    let got = post(&rig.server, CHAT, &question("Hi")).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
    assert_eq!(got.json()["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn a_prompt_that_no_window_holds_says_so_as_openai_does() {
    let rig = Rig::configured([], |config| config["Providers"][0]["facts"] = json!({MODEL: {"window": 2000}})).await;
    let got = post(&rig.server, CHAT, &question(&"many words ".repeat(2_000))).await;
    assert_eq!((got.status, &got.json()["error"]["code"]), (400, &json!("context_length_exceeded")));
}

/// A server that is not Mistral's.
async fn other(reply: Reply) -> (Server, Scripted, Sandbox) {
    let upstream = Imitation::scripted_under(Law::Lenient(Models::hosted()), [reply]).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["Providers"][0]["dialect"] = json!("openai");
    sandbox.configure(&config);
    let server = sandbox.start().await;
    (server, upstream, sandbox)
}

#[tokio::test]
async fn usage_that_only_mcr_has_asked_for_stays_here() {
    let reply = || Reply::say("Hello").usage(11, 7, 0).usage_apart();
    let (server, upstream, _sandbox) = other(reply()).await;
    let got = post(&server, CHAT, &streamed("Hi")).await;
    assert_eq!((got.text().as_str(), got.body.contains("usage"), got.whole), ("Hello", false, true));
    assert_eq!(upstream.captured()[0].body["stream_options"], json!({"include_usage": true}));
    let lines = server.wait_for_log(" request ", 1).await;
    assert!(lines[0].contains(" input=11 cached=0 output=7 "), "{lines:?}");

    let (server, _upstream, _sandbox) = other(reply()).await;
    let mut body = streamed("Hi");
    body["stream_options"] = json!({"include_usage": true});
    let got = post(&server, CHAT, &body).await;
    let usage: Vec<Value> = got.events().into_iter().filter(|event| event["usage"].is_object()).collect();
    assert_eq!((usage.len(), &usage[0]["usage"]["prompt_tokens"]), (1, &json!(11)));
}

#[tokio::test]
async fn what_others_may_know_reaches_them_and_mistrals_own_is_translated() {
    let (server, upstream, _sandbox) = other(Reply::say("Hello")).await;
    let mut body = question("Hi");
    let more =
        json!({"min_p": 0.5, "random_seed": 7, "safe_prompt": true, "user": "u", "logprobs": true, "stop": null});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(post(&server, CHAT, &body).await.status, 200);
    let mut expected = question("Hi");
    let more = json!({"min_p": 0.5, "seed": 7, "user": "u", "logprobs": true, "stop": null});
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(upstream.captured()[0].body, expected);
}

#[tokio::test]
async fn a_client_that_waits_gets_its_head_and_comments_and_then_the_answer() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::say("Hello").hold(&gate)]).await;
    let mut arriving =
        soon(client(&rig.server).raw_open(&Method::POST, CHAT, streamed("Hi").to_string())).await.unwrap();
    assert_eq!(soon(arriving.next()).await.unwrap().unwrap(), ": waiting\n\n");
    gate.open();
    let got = read(arriving).await;
    assert_eq!((got.status, got.text().as_str(), got.whole), (200, "Hello", true));
    assert!(got.body.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_client_that_waited_for_a_failure_is_told_and_broken_off() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::status(500, &json!({"message": "no"})).hold(&gate)]).await;
    let mut arriving =
        soon(client(&rig.server).raw_open(&Method::POST, CHAT, streamed("Hi").to_string())).await.unwrap();
    assert_eq!(soon(arriving.next()).await.unwrap().unwrap(), ": waiting\n\n");
    gate.open();
    let got = read(arriving).await;
    assert_eq!((&got.events()[0]["error"]["type"], got.whole), (&json!("server_error"), false));
}

/// A rig whose provider has a model for vectors and one for code, too.
async fn beside(replies: impl IntoIterator<Item = Reply>) -> Rig {
    Rig::configured(replies, |config| {
        config["Providers"][0]["models"] = json!([MODEL, "mistral-embed", "codestral-2508"]);
    })
    .await
}

#[tokio::test]
async fn embeddings_go_to_the_provider_that_has_the_model() {
    let vectors = json!({
        "id": "1", "object": "list", "model": "mistral-embed", "data": [{"object": "embedding", "embedding": [0.1, -0.25], "index": 0}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0},
    });
    let rig = beside([Reply::status(200, &vectors)]).await;
    let body =
        json!({"model": "mistral-embed", "input": ["a"], "dimensions": 2, "encoding_format": "base64", "user": "u"});
    let got = post(&rig.server, EMBEDDINGS, &body).await;
    assert_eq!((got.status, got.body), (200, vectors.to_string()));
    let request = rig.upstream.captured().remove(0);
    assert_eq!(request.path, EMBEDDINGS);
    let expected =
        json!({"model": "mistral-embed", "input": ["a"], "encoding_format": "base64", "output_dimension": 2});
    assert_eq!(request.body, expected);
    let lines = rig.server.wait_for_log(" request ", 1).await;
    assert!(lines[0].contains(" model=mistral-embed ") && lines[0].contains(" input=3 "), "{lines:?}");
}

#[tokio::test]
async fn code_is_completed_whole_and_streamed() {
    let rig = beside([Reply::say("b"), Reply::say("b")]).await;
    let mut body = json!({"model": "codestral-latest", "prompt": "a", "suffix": "c", "seed": 1, "user": "u"});
    assert_eq!(post(&rig.server, FIM, &body).await.json()["choices"][0]["message"]["content"], "b");
    body["stream"] = json!(true);
    let got = post(&rig.server, FIM, &body).await;
    assert_eq!((got.text().as_str(), got.whole), ("b", true));
    let sent = rig.upstream.captured();
    assert_eq!(sent[0].path, FIM);
    let expected = json!({"model": "codestral-2508", "prompt": "a", "suffix": "c", "random_seed": 1});
    assert_eq!(sent[0].body, expected);
}

#[tokio::test]
async fn a_provider_that_completes_no_code_says_who_does() {
    let (server, upstream, _sandbox) = other(Reply::say("Hello")).await;
    let got = post(&server, FIM, &json!({"model": MODEL, "prompt": "a"})).await;
    let words = "mcr: provider `mistral` completes no code between a prompt and a suffix (its dialect is openai); providers of the dialect mistral do";
    assert_eq!((got.status, got.json()["error"]["message"].as_str()), (400, Some(words)));
    assert_eq!(post(&server, CHAT, &question("Hi")).await.status, 200);
    assert_eq!(upstream.captured().len(), 1);
}

#[tokio::test]
async fn another_models_vectors_never_stand_in() {
    let down = Reply::status(503, &json!({"message": "no"}));
    let first = Imitation::scripted([down]).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&first.url());
    config["Providers"][0]["models"] = json!([MODEL, "mistral-embed"]);
    config["fallback"] = json!({"default": [format!("mistral,{MODEL}")]});
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let got = post(&server, EMBEDDINGS, &json!({"model": "mistral-embed", "input": "a"})).await;
    assert_eq!((got.status, first.captured().len()), (529, 1));
}

#[tokio::test]
async fn models_are_listed_and_shown_in_the_clients_shape() {
    let rig = beside([]).await;
    let get = async |client: Client, path: &str| soon(client.raw(&Method::GET, path, "")).await.unwrap();
    let list = get(client(&rig.server), "/v1/models").await.json();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().filter_map(|card| card["id"].as_str()).collect();
    assert_eq!(ids, [MODEL, "mistral-embed", "codestral-2508", "mcr/default"]);
    assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
    assert_eq!(list["data"][2]["capabilities"]["completion_fim"], true);

    let listed = get(rig.client.clone(), "/v1/models").await.json();
    assert_eq!(listed["data"][0]["id"], format!("anthropic/mistral/{MODEL}"));
    for id in
        [MODEL, "mcr/default", &format!("mistral/{MODEL}"), &format!("mistral%2F{MODEL}"), "mistral-medium-latest"]
    {
        let card = get(client(&rig.server), &format!("/v1/models/{id}")).await;
        assert_eq!((card.status, card.json()["name"].as_str()), (200, Some(MODEL)), "{id}");
        assert_eq!(card.json()["id"], id.replace("%2F", "/"));
    }
    let unknown = get(client(&rig.server), "/v1/models/none").await;
    assert_eq!((unknown.status, unknown.json()["error"]["code"].as_str()), (404, Some("model_not_found")));
    let unknown = get(rig.client.clone(), "/v1/models/none").await;
    assert_eq!((unknown.status, unknown.json()["error"]["type"].as_str()), (404, Some("not_found_error")));
}

#[tokio::test]
async fn a_wrong_method_is_told_in_openais_shape() {
    let rig = Rig::new([]).await;
    let got = soon(client(&rig.server).raw(&Method::GET, CHAT, "")).await.unwrap();
    assert_eq!((got.status, got.json()["error"]["type"].as_str()), (405, Some("invalid_request_error")));
}
