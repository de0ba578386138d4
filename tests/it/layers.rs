//! The shape of the source: who imports whom, who touches the machine, how large things are.
//!
//! The tables here are the ones that hold. Where they differ from the map in the
//! design, the reason stands beside the entry.

mod source;

use std::fs;
use std::path::Path;

use source::Source;

/// A layer, and the layers it may import.
struct Layer {
    name: &'static str,
    may_import: &'static [&'static str],
}

const fn layer(name: &'static str, may_import: &'static [&'static str]) -> Layer {
    Layer { name, may_import }
}

const LAYERS: &[Layer] = &[
    // `ui` prints the failure that `main` ends with.
    layer("main", &["cli", "ui"]),
    layer("lib", &[]),
    // A command may use anything: `catalog` and `imitation` for `smoke`, which runs both ends without a network.
    layer(
        "cli",
        &[
            "audit",
            "catalog",
            "config",
            "egress",
            "env",
            "error",
            "imitation",
            "keys",
            "launch",
            "observe",
            "paths",
            "preset",
            "proxy",
            "report",
            "route",
            "status_line",
            "translate",
            "ui",
            "upstream",
            "wire",
        ],
    ),
    // `catalog`: what an answer cost, and where its host is. `egress`: the door is opened once and handed down.
    // `error`: binding may fail before anybody listens.
    layer(
        "proxy",
        &[
            "audit",
            "catalog",
            "config",
            "egress",
            "error",
            "keys",
            "observe",
            "openai",
            "route",
            "translate",
            "upstream",
            "wire",
        ],
    ),
    // `translate`: what an upstream's status means is told in the client's terms there.
    layer("upstream", &["audit", "config", "egress", "keys", "observe", "translate", "wire"]),
    // `audit`: the door and the witness of the agent's traffic note what they let go and what not.
    layer("egress", &["audit", "catalog", "config"]),
    // `paths` opens the record for its owner only.
    layer("audit", &["config", "paths", "wire"]),
    // `error`: a key that cannot be had ends a command as it ends a request.
    layer("keys", &["config", "error", "paths"]),
    // `paths` opens the trace for its owner only.
    layer("observe", &["config", "paths", "wire"]),
    // `error`: what the agent lacks is told to the person with a hint.
    layer("launch", &["config", "env", "error", "paths"]),
    // `config`: a preset becomes a configuration, and tells its problems as one does. `catalog`: whose key is whose.
    layer("preset", &["catalog", "config", "env", "error", "paths"]),
    // `catalog`: what a model takes, and which one follows a retired one.
    layer("translate", &["catalog", "config", "wire"]),
    // `translate`: ids of calls, schemas, efforts and errors in a stream obey the same rules whoever asks.
    layer("openai", &["catalog", "config", "translate", "wire"]),
    // `catalog`: how a model's tokens are counted.
    layer("route", &["catalog", "config", "wire"]),
    // `error`: all problems of a file are one failure.
    layer("config", &["catalog", "env", "error", "paths"]),
    // Shares nothing with what it judges; the model data is included as a file.
    layer("imitation", &[]),
    // `wire`: what the proxy says of a session is what the line is drawn from.
    layer("status_line", &["config", "wire"]),
    // `audit`: what an event is; no file of it is read here.
    layer("report", &["audit", "catalog", "config"]),
    layer("ui", &["error"]),
    layer("error", &[]),
    layer("paths", &["env", "error"]),
    layer("env", &[]),
    layer("catalog", &[]),
    layer("wire", &[]),
];

/// Layers that compute and nothing else.
const PURE: &[&str] =
    &["audit", "catalog", "config", "openai", "preset", "report", "route", "status_line", "translate", "wire"];
/// Files of pure layers that are not.
const NOT_PURE: &[(&str, &str)] = &[
    ("audit/cover.rs", "signs for what other processes wrote"),
    ("audit/keyed.rs", "keeps the installation's key for digests"),
    ("audit/purge.rs", "takes old files of the record away"),
    ("audit/recorder.rs", "asks the clock when something happens"),
    ("audit/sealing.rs", "appends to the file of checkpoints"),
    ("audit/store.rs", "reads the record"),
    ("audit/writer.rs", "appends to a process's file"),
    ("config/load.rs", "reads the configuration's file; the rest of `config` gets its text"),
    ("preset/source.rs", "reads a preset's folder or archive"),
    ("preset/store.rs", "reads installed presets, and asks `paths` to write them"),
];
/// What a pure layer may not name: sockets, files, processes, the terminal.
const IMPURE: &[&str] = &[
    "dialoguer",
    "directories",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "rustix",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "tempfile",
    "tokio",
];
/// Types that only name an address.
const ADDRESSES: &[&str] = &["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];

/// Who may name `std::fs` or `tokio::fs`.
const FILES: &[(&str, &str)] = &[
    ("audit/cover.rs", "asks whether another process holds its file"),
    ("audit/purge.rs", "takes old files of the record away"),
    ("audit/sealing.rs", "holds the file of checkpoints that `paths` opened"),
    ("audit/store.rs", "reads the record"),
    ("audit/writer.rs", "holds the file that `paths` opened"),
    ("cli/activate.rs", "asks the system which shell calls"),
    ("cli/audit/verify.rs", "reads an anchor that was kept elsewhere"),
    ("cli/doctor/files.rs", "asks who may read what mcr keeps"),
    ("cli/doctor/machine.rs", "reads what shells read when they start"),
    ("cli/doctor/settings.rs", "reads the settings that Claude Code would"),
    ("cli/import/folder.rs", "reads claude-code-router's folder"),
    ("cli/import/keeptrusts/mod.rs", "reads a gateway's file"),
    ("cli/preset/editor.rs", "reads what an editor wrote"),
    ("cli/report/gather.rs", "reads the owner's words for reports"),
    ("cli/service/install.rs", "takes a unit away, once it is known to be mcr's"),
    ("cli/service/logs.rs", "reads the log to print it"),
    ("cli/service/port.rs", "reads the system's tables of sockets and processes"),
    ("cli/smoke/fresh.rs", "plays the agent in a folder made for it"),
    ("cli/smoke/ground.rs", "makes that folder"),
    ("cli/statusline/branch.rs", "reads which branch the folder's repository is on"),
    ("config/load.rs", "reads the configuration and what it names, sees whether they changed, and a manifest's line"),
    ("imitation/client/workspace.rs", "plays the agent's file tools in a folder made for it"),
    ("keys/closed_file.rs", "reads what nobody else may read, and nothing that others can"),
    ("keys/store.rs", "holds the lock that `paths` opened"),
    ("launch/child.rs", "asks the terminal whose turn it is"),
    ("launch/find.rs", "looks for the agent below nvm's folder"),
    ("launch/managed.rs", "reads what an administrator forbids the agent"),
    ("launch/mod.rs", "reads the agent's settings"),
    ("launch/seal/inner.rs", "tells the kernel who is who in a namespace of its own"),
    ("launch/service.rs", "holds the service's lock, and takes its record away"),
    ("launch/settings_file.rs", "the settings of one session: a file of its own that goes with it"),
    ("launch/signals.rs", "asks the system which signals are ignored"),
    ("launch/version.rs", "reads the agent's package"),
    ("observe/ledger.rs", "holds the file that `paths` opened, and reads what was noted"),
    ("observe/log.rs", "holds the file that `paths` opened"),
    ("observe/log_files.rs", "finds the newest log and takes old ones away"),
    ("observe/tail.rs", "reads on what other processes noted"),
    ("observe/trace.rs", "holds the file that `paths` opened"),
    ("paths.rs", "writes everything that stays"),
    ("paths/backup.rs", "copies what stays before it changes"),
    ("paths/folder.rs", "writes whole folders of what stays"),
    ("paths/replace.rs", "puts a whole file in the place of another"),
    ("preset/source.rs", "reads a preset's folder or archive"),
    ("preset/store.rs", "reads installed presets"),
    ("proxy/auth.rs", "random bytes where the system has no call for them"),
];

const LONGEST: usize = 400;
/// Files that are longer, with the lines they may have.
const LONG: &[(&str, usize, &str)] = &[("wire/chat.rs", 460, "types of one document, a doc comment to each field")];

/// Packages in the lock file, mcr and what only tests and benchmarks use included: 227, two that read YAML, three that
/// read a terminal's screen, and nine more.
const PACKAGES: usize = 241;

/// Words that look like the id of a model and are none.
const NO_MODELS: &[(&str, &str)] = &[
    ("mistral-cloud", "a preset that mcr carries"),
    ("mistral-correlation-id", "a header of Mistral's answers"),
    ("mistral-llama-cpp", "a preset that mcr carries"),
    ("mistral-lm-studio", "a preset that mcr carries"),
    ("mistral-ollama", "a preset that mcr carries"),
    ("mistral-vllm", "a preset that mcr carries"),
    ("sk-mistral-router", "the token of a guide"),
];
/// How the ids of Mistral's models begin.
const MODELS: &[&str] =
    &["codestral", "devstral", "magistral", "ministral", "mistral-", "mixtral", "pixtral", "voxtral"];

fn sources() -> Vec<Source> {
    let sources = source::below(Path::new("src"));
    assert!(sources.len() >= 60, "only {} files", sources.len());
    sources
}

/// Claims that there is nothing to report.
#[track_caller]
fn none(reports: &[String]) {
    assert!(reports.is_empty(), "\n{}", reports.join("\n"));
}

#[test]
fn a_layer_imports_what_the_table_allows() {
    let sources = sources();
    let imports: usize = sources.iter().map(|source| source.imports().len()).sum();
    assert!(imports >= 150, "only {imports} imports");
    none(&sources.iter().flat_map(forbidden_imports).collect::<Vec<_>>());
}

#[test]
fn the_table_of_layers_names_every_layer_and_no_other() {
    let mut layers: Vec<String> = sources().iter().map(|source| source.layer().to_owned()).collect();
    layers.sort();
    layers.dedup();
    let mut named: Vec<&str> = LAYERS.iter().map(|layer| layer.name).collect();
    named.sort_unstable();
    assert_eq!(layers, named);
}

#[test]
fn the_map_in_the_documentation_is_the_table() {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let map = text.split("# Who may import whom").nth(1).and_then(|rest| rest.split("```").nth(1)).expect("a map");
    let mut drawn = Vec::new();
    for line in map.lines().filter_map(|line| line.strip_prefix("//! ")) {
        let Some((names, to)) = line.split_once(" -> ") else { continue };
        let to = to.split_whitespace().map(|name| name.trim_matches(['(', ')'])).filter(|name| *name != "nothing");
        drawn.extend(names.split(',').map(|name| (name.trim(), to.clone().collect::<Vec<_>>())));
    }
    drawn.sort_unstable();
    let is_drawn = |layer: &&Layer| !matches!(layer.name, "main" | "lib");
    let whole = |layer: &Layer| if layer.name == "cli" { vec!["everything"] } else { layer.may_import.to_vec() };
    let mut table: Vec<_> = LAYERS.iter().filter(is_drawn).map(|layer| (layer.name, whole(layer))).collect();
    table.sort_unstable();
    assert_eq!(drawn, table);
}

#[test]
fn the_pure_layers_know_no_file_no_socket_and_no_clock() {
    let pure: Vec<Source> = sources().into_iter().filter(is_pure).collect();
    assert!(pure.len() >= 40, "only {} files", pure.len());
    none(&pure.iter().flat_map(impurities).collect::<Vec<_>>());
}

#[test]
fn files_are_opened_where_the_table_says() {
    let sources = sources();
    let mut open: Vec<&str> =
        sources.iter().filter(|source| touches_files(source)).map(|source| source.path.as_str()).collect();
    open.sort_unstable();
    assert_eq!(open, FILES.iter().map(|(path, _)| *path).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long() {
    let limit = |path: &str| LONG.iter().find(|(long, ..)| *long == path).map_or(LONGEST, |(_, limit, _)| *limit);
    let too_long = |source: &Source| {
        (source.lines > limit(&source.path))
            .then(|| format!("{} has {} lines, {} are allowed", source.path, source.lines, limit(&source.path)))
    };
    let sources = sources();
    none(&sources.iter().filter_map(too_long).collect::<Vec<_>>());
    for (path, ..) in LONG {
        let lines = sources.iter().find(|source| source.path == *path).map(|source| source.lines);
        assert!(lines.is_some_and(|lines| lines > LONGEST), "{path} needs no exception: {lines:?}");
    }
}

#[test]
fn the_lock_file_stays_within_its_budget() {
    let lock = fs::read_to_string("Cargo.lock").unwrap();
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(packages > 100, "only {packages} packages");
    assert!(packages <= PACKAGES, "{packages} packages, and the budget is {PACKAGES}: is the new one worth it?");
}

#[test]
fn ids_of_models_are_data_and_never_in_code() {
    let code: Vec<Source> = sources().into_iter().filter(|source| source.layer() != "catalog").collect();
    none(&code.iter().flat_map(model_ids).collect::<Vec<_>>());
}

fn forbidden_imports(source: &Source) -> Vec<String> {
    let name = source.layer();
    let allowed = LAYERS.iter().find(|layer| layer.name == name).map_or(&[][..], |layer| layer.may_import);
    let is_forbidden = |path: &String| {
        let to = path.split("::").next().unwrap_or_default();
        to != name && !allowed.contains(&to)
    };
    source.imports().into_iter().filter(is_forbidden).map(|path| format!("{}: crate::{path}", source.path)).collect()
}

fn is_pure(source: &Source) -> bool {
    PURE.contains(&source.layer()) && !NOT_PURE.iter().any(|(path, _)| *path == source.path)
}

fn impurities(source: &Source) -> Vec<String> {
    let is_below =
        |path: &str, root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let roots = IMPURE.iter().map(|path| path.split("::").next().unwrap_or_default());
    let mut found: Vec<String> = roots
        .flat_map(|root| source.paths(root).into_iter().map(move |path| format!("{root}::{path}")))
        .filter(|path| IMPURE.iter().any(|impure| is_below(path, impure)))
        .filter(|path| !ADDRESSES.iter().any(|address| is_below(path, address)))
        .collect();
    // Files may be reached through the one that writes them, too.
    found.extend(
        source.imports().into_iter().filter(|path| is_below(path, "paths")).map(|path| format!("crate::{path}")),
    );
    if source.code.contains("::now(") {
        found.push("a clock".to_owned());
    }
    found.sort();
    found.dedup();
    found.into_iter().map(|path| format!("{}: {path}", source.path)).collect()
}

fn touches_files(source: &Source) -> bool {
    let is_files = |path: &String| path == "fs" || path.starts_with("fs::");
    source.paths("std").iter().any(is_files) || source.paths("tokio").iter().any(is_files)
}

fn model_ids(source: &Source) -> Vec<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let words = source.text.split(|character| !is_part(character));
    let is_model = |word: &&str| {
        MODELS.iter().any(|model| word.contains(model)) && !NO_MODELS.iter().any(|(known, _)| known == word)
    };
    words.filter(is_model).map(|word| format!("{}: `{word}`", source.path)).collect()
}

mod what_is_refused_is_seen {
    use super::*;

    #[test]
    fn an_import_that_the_table_does_not_allow() {
        let source = Source::new(
            "wire/x.rs",
            "use crate::{\n    proxy::Proxy as P,\n    wire::{self, Text},\n};\nfn f() { crate::launch::run(super::super::cli::X) }",
        );
        assert_eq!(
            forbidden_imports(&source),
            ["wire/x.rs: crate::proxy::Proxy", "wire/x.rs: crate::launch::run", "wire/x.rs: crate::cli::X"]
        );
    }

    #[test]
    fn what_tests_comments_and_strings_name_is_no_import() {
        let source = Source::new(
            "wire/x.rs",
            "//! [`crate::proxy`]\nconst A: &str = \"crate::proxy::B\";\nconst C: char = '\"';\n/* crate::cli::D /* */ */\n\
             #[cfg(test)]\nmod tests {\n    use crate::launch::E;\n}\nuse crate::egress::F;",
        );
        assert_eq!(forbidden_imports(&source), ["wire/x.rs: crate::egress::F"]);
    }

    #[test]
    fn files_sockets_and_clocks() {
        let source = Source::new(
            "route/x.rs",
            "use std::{fs, net::{IpAddr, TcpStream}, path::Path};\nuse tokio::time;\nfn f() { Instant::now(); crate::paths::read() }",
        );
        assert_eq!(
            impurities(&source),
            [
                "route/x.rs: a clock",
                "route/x.rs: crate::paths::read",
                "route/x.rs: std::fs",
                "route/x.rs: std::net::TcpStream",
                "route/x.rs: tokio::time",
            ]
        );
        assert!(is_pure(&source) && touches_files(&source));
    }

    #[test]
    fn the_id_of_a_model() {
        let source =
            Source::new("cli/x.rs", "// devstral-1\nconst A: &str = \"devstral-2512\"; const B: &str = \"mistral\";");
        assert_eq!(model_ids(&source), ["cli/x.rs: `devstral-2512`"]);
    }
}
