//! Faults of claude-code-router's launcher, of its state and of its status line that no other test is about.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::{Sandbox, config};
use crate::preset::files;
use crate::preset::session::{Session, agent};
use crate::service::Service;

/// Puts a script in Claude Code's place.
fn with_agent(sandbox: &mut Sandbox, path: &str, script: &str) {
    // Written by another process: an executable that this one holds open cannot be started.
    let write = r#"mkdir -p "$(dirname "$1")" && printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod 755 "$1""#;
    let mut shell = Command::new("/bin/sh");
    let made = shell.args(["-c", write, "sh", path, script]).current_dir(sandbox.folder()).status();
    assert!(made.expect("a shell").success());
    let agent = sandbox.folder().join(path).display().to_string();
    sandbox.set("CLAUDE_PATH", &agent);
    sandbox.set("PATH", "/usr/bin:/bin");
    sandbox.write("home/config.json", &config("http://127.0.0.1:9/v1").to_string());
}

#[test]
fn nothing_lies_in_the_temporary_folder_that_users_share_as_in_ccr() {
    let mut sandbox = Sandbox::new();
    with_agent(&mut sandbox, "claude", "ls -A \"$TMPDIR\" >seen");
    let shared = sandbox.folder().join("shared");
    fs::create_dir(&shared).unwrap();
    sandbox.set("TMPDIR", &shared.display().to_string());
    let _service = Service { sandbox: &sandbox };
    for arguments in [&["code", "-p", "hi"][..], &["start", "--port", "0"], &["status"], &["statusline"], &["stop"]] {
        let picture = sandbox.mcr(arguments);
        assert!(picture.starts_with("exit code: 0\n"), "{arguments:?}: {picture}");
    }
    assert_eq!(fs::read_to_string(sandbox.folder().join("seen")).unwrap(), "");
    assert_eq!(files(&shared), Vec::<String>::new());
}

#[test]
fn claude_codes_own_files_are_not_written_as_in_ccr() {
    let mut sandbox = Sandbox::new();
    with_agent(&mut sandbox, "claude", "exit 0");
    let _service = Service { sandbox: &sandbox };
    for arguments in [&["code", "-p", "hi"][..], &["start", "--port", "0"], &["activate", "bash"]] {
        let picture = sandbox.mcr(arguments);
        assert!(picture.starts_with("exit code: 0\n"), "{arguments:?}: {picture}");
    }
    // `HOME` is the sandbox's folder.
    for name in [".claude.json", ".claude", ".claude-code-router"] {
        assert!(!sandbox.folder().join(name).exists(), "{name}");
    }
}

#[test]
fn the_end_of_a_session_leaves_a_service_alone_that_it_did_not_start_as_in_ccr() {
    let mut sandbox = Sandbox::new();
    with_agent(&mut sandbox, "claude", "exit 0");
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let service = Service::start(&sandbox);
    let before = service.record();
    for _ in 0..2 {
        let picture = sandbox.mcr(["--quiet", "code", "-p", "hi"]);
        assert_eq!(picture, "exit code: 0\n");
    }
    assert_eq!(service.status()["running"], true);
    assert_eq!(service.record(), before);
}

#[tokio::test]
async fn sessions_at_the_same_time_have_a_proxy_and_a_configuration_each_as_none_in_ccr() {
    let mut first = Sandbox::new();
    agent(&mut first);
    let mut second = Sandbox::new();
    agent(&mut second);
    // One person's: the state is shared.
    second.set("MCR_HOME", &first.home().display().to_string());
    let mut other = config("http://127.0.0.1:9/v1");
    other["Providers"][0]["name"] = json!("other");
    other["Router"]["default"] = json!("other,mistral-medium-3-5");
    first.configure(&config("http://127.0.0.1:9/v1"));
    second.configure(&other);
    let one = Session::start(&first, &["--config", "config.json", "code"]).await;
    let two = Session::start(&second, &["--config", "config.json", "code"]).await;
    let variable = |session: &Session, name: &str| session.settings["env"][name].clone();
    for name in ["ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"] {
        assert_ne!(variable(&one, name), variable(&two, name), "{name}");
    }
    let label = |session: &Session| session.settings["modelPicker"]["options"][0]["label"].clone();
    assert_eq!([label(&one), label(&two)], ["mistral-medium-3-5 (mistral)", "mistral-medium-3-5 (other)"]);
    assert_eq!(one.end().await.0, Some(7));
    // The end of one is not that of the other.
    let answer = crate::common::soon(two.client().raw(&http::Method::GET, "/v1/models", "")).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(two.end().await.0, Some(7));
}

