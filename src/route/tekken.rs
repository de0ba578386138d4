//! Counts the tokens of a text exactly as Mistral's Tekken tokenizer does.
//!
//! Knows text only: what a prompt wraps around its messages is for the caller
//! to add. Special tokens such as `[INST]` have no meaning here, because in a
//! message they are ordinary text. The vocabulary and the character classes come
//! from `catalog/tekken.bin`, whose origin `catalog/tekken.md` tells.
//!
//! A text is cut into pieces the way Tekken's pattern does, and the bytes of a
//! piece are joined pair by pair, lowest rank first. Both take time almost
//! proportional to the text, whatever the text: a client chooses it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::LazyLock;

static SHARED: LazyLock<Tekken> = LazyLock::new(|| Tekken::unpack(include_bytes!("../catalog/tekken.bin")));

/// A longer piece is joined in blocks of this many bytes.
///
/// No text that means something has a piece of this length, but a hostile one
/// may, and joining needs some twenty bytes of memory for each of its bytes. The
/// count of such a piece can be off by a token or two for each block.
const BLOCK: usize = 1 << 20;

/// Twice the vocabulary, so that a search is short, and a power of two, so that
/// the first bits of a hash choose a slot.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 18;

/// A slot keeps the rank in its low bits and bits of the hash above them; most
/// strangers are turned away without a look at the bytes.
const RANK_BITS: u32 = 17;
const RANK: u32 = (1 << RANK_BITS) - 1;

/// No slot in use looks like this, since the last rank is below `RANK`.
const EMPTY: u32 = u32::MAX;

// The bracket expressions of the pattern, one bit each, in the order of
// `scripts/pack-tekken.py`.
const UPPER: u8 = 1; // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
const LOWER: u8 = 1 << 1; // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
const LEAD: u8 = 1 << 2; // [^\r\n\p{L}\p{N}]
const NUMBER: u8 = 1 << 3; // \p{N}
const SIGN: u8 = 1 << 4; // [^\s\p{L}\p{N}]
const SPACE: u8 = 1 << 5; // \s

/// The vocabulary and the pattern of Tekken.
pub struct Tekken {
    /// The tokens in rank order, each behind a byte with its length.
    packed: &'static [u8],
    /// Where in `packed` the bytes of each rank begin.
    starts: Vec<u32>,
    /// A hash table with open addressing from the bytes of a token to its rank.
    slots: Vec<u32>,
    /// The set of classes of each code point.
    classes: Vec<u8>,
    longest: usize,
}

impl Tekken {
    /// Returns the one tokenizer of this process, unpacked on first use.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// Returns how many tokens the text has, without begin and end marks.
    pub fn count(&self, text: &str) -> usize {
        let mut joiner = Joiner::new(self);
        let mut rest = text;
        let mut tokens = 0;
        while let Some(first) = rest.chars().next() {
            let (piece, after) = rest.split_at(self.piece(first, rest));
            tokens += match self.rank(piece.as_bytes()) {
                Some(_) => 1,
                None => piece.as_bytes().chunks(BLOCK).map(|block| joiner.count(block)).sum(),
            };
            rest = after;
        }
        tokens
    }

    /// Reads the file whose layout `scripts/pack-tekken.py` describes.
    fn unpack(packed: &'static [u8]) -> Self {
        let mut tekken = Self {
            packed,
            starts: Vec::with_capacity(1 << RANK_BITS),
            slots: vec![EMPTY; SLOTS],
            classes: Vec::with_capacity(char::MAX as usize + 1),
            longest: 0,
        };
        let mut start = 1;
        for rank in 0.. {
            let length = packed[start as usize - 1];
            if length == 0 {
                break;
            }
            tekken.starts.push(start);
            tekken.longest = tekken.longest.max(usize::from(length));
            tekken.insert(rank);
            start += u32::from(length) + 1;
        }
        let (runs, _) = packed[start as usize..].as_chunks();
        for &[class, low, middle, high] in runs {
            let end = u32::from_le_bytes([low, middle, high, 0]);
            tekken.classes.resize(end as usize, class);
        }
        tekken
    }

