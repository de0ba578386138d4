//! What an upstream says to a request: so much, and nothing else, whoever asks.

use serde_json::{Value, json};

/// Numbers that look like chance and are the same in every run.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default() % end
    }
}

/// An answer: words, and for some questions a call behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub text: String,
    pub call: Option<Value>,
}

/// How a request names itself in its last turn; its number follows in eight digits.
pub const MARK: &str = "question ";

/// What the upstream `who` says to request `number`.
pub fn said(who: &str, number: u64) -> Said {
    const WORDS: [&str; 10] =
        ["Größe", "naïve", "tests", "✓", "漢字", "🦀", "\"quoted\"", "line\nbreak", "\\", "plain words"];
    let mut chance = Chance::new(number ^ u64::from(who.as_bytes()[0]) << 40);
    let mut text = format!("[{who}] {number}:");
    for _ in 0..5 + chance.below(60) {
        text.push(' ');
        text.push_str(WORDS[chance.below(WORDS.len())]);
    }
    let call =
        (chance.below(3) == 0).then(|| json!({"file_path": format!("/src/{who}/{number}/ä.rs"), "limit": number}));
    Said { text, call }
}
