//! `mcr __complete WORDS…`: names for the word that is being typed, for the shells' scripts.
//!
//! The scripts know commands and options. What only this machine knows is asked for here: which
//! argument stands at the end is read off the command line's own types, and the argument's
//! value name says what belongs there ([`Names::of`]). The first line of the answer is `only`
//! when nothing else fits, or `also`; a name stands on each line behind it. There is no answer
//! when nothing is known, and never an error: it would land in the middle of a command line.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::args::Arguments;
use crate::config::{self, Provider, Scenario};
use crate::keys;
use crate::paths::Paths;
use crate::preset::{Presets, built_in};
use crate::{env, ui};

/// The word that no command and no preset can be.
const WORD: &str = "__complete";

/// Returns the words to complete, the last of them unfinished, when that is what this process is for.
pub(super) fn asked(arguments: impl IntoIterator<Item = OsString>) -> Option<Vec<String>> {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next().is_none_or(|word| word != WORD) {
        return None;
    }
    Some(arguments.map(|word| word.to_string_lossy().into_owned()).collect())
}

/// Prints what fits, or nothing.
pub(super) fn run(words: &[String]) {
    let Ok(paths) = Paths::from_environment(&env::process) else { return };
    let command = Arguments::command();
    let Some(spot) = find(&command, words) else { return };
    let mut found = spot.names.list(&paths, spot.config);
    found.retain(|name| name.starts_with(spot.begun) && name.chars().all(is_harmless));
    if !found.is_empty() {
        let first = if spot.names.are_all() { "only" } else { "also" };
        found.insert(0, first.to_owned());
        let _ = ui::print(&format!("{}\n", found.join("\n")));
    }
}

/// What a shell takes as it is: a name with other characters would have to be quoted in every shell's own way.
fn is_harmless(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._-+@:/,".contains(character)
}

/// Names that only this machine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Installed presets, where a command may stand too.
    Runnable,
    /// Installed presets.
    Installed,
    /// Presets that mcr carries, where a path may stand too.
    BuiltIn,
    /// `provider,model` of the configuration.
    Models,
    /// Providers of the configuration.
    Providers,
    /// Keys of the store.
    Keys,
    /// The routes.
    Routes,
}

impl Names {
    /// Says what an argument takes by its value's name.
    fn of(argument: &Arg) -> Option<Self> {
        let [name] = argument.get_value_names()? else { return None };
        match name.as_str() {
            "PRESET" => Some(Self::Installed),
            "SOURCE" => Some(Self::BuiltIn),
            "PROVIDER,MODEL" => Some(Self::Models),
            "PROVIDER" => Some(Self::Providers),
            "KEY" => Some(Self::Keys),
            "ROUTE" => Some(Self::Routes),
            _ => None,
        }
    }

    /// Whether nothing else may stand there.
    fn are_all(self) -> bool {
        match self {
            Self::Installed | Self::Models | Self::Providers | Self::Keys | Self::Routes => true,
            Self::Runnable | Self::BuiltIn => false,
        }
    }

    fn list(self, paths: &Paths, config: Option<&str>) -> Vec<String> {
        match self {
            Self::Runnable | Self::Installed => {
                Presets::open(paths).names().unwrap_or_default().iter().map(ToString::to_string).collect()
            }
            Self::BuiltIn => built_in::PRESETS.iter().map(|preset| preset.name.to_owned()).collect(),
            Self::Keys => keys::Store::open(paths).list().unwrap_or_default().keys().map(ToString::to_string).collect(),
            Self::Routes => Scenario::ALL.iter().map(|scenario| scenario.as_str().to_owned()).collect(),
            Self::Providers => providers(paths, config).iter().map(|provider| provider.name.clone()).collect(),
            Self::Models => {
                let of = |provider: &Provider| {
                    provider.models.iter().map(|model| format!("{},{model}", provider.name)).collect()
                };
                providers(paths, config).iter().flat_map(|provider| -> Vec<String> { of(provider) }).collect()
            }
        }
    }
}

/// The providers of the configuration; none where it cannot be read.
fn providers(paths: &Paths, file: Option<&str>) -> Vec<Arc<Provider>> {
    config::load(file.map(Path::new), paths, &env::process).map(|config| config.providers).unwrap_or_default()
}

/// Where the word that is being typed stands.
#[derive(Debug, PartialEq, Eq)]
struct Spot<'w> {
    names: Names,
    /// The part that is typed already.
    begun: &'w str,
    /// What `--config` names before it.
    config: Option<&'w str>,
}

