//! The user's arguments, and what of them concerns routing.
//!
//! Pure. Follows the scanner of Claude Code 2.1.330 so that a value that looks
//! like a flag stays a value. Nothing is parsed that need not be; what is handed
//! on is the user's bytes in the user's order.

use std::ffi::{OsStr, OsString};

/// The user's arguments, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// What the arguments ask for.
    pub purpose: Purpose,
    /// Values of the user's `--settings`, in order; merged by `settings`.
    pub settings: Vec<OsString>,
    /// Values of the hidden `--managed-settings`; they stay in `rest` too.
    pub managed: Vec<OsString>,
    /// Everything else, verbatim.
    pub rest: Vec<OsString>,
}

/// What an invocation is for, as far as routing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A session.
    Routed,
    /// Asks no model, as a subcommand such as `mcp list` or a question about Claude Code itself
    /// does, but takes our `--settings`.
    Errand,
    /// Looks after background sessions. `claude --settings F logs ID` would be a prompt, so
    /// these get the environment only.
    Background,
    /// Asks for an update in so many words; these get the environment only.
    Update,
    /// Cannot be routed.
    Unroutable(Unroutable),
}

/// Why an invocation cannot be routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unroutable {
    /// Started in Claude Code's background service.
    #[error(
        "`{0}` starts a session in Claude Code's background service, which outlives mcr's proxy and has an environment of its own"
    )]
    Background(&'static str),
    /// Runs at Anthropic or through it.
    #[error("`{0}` runs the session on Anthropic's servers or through them, where mcr cannot route it")]
    Remote(&'static str),
}

impl Arguments {
    /// Returns the agent's arguments: the user's, with our settings in front where they belong.
    pub fn with_settings(&self, settings: Option<&OsStr>) -> Vec<OsString> {
        let ours = settings.into_iter().flat_map(|path| [OsString::from(SETTINGS), path.to_owned()]);
        ours.chain(self.rest.iter().cloned()).collect()
    }
}

/// Takes the user's arguments apart.
///
/// The scan ends at `--` and at a subcommand, whose arguments are its own;
/// `agents` alone reads `--settings` behind its name.
pub fn take_apart(user: &[OsString]) -> Arguments {
    let mut arguments = Arguments { purpose: Purpose::Routed, settings: vec![], managed: vec![], rest: vec![] };
    let mut operand_seen = false;
    let mut index = 0;
    while index < user.len() {
        let argument = &user[index];
        let flag = argument.to_str().unwrap_or_default();
        if flag == "--" {
            break;
        }
        if let Some(value) = value_of(SETTINGS, user, index) {
            arguments.settings.push(value.1);
            index = value.0;
            continue;
        }
        if let Some(value) = value_of(MANAGED, user, index) {
            arguments.managed.push(value.1);
        }
        if looks_like_flag(argument) {
            if let Some(reason) = unroutable_flag(flag) {
                arguments.purpose = Purpose::Unroutable(reason);
            } else if index == 0 && UPDATE_FLAGS.contains(&flag) {
                arguments.purpose = Purpose::Update;
            } else if ABOUT_ITSELF.contains(&flag) && arguments.purpose == Purpose::Routed {
                arguments.purpose = Purpose::Errand;
            }
        } else if !operand_seen {
            operand_seen = true;
            if let Some(purpose) = subcommand(user, index) {
                if !matches!(arguments.purpose, Purpose::Unroutable(_)) {
                    arguments.purpose = purpose;
                }
                break;
            }
        }
        let next = skip_value(user, index);
        arguments.rest.extend_from_slice(&user[index..next]);
        index = next;
    }
    arguments.rest.extend_from_slice(&user[index..]);
    arguments
}

const SETTINGS: &str = "--settings";
const MANAGED: &str = "--managed-settings";
const UPDATE_FLAGS: [&str; 2] = ["--update", "--upgrade"];
const ABOUT_ITSELF: [&str; 4] = ["--version", "-v", "--help", "-h"];

/// The value of a flag at `index`, and the index behind it.
fn value_of(name: &str, user: &[OsString], index: usize) -> Option<(usize, OsString)> {
    let argument = &user[index];
    if argument.as_encoded_bytes() == name.as_bytes() {
        // Without a value it stays, and Claude Code complains.
        return user.get(index + 1).map(|value| (index + 2, value.clone()));
    }
    let rest = strip_prefix(argument, name)?;
    strip_prefix(&rest, "=").map(|value| (index + 1, value))
}

#[cfg(unix)]
fn strip_prefix(argument: &OsStr, prefix: &str) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;
    argument.as_bytes().strip_prefix(prefix.as_bytes()).map(|rest| OsStr::from_bytes(rest).to_owned())
}

#[cfg(not(unix))]
fn strip_prefix(argument: &OsStr, prefix: &str) -> Option<OsString> {
    argument.to_str()?.strip_prefix(prefix).map(OsString::from)
}

fn looks_like_flag(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    bytes.len() > 1 && bytes[0] == b'-'
}

/// The index behind a flag and its values, or behind an operand.
fn skip_value(user: &[OsString], index: usize) -> usize {
    let flag = user[index].to_str().unwrap_or_default();
    let end = if OPTIONAL_VALUE.contains(&flag) {
        match user.get(index + 1) {
            Some(value) if !looks_like_flag(value) => index + 2,
            _ => index + 1,
        }
    } else if MANY_VALUES.contains(&flag) {
        let further = user.iter().skip(index + 2).take_while(|value| !looks_like_flag(value)).count();
        index + 2 + further
    } else if ONE_VALUE.contains(&flag) {
        index + 2
    } else {
        index + 1
    };
    end.min(user.len())
}

