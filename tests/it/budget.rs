//! Budgets: what would cost too much is not sent.

use http::Method;
use insta::assert_snapshot;
use mcr::imitation::client::Answer;
use mcr::imitation::{Gate, Imitation, Reply, Scripted};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Rig, Sandbox, Server, ask, config, soon};
use crate::preset::{
    folder,
    session::{Session, agent},
};

/// A dollar for a thousand tokens of a prompt, and nothing for answers, so that all is easily reckoned.
fn pricing() -> Value {
    json!({"prompt": 1000, "completion": 0})
}

/// One provider that costs a dollar for a thousand tokens, and a limit in cents.
fn limited(url: &str, span: &str, cents: f64, action: &str) -> Value {
    let mut config = config(url);
    config["Providers"][0]["pricing"] = pricing();
    config["Budget"] = json!({span: {"limit": cents / 100.0, "action": action}});
    config
}

async fn rig(replies: impl IntoIterator<Item = Reply>, span: &str, cents: f64, action: &str) -> Rig {
    Rig::configured(replies, |config| *config = limited(&url_of(config), span, cents, action)).await
}

fn url_of(config: &Value) -> String {
    config["Providers"][0]["api_base_url"].as_str().expect("an address").to_owned()
}

/// A provider that follows Mistral's rules, and costs nothing.
fn mistral(name: &str, url: &str) -> Value {
    let mut provider = provider(name, url, MODEL);
    provider["dialect"] = json!("mistral");
    provider
}

/// An answer to a prompt that was counted as so many tokens, a cent for each ten.
fn costs(cents: u64) -> Reply {
    Reply::say("Hello").usage(cents * 10, 1, 0)
}

/// How the first budget of a running service stands.
async fn standing(server: &Server) -> Value {
    let raw = soon(server.client().raw(&Method::GET, "/mcr/status", "")).await.expect("an answer");
    raw.json()["configuration"]["budgets"][0].clone()
}

async fn asked(server: &Server) -> Answer {
    soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer")
}

#[tokio::test]
async fn what_would_go_over_the_limit_reaches_no_upstream_and_says_what_to_do() {
    let rig = rig([costs(100)], "day", 100.1, "block").await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
    let answer = rig.messages(&ask("Hi")).await;
    assert_eq!((answer.status, answer.header("x-should-retry")), (400, Some("false")));
    assert_eq!(answer.error.as_ref().map(|error| error.kind.as_str()), Some("billing_error"));
    assert_snapshot!(
        answer.error.expect("an error").message,
        @"mcr: not sent, the day's budget does not allow it: $1.00 of $1.00 is spent, and this request may cost $0.0160. `mcr usage daily` shows what for; raise `Budget.day.limit` in the configuration to go on"
    );
    assert_eq!(rig.upstream.captured().len(), 1);
}

#[tokio::test]
async fn a_budget_of_a_session_is_that_sessions() {
    let rig = rig([costs(100), costs(100)], "session", 100.1, "block").await;
    let of = |session: &str| rig.client.clone().header("x-claude-code-session-id", session).expect("a header");
    let ask_of = async |session: &str| soon(of(session).messages(&ask("Hi"))).await.expect("a lawful answer").status;
    assert_eq!([ask_of("a").await, ask_of("a").await, ask_of("b").await], [200, 400, 200]);
    let raw = soon(of("a").raw(&Method::GET, "/mcr/session/a", "")).await.expect("an answer");
    assert_eq!(raw.json()["budgets"][0]["spent"], json!(1.0));
}

#[tokio::test]
async fn a_warning_is_written_once_for_each_share_and_nothing_is_refused() {
    let rig = rig([costs(85), costs(5), costs(20), costs(20)], "month", 100.0, "warn").await;
    for _ in 0..4 {
        assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
    }
    let lines = rig.server.wait_for_log(" request ", 4).await;
    assert_eq!(lines.len(), 4);
    let told: Vec<String> = rig
        .server
        .log()
        .lines()
        .filter_map(|line| line.split_once("a budget is nearly or wholly spent "))
        .map(|(_, facts)| facts.to_owned())
        .collect();
    assert_eq!(
        told,
        ["budget=month percent=85 spent=$0.85 limit=$1.00", "budget=month percent=110 spent=$1.10 limit=$1.00",]
    );
    assert_eq!(standing(&rig.server).await["percent"], json!(130));
}

