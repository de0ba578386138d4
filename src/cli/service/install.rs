//! `mcr service install | uninstall`: the file by which systemd or launchd starts the service at login.
//!
//! Only the file is written; what takes it in is said and not run, since that is the owner's to do.

use std::path::{Path, PathBuf};

use crate::cli::args::ServiceCommand;
use crate::cli::config::Place;
use crate::config::{self, Config, Source, load};
use crate::env;
use crate::error::{Exit, Failure};
use crate::paths;
use crate::ui;

/// What launchd calls the service.
pub(super) const LABEL: &str = "mcr.service";
/// Stands in every file that is ours to replace or to take away.
const MARK: &str = "Written by `mcr service install`";

/// The system's own supervisor of a user's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supervisor {
    Systemd,
    Launchd,
}

/// What the service is started with.
struct Start {
    program: String,
    config: Option<String>,
    home: Option<String>,
}

/// Writes the file, or takes it away.
pub fn run(command: &ServiceCommand, place: &Place<'_>) -> Result<u8, Failure> {
    let supervisor = if cfg!(target_os = "macos") { Supervisor::Launchd } else { Supervisor::Systemd };
    let file = supervisor.file()?;
    match command {
        ServiceCommand::Install { dry_run } => {
            let config = load(place.explicit, place.paths, place.environment)?;
            let text = supervisor.text(&Start::new(place)?);
            warn_of_variables(&config);
            if *dry_run {
                ui::say(format_args!("would write {}", file.display()));
                return ui::print(&text).map(|()| 0).map_err(|error| Failure::new(Exit::Io, error));
            }
            refuse_anothers(&file)?;
            paths::write_atomic(&file, text.as_bytes()).map_err(|error| Failure::new(Exit::CannotCreate, error))?;
            ui::say(format_args!("wrote {}", file.display()));
            ui::say(format_args!("run `{}` to start it now and at every login", supervisor.takes_in(&file)));
        }
        ServiceCommand::Uninstall => {
            if !file.exists() {
                ui::say(format_args!("there is no such file: {}", file.display()));
                return Ok(0);
            }
            refuse_anothers(&file)?;
            std::fs::remove_file(&file).map_err(|error| {
                let what = format!("cannot take away `{}`", file.display());
                Failure::new(Exit::Io, anyhow::Error::new(error).context(what))
            })?;
            ui::say(format_args!("took away {}", file.display()));
            ui::say(format_args!("run `{}` to end what is running of it", supervisor.lets_go()));
        }
    }
    Ok(0)
}

impl Start {
    fn new(place: &Place<'_>) -> Result<Self, Failure> {
        let text = |path: PathBuf| {
            let path = std::path::absolute(path).map_err(|error| Failure::new(Exit::Io, error))?;
            let text = path.to_str().filter(|text| !text.chars().any(char::is_control)).map(str::to_owned);
            text.ok_or_else(|| Failure::say(Exit::Usage, format!("a unit cannot name this path: {}", path.display())))
        };
        let program = std::env::current_exe().map_err(|error| Failure::new(Exit::Software, error))?;
        let config = config::named(place.explicit, place.environment);
        let home = (place.environment)(env::MCR_HOME).filter(|home| !home.is_empty()).map(PathBuf::from);
        Ok(Self { program: text(program)?, config: config.map(text).transpose()?, home: home.map(text).transpose()? })
    }
}

impl Supervisor {
    /// Where the file lies.
    fn file(self) -> Result<PathBuf, Failure> {
        let folders = directories::BaseDirs::new()
            .ok_or_else(|| Failure::say(Exit::Config, "there is no home folder to write to").hint("set `HOME`"))?;
        Ok(match self {
            Self::Systemd => folders.config_dir().join("systemd/user/mcr.service"),
            Self::Launchd => folders.home_dir().join(format!("Library/LaunchAgents/{LABEL}.plist")),
        })
    }

    /// The command that takes the file in.
    fn takes_in(self, file: &Path) -> String {
        match self {
            Self::Systemd => "systemctl --user daemon-reload && systemctl --user enable --now mcr".to_owned(),
            Self::Launchd => format!("launchctl bootstrap gui/$(id -u) {}", file.display()),
        }
    }

    /// The command that ends what was taken in.
    fn lets_go(self) -> String {
        match self {
            Self::Systemd => "systemctl --user disable --now mcr; systemctl --user daemon-reload".to_owned(),
            Self::Launchd => format!("launchctl bootout gui/$(id -u)/{LABEL}"),
        }
    }

    fn text(self, start: &Start) -> String {
        match self {
            Self::Systemd => unit(start),
            Self::Launchd => agent(start),
        }
    }
}

