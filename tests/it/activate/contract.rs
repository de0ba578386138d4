//! What an activation promises.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use insta::assert_snapshot;
use mcr::imitation::{Client, Imitation, Reply};
use serde_json::json;

use super::{environment, prints, takes_in};
use crate::common::shells::{SHELLS, running};
use crate::common::{Sandbox, ask, config, soon};
use crate::preset::folder;
use crate::service::Service;

type Variables = BTreeMap<String, Vec<u8>>;

/// A configuration in the usual place that listens on a free port, and `mcr` on the path.
fn sandbox(upstream: &str) -> Sandbox {
    sandbox_at(upstream, free())
}

fn sandbox_at(upstream: &str, port: u16) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let mut config = config(upstream);
    config["PORT"] = json!(port);
    sandbox.write("home/config.json", &config.to_string());
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_mcr")).parent().unwrap();
    sandbox.set("PATH", &format!("{}:/usr/bin:/bin", binary.display()));
    sandbox
}

/// A port that is free and stays so: below those that systems give to whoever asks for any, and given out here once.
fn free() -> u16 {
    const PORTS: std::ops::Range<u16> = 12_000..32_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Another run of these tests, in another process, begins elsewhere.
        let nth = std::process::id().wrapping_mul(97).wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + u16::try_from(nth % u32::from(PORTS.end - PORTS.start)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Puts a command into the sandbox, with these variables on top.
fn inside(sandbox: &Sandbox, mut command: Command, variables: &[(&str, &str)]) -> Command {
    let like = sandbox.command(["--version"]);
    command.env_clear().current_dir(sandbox.folder());
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).envs(variables.iter().copied());
    command
}

/// Runs a script in a shell, which must not say a word, and returns the environments that it printed.
fn environments(sandbox: &Sandbox, shell: &str, script: &str, variables: &[(&str, &str)]) -> Option<Vec<Variables>> {
    let output = inside(sandbox, running(shell, script)?, variables).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {stderr}");
    // Each print ends with a variable of our own.
    let printed = output.stdout.split(|byte| *byte == 1).filter(|part| !part.is_empty());
    Some(printed.map(environment).collect())
}

/// A print of the environment, ended by a byte that no variable of these tests has.
fn print(shell: &str) -> String {
    match shell {
        "nu" => "^env -0; ^printf '\\001'".to_owned(),
        // Its own `printf` knows no such escape.
        "elvish" => "env -0; e:printf '\\001'".to_owned(),
        _ => format!("{}; printf '\\001'", prints(shell)),
    }
}

/// Without what shells set themselves.
fn told(mut variables: Variables) -> Variables {
    for own in ["_", "SHLVL", "PWD", "OLDPWD", "PROMPT_INDICATOR", "LAST_EXIT_CODE", "CMD_DURATION_MS"] {
        variables.remove(own);
    }
    variables
        .retain(|name, _| !name.starts_with("NU_") && !name.starts_with("TRANSIENT_") && !name.starts_with("PROMPT_"));
    variables
}

const MINE: [(&str, &str); 4] = [
    ("ANTHROPIC_API_KEY", "sk-ant-mine"),
    ("ANTHROPIC_MODEL", "mine"),
    ("NO_PROXY", "corp.example"),
    ("MISTRAL_API_KEY", "sk-mistral-mine"),
];

#[test]
fn in_every_shell_it_is_silent_repeatable_and_undone_whole() {
    let sandbox = sandbox("http://127.0.0.1:9/v1");
    // Started first: the word that it starts is the only one that may be said, and not in every shell.
    assert!(sandbox.mcr(["start"]).starts_with("exit code: 0\n"));
    let service = Service { sandbox: &sandbox };
    for shell in SHELLS {
        let name = if shell == "dash" { "posix" } else { shell };
        let activate = takes_in(shell, &format!("mcr activate {name}"));
        let undo = takes_in(shell, &format!("mcr deactivate {name}"));
        let print = print(shell);
        let script = [&print, &activate, &print, &activate, &print, &undo, &print].map(String::as_str).join("\n");
        let Some(seen) = environments(&sandbox, shell, &script, &MINE) else { continue };
        let [before, once, twice, after]: [Variables; 4] =
            seen.into_iter().map(told).collect::<Vec<_>>().try_into().expect("four environments");
        assert_eq!(after, before, "{shell}");
        assert_eq!(twice, once, "{shell}");
        let text = |name: &str| once.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
        assert_eq!(text("ANTHROPIC_BASE_URL"), Some(service.url()), "{shell}");
        assert_eq!(text("ANTHROPIC_AUTH_TOKEN").as_deref(), service.record()["token"].as_str(), "{shell}");
        assert_eq!(text("ANTHROPIC_MODEL").as_deref(), Some("mcr/default"), "{shell}");
        assert_eq!(text("ANTHROPIC_API_KEY"), None, "{shell}");
        assert_eq!(text("NO_PROXY").as_deref(), Some("corp.example,127.0.0.1,localhost,::1"), "{shell}");
        // Other programs of the person's use these.
        assert_eq!(text("MISTRAL_API_KEY").as_deref(), Some("sk-mistral-mine"), "{shell}");
        assert_eq!((text("CI"), text("FORCE_COLOR")), (None, None), "{shell}");
        assert!(text("MCR_ACTIVE").is_some_and(|name| name.starts_with("default:")), "{shell}");
    }
}

#[test]
fn without_a_shells_name_the_one_that_calls_is_meant() {
    let sandbox = sandbox("http://127.0.0.1:9/v1");
    assert!(sandbox.mcr(["start"]).starts_with("exit code: 0\n"));
    let service = Service { sandbox: &sandbox };
    for shell in SHELLS {
        let script = format!("{}\n{}", takes_in(shell, "mcr activate"), print(shell));
        let Some(seen) = environments(&sandbox, shell, &script, &[]) else { continue };
        assert_eq!(seen[0]["ANTHROPIC_BASE_URL"], service.url().into_bytes(), "{shell}");
    }
}

/// The environment that a command's script makes in bash, with the words on stderr.
fn in_bash(sandbox: &Sandbox, command: &str) -> (Variables, String) {
    let script = format!("{}\nenv -0", takes_in("bash", command));
    let output = inside(sandbox, running("bash", &script).expect("bash"), &[]).output().unwrap();
    (environment(&output.stdout), String::from_utf8(output.stderr).unwrap())
}

fn client(variables: &Variables) -> Client {
    let text = |name: &str| String::from_utf8(variables[name].clone()).unwrap();
    Client::new(&text("ANTHROPIC_BASE_URL"), &text("ANTHROPIC_AUTH_TOKEN")).unwrap()
}

#[tokio::test]
async fn it_starts_the_service_and_the_environment_leads_there() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let sandbox = sandbox(&upstream.url());
    let service = Service { sandbox: &sandbox };
    let (variables, words) = in_bash(&sandbox, "mcr activate");
    assert_eq!(words, "");
    let answer = soon(client(&variables).messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), "Hello");
    assert_eq!(service.status()["requests"]["ended"], 1);
}

