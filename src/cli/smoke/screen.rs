//! What a terminal shows: bytes in, lines of text out.
//!
//! Claude Code draws cell by cell, and of what it drew before only what changed: a word may come in pieces and in any
//! order. So nothing short of putting every character in its place tells what is there to read. Colours and modes are
//! passed over, and so are the few movements that no agent makes: regions that scroll, lines pushed in.

use unicode_width::UnicodeWidthChar as _;

/// The right half of a character that is two cells wide.
const RIGHT_HALF: char = '\0';
/// A sequence that has not come to its end by then is none.
const LONGEST_SEQUENCE: usize = 64;

/// A screen of fixed size, and the sequence that its next bytes belong to.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    width: usize,
    rows: Vec<Vec<char>>,
    /// The main screen, while the alternate one is shown.
    main: Option<Vec<Vec<char>>>,
    row: usize,
    /// Is `width` behind the last cell: the line ends when one character more comes.
    column: usize,
    saved: (usize, usize),
    within: Within,
    /// The beginning of a character, as yet without its end.
    rest: Vec<u8>,
}

/// What the next character is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Within {
    Text,
    /// Behind ESC.
    Escape,
    /// Behind ESC and a character that one more belongs to.
    Pair,
    /// Behind `ESC [`, with what came so far.
    Control(String),
    /// In words for the terminal itself, such as a title; whether the last character was ESC.
    Words(bool),
}

impl Screen {
    /// An empty screen.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let rows = vec![vec![' '; width]; height];
        let within = Within::Text;
        Self { width, rows, main: None, row: 0, column: 0, saved: (0, 0), within, rest: Vec::new() }
    }

    /// Takes what a program wrote, cut wherever it may be.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let mut bytes = [std::mem::take(&mut self.rest).as_slice(), bytes].concat();
        if let Some(chunk) = bytes.utf8_chunks().last()
            && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none())
        {
            self.rest = bytes.split_off(bytes.len() - chunk.invalid().len());
        }
        for character in String::from_utf8_lossy(&bytes).chars() {
            self.take(character);
        }
    }

    /// What is there to read: the lines from the first to the last that is not empty.
    pub(super) fn text(&self) -> String {
        let lines: Vec<String> = self.rows.iter().map(|row| line(row)).collect();
        lines.join("\n").trim_matches('\n').to_owned()
    }

    /// The last lines that are not empty, at most so many.
    pub(super) fn last_lines(&self, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = self.rows.iter().map(|row| line(row)).filter(|line| !line.is_empty()).collect();
        lines.split_off(lines.len().saturating_sub(most))
    }

    fn take(&mut self, character: char) {
        match (&mut self.within, character) {
            (Within::Words(_), '\u{7}') | (Within::Words(true), '\\') | (Within::Pair, _) => self.within = Within::Text,
            (Within::Words(escaped), _) => *escaped = character == '\u{1b}',
            (Within::Text | Within::Escape | Within::Control(_), '\u{1b}') => self.within = Within::Escape,
            (Within::Text, _) => self.show(character),
            (Within::Escape, _) => self.begin(character),
            (Within::Control(so_far), '\u{20}'..='\u{3f}') if so_far.len() < LONGEST_SEQUENCE => so_far.push(character),
            (Within::Control(so_far), _) => {
                let parameters = std::mem::take(so_far);
                self.within = Within::Text;
                self.control(&parameters, character);
            }
        }
    }

    /// The character behind ESC.
    fn begin(&mut self, character: char) {
        self.within = match character {
            '[' => Within::Control(String::new()),
            ']' | 'P' | 'X' | '^' | '_' => Within::Words(false),
            '(' | ')' | '*' | '+' | '#' | '%' | ' ' => Within::Pair,
            _ => Within::Text,
        };
        match character {
            '7' => self.saved = (self.row, self.column),
            '8' => (self.row, self.column) = self.saved,
            _ => {}
        }
    }

    fn show(&mut self, character: char) {
        match character {
            '\r' => self.column = 0,
            '\n' | '\u{b}' | '\u{c}' => self.next_row(),
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => self.column = ((self.column / 8 + 1) * 8).min(self.width - 1),
            _ => self.put(character),
        }
    }

    fn put(&mut self, character: char) {
        let Some(cells @ 1..) = character.width() else { return };
        if self.column + cells > self.width {
            self.column = 0;
            self.next_row();
        }
        let row = &mut self.rows[self.row];
        for (at, cell) in row.iter_mut().skip(self.column).take(cells).enumerate() {
            *cell = if at == 0 { character } else { RIGHT_HALF };
        }
        self.column += cells;
    }

    fn next_row(&mut self) {
        if self.row + 1 < self.rows.len() {
            self.row += 1;
        } else {
            self.rows.rotate_left(1);
            self.clear(self.row, 0, self.width);
        }
    }

    /// The sequence `ESC [ parameters last`.
    fn control(&mut self, parameters: &str, last: char) {
        let number = |at: usize| parameters.split(';').nth(at).and_then(|number| number.parse::<usize>().ok());
        let count = number(0).unwrap_or(1).max(1);
        let (height, width) = (self.rows.len(), self.width);
        match last {
            'A' | 'F' => self.row = self.row.saturating_sub(count),
            'B' | 'E' => self.row = self.row.saturating_add(count).min(height - 1),
            'C' => self.column = self.column.saturating_add(count).min(width - 1),
            'D' => self.column = self.column.saturating_sub(count),
            'G' | '`' => self.column = (count - 1).min(width - 1),
            'd' => self.row = (count - 1).min(height - 1),
            'H' | 'f' => {
                self.row = (count - 1).min(height - 1);
                self.column = (number(1).unwrap_or(1).max(1) - 1).min(width - 1);
            }
            'J' | 'K' => self.erase(last, number(0).unwrap_or(0)),
            'X' => self.clear(self.row, self.column, self.column.saturating_add(count)),
            'h' | 'l' if matches!(parameters, "?1049" | "?1047" | "?47") => self.turn(last == 'h'),
            _ => {}
        }
        if matches!(last, 'E' | 'F') {
            self.column = 0;
        }
    }

    /// Erases in the screen (`J`) or in the line (`K`): what is behind the cursor (0), before it (1), all (2).
    fn erase(&mut self, what: char, part: usize) {
        let behind = part != 1;
        let before = part != 0;
        if what == 'J' {
            let above = (0..self.row).filter(|_| before);
            let below = (self.row + 1..self.rows.len()).filter(|_| behind);
            for row in above.chain(below).collect::<Vec<_>>() {
                self.clear(row, 0, self.width);
            }
        }
        let from = if before { 0 } else { self.column };
        let to = if behind { self.width } else { self.column + 1 };
        self.clear(self.row, from, to);
    }

    fn clear(&mut self, row: usize, from: usize, to: usize) {
        let to = to.min(self.width);
        self.rows[row][from.min(to)..to].fill(' ');
    }

    /// Shows the alternate screen, or the main one again.
    fn turn(&mut self, alternate: bool) {
        match (alternate, self.main.take()) {
            (true, None) => {
                let empty = vec![vec![' '; self.width]; self.rows.len()];
                self.main = Some(std::mem::replace(&mut self.rows, empty));
            }
            (true, main @ Some(_)) => self.main = main,
            (false, Some(main)) => self.rows = main,
            (false, None) => {}
        }
    }
}

