//! Keys that are not in the configuration: the store, the references, and `mcr key`.

pub(crate) mod command;
mod prompt;
mod references;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::common::requests::MODEL;

/// Runs a command with words on stdin, and draws it as [`Sandbox::mcr`] does.
fn fed(sandbox: &Sandbox, arguments: &[&str], stdin: &str) -> String {
    let child = started(sandbox, arguments, stdin);
    let output = child.wait_with_output().expect("it ends");
    let mut picture = format!("exit code: {}\n", output.status.code().expect("an exit code"));
    for (name, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
        if !bytes.is_empty() {
            picture.extend(["----- ", name, " -----\n", &String::from_utf8(bytes).expect("text")]);
        }
    }
    picture.replace(&sandbox.folder().display().to_string(), "~")
}

fn started(sandbox: &Sandbox, arguments: &[&str], stdin: &str) -> std::process::Child {
    let mut command: Command = sandbox.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    // One that does not want to hear it has closed the pipe.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    child
}

/// Keeps a key in the store.
fn keep(sandbox: &Sandbox, name: &str, key: &str, host: &str) {
    let picture = fed(sandbox, &["key", "set", name, "--host", host, "--from-stdin"], key);
    assert_eq!(picture, format!("exit code: 0\n----- stderr -----\nkept key, bound to {host}: {name}\n"));
}

/// What the store holds, as JSON.
fn listed(sandbox: &Sandbox) -> Value {
    let picture = sandbox.mcr(["key", "list", "--json"]);
    let data = picture.strip_prefix("exit code: 0\n----- stdout -----\n").expect("data");
    serde_json::from_str(data.split("----- stderr").next().expect("data")).expect("JSON")
}

/// A provider whose key is said to be there.
fn provider(name: &str, url: &str, key: &str) -> Value {
    json!({"name": name, "api_base_url": url, "api_key": key, "models": [MODEL], "dialect": "mistral"})
}

/// A configuration of these providers; the first serves everything.
fn config_of(providers: &[Value]) -> Value {
    let name = providers[0]["name"].as_str().expect("a name");
    json!({"Providers": providers, "Router": {"default": format!("{name},{MODEL}")}})
}