#[tokio::test]
async fn a_spent_budget_sends_requests_to_the_target_that_it_names() {
    let spare = Imitation::scripted([Reply::say("Hi from next door")]).await.expect("an upstream");
    let action = format!("fallback:own,{MODEL}");
    let rig = Rig::configured([costs(100)], |config| {
        let url = url_of(config);
        *config = limited(&url, "day", 100.1, "block");
        config["Providers"].as_array_mut().expect("a list").push(mistral("own", &spare.url()));
        config["Budget"]["day"]["action"] = json!(action);
    })
    .await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
    let answer = rig.messages(&ask("Hi")).await;
    assert_eq!(answer.message.text(), "Hi from next door");
    assert_eq!(answer.header("x-mcr-target"), Some(format!("own,{MODEL}").as_str()));
    assert_eq!(answer.header("x-mcr-route"), Some(format!("default; the day's budget is spent, so {MODEL}").as_str()));
}

#[tokio::test]
async fn a_target_that_costs_too_much_itself_or_is_too_small_is_no_way_out() {
    for (facts, words) in [
        (json!({MODEL: {"pricing": pricing()}}), "costs too much, too"),
        (json!({MODEL: {"window": 1030}}), "is too small for the prompt"),
    ] {
        let rig = Rig::configured([], |config| {
            let url = url_of(config);
            *config = limited(&url, "day", 0.0, "block");
            let mut own = provider("own", &url, MODEL);
            own["facts"] = facts.clone();
            config["Providers"].as_array_mut().expect("a list").push(own);
            config["Budget"]["day"]["action"] = json!(format!("fallback:own,{MODEL}"));
        })
        .await;
        let answer = rig.messages(&ask("What is this, and why is it so long that it does not fit?")).await;
        let message = answer.error.expect("an error").message;
        assert!(message.contains(&format!("own,{MODEL} {words}")), "{message}");
        assert_eq!(rig.upstream.captured().len(), 0);
    }
}

#[tokio::test]
async fn a_spare_that_cannot_be_paid_is_not_asked() {
    let spare = Imitation::scripted([]).await.expect("an upstream");
    let rig = Rig::configured([Reply::status(500, &json!({"message": "no"}))], |config| {
        let mut dear = provider("dear", &spare.url(), MODEL);
        dear["pricing"] = pricing();
        config["Providers"].as_array_mut().expect("a list").push(dear);
        config["fallback"] = json!({"default": [format!("dear,{MODEL}")]});
        config["Budget"] = json!({"day": {"limit": 0}});
    })
    .await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 500);
    assert_eq!((rig.upstream.captured().len(), spare.captured().len()), (1, 0));
}

/// Tokens of `ask("Hi")`, and so tenths of a cent.
const TOKENS: u32 = 16;

#[tokio::test]
async fn of_fifty_requests_at_once_only_those_are_sent_that_the_limit_allows_with_their_answers() {
    // As far as anybody can tell, an answer has 1,000 tokens, whatever is asked for; they cost more than the prompt.
    let (gate, each) = (Gate::new(), f64::from(TOKENS) / 1000.0 + 1.0);
    let replies = (0..10).map(|_| Reply::say("Hello").usage(TOKENS.into(), 1_000, 0).hold(&gate));
    let rig = Rig::configured(replies, |config| {
        *config = limited(&url_of(config), "day", each * 1050.0, "block");
        config["Providers"][0]["pricing"]["completion"] = json!(1000);
    })
    .await;
    let mut question = ask("Hi");
    question["max_tokens"] = json!(32_000);
    let counted = soon(rig.client.count_tokens(&question)).await.expect("a count").json();
    assert_eq!(counted["input_tokens"], json!(TOKENS));
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, question) = (rig.client.clone(), question.clone());
        asking.spawn(async move { soon(client.messages(&question)).await.expect("a lawful answer").status });
    }
    for _ in 0..40 {
        assert_eq!(soon(asking.join_next()).await.expect("one more").expect("an end"), 400);
    }
    let held = standing(&rig.server).await;
    assert_eq!((&held["spent"], &held["reserved"]), (&json!(0.0), &json!(each * 10.0)));
    gate.open();
    while let Some(status) = soon(asking.join_next()).await {
        assert_eq!(status.expect("an end"), 200);
    }
    rig.server.wait_for_log(" outcome=ok ", 10).await;
    let over = standing(&rig.server).await;
    assert_eq!((&over["spent"], &over["reserved"]), (&json!(each * 10.0), &json!(0.0)));
}

