//! On a screen the token would be read by whoever looks.

use std::fs::{File, OpenOptions};
use std::io::Read as _;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::common::{Sandbox, config};

/// Runs a command whose stdout is a terminal, and returns its exit code, what the screen shows, and stderr.
fn on_a_screen(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("ours");
    unlockpt(&terminal).expect("ours");
    let name = ptsname(&terminal, Vec::new()).expect("a name").into_string().expect("text");
    let end = OpenOptions::new().read(true).write(true).open(name).expect("the other end");
    let output = sandbox.command(arguments).stdout(end).output().expect("the binary runs");
    let mut shown = Vec::new();
    // Reading ends with an error once the other end is closed.
    let _ = File::from(terminal).read_to_end(&mut shown);
    (output.status.code(), String::from_utf8(shown).expect("text"), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn a_terminal_gets_the_line_to_type_and_not_the_token() {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.json", &config("http://127.0.0.1:9/v1").to_string());
    let (code, shown, words) = on_a_screen(&sandbox, &["activate", "fish", "--preset", "local"]);
    assert_eq!((code, shown.as_str()), (Some(64), ""));
    insta::assert_snapshot!(words, @r"
    error: the script holds the service's token, and stdout is a terminal
    hint: run `mcr activate fish --preset local | source`
    hint: put the same line into the shell's start file to have it in every shell
    ");
    let (code, shown, words) = on_a_screen(&sandbox, &["deactivate", "bash"]);
    assert_eq!((code, shown.as_str()), (Some(64), ""));
    insta::assert_snapshot!(words, @r#"
    error: a shell must take this in, and stdout is a terminal
    hint: run `eval "$(mcr deactivate posix)"`
    "#);
}