    fn insert(&mut self, rank: u32) {
        let (mut slot, tag) = place(self.token(rank));
        while self.slots[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        self.slots[slot] = tag | rank;
    }

    fn rank(&self, bytes: &[u8]) -> Option<u32> {
        if bytes.len() > self.longest {
            return None;
        }
        let (mut slot, tag) = place(bytes);
        loop {
            let found = self.slots[slot];
            if found == EMPTY {
                return None;
            }
            if found & !RANK == tag && self.token(found & RANK) == bytes {
                return Some(found & RANK);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    fn token(&self, rank: u32) -> &'static [u8] {
        let start = self.starts[rank as usize] as usize;
        &self.packed[start..start + usize::from(self.packed[start - 1])]
    }

    /// Returns the length of the first piece of a text that begins with `first`.
    ///
    /// The alternatives of the pattern, in its order; the first that fits wins.
    fn piece(&self, first: char, text: &str) -> usize {
        let is = |set| self.is(first, set);

        // `[^\r\n\p{L}\p{N}]?[\p{Lu}…]*[\p{Ll}…]+`, else the same with `+` and `*`
        let lead = if is(LEAD) { first.len_utf8() } else { 0 };
        match self.word(text, lead) {
            Word::WithLower(end) => return end,
            // A mark may lead a word or be one. Led by it, these capitals have no
            // lower letter behind them; alone it counts as one, and that is the
            // alternative that comes first.
            Word::AllUpper(_) if is(LOWER) => return lead,
            Word::AllUpper(end) if end > lead => return end,
            Word::AllUpper(_) => {}
        }

        // `\p{N}`
        if is(NUMBER) {
            return first.len_utf8();
        }

        // ` ?[^\s\p{L}\p{N}]+[\r\n/]*`
        let blank = usize::from(first == ' ');
        let signs = self.run(text, blank, SIGN);
        if signs > blank {
            let tail = text.as_bytes()[signs..].iter();
            return signs + tail.take_while(|byte| matches!(byte, b'\r' | b'\n' | b'/')).count();
        }

        // `\s*[\r\n]+`
        let spaces = self.run(text, 0, SPACE);
        if let Some(newline) = text[..spaces].rfind(['\r', '\n']) {
            return newline + 1;
        }

        // `\s+(?!\S)|\s+`: the last of several is left to the word after it.
        let last = text[..spaces].chars().next_back().map_or(0, char::len_utf8);
        if spaces < text.len() && spaces > last { spaces - last } else { spaces }
    }

    /// Reads the letters at `from`: upper ones, then as many lower ones as
    /// follow, where letters without case and marks count as either.
    fn word(&self, text: &str, from: usize) -> Word {
        let mut end = from;
        let mut either = None;
        for letter in text[from..].chars() {
            if !self.is(letter, UPPER) {
                if self.is(letter, LOWER) {
                    return Word::WithLower(self.run(text, end, LOWER));
                }
                break;
            }
            end += letter.len_utf8();
            if self.is(letter, LOWER) {
                either = Some(end);
            }
        }
        either.map_or(Word::AllUpper(end), Word::WithLower)
    }

    /// Returns where the characters of a set that begin at `from` end.
    fn run(&self, text: &str, from: usize, set: u8) -> usize {
        text[from..].find(|character| !self.is(character, set)).map_or(text.len(), |length| from + length)
    }

    fn is(&self, character: char, set: u8) -> bool {
        self.classes[character as usize] & set != 0
    }
}

/// What the letters at some place are, and where they end.
enum Word {
    WithLower(usize),
    AllUpper(usize),
}

/// Joins the bytes of a piece into tokens, and keeps its memory for the next.
///
/// The parts of a piece lie side by side, so the lengths at both ends of each
/// stand for a linked list: nothing is moved when two parts become one.
struct Joiner<'a> {
    tekken: &'a Tekken,
    /// The length of the part that begins at a byte, or 0 where none does.
    from: Vec<u8>,
    /// The length of the part that ends before a byte; stale where none does.
    until: Vec<u8>,
    /// The rank that the part at a byte and its neighbour would have together;
    /// the lowest rank comes first, and of equal ones the leftmost.
    queue: BinaryHeap<Reverse<(u32, usize)>>,
}

impl<'a> Joiner<'a> {
    fn new(tekken: &'a Tekken) -> Self {
        Self { tekken, from: Vec::new(), until: Vec::new(), queue: BinaryHeap::new() }
    }

    /// Returns how many tokens are left when no two neighbours make one.
    ///
    /// Each join takes one pair from the queue and adds two at most, so there
    /// are fewer than three steps for each byte.
    fn count(&mut self, piece: &[u8]) -> usize {
        self.from.clear();
        self.from.resize(piece.len(), 1);
        self.until.clear();
        self.until.resize(piece.len() + 1, 1);
        for start in 1..piece.len() {
            self.offer(piece, start - 1, start + 1);
        }

        let mut tokens = piece.len();
        while let Some(Reverse((rank, start))) = self.queue.pop() {
            let middle = start + usize::from(self.from[start]);
            if middle == start || middle == piece.len() {
                continue;
            }
            // A pair that has changed since it was queued has grown.
            let end = middle + usize::from(self.from[middle]);
            let joined = self.tekken.packed[self.tekken.starts[rank as usize] as usize - 1];
            if end - start != usize::from(joined) {
                continue;
            }
            self.from[middle] = 0;
            self.from[start] = joined;
            self.until[end] = joined;
            tokens -= 1;
            if start > 0 {
                self.offer(piece, start - usize::from(self.until[start]), end);
            }
            if end < piece.len() {
                self.offer(piece, start, end + usize::from(self.from[end]));
            }
        }
        tokens
    }

    fn offer(&mut self, piece: &[u8], start: usize, end: usize) {
        if let Some(rank) = self.tekken.rank(&piece[start..end]) {
            self.queue.push(Reverse((rank, start)));
        }
    }
}

/// Returns where the search for a token begins, and the bits its slot must have.
fn place(bytes: &[u8]) -> (usize, u32) {
    let mut hash = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash.rotate_left(29) ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    let slot = hash >> (u64::BITS - SLOT_BITS);
    let tag = (hash << SLOT_BITS) >> u32::BITS;
    (slot as usize, tag as u32 & !RANK)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, how often it is repeated, and the tokens `mistral_common` counts.
    const VECTORS: &str = include_str!("../../tests/fixtures/tekken/vectors.json");

    fn pieces(mut text: &str) -> Vec<&str> {
        let mut pieces = Vec::new();
        while let Some(first) = text.chars().next() {
            let (piece, rest) = text.split_at(Tekken::shared().piece(first, text));
            pieces.push(piece);
            text = rest;
        }
        pieces
    }

    #[test]
    fn every_count_is_that_of_mistral_common() {
        let vectors: Vec<(String, usize, usize)> = serde_json::from_str(VECTORS).unwrap();
        let wrong: Vec<_> = vectors
            .iter()
            .map(|(text, times, tokens)| (text, Tekken::shared().count(&text.repeat(*times)), *tokens))
            .filter(|(_, counted, tokens)| counted != tokens)
            .collect();
        assert_eq!(wrong, []);
        assert_eq!(vectors.len(), 343);
    }

    #[test]
    fn every_token_is_found_at_its_rank() {
        let tekken = Tekken::shared();
        let found = (0..).take_while(|&rank| tekken.starts.len() > rank as usize);
        assert!(found.clone().all(|rank| tekken.rank(tekken.token(rank)) == Some(rank)));
        assert_eq!(found.count(), 130_072);
    }

    #[test]
    fn bytes_that_are_no_token_have_no_rank() {
        assert_eq!(Tekken::shared().rank(b"qzqz"), None);
        assert_eq!(Tekken::shared().rank(&[b' '; 300]), None);
    }

    #[test]
    fn every_code_point_has_its_classes() {
        let tekken = Tekken::shared();
        assert_eq!(tekken.classes.len(), 0x11_0000);
        let spaces: String = ('\0'..=char::MAX).filter(|&character| tekken.is(character, SPACE)).collect();
        let expected: String = ('\0'..=char::MAX).filter(|character| character.is_whitespace()).collect();
        assert_eq!(spaces, expected);
    }

    #[test]
    fn a_word_takes_the_space_before_it() {
        assert_eq!(pieces("two  words\n\n end "), ["two", " ", " words", "\n\n", " end", " "]);
    }

    #[test]
    fn a_word_ends_where_capitals_begin_again() {
        assert_eq!(pieces("camelCaseHTTPServer"), ["camel", "Case", "HTTPServer"]);
    }

    #[test]
    fn signs_take_the_line_ends_and_slashes_after_them() {
        assert_eq!(pieces("x ();\r\n/\ty"), ["x", " ();\r\n/", "\ty"]);
    }

    #[test]
    fn digits_stand_alone() {
        assert_eq!(pieces(" 12³"), [" ", "1", "2", "³"]);
    }

    #[test]
    fn a_mark_before_capitals_is_a_word_of_its_own() {
        assert_eq!(pieces("\u{301}AB"), ["\u{301}", "AB"]);
    }

    #[test]
    fn an_endless_piece_is_joined_block_by_block() {
        // No longer run of this letter than two comes of joining pairs.
        assert_eq!(Tekken::shared().count(&"a".repeat(BLOCK + 1)), BLOCK / 2 + 1);
    }

    #[test]
    fn text_of_special_tokens_is_ordinary_text() {
        assert_eq!(pieces("<s>[INST]"), ["<s", ">[", "INST", "]"]);
    }

    #[test]
    fn no_text_has_no_tokens() {
        assert_eq!(Tekken::shared().count(""), 0);
    }
}
