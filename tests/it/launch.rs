//! Starting an agent: a script in Claude Code's place writes down what it was given.
//!
//! The launcher runs in a process of its own, this very test binary, because
//! signals are a process's.
#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use mcr::config::Secret;
use mcr::launch::{self, Machine, Models, Plan, find::Places};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::common::hearing;

const FOLDER: &str = "MCR_TEST_LAUNCH";
/// Makes this binary the launcher.
const LAUNCHER: [&str; 5] = ["--exact", "launch::launcher", "--ignored", "--nocapture", "--quiet"];

/// Not a test: the launcher of the tests below, started by [`Sandbox::mcr`].
#[test]
#[ignore = "started by the other tests"]
fn launcher() {
    let folder = PathBuf::from(env::var_os(FOLDER).expect("the folder is named"));
    let arguments = fs::read(folder.join("arguments")).expect("there are arguments");
    let mut user: Vec<OsString> =
        arguments.split(|byte| *byte == 0).map(|one| OsString::from_vec(one.to_vec())).collect();
    user.pop();
    let plan = Plan { non_interactive: folder.join("machine").exists(), ..plan() };
    let machine = Machine {
        places: Places { configured: Some(folder.join("claude").into()), ..Places::default() },
        runtime: folder.join("run"),
        managed: folder.join("managed"),
        no_proxy: vec!["corp.example".to_owned()],
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let end = runtime.block_on(async { launch::prepare(&plan, &user, &machine)?.run().await });
    let code = end.unwrap_or_else(|failure| {
        let _ = writeln!(std::io::stderr(), "{failure}");
        failure.exit as u8
    });
    std::process::exit(code.into());
}

/// Random vectors of arguments that go through a launch, a millisecond each; the ten thousand of the table of threats go
/// through what takes arguments apart.
const RANDOM: usize = 2_000;

/// Not a test: launches one agent after another, each with arguments of its own.
#[test]
#[ignore = "started by the other tests"]
fn launcher_of_many() {
    let folder = PathBuf::from(env::var_os(FOLDER).expect("the folder is named"));
    let machine = Machine {
        places: Places { configured: Some(folder.join("claude").into()), ..Places::default() },
        runtime: folder.join("run"),
        managed: folder.join("managed"),
        no_proxy: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for vector in vectors(RANDOM) {
        let agent = launch::prepare(&plan(), &vector, &machine);
        let code = runtime.block_on(async { agent.expect("it can be routed").run().await });
        assert_eq!(code.expect("an end"), 0, "{vector:?}");
    }
}

/// Arguments as nobody would type them, the same in every process.
pub(crate) fn vectors(count: usize) -> Vec<Vec<OsString>> {
    use proptest::prelude::*;
    use proptest::{collection::vec, sample::select, strategy::ValueTree as _, test_runner::TestRunner};

    #[rustfmt::skip]
    let words = [
        "--", "-", "", "-p", "-n", "--model", "--resume=abc", "--no-color", "--allowedTools", "--debug", "--settingsx", "hi",
        "$(touch f)", "`touch f`", "*", "~", "a b", " ", "\n", "\r\n", "'", "\"", "\\", "$HOME", "; false", "é", "\u{202e}",
    ];
    let bytes = vec(1_u8..=255, 0..40).prop_map(OsString::from_vec);
    let vector = vec(prop_oneof![1 => select(words.to_vec()).prop_map(OsString::from), 2 => bytes], 0..12);
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| vector.new_tree(&mut runner).expect("a vector").current()).collect()
}

fn plan() -> Plan {
    Plan {
        base_url: "http://127.0.0.1:4711".to_owned(),
        token: Secret::new("session-token".to_owned()),
        witness: None,
        models: Models {
            main: "mcr/default".to_owned(),
            small: "mcr/background".to_owned(),
            label: "Devstral".to_owned(),
            small_label: "Ministral".to_owned(),
            window: 256_000,
            auto_compact: 256_000,
            max_output: None,
            behaves_as: None,
        },
        api_timeout: Duration::from_mins(10),
        non_interactive: false,
        status_line: None,
        secrets: vec!["MISTRAL_API_KEY".to_owned()],
        own: launch::Own::default(),
    }
}

struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// A sandbox whose Claude Code writes its arguments, environment and settings down, then does `then`.
    fn new(then: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = format!(
            "#!/bin/sh\ncd '{}' || exit 99\n: >argv\nfor one; do printf '%s\\0' \"$one\" >>argv; done\nenv >env\n\
             if [ \"$1\" = --settings ]; then cp -p \"$2\" settings; fi\n{then}\n",
            folder.path().display()
        );
        Self::in_folder(folder, &script)
    }

    /// A sandbox with this script in Claude Code's place.
    fn with_agent(script: &str) -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder"), script)
    }

    fn in_folder(folder: tempfile::TempDir, script: &str) -> Self {
        // Written by another process: an executable that this one holds open cannot be started.
        let mut writer = Command::new("sh")
            .args(["-c", "cat >claude && chmod 755 claude"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        writer.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("written");
        assert!(writer.wait().expect("it ends").success());
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, content: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
        self
    }

    /// Writes down what the user would have typed behind `mcr code`.
    fn write_arguments<S: AsRef<OsStr>>(&self, user: &[S]) {
        let arguments: Vec<u8> =
            user.iter().flat_map(|one| [one.as_ref().as_bytes(), b"\0"]).flatten().copied().collect();
        fs::write(self.path().join("arguments"), arguments).expect("written");
    }

    /// The launcher with a user's arguments, in a process group of its own.
    fn mcr<S: AsRef<OsStr>>(&self, user: &[S]) -> Command {
        self.write_arguments(user);
        let mut command = hearing(env::current_exe().expect("this binary"));
        command.args(LAUNCHER).env(FOLDER, self.path()).current_dir(self.path()).stdin(Stdio::null()).process_group(0);
        command
    }

    fn run<S: AsRef<OsStr>>(&self, user: &[S]) -> End {
        let output = self.mcr(user).output().expect("it runs");
        End { code: output.status.code(), stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
    }

    /// The agent's arguments behind `--settings FILE`, which come first.
    fn arguments(&self) -> Vec<OsString> {
        let mut all = self.all_arguments();
        assert_eq!(all[0], "--settings");
        assert!(Path::new(&all[1]).starts_with(self.path().join("run")), "{}", all[1].display());
        all.split_off(2)
    }

    fn all_arguments(&self) -> Vec<OsString> {
        let argv = fs::read(self.path().join("argv")).expect("the agent ran");
        argv.split_inclusive(|byte| *byte == 0).map(|one| OsString::from_vec(one[..one.len() - 1].to_vec())).collect()
    }

    fn settings(&self) -> Value {
        let text = fs::read_to_string(self.path().join("settings")).expect("the agent had settings");
        serde_json::from_str(&text).expect("they are JSON")
    }

    fn variable(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.path().join("env")).expect("the agent ran");
        text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned))
    }

    /// Starts the launcher and waits until the agent says `ready`.
    fn start(&self) -> Running {
        Running::ready(self.mcr(&["-p"]))
    }
}

