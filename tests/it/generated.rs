//! Files that are made from the command line's types, committed, and kept true here.
//!
//! `UPDATE=1 cargo test generated` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use clap_complete::{Generator, Shell};
use mcr::cli::args::Arguments;

use crate::common::Sandbox;

/// Every generated file by its path, with what it must hold.
fn generated() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        files.push(script(shell, |text| with_names(shell, text)));
    }
    files.push(script(clap_complete_nushell::Nushell, |text| text));
    let mut command = Arguments::command();
    command.build();
    pages(&command, "mcr", &mut files);
    helps(&mut files);
    files
}

fn script(shell: impl Generator, finish: impl FnOnce(String) -> String) -> (PathBuf, Vec<u8>) {
    let path = Path::new("completions").join(shell.file_name("mcr"));
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "mcr", &mut text);
    let text = finish(String::from_utf8(text).expect("text"));
    (path, text.into_bytes())
}

/// Adds the part that asks mcr for presets and models, for the shells that have one.
fn with_names(shell: Shell, text: String) -> String {
    match shell {
        Shell::Bash => text + include_str!("generated/names.bash"),
        Shell::Fish => text + include_str!("generated/names.fish"),
        Shell::Zsh => {
            // What is there already ends with a call of the function, before which it must be whole.
            let (head, end) = text.split_once("if [ \"$funcstack[1]\" = \"_mcr\" ]").expect("the call at the end");
            format!("{head}{}if [ \"$funcstack[1]\" = \"_mcr\" ]{end}", include_str!("generated/names.zsh"))
        }
        _ => text,
    }
}

fn pages(command: &clap::Command, name: &str, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).expect("memory takes everything");
    files.push((Path::new("man").join(format!("{name}.1")), text));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        pages(inner, &format!("{name}-{}", inner.get_name()), files);
    }
}

/// The help of every command, as it is printed where nothing tells how wide the terminal is.
fn helps(files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let mut command = Arguments::command().term_width(100);
    command.build();
    let mut found = Vec::new();
    commands(&command, "mcr", &mut found);
    for (name, mut inner) in found {
        let asked = command.clone().try_get_matches_from(name.split(' ').chain(["--help"]));
        // Behind `code` everything is Claude Code's, `--help` too.
        let text = asked.map_or_else(|help| help.render().to_string(), |_| inner.render_help().to_string());
        files.push((help_file(&name), text.into_bytes()));
    }
}

fn help_file(name: &str) -> PathBuf {
    Path::new("tests/fixtures/help").join(format!("{}.txt", name.replace(' ', "-")))
}

#[test]
fn generated_files_say_what_the_command_line_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = generated();
    assert!(files.len() >= 10, "only {} files", files.len());
    let helps: BTreeSet<_> = files.iter().filter(|(path, _)| path.starts_with("tests")).map(|(path, _)| path).collect();
    for entry in fs::read_dir(root.join("tests/fixtures/help")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let known = helps.contains(&path.strip_prefix(root).expect("below").to_owned());
        assert!(known, "no command has this help; remove {}", path.display());
    }
    for (path, expect) in files {
        let path = root.join(path);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().expect("every file is in a folder")).expect("the folder can be made");
            fs::write(&path, &expect).expect("the file can be written");
        }
        let there = fs::read(&path).unwrap_or_default();
        assert!(there == expect, "{} is stale; run `UPDATE=1 cargo test generated`", path.display());
    }
}

#[test]
fn no_line_of_a_help_that_is_to_be_copied_is_wrapped() {
    let mut found = Vec::new();
    commands(&Arguments::command(), "mcr", &mut found);
    for (name, command) in found {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let longest = help.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
        assert!(longest.chars().count() <= 100, "{name}: {longest}");
    }
}

#[test]
fn every_command_prints_its_help_to_stdout_and_exits_0() {
    let mut files = Vec::new();
    helps(&mut files);
    let sandbox = Sandbox::new();
    let mut typed = Vec::new();
    commands(&Arguments::command(), "mcr", &mut typed);
    for (path, help) in files {
        let stem = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let is_it = |(name, _): &&(String, clap::Command)| name.replace(' ', "-") == stem;
        let name = typed.iter().find(is_it).map_or_else(|| stem.to_owned(), |(name, _)| name.clone());
        // Behind `code` everything is Claude Code's.
        if name == "mcr code" {
            continue;
        }
        let expect = format!("exit code: 0\n----- stdout -----\n{}", String::from_utf8(help).expect("text"));
        assert_eq!(sandbox.mcr(name.split(' ').skip(1).chain(["--help"])), expect, "{name}");
    }
}

/// Every command, its name as it is typed.
fn commands(command: &clap::Command, name: &str, found: &mut Vec<(String, clap::Command)>) {
    found.push((name.to_owned(), command.clone()));
    for inner in command.get_subcommands() {
        commands(inner, &format!("{name} {}", inner.get_name()), found);
    }
}

/// The command lines behind `Example:` or below `Examples:`.
fn examples(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| line.starts_with("  "));
    below
        .chain(help.lines().filter_map(|line| line.strip_prefix("Example: ")))
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn every_command_has_an_example_that_the_command_line_takes() {
    let mut command = Arguments::command();
    command.build();
    let mut found = Vec::new();
    commands(&command, "mcr", &mut found);
    assert!(found.len() >= 24, "only {} commands", found.len());
    for (name, command) in found {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "`{name} --help` has no `Example: {name} …` behind it (`after_help`)");
        for example in &examples {
            // Another program may stand around it, before it, or behind it.
            let inner = example.split_once("$(").map_or(example.as_str(), |(_, inner)| inner);
            let example = inner.split_once(')').map_or(inner, |(inner, _)| inner);
            let own = example.rsplit_once("| mcr ").map_or(example.to_owned(), |(_, own)| format!("mcr {own}"));
            let own = own.split(['>', '|', '&']).next().unwrap_or_default().to_owned();
            let words = shell_words::split(&own).unwrap_or_else(|error| panic!("{name}: `{example}`: {error}"));
            let parsed = Arguments::try_parse_from(words);
            assert!(parsed.is_ok(), "{name}: `{example}`: {}", parsed.expect_err("an error"));
        }
        assert!(examples.iter().any(|example| example.contains("mcr")), "{name}");
    }
}
