//! Ids that name routes, and tags, through the whole proxy.

use mcr::imitation::client::Answer;
use mcr::imitation::{Imitation, Models, Reply, Scripted, server::Law};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Rig, Sandbox, Server, ask, config, soon};

const OTHER: &str = "mistral-small-2603";

fn asking(model: &str) -> Value {
    let mut request = ask("Hi");
    request["model"] = json!(model);
    request
}

fn route(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{:?}", answer.error);
    answer.header("x-mcr-route").expect("a reason")
}

fn asked_models(upstream: &Scripted) -> Vec<Value> {
    upstream.captured().iter().map(|captured| captured.body["model"].clone()).collect()
}

#[tokio::test]
async fn background_work_goes_to_its_own_provider_where_both_models_have_one_id() {
    let cloud = Imitation::scripted([Reply::say("cloud")]).await.unwrap();
    let local = Imitation::scripted([Reply::say("local")]).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&cloud.url());
    let mut spare = provider("local", &local.url(), MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().expect("a list").push(spare);
    config["Router"]["background"] = json!(format!("local,{MODEL}"));
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let client = server.client();
    for (id, words) in [("mcr/background", "local"), ("mcr/default", "cloud")] {
        let answer = soon(client.messages(&asking(id))).await.unwrap();
        assert_eq!(answer.message.text(), words, "{id}");
    }
}

#[tokio::test]
async fn a_changed_route_moves_a_client_that_keeps_its_id() {
    let rig = Rig::configured([Reply::say("one"), Reply::say("two"), Reply::say("three")], |config| {
        config["Providers"][0]["models"] = json!([MODEL, OTHER]);
    })
    .await;
    assert_eq!(route(&rig.messages(&asking("mcr/default")).await), "default");
    let mut edited = config(&rig.upstream.url());
    edited["Providers"][0]["models"] = json!([MODEL, OTHER]);
    edited["Router"] = json!({"default": format!("mistral,{OTHER}"), "think": format!("mistral,{MODEL}")});
    rig.sandbox.configure(&edited);
    rig.server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(route(&rig.messages(&asking("mcr/default")).await), "default");
    let mut thinking = asking("mcr/default");
    thinking["max_tokens"] = json!(32_000);
    thinking["thinking"] = json!({"type": "enabled", "budget_tokens": 31_999});
    assert_eq!(route(&rig.messages(&thinking).await), "thinking asked for");
    assert_eq!(asked_models(&rig.upstream), [MODEL, OTHER, MODEL]);
}

const QUOTED: &str = "What does <CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL> mean?";

#[tokio::test]
async fn a_prompt_that_quotes_a_tag_is_sent_as_it_is_and_the_log_says_so_without_its_words() {
    let rig = Rig::new([Reply::say("A route.")]).await;
    let answer = rig.messages(&ask(QUOTED)).await;
    assert_eq!((route(&answer), answer.message.text().as_str()), ("default", "A route."));
    assert_eq!(rig.upstream.captured()[0].body["messages"][0]["content"], QUOTED);
    let lines = rig.server.wait_for_log("subagent tag", 1).await;
    assert!(lines[0].contains(" warn ") && !lines[0].contains("provider,model"), "{}", lines[0]);
}

#[tokio::test]
async fn a_subagent_whose_definition_names_an_unknown_model_is_told() {
    let rig = Rig::new([]).await;
    let mut request = ask("Hi");
    request["system"] = json!([{"type": "text", "text": QUOTED}]);
    let answer = rig.messages(&request).await;
    let words = answer.error.map(|error| error.message).unwrap_or_default();
    assert_eq!(answer.status, 400);
    assert!(words.starts_with("mcr: model `provider,model` is not in the configuration"), "{words}");
}

/// Three upstreams under one route, which each say their name.
async fn three(strategy: &str, replies: [usize; 3]) -> (Sandbox, Vec<Scripted>, Server) {
    let mut upstreams = Vec::new();
    for (name, count) in ["one", "two", "three"].into_iter().zip(replies) {
        let says: Vec<Reply> = (0..count).map(|_| Reply::say(name)).collect();
        upstreams.push(Imitation::scripted(says).await.unwrap());
    }
    let mut config = config(&upstreams[0].url());
    let providers = ["one", "two", "three"].iter().zip(&upstreams);
    let providers = providers.map(|(name, upstream)| {
        let mut provider = provider(name, &upstream.url(), MODEL);
        provider["dialect"] = json!("mistral");
        provider
    });
    config["Providers"] = providers.collect::<Vec<Value>>().into();
    let targets: Vec<String> = ["one", "two", "three"].iter().map(|name| format!("{name},{MODEL}")).collect();
    config["Router"]["default"] = json!({"strategy": strategy, "targets": targets});
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    (sandbox, upstreams, server)
}

