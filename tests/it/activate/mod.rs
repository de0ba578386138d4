//! `mcr activate` and `mcr deactivate`, through the shells themselves.

mod contract;
mod quoting;
mod terminal;

use std::collections::BTreeMap;

use mcr::launch::shell::Shell;

/// The environment as `env -0` prints it.
pub fn environment(printed: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let variables = printed.split(|byte| *byte == 0).filter(|variable| !variable.is_empty());
    let split = variables.map(|variable| {
        let at = variable.iter().position(|byte| *byte == b'=').expect("a name");
        (String::from_utf8_lossy(&variable[..at]).into_owned(), variable[at + 1..].to_owned())
    });
    split.collect()
}

/// The words by which a shell prints its environment.
pub fn prints(shell: &str) -> &'static str {
    if shell == "nu" { "^env -0" } else { "env -0" }
}

/// What this shell types to take a command's script in.
pub fn takes_in(shell: &str, command: &str) -> String {
    shell.parse::<Shell>().expect("a shell").takes_in(command)
}
