//! What a manifest means, and what is wrong with one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{answered, map, problems, read};
use crate::preset::{Stage, apply};

/// The configuration that comes out of a manifest with these answers.
fn check(manifest: &str, answers: Value, expect: &Value) {
    assert_eq!(&answered(&read(manifest), answers, &[]).document(&BTreeMap::new()).value, expect);
}

#[test]
fn metadata_and_questions_are_no_configuration() {
    check(
        "{name: 'x', version: '1', description: 'd', author: 'a', homepage: 'h', repository: 'r', license: 'l', keywords: [],
          ccrVersion: '2', source: 's', sourceType: 'local', checksum: 'c', schema: [{id: 'Extra'}], userValues: {},
          template: {}, configMappings: [], Extra: 'falls to the question of its name', Router: {default: 'p,m'}}",
        json!({"Extra": "e"}),
        &json!({"Router": {"default": "p,m"}}),
    );
}

#[test]
fn a_template_takes_the_place_of_everything_else() {
    check(
        "{schema: [{id: 'a'}], Router: {default: 'no'}, template: {Router: {default: '{{a}}'}}}",
        json!({"a": "p,m"}),
        &json!({"Router": {"default": "p,m"}}),
    );
}

#[test]
fn a_mapping_puts_values_where_it_says_when_its_conditions_hold() {
    let manifest = "{schema: [{id: 'url'}, {id: 'fast', type: 'confirm'}], Providers: [{name: 'p'}], configMappings: [
        {target: 'Providers[0].api_base_url', value: '#{url}'},
        {target: 'Router.default', value: 'p,fast', when: {field: 'fast', value: true}},
        {target: 'Router.default', value: 'p,slow', when: [{field: 'fast', operator: 'ne', value: true}]}]}";
    check(
        manifest,
        json!({"url": "http://localhost/v1", "fast": false}),
        &json!({"Providers": [{"name": "p", "api_base_url": "http://localhost/v1"}], "Router": {"default": "p,slow"}}),
    );
}

#[test]
fn an_id_that_is_a_path_is_set_there_as_in_ccr() {
    check(
        "{schema: [{id: 'Router.default'}], Providers: [{}], userValues: {'Providers[0].name': 'p'}}",
        json!({"Router.default": "p,m"}),
        &json!({"Providers": [{"name": "p"}], "Router": {"default": "p,m"}}),
    );
}

#[test]
fn a_dollar_in_an_answer_is_no_variable() {
    check("{schema: [{id: 'a'}], x: '{{a}}-$HOME'}", json!({"a": "$KEY"}), &json!({"x": "$$KEY-$HOME"}));
    let applied =
        answered(&read("{schema: [{id: 'a'}], claudeCodeSettings: {model: '{{a}}'}}"), json!({"a": "$K"}), &[]);
    assert_eq!(Value::Object(applied.settings), json!({"model": "$K"}));
}

#[test]
fn what_is_the_machines_stays_the_machines() {
    let applied = answered(
        &read("{version: '1', name: 'x', PORT: 1, CLAUDE_PATH: '/evil', HTTPS_PROXY: 'http://evil'}"),
        json!({}),
        &[],
    );
    assert_eq!(applied.config.value, json!({}));
    let warnings: Vec<String> = applied.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 3);
    let of_path = warnings.iter().find(|warning| warning.contains("CLAUDE_PATH")).unwrap();
    assert_eq!(of_path, "m.json:1:49: CLAUDE_PATH: it is this machine's to say, so the preset's word is left out");
}

#[test]
fn an_unknown_placeholder_is_an_error_and_not_a_key_sent_as_written_as_in_ccr() {
    let manifest = read("{schema: [{id: 'apiKey', type: 'password'}],\n Providers: [{api_key: '{{apikey}}'}]}");
    let error = apply(&manifest, Stage::Answered { plain: &map(json!({})), secrets: &["apiKey"] }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "m.json:2:24: Providers[0].api_key: no question has the id `apikey`, did you mean `apiKey`?"
    );
}

