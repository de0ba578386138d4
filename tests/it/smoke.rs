//! The real binary, with no agent, with agents of shell, and with an imitation of a provider.

#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mcr::imitation::{Brain, Imitation};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self(TempDir::new().unwrap());
        for folder in ["home", "mcr", "tmp"] {
            fs::create_dir(sandbox.path(folder)).unwrap();
        }
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An agent of shell; a shell writes it, since a file that this process had open could not be run at once.
    fn agent(&self, script: &str) -> PathBuf {
        let path = self.path("claude");
        let write = r#"printf '%s' "$1" > "$0" && chmod +x "$0""#;
        assert!(Command::new("/bin/sh").args(["-c", write]).arg(&path).arg(script).status().unwrap().success());
        path
    }

    fn smoke(&self, claude: &Path, arguments: &[&str]) -> Output {
        self.smoke_by(Command::new(env!("CARGO_BIN_EXE_mcr")).arg("smoke").args(arguments), claude)
    }

    /// Runs a command that starts `mcr smoke` in the end.
    fn smoke_by(&self, command: &mut Command, claude: &Path) -> Output {
        command
            .env_clear()
            .env("PATH", "")
            .env("HOME", self.path("home"))
            .env("MCR_HOME", self.path("mcr"))
            .env("TMPDIR", self.path("tmp"))
            .env("CLAUDE_PATH", claude)
            .env("MISTRAL_API_KEY", "sk-of-the-user")
            .env("ANTHROPIC_API_KEY", "sk-ant-of-the-user")
            .output()
            .unwrap()
    }

    /// What is left below a folder.
    fn left_in(&self, folder: &str) -> usize {
        fs::read_dir(self.path(folder)).unwrap().count()
    }

    /// The folder of a smoke test that failed.
    fn kept(&self) -> PathBuf {
        fs::read_dir(self.path("tmp")).unwrap().next().unwrap().unwrap().path()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The row of a check, and the line below it where there is one.
fn row<'a>(table: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut lines = table.lines().skip_while(|line| !line.contains(name));
    (lines.next().unwrap(), lines.next().unwrap_or_default())
}

const NOWHERE: &str = "/nowhere/claude";
const IDLE: &str = "#!/bin/sh\nexit 0\n";

/// An agent that does nothing but for a person at a terminal: to the first line that is typed it answers with what
/// `HEARD` puts into `said`, after the second it ends. All of it is drawn on `/dev/tty`, and the answer in two pieces.
const TALKS: &str = r#"#!/bin/bash
PATH=/usr/bin:/bin
[ "$1" = --version ] && echo 9.8.7 '(Claude Code)' && exit
for word; do [ "$word" = -p ] && exit; done
stty raw -echo
printf '\033[?1049h\033[2J\033[H\033[31m> \033[0m\033[6;3H? for shortcuts\033[1;3H' > /dev/tty
hear() {
  typed=
  while IFS= read -r -n 1 -d '' key && [[ $key != [$'\r\n'] ]]; do typed+=$key; printf %s "$key" > /dev/tty; done
}
ask() {
  local body='{"model":"'$ANTHROPIC_MODEL'","max_tokens":64,"tools":[{"name":"Write","input_schema":{"type":"object"}}],
    "messages":[{"role":"user","content":"'${typed//\"/\\\"}'"}]}'
  exec 3<>"/dev/tcp/127.0.0.1/${ANTHROPIC_BASE_URL##*:}"
  printf 'POST /v1/messages HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json