#[test]
fn the_agents_path_is_not_read_by_a_shell_as_in_ccr() {
    let mut sandbox = Sandbox::new();
    with_agent(&mut sandbox, "my tools; touch owned $(touch owned) & 'x'/claude", "printf '%s\\n' \"$3\" >said");
    let picture = sandbox.mcr(["--quiet", "code", "a prompt"]);
    assert_eq!(picture, "exit code: 0\n");
    assert_eq!(fs::read_to_string(sandbox.folder().join("said")).unwrap(), "a prompt\n");
    assert!(!sandbox.folder().join("owned").exists());
}

#[test]
fn a_key_of_anthropics_does_not_stay_beside_the_token_as_in_ccr() {
    let mut sandbox = Sandbox::new();
    with_agent(&mut sandbox, "claude", "env >seen");
    sandbox.set("ANTHROPIC_API_KEY", "sk-ant-mine");
    assert_eq!(sandbox.mcr(["--quiet", "code", "-p", "hi"]), "exit code: 0\n");
    let seen = fs::read_to_string(sandbox.folder().join("seen")).unwrap();
    assert!(seen.contains("ANTHROPIC_AUTH_TOKEN=") && !seen.contains("ANTHROPIC_API_KEY"), "{seen}");
    assert!(!seen.contains("sk-ant-mine"), "{seen}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_token_is_in_no_processs_arguments() {
    let mut sandbox = Sandbox::new();
    with_agent(
        &mut sandbox,
        "claude",
        "cat /proc/$PPID/cmdline /proc/$$/cmdline | tr '\\0' '\\n' >seen; cp \"$2\" given",
    );
    sandbox.mcr(["--quiet", "code", "-p", "hi"]);
    let seen = fs::read_to_string(sandbox.folder().join("seen")).unwrap();
    let given: Value = serde_json::from_str(&fs::read_to_string(sandbox.folder().join("given")).unwrap()).unwrap();
    let token = given["env"]["ANTHROPIC_AUTH_TOKEN"].as_str().expect("a token");
    assert!(seen.contains("--settings") && token.len() == 64 && !seen.contains(token), "{seen}");
}

/// Draws the line that a session was given a command for, as Claude Code does: with a shell.
fn drawn(folder: &Path, command: &str, status: &Value) -> String {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).env_clear().current_dir(folder).env("HOME", folder).env("NO_COLOR", "1");
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
    serde_json::to_writer(child.stdin.take().expect("a pipe"), status).expect("it is read");
    String::from_utf8(child.wait_with_output().expect("an end").stdout).expect("text")
}

#[test]
fn the_status_line_is_drawn_without_the_command_on_the_path_which_ccr_needs() {
    let mut sandbox = Sandbox::new();
    with_agent(&mut sandbox, "claude", "cp \"$2\" given");
    let mut config = config("http://127.0.0.1:9/v1");
    config["StatusLine"] = json!({"enabled": true, "currentStyle": "simple"});
    let named = sandbox.write("it's mine/config.json", &config.to_string());
    let picture = sandbox.mcr(["--quiet", "--config", named.to_str().unwrap(), "code", "-p", "hi"]);
    assert_eq!(picture, "exit code: 0\n");
    let given: Value = serde_json::from_str(&fs::read_to_string(sandbox.folder().join("given")).unwrap()).unwrap();
    let command = given["statusLine"]["command"].as_str().expect("a command");
    let status = json!({"model": {"display_name": "Opus"}, "workspace": {"current_dir": "/somewhere/project"}});
    assert_eq!(drawn(sandbox.folder(), command, &status), "project Opus\n");
}

#[test]
fn the_transcript_is_not_read_for_a_line_as_in_ccr() {
    let sandbox = Sandbox::new();
    // Whoever opened it would wait for a writer for ever.
    let made = Command::new("mkfifo").arg(sandbox.folder().join("transcript")).status();
    assert!(made.expect("a program").success());
    let command = format!("'{}' statusline", env!("CARGO_BIN_EXE_mcr"));
    let status = json!({"transcript_path": sandbox.folder().join("transcript"), "model": {"display_name": "Opus"},
        "workspace": {"current_dir": "/somewhere/project"}});
    assert_eq!(drawn(sandbox.folder(), &command, &status), "Opus · project\n");
}