#[tokio::test]
async fn an_answer_that_is_given_up_counts_with_its_prompt() {
    let gate = Gate::new();
    let rig = rig([Reply::new().text("Hel").gate(&gate).text("lo").finish("stop")], "day", 100.0, "block").await;
    let mut stream = rig.open(&ask("Hi")).await;
    soon(stream.wait_for_text("Hel")).await.expect("its beginning");
    drop(stream);
    rig.server.wait_for_log(" outcome=cancelled ", 1).await;
    let after = standing(&rig.server).await;
    assert_eq!((&after["spent"], &after["reserved"]), (&json!(f64::from(TOKENS) / 1000.0), &json!(0.0)));
}

#[tokio::test]
async fn an_attempt_that_was_cut_off_counts_with_what_it_was_thought_to_cost_and_one_that_was_refused_does_not() {
    let cents = f64::from(TOKENS) / 1000.0;
    for (reply, attempts, spent) in [
        (Reply::new().stall(), 1, cents),
        (Reply::status(500, &json!({"message": "no"})), 1, 0.0),
        (Reply::new().cut(), 2, 1.0 + cents),
    ] {
        let spare = Imitation::scripted((attempts == 1).then(|| Reply::say("Hello"))).await.expect("an upstream");
        let again = (attempts == 2).then(|| costs(100));
        let rig = Rig::configured([Some(reply), again].into_iter().flatten(), |config| {
            *config = limited(&url_of(config), "day", 1000.0, "block");
            config["Clocks"] = json!({"first_event_ms": 150});
            config["Retry"] = json!({"attempts": attempts});
            config["Providers"].as_array_mut().expect("a list").push(mistral("own", &spare.url()));
            if attempts == 1 {
                config["fallback"] = json!({"default": [format!("own,{MODEL}")]});
            }
        })
        .await;
        assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
        let after = standing(&rig.server).await;
        assert_eq!((&after["spent"], &after["reserved"]), (&json!(spent), &json!(0.0)));
        // Who reads the ledger comes to the same.
        rig.server.stopped().await;
        assert_eq!(standing(&rig.sandbox.start().await).await["spent"], json!(spent));
    }
}

#[tokio::test]
async fn a_day_goes_on_after_a_restart() {
    let rig = rig([costs(100)], "day", 100.1, "block").await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
    rig.server.stopped().await;
    let server = rig.sandbox.start().await;
    assert_eq!(asked(&server).await.status, 400);
    assert_eq!(standing(&server).await["spent"], json!(1.0));
}

#[tokio::test]
async fn without_a_log_a_day_is_counted_for_as_long_as_the_process_lives() {
    let rig = Rig::configured([costs(100), costs(100)], |config| {
        *config = limited(&url_of(config), "day", 100.1, "block");
        config["LOG"] = json!(false);
    })
    .await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
    assert_eq!(rig.messages(&ask("Hi")).await.status, 400);
    rig.server.stopped().await;
    assert_eq!(asked(&rig.sandbox.start().await).await.status, 200);
}

/// A service that shares its state with others, and nothing else.
async fn sharing(sandbox: &mut Sandbox, state: &std::path::Path) -> Server {
    let runtime = sandbox.write("runtime/here", "").parent().expect("a folder").display().to_string();
    sandbox.set("MCR_HOME", "");
    sandbox.set("XDG_STATE_HOME", &state.display().to_string());
    sandbox.set("XDG_RUNTIME_DIR", &runtime);
    let mut server = sandbox.start().await;
    "shared-token".clone_into(&mut server.token);
    server
}

#[tokio::test]
async fn two_processes_share_a_day() {
    let upstream: Scripted = Imitation::scripted([costs(60), costs(30), costs(30)]).await.expect("an upstream");
    let (mut one, mut other) = (Sandbox::new(), Sandbox::new());
    let mut config = limited(&upstream.url(), "day", 100.0, "block");
    config["APIKEY"] = json!("shared-token");
    one.configure(&config);
    other.configure(&config);
    let state = one.folder().join("shared");
    std::fs::create_dir(&state).expect("a folder");
    let (first, second) = (sharing(&mut one, &state).await, sharing(&mut other, &state).await);
    assert_eq!(asked(&first).await.status, 200);
    assert_eq!(standing(&second).await["percent"], json!(60));
    assert_eq!(asked(&second).await.status, 200);
    assert_eq!(asked(&first).await.status, 200);
    assert_eq!(standing(&first).await["percent"], json!(120));
    assert_eq!([asked(&first).await.status, asked(&second).await.status], [400, 400]);
}

