//! `mcr key set | list | rm | test`.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use mcr::imitation::{Imitation, Reply};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{config_of, fed, keep, listed, provider, started};
use crate::common::{Sandbox, soon};

/// Not a key's day but the place where it stands.
fn undated(sandbox: &Sandbox, picture: &str) -> String {
    let day = listed(sandbox)["keys"][0]["set"].as_str().expect("a day").to_owned();
    assert!(day.parse::<jiff::civil::Date>().is_ok(), "{day}");
    picture.replace(&day, "DATE")
}

#[test]
fn a_key_is_kept_listed_and_removed_and_never_shown() {
    let sandbox = Sandbox::new();
    assert_snapshot!(fed(&sandbox, &["key", "set", "mistral", "--host", "API.mistral.ai", "--host", "api.eu.mistral.ai", "--from-stdin"], "sk-kept\n"), @r"
    exit code: 0
    ----- stderr -----
    kept key, bound to api.mistral.ai, api.eu.mistral.ai: mistral
    ");
    let file = sandbox.home().join("state/keys.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&file).unwrap().contains("\"sk-kept\""));
    let picture = sandbox.mcr(["key", "list"]);
    assert_snapshot!(undated(&sandbox, &picture), @r"
    exit code: 0
    ----- stdout -----
    mistral  DATE  api.eu.mistral.ai, api.mistral.ai
    ----- stderr -----
    who uses them is not known without a good configuration; see `mcr config check`
    ");
    let picture = sandbox.mcr(["key", "list", "--json"]);
    assert_snapshot!(undated(&sandbox, &picture), @r#"
    exit code: 0
    ----- stdout -----
    {
      "keys": [
        {
          "name": "mistral",
          "hosts": [
            "api.eu.mistral.ai",
            "api.mistral.ai"
          ],
          "set": "DATE",
          "used_by": null
        }
      ]
    }
    ----- stderr -----
    who uses them is not known without a good configuration; see `mcr config check`
    "#);
    assert_snapshot!(sandbox.mcr(["key", "rm", "mistral"]), @r"
    exit code: 0
    ----- stderr -----
    removed key mistral
    ");
    assert!(!fs::read_to_string(&file).unwrap().contains("sk-kept"));
    assert_snapshot!(sandbox.mcr(["key", "rm", "mistral"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no key `mistral` in the store
    hint: run `mcr key list` to see which there are
    ");
    assert_snapshot!(sandbox.mcr(["key", "list"]), @r"
    exit code: 0
    ----- stderr -----
    there are no keys in the store; set one with `mcr key set NAME --host HOST`
    ");
}

#[test]
fn without_a_terminal_the_words_name_the_flag_that_is_missing() {
    assert_snapshot!(fed(&Sandbox::new(), &["key", "set", "mistral", "--host", "api.eu.mistral.ai"], "sk-unread\n"), @r"
    exit code: 64
    ----- stderr -----
    error: there is no terminal to ask for key `mistral` on
    hint: pass `--from-stdin` and the key on stdin: `pass show x | mcr key set mistral --from-stdin`
    ");
}

#[test]
fn a_key_that_no_host_is_known_for_is_not_kept() {
    let sandbox = Sandbox::new();
    assert_snapshot!(fed(&sandbox, &["key", "set", "mistral", "--from-stdin"], "sk-1\n"), @r#"
    exit code: 64
    ----- stderr -----
    error: no host is named that key `mistral` may be sent to, and no provider of the configuration uses it
    hint: name the host: `mcr key set mistral --host api.eu.mistral.ai`
    hint: or write `"api_key": "store:mistral"` into the configuration first
    "#);
    assert!(!sandbox.home().exists());
}

#[test]
fn a_key_that_is_none_is_not_kept_and_not_repeated() {
    let sandbox = Sandbox::new();
    for stdin in ["", "\n", "sk-1\nsk-2\n", "sk-1 sk-2\n"] {
        let picture = fed(&sandbox, &["key", "set", "k", "--host", "x.example", "--from-stdin"], stdin);
        assert!(
            picture.starts_with("exit code: 65\n----- stderr -----\nerror: there is no key on stdin\n"),
            "{picture}"
        );
        assert!(!picture.contains("sk-"), "{picture}");
    }
    assert!(!sandbox.home().exists());
}

#[test]
fn what_is_no_name_and_what_is_no_host_are_usage_errors() {
    let sandbox = Sandbox::new();
    let name = sandbox.mcr(["key", "set", "../keys", "--host", "x.example", "--from-stdin"]);
    let host = sandbox.mcr(["key", "set", "k", "--host", "https://x.example/v1", "--from-stdin"]);
    for (picture, words) in [(name, "`../keys` is no name of a key; "), (host, "`https://x.example/v1` is no host; ")] {
        assert!(
            picture.starts_with("exit code: 64\n----- stderr -----\nerror: invalid value ") && picture.contains(words),
            "{picture}"
        );
    }
}

#[test]
fn a_key_is_bound_to_the_hosts_of_the_providers_that_use_it_and_stays_so() {
    let sandbox = Sandbox::new();
    let config =
        |url: &str| config_of(&[provider("p", url, "store:k"), provider("q", "https://q.example/v1", "sk-written")]);
    sandbox.write("home/config.json", &config("https://a.example/v1").to_string());
    let set = |key: &str| fed(&sandbox, &["key", "set", "k", "--from-stdin"], key);
    let kept = "exit code: 0\n----- stderr -----\nkept key, bound to a.example: k\n";
    assert_eq!(set("sk-1"), kept);
    assert_eq!(listed(&sandbox)["keys"][0]["used_by"], json!(["provider p"]));
    // A configuration that names another host since then does not get the new key either.
    sandbox.write("home/config.json", &config("https://evil.example/v1").to_string());
    assert_eq!(set("sk-2"), kept);
    let picture = sandbox.mcr(["key", "rm", "k"]);
    assert_eq!(picture, "exit code: 0\n----- stderr -----\nremoved key k\nwarning: provider p is without a key now\n");
}

#[test]
fn processes_that_write_at_the_same_time_lose_nothing() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..12).map(|number| format!("k{number:02}")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| started(&sandbox, &["key", "set", name, "--host", "x.example", "--from-stdin"], "sk-1\n"))
        .collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let keys = listed(&sandbox)["keys"].clone();
    let found: Vec<&str> = keys.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(found, names);
}

/// A server that answers one request with this status; gives back what it was asked.
pub(crate) async fn answering(status: u16) -> (String, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a head"));
        }
        stream.write_all(answer.as_bytes()).await.expect("written");
        String::from_utf8(head).expect("text")
    });
    (url, asked)
}

/// Runs `mcr key test` beside servers in this process.
async fn tested(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let mut command = sandbox.command(["key", "test", "--config", "config.json"].iter().chain(arguments));
    let output = soon(tokio::task::spawn_blocking(move || command.output())).await.expect("no panic").expect("it runs");
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!stdout.contains("sk-") && !stderr.contains("sk-"), "{stdout}{stderr}");
    format!("exit code: {}\n{stdout}{stderr}", output.status.code().expect("an exit code"))
}

#[tokio::test]
async fn keys_are_tested_by_asking_each_provider_for_its_models() {
    let good = Imitation::scripted([] as [Reply; 0]).await.unwrap();
    let (url, asked) = answering(200).await;
    let mut sandbox = Sandbox::new();
    sandbox.set("GOOD_KEY", "sk-good");
    sandbox.configure(&config_of(&[provider("mistral", &good.url(), "env:GOOD_KEY"), provider("b", &url, "store:b")]));
    keep(&sandbox, "b", "sk-stored", "127.0.0.1");
    assert_snapshot!(tested(&sandbox, &[]).await, @r"
    exit code: 0
    mistral  works        127.0.0.1 answered 200
    b        works        127.0.0.1 answered 200
    ");
    let head = soon(asked).await.unwrap();
    assert!(head.starts_with("GET /v1/models HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("\r\nauthorization: bearer sk-stored\r\n"), "{head}");
}

#[tokio::test]
async fn a_refused_key_is_77_and_the_others_are_tested_all_the_same() {
    let (refusing, _asked) = answering(401).await;
    let (odd, _asked) = answering(404).await;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&config_of(&[
        provider("refusing", &refusing, "sk-wrong"),
        provider("odd", &odd, "sk-1"),
        provider("closed", &format!("http://{closed}/v1"), "sk-1"),
        provider("elsewhere", "http://127.0.0.2:9/v1", "store:bound"),
        provider("unset", "http://127.0.0.2:9/v1", "env:NONE"),
    ]));
    keep(&sandbox, "bound", "sk-bound", "api.example");
    let picture = tested(&sandbox, &[]).await.replace(&closed.to_string(), "CLOSED");
    assert_snapshot!(picture, @r"
    exit code: 77
    refusing   refused      127.0.0.1 answered 401; correct the provider's `api_key`
    odd        unavailable  127.0.0.1 answered 404: it lists no models, which says nothing of the key
    closed     unavailable  CLOSED: connection refused; is it running?
    elsewhere  no key       key `bound` is bound to api.example, and was not sent to 127.0.0.2; if it belongs there too, run `mcr key set bound --host api.example --host 127.0.0.2`
    unset      no key       Providers[4].api_key: environment variable `NONE` is unset or empty; run `export NONE=...` and start again
    ");
}

#[tokio::test]
async fn one_provider_is_tested_by_its_name_and_silence_is_69() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let sandbox = Sandbox::new();
    let url = format!("http://{closed}/v1");
    sandbox.configure(&config_of(&[provider("a", "http://127.0.0.2:9/v1", "sk-1"), provider("b", &url, "sk-1")]));
    let picture = tested(&sandbox, &["B", "--json"]).await.replace(&closed.to_string(), "CLOSED");
    assert_snapshot!(picture, @r#"
    exit code: 69
    {
      "ok": false,
      "providers": [
        {
          "provider": "b",
          "host": "127.0.0.1",
          "key": "written",
          "verdict": "unavailable",
          "status": null,
          "message": "CLOSED: connection refused; is it running?"
        }
      ]
    }
    "#);
    assert_snapshot!(tested(&sandbox, &["c"]).await, @r"
    exit code: 64
    error: there is no provider `c`
    hint: configured are a, b
    ");
}
