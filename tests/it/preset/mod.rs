//! Presets: installed, run, shared, and refused.

mod ask;
mod built_in;
mod commands;
pub mod discover;
mod hostile;
mod install;
mod interrupt;
mod remote;
mod run;
pub mod session;
mod share;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::Sandbox;

/// A preset that asks for a key, a model and a port.
pub fn asking() -> Value {
    json!({
        "name": "asking", "version": "1.0.0", "description": "Asks for much",
        "schema": [
            {"id": "apiKey", "type": "password", "label": "Key"},
            {"id": "model", "type": "select", "options": ["small", "large"], "defaultValue": "small"},
            {"id": "port", "type": "number", "min": 1, "max": 65535},
        ],
        "Providers": [{"name": "p", "api_base_url": "http://localhost:{{port}}/v1", "api_key": "{{apiKey}}",
                       "models": ["{{model}}"]}],
        "Router": {"default": "p,{{model}}"},
    })
}

/// Writes a preset's folder below the sandbox's.
pub fn folder(sandbox: &Sandbox, name: &str, manifest: &Value) -> PathBuf {
    sandbox.write(&format!("{name}/manifest.json"), &format!("{manifest:#}")).parent().expect("a folder").to_owned()
}

/// Where presets are installed.
pub fn installed(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.home().join("presets").join(name)
}

/// Every file below a folder, by its path.
pub fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    let mut found: Vec<String> =
        found.iter().map(|path| path.strip_prefix(folder).expect("below").display().to_string()).collect();
    found.sort();
    found
}

/// Installs with all that `asking` asks for.
pub fn install_asking(sandbox: &Sandbox) -> String {
    folder(sandbox, "asking", &asking());
    sandbox.mcr(["preset", "install", "asking", "--set", "apiKey=env:KEY", "--set", "port=9", "--yes"])
}
