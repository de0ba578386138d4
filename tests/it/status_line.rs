//! The status line: what the proxy keeps of a session, and what `mcr statusline` makes of it.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use http::Method;
use mcr::imitation::{Client, Gate, Imitation, Reply};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Rig, Sandbox, ask, soon};

const SESSION: &str = "0f5c3b6e-1111-2222-3333-444455556666";

/// A turn of the conversation: it offers tools.
fn turn(words: &str) -> Value {
    let mut request = ask(words);
    request["tools"] =
        json!([{"name": "Read", "description": "", "input_schema": {"type": "object", "properties": {}}}]);
    request
}

/// What Claude Code writes on stdin.
fn status() -> Value {
    json!({
        "session_id": SESSION,
        "transcript_path": "/no/such/file.jsonl",
        "model": {"id": "claude-opus-4-8", "display_name": "Opus"},
        "workspace": {"current_dir": "/somewhere/project"},
        "cost": {"total_cost_usd": 99.5},
        "context_window": {"context_window_size": 200_000, "current_usage": null, "used_percentage": null},
    })
}

trait OfSession {
    fn of_session(&self) -> Client;
    async fn known(&self, id: &str) -> (u16, Value);
}

impl OfSession for Client {
    fn of_session(&self) -> Client {
        self.clone().header("x-claude-code-session-id", SESSION).expect("a header")
    }

    async fn known(&self, id: &str) -> (u16, Value) {
        let path = format!("/mcr/session/{id}");
        let raw = soon(self.raw(&Method::GET, &path, "")).await.expect("an answer");
        (raw.status, raw.json())
    }
}

/// Runs `mcr statusline` and returns its line and its words.
fn draw(sandbox: &Sandbox, arguments: &[&str], environment: &[(&str, &str)], status: &str) -> (String, String) {
    let mut command = sandbox.command(arguments.iter().copied());
    command.envs(environment.iter().copied());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(status.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr))
}

/// Draws without colours.
fn plain(sandbox: &Sandbox, arguments: &[&str]) -> (String, String) {
    draw(sandbox, arguments, &[("NO_COLOR", "1")], &status().to_string())
}

