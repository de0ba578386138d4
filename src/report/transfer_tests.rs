//! Whom something goes to, and where that is.

use super::tests::{cells, connections, event, reports_of, suppliers, word, words_of};
use super::*;
use crate::audit::{Decision, Event, Kind};
use crate::catalog::{Field, Overlay};

#[test]
fn whom_something_went_to_is_a_recipient_and_a_transfer_whatever_is_configured() {
    let controller = Controller::default();
    for suppliers in [Vec::new(), suppliers().split_off(3)] {
        let count = suppliers.len();
        let document = &reports_of(&controller, &suppliers, &connections(), &Overlay::default())[1];
        let recipients = cells(document, "recipients", [0, 1, 4, 6, 7]);
        assert_eq!(
            recipients[count..],
            [
                ["127.0.0.1", "no", "127.0.0.1", "0", "1"],
                ["openai", "no", "api.openai.com", "0", "1"],
                ["github.com", "no", "github.com", "0", "1"],
            ]
        );
        let operators = cells(document, "recipients", [2]);
        assert!(operators[count + 1][0].starts_with("OpenAI LLC, Delaware ("), "{operators:?}");
        assert_eq!(operators[count + 2], ["not known"]);
        assert_eq!(cells(document, "transfers", [0, 2]), [["openai", "yes"], ["github.com", "not known"]]);
        assert_eq!(words_of(document, "transfers"), [""; 0]);
        for gap in [
            "the legal entity behind github.com (github.com); if you know it, write it as `operator` of `github.com` in \
             facts.json beside the configuration",
            "whether github.com is established in a third country, where it processes, and the safeguard",
            "how long is kept what was sent to github.com",
        ] {
            assert!(document.gaps().any(|named| named == gap), "{gap}: {:#?}", document.gaps().collect::<Vec<_>>());
        }
    }
}

#[test]
fn that_nothing_leaves_is_said_only_where_nothing_was_seen_to() {
    let (controller, own) = (Controller::default(), Overlay::default());
    let said = |suppliers: &[Supplier], events: &[Event]| {
        words_of(&reports_of(&controller, suppliers, events, &own)[1], "transfers").join("\n")
    };
    let (local, here) = (suppliers().split_off(3), event(Kind::Connect, "127.0.0.1", Decision::Allowed));
    assert_eq!(said(&[], &[]), "No provider is configured, and nothing was observed to go anywhere in this period.");
    assert_eq!(
        said(&[], std::slice::from_ref(&here)),
        "No provider is configured; every host that was observed is this machine or one in its network."
    );
    assert_eq!(
        said(&local, &[]),
        "Every configured provider is this machine or one in its network, and nothing was observed to go elsewhere."
    );
    assert_eq!(
        said(&local, &[here]),
        "Every configured provider, and every host that was observed, is this machine or one in its network."
    );
}

#[test]
fn what_a_server_of_ones_own_hands_on_is_a_transfer_to_whoever_answers_it() {
    let answered = event(Kind::Request, "127.0.0.1", Decision::Allowed);
    let asked = |model: &str| Event { model_sent: Some(model.to_owned()), ..answered.clone() };
    let events = vec![asked("some-model:cloud"), asked("other:cloud"), asked("other:7b")];
    let routed = vec![Supplier { models: vec!["some-model:cloud".to_owned()], ..suppliers().remove(3) }];
    for (suppliers, events, row, how) in [
        (vec![], events.clone(), ["ollama-cloud", "no", "-", "2", "0", "127.0.0.1"], "it was asked for"),
        (routed.clone(), vec![], ["ollama-cloud", "yes", "-", "0", "0", "localhost"], "a route names it"),
        (routed, events, ["ollama-cloud", "yes", "-", "2", "0", "127.0.0.1, localhost"], "a route names it"),
    ] {
        let reports = reports_of(&Controller::default(), &suppliers, &events, &Overlay::default());
        assert_eq!(cells(&reports[1], "transfers", [0, 2]), [["ollama-cloud", "yes"]]);
        let recipients = cells(&reports[1], "recipients", [0, 1, 4, 6, 7, 9]);
        assert_eq!(recipients.iter().filter(|told| told[0] == "ollama-cloud").collect::<Vec<_>>(), [&row]);
        let how = format!("gets a model that {} hands on; {how}", row[5]);
        assert_eq!(cells(&reports[3], "others", [0, 4, 6]), [["ollama-cloud", row[3], &*how]]);
        let described = words_of(&reports[2], "description");
        assert!(
            described.iter().any(|line| line.starts_with(&format!("G{}: ollama-cloud (", &how[1..]))),
            "{described:#?}"
        );
        if events.is_empty() {
            let words = words_of(&reports[1], "recipients").join("\n");
            assert!(!words.contains("observed"), "{words}");
        }
    }
}

#[test]
fn a_country_is_compared_with_countries_alone_and_facts_of_one_name_are_each_shown() {
    let with = |value: &str| {
        let mut own = Overlay::default();
        word(&mut own, "mistral", Field::Establishment, value);
        Supplier { facts: own.facts("mistral").expect("facts"), ..suppliers().remove(0) }
    };
    for (value, third) in [("France", "no"), ("DE", "no"), ("BR", "sources differ")] {
        let told = reports_of(&Controller::default(), &[with(value)], &[], &Overlay::default());
        assert_eq!(cells(&told[1], "transfers", [2]), [[third]], "{value}");
    }
    let both = [with("France"), with("Frankreich"), with("France")];
    let told = reports_of(&Controller::default(), &both, &[], &Overlay::default());
    let values = cells(&told[1], "facts", [2]);
    let count = |value: &str| values.iter().filter(|[told]| *told == value).count();
    assert_eq!((count("France"), count("Frankreich")), (1, 1));
}
