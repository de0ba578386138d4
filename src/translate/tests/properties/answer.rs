//! Answers in every form in which servers send them, and what each of them says.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Too long for chat completions, so the model knows it under another name.
pub(super) const LONG: &str = "mcp__a_server_with_a_long_name__and_a_tool_whose_name_is_longer_than_any_upstream_takes";

/// One step of an answer; later steps may come after its end.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Text(String),
    /// Text and thinking in one list; true is thinking.
    Parts(Vec<(bool, String)>),
    /// Thinking under the names of other servers.
    Thought(&'static str, String),
    Calls(Form, Vec<Called>),
    Usage(u32, u32, Option<u32>),
    /// A chunk that says nothing.
    Nothing(&'static str),
}

/// How a server puts calls into chunks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// All in one chunk, arguments as an object or as a string.
    Whole { as_object: bool, with_index: bool },
    /// One after the other, in fragments that may repeat the id, the name, or give a new id each.
    Fragments(Repeat),
    /// In fragments that take turns.
    Interleaved,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Repeat {
    Nothing,
    Id,
    IdAndName,
    NewIds,
}

#[derive(Debug, Clone)]
pub(super) struct Called {
    id: Option<&'static str>,
    long: bool,
    input: Value,
    fragment: usize,
}

/// What the chunks so far say.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Expected {
    pub(super) text: String,
    pub(super) thinking: String,
    pub(super) calls: Vec<(String, Value)>,
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z ]{0,8}", 1 => Just("é🦀\"\\\n data: {} \u{2028}".to_owned())]
}

fn called() -> impl Strategy<Value = Called> {
    let value = prop_oneof![
        words().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        vec(option::of("[a-z}{\\]\\[\"]{0,4}"), 0..3).prop_map(|list| json!(list)),
        Just(json!({"}": "{", "deep": [{"n": null}]})),
    ];
    // Without an id the form must tell calls apart; `call_0` stands in the conversation already.
    let id = prop::sample::select(vec![None, Some("null"), Some(""), Some("call_0"), Some("fresh"), Some("toolu_1")]);
    (id, any::<bool>(), btree_map("[a-c]{1,2}", value, 0..3), 1..9_usize)
        .prop_map(|(id, long, input, fragment)| Called { id, long, input: json!(input), fragment })
}

fn form() -> impl Strategy<Value = Form> {
    let repeat = prop::sample::select(vec![Repeat::Nothing, Repeat::Id, Repeat::IdAndName, Repeat::NewIds]);
    prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(as_object, with_index)| Form::Whole { as_object, with_index }),
        repeat.prop_map(Form::Fragments),
        Just(Form::Interleaved),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let nothing = prop::sample::select(vec![
        r#"{"choices":[]}"#,
        r#"{"choices":null}"#,
        r#"{"choices":[{"delta":null}],"p":"abc","usage":null}"#,
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":null},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{"content":[{"type":"reference","reference_ids":[1]}]}}]}"#,
        " ",
    ]);
    prop_oneof![
        4 => words().prop_map(Step::Text),
        2 => vec((any::<bool>(), words()), 0..4).prop_map(Step::Parts),
        1 => (prop::sample::select(vec!["reasoning", "reasoning_content"]), words()).prop_map(|(key, text)| Step::Thought(key, text)),
        3 => (form(), vec(called(), 0..4)).prop_map(|(form, calls)| Step::Calls(form, calls)),
        1 => (any::<u32>(), any::<u32>(), option::of(any::<u32>())).prop_map(|(prompt, answer, cached)| Step::Usage(prompt, answer, cached)),
        1 => nothing.prop_map(Step::Nothing),
    ]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 0..8)
}

/// Thinking and text in one list, and calls: what a whole reply can say.
pub(super) fn parts() -> impl Strategy<Value = (Vec<(bool, String)>, Vec<Called>)> {
    (vec((any::<bool>(), words()), 0..5), vec(called(), 0..4))
}

pub(super) fn any_form() -> impl Strategy<Value = Form> {
    form()
}

/// Chunks that no server should send.
pub(super) fn nonsense() -> impl Strategy<Value = String> {
    let call = (option::of(-1..3_i64), option::of("[ab]{0,1}"), option::of("(Read|ExitTool)?"), option::of("[{}\\[\\]\" a:1,]{0,6}")).prop_map(
        |(index, id, name, arguments)| {
            json!({"choices": [{"delta": {"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]}}]}).to_string()
        },
    );
    let fixed = prop::sample::select(vec![
        r#"{"object":"error","message":"no","code":"1"}"#,
        r#"{"error":{"message":"no"}}"#,
        r#"{"error":null,"choices":[]}"#,
        r#"{"choices":[{"delta":{"content":3}}]}"#,
        r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[null]}]}}]}"#,
        r#"{"choices":[{"finish_reason":"error"}]}"#,
        r#"{"choices":[{"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"finish_reason":"length"},{"delta":{"content":"another choice"}}]}"#,
        "[DONE]",
        "<html>",
        "null",
        "[]",
        "{\"choices\":",
        "",
    ]);
    prop_oneof![3 => call, 3 => fixed.prop_map(str::to_owned), 1 => "\\PC{0,12}"]
}

