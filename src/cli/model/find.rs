//! What somebody means who names a route or a model. Knows no file and asks nobody.

use std::sync::Arc;

use crate::{
    config::{Config, Provider, Scenario, Target, suggest},
    error::{Exit, Failure},
};

/// What a text names.
#[derive(Debug)]
pub(super) enum Named {
    /// A configured model.
    Listed(Arc<Target>),
    /// A model that its provider's list does not hold.
    Unlisted {
        /// The provider.
        provider: Arc<Provider>,
        /// The model.
        model: String,
    },
}

/// What a text does not name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    /// Nobody of that name.
    #[error("there is no provider `{name}`")]
    Provider {
        /// What was said.
        name: String,
        /// What was meant.
        meant: Option<String>,
    },
    /// No provider has it.
    #[error("no provider has a model `{name}`")]
    Model {
        /// What was said.
        name: String,
        /// What was meant.
        meant: Option<String>,
    },
    /// More than one has it.
    #[error("`{name}` is a model of more than one provider")]
    Ambiguous {
        /// What was said.
        name: String,
        /// What there is.
        among: Vec<String>,
    },
}

impl Unknown {
    /// The same, with what to type.
    pub(super) fn failure(&self, config: &Config, route: Scenario) -> Failure {
        let failure = Failure::say(Exit::Usage, self.to_string());
        let command = |target: &str| format!("run `mcr model {} {target}`", route.as_str());
        match self {
            Self::Provider { meant: Some(meant), .. } | Self::Model { meant: Some(meant), .. } => {
                failure.hint(format!("did you mean `{meant}`?"))
            }
            Self::Provider { .. } => {
                let names: Vec<&str> = config.providers.iter().map(|provider| provider.name.as_str()).collect();
                failure.hint(format!("configured are {}", names.join(", ")))
            }
            Self::Model { name, .. } => config.providers.iter().fold(failure, |failure, provider| {
                failure.hint(format!("{} to add it", command(&format!("{},{name} --add", provider.name))))
            }),
            Self::Ambiguous { among, .. } => among.iter().fold(failure, |failure, name| failure.hint(command(name))),
        }
    }
}

/// Reads the name of a route.
pub(super) fn route(word: &str) -> Result<Scenario, Failure> {
    let known = Scenario::ALL.map(Scenario::as_str);
    if let Some(found) = Scenario::ALL.into_iter().find(|route| route.as_str().eq_ignore_ascii_case(word)) {
        return Ok(found);
    }
    let failure = Failure::say(Exit::Usage, format!("there is no route `{word}`"));
    Err(match suggest::nearest(word, known) {
        Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
        None if word.contains([',', '/']) => failure.hint(format!("name the route first: `mcr model default {word}`")),
        None => failure.hint(format!("routes are {}", known.join(", "))),
    })
}

/// Finds what `provider,model`, `provider/model` or a model's id names.
pub(super) fn target(config: &Config, text: &str) -> Result<Named, Unknown> {
    let text = text.trim();
    if let Some((provider, model)) = text.split_once(',').map(|(provider, model)| (provider.trim(), model.trim())) {
        let Some(provider) = provider_named(config, provider) else { return Err(no_provider(config, provider)) };
        return Ok(of(config, provider, model));
    }
    let having = |is_it: &dyn Fn(&str) -> bool| -> Vec<Arc<Target>> {
        config.targets.iter().filter(|target| is_it(&target.model)).map(Arc::clone).collect()
    };
    let mut found = having(&|model| model == text);
    if found.is_empty() {
        found = having(&|model| model.eq_ignore_ascii_case(text));
    }
    match &found[..] {
        [target] => return Ok(Named::Listed(Arc::clone(target))),
        [] => {}
        several => {
            let among = several.iter().map(|target| target.name()).collect();
            return Err(Unknown::Ambiguous { name: text.to_owned(), among });
        }
    }
    if let Some(target) = config.alone(text) {
        return Ok(Named::Listed(target));
    }
    // Ids of models have slashes, too, and so may names of providers.
    for (place, _) in text.match_indices('/') {
        if let Some(provider) = provider_named(config, &text[..place]) {
            return Ok(of(config, provider, &text[place + 1..]));
        }
    }
    let models = config.targets.iter().map(|target| target.model.as_str());
    let names: Vec<String> = config.targets.iter().map(|target| target.name()).collect();
    let whole = suggest::nearest(&text.replacen('/', ",", 1), names.iter().map(String::as_str));
    let meant = suggest::nearest(text, models).or(whole);
    Err(Unknown::Model { name: text.to_owned(), meant })
}

