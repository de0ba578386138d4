//! One value changes, and nothing else does.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::locate::tests::{Writer, any_spaces, any_value};

#[track_caller]
fn sets(text: &str, path: &str, value: &Value, expect: &str) {
    assert_eq!(set(text, path, value).as_deref(), Ok(expect), "{path}");
}

#[track_caller]
fn removes(text: &str, path: &str, expect: &str) {
    assert_eq!(remove(text, path).as_deref(), Ok(expect), "{path}");
}

const GUIDE: &str = r#"{
  "Router": {
    // Default coding model
    "default": "mistral,a", // the best
    // Above 60K tokens
    "longContextThreshold": 60000
  },
  "LOG": true,
}
"#;

#[test]
fn a_value_is_replaced_where_it_stands() {
    sets(GUIDE, "Router.default", &json!("p,m"), &GUIDE.replace("mistral,a", "p,m"));
    sets(GUIDE, "LOG", &json!(false), &GUIDE.replace("true", "false"));
    sets("{a: [1, /* x */ 2]}", "a[1]", &json!("y"), "{a: [1, /* x */ \"y\"]}");
}

#[test]
fn a_value_keeps_its_quotes() {
    sets(r"{a: 'x'}", "a", &json!("it's \"so\"\n"), r#"{a: 'it\'s "so"\n'}"#);
    sets(r#"{a: "x"}"#, "a", &json!("it's \"so\"\\"), r#"{a: "it's \"so\"\\"}"#);
}

#[test]
fn what_is_new_looks_like_its_neighbours() {
    sets(GUIDE, "Router.think", &json!("p,m"), &GUIDE.replace("60000\n", "60000,\n    \"think\": \"p,m\"\n"));
    sets(GUIDE, "PORT", &json!(1), &GUIDE.replace("true,\n", "true,\n  \"PORT\": 1,\n"));
    sets("{ a: 1 }", "b", &json!({"c": [1, 2]}), "{ a: 1, b: { c: [1, 2] } }");
    sets("{ a: 1, }", "b-c", &json!("x"), "{ a: 1, \"b-c\": \"x\", }");
    sets("{'a': ['x'], }", "a[1]", &json!("y"), "{'a': ['x', 'y'], }");
    sets("{\r\n\t'a': 1 // x\r\n}", "b", &json!(2), "{\r\n\t'a': 1, // x\r\n\t'b': 2\r\n}");
    sets("{\n  a: 1 /* x\n y */\n}", "b", &json!(2), "{\n  a: 1,\n  b: 2 /* x\n y */\n}");
    sets("{\n  a: [\n    1,\n  ],\n}", "a[1]", &json!(2), "{\n  a: [\n    1,\n    2,\n  ],\n}");
}

#[test]
fn what_is_missing_on_the_way_is_made() {
    sets(
        "{\n  \"a\": 1\n}\n",
        "Router.default",
        &json!("p,m"),
        "{\n  \"a\": 1,\n  \"Router\": {\n    \"default\": \"p,m\"\n  }\n}\n",
    );
    sets("{}", "Router.default", &json!("p,m"), "{\n  \"Router\": {\n    \"default\": \"p,m\"\n  }\n}");
    sets("{Router: {}}", "Router.default", &json!("p,m"), "{Router: { default: \"p,m\" }}");
    sets("{Router: {\n  // none\n}}", "Router.default", &json!("p,m"), "{Router: {\n  default: \"p,m\"\n  // none\n}}");
    sets("{Router: null}", "Router.default", &json!("p,m"), "{Router: {\n  default: \"p,m\"\n}}");
    sets("{}", "fallback.default[0]", &json!("p,m"), "{\n  \"fallback\": {\n    \"default\": [\"p,m\"]\n  }\n}");
}

#[test]
fn a_value_goes_with_its_key_its_comma_and_its_line() {
    removes(
        GUIDE,
        "Router.longContextThreshold",
        &GUIDE.replace("    \"longContextThreshold\": 60000\n", "").replace("a\",", "a\""),
    );
    removes(GUIDE, "LOG", &GUIDE.replace("  \"LOG\": true,\n", ""));
    removes(GUIDE, "Router.default", &GUIDE.replace("    \"default\": \"mistral,a\", // the best", "    // the best"));
    removes("{ a: 1, b: 2, c: 3 }", "b", "{ a: 1, c: 3 }");
    removes("{ a: 1, b: 2 }", "b", "{ a: 1 }");
    removes("{ a: 1, b: { c: 2 } }", "b.c", "{ a: 1, b: { } }");
    removes("{ a: [1, 2, 3] }", "a[2]", "{ a: [1, 2] }");
    removes("{ a: 1 /* x */, b: 2 }", "a", "{ /* x */ b: 2 }");
    removes("{ a: 1, a: 2 }", "a", "{ }");
    removes("{ a: 1 }", "b", "{ a: 1 }");
}

#[test]
fn what_leads_nowhere_is_told() {
    let fails = |text: &str, path: &str| set(text, path, &json!(0)).unwrap_err().to_string();
    assert_eq!(fails("{a: 1}", "a.b"), "`a.b` cannot be set: what stands at `a` has no such place");
    assert_eq!(fails("{a: []}", "a[1]"), "`a[1]` cannot be set: what stands at `a` has no such place");
    assert_eq!(fails("{a: 1}", "a..b"), "`a..b` is no path such as `Router.default`");
    assert_eq!(fails("{a: ", "a"), "the text is not JSON5");
    assert_eq!(fails(&"[".repeat(100_000), "a"), "the text is not JSON5");
}

/// The value at a path.
fn at<'v>(root: &'v mut Value, steps: &[Step]) -> &'v mut Value {
    steps.iter().fold(root, |value, step| match step {
        Step::Key(key) => &mut value[key],
        Step::Index(index) => &mut value[*index],
    })
}

