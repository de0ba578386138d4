//! One short name for everything that a configuration says.

use std::fmt::Write as _;

use ring::digest::{Context, SHA256};

use super::Config;

/// Returns the SHA-256 of bytes as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    hexadecimal(context)
}

impl Config {
    /// Returns the SHA-256 of all values with their paths, as 64 hexadecimal digits.
    ///
    /// Secrets are masked, so the hash tells nothing of them; where a value came from and how the file is laid
    /// out make no difference.
    pub fn hash(&self) -> String {
        let mut context = Context::new(&SHA256);
        for setting in &self.settings {
            // No path holds a line end, and JSON has none either.
            context.update(format!("{}={}\n", setting.path, setting.value).as_bytes());
        }
        hexadecimal(context)
    }
}

fn hexadecimal(context: Context) -> String {
    context.finish().as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use crate::config::read;

    fn hash(text: &str) -> String {
        read(text, "c.json", &|_| None).unwrap().hash()
    }

    #[test]
    fn it_follows_the_values_and_not_the_file() {
        let of = |key: &str, model: &str, space: &str| {
            hash(&format!(
                "{{Providers: [{{name: 'p', api_base_url: 'http://localhost/v1',{space} api_key: '{key}',
                   models: ['{model}']}}], Router: {{default: 'p,{model}'}}}}"
            ))
        };
        assert_eq!(of("sk-1", "m", ""), of("sk-2", "m", " // a comment\n"));
        assert_ne!(of("sk-1", "m", ""), of("sk-1", "other", ""));
        assert_eq!(of("sk-1", "m", "").len(), 64);
    }

    #[test]
    fn bytes_have_the_known_hash() {
        assert_eq!(super::sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
