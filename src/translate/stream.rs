//! Chat-completions chunks in, Messages events out.
//!
//! Knows no socket and no clock; whoever feeds it decides when to give up. Whatever
//! the chunks, the events are one lawful Messages stream: at most one block open,
//! indices 0, 1, 2, …, and at the end exactly one `message_stop` or one `error`.
//!
//! Text and thinking go out as they come. A call goes out whole, in the order of the
//! calls, once its arguments are complete: servers interleave fragments of parallel
//! calls, the client refuses `null` for optional arguments, and half a call must
//! never look like one. (Mistral sends each call whole anyway.)

use crate::wire::chat::{CallDelta, Chunk, Incoming, Usage as Spent};
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::{Event, StopReason, Usage};

use super::error::in_band;
use super::{ReplyContext, calls, repair, signature};

/// The tool that ends a task under the `tooluse` transformer.
pub(super) const EXIT_TOOL: &str = "ExitTool";

/// What is open at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Text,
    Thinking,
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing came.
    Waiting,
    /// `message_start` is out.
    Started,
    /// The last event is out.
    Over,
}

/// Turns the chunks of one answer into events.
#[derive(Debug)]
pub struct StreamTranslator {
    context: ReplyContext,
    provider: String,
    model: String,
    id: String,
    /// The prompt as counted here, until the upstream says.
    prompt: u64,
    stage: Stage,
    failure: Option<ApiError>,
    open: Open,
    /// Index of the block that is open, or of the next one.
    index: usize,
    calls: calls::Calls,
    /// Whether anything but thinking went out.
    answered: bool,
    called: bool,
    /// Usage may come after the finish reason, so the end waits until the body ends.
    finish: Option<StopReason>,
    spent: Option<Spent>,
}

impl StreamTranslator {
    /// Starts an answer.
    ///
    /// `id` becomes the message's id, `prompt` the tokens reported until the upstream
    /// has counted.
    pub fn new(context: ReplyContext, provider: &str, model: &str, id: &str, prompt: u64) -> Self {
        Self {
            context,
            provider: provider.to_owned(),
            model: model.to_owned(),
            id: id.to_owned(),
            prompt,
            stage: Stage::Waiting,
            failure: None,
            open: Open::Nothing,
            index: 0,
            calls: calls::Calls::default(),
            answered: false,
            called: false,
            finish: None,
            spent: None,
        }
    }

    /// Whether the last event is out.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Whether a block of content was begun, or all is said.
    pub fn has_content(&self) -> bool {
        self.open != Open::Nothing || self.index > 0 || self.is_over()
    }

    /// What the answer failed with.
    pub fn failure(&self) -> Option<&ApiError> {
        self.failure.as_ref()
    }

    /// What was spent, as far as it is known, in Anthropic's terms.
    pub fn usage(&self) -> Usage {
        match self.spent {
            Some(spent) => Usage {
                input_tokens: spent.prompt_tokens - spent.cached(),
                cache_creation_input_tokens: 0,
                cache_read_input_tokens: spent.cached(),
                output_tokens: spent.completion_tokens,
            },
            None => Usage { input_tokens: self.prompt, ..Usage::default() },
        }
    }

