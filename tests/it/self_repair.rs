//! A provider that tightens its schema does not stop the work.

use mcr::imitation::{Gate, Reply};
use serde_json::{Value, json};

use crate::common::{Rig, ask, soon, whole};

/// What Mistral says of fields that it does not know.
fn forbids(places: &[Value]) -> Reply {
    let detail: Vec<Value> = places
        .iter()
        .map(|place| json!({"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted", "input": 1}))
        .collect();
    Reply::status(422, &json!({"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"}))
}

fn cool(mut request: Value) -> Value {
    request["temperature"] = json!(0.5);
    request
}

#[tokio::test]
async fn a_field_that_is_not_permitted_is_left_out_once_and_from_then_on() {
    for form in [ask, |words: &str| whole(ask(words))] {
        let rig = Rig::new([forbids(&[json!(["body", "temperature"])]), Reply::say("one"), Reply::say("two")]).await;
        let answer = rig.messages(&cool(form("Hi"))).await;
        assert_eq!((answer.status, &*answer.message.text(), answer.header("x-mcr-attempts")), (200, "one", Some("2")));
        assert_eq!(rig.messages(&cool(form("Hi"))).await.message.text(), "two");
        let captured = rig.upstream.captured();
        let sent: Vec<bool> = captured.iter().map(|captured| captured.body.get("temperature").is_some()).collect();
        assert_eq!(sent, [true, false, false]);
        // Nothing else is missing.
        let mut expected = captured[0].body.clone();
        expected.as_object_mut().unwrap().remove("temperature");
        assert_eq!([&captured[1].body, &captured[2].body], [&expected, &expected]);
        let lines = rig.server.wait_for_log("left out from now on", 1).await;
        assert!(lines[0].contains(" warn ") && lines[0].contains("fields=temperature"), "{}", lines[0]);
    }
}

#[tokio::test]
async fn what_is_still_not_permitted_is_told() {
    let twice = || forbids(&[json!(["body", "temperature"])]);
    let rig = Rig::new([twice(), twice(), Reply::say("Hello")]).await;
    let answer = rig.messages(&cool(ask("Hi"))).await;
    assert_eq!((answer.status, rig.upstream.captured().len()), (422, 2));
    // What did not help is not remembered.
    assert_eq!(rig.messages(&cool(ask("Hi"))).await.status, 200);
    assert!(rig.upstream.captured()[2].body.get("temperature").is_some());
}

#[tokio::test]
async fn what_the_request_means_is_not_left_out() {
    let rig = Rig::new([forbids(&[json!(["body", "messages", 0, "user", "content"])])]).await;
    let answer = rig.messages(&ask("Hi")).await;
    let words = answer.error.expect("an error").message;
    assert_eq!((answer.status, rig.upstream.captured().len()), (422, 1));
    assert!(words.contains("body.messages.0.user.content: Extra inputs are not permitted"), "{words}");
}

#[tokio::test]
async fn requests_that_were_on_their_way_already_are_repaired_too() {
    let gates = [Gate::new(), Gate::new()];
    let refusal = |gate| forbids(&[json!(["body", "temperature"])]).hold(gate);
    let rig = Rig::new([refusal(&gates[0]), refusal(&gates[1]), Reply::say("one"), Reply::say("two")]).await;
    let asked = gates.each_ref().map(|_| {
        let client = rig.client.clone();
        tokio::spawn(async move { client.messages(&cool(ask("Hi"))).await.unwrap().status })
    });
    for gate in &gates {
        soon(gate.reached()).await;
    }
    gates.iter().for_each(Gate::open);
    for status in asked {
        assert_eq!(soon(status).await.unwrap(), 200);
    }
}
