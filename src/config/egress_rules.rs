//! `Egress`: which operators' hosts may be spoken to, and what the agent itself may reach.

use std::sync::Arc;

use super::{
    Provider, Source, path,
    reader::{Node, Reader},
    suggest,
};
use crate::catalog;

const KEYS: [&str; 6] = ["allow", "deny", "region", "mode", "agent", "agent_allow"];
/// Loopback and private addresses, as a word of `allow`.
const LOCAL: &str = "local";
/// Who may have what is sent unless `allow` says otherwise.
const USUAL: [&str; 4] = ["eu", "eea", "ch", LOCAL];
/// Words of `allow` and `deny` for several countries, and for this network.
const GROUPS: [&str; 3] = ["eu", "eea", LOCAL];

/// What the configuration says of where traffic may go.
///
/// A word of `allow` and `deny` is `local` (loopback and private addresses), `eu` or `eea` (operators established
/// there), a country's two letters, the name of a provider in the catalogue, or a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressRules {
    /// What may be spoken to; in lower case.
    pub allow: Vec<String>,
    /// What may not, whatever `allow` says.
    pub deny: Vec<String>,
    /// Where the host has to promise to work; absent where its operator alone counts.
    pub region: Option<String>,
    /// Whether what is not allowed is refused.
    pub mode: Mode,
    /// What the agent's own traffic may reach.
    pub agent: AgentTraffic,
    /// Hosts, and domains with a dot in front, that the agent may reach in `strict`, beyond those of `allow`.
    pub agent_allow: Vec<String>,
}

impl Default for EgressRules {
    fn default() -> Self {
        Self {
            allow: USUAL.map(str::to_owned).to_vec(),
            deny: Vec::new(),
            region: None,
            mode: Mode::default(),
            agent: AgentTraffic::default(),
            agent_allow: Vec::new(),
        }
    }
}

/// Rules beside the user's own that have to allow a host, too: they can refuse and never widen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// Whose they are.
    pub by: By,
    /// What may be spoken to; absent where this says nothing of it.
    pub allow: Option<Vec<String>>,
    /// What may not.
    pub deny: Vec<String>,
    /// Where the host has to promise to work.
    pub region: Option<String>,
}

impl Narrowing {
    /// The rules of a preset, of which only what it says itself counts.
    pub fn of_preset(rules: &EgressRules, says_allow: bool) -> Self {
        let allow = says_allow.then(|| rules.allow.clone());
        Self { by: By::Preset, allow, deny: rules.deny.clone(), region: rules.region.clone() }
    }

    /// Nothing but this machine and its network.
    pub fn offline() -> Self {
        Self { by: By::OfflineOnly, allow: Some(vec![LOCAL.to_owned()]), deny: Vec::new(), region: None }
    }
}

/// Whose rules narrow the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The preset that runs.
    Preset,
    /// `--offline-only`.
    OfflineOnly,
}

/// What happens to what is not allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    #[default]
    Enforce,
    /// It goes, with a warning, and is noted.
    Observe,
}

impl Mode {
    const ALL: [Self; 2] = [Self::Enforce, Self::Observe];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// What the agent, and the commands that it runs, may reach besides mcr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AgentTraffic {
    /// Everything; it is noted.
    Observe,
    /// Everything but the agent's vendor and those whom it sends telemetry to.
    #[default]
    BlockVendor,
    /// What `allow` and `agent_allow` name, and nothing else.
    Strict,
}

impl AgentTraffic {
    const ALL: [Self; 3] = [Self::Observe, Self::BlockVendor, Self::Strict];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::BlockVendor => "block-vendor",
            Self::Strict => "strict",
        }
    }
}

/// Reads `Egress`.
pub(super) fn egress_rules(reader: &mut Reader, root: &Node<'_>, providers: &[Arc<Provider>]) -> EgressRules {
    let mut rules = EgressRules::default();
    let node = root.get("Egress");
    if let Some(node) = &node
        && reader.object(node).is_some()
    {
        reader.check_keys(node, &KEYS, &[]);
    }
    let get = |key: &str| node.as_ref().and_then(|node| node.get(key));
    for (key, list) in [("allow", &mut rules.allow), ("deny", &mut rules.deny), ("agent_allow", &mut rules.agent_allow)]
    {
        match get(key) {
            Some(node) => *list = words(reader, &node),
            None if list.is_empty() => {}
            None => reader.record_absent(path::key("Egress", key), list.clone(), Source::Default),
        }
    }
    for node in ["allow", "deny"].into_iter().filter_map(get) {
        warn_of_slips(reader, &node, providers);
    }
    if let Some(node) = get("region") {
        rules.region = reader.text(&node).map(str::to_ascii_lowercase).inspect(|_| reader.record(&node));
    }
    rules.mode = word(reader, get("mode"), "mode", &Mode::ALL.map(|mode| (mode.as_str(), mode)));
    rules.agent = word(reader, get("agent"), "agent", &AgentTraffic::ALL.map(|agent| (agent.as_str(), agent)));
    rules
}

