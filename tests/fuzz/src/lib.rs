//! What the fuzzers claim: each module takes bytes and panics where a claim does not hold.
//!
//! The claims know nothing of libFuzzer, so a crash can be looked at from a unit test
//! with the same bytes. How to run them: `.ci/fuzz`.

pub mod request;
pub mod sse;
pub mod stream;

/// Cuts bytes into pieces whose lengths follow from `seed`; nought means one byte each.
pub fn pieces(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed);
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = if seed == 0 { 1 } else { (state >> 24) as usize % 23 };
        let (piece, more) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    pieces
}