fn provider_named<'c>(config: &'c Config, name: &str) -> Option<&'c Arc<Provider>> {
    config.providers.iter().find(|provider| provider.name.eq_ignore_ascii_case(name))
}

fn no_provider(config: &Config, name: &str) -> Unknown {
    let meant = suggest::nearest(name, config.providers.iter().map(|provider| provider.name.as_str()));
    Unknown::Provider { name: name.to_owned(), meant }
}

fn of(config: &Config, provider: &Arc<Provider>, model: &str) -> Named {
    match config.target(&provider.name, model) {
        Some(target) => Named::Listed(target),
        None => Named::Unlisted { provider: Arc::clone(provider), model: model.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read;

    fn config() -> Config {
        let text = "{Providers: [
            {name: 'Mistral', api_base_url: 'https://m.example/v1', models: ['medium', 'both']},
            {name: 'lab', api_base_url: 'https://l.example/v1', models: ['org/small', 'both']},
            {name: 'a/b', api_base_url: 'https://s.example/v1', models: ['c']},
        ], Router: {default: 'Mistral,medium'}}";
        read(text, "c.json", &|_| None).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[track_caller]
    fn names(text: &str, expect: &str) {
        let found = match target(&config(), text) {
            Ok(Named::Listed(target)) => target.name(),
            Ok(Named::Unlisted { provider, model }) => format!("{} + {model}", provider.name),
            Err(unknown) => unknown.failure(&config(), Scenario::Think).to_string(),
        };
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_target_has_three_forms() {
        for text in ["Mistral,medium", "mistral , MEDIUM", "mistral/medium", "medium"] {
            names(text, "Mistral,medium");
        }
        names("org/small", "lab,org/small");
        names("lab/org/small", "lab,org/small");
        names("a/b/c", "a/b,c");
    }

    #[test]
    fn a_model_that_is_not_listed_belongs_to_the_provider_that_is_named() {
        names("lab,new", "lab + new");
        names("lab/org/new", "lab + org/new");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_was_meant() {
        names("mistrla,medium", "error: there is no provider `mistrla`\nhint: did you mean `Mistral`?");
        names("far,medium", "error: there is no provider `far`\nhint: configured are Mistral, lab, a/b");
        names("mediun", "error: no provider has a model `mediun`\nhint: did you mean `medium`?");
        names("mistrl/medium", "error: no provider has a model `mistrl/medium`\nhint: did you mean `Mistral,medium`?");
        names(
            "something",
            "error: no provider has a model `something`\n\
             hint: run `mcr model think Mistral,something --add` to add it\n\
             hint: run `mcr model think lab,something --add` to add it\n\
             hint: run `mcr model think a/b,something --add` to add it",
        );
        names(
            "both",
            "error: `both` is a model of more than one provider\nhint: run `mcr model think Mistral,both`\n\
             hint: run `mcr model think lab,both`",
        );
    }

    #[test]
    fn a_route_is_named_whatever_its_case() {
        assert_eq!(route("LONGCONTEXT").ok(), Some(Scenario::LongContext));
        let words = |word: &str| route(word).map_err(|failure| failure.to_string()).unwrap_err();
        assert_eq!(words("backgruond"), "error: there is no route `backgruond`\nhint: did you mean `background`?");
        assert_eq!(words("p,m"), "error: there is no route `p,m`\nhint: name the route first: `mcr model default p,m`");
        assert!(
            words("telemetry").ends_with("hint: routes are default, background, think, longContext, webSearch, image")
        );
    }
}