#[test]
fn problems_of_a_template_have_their_place_in_it() {
    let manifest = read("{schema: [],\n template: {\n  a: '#{x}'}}");
    assert_eq!(apply(&manifest, Stage::Before).unwrap_err().to_string(), "m.json:3:6: a: no question has the id `x`");
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let text = "{
  schema: [
    {type: 'pasword', id: 'a'},
    {id: 'b', when: {field: 'c', operator: 'equals'}},
    {id: 'b', type: 'select'},
    {type: 'input'},
    {id: 'd', validator: '(?=x)', min: 3, max: 1, defaultValue: 1, dependsOn: ['e']},
    {id: 'f', options: {type: 'models'}},
    {id: 'g', options: {type: 'discover'}},
    {id: 'h', options: []},
  ],
  configMappings: [{target: 'x'}, {value: 1}, {target: 'y', value: 1, when: {field: 'q'}}],
}";
    let told = problems(text);
    let expect = [
        "m.json:3:12: schema[0].type: unknown type `pasword`; known are password, input, select, multiselect, confirm, editor, number, did you mean `password`?",
        "m.json:4:44: schema[1].when.operator: unknown operator `equals`; known are eq, ne, in, nin, gt, lt, gte, lte, exists",
        "m.json:5:5: schema[2]: a `select` has `options`",
        "m.json:5:10: schema[2].id: question `b` stands here twice",
        "m.json:6:5: schema[3]: `id` is missing",
        "m.json:7:5: schema[4]: no question has the id `e`, did you mean `a`?",
        "m.json:7:40: schema[4].min: `min` is greater than `max`",
        "m.json:8:24: schema[5].options: `providerField` is missing: the question that names the provider, as in `#{provider}`",
        "m.json:9:24: schema[6].options: `from` is missing: the name of the provider that is asked for its models",
        "m.json:10:24: schema[7].options: there is nothing to choose",
        "m.json:12:20: configMappings[0]: `value` is missing",
        "m.json:12:35: configMappings[1]: `target` is missing: the path of a value, as in `Providers[0].api_key`",
        "m.json:12:77: configMappings[2].when: no question has the id `q`, did you mean `a`?",
    ];
    let lines: Vec<&str> = told.lines().filter(|line| !line.contains("validator")).collect();
    assert_eq!(lines, expect);
    let validator = told.lines().find(|line| line.contains("validator")).unwrap();
    assert!(
        validator.starts_with("m.json:7:26: schema[4].validator: not a regular expression that mcr can check ("),
        "{validator}"
    );
}

#[test]
fn questions_that_wait_for_each_other_are_an_error() {
    let text =
        "{schema: [{id: 'z'}, {id: 'a', dependsOn: ['b']}, {id: 'b', when: {field: 'c'}}, {id: 'c', dependsOn: 'a'}]}";
    assert_eq!(problems(text), "m.json:1:22: schema[1]: these questions wait for each other: a -> b -> c -> a");
}

#[test]
fn a_question_comes_after_those_it_depends_on_and_else_where_it_stands() {
    let manifest = read(
        "{Providers: [{name: 'ollama', api_base_url: 'http://{{host}}:11434/v1'}], schema: [
          {id: 'model', type: 'select', options: {type: 'discover', from: 'ollama'}},
          {id: 'first'}, {id: 'late', dependsOn: ['model']}, {id: 'host'}]}",
    );
    let ids: Vec<&str> = manifest.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, ["first", "host", "model", "late"]);
}

#[test]
fn a_provider_that_is_to_be_asked_is_one_of_the_presets() {
    let text = "{schema: [{id: 'm', options: {type: 'discover', from: 'olama'}}], Providers: [{name: 'ollama'}]}";
    assert_eq!(
        problems(text),
        "m.json:1:55: schema[0].options.from: there is no provider `olama`, did you mean `ollama`?"
    );
}

#[test]
fn of_a_password_only_its_presence_can_be_asked() {
    let text = |operator: &str| {
        format!(
            "{{schema: [{{id: 'k', type: 'password'}}, {{id: 'b', when: {{field: 'k', operator: '{operator}', value: 'x'}}}}]}}"
        )
    };
    assert_eq!(problems(&text("eq")), "m.json:1:56: schema[1].when: of a password only `exists` can be asked");
    read(&text("exists"));
}

#[test]
fn what_is_no_object_and_no_json5_is_told() {
    assert_eq!(problems("[]"), "m.json:1:1: expected an object, found a list");
    assert_eq!(problems("{a:"), "m.json:1:1: what begins here does not end");
    let deep = format!("{{a: {}1{}}}", "[".repeat(200), "]".repeat(200));
    assert!(problems(&deep).ends_with("nested too deep for a configuration"), "{}", problems(&deep));
}
