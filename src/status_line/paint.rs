//! Modules in a row, with colours, separators and an end.

use std::fmt::Write as _;

use super::format::{columns, cut, plain};
use super::values::Values;
use crate::config::{Color, Module, Piece, Separator, Style, Variable};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether colours are wanted.
    pub color: bool,
    /// Whether signs of special fonts are: icons and the arrows of `powerline`.
    pub icons: bool,
    /// The columns there are, where that is known; what does not fit is left out from the right.
    pub width: Option<usize>,
}

/// The arrow of `powerline`, from the private use area of fonts that have it.
const ARROW: &str = "\u{e0b0}";
const RESET: &str = "\u{1b}[0m";

/// One module as it will stand there.
struct Segment {
    text: String,
    color: Option<Color>,
    background: Option<Color>,
}

/// Draws the line, without an end; `outputs` is what the modules' commands printed, in their order.
pub fn render(style: &Style, values: &Values, outputs: &[Option<String>], look: Look) -> String {
    let segments = style.modules.iter().enumerate().filter_map(|(i, module)| {
        let output = outputs.get(i).and_then(Option::as_deref).map(plain).unwrap_or_default();
        segment(module, values, &output, look)
    });
    let segments: Vec<Segment> = segments.collect();
    match &style.separator {
        Separator::Powerline if look.color && look.icons => arrows(&fitting(segments, 3, look.width, 3)),
        Separator::Powerline => row(&fitting(segments, 3, look.width, 0), " | ", look),
        Separator::Text(text) => {
            let separator = plain(text);
            let between = columns(&separator);
            row(&fitting(segments, between, look.width, 0), &separator, look)
        }
    }
}

/// Says what a module says; nothing while all its variables are empty.
fn segment(module: &Module, values: &Values, output: &str, look: Look) -> Option<Segment> {
    let value = |variable: Variable| if variable == Variable::Output { output } else { values.get(variable) };
    if module.text.variables().count() > 0 && module.text.variables().all(|variable| value(variable).is_empty()) {
        return None;
    }
    let pieces = module.text.0.iter().map(|piece| match piece {
        Piece::Words(words) => plain(words),
        Piece::Value(variable) => value(*variable).to_owned(),
    });
    let words: String = pieces.collect();
    if words.is_empty() {
        return None;
    }
    let icon = plain(&module.icon);
    // An arrow up is in every font; what lies in the private use areas is not.
    let is_drawable = look.icons || !icon.chars().any(is_private);
    let text = if icon.is_empty() || !is_drawable { words } else { format!("{icon} {words}") };
    Some(Segment { text, color: module.color, background: module.background })
}

fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Keeps as many as fit, from the left; the first is cut rather than left out.
fn fitting(segments: Vec<Segment>, between: usize, width: Option<usize>, around: usize) -> Vec<Segment> {
    let Some(width) = width else { return segments };
    let mut used = around;
    let mut kept: Vec<Segment> = Vec::new();
    for mut segment in segments {
        let own = columns(&segment.text);
        if kept.is_empty() {
            segment.text = cut(&segment.text, width.saturating_sub(around));
        } else if used + between + own > width {
            break;
        } else {
            used += between;
        }
        used += own;
        kept.push(segment);
    }
    kept
}

fn row(segments: &[Segment], separator: &str, look: Look) -> String {
    let parts = segments.iter().map(|segment| {
        let (color, background) = (segment.color, segment.background);
        match (look.color, paint(color, background)) {
            (true, Some(start)) => format!("{start}{}{RESET}", segment.text),
            _ => segment.text.clone(),
        }
    });
    parts.collect::<Vec<_>>().join(separator)
}

/// Draws each segment on its background, with an arrow in that colour into the next one's.
fn arrows(segments: &[Segment]) -> String {
    let mut line = String::new();
    for (i, segment) in segments.iter().enumerate() {
        let next = segments.get(i + 1).map(ground);
        let own = ground(segment);
        let (start, arrow) = (paint(segment.color, Some(own)), paint(Some(own), next));
        let _ = write!(
            line,
            "{} {} {RESET}{}{ARROW}{RESET}",
            start.unwrap_or_default(),
            segment.text,
            arrow.unwrap_or_default()
        );
    }
    line
}

/// A segment without a background stands on grey: an arrow needs a colour.
fn ground(segment: &Segment) -> Color {
    segment.background.unwrap_or(Color::Named(8))
}

/// Returns the escape sequence for two colours.
fn paint(color: Option<Color>, background: Option<Color>) -> Option<String> {
    let codes: Vec<String> =
        [color.map(|color| code(color, 30)), background.map(|color| code(color, 40))].into_iter().flatten().collect();
    (!codes.is_empty()).then(|| format!("\u{1b}[{}m", codes.join(";")))
}

/// Returns a colour's code: 30 is where those of text begin, 40 those of backgrounds.
fn code(color: Color, base: u16) -> String {
    match color {
        Color::Named(number @ 0..8) => (base + u16::from(number)).to_string(),
        Color::Named(number) => (base + 52 + u16::from(number)).to_string(),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}

#[cfg(test)]
#[path = "paint_tests.rs"]
mod tests;
