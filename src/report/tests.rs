//! What holds for every report.

use super::*;
use crate::audit::{Decision, Event, Kind};
use crate::catalog;
use crate::config::{AuditRules, EgressRules};

fn suppliers() -> Vec<Supplier> {
    let facts = |name: &str| catalog::facts(name).cloned().unwrap_or_default();
    vec![
        Supplier {
            name: "mistral".to_owned(),
            hosts: vec!["api.mistral.ai".to_owned()],
            operator: Some("Mistral AI SAS".to_owned()),
            country: Some("FR".to_owned()),
            region: Some("global".to_owned()),
            facts: facts("mistral"),
            ..Supplier::default()
        },
        Supplier {
            name: "openai".to_owned(),
            hosts: vec!["api.openai.com".to_owned()],
            operator: Some("OpenAI".to_owned()),
            country: Some("US".to_owned()),
            facts: facts("openai"),
            ..Supplier::default()
        },
        Supplier {
            name: "elsewhere".to_owned(),
            hosts: vec!["llm.example".to_owned()],
            country: Some("BR".to_owned()),
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

/// Every report, of a week with one request and one attempt that was denied.
fn reports(controller: &Controller) -> Vec<Document> {
    let request = Event {
        host: Some("api.mistral.ai".to_owned()),
        decision: Some(Decision::Allowed),
        ..Event::new(Kind::Request)
    };
    let denied = Event {
        host: Some("api.anthropic.com".to_owned()),
        decision: Some(Decision::Denied),
        ..Event::new(Kind::Connect)
    };
    let observed = Observed::of([("2026-11-22T10:00:00Z", &request), ("2026-11-22T10:00:01Z", &denied)]);
    let basis = Basis { made: "2026-11-22T12:00:00Z".to_owned(), ..Basis::default() };
    let (suppliers, measures) = (suppliers(), in_force(&EgressRules::default(), &AuditRules::default()));
    let processing =
        Processing { controller, suppliers: &suppliers, observed: &observed, measures: &measures, basis: &basis };
    vec![
        egress(&observed, &basis, &[]),
        ropa(&processing),
        dpia(&processing),
        nis2(&processing),
        providers(&suppliers, &basis),
    ]
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
    let told: Vec<[&str; 4]> = rows(document, "transfers")
        .iter()
        .map(|row| [&row[0], &row[1], &row[2], &row[3]].map(String::as_str))
        .collect();
    let expect = [
        ["mistral", "FR", "no", "global"],
        ["openai", "US", "yes", "not known"],
        ["elsewhere", "BR", "yes", "not known"],
    ];
    assert_eq!(told, expect);
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
