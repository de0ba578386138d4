//! An agent that is sealed in, with a shell in Claude Code's place.
#![cfg(target_os = "linux")]

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::code::{arguments, read, with_agent};
use crate::common::Sandbox;

/// Whether this machine lets users make namespaces. Elsewhere than in CI it may not, which is said; in CI it must.
pub fn may_seal() -> bool {
    let made = Command::new("unshare").args(["--user", "--net", "true"]).stderr(Stdio::null()).status();
    let may = made.is_ok_and(|status| status.success());
    assert!(may || std::env::var_os("CI").is_none(), "this machine lets nobody make a user and a network namespace");
    if !may {
        eprintln!("not tested: this machine lets nobody make a user and a network namespace");
    }
    may
}

/// Functions of a shell that speaks HTTP: `ask PORT LINE [HEADER]` prints the status.
const BASH: &str = r#"
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return
  printf '%s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n%s\r\nConnection: close\r\n\r\n' "$2" "$1" "$3" >&3
  read -r _ status _ <&3; echo "$2: $status"; exec 3>&-
}
proxy=${ANTHROPIC_BASE_URL##*:}
credentials=${HTTPS_PROXY#http://}; witness=${credentials##*:}; credentials=${credentials%@*}
basic="Proxy-Authorization: Basic $(printf %s "$credentials" | base64 -w0)"
"#;

/// A sandbox whose Claude Code is this script of bash's; what it prints stands in `said`.
fn with_bash(script: &str) -> Sandbox {
    let sandbox = with_agent("exec bash inside.sh >said 2>&1");
    sandbox.write("inside.sh", &format!("{BASH}{script}"));
    sandbox
}

#[test]
fn what_the_agent_asks_for_is_summed_up_when_it_ends() {
    let sandbox = with_bash(
        "ask $witness 'CONNECT api.anthropic.com:443' \"$basic\"; ask $witness 'CONNECT api.anthropic.com:443' \"$basic\"
         ask $witness 'CONNECT statsig.anthropic.com:443' \"$basic\"; ask $witness 'CONNECT github.com:443' 'X: 1'
         ask $witness 'CONNECT nowhere.invalid:443' \"$basic\"; exit 3",
    );
    assert_snapshot!(sandbox.mcr(["--quiet", "code", "-p", "hi"]), @"exit code: 3");
    let picture = sandbox.mcr(["code", "-p", "hi"]);
    let line = picture.lines().find(|line| line.starts_with("agent: "));
    assert_snapshot!(line.unwrap_or(&picture), @"agent: asked for 3 hosts besides mcr; blocked: api.anthropic.com (2), statsig.anthropic.com (1); not reached: nowhere.invalid (1)");
    assert_snapshot!(read(&sandbox, "said"), @r#"
    CONNECT api.anthropic.com:443: 403
    CONNECT api.anthropic.com:443: 403
    CONNECT statsig.anthropic.com:443: 403
    CONNECT github.com:443: 407
    CONNECT nowhere.invalid:443: 502
    
"#);
}

#[test]
fn what_the_agent_asks_for_is_on_record_when_it_has_ended() {
    let sandbox = with_bash(
        "ask $witness 'CONNECT api.anthropic.com:443' \"$basic\"; ask $witness 'CONNECT nowhere.invalid:443' \"$basic\"",
    );
    sandbox.mcr(["code", "-p", "hi"]);
    let output = sandbox.command(["audit", "show", "--json"]).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let records = shown["records"].as_array().unwrap().iter().filter(|record| record["kind"] == "connect");
    let drawn: Vec<String> = records
        .map(|record| {
            let text = |key: &str| record[key].to_string().replace('"', "");
            let reason = text("reason").split(": failed").next().unwrap().to_owned();
            format!("{}:{} {} {} {reason}", text("host"), text("port"), text("decision"), text("bytes_out"))
        })
        .collect();
    assert_snapshot!(drawn.join("\n"), @r"
    api.anthropic.com:443 denied 0 it is Anthropic's, and `Egress.agent` is `block-vendor`
    nowhere.invalid:443 allowed 0 nowhere.invalid:443: name cannot be resolved
    ");
}

#[test]
fn an_agent_that_asks_for_nothing_is_not_spoken_of() {
    let picture = with_bash("ask $proxy 'GET /health' \"Authorization: Bearer $ANTHROPIC_AUTH_TOKEN\"").mcr(["code"]);
    assert!(!picture.contains("agent:"), "{picture}");
}

#[test]
fn inside_mcr_is_all_there_is() {
    if !may_seal() {
        return;
    }
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    let script = format!(
        "ask $proxy 'GET /health' \"Authorization: Bearer $ANTHROPIC_AUTH_TOKEN\"
         ask $witness 'CONNECT api.anthropic.com:443' \"$basic\"
         (exec 4<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null || echo 'no way to another port of this machine'
         (exec 4<>/dev/tcp/192.0.2.1/80) 2>/dev/null || echo 'no way to another machine'
         tail -n +3 /proc/net/dev | cut -d: -f1; id -u; exit 5"
    );
    let sandbox = with_bash(&script);
    let picture = sandbox.mcr(["--sealed", "code", "-p", "hi"]);
    assert!(picture.starts_with("exit code: 5\n"), "{picture}");
    assert!(picture.contains("agent: asked for 1 host besides mcr; blocked: api.anthropic.com (1)"), "{picture}");
    let user = rustix::process::getuid().as_raw().to_string();
    let said = read(&sandbox, "said").replace(&format!("\n{user}\n"), "\n[user]\n");
    assert_snapshot!(said, @r#"
    GET /health: 200
    CONNECT api.anthropic.com:443: 403
    no way to another port of this machine
    no way to another machine
        lo
    [user]
    
"#);
    let left = std::fs::read_dir(sandbox.home().join("run")).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn when_mcr_is_gone_there_is_no_network_left() {
    if !may_seal() {
        return;
    }
    let script = "mcr=$PPID; kill -KILL $mcr; while kill -0 $mcr 2>/dev/null; do :; done
        for port in $proxy $witness; do (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && echo open || echo closed; done >end";
    let sandbox = with_bash(script);
    let end = sandbox.folder().join("end");
    assert!(Command::new("mkfifo").arg(&end).status().unwrap().success());
    let status = sandbox.command(["--sealed", "code"]).status().unwrap();
    assert_eq!(status.signal(), Some(9));
    assert_eq!(std::fs::read_to_string(end).unwrap(), "closed\nclosed\n");
}

#[test]
fn arguments_and_the_end_are_the_agents_own_inside_too() {
    if !may_seal() {
        return;
    }
    let sandbox = with_agent("exit 0");
    let user = ["-p", "two  words", "", "a'b\"c$d", "--", "-x", "--sealed", "\u{e9}"];
    let picture = sandbox.mcr([&["--sealed", "code"][..], &user].concat());
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let argv = read(&sandbox, "argv");
    assert_eq!(argv.lines().skip(2).collect::<Vec<_>>(), user);
    assert_eq!(arguments(&sandbox, &user), user);
    let killed = with_agent("kill -KILL $$").command(["--sealed", "code"]).output().unwrap();
    assert_eq!((killed.status.code(), killed.status.signal()), (Some(137), None));
}

#[test]
fn where_the_kernel_makes_no_namespace_nothing_is_started_and_the_switch_is_named() {
    if !may_seal() {
        return;
    }
    let sandbox = with_agent("exit 0");
    let mcr = env!("CARGO_BIN_EXE_mcr");
    let script = format!("echo 0 >/proc/sys/user/max_user_namespaces; exec {mcr} --sealed code -p hi");
    let made = sandbox.command([""; 0]);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", &script]).env_clear().current_dir(sandbox.folder());
    command.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(73));
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r#"
    error: cannot seal the agent in: the kernel gives no user and network namespace
      caused by: No space left on device (os error 28)
    hint: allow more: `sudo sysctl user.max_user_namespaces=10000`
    hint: leave `--sealed` out: the agent's traffic is still seen, and its vendor blocked
    
"#);
    assert!(!sandbox.folder().join("argv").exists());
}

#[test]
fn the_hidden_command_is_nobodys() {
    assert_snapshot!(Sandbox::new().mcr(["__seal", "nowhere", "1,2", "true"]), @r#"
    exit code: 64
    ----- stderr -----
    error: this command is mcr's own
    hint: run `mcr --sealed code`
    
"#);
}

#[test]
fn only_what_starts_an_agent_can_be_sealed() {
    assert_snapshot!(Sandbox::new().mcr(["--sealed", "status"]), @r#"
    exit code: 64
    ----- stderr -----
    error: `--sealed` does nothing for `mcr status`
    hint: it is for `mcr code` and `mcr PRESET`, which start an agent
    
"#);
}
