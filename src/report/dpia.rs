//! `mcr report dpia`: what a data protection impact assessment has to hold, Art. 35(7) GDPR, as far as mcr knows it.

use super::basis;
use super::document::{Document, Section, Table, counted};
use super::egress::flow;
use super::host::besides;
use super::observed::Observed;
use super::ropa::{Processing, missing};
use super::supplier::{self, Supplier};

/// A threat, what stands against it here, and what stays.
struct Threat {
    what: &'static str,
    against: &'static str,
    stays: &'static str,
}

const THREATS: [Threat; 8] = [
    Threat {
        what: "Personal data in source code or terminal output reaches the model's provider",
        against: "the provider is chosen by operator and place; presets for models on one's own machine",
        stays: "the data is sent as it is: mcr does not take it out",
    },
    Threat {
        what: "A request goes to a country or an operator that was not meant",
        against: "the guard denies by default; a fallback outside has to be named; no redirect is followed",
        stays: "what a provider's sub-processors do",
    },
    Threat {
        what: "The agent reports to its vendor beside the requests to the model",
        against: "its switches for telemetry are set; its vendor's hosts are blocked; `--sealed` leaves no other way",
        stays: "without `--sealed`, a program that goes past HTTPS_PROXY",
    },
    Threat {
        what: "A repository or a preset redirects requests or takes the key",
        against: "mcr's settings beat those of a project; keys are bound to hosts; presets may not widen what is allowed",
        stays: "commands that the person lets the agent run",
    },
    Threat {
        what: "A name is led to another address",
        against: "addresses are checked before they are connected to; certificates are checked",
        stays: "an authority of the system that issues a false certificate",
    },
    Threat {
        what: "The provider trains its models with what it is sent",
        against: "models that may be trained whatever the contract (`labs-`) are named by `mcr doctor`",
        stays: "the provider's word, with its source below",
    },
    Threat {
        what: "Data leaves without a trace",
        against: "every request, denial and connection is recorded in a chain with signed checkpoints",
        stays: "who controls the machine while it writes; what came after the last checkpoint kept elsewhere",
    },
    Threat {
        what: "Code that a model wrote does harm",
        against: "nothing in mcr: the agent asks before it acts, as it is configured",
        stays: "all of it",
    },
];

/// Describes the processing, its risks, and what stands against them.
pub fn dpia(processing: &Processing<'_>) -> Document {
    let Processing { controller, suppliers, observed, own, measures, basis } = *processing;
    let besides = besides(suppliers, observed, own);
    let mut description = Section::new("description", "(a) The processing, and what it is for")
        .words(
            "A coding assistant (Claude Code) runs on this machine. It gathers source code, terminal output, file names \
             and what is typed, and sends them with each request to a model. mcr stands between: it chooses the model, \
             translates, lets requests go where they may, and records where they went.",
        )
        .list(&controller.purposes)
        .list(suppliers.iter().map(|supplier| line(supplier, observed)))
        .list(besides.iter().map(|supplier| format!("{}: {}", sentence(&supplier.how()), line(supplier, observed))));
    if controller.purposes.is_empty() {
        description = description.gap(missing("purposes", "what the controller processes the data for"));
    }
    if !observed.traffic.is_empty() {
        description = description.diagram(flow(observed, own));
    }
    let necessity = Section::new("necessity", "(b) Necessity and proportionality");
    let necessity = match &controller.necessity {
        Some(words) => necessity.words(words),
        None => necessity.gap(missing("necessity", "why the processing is necessary and proportionate")),
    };
    let necessity = match &controller.legal_basis {
        Some(words) => necessity.words(format!("Legal basis: {words}")),
        None => necessity.gap(missing("legal_basis", "the legal basis")),
    };
    let mut threats =
        Table::new(&[("threat", "Threat"), ("against", "What stands against it"), ("stays", "What stays")]);
    for Threat { what, against, stays } in THREATS {
        threats.push([what, against, stays]);
    }
    let risks = Section::new("risks", "(c) Risks to the rights and freedoms of data subjects")
        .words("Likelihood and severity are for the controller to judge; what mcr knows of each threat stands here.")
        .table(threats, "")
        .gap("likelihood and severity of each, and whether what stays is acceptable");
    let sections = vec![
        description,
        necessity,
        risks,
        super::measure::measures(measures, controller),
        supplier::facts(suppliers.iter().chain(&besides)),
        basis.section(),
        basis::limits(),
        basis::not_advice(),
    ];
    let title = "Material for a data protection impact assessment (Art. 35(7) GDPR)".to_owned();
    Document { kind: "dpia", title, about: basis.about(true), sections }
}

/// Begins with a capital letter.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Who it is, whose, where, and how often something went there.
fn line(supplier: &Supplier, observed: &Observed) -> String {
    let (requests, connections) = supplier.seen(observed);
    let operator = supplier.legal_entity();
    let (requests, connections) = (counted(requests, "request"), counted(connections, "connection"));
    let place = supplier.region.as_deref().unwrap_or("no known place");
    let name = &supplier.name;
    format!("{name} ({place}), operator {operator}: {requests}, {connections} of the agent")
}