#[tokio::test]
async fn with_a_preset_it_leads_to_the_preset_and_env_is_the_same_command() {
    let upstream = Imitation::scripted([Reply::say("from the preset")]).await.unwrap();
    let sandbox = sandbox("http://127.0.0.1:9/v1");
    let service = Service { sandbox: &sandbox };
    let manifest = json!({"name": "other", "version": "1", "Providers": config(&upstream.url())["Providers"],
        "Router": {"default": "mistral,mistral-medium-3-5"},
        "claudeCodeSettings": {"env": {"MAX_THINKING_TOKENS": "9"}, "spinnerTipsEnabled": false}});
    folder(&sandbox, "other", &manifest);
    assert!(sandbox.mcr(["preset", "install", "other", "--yes"]).starts_with("exit code: 0\n"));
    let (variables, words) = in_bash(&sandbox, "mcr env --preset other");
    assert_eq!(variables["ANTHROPIC_BASE_URL"], format!("{}/preset/other", service.url()).into_bytes());
    assert_eq!(variables["MAX_THINKING_TOKENS"], b"9");
    assert!(variables["MCR_ACTIVE"].starts_with(b"other:"));
    assert_eq!(words, "mcr: only `mcr other` can give Claude Code these settings: spinnerTipsEnabled\n");
    let answer = soon(client(&variables).messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), "from the preset");
}