impl Step {
    /// Renders the step and notes what it says; `long` is the name that stands for [`LONG`].
    pub(super) fn chunks(&self, long: &str, index: &mut usize, expected: &mut Expected) -> Vec<String> {
        let delta = |delta: Value| vec![json!({"id": "x", "choices": [{"index": 0, "delta": delta}]}).to_string()];
        match self {
            Self::Text(text) => {
                expected.text += text;
                delta(json!({"role": "assistant", "content": text}))
            }
            Self::Parts(parts) => {
                for (thinks, text) in parts {
                    *if *thinks { &mut expected.thinking } else { &mut expected.text } += text;
                }
                delta(json!({"content": content(parts)}))
            }
            Self::Thought(key, text) => {
                expected.thinking += text;
                delta(json!({*key: text}))
            }
            Self::Calls(form, calls) => {
                let first = *index;
                *index += calls.len();
                expected.calls.extend(calls.iter().map(Called::expected));
                form.render(calls, first, long)
            }
            Self::Usage(prompt, answer, cached) => {
                let details = cached.map(|cached| json!({"cached_tokens": cached}));
                let usage =
                    json!({"prompt_tokens": prompt, "completion_tokens": answer, "prompt_tokens_details": details});
                vec![json!({"choices": [], "usage": usage}).to_string()]
            }
            Self::Nothing(chunk) => vec![(*chunk).to_owned()],
        }
    }
}

/// A content list; true is thinking.
pub(super) fn content(parts: &[(bool, String)]) -> Value {
    let part = |(thinks, text): &(bool, String)| match thinks {
        true => json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]}),
        false => json!({"type": "text", "text": text}),
    };
    parts.iter().map(part).collect()
}

impl Form {
    pub(super) fn render(self, calls: &[Called], first: usize, long: &str) -> Vec<String> {
        let chunk = |calls: Vec<Value>| json!({"choices": [{"delta": {"tool_calls": calls}}]}).to_string();
        let places = || calls.iter().enumerate().map(|(place, call)| (first + place, call));
        match self {
            Self::Whole { as_object, with_index } => {
                let rendered = places().map(|(place, call)| call.whole(place, long, as_object, with_index));
                vec![chunk(rendered.collect())]
            }
            Self::Fragments(repeat) => places()
                .flat_map(|(place, call)| {
                    let fragments = call.fragments(place, long, repeat);
                    std::iter::once(call.head(place, long)).chain(fragments).map(|fragment| chunk(vec![fragment]))
                })
                .collect(),
            Self::Interleaved => {
                let mut chunks = vec![chunk(places().map(|(place, call)| call.head(place, long)).collect())];
                let mut waiting: Vec<_> =
                    places().map(|(place, call)| call.fragments(place, long, Repeat::Nothing).into_iter()).collect();
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
    fn expected(&self) -> (String, Value) {
        (if self.long { LONG } else { "Read" }.to_owned(), self.input.clone())
    }

    fn name<'a>(&self, long: &'a str) -> &'a str {
        if self.long { long } else { "Read" }
    }

    fn id(&self, place: usize) -> Value {
        match self.id {
            Some("fresh") => format!("fresh{place:04}").into(),
            id => json!(id),
        }
    }

    /// Whether the first fragment names the call; otherwise the first id that comes would.
    fn has_id(&self) -> bool {
        !matches!(self.id, None | Some("" | "null"))
    }

    /// The call in one piece.
    pub(super) fn whole(&self, place: usize, long: &str, as_object: bool, with_index: bool) -> Value {
        let arguments = if as_object { self.input.clone() } else { self.input.to_string().into() };
        let mut call = json!({"id": self.id(place), "function": {"name": self.name(long), "arguments": arguments}});
        if with_index {
            call["index"] = place.into();
        }
        call
    }

    fn head(&self, place: usize, long: &str) -> Value {
        json!({"index": place, "id": self.id(place), "type": "function", "function": {"name": self.name(long), "arguments": ""}})
    }

    fn fragments(&self, place: usize, long: &str, repeat: Repeat) -> Vec<Value> {
        let text: Vec<char> = self.input.to_string().chars().collect();
        let fragment = |(number, piece): (usize, &[char])| {
            let piece: String = piece.iter().collect();
            let mut call = json!({"index": place, "function": {"arguments": piece}});
            match repeat {
                Repeat::Id => call["id"] = self.id(place),
                Repeat::IdAndName => {
                    call["id"] = self.id(place);
                    call["function"]["name"] = self.name(long).into();
                }
                Repeat::NewIds if self.has_id() => call["id"] = format!("new_{number}").into(),
                Repeat::Nothing | Repeat::NewIds => {}
            }
            call
        };
        text.chunks(self.fragment).enumerate().map(fragment).collect()
    }
}
