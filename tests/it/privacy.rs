//! What is kept of a request: one line of facts, and nothing that anybody wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use mcr::imitation::{Imitation, Reply};
use serde_json::{Value, json};

use crate::common::requests::KEY;
use crate::common::{Rig, Sandbox, Server, ask, config, soon, whole};

/// Puts `…` where a line differs from run to run: its time, ids and durations.
fn plain(line: &str) -> String {
    let words = line.split(' ').skip(1).map(|word| match word.split_once('=') {
        Some((name @ ("request" | "ttft_ms" | "duration_ms"), _)) => format!("{name}=…"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_request_is_one_line_with_host_model_route_and_tokens() {
    let rig = Rig::new([Reply::say("Hello").usage(120, 7, 100), Reply::say("Hello")]).await;
    rig.messages(&ask("Hi")).await;
    rig.messages(&whole(ask("Hi"))).await;
    let lines: Vec<_> = rig.server.wait_for_log(" request ", 2).await.iter().map(|line| plain(line)).collect();
    let expected = "info  request request=… outcome=ok status=200 provider=mistral host=127.0.0.1 \
                    model=mistral-medium-3-5 route=default stream=true input=120 cached=100 output=7 ttft_ms=… \
                    duration_ms=…";
    assert_eq!(lines[0], expected);
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_request_that_fails_is_one_line_too() {
    let rig = Rig::new([Reply::status(503, &json!({"message": "full"}))]).await;
    rig.messages(&ask("Hi")).await;
    let lines: Vec<_> = rig.server.wait_for_log(" request ", 1).await.iter().map(|line| plain(line)).collect();
    let expected = "info  request request=… outcome=error status=529 provider=mistral host=127.0.0.1 \
                    model=mistral-medium-3-5 route=default stream=true input=0 cached=0 output=0 duration_ms=… \
                    error=\"mistral: no capacity at the moment (503): […] [request imitation-0]\"";
    assert_eq!(lines, [expected]);
}

#[tokio::test]
async fn a_request_that_goes_nowhere_is_one_line_too() {
    let rig = Rig::new([]).await;
    let mut unknown = ask("Hi");
    unknown["model"] = json!("mistral,nope");
    rig.messages(&unknown).await;
    soon(rig.client.raw(&http::Method::POST, "/v1/messages", "{")).await.unwrap();
    let lines: Vec<_> = rig.server.wait_for_log(" request ", 2).await.iter().map(|line| plain(line)).collect();
    assert_eq!(
        lines,
        [
            "info  request request=… outcome=refused status=400 duration_ms=… error=\"mcr: model `mistral,nope` is not in \
             the configuration; configured are mistral,mistral-medium-3-5\"",
            "info  request request=… outcome=refused status=400 duration_ms=… error=\"mcr: the body is not JSON (line 1, \
             column 1)\"",
        ]
    );
}

#[tokio::test]
async fn where_the_configuration_lies_is_neither_in_an_answer_nor_in_the_log() {
    let rig = Rig::configured([], |config| config["Providers"][0]["api_key"] = json!("$MCR_TEST_UNSET")).await;
    let answer = rig.messages(&ask("Hi")).await;
    let words = answer.error.as_ref().map(|error| error.message.as_str());
    let expected = "mistral: Providers[0].api_key: environment variable `MCR_TEST_UNSET` is unset or empty; \
                    run `export MCR_TEST_UNSET=...` and start again";
    assert_eq!((answer.status, words), (401, Some(expected)));
    rig.sandbox.write("config.json", "{Providers: [{name: 1}]}");
    rig.server.wait_for_log("configuration not reloaded", 1).await;
    fs::remove_file(rig.sandbox.folder().join("config.json")).unwrap();
    rig.server.wait_for_log("configuration not reloaded", 2).await;
    let log = rig.server.log();
    assert!(!log.contains(rig.sandbox.folder().to_str().unwrap()), "{log}");
}

/// Every file and folder below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while at < found.len() {
        if found[at].is_dir() {
            found.extend(fs::read_dir(&found[at]).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
        at += 1;
    }
    found
}

const PROMPT: &str = "marker-prompt-4711";
const SYSTEM: &str = "marker-system-4711";
const PATH: &str = "/home/marker-person-4711/secret-project/plan.txt";
const ANSWER: &str = "marker-answer-4711";

/// A turn with words in every place that has any.
fn talkative() -> Value {
    let mut request = ask(PROMPT);
    request["system"] = json!([{"type": "text", "text": SYSTEM}]);
    request["messages"] = json!([
        {"role": "user", "content": PROMPT},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": PATH}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": PROMPT}]},
    ]);
    request["tools"] =
        json!([{"name": "Read", "description": SYSTEM, "input_schema": {"type": "object", "properties": {}}}]);
    request
}

/// Sends what succeeds, what fails and what is refused.
async fn traffic(server: &Server) {
    for request in [talkative(), whole(talkative()), talkative(), talkative()] {
        soon(server.client().messages(&request)).await.expect("a lawful answer");
    }
    let broken = talkative().to_string().replace("\"role\":\"user\"", "\"role\":7");
    for path in ["/v1/messages", "/v1/messages/count_tokens", "/v1/marker-path-4711"] {
        soon(server.client().raw(&http::Method::POST, path, broken.clone())).await.expect("an answer");
    }
    server.wait_for_log(" request ", 5).await;
}

/// Two answers, and two failures whose words repeat what was sent: servers do that.
fn replies() -> [Reply; 4] {
    [
        Reply::say(ANSWER),
        Reply::new().text(ANSWER).tool_call("Read", json!({"file_path": PATH}).to_string()).finish("tool_calls"),
        Reply::new().text(ANSWER).error_frame(json!({"object": "error", "message": format!("bad: {PROMPT}")})),
        Reply::status(500, &json!({"message": format!("failed for {KEY}: {PROMPT} {PATH}")})),
    ]
}

#[tokio::test]
async fn nothing_that_anybody_wrote_is_in_any_file_and_every_file_is_its_owners() {
    let upstream = Imitation::scripted(replies()).await.unwrap();
    let mut sandbox = Sandbox::new();
    sandbox.set("MCR_TEST_KEY", KEY);
    let mut config = config(&upstream.url());
    config["LOG_LEVEL"] = json!("trace");
    config["Providers"][0]["api_key"] = json!("$MCR_TEST_KEY");
    sandbox.configure(&config);
    let inner = sandbox.command(["start", "--foreground", "--port", "0", "--config", "config.json"]);
    // Whatever the person's umask allows.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(sandbox.folder());
    let server = Server::spawn(command, &sandbox.home()).await;
    traffic(&server).await;
    server.wait_for_log("the audit record's first key", 1).await;
    let mut files = 0;
    for path in below(&sandbox.home()) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        if path.is_file() {
            files += 1;
            let text = fs::read_to_string(&path).unwrap();
            // With the dash: digits alone are in the hexadecimal digits of a digest sooner or later.
            for secret in ["-4711", KEY] {
                assert!(!text.contains(secret), "{}: {text}", path.display());
            }
        }
    }
    // The token, the log, what was used, the service's record with its two locks; and the audit record with its
    // checkpoints and the key of the next.
    assert_eq!(files, 9);
}

/// What everybody who may look sees of a process, and what its owner sees too.
#[cfg(target_os = "linux")]
fn shown(pid: &str, what: &str) -> String {
    let bytes = fs::read(format!("/proc/{pid}/{what}")).expect("a process of ours");
    assert!(!bytes.is_empty(), "{what}");
    String::from_utf8(bytes).expect("text")
}

/// Keeps the key in mcr's store; the configuration has its name.
#[cfg(target_os = "linux")]
fn with_stored_key(sandbox: &Sandbox, url: &str) {
    use std::io::Write as _;
    let mut command = sandbox.command(["key", "set", "k", "--host", "127.0.0.1", "--from-stdin"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("mcr");
    child.stdin.take().expect("stdin").write_all(KEY.as_bytes()).expect("a key");
    assert!(child.wait().expect("an end").success());
    let mut config = config(url);
    config["Providers"][0]["api_key"] = json!("store:k");
    sandbox.configure(&config);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn row_10_the_service_shows_neither_a_key_nor_a_prompt_to_who_looks_at_its_process() {
    let upstream = Imitation::scripted([Reply::say(ANSWER)]).await.unwrap();
    let sandbox = Sandbox::new();
    with_stored_key(&sandbox, &upstream.url());
    let service = crate::service::Service::start(&sandbox);
    let answer = soon(service.client("").messages(&talkative())).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), ANSWER);
    assert!(upstream.captured()[0].headers["authorization"].to_str().unwrap().contains(KEY));
    let record = service.record();
    for what in ["cmdline", "environ"] {
        let seen = shown(&record["pid"].to_string(), what);
        for secret in [KEY, "-4711", record["token"].as_str().unwrap()] {
            assert!(!seen.contains(secret), "{what}: {seen}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn row_10_the_agent_shows_no_key_and_nobody_shows_its_token_in_arguments() {
    let look = "for what in $$/cmdline $$/environ $PPID/cmdline $PPID/environ; do\n\
                cat /proc/$what >seen-$(echo $what | tr / - | sed \"s/^$$/agent/; s/^$PPID/mcr/\"); done\nexit 0";
    for stored in [true, false] {
        let mut sandbox = crate::code::with_agent(look);
        if stored {
            with_stored_key(&sandbox, "http://127.0.0.1:9/v1");
        } else {
            sandbox.set("MCR_TEST_KEY", KEY);
            let mut config = config("http://127.0.0.1:9/v1");
            config["Providers"][0]["api_key"] = json!("$MCR_TEST_KEY");
            sandbox.configure(&config);
        }
        let picture = sandbox.mcr(["code", "-p", "hi"]);
        assert!(picture.starts_with("exit code: 0\n"), "{picture}");
        let read = |name: &str| fs::read_to_string(sandbox.folder().join(name)).expect("the agent ran");
        let settings: Value = serde_json::from_str(&read("settings")).expect("JSON");
        let token = settings["env"]["ANTHROPIC_AUTH_TOKEN"].as_str().expect("a token");
        for name in ["agent-cmdline", "agent-environ", "mcr-cmdline", "mcr-environ"] {
            let seen = read(&format!("seen-{name}"));
            assert!(seen.len() > 10, "{name}: {seen}");
            // Whoever puts a key into the environment has it in that of mcr, too; the agent gets none.
            let is_theirs = name == "mcr-environ" && !stored;
            assert!(is_theirs || !seen.contains(KEY), "{name}: {seen}");
            assert!(name == "agent-environ" || !seen.contains(token), "{name}: {seen}");
        }
    }
}

#[tokio::test]
async fn every_body_is_written_where_the_person_asked_for_it_and_nowhere_else() {
    let replies = [Reply::say(ANSWER), Reply::say(ANSWER), Reply::status(400, &json!({"message": ANSWER}))];
    let upstream = Imitation::scripted(replies).await.unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&config(&upstream.url()));
    // It is there and open to others: an earlier trace that was passed on, say.
    let path = sandbox.write("bodies.jsonl", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let server = sandbox.start_with(&["--trace-bodies", "bodies.jsonl"]).await;
    for request in [whole(talkative()), talkative(), talkative()] {
        soon(server.client().messages(&request)).await.unwrap();
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    let mut whats = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let (what, body) = (line["what"].as_str().unwrap().to_owned(), line["body"].as_str().unwrap());
        match what.as_str() {
            "request" | "upstream request" => assert!(body.contains(PROMPT), "{line}"),
            "upstream answer" | "error" => assert!(body.contains(ANSWER), "{line}"),
            _ => {}
        }
        whats.push(what);
    }
    let sent = ["request", "upstream request"];
    // A role, the words, a finish, `[DONE]`.
    let expected = [&sent[..], &["upstream answer"], &sent, &["upstream event"; 4], &sent, &["error"]].concat();
    assert_eq!(whats, expected);
    assert!(!text.contains(KEY) && !text.contains(&server.token), "{text}");
    assert!(!server.log().contains("-4711"));
}