fn unroutable_flag(argument: &str) -> Option<Unroutable> {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name);
    let find = |names: &[&'static str]| names.iter().copied().find(|known| *known == name);
    find(BACKGROUND_FLAGS).map(Unroutable::Background).or_else(|| find(REMOTE_FLAGS).map(Unroutable::Remote))
}

/// What a subcommand is for; `None` says that the scan goes on behind the word.
fn subcommand(user: &[OsString], index: usize) -> Option<Purpose> {
    let word = user[index].to_str().unwrap_or_default();
    let find = |names: &[&'static str]| names.iter().copied().find(|known| *known == word);
    // These six are subcommands in front, or before the id of a session; elsewhere they are prompts.
    let is_verb = index == 0 || user.get(index + 1).is_some_and(|id| is_session(id));
    if let Some(word) = find(&["attach", "respawn"]).filter(|_| is_verb) {
        return Some(Purpose::Unroutable(Unroutable::Background(word)));
    }
    if find(&["logs", "stop", "kill", "rm"]).is_some() && is_verb {
        return Some(Purpose::Background);
    }
    // Claude Code looks for these in front only; anywhere else they are words of a prompt.
    let remote = if index == 0 { REMOTE_COMMANDS } else { &["ultrareview"] };
    if let Some(word) = find(remote) {
        return Some(Purpose::Unroutable(Unroutable::Remote(word)));
    }
    match word {
        // Lists sessions; without the flag a view opens that starts them.
        "agents" if user[index..].iter().any(|argument| argument == "--json") => Some(Purpose::Background),
        "daemon" if index == 0 => Some(Purpose::Unroutable(Unroutable::Background("daemon"))),
        "update" | "upgrade" | "install" => Some(Purpose::Update),
        word if SUBCOMMANDS.contains(&word) => Some(Purpose::Errand),
        _ => None,
    }
}

fn is_session(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    argument == "--all" || bytes.len() == 8 && bytes.iter().all(u8::is_ascii_hexdigit)
}

/// Subcommands that accept `--settings` before their name (run on 2.1.330).
const SUBCOMMANDS: &[&str] =
    &["mcp", "doctor", "plugin", "plugins", "auth", "auto-mode", "setup-token", "gateway", "import", "purge"];

const REMOTE_COMMANDS: &[&str] =
    &["remote-control", "rc", "remote", "sync", "bridge", "self-hosted-runner", "ultrareview"];

const BACKGROUND_FLAGS: &[&str] = &["--bg", "--background", "--bg-spare", "--bg-pty-host", "--daemon-worker"];

const REMOTE_FLAGS: &[&str] = &[
    "--routine",
    "--cloud",
    "--remote",
    "--teleport",
    "--remote-control",
    "--rc",
    "--desktop",
    "--environment",
    "--sdk-url",
];

/// Flags whose next argument is a value, even one that begins with a dash.
#[rustfmt::skip]
const ONE_VALUE: &[&str] = &[
    "--prefill", "--prefill-b64", "--deep-link-repo", "--deep-link-last-fetch", "--deep-link-cwd-b64", "--handle-uri",
    "--managed-settings", "--initialize-fields", "--setting-sources", "--client-data-url", "--watch-artifact",
    "--watch-artifact-no-autoreact", "--team-name", "--agent-id", "--agent-name", "--agent-color",
    "--parent-session-id", "--lead-verify-key", "--agent-type", "--model", "--agent", "--routine", "--effort",
    "--fast-mode", "--permission-mode", "--inherit-permission-mode", "--proactivity", "--debug-file",
    "--system-prompt", "--system-prompt-file", "--append-system-prompt", "--append-system-prompt-file",
    "--system-prompt-snapshot", "--append-subagent-system-prompt", "--append-subagent-system-prompt-file",
    "--plan-mode-instructions", "--permission-prompt-tool", "--permission-prompts", "--json-schema",
    "--fallback-model", "--advisor", "--agents", "--name", "-n", "--plugin-dir", "--plugin-dir-no-mcp",
    "--plugin-url", "--remote-control-session-name-prefix", "--exec", "-m", "--sdk-url", "--thinking",
    "--thinking-display", "--max-thinking-tokens", "--max-turns", "--max-budget-usd", "--task-budget",
    "--autocompact", "--rewind-files", "--resume-session-at", "--resume-drops-turn", "--workload",
    "--output-format", "--input-format", "--teammate-mode", "--messaging-socket-path", "--session-id",
    "--environment", "--pool", "--ref", "--on-branch", "--correlation-id", "--metadata",
    "--forward-home-settings", "--project-config-root", "--attach-serve", "--runner-declares",
    "--session-began-as-copy",
];

/// Flags that take one value and then all that follow up to the next flag.
#[rustfmt::skip]
const MANY_VALUES: &[&str] = &[
    "--allowedTools", "--allowed-tools", "--disallowedTools", "--disallowed-tools", "--tools", "--add-dir",
    "--mcp-config", "--betas", "--file", "--channels", "--dangerously-load-development-channels",
];

/// Flags that take a value unless the next argument begins with a dash.
#[rustfmt::skip]
const OPTIONAL_VALUE: &[&str] = &[
    "-d", "--debug", "-r", "--resume", "--from-pr", "-w", "--worktree", "--teleport", "--cloud", "--remote",
    "--project", "--remote-control", "--rc", "--prompt-suggestions",
];

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
