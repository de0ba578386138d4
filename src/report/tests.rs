//! What holds for every report.

use super::*;
use crate::audit::{Decision, Event, Kind};
use crate::catalog::{self, Confidence, Fact, Facts, Field, Overlay};
use crate::config::{AuditRules, EgressRules};

/// The user's own word on a provider or a host.
pub(super) fn word(overlay: &mut Overlay, name: &str, field: Field, value: &str) {
    let fact = Fact {
        value: value.to_owned(),
        as_of: "2026-10-01".to_owned(),
        source: "our letter".to_owned(),
        address: None,
        kind: catalog::Kind::Own,
        confidence: Confidence::High,
        note: None,
    };
    overlay.add(name, field, fact);
}

fn own(name: &str, field: Field, value: &str) -> Facts {
    let mut overlay = Overlay::default();
    word(&mut overlay, name, field, value);
    overlay.facts(name).expect("facts")
}

pub(super) fn suppliers() -> Vec<Supplier> {
    let facts = |name: &str| catalog::facts(name).cloned().unwrap_or_default();
    vec![
        Supplier {
            name: "mistral".to_owned(),
            hosts: vec!["api.mistral.ai".to_owned()],
            region: Some("global".to_owned()),
            facts: facts("mistral"),
            ..Supplier::default()
        },
        Supplier {
            name: "openai".to_owned(),
            hosts: vec!["api.openai.com".to_owned()],
            facts: facts("openai"),
            ..Supplier::default()
        },
        Supplier {
            name: "elsewhere".to_owned(),
            hosts: vec!["llm.example".to_owned()],
            facts: own("elsewhere", Field::Establishment, "BR"),
            ..Supplier::default()
        },
        Supplier {
            name: "ollama".to_owned(),
            hosts: vec!["localhost".to_owned()],
            is_local: true,
            ..Supplier::default()
        },
    ]
}

/// Something that the record has of a host.
pub(super) fn event(kind: Kind, host: &str, decision: Decision) -> Event {
    Event { host: Some(host.to_owned()), decision: Some(decision), ..Event::new(kind) }
}

/// Every report, of a week with one request and one attempt that was denied.
fn reports(controller: &Controller) -> Vec<Document> {
    let request = event(Kind::Request, "api.mistral.ai", Decision::Allowed);
    let denied = event(Kind::Connect, "api.anthropic.com", Decision::Denied);
    reports_of(controller, &suppliers(), &[request, denied], &Overlay::default())
}

/// Every report, in the order of the command line, of a period with these events.
pub(super) fn reports_of(
    controller: &Controller,
    suppliers: &[Supplier],
    events: &[Event],
    own: &Overlay,
) -> Vec<Document> {
    let observed = Observed::of(events.iter().map(|event| ("2026-11-22T10:00:00Z", event)));
    let basis = Basis { made: "2026-11-22T12:00:00Z".to_owned(), ..Basis::default() };
    let measures = in_force(&EgressRules::default(), &AuditRules::default());
    let processing = Processing { controller, suppliers, observed: &observed, own, measures: &measures, basis: &basis };
    vec![
        egress(&observed, own, &basis, &[]),
        ropa(&processing),
        dpia(&processing),
        nis2(&processing),
        providers(suppliers, &basis),
    ]
}

/// What an agent that connects for itself leaves behind.
pub(super) fn connections() -> [Event; 4] {
    [
        event(Kind::Connect, "api.openai.com", Decision::Allowed),
        event(Kind::Connect, "github.com", Decision::Allowed),
        event(Kind::Connect, "127.0.0.1", Decision::Allowed),
        event(Kind::Connect, "api.anthropic.com", Decision::Denied),
    ]
}

/// Some cells of each row of a section.
pub(super) fn cells<'d, const N: usize>(document: &'d Document, id: &str, columns: [usize; N]) -> Vec<[&'d str; N]> {
    rows(document, id).into_iter().map(|row| columns.map(|column| row[column].as_str())).collect()
}

