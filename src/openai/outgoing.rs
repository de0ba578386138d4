//! A client's request, made one that a target takes.

use super::{Request, conversation, fields, prompt, tools};
use crate::catalog::Effort;
use crate::config::{Dialect, Endpoint, Target};
use crate::translate::{self, Dropped};
use crate::wire::chat;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::openai::Fields;

/// A request ready to be counted, fitted and sent.
#[derive(Debug)]
pub struct Outgoing<'a> {
    fields: Fields<'a>,
    /// The conversation, as it is counted; absent where there is none.
    pub prompt: Option<chat::Request<'a>>,
    /// What was left out, by kind.
    pub dropped: Dropped,
    /// Whether the chunk with the usage is for mcr alone.
    pub strips_usage: bool,
    thinks: bool,
}

/// Makes a request one that a target takes.
///
/// # Errors
/// Fails where the target has nothing of the kind.
pub fn outgoing<'a>(request: &'a Request<'_>, target: &'a Target) -> Result<Outgoing<'a>, ApiError> {
    let provider = &target.provider;
    if request.endpoint == Endpoint::Fim && !provider.dialect.has_fim() {
        let words = format!(
            "mcr: provider `{}` completes no code between a prompt and a suffix (its dialect is {}); providers of the dialect mistral do",
            provider.name,
            provider.dialect.as_str()
        );
        return Err(ApiError::last(400, ErrorKind::InvalidRequestError, words));
    }
    let mut dropped = Dropped::default();
    let mut out = request.fields.clone();
    fields::set_model(&mut out, &target.model);
    fields::adapt(&mut out, request.endpoint, target, &mut dropped);
    let is_mistral = provider.dialect == Dialect::Mistral;
    let mut prompt = None;
    if request.endpoint == Endpoint::Chat {
        if is_mistral {
            tools::adapt(&mut out, &mut dropped);
            tools::response_format(&mut out);
            conversation::adapt(&mut out, target, &mut dropped);
        } else {
            conversation::name_system(&mut out);
        }
        let effort = out.read::<Effort>("reasoning_effort").map(Effort::as_str);
        prompt = Some(prompt::prompt(&request.chat, target, effort));
    }
    let strips_usage = request.stream && !is_mistral && fields::ask_for_usage(&mut out);
    let effort = request.chat.reasoning_effort.as_deref();
    let thinks = effort.is_some_and(|effort| effort != "none");
    Ok(Outgoing { fields: out, prompt, dropped, strips_usage, thinks })
}

impl Outgoing<'_> {
    /// Fits the longest answer to what the window leaves beside a prompt of `prompt` tokens.
    pub fn fit(&mut self, prompt: u64, window: u64) {
        if self.prompt.is_none() {
            return;
        }
        let room = window.saturating_sub(prompt.max(1)).max(1);
        for key in ["max_tokens", "max_completion_tokens"] {
            if self.fields.read::<u64>(key).is_some_and(|limit| limit > room) {
                self.fields.write(key, &room);
            }
        }
    }

    /// The tokens of what is no conversation, from its length.
    pub fn estimate(&self) -> u64 {
        // A token of code or prose has about four bytes.
        let bytes = |key: &str| self.fields.get(key).map_or(0, |value| value.get().len());
        ((bytes("input") + bytes("prompt") + bytes("suffix")) / 4) as u64
    }

    /// The bytes to send, the target's transformers applied to a conversation.
    pub fn body(&self, target: &Target) -> Vec<u8> {
        let body = self.fields.to_bytes();
        match self.prompt {
            Some(_) => translate::transformed(body, target, self.thinks),
            None => body,
        }
    }
}
