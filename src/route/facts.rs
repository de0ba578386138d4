//! What routing looks at.

use super::TokenCount;
use crate::wire::anthropic::{Block, Content, MessagesRequest};
use crate::wire::openai;

/// What a request is, as far as its route depends on it.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts {
    /// The model the client asks for.
    pub model: String,
    /// The target that a subagent tag names.
    pub tag: Option<String>,
    /// The prompt's tokens.
    pub tokens: TokenCount,
    /// Whether thinking is really asked for.
    pub thinks: bool,
    /// Whether tools are offered that the client runs.
    pub calls: bool,
    /// Whether a web search tool is offered.
    pub searches: bool,
    /// Whether the last turn holds an image.
    pub shows_image: bool,
}

impl Facts {
    /// Collects the facts; `tag` was taken out before.
    pub fn new(request: &MessagesRequest<'_>, tag: Option<String>, tokens: TokenCount) -> Self {
        Self {
            model: request.model.to_string(),
            tag,
            tokens,
            thinks: asks_to_think(request),
            calls: request.tools.iter().any(|tool| tool.kind.as_deref().is_none_or(|kind| kind == "custom")),
            searches: request
                .tools
                .iter()
                .any(|tool| tool.kind.as_deref().is_some_and(|kind| kind.starts_with("web_search"))),
            shows_image: last_turn_shows_image(request),
        }
    }
}

impl Facts {
    /// Collects the facts of a request that OpenAI's clients sent, the count aside; `model` is what [`super::resolve`]
    /// made of the one it names.
    ///
    /// Those clients say nothing of thinking unless a person wants it.
    pub fn of_chat(chat: &openai::Chat<'_>, model: String) -> Self {
        let is_search =
            |tool: &openai::Tool<'_>| tool.kind.as_deref().is_some_and(|kind| kind.starts_with("web_search"));
        let turns = chat.messages.iter().rev().take_while(|message| &*message.role != "assistant");
        let mut contents = turns.map(|message| &message.content);
        Self {
            model,
            tag: None,
            tokens: TokenCount::Estimate(0),
            thinks: matches!(chat.reasoning_effort.as_deref(), Some("high" | "xhigh" | "max")),
            calls: chat.tools.iter().any(|tool| !is_search(tool)),
            searches: chat.tools.iter().any(is_search),
            shows_image: contents.any(|content| {
                matches!(content, openai::Content::Parts(parts) if parts.iter().any(|part| part.image_url.is_some()))
            }),
        }
    }
}

/// Whether thinking is really asked for.
///
/// Claude Code puts `thinking` into nearly every request: `disabled` in its small
/// ones and `adaptive` with effort `high` in every turn of a model it does not know.
/// Neither is a wish of the person. So the `think` route is taken when
///
/// - `thinking` is `enabled` with a budget above 10,000 tokens ("think hard" and more), or
/// - `thinking` is not `disabled` and the effort is `xhigh` or `max` (`/effort`, `--effort`).
pub fn asks_to_think(request: &MessagesRequest<'_>) -> bool {
    let Some(thinking) = &request.thinking else { return false };
    let effort = request.output_config.as_ref().and_then(|config| config.effort.as_deref());
    match &*thinking.kind {
        "disabled" => false,
        "enabled" if thinking.budget_tokens.is_some_and(|budget| budget > 10_000) => true,
        _ => matches!(effort, Some("xhigh" | "max")),
    }
}

/// Whether anything after the model's last answer is an image, results of tools included.
fn last_turn_shows_image(request: &MessagesRequest<'_>) -> bool {
    let turns = request.messages.iter().rev().take_while(|message| &*message.role != "assistant");
    turns.flat_map(|message| message.content.blocks()).any(holds_image)
}

fn holds_image(block: &Block<'_>) -> bool {
    match &block.content {
        Content::Blocks(inner) if &*block.kind == "tool_result" => inner.iter().any(holds_image),
        _ => &*block.kind == "image",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::testing::request;

    #[test]
    fn think_is_taken_only_when_thinking_is_really_asked_for() {
        for (body, expect) in [
            (r#"{"thinking":{"type":"disabled"}}"#, false),
            (r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}"#, false),
            (r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"max"}}"#, true),
            (r#"{"thinking":{"type":"disabled"},"output_config":{"effort":"max"}}"#, false),
            (r#"{"thinking":{"type":"enabled","budget_tokens":31999}}"#, true),
            (r#"{"thinking":{"type":"enabled","budget_tokens":4000}}"#, false),
            (r#"{"output_config":{"effort":"max"}}"#, false),
        ] {
            assert_eq!(asks_to_think(&request(body)), expect, "{body}");
        }
    }

    #[test]
    fn an_image_in_a_result_of_the_last_turn_counts_and_an_old_one_does_not() {
        let last = r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"image"}]}]},{"role":"system","content":"r"}]}"#;
        assert!(last_turn_shows_image(&request(last)));
        let old = r#"{"messages":[{"role":"user","content":[{"type":"image"}]},{"role":"assistant","content":"ok"},{"role":"user","content":"go on"}]}"#;
        assert!(!last_turn_shows_image(&request(old)));
    }
}