/// Draws with a proxy until its record is in the line: a machine under load may miss the twenty milliseconds it has.
fn drawn(rig: &Rig, arguments: &[&str], known: &str) -> String {
    let (url, began) = (rig.server.url(), Instant::now());
    let proxy = [("NO_COLOR", "1"), ("ANTHROPIC_BASE_URL", url.as_str()), ("ANTHROPIC_AUTH_TOKEN", &rig.server.token)];
    loop {
        let (line, _) = draw(&rig.sandbox, arguments, &proxy, &status().to_string());
        if line.contains(known) {
            return line;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{line:?} is without {known:?}");
    }
}

#[tokio::test]
async fn ccr_shows_claudes_window_and_mcr_the_model_that_answered_its_window_and_its_tokens() {
    let rig = Rig::new([Reply::say("Hello").usage(42_000, 1_000, 40_000)]).await;
    soon(rig.client.of_session().messages(&turn("Hi"))).await.expect("a lawful answer");
    let line = drawn(&rig, &["statusline"], MODEL);
    assert_eq!(line, format!("{MODEL} · mistral/local · 43.0k/262k · project\n"));
}

#[tokio::test]
async fn the_record_of_a_session_says_who_answered_where_why_and_how_much() {
    let rig = Rig::new([Reply::say("Hello").usage(100, 7, 64)]).await;
    soon(rig.client.of_session().messages(&turn("Hi"))).await.expect("a lawful answer");
    let (status, mut record) = rig.client.known(SESSION).await;
    assert_eq!(status, 200);
    assert!(record["last"]["ttft_ms"].take().is_u64());
    assert_eq!(
        record,
        json!({
            "answers": 1,
            "last": {
                "provider": "mistral", "model": MODEL, "host": "127.0.0.1", "region": "local", "window": 262_144,
                "input": 100, "cached": 64, "output": 7, "cost_usd": 0.0, "ttft_ms": null,
                "tokens_per_second": null, "route": "default", "fallback": false,
            },
            "total": {"input": 100, "cached": 64, "output": 7, "cost_usd": 0.0, "unpriced": 0},
        })
    );
}

#[tokio::test]
async fn the_session_in_the_metadata_goes_before_that_of_the_header() {
    let rig = Rig::new([Reply::say("Hello")]).await;
    let mut request = turn("Hi");
    request["metadata"] = json!({"user_id": json!({"session_id": "of-the-metadata"}).to_string()});
    soon(rig.client.of_session().messages(&request)).await.expect("a lawful answer");
    assert_eq!(rig.client.known("of-the-metadata").await.0, 200);
    assert_eq!(rig.client.known(SESSION).await.0, 404);
}

#[tokio::test]
async fn a_title_and_a_subagent_do_not_take_the_conversations_place() {
    let rig = Rig::new([Reply::say("a").usage(1_000, 5, 0), Reply::say("b"), Reply::say("c")]).await;
    let client = rig.client.of_session();
    soon(client.messages(&turn("Hi"))).await.expect("a lawful answer");
    soon(client.messages(&ask("Title"))).await.expect("a lawful answer");
    let agent = client.header("x-claude-code-agent-id", "a1").expect("a header");
    soon(agent.messages(&turn("Search"))).await.expect("a lawful answer");
    let (_, record) = rig.client.known(SESSION).await;
    assert_eq!((&record["answers"], &record["last"]["input"]), (&json!(3), &json!(1_000)));
    assert_eq!(record["total"]["input"], json!(1_020));
}

#[tokio::test]
async fn a_fallback_is_told_as_one() {
    let spare = Imitation::scripted([Reply::say("Hello")]).await.expect("an upstream");
    let rig = Rig::configured([Reply::status(503, &json!({"message": "no"}))], |config| {
        let mut other = provider("spare", &spare.url(), MODEL);
        other["dialect"] = json!("mistral");
        config["Providers"].as_array_mut().expect("a list").push(other);
        config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    })
    .await;
    soon(rig.client.of_session().messages(&turn("Hi"))).await.expect("a lawful answer");
    let (_, record) = rig.client.known(SESSION).await;
    assert_eq!(record["last"]["provider"], "spare");
    assert_eq!(record["last"]["fallback"], true);
    // An overloaded upstream is told in Anthropic's terms.
    assert_eq!(record["last"]["route"], format!("fallback from mistral,{MODEL}: 529"));
    assert!(drawn(&rig, &["statusline"], "spare").contains(" · spare/local · fallback · "));
}

#[tokio::test]
async fn an_answer_that_is_cancelled_is_money_that_nobody_counted() {
    let gate = Gate::new();
    let replies = [Reply::new().text("Hel").gate(&gate).text("lo").finish("stop"), Reply::say("Hi")];
    let rig = Rig::configured(replies, |config| {
        config["Providers"][0]["pricing"] = json!({"prompt": 1, "completion": 2});
    })
    .await;
    let client = rig.client.of_session();
    let mut stream = soon(client.open(&turn("Hi"))).await.expect("the head of an answer");
    soon(stream.wait_for_text("Hel")).await.expect("its beginning");
    drop(stream);
    rig.server.wait_for_log("outcome=cancelled", 1).await;
    assert_eq!(client.known(SESSION).await.0, 404, "there is no answer to tell of");
    soon(client.messages(&turn("Hi"))).await.expect("a lawful answer");
    assert_eq!(client.known(SESSION).await.1["total"]["unpriced"], 1);
    gate.open();
}

#[tokio::test]
async fn the_record_wants_the_token_and_the_right_method() {
    let rig = Rig::new([]).await;
    let path = format!("/mcr/session/{SESSION}");
    let stranger = rig.client.clone().without_header("authorization");
    assert_eq!(soon(stranger.raw(&Method::GET, &path, "")).await.expect("an answer").status, 401);
    assert_eq!(soon(rig.client.raw(&Method::POST, &path, "")).await.expect("an answer").status, 405);
    for id in ["", "nobody", "a/b"] {
        let (status, error) = rig.client.known(id).await;
        assert_eq!((status, &error["error"]["type"]), (404, &json!("not_found_error")), "{id}");
    }
}

#[test]
fn ccr_shows_an_empty_line_on_a_fresh_session_and_mcr_shows_model_and_folder() {
    let sandbox = Sandbox::new();
    assert_eq!(plain(&sandbox, &["statusline"]), ("Opus · project\n".to_owned(), String::new()));
}

#[test]
fn without_an_answer_from_the_proxy_there_is_a_line_all_the_same() {
    let sandbox = Sandbox::new();
    // Takes the connection and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", silent.local_addr().expect("an address"));
    for url in [silent.as_str(), "http://127.0.0.1:1", "https://api.anthropic.com", "http://192.0.2.1:9", "nonsense"] {
        let environment = [("NO_COLOR", "1"), ("ANTHROPIC_BASE_URL", url), ("ANTHROPIC_AUTH_TOKEN", "t")];
        let began = Instant::now();
        let (line, words) = draw(&sandbox, &["statusline"], &environment, &status().to_string());
        assert_eq!((line.as_str(), words.as_str()), ("Opus · project\n", ""), "{url}");
        assert!(began.elapsed() < Duration::from_secs(10), "{url} was waited for");
    }
}

#[test]
fn what_is_no_json_gives_an_empty_line_and_says_so() {
    let (line, words) = draw(&Sandbox::new(), &["statusline"], &[], "no JSON");
    assert_eq!(line, "\n");
    assert!(words.starts_with("error: what stands on stdin is not Claude Code's JSON: "), "{words}");
}

#[test]
fn ccr_ignores_named_colours_and_mcr_draws_them_unless_it_is_told_not_to() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/config.json",
        "{StatusLine: {currentStyle: 'mine', mine: {separator: '|', modules: [
            {type: 'model', icon: '\u{f06a9}', color: 'bright_cyan'}, {type: 'workDir', color: '#0000ff'}]}}}",
    );
    let line = |environment: &[(&str, &str)]| draw(&sandbox, &["statusline"], environment, &status().to_string()).0;
    assert_eq!(line(&[("TERM", "xterm")]), "\u{1b}[96m\u{f06a9} Opus\u{1b}[0m|\u{1b}[38;2;0;0;255mproject\u{1b}[0m\n");
    assert_eq!(line(&[("TERM", "xterm"), ("NO_COLOR", "1")]), "\u{f06a9} Opus|project\n");
    assert_eq!(line(&[("TERM", "dumb")]), "Opus|project\n");
    assert_eq!(line(&[("NO_COLOR", "1"), ("USE_SIMPLE_ICONS", "true"), ("COLUMNS", "8")]), "Opus\n");
}