#[test]
fn the_agent_is_told_of_the_configuration_that_the_service_has() {
    let sandbox = sandbox("http://127.0.0.1:9/v1");
    let mut other = config("http://127.0.0.1:9/v1");
    (other["Providers"][0]["models"], other["Router"]["default"]) = (json!(["other"]), json!("mistral,other"));
    sandbox.configure(&other);
    let _service = Service::start(&sandbox);
    let (variables, words) = in_bash(&sandbox, "mcr activate");
    assert_eq!(words, "");
    assert_eq!(String::from_utf8_lossy(&variables["ANTHROPIC_DEFAULT_OPUS_MODEL_NAME"]), "other (mistral)");
    let mine = sandbox.home().join("config.json");
    let refused = sandbox.command(["activate", "bash"]).env("MCR_CONFIG", mine).output().unwrap();
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(73), 0));
}

#[test]
fn what_fails_is_said_on_stderr_and_changes_nothing() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["activate", "bash"]), @r"
    exit code: 78
    ----- stderr -----
    error: there is no configuration, and `MISTRAL_API_KEY` is unset or empty
    hint: run `mcr setup` in a terminal, which asks a few questions and writes one
    hint: or `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration
    hint: or `mcr preset install mistral-ollama` to use a model of this machine, and then `mcr mistral-ollama`
    ");
    assert_snapshot!(sandbox.mcr(["activate", "bash", "--preset", "none"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no preset `none`
    hint: run `mcr preset list` to see what is there
    ");
    assert_snapshot!(sandbox.mcr(["activate", "cmd"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'cmd' for '[SHELL]'
      [possible values: bash, zsh, fish, nu, pwsh, elvish, posix]

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["deactivate", "bash"]), @r"
    exit code: 0
    ----- stderr -----
    mcr: nothing is activated in this shell
    ");
}

#[test]
fn a_settings_file_that_beats_the_environment_is_named_with_the_setting() {
    let sandbox = sandbox("http://127.0.0.1:9/v1");
    let _service = Service { sandbox: &sandbox };
    sandbox.write(".claude/settings.json", "{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://api.anthropic.com\"}}");
    sandbox.write("work/.claude/settings.local.json", "{\"apiKeyHelper\": \"./key.sh\"}");
    let mut command = sandbox.command(["activate", "bash"]);
    command.current_dir(sandbox.folder().join("work"));
    let output = command.output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap().replace(&sandbox.folder().display().to_string(), "~");
    assert_snapshot!(words, @r"
    mcr: warning: `env.ANTHROPIC_BASE_URL` in ~/.claude/settings.json beats this activation in some versions of Claude Code; remove it, or use `mcr code`, which no setting beats
    mcr: warning: `apiKeyHelper` in .claude/settings.local.json beats this activation in some versions of Claude Code; remove it, or use `mcr code`, which no setting beats
    ");
    assert!(output.status.success());
}

#[test]
fn a_port_that_is_taken_fails_as_a_start_does() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let picture = sandbox_at("http://127.0.0.1:9/v1", port).mcr(["activate", "bash"]);
    assert!(
        picture.starts_with(&format!("exit code: 73\n----- stderr -----\nerror: port {port} is in use\n")),
        "{picture}"
    );
}
