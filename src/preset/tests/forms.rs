//! Questions put and answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{map, read};
use crate::preset::{Answers, Form, Kind, Manifest, Offer, Refused, fill};

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect()
}

fn filled(manifest: &Manifest, pairs: &[(&str, &str)]) -> Value {
    Value::Object(fill(manifest, Answers::default(), &given(pairs)).expect("all is answered").plain)
}

/// What is wrong with one answer to the only question.
fn refused(question: &str, text: &str) -> Refused {
    let manifest = read(&format!("{{schema: [{question}]}}"));
    let mut problems = fill(&manifest, Answers::default(), &given(&[("a", text)])).expect_err("it is refused");
    problems.remove(0).2
}

#[test]
fn answers_have_the_type_of_their_question() {
    let manifest = read(
        "{schema: [{id: 'i', type: 'input'}, {id: 'n', type: 'number'}, {id: 'f', type: 'number'}, {id: 'c', type: 'confirm'},
          {id: 's', type: 'select', options: [{label: 'Eight', value: 8}, 'nine']}, {id: 'e', type: 'editor'},
          {id: 'm', type: 'multiselect', options: {type: 'static', options: [{value: 'x'}, {value: 'y'}, {value: 'z'}]}}]}",
    );
    let pairs = [("i", "in"), ("n", "7"), ("f", "0.5"), ("c", "yes"), ("s", "Eight"), ("e", "a\nb"), ("m", "z, x")];
    assert_eq!(
        filled(&manifest, &pairs),
        json!({"i": "in", "n": 7, "f": 0.5, "c": true, "s": 8, "e": "a\nb", "m": ["z", "x"]})
    );
}

#[test]
fn what_is_not_said_has_ccrs_defaults() {
    let manifest = read(
        "{schema: [{id: 'c', type: 'confirm'}, {id: 'm', type: 'multiselect', options: ['x']}, {id: 'n', type: 'number'},
          {id: 'd', defaultValue: 'said'}, {id: 'o', required: false}, {id: 'u'}], userValues: {u: 'written'}}",
    );
    assert_eq!(filled(&manifest, &[]), json!({"c": false, "m": [], "n": 0, "d": "said", "u": "written"}));
}

#[test]
fn a_question_whose_condition_does_not_hold_is_not_put() {
    let manifest = read(
        "{schema: [{id: 'where', type: 'select', options: ['cloud', 'local'], defaultValue: 'local'},
          {id: 'key', type: 'password', when: {field: 'where', value: 'cloud'}},
          {id: 'region', when: [{field: 'key', operator: 'exists'}]}]}",
    );
    assert_eq!(filled(&manifest, &[]), json!({"where": "local"}));
    let answers =
        fill(&manifest, Answers::default(), &given(&[("where", "cloud"), ("key", "k"), ("region", "eu")])).unwrap();
    assert_eq!(Value::Object(answers.plain), json!({"where": "cloud", "region": "eu"}));
    assert_eq!(answers.secrets.keys().collect::<Vec<_>>(), ["key"]);
}

#[test]
fn an_answer_that_does_not_count_is_told_and_asked_again() {
    let manifest = read("{schema: [{id: 'a', type: 'number', min: 1, max: 9}]}");
    let mut form = Form::new(&manifest, Answers::default());
    let question = form.question().unwrap();
    assert_eq!(form.answer(question, "10", None), Err(Refused::TooLarge(9.0)));
    assert_eq!(form.question().unwrap().id, "a");
    assert_eq!(form.answer(question, "5", None), Ok(()));
    assert!(form.question().is_none());
    assert_eq!(form.finish().plain, map(json!({"a": 5})));
}

#[test]
fn the_reasons_for_which_answers_do_not_count() {
    assert_eq!(refused("{id: 'a'}", " "), Refused::Missing);
    assert_eq!(refused("{id: 'a', type: 'number'}", "x"), Refused::NotANumber("x".to_owned()));
    assert_eq!(refused("{id: 'a', type: 'number'}", "NaN"), Refused::NotANumber("NaN".to_owned()));
    assert_eq!(refused("{id: 'a', type: 'number', min: 2}", "1"), Refused::TooSmall(2.0));
    assert_eq!(refused("{id: 'a', type: 'confirm'}", "x"), Refused::NotABoolean("x".to_owned()));
    assert_eq!(refused("{id: 'a', validator: '^sk-'}", "x"), Refused::NoMatch("^sk-".to_owned()));
    assert_eq!(refused("{id: 'a', type: 'password'}", "a b"), Refused::NotAKey);
    let choices = vec!["x".to_owned()];
    let options = "options: ['x', {value: 'y', disabled: true}]";
    assert_eq!(
        refused(&format!("{{id: 'a', type: 'select', {options}}}"), "y"),
        Refused::NoChoice { found: "y".to_owned(), choices }
    );
}

