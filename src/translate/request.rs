//! A Messages request in, a chat completions request out.

use std::borrow::Cow;

use super::ids::ReplyIds;
use super::names::ToolNames;
use super::{Dropped, conversation, digest, sampling, schema, tools, transform};
use crate::config::{Dialect, Target};
use crate::wire::anthropic::{MessagesRequest, OutputFormat};
use crate::wire::chat;
use crate::wire::error::ApiError;

/// First words of the block that Claude Code puts in front for billing.
///
/// It differs from request to request, so nothing behind it would ever be read from
/// a prompt cache.
const BILLING: &str = "x-anthropic-billing-header";

/// A request ready to be counted, fitted and sent.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// What is sent, transformers aside.
    pub request: chat::Request<'a>,
    /// What the translation of the answer needs to know.
    pub reply: ReplyContext,
    /// What was left out, by kind.
    pub dropped: Dropped,
    /// Whether thinking is asked for, whatever is known of the model; some transformers pass it on.
    thinks: bool,
}

/// What the translation of an answer needs to know of its request.
#[derive(Debug, Default)]
pub struct ReplyContext {
    /// Undoes shortened tool names.
    pub names: ToolNames,
    /// Keeps ids of calls unique in the conversation.
    pub ids: ReplyIds,
    /// Whether broken arguments are mended (`enhancetool`).
    pub mend_arguments: bool,
    /// Whether a call of `ExitTool` is the answer's text (`tooluse`).
    pub exit_tool: bool,
}

/// Translates a request for one target.
///
/// Fails only where something the person gave cannot be sent at all.
pub fn request<'a>(
    request: &'a MessagesRequest<'_>,
    target: &'a Target,
    session: Option<&str>,
) -> Result<Outgoing<'a>, ApiError> {
    let mut dropped = Dropped::default();
    let mut names = ToolNames::default();
    request.ignored.iter().for_each(|key| dropped.count_key(key));
    if request.thinking.as_ref().is_some_and(|thinking| thinking.display.is_some()) {
        dropped.count("thinking display");
    }

    let tools = tools::offered(request, target, &mut names, &mut dropped);
    let (tool_choice, parallel_tool_calls) = tools::choice(request, &tools, &mut names, &mut dropped);
    let mut messages = conversation::messages(request, target, &mut names, &mut dropped)?;
    if let Some(system) = system(request, &mut dropped) {
        messages.insert(0, chat::Message::System { content: system });
    }
    let (temperature, top_p) = sampling::temperature_and_top_p(request);
    if request.top_p.is_some() && request.top_p != top_p {
        dropped.count("top_p");
    }
    let dialect = target.provider.dialect;
    let quirks = dialect.quirks();
    let limit = request.max_tokens.or(quirks.max_tokens);
    let format = request.output_config.as_ref().and_then(|config| config.format.as_ref());
    let response_format = format.filter(|_| !quirks.no_response_format).and_then(response_format);
    if format.is_some() && response_format.is_none() {
        dropped.count("output_config.format");
    }
    let known_ids = request.messages.iter().flat_map(|message| message.content.blocks());
    let known_ids = known_ids.filter(|block| &*block.kind == "tool_use").filter_map(|block| block.id.as_deref());

    Ok(Outgoing {
        reply: ReplyContext {
            ids: ReplyIds::after(known_ids.map(str::to_owned)),
            names,
            mend_arguments: transform::mends_arguments(target),
            exit_tool: transform::has_exit_tool(target),
        },
        request: chat::Request {
            model: &target.model,
            messages,
            tools,
            tool_choice,
            parallel_tool_calls,
            max_tokens: limit.filter(|_| !quirks.max_completion_tokens),
            max_completion_tokens: limit.filter(|_| quirks.max_completion_tokens),
            temperature,
            top_p,
            stop: request.stop_sequences.clone(),
            reasoning_effort: sampling::effort(request, target).map(crate::catalog::Effort::as_str),
            response_format,
            prompt_cache_key: session.filter(|_| dialect == Dialect::Mistral).map(cache_key),
            stream: request.stream,
            stream_options: (request.stream && dialect != Dialect::Mistral)
                .then_some(chat::StreamOptions { include_usage: true }),
        },
        dropped,
        thinks: sampling::asks_to_think(request),
    })
}

