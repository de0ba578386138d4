//! Reads `StatusLine`.

use super::{
    Color, Source, StatusLine, Template, color, path,
    reader::{Node, Reader},
    scalars,
    status_line::{BUILT_IN, DEFAULT, Module, POWERLINE, Separator, Style, built_in},
    suggest,
    template::Variable,
};

/// Types of modules with the text each has when none is written; the first ten are claude-code-router's.
const TYPES: [(&str, &str); 19] = [
    ("workDir", "{{workDirName}}"),
    ("gitBranch", "{{gitBranch}}"),
    ("model", "{{model}}"),
    ("usage", "↑{{inputTokens}} ↓{{outputTokens}}"),
    ("context", "{{context}}"),
    ("speed", "{{tokenSpeed}} tok/s"),
    ("cost", "{{cost}}"),
    ("duration", "{{duration}}"),
    ("lines", "+{{linesAdded}} -{{linesRemoved}}"),
    (SCRIPT, ""),
    (COMMAND, "{{output}}"),
    ("provider", "{{provider}}"),
    ("region", "{{region}}"),
    ("place", "{{place}}"),
    ("window", "{{window}}"),
    ("route", "{{route}}"),
    ("fallback", "{{fallback}}"),
    ("budget", "{{budget}}"),
    ("text", ""),
];

const SCRIPT: &str = "script";
const COMMAND: &str = "command";
const NO_SCRIPT: &str = "mcr runs no JavaScript; run a program in its place: `{\"type\": \"command\", \"command\": [\"program\", \"argument\"]}`";
const NO_FONT: &str = "the terminal decides on the font, and nothing that is printed changes it";

/// Reads whether the status line is shown, and every style; the current one is kept.
pub(super) fn status_line(reader: &mut Reader, root: &Node<'_>) -> StatusLine {
    let absent = serde_json::Value::Object(serde_json::Map::new());
    let node = root.get("StatusLine").unwrap_or(Node { value: &absent, path: "StatusLine".to_owned() });
    reader.object(&node);
    let enabled = scalars::boolean(reader, &node, "enabled", false);
    let mut styles: Vec<(&str, Style)> = Vec::new();
    for key in node.keys() {
        match (key, node.get(key)) {
            ("enabled" | "currentStyle", _) | (_, None) => {}
            ("fontFamily", Some(_)) => reader.warn_of_key(&node, key, NO_FONT, None),
            (name, Some(written)) if !written.value.is_object() && !BUILT_IN.contains(&name) => {
                let nearest = suggest::nearest(name, ["enabled", "currentStyle", "fontFamily"]);
                reader.warn_of_key(&node, key, "unknown key", nearest);
            }
            (name, Some(written)) => styles.extend(style(reader, &written, name).map(|style| (name, style))),
        }
    }
    let name = current(reader, &node, &styles);
    let written = styles.into_iter().find(|(known, _)| *known == name).map(|(_, style)| style);
    let style = written.or_else(|| built_in(&name)).unwrap_or_default();
    StatusLine { enabled, name, style }
}

/// Reads which style is drawn.
fn current(reader: &mut Reader, node: &Node<'_>, styles: &[(&str, Style)]) -> String {
    let Some(word) = node.get("currentStyle") else {
        reader.record_absent(path::key(&node.path, "currentStyle"), DEFAULT, Source::Default);
        return DEFAULT.to_owned();
    };
    let Some(name) = reader.text(&word) else { return DEFAULT.to_owned() };
    let known = || styles.iter().map(|(name, _)| *name).chain(BUILT_IN);
    if known().any(|style| style == name) {
        reader.record(&word);
        return name.to_owned();
    }
    if node.get(name).is_none() {
        let mut names: Vec<&str> = known().collect();
        names.sort_unstable();
        names.dedup();
        reader.unknown(&word, name, known(), format!("there is no style `{name}`; there are {}", names.join(", ")));
    }
    DEFAULT.to_owned()
}