/// Finds what belongs at the end of a command line; nothing where only the script knows, or Claude Code.
fn find<'w>(root: &Command, words: &'w [String]) -> Option<Spot<'w>> {
    let (begun, before) = words.split_last()?;
    let mut command = root;
    let mut inherited: Vec<&Arg> = Vec::new();
    let mut places = 0;
    let mut config = None;
    let mut before = before.iter();
    while let Some(word) = before.next() {
        if word.starts_with('-') {
            let Some(option) = option(command, &inherited, word) else { continue };
            if !takes_value(option) || word.contains('=') {
                continue;
            }
            match before.next() {
                Some(value) if option.get_id() == "config" => config = Some(value.as_str()),
                Some(_) => {}
                // The word is the option's value.
                None => return Names::of(option).map(|names| Spot { names, begun, config }),
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            inherited.extend(command.get_arguments().filter(|argument| argument.is_global_set()));
            (command, places) = (inner, 0);
        } else if std::ptr::eq(command, root) {
            // A preset, and everything behind it is Claude Code's.
            return None;
        } else {
            places += 1;
        }
    }
    if begun.starts_with('-') {
        return None;
    }
    let names =
        if std::ptr::eq(command, root) { Names::Runnable } else { Names::of(command.get_positionals().nth(places)?)? };
    Some(Spot { names, begun, config })
}

fn option<'c>(command: &'c Command, inherited: &[&'c Arg], word: &str) -> Option<&'c Arg> {
    let word = word.split('=').next().unwrap_or_default();
    let is_called = |argument: &&Arg| match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(long), _) => argument.get_long() == Some(long),
        (None, Some(short)) => short.chars().next().is_some_and(|short| argument.get_short() == Some(short)),
        (None, None) => false,
    };
    command.get_arguments().find(is_called).or_else(|| inherited.iter().copied().find(is_called))
}

fn takes_value(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command line of this form, up to the cursor.
    #[track_caller]
    fn check(line: &str, expect: Option<(Names, &str)>) {
        // What `mcr model` has is not here yet; the value names are what counts.
        let model = Command::new("model")
            .arg(Arg::new("route").value_name("ROUTE"))
            .arg(Arg::new("target").value_name("PROVIDER,MODEL"))
            .arg(Arg::new("with").long("with").value_name("PROVIDER,MODEL"));
        let root = Arguments::command();
        let root = if root.find_subcommand("model").is_some() { root } else { root.subcommand(model) };
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let found = find(&root, &words).map(|spot| (spot.names, spot.begun));
        assert_eq!(found, expect, "{line}");
    }

    #[test]
    fn an_argument_is_found_by_its_place_behind_its_command() {
        check("", Some((Names::Runnable, "")));
        check("mis", Some((Names::Runnable, "mis")));
        check("--quiet m", Some((Names::Runnable, "m")));
        check("preset delete ", Some((Names::Installed, "")));
        check("preset rm a", Some((Names::Installed, "a")));
        check("preset delete --yes a", Some((Names::Installed, "a")));
        check("preset delete a b", None);
        check("preset install sca", Some((Names::BuiltIn, "sca")));
        check("preset install --set a=b --name c s", Some((Names::BuiltIn, "s")));
        check("statusline ", Some((Names::Installed, "")));
        check("key rm ", Some((Names::Keys, "")));
        check("key test m", Some((Names::Providers, "m")));
        check("model ", Some((Names::Routes, "")));
        check("model default mist", Some((Names::Models, "mist")));
    }

    #[test]
    fn what_the_script_knows_or_is_claude_codes_is_left_alone() {
        check("preset ", None);
        check("preset install -", None);
        check("preset install --name ", None);
        check("code ", None);
        check("code preset delete ", None);
        check("my-preset ", None);
        check("my-preset preset delete ", None);
        check("--config ", None);
    }

    #[test]
    fn the_file_that_is_named_before_is_the_one_that_is_read() {
        let root = Arguments::command();
        for line in ["--config other.json key test ", "key --config other.json test "] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(find(&root, &words).and_then(|spot| spot.config), Some("other.json"), "{line}");
        }
    }

    #[test]
    fn a_name_that_a_shell_would_read_otherwise_is_not_offered() {
        assert!("mistralai/Devstral-2:latest,x_1".chars().all(is_harmless));
        assert!(["a b", "$(x)", "a;b", "a'b", "a\\b", "a*", "~a"].iter().all(|name| !name.chars().all(is_harmless)));
    }
}
