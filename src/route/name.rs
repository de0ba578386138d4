//! What OpenAI's clients may name: models and routes.

use std::sync::Arc;

use super::choose::unknown;
use super::tag::{ROUTE, bare};
use super::{Impossible, named_target};
use crate::catalog;
use crate::config::{Config, Scenario, Target};

/// Returns the name by which [`super::choose()`] knows what a client names.
///
/// That is a model's id, one of its aliases, `provider,model` or `provider/model`; or a route, with `mcr/` in front or
/// without. A route that is not configured is none, but for `default` and `background`, whose requests the default
/// takes.
///
/// # Errors
/// Fails with what is configured where nothing has the name: unlike the agent, these clients name what they mean.
pub fn resolve(config: &Config, name: &str) -> Result<String, Impossible> {
    let name = name.trim();
    if let Some(route) = name.strip_prefix(ROUTE).and_then(|word| route(config, word)) {
        return Ok(route);
    }
    let target = named_target(config, name).or_else(|| of_alias(config, bare(name)));
    match target {
        Some(target) => Ok(target.name()),
        None => route(config, name).ok_or_else(|| unknown(config, name)),
    }
}

/// The names under which `GET /v1/models` lists what is configured: each model once by its id, and by its provider where
/// another has the same; then the routes.
pub fn listed(config: &Config) -> impl Iterator<Item = (String, &Arc<Target>)> {
    let models = config.targets.iter().enumerate().map(|(place, target)| {
        let is_taken = config.targets[..place].iter().any(|other| other.model == target.model);
        let id = if is_taken { format!("{}/{}", target.provider.name, target.model) } else { target.model.clone() };
        (id, target)
    });
    let routes = Scenario::ALL
        .into_iter()
        .filter_map(|scenario| Some((format!("{ROUTE}{}", scenario.as_str()), config.routes.get(scenario)?)));
    models.chain(routes)
}

fn route(config: &Config, word: &str) -> Option<String> {
    let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.as_str().eq_ignore_ascii_case(word))?;
    let stands = matches!(scenario, Scenario::Default | Scenario::Background) || config.routes.get(scenario).is_some();
    stands.then(|| format!("{ROUTE}{}", scenario.as_str()))
}

/// Finds a target whose model has another name, too: of a provider where one is named.
fn of_alias(config: &Config, name: &str) -> Option<Arc<Target>> {
    let find = |name: &str, provider: Option<&str>| {
        let known = catalog::model(name)?;
        let is_same = |target: &&Arc<Target>| {
            provider.is_none_or(|provider| target.provider.name.eq_ignore_ascii_case(provider))
                && catalog::model(&target.model).is_some_and(|model| model.id == known.id)
        };
        config.targets.iter().find(is_same).cloned()
    };
    find(name, None).or_else(|| {
        let (provider, model) = name.split_once([',', '/'])?;
        find(model.trim(), Some(provider.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// Two providers with one model in common, whose data file has aliases.
    fn config() -> Config {
        let [one, other] = models();
        let text = format!(
            r#"{{Providers: [
                {{name: "p", api_base_url: "http://localhost/v1", models: ["{}", "own"]}},
                {{name: "q", api_base_url: "http://localhost/v1", models: ["{}", "own", "default", "lab/x"]}},
            ], Router: {{default: "p,own", think: "q,own"}}}}"#,
            one.id, other.id
        );
        config::read(&text, "config.json5", &|_| None).unwrap()
    }

    /// Two models that have aliases.
    fn models() -> [&'static catalog::Model; 2] {
        let target = config::read(catalog::BUILT_IN_CONFIG, "c", &|_| Some("key".to_owned())).unwrap();
        let mut known: Vec<_> = target.targets.iter().filter_map(|target| catalog::model(&target.model)).collect();
        known.dedup_by_key(|model| &model.id);
        known.retain(|model| !model.aliases.is_empty());
        known.truncate(2);
        known.try_into().expect("two models with aliases")
    }

    #[track_caller]
    fn check(name: &str, expect: &str) {
        assert_eq!(resolve(&config(), name).as_deref(), Ok(expect), "{name}");
    }

    #[test]
    fn a_model_is_named_by_its_id_with_its_provider_or_by_an_alias() {
        let [one, other] = models();
        for name in ["own", "p,own", "p/own", "P/own", " own "] {
            check(name, "p,own");
        }
        check("q/own", "q,own");
        check("lab/x", "q,lab/x");
        check("q/lab/x", "q,lab/x");
        check(&one.aliases[0], &format!("p,{}", one.id));
        check(&format!("q/{}", other.aliases[0]), &format!("q,{}", other.id));
    }

    #[test]
    fn a_route_is_named_with_or_without_its_prefix_and_a_model_of_its_name_goes_first() {
        check("background", "mcr/background");
        check("mcr/think", "mcr/think");
        check("think", "mcr/think");
        check("default", "q,default");
        check("mcr/default", "mcr/default");
    }

    #[test]
    fn what_is_not_configured_is_unknown_whatever_else_it_is() {
        for name in ["gpt-4o", "image", "mcr/image", "r,own", "p/none"] {
            assert!(matches!(resolve(&config(), name), Err(Impossible::Unknown { .. })), "{name}");
        }
    }

    #[test]
    fn everything_that_is_listed_resolves() {
        let config = config();
        let names: Vec<String> = listed(&config).map(|(name, _)| name).collect();
        let [one, other] = models();
        let expected = [&one.id, "own", &other.id, "q/own", "default", "lab/x", "mcr/default", "mcr/think"];
        assert_eq!(names, expected);
        for name in names {
            assert!(resolve(&config, &name).is_ok(), "{name}");
        }
    }
}
