//! Tools on offer, and which must be called.

use std::collections::HashSet;

use super::names::ToolNames;
use super::{Dropped, schema};
use crate::config::{Dialect, Target};
use crate::wire::anthropic::{self, MessagesRequest};
use crate::wire::chat;

/// A stand-in that Claude Code lists while tools are still to be loaded; nobody can call it.
const PLACEHOLDER: &str = "DeferredToolPlaceholder";

/// Mistral takes no more functions than this; the rest is counted in the log.
const MISTRAL_LIMIT: usize = 128;

/// Told to the model in place of a web search that only Anthropic can run.
pub(super) const NO_WEB_SEARCH: &str =
    "Web search is not available here. Answer from what you know, and say that you could not search the web.";

/// Whether a tool searches the web at the provider.
pub(super) fn is_web_search(tool: &anthropic::Tool<'_>) -> bool {
    tool.kind.as_deref().is_some_and(|kind| kind.starts_with("web_search"))
}

/// Whether a tool runs at the provider rather than in the client.
fn is_server_tool(tool: &anthropic::Tool<'_>) -> bool {
    tool.kind.as_deref().is_some_and(|kind| kind != "custom")
}

/// Returns the tools to offer, each once; server tools and the placeholder are left out.
pub(super) fn offered<'a>(
    request: &'a MessagesRequest<'_>,
    target: &Target,
    names: &mut ToolNames,
    dropped: &mut Dropped,
) -> Vec<chat::Tool<'a>> {
    let mut offered = Vec::with_capacity(request.tools.len());
    let mut seen = HashSet::with_capacity(request.tools.len());
    for tool in &request.tools {
        if is_server_tool(tool) {
            dropped.count("server tool");
            continue;
        }
        if &*tool.name == PLACEHOLDER {
            dropped.count("placeholder tool");
            continue;
        }
        let marks = [
            ("cache_control", tool.cache_control.is_some()),
            ("defer_loading", tool.defer_loading.is_some()),
            ("eager_input_streaming", tool.eager_input_streaming.is_some()),
        ];
        marks.iter().filter(|(_, there)| *there).for_each(|(mark, _)| dropped.count(mark));
        let name = names.send(&tool.name);
        if !seen.insert(name.clone()) {
            dropped.count("tool listed twice");
            continue;
        }
        offered.push(chat::Tool {
            function: chat::Function {
                name,
                description: tool.description.as_deref().unwrap_or_default().into(),
                parameters: schema::reduce(tool.input_schema),
            },
        });
    }
    if target.provider.dialect == Dialect::Mistral && offered.len() > MISTRAL_LIMIT {
        (MISTRAL_LIMIT..offered.len()).for_each(|_| dropped.count("tool over 128"));
        offered.truncate(MISTRAL_LIMIT);
    }
    offered
}

/// Returns which tool must be called, and whether several may be; nothing where that is the default.
///
/// A tool that is not `offered` cannot be demanded: Mistral refuses its name. Claude Code
/// demands the web search, which is never offered.
pub(super) fn choice<'a>(
    request: &'a MessagesRequest<'_>,
    offered: &[chat::Tool<'_>],
    names: &mut ToolNames,
    dropped: &mut Dropped,
) -> (Option<chat::ToolChoice<'a>>, Option<bool>) {
    let Some(choice) = &request.tool_choice else { return (None, None) };
    if offered.is_empty() {
        dropped.count("tool_choice");
        return (None, None);
    }
    let sent = match &*choice.kind {
        "any" => chat::ToolChoice::Required,
        "none" => chat::ToolChoice::None,
        "tool" => match &choice.name {
            Some(name) => {
                let name = names.send(name);
                if offered.iter().any(|tool| tool.function.name == name) {
                    chat::ToolChoice::Function(name)
                } else {
                    dropped.count("choice of a tool that is not offered");
                    chat::ToolChoice::Auto
                }
            }
            None => chat::ToolChoice::Required,
        },
        _ => chat::ToolChoice::Auto,
    };
    (Some(sent), choice.disable_parallel_tool_use.then_some(false))
}

#[cfg(test)]
mod tests {
    use crate::translate::testing::{model, request, target_with};

    #[test]
    fn a_tool_that_is_not_offered_is_not_demanded() {
        let target = target_with(model());
        let body = |name: &str| {
            format!(
                r#"{{"tools":[{{"name":"Read"}},{{"type":"web_search_20250305","name":"web_search"}}],"tool_choice":{{"type":"tool","name":"{name}"}}}}"#
            )
        };
        for (name, expect) in
            [("Read", r#"{"type":"function","function":{"name":"Read"}}"#), ("web_search", r#""auto""#)]
        {
            let body = body(name);
            let request = request(&body);
            let outgoing = crate::translate::request(&request, &target, None).unwrap();
            assert_eq!(serde_json::to_string(&outgoing.request.tool_choice).unwrap(), expect);
        }
    }
}
