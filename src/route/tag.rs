//! Routes and targets that a request names itself: in its model, or in a subagent's tag.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use crate::config::{Config, Scenario, Target};
use crate::wire::Text;
use crate::wire::anthropic::MessagesRequest;

const OPEN: &str = "<CCR-SUBAGENT-MODEL>";
const CLOSE: &str = "</CCR-SUBAGENT-MODEL>";
/// What the ids in `GET /v1/models` begin with.
pub const LISTED: &str = "anthropic/";
/// What the ids of routes begin with.
pub(super) const ROUTE: &str = "mcr/";
/// The id by which the agent knows the default route, whatever model serves it.
pub const DEFAULT_ID: &str = "mcr/default";
/// The id by which the agent knows the background route.
pub const BACKGROUND_ID: &str = "mcr/background";
/// Turns in which a tag may stand: the agent's prompt is the first one, behind at most a reminder.
const EARLY_TURNS: usize = 3;

/// Returns the route whose id this is; the ids win over a provider that is called `mcr`.
pub fn named_route(name: &str) -> Option<Scenario> {
    let route = without_window(name).strip_prefix(ROUTE)?;
    Scenario::ALL.into_iter().find(|scenario| scenario.as_str() == route)
}

/// What the subagent tags of a request come to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tags {
    /// What the first that counts names.
    pub named: Option<String>,
    /// How many name nothing and stay what they are, words of a turn.
    pub left: usize,
}

/// Takes the subagent tags out of the system prompt and the early turns.
///
/// Every one in the system prompt counts, whatever it names: a subagent's definition
/// stands there and nothing that it reads. A turn holds what people write, files and
/// commits that they mention included, and may well speak of tags: there a tag counts
/// when `is_known` says so of its name.
pub fn take_tags(request: &mut MessagesRequest<'_>, is_known: impl Fn(&str) -> bool) -> Tags {
    let mut tags = Tags::default();
    request.system.texts_mut().for_each(|text| tags.take(text, |_| true));
    let early = request.messages.iter_mut().filter(|message| &*message.role != "assistant").take(EARLY_TURNS);
    early.flat_map(|message| message.content.texts_mut()).for_each(|text| tags.take(text, &is_known));
    tags
}

impl Tags {
    fn take(&mut self, text: &mut Text<'_>, counts: impl Fn(&str) -> bool) {
        let mut from = 0;
        while let Some((tag, name)) = find(text, from) {
            if counts(&name) {
                from = tag.start;
                text.0 = Cow::Owned([&text[..tag.start], &text[tag.end..]].concat());
                self.named.get_or_insert(name);
            } else {
                from = tag.end;
                self.left += 1;
            }
        }
    }
}

/// Finds the next tag and the name in it, which is one line.
fn find(text: &str, mut from: usize) -> Option<(Range<usize>, String)> {
    loop {
        let opened = from + memmem::find(&text.as_bytes()[from..], OPEN.as_bytes())?;
        let closed = opened + memmem::find(&text.as_bytes()[opened..], CLOSE.as_bytes())?;
        // Of several beginnings the last is the tag's; the others are words.
        let start = opened + memmem::rfind(&text.as_bytes()[opened..closed], OPEN.as_bytes())?;
        let name = text[start + OPEN.len()..closed].trim();
        from = closed + CLOSE.len();
        if !name.contains('\n') {
            return Some((start..from, name.to_owned()));
        }
    }
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
    config.targets.iter().find(|target| target.model == name).cloned().or_else(|| config.alone(name))
}

/// Whether a text can only be meant as a provider and its model: `any,model`, or `provider/model` of a known provider.
pub fn names_provider(config: &Config, name: &str) -> bool {
    let known = |name: &str| config.providers.iter().any(|provider| provider.name.eq_ignore_ascii_case(name));
    let name = bare(name);
    name.contains(',') || name.split_once('/').is_some_and(|(provider, _)| known(provider.trim()))
}

fn without_window(name: &str) -> &str {
    // Claude Code adds this to ask for a window of a million tokens.
    name.trim().trim_end_matches("[1m]")
}

pub(super) fn bare(name: &str) -> &str {
    let name = without_window(name);
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
        assert_eq!(take_tags(&mut body, |_| true), Tags { named: Some("a,b".to_owned()), left: 0 });
        assert_eq!(body.system.texts().last(), Some("Do it"));
        assert_eq!(body.messages[0].content.texts().next(), Some("go"));
    }

    #[test]
    fn a_tag_without_end_is_text() {
        let mut body = request(r#"{"system":"a <CCR-SUBAGENT-MODEL>b"}"#);
        assert_eq!(take_tags(&mut body, |_| true), Tags::default());
        assert_eq!(body.system.texts().next(), Some("a <CCR-SUBAGENT-MODEL>b"));
    }

    #[test]
    fn a_beginning_without_a_name_hides_no_tag_behind_it() {
        let mut body = request(r#"{"system":"<CCR-SUBAGENT-MODEL> and <CCR-SUBAGENT-MODEL>a,b</CCR-SUBAGENT-MODEL>"}"#);
        assert_eq!(take_tags(&mut body, |_| true).named.as_deref(), Some("a,b"));
        assert_eq!(body.system.texts().next(), Some("<CCR-SUBAGENT-MODEL> and "));
    }

    #[test]
    fn in_a_turn_only_a_known_name_counts_and_the_rest_stays_text() {
        let mut body = request(
            r#"{"system":"<CCR-SUBAGENT-MODEL>gone</CCR-SUBAGENT-MODEL>","messages":[{"role":"user","content":
                "<CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL> or <CCR-SUBAGENT-MODEL>a,b</CCR-SUBAGENT-MODEL>!"}]}"#,
        );
        assert_eq!(take_tags(&mut body, |name| name == "a,b"), Tags { named: Some("gone".to_owned()), left: 1 });
        let left = "<CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL> or !";
        assert_eq!(body.messages[0].content.texts().next(), Some(left));
    }
}
