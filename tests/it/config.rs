//! From folders and files to a configuration.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mcr::{
    config::{self, Origin, SecretRef},
    error::Exit,
    paths::Paths,
};
use tempfile::TempDir;

const GOOD: &str = "{Providers: [{name: 'p', api_base_url: 'http://localhost/v1', models: ['m']}], Router: {default: 'p,m'}, \
     REWRITE_SYSTEM_PROMPT: 'prompt.txt'}";

struct Home {
    folder: TempDir,
    paths: Paths,
}

impl Home {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let paths = Paths::below(folder.path());
        fs::write(folder.path().join("prompt.txt"), "You are terse.").unwrap();
        Self { folder, paths }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn failure(&self, explicit: Option<&Path>) -> (Exit, String) {
        let failure = config::load(explicit, &self.paths, &|_| None).map(drop).expect_err("it fails");
        let words = failure.to_string().replace(&self.folder.path().display().to_string(), "~");
        // The hint about claude-code-router depends on the machine.
        (failure.exit, words.lines().filter(|line| !line.contains("claude-code-router")).collect::<Vec<_>>().join("\n"))
    }
}

#[test]
fn mcr_home_holds_everything() {
    let paths = Paths::from_environment(&|name| (name == "MCR_HOME").then(|| "/somewhere".to_owned())).unwrap();
    assert_eq!(paths, Paths::below(Path::new("/somewhere")));
    assert_eq!(paths.config_file, Path::new("/somewhere/config.json"));
    for place in [paths.presets, paths.state, paths.logs, paths.runtime] {
        assert!(place.starts_with("/somewhere"), "{}", place.display());
    }
}

#[test]
fn an_empty_mcr_home_is_none() {
    let paths = Paths::from_environment(&|_| Some(String::new())).unwrap();
    assert!(paths.config_file.ends_with("mcr/config.json"), "{}", paths.config_file.display());
}

#[test]
fn a_named_file_beats_mcr_config_and_that_beats_the_usual_place() {
    let home = Home::new();
    let (usual, variable, flag) =
        (home.write("config.json", GOOD), home.write("variable.json", GOOD), home.write("flag.json", GOOD));
    let name = variable.display().to_string();
    let environment = |key: &str| (key == "MCR_CONFIG").then(|| name.clone());
    let load = |explicit, environment| config::load(explicit, &home.paths, environment).unwrap().origin;
    assert_eq!(load(Some(&flag), &environment), Origin::File(flag.clone()));
    assert_eq!(load(None, &environment), Origin::File(variable.clone()));
    assert_eq!(load(None, &|_: &str| None), Origin::File(usual));
}

#[test]
fn a_relative_prompt_lies_beside_the_configuration() {
    let home = Home::new();
    home.write("config.json", GOOD);
    let config = config::load(None, &home.paths, &|_| None).unwrap();
    assert_eq!(config.rewrite_system_prompt, Some(home.folder.path().join("prompt.txt")));
    assert_eq!(config.system_head.as_deref(), Some("You are terse."));
}

#[test]
fn a_reading_takes_its_own_file_or_fails_and_names_no_folder() {
    let home = Home::new();
    let path = home.write("config.json", GOOD);
    let key = |name: &str| (name == "MISTRAL_API_KEY").then(|| "sk-1".to_owned());
    let reading = config::read_again(&path, &key);
    assert_eq!(reading.config.unwrap().origin, Origin::File(path.clone()));
    assert_eq!((reading.looks.len(), reading.looks.iter().any(config::Look::is_stale)), (2, false));
    fs::remove_file(home.folder.path().join("prompt.txt")).unwrap();
    assert!(reading.looks[1].is_stale() && !reading.looks[0].is_stale());
    let words = |path: &Path| config::read_again(path, &key).config.map(drop).unwrap_err().to_string();
    assert_eq!(
        words(&path),
        "error: the configuration has an error:\n  config.json:1:129: REWRITE_SYSTEM_PROMPT: the file cannot be read, \
         seen from the configuration's folder: No such file or directory (os error 2)"
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(
        words(&path),
        "error: cannot read the configuration `config.json`\n  caused by: No such file or directory (os error 2)"
    );
}

#[test]
fn without_a_file_a_mistral_key_is_enough() {
    let home = Home::new();
    let environment = |key: &str| (key == "MISTRAL_API_KEY").then(|| "sk-1".to_owned());
    let config = config::load(None, &home.paths, &environment).unwrap();
    assert_eq!(config.origin, Origin::BuiltIn);
    let key = config.providers[0].connection.as_ref().unwrap().key.as_ref();
    assert!(matches!(key, Some(SecretRef::Value(secret)) if secret.expose() == "sk-1"));
}

#[test]
fn with_neither_file_nor_key_the_failure_says_what_to_do() {
    assert_eq!(
        Home::new().failure(None),
        (
            Exit::Config,
            "error: there is no configuration, and `MISTRAL_API_KEY` is unset or empty\n\
             hint: run `mcr setup` in a terminal, which asks a few questions and writes one\n\
             hint: or `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration\n\
             hint: or `mcr preset install mistral-ollama` to use a model of this machine, and then `mcr mistral-ollama`"
                .to_owned()
        )
    );
}

#[test]
fn a_named_file_that_is_not_there_is_a_failure_of_its_own() {
    let home = Home::new();
    let (exit, words) = home.failure(Some(&home.folder.path().join("none.json")));
    assert_eq!(exit, Exit::NoInput);
    assert!(words.starts_with("error: cannot read the configuration `~/none.json`\n  caused by: "), "{words}");
}

#[test]
fn a_file_with_errors_is_refused_with_all_of_them() {
    let home = Home::new();
    home.write("config.json", "{PORT: 0,\nProviders: []}");
    assert_eq!(
        home.failure(None),
        (
            Exit::Config,
            "error: the configuration has 2 errors:\n  \
             ~/config.json:1:8: PORT: 0 is no whole number from 1 to 65535\n  \
             ~/config.json:2:12: Providers: no provider is configured; name one with its `name`, `api_base_url`, \
             `api_key` and `models`"
                .to_owned()
        )
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_refused() {
    let home = Home::new();
    fs::write(&home.paths.config_file, b"{\xff}").unwrap();
    assert_eq!(
        home.failure(None),
        (
            Exit::Config,
            "error: cannot read the configuration `~/config.json`\n  \
             caused by: invalid utf-8 sequence of 1 bytes from index 1"
                .to_owned()
        )
    );
}
