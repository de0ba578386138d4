//! How a value's place in the document is written: `Providers[0].transformer["a.b"].use[1]`.

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into an object.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Step {
    /// Returns the path of what the step leads to.
    pub fn below(&self, parent: &str) -> String {
        match self {
            Self::Key(name) => key(parent, name),
            Self::Index(number) => index(parent, *number),
        }
    }
}

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

/// Takes a path apart; a text that is none has no steps.
pub fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = bracketed(inside)?;
            steps.push(step);
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
    }
    (!steps.is_empty()).then_some(steps)
}

/// Reads a number or a quoted key up to its bracket, and returns what stands behind.
fn bracketed(inside: &str) -> Option<(Step, &str)> {
    if inside.starts_with('"') {
        let mut keys = serde_json::Deserializer::from_str(inside).into_iter::<String>();
        let key = keys.next()?.ok()?;
        return Some((Step::Key(key), inside[keys.byte_offset()..].strip_prefix(']')?));
    }
    if let Some(quoted) = inside.strip_prefix('\'') {
        let (key, after) = quoted.split_once("']")?;
        return Some((Step::Key(key.to_owned()), after));
    }
    let (index, after) = inside.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_path_lead_to_it() {
        for path in ["Router", "Providers[0].api_key", r#"a["devstral:latest"].use[1]"#, r#"a["x\"y]z"][2]"#] {
            let steps = steps(path).unwrap();
            assert_eq!(steps.iter().fold(String::new(), |path, step| step.below(&path)), path);
        }
        for path in ["", ".", "a..b", "[x]", "[0"] {
            assert_eq!(steps(path), None, "{path}");
        }
    }

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
