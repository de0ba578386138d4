//! Rust source as far as its shape needs it: no comments, no tests, and the paths that are named.
//!
//! Not a parser. What it cannot tell apart it reports, so a mistake shows as a
//! failing test and not as a hole.

use std::fs;
use std::path::{Path, PathBuf};

/// One file below `src`, without its tests.
pub struct Source {
    /// Relative to `src`, with `/`.
    pub path: String,
    /// Lines as written, tests included.
    pub lines: usize,
    /// The text without comments and tests; line ends stay where they are.
    pub text: String,
    /// The same without the insides of strings.
    pub code: String,
}

impl Source {
    /// Reads a text as the file at `path`.
    pub fn new(path: &str, written: &str) -> Self {
        let Scrubbed { text, code, .. } = Scrubbed::read(written);
        Self { path: path.to_owned(), lines: written.lines().count(), text, code }
    }

    /// The layer: the first folder, or the file right below `src`.
    pub fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Every path that starts at the crate, with what follows `crate::`.
    pub fn imports(&self) -> Vec<String> {
        let mut found = self.paths("crate");
        found.extend(self.paths("mcr"));
        // As many `super` as the module is deep lead to the crate as well.
        let folders = self.path.matches('/').count();
        let depth = folders + usize::from(!self.path.ends_with("/mod.rs"));
        let from_crate = format!("super::{}", "super::".repeat(depth.saturating_sub(1)));
        let up = self.paths("super").into_iter().map(|path| format!("super::{path}"));
        found.extend(up.filter_map(|path| path.strip_prefix(&from_crate).map(str::to_owned)));
        // `crate` itself, and `super` of a file in `src`, name no layer.
        found.retain(|path| !path.starts_with("super") && !path.is_empty());
        found
    }

    /// Every path below `root`, groups taken apart, with what follows `root::`.
    pub fn paths(&self, root: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (start, _) in self.code.match_indices(root) {
            let before = &self.code[..start];
            let is_below = before.strip_suffix("::").is_some_and(|above| above.ends_with(is_word));
            if is_below || before.ends_with(is_word) {
                continue;
            }
            let rest = self.code[start + root.len()..].trim_start();
            if let Some(rest) = rest.strip_prefix("::") {
                tree(rest, "", &mut found);
            }
        }
        found
    }
}

/// Every source file below a folder, without the files that are tests.
pub fn below(folder: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(folder, &mut paths);
    paths.sort();
    let mut tests: Vec<PathBuf> = Vec::new();
    let mut found = Vec::new();
    for path in paths {
        let written = fs::read_to_string(&path).unwrap();
        let Scrubbed { text, code, test_modules } = Scrubbed::read(&written);
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let parent = path.parent().unwrap();
        let inside = if ["mod", "lib", "main"].contains(&stem) { parent.to_owned() } else { parent.join(stem) };
        for module in test_modules {
            // `#[path]` is seen from the file's folder.
            let place = if Path::new(&module).extension().is_some() { parent } else { &inside };
            tests.push(place.join(&module).with_extension(""));
        }
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
        found.push((path, Source { path: name, lines: written.lines().count(), text, code }));
    }
    found.retain(|(path, _)| !tests.iter().any(|test| path.with_extension("").starts_with(test)));
    found.into_iter().map(|(_, source)| source).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Takes a tree of paths apart and returns what follows it.
fn tree<'a>(text: &'a str, above: &str, found: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, above, found);
            // An `as name` may stand before the comma.
            let Some(end) = rest.find([',', '}']) else { return "" };
            let (mark, after) = rest[end..].split_at(1);
            rest = after.trim_start();
            if mark == "}" {
                return rest;
            }
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
        }
    }
    let end = text.find(|character| !is_word(character) && character != '*').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path = if above.is_empty() { name.to_owned() } else { format!("{above}::{name}") };
    match rest.trim_start().strip_prefix("::") {
        Some(more) if !more.trim_start().starts_with('<') => tree(more, &path, found),
        _ => {
            found.push(path);
            rest
        }
    }
}

