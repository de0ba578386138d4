//! Two answers about a host that are never mixed: who operates it, and where it promises to work.

use super::{host, provider_of};

/// What is known of a host's operator and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The provider's first name in the catalogue.
    pub provider: &'static str,
    /// The operator's legal entity.
    pub operator: &'static str,
    /// The country that it is established in, two letters.
    pub country: &'static str,
    /// Where the host promises to work: `EU`, a country's two letters, or `global` where no place is promised;
    /// absent where nothing is known.
    pub region: Option<&'static str>,
}

/// The member states of the European Union, as ISO 3166 has them.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
];
/// The other states of the European Economic Area.
const EEA: [&str; 3] = ["IS", "LI", "NO"];

/// Finds what is known of a host; absent where nobody here knows its operator.
pub fn standing(name: &str) -> Option<Standing> {
    let provider = provider_of(name)?;
    Some(Standing {
        provider: provider.names.first()?,
        operator: provider.entity.as_deref()?,
        country: provider.country.as_deref()?,
        region: host(name).map(|host| &*host.region),
    })
}

/// Whether a country is within a word for several: `eu`, `eea`, or its own two letters.
pub fn is_within(country: &str, word: &str) -> bool {
    let is_one_of = |list: &[&str]| list.iter().any(|one| one.eq_ignore_ascii_case(country));
    match word {
        "eu" => is_one_of(&EU),
        "eea" => is_one_of(&EU) || is_one_of(&EEA),
        word => word.eq_ignore_ascii_case(country),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_operates_a_host_and_where_it_works_are_two_answers() {
        let of = |name| standing(name).map(|it| (it.provider, it.country, it.region));
        assert_eq!(of("api.mistral.ai"), Some(("mistral", "FR", Some("global"))));
        assert_eq!(of("api.eu.mistral.ai"), Some(("mistral", "FR", Some("EU"))));
        assert_eq!(of("api.openai.com").map(|it| it.1), Some("US"));
        assert_eq!(of("llm.example"), None);
    }

    #[test]
    fn a_country_is_in_its_unions() {
        for (country, word, within) in
            [("FR", "eu", true), ("no", "eu", false), ("NO", "eea", true), ("CH", "eea", false), ("CH", "ch", true)]
        {
            assert_eq!(is_within(country, word), within, "{country} {word}");
        }
    }
}
