//! From an installed preset to a configuration that can be run.

use serde_json::Value;

use super::{
    answer::{Answers, Refused},
    apply::{Applied, Stage, apply},
    capability::{Capabilities, capabilities},
    form::fill,
    manifest::{self, Manifest},
    question::Kind,
    settings::{Refusal, Settings},
    store::Installed,
    values::Values,
};
use crate::{
    config::{self, Config, Environment, Origin, Problems},
    error::{Exit, Failure},
};

/// A preset that can be run.
#[derive(Debug)]
pub struct Ready {
    /// Its configuration.
    pub config: Config,
    /// What it changes of the agent.
    pub settings: Settings,
}

impl Installed {
    /// Reads the configuration that the preset and its answers make.
    ///
    /// # Errors
    /// Fails when a question has no answer, when the preset would do what is refused or was not agreed to, and when
    /// the configuration has errors.
    pub fn ready(&self, environment: Environment<'_>) -> Result<Ready, Failure> {
        let values = self.values.clone().unwrap_or_default();
        let answers = fill(&self.manifest, values.answers(), &std::collections::BTreeMap::new())
            .map_err(|missing| self.unanswered(&missing))?;
        let (applied, found) = judged(&self.manifest, &answers)?;
        let what = format!("preset `{}` is not run", self.name);
        if !found.refusals.is_empty() {
            let hint = format!("take it out of the manifest: {}", self.folder.join(manifest::FILE).display());
            return Err(refused(&what, &found.refusals).hint(hint));
        }
        let breaches = values.breaches(&found);
        if !breaches.is_empty() {
            let hint = format!("if this is what you want, agree to it with `mcr preset reconfigure {}`", self.name);
            return Err(refused(&what, &breaches).hint(hint));
        }
        let document = applied.document(&values.references());
        let mut config =
            config::read_in(&self.folder, document, environment).map_err(|problems| faulty(Exit::Config, &problems))?;
        config.status_line.enabled |= found.settings.status_line;
        config.warnings.extend(applied.warnings);
        config.origin = Origin::File(self.folder.join(manifest::FILE));
        Ok(Ready { config, settings: found.settings })
    }

    fn unanswered(&self, missing: &[(String, Kind, Refused)]) -> Failure {
        let lines: Vec<String> = missing.iter().map(|(id, _, why)| format!("  {id}: {why}")).collect();
        let what = format!("preset `{}` has questions that are not answered:\n{}", self.name, lines.join("\n"));
        Failure::say(Exit::Config, what).hint(format!("run `mcr preset reconfigure {}`", self.name))
    }
}

/// Puts answers in, and says what the outcome would do.
///
/// # Errors
/// Fails when the manifest does not fit together.
pub fn judged(manifest: &Manifest, answers: &Answers) -> Result<(Applied, Capabilities), Failure> {
    let secrets: Vec<&str> = answers.secrets.keys().map(String::as_str).collect();
    let stage = Stage::Answered { plain: &answers.plain, secrets: &secrets };
    let applied = apply(manifest, stage).map_err(|problems| faulty(Exit::Data, &problems))?;
    let found = capabilities(manifest, &applied);
    Ok((applied, found))
}

/// Puts all errors of a preset into one failure, a line each.
pub fn faulty(exit: Exit, problems: &Problems) -> Failure {
    let headline = match problems.errors().count() {
        1 => "the preset has an error".to_owned(),
        count => format!("the preset has {count} errors"),
    };
    Failure::say(exit, format!("{headline}:\n  {}", problems.to_string().replace('\n', "\n  ")))
}

/// Says what is refused, each with its reason.
pub fn refused(what: &str, refusals: &[Refusal]) -> Failure {
    let lines: Vec<String> = refusals.iter().map(|refusal| format!("  {}: {}", refusal.path, refusal.why)).collect();
    Failure::say(Exit::Denied, format!("{what}:\n{}", lines.join("\n")))
}

/// Takes secrets out of a manifest's `userValues`, where claude-code-router keeps them in clear.
///
/// Returns the manifest without them, and what they were; nothing where there are none.
pub fn without_secrets(manifest: &Manifest, values: &Values) -> Option<(String, Answers)> {
    let mut answers = values.answers();
    let mut root = manifest.document.value.clone();
    let mut has = false;
    for question in manifest.questions.iter().filter(|question| question.is_secret()) {
        let Some(Value::String(text)) =
            manifest.user_values.get(&question.id).filter(|value| value.as_str() != Some(""))
        else {
            continue;
        };
        if let Ok(super::Answer::Secret(given)) = super::check(question, text, None) {
            // A manifest names no secret of the owner's; one in clear is its own.
            if given.reference().is_none() {
                answers.secrets.insert(question.id.clone(), given);
            }
        }
        if let Some(values) = root.get_mut("userValues").and_then(Value::as_object_mut) {
            values.remove(&question.id);
            has = true;
        }
    }
    has.then(|| (format!("{root:#}\n"), answers))
}
