//! Hosts that the user lets traffic go to, with what the user knows of them: `egress.json` beside the configuration.

use serde_json::{Value, json};

use super::{
    Document, Host, Problems,
    interpolate::Strings,
    reader::{Node, Reader},
};

const KEYS: [&str; 7] = ["host", "operator", "country", "region", "network", "reason", "since"];

/// A host that the user vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The host, in the one form that hosts are compared in.
    pub host: Host,
    /// Who operates it, as the user knows it.
    pub operator: String,
    /// The operator's country, two letters in upper case.
    pub country: Option<String>,
    /// Where the host promises to work.
    pub region: Option<String>,
    /// What its name has to lead to.
    pub network: Network,
    /// Why it may be spoken to.
    pub reason: String,
    /// The day since when, `YYYY-MM-DD`.
    pub since: String,
}

impl Allowance {
    /// As it stands in the file.
    pub fn to_json(&self) -> Value {
        let Self { host, operator, country, region, network, reason, since } = self;
        let mut value = json!({"host": host, "operator": operator});
        for (key, text) in [("country", country), ("region", region)] {
            if let Some(text) = text {
                value[key] = json!(text);
            }
        }
        for (key, text) in [("network", network.as_str()), ("reason", reason), ("since", since)] {
            value[key] = json!(text);
        }
        value
    }
}

/// What a host's name has to lead to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// Addresses of the Internet, and no other.
    #[default]
    Public,
    /// Addresses of this machine or of a network of one's own, and no other.
    Private,
}

impl Network {
    const ALL: [Self; 2] = [Self::Public, Self::Private];

    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// Reads the text of `egress.json`, JSON5 with a list of objects.
///
/// # Errors
/// Fails with all problems at once: of half a list nobody knows what the other half would allow.
pub fn allowances(text: &str, name: &str) -> Result<Vec<Allowance>, Problems> {
    let Document { value, file, places } = Document::parse(text, name)?;
    let mut reader = Reader::new(&file, places, Strings::default(), &|_| None);
    let root = Node { value: &value, path: String::new() };
    let nodes = reader.list(&root);
    let mut list: Vec<Allowance> = Vec::new();
    for node in &nodes {
        let Some(found) = allowance(&mut reader, node) else { continue };
        if list.iter().any(|known| known.host == found.host) {
            reader.error(node, format!("{} stands here twice", found.host));
        }
        list.push(found);
    }
    if reader.problems.is_empty() { Ok(list) } else { Err(Problems(reader.problems)) }
}

fn allowance(reader: &mut Reader, node: &Node<'_>) -> Option<Allowance> {
    reader.object(node)?;
    for key in node.keys().filter(|key| !KEYS.contains(key)) {
        // What it was to say may be what makes the host one that may be spoken to.
        reader.unknown(node, key, KEYS, format!("unknown key `{key}`"));
    }
    let mut text = |key: &str| node.get(key).and_then(|node| Some((reader.text(&node)?.to_owned(), node)));
    let [host, operator, country, region, network, reason, since] = KEYS.map(&mut text);
    for (key, value) in [("host", &host), ("operator", &operator), ("reason", &reason)] {
        if value.is_none() {
            reader.error(node, format!("`{key}` is missing"));
        }
    }
    let (host, node_of_host) = host?;
    let host = Host::parse(host.strip_suffix('.').unwrap_or(&host)).map_err(|what| reader.error(&node_of_host, what));
    let country = country.and_then(|(text, node)| match country_code(&text) {
        Ok(country) => Some(country),
        Err(what) => {
            reader.error(&node, what);
            None
        }
    });
    let network = network.map_or(Network::Public, |(text, node)| {
        let known = Network::ALL.iter().find(|network| network.as_str() == text);
        if known.is_none() {
            let words = Network::ALL.iter().map(|network| network.as_str());
            reader.unknown(&node, &text, words, format!("`{text}` is neither `public` nor `private`"));
        }
        known.copied().unwrap_or_default()
    });
    Some(Allowance {
        host: host.ok()?,
        operator: operator?.0,
        country,
        region: region.map(|(text, _)| text),
        network,
        reason: reason?.0,
        since: since.map(|(text, _)| text).unwrap_or_default(),
    })
}

/// Reads a country's two letters.
///
/// # Errors
/// Says what the text is not.
pub fn country_code(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(format!("`{text}` is no country in two letters, such as `FR`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        allowances(text, "egress.json").unwrap_err().to_string()
    }

    #[test]
    fn what_is_known_of_a_host_is_read() {
        let text = "[{host: 'LLM.Example.', operator: 'Example GmbH', country: 'de', network: 'private', \
                     reason: 'ours', since: '2026-11-22'}, // a comment\n {host: 'a.example', operator: 'A', reason: 'r'}]";
        let read = allowances(text, "egress.json").unwrap();
        let first = Allowance {
            host: Host::of_url("llm.example"),
            operator: "Example GmbH".to_owned(),
            country: Some("DE".to_owned()),
            region: None,
            network: Network::Private,
            reason: "ours".to_owned(),
            since: "2026-11-22".to_owned(),
        };
        assert_eq!((&read[0], read[1].network, read.len()), (&first, Network::Public, 2));
        let text = Value::from(read.iter().map(Allowance::to_json).collect::<Vec<_>>()).to_string();
        assert_eq!(allowances(&text, "egress.json").as_ref(), Ok(&read));
        assert_eq!(allowances("[]", "egress.json"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let text = "[{host: 'https://a.example', operator: 'A', reason: 'r'},\n{host: 'b.example'}]";
        let all = problems(text);
        assert!(all.contains("egress.json:1:9: [0].host: `https://a.example` is no host"), "{all}");
        assert!(all.contains("egress.json:2:1: [1]: `operator` is missing"), "{all}");
        assert!(problems("{}").contains("expected a list"));
        assert!(problems("[{host: 'a', operator: 'A', reason: 'r', netwrok: 'private'}]").contains("`network`"));
        assert!(problems("[{host: 'a', operator: 'A', reason: 'r', network: 'lan'}]").contains("neither `public`"));
        assert!(problems("[{host: 'a', operator: 'A', reason: 'r', country: 'Germany'}]").contains("no country"));
    }

    #[test]
    fn a_host_stands_there_once() {
        let one = "{host: 'a.example', operator: 'A', reason: 'r'}";
        assert!(problems(&format!("[{one}, {one}]")).contains("a.example stands here twice"));
    }
}
