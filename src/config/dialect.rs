//! Whose rules a provider's chat completions follow.

use crate::catalog::{self, Quirks};

/// A family of servers that agree on fields, order and ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Mistral's hosted API: unknown fields are refused, order and ids are checked.
    Mistral,
    /// The common subset; what a server that says no more is taken for.
    OpenAi,
    /// Ollama's `/v1`.
    Ollama,
    /// LM Studio's server.
    LmStudio,
    /// vLLM's server.
    Vllm,
    /// llama.cpp's server.
    LlamaCpp,
    /// Infomaniak: `max_completion_tokens` in place of `max_tokens`.
    Infomaniak,
    /// IONOS: answers of 16 tokens unless the request says otherwise.
    Ionos,
}

impl Dialect {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Mistral,
        Self::OpenAi,
        Self::Ollama,
        Self::LmStudio,
        Self::Vllm,
        Self::LlamaCpp,
        Self::Infomaniak,
        Self::Ionos,
    ];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mistral => "mistral",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
            Self::LmStudio => "lm-studio",
            Self::Vllm => "vllm",
            Self::LlamaCpp => "llama.cpp",
            Self::Infomaniak => "infomaniak",
            Self::Ionos => "ionos",
        }
    }

    /// Reads the configuration's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == word)
    }

    /// What it wants otherwise than the common subset; the data is the catalogue's.
    pub fn quirks(self) -> &'static Quirks {
        catalog::quirks(self.as_str())
    }

    /// Whether it completes code between a prompt and a suffix; Mistral's own servers do.
    pub fn has_fim(self) -> bool {
        self == Self::Mistral
    }

    /// Infers the dialect: from a host that belongs to a known service, else from the provider's name, else `openai`.
    pub fn infer(host: &str, name: &str) -> Self {
        if let Some(dialect) = catalog::dialect_of(host).and_then(Self::parse) {
            return dialect;
        }
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "lmstudio" => Self::LmStudio,
            "llamacpp" | "llama-cpp" => Self::LlamaCpp,
            name => Self::parse(name).unwrap_or(Self::OpenAi),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_named_mistral_on_loopback_gets_mistrals_rules() {
        assert_eq!(Dialect::infer("127.0.0.1", "mistral"), Dialect::Mistral);
    }

    #[test]
    fn a_host_beats_a_name() {
        assert_eq!(Dialect::infer("api.eu.mistral.ai", "ollama"), Dialect::Mistral);
        assert_eq!(Dialect::infer("notmistral.ai", "x"), Dialect::OpenAi);
    }

    #[test]
    fn every_dialect_of_the_catalogue_is_one() {
        for word in catalog::known_dialects() {
            assert!(Dialect::parse(word).is_some(), "{word}");
        }
        assert_eq!(Dialect::infer("openai.inference.de-txl.ionos.com", "x"), Dialect::Ionos);
    }

    #[test]
    fn every_word_reads_back() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::parse(dialect.as_str()), Some(dialect));
        }
    }
}
