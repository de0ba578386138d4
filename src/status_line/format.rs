//! Numbers, times and money as claude-code-router shows them, and text that cannot steer a terminal.

use std::time::Duration;

use unicode_width::UnicodeWidthChar as _;

/// The longest that one value may be, in columns.
const LONGEST: usize = 60;

/// Writes a number of tokens: `950`, `12.3k`, `262k`, `1.05M`; 1,000 and more are short.
pub(super) fn tokens(count: u64) -> String {
    // Rounded in whole numbers: no count is shown as a thousand of its unit.
    let rounded = |unit: u64| count / unit + u64::from(count % unit >= unit / 2);
    match count {
        0..1_000 => count.to_string(),
        1_000..99_950 => format!("{}.{}k", rounded(100) / 10, rounded(100) % 10),
        99_950..999_500 => format!("{}k", rounded(1_000)),
        _ => format!("{}.{:02}M", rounded(10_000) / 100, rounded(10_000) % 100),
    }
}

/// Writes a window: `200k`, `262k`, `1.05M`.
pub(super) fn window(size: u64) -> String {
    match size {
        1_000..99_950 if size.is_multiple_of(1_000) => format!("{}k", size / 1_000),
        _ => tokens(size),
    }
}

/// Writes US dollars; what is under a cent in cents.
pub(super) fn money(dollars: f64) -> String {
    if dollars > 0.0 && dollars < 0.01 {
        return format!("{:.2}¢", dollars * 100.0);
    }
    format!("${dollars:.2}")
}

/// Writes euros; what is under a cent with four decimals.
pub(super) fn euros(euros: f64) -> String {
    let decimals = if euros > 0.0 && euros < 0.01 { 4 } else { 2 };
    format!("€{euros:.decimals$}")
}

/// Writes a time span: `850ms`, `3.2s`, `4m12s`, `2h05m`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match span.as_millis() {
        milliseconds @ 0..1_000 => format!("{milliseconds}ms"),
        1_000..60_000 => format!("{}.{}s", seconds, span.subsec_millis() / 100),
        60_000..3_600_000 => format!("{}m{}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// Returns a text without what could steer a terminal or fake an order, and no longer than it may be.
pub(super) fn plain(text: &str) -> String {
    cut(&text.chars().filter(|character| !is_active(*character)).collect::<String>(), LONGEST)
}

/// Control characters, line separators, and marks that reverse, join or hide text.
fn is_active(character: char) -> bool {
    let marks = matches!(character,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    character.is_control() || marks
}

/// Returns the columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    // Character by character, as `cut` counts; a sequence that a terminal joins is narrower at most.
    text.chars().filter_map(char::width).sum()
}

/// Returns a text no longer than this many columns, with an ellipsis for what is left out.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if columns(text) <= longest {
        return text.to_owned();
    }
    let mut left = longest.saturating_sub(1);
    let kept = text.chars().take_while(|character| match left.checked_sub(character.width().unwrap_or(0)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    let mut kept: String = kept.collect();
    if longest > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_short_and_never_a_thousand_of_their_unit() {
        let shown = [0, 999, 1_000, 12_345, 99_949, 99_950, 262_144, 999_499, 999_500, 1_048_576].map(tokens);
        assert_eq!(shown, ["0", "999", "1.0k", "12.3k", "99.9k", "100k", "262k", "999k", "1.00M", "1.05M"]);
        assert_eq!([32_000, 32_768, 200_000, 131_072].map(window), ["32k", "32.8k", "200k", "131k"]);
    }

    #[test]
    fn under_a_cent_is_told_in_cents() {
        assert_eq!([0.0, 0.0042, 0.01, 0.126, 12.0].map(money), ["$0.00", "0.42¢", "$0.01", "$0.13", "$12.00"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let shown = [0, 850, 3_250, 252_000, 7_500_000].map(|time| span(Duration::from_millis(time)));
        assert_eq!(shown, ["0ms", "850ms", "3.2s", "4m12s", "2h05m"]);
    }

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(plain("\u{1b}[31mm\u{202e}\n\u{7}\u{9b}x"), "[31mmx");
        assert_eq!(plain("größe ✓ 日本"), "größe ✓ 日本");
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(cut("branch", 6), "branch");
        assert_eq!(cut("branches", 6), "branc…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!((cut("ab", 1), cut("ab", 0)), ("…".to_owned(), String::new()));
    }
}
