//! Commands as people see them: exit code, data and words in one picture.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use mcr::imitation::{Imitation, Reply};
use serde_json::Value;

use crate::common::{Sandbox, Server, ask, config, soon};

/// One hosted provider and one on this machine, and every kind of secret.
const CONFIG: &str = "\
{
  APIKEY: 'sk-token-secret',
  PROXY_URL: 'http://me:proxy-secret@proxy.example:3128',
  Providers: [
    {name: 'mistral', api_base_url: 'https://api.eu.mistral.ai/v1', api_key: '$MISTRAL_API_KEY', models: ['mistral-medium-3-5']},
    {name: 'local', api_base_url: 'http://localhost:11434/v1', api_key: 'sk-written-secret', models: ['qwen']},
  ],
  Router: {default: 'mistral,mistral-medium-3-5', background: 'local,qwen'},
}
";

const WRONG: &str = "\
{
  PORT: 0,
  Rooter: {},
  Providers: [{name: 'm', api_base_url: 'http://api.openai.com/v1', models: ['a']}],
  Router: {default: 'm,b'},
}
";

#[test]
fn the_version_is_one_line_of_data() {
    assert_eq!(
        Sandbox::new().mcr(["--version"]),
        format!("exit code: 0\n----- stdout -----\nmcr {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn help_is_data_and_names_every_command() {
    let help = Sandbox::new().mcr(["--help"]);
    assert!(help.starts_with("exit code: 0\n----- stdout -----\nClaude Code on European and local models\n"), "{help}");
    for command in ["code", "start", "config", "key", "smoke", "statusline"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in {help}");
    }
    assert!(!help.contains("stderr"), "{help}");
}

#[test]
fn no_command_at_all_is_a_usage_error_that_shows_the_help() {
    let picture = Sandbox::new().mcr::<&str>([]);
    assert!(picture.starts_with("exit code: 64\n----- stderr -----\nClaude Code on European"), "{picture}");
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().mcr(["configure"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `configure`
    hint: did you mean `mcr config`?
    hint: run `mcr --help` for the commands, `mcr preset list` for the presets
    ");
}

#[test]
fn an_option_with_nonsense_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().mcr(["start", "--port", "70000"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value '70000' for '--port <PORT>': 70000 is not in 0..=65535

    For more information, try '--help'.
    ");
}

#[test]
fn the_path_of_the_configuration_is_data() {
    let mut sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["config", "path"]), @r"
    exit code: 0
    ----- stdout -----
    ~/home/config.json
    ");
    sandbox.set("MCR_CONFIG", "elsewhere.json");
    assert_snapshot!(sandbox.mcr(["config", "path"]), @r"
    exit code: 0
    ----- stdout -----
    elsewhere.json
    ");
    assert_snapshot!(sandbox.mcr(["config", "path", "--config", "named.json"]), @r"
    exit code: 0
    ----- stdout -----
    named.json
    ");
}

#[test]
fn a_good_configuration_is_checked_without_a_word_on_stdout() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-environment-secret");
    sandbox.write("home/config.json", CONFIG);
    assert_snapshot!(sandbox.mcr(["config", "check"]), @r"
    exit code: 0
    ----- stderr -----
    no errors in ~/home/config.json
    ");
}

#[test]
fn a_missing_key_is_a_problem_of_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("config.json", CONFIG);
    assert_snapshot!(sandbox.mcr(["config", "check", "--config", "config.json"]), @r"
    exit code: 78
    ----- stdout -----
    error: config.json:5:78: Providers[0].api_key: environment variable `MISTRAL_API_KEY` is unset or empty; run `export MISTRAL_API_KEY=...` and start again
    ----- stderr -----
    error: the configuration has an error
    ");
}

#[test]
fn all_problems_are_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write("wrong.json", WRONG);
    assert_snapshot!(sandbox.mcr(["config", "check", "--config", "wrong.json"]), @r"
    exit code: 78
    ----- stdout -----
    error: wrong.json:2:9: PORT: 0 is no whole number from 1 to 65535
    warning: wrong.json:3:3: Rooter: unknown key, did you mean `Router`?
    error: wrong.json:4:41: Providers[0].api_base_url: `http` sends key and code readable for everyone to api.openai.com; use `https`, or a loopback or private address
    error: wrong.json:5:21: Router.default: provider `m` has no model `b`, did you mean `a`?
    ----- stderr -----
    error: the configuration has 3 errors
    ");
}

#[test]
fn a_server_does_not_start_on_a_configuration_with_errors() {
    let sandbox = Sandbox::new();
    sandbox.write("wrong.json", WRONG);
    assert_snapshot!(sandbox.mcr(["start", "--foreground", "--config", "wrong.json"]), @r"
    exit code: 78
    ----- stderr -----
    error: the configuration has 3 errors:
      wrong.json:2:9: PORT: 0 is no whole number from 1 to 65535
      wrong.json:4:41: Providers[0].api_base_url: `http` sends key and code readable for everyone to api.openai.com; use `https`, or a loopback or private address
      wrong.json:5:21: Router.default: provider `m` has no model `b`, did you mean `a`?
    ");
}

#[test]
fn a_file_that_is_not_there_is_missing_input() {
    assert_snapshot!(Sandbox::new().mcr(["config", "show", "--config", "none.json"]), @r"
    exit code: 66
    ----- stderr -----
    error: cannot read the configuration `none.json`
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn without_configuration_and_key_the_words_say_what_to_do() {
    assert_snapshot!(Sandbox::new().mcr(["start", "--foreground"]), @r"
    exit code: 78
    ----- stderr -----
    error: there is no configuration, and `MISTRAL_API_KEY` is unset or empty
    hint: run `mcr setup` in a terminal, which asks a few questions and writes one
    hint: or `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration
    hint: or `mcr preset install mistral-ollama` to use a model of this machine, and then `mcr mistral-ollama`
    ");
}

#[test]
fn every_value_is_shown_with_its_source_and_no_secret() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-environment-secret");
    sandbox.write("config.json", CONFIG);
    let picture = sandbox.mcr(["config", "show", "--config", "config.json"]);
    assert!(!picture.contains("-secret"), "{picture}");
    assert_snapshot!(picture, @r#"
    exit code: 0
    ----- stdout -----
    Providers[0].name                               = "mistral"  (config.json:5:12)
    Providers[0].api_base_url                       = "https://api.eu.mistral.ai/v1/chat/completions"  (config.json:5:37)
    Providers[0].api_key                            = "[secret]"  (config.json:5:78, $MISTRAL_API_KEY)
    Providers[0].models[0]                          = "mistral-medium-3-5"  (config.json:5:107)
    Providers[0].dialect                            = "mistral"  (from the host, else the name)
    Providers[0].limits.max_concurrency             = 8  (default)
    Providers[0].limits.queue                       = 64  (default)
    Providers[0].limits.queue_timeout_seconds       = 20  (default)
    Providers[0].health_probe.enabled               = false  (default)
    Providers[0].facts.mistral-medium-3-5.window    = 262144  (catalogue of 2026-11-20)
    Providers[0].facts.mistral-medium-3-5.vision    = true  (catalogue of 2026-11-20)
    Providers[0].facts.mistral-medium-3-5.reasoning = ["none","high"]  (catalogue of 2026-11-20)
    Providers[1].name                               = "local"  (config.json:6:12)
    Providers[1].api_base_url                       = "http://localhost:11434/v1/chat/completions"  (config.json:6:35)
    Providers[1].api_key                            = "[secret]"  (config.json:6:73)
    Providers[1].models[0]                          = "qwen"  (config.json:6:103)
    Providers[1].dialect                            = "openai"  (from the host, else the name)
    Providers[1].limits.max_concurrency             = 4  (default)
    Providers[1].limits.queue                       = 64  (default)
    Providers[1].limits.queue_timeout_seconds       = 20  (default)
    Providers[1].health_probe.enabled               = false  (default)
    Providers[1].facts.qwen.window                  = 131072  (default)
    Providers[1].facts.qwen.vision                  = true  (default)
    Providers[1].facts.qwen.reasoning               = []  (default)
    Router.default                                  = "mistral,mistral-medium-3-5"  (config.json:8:21)
    Router.background                               = "local,qwen"  (config.json:8:63)
    Router.longContextThreshold                     = 60000  (default)
    PORT                                            = 3456  (default)
    API_TIMEOUT_MS                                  = 600000  (default)
    HOST                                            = "127.0.0.1"  (default)
    APIKEY                                          = "[secret]"  (config.json:2:11)
    PROXY_URL                                       = "http://[secret]@proxy.example:3128/"  (config.json:3:14)
    LOG                                             = true  (default)
    LOG_LEVEL                                       = "info"  (default)
    NON_INTERACTIVE_MODE                            = false  (default)
    StatusLine.enabled                              = false  (default)
    StatusLine.currentStyle                         = "default"  (default)
    Clocks.headers_ms (cloud)                       = 60000  (default)
    Clocks.headers_ms (mistral)                     = 720000  (default)
    Clocks.headers_ms (local)                       = 300000  (default)
    Clocks.first_event_ms (cloud)                   = 60000  (default)
    Clocks.first_event_ms (mistral)                 = 720000  (default)
    Clocks.first_event_ms (local)                   = 300000  (default)
    Clocks.idle_ms (cloud)                          = 90000  (default)
    Clocks.idle_ms (mistral)                        = 300000  (default)
    Clocks.idle_ms (local)                          = 90000  (default)
    Clocks.connect_ms                               = 5000  (default)
    Clocks.total_ms                                 = 600000  (default)
    Retry.attempts                                  = 3  (default)
    Retry.on_status                                 = [408,425,"5xx"]  (default)
    Egress.allow                                    = ["eu","eea","ch","local"]  (default)
    Egress.mode                                     = "enforce"  (default)
    Egress.agent                                    = "block-vendor"  (default)
    Audit.enabled                                   = true  (default)
    Audit.required                                  = false  (default)
    Audit.body_digest                               = false  (default)
    Breaker.consecutive                             = 5  (default)
    Breaker.failure_rate                            = 0.5  (default)
    Breaker.window_seconds                          = 30  (default)
    Breaker.min_requests                            = 10  (default)
    Breaker.open_seconds                            = 10  (default)
    Breaker.open_max_seconds                        = 300  (default)
    Breaker.close_after                             = 2  (default)
    "#);
    let json = sandbox.mcr(["config", "show", "--json", "--config", "config.json"]);
    assert!(!json.contains("-secret"), "{json}");
    let data = json.strip_prefix("exit code: 0\n----- stdout -----\n").expect("data only");
    let settings = serde_json::from_str::<Value>(data).unwrap()["settings"].clone();
    assert_eq!(settings.as_array().unwrap().len(), picture.lines().count() - 2);
}

#[tokio::test]
async fn bodies_are_traced_wherever_the_option_stands() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&config(&upstream.url()));
    let options = ["--config", "config.json", "--trace-bodies", "bodies.jsonl", "start", "--foreground", "--port", "0"];
    let server = Server::spawn(sandbox.command(options), &sandbox.home()).await;
    soon(server.client().messages(&ask("Hi"))).await.unwrap();
    let metadata = fs::metadata(sandbox.folder().join("bodies.jsonl")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert!(metadata.len() > 0);
}

#[tokio::test]
async fn the_token_outlives_the_server_and_a_configured_one_replaces_it() {
    let sandbox = Sandbox::new();
    let mut config = config("http://127.0.0.1:9/v1");
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let first = server.token.clone();
    server.stopped().await;
    let second = sandbox.start().await;
    assert_eq!((first.len(), &first), (64, &second.token));
    second.stopped().await;
    config["APIKEY"] = "sk-chosen".into();
    sandbox.configure(&config);
    let third = sandbox.start().await;
    let health = |token: &str| {
        let client = mcr::imitation::Client::new(&third.url(), token).unwrap();
        async move { soon(client.raw(&http::Method::GET, "/health", "")).await.unwrap().status }
    };
    assert_eq!((health("sk-chosen").await, health(&first).await), (200, 401));
}

/// Puts a token where the service keeps its own, with this mode.
fn keep_token(sandbox: &Sandbox, text: &str, mode: u32) -> std::path::PathBuf {
    let path = sandbox.write("home/state/token", text);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[tokio::test]
async fn a_token_that_others_could_read_is_closed_to_them_and_its_file_named() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let path = keep_token(&sandbox, "kept-token", 0o644);
    let server = sandbox.start().await;
    assert_eq!(server.token, "kept-token");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    server.signal(rustix::process::Signal::TERM);
    let (_, words) = server.ended().await;
    assert!(words.contains(&format!("\ntoken: {}\n", path.display())), "{words}");
}

#[test]
fn a_token_that_cannot_be_read_is_not_replaced() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let path = keep_token(&sandbox, "", 0o600);
    let start = || sandbox.mcr(["start", "--foreground", "--config", "config.json", "--port", "0"]);
    assert_snapshot!(start(), @r"
    exit code: 65
    ----- stderr -----
    error: the service's token is empty: ~/home/state/token
    hint: run `rm ~/home/state/token`; the next start makes another
    ");
    fs::remove_file(&path).unwrap();
    let elsewhere = sandbox.write("elsewhere", "another-token");
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert_snapshot!(start(), @r"
    exit code: 77
    ----- stderr -----
    error: cannot use the service's token
      caused by: cannot read `~/home/state/token`: it is a symbolic link; name what it points to
    hint: run `rm ~/home/state/token`; the next start makes another, or set `APIKEY`
    ");
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "another-token");
}

#[test]
fn tracing_bodies_of_a_command_that_has_none_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().mcr(["--trace-bodies", "bodies.jsonl", "config", "path"]), @r"
    exit code: 64
    ----- stderr -----
    error: `--trace-bodies` does nothing for `mcr config`
    hint: leave it out, or trace `mcr code` or `mcr start`
    ");
    let picture = Sandbox::new().mcr(["--trace-bodies", "bodies.jsonl", "smoke", "--offline"]);
    assert!(picture.starts_with("exit code: 64\n"), "{picture}");
}

/// Checks a configuration that has this line in it.
fn check_with(sandbox: &Sandbox, line: &str) -> String {
    let providers = "Providers: [{name: 'p', api_base_url: 'http://localhost/v1', models: ['m']}]";
    sandbox.write("config.json", &format!("{{\n{line},\n{providers}, Router: {{default: 'p,m'}}}}\n"));
    sandbox.mcr(["config", "check", "--config", "config.json"])
}

#[test]
fn the_check_passes_no_proxy_that_the_start_would_not_take() {
    let sandbox = Sandbox::new();
    assert_snapshot!(check_with(&sandbox, "PROXY_URL: 'https://me:secret@proxy.example'"), @r"
    exit code: 78
    ----- stdout -----
    error: config.json:2:12: PROXY_URL: a proxy of scheme `https` cannot be used, only `http`, `socks5` and `socks5h`
    ----- stderr -----
    error: the configuration has an error
    ");
    let good = "exit code: 0\n----- stderr -----\nno errors in config.json\n";
    for scheme in ["http", "socks5", "socks5h"] {
        assert_eq!(check_with(&sandbox, &format!("PROXY_URL: '{scheme}://proxy.example:1080'")), good);
    }
}

#[test]
fn the_check_looks_for_the_system_prompt() {
    let sandbox = Sandbox::new();
    assert_snapshot!(check_with(&sandbox, "PORT: 0, REWRITE_SYSTEM_PROMPT: 'prompt.txt'"), @r"
    exit code: 78
    ----- stdout -----
    error: config.json:2:7: PORT: 0 is no whole number from 1 to 65535
    error: config.json:2:33: REWRITE_SYSTEM_PROMPT: the file cannot be read, seen from the configuration's folder: No such file or directory (os error 2)
    ----- stderr -----
    error: the configuration has 2 errors
    ");
    sandbox.write("prompt.txt", "You are terse.");
    assert!(check_with(&sandbox, "REWRITE_SYSTEM_PROMPT: 'prompt.txt'").starts_with("exit code: 0\n"));
}

#[test]
fn the_check_fails_on_a_proxy_of_the_environment_that_cannot_be_used() {
    let mut sandbox = Sandbox::new();
    sandbox.set("HTTPS_PROXY", "https://me:secret@proxy.example");
    assert_snapshot!(check_with(&sandbox, "PORT: 4000"), @r"
    exit code: 78
    ----- stderr -----
    error: cannot use the configured proxy
      caused by: HTTPS_PROXY: a proxy of scheme `https` cannot be used, only `http`, `socks5` and `socks5h`
    hint: correct `PROXY_URL` or `HTTPS_PROXY`, or remove it
    ");
}
