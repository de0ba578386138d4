//! One short name for all that is known here, so that a record can say by which data it was made.

use std::fmt::Write as _;
use std::sync::LazyLock;

use ring::digest::{Context, SHA256};

const DATA: [&str; 5] = [
    include_str!("models.json"),
    include_str!("dialects.json"),
    include_str!("hosts.json"),
    include_str!("providers.json"),
    include_str!("prices.json"),
];

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut context = Context::new(&SHA256);
    for data in DATA {
        context.update(data.as_bytes());
    }
    context.finish().as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
});

/// Returns the SHA-256 of the data files, one behind the other, as 64 hexadecimal digits.
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
