//! Every value of a configuration with where it came from, for `mcr config show`.

use std::fmt;

use serde_json::Value;

use super::Position;

/// What stands in place of a secret.
const MASK: &str = "[secret]";

/// One value as it is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its path (`Providers[0].name`).
    pub path: String,
    /// The value; a secret is masked already.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is written in the file.
    Written {
        /// Where.
        position: Position,
        /// The environment variables that went into it.
        variables: Vec<String>,
    },
    /// It would come from a variable that is unset or empty.
    Unset {
        /// Where the file names the variable.
        position: Position,
        /// The variable.
        variable: String,
    },
    /// Nothing says otherwise.
    Default,
    /// It follows from another value, which is named.
    Inferred(&'static str),
    /// The model catalogue of this date says so.
    Catalogue(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written { position, variables } => {
                write!(f, "{position}")?;
                for variable in variables {
                    write!(f, ", ${variable}")?;
                }
                Ok(())
            }
            Self::Unset { position, variable } => write!(f, "{position}, ${variable} is unset or empty"),
            Self::Default => f.write_str("default"),
            Self::Inferred(from) => write!(f, "from {from}"),
            Self::Catalogue(date) => write!(f, "catalogue of {date}"),
        }
    }
}

/// What stands in place of a secret, as a value.
pub(super) fn mask() -> Value {
    Value::from(MASK)
}

/// Returns a value in which whatever is named like a secret is masked.
pub(super) fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), if names_a_secret(key) { mask() } else { masked(value) }))
                .collect(),
        ),
        Value::Array(list) => list.iter().map(masked).collect(),
        scalar => scalar.clone(),
    }
}

/// Returns a URL without what it may hold of secrets: the part before `@`, and the query.
pub(super) fn masked_url(url: &http::Uri) -> String {
    let scheme = url.scheme_str().unwrap_or_default();
    let authority = url.authority().map_or("", http::uri::Authority::as_str);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    let query = if url.query().is_some() { format!("?{MASK}") } else { String::new() };
    format!("{scheme}://{authority}{}{query}", url.path())
}

/// Whether a key is one that commonly holds a secret; the words are those of claude-code-router's preset export.
pub fn names_a_secret(key: &str) -> bool {
    let key: String = key.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    ["apikey", "secret", "authtoken", "accesstoken", "password", "passwd", "privatekey", "accesskey", "authorization"]
        .iter()
        .any(|word| key.contains(word))
        || key == "token"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_like_a_secret_is_masked_and_token_counts_are_not() {
        let value = json!({"max_tokens": 5, "nested": [{"api_key": "sk-1", "X-Api-Key": "sk-2", "token": {"a": 1}}]});
        assert_eq!(
            masked(&value),
            json!({"max_tokens": 5, "nested": [{"api_key": MASK, "X-Api-Key": MASK, "token": MASK}]})
        );
    }

    #[test]
    fn a_url_is_shown_without_credentials_and_query() {
        let show = |url: &str| masked_url(&url.parse().unwrap());
        assert_eq!(show("http://user:pw@proxy.example:3128"), "http://[secret]@proxy.example:3128/");
        assert_eq!(show("https://x.example/v1?api-key=1"), "https://x.example/v1?[secret]");
        assert_eq!(show("https://x.example/v1"), "https://x.example/v1");
    }
}
