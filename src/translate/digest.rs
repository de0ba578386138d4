//! Short stable names for long ones.
//!
//! The same text gives the same name in every release: a tool call's id is made
//! anew on every replay of the conversation, and one changed byte in the prefix
//! loses the prompt cache. So no hasher whose output may change, and no seed.

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns `length` letters and digits (at most 10) that stand for `text`; another `salt` gives others.
pub(super) fn name(text: &str, salt: u64, length: usize) -> String {
    let mut rest = hash(text, salt);
    let mut name = String::with_capacity(length);
    for _ in 0..length {
        name.push(char::from(LETTERS[(rest % 62) as usize]));
        rest /= 62;
    }
    name
}

/// FNV-1a over 64 bits, then MurmurHash3's finaliser so that the low digits depend on every byte.
fn hash(text: &str, salt: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_changes() {
        assert_eq!(name("toolu_01AbCdEf", 0, 9), name("toolu_01AbCdEf", 0, 9));
        assert_eq!(name("toolu_01AbCdEf", 0, 9), "9mptlBqpq");
    }

    #[test]
    fn neighbours_differ() {
        assert_ne!(name("toolu_1", 0, 9), name("toolu_2", 0, 9));
        assert_ne!(name("toolu_1", 0, 9), name("toolu_1", 1, 9));
    }
}
