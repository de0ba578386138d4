//! Reads the transformers of a provider: `use` lists, for all of its models and for single ones.

use serde_json::{Map, Value};

use super::{
    Rewrite, Sampling, Transformer,
    reader::{Node, Reader},
    suggest,
};

/// The names of the transformers, in the order of the documentation.
const NAMES: [&str; 15] = [
    "cleancache",
    "stripreasoning",
    "maxtoken",
    "maxcompletiontokens",
    "sampling",
    "customparams",
    "streamoptions",
    "tooluse",
    "enhancetool",
    "reasoning",
    "deepseek",
    "openrouter",
    "groq",
    "cerebras",
    "rewrite",
];

/// Transformers of claude-code-router and its community that have no counterpart here.
const FOREIGN: [&str; 13] = [
    "Anthropic",
    "openai-responses",
    "gemini",
    "vertex-gemini",
    "vertex-claude",
    "vertex-openai",
    "vercel",
    "forcereasoning",
    "extrathinktag",
    "gemini-cli",
    "chutes-glm",
    "qwen-cli",
    "rovo-cli",
];

/// The plugin of the guide, which is built in.
const STRIP_REASONING: &str = "strip-reasoning.js";

/// Shows what to write in place of a plugin.
const REWRITE_EXAMPLE: &str =
    r#"["rewrite", {"remove": ["a.b"], "rename": {"a.c": "a.d"}, "set": {"a.e": 1}, "default": {"a.f": 2}}]"#;

/// Reads the top-level `transformers`: plugins in JavaScript, of which one is known and none is run.
pub(super) fn plugins(reader: &mut Reader, node: &Node<'_>) {
    for plugin in reader.list(node) {
        if reader.object(&plugin).is_none() {
            continue;
        }
        let Some(path) = plugin.get("path") else {
            reader.error(&plugin, "`path` is missing");
            continue;
        };
        let Some(text) = reader.text(&path) else { continue };
        if text.rsplit(['/', '\\']).next() == Some(STRIP_REASONING) {
            reader.record(&path);
        } else {
            let what = format!(
                "mcr runs no JavaScript; describe the change in the provider's `transformer.use` instead: \
                 {REWRITE_EXAMPLE}"
            );
            reader.error(&path, what);
        }
    }
}

/// The transformers of one provider.
#[derive(Default)]
pub(super) struct Transformers {
    all: Vec<Transformer>,
    single: Vec<(String, Vec<Transformer>)>,
}

impl Transformers {
    /// Returns what applies to a model: first what applies to all, then what is its own.
    pub(super) fn of(&self, model: &str) -> Vec<Transformer> {
        let own = self.single.iter().filter(|(name, _)| name == model).flat_map(|(_, list)| list);
        self.all.iter().chain(own).cloned().collect()
    }
}

/// Reads a provider's `transformer`.
pub(super) fn transformer(reader: &mut Reader, node: &Node<'_>, models: &[String]) -> Transformers {
    let mut transformers = Transformers::default();
    reader.object(node);
    for key in node.keys() {
        let Some(inner) = node.get(key) else { continue };
        if key == "use" {
            transformers.all = entries(reader, &inner);
        } else if models.iter().any(|model| model == key) {
            if reader.object(&inner).is_some() {
                reader.check_keys(&inner, &["use"], &[]);
            }
            if let Some(list) = inner.get("use") {
                transformers.single.push((key.to_owned(), entries(reader, &list)));
            }
        } else {
            let known = models.iter().map(String::as_str).chain(["use"]);
            let nearest = suggest::nearest(key, known);
            reader.warn_of_key(node, key, "neither `use` nor a model of this provider", nearest);
        }
    }
    transformers
}

fn entries(reader: &mut Reader, node: &Node<'_>) -> Vec<Transformer> {
    reader.list(node).iter().filter_map(|item| entry(reader, item)).collect()
}