#[derive(Debug, PartialEq)]
struct End {
    code: Option<i32>,
    stderr: String,
}

struct Running(Child);

impl Running {
    /// Starts a launcher and waits until its agent says `ready`.
    fn ready(mut launcher: Command) -> Self {
        let mut process = launcher.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "ready"), "the agent never was ready");
        Self(process)
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    fn send(&self, signal: Signal) {
        rustix::process::kill_process(self.id(), signal).expect("sent");
    }

    fn code(mut self) -> Option<i32> {
        // `wait` closes a stdin that it finds, which would end the agent too.
        let _stdin = self.0.stdin.take();
        self.0.wait().expect("it ends").code()
    }
}

/// Waits for a signal or for the end of stdin, which a test that fails brings about.
const WAIT: &str = "exec 3<&0\nfor one in INT QUIT TERM HUP; do trap \"echo $one >signal; exit 7\" $one; done\n\
                    echo ready\ncat <&3 &\nwait $!\nexit 9";

fn check<S: AsRef<OsStr>>(user: &[S], expect: &[&str]) {
    let sandbox = Sandbox::new("exit 0");
    assert_eq!(sandbox.run(user), End { code: Some(0), stderr: String::new() });
    assert_eq!(sandbox.arguments(), expect);
}

#[test]
fn the_prompt_is_not_lost() {
    check(&["Write a Hello World"], &["Write a Hello World"]);
}