Content-Length: %s\r\nConnection: close\r\n\r\n%s' "${ANTHROPIC_BASE_URL##*/}" "$ANTHROPIC_AUTH_TOKEN" "${#body}" "$body" >&3
  [[ $(cat <&3) =~ \"text\":\"([a-z]+)\" ]] && said=${BASH_REMATCH[1]}
}
hear
HEARD
printf '\033[4;6H%s\033[4;1H%s\033[1;3H\033[K' "${said:5}" "${said:0:5}" > /dev/tty
hear
printf '\033[?1049l' > /dev/tty
[ "$typed" = /exit ]
"#;

/// A row's name.
const CONVERSATION: &str = "a conversation at a terminal is answered";

#[test]
fn without_claude_code_the_built_in_client_passes_and_is_named() {
    let sandbox = Sandbox::new();
    let output = sandbox.smoke(NOWHERE.as_ref(), &["--offline"]);
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("ok ")).count(), 7, "{table}");
    assert_eq!(table.lines().count(), 7, "{table}");
    assert!(row(&table, " agent ").0.contains("built-in client (the Claude Code named by"), "{table}");
    assert!(row(&table, "makes a file").0.ends_with("called Write"), "{table}");
    assert!(row(&table, "upstream host").0.contains("host=127.0.0.1, outcome=ok in 3 of 3 lines"), "{table}");
}

#[test]
fn offline_nothing_of_the_users_is_read_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("mcr/config.json"), "{ this is none").unwrap();
    assert_eq!(sandbox.smoke(NOWHERE.as_ref(), &["--offline"]).status.code(), Some(0));
    assert_eq!((sandbox.left_in("home"), sandbox.left_in("mcr"), sandbox.left_in("tmp")), (0, 1, 0));
}

