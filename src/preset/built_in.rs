//! The presets that mcr carries: `presets/` of its repository.

use super::{manifest, package::Package};

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// What it is called.
    pub name: &'static str,
    /// Its `manifest.json`.
    pub manifest: &'static str,
    /// Its `README.md`.
    pub readme: &'static str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn {
            name: $name,
            manifest: include_str!(concat!("../../presets/", $name, "/manifest.json")),
            readme: include_str!(concat!("../../presets/", $name, "/README.md")),
        }),*]
    };
}

/// All of them, by name.
pub const PRESETS: &[BuiltIn] = built_in![
    "infomaniak",
    "ionos",
    "mistral-cloud",
    "mistral-llama-cpp",
    "mistral-lm-studio",
    "mistral-ollama",
    "mistral-vllm",
    "nebius",
    "ovhcloud",
    "scaleway",
    "stackit",
];

/// Finds one.
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// The files of one.
pub fn package(name: &str) -> Option<Package> {
    let preset = find(name)?;
    let mut package = Package::default();
    package.add(manifest::FILE, preset.manifest.into()).ok()?;
    package.add("README.md", preset.readme.into()).ok()?;
    Some(package)
}
