//! Another target is tried while that can help, and never after a word has gone out.

use mcr::imitation::client::Answer;
use mcr::imitation::{Imitation, Reply, Scripted};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Sandbox, Server, ask, config, soon, whole};

/// Two upstreams, the second for when the first fails.
struct Pair {
    server: Server,
    first: Scripted,
    second: Scripted,
    sandbox: Sandbox,
}

impl Pair {
    async fn new(first: Vec<Reply>, second: Vec<Reply>) -> Self {
        let first = Imitation::scripted(first).await.unwrap();
        let second = Imitation::scripted(second).await.unwrap();
        let sandbox = Sandbox::new();
        sandbox.configure(&with_fallback(&first.url(), &second.url()));
        let server = sandbox.start().await;
        Self { server, first, second, sandbox }
    }

    async fn messages(&self, request: &Value) -> Answer {
        soon(self.server.client().messages(request)).await.expect("a lawful answer")
    }

    fn requests(&self) -> (usize, usize) {
        (self.first.captured().len(), self.second.captured().len())
    }
}

fn with_fallback(first: &str, second: &str) -> Value {
    let mut config = config(first);
    let mut spare = provider("spare", second, MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().expect("a list").push(spare);
    config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    config
}

/// Claims that the second target answers in place of the first, and that the headers say why.
async fn helped(reply: Reply, status: u16) {
    for request in [ask("Hi"), whole(ask("Hi"))] {
        let pair = Pair::new(vec![reply.clone()], vec![Reply::say("Hello")]).await;
        let answer = pair.messages(&request).await;
        assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
        let (first, spare) = (format!("mistral,{MODEL}"), format!("spare,{MODEL}"));
        let route = format!("fallback from {first}: {status}");
        let told = ["x-mcr-route", "x-mcr-target", "x-mcr-attempts", "x-mcr-fallback-from"].map(|it| answer.header(it));
        assert_eq!(told, [Some(route.as_str()), Some(spare.as_str()), Some("2"), Some(first.as_str())]);
        let lines = pair.server.wait_for_log(" request ", 1).await;
        assert!(lines.iter().all(|line| line.contains(" outcome=ok status=200 provider=spare ")), "{lines:?}");
    }
}

fn failure(status: u16) -> Reply {
    Reply::status(status, &json!({"message": "no"}))
}

#[tokio::test]
async fn a_server_error_is_helped() {
    helped(failure(500), 500).await;
    helped(failure(503), 529).await;
}

#[tokio::test]
async fn a_rate_limit_is_helped() {
    helped(failure(429), 429).await;
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_helped() {
    helped(Reply::hang_up(), 502).await;
}

#[tokio::test]
async fn an_error_in_place_of_the_first_event_is_helped() {
    let frame = json!({"object": "error", "message": "out of memory", "raw_status_code": 500});
    let pair = Pair::new(vec![Reply::new().error_frame(frame)], vec![Reply::say("Hello")]).await;
    let answer = pair.messages(&ask("Hi")).await;
    assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
}

#[tokio::test]
async fn nobody_at_the_address_is_helped() {
    let second = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    // The port was free a moment ago.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    sandbox.configure(&with_fallback(&format!("http://127.0.0.1:{port}/v1"), &second.url()));
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    assert_eq!(answer.message.text(), "Hello");
}

#[tokio::test]
async fn a_request_that_is_wrong_is_wrong_everywhere() {
    let pair = Pair::new(vec![failure(400)], vec![]).await;
    assert_eq!(pair.messages(&ask("Hi")).await.status, 400);
    assert_eq!(pair.requests(), (1, 0));
}

#[tokio::test]
async fn a_stream_that_breaks_off_before_its_first_content_is_helped() {
    let role = json!({"role": "assistant", "content": ""});
    let call = Reply::new().tool_calls_in_fragments([("Read", r#"{"file_path": "/etc"#)]);
    for reply in [Reply::new().delta(role).cut(), call.cut()] {
        let pair = Pair::new(vec![reply], vec![Reply::say("Hello")]).await;
        let answer = pair.messages(&ask("Hi")).await;
        assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
        assert_eq!((answer.header("x-mcr-attempts"), pair.requests()), (Some("2"), (1, 1)));
    }
}

/// A pair of which the second has the long prompts, and more room.
async fn with_room(first: Vec<Reply>, second: Vec<Reply>) -> Pair {
    let pair = Pair::new(first, second).await;
    let mut config = with_fallback(&pair.first.url(), &pair.second.url());
    config["fallback"] = json!({});
    config["Providers"][0]["facts"] = json!({MODEL: {"window": 50_000}});
    config["Router"]["longContext"] = json!(format!("spare,{MODEL}"));
    pair.sandbox.configure(&config);
    pair.server.wait_for_log("configuration reloaded", 1).await;
    pair
}

fn too_long() -> Reply {
    let words =
        "Prompt contains 45000 tokens and 0 draft tokens, too large for model with 40000 maximum context length";
    Reply::status(400, &json!({"object": "error", "message": words, "type": "invalid_request_prompt", "code": "3051"}))
}

#[tokio::test]
async fn a_prompt_that_the_target_finds_too_long_goes_where_long_prompts_go() {
    let pair = with_room(vec![too_long()], vec![Reply::say("Hello")]).await;
    let answer = pair.messages(&ask("Hi")).await;
    assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
    let first = format!("mistral,{MODEL}");
    assert_eq!(answer.header("x-mcr-fallback-from"), Some(first.as_str()));
    assert_eq!(answer.header("x-mcr-route"), Some(format!("fallback from {first}: 400").as_str()));
}

#[tokio::test]
async fn where_nobody_has_room_the_client_is_told_to_compact() {
    for second in [too_long(), failure(503)] {
        let pair = with_room(vec![too_long()], vec![second]).await;
        let answer = pair.messages(&ask("Hi")).await;
        let error = answer.error.expect("an error");
        assert_eq!((answer.status, &*error.message), (400, "prompt is too long: 45000 tokens > 40000 maximum"));
        assert_eq!(pair.requests(), (1, 1));
    }
}

#[tokio::test]
async fn after_the_first_word_nobody_else_is_asked() {
    let pair = Pair::new(vec![Reply::new().text("Hel").cut()], vec![]).await;
    let answer = pair.messages(&ask("Hi")).await;
    assert_eq!(answer.sketch(), "start text(0)+ error(api_error)");
    assert_eq!(pair.requests(), (1, 0));
}

/// Both fail; returns the error that the client got, with status, `retry-after` and whether it may try again.
async fn told(first: Reply, second: Reply) -> (u16, String, Option<String>, Option<String>) {
    let pair = Pair::new(vec![first], vec![second]).await;
    let answer = pair.messages(&ask("Hi")).await;
    assert_eq!(pair.requests(), (1, 1));
    let header = |name: &str| answer.header(name).map(str::to_owned);
    let (after, retry) = (header("retry-after"), header("x-should-retry"));
    let lines = pair.server.wait_for_log(" request ", 1).await;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains(&format!(" status={} ", answer.status)), "{}", lines[0]);
    (answer.status, answer.error.map(|error| error.message).unwrap_or_default(), after, retry)
}

#[tokio::test]
async fn when_all_fail_the_first_that_may_pass_is_told_with_its_wait_and_the_others_by_name() {
    let full = failure(429).header("retry-after", "7");
    let (status, words, after, retry) = told(full, failure(401)).await;
    assert_eq!((status, after.as_deref(), retry), (429, Some("7"), None));
    assert!(words.starts_with("mistral: ") && words.ends_with(&format!("; spare,{MODEL} failed too (401)")), "{words}");
}

#[tokio::test]
async fn a_failure_that_may_pass_is_told_before_one_that_cannot() {
    let (status, words, _, retry) = told(failure(401), failure(503)).await;
    assert_eq!((status, retry), (529, None));
    assert!(words.starts_with("spare: ") && words.ends_with(&format!("; mistral,{MODEL} failed too (401)")), "{words}");
}

#[tokio::test]
async fn when_no_failure_can_pass_the_first_is_told() {
    let (status, words, _, retry) = told(failure(401), failure(403)).await;
    assert_eq!((status, retry.as_deref()), (401, Some("false")));
    assert!(words.starts_with("mistral: "), "{words}");
}

/// A pair whose second target has a window of so many tokens, and sees or does not.
async fn with_spare_of(window: u64, vision: bool, first: Vec<Reply>, second: Vec<Reply>) -> Pair {
    let first = Imitation::scripted(first).await.unwrap();
    let second = Imitation::scripted(second).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = with_fallback(&first.url(), &second.url());
    config["Providers"][1]["facts"] = json!({ MODEL: {"window": window, "vision": vision} });
    sandbox.configure(&config);
    let server = sandbox.start().await;
    Pair { server, first, second, sandbox }
}

#[tokio::test]
async fn a_fallback_that_cannot_hold_the_prompt_is_passed_over() {
    let pair = with_spare_of(2_000, true, vec![failure(503)], vec![]).await;
    let answer = pair.messages(&ask(&"many words ".repeat(2_000))).await;
    assert_eq!((answer.status, pair.requests()), (529, (1, 0)));
    let words = answer.error.map(|error| error.message).unwrap_or_default();
    assert!(words.ends_with(&format!("; spare,{MODEL} is too small for the prompt")), "{words}");
}

#[tokio::test]
async fn a_fallback_that_cannot_see_the_image_is_passed_over() {
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    let mut request = ask("");
    request["messages"][0]["content"] = json!([image]);
    let pair = with_spare_of(100_000, false, vec![failure(503)], vec![]).await;
    let answer = pair.messages(&request).await;
    assert_eq!((answer.status, pair.requests()), (529, (1, 0)));
    let words = answer.error.map(|error| error.message).unwrap_or_default();
    assert!(words.ends_with(&format!("; spare,{MODEL} cannot see images")), "{words}");
}

#[tokio::test]
async fn a_fallback_that_takes_no_tools_or_does_not_reason_is_passed_over_where_the_first_does() {
    let tool = json!({"name": "Read", "description": "Reads", "input_schema": {"type": "object"}});
    for (fact, words, change) in [
        (json!({"tools": false}), "takes no tools", ("tools", json!([tool]))),
        (
            json!({"reasoning": []}),
            "does not reason",
            ("thinking", json!({"type": "enabled", "budget_tokens": 31_999})),
        ),
    ] {
        let pair = Pair::new(vec![failure(503), failure(503)], vec![Reply::say("Hello")]).await;
        let mut config = with_fallback(&pair.first.url(), &pair.second.url());
        config["Providers"][1]["facts"] = json!({ MODEL: fact });
        pair.sandbox.configure(&config);
        pair.server.wait_for_log("configuration reloaded", 1).await;
        let mut request = ask("Hi");
        request["max_tokens"] = json!(32_000);
        request[change.0] = change.1;
        let error = pair.messages(&request).await.error.expect("an error").message;
        assert!(error.ends_with(&format!("; spare,{MODEL} {words}")), "{error}");
        // Who asks for neither may go there.
        assert_eq!(pair.messages(&ask("Hi")).await.message.text(), "Hello");
    }
}

/// Two providers at these addresses; the request ends at the second, and the server is then told to end.
async fn hosts(first: &str, second: &str, change: impl FnOnce(&mut Value)) -> (String, String) {
    let sandbox = Sandbox::new();
    let mut config = with_fallback(first, second);
    change(&mut config);
    sandbox.configure(&config);
    let server = sandbox.start().await;
    soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    let line = server.wait_for_log(" request ", 1).await.remove(0);
    server.signal(rustix::process::Signal::TERM);
    let (_, words) = server.ended().await;
    let fields = line.split(' ').filter(|word| word.starts_with("host")).collect::<Vec<_>>().join(" ");
    let summary = words.lines().last().and_then(|line| line.split(" · ").find(|part| part.starts_with("hosts: ")));
    (fields, summary.expect("hosts").to_owned())
}

#[tokio::test]
async fn every_host_that_had_the_prompt_is_named() {
    let first = Imitation::scripted([failure(503)]).await.unwrap();
    let second = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let told = hosts(&first.url().replace("127.0.0.1", "localhost"), &second.url(), |_| {}).await;
    assert_eq!(told, ("host=127.0.0.1 hosts=localhost,127.0.0.1".to_owned(), "hosts: 127.0.0.1, localhost".to_owned()));
}

#[tokio::test]
async fn a_host_that_was_never_reached_is_not_named() {
    let second = Imitation::scripted([Reply::say("Hello"), Reply::say("Hello")]).await.unwrap();
    // The port was free a moment ago.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let nobody = format!("http://localhost:{port}/v1");
    let expected = ("host=127.0.0.1".to_owned(), "hosts: 127.0.0.1".to_owned());
    assert_eq!(hosts(&nobody, &second.url(), |_| {}).await, expected);
    let unset = |config: &mut Value| config["Providers"][0]["api_key"] = json!("$MCR_TEST_UNSET");
    assert_eq!(hosts(&nobody, &second.url(), unset).await, expected);
}

#[tokio::test]
async fn a_request_that_reached_nobody_names_no_host() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let nobody = format!("http://localhost:{port}/v1");
    assert_eq!(hosts(&nobody, &nobody, |_| {}).await, (String::new(), "hosts: none".to_owned()));
}

/// What `mcr status` says of the first target.
fn standing(pair: &Pair) -> Value {
    let output = pair.sandbox.command(["status", "--json"]).output().expect("the binary runs");
    let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let targets = status["targets"].as_array().expect("a list").clone();
    targets.into_iter().find(|target| target["name"] == format!("mistral,{MODEL}")).unwrap_or_default()
}

#[tokio::test]
async fn a_target_that_fails_five_times_is_left_alone_until_it_is_reset() {
    let pair = Pair::new(
        [vec![failure(500); 5], vec![Reply::say("I am back")]].concat(),
        (0..7).map(|_| Reply::say("Hello")).collect(),
    )
    .await;
    for _ in 0..7 {
        assert_eq!(pair.messages(&ask("Hi")).await.message.text(), "Hello");
    }
    assert_eq!(pair.requests(), (5, 7));
    let first = standing(&pair);
    assert_eq!((&first["state"], &first["in_flight"]), (&json!("open"), &json!(0)));
    assert!(first["seconds"].as_u64().is_some_and(|seconds| (1..=13).contains(&seconds)), "{first}");
    assert!(first["failure"]["problem"].as_str().is_some_and(|words| words.starts_with("mistral: ")), "{first}");
    let reset = pair.sandbox.mcr(["breaker", "reset", &format!("mistral,{MODEL}")]);
    insta::assert_snapshot!(reset, @r"
    exit code: 0
    ----- stderr -----
    reset 1 target
    ");
    assert_eq!(pair.messages(&ask("Hi")).await.message.text(), "I am back");
    assert_eq!(standing(&pair)["state"], "closed");
}

#[tokio::test]
async fn a_rate_limit_leaves_the_target_alone_for_as_long_as_it_says() {
    let limit = Reply::status(429, &json!({"message": "slow down"})).header("retry-after", "30");
    let pair = Pair::new(vec![limit], vec![Reply::say("Hello"), Reply::say("Hello")]).await;
    for _ in 0..2 {
        assert_eq!(pair.messages(&ask("Hi")).await.message.text(), "Hello");
    }
    assert_eq!(pair.requests(), (1, 2));
    let first = standing(&pair);
    assert_eq!(first["state"], "cooling");
    assert!(first["seconds"].as_u64().is_some_and(|seconds| (20..=31).contains(&seconds)), "{first}");
}

#[tokio::test]
async fn a_target_without_a_spare_is_asked_however_often_it_fails() {
    let rig = crate::common::Rig::new([vec![failure(500); 8], vec![Reply::say("Hello")]].concat()).await;
    for _ in 0..8 {
        assert_eq!(rig.messages(&ask("Hi")).await.status, 500);
    }
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
}

#[tokio::test]
async fn when_every_target_is_left_alone_the_first_is_asked_all_the_same() {
    let pair = Pair::new([vec![failure(500); 5], vec![Reply::say("I am back")]].concat(), vec![failure(500); 5]).await;
    for _ in 0..5 {
        pair.messages(&ask("Hi")).await;
    }
    assert_eq!(pair.messages(&ask("Hi")).await.message.text(), "I am back");
    assert_eq!(pair.requests(), (6, 5));
}

#[tokio::test]
async fn a_stream_that_breaks_off_counts_as_a_failure() {
    let pair = Pair::new(vec![Reply::new().text("Hel").cut(); 5], vec![Reply::say("Hello")]).await;
    for _ in 0..5 {
        assert!(pair.messages(&ask("Hi")).await.error.is_some());
    }
    assert_eq!(pair.messages(&ask("Hi")).await.message.text(), "Hello");
}

#[test]
fn a_breaker_is_reset_where_there_is_one() {
    insta::assert_snapshot!(Sandbox::new().mcr(["breaker", "reset"]), @r"
    exit code: 69
    ----- stderr -----
    error: the service is not running, and with it every breaker is gone
    hint: end a session of `mcr code` and begin it anew: it has breakers of its own
    ");
}

#[tokio::test]
async fn a_target_that_was_never_asked_has_no_breaker() {
    let pair = Pair::new(vec![], vec![]).await;
    insta::assert_snapshot!(pair.sandbox.mcr(["breaker", "reset", "none,none"]), @r"
    exit code: 64
    ----- stderr -----
    error: no target of that name was asked: none,none
    hint: run `mcr status` for those that were
    ");
}
