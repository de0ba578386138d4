//! What `api_key` and `APIKEY` may be, seen from a client and from an agent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mcr::imitation::client::Answer;
use mcr::imitation::{Imitation, Reply, Scripted};
use serde_json::json;

use super::{config_of, keep, provider};
use crate::common::{Sandbox, Server, ask, soon};

/// A server whose only provider has its key in this place.
struct Case {
    sandbox: Sandbox,
    server: Server,
    upstream: Scripted,
}

impl Case {
    async fn new(key: &str, replies: usize, prepare: impl FnOnce(&mut Sandbox)) -> Self {
        let upstream = Imitation::scripted(vec![Reply::say("Hello"); replies]).await.unwrap();
        let mut sandbox = Sandbox::new();
        prepare(&mut sandbox);
        sandbox.configure(&config_of(&[provider("mistral", &upstream.url(), key)]));
        let server = sandbox.start().await;
        Self { sandbox, server, upstream }
    }

    async fn ask(&self) -> Answer {
        soon(self.server.client().messages(&ask("Hi"))).await.expect("a lawful answer")
    }

    /// Status, error type, `x-should-retry` and words; `~` is the folder.
    async fn refused(&self) -> (u16, String, Option<String>, String) {
        let answer = self.ask().await;
        let retry = answer.header("x-should-retry").map(str::to_owned);
        let error = answer.error.expect("an error");
        (answer.status, error.kind, retry, error.message.replace(&self.sandbox.folder().display().to_string(), "~"))
    }
}

/// Claims what the client is told, that a retry is not asked for, and that nothing went to the provider.
async fn refuses(key: &str, status: u16, kind: &str, words: &str, prepare: impl FnOnce(&mut Sandbox)) {
    let case = Case::new(key, 0, prepare).await;
    let words = format!("mistral: no API key for provider `mistral`: {words}");
    assert_eq!(case.refused().await, (status, kind.to_owned(), Some("false".to_owned()), words));
    assert_eq!(case.upstream.captured().len(), 0);
}

