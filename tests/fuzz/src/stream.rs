//! The translator of answers: whatever the upstream sends, the client gets one lawful stream.
//!
//! Input that begins with `S` is a program of chunks, of which it is known what the
//! answer must say; in everything else the first byte says how the rest, the
//! upstream's bytes, is cut.

use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use mcr::catalog::Model;
use mcr::config::{Connection, Dialect, Provider, Target, Transformer};
use mcr::imitation::grammar::{ApiError as Refused, Grammar, Lines, Message, whole};
use mcr::translate::{self, ReplyContext, StreamTranslator};
use mcr::wire::anthropic::MessagesRequest;
use mcr::wire::error::{ApiError, ErrorKind};
use mcr::wire::sse::Decoder;
use serde_json::{Map, Value, json};

/// Too long for chat completions, so it is sent under another name.
const LONG: &str = "mcp__a_server_with_a_long_name__and_a_tool_whose_name_is_longer_than_any_upstream_takes";

/// Claims that the output is lawful, and for programs that nothing was lost or doubled.
pub fn check(data: &[u8]) {
    match data {
        [b'S', program @ ..] => {
            if let Ok(program) = Program::arbitrary(&mut Unstructured::new(program)) {
                program.check();
            }
        }
        [cut, bytes @ ..] => {
            for manner in [Manner::Plain, Manner::Mending, Manner::ExitTool] {
                raw(bytes, *cut, manner);
            }
        }
        [] => {}
    }
}

/// What the configuration asks of answers.
#[derive(Debug, Clone, Copy, PartialEq, Arbitrary)]
enum Manner {
    Plain,
    Mending,
    ExitTool,
}

/// A translator for an answer to a request with tools, and the name under which [`LONG`] was sent.
fn translator(manner: Manner) -> (StreamTranslator, String) {
    let (context, long) = context(manner);
    (StreamTranslator::new(context, "upstream", "model", "msg_1", 7), long)
}

fn context(manner: Manner) -> (ReplyContext, String) {
    let connection = Ok(Connection { endpoint: "http://127.0.0.1:1/v1".parse().expect("a URI"), key: None });
    let provider = Provider::new("upstream".to_owned(), Dialect::Mistral, Vec::new(), connection);
    let transformers = match manner {
        Manner::Plain => Vec::new(),
        Manner::Mending => vec![Transformer::EnhanceTool],
        Manner::ExitTool => vec![Transformer::ToolUse],
    };
    let facts = Model::unknown("model");
    let target = Target {
        provider: Arc::new(provider),
        model: "model".to_owned(),
        facts,
        transformers,
        pricing: None,
        listed: Vec::new(),
    };
    let body = json!({
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "Read", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_0", "content": "ok"}]},
        ],
        "tools": [{"name": "Read", "input_schema": {}}, {"name": LONG, "input_schema": {}}],
    });
    let body = body.to_string();
    let request: MessagesRequest<'_> = serde_json::from_str(&body).expect("a request");
    let outgoing = translate::request(&request, &target, None).expect("it can be sent");
    let long = outgoing.request.tools[1].function.name.clone().into_owned();
    (outgoing.reply, long)
}

/// Claims three times over: as a stream in one piece, as one that is cut, and as a whole reply.
fn raw(bytes: &[u8], cut: u8, manner: Manner) {
    let once = streamed(&[bytes], manner);
    lawful(&once);
    let pieces = super::pieces(bytes, cut);
    assert_eq!(text(&streamed(&pieces, manner)), text(&once), "cut into {} pieces", pieces.len());

    if let Ok(body) = translate::response(&mut translator(manner).0, "upstream", bytes) {
        let body: Value = serde_json::from_slice(&body).expect("a reply is JSON");
        whole(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    }
    let mut out = Vec::new();
    if translate::whole_as_stream(&mut translator(manner).0, "upstream", bytes, &mut |event| event.encode(&mut out))
        .is_ok()
    {
        assert_eq!(lawful(&out).error, None, "an error that was not told");
    }
}

/// Does what the proxy does with the upstream's bytes.
fn streamed(pieces: &[&[u8]], manner: Manner) -> Vec<u8> {
    let (mut translator, _) = translator(manner);
    let mut decoder = Decoder::default();
    let mut out = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(event) = decoder.next_event().expect("the limit is far away") {
            translator.data(event, &mut |event| event.encode(&mut out));
        }
    }
    translator.finish(&mut |event| event.encode(&mut out));
    silent(&mut translator);
    out
}

