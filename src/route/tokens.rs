//! How many tokens a prompt has.
//!
//! History repeats from turn to turn, so what was counted once is remembered by its
//! hash: a turn pays for what is new.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use super::layout;
use super::tekken::Tekken;
use crate::catalog::Tokenizer;
use crate::config::Target;
use crate::wire::chat;

/// Bytes of a prompt for one token where the tokenizer is not known: measured on
/// Claude Code's prompts, 4.15 to 4.4.
const BYTES_PER_TOKEN: f64 = 4.2;
/// Texts that are remembered at most; each takes 16 bytes.
const REMEMBERED: usize = 65_536;
/// A longer text is remembered in parts of at least this many bytes.
///
/// The translation joins blocks, and the next turn's joined text is often the last one's with more behind it.
const PART: usize = 512;
/// A shorter text is counted faster than it is looked up.
const SHORT: usize = 24;

/// A number of tokens, and how far it can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenCount {
    /// What the model's own tokenizer gives.
    Exact(u64),
    /// From the number of bytes.
    Estimate(u64),
}

impl TokenCount {
    /// The number.
    pub fn number(self) -> u64 {
        match self {
            Self::Exact(tokens) | Self::Estimate(tokens) => tokens,
        }
    }

    /// `exact` or `estimate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Estimate(_) => "estimate",
        }
    }
}

/// Whether prompts for any of the targets are counted with the vocabulary.
pub fn needs_vocabulary<'a>(mut targets: impl Iterator<Item = &'a Target>) -> bool {
    targets.any(|target| target.facts.tokenizer != Tokenizer::Estimate)
}

/// Unpacks the vocabulary, which takes about 10 ms and is done once in a process.
pub fn unpack_vocabulary() {
    Tekken::shared();
}

/// Counts prompts and remembers the counts of their texts.
#[derive(Debug, Default)]
pub struct Counter {
    remembered: Mutex<HashMap<u64, u32, foldhash::fast::FixedState>>,
    hashing: foldhash::quality::RandomState,
}

impl Counter {
    /// Counts the prompt of a request for a target.
    pub fn count(&self, request: &chat::Request<'_>, target: &Target) -> TokenCount {
        match target.facts.tokenizer {
            Tokenizer::Estimate => TokenCount::Estimate(estimate(request)),
            tokenizer => TokenCount::Exact(layout::count(request, tokenizer, self)),
        }
    }

    /// Counts one text, or remembers the counts of its parts.
    pub(super) fn text(&self, mut text: &str) -> u64 {
        let mut tokens = 0;
        while let Some(end) = seam(text, PART) {
            let (part, rest) = text.split_at(end);
            tokens += self.part(part);
            text = rest;
        }
        tokens + self.part(text)
    }

    fn part(&self, text: &str) -> u64 {
        if text.len() <= SHORT {
            return Tekken::shared().count(text) as u64;
        }
        self.remember(self.hash(&[text.as_bytes()]), || Tekken::shared().count(text))
    }

    /// Returns the remembered count of what hashes to `key`, or counts it now.
    pub(super) fn remember(&self, key: u64, count: impl FnOnce() -> usize) -> u64 {
        if let Some(&tokens) = self.lock().get(&key) {
            return u64::from(tokens);
        }
        let tokens = u32::try_from(count()).unwrap_or(u32::MAX);
        let mut remembered = self.lock();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, tokens);
        u64::from(tokens)
    }

    /// Hashes parts in order; the hash is seeded, so that nobody can prepare two texts with the same.
    pub(super) fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        for part in parts {
            hasher.write(part);
            hasher.write_usize(part.len());
        }
        hasher.finish()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, u32, foldhash::fast::FixedState>> {
        // A count is inserted whole or not at all, so a panic elsewhere leaves nothing half done.
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first place from `from` on where a text can be cut without changing its count.
///
/// That is behind a line feed and before a visible ASCII sign other than a slash: in
/// Tekken's pattern only white space and slashes go on behind a line feed.
fn seam(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let ends = memchr::memchr_iter(b'\n', bytes.get(from..)?).map(|at| from + at + 1);
    ends.take_while(|&end| end < bytes.len()).find(|&end| bytes[end].is_ascii_graphic() && bytes[end] != b'/')
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn estimate(request: &chat::Request<'_>) -> u64 {
    (layout::bytes(request) as f64 / BYTES_PER_TOKEN).ceil() as u64 + layout::image_tokens(request)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(pieces in proptest::collection::vec(
            prop_oneof![
                Just("\n"), Just("\r\n"), Just("\n\n"), Just(" "), Just("\t"), Just("/"), Just("-"), Just(");"), Just("word"),
                Just("Größe"), Just("\u{301}"), Just("HTTPServer"), Just("1"), Just("\u{a0}"), Just("\u{2028}"), Just("字"),
            ],
            0..60,
        )) {
            let text = pieces.concat();
            let (mut rest, mut tokens) = (&text[..], 0);
            while let Some(end) = seam(rest, 1) {
                tokens += Tekken::shared().count(&rest[..end]);
                rest = &rest[end..];
            }
            prop_assert_eq!(tokens + Tekken::shared().count(rest), Tekken::shared().count(&text));
        }

        #[test]
        fn a_long_text_has_the_same_count_in_parts(line in "[a-z ]{0,30}\n", times in 1_usize..200) {
            let text = line.repeat(times);
            prop_assert_eq!(Counter::default().text(&text), Tekken::shared().count(&text) as u64);
        }
    }
}
