//! The configuration as a file that is changed: one value at a time, with copies of what was.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    cli::{
        config::{Place, refuse_link},
        moment,
    },
    config::{self, Config, Document, Origin, Problems, Provider, Scenario, edit, path},
    error::{Exit, Failure},
    paths, ui,
};

/// How many copies stay.
const COPIES: usize = 3;

/// The configuration, its text and where it lies, or would.
pub(in crate::cli) struct File {
    /// What it says; where only its routes are wrong, its providers are right all the same.
    pub(in crate::cli) config: Config,
    /// What is wrong with its routes, which are to be set.
    pub(super) problems: Option<Problems>,
    path: PathBuf,
    text: config::Text,
    document: Document,
}

impl File {
    /// Reads it.
    ///
    /// # Errors
    /// Fails as any command does, but for wrong routes.
    pub(in crate::cli) fn read(place: &Place<'_>) -> Result<Self, Failure> {
        let text = config::text(place.explicit, place.paths, place.environment)?;
        let path = config::file(place.explicit, place.paths, place.environment);
        let document =
            Document::parse(&text.text, &text.origin.to_string()).map_err(|problems| config::failure(&problems))?;
        let (config, problems) = match config::examine(&text, place.environment) {
            Ok(config) => (config, None),
            Err(problems) => {
                (without_routes(&path, &document, place).ok_or_else(|| config::failure(&problems))?, Some(problems))
            }
        };
        Ok(Self { config, problems, path, text, document })
    }

    /// Where a route leads, as it is written.
    pub(super) fn route(&self, route: Scenario) -> Option<&str> {
        self.document.value.get("Router")?.get(route.as_str())?.as_str().filter(|text| !text.is_empty())
    }

    /// Refuses to put one target in the place of several.
    ///
    /// # Errors
    /// Fails where the route is a list or has a strategy.
    pub(super) fn refuse_several(&self, route: Scenario) -> Result<(), Failure> {
        let name = route.as_str();
        let written = self.document.value.get("Router").and_then(|routes| routes.get(name));
        if !written.is_some_and(|value| value.is_array() || value.is_object()) {
            return Ok(());
        }
        let what = format!("route `{name}` has several targets, which this command does not change");
        Err(Failure::say(Exit::Usage, what).hint(format!("edit `Router.{name}`: {}", self.path.display())))
    }

    /// The text with a route set, and with its model in its provider's list.
    pub(super) fn with_route(&self, route: Scenario, provider: &Provider, model: &str) -> Result<String, Failure> {
        let target = format!("{},{model}", provider.name);
        let text = self.with_model(provider, model)?;
        edit::set(&text, &place_of(route), &Value::from(target)).map_err(cannot_edit)
    }

    /// The text without a route.
    pub(super) fn without_route(&self, route: Scenario) -> Result<String, Failure> {
        edit::remove(&self.text.text, &place_of(route)).map_err(cannot_edit)
    }

    fn with_model(&self, provider: &Provider, model: &str) -> Result<String, Failure> {
        if self.config.target(&provider.name, model).is_some() {
            return Ok(self.text.text.clone());
        }
        let list = self.providers();
        // A configuration without errors has every provider of the list, in its order.
        let index = self.config.providers.iter().position(|known| known.name == provider.name).unwrap_or_default();
        if self.document.value[list][index].get("models").is_none() {
            let what = format!("provider `{}` is written with one model, and gets no other", provider.name);
            return Err(Failure::say(Exit::Usage, what)
                .hint(format!("give it `models` in place of `model`: {}", self.path.display()))
                .hint("or write another provider with the other `model`"));
        }
        let models = path::key(&path::index(list, index), "models");
        let count = self.document.value[list][index]["models"].as_array().map_or(0, Vec::len);
        edit::set(&self.text.text, &path::index(&models, count), &Value::from(model)).map_err(cannot_edit)
    }

    /// The text as it stands.
    pub(in crate::cli) fn text(&self) -> &str {
        &self.text.text
    }

    /// What the text says, before variables are put in.
    pub(in crate::cli) fn value(&self) -> &Value {
        &self.document.value
    }

