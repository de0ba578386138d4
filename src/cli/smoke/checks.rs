//! The claims of the guide's ninth section, one function each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};

use super::agent::{Agent, Conversed, Ran};
use super::conversation;
use super::ground::{Ground, text};
use super::report::Check;
use super::{FILE, TEXT, listed};
use crate::imitation::Imitation;
use crate::imitation::client::{Client, ClientError};
use crate::launch::Plan;

const REPORT: &str = "report it with the folder that is named below";

/// The proxy opens to its token and to nobody else.
pub(super) async fn proxy_up(plan: &Plan) -> Check {
    const NAME: &str = "proxy up";
    let next = "look for a firewall or another program that stands before loopback connections";
    match statuses(plan).await {
        Ok((200, 401)) => Check::ok(NAME, format!("{} answers, with its token only", plan.base_url)),
        Ok((with, without)) => {
            let what = format!("GET /health gives {with} with the token and {without} without, not 200 and 401");
            Check::failed(NAME, what, next)
        }
        Err(error) => Check::failed(NAME, format!("{:#}", anyhow::Error::new(error)), next),
    }
}

async fn statuses(plan: &Plan) -> Result<(u16, u16), ClientError> {
    let client = Client::new(&plan.base_url, plan.token.expose())?;
    let with = client.raw(&Method::GET, "/health", "").await?.status;
    let without = client.without_header("authorization").raw(&Method::GET, "/health", "").await?.status;
    Ok((with, without))
}

/// The agent is told to draw mcr's status line, and the command it is told names the default route's model.
pub(super) fn status_line(plan: &Plan, settings: &Value, ground: &Ground) -> Check {
    const NAME: &str = "status line names the model";
    let Some(command) = &plan.status_line else {
        let next = "set `StatusLine.enabled` to true in the configuration, see `mcr config path`";
        return Check::failed(NAME, "there is no status line", next);
    };
    if settings.pointer("/statusLine/command").and_then(Value::as_str) != Some(command) {
        return Check::failed(NAME, "the settings for the agent do not have it", REPORT);
    }
    let status = json!({
        "model": {"id": plan.models.main, "display_name": plan.models.label},
        "workspace": {"current_dir": ground.work},
    });
    match drawn(command, &status, ground) {
        Ok(line) if line.contains(&plan.models.label) => Check::ok(NAME, line),
        Ok(line) => Check::failed(NAME, format!("`{line}` is without `{}`", plan.models.label), REPORT),
        Err(error) => Check::failed(NAME, format!("{command}: {error}"), REPORT),
    }
}

