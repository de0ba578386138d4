//! `mcr code` from outside, with a script in Claude Code's place.
#![cfg(unix)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Sandbox, config};

/// A sandbox whose Claude Code writes its arguments and its environment down, then does `then`.
pub(crate) fn with_agent(then: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >argv\nenv >env\ncp -p \"$2\" settings\n{then}\n");
    // Written by another process: an executable that this one holds open cannot be started.
    let write = r#"printf '%s' "$1" >claude && chmod 755 claude"#;
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", write, "sh", &script]).current_dir(sandbox.folder());
    assert!(shell.status().expect("a shell").success());
    let claude = sandbox.folder().join("claude").display().to_string();
    sandbox.set("CLAUDE_PATH", &claude);
    sandbox.set("PATH", "/usr/bin:/bin");
    sandbox.set("MCR_CONFIG", "config.json");
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    sandbox
}

pub(crate) fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.folder().join(name)).expect("the agent ran")
}

/// The agent's arguments behind `--settings FILE`.
pub(crate) fn arguments(sandbox: &Sandbox, user: &[&str]) -> Vec<String> {
    let picture = sandbox.mcr([&["code"], user].concat());
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let argv = read(sandbox, "argv");
    let mut lines = argv.lines().map(str::to_owned);
    assert_eq!(lines.next().as_deref(), Some("--settings"));
    lines.skip(1).collect()
}

#[test]
fn the_double_dash_reaches_the_agent() {
    let sandbox = with_agent("exit 0");
    for user in [
        &["--", "-starts with a dash"][..],
        &["--", "mcp", "list"],
        &["-p", "--", "--settings", "x"],
        &["--", "--", "x"],
        &["--help"],
        &["--config", "none.json", "--quiet"],
    ] {
        assert_eq!(arguments(&sandbox, user), user);
    }
}

#[test]
fn row_12_random_bytes_behind_the_command_reach_the_agent_as_they_are() {
    use std::os::unix::ffi::OsStrExt as _;

    let sandbox = with_agent("printf '%s\\0' \"$@\" >argv\nexit 0");
    // A command for each vector would take long, so several go along with one another.
    for vectors in crate::launch::vectors(400).chunks(40) {
        let user = vectors.concat();
        let output = sandbox.command(["code"]).args(&user).output().expect("mcr");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let argv = fs::read(sandbox.folder().join("argv")).expect("the agent ran");
        let words: Vec<&[u8]> = argv.split_inclusive(|byte| *byte == 0).map(|word| &word[..word.len() - 1]).collect();
        let expected: Vec<&[u8]> = user.iter().map(|word| word.as_bytes()).collect();
        assert_eq!((words[0], &words[2..]), (&b"--settings"[..], &expected[..]));
    }
}

#[test]
fn mcrs_own_options_stand_before_the_command_and_may_be_called_like_it() {
    let sandbox = with_agent("exit 0");
    let command = ["--quiet", "--trace-bodies", "code", "--config=config.json", "code", "--", "code"];
    assert_eq!(sandbox.mcr(command), "exit code: 0\n");
    assert!(read(&sandbox, "argv").ends_with("\n--\ncode\n"));
}

#[test]
fn the_agent_is_told_ids_of_routes_and_names_of_models() {
    let sandbox = with_agent("exit 0");
    let mut two = config("http://127.0.0.1:9/v1");
    two["Providers"].as_array_mut().expect("a list").push(provider("local", "http://127.0.0.1:8/v1", MODEL));
    two["Router"]["background"] = json!(format!("local,{MODEL}"));
    sandbox.configure(&two);
    sandbox.mcr(["code", "-p", "hi"]);
    let env = read(&sandbox, "env");
    let main = format!("{MODEL} (mistral)");
    let small = format!("{MODEL} (local)");
    for (name, value) in [
        ("ANTHROPIC_MODEL", "mcr/default"),
        ("ANTHROPIC_SMALL_FAST_MODEL", "mcr/background"),
        ("ANTHROPIC_DEFAULT_SONNET_MODEL", "mcr/default"),
        ("ANTHROPIC_DEFAULT_SONNET_MODEL_NAME", &main),
        ("ANTHROPIC_DEFAULT_HAIKU_MODEL", "mcr/background"),
        ("ANTHROPIC_DEFAULT_HAIKU_MODEL_NAME", &small),
    ] {
        assert!(env.lines().any(|line| line == format!("{name}={value}")), "{name} is not {value} in {env}");
    }
    let settings: Value = serde_json::from_str(&read(&sandbox, "settings")).expect("JSON");
    assert_eq!(
        settings["modelPicker"]["options"],
        json!([
            {"model": "mcr/default", "label": main, "description": "the default route"},
            {"model": "mcr/background", "label": small, "description": "the background route"},
        ])
    );
}

#[test]
fn the_agent_reckons_with_the_largest_window_that_a_long_prompt_can_go_to() {
    let sandbox = with_agent("exit 0");
    let mut searching = config("http://127.0.0.1:9/v1");
    searching["Providers"][0]["models"] = json!([MODEL, "search", "long"]);
    searching["Providers"][0]["facts"] =
        json!({MODEL: {"window": 100_000}, "search": {"window": 1_000_000}, "long": {"window": 200_000}});
    searching["Router"]["webSearch"] = json!("mistral,search");
    searching["Router"]["longContext"] = json!("mistral,long");
    sandbox.configure(&searching);
    sandbox.mcr(["code", "-p", "hi"]);
    let env = read(&sandbox, "env");
    assert!(env.lines().any(|line| line == "CLAUDE_CODE_MAX_CONTEXT_TOKENS=200000"), "{env}");
}

/// Routes to a host that nobody asks for, through a proxy that only remembers who came.
fn behind_a_trap(sandbox: &mut Sandbox) -> TcpListener {
    let trap = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    sandbox.set("HTTPS_PROXY", &format!("http://{}", trap.local_addr().expect("an address")));
    sandbox.configure(&config("https://provider.example/v1"));
    sandbox.vouch_for(&["provider.example"]);
    trap
}

fn head(mut caller: TcpStream) -> String {
    let mut bytes = [0; 64];
    let length = caller.read(&mut bytes).expect("a request");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn a_session_finds_a_warm_connection() {
    let mut sandbox = with_agent("read line; exit 0");
    let trap = behind_a_trap(&mut sandbox);
    let mut mcr = sandbox.command(["--quiet", "code", "-p", "hi"]).stdin(Stdio::piped()).spawn().expect("it runs");
    let (caller, _) = trap.accept().expect("a caller");
    assert!(head(caller).starts_with("CONNECT provider.example:443 "));
    mcr.stdin.take().expect("a pipe").write_all(b"enough\n").expect("written");
    assert!(mcr.wait().expect("it ends").success());
}

#[test]
fn nobody_is_contacted_where_nothing_can_be_asked() {
    let mut sandbox = with_agent("exit 0");
    let trap = behind_a_trap(&mut sandbox);
    trap.set_nonblocking(true).expect("set");
    for user in
        [&["--version"][..], &["-p", "--help"], &["mcp", "list"], &["update"], &["logs", "0123abcd"], &["--bg", "hi"]]
    {
        sandbox.mcr([&["code"], user].concat());
        let caller = trap.accept().map(|(caller, _)| head(caller));
        assert_eq!(caller.map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock), "{user:?}");
    }
}
