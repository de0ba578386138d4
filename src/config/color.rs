//! Colours of the status line: the terminal's sixteen by name, any by its numbers.

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One of the terminal's own, 0 to 15.
    Named(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// The names, in the terminal's order.
pub const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright_black",
    "bright_red",
    "bright_green",
    "bright_yellow",
    "bright_blue",
    "bright_magenta",
    "bright_cyan",
    "bright_white",
];

impl Color {
    /// Reads a name, `#rgb` or `#rrggbb`; claude-code-router writes `bg_` in front of backgrounds.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("bg_").unwrap_or(text);
        if let Some(digits) = text.strip_prefix('#') {
            return hex(digits);
        }
        let name = match text {
            "gray" | "grey" => "bright_black",
            name => name,
        };
        let number = NAMES.iter().position(|known| *known == name)?;
        u8::try_from(number).ok().map(Self::Named)
    }
}

fn hex(digits: &str) -> Option<Color> {
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    // Each digit of three stands for two of six.
    let six: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        6 => digits.to_owned(),
        _ => return None,
    };
    let [_, red, green, blue] = u32::from_str_radix(&six, 16).ok()?.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(Color::read("red"), Some(Color::Named(1)));
        assert_eq!(Color::read("bg_bright_blue"), Some(Color::Named(12)));
        assert_eq!(Color::read("gray"), Some(Color::Named(8)));
        assert_eq!(Color::read("#ff8000"), Some(Color::Rgb(255, 128, 0)));
        assert_eq!(Color::read("bg_#F80"), Some(Color::Rgb(255, 136, 0)));
    }

    #[test]
    fn what_is_no_colour() {
        for text in ["", "reddish", "#", "#ff", "#ff80001", "#+ff", "#gg0000", "#é0", "31"] {
            assert_eq!(Color::read(text), None, "{text}");
        }
    }
}
