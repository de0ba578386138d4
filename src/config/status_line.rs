//! How the status line looks: claude-code-router's styles and modules.

use super::{Color, Template};

/// Whether the agent shows mcr's status line, and how it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusLine {
    /// Whether `mcr code` tells the agent to show it.
    pub enabled: bool,
    /// The name in `currentStyle`.
    pub name: String,
    /// What that means.
    pub style: Style,
}

/// A row of modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// What stands between two of them.
    pub separator: Separator,
    /// The modules, from the left.
    pub modules: Vec<Module>,
}

/// What stands between modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Separator {
    /// A text.
    Text(String),
    /// An arrow from one background into the next.
    Powerline,
}

/// One part of the line; it is left out while everything its text speaks of is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Stands before the text.
    pub icon: String,
    /// What is said.
    pub text: Template,
    /// The colour of icon and text.
    pub color: Option<Color>,
    /// The colour behind them.
    pub background: Option<Color>,
    /// A program and its arguments, whose first line is `{{output}}`.
    pub command: Option<Vec<String>>,
}

impl Default for StatusLine {
    fn default() -> Self {
        Self { enabled: false, name: DEFAULT.to_owned(), style: Style::default() }
    }
}

impl Default for Style {
    fn default() -> Self {
        built_in(DEFAULT).unwrap_or(Self { separator: Separator::Powerline, modules: Vec::new() })
    }
}

/// The style when none is named.
pub(super) const DEFAULT: &str = "default";
/// The style that is drawn with arrows.
pub(super) const POWERLINE: &str = "powerline";
/// The styles that are there without being written.
pub(super) const BUILT_IN: [&str; 4] = [DEFAULT, POWERLINE, "simple", "full"];

/// Returns a style that is there without being written.
pub(super) fn built_in(name: &str) -> Option<Style> {
    let separated = |separator: &str, modules: &[Row]| Style {
        separator: Separator::Text(separator.to_owned()),
        modules: modules.iter().map(module).collect(),
    };
    match name {
        DEFAULT => Some(separated(" · ", &SHORT)),
        "simple" => Some(separated(" ", &SIMPLE)),
        "full" => Some(separated(" · ", &FULL)),
        POWERLINE => Some(Style { separator: Separator::Powerline, modules: ARROWS.iter().map(module).collect() }),
        _ => None,
    }
}

/// Icon, text, colour, background.
type Row = (&'static str, &'static str, &'static str, &'static str);

const SHORT: [Row; 9] = [
    ("", "{{model}}", "bright_cyan", ""),
    ("", "{{place}}", "bright_green", ""),
    ("", "{{fallback}}", "bright_red", ""),
    ("", "{{context}}", "bright_yellow", ""),
    ("", "{{cost}}", "bright_white", ""),
    ("", "{{budget}}", "bright_red", ""),
    ("", "{{tokenSpeed}} tok/s", "bright_black", ""),
    ("", "{{gitBranch}}", "bright_magenta", ""),
    ("", "{{workDirName}}", "bright_blue", ""),
];

/// The modules and colours of claude-code-router's, without icons.
const SIMPLE: [Row; 5] = [
    ("", "{{workDirName}}", "bright_blue", ""),
    ("", "{{gitBranch}}", "bright_magenta", ""),
    ("", "{{model}}", "bright_cyan", ""),
    ("↑", "{{inputTokens}}", "bright_green", ""),
    ("↓", "{{outputTokens}}", "bright_yellow", ""),
];

const ARROWS: [Row; 8] = [
    ("", "{{model}}", "black", "bright_cyan"),
    ("", "{{place}}", "black", "bright_green"),
    ("", "{{fallback}}", "black", "bright_red"),
    ("", "{{context}}", "black", "bright_yellow"),
    ("", "{{cost}}", "black", "bright_white"),
    ("", "{{budget}}", "black", "bright_red"),
    // The sign for a branch in the fonts that have the arrows.
    ("\u{e0a0}", "{{gitBranch}}", "black", "bright_magenta"),
    ("", "{{workDirName}}", "black", "bright_blue"),
];

const FULL: [Row; 14] = [
    ("", "{{model}}", "bright_cyan", ""),
    ("", "{{place}}", "bright_green", ""),
    ("", "{{fallback}}", "bright_red", ""),
    ("", "{{context}} ({{contextPercent}}%)", "bright_yellow", ""),
    ("", "↑{{totalInputTokens}} ↓{{totalOutputTokens}}", "bright_yellow", ""),
    ("", "{{cost}}", "bright_white", ""),
    ("", "{{budget}}", "bright_red", ""),
    ("", "{{tokenSpeed}} tok/s", "bright_black", ""),
    ("", "first after {{timeToFirstToken}}", "bright_black", ""),
    ("", "{{route}}", "bright_black", ""),
    ("", "+{{linesAdded}} -{{linesRemoved}}", "bright_black", ""),
    ("", "{{duration}}", "bright_black", ""),
    ("", "{{gitBranch}}", "bright_magenta", ""),
    ("", "{{workDirName}}", "bright_blue", ""),
];

fn module(&(icon, text, color, background): &Row) -> Module {
    let (text, _) = Template::read(text);
    let (color, background) = (Color::read(color), Color::read(background));
    Module { icon: icon.to_owned(), text, color, background, command: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_style_is_there_and_means_what_it_says() {
        for name in BUILT_IN {
            let style = built_in(name).unwrap_or_else(|| panic!("{name} is missing"));
            assert!(style.modules.len() >= 5, "{name}");
            assert_eq!(name == POWERLINE, style.separator == Separator::Powerline, "{name}");
        }
        for (_, text, color, background) in SHORT.iter().chain(&SIMPLE).chain(&ARROWS).chain(&FULL) {
            assert_eq!(Template::read(text).1, Vec::<String>::new(), "{text}");
            assert!(Color::read(color).is_some(), "{color}");
            assert!(background.is_empty() || Color::read(background).is_some(), "{background}");
        }
    }
}
