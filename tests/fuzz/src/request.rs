//! The translator of requests: a lawful conversation becomes a body that Mistral takes.
//!
//! Input that begins with `S` is a conversation as Claude Code could send it; anything
//! else is a body, of which only is claimed that no panic comes of it.

use std::sync::{Arc, LazyLock};

use arbitrary::{Arbitrary, Unstructured};
use mcr::catalog::{self, Tokenizer};
use mcr::config::{Connection, Dialect, Provider, Rewrite, Sampling, Target, Transformer};
use mcr::imitation::{Models, rules};
use mcr::route::{self, Counter, Facts, TokenCount};
use mcr::translate;
use mcr::wire::anthropic::MessagesRequest;
use serde_json::{Map, Value, json};

static HOSTED: LazyLock<Models> = LazyLock::new(Models::hosted);
static REMEMBERING: LazyLock<Counter> = LazyLock::new(Counter::default);

/// One target for each model that is served, in the dialect of Mistral.
static MISTRAL: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let list = HOSTED.list();
    let cards = list["data"].as_array().expect("a list");
    let chats = cards.iter().filter(|card| card["capabilities"]["completion_chat"] == true);
    let known = chats.filter_map(|card| catalog::model(card["id"].as_str()?));
    let targets: Vec<Target> = known.map(|facts| target(Dialect::Mistral, facts.clone(), Vec::new())).collect();
    assert!(targets.len() >= 5, "only {} models are served", targets.len());
    targets
});

/// Targets of the other dialects, with every transformer somewhere.
static OTHERS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let rewrite = Rewrite {
        remove: vec!["messages.0.content".to_owned(), "tools.*.function.description".to_owned()],
        rename: vec![("messages.*.role".to_owned(), "a.b.0".to_owned()), ("max_tokens".to_owned(), "limit".to_owned())],
        set: vec![("messages.1.x.y".to_owned(), json!(1)), ("a.*.b".to_owned(), json!(2))],
        default: vec![("stop.0".to_owned(), json!("x")), ("stop.x".to_owned(), json!("x"))],
    };
    let transformers = vec![
        vec![Transformer::ToolUse, Transformer::EnhanceTool],
        vec![Transformer::MaxToken(9), Transformer::MaxCompletionTokens],
        vec![Transformer::Sampling(Sampling { max_tokens: Some(3), top_k: Some(4), ..Sampling::default() })],
        vec![Transformer::CustomParams(object(json!({"a": {"b": 1}}))), Transformer::StreamOptions],
        vec![Transformer::Reasoning { enable: true }, Transformer::Cerebras, Transformer::DeepSeek],
        vec![Transformer::Rewrite(rewrite)],
        vec![Transformer::CleanCache, Transformer::Groq],
    ];
    let all = Dialect::ALL.into_iter().zip(transformers);
    all.map(|(dialect, transformers)| target(dialect, catalog::Model::unknown("model"), transformers)).collect()
});

fn target(dialect: Dialect, facts: catalog::Model, transformers: Vec<Transformer>) -> Target {
    let connection = Ok(Connection { endpoint: "http://127.0.0.1:1/v1".parse().expect("a URI"), key: None });
    let provider = Provider::new("upstream".to_owned(), dialect, Vec::new(), connection);
    Target {
        provider: Arc::new(provider),
        model: facts.id.clone(),
        facts,
        transformers,
        pricing: None,
        listed: Vec::new(),
    }
}

/// Claims that Mistral takes what a lawful conversation becomes, and that nothing panics.
pub fn check(data: &[u8]) {
    match data {
        [b'S', program @ ..] => {
            let mut source = Unstructured::new(program);
            let (Ok(which), Ok(conversation)) = (u8::arbitrary(&mut source), Conversation::arbitrary(&mut source))
            else {
                return;
            };
            conversation.check(&MISTRAL[usize::from(which) % MISTRAL.len()]);
        }
        body => survives(body),
    }
}

/// Claims of any bytes that they are refused or translated.
fn survives(body: &[u8]) {
    let Ok(mut request) = serde_json::from_slice::<MessagesRequest<'_>>(body) else { return };
    let tags = route::take_tags(&mut request, |name| name.len() % 2 == 0);
    let _ = Facts::new(&request, tags.named, TokenCount::Estimate(0));
    translate::rewrite_system(&mut request, "head ");
    let session = translate::session_id(&request);
    for target in OTHERS.iter().chain([&MISTRAL[0], &MISTRAL[MISTRAL.len() - 1]]) {
        let Ok(mut outgoing) = translate::request(&request, target, session.as_deref()) else { continue };
        outgoing.fit(counted(&outgoing.request, target), target.facts.window);
        let body = outgoing.body(target);
        rules::check_json(&body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)));
    }
}

