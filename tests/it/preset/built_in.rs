//! The presets that mcr carries: each is installed, and a request goes through it.

use std::fs;

use mcr::imitation::server::{Law, Refuses};
use mcr::imitation::{Imitation, Models, Reply, models::Model};
use mcr::preset::built_in::PRESETS;
use serde_json::{Value, json};

use super::session::{Session, agent};
use super::{files, installed};
use crate::common::{Sandbox, ask, soon};

#[test]
fn every_built_in_preset_is_in_the_repository_and_the_other_way_round() {
    let folder = format!("{}/presets", env!("CARGO_MANIFEST_DIR"));
    let mut there: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert!(there.len() >= 11, "only {there:?}");
    assert_eq!(there, PRESETS.iter().map(|preset| preset.name.to_owned()).collect::<Vec<_>>());
}

#[test]
fn every_built_in_preset_is_valid_without_a_warning() {
    let sandbox = Sandbox::new();
    for preset in PRESETS {
        let picture = sandbox.mcr(["preset", "validate", preset.name]);
        assert!(picture.starts_with("exit code: 0\n----- stderr -----\n"), "{}: {picture}", preset.name);
    }
}

/// A preset for a server of one's own: it asks for the address, and a key is optional.
const OWN: [&str; 4] = ["mistral-llama-cpp", "mistral-lm-studio", "mistral-ollama", "mistral-vllm"];

#[tokio::test]
async fn a_request_goes_through_every_built_in_preset_for_a_server_of_ones_own() {
    for name in OWN {
        let models = Models::new([Model::plain("my-model", 131_072)]);
        let upstream = Imitation::scripted_under(Law::Lenient(models), [Reply::say("Hello")]).await.unwrap();
        let mut sandbox = Sandbox::new();
        agent(&mut sandbox);
        let url = format!("url={}", upstream.url());
        let options = ["--set", &url, "--set", "model=my-model", "--set", "window=32768", "--yes"];
        let picture = sandbox.mcr(["preset", "install", name].into_iter().chain(options));
        assert!(picture.starts_with("exit code: 0\n"), "{name}: {picture}");
        assert_eq!(files(&installed(&sandbox, name)), ["README.md", "manifest.json", "values.json"]);
        let session = Session::start(&sandbox, &[name]).await;
        assert_eq!(session.settings["env"]["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "32768", "{name}");
        soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(upstream.captured()[0].body["model"], "my-model", "{name}");
        session.end().await;
    }
}

/// A preset for somebody's service.
struct Hosted {
    name: &'static str,
    /// The host that it speaks to, and that its key is bound to.
    host: &'static str,
    /// Where on that host.
    path: &'static str,
    /// What is answered beside the key.
    answers: &'static [&'static str],
    /// The model that is asked for then.
    model: &'static str,
    /// What the service refuses.
    refuses: Refuses,
}

/// All of them but Mistral's own, which has a test of its own.
const HOSTED: [Hosted; 6] = [
    Hosted {
        name: "infomaniak",
        host: "api.infomaniak.com",
        path: "/2/ai/15941/openai/v1/chat/completions",
        answers: &["product=15941", "model=Mistral-Small-4-119B-2603"],
        model: "Mistral-Small-4-119B-2603",
        refuses: |body| match body {
            body if body.get("max_tokens").is_some() => Some("max_tokens is not taken"),
            body if body["max_completion_tokens"].is_null() => Some("max_completion_tokens is missing"),
            body if body.get("response_format").is_some() => Some("response_format is not taken"),
            body if body.get("prompt_cache_key").is_some() => Some("prompt_cache_key is not taken"),
            body if body["reasoning_effort"] != "none" => Some("it would think"),
            _ => None,
        },
    },
    Hosted {
        name: "ionos",
        host: "openai.inference.de-txl.ionos.com",
        path: "/v1/chat/completions",
        answers: &["model=m"],
        model: "m",
        refuses: |body| body["max_tokens"].is_null().then_some("the answer would end after 16 tokens"),
    },
    Hosted {
        name: "nebius",
        host: "api.tokenfactory.nebius.com",
        path: "/v1/chat/completions",
        answers: &["model=m"],
        model: "m",
        refuses: mistrals_own,
    },
    Hosted {
        name: "ovhcloud",
        host: "oai.endpoints.kepler.ai.cloud.ovh.net",
        path: "/v1/chat/completions",
        answers: &["model=m"],
        model: "m",
        refuses: mistrals_own,
    },
    Hosted {
        name: "scaleway",
        host: "api.scaleway.ai",
        path: "/v1/chat/completions",
        answers: &[],
        model: "mistral-medium-3.5-128b",
        refuses: |body| (body["reasoning_effort"] != "none").then_some("the model takes an effort and is told none"),
    },
    Hosted {
        name: "stackit",
        host: "api.openai-compat.model-serving.eu01.onstackit.cloud",
        path: "/v1/chat/completions",
        answers: &["model=m"],
        model: "m",
        refuses: mistrals_own,
    },
];

/// Fields that are Mistral's and nobody else's, and an effort for a model of which nothing is known.
fn mistrals_own(body: &Value) -> Option<&'static str> {
    let is_there = |field: &str| body.get(field).is_some();
    (is_there("prompt_cache_key") || is_there("safe_prompt") || is_there("reasoning_effort"))
        .then_some("a field that this host's documentation does not have")
}