#[tokio::test]
async fn a_raised_limit_is_taken_over_by_what_runs() {
    let rig = rig([costs(100), costs(1)], "day", 100.1, "block").await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
    assert_eq!(rig.messages(&ask("Hi")).await.status, 400);
    let url = rig.upstream.url();
    rig.sandbox.configure(&limited(&url, "day", 500.0, "block"));
    rig.server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
}

#[tokio::test]
async fn status_shows_each_budget() {
    let rig = rig([costs(84)], "day", 100.0, "block").await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 200);
    let picture = rig.sandbox.mcr(["status"]);
    let line = picture.lines().find(|line| line.contains("budget")).expect("a line");
    assert_snapshot!(line, @"  budget day        $0.84 of $1.00 (84%), then block");
}

#[tokio::test]
async fn what_was_used_is_told_in_each_currency() {
    let spare = Imitation::scripted([Reply::say("Hello").usage(50, 1, 0)]).await.expect("an upstream");
    let rig = Rig::configured([costs(250)], |config| {
        *config = limited(&url_of(config), "day", 1000.0, "warn");
        let mut euros = mistral("euros", &spare.url());
        euros["pricing"] = json!({"prompt": 30000, "completion": 0, "currency": "EUR"});
        config["Providers"].as_array_mut().expect("a list").push(euros);
    })
    .await;
    let mut other = ask("Hi");
    other["model"] = json!(format!("euros,{MODEL}"));
    assert_eq!((rig.messages(&ask("Hi")).await.status, rig.messages(&other).await.status), (200, 200));
    let picture = rig.sandbox.mcr(["usage", "model"]);
    assert_snapshot!(picture, @r"
    exit code: 0
    ----- stdout -----
    model               requests  failed  input  cached  output           cost
    mistral-medium-3-5         2       0   2550      0%       2  $2.50 + €1.50
    total                      2       0   2550      0%       2  $2.50 + €1.50
    ");
    let output = rig.sandbox.command(["usage", "model", "--json"]).output().expect("the binary runs");
    let totals: Value = serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["totals"].take();
    assert_eq!((&totals["totalCost"], &totals["costUSD"], &totals["costEUR"]), (&json!(2.5), &json!(2.5), &json!(1.5)));
}

#[test]
fn the_configuration_check_says_what_a_budget_does_not_see() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(
        "config.json",
        r#"{
  Providers: [
    {name: "a", api_base_url: "https://a.example/v1", api_key: "k", models: ["m", "n"]},
    {name: "b", api_base_url: "https://b.example/v1", api_key: "k", models: ["m"],
     pricing: {prompt: 1, completion: 2, currency: "EUR"}},
    {name: "c", api_base_url: "https://c.example/v1", api_key: "k", models: ["m"], pricing: {prompt: 1}},
    {name: "own", api_base_url: "http://localhost:1/v1", models: ["m"]},
  ],
  Router: {default: "a,m"},
  LOG: false,
  Budget: {
    session: {limit: 1},
    month: {limit: 5, currency: "EUR", action: "fallback:own,m"},
    day: {limit: -1, currency: "CHF", action: "stop"},
    week: {limit: 1},
  },
}"#,
    );
    assert_snapshot!(sandbox.mcr(["config", "check", "--config", file.to_str().expect("a path")]), @r"
    exit code: 78
    ----- stdout -----
    error: ~/config.json:6:93: Providers[2].pricing: a price has `prompt` and `completion`: what a million tokens cost
    warning: ~/config.json:12:14: Budget.session: no price is known of `a,m`, `a,n`, `c,m`, which counts as nothing here; set `pricing`
    warning: ~/config.json:12:14: Budget.session: the price of `b,m` is not in USD, so it counts as nothing here; set `pricing` in USD
    warning: ~/config.json:13:12: Budget.month: no price is known of `a,m`, `a,n`, `c,m`, which counts as nothing here; set `pricing`
    warning: ~/config.json:13:12: Budget.month: `LOG` is false, so nothing is kept: the month counts from each start of mcr
    error: ~/config.json:14:18: Budget.day.limit: an amount is a number from 0 up
    error: ~/config.json:14:32: Budget.day.currency: unknown currency `CHF`; known are USD, EUR
    error: ~/config.json:14:47: Budget.day.action: there is no action `stop`, only `warn`, `block` and `fallback:provider,model`
    warning: ~/config.json:15:5: Budget.week: unknown key
    ----- stderr -----
    error: the configuration has 4 errors
    ");
}