#[tokio::test]
async fn requests_without_a_session_take_turns() {
    let (_sandbox, upstreams, server) = three("weighted_round_robin", [2; 3]).await;
    for _ in 0..6 {
        let answer = soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(answer.header("x-mcr-route"), Some("default by weighted_round_robin"));
    }
    let counts: Vec<usize> = upstreams.iter().map(|upstream| upstream.captured().len()).collect();
    assert_eq!(counts, [2, 2, 2]);
}

#[tokio::test]
async fn a_session_stays_with_its_target() {
    let (_sandbox, upstreams, server) = three("weighted_round_robin", [0; 3]).await;
    drop(upstreams);
    // Nobody listens any more: the target is told by who is asked first.
    let client = server.client().header("x-claude-code-session-id", "session-1").unwrap();
    let mut routes = Vec::new();
    for _ in 0..3 {
        let answer = soon(client.messages(&ask("Hi"))).await.expect("a lawful answer");
        routes.push(answer.header("x-mcr-fallback-from").map(str::to_owned));
    }
    assert_eq!((routes[0].is_some(), &routes[0]), (true, &routes[1]));
    assert_eq!(routes[1], routes[2]);
}

#[tokio::test]
async fn the_others_of_a_route_stand_in_for_the_first() {
    let (_sandbox, mut upstreams, server) = three("fallback", [1, 1, 0]).await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!((answer.message.text().as_str(), answer.header("x-mcr-route")), ("one", Some("default")));
    drop(upstreams.remove(0));
    let answer = soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), "two");
    assert_eq!(upstreams[1].captured().len(), 0);
}

#[tokio::test]
async fn mcr_model_does_not_put_one_target_in_the_place_of_several() {
    let (sandbox, _upstreams, _server) = three("cost", [0; 3]).await;
    let before = std::fs::read_to_string(sandbox.folder().join("config.json")).unwrap();
    let picture = sandbox.mcr(["model", "default", &format!("one,{MODEL}"), "--config", "config.json"]);
    insta::assert_snapshot!(picture, @r"
    exit code: 64
    ----- stderr -----
    error: route `default` has several targets, which this command does not change
    hint: edit `Router.default`: config.json
    ");
    assert_eq!(std::fs::read_to_string(sandbox.folder().join("config.json")).unwrap(), before);
    let shown = sandbox.mcr(["model", "--config", "config.json"]);
    assert!(shown.contains(&format!("default      one,{MODEL} | two,{MODEL} | three,{MODEL}")), "{shown}");
}

#[tokio::test]
async fn a_session_stays_with_the_target_that_was_sooner_when_it_began() {
    let mut upstreams = Vec::new();
    for _ in 0..3 {
        let law = Law::Mistral(Models::hosted());
        upstreams.push(Imitation::start_under(law, |_, _| Reply::say("Hello")).await.unwrap());
    }
    let mut config = config(&upstreams[0].url());
    let named: Vec<String> = (0..3).map(|number| format!("p{number}")).collect();
    let providers = named.iter().zip(&upstreams).map(|(name, upstream)| {
        let mut provider = provider(name, &upstream.url(), MODEL);
        provider["dialect"] = json!("mistral");
        provider
    });
    config["Providers"] = providers.collect::<Vec<Value>>().into();
    let targets: Vec<String> = named.iter().map(|name| format!("{name},{MODEL}")).collect();
    config["Router"]["default"] = json!({"strategy": "latency", "targets": targets});
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let client = server.client().header("x-claude-code-session-id", "session-1").unwrap();
    for _ in 0..4 {
        let answer = soon(client.messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(answer.header("x-mcr-route"), Some("default by latency"));
    }
    let mut counts: Vec<usize> = upstreams.iter().map(|upstream| upstream.captured().len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 4]);
    let status = sandbox.mcr(["status"]);
    assert!(status.contains(": closed, 0 of 4 in flight, first token after "), "{status}");
}