/// Reads `"name"` or `["name", {options}]`.
fn entry(reader: &mut Reader, node: &Node<'_>) -> Option<Transformer> {
    let mut parts = node.items();
    let (name_node, options) = match node.value {
        Value::String(_) => (node.clone(), None),
        Value::Array(list) if matches!(list.len(), 1 | 2) => (parts.next()?, parts.next()),
        _ => {
            reader.error(node, r#"expected a name or `["name", {options}]`"#);
            return None;
        }
    };
    let name = reader.string(&name_node)?;
    if let Some(options) = &options {
        reader.object(options)?;
    }
    let transformer = named(reader, &name_node, name, options.as_ref());
    if transformer.is_some() {
        reader.record(node);
    }
    transformer
}

fn named(reader: &mut Reader, node: &Node<'_>, name: &str, options: Option<&Node<'_>>) -> Option<Transformer> {
    let simple = match name {
        "cleancache" => Transformer::CleanCache,
        "stripreasoning" => Transformer::StripReasoning,
        "maxcompletiontokens" => Transformer::MaxCompletionTokens,
        "streamoptions" => Transformer::StreamOptions,
        "tooluse" => Transformer::ToolUse,
        "enhancetool" => Transformer::EnhanceTool,
        "deepseek" => Transformer::DeepSeek,
        "groq" => Transformer::Groq,
        "cerebras" => Transformer::Cerebras,
        "maxtoken" => return max_token(reader, node, options),
        "sampling" => return Some(Transformer::Sampling(sampling(reader, options))),
        "customparams" => return Some(Transformer::CustomParams(anything(reader, options))),
        "openrouter" => return Some(Transformer::OpenRouter(anything(reader, options))),
        "reasoning" => return Some(reasoning(reader, options)),
        "rewrite" => return rewrite(reader, node, options),
        "OpenAI" => {
            reader.warn(node, "`OpenAI` changes nothing; leave it out");
            return None;
        }
        _ if FOREIGN.iter().any(|foreign| foreign.eq_ignore_ascii_case(name)) => {
            let what = format!("mcr speaks chat completions only and has no `{name}`; known are {}", NAMES.join(", "));
            reader.error(node, what);
            return None;
        }
        _ => {
            reader.unknown(node, name, NAMES, format!("unknown transformer `{name}`"));
            return None;
        }
    };
    if let Some(options) = options {
        for key in options.keys() {
            reader.warn_of_key(options, key, &format!("`{name}` takes no options"), None);
        }
    }
    Some(simple)
}

fn max_token(reader: &mut Reader, node: &Node<'_>, options: Option<&Node<'_>>) -> Option<Transformer> {
    let Some(limit) = options.and_then(|options| options.get("max_tokens")) else {
        reader.error(node, r#"`maxtoken` needs a number, as in `["maxtoken", {"max_tokens": 16384}]`"#);
        return None;
    };
    if let Some(options) = options {
        reader.check_keys(options, &["max_tokens"], &[]);
    }
    reader.integer(&limit, 1..=u64::from(u32::MAX)).map(Transformer::MaxToken)
}

fn sampling(reader: &mut Reader, options: Option<&Node<'_>>) -> Sampling {
    let Some(options) = options else { return Sampling::default() };
    reader.check_keys(options, &["max_tokens", "temperature", "top_p", "top_k", "repetition_penalty"], &[]);
    let mut integer = |key| options.get(key).and_then(|node| reader.integer(&node, 1..=u64::from(u32::MAX)));
    let (max_tokens, top_k) = (integer("max_tokens"), integer("top_k"));
    let mut number = |key| options.get(key).and_then(|node| reader.number(&node));
    Sampling {
        max_tokens,
        temperature: number("temperature"),
        top_p: number("top_p"),
        top_k,
        repetition_penalty: number("repetition_penalty"),
    }
}

fn reasoning(reader: &mut Reader, options: Option<&Node<'_>>) -> Transformer {
    let mut enable = None;
    if let Some(options) = options {
        reader.check_keys(options, &["enable"], &[]);
        enable = options.get("enable").and_then(|node| reader.boolean(&node));
    }
    Transformer::Reasoning { enable: enable.unwrap_or(true) }
}

/// Reads options whose keys are the owner's own.
fn anything(reader: &mut Reader, options: Option<&Node<'_>>) -> Map<String, Value> {
    let Some(options) = options else { return Map::new() };
    reader.is_settled(options);
    options.value.as_object().cloned().unwrap_or_default()
}

fn rewrite(reader: &mut Reader, node: &Node<'_>, options: Option<&Node<'_>>) -> Option<Transformer> {
    let Some(options) = options else {
        reader.error(node, format!("`rewrite` needs options, as in `{REWRITE_EXAMPLE}`"));
        return None;
    };
    reader.check_keys(options, &["remove", "rename", "set", "default"], &[]);
    let mut rewrite = Rewrite::default();
    if let Some(list) = options.get("remove") {
        for item in reader.list(&list) {
            if let Some(path) = reader.string(&item)
                && is_path(reader, &item, path)
            {
                rewrite.remove.push(path.to_owned());
            }
        }
    }
    for (from, to) in pairs(reader, options, "rename") {
        if let Some(path) = reader.string(&to)
            && is_path(reader, &to, path)
        {
            rewrite.rename.push((from, path.to_owned()));
        }
    }
    rewrite.set = values(reader, options, "set");
    rewrite.default = values(reader, options, "default");
    Some(Transformer::Rewrite(rewrite))
}

fn values(reader: &mut Reader, options: &Node<'_>, key: &str) -> Vec<(String, Value)> {
    let pairs = pairs(reader, options, key);
    pairs
        .into_iter()
        .filter(|(_, node)| reader.is_settled(node))
        .map(|(path, node)| (path, node.value.clone()))
        .collect()
}

/// Returns the members of an object whose keys are dotted paths; `null` is a value like others here.
fn pairs<'d>(reader: &mut Reader, options: &Node<'d>, key: &str) -> Vec<(String, Node<'d>)> {
    let Some(object) = options.get(key) else { return Vec::new() };
    let members = reader.object(&object).into_iter().flatten();
    members
        .map(|(path, value)| (path.clone(), Node { value, path: super::path::key(&object.path, path) }))
        .filter(|(path, node)| is_path(reader, node, path))
        .collect()
}

fn is_path(reader: &mut Reader, node: &Node<'_>, path: &str) -> bool {
    let good = path.split('.').all(|step| !step.is_empty());
    if !good {
        reader.error(node, format!("`{path}` is no dotted path such as `a.b.0.c` or `messages.*.name`"));
    }
    good
}
