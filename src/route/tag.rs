//! Targets that a request names itself: in its model, or in a subagent's tag.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::{Config, Target};
use crate::wire::Text;
use crate::wire::anthropic::MessagesRequest;

const OPEN: &str = "<CCR-SUBAGENT-MODEL>";
const CLOSE: &str = "</CCR-SUBAGENT-MODEL>";
/// What the ids in `GET /v1/models` begin with.
pub const LISTED: &str = "anthropic/";
/// Turns in which a tag may stand: the agent's prompt is the first one, behind at most a reminder.
const EARLY_TURNS: usize = 3;

/// Takes every subagent tag out of the system prompt and the early turns, and returns what the first one names.
pub fn take_tag(request: &mut MessagesRequest<'_>) -> Option<String> {
    let early = request.messages.iter_mut().filter(|message| &*message.role != "assistant").take(EARLY_TURNS);
    let texts = request.system.texts_mut().chain(early.flat_map(|message| message.content.texts_mut()));
    let mut named = None;
    for text in texts {
        while let Some(tag) = cut(text) {
            named.get_or_insert(tag);
        }
    }
    named
}

fn cut(text: &mut Text<'_>) -> Option<String> {
    let start = memchr::memmem::find(text.as_bytes(), OPEN.as_bytes())?;
    let inside = start + OPEN.len();
    let length = text[inside..].find(CLOSE)?;
    let named = text[inside..inside + length].trim().to_owned();
    let mut rest = text[..start].to_owned();
    rest.push_str(&text[inside + length + CLOSE.len()..]);
    text.0 = Cow::Owned(rest);
    Some(named)
}

/// Finds the target that a text names: `provider,model`, `provider/model`, or a model id of any provider.
pub fn named_target(config: &Config, name: &str) -> Option<Arc<Target>> {
    let name = bare(name);
    for separator in [',', '/'] {
        if let Some((provider, model)) = name.split_once(separator)
            && let Some(target) = config.target(provider.trim(), model.trim())
        {
            return Some(target);
        }
    }
    config.targets.iter().find(|target| target.model == name).cloned()
}

/// Whether a text can only be meant as a provider and its model: `any,model`, or `provider/model` of a known provider.
pub fn names_provider(config: &Config, name: &str) -> bool {
    let known = |name: &str| config.providers.iter().any(|provider| provider.name.eq_ignore_ascii_case(name));
    let name = bare(name);
    name.contains(',') || name.split_once('/').is_some_and(|(provider, _)| known(provider.trim()))
}

fn bare(name: &str) -> &str {
    // Claude Code adds this to ask for a window of a million tokens.
    let name = name.trim().trim_end_matches("[1m]");
    // The prefix under which `GET /v1/models` lists them: Claude Code shows no others.
    name.strip_prefix(LISTED).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::testing::request;

    #[test]
    fn a_tag_is_found_wherever_it_stands_and_removed_everywhere() {
        let mut body = request(
            r#"{"system":[{"type":"text","text":"x-anthropic-billing-header: a"},{"type":"text","text":"You are."},{"type":"text","text":"Do <CCR-SUBAGENT-MODEL>a,b</CCR-SUBAGENT-MODEL>it"}],
                "messages":[{"role":"user","content":"<CCR-SUBAGENT-MODEL>c,d</CCR-SUBAGENT-MODEL>go"}]}"#,
        );
        assert_eq!(take_tag(&mut body).as_deref(), Some("a,b"));
        assert_eq!(body.system.texts().last(), Some("Do it"));
        assert_eq!(body.messages[0].content.texts().next(), Some("go"));
    }

    #[test]
    fn a_tag_without_end_is_text() {
        let mut body = request(r#"{"system":"a <CCR-SUBAGENT-MODEL>b"}"#);
        assert_eq!(take_tag(&mut body), None);
        assert_eq!(body.system.texts().next(), Some("a <CCR-SUBAGENT-MODEL>b"));
    }
}