#[tokio::test]
async fn a_limit_on_the_command_line_holds_for_all_conversations_of_the_run_and_goes_before_the_configured_one() {
    let upstream = Imitation::scripted([costs(100)]).await.expect("an upstream");
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.configure(&limited(&upstream.url(), "session", 900.0, "warn"));
    let session = Session::start(&sandbox, &["--max-cost", "$1.001", "--config", "config.json", "code"]).await;
    let of = |id: &str| session.client().header("x-claude-code-session-id", id).expect("a header");
    assert_eq!(soon(of("a").messages(&ask("Hi"))).await.expect("an answer").status, 200);
    let answer = soon(of("b").messages(&ask("Hi"))).await.expect("an answer");
    assert_snapshot!(
        answer.error.expect("an error").message,
        @"mcr: not sent, the session's budget does not allow it: $1.00 of $1.00 is spent, and this request may cost $0.0160. `mcr usage session` shows what for; start mcr with a higher `--max-cost` to go on"
    );
    assert_eq!(upstream.captured().len(), 1);
    session.end().await;
}

#[test]
fn a_limit_on_the_command_line_is_an_amount_for_a_run_of_the_agent() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("https://provider.example/v1"));
    assert_snapshot!(sandbox.mcr(["--max-cost", "much", "code"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'much' for '--max-cost <AMOUNT>': an amount is written as 5, 5EUR or '$5'

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["--max-cost", "5", "start"]), @r"
    exit code: 64
    ----- stderr -----
    error: `--max-cost` does nothing for `mcr start`
    hint: it is for `mcr code` and `mcr PRESET`; set `Budget` in the configuration for the service
    ");
    assert_snapshot!(sandbox.mcr(["--max-cost", "5EUR", "--config", "config.json", "code"]), @r#"
    exit code: 64
    ----- stderr -----
    error: `--max-cost` cannot be kept: no configured model has a known price in EUR
    hint: set `pricing: {prompt, completion, currency: "EUR"}` of a provider
    "#);
}

/// A preset of a provider whose prices it says itself, installed under its own name.
fn preset(sandbox: &Sandbox, url: &str, pricing: &Value) {
    let mut provider = mistral("p", url);
    provider["pricing"] = pricing.clone();
    let manifest = json!({"name": "priced", "version": "1", "Providers": [provider],
        "Router": {"default": format!("p,{MODEL}")}});
    folder(sandbox, "priced", &manifest);
    let picture = sandbox.mcr(["preset", "install", "priced", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
}

#[tokio::test]
async fn a_preset_says_which_of_its_models_the_machines_limit_does_not_see() {
    let upstream = Imitation::scripted([]).await.expect("an upstream");
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.configure(&limited(&upstream.url(), "day", 100.0, "block"));
    preset(&sandbox, &upstream.url(), &json!({"prompt": 1, "completion": 1, "currency": "EUR"}));
    let session = Session::start(&sandbox, &["--config", "config.json", "priced"]).await;
    assert_snapshot!(session.words().await, @r"
    warning: config.json:24:16: Budget.day: the price of `p,mistral-medium-3-5` is not in USD, so it counts as nothing here; set `pricing` in USD
    mcr: no requests
    ");
}

#[tokio::test]
async fn a_limit_of_the_machine_that_is_raised_is_taken_over_by_a_preset_that_runs() {
    let upstream = Imitation::scripted([costs(100), costs(1)]).await.expect("an upstream");
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.configure(&limited(&upstream.url(), "day", 100.1, "block"));
    preset(&sandbox, &upstream.url(), &pricing());
    let session = Session::start(&sandbox, &["--config", "config.json", "priced"]).await;
    let client = session.client();
    let asked = async || soon(client.messages(&ask("Hi"))).await.expect("a lawful answer").status;
    assert_eq!([asked().await, asked().await], [200, 400]);
    sandbox.configure(&limited(&upstream.url(), "day", 500.0, "block"));
    let taken = async {
        while asked().await != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    soon(taken).await;
    session.end().await;
}