pub(super) fn words_of(document: &Document, id: &str) -> Vec<String> {
    let blocks = document.sections.iter().filter(|section| section.id == id).flat_map(|section| &section.blocks);
    blocks
        .flat_map(|block| match block {
            Block::Words(words) => vec![words.clone()],
            Block::List(points) => points.clone(),
            Block::Table(_) | Block::Diagram(_) | Block::Gap(_) => Vec::new(),
        })
        .collect()
}

fn rows<'d>(document: &'d Document, id: &str) -> Vec<&'d Vec<String>> {
    let blocks = document.sections.iter().filter(|section| section.id == id).flat_map(|section| &section.blocks);
    blocks
        .filter_map(|block| match block {
            Block::Table(table) => Some(&table.rows),
            Block::Words(_) | Block::List(_) | Block::Diagram(_) | Block::Gap(_) => None,
        })
        .flatten()
        .collect()
}

#[test]
fn no_report_passes_judgement_and_each_says_that_it_is_no_advice() {
    let reports = reports(&Controller::default());
    assert_eq!(reports.len(), 5);
    for document in &reports {
        for text in [markdown(document), csv(document), json(document)] {
            let lower = text.to_lowercase();
            for word in ["compliant", "cloud-act-free", "cloud act-free", "gdpr-safe", "certified by mcr"] {
                assert!(!lower.contains(word), "{}: {word}", document.kind);
            }
            assert!(lower.contains("not legal advice"), "{}", document.kind);
        }
        let picture = picture(document);
        assert_eq!(picture.is_some(), PICTURED.contains(&document.kind), "{}", document.kind);
        for words in ["Not legal advice: ", "Made: 2026-11-22T12:00:00Z by mcr", &*document.title] {
            assert!(picture.as_ref().is_none_or(|drawn| drawn.contains(words)), "{}: {words}", document.kind);
        }
        let ids: Vec<&str> = document.sections.iter().map(|section| section.id).collect();
        assert!(ids.contains(&"basis") && ids.last() == Some(&"notice"), "{}: {ids:?}", document.kind);
    }
}

#[test]
fn a_record_of_processing_has_the_fields_a_to_g_and_names_each_gap() {
    let document = &reports(&Controller::default())[1];
    let titles: Vec<&str> = document.sections.iter().map(|section| section.title.as_str()).collect();
    for letter in ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)", "(g)"] {
        assert_eq!(titles.iter().filter(|title| title.starts_with(letter)).count(), 1, "{letter} in {titles:?}");
    }
    for key in ["controller", "purposes", "data_subjects", "data_categories", "erasure", "measures"] {
        assert!(document.gaps().any(|gap| gap.contains(&format!("`{key}` in report.json"))), "{key}");
    }
    assert!(document.gaps().any(|gap| gap.starts_with("where mistral processes")));
    assert!(document.gaps().any(|gap| gap.starts_with("the safeguard for transfers to elsewhere")));
}

#[test]
fn the_owners_words_fill_the_gaps() {
    let controller: Controller = json5::from_str(EXAMPLE).expect("the example is one");
    let document = &reports(&controller)[1];
    assert!(!document.gaps().any(|gap| gap.contains("report.json")), "{:?}", document.gaps().collect::<Vec<_>>());
    assert_eq!(rows(document, "controller").len(), 2);
}

#[test]
fn a_transfer_is_told_by_the_operators_country_and_the_place_apart() {
    let document = &reports(&Controller::default())[1];
    let told = cells(document, "transfers", [0, 2, 3]);
    assert_eq!(told, [["mistral", "no", "global"], ["openai", "yes", "not known"], ["elsewhere", "yes", "not known"]]);
    let established = &rows(document, "transfers")[1][1];
    assert!(established.starts_with("US (") && established.ends_with(", 2026-11-20)"), "{established}");
    // What sources say of it stands side by side.
    let exposure = &rows(document, "transfers")[0][5];
    assert!(exposure.contains("none (") && exposure.contains("; indirect ("), "{exposure}");
}

#[test]
fn a_supplier_has_its_sheet_and_its_share() {
    let document = &reports(&Controller::default())[3];
    let sheets = document.sections.iter().filter(|section| section.id == "supplier").count();
    assert_eq!(sheets, 4);
    assert!(rows(document, "supplier").iter().any(|row| row[0] == "Requests observed" && row[1] == "1 (100% of all)"));
}

