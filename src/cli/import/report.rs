//! What an import did, or would do: for people, and for scripts.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::{Value, json};

/// A path that is longer moves what stands behind it.
const WIDEST: usize = 36;

/// What becomes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is taken as it is.
    Taken,
    /// It is taken in another form.
    Changed,
    /// It is taken and does nothing.
    Idle,
    /// It is not taken.
    LeftOut,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Changed => "changed",
            Self::Idle => "no effect",
            Self::LeftOut => "left out",
        }
    }
}

/// Something, what becomes of it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// A path in the configuration, the name of a preset or of a file.
    pub(super) path: String,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Why, or what to know of it.
    pub(super) why: Option<String>,
}

/// A key for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyLine {
    pub(super) name: String,
    pub(super) user: String,
    pub(super) hosts: Vec<String>,
}

/// The whole.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The folder that was read.
    pub(super) folder: PathBuf,
    /// The file that was read, and the one that is written; none where there was no configuration.
    pub(super) files: Option<(PathBuf, PathBuf)>,
    /// What is said before all else.
    pub(super) notes: Vec<String>,
    /// The fields of the configuration.
    pub(super) fields: Vec<Field>,
    /// The presets.
    pub(super) presets: Vec<Field>,
    /// What else lies in the folder.
    pub(super) others: Vec<Field>,
    /// Keys in clear.
    pub(super) keys: Vec<KeyLine>,
    /// Whether they go into the store.
    pub(super) keeps_keys: bool,
    /// What was there before, and where it is now.
    pub(super) backups: Vec<PathBuf>,
    /// What is there and would be replaced.
    pub(super) in_the_way: Vec<String>,
    /// Whether nothing has been written.
    pub(super) is_dry: bool,
    /// The commands that come next, each with what it does.
    pub(super) next: Vec<(String, &'static str)>,
}

impl Report {
    /// The report as text.
    pub(super) fn words(&self) -> String {
        let mut text = String::new();
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        let mut section = |title: String, fields: &[Field]| {
            if fields.is_empty() {
                return;
            }
            let _ = writeln!(text, "{}{title}", if text.is_empty() { "" } else { "\n" });
            let width = fields.iter().map(|field| field.path.chars().count()).max().unwrap_or(0).min(WIDEST);
            for Field { path, fate, why } in fields {
                let path = if path.is_empty() { "(the whole)" } else { path };
                let line = match why {
                    Some(why) => format!("  {:<9}  {path:<width$}  {why}", fate.as_str()),
                    None => format!("  {:<9}  {path}", fate.as_str()),
                };
                let _ = writeln!(text, "{line}");
            }
        };
        if let Some((from, to)) = &self.files {
            section(format!("configuration: {} -> {}", from.display(), to.display()), &self.fields);
        }
        section("presets".to_owned(), &self.presets);
        section(format!("stays where it is: {}", self.folder.display()), &self.others);
        let keys: Vec<String> =
            self.keys.iter().map(|key| format!("  {} for {} ({})", key.name, key.hosts.join(", "), key.user)).collect();
        if !keys.is_empty() {
            let title = if self.keeps_keys { "keys for mcr's store" } else { "keys that are not taken" };
            let _ = write!(text, "\n{title}\n{}\n", keys.join("\n"));
        }
        if !self.backups.is_empty() {
            let _ = writeln!(text, "\nwhat was there before");
        }
        for backup in &self.backups {
            let _ = writeln!(text, "  {}", backup.display());
        }
        if self.is_dry {
            let _ = write!(text, "\nnothing has been written: this was a dry run\n");
            for what in &self.in_the_way {
                let _ = writeln!(text, "{what} is there already; `--force` replaces it and keeps a copy");
            }
        }
        if !self.next.is_empty() {
            let width = self.next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
            let _ = write!(text, "\nnext\n");
            for (command, what) in &self.next {
                let _ = writeln!(text, "  {command:<width$}  # {what}");
            }
        }
        text
    }

    /// The report for a script.
    pub(super) fn json(&self) -> String {
        let list = |fields: &[Field], name: &str| -> Vec<Value> {
            fields.iter().map(|it| json!({name: it.path, "fate": it.fate.as_str(), "why": it.why})).collect()
        };
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| json!({"name": key.name, "user": key.user, "hosts": key.hosts, "stored": self.keeps_keys}))
            .collect();
        let value = json!({
            "folder": self.folder.to_string_lossy(),
            "from": self.files.as_ref().map(|(from, _)| from.to_string_lossy()),
            "to": self.files.as_ref().map(|(_, to)| to.to_string_lossy()),
            "written": !self.is_dry,
            "notes": self.notes,
            "fields": list(&self.fields, "path"),
            "presets": list(&self.presets, "name"),
            "others": list(&self.others, "name"),
            "keys": keys,
            "backups": self.backups.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
            "in_the_way": self.in_the_way,
            "next": self.next.iter().map(|(command, _)| command).collect::<Vec<_>>(),
        });
        format!("{value:#}\n")
    }
}