impl Outgoing<'_> {
    /// Fits `max_tokens` to what the window leaves beside a prompt of `prompt` tokens.
    ///
    /// Claude Code asks for 128,000 after an answer that was too long; Mistral refuses
    /// a sum above the window.
    pub fn fit(&mut self, prompt: u64, window: u64) {
        let room = window.saturating_sub(prompt.max(1)).max(1);
        for limit in [&mut self.request.max_tokens, &mut self.request.max_completion_tokens] {
            *limit = limit.map(|limit| limit.min(room));
        }
    }

    /// The bytes to send, the target's transformers applied.
    pub fn body(&self, target: &Target) -> Vec<u8> {
        if transform::changes_nothing(target) {
            let body = self.request.to_bytes();
            debug_assert!(
                body == serde_json::to_vec(&self.request).unwrap_or_default(),
                "the two ways to write a request differ"
            );
            return body;
        }
        let mut body = serde_json::to_value(&self.request).unwrap_or_default();
        transform::apply(&mut body, target, self.thinks);
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// Joins the system blocks, the billing line left out.
fn system<'a>(request: &'a MessagesRequest<'_>, dropped: &mut Dropped) -> Option<Cow<'a, str>> {
    let cached = request.system.blocks().iter().filter(|block| block.cache_control.is_some()).count();
    (0..cached).for_each(|_| dropped.count("cache_control"));
    let others = request.system.blocks().iter().filter(|block| &*block.kind != "text").count();
    (0..others).for_each(|_| dropped.count("system block"));
    let mut texts: Vec<&str> = Vec::new();
    for text in request.system.texts().filter(|text| !text.is_empty()) {
        if !text.starts_with(BILLING) {
            texts.push(text);
            continue;
        }
        dropped.count("billing header");
        // A prompt in one string has its other lines behind it.
        if let Some((_, rest)) = text.split_once('\n')
            && !rest.trim().is_empty()
        {
            texts.push(rest.trim_start_matches('\n'));
        }
    }
    if request.tools.iter().any(tools::is_web_search) {
        texts.push(tools::NO_WEB_SEARCH);
    }
    match texts[..] {
        [] => None,
        [only] => Some(Cow::Borrowed(only)),
        _ => Some(Cow::Owned(texts.join("\n\n"))),
    }
}

fn response_format<'a>(format: &'a OutputFormat<'_>) -> Option<chat::ResponseFormat<'a>> {
    let schema = format.schema.filter(|_| &*format.kind == "json_schema")?;
    Some(chat::ResponseFormat::JsonSchema {
        json_schema: chat::JsonSchema { name: "answer", schema: schema::reduce(Some(schema)), strict: true },
    })
}

/// Names a session's prompt cache without giving the session's id away.
fn cache_key(session: &str) -> String {
    format!("mcr-{}{}", digest::name(session, 1, 10), digest::name(session, 2, 10))
}

/// Returns the id of the session that a request belongs to.
///
/// Since 2.1 `metadata.user_id` is a JSON object in a string, before it ended in
/// `_session_<uuid>`.
pub fn session_id<'a>(request: &'a MessagesRequest<'_>) -> Option<Cow<'a, str>> {
    #[derive(serde::Deserialize)]
    struct User<'a> {
        #[serde(borrow)]
        session_id: crate::wire::Text<'a>,
    }
    let user = request.metadata.as_ref()?.user_id.as_deref()?;
    let id = match serde_json::from_str::<User<'a>>(user) {
        Ok(user) => user.session_id.0,
        Err(_) => Cow::Borrowed(user.split_once("_session_")?.1),
    };
    Some(id).filter(|id| !id.is_empty())
}
