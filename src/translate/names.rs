//! Tool names, both ways.
//!
//! Chat completions take `^[a-zA-Z0-9_-]{1,64}$`; names of MCP tools can be longer
//! and Claude Code sends them as they are.

use std::borrow::Cow;
use std::collections::HashMap;

use super::digest;

const LIMIT: usize = 64;
const DIGEST: usize = 8;

/// The names that had to be changed, by the name that was sent.
#[derive(Debug, Default)]
pub struct ToolNames {
    originals: HashMap<String, String>,
}

impl ToolNames {
    /// Returns the name to send: the same, or a readable beginning and a digest of the whole.
    pub(super) fn send<'a>(&mut self, name: &'a str) -> Cow<'a, str> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !name.is_empty() && name.len() <= LIMIT && name.bytes().all(allowed) {
            return Cow::Borrowed(name);
        }
        let mut sent: String = name
            .chars()
            .map(|character| if character.is_ascii() && allowed(character as u8) { character } else { '_' })
            .take(LIMIT - DIGEST - 1)
            .collect();
        sent.push('_');
        sent.push_str(&digest::name(name, 0, DIGEST));
        self.originals.insert(sent.clone(), name.to_owned());
        Cow::Owned(sent)
    }

    /// Returns the name by which the client knows a tool.
    pub(super) fn receive<'a>(&'a self, sent: &'a str) -> &'a str {
        self.originals.get(sent).map_or(sent, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_comes_back_whole() {
        let long = format!("mcp__server__{}", "x".repeat(80));
        let mut names = ToolNames::default();
        let sent = names.send(&long).into_owned();
        assert_eq!(sent.len(), LIMIT);
        assert_eq!(names.receive(&sent), long);
    }

    #[test]
    fn long_names_with_the_same_beginning_differ() {
        let mut names = ToolNames::default();
        let one = names.send(&format!("{}1", "x".repeat(80))).into_owned();
        assert_ne!(one, names.send(&format!("{}2", "x".repeat(80))));
    }

    #[test]
    fn an_ordinary_name_is_not_touched() {
        assert!(matches!(ToolNames::default().send("Read"), Cow::Borrowed("Read")));
    }
}