/// Claims that nothing follows the end, whatever comes in.
fn silent(translator: &mut StreamTranslator) {
    assert!(translator.is_over());
    let mut after = Vec::new();
    let chunk = json!({"choices": [{"delta": {"content": "late"}, "finish_reason": "stop"}]}).to_string();
    translator.data(chunk.as_bytes(), &mut |event| event.encode(&mut after));
    translator.data(b"[DONE]", &mut |event| event.encode(&mut after));
    translator.finish(&mut |event| event.encode(&mut after));
    translator.fail(&failure(), &mut |event| event.encode(&mut after));
    assert_eq!(text(&after), "");
}

fn failure() -> ApiError {
    ApiError::new(504, ErrorKind::TimeoutError, "upstream: silent")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// What a client has after a stream.
#[derive(Debug, Default)]
struct Told {
    message: Message,
    error: Option<Refused>,
    /// All deltas, those of a block that an error left open included.
    text: String,
    thinking: String,
}

/// Reads a stream as the strictest client would.
fn lawful(out: &[u8]) -> Told {
    let mut lines = Lines::default();
    let mut grammar = Grammar::default();
    let mut told = Told::default();
    let read = (|| {
        // In pieces, because the reader looks for the end of an event from the start each time.
        for piece in out.split_inclusive(|&byte| byte == b'\n') {
            lines.push(piece);
            while let Some(event) = lines.next_event()? {
                grammar.event(&event)?;
                let delta = &event.data["delta"];
                told.text.push_str(delta["text"].as_str().unwrap_or_default());
                told.thinking.push_str(delta["thinking"].as_str().unwrap_or_default());
            }
        }
        lines.end()?;
        grammar.end()
    })();
    (told.message, told.error) = read.unwrap_or_else(|error| panic!("{error}:\n{}", String::from_utf8_lossy(out)));
    told
}

/// Chunks in order.
#[derive(Debug, Arbitrary)]
struct Program {
    manner: Manner,
    steps: Vec<Step>,
    end: End,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Text(String),
    /// Texts and thoughts as Mistral sends them: a list of parts.
    Parts(Vec<(bool, String)>),
    Thought(bool, String),
    /// Parallel calls.
    Calls(Form, Vec<Called>),
    /// A piece of a call that may be no call at all; what becomes of it is not claimed.
    Wild {
        index: Option<i8>,
        id: Option<u8>,
        name: Option<u8>,
        arguments: Option<String>,
        object: bool,
    },
    Usage(u32, u32, Option<u32>),
    Finish(u8),
    /// An error frame, Mistral's or OpenAI's.
    Error(bool),
    Junk(String),
    Done,
    Fail,
}

#[derive(Debug, Arbitrary, Clone, Copy, PartialEq)]
enum End {
    Body,
    Cut,
}

/// How a server sends parallel calls.
#[derive(Debug, Arbitrary, Clone, Copy, PartialEq)]
enum Form {
    /// Each whole, as Mistral does, with the arguments as text or as an object.
    Whole { as_object: bool, with_index: bool },
    /// One after the other in fragments.
    Fragments { again: bool },
    /// Fragments of all of them in turn.
    Interleaved,
}

#[derive(Debug, Arbitrary)]
struct Called {
    long: bool,
    id: Id,
    arguments: Vec<(String, Argument)>,
    fragment: u8,
}

#[derive(Debug, Arbitrary, Clone, Copy)]
enum Id {
    None,
    Null,
    Fresh,
    /// One that the conversation already holds.
    Old,
}

#[derive(Debug, Arbitrary)]
enum Argument {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Option<u8>>),
    Nested(Vec<(String, Option<bool>)>),
}

/// What the answer must say, as far as that is known.
#[derive(Default)]
struct Expected {
    text: String,
    thinking: String,
    calls: Vec<(String, Value)>,
    finished: bool,
    /// Something came after which only an error is truthful.
    broken: bool,
    /// Something came of which nothing is claimed.
    wild: bool,
    over: bool,
}