#[test]
fn every_built_in_preset_is_in_one_of_these_tests() {
    let mut tested: Vec<&str> = HOSTED.iter().map(|hosted| hosted.name).chain(OWN).chain(["mistral-cloud"]).collect();
    tested.sort_unstable();
    assert_eq!(tested, PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>());
}

fn install(sandbox: &Sandbox, source: &str, hosted: &Hosted) -> String {
    let mut arguments = vec!["preset", "install", source, "--yes", "--set", "apiKey=sk-typed"];
    arguments.extend(hosted.answers.iter().flat_map(|answer| ["--set", answer]));
    sandbox.mcr(arguments)
}

#[test]
fn the_key_of_a_hosted_preset_is_bound_to_its_host_alone() {
    for hosted in &HOSTED {
        let sandbox = Sandbox::new();
        let picture = install(&sandbox, hosted.name, hosted);
        assert!(picture.starts_with("exit code: 0\n") && !picture.contains("warning"), "{}: {picture}", hosted.name);
        let read = |path: &str| fs::read_to_string(sandbox.home().join(path)).unwrap();
        let values: Value = serde_json::from_str(&read(&format!("presets/{}/values.json", hosted.name))).unwrap();
        assert_eq!(values["secrets"]["apiKey"]["hosts"], json!([hosted.host]), "{}", hosted.name);
        let store: Value = serde_json::from_str(&read("state/keys.json")).unwrap();
        let keys: Vec<&Value> = store["keys"].as_object().unwrap().values().map(|key| &key["hosts"]).collect();
        assert_eq!(keys, [&json!([hosted.host])], "{}", hosted.name);
    }
}

#[tokio::test]
async fn a_request_goes_through_every_hosted_preset_once_its_host_is_the_imitations() {
    for hosted in &HOSTED {
        let law = Law::Hosted(Models::new([]), hosted.refuses);
        let upstream = Imitation::scripted_under(law, [Reply::say("Hello"), Reply::say("Hello")]).await.unwrap();
        let mut sandbox = Sandbox::new();
        agent(&mut sandbox);
        let preset = PRESETS.iter().find(|preset| preset.name == hosted.name).unwrap();
        let origin = format!("https://{}/", hosted.host);
        assert_eq!(preset.manifest.matches("://").count(), 1, "{}", hosted.name);
        let manifest = preset.manifest.replace(&origin, &format!("{}/", upstream.base_url()));
        sandbox.write(&format!("{}/manifest.json", hosted.name), &manifest);
        let picture = install(&sandbox, &format!("./{}", hosted.name), hosted);
        assert!(picture.starts_with("exit code: 0\n"), "{}: {picture}", hosted.name);
        let session = Session::start(&sandbox, &[hosted.name]).await;
        // A client may leave the length of the answer out; Claude Code asks for its title in JSON.
        let mut short = ask("Hi");
        short.as_object_mut().unwrap().remove("max_tokens");
        let mut title = ask("Hi");
        title["output_config"] = json!({"format": {"type": "json_schema", "schema": {"type": "object"}}});
        let requests = if hosted.name == "infomaniak" { [title, ask("Hi")] } else { [title, short] };
        for request in requests {
            let answer = soon(session.client().messages(&request)).await.expect("a lawful answer");
            assert_eq!(answer.status, 200, "{}: {:?}", hosted.name, answer.error);
        }
        for sent in upstream.captured() {
            assert_eq!((sent.path.as_str(), &sent.body["model"]), (hosted.path, &json!(hosted.model)));
            assert_eq!(sent.headers["authorization"], "Bearer sk-typed", "{}", hosted.name);
        }
        session.end().await;
    }
}

#[tokio::test]
async fn a_request_goes_through_mistral_cloud_once_its_host_is_the_imitations() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.set("KEY", "sk-1");
    let preset = PRESETS.iter().find(|preset| preset.name == "mistral-cloud").unwrap();
    let eu = "https://api.eu.mistral.ai/v1/chat/completions";
    assert!(preset.manifest.contains(eu));
    sandbox.write("mistral-cloud/manifest.json", &preset.manifest.replace(eu, &upstream.url()));
    let picture = sandbox.mcr(["preset", "install", "./mistral-cloud", "--set", "apiKey=env:KEY", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let session = Session::start(&sandbox, &["mistral-cloud"]).await;
    soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(upstream.captured()[0].body["model"], "mistral-medium-3-5");
    session.end().await;
}
