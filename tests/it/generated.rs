//! Files that are made from the command line's types, committed, and kept true here.
//!
//! `UPDATE=1 cargo test generated` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use mcr::cli::args::Arguments;

/// Every generated file by its path, with what it must hold.
fn generated() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "mcr", &mut text);
        let name = clap_complete::Generator::file_name(&shell, "mcr");
        files.push((Path::new("completions").join(name), text));
    }
    let mut command = Arguments::command();
    command.build();
    pages(&command, "mcr", &mut files);
    files
}

fn pages(command: &clap::Command, name: &str, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).expect("memory takes everything");
    files.push((Path::new("man").join(format!("{name}.1")), text));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        pages(inner, &format!("{name}-{}", inner.get_name()), files);
    }
}

#[test]
fn generated_files_say_what_the_command_line_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = generated();
    assert!(files.len() >= 10, "only {} files", files.len());
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
