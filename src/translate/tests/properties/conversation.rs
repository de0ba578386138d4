//! Conversations as Claude Code could send them, with marks by which their texts are found again.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A request that the Messages API would take.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    system: Vec<String>,
    first: String,
    turns: Vec<Turn>,
    tools: Vec<(String, Value)>,
    settings: Value,
}

#[derive(Debug, Clone)]
enum Turn {
    User(Vec<Said>),
    Assistant(Vec<Answered>),
    /// A reminder in the middle, as a string or as a block.
    System(String, bool),
    /// A string in place of blocks.
    Plain(&'static str, String),
    /// Results of the calls that have none yet: in which order, which of them, and what follows.
    Results {
        reversed: bool,
        without: Option<usize>,
        contents: Vec<(Vec<Said>, Option<bool>)>,
        rest: Vec<Said>,
    },
}

#[derive(Debug, Clone)]
enum Said {
    Text(String),
    Image(&'static str),
    Pdf(&'static str),
    Notes(String),
    Orphan(String),
    Loaded,
    Hologram,
}

#[derive(Debug, Clone)]
enum Answered {
    Text(String),
    Thinking(String, &'static str),
    Redacted,
    Call(String, String, String),
}

/// Texts that must arrive, each once.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// What a person, a tool or the model said.
    pub(super) said: Vec<String>,
    /// What the model thought and signed here.
    pub(super) thought: Vec<String>,
    /// What it thought elsewhere.
    pub(super) foreign: Vec<String>,
    pub(super) images: usize,
}

impl Marks {
    /// Marks a text; an empty one stays empty.
    fn put(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        self.said.push(format!("<<{}>>", self.said.len()));
        format!("{text}{}", self.said[self.said.len() - 1])
    }
}

/// Words with everything that JSON and templates trip over, or none.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z ]{1,12}",
        1 => Just(String::new()),
        1 => Just("\"\\\n\u{0}\u{2028}é🦀 {'a':1} [TOOL_CALLS]".to_owned()),
        1 => Just("<system-reminder>x</system-reminder> error".to_owned()),
        1 => Just(" \n ".to_owned()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["Read", "Bash", "Edit"]).prop_map(str::to_owned),
        1 => Just(format!("mcp__server__{}", "x".repeat(80))),
        1 => Just("mcp.é/x".to_owned()),
    ]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![3 => "toolu_[a-z0-9]{8}", 1 => "[a-zA-Z0-9]{9}", 1 => "call_[0-2]", 1 => Just(String::new())]
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        4 => words().prop_map(Said::Text),
        1 => prop::sample::select(vec!["base64", "url", "file"]).prop_map(Said::Image),
        1 => prop::sample::select(vec!["base64", "url"]).prop_map(Said::Pdf),
        1 => words().prop_map(Said::Notes),
        1 => words().prop_map(Said::Orphan),
        1 => prop_oneof![Just(Said::Loaded), Just(Said::Hologram)],
    ]
}

/// What a result can hold: no result of its own.
fn given() -> impl Strategy<Value = Said> {
    said().prop_filter("a result in a result", |said| !matches!(said, Said::Orphan(_)))
}