/// Runs a status line's command as Claude Code does: in a shell, with what it knows of the session on stdin.
fn drawn(command: &str, status: &Value, ground: &Ground) -> io::Result<String> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).current_dir(&ground.work).env_clear().env("HOME", &ground.home).env("NO_COLOR", "1");
    shell.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(status.to_string().as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// The agent came to its end; a built-in one stands in for Claude Code where there is no network either.
pub(super) fn agent(agent: &Agent, ran: &Ran, offline: bool) -> Check {
    const NAME: &str = "agent";
    match (&ran.trouble, agent) {
        (Some(trouble), _) => Check::failed(NAME, format!("{}; {}", ran.agent, trouble.what), &trouble.next),
        (None, Agent::BuiltIn(_)) if !offline => {
            Check::failed(NAME, &ran.agent, "run `npm install -g @anthropic-ai/claude-code`, or set `CLAUDE_PATH`")
        }
        (None, Agent::BuiltIn(_) | Agent::ClaudeCode(_)) => Check::ok(NAME, &ran.agent),
    }
}

/// The file is there, and a tool's result went back to the model.
pub(super) fn task(ground: &Ground) -> Check {
    const NAME: &str = "a task makes a file through a tool call";
    let path = ground.work.join(FILE);
    let calls = answered_calls(&text(&ground.bodies));
    let next = || format!("see what was said: {}", ground.bodies.display());
    if !path.is_file() {
        return Check::failed(NAME, format!("there is no {FILE}"), next());
    }
    let content = text(&path);
    if content.trim_end() != TEXT {
        return Check::failed(NAME, format!("{FILE} holds {:?}, not {TEXT:?}", shorten(&content)), next());
    }
    if calls.is_empty() {
        return Check::failed(NAME, format!("{FILE} is there, but no tool was called through the proxy"), next());
    }
    Check::ok(NAME, format!("{FILE} holds {TEXT:?}; called {}", listed(&calls)))
}

/// A person at the agent's terminal had an answer and could leave; none where there was nobody at one.
pub(super) fn conversation(ran: &Ran, ground: &Ground) -> Option<Check> {
    const NAME: &str = "a conversation at a terminal is answered";
    let (word, prompt) = (conversation::WORD, conversation::PROMPT);
    match &ran.conversation {
        Conversed::Not => None,
        Conversed::Badly(trouble) | Conversed::NotBegun(trouble) => {
            Some(Check { lines: trouble.screen.clone(), ..Check::failed(NAME, &trouble.what, &trouble.next) })
        }
        Conversed::Well if !was_asked(prompt, &text(&ground.bodies)) => {
            let what = format!("`{word}` was on the screen, but nobody asked for it through the proxy");
            Some(Check::failed(NAME, what, format!("see what was said: {}", ground.bodies.display())))
        }
        Conversed::Well => {
            let what = format!("asked for one word, Claude Code showed `{word}`, and left when it was told to");
            Some(Check::ok(NAME, what))
        }
    }
}

/// Whether a request in a trace of bodies has these words of the user's.
fn was_asked(words: &str, trace: &str) -> bool {
    requests(trace).any(|body| {
        let messages = body["messages"].as_array().into_iter().flatten();
        messages.filter(|message| message["role"] == "user").any(|message| match &message["content"] {
            Value::String(text) => text.contains(words),
            content => content
                .as_array()
                .into_iter()
                .flatten()
                .any(|block| block["text"].as_str().is_some_and(|text| text.contains(words))),
        })
    })
}

/// The requests in a trace of bodies.
fn requests(trace: &str) -> impl Iterator<Item = Value> {
    let entries = trace.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let requests = entries.filter(|entry| entry["what"] == "request");
    requests.filter_map(|entry| serde_json::from_str(entry["body"].as_str()?).ok())
}

/// The tools that were called and had a result, according to the requests in a trace of bodies.
fn answered_calls(trace: &str) -> BTreeSet<String> {
    let mut calls = BTreeMap::new();
    let mut answered = BTreeSet::new();
    for body in requests(trace) {
        let messages = body["messages"].as_array().into_iter().flatten();
        for block in messages.filter_map(|message| message["content"].as_array()).flatten() {
            if let (Some(id), Some(name)) = (block["id"].as_str(), block["name"].as_str()) {
                calls.insert(id.to_owned(), name.to_owned());
            } else if let Some(id) = block["tool_use_id"].as_str() {
                answered.insert(id.to_owned());
            }
        }
    }
    calls.into_iter().filter(|(id, _)| answered.contains(id)).map(|(_, name)| name).collect()
}

/// A request as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) outcome: String,
    /// Who had it, in the order of the attempts; the last one answered.
    pub(super) hosts: Vec<String>,
}

/// Reads the log's lines of requests.
pub(super) fn logged(log: &str) -> Vec<Logged> {
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}="))?;
        Some(rest.split(' ').next()?.trim_matches('"').to_owned())
    };
    let requests = log.lines().filter(|line| line.contains(" request request="));
    requests
        .filter_map(|line| {
            // An error quotes others, and stands last.
            let line = line.split(" error=").next()?;
            // A request that reached nobody has no host; one that several had names them all.
            let hosts = field(line, "hosts").or_else(|| field(line, "host")).unwrap_or_default();
            let hosts = hosts.split(',').filter(|host| !host.is_empty()).map(str::to_owned).collect();
            Some(Logged { outcome: field(line, "outcome")?, hosts })
        })
        .collect()
}