struct Scrubbed {
    text: String,
    code: String,
    /// Names of modules that only tests have, or their files where `#[path]` names one.
    test_modules: Vec<String>,
}

impl Scrubbed {
    fn read(written: &str) -> Self {
        let (mut text, mut code) = without_comments(written);
        let mut test_modules = Vec::new();
        while let Some(start) = ["#[cfg(test)]", "#[cfg(all(test,"].iter().filter_map(|mark| code.find(mark)).min() {
            let end = start + item(&code[start..]);
            let removed = &text[start..end];
            if let Some((before, name)) = removed.trim_end_matches(';').rsplit_once("mod ")
                && name.chars().all(is_word)
            {
                let file = before.split_once("path = \"").and_then(|(_, rest)| rest.split_once('"'));
                test_modules.push(file.map_or(name, |(file, _)| file).to_owned());
            }
            for kept in [&mut text, &mut code] {
                let blank: String =
                    kept[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
                kept.replace_range(start..end, &blank);
            }
        }
        Self { text, code, test_modules }
    }
}

/// Returns where the item ends: at its `;`, or at the brace that closes its first.
fn item(code: &str) -> usize {
    let mut depth = 0_usize;
    for (place, byte) in code.bytes().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && byte == b'}' {
                    return place + 1;
                }
            }
            b';' if depth == 0 => return place + 1,
            _ => {}
        }
    }
    code.len()
}

/// Blanks comments, and in the second text the insides of strings too, byte for byte.
fn without_comments(written: &str) -> (String, String) {
    let bytes = written.as_bytes();
    let mut text = bytes.to_vec();
    let mut code = bytes.to_vec();
    let mut here = 0;
    while here < bytes.len() {
        let rest = &bytes[here..];
        let in_word = here > 0 && is_word(char::from(bytes[here - 1]));
        let (length, is_comment) = match rest {
            [b'/', b'/', ..] => (rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()), true),
            [b'/', b'*', ..] => (block_comment(rest), true),
            [b'"', ..] => (string(rest), false),
            [b'b', b'"', ..] if !in_word => (1 + string(&rest[1..]), false),
            [b'r', b'"' | b'#', ..] if !in_word => (raw_string(rest), false),
            [b'b', b'r', b'"' | b'#', ..] if !in_word => (1 + raw_string(&rest[1..]), false),
            [b'\'', ..] => (character(&written[here..]), false),
            _ => (0, false),
        };
        let inside = here..here + length;
        // The quotes stay, so that what stands around them stays apart.
        for target in [Some(&mut code), is_comment.then_some(&mut text)].into_iter().flatten() {
            for byte in target[inside.clone()].iter_mut().filter(|byte| !b"\n\"".contains(byte)) {
                *byte = b' ';
            }
        }
        here += length.max(1);
    }
    (String::from_utf8(text).unwrap(), String::from_utf8(code).unwrap())
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut here) = (0, 0);
    while here < rest.len() {
        match &rest[here..] {
            [b'/', b'*', ..] => (depth, here) = (depth + 1, here + 2),
            [b'*', b'/', ..] => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
        if depth == 0 {
            return here;
        }
    }
    rest.len()
}

fn string(rest: &[u8]) -> usize {
    let mut here = 1;
    while here < rest.len() {
        match rest[here] {
            b'\\' => here += 2,
            b'"' => return here + 1,
            _ => here += 1,
        }
    }
    rest.len()
}

/// Nought where it is a raw identifier.
fn raw_string(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let mut end = vec![b'#'; hashes + 1];
    end[0] = b'"';
    let inside = &rest[hashes + 2..];
    let length = inside.windows(end.len()).position(|window| window == end).unwrap_or(inside.len());
    (hashes + 2 + length + end.len()).min(rest.len())
}

/// Nought where it is a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest[1..].char_indices();
    match inside.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |end| end + 4),
        Some((_, other)) if rest[1 + other.len_utf8()..].starts_with('\'') => other.len_utf8() + 2,
        _ => 0,
    }
}