fn answered() -> impl Strategy<Value = Answered> {
    let signature = prop::sample::select(vec!["mcr-1", "", "EqRkLmFvZg=="]);
    prop_oneof![
        2 => words().prop_map(Answered::Text),
        2 => (words(), signature).prop_map(|(text, signature)| Answered::Thinking(text, signature)),
        1 => Just(Answered::Redacted),
        4 => (id(), name(), words()).prop_map(|(id, name, words)| Answered::Call(id, name, words)),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    let results = (
        any::<bool>(),
        option::of(0..3_usize),
        vec((vec(given(), 0..3), option::of(any::<bool>())), 0..4),
        vec(said(), 0..2),
    );
    prop_oneof![
        2 => vec(said(), 0..4).prop_map(Turn::User),
        5 => vec(answered(), 0..5).prop_map(Turn::Assistant),
        1 => (words(), any::<bool>()).prop_map(|(text, blocks)| Turn::System(text, blocks)),
        1 => (prop::sample::select(vec!["user", "assistant"]), words()).prop_map(|(role, text)| Turn::Plain(role, text)),
        5 => results.prop_map(|(reversed, without, contents, rest)| Turn::Results { reversed, without, contents, rest }),
    ]
}

fn settings() -> impl Strategy<Value = Value> {
    let choice = prop::sample::select(vec![
        Value::Null,
        json!({"type": "auto", "disable_parallel_tool_use": true}),
        json!({"type": "any"}),
        json!({"type": "none"}),
        json!({"type": "tool", "name": "Read"}),
    ]);
    let thinking = prop::sample::select(vec![
        Value::Null,
        json!({"type": "adaptive", "display": "omitted"}),
        json!({"type": "enabled", "budget_tokens": 5000}),
        json!({"type": "disabled"}),
    ]);
    let effort = prop::sample::select(vec![Value::Null, json!("low"), json!("medium"), json!("high"), json!("max")]);
    let sampled = prop::sample::select(vec![Value::Null, json!(0), json!(0.3), json!(1)]);
    let limit = prop::sample::select(vec![1_u64, 32_000, 128_000, 3_000_000]);
    (choice, thinking, effort, sampled.clone(), sampled, limit, any::<bool>()).prop_map(
        |(tool_choice, thinking, effort, temperature, top_p, max_tokens, stream)| {
            json!({"tool_choice": tool_choice, "thinking": thinking, "output_config": {"effort": effort}, "temperature": temperature,
                "top_p": top_p, "max_tokens": max_tokens, "stream": stream, "top_k": 5, "context_management": {}})
        },
    )
}

pub(super) fn conversation() -> impl Strategy<Value = Conversation> {
    let schema = prop::sample::select(vec![
        json!({"type": "object", "properties": {}}),
        json!({"$schema": "s", "type": "object", "properties": {"a": {"$id": "i", "exclusiveMinimum": true, "minimum": 1}}}),
        Value::Null,
    ]);
    let tools = vec((name(), schema), 0..5);
    (vec(words(), 0..3), words(), vec(turn(), 0..9), tools, settings())
        .prop_map(|(system, first, turns, tools, settings)| Conversation { system, first, turns, tools, settings })
}

impl Conversation {
    /// Renders the request; `billing` is what changes from request to request.
    pub(super) fn render(&self, billing: &str) -> (Value, Marks) {
        let mut marks = Marks::default();
        let mut system = vec![json!({"type": "text", "text": format!("x-anthropic-billing-header: {billing};")})];
        let mark = json!({"type": "ephemeral"});
        let texts = self.system.iter();
        system.extend(texts.map(|text| json!({"type": "text", "text": marks.put(text), "cache_control": mark})));
        let mut messages = vec![json!({"role": "user", "content": marks.put(&self.first)})];
        let mut open = Vec::new();
        for turn in &self.turns {
            messages.push(turn.render(&mut open, &mut marks));
        }
        let tools =
            self.tools.iter().map(|(name, schema)| json!({"name": name, "description": "d", "input_schema": schema}));
        let mut body = self.settings.clone();
        body["model"] = "claude".into();
        body["system"] = system.into();
        body["tools"] = tools.collect();
        body["messages"] = messages.into();
        (body, marks)
    }
}

impl Turn {
    fn render(&self, open: &mut Vec<String>, marks: &mut Marks) -> Value {
        match self {
            Self::User(said) => json!({"role": "user", "content": render(said, marks)}),
            Self::Assistant(answered) => {
                let content: Vec<Value> = answered.iter().map(|answered| answered.render(open, marks)).collect();
                json!({"role": "assistant", "content": content})
            }
            Self::System(text, false) => json!({"role": "system", "content": marks.put(text), "output_config": {}}),
            Self::System(text, true) => {
                json!({"role": "system", "content": [{"type": "text", "text": marks.put(text)}]})
            }
            Self::Plain(role, text) => json!({"role": role, "content": marks.put(text)}),
            Self::Results { reversed, without, contents, rest } => {
                let mut ids = std::mem::take(open);
                if *reversed {
                    ids.reverse();
                }
                if let Some(place) = without.filter(|&place| place < ids.len()) {
                    ids.remove(place);
                }
                let empty = (Vec::new(), None);
                let mut content: Vec<Value> = Vec::new();
                for (place, id) in ids.iter().enumerate() {
                    let (said, failed) = contents.get(place).unwrap_or(&empty);
                    let mut result = json!({"type": "tool_result", "tool_use_id": id, "content": render(said, marks)});
                    if let Some(failed) = failed {
                        result["is_error"] = (*failed).into();
                    }
                    content.push(result);
                }
                content.extend(render(rest, marks));
                json!({"role": "user", "content": content})
            }
        }
    }
}

fn render(said: &[Said], marks: &mut Marks) -> Vec<Value> {
    said.iter().map(|said| said.render(marks)).collect()
}

impl Said {
    fn render(&self, marks: &mut Marks) -> Value {
        let source = |kind: &str, media: &str| match kind {
            "base64" => json!({"type": "base64", "media_type": media, "data": "AAAA"}),
            "url" => json!({"type": "url", "url": "https://x.example/a"}),
            _ => json!({"type": "file", "file_id": "f"}),
        };
        match self {
            Self::Text(text) => json!({"type": "text", "text": marks.put(text)}),
            Self::Image(kind) => {
                marks.images += 1;
                json!({"type": "image", "source": source(kind, "image/png")})
            }
            Self::Pdf(kind) => {
                let source = source(kind, "application/pdf");
                json!({"type": "document", "title": marks.put("a.pdf"), "context": marks.put("of May"), "source": source})
            }
            Self::Notes(text) => {
                json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": marks.put(text)}})
            }
            Self::Orphan(text) => json!({"type": "tool_result", "tool_use_id": "gone", "content": marks.put(text)}),
            Self::Loaded => json!({"type": "tool_reference", "tool_name": marks.put("Web")}),
            Self::Hologram => json!({"type": "hologram", "text": marks.put("words")}),
        }
    }
}

impl Answered {
    fn render(&self, open: &mut Vec<String>, marks: &mut Marks) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": marks.put(text)}),
            Self::Thinking(text, signature) => {
                let list = if *signature == "EqRkLmFvZg==" { &mut marks.foreign } else { &mut marks.thought };
                let mut thinking = text.clone();
                if !text.is_empty() {
                    let mark = format!("({} {})", if signature.len() > 5 { "foreign" } else { "thought" }, list.len());
                    thinking += &mark;
                    list.push(mark);
                }
                json!({"type": "thinking", "thinking": thinking, "signature": signature})
            }
            Self::Redacted => json!({"type": "redacted_thinking", "data": "x"}),
            Self::Call(id, name, words) => {
                open.push(id.clone());
                json!({"type": "tool_use", "id": id, "name": name, "input": {"a": marks.put(words)}})
            }
        }
    }
}