#[test]
fn the_line_needs_no_keys_and_no_other_part_of_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("mine.json", "{Providers: [{api_key: '$NOT_SET'}], StatusLine: {currentStyle: 'simple'}}");
    let line = plain(&sandbox, &["--config", "mine.json", "statusline"]);
    assert_eq!(line, ("project Opus\n".to_owned(), String::new()));
}

#[test]
fn a_status_line_that_is_wrong_is_drawn_as_usual_and_says_what_is_wrong() {
    let sandbox = Sandbox::new();
    sandbox.write("mine.json", "{StatusLine: {\ndefault: {modules: [{type: 'script', scriptPath: '/x.js'}]}}}");
    let (line, words) = plain(&sandbox, &["--config", "mine.json", "statusline"]);
    assert_eq!(line, "Opus · project\n");
    assert!(
        words.contains("mine.json:2:50: StatusLine.default.modules[0].scriptPath: mcr runs no JavaScript"),
        "{words}"
    );
    let (line, words) = plain(&sandbox, &["--config", "none.json", "statusline"]);
    assert_eq!(line, "Opus · project\n");
    assert!(words.contains("cannot read the configuration `none.json`"), "{words}");
}

#[test]
fn a_preset_has_a_line_of_its_own_and_else_that_of_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.json", "{StatusLine: {default: {modules: [{type: 'workDir'}]}}}");
    sandbox.write("home/presets/mine/manifest.json", "{name: 'mine', StatusLine: {currentStyle: 'simple'}}");
    sandbox.write("home/presets/plain/manifest.json", "{name: 'plain'}");
    assert_eq!(plain(&sandbox, &["statusline", "mine"]).0, "project Opus\n");
    assert_eq!(plain(&sandbox, &["statusline", "plain"]).0, "project\n");
    let (line, words) = plain(&sandbox, &["statusline", "../mine"]);
    assert_eq!(line, "Opus · project\n");
    assert!(words.contains("`../mine` is no name of a preset"), "{words}");
}

#[cfg(unix)]
#[test]
fn a_command_stands_in_place_of_a_script_and_its_control_characters_are_taken_out() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/config.json",
        r#"{"StatusLine": {"default": {"modules": [
            {"type": "command", "command": ["printf", "a\\033[2Jb\\nsecond line"]},
            {"type": "command", "command": ["sh", "-c", "echo ${ANTHROPIC_AUTH_TOKEN:-none}"], "text": "token: {{output}}"},
        ]}}}"#
            .replace("${", "$${")
            .as_str(),
    );
    let environment = [("NO_COLOR", "1"), ("ANTHROPIC_AUTH_TOKEN", "t"), ("PATH", "/usr/bin:/bin")];
    let (line, words) = draw(&sandbox, &["statusline"], &environment, &status().to_string());
    assert_eq!((line.as_str(), words.as_str()), ("a[2Jb token: none\n", ""));
}

#[test]
fn programs_get_every_variable_as_json() {
    let sandbox = Sandbox::new();
    let (line, _) = plain(&sandbox, &["statusline", "--json"]);
    let values: Value = serde_json::from_str(&line).expect("JSON");
    let found = ["model", "workDirName", "sessionId", "window", "cost"].map(|name| values[name].clone());
    assert_eq!(found, ["Opus", "project", "0f5c3b6e", "200k", ""]);
    assert_eq!(values.as_object().expect("an object").len(), 32);
}