    /// Takes in the data of one event of the upstream's stream.
    pub fn data(&mut self, data: &[u8], emit: &mut impl FnMut(Event<'_>)) {
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            return self.finish(emit);
        }
        if data.is_empty() || self.is_over() {
            return;
        }
        match serde_json::from_slice::<Chunk<'_>>(data) {
            Ok(chunk) => self.chunk(&chunk, emit),
            Err(_) => self.broken("sent a chunk that is not a chat completions chunk", emit),
        }
    }

    /// Takes in one chunk, or a whole reply.
    pub fn chunk(&mut self, chunk: &Chunk<'_>, emit: &mut impl FnMut(Event<'_>)) {
        if self.is_over() {
            return;
        }
        if let Some(error) = in_band(&self.provider, self.prompt, chunk) {
            return self.fail(&error, emit);
        }
        self.start(emit);
        if let Some(usage) = chunk.usage.filter(|usage| *usage != Spent::default()) {
            self.spent = Some(usage);
        }
        // Nobody asks for more than one choice.
        let Some(choice) = chunk.choices.first() else { return };
        // Servers that change from one name to the other send the same thought under both.
        let thoughts = [&choice.delta.reasoning_content, &choice.delta.reasoning];
        if let Some(thought) = thoughts.into_iter().flatten().find(|thought| !thought.is_empty()) {
            self.thinking(thought, emit);
        }
        self.content(&choice.delta.content, emit);
        for call in &choice.delta.tool_calls {
            if !self.call(call, emit) {
                return;
            }
        }
        match choice.finish_reason.as_deref() {
            None | Some("") => {}
            Some("error") => self.broken("stopped with an error of its own", emit),
            Some("length") => self.finish = Some(StopReason::MaxTokens),
            Some("model_length") => self.finish = Some(StopReason::ModelContextWindowExceeded),
            Some(_) => self.finish = Some(StopReason::EndTurn),
        }
    }

    /// Ends the answer: the upstream's stream is at its end.
    ///
    /// Without a finish reason, or with a call that is not whole, that is an error.
    pub fn finish(&mut self, emit: &mut impl FnMut(Event<'_>)) {
        if self.is_over() {
            return;
        }
        if self.stage == Stage::Waiting {
            return self.broken("closed the stream before anything came", emit);
        }
        let Some(reason) = self.finish else {
            return self.broken("cut the stream before its end", emit);
        };
        while let Some(call) = self.calls.next() {
            if !self.emit_call(&call, emit) {
                return;
            }
        }
        if !self.answered && reason == StopReason::EndTurn {
            // Claude Code silently repeats a turn without text and then gives an empty result.
            let words = format!("[{}: `{}` ended its turn without an answer]", self.provider, self.model);
            self.text(&words, emit);
        }
        self.close(emit);
        let stop_reason = if self.called { StopReason::ToolUse } else { reason };
        emit(Event::Delta { stop_reason, usage: self.usage() });
        emit(Event::Stop);
        self.stage = Stage::Over;
    }

    /// Ends the answer with an error; after it nothing goes out.
    pub fn fail(&mut self, error: &ApiError, emit: &mut impl FnMut(Event<'_>)) {
        if !self.is_over() {
            self.stage = Stage::Over;
            self.failure = Some(error.clone());
            emit(Event::Error(error));
        }
    }

    fn broken(&mut self, what: &str, emit: &mut impl FnMut(Event<'_>)) {
        let message = format!("{}: `{}` {what}", self.provider, self.model);
        self.fail(&ApiError::new(502, ErrorKind::ApiError, message), emit);
    }

    fn start(&mut self, emit: &mut impl FnMut(Event<'_>)) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Started;
            let usage = Usage { input_tokens: self.prompt, ..Usage::default() };
            emit(Event::Start { id: &self.id, model: &self.model, usage });
        }
    }

    fn content(&mut self, content: &Incoming<'_>, emit: &mut impl FnMut(Event<'_>)) {
        match content {
            Incoming::Nothing => {}
            Incoming::Text(text) => self.text(text, emit),
            Incoming::Parts(parts) => {
                for part in parts {
                    match &part.thinking {
                        Incoming::Nothing => {}
                        Incoming::Text(thought) => self.thinking(thought, emit),
                        Incoming::Parts(thoughts) => {
                            for thought in thoughts.iter().filter_map(|thought| thought.text.as_deref()) {
                                self.thinking(thought, emit);
                            }
                        }
                    }
                    if let Some(text) = &part.text {
                        self.text(text, emit);
                    }
                }
            }
        }
    }

    fn text(&mut self, text: &str, emit: &mut impl FnMut(Event<'_>)) {
        if text.is_empty() {
            return;
        }
        if self.open != Open::Text {
            self.close(emit);
            emit(Event::TextStart(self.index));
            self.open = Open::Text;
        }
        self.answered = true;
        emit(Event::Text(self.index, text));
    }

    fn thinking(&mut self, thought: &str, emit: &mut impl FnMut(Event<'_>)) {
        if thought.is_empty() {
            return;
        }
        if self.open != Open::Thinking {
            self.close(emit);
            emit(Event::ThinkingStart(self.index));
            self.open = Open::Thinking;
        }
        emit(Event::Thinking(self.index, thought));
    }

    fn close(&mut self, emit: &mut impl FnMut(Event<'_>)) {
        match self.open {
            Open::Nothing => return,
            Open::Text => {}
            Open::Thinking => emit(Event::Signature(self.index, signature::OURS)),
        }
        emit(Event::BlockStop(self.index));
        self.open = Open::Nothing;
        self.index += 1;
    }

    /// Takes in a call or a fragment; false when that ended the answer.
    fn call(&mut self, delta: &CallDelta<'_>, emit: &mut impl FnMut(Event<'_>)) -> bool {
        if let Err(what) = self.calls.add(delta) {
            self.broken(what, emit);
            return false;
        }
        while let Some(call) = self.calls.next_whole() {
            if !self.emit_call(&call, emit) {
                return false;
            }
        }
        true
    }

    fn emit_call(&mut self, call: &calls::Call, emit: &mut impl FnMut(Event<'_>)) -> bool {
        if call.name.is_empty() {
            self.broken("called a tool without a name", emit);
            return false;
        }
        let name = self.context.names.receive(&call.name).to_owned();
        let Some(arguments) = repair::arguments(&call.arguments, self.context.mend_arguments) else {
            let why = if self.finish == Some(StopReason::MaxTokens) { "max_tokens cut" } else { "sent broken JSON as" };
            self.broken(&format!("{why} the arguments of a call of `{name}`"), emit);
            return false;
        };
        if self.context.exit_tool && name == EXIT_TOOL {
            self.text(&repair::exit_response(&arguments), emit);
            return true;
        }
        self.close(emit);
        let id = self.context.ids.receive(call.id.as_deref(), &self.id, call.position);
        emit(Event::ToolStart { index: self.index, id: &id, name: &name });
        emit(Event::InputJson(self.index, &arguments));
        emit(Event::BlockStop(self.index));
        self.index += 1;
        self.answered = true;
        self.called = true;
        true
    }
}