/// The log names the host that a route leads to beside requests that went well.
pub(super) fn log_shows_host(requests: &[Logged], hosts: &BTreeSet<String>, path: &Path) -> Check {
    const NAME: &str = "the log shows the upstream host";
    let went_well = requests.iter().filter(|request| request.outcome == "ok").collect::<Vec<_>>();
    let shown: BTreeSet<&str> =
        went_well.iter().filter_map(|request| request.hosts.last()).map(String::as_str).collect();
    if shown.is_empty() {
        let what = format!("{} requests, none of which {} answered", requests.len(), listed(hosts));
        return Check::failed(NAME, what, format!("read the log: {}", path.display()));
    }
    if !shown.iter().all(|host| hosts.contains(*host)) {
        let what = format!("{} answered, but the routes lead to {}", listed(&shown), listed(hosts));
        return Check::failed(NAME, what, REPORT);
    }
    let counts = format!("outcome=ok in {} of {} lines", went_well.len(), requests.len());
    Check::ok(NAME, format!("host={}, {counts}", listed(&shown)))
}

/// Everything that mcr sent was to the imitation's liking.
pub(super) fn nothing_refused(imitation: &Imitation) -> Check {
    const NAME: &str = "the imitation refused nothing";
    let refusals = imitation.refusals();
    let count = imitation.captured().len();
    match refusals.first() {
        None => Check::ok(NAME, format!("{count} requests kept Mistral's rules of fields, order and ids")),
        Some(first) => Check::failed(NAME, format!("{} of {count} requests: {first}", refusals.len()), REPORT),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-21T15:04:05.678Z info  configuration reloaded\n\
        2026-11-21T15:04:05.678Z info  request request=req_1 outcome=ok status=200 provider=p host=api.mistral.ai model=m \
        route=\"default route\" stream=true error=\" host=claude.ai\"\n\
        2026-11-21T15:04:05.678Z info  request request=req_2 outcome=refused status=400 \
        error=\"no host=claude.ai\"\n";

    fn hosts(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_log_is_read_line_by_line() {
        let line = |outcome: &str, hosts: &[&str]| Logged {
            outcome: outcome.to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        };
        assert_eq!(logged(LOG), [line("ok", &["api.mistral.ai"]), line("refused", &[])]);
        let both = LOG.replace(" host=api.mistral.ai", " host=b.example hosts=a.example,b.example");
        assert_eq!(logged(&both)[0], line("ok", &["a.example", "b.example"]));
    }

    #[test]
    fn a_host_counts_when_a_request_to_it_went_well() {
        let show = |log: &str, names: &[&str]| log_shows_host(&logged(log), &hosts(names), Path::new("x.log"));
        assert_eq!(show(LOG, &["api.mistral.ai"]).detail, "host=api.mistral.ai, outcome=ok in 1 of 2 lines");
        assert_eq!(show("", &["api.mistral.ai"]).next.as_deref(), Some("read the log: x.log"));
        assert_eq!(show(LOG, &["127.0.0.1"]).detail, "api.mistral.ai answered, but the routes lead to 127.0.0.1");
    }

    fn request(messages: &Value) -> String {
        json!({"what": "request", "body": json!({"messages": messages}).to_string()}).to_string()
    }

    #[test]
    fn the_user_asked_for_what_a_message_of_theirs_says() {
        let asks =
            |role: &str, content: Value| was_asked("a word", &request(&json!([{"role": role, "content": content}])));
        assert!(asks("user", json!("Say a word.")));
        assert!(asks("user", json!([{"type": "text", "text": "<reminder>"}, {"type": "text", "text": "Say a word."}])));
        assert!(!asks("assistant", json!("Say a word.")));
        assert!(!asks("user", json!("Say nothing.")));
    }

    #[test]
    fn a_call_counts_when_its_result_went_back() {
        let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Write"}]});
        let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]});
        assert_eq!(answered_calls(&request(&json!([call]))), hosts(&[]));
        assert_eq!(answered_calls(&request(&json!([call, result]))), hosts(&["Write"]));
    }
}