/// A row as text: spaces of any kind are spaces, and none stand at its end.
fn line(row: &[char]) -> String {
    let shown = row.iter().filter(|cell| **cell != RIGHT_HALF);
    let text: String = shown.map(|cell| if cell.is_whitespace() { ' ' } else { *cell }).collect();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(written: &str, read: &str) {
        let mut screen = Screen::new(20, 4);
        screen.feed(written.as_bytes());
        assert_eq!(screen.text(), read);
    }

    #[test]
    fn colours_titles_and_modes_are_nothing_to_read() {
        check("\x1b]0;\u{2733} title\x07\x1b[?25h\x1b[1;31mred\x1b[0m\x1b(B \x1bPq\x1b\\end\x1b[>4m", "red end");
    }

    #[test]
    fn a_word_that_is_drawn_in_pieces_is_one() {
        check("\r\x1b[1B\u{25cf}\x1b[3Glight\x1b[H\x1b[2;8Hhouse", "\u{25cf} lighthouse");
    }

    #[test]
    fn what_is_drawn_over_or_erased_is_gone() {
        check("one two\x1b[4Dx\r\n12345\x1b[3D\x1b[K\r\nabc\x1b[2K", "onextwo\n12");
        check("one\r\ntwo\x1b[2J\x1b[Hthree", "three");
        check("one\r\ntwo\r\nthree\x1b[2;2H\x1b[1J", "  o\nthree");
    }

    #[test]
    fn lines_end_at_the_edge_and_leave_at_the_top() {
        check("12345678901234567890", "12345678901234567890");
        check("12345678901234567890x", "12345678901234567890\nx");
        check("1\r\n2\r\n3\r\n4\r\n5", "2\n3\n4\n5");
    }

    #[test]
    fn the_main_screen_comes_back() {
        check("before\x1b[?1049h\x1b[2J\x1b[Hwithin\x1b[?1049l", "before");
        check("before\x1b[?1049h\x1b[2J\x1b[Hwithin", "within");
    }

    #[test]
    fn wide_characters_take_two_cells_and_hard_spaces_read_as_spaces() {
        check("\u{6d77}x\x1b[5G!\r\n\u{276f}\u{a0}a", "\u{6d77}x !\n\u{276f} a");
    }

    #[test]
    fn the_last_lines_are_those_with_something_in_them() {
        let mut screen = Screen::new(20, 6);
        screen.feed(b"one\r\n\r\ntwo\r\n\r\nthree");
        assert_eq!(screen.last_lines(2), ["two", "three"]);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_taken_and_cuts_make_no_difference(
            pieces in prop::collection::vec(prop_oneof![
                any::<Vec<u8>>(),
                "\x1b\\[[0-9;?]{0,6}[A-Zabdfhlm@`]".prop_map(String::into_bytes),
                "[a-z\u{6d77}\u{e9}\r\n\t]{0,30}".prop_map(String::into_bytes),
            ], 0..20),
            at in any::<prop::sample::Index>(),
        ) {
            let written = pieces.concat();
            let (first, second) = written.split_at(at.index(written.len() + 1));
            let (mut whole, mut cut) = (Screen::new(20, 4), Screen::new(20, 4));
            whole.feed(&written);
            cut.feed(first);
            cut.feed(second);
            prop_assert_eq!(whole.text(), cut.text());
        }
    }
}