#[test]
fn flags_and_values_arrive_as_typed() {
    let typed = ["-p", "say hi", "--model", "opus", "--verbose"];
    check(&typed, &typed);
}

#[test]
fn a_dollar_and_quotes_are_not_a_shells() {
    let typed = ["--print", "a b $HOME 'q' \"r\" \\ * ~"];
    check(&typed, &typed);
}

#[test]
fn a_command_in_a_prompt_is_not_executed() {
    let sandbox = Sandbox::new("exit 0");
    let planted = sandbox.path().join("planted");
    let prompt = format!("hello $(touch {0}) `touch {0}`; touch {0}", planted.display());
    sandbox.run(&["-p", &prompt]);
    assert_eq!(sandbox.arguments(), ["-p", &prompt]);
    assert!(!planted.exists());
}

#[test]
fn every_value_of_a_flag_arrives() {
    let typed = ["--allowedTools", "Bash(git:*)", "Read"];
    check(&typed, &typed);
}

#[test]
fn repeated_flags_stay_repeated() {
    let typed = ["--allowedTools", "Bash", "--allowedTools", "Read"];
    check(&typed, &typed);
}

#[test]
fn behind_the_double_dash_routing_holds() {
    let typed = ["--resume=abc", "--no-color", "--", "foo", "--settings", "x"];
    check(&typed, &typed);
}

#[test]
fn subcommands_arrive() {
    for typed in [&["mcp", "list"][..], &["agents"], &["doctor"], &["mcp", "add", "x", "--", "y", "--settings", "z"]] {
        check(typed, typed);
    }
}

#[test]
fn subcommands_that_refuse_settings_get_the_environment_only() {
    for typed in [&["logs", "0123abcd"][..], &["agents", "--json"], &["update"], &["install", "stable"]] {
        let sandbox = Sandbox::new("exit 0");
        sandbox.run(typed);
        assert_eq!(sandbox.all_arguments(), typed);
        assert_eq!(sandbox.variable("ANTHROPIC_BASE_URL").as_deref(), Some("http://127.0.0.1:4711"));
    }
}

#[test]
fn no_arguments_are_no_arguments() {
    check::<&str>(&[], &[]);
}

#[test]
fn bytes_that_are_no_text_arrive_unchanged() {
    let sandbox = Sandbox::new("exit 0");
    let typed: Vec<OsString> = vec![OsString::from_vec((1..=255).collect()), OsString::new(), "\n\t\r".into()];
    sandbox.run(&typed);
    assert_eq!(sandbox.arguments(), typed);
}