/// Counts twice, with and without a memory.
fn counted(request: &mcr::wire::chat::Request<'_>, target: &Target) -> u64 {
    let count = REMEMBERING.count(request, target);
    assert_eq!(count, Counter::default().count(request, target), "a remembered count differs");
    assert_eq!(matches!(count, TokenCount::Exact(_)), target.facts.tokenizer != Tokenizer::Estimate);
    count.number()
}

/// A request that the Messages API would take.
#[derive(Debug, Arbitrary)]
struct Conversation {
    system: Vec<System>,
    first: String,
    turns: Vec<Turn>,
    tools: Vec<Tool>,
    choice: Choice,
    settings: Settings,
}

#[derive(Debug, Arbitrary)]
enum System {
    Text(String),
    Billing,
    Surroundings(String),
}

#[derive(Debug, Arbitrary)]
enum Turn {
    User(Vec<Said>),
    Assistant(Vec<Answered>),
    /// In the middle of the conversation, as Claude Code puts its reminders.
    System(String),
    /// A string in place of blocks.
    Plain {
        assistant: bool,
        text: String,
    },
    /// Results of the calls so far that have none, all or all but one, in order or reversed.
    Results {
        reversed: bool,
        but_one: bool,
        results: Vec<ResultOf>,
        rest: Vec<Said>,
    },
}

#[derive(Debug, Arbitrary)]
enum Said {
    Text(String),
    Image(Source),
    /// `Source::File` cannot be sent; that it is refused is lawful.
    Document {
        source: Source,
        title: Option<String>,
        context: Option<String>,
    },
    /// A result of a call that is long gone.
    Orphan(String),
    Unknown(u8),
}

#[derive(Debug, Arbitrary)]
enum Source {
    Data,
    Url,
    Text(String),
    Content(Vec<String>),
    File,
}

#[derive(Debug, Arbitrary)]
enum Answered {
    Text(String),
    Thinking { text: String, signature: u8 },
    Redacted,
    Call { id: u8, name: Name, input: Vec<(String, Option<bool>)> },
    Server,
}

#[derive(Debug, Arbitrary)]
enum ResultOf {
    Nothing,
    Text(String),
    Failed(String),
    Blocks(Vec<String>),
    Image(Source),
    Document(Source),
    Reference,
}

#[derive(Debug, Arbitrary)]
enum Name {
    Common(u8),
    Long(u8),
    Odd(String),
}

#[derive(Debug, Arbitrary)]
struct Tool {
    name: Name,
    description: Option<String>,
    schema: Option<Schema>,
    deferred: bool,
}

#[derive(Debug, Arbitrary)]
struct Schema(Vec<Keyword>);

#[derive(Debug, Arbitrary)]
enum Keyword {
    Dollar,
    Id,
    Properties(Vec<(String, Schema)>),
    Pattern(Schema),
    Defs(Vec<Schema>),
    Definitions(Vec<Schema>),
    Required(Vec<String>),
    Additional(Result<bool, Box<Schema>>),
    AdditionalItems(Result<bool, Box<Schema>>),
    Items(Box<Schema>),
    Tuple(Vec<Schema>),
    Of(u8, Vec<Schema>),
    Nested(u8, Box<Schema>),
    /// Draft 4 or later.
    Bound {
        upper: bool,
        exclusive: Option<Result<bool, i16>>,
        limit: i16,
    },
    Type(Vec<u8>),
    Enumeration(Vec<Option<u8>>),
    Default(Option<u8>),
    /// Anything in a place where no schema stands.
    Example(Box<Schema>),
}

#[derive(Debug, Arbitrary)]
enum Choice {
    None,
    Auto,
    Any(bool),
    Never,
    Tool(u8),
    /// The search that runs at the provider, which Claude Code asks for by name.
    Search {
        forced: bool,
    },
}

#[derive(Debug, Arbitrary)]
struct Settings {
    max_tokens: Option<u32>,
    stream: bool,
    /// Of these two what lies within the bounds is sent.
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: bool,
    stop: Vec<String>,
    thinking: Option<(u8, Option<u16>)>,
    effort: Option<u8>,
    format: Option<Schema>,
    session: Option<String>,
}