/// Whether one text is another with something put in.
fn is_within(less: &str, more: &str) -> bool {
    let mut rest = more.chars();
    less.chars().all(|c| rest.any(|other| other == c))
}

proptest! {
    #[test]
    fn a_new_value_takes_the_place_of_the_old_and_every_other_byte_stays(
        root in any_value(), spaces in any_spaces(), which in any::<prop::sample::Index>(), value in any_value(),
    ) {
        let mut writer = Writer::new(spaces);
        writer.write("", &root);
        prop_assume!(writer.expected.len() > 1);
        let (path, start) = &writer.expected[1 + which.index(writer.expected.len() - 1)];
        let text = &writer.text;
        let new = set(text, path, &value).unwrap();
        let old = locate::spans(text).unwrap().value(path).unwrap();
        prop_assert_eq!(old.start, *start);
        prop_assert_eq!(&new[..*start], &text[..*start]);
        prop_assert!(new.ends_with(&text[old.end..]));
        let mut expect = root.clone();
        *at(&mut expect, &path::steps(path).unwrap()) = value;
        prop_assert_eq!(json5::from_str::<Value>(&new).unwrap(), expect);
    }

    #[test]
    fn a_value_that_is_added_takes_nothing_away(
        root in any_value(), spaces in any_spaces(), which in any::<prop::sample::Index>(), value in any_value(),
    ) {
        let mut writer = Writer::new(spaces);
        writer.write("", &root);
        let (parent, _) = &writer.expected[which.index(writer.expected.len())];
        let mut expect = root.clone();
        let place = at(&mut expect, &path::steps(parent).unwrap_or_default());
        let path = match place {
            Value::Object(map) if !map.contains_key("a new key") => {
                map.insert("a new key".to_owned(), value.clone());
                path::key(parent, "a new key")
            }
            Value::Array(list) => {
                list.push(value.clone());
                path::index(parent, list.len() - 1)
            }
            _ => return Ok(()),
        };
        let new = set(&writer.text, &path, &value).unwrap();
        prop_assert_eq!(json5::from_str::<Value>(&new).unwrap(), expect);
        prop_assert!(is_within(&writer.text, &new), "{}", new);
        // And away again, without a trace of it.
        let mut again = root.clone();
        prop_assert_eq!(json5::from_str::<Value>(&remove(&new, &path).unwrap()).unwrap(), std::mem::take(&mut again));
    }

    #[test]
    fn a_value_that_is_removed_takes_nothing_else_along(
        root in any_value(), spaces in any_spaces(), which in any::<prop::sample::Index>(),
    ) {
        let mut writer = Writer::new(spaces);
        writer.write("", &root);
        prop_assume!(writer.expected.len() > 1);
        let (path, _) = &writer.expected[1 + which.index(writer.expected.len() - 1)];
        let mut steps = path::steps(path).unwrap();
        let new = remove(&writer.text, path).unwrap();
        let mut expect = root.clone();
        let last = steps.pop().unwrap();
        match (at(&mut expect, &steps), last) {
            (Value::Object(map), Step::Key(key)) => drop(map.shift_remove(&key)),
            (Value::Array(list), Step::Index(index)) => drop(list.remove(index)),
            _ => unreachable!("the path is one of the value's"),
        }
        prop_assert_eq!(json5::from_str::<Value>(&new).unwrap(), expect);
        prop_assert!(is_within(&new, &writer.text), "{}", new);
    }
}