#[test]
fn sources_that_differ_on_a_country_all_stand_there_and_decide_nothing() {
    let cohere = Supplier {
        name: "cohere".to_owned(),
        hosts: vec!["api.cohere.com".to_owned()],
        facts: catalog::facts("cohere").cloned().expect("facts"),
        ..Supplier::default()
    };
    let mut own = Overlay::default();
    word(&mut own, "cohere", Field::Establishment, "IE");
    let moved = Supplier { facts: own.facts("cohere").expect("facts"), ..cohere.clone() };
    let reports = reports_of(&Controller::default(), &[cohere], &[], &Overlay::default());
    for (at, id, row, column) in [(1, "recipients", 0, 3), (1, "transfers", 0, 1), (3, "supplier", 2, 1)] {
        let cell = &rows(&reports[at], id)[row][column];
        assert!(cell.starts_with("US (") && cell.contains("; CA ("), "{id}: {cell}");
    }
    // The table of all providers names sources by number, so that it can be read.
    assert_eq!(rows(&reports[4], "exposure")[0][2], "US (S1, 2026-11-20); CA (S2, 2026-11-22)");
    let sources = words_of(&reports[4], "exposure").split_off(1);
    assert!(sources[1].starts_with("S2: StealthCloud on Mistral and Cohere (press), https://"), "{sources:?}");
    assert_eq!(cells(&reports[1], "transfers", [2]), [["yes"]]);
    let document = &reports_of(&Controller::default(), &[moved], &[], &own)[1];
    assert_eq!(cells(document, "transfers", [2]), [["sources differ"]]);
    assert!(document.gaps().any(|gap| gap == "whether cohere is established in a third country: sources differ"));
}

#[test]
fn no_report_of_what_was_observed_leaves_out_who_is_not_configured() {
    let reports = reports_of(&Controller::default(), &suppliers()[..1], &connections(), &Overlay::default());
    let described = words_of(&reports[2], "description");
    let github = "Observed, and not configured: github.com (no known place), operator not known: 0 requests, 1 connection of the agent";
    assert!(described.iter().any(|line| line == github), "{described:#?}");
    assert_eq!(cells(&reports[3], "others", [0, 5]), [["openai", "1"], ["github.com", "1"]]);
    assert!(reports[3].gaps().any(|gap| gap.starts_with("github.com: its legal entity; ")));
    for (at, operator) in [(1, "OpenAI LLC, Delaware"), (2, "OpenAI LLC, Delaware"), (3, "OpenAI LLC, Delaware")] {
        let facts = cells(&reports[at], "facts", [0, 1, 2]);
        assert!(facts.contains(&["openai", "operator", operator]), "{at}: {facts:?}");
    }
}

#[test]
fn a_gap_points_to_what_only_notes_and_the_users_word_on_a_host_fills_it() {
    let mut own = Overlay::default();
    let of = |own: &Overlay| reports_of(&Controller::default(), &[], &connections(), own);
    for document in &of(&own) {
        assert!(!markdown(document).contains("egress allow"), "{}", document.kind);
    }
    let asked = "who operates github.com; if you know it, write it as `operator` of `github.com` in facts.json beside the configuration";
    assert!(of(&own)[0].gaps().any(|gap| gap == asked));
    word(&mut own, "github.com", Field::Operator, "GitHub Inc.");
    word(&mut own, "github.com", Field::Establishment, "US");
    let reports = of(&own);
    assert!(!reports[0].gaps().any(|gap| gap.contains("github.com")));
    assert!(cells(&reports[0], "reached", [0, 2, 3]).contains(&["github.com", "GitHub Inc.", "US"]));
    assert_eq!(cells(&reports[1], "transfers", [0, 2]), [["openai", "yes"], ["github.com", "yes"]]);
}

#[test]
fn an_agent_that_only_connected_for_itself_was_there_all_the_same() {
    let reports = reports_of(&Controller::default(), &[], &connections(), &Overlay::default());
    assert_eq!(
        words_of(&reports[0], "summary"),
        [
            "3 hosts were spoken to, 3 times",
            "1 attempt was denied",
            "0 sessions of the agent asked a model",
            "3 connections were the agent's own, or of one of its commands; the record has no session for them",
        ]
    );
}

