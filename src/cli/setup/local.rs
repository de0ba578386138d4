//! A server of one's own: which one runs, and which of its models.

use super::ask::{choose, line};
use crate::cli::config::Place;
use crate::cli::preset::discover::{self, Reported};
use crate::config;
use crate::error::Failure;
use crate::preset::{Answers, Key, Provider, Values};
use crate::ui;

/// Servers that people run, each with the name that says whose rules it follows, and where it listens by itself.
const SERVERS: [(&str, &str, &str); 4] = [
    ("ollama", "Ollama", "http://localhost:11434/v1"),
    ("lm-studio", "LM Studio", "http://localhost:1234/v1"),
    ("llama.cpp", "llama.cpp", "http://localhost:8080/v1"),
    ("vllm", "vLLM", "http://localhost:8000/v1"),
];
/// The name of a server of another make.
const OTHER: &str = "local";
/// What Claude Code's own prompt and tools leave room in.
const WINDOW: u64 = 65_536;
/// Below this there is no room for work.
const LEAST: u64 = 16_384;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Local {
    /// The provider's name, from which its dialect follows.
    pub(super) name: String,
    pub(super) address: String,
    pub(super) model: String,
    /// Tokens of context that the server gives the model.
    pub(super) window: u64,
}

impl Local {
    /// Looks which servers run, and asks for one and for a model of it.
    pub(super) fn ask(place: &Place<'_>) -> Result<Self, Failure> {
        ui::say("looking for servers on this machine");
        let running: Vec<(&str, &str, &str, Vec<Reported>)> = SERVERS
            .iter()
            .filter_map(|(name, words, address)| Some((*name, *words, *address, models(name, address, place).ok()?)))
            .collect();
        let mut labels: Vec<String> = running
            .iter()
            .map(|(_, words, address, models)| format!("{words} at {address} ({})", counted(models.len())))
            .collect();
        if labels.is_empty() {
            ui::say("none answers where it usually listens; start it, with at least 65536 tokens of context:");
            ui::say("  OLLAMA_CONTEXT_LENGTH=65536 ollama serve");
            ui::say("  llama-server -m MODEL.gguf --jinja --ctx-size 65536");
        }
        labels.push("another address".to_owned());
        let at = choose("Which server?", &labels, 0)?;
        let (name, address, models) = match running.into_iter().nth(at) {
            Some((name, _, address, models)) => (name, address.to_owned(), models),
            None => elsewhere(place)?,
        };
        let (model, given) = model(&models)?;
        let window = window(name, &model, given)?;
        Ok(Self { name: name.to_owned(), address, model, window })
    }
}

fn models(name: &str, address: &str, place: &Place<'_>) -> Result<Vec<Reported>, String> {
    let provider = Provider {
        name: name.to_owned(),
        address: address.to_owned(),
        dialect: None,
        key: Key::Written(String::new()),
    };
    discover::models(&provider, &Answers::default(), &Values::default(), place)
}

fn elsewhere(place: &Place<'_>) -> Result<(&'static str, String, Vec<Reported>), Failure> {
    let mut makes: Vec<&str> = SERVERS.iter().map(|(_, words, _)| *words).collect();
    makes.push("another that speaks OpenAI's chat completions");
    let name = SERVERS.get(choose("What is it?", &makes, 0)?).map_or(OTHER, |(name, _, _)| *name);
    loop {
        let address =
            line("At which address?", Some("http://localhost:11434/v1"), |text| config::endpoint(text).map(drop))?;
        match models(name, &address, place) {
            Ok(models) => return Ok((name, address, models)),
            Err(why) => ui::say(format_args!("cannot ask it for its models: {why}")),
        }
        if choose("What now?", &["type another address", "go on and type the model"], 0)? == 1 {
            return Ok((name, address, Vec::new()));
        }
    }
}

/// Asks for a model, and returns the context that its server gives it.
fn model(models: &[Reported]) -> Result<(String, Option<u64>), Failure> {
    let mut labels: Vec<String> = models.iter().map(Reported::label).collect();
    labels.push("another, which I type".to_owned());
    if models.is_empty() {
        return Ok((typed_model()?, None));
    }
    match models.get(choose("Which model?", &labels, 0)?) {
        Some(model) => Ok((model.id.clone(), model.given)),
        None => Ok((typed_model()?, None)),
    }
}

fn typed_model() -> Result<String, Failure> {
    let check = |text: &str| match text {
        "" => Err("it has a name".to_owned()),
        text if text.contains(',') || text.chars().any(char::is_whitespace) => {
            Err("no model's id has commas or spaces".to_owned())
        }
        _ => Ok(()),
    };
    line("Which model?", None, check)
}

/// Takes the context that the server tells, where it is enough; asks otherwise.
fn window(name: &str, model: &str, given: Option<u64>) -> Result<u64, Failure> {
    match given {
        Some(given) if given >= LEAST => return Ok(given),
        Some(given) => {
            ui::say(format_args!(
                "the server gives {model} a context of {given} tokens, which leaves no room for work"
            ));
            if name == "ollama" {
                ui::say("start it with `OLLAMA_CONTEXT_LENGTH=65536 ollama serve`");
            }
        }
        None => {}
    }
    let check = |text: &str| match text.parse::<u64>() {
        Ok(LEAST..=1_048_576) => Ok(()),
        Ok(_) | Err(_) => Err(format!("a number from {LEAST} to 1048576")),
    };
    let text = line("How many tokens of context does the server give it?", Some(&WINDOW.to_string()), check)?;
    Ok(text.parse().unwrap_or(WINDOW))
}

fn counted(models: usize) -> String {
    if models == 1 { "1 model".to_owned() } else { format!("{models} models") }
}