fn words(reader: &mut Reader, node: &Node<'_>) -> Vec<String> {
    let items = reader.list(node);
    let words = items.iter().filter_map(|item| reader.text(item).map(str::to_ascii_lowercase)).collect();
    reader.record(node);
    words
}

/// Whether a word of `allow` and `deny` means more than the one host that may have it for a name.
pub fn is_word_for_several(word: &str) -> bool {
    let is_country = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_country || GROUPS.contains(&word) || catalog::known_provider(word).is_some()
}

/// Warns of words that mean no host of the configuration, and that look like none.
fn warn_of_slips(reader: &mut Reader, node: &Node<'_>, providers: &[Arc<Provider>]) {
    for item in node.items() {
        let Some(word) = item.value.as_str().map(str::to_ascii_lowercase) else { continue };
        let is_host = |provider: &Arc<Provider>| provider.connection.as_ref().is_ok_and(|it| it.host() == word);
        if word.contains(['.', ':', '$']) || is_word_for_several(&word) || providers.iter().any(is_host) {
            continue;
        }
        let known = catalog::providers().flat_map(|it| &it.names).map(String::as_str).chain(GROUPS);
        let what = format!("`{word}` is no country, no known provider, and no host of this configuration");
        reader.warn_of(&item, what, suggest::nearest(&word, known));
    }
}

fn word<T: Copy + Default>(reader: &mut Reader, node: Option<Node<'_>>, key: &str, known: &[(&str, T)]) -> T {
    let usual = T::default();
    let Some(node) = node else {
        reader.record_absent(path::key("Egress", key), known_word(key), Source::Default);
        return usual;
    };
    let Some(text) = reader.text(&node) else { return usual };
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
        reader.record(&node);
        return *value;
    }
    let all = known.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    reader.unknown(&node, text, known.iter().map(|(word, _)| *word), format!("`{text}` is none of {all}"));
    usual
}

fn known_word(key: &str) -> &'static str {
    if key == "mode" { Mode::default().as_str() } else { AgentTraffic::default().as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Problems, read};

    fn rules(egress: &str) -> Result<EgressRules, Problems> {
        let text = format!(
            "{{{egress} Providers: [{{name: 'p', api_base_url: 'http://localhost', models: ['m']}}], \
             Router: {{default: 'p,m'}}}}"
        );
        read(&text, "c.json", &|_| None).map(|config| config.egress)
    }

    #[test]
    fn europes_operators_and_this_network_may_be_spoken_to_unless_something_else_is_configured() {
        let usual = rules("").unwrap();
        assert_eq!(usual, EgressRules::default());
        assert_eq!(usual.allow, ["eu", "eea", "ch", "local"]);
        assert_eq!((usual.mode, usual.agent), (Mode::Enforce, AgentTraffic::BlockVendor));
    }

    #[test]
    fn what_is_configured_holds() {
        let configured = rules(
            "Egress: {allow: ['Local', 'api.OpenAI.com'], deny: ['us'], region: 'EU', mode: 'observe', \
             agent: 'strict', agent_allow: ['.crates.io']},",
        );
        let expect = EgressRules {
            allow: vec!["local".to_owned(), "api.openai.com".to_owned()],
            deny: vec!["us".to_owned()],
            region: Some("eu".to_owned()),
            mode: Mode::Observe,
            agent: AgentTraffic::Strict,
            agent_allow: vec![".crates.io".to_owned()],
        };
        assert_eq!(configured.unwrap(), expect);
    }

    #[test]
    fn a_word_that_means_nobody_is_told_with_what_it_may_have_been() {
        let text = "{Egress: {allow: ['eu', 'local', 'opnai', 'gpu', 'llm.example', 'no', 'eaa'], deny: ['mistal']}, \
            Providers: [{name: 'p', api_base_url: 'https://gpu', api_key: 'k', models: ['m']}], Router: {default: 'p,m'}}";
        let warnings = read(text, "c.json", &|_| None).unwrap().warnings;
        let told = |warning: &crate::config::Problem| format!("{}: {:?}", warning.path, warning.suggestion);
        let told: Vec<String> = warnings.iter().map(told).collect();
        let expected = [
            "Egress.allow[2]: Some(\"openai\")",
            "Egress.allow[6]: Some(\"eea\")",
            "Egress.deny[0]: Some(\"mistral\")",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_word_that_is_none_is_an_error_with_its_place() {
        let error = rules("Egress: {agent: 'stric'},").unwrap_err().to_string();
        assert!(error.contains("Egress.agent: `stric` is none of `observe`, `block-vendor`, `strict`"), "{error}");
        assert!(error.contains("did you mean `strict`?"), "{error}");
    }
}