    /// The key that the providers stand under.
    pub(in crate::cli) fn providers(&self) -> &'static str {
        let is_there = |key: &&str| self.document.value.get(*key).is_some_and(|list| !list.is_null());
        ["Providers", "providers"].into_iter().find(is_there).unwrap_or("Providers")
    }

    /// The text with another value at a path.
    pub(in crate::cli) fn with(&self, path: &str, value: &Value) -> Result<String, Failure> {
        Self::edited(&self.text.text, path, value)
    }

    /// The same for a text that this one has become.
    pub(in crate::cli) fn edited(text: &str, path: &str, value: &Value) -> Result<String, Failure> {
        edit::set(text, path, value).map_err(cannot_edit)
    }

    /// The same with the value at a path taken away.
    pub(in crate::cli) fn without(text: &str, path: &str) -> Result<String, Failure> {
        edit::remove(text, path).map_err(cannot_edit)
    }

    /// Writes another text, and says where the one before is kept.
    pub(in crate::cli) fn write_and_tell(&self, text: &str, place: &Place<'_>) -> Result<(), Failure> {
        match self.write(text, place)? {
            Some(copy) => ui::say(format_args!("the file before is kept: {}", copy.display())),
            None => ui::say(format_args!("wrote the configuration, which was built in: {}", self.path.display())),
        }
        Ok(())
    }

    /// Writes another text in place of the file's, once that is known to be a configuration; tells the copy.
    ///
    /// Where the built-in configuration is in use, the file begins with it.
    pub(super) fn write(&self, text: &str, place: &Place<'_>) -> Result<Option<PathBuf>, Failure> {
        let origin = Origin::File(self.path.clone());
        let text = match &self.text.origin {
            Origin::File(_) => text.to_owned(),
            Origin::BuiltIn => begun(text),
        };
        let new = config::Text { origin, text };
        // What was wrong before may be set route by route.
        if let (Err(problems), None) = (config::examine(&new, place.environment), &self.problems) {
            let failure = config::failure(&problems);
            let error = failure.error.context("nothing has been written: it would be no configuration");
            return Err(Failure::new(Exit::Data, error));
        }
        refuse_link(&self.path)?;
        // Somebody may have been asked for a while, and edited the file meanwhile.
        let there = config::text(place.explicit, place.paths, place.environment)?;
        if there != self.text {
            let what = format!("the configuration changed meanwhile, and stays as it is now: {}", self.path.display());
            return Err(Failure::say(Exit::Data, what).hint("run the command again"));
        }
        let write = || {
            let copy = match &self.text.origin {
                Origin::File(path) => Some(paths::back_up(path, &moment::stamp())?),
                Origin::BuiltIn => None,
            };
            paths::write_atomic(&self.path, new.text.as_bytes())?;
            Ok(copy)
        };
        let copy = write().map_err(|error: std::io::Error| {
            let error = anyhow::Error::new(error).context("cannot change the configuration");
            Failure::new(Exit::CannotCreate, error).hint("name the file itself with `--config FILE`")
        })?;
        // The change is made; a copy too many is no failure of it.
        if let Err(error) = paths::keep_newest(&self.path, COPIES) {
            ui::say(format_args!("warning: old copies stay: {error}"));
        }
        Ok(copy)
    }

    /// Whether there is no file yet.
    pub(super) fn is_built_in(&self) -> bool {
        self.text.origin == Origin::BuiltIn
    }

    /// Where the configuration lies, or will.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn place_of(route: Scenario) -> String {
    path::key("Router", route.as_str())
}

/// Reads everything but the routes.
fn without_routes(path: &Path, document: &Document, place: &Place<'_>) -> Option<Config> {
    let mut value = document.value.clone();
    let map = value.as_object_mut()?;
    map.remove("Router");
    map.remove("fallback");
    let folder = path.parent().unwrap_or(Path::new(""));
    config::read_in(folder, document.with(value), place.environment).ok()
}

/// Puts another first line in place of the one that says when the built-in configuration is used.
fn begun(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("//") => {
            format!("// Begun with mcr's built-in configuration; every key stands in the documentation.\n{rest}")
        }
        _ => text.to_owned(),
    }
}

fn cannot_edit(error: edit::EditError) -> Failure {
    let error = anyhow::Error::new(error).context("cannot change the configuration");
    Failure::new(Exit::Config, error).hint("run `mcr config check`")
}
