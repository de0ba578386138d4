//! `mcr start`, `status` and `restart`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use insta::assert_snapshot;
use mcr::imitation::{Imitation, Reply};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::Service;
use crate::common::{Sandbox, ask, config, soon};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    sandbox
}

#[tokio::test]
async fn the_service_outlives_the_command_that_starts_it() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&config(&upstream.url()));
    let service = Service::start(&sandbox);
    let answer = soon(service.client("").messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), "Hello");
    assert_eq!(service.status()["requests"], json!({"ended": 1, "failed": 0}));
}

#[test]
fn a_start_says_where_it_listens_and_a_second_one_changes_nothing() {
    let sandbox = sandbox();
    let first = sandbox.mcr(["start", "--config", "config.json", "--port", "0"]);
    let service = Service { sandbox: &sandbox };
    assert_snapshot!(service.plain(&first), @r"
    exit code: 0
    ----- stderr -----
    listening on http://127.0.0.1:PORT
    token: ~/home/state/token
    ");
    let before = service.record();
    assert_snapshot!(service.plain(&sandbox.mcr(["start"])), @r"
    exit code: 0
    ----- stderr -----
    the service runs already: http://127.0.0.1:PORT
    ");
    assert_snapshot!(service.plain(&sandbox.mcr(["start", "--port", "1"])), @r"
    exit code: 73
    ----- stderr -----
    error: the service runs already, with other options: http://127.0.0.1:PORT
    hint: run `mcr restart` with the options that it should have
    ");
    assert_snapshot!(service.plain(&sandbox.mcr(["start", "--foreground", "--config", "config.json"])), @r"
    exit code: 73
    ----- stderr -----
    error: the service runs already: http://127.0.0.1:PORT
    hint: run `mcr status` to look at it, or `mcr stop` to end it
    ");
    assert_eq!(service.record(), before);
}

#[test]
fn of_many_starts_at_once_one_becomes_the_service_and_all_succeed() {
    let sandbox = sandbox();
    let service = Service { sandbox: &sandbox };
    let start = || {
        let mut command = sandbox.command(["start", "--config", "config.json", "--port", "0"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    };
    let starts: Vec<_> = (0..6).map(|_| start()).collect();
    let outputs: Vec<_> = starts.into_iter().map(|start| start.wait_with_output().expect("it ends")).collect();
    let words: Vec<_> = outputs.iter().map(|output| String::from_utf8_lossy(&output.stderr)).collect();
    assert!(outputs.iter().all(|output| output.status.success()), "{words:?}");
    assert!(words.iter().all(|words| words.contains(&service.url())), "{words:?}");
    assert_eq!(words.iter().filter(|words| words.starts_with("listening on")).count(), 1, "{words:?}");
}

#[test]
fn what_is_left_to_be_found_by_is_for_the_owner_only_and_goes_with_the_service() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = service.record_file();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert!(sandbox.mcr(["stop"]).starts_with("exit code: 0\n"));
    assert!(!file.exists());
}

#[test]
fn a_start_that_fails_says_what_the_service_said() {
    let sandbox = Sandbox::new();
    sandbox.write("config.json", "{Providers: []}");
    assert_snapshot!(sandbox.mcr(["start", "--config", "config.json"]), @r"
    exit code: 78
    ----- stderr -----
    error: the configuration has an error:
      ~/config.json:1:13: Providers: no provider is configured; name one with its `name`, `api_base_url`, `api_key` and `models`
    ");
    assert_snapshot!(sandbox.mcr(["status"]), @r"
    exit code: 1
    ----- stdout -----
    service  not running
    ----- stderr -----
    run `mcr start` to start it; `mcr code` needs none
    ");
    assert_snapshot!(sandbox.mcr(["status", "--json"]), @r#"
    exit code: 1
    ----- stdout -----
    {"running":false,"state":"not running"}
    "#);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_the_program_that_has_it() {
    let sandbox = sandbox();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let picture = sandbox.mcr(["start", "--config", "config.json", "--port", &port]);
    let program = std::env::current_exe().unwrap().display().to_string();
    let picture = picture.replace(&port, "PORT").replace(&std::process::id().to_string(), "PID");
    let by: Vec<&str> = picture.lines().filter(|line| line.starts_with("  caused by: ")).collect();
    // The name is cut where it is long, and the test's own is.
    let begins = format!("  caused by: `{}", &program[..40]);
    assert!(
        by.len() == 1 && by[0].starts_with(&begins) && by[0].ends_with("` listens there (process PID)"),
        "{picture}"
    );
    let rest: Vec<&str> = picture.lines().filter(|line| !line.starts_with("  caused by: ")).collect();
    assert_snapshot!(rest.join("\n"), @r"
    exit code: 73
    ----- stderr -----
    error: port PORT is in use
    hint: set `PORT` to another than PORT, or run `mcr start --port 0` for a free one
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn a_service_that_is_looked_for_in_another_folder_is_known_by_its_port() {
    let (sandbox, other) = (sandbox(), sandbox());
    let service = Service::start(&other);
    let port = service.url().rsplit_once(':').unwrap().1.to_owned();
    let picture = service.plain(&sandbox.mcr(["start", "--config", "config.json", "--port", &port]));
    let hints: Vec<&str> = picture.lines().filter(|line| line.starts_with("hint: ")).collect();
    assert_snapshot!(hints.join("\n"), @r"
    hint: it may be a service of yours: run `mcr stop` with the `XDG_RUNTIME_DIR` and `MCR_HOME` of its start, or `kill PID`
    hint: set `PORT` to another than PORT, or run `mcr start --port 0` for a free one
    ");
}

#[test]
fn without_a_place_for_the_lock_what_names_another_is_told() {
    let sandbox = sandbox();
    sandbox.write("home/run", "no folder");
    let picture = sandbox.mcr(["start", "--config", "config.json"]);
    assert!(picture.starts_with("exit code: 73\n"), "{picture}");
    assert!(picture.ends_with("hint: set `XDG_RUNTIME_DIR` or `MCR_HOME` to a folder of your own\n"), "{picture}");
}

#[tokio::test]
async fn the_state_tells_configuration_providers_routes_and_since_when_the_file_is_wrong() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let status = service.status();
    assert_eq!(status["running"], true);
    assert_eq!(status["url"], service.url());
    assert_eq!(status["configuration"]["invalid"], json!(null));
    let providers = json!([{"name": "mistral", "host": "127.0.0.1", "models": ["mistral-medium-3-5"]}]);
    assert_eq!(status["configuration"]["providers"], providers);
    let routes = json!([{"name": "default", "target": "mistral,mistral-medium-3-5"}]);
    assert_eq!(status["configuration"]["routes"], routes);
    let hash = status["configuration"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(hash.len(), 64);
    sandbox.write("config.json", "{Providers: []}");
    let wrong = until(|| Some(service.status()["configuration"]["invalid"].clone()).filter(|it| !it.is_null())).await;
    let problem = wrong["problem"].as_str().unwrap();
    assert!(problem.contains("config.json:1:13: Providers: no provider is configured"), "{problem}");
    assert!(wrong["since"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{wrong}");
    assert_eq!(service.status()["configuration"]["hash"], hash.as_str());
    let text = sandbox.mcr(["status"]);
    assert!(text.contains("\n  invalid on disk since 20"), "{text}");
    let mut other = config("http://127.0.0.1:9/v1");
    other["Providers"][0]["models"] = json!(["mistral-medium-3-5", "another"]);
    sandbox.configure(&other);
    let mended = until(|| {
        let status = service.status();
        (status["configuration"]["hash"] != hash.as_str()).then_some(status)
    });
    assert_eq!(mended.await["configuration"]["invalid"], json!(null));
}

/// Looks again and again until something is there: a file that was edited is seen within a second.
async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    soon(async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_service_that_was_killed_is_not_taken_for_one_that_runs() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let pid = i32::try_from(service.record()["pid"].as_u64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    until(|| sandbox.mcr(["stop"]).contains("the service is not running").then_some(())).await;
    assert!(service.record_file().exists());
    assert!(sandbox.mcr(["status"]).starts_with("exit code: 1\n"));
    drop(Service::start(&sandbox));
}

/// A process that has nothing to do with mcr; ended when the test is over.
struct Stranger(std::process::Child);

impl Stranger {
    fn new() -> Self {
        Self(std::process::Command::new("sleep").arg("600").spawn().expect("a process"))
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().expect("a child").is_none()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn row_16_a_process_that_has_a_killed_services_number_by_now_is_left_alone() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let pid = i32::try_from(service.record()["pid"].as_u64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    until(|| sandbox.mcr(["stop"]).contains("the service is not running").then_some(())).await;
    let mut stranger = Stranger::new();
    let mut left = service.record();
    left["pid"] = json!(stranger.0.id());
    fs::write(service.record_file(), left.to_string()).unwrap();
    for command in [&["status"][..], &["stop"], &["stop", "--now"], &["logs"], &["breaker", "reset"]] {
        let picture = sandbox.mcr(command);
        assert!(!picture.contains(&left["pid"].to_string()), "{command:?}: {picture}");
        assert!(stranger.lives(), "{command:?}");
        assert_eq!(service.record(), left, "{command:?}");
    }
    // Whether it is started, or started again, another takes the place without a word of the one before.
    for command in ["start", "restart"] {
        fs::write(service.record_file(), left.to_string()).unwrap();
        let picture = sandbox.mcr([command, "--config", "config.json", "--port", "0"]);
        assert!(picture.starts_with("exit code: 0\n----- stderr -----\nlistening on "), "{picture}");
        let new = service.record();
        assert!(new["pid"] != left["pid"] && new["token"].is_string(), "{new}");
        assert_eq!(service.status()["pid"], new["pid"]);
        assert!(sandbox.mcr(["stop"]).starts_with("exit code: 0\n"));
        assert!(stranger.lives() && !service.record_file().exists());
    }
    // So that there is one to be ended when the test is over.
    drop(Service::start(&sandbox));
}

#[test]
fn a_restart_keeps_the_options_it_is_not_told_and_takes_the_others() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let before = service.record();
    let picture = sandbox.mcr(["restart"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let after = service.record();
    assert_eq!((&after["url"], &after["config"]), (&before["url"], &before["config"]));
    assert_ne!(after["pid"], before["pid"]);
    let other = sandbox.write("other.json", &config("http://127.0.0.1:9/v1").to_string());
    let picture = sandbox.mcr(["restart", "--config", "other.json"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(service.record()["config"], other.display().to_string());
    let trace = sandbox.folder().join("trace").display().to_string();
    for arguments in [&["restart", "--trace-bodies", "trace"][..], &["restart"]] {
        assert!(sandbox.mcr(arguments).starts_with("exit code: 0\n"));
        assert_eq!(service.record()["trace_bodies"], trace);
    }
}

#[test]
fn a_configuration_that_a_variable_named_is_one_of_the_options() {
    let sandbox = sandbox();
    sandbox.write("other.json", &config("http://127.0.0.1:9/v1").to_string());
    let service = Service { sandbox: &sandbox };
    let start = |file: &str| sandbox.command(["start", "--port", "0"]).env("MCR_CONFIG", file).output().unwrap();
    assert!(start("config.json").status.success());
    let file = sandbox.folder().join("config.json").display().to_string();
    assert_eq!(service.record()["config"], file);
    assert_eq!(start("other.json").status.code(), Some(73));
    let picture = sandbox.mcr(["restart"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(service.record()["config"], file);
}

#[test]
fn a_restart_with_a_configuration_that_is_wrong_leaves_the_service_alone() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let before = service.record();
    sandbox.write("config.json", "{Providers: []}");
    let picture = sandbox.mcr(["restart"]);
    assert!(picture.starts_with("exit code: 78\n"), "{picture}");
    assert_eq!(service.record(), before);
    assert_eq!(service.status()["running"], true);
}

#[test]
fn a_restart_without_a_service_is_a_start() {
    let sandbox = sandbox();
    let service = Service { sandbox: &sandbox };
    let picture = sandbox.mcr(["restart", "--config", "config.json", "--port", "0"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(service.status()["running"], true);
}

#[test]
fn a_service_that_systemd_runs_is_restarted_by_systemd() {
    let mut sandbox = sandbox();
    sandbox.set("MCR_SUPERVISOR", "systemd");
    let service = Service::start(&sandbox);
    assert_snapshot!(service.sandbox.mcr(["restart"]), @r"
    exit code: 64
    ----- stderr -----
    error: the service is run by systemd, which starts it again
    hint: run `systemctl --user restart mcr`
    ");
}

#[test]
fn who_waits_for_another_start_is_told_so() {
    let sandbox = sandbox();
    fs::create_dir_all(sandbox.home().join("run")).unwrap();
    let elsewhere = fs::File::create(sandbox.home().join("run/service.starting")).unwrap();
    elsewhere.lock().unwrap();
    let service = Service { sandbox: &sandbox };
    let mut command = sandbox.command(["start", "--config", "config.json", "--port", "0"]);
    let mut start = command.stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut words = BufReader::new(start.stderr.take().unwrap()).lines();
    assert_eq!(words.next().unwrap().unwrap(), "waiting: the service is being started or restarted elsewhere");
    drop(elsewhere);
    assert!(start.wait().unwrap().success());
    assert_eq!(service.status()["running"], true);
}