#[test]
fn json_names_the_agent_and_every_check() {
    let output = Sandbox::new().smoke(NOWHERE.as_ref(), &["--offline", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ok"], true);
    assert!(report["agent"].as_str().unwrap().starts_with("built-in client"), "{report}");
    let checks = report["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "proxy up",
            "status line names the model",
            "agent",
            "a task makes a file through a tool call",
            "the log shows the upstream host",
            "nothing went to Anthropic",
            "the imitation refused nothing",
        ]
    );
    assert_eq!(report["runs"], json!([{"mode": "print", "blocked": {}}]));
    for check in checks {
        assert_eq!(check["ok"], true, "{check}");
        assert!(check["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{check}");
    }
}

#[test]
fn an_agent_that_does_nothing_fails_the_task() {
    let sandbox = Sandbox::new();
    let output = sandbox.smoke(&sandbox.agent(IDLE), &["--offline"]);
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{table}");
    let (task, next) = row(&table, "makes a file");
    assert!(task.starts_with("FAILED ") && task.ends_with("there is no hello.txt"), "{table}");
    assert!(next.contains("next: see what was said: "), "{table}");
    let (conversation, next) = row(&table, CONVERSATION);
    assert!(conversation.ends_with("it showed no prompt before it ended with exit status: 0"), "{table}");
    assert!(
        conversation.starts_with("FAILED ") && next.contains("next: read what it wrote to the terminal: "),
        "{table}"
    );
    assert!(row(&table, "upstream host").0.starts_with("FAILED "), "{table}");
    assert!(row(&table, "Anthropic").0.starts_with("ok "), "{table}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains(&sandbox.kept().display().to_string()), "{words}");
}

#[test]
fn a_file_that_came_from_no_tool_call_fails_the_task() {
    let sandbox = Sandbox::new();
    let agent = sandbox.agent("#!/bin/sh\necho Hello from Mistral > hello.txt\n");
    let table = stdout(&sandbox.smoke(&agent, &["--offline"]));
    assert!(row(&table, "makes a file").0.ends_with("hello.txt is there, but no tool was called through the proxy"));
}

#[test]
fn an_agent_that_asks_for_anthropic_is_caught() {
    let sandbox = Sandbox::new();
    let script = "#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/${HTTPS_PROXY##*:}\n\
                  words=${HTTPS_PROXY#http://} words=$(printf %s \"${words%@*}\" | /usr/bin/base64)\n\
                  printf 'CONNECT api.anthropic.com:443 HTTP/1.1\\r\\nProxy-Authorization: Basic %s\\r\\n\\r\\n' \
                  \"${words//[[:space:]]/}\" >&3\nread -r line <&3\n";
    let output = sandbox.smoke(&sandbox.agent(script), &["--offline"]);
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{table}");
    let (check, next) = row(&table, "Anthropic");
    let blocked = "asked for, and blocked: in print mode, api.anthropic.com; at a terminal, api.anthropic.com";
    assert!(check.starts_with("FAILED ") && check.ends_with(blocked), "{table}");
    assert!(next.contains("next: "), "{table}");
    let report = stdout(&sandbox.smoke(&sandbox.path("claude"), &["--offline", "--json"]));
    let report: Value = serde_json::from_str(&report).unwrap();
    // Asked for its version, it asks once more.
    let runs = json!([
        {"mode": "print", "blocked": {"api.anthropic.com:443": 2}},
        {"mode": "terminal", "blocked": {"api.anthropic.com:443": 1}},
    ]);
    assert_eq!(report["runs"], runs);
}

#[test]
fn a_person_at_a_terminal_is_answered_through_the_proxy() {
    let sandbox = Sandbox::new();
    let table = stdout(&sandbox.smoke(&sandbox.agent(&TALKS.replace("HEARD", "ask")), &["--offline"]));
    let (check, _) = row(&table, CONVERSATION);
    let expected = "asked for one word, Claude Code showed `lighthouse`, and left when it was told to";
    assert!(check.starts_with("ok ") && check.ends_with(expected), "{table}");
    assert!(
        row(&table, "Anthropic").0.ends_with("asked for no other host, in print mode and at a terminal"),
        "{table}"
    );
    assert!(row(&table, "refused nothing").0.contains("1 requests kept"), "{table}");
}

#[test]
#[cfg(target_os = "linux")]
fn where_no_namespace_can_be_made_the_conversation_is_had_and_the_check_is_weaker() {
    if !crate::sealed::may_seal() {
        return;
    }
    let sandbox = Sandbox::new();
    let mcr = env!("CARGO_BIN_EXE_mcr");
    let script = format!("echo 0 >/proc/sys/user/max_user_namespaces; exec {mcr} smoke --offline");
    let mut command = Command::new("/usr/bin/unshare");
    let command = command.args(["--user", "--map-root-user", "/bin/sh", "-c", &script]);
    let table = stdout(&sandbox.smoke_by(command, &sandbox.agent(&TALKS.replace("HEARD", "ask"))));
    assert!(row(&table, CONVERSATION).0.starts_with("ok "), "{table}");
    let expected = "the agent asked for no other host, in print mode and at a terminal; weaker than it could be, since a \
                    program that ignores its proxy is not seen: cannot seal the agent in: ";
    assert!(row(&table, "Anthropic").0.contains(expected), "{table}");
}

#[test]
fn the_hidden_command_is_nobodys() {
    let said = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mcr")).args(words).env_clear().output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap().lines().next().unwrap().to_owned())
    };
    assert_eq!(said(&["__session"]), (Some(64), "error: this command is mcr's own".to_owned()));
    let no_terminal = "error: cannot begin a session at the terminal that is standard input";
    assert_eq!(said(&["__session", "/bin/true"]), (Some(74), no_terminal.to_owned()));
}

#[test]
fn an_answer_that_nobody_asked_the_proxy_for_is_none() {
    let sandbox = Sandbox::new();
    let table = stdout(&sandbox.smoke(&sandbox.agent(&TALKS.replace("HEARD", "said=lighthouse")), &["--offline"]));
    let (check, next) = row(&table, CONVERSATION);
    let expected = "`lighthouse` was on the screen, but nobody asked for it through the proxy";
    assert!(check.starts_with("FAILED ") && check.ends_with(expected), "{table}");
    assert!(next.contains("next: see what was said: "), "{table}");
}

#[test]
fn what_was_on_the_screen_is_shown_when_the_conversation_fails() {
    let sandbox = Sandbox::new();
    let agent = sandbox.agent(&TALKS.replace("HEARD", "printf '\\033[4;3HOut of\\033[4;10Hlight.'; exit 7"));
    let output = sandbox.smoke(&agent, &["--offline", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == CONVERSATION).unwrap();
    let expected = "the answer, `lighthouse`, did not appear before it ended with exit status: 7";
    assert_eq!((&check["ok"], &check["detail"]), (&json!(false), &json!(expected)));
    let prompt = "> Join \"light\" and \"house\" into one word, and say nothing but that word.";
    assert_eq!(check["screen"], json!([prompt, "  Out of light.", "  ? for shortcuts"]));
    assert!(fs::read_to_string(sandbox.kept().join("terminal.out")).unwrap().ends_with("light."));
}

#[test]
fn an_agent_that_fails_is_quoted() {
    let sandbox = Sandbox::new();
    let agent = sandbox
        .agent("#!/bin/sh\n[ \"$1\" = --version ] && echo 9.8.7 '(Claude Code)' && exit\necho no legs >&2\nexit 3\n");
    let table = stdout(&sandbox.smoke(&agent, &["--offline"]));
    let expected = format!("Claude Code 9.8.7: {}; it ended with exit status: 3: no legs", agent.display());
    let (check, next) = row(&table, " agent ");
    assert!(check.starts_with("FAILED ") && check.ends_with(&expected), "{table}");
    assert!(next.contains("next: read what it said: "), "{table}");
}

#[test]
fn the_agent_has_a_home_and_an_environment_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.smoke(&sandbox.agent("#!/bin/sh\nexport -p\npwd\n"), &["--offline"]);
    let said = fs::read_to_string(sandbox.kept().join("agent.out")).unwrap();
    assert!(!said.contains("of-the-user"), "{said}");
    let home = said.lines().find(|line| line.contains(" HOME=")).unwrap();
    assert!(home.contains("/mcr-smoke-") && said.trim_end().ends_with("/work"), "{said}");
}

/// A configuration that leads to an imitation, which runs as long as the runtime.
fn configured(sandbox: &Sandbox, runtime: &tokio::runtime::Runtime, status_line: bool) -> Imitation {
    let brain = Brain::new();
    let imitation = runtime.block_on(Imitation::start(move |body, _| brain.answer(body))).unwrap();
    let config = json!({
        "Providers": [{"name": "mistral", "api_base_url": imitation.url(), "api_key": "$MISTRAL_API_KEY",
            "models": ["mistral-small-2603"]}],
        "Router": {"default": "mistral,mistral-small-2603"},
        "StatusLine": {"enabled": status_line},
        "LOG": false,
    });
    fs::write(sandbox.path("mcr/config.json"), config.to_string()).unwrap();
    imitation
}

#[test]
fn the_configured_provider_is_tested_and_claude_code_is_missed() {
    let (sandbox, runtime) = (Sandbox::new(), tokio::runtime::Runtime::new().unwrap());
    let imitation = configured(&sandbox, &runtime, true);
    let output = sandbox.smoke(NOWHERE.as_ref(), &[]);
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("ok ")).count(), 5, "{table}");
    assert!(row(&table, "status line").0.contains("mistral-small-2603 (mistral)"), "{table}");
    let (agent, next) = row(&table, " agent ");
    assert!(agent.starts_with("FAILED ") && next.contains("npm install"), "{table}");
    assert_eq!(imitation.captured()[0].header("authorization"), Some("Bearer sk-of-the-user"));
    // The configuration, and the state folder with the record of what was asked of the provider.
    assert_eq!((sandbox.left_in("mcr"), imitation.refusals()), (2, vec![]));
}

#[test]
fn a_status_line_that_is_off_fails_with_the_key_that_turns_it_on() {
    let (sandbox, runtime) = (Sandbox::new(), tokio::runtime::Runtime::new().unwrap());
    let _imitation = configured(&sandbox, &runtime, false);
    let table = stdout(&sandbox.smoke(NOWHERE.as_ref(), &[]));
    let (check, next) = row(&table, "status line");
    assert!(check.starts_with("FAILED ") && next.contains("set `StatusLine.enabled` to true"), "{table}");
}

#[test]
fn without_a_configuration_the_failure_is_that_of_every_command() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("mcr/config.json"), "{}").unwrap();
    let output = sandbox.smoke(NOWHERE.as_ref(), &[]);
    assert_eq!((output.status.code(), sandbox.left_in("tmp")), (Some(78), 0));
}
