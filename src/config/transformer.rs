//! Named changes to a request, as the configuration asks for them.
//!
//! claude-code-router's built-ins keep their names and options; what they do to a
//! body is in `translate::transform`.

use serde_json::{Map, Value};

/// One entry of a `use` list.
#[derive(Debug, Clone, PartialEq)]
pub enum Transformer {
    /// `cleancache`: no `cache_control`; always so here.
    CleanCache,
    /// `stripreasoning`: no `reasoning` object; always so here.
    StripReasoning,
    /// `maxtoken {max_tokens}`: clamps `max_tokens` down.
    MaxToken(u64),
    /// `maxcompletiontokens`: renames `max_tokens` to `max_completion_tokens`.
    MaxCompletionTokens,
    /// `sampling`: clamps `max_tokens`, sets the sampling parameters it names.
    Sampling(Sampling),
    /// `customparams`: adds missing keys, merges objects, never replaces a value.
    CustomParams(Map<String, Value>),
    /// `streamoptions`: `stream_options: {include_usage: true}` on streams.
    StreamOptions,
    /// `tooluse`: a tool must be called; `ExitTool` ends the task and is turned back into text.
    ToolUse,
    /// `enhancetool`: tool arguments are buffered and mended when they do not parse.
    EnhanceTool,
    /// `reasoning {enable}`: `thinking` and `enable_thinking` for servers of that form.
    Reasoning {
        /// Whether thinking is let through.
        enable: bool,
    },
    /// `deepseek`: `max_tokens` at most 8192.
    DeepSeek,
    /// `openrouter`: the options are merged into the body.
    OpenRouter(Map<String, Value>),
    /// `groq`: no `$schema` in tools.
    Groq,
    /// `cerebras`: no `reasoning_effort`; `disable_reasoning: false` where thinking is asked for.
    Cerebras,
    /// `rewrite`: declarative changes to the outgoing body.
    Rewrite(Rewrite),
}

/// Options of `sampling`; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// Upper bound of `max_tokens`.
    pub max_tokens: Option<u64>,
    /// Replaces `temperature`.
    pub temperature: Option<f64>,
    /// Replaces `top_p`.
    pub top_p: Option<f64>,
    /// Replaces `top_k`.
    pub top_k: Option<u64>,
    /// Replaces `repetition_penalty`.
    pub repetition_penalty: Option<f64>,
}

/// Declarative changes to the outgoing body, applied in the order of the fields.
///
/// Paths are dotted (`a.b.0.c`); `*` stands for every element of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rewrite {
    /// Paths to take out.
    pub remove: Vec<String>,
    /// Paths to move: from, to.
    pub rename: Vec<(String, String)>,
    /// Paths to set, replacing what is there.
    pub set: Vec<(String, Value)>,
    /// Paths to set where nothing is.
    pub default: Vec<(String, Value)>,
}