#[test]
fn row_12_two_thousand_random_vectors_reach_the_agent_as_they_are() {
    let sandbox = Sandbox::with_agent("#!/bin/sh\nprintf '%s\\0' $# \"$@\" >>argv\n");
    let mut launcher = hearing(env::current_exe().expect("this binary"));
    launcher.args(["--exact", "launch::launcher_of_many", "--ignored", "--nocapture", "--quiet"]);
    let output = launcher.env(FOLDER, sandbox.path()).current_dir(sandbox.path()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut words = sandbox.all_arguments().into_iter();
    let expected = vectors(RANDOM);
    assert!(
        expected.iter().flatten().filter(|word| word.to_str().is_none()).count() > RANDOM,
        "bytes that are no text"
    );
    for vector in expected {
        let count: usize = words.next().and_then(|count| count.to_str()?.parse().ok()).expect("another agent ran");
        let argv: Vec<OsString> = words.by_ref().take(count).collect();
        assert_eq!((argv[0].to_str(), &argv[2..]), (Some("--settings"), &vector[..]));
    }
    assert_eq!(words.next(), None);
}

#[test]
fn the_users_settings_are_merged_and_cannot_unroute() {
    let sandbox = Sandbox::new("exit 0");
    sandbox.write("mine.json", r#"{"env": {"ANTHROPIC_BASE_URL": "http://elsewhere", "A": "1"}, "statusLine": {"type": "command", "command": "mine"}, "permissions": {"deny": ["WebSearch"]}}"#);
    let inline = r#"--settings={"permissions":{"deny":["WebFetch"]},"apiKeyHelper":"cat key"}"#;
    assert_eq!(sandbox.run(&["--settings", "mine.json", "-p", inline, "hi"]).stderr, "");
    let settings = sandbox.settings();
    assert_eq!(sandbox.arguments(), ["-p", "hi"]);
    assert_eq!(settings["env"]["ANTHROPIC_BASE_URL"], "http://127.0.0.1:4711");
    assert_eq!(settings["env"]["A"], "1");
    assert_eq!(settings["statusLine"]["command"], "mine");
    assert_eq!(settings["permissions"]["deny"], json!(["WebSearch", "WebFetch"]));
    assert_eq!(settings.get("apiKeyHelper"), None);
}

fn refused<S: AsRef<OsStr>>(sandbox: &Sandbox, user: &[S], code: i32, words: &str) {
    let end = sandbox.run(user);
    assert_eq!(end.code, Some(code), "{}", end.stderr);
    assert!(end.stderr.contains(words), "{}", end.stderr);
    assert!(!sandbox.path().join("argv").exists(), "the agent ran all the same");
}

#[test]
fn settings_that_cannot_be_merged_are_refused() {
    let sandbox = Sandbox::new("exit 0");
    sandbox.write("broken.json", "{,}");
    refused(
        &sandbox,
        &["--settings", "absent.json"],
        66,
        "cannot read the settings given with `--settings`: absent.json",
    );
    refused(&sandbox, &["--settings", "broken.json"], 65, "are not JSON: broken.json");
    refused(&sandbox, &[r#"--settings={"hooks":7}"#], 65, "`hooks` must be an object");
    refused(
        &sandbox,
        &["--settings", "{bad"],
        65,
        "neither JSON nor the name of a file\n  caused by: key must be a string",
    );
}

#[test]
fn what_cannot_be_routed_is_refused() {
    let sandbox = Sandbox::new("exit 0");
    refused(&sandbox, &["--bg", "hi"], 77, "outlives mcr's proxy");
    refused(&sandbox, &["--cloud", "hi"], 77, "on Anthropic's servers");
    let managed = r#"--managed-settings={"env":{"ANTHROPIC_BASE_URL":"http://elsewhere"}}"#;
    refused(&sandbox, &[managed], 77, "env.ANTHROPIC_BASE_URL");
    sandbox.write("managed/managed-settings.json", r#"{"env":{"CLAUDE_CODE_USE_BEDROCK":"1"}}"#);
    refused(&sandbox, &["-p", "hi"], 77, "env.CLAUDE_CODE_USE_BEDROCK");
}

#[test]
fn the_environment_is_routed_quiet_and_without_keys() {
    let sandbox = Sandbox::new("exit 0");
    let mut mcr = sandbox.mcr(&["-p", "hi"]);
    mcr.env("MISTRAL_API_KEY", "upstream-key").env("CLAUDE_CODE_USE_BEDROCK", "1").env("HTTPS_PROXY", "http://corp:1");
    // A shell that was activated remembers what it had before.
    mcr.env("MCR_ACTIVE", "default:0").env("MCR_SAVED", "ANTHROPIC_API_KEY=736b");
    assert!(mcr.status().expect("it runs").success());
    let expect = [
        ("ANTHROPIC_BASE_URL", Some("http://127.0.0.1:4711")),
        ("ANTHROPIC_AUTH_TOKEN", Some("session-token")),
        ("ANTHROPIC_MODEL", Some("mcr/default")),
        ("ANTHROPIC_DEFAULT_HAIKU_MODEL", Some("mcr/background")),
        ("DISABLE_TELEMETRY", Some("1")),
        ("HTTPS_PROXY", Some("http://corp:1")),
        ("NO_PROXY", Some("corp.example,127.0.0.1,localhost,::1")),
        ("CLAUDE_CODE_USE_BEDROCK", None),
        ("MISTRAL_API_KEY", None),
        ("MCR_ACTIVE", None),
        ("MCR_SAVED", None),
    ];
    for (name, value) in expect {
        assert_eq!(sandbox.variable(name).as_deref(), value, "{name}");
    }
    assert!(!sandbox.settings().to_string().contains("upstream-key"));
}

#[test]
fn a_machine_has_no_stdin_and_no_colour() {
    let sandbox = Sandbox::new("cat >stdin");
    sandbox.write("machine", "");
    let mut process = sandbox.mcr(&["-p", "hi"]).stdin(Stdio::piped()).spawn().expect("it runs");
    // The pipe stays open: with an inherited stdin the agent would wait.
    let pipe = process.stdin.take();
    assert!(process.wait().expect("it ends").success());
    drop(pipe);
    assert_eq!(sandbox.variable("TERM").as_deref(), Some("dumb"));
}

#[test]
fn the_settings_file_is_private_and_does_not_outlive_the_agent() {
    let sandbox = Sandbox::new("exit 0");
    sandbox.run(&["-p", "hi"]);
    let mode = |name: &str| fs::metadata(sandbox.path().join(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode("settings"), mode("run")), (0o600, 0o700));
    assert_eq!(fs::read_dir(sandbox.path().join("run")).expect("a folder").count(), 0);
}

#[test]
fn the_exit_code_is_the_agents() {
    assert_eq!(Sandbox::new("exit 3").run(&["-p"]).code, Some(3));
    assert_eq!(Sandbox::new("kill -TERM $$").run(&["-p"]).code, Some(128 + 15));
    assert_eq!(Sandbox::new("kill -KILL $$").run(&["-p"]).code, Some(128 + 9));
}

#[test]
fn an_agent_that_is_not_there_or_not_executable_has_the_shells_codes() {
    let sandbox = Sandbox::new("exit 0");
    let claude = sandbox.path().join("claude");
    fs::set_permissions(&claude, fs::Permissions::from_mode(0o644)).expect("set");
    refused(&sandbox, &["-p"], 126, "hint: run `chmod +x");
    fs::remove_file(&claude).expect("removed");
    refused(&sandbox, &["-p"], 127, "npm install -g @anthropic-ai/claude-code");
}

#[test]
fn signals_sent_to_mcr_reach_the_agent_and_mcr_waits_for_its_end() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::HUP, "HUP"), (Signal::QUIT, "QUIT"), (Signal::INT, "INT")] {
        let sandbox = Sandbox::new(WAIT);
        let mcr = sandbox.start();
        mcr.send(signal);
        assert_eq!(mcr.code(), Some(7), "{name}");
        assert_eq!(fs::read_to_string(sandbox.path().join("signal")).expect("it arrived").trim(), name);
        assert_eq!(fs::read_dir(sandbox.path().join("run")).expect("a folder").count(), 0);
    }
}

/// As `nohup` does, and a shell without job control for what it puts in the background.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_mcr_was_started_to_ignore_stays_ignored() {
    for (signal, name) in [(Signal::HUP, "HUP"), (Signal::INT, "INT"), (Signal::QUIT, "QUIT")] {
        let sandbox = Sandbox::new(WAIT);
        sandbox.write_arguments(&["-p"]);
        let mut shell = hearing("/bin/sh");
        shell.args(["-c", &format!("trap '' {name}; exec \"$0\" \"$@\"")]);
        shell.arg(env::current_exe().expect("this binary")).args(LAUNCHER);
        shell.env(FOLDER, sandbox.path()).current_dir(sandbox.path()).process_group(0);
        let mcr = Running::ready(shell);
        // The agent hears it too, as it would of a terminal that is closed.
        rustix::process::kill_process_group(mcr.id(), signal).expect("sent");
        mcr.send(Signal::TERM);
        assert_eq!(mcr.code(), Some(7), "{name}");
        assert_eq!(fs::read_to_string(sandbox.path().join("signal")).expect("it arrived").trim(), "TERM", "{name}");
    }
}

#[test]
fn an_agent_that_stops_takes_mcr_along_and_both_go_on() {
    let sandbox = Sandbox::new("echo ready\nkill -STOP $$\nexit 5");
    let mcr = sandbox.start();
    let options = rustix::process::WaitIdOptions::STOPPED;
    let status = rustix::process::waitid(rustix::process::WaitId::Pid(mcr.id()), options).expect("it waits");
    assert!(status.is_some_and(|status| status.stopped()));
    // What a shell's `fg` does.
    rustix::process::kill_process_group(mcr.id(), Signal::CONT).expect("sent");
    assert_eq!(mcr.code(), Some(5));
}

/// A terminal, in whose foreground the launcher runs.
#[cfg(target_os = "linux")]
struct Terminal {
    script: Child,
    keys: std::process::ChildStdin,
    screen: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

#[cfg(target_os = "linux")]
impl Terminal {
    fn start(sandbox: &Sandbox) -> Self {
        let launcher = sandbox.mcr(&["-p"]);
        let words: Vec<&str> = launcher.get_args().filter_map(OsStr::to_str).collect();
        let line = format!("exec '{}' {}", launcher.get_program().display(), words.join(" "));
        let mut script = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env(FOLDER, sandbox.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("util-linux's `script` is installed");
        let keys = script.stdin.take().expect("a pipe");
        let screen = BufReader::new(script.stdout.take().expect("a pipe")).lines();
        Self { script, keys, screen }
    }

    /// Reads on to a line with these words.
    fn wait_for(&mut self, words: &str) -> String {
        let mut lines = self.screen.by_ref().map_while(Result::ok);
        lines.find(|line| line.contains(words)).expect("the words appear")
    }

    fn write(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).expect("typed");
    }

    fn code(mut self) -> Option<i32> {
        self.script.wait().expect("it ends").code()
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_reaches_the_agent_and_mcr_survives_it() {
    let sandbox = Sandbox::new(
        "exec 3<&0\ntrap 'echo INT >signals; echo interrupted' INT\necho ready\n\
         (read line <&3; echo $line >said) &\nuntil wait $!; do :; done\nexit 4",
    );
    let mut terminal = Terminal::start(&sandbox);
    terminal.wait_for("ready");
    terminal.write(b"\x03");
    terminal.wait_for("interrupted");
    terminal.write(b"still here\n");
    assert_eq!(terminal.code(), Some(4));
    assert_eq!(fs::read_to_string(sandbox.path().join("said")).expect("it was read"), "still here\n");
}

/// An agent that has left the terminal's foreground hears of `^C` only from mcr, which is to keep it to itself.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_is_not_passed_on_a_second_time() {
    let agent = "trap 'echo INT >signals' INT; trap 'exit 4' TERM; echo ready $PPID; cat <&3 & wait; wait; exit 9";
    let sandbox = Sandbox::new(&format!("exec 3<&0\nexec setsid sh -c \"{}\"", agent.replace('$', "\\$")));
    let mut terminal = Terminal::start(&sandbox);
    let ready = terminal.wait_for("ready");
    let mcr = ready.trim().rsplit(' ').next().and_then(|id| id.parse().ok()).and_then(Pid::from_raw).expect("an id");
    terminal.write(b"\x03\n");
    terminal.wait_for("^C");
    // It comes after the other, so when the agent ends of it the other has been dealt with.
    rustix::process::kill_process(mcr, Signal::TERM).expect("sent");
    assert_eq!(terminal.code(), Some(4));
    assert!(!sandbox.path().join("signals").exists());
}