fn style(reader: &mut Reader, node: &Node<'_>, name: &str) -> Option<Style> {
    if node.value.is_object() && node.get("modules").is_none() {
        reader.error(node, "a style has `modules`, the list of what the line holds");
        return None;
    }
    reader.object(node)?;
    reader.check_keys(node, &["modules", "separator"], &[]);
    let list = node.get("modules")?;
    reader.record(&list);
    let modules = reader.list(&list).iter().filter_map(|node| module(reader, node)).collect();
    let separator = match node.get("separator").map(|node| reader.string(&node).map(str::to_owned)) {
        Some(text) => Separator::Text(text?),
        None if name == POWERLINE => Separator::Powerline,
        None => Separator::Text(" ".to_owned()),
    };
    Some(Style { separator, modules })
}

fn module(reader: &mut Reader, node: &Node<'_>) -> Option<Module> {
    reader.object(node)?;
    reader.check_keys(node, &["type", "icon", "text", "color", "background", "command", "scriptPath", "options"], &[]);
    let Some(word) = node.get("type") else {
        reader.error(node, "a module has a `type`, such as `model`, or `text` for words of one's own");
        return None;
    };
    let kind = reader.text(&word)?;
    let Some((_, usual)) = TYPES.into_iter().find(|(known, _)| *known == kind) else {
        let names = TYPES.map(|(name, _)| name);
        let known = names.into_iter().filter(|name| *name != SCRIPT);
        let what = format!("unknown type `{kind}`; known are {}", known.clone().collect::<Vec<_>>().join(", "));
        reader.unknown(&word, kind, known, what);
        return None;
    };
    if kind == SCRIPT || node.get("scriptPath").is_some() {
        reader.error(&node.get("scriptPath").unwrap_or(word), NO_SCRIPT);
        return None;
    }
    let string = |reader: &mut Reader, key: &str| Some(reader.text(&node.get(key)?)?.to_owned());
    let icon = string(reader, "icon").unwrap_or_default();
    let text = match node.get("text").map(|written| template(reader, &written)) {
        Some(written) => written?,
        None => Template::read(usual).0,
    };
    let (color, background) = (color(reader, node, "color"), color(reader, node, "background"));
    let command = match (kind, node.get("command")) {
        (COMMAND, Some(list)) => Some(command(reader, &list)?),
        (COMMAND, None) => {
            reader.error(node, "a command names its program: `\"command\": [\"program\", \"argument\"]`");
            return None;
        }
        (_, Some(_)) => {
            reader.warn_of_key(node, "command", "only a module of type `command` runs one", None);
            None
        }
        (_, None) => None,
    };
    Some(Module { icon, text, color, background, command })
}

fn template(reader: &mut Reader, node: &Node<'_>) -> Option<Template> {
    let (template, unknown) = Template::read(reader.string(node)?);
    for name in unknown {
        let nearest = suggest::nearest(&name, Variable::NAMES.map(|(name, _)| name));
        let nearest = nearest.map_or(String::new(), |nearest| format!(", did you mean `{nearest}`?"));
        reader.warn(node, format!("`{{{{{name}}}}}` is no variable and shows nothing{nearest}"));
    }
    Some(template)
}

fn color(reader: &mut Reader, node: &Node<'_>, key: &str) -> Option<Color> {
    let node = node.get(key)?;
    let word = reader.text(&node)?;
    let color = Color::read(word);
    if color.is_none() {
        let what = format!("unknown colour `{word}`; known are {} and `#rrggbb`", color::NAMES.join(", "));
        reader.unknown(&node, word.trim_start_matches("bg_"), color::NAMES, what);
    }
    color
}

/// Reads a program and its arguments.
fn command(reader: &mut Reader, node: &Node<'_>) -> Option<Vec<String>> {
    if node.value.is_string() {
        reader.error(node, "no shell is asked, so a command is a list: `[\"program\", \"argument\"]`");
        return None;
    }
    let words: Vec<String> =
        reader.list(node).iter().map(|node| reader.string(node).map(str::to_owned)).collect::<Option<_>>()?;
    if words.first().is_none_or(String::is_empty) {
        reader.error(node, "a command begins with its program");
        return None;
    }
    Some(words)
}
