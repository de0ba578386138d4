//! Texts of the status line: words, and variables in double braces.

/// What a variable of the status line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// The folder's last part.
    WorkDirName,
    /// The branch of the folder's repository.
    GitBranch,
    /// The model that answered last; before that, what the agent calls its model.
    Model,
    /// The last prompt, what was cached included.
    InputTokens,
    /// What was cached of it.
    CachedTokens,
    /// The last answer.
    OutputTokens,
    /// All prompts of the session.
    TotalInputTokens,
    /// All answers of the session.
    TotalOutputTokens,
    /// The share of the window that the last prompt and answer fill, without a sign.
    ContextPercent,
    /// The real window of the model that answered.
    ContextWindowSize,
    /// Tokens in the window and the window: `43k/262k`.
    Context,
    /// Tokens a second of the last answer.
    TokenSpeed,
    /// From the last request to its first event.
    TimeToFirstToken,
    /// Always empty: nothing is kept of an answer in progress.
    IsStreaming,
    /// Always empty, likewise.
    StreamingIndicator,
    /// What the session cost at the provider's price.
    Cost,
    /// How long the session is open.
    Duration,
    /// Lines that the agent wrote.
    LinesAdded,
    /// Lines that it took away.
    LinesRemoved,
    /// The difference.
    NetLines,
    /// The agent's version.
    Version,
    /// The first eight characters of the session's id.
    SessionId,
    /// The provider that answered last, as configured.
    Provider,
    /// The host that answered last.
    Host,
    /// Where that host promises to work.
    Region,
    /// Provider and region: `mistral/EU`.
    Place,
    /// Why the request went where it went.
    Route,
    /// The budget that is nearest to its end, from four fifths on.
    Budget,
    /// `fallback` when a spare target answered, else nothing.
    Fallback,
    /// The first line that a module's command printed.
    Output,
}

impl Variable {
    /// Every name with what it stands for; two are ours for what claude-code-router calls otherwise.
    pub const NAMES: [(&str, Self); 32] = [
        ("workDirName", Self::WorkDirName),
        ("gitBranch", Self::GitBranch),
        ("model", Self::Model),
        ("inputTokens", Self::InputTokens),
        ("cachedTokens", Self::CachedTokens),
        ("outputTokens", Self::OutputTokens),
        ("totalInputTokens", Self::TotalInputTokens),
        ("totalOutputTokens", Self::TotalOutputTokens),
        ("contextPercent", Self::ContextPercent),
        ("contextWindowSize", Self::ContextWindowSize),
        ("window", Self::ContextWindowSize),
        ("context", Self::Context),
        ("tokenSpeed", Self::TokenSpeed),
        ("tokensPerSecond", Self::TokenSpeed),
        ("timeToFirstToken", Self::TimeToFirstToken),
        ("isStreaming", Self::IsStreaming),
        ("streamingIndicator", Self::StreamingIndicator),
        ("cost", Self::Cost),
        ("budget", Self::Budget),
        ("duration", Self::Duration),
        ("linesAdded", Self::LinesAdded),
        ("linesRemoved", Self::LinesRemoved),
        ("netLines", Self::NetLines),
        ("version", Self::Version),
        ("sessionId", Self::SessionId),
        ("provider", Self::Provider),
        ("host", Self::Host),
        ("region", Self::Region),
        ("place", Self::Place),
        ("route", Self::Route),
        ("fallback", Self::Fallback),
        ("output", Self::Output),
    ];

    /// Finds a variable by name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, variable)| variable)
    }
}

/// A text with variables in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words as they are.
    Words(String),
    /// What a variable stands for.
    Value(Variable),
}

impl Template {
    /// Reads a text; a name that nobody knows stands for nothing and is returned beside it.
    ///
    /// As in claude-code-router, braces that hold no name are words.
    pub fn read(text: &str) -> (Self, Vec<String>) {
        let (mut pieces, mut unknown) = (Vec::new(), Vec::new());
        let mut words = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let name = behind.split_once("}}").map(|(name, after)| (name.trim(), after));
            let Some((name, after)) = name.filter(|(name, _)| is_name(name)) else {
                words.push_str(before);
                words.push_str("{{");
                rest = behind;
                continue;
            };
            words.push_str(before);
            rest = after;
            match Variable::named(name) {
                Some(variable) => {
                    if !words.is_empty() {
                        pieces.push(Piece::Words(std::mem::take(&mut words)));
                    }
                    pieces.push(Piece::Value(variable));
                }
                None => unknown.push(name.to_owned()),
            }
        }
        words.push_str(rest);
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        (Self(pieces), unknown)
    }

    /// The variables in the text.
    pub fn variables(&self) -> impl Iterator<Item = Variable> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(variable) => Some(*variable),
            Piece::Words(_) => None,
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[Piece], unknown: &[&str]) {
        let (template, found) = Template::read(text);
        assert_eq!(template.0, expect, "{text}");
        assert_eq!(found, unknown, "{text}");
    }

    fn words(text: &str) -> Piece {
        Piece::Words(text.to_owned())
    }

    #[test]
    fn variables_stand_in_double_braces() {
        check("{{model}}", &[Piece::Value(Variable::Model)], &[]);
        check("a {{ cost }} b", &[words("a "), Piece::Value(Variable::Cost), words(" b")], &[]);
        check("", &[], &[]);
    }

    #[test]
    fn braces_that_hold_no_name_are_words() {
        for text in ["{{", "}}", "{{}}", "{{a b}}", "{model}", "{{{", "a {{model"] {
            check(text, &[words(text)], &[]);
        }
        check("{{{model}}}", &[words("{{{model}}}")], &[]);
    }

    #[test]
    fn a_name_that_nobody_knows_is_nothing_and_is_told() {
        check("{{modle}}x{{cost}}", &[words("x"), Piece::Value(Variable::Cost)], &["modle"]);
    }

    #[test]
    fn every_variable_has_a_name_and_every_name_is_there_once() {
        let mut names = Variable::NAMES.map(|(name, _)| name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Variable::NAMES.len());
    }
}