/// serde_json refuses what is deeper than 128.
const DEEP: usize = 100;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Texts that must all arrive.
#[derive(Default)]
struct Marks(Vec<String>);

impl Marks {
    fn put(&mut self, text: &str) -> String {
        let mark = format!("(mark {})", self.0.len());
        self.0.push(mark.clone());
        format!("{text}{mark}")
    }
}

impl Conversation {
    fn check(&self, target: &Target) {
        let mut marks = Marks::default();
        let rendered = self.render(&mut marks);
        if depth(&rendered) > DEEP {
            return;
        }
        let text = rendered.to_string();
        let request: MessagesRequest<'_> = serde_json::from_str(&text).expect("a lawful request is read");
        let session = translate::session_id(&request);
        let mut outgoing = match translate::request(&request, target, session.as_deref()) {
            Ok(outgoing) => outgoing,
            Err(error) => {
                assert!(text.contains("\"file_id\"") || text.contains("\"document\""), "refused: {error}: {text}");
                return;
            }
        };
        let tokens = counted(&outgoing.request, target);
        assert!(tokens > 0, "a request of nothing: {text}");
        outgoing.fit(tokens, target.facts.window);
        let body = outgoing.body(target);
        let sent = String::from_utf8(body.clone()).expect("UTF-8");
        if let Err(refusal) = rules::check_bytes(&body, &HOSTED) {
            panic!("{refusal}\nreceived {text}\nsent {sent}");
        }
        // A text of the fuzzer's may hold a mark too.
        for mark in marks.0.iter().filter(|mark| text.matches(*mark).count() == 1) {
            assert_eq!(sent.matches(mark).count(), 1, "{mark}\nreceived {text}\nsent {sent}");
        }
    }

    fn render(&self, marks: &mut Marks) -> Value {
        let mut messages = vec![json!({"role": "user", "content": marks.put(&self.first)})];
        let mut open: Vec<String> = Vec::new();
        for turn in &self.turns {
            turn.render(&mut messages, &mut open, marks);
        }
        let mut names: Vec<String> = Vec::new();
        let mut tools: Vec<Value> = Vec::new();
        for tool in &self.tools {
            let name = tool.name.render();
            if !names.contains(&name) {
                tools.push(tool.render(&name));
                names.push(name);
            }
        }
        let choice = match self.choice {
            Choice::None => None,
            Choice::Auto => Some(json!({"type": "auto", "disable_parallel_tool_use": true})),
            Choice::Any(single) => Some(json!({"type": "any", "disable_parallel_tool_use": single})),
            Choice::Never => Some(json!({"type": "none"})),
            Choice::Tool(place) => {
                let name = names.get(usize::from(place) % names.len().max(1));
                name.map(|name| json!({"type": "tool", "name": name}))
            }
            Choice::Search { forced } => {
                tools.push(json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 8}));
                forced.then(|| json!({"type": "tool", "name": "web_search"}))
            }
        };
        let system: Vec<Value> = self
            .system
            .iter()
            .map(|block| match block {
                System::Text(text) => json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}),
                System::Billing => json!({"type": "text", "text": "x-anthropic-billing-header: a=b"}),
                System::Surroundings(text) => json!({"type": "text", "text": format!("You are <env>{text}")}),
            })
            .collect();
        let mut body = json!({"model": "claude", "messages": messages, "system": system, "tools": tools});
        if let Some(choice) = choice {
            body["tool_choice"] = choice;
        }
        self.settings.render(&mut body);
        body
    }
}

impl Settings {
    fn render(&self, body: &mut Value) {
        body["max_tokens"] = self.max_tokens.unwrap_or(1).max(1).into();
        body["stream"] = self.stream.into();
        if let Some(temperature) = self.temperature.filter(|temperature| (0.0..=1.0).contains(temperature)) {
            body["temperature"] = temperature.into();
        }
        if let Some(top_p) = self.top_p.filter(|top_p| (0.0..=1.0).contains(top_p)) {
            body["top_p"] = top_p.into();
        }
        if self.top_k {
            body["top_k"] = 5.into();
        }
        body["stop_sequences"] = json!(self.stop);
        if let Some((kind, budget)) = self.thinking {
            let kind = ["enabled", "adaptive", "disabled"][usize::from(kind) % 3];
            body["thinking"] = json!({"type": kind, "budget_tokens": budget});
        }
        let efforts = ["low", "medium", "high", "xhigh", "max", "none"];
        let effort = self.effort.map(|effort| efforts[usize::from(effort) % efforts.len()]);
        let format = self.format.as_ref().map(|schema| json!({"type": "json_schema", "schema": schema.render()}));
        body["output_config"] = json!({"effort": effort, "format": format});
        if let Some(session) = &self.session {
            body["metadata"] = json!({"user_id": json!({"session_id": session}).to_string()});
        }
    }
}

