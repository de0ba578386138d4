//! The conversation, in an order that every chat template takes.
//!
//! Anthropic's roles need not alternate, `system` messages stand in the middle, and
//! results share a turn with text. Mistral takes one system message first and, after
//! `tool`, only `assistant` or `tool`. So everything between two assistant turns is
//! one group: first one result for each call, in the order of the calls, then the
//! rest. After results the rest goes
//!
//! - into the last result, when it is only reminders of the client (that is where
//!   Claude Code itself puts them for models that take no system messages), or
//! - behind a short assistant message, when the person says something. Put into a
//!   tool's result it would look like output of the tool, which a model must not obey.

use std::borrow::Cow;

use super::ids::CallIds;
use super::names::ToolNames;
use super::pieces::{self, Piece, Place};
use super::{Dropped, signature};
use crate::config::{Dialect, Target};
use crate::wire::anthropic::{Block, Content, Message, MessagesRequest};
use crate::wire::error::ApiError;
use crate::wire::{RawText, chat};

/// Stands between results and a person's words.
pub(crate) const BRIDGE: &str = "I have the tool results.";
/// Stands for a result that never came.
const NO_RESULT: &str = "[no result: the tool call was interrupted]";
/// Stands for a result without content.
const EMPTY_RESULT: &str = "[no output]";
/// First words of a result that failed; chat completions have no flag for it.
const FAILED: &str = "[the tool reported an error]";
/// Stands for a turn that says nothing, where one must stand.
const EMPTY_TURN: &str = "[an empty message]";
/// A conversation must begin with a person.
pub(crate) const BEGINNING: &str = "[the conversation goes on]";

/// A call of the last assistant turn.
struct Pending<'a> {
    /// The client's id.
    id: &'a str,
    sent: String,
    name: Cow<'a, str>,
    result: Option<Vec<Piece<'a>>>,
}

struct Builder<'a, 't> {
    target: &'t Target,
    names: &'t mut ToolNames,
    dropped: &'t mut Dropped,
    ids: CallIds,
    pending: Vec<Pending<'a>>,
    out: Vec<chat::Message<'a>>,
}

/// Returns the messages to send, the system prompt aside.
pub(super) fn messages<'a>(
    request: &'a MessagesRequest<'_>,
    target: &Target,
    names: &mut ToolNames,
    dropped: &mut Dropped,
) -> Result<Vec<chat::Message<'a>>, ApiError> {
    let mut builder = Builder {
        target,
        names,
        dropped,
        ids: CallIds::default(),
        pending: Vec::new(),
        out: Vec::with_capacity(request.messages.len() + 4),
    };
    let same_side =
        |one: &Message<'_>, other: &Message<'_>| (&*one.role == "assistant") == (&*other.role == "assistant");
    for group in request.messages.chunk_by(same_side) {
        if &*group[0].role == "assistant" {
            builder.assistant(group);
        } else {
            builder.others(group)?;
        }
    }
    builder.close_calls();
    if builder.out.is_empty() {
        builder.out.push(user(chat::Content::Text(EMPTY_TURN.into())));
    }
    if target.provider.dialect == Dialect::Mistral
        && let Some(chat::Message::Assistant { prefix, .. }) = builder.out.last_mut()
    {
        *prefix = true;
    }
    Ok(builder.out)
}

