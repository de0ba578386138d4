//! `REWRITE_SYSTEM_PROMPT`: another head for the agent's system prompt.

use std::borrow::Cow;

use crate::wire::anthropic::MessagesRequest;

/// What the agent's description of its surroundings begins with.
const SURROUNDINGS: &str = "<env>";

/// Replaces everything before the last `<env>` of a system block by `head`.
///
/// claude-code-router looks at the second block only, where it no longer stands.
pub fn rewrite_system(request: &mut MessagesRequest<'_>, head: &str) {
    for text in request.system.texts_mut() {
        if let Some(start) = text.rfind(SURROUNDINGS) {
            text.0 = Cow::Owned(format!("{head}{}", &text[start..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::testing::request;

    #[test]
    fn the_head_is_replaced_in_whichever_block_has_surroundings() {
        let mut body =
            request(r#"{"system":[{"type":"text","text":"x"},{"type":"text","text":"You are <env>a <env>b"}]}"#);
        rewrite_system(&mut body, "I am ");
        assert_eq!(body.system.texts().collect::<Vec<_>>(), ["x", "I am <env>b"]);
    }
}