impl Turn {
    fn render(&self, messages: &mut Vec<Value>, open: &mut Vec<String>, marks: &mut Marks) {
        match self {
            Self::User(said) => {
                open.clear();
                let content: Vec<Value> = said.iter().map(|said| said.render(marks)).collect();
                messages.push(json!({"role": "user", "content": content}));
            }
            Self::Plain { assistant: false, text } => {
                open.clear();
                messages.push(json!({"role": "user", "content": marks.put(text)}));
            }
            Self::Plain { assistant: true, text } => {
                messages.push(json!({"role": "assistant", "content": marks.put(text)}));
            }
            Self::System(text) => {
                // Between two assistant messages it would end the turn whose calls are open.
                open.clear();
                messages.push(json!({"role": "system", "content": marks.put(text)}));
            }
            Self::Assistant(answered) => {
                let content: Vec<Value> = answered.iter().map(|answered| answered.render(open, marks)).collect();
                messages.push(json!({"role": "assistant", "content": content}));
            }
            Self::Results { reversed, but_one, results, rest } => {
                let mut ids = std::mem::take(open);
                if *reversed {
                    ids.reverse();
                }
                if *but_one {
                    ids.pop();
                }
                let mut content: Vec<Value> = Vec::new();
                for (place, id) in ids.iter().enumerate() {
                    content.push(results.get(place).unwrap_or(&ResultOf::Nothing).render(id, marks));
                }
                content.extend(rest.iter().map(|said| said.render(marks)));
                messages.push(json!({"role": "user", "content": content}));
            }
        }
    }
}

impl Said {
    fn render(&self, marks: &mut Marks) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": marks.put(text)}),
            Self::Image(source) => json!({"type": "image", "source": source.render(&mut Marks::default())}),
            Self::Document { source, title, context } => {
                json!({"type": "document", "source": source.render(marks), "title": title, "context": context})
            }
            Self::Orphan(text) => {
                json!({"type": "tool_result", "tool_use_id": "long gone", "content": marks.put(text)})
            }
            Self::Unknown(kind) => {
                let kinds = ["search_result", "container_upload", "tool_reference", "thinking", "", "tool_use"];
                json!({"type": kinds[usize::from(*kind) % kinds.len()], "depth": 3})
            }
        }
    }
}

impl Source {
    fn render(&self, marks: &mut Marks) -> Value {
        match self {
            Self::Data => json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}),
            Self::Url => json!({"type": "url", "url": "https://example.com/a"}),
            Self::Text(text) => json!({"type": "text", "media_type": "text/plain", "data": marks.put(text)}),
            Self::Content(texts) => {
                let blocks = texts.iter().map(|text| json!({"type": "text", "text": marks.put(text)}));
                json!({"type": "content", "content": blocks.collect::<Vec<_>>()})
            }
            Self::File => json!({"type": "file", "file_id": "file_1"}),
        }
    }
}

impl Answered {
    fn render(&self, open: &mut Vec<String>, marks: &mut Marks) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": marks.put(text)}),
            Self::Thinking { text, signature } => {
                let signature = ["mcr-1", "", "EqQB"][usize::from(*signature) % 3];
                json!({"type": "thinking", "thinking": text, "signature": signature})
            }
            Self::Redacted => json!({"type": "redacted_thinking", "data": "x"}),
            Self::Call { id, name, input } => {
                // Some fit Mistral, and few ids make some that come twice.
                let id = if id % 2 == 0 { format!("abcdefg{:02}", id % 8) } else { format!("toolu_{}", id % 8) };
                if !open.contains(&id) {
                    open.push(id.clone());
                }
                let input: Map<String, Value> = input.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
                json!({"type": "tool_use", "id": id, "name": name.render(), "input": input})
            }
            Self::Server => json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}),
        }
    }
}