impl<'a> Builder<'a, '_> {
    fn assistant(&mut self, group: &'a [Message<'_>]) {
        let mut thoughts = Vec::new();
        let mut texts: Vec<Piece<'a>> = Vec::new();
        let mut tool_calls = Vec::new();
        for message in group {
            if let Content::Text(text) = &message.content
                && !text.is_empty()
            {
                texts.push(Piece::Text(Cow::Borrowed(text)));
            }
            for block in message.content.blocks() {
                if block.cache_control.is_some() {
                    self.dropped.count("cache_control");
                }
                match &*block.kind {
                    "text" => {
                        if let Some(text) = block.text.as_deref().filter(|text| !text.is_empty()) {
                            texts.push(Piece::Text(Cow::Borrowed(text)));
                        }
                    }
                    "thinking" => thoughts.extend(self.thought(block)),
                    "tool_use" => tool_calls.push(self.call(block)),
                    _ => self.dropped.count("assistant block"),
                }
            }
        }
        let content = match (thoughts.is_empty(), texts.is_empty()) {
            (true, true) => None,
            (true, false) => Some(pieces::join(texts)),
            (false, _) => {
                if let (false, chat::Content::Text(text)) = (texts.is_empty(), pieces::join(texts)) {
                    thoughts.push(chat::Part::Text { text });
                }
                Some(chat::Content::Parts(thoughts))
            }
        };
        if content.is_none() && tool_calls.is_empty() {
            self.dropped.count("empty assistant turn");
            return;
        }
        if self.out.is_empty() {
            self.out.push(user(chat::Content::Text(BEGINNING.into())));
        }
        self.out.push(chat::Message::Assistant { content, tool_calls, prefix: false });
    }

    fn thought(&mut self, block: &'a Block<'_>) -> Option<chat::Part<'a>> {
        let text = block.thinking.as_deref().unwrap_or_default();
        let ours = signature::is_ours(block.signature.as_deref().unwrap_or_default());
        let reasons = self.target.provider.dialect == Dialect::Mistral && !self.target.facts.reasoning.is_empty();
        if text.is_empty() || !ours || !reasons {
            self.dropped.count("thinking");
            return None;
        }
        Some(chat::Part::Thinking { thinking: [chat::ThinkingText { text: text.into() }] })
    }

    fn call(&mut self, block: &'a Block<'_>) -> chat::ToolCall<'a> {
        let id = block.id.as_deref().unwrap_or_default();
        let sent = self.ids.send(id);
        let name = self.names.send(block.name.as_deref().unwrap_or_default());
        self.pending.push(Pending { id, sent: sent.clone(), name: name.clone(), result: None });
        let arguments = match block.input {
            Some(raw) if raw.get().starts_with('{') => RawText::Raw(raw),
            _ => RawText::Owned("{}".to_owned()),
        };
        chat::ToolCall { id: sent, name, arguments }
    }

    fn others(&mut self, group: &'a [Message<'_>]) -> Result<(), ApiError> {
        let mut rest = Vec::new();
        let mut only_reminders = true;
        for message in group {
            if message.output_config.is_some() {
                self.dropped.count("output_config of a message");
            }
            if &*message.role == "system" {
                let marked = message.content.blocks().iter().filter(|block| block.cache_control.is_some()).count();
                (0..marked).for_each(|_| self.dropped.count("cache_control"));
                let others = message.content.blocks().iter().filter(|block| &*block.kind != "text").count();
                (0..others).for_each(|_| self.dropped.count("system block"));
                rest.extend(message.content.texts().filter(|text| !text.is_empty()).map(reminder));
                continue;
            }
            let before = rest.len();
            if let Content::Text(_) = &message.content {
                pieces::content(&message.content, Place::Turn, self.target, self.dropped, &mut rest)?;
            }
            for block in message.content.blocks() {
                if &*block.kind == "tool_result" {
                    self.result(block, &mut rest)?;
                } else {
                    pieces::one(block, Place::Turn, self.target, self.dropped, &mut rest)?;
                }
            }
            only_reminders &= rest.len() == before;
        }
        only_reminders &= !self.move_images_out(&mut rest);
        self.close_calls();
        self.say(rest, only_reminders);
        Ok(())
    }

    /// Files a result with its call; one that answers no call becomes text of the turn.
    fn result(&mut self, block: &'a Block<'_>, rest: &mut Vec<Piece<'a>>) -> Result<(), ApiError> {
        if block.cache_control.is_some() {
            self.dropped.count("cache_control");
        }
        let mut result = Vec::new();
        pieces::content(&block.content, Place::Result, self.target, self.dropped, &mut result)?;
        if block.is_error == Some(true) && !says_error(&result) {
            result.insert(0, Piece::Text(FAILED.into()));
        }
        let id = block.tool_use_id.as_deref().unwrap_or_default();
        if let Some(call) = self.pending.iter_mut().find(|call| call.id == id && call.result.is_none()) {
            call.result = Some(result);
        } else {
            self.dropped.count("orphaned result");
            rest.push(Piece::Text("[result of an earlier tool call]".into()));
            rest.append(&mut result);
        }
        Ok(())
    }

    /// Takes images and documents out of the results of models that see them only in a person's turn.
    fn move_images_out(&mut self, rest: &mut Vec<Piece<'a>>) -> bool {
        if self.target.facts.tool_result_images {
            return false;
        }
        let mut moved = Vec::new();
        for call in &mut self.pending {
            let Some(result) = &mut call.result else { continue };
            for piece in result.iter_mut().filter(|piece| !matches!(piece, Piece::Text(_))) {
                let note = Piece::Text(format!("[shown in the next message, {}]", moved.len() / 2 + 1).into());
                moved.push(Piece::Text(format!("[{} of the result of `{}`]", moved.len() / 2 + 1, call.name).into()));
                moved.push(std::mem::replace(piece, note));
            }
        }
        let any = !moved.is_empty();
        rest.splice(0..0, moved);
        any
    }

    /// Writes one tool message for each call that waits, in the order of the calls.
    fn close_calls(&mut self) {
        for call in self.pending.drain(..) {
            let content = match call.result {
                Some(result) if result.is_empty() => chat::Content::Text(EMPTY_RESULT.into()),
                Some(result) => pieces::join(result),
                None => {
                    self.dropped.count("missing result");
                    chat::Content::Text(NO_RESULT.into())
                }
            };
            self.out.push(chat::Message::Tool { tool_call_id: call.sent, name: call.name, content });
        }
    }

    fn say(&mut self, mut rest: Vec<Piece<'a>>, only_reminders: bool) {
        if rest.is_empty() {
            if !matches!(self.out.last(), None | Some(chat::Message::Assistant { .. })) {
                return;
            }
            rest.push(Piece::Text(EMPTY_TURN.into()));
        }
        match self.out.last_mut() {
            Some(chat::Message::Tool { content, .. }) if only_reminders => pieces::append(content, rest),
            Some(chat::Message::Tool { .. }) => {
                self.out.push(chat::Message::Assistant {
                    content: Some(chat::Content::Text(BRIDGE.into())),
                    tool_calls: Vec::new(),
                    prefix: false,
                });
                self.out.push(user(pieces::join(rest)));
            }
            // Nothing of the answer between them could be sent.
            Some(chat::Message::User { content }) => pieces::append(content, rest),
            _ => self.out.push(user(pieces::join(rest))),
        }
    }
}

fn user(content: chat::Content<'_>) -> chat::Message<'_> {
    chat::Message::User { content }
}

/// Marks a system message in the middle of a conversation as what it is.
fn reminder(text: &str) -> Piece<'_> {
    if text.contains("<system-reminder>") {
        return Piece::Text(text.into());
    }
    Piece::Text(format!("<system-reminder>\n{text}\n</system-reminder>").into())
}

fn says_error(result: &[Piece<'_>]) -> bool {
    result.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains("rror")))
}
