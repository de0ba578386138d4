//! How a value's place in the document is written: `Providers[0].transformer["a.b"].use[1]`.

/// Returns the path of an object's value.
pub fn key(parent: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    match (plain, parent.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{parent}.{key}"),
        (false, _) => format!("{parent}[{}]", serde_json::Value::from(key)),
    }
}

/// Returns the path of a list's value.
pub fn index(parent: &str, index: usize) -> String {
    format!("{parent}[{index}]")
}

/// Whether a path is another one or below it.
pub fn is_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_word_is_quoted() {
        assert_eq!(key("", "Router"), "Router");
        assert_eq!(key(&index("Providers", 0), "api_key"), "Providers[0].api_key");
        assert_eq!(key("a", "mistral-small-latest"), "a.mistral-small-latest");
        assert_eq!(key("a", "devstral:latest"), r#"a["devstral:latest"]"#);
        assert_eq!(key("", ""), r#"[""]"#);
    }

    #[test]
    fn below_means_whole_steps() {
        assert!(is_below("a.b", "a.b") && is_below("a.b[0]", "a.b") && is_below("a.b.c", "a.b"));
        assert!(!is_below("a.bc", "a.b"));
    }
}
