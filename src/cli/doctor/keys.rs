//! Whether each provider's key is there, which nobody has to be asked for.

use std::sync::Arc;

use super::configured::is_refused;
use super::finding::Finding;
use crate::cli::running::block_on;
use crate::config::{Config, Place, Provider, SecretRef};
use crate::egress::Judged;
use crate::error::Failure;
use crate::keys::Resolver;

const ID: &str = "key";

/// Looks for the keys of all providers that may be spoken to; runs no program.
pub(super) fn of_providers(config: &Config, judged: &[Judged], keys: &Resolver) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    block_on(async {
        let spoken_to = |provider: &&Arc<Provider>| !is_refused(provider, judged);
        for provider in config.providers.iter().filter(spoken_to) {
            findings.push(of_provider(provider, keys).await);
        }
        Ok(())
    })?;
    Ok(findings)
}

/// Looks for the service's own token, where the configuration says that it is elsewhere.
pub(super) fn of_service(config: &Config, keys: &Resolver) -> Result<Option<Finding>, Failure> {
    let Some(token @ SecretRef::Elsewhere(reference)) = &config.apikey else { return Ok(None) };
    if is_program(reference.place()) {
        return Ok(None);
    }
    let host = config.host.to_string();
    let found = block_on(async { Ok(keys.resolve(token, &host).await.err()) })?;
    Ok(found.map(|error| Finding::error(ID, format!("APIKEY, which `mcr start` needs: {}", error.what), error.mend)))
}

async fn of_provider(provider: &Provider, keys: &Resolver) -> Finding {
    let name = &provider.name;
    let connection = match &provider.connection {
        Ok(connection) => connection,
        Err(unset) => return Finding::error(ID, format!("{name}: {unset}"), unset.mend()),
    };
    let host = connection.host();
    let reference = match &connection.key {
        None if provider.is_local() => return Finding::ok(ID, format!("{name}: {host} is asked without a key")),
        None => {
            let what = format!("{name}: no key is configured for {host}, which may want one");
            return Finding::note(ID, what);
        }
        Some(SecretRef::Value(_)) => {
            let written = match &provider.key_variable {
                Some(variable) => format!("is in the environment variable `{variable}`"),
                None => "is written in the configuration".to_owned(),
            };
            return Finding::ok(ID, format!("{name}: the key for {host} {written}"));
        }
        Some(SecretRef::Elsewhere(reference)) if is_program(reference.place()) => {
            let what = format!("{name}: the key for {host} is what `{reference}` prints, which was not run");
            return Finding::note(ID, what);
        }
        Some(key @ SecretRef::Elsewhere(reference)) => match keys.resolve(key, host).await {
            Ok(_) => reference,
            Err(error) => return Finding::error(ID, format!("{name}: {}", error.what), error.mend),
        },
    };
    Finding::ok(ID, format!("{name}: the key for {host} is there: `{reference}`"))
}

fn is_program(place: &Place) -> bool {
    match place {
        Place::Command { .. } => true,
        Place::Variable(_) | Place::File(_) | Place::HomeFile(_) | Place::Stored(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;
    use crate::config::{self, Host, KeyName, Secret};
    use crate::keys::Store;
    use crate::paths::Paths;

    /// Severity and words of what is found of a key that is written so.
    fn found(written: &str, keys: &Resolver) -> (Severity, String) {
        let text = format!(
            "{{Providers: [{{name: 'p', api_base_url: 'https://x.example/v1', models: ['m'], api_key: '{written}'}}]}}"
        );
        let environment = |name: &str| (name == "THERE").then(|| "sk-secret".to_owned());
        let config = config::read(&text, "c.json", &environment).unwrap();
        let [finding] = &of_providers(&config, &[], keys).unwrap()[..] else { panic!("one finding") };
        assert_eq!((finding.id, finding.evidence.contains("sk-secret")), ("key", false), "{finding:?}");
        assert_eq!(finding.mend.is_some(), finding.severity == Severity::Error, "{finding:?}");
        (finding.severity, finding.evidence.clone())
    }

    #[test]
    fn a_key_is_there_or_not_and_no_program_is_run() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        let bound = |name: &str, host: &str| {
            let (name, secret) = (KeyName::parse(name).unwrap(), Secret::new("sk-secret".to_owned()));
            Store::open(&paths).set(&name, &secret, &[Host::of_url(host)]).unwrap();
        };
        bound("ours", "x.example");
        bound("theirs", "y.example");
        let ran = home.path().join("ran");
        let keys = Resolver::new(&paths, |name| (name == "THERE").then(|| "sk-secret".to_owned()));
        let drawn: Vec<String> = [
            "sk-secret",
            "$THERE",
            "$NOPE",
            "env:THERE",
            "env:NOPE",
            "store:ours",
            "store:theirs",
            "store:nobodys",
            &format!("cmd:touch {}", ran.display()),
            "",
        ]
        .iter()
        .map(|written| found(written, &keys))
        .map(|(severity, words)| format!("{severity:?} {words}").replace(&ran.display().to_string(), "RAN"))
        .collect();
        insta::assert_snapshot!(drawn.join("\n"), @r"
        Ok p: the key for x.example is written in the configuration
        Ok p: the key for x.example is in the environment variable `THERE`
        Error p: Providers[0].api_key: environment variable `NOPE` is unset or empty; run `export NOPE=...` and start again
        Ok p: the key for x.example is there: `env:THERE`
        Error p: Providers[0].api_key: environment variable `NOPE` is unset or empty; run `export NOPE=...` and start again
        Ok p: the key for x.example is there: `store:ours`
        Error p: key `theirs` is bound to y.example, and was not sent to x.example
        Error p: there is no key `nobodys` in the store
        Note p: the key for x.example is what `cmd:touch RAN` prints, which was not run
        Note p: no key is configured for x.example, which may want one
        ");
        assert!(!ran.exists(), "a program was run");
    }

    #[test]
    fn a_token_of_the_service_that_is_not_there_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let keys = Resolver::new(&Paths::below(home.path()), |_| None);
        let text = |token: &str| {
            format!(
                "{{APIKEY: '{token}', Providers: [{{name: 'p', api_base_url: 'http://localhost/v1', models: ['m']}}]}}"
            )
        };
        let found = |token: &str| {
            let config = config::read(&text(token), "c.json", &|_| None).unwrap();
            of_service(&config, &keys).unwrap().map(|finding| (finding.severity, finding.evidence))
        };
        let words = "APIKEY, which `mcr start` needs: there is no key `nope` in the store";
        assert_eq!(found("store:nope"), Some((Severity::Error, words.to_owned())));
        assert_eq!((found("sk-1"), found("cmd:false")), (None, None));
    }
}