impl Program {
    fn check(&self) {
        let (mut translator, long) = translator(self.manner);
        let mut expected = Expected::default();
        let mut out = Vec::new();
        let mut index = 0;
        for step in &self.steps {
            for chunk in step.chunks(&long, &mut index, &mut expected) {
                translator.data(chunk.as_bytes(), &mut |event| event.encode(&mut out));
            }
            if matches!(step, Step::Fail) {
                translator.fail(&failure(), &mut |event| event.encode(&mut out));
            }
        }
        match self.end {
            End::Body => translator.finish(&mut |event| event.encode(&mut out)),
            End::Cut => translator.fail(&failure(), &mut |event| event.encode(&mut out)),
        }
        silent(&mut translator);
        let told = lawful(&out);
        assert_eq!(told.error.is_some(), translator.failure().is_some());
        expected.broken |= !expected.over && (self.end == End::Cut || !expected.finished);
        expected.compare(&told, &out);
    }
}

impl Expected {
    fn compare(&self, told: &Told, out: &[u8]) {
        let out = || String::from_utf8_lossy(out);
        let failed = told.error.is_some();
        if self.broken {
            assert!(failed, "a broken answer looks finished:\n{}", out());
        }
        if self.wild {
            return;
        }
        if !self.broken {
            assert_eq!(told.error, None, "{}", out());
        }
        assert_eq!(told.thinking, self.thinking, "{}", out());
        if !failed && self.text.is_empty() && self.calls.is_empty() {
            let is_cut = told.message.stop_reason.as_deref() != Some("end_turn");
            let says_so = told.text.contains("ended its turn without an answer");
            assert!(if is_cut { told.text.is_empty() } else { says_so }, "{}", out());
        } else {
            assert_eq!(told.text, self.text, "{}", out());
        }
        let calls = told.message.calls().map(|call| (call.name.to_owned(), call.input.clone()));
        let calls: Vec<(String, Value)> = calls.collect();
        if failed {
            assert!(self.calls.starts_with(&calls), "{}", out());
        } else {
            assert_eq!(calls, self.calls, "{}", out());
        }
    }
}

impl Step {
    /// Renders the step, and notes what it adds to the answer.
    fn chunks(&self, long: &str, index: &mut usize, expected: &mut Expected) -> Vec<String> {
        let open = !expected.over && !expected.broken;
        let delta = |delta: Value| vec![json!({"id": "x", "choices": [{"index": 0, "delta": delta}]}).to_string()];
        match self {
            Self::Text(text) => {
                if open {
                    expected.text.push_str(text);
                }
                delta(json!({"role": "assistant", "content": text}))
            }
            Self::Parts(parts) => {
                let parts = parts.iter().map(|(thinks, text)| match thinks {
                    true => json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]}),
                    false => json!({"type": "text", "text": text}),
                });
                let rendered = delta(json!({"content": parts.collect::<Vec<_>>()}));
                if let (true, Self::Parts(parts)) = (open, self) {
                    for (thinks, text) in parts {
                        if *thinks { &mut expected.thinking } else { &mut expected.text }.push_str(text);
                    }
                }
                rendered
            }
            Self::Thought(short, text) => {
                if open {
                    expected.thinking.push_str(text);
                }
                delta(if *short { json!({"reasoning": text}) } else { json!({"reasoning_content": text}) })
            }
            Self::Calls(form, calls) => {
                let first = *index;
                *index += calls.len();
                if open {
                    expected.calls.extend(calls.iter().map(|call| (call.name(LONG), call.input())));
                }
                form.render(calls, first, long)
            }
            Self::Wild { index, id, name, arguments, object } => {
                expected.wild = true;
                let mut call = json!({"index": index, "id": id.map(|id| format!("call_{}", id % 4))});
                let names = ["", "Read", "ExitTool", long, "null"];
                call["function"] = json!({"name": name.map(|name| names[usize::from(name) % names.len()])});
                if let Some(arguments) = arguments {
                    let value = serde_json::from_str::<Value>(arguments).ok().filter(|_| *object);
                    call["function"]["arguments"] = value.unwrap_or_else(|| arguments.as_str().into());
                }
                delta(json!({"tool_calls": [call]}))
            }
            Self::Usage(prompt, completion, cached) => {
                let usage = json!({"prompt_tokens": prompt, "completion_tokens": completion,
                    "prompt_tokens_details": cached.map(|cached| json!({"cached_tokens": cached}))});
                vec![json!({"choices": [], "usage": usage}).to_string()]
            }
            Self::Finish(reason) => {
                let reasons = ["stop", "length", "model_length", "tool_calls", "error", "whatever"];
                let reason = reasons[usize::from(*reason) % reasons.len()];
                if open {
                    expected.finished = true;
                    expected.broken |= reason == "error";
                }
                vec![json!({"choices": [{"delta": {}, "finish_reason": reason}]}).to_string()]
            }
            Self::Error(mistral) => {
                expected.broken |= open;
                vec![if *mistral {
                    json!({"object": "error", "message": "no", "code": 1}).to_string()
                } else {
                    json!({"error": {"message": "no"}}).to_string()
                }]
            }
            Self::Junk(words) => {
                expected.wild = true;
                vec![words.clone()]
            }
            Self::Done => {
                if open {
                    expected.broken |= !expected.finished;
                    expected.over = true;
                }
                vec!["[DONE]".to_owned()]
            }
            Self::Fail => {
                expected.broken |= open;
                Vec::new()
            }
        }
    }
}