#[test]
fn a_refused_secret_is_not_repeated() {
    let text = "sk-very secret";
    for question in ["{id: 'a', type: 'password'}", "{id: 'a', type: 'password', validator: '^x'}"] {
        assert!(!refused(question, text).to_string().contains("secret"), "{question}");
    }
}

#[test]
fn a_secret_may_be_a_reference_and_a_variable_is_one() {
    let manifest = read("{schema: [{id: 'a', type: 'password', validator: '^sk-'}]}");
    for (text, reference) in [
        ("env:KEY", Some("env:KEY")),
        ("file:/k", Some("file:/k")),
        ("cmd:pass show k", Some("cmd:pass show k")),
        ("store:mistral", Some("store:mistral")),
        ("$KEY", Some("env:KEY")),
        ("${KEY}", Some("env:KEY")),
        ("sk-1", None),
    ] {
        let answers = fill(&manifest, Answers::default(), &given(&[("a", text)])).unwrap();
        assert_eq!(answers.secrets["a"].reference(), reference, "{text}");
    }
}

#[test]
fn providers_and_their_models_can_be_chosen_from() {
    let manifest = read(
        "{Providers: [{name: 'p', api_base_url: 'http://localhost/v1', models: ['m', 'n']}, {name: 'q', models: ['o']}],
          schema: [{id: 'who', type: 'select', options: {type: 'providers'}},
                   {id: 'what', type: 'select', options: {type: 'models', providerField: '#{who}'}}]}",
    );
    let mut form = Form::new(&manifest, Answers::default());
    let labels = |offer: Offer| match offer {
        Offer::Among(choices) => choices.into_iter().map(|choice| choice.label).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let question = form.question().unwrap();
    assert_eq!(labels(form.offer(question)), ["p", "q"]);
    form.answer(question, "p", None).unwrap();
    let question = form.question().unwrap();
    assert_eq!(labels(form.offer(question)), ["m", "n"]);
}

#[test]
fn a_server_is_asked_at_the_address_that_was_answered() {
    let manifest = read(
        "{Providers: [{name: 'o', api_base_url: 'http://{{host}}/v1', api_key: '{{key}}'}], schema: [{id: 'host'},
          {id: 'key', type: 'password'}, {id: 'model', type: 'select', options: {type: 'discover', from: 'o'}}]}",
    );
    let mut form = Form::new(&manifest, Answers::default());
    for text in ["127.0.0.1:1", "env:KEY"] {
        let question = form.question().unwrap();
        form.answer(question, text, None).unwrap();
    }
    let question = form.question().unwrap();
    let Offer::Reported(provider) = form.offer(question) else { panic!("{question:?}") };
    assert_eq!(
        (provider.address.as_str(), provider.key),
        ("http://127.0.0.1:1/v1", crate::preset::Key::Answer("key".to_owned()))
    );
    // Whatever it reports, another model can be typed.
    assert_eq!(form.answer(question, "typed", None), Ok(()));
}

#[test]
fn a_server_without_a_key_is_asked_too() {
    let manifest = read(
        "{Providers: [{name: 'o', api_base_url: 'http://localhost/v1', models: ['{{model}}']}],
          schema: [{id: 'model', type: 'select', options: {type: 'discover', from: 'o'}}]}",
    );
    let mut form = Form::new(&manifest, Answers::default());
    let question = form.question().unwrap();
    let Offer::Reported(provider) = form.offer(question) else { panic!("{question:?}") };
    assert_eq!(provider.key, crate::preset::Key::Written(String::new()));
}

#[test]
fn every_question_without_an_answer_is_named_at_once() {
    let manifest = read("{schema: [{id: 'a', type: 'password'}, {id: 'b'}, {id: 'c', defaultValue: 'x'}]}");
    let problems = fill(&manifest, Answers::default(), &given(&[])).unwrap_err();
    let named: Vec<(&str, Kind)> = problems.iter().map(|(id, kind, _)| (id.as_str(), *kind)).collect();
    assert_eq!(named, [("a", Kind::Password), ("b", Kind::Input)]);
}

#[test]
fn the_answers_of_the_last_time_count_again() {
    let manifest = read("{schema: [{id: 'k', type: 'password'}, {id: 'm', defaultValue: 'x'}]}");
    let before = fill(&manifest, Answers::default(), &given(&[("k", "env:K"), ("m", "y")])).unwrap();
    let again = fill(&manifest, before, &given(&[])).unwrap();
    assert_eq!((again.secrets["k"].reference(), &again.plain["m"]), (Some("env:K"), &json!("y")));
}
