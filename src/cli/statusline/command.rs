//! Programs of the status line's modules: no shell, a second in all, the first line of each.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::config::Module;
use crate::{env, ui};

/// What all of them get together.
const TIME: Duration = Duration::from_secs(1);
/// The longest line that is read.
const LONGEST: u64 = 4096;

/// A program that runs, and its first line to come.
pub(super) struct Started {
    child: Child,
    line: Receiver<String>,
    until: Instant,
}

/// Starts the commands of all modules; the list has a place for each module.
pub(super) fn start(modules: &[Module]) -> Vec<Option<Started>> {
    let until = Instant::now() + TIME;
    modules.iter().map(|module| start_one(module.command.as_deref()?, until)).collect()
}

/// Waits for the first lines; a program that is late or still runs is ended.
pub(super) fn first_lines(started: Vec<Option<Started>>) -> Vec<Option<String>> {
    let lines = started.into_iter().map(|started| {
        let mut started = started?;
        let left = started.until.saturating_duration_since(Instant::now());
        let line = started.line.recv_timeout(left).ok();
        end(&mut started.child);
        line
    });
    lines.collect()
}

fn start_one(words: &[String], until: Instant) -> Option<Started> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // What opens the proxy is no business of a clock or a thermometer.
    command.env_remove(env::ANTHROPIC_AUTH_TOKEN);
    // A group of its own, so that what it starts ends with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            ui::say(format_args!("error: cannot run `{program}` for the status line: {error}"));
            return None;
        }
    };
    let (sender, line) = channel();
    let stdout = child.stdout.take()?;
    std::thread::spawn(move || drop(first_line(stdout).map(|line| sender.send(line))));
    Some(Started { child, line, until })
}

fn first_line(stdout: ChildStdout) -> Option<String> {
    let mut line = Vec::new();
    BufReader::new(stdout.take(LONGEST)).read_until(b'\n', &mut line).ok()?;
    Some(String::from_utf8_lossy(&line).trim().to_owned())
}

fn end(child: &mut Child) {
    // The child is not waited for yet, so its id is still its own.
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::config::Template;

    fn check(commands: &[&[&str]], expect: &[Option<&str>]) {
        let module = |words: &&[&str]| Module {
            icon: String::new(),
            text: Template::default(),
            color: None,
            background: None,
            command: (!words.is_empty()).then(|| words.iter().map(|&word| word.to_owned()).collect()),
        };
        let found = first_lines(start(&commands.iter().map(module).collect::<Vec<_>>()));
        assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn the_first_line_counts_and_no_shell_takes_part() {
        check(&[&["printf", "one\\ntwo\\n"], &[], &["echo", "$HOME; ls"]], &[Some("one"), None, Some("$HOME; ls")]);
    }

    #[test]
    fn a_program_that_is_not_there_leaves_its_place_empty() {
        check(&[&["/no/such/program"], &["echo", "x"]], &[None, Some("x")]);
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_and_so_is_what_it_started() {
        let began = Instant::now();
        let slow: [&[&str]; 3] =
            [&["sh", "-c", "echo x; sleep 60"], &["sh", "-c", "sleep 60 & wait"], &["sleep", "60"]];
        check(&slow, &[Some("x"), None, None]);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
