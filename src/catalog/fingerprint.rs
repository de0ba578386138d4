//! One short name for all that is known here, so that a record can say by which data it was made.

use std::fmt::Write as _;
use std::sync::LazyLock;

use ring::digest::{Context, SHA256};

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut context = Context::new(&SHA256);
    for (name, text) in data() {
        context.update(format!("{name} {}\n", text.len()).as_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
});

/// The data files by name, with their text.
pub fn data() -> [(&'static str, &'static str); 7] {
    [
        ("dialects.json", include_str!("dialects.json")),
        ("facts.json", include_str!("facts.json")),
        ("hosts.json", include_str!("hosts.json")),
        ("models.json", include_str!("models.json")),
        ("prices.json", include_str!("prices.json")),
        ("providers.json", include_str!("providers.json")),
        ("vendor.json", include_str!("vendor.json")),
    ]
}

/// Returns the SHA-256 over the data files, each behind its name and length, as 64 hexadecimal digits.
pub fn hash() -> &'static str {
    &HASH
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_64_digits_and_always_the_same() {
        assert_eq!((super::hash().len(), super::hash()), (64, super::hash()));
    }
}