/// A unit of systemd's: <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html>.
fn unit(start: &Start) -> String {
    let config = start.config.as_deref().map(|path| format!(" --config {}", of_unit(path))).unwrap_or_default();
    let home =
        start.home.as_deref().map(|path| format!("Environment={}\n", of_unit(&format!("{}={path}", env::MCR_HOME))));
    // 64 and 78 are errors of the command line and the configuration, which another start does not mend. Answers
    // in progress get two minutes.
    format!(
        "# {MARK}; `mcr service uninstall` takes it away.\n\
         [Unit]\n\
         Description=mcr, the proxy between Claude Code and your models\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={} start --foreground{config}\n\
         Environment={}=systemd\n\
         {}Restart=on-failure\n\
         RestartPreventExitStatus=64 78\n\
         TimeoutStopSec=130\n\
         NoNewPrivileges=yes\n\
         UMask=0077\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        of_unit(&start.program),
        env::MCR_SUPERVISOR,
        home.unwrap_or_default(),
    )
}

/// Quotes a word for a unit: `%` begins a specifier and `$` a variable there.
fn of_unit(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$"))
}

/// An agent of launchd's: `man launchd.plist`.
fn agent(start: &Start) -> String {
    let mut words = vec![start.program.as_str(), "start", "--foreground"];
    words.extend(start.config.as_deref().map(|path| ["--config", path]).into_iter().flatten());
    let words: Vec<String> = words.iter().map(|word| format!("    <string>{}</string>\n", of_xml(word))).collect();
    let words = words.concat();
    let variable = |name: &str, value: &str| format!("    <key>{name}</key>\n    <string>{}</string>\n", of_xml(value));
    let home = start.home.as_deref().map(|path| variable(env::MCR_HOME, path)).unwrap_or_default();
    let supervisor = variable(env::MCR_SUPERVISOR, "launchd");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- {MARK}. Take it away with the command of that family. -->\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\
         \x20 <key>Label</key>\n  <string>{LABEL}</string>\n\
         \x20 <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n\
         \x20 <key>EnvironmentVariables</key>\n  <dict>\n{home}{supervisor}  </dict>\n\
         \x20 <key>RunAtLoad</key>\n  <true/>\n\
         \x20 <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n\
         \x20 <key>ExitTimeOut</key>\n  <integer>130</integer>\n\
         \x20 <key>Umask</key>\n  <integer>63</integer>\n\
         </dict>\n</plist>\n"
    )
}

fn of_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Leaves a file alone that somebody else wrote.
fn refuse_anothers(file: &Path) -> Result<(), Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) if !text.contains(MARK) => {
            Err(Failure::say(Exit::CannotCreate, format!("this file is not mcr's: {}", file.display()))
                .hint("move it away, or change it by hand"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Says which variables a service that starts at login does not have.
fn warn_of_variables(config: &Config) {
    let mut variables: Vec<&str> = config
        .settings
        .iter()
        .flat_map(|setting| match &setting.source {
            Source::Written { variables, .. } => variables.iter().map(String::as_str).collect(),
            Source::Unset { variable, .. } => vec![variable.as_str()],
            Source::Default | Source::Inferred(_) | Source::Catalogue(_) => Vec::new(),
        })
        .collect();
    variables.sort_unstable();
    variables.dedup();
    if !variables.is_empty() {
        let names = variables.join("`, `");
        ui::say(format_args!("warning: at login nobody sets `{names}`; keep keys with `mcr key set NAME` instead"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start {
            program: "/opt/my mcr/100%/mcr".to_owned(),
            config: Some("/home/a&b/$x \"c\".json".to_owned()),
            home: Some("/h".to_owned()),
        }
    }

    #[test]
    fn a_unit_runs_the_service_with_what_was_named() {
        let text = unit(&start());
        assert!(
            text.contains(
                "\nExecStart=\"/opt/my mcr/100%%/mcr\" start --foreground --config \"/home/a&b/$$x \\\"c\\\".json\"\n\
                 Environment=MCR_SUPERVISOR=systemd\nEnvironment=\"MCR_HOME=/h\"\nRestart=on-failure\n"
            ),
            "{text}"
        );
        assert!(text.contains(MARK));
    }

    #[test]
    fn an_agent_of_launchd_has_a_word_for_each_argument() {
        let text = agent(&start());
        let arguments = "    <string>--config</string>\n    <string>/home/a&amp;b/$x \"c\".json</string>\n  </array>";
        assert!(text.contains(arguments), "{text}");
        assert!(text.contains("<key>MCR_SUPERVISOR</key>\n    <string>launchd</string>"), "{text}");
        assert!(text.contains(MARK));
    }

    #[test]
    fn without_options_there_is_nothing_more() {
        let bare = Start { program: "/mcr".to_owned(), config: None, home: None };
        let text = unit(&bare);
        assert!(text.contains("\nExecStart=\"/mcr\" start --foreground\nEnvironment=MCR_SUPERVISOR=systemd\nRestart"));
        assert!(agent(&bare).contains("    <string>--foreground</string>\n  </array>"));
    }
}
