//! What is read of YAML, and what is refused before it hurts.

use std::fmt::Write as _;

use serde_json::json;

use super::*;

#[track_caller]
fn check(text: &str, expect: &Value) {
    assert_eq!(read(text).as_ref(), Ok(expect), "{text}");
}

#[test]
fn words_and_numbers_are_what_yaml_says_they_are() {
    check(
        "a: 1\nb: -2.5\nc: true\nd: ~\ne: 1.0.0\nf: '1'\ng: no\nh: 0.0.0.0:41002\ni: |\n  two\n  lines\nj:\n",
        &json!({"a": 1, "b": -2.5, "c": true, "d": null, "e": "1.0.0", "f": "1", "g": "no", "h": "0.0.0.0:41002",
            "i": "two\nlines\n", "j": null}),
    );
    check("- {a: [1, two]} # words\n- 1e3\n", &json!([{"a": [1, "two"]}, 1000.0]));
    check("", &Value::Null);
    check("# nothing\n", &Value::Null);
    check("\u{feff}a: .inf\n", &json!({"a": ".inf"}));
}

#[test]
fn aliases_stand_for_what_they_name_and_are_taken_in() {
    check(
        "base: &base {a: 1, b: 2}\none: *base\ntwo:\n  <<: *base\n  b: 3\nthree: {<<: [*base, {c: 4}]}\n",
        &json!({"base": {"a": 1, "b": 2}, "one": {"a": 1, "b": 2}, "two": {"b": 3, "a": 1}, "three": {"a": 1, "b": 2, "c": 4}}),
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, what) in [
        ("a: 1\na: 2\n", "2:1: this key stands here twice"),
        ("? [a]\n: 1\n", "1:5: a key is a word"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
        ("a: &a [*a]\n", "1:8: this alias stands for what holds it"),
    ] {
        assert_eq!(read(text), Err(what.to_owned()), "{text}");
    }
    let error = read("a: [1\nb: 2\n").unwrap_err();
    assert!(error.starts_with("2:"), "{error}");
    assert!(read("a: *none\n").is_err());
}

#[test]
fn a_billion_laughs_are_refused_before_they_are_many() {
    let mut text = "l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
    for level in 1..20 {
        let list = vec![format!("*l{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "l{level}: &l{level} [{list}]");
    }
    let error = read(&text).unwrap_err();
    assert!(error.ends_with("more than 20000 values, with what aliases stand for"), "{error}");
}

#[test]
fn few_values_that_would_be_many_bytes_are_refused_whoever_repeats_them() {
    let long = "x".repeat(200 << 10);
    let aliases = format!("a: &a {long}\nb: [{}]\n", ["*a"; 30].join(", "));
    let lists = format!("a: &a [{long}]\nb: &b [*a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b]\n");
    let keys = format!("a: &a {{{}: 1}}\nb: [{}]\n", "x".repeat(1_000), vec!["*a"; 5_000].join(", "));
    for text in [aliases, lists, keys, nested(&long)] {
        let error = read(&text).unwrap_err();
        assert!(error.ends_with("more than 4096 KiB of text, with what aliases stand for"), "{error}");
    }
    assert!(read(&format!("a: &a {long}\nb: [*a, *a]\n")).is_ok());
}

/// Anchors in anchors, each of which stands for all that is in it.
fn nested(word: &str) -> String {
    (0..40).fold(format!("{word}{}", "]".repeat(40)), |inner, depth| format!("&n{depth} [{inner}"))
}

#[test]
fn depth_is_refused_before_it_hurts_whatever_it_is_made_of() {
    let deep = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
    let blocks: Vec<String> = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let blocks = blocks.concat();
    let mut chain = "l0: &l0 [1]\n".to_owned();
    for level in 1..200 {
        let _ = writeln!(chain, "l{level}: &l{level} [*l{}]", level - 1);
    }
    for text in [deep("[", "]", 100_000), deep("{a: ", "}", 100_000), "- ".repeat(100_000), blocks, chain] {
        assert!(read(&text).is_err(), "{} bytes", text.len());
    }
    assert!(read(&deep("[", "]", DEPTH)).is_ok());
    assert!(read(&deep("[", "]", DEPTH + 1)).unwrap_err().ends_with("nested deeper than 64"));
}

#[test]
fn any_text_is_read_to_its_end() {
    for text in ["\u{0}", "%YAML 9\n---\n", "a: !!binary x\n", "\t- a", "&a &b c", "*", "---\n...\n---", "a:\n\t- b\n"]
    {
        let _ = read(text);
    }
}