#[test]
fn whoever_was_only_asked_without_a_prompt_stands_in_the_egress_report_and_is_no_recipient() {
    let asked = |host: &str| Event { status: Some(200), ..event(Kind::Probe, host, Decision::Allowed) };
    let events = [asked("api.mistral.ai"), asked("llm.example"), event(Kind::Probe, "no.example", Decision::Allowed)];
    let reports = reports_of(&Controller::default(), &suppliers()[..1], &events, &Overlay::default());
    let told = cells(&reports[0], "reached", [0, 6, 7]);
    assert_eq!(told, [["api.mistral.ai", "0", "1"], ["llm.example", "0", "1"]]);
    let summary = &words_of(&reports[0], "summary")[0];
    assert_eq!(summary, "2 hosts were spoken to, 2 times, 2 of them with a question without a prompt");
    assert_eq!(cells(&reports[1], "recipients", [0, 6]), [["mistral", "0"]]);
    assert_eq!(cells(&reports[1], "transfers", [0]), [["mistral"]]);
    assert!(!words_of(&reports[1], "erasure").iter().any(|line| line.contains("llm.example")));
    assert!(cells(&reports[3], "supplier", [0, 1]).contains(&["Requests observed", "0 (- of all)"]));
    assert!(rows(&reports[3], "others").is_empty());
}

#[test]
fn a_server_of_this_network_is_whose_facts_or_the_record_say_and_else_nobodys() {
    let noted = Event {
        operator: Some("Partner GmbH".to_owned()),
        address: Some(crate::audit::AddressClass::Private),
        ..event(Kind::Request, "gpu.lan", Decision::Allowed)
    };
    let handed_on = Event {
        operator: Some("Ollama Inc.".to_owned()),
        model_sent: Some("some-model:cloud".to_owned()),
        ..event(Kind::Request, "10.0.0.7", Decision::Allowed)
    };
    let here = event(Kind::Request, "127.0.0.1", Decision::Allowed);
    let reports = reports_of(&Controller::default(), &[], &[noted, handed_on, here], &Overlay::default());
    let nobodys = "on this machine or its network; whose it is, is not known here";
    let partner = "Partner GmbH (the record, as it was known then)";
    let recipients = cells(&reports[1], "recipients", [0, 2]);
    assert_eq!(recipients[1..], [["10.0.0.7", nobodys], ["127.0.0.1", "on this machine"], ["gpu.lan", partner]]);
    assert!(recipients[0][1].starts_with("Ollama Inc. ("), "{recipients:?}");
    assert_eq!(cells(&reports[0], "reached", [2]), [[nobodys], ["on this machine"], ["Partner GmbH"]]);
    assert!(words_of(&reports[2], "description").iter().any(|line| line.contains(&format!("operator {partner}:"))));
    let gaps: Vec<&str> = reports[1].gaps().filter(|gap| gap.starts_with("the legal entity")).collect();
    assert!(gaps.len() == 1 && gaps[0].starts_with("the legal entity behind 10.0.0.7 ("), "{gaps:?}");

    let mut own = Overlay::default();
    word(&mut own, "gpu.lan", Field::Operator, "Partner GmbH");
    let configured = |facts| Supplier {
        name: "gpu".to_owned(),
        hosts: vec!["gpu.lan".to_owned()],
        is_local: true,
        facts,
        ..Supplier::default()
    };
    let of = |facts| reports_of(&Controller::default(), &[configured(facts)], &[], &Overlay::default());
    let (known, unknown) = (of(own.of_host("gpu.lan")), of(Facts::default()));
    let told = ["Legal entity", "Partner GmbH (our letter, 2026-10-01)"];
    assert!(cells(&known[3], "supplier", [0, 1]).contains(&told));
    assert!(!known[3].gaps().any(|gap| gap.starts_with("gpu: its legal entity")));
    assert!(cells(&unknown[3], "supplier", [0, 1]).contains(&["Legal entity", nobodys]));
    assert!(unknown[3].gaps().any(|gap| gap.starts_with("gpu: its legal entity")));
}