impl Form {
    fn render(self, calls: &[Called], first: usize, long: &str) -> Vec<String> {
        let chunk = |calls: Vec<Value>| json!({"choices": [{"delta": {"tool_calls": calls}}]}).to_string();
        match self {
            Self::Whole { as_object, with_index } => {
                let rendered = calls.iter().enumerate().map(|(place, call)| {
                    let input = call.input();
                    let arguments = if as_object { input } else { input.to_string().into() };
                    let mut rendered = json!({"id": call.id(first + place), "function": {"name": call.name(long), "arguments": arguments}});
                    if with_index {
                        rendered["index"] = (first + place).into();
                    }
                    rendered
                });
                vec![chunk(rendered.collect())]
            }
            Self::Fragments { again } => calls
                .iter()
                .enumerate()
                .flat_map(|(place, call)| {
                    let mut chunks = vec![chunk(vec![call.head(first + place, long)])];
                    chunks
                        .extend(call.fragments(first + place, again).into_iter().map(|fragment| chunk(vec![fragment])));
                    chunks
                })
                .collect(),
            Self::Interleaved => {
                let heads = calls.iter().enumerate().map(|(place, call)| call.head(first + place, long)).collect();
                let mut waiting: Vec<_> = calls
                    .iter()
                    .enumerate()
                    .map(|(place, call)| call.fragments(first + place, false).into_iter())
                    .collect();
                let mut chunks = vec![chunk(heads)];
                loop {
                    let round: Vec<Value> = waiting.iter_mut().filter_map(Iterator::next).collect();
                    if round.is_empty() {
                        return chunks;
                    }
                    chunks.push(chunk(round));
                }
            }
        }
    }
}

impl Called {
    fn name(&self, long: &str) -> String {
        if self.long { long.to_owned() } else { "Read".to_owned() }
    }

    fn id(&self, place: usize) -> Value {
        match self.id {
            Id::None => Value::Null,
            Id::Null => "null".into(),
            Id::Fresh => format!("fresh{place:04}").into(),
            Id::Old => "call_0".into(),
        }
    }

    fn input(&self) -> Value {
        let value = |argument: &Argument| match argument {
            Argument::Text(text) => json!(text),
            Argument::Number(number) => json!(number),
            Argument::Flag(flag) => json!(flag),
            Argument::List(list) => json!(list),
            Argument::Nested(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
            }
        };
        Value::Object(
            self.arguments.iter().map(|(key, argument)| (key.clone(), value(argument))).collect::<Map<_, _>>(),
        )
    }

    fn head(&self, place: usize, long: &str) -> Value {
        json!({"index": place, "id": self.id(place), "type": "function", "function": {"name": self.name(long), "arguments": ""}})
    }

    /// The arguments in pieces; with `again`, each repeats the call's id, as some servers do.
    fn fragments(&self, place: usize, again: bool) -> Vec<Value> {
        let text: Vec<char> = self.input().to_string().chars().collect();
        let pieces = text.chunks(usize::from(self.fragment % 16) + 1);
        pieces
            .map(|piece| {
                let piece: String = piece.iter().collect();
                let mut rendered = json!({"index": place, "function": {"arguments": piece}});
                if again {
                    rendered["id"] = self.id(place);
                }
                rendered
            })
            .collect()
    }
}