impl ResultOf {
    fn render(&self, id: &str, marks: &mut Marks) -> Value {
        let result = |content: Value| json!({"type": "tool_result", "tool_use_id": id, "content": content});
        match self {
            Self::Nothing => json!({"type": "tool_result", "tool_use_id": id}),
            Self::Text(text) => result(marks.put(text).into()),
            Self::Failed(text) => {
                json!({"type": "tool_result", "tool_use_id": id, "content": marks.put(text), "is_error": true})
            }
            Self::Blocks(texts) => {
                let blocks = texts.iter().map(|text| json!({"type": "text", "text": marks.put(text)}));
                result(blocks.collect())
            }
            Self::Image(source) => result(json!([{"type": "image", "source": source.render(&mut Marks::default())}])),
            Self::Document(source) => result(json!([{"type": "document", "source": source.render(marks)}])),
            Self::Reference => result(json!([{"type": "tool_reference", "tool_name": "Read"}])),
        }
    }
}

impl Name {
    fn render(&self) -> String {
        match self {
            Self::Common(which) => format!("Tool{}", which % 200),
            Self::Long(which) => format!("mcp__{}__{}", "server".repeat(10), which % 4),
            Self::Odd(name) if name.is_empty() => "x y".to_owned(),
            Self::Odd(name) => name.clone(),
        }
    }
}

impl Tool {
    fn render(&self, name: &str) -> Value {
        let mut schema = self.schema.as_ref().map_or_else(|| json!({}), Schema::render);
        schema["type"] = "object".into();
        json!({"name": name, "description": self.description, "input_schema": schema, "defer_loading": self.deferred})
    }
}

impl Schema {
    fn render(&self) -> Value {
        let mut schema = json!({});
        for keyword in &self.0 {
            keyword.render(&mut schema);
        }
        schema
    }
}

impl Keyword {
    fn render(&self, schema: &mut Value) {
        const URL: &str = "https://json-schema.org/draft/2020-12/schema";
        let many = |schemas: &[Schema]| schemas.iter().map(Schema::render).collect::<Value>();
        let named = |schemas: &[Schema]| {
            let named = schemas.iter().enumerate().map(|(place, schema)| (place.to_string(), schema.render()));
            Value::Object(named.collect())
        };
        let either = |either: &Result<bool, Box<Schema>>| match either {
            Ok(flag) => json!(flag),
            Err(schema) => schema.render(),
        };
        match self {
            Self::Dollar => schema["$schema"] = URL.into(),
            Self::Id => schema["$id"] = URL.into(),
            Self::Properties(properties) => {
                let named = properties.iter().map(|(name, schema)| (name.clone(), schema.render()));
                schema["properties"] = Value::Object(named.chain([("$schema".to_owned(), json!({}))]).collect());
            }
            Self::Pattern(inner) => schema["patternProperties"] = json!({"^a": inner.render()}),
            Self::Defs(schemas) => schema["$defs"] = named(schemas),
            Self::Definitions(schemas) => schema["definitions"] = named(schemas),
            Self::Required(names) => schema["required"] = json!(names),
            Self::Additional(inner) => schema["additionalProperties"] = either(inner),
            Self::AdditionalItems(inner) => schema["additionalItems"] = either(inner),
            Self::Items(inner) => schema["items"] = inner.render(),
            Self::Tuple(schemas) => schema["items"] = many(schemas),
            Self::Of(which, schemas) => {
                schema[["allOf", "anyOf", "oneOf"][usize::from(*which) % 3]] = many(schemas);
            }
            Self::Nested(which, inner) => {
                let keywords = ["not", "if", "then", "else", "contains", "propertyNames"];
                schema[keywords[usize::from(*which) % keywords.len()]] = inner.render();
            }
            Self::Bound { upper, exclusive, limit } => {
                let (bound, exclusively) =
                    if *upper { ("maximum", "exclusiveMaximum") } else { ("minimum", "exclusiveMinimum") };
                match exclusive {
                    None => schema[bound] = json!(limit),
                    Some(Ok(flag)) => {
                        schema[bound] = json!(limit);
                        schema[exclusively] = json!(flag);
                    }
                    Some(Err(number)) => schema[exclusively] = json!(number),
                }
            }
            Self::Type(words) => {
                let types = ["array", "boolean", "integer", "null", "number", "object", "string"];
                let words: Vec<&str> = words.iter().map(|word| types[usize::from(*word) % types.len()]).collect();
                match words[..] {
                    [] => {}
                    [only] => schema["type"] = only.into(),
                    _ => schema["type"] = json!(words),
                }
            }
            Self::Enumeration(values) => schema["enum"] = json!(values),
            Self::Default(value) => schema["default"] = json!(value),
            Self::Example(inner) => schema["examples"] = json!([inner.render()]),
        }
    }
}