fn private(sandbox: &Sandbox, name: &str, text: &str) {
    let path = sandbox.write(name, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("ours");
}

#[tokio::test]
async fn the_provider_gets_the_key_wherever_it_is() {
    for key in
        ["sk-written", "env:THE_KEY", "file:keys/mistral", "file:~/keys/mistral", "cmd:echo sk-written", "store:k"]
    {
        let case = Case::new(key, 1, |sandbox| {
            sandbox.set("THE_KEY", "sk-written");
            private(sandbox, "keys/mistral", "sk-written\n");
            keep(sandbox, "k", "sk-written", "127.0.0.1");
        });
        let case = case.await;
        assert_eq!(case.ask().await.status, 200, "{key}");
        assert_eq!(case.upstream.captured()[0].header("authorization"), Some("Bearer sk-written"), "{key}");
        assert!(!case.server.log().contains("sk-written"), "{key}");
    }
}

#[tokio::test]
async fn a_key_is_not_sent_to_a_host_that_it_was_not_asked_for() {
    let words = "key `k` is bound to api.mistral.ai, and was not sent to 127.0.0.1; if it belongs there too, \
                 run `mcr key set k --host api.mistral.ai --host 127.0.0.1`";
    refuses("store:k", 403, "permission_error", words, |sandbox| keep(sandbox, "k", "sk-1", "api.mistral.ai")).await;
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_with_the_command_that_mends_it() {
    let words = "there is no key `k` in the store; run `mcr key set k --host 127.0.0.1`";
    refuses("store:k", 401, "authentication_error", words, |_| {}).await;
    let words = "cannot read `file:none`: it is not there; \
                 run `install -m 600 /dev/stdin ~/none`, type the key and end with Ctrl-D";
    refuses("file:none", 401, "authentication_error", words, |_| {}).await;
    let words = "cannot read `file:key`: others can read it, its mode is 644; run `chmod 600 ~/key`";
    refuses("file:key", 403, "permission_error", words, |sandbox| {
        let path = sandbox.write("key", "sk-1");
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("ours");
    })
    .await;
}

#[tokio::test]
async fn what_a_program_says_of_its_failure_is_for_the_person_and_not_for_the_log() {
    let case = Case::new("cmd:sh -c 'echo sk-1; echo the vault is locked >&2; exit 4'", 0, |_| {}).await;
    let (status, kind, _, words) = case.refused().await;
    assert_eq!((status, kind.as_str()), (401, "authentication_error"));
    assert!(words.contains(" failed with exit code 4: the vault is locked; run `sh -c "), "{words}");
    let line = case.server.wait_for_log(" request ", 1).await.remove(0);
    assert!(
        line.contains(" outcome=error status=401 ") && line.contains("failed with exit code 4: […]; run"),
        "{line}"
    );
}

#[tokio::test]
async fn a_program_runs_once_for_many_requests_and_not_before_the_first() {
    let case = Case::new("cmd:sh -c 'echo ran >> ran; echo sk-1'", 3, |_| {}).await;
    let ran = case.sandbox.folder().join("ran");
    let check = case.sandbox.mcr(["config", "check", "--config", "config.json"]);
    assert!(check.starts_with("exit code: 0\n"), "{check}");
    assert!(!ran.exists());
    let client = case.server.client();
    let request = ask("Hi");
    let all =
        soon(async { tokio::join!(client.messages(&request), client.messages(&request), client.messages(&request)) });
    let (first, second, third) = all.await;
    assert_eq!([first, second, third].map(|answer| answer.unwrap().status), [200; 3]);
    assert_eq!(fs::read_to_string(ran).unwrap(), "ran\n");
}

#[tokio::test]
async fn a_key_set_anew_is_used_once_the_old_one_was_refused() {
    let refused = Reply::status(401, &json!({"detail": "Unauthorized"}));
    let upstream = Imitation::scripted([Reply::say("Hello"), refused, Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&config_of(&[provider("mistral", &upstream.url(), "store:k")]));
    keep(&sandbox, "k", "sk-old", "127.0.0.1");
    let server = sandbox.start().await;
    let client = server.client();
    let status = async || soon(client.messages(&ask("Hi"))).await.unwrap().status;
    assert_eq!(status().await, 200);
    keep(&sandbox, "k", "sk-new", "127.0.0.1");
    assert_eq!((status().await, status().await), (401, 200));
    let keys: Vec<_> =
        upstream.captured().iter().map(|sent| sent.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(keys, ["Bearer sk-old", "Bearer sk-old", "Bearer sk-new"]);
}

#[tokio::test]
async fn the_services_token_may_be_elsewhere_too_and_a_providers_key_is_no_token() {
    let sandbox = Sandbox::new();
    let mut config = config_of(&[provider("mistral", "http://127.0.0.2:9/v1", "sk-1")]);
    config["APIKEY"] = json!("store:token");
    sandbox.configure(&config);
    keep(&sandbox, "token", "sk-token", "api.mistral.ai");
    let picture = sandbox.mcr(["start", "--foreground", "--port", "0", "--config", "config.json"]);
    insta::assert_snapshot!(picture, @r"
    exit code: 77
    ----- stderr -----
    error: no `APIKEY`: key `token` is bound to api.mistral.ai, and was not sent to 127.0.0.1
    hint: if it belongs there too, run `mcr key set token --host api.mistral.ai --host 127.0.0.1`
    ");
    keep(&sandbox, "token", "sk-token", "127.0.0.1");
    let server = sandbox.start().await;
    let client = mcr::imitation::Client::new(&server.url(), "sk-token").unwrap();
    assert_eq!(soon(client.raw(&http::Method::GET, "/health", "")).await.unwrap().status, 200);
}

#[test]
fn the_configuration_shows_where_a_key_is_and_not_the_key() {
    let mut sandbox = Sandbox::new();
    sandbox.set("THE_KEY", "sk-variable");
    let key = |key: &str| {
        sandbox.configure(&config_of(&[provider("p", "https://x.example/v1", key)]));
        let picture = sandbox.mcr(["config", "show", "--config", "config.json"]);
        assert!(!picture.contains("sk-"), "{picture}");
        let line = picture.lines().find(|line| line.starts_with("Providers[0].api_key ")).expect("a line").to_owned();
        let (_, value) = line.split_once(" = ").expect("a value");
        value.split("  (config.json:").next().expect("a value").to_owned()
    };
    assert_eq!(
        ["sk-1", "env:THE_KEY", "file:~/key", "cmd:pass show $THE_KEY", "store:k"].map(key),
        ["\"[secret]\"", "\"env:THE_KEY\"", "\"file:~/key\"", "\"cmd:pass show $THE_KEY\"", "\"store:k\""]
    );
}

#[test]
fn variables_that_hold_keys_are_taken_from_the_agent_however_they_are_named() {
    let mut sandbox = Sandbox::new();
    for name in ["BY_REFERENCE", "BY_DOLLAR", "IN_A_COMMAND", "TOKEN", "NOT_A_KEY"] {
        sandbox.set(name, "sk-variable");
    }
    let mut config = config_of(&[
        provider("a", "https://a.example/v1", "env:BY_REFERENCE"),
        provider("b", "https://b.example/v1", "$BY_DOLLAR"),
        provider("c", "https://c.example/v1", "cmd:vault $IN_A_COMMAND"),
    ]);
    let agent = sandbox.write(
        "claude",
        "#!/bin/sh\n[ \"$1\" = --version ] && { echo '2.1.0 (Claude Code)'; exit; }\nenv > \"$HOME/env\"\n",
    );
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    config["CLAUDE_PATH"] = json!(agent);
    config["APIKEY"] = json!("env:TOKEN");
    sandbox.configure(&config);
    sandbox.vouch_for(&["a.example", "b.example", "c.example"]);
    let picture = sandbox.mcr(["--config", "config.json", "code", "-p", "Hi"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let environment = fs::read_to_string(sandbox.folder().join("env")).expect("the agent ran");
    let holding: Vec<&str> = environment.lines().filter_map(|line| line.strip_suffix("=sk-variable")).collect();
    assert_eq!(holding, ["NOT_A_KEY"]);
}
