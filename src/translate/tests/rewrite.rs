//! The declarative transformer.

use serde_json::{Value, json};

use crate::config::{self, Transformer};

/// Applies options, as the configuration has them, to a body.
#[track_caller]
fn check(options: &Value, body: &Value, expect: &Value) {
    let text = json!({
        "Providers": [{"name": "p", "api_base_url": "http://localhost/v1", "models": ["m"], "transformer": {"use": [["rewrite", options]]}}],
        "Router": {"default": "p,m"},
    });
    let config = config::read(&text.to_string(), "config.json5", &|_| None).unwrap();
    let target = &config.routes.default;
    assert!(matches!(target.transformers[..], [Transformer::Rewrite(_)]));
    let mut changed = body.clone();
    crate::translate::transform::apply(&mut changed, target, false);
    assert_eq!(changed, *expect, "{options}");
}

#[test]
fn remove_takes_out_what_is_there() {
    check(
        &json!({"remove": ["a.b", "x", "l.0"]}),
        &json!({"a": {"b": 1, "c": 2}, "l": [1, 2]}),
        &json!({"a": {"c": 2}, "l": [2]}),
    );
}

#[test]
fn a_star_is_every_element_and_every_member() {
    check(
        &json!({"remove": ["messages.*.name", "o.*.x"]}),
        &json!({"messages": [{"role": "a", "name": "n"}, {"role": "b"}, 3], "o": {"a": {"x": 1}, "b": {"x": 2, "y": 3}}}),
        &json!({"messages": [{"role": "a"}, {"role": "b"}, 3], "o": {"a": {}, "b": {"y": 3}}}),
    );
}

#[test]
fn a_star_at_the_end_is_every_element() {
    check(
        &json!({"remove": ["a.*"], "set": {"b.*": 0}}),
        &json!({"a": {"x": 1, "y": 2}, "b": [1, 2]}),
        &json!({"a": {}, "b": [0, 0]}),
    );
    check(&json!({"remove": ["a.*"]}), &json!({"a": [1, 2, 3]}), &json!({"a": []}));
}

#[test]
fn set_replaces_and_makes_the_way() {
    check(
        &json!({"set": {"a.c": 1, "b": null, "n.m.o": [1]}}),
        &json!({"a": {"c": 0}}),
        &json!({"a": {"c": 1}, "b": null, "n": {"m": {"o": [1]}}}),
    );
    check(&json!({"set": {"l.1": "x", "l.7": "y"}}), &json!({"l": [1, 2]}), &json!({"l": [1, "x"]}));
}

#[test]
fn set_does_not_make_objects_of_numbers() {
    check(&json!({"set": {"a.b.c": 1}}), &json!({"a": 3}), &json!({"a": 3}));
}

#[test]
fn set_reaches_every_element() {
    check(&json!({"set": {"l.*.x": 1}}), &json!({"l": [{}, {"x": 2}]}), &json!({"l": [{"x": 1}, {"x": 1}]}));
    check(&json!({"set": {"l.*.x.y": 1}}), &json!({"l": [{}, 3]}), &json!({"l": [{"x": {"y": 1}}, 3]}));
}

#[test]
fn default_leaves_what_is_there() {
    check(&json!({"default": {"a": 1, "b.c": 2}}), &json!({"a": 0}), &json!({"a": 0, "b": {"c": 2}}));
    check(&json!({"default": {"a": 1}}), &json!({"a": null}), &json!({"a": null}));
}

#[test]
fn rename_moves_a_value() {
    check(
        &json!({"rename": {"a": "b", "x.y": "z", "no": "where"}}),
        &json!({"a": 1, "x": {"y": 2}}),
        &json!({"x": {}, "b": 1, "z": 2}),
    );
}

#[test]
fn rename_below_a_star_moves_each_value_in_its_place() {
    check(
        &json!({"rename": {"messages.*.name": "messages.*.title", "tools.*.function.parameters": "tools.*.function.input.schema"}}),
        &json!({"messages": [{"name": "a"}, {"name": "b"}, {}], "tools": [{"function": {"parameters": 1}}]}),
        &json!({"messages": [{"title": "a"}, {"title": "b"}, {}], "tools": [{"function": {"input": {"schema": 1}}}]}),
    );
}

#[test]
fn rename_out_of_a_star_loses_nothing() {
    let body = json!({"messages": [{"name": "a"}, {"name": "b"}]});
    check(&json!({"rename": {"messages.*.name": "names"}}), &body, &body);
}

#[test]
fn the_parts_work_in_a_fixed_order() {
    check(
        &json!({"default": {"d": 1, "s": 9}, "set": {"s": 2}, "rename": {"r": "s"}, "remove": ["d"]}),
        &json!({"d": 0, "r": 5}),
        &json!({"s": 2, "d": 1}),
    );
}

#[test]
fn a_rewrite_may_send_mistral_what_a_later_release_takes() {
    check(&json!({"set": {"reasoning": {"effort": "high"}}}), &json!({}), &json!({"reasoning": {"effort": "high"}}));
}
