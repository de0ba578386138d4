//! What one request costs inside the process, piece by piece.
//!
//! `cargo bench --bench core`. Read the ratios: machines differ and drift.

mod common;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mcr::audit::{self, Audit, Kind};
use mcr::config::{EgressRules, Network};
use mcr::egress::{Guard, check};
use mcr::route::{self, Counter, Facts, TokenCount};
use mcr::translate::{self, StreamTranslator};
use mcr::wire::anthropic::MessagesRequest;
use mcr::wire::event::Event;
use mcr::wire::sse::Decoder;

criterion_group!(benches, requests, counts, streams, records, guard);
criterion_main!(benches);

fn parse(body: &str) -> MessagesRequest<'_> {
    serde_json::from_str(body).expect("a request")
}

fn requests(criterion: &mut Criterion) {
    let config = common::configuration();
    let target = &*config.routes.default;
    let body = common::request(true, 4096);
    let request = parse(&body);
    let outgoing = translate::request(&request, target, Some("session")).expect("a translation");

    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("copy", |bencher| bencher.iter(|| black_box(body.as_bytes()).to_vec()));
    group.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(&body))));
    group.bench_function("route", |bencher| {
        bencher.iter_batched(
            || parse(&body),
            |mut request| {
                let tags = route::take_tags(&mut request, |name| route::named_target(&config, name).is_some());
                let facts = Facts::new(&request, tags.named, TokenCount::Exact(23_000));
                let choice = route::choose(&config, &facts).expect("a route");
                (choice, request)
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("translate", |bencher| {
        bencher.iter(|| translate::request(black_box(&request), target, Some("session")));
    });
    group.bench_function("write", |bencher| bencher.iter(|| black_box(&outgoing).body(target)));
    group.bench_function("parse, translate, write", |bencher| {
        bencher.iter(|| {
            let request = parse(black_box(&body));
            translate::request(&request, target, Some("session")).expect("a translation").body(target)
        });
    });
    group.finish();
}

fn counts(criterion: &mut Criterion) {
    let config = common::configuration();
    let target = &*config.routes.default;
    let body = common::request(true, 4096);
    let request = parse(&body);
    let outgoing = translate::request(&request, target, None).expect("a translation");
    let counter = Counter::default();
    counter.count(&outgoing.request, target);

    let mut group = criterion.benchmark_group("count");
    group.bench_function("cold", |bencher| {
        bencher.iter_batched(
            Counter::default,
            |counter| counter.count(black_box(&outgoing.request), target),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("warm", |bencher| bencher.iter(|| counter.count(black_box(&outgoing.request), target)));
    group.finish();
}

fn streams(criterion: &mut Criterion) {
    const EVENTS: usize = 1_000;
    let texts: String = (0..EVENTS).map(|number| common::text_event(&format!(" word\"{number}\"\n"))).collect();
    let data = |events: &str| -> Vec<Vec<u8>> {
        let lines = events.lines().filter_map(|line| line.strip_prefix("data: "));
        lines.map(|line| line.as_bytes().to_vec()).collect()
    };
    let (text, call) = (data(&texts), data(&common::call_event().repeat(EVENTS)));
    let translator = || StreamTranslator::new(translate::ReplyContext::default(), "mistral", "m", "msg_1", 23_000);

    let mut group = criterion.benchmark_group("stream, 1000 events");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            let mut decoder = Decoder::default();
            let mut bytes = 0;
            for piece in texts.as_bytes().chunks(16_384) {
                decoder.push(black_box(piece));
                while let Ok(Some(event)) = decoder.next_event() {
                    bytes += event.len();
                }
            }
            bytes
        });
    });
    for (name, events) in [("translate text", &text), ("translate calls", &call)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || (translator(), Vec::with_capacity(1 << 20)),
                |(mut translator, mut out)| {
                    for event in events {
                        translator.data(black_box(event), &mut |event: Event<'_>| event.encode(&mut out));
                    }
                    (translator, out)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// What is done behind an answer for the audit record, and how fast it is verified.
fn records(criterion: &mut Criterion) {
    let text = |text: &str| Some(text.to_owned());
    let event = audit::Event {
        session: text("0123456789abcdef0123456789abcdef"),
        model_asked: text("claude-sonnet-4-5"),
        model_sent: text("a-model"),
        target: text("provider"),
        host: text("api.example"),
        port: Some(443),
        region: text("EU"),
        operator: text("An operator SAS"),
        route: text("default"),
        status: Some(200),
        attempts: Some(1),
        tokens_in: Some(23_000),
        tokens_cached: Some(22_000),
        tokens_out: Some(400),
        cost: text("0.012345 USD"),
        bytes_out: Some(91_000),
        bytes_in: Some(12_000),
        duration_ms: Some(4_321),
        upstream_request: text("0123456789abcdef0123456789abcdef"),
        config_hash: text(&"0123".repeat(16)),
        catalogue_hash: text(&"4567".repeat(16)),
        ..audit::Event::new(Kind::Request)
    };
    let home = tempfile::tempdir().expect("a folder");
    let written = Audit::open(home.path().join("written"));
    let mut group = criterion.benchmark_group("audit");
    group.bench_function("note", |bencher| {
        bencher.iter_batched(|| event.clone(), |event| written.note(event), BatchSize::SmallInput);
    });
    written.close();
    let folder = home.path().join("thousand");
    let thousand = Audit::open(folder.clone());
    (0..1_000).for_each(|_| thousand.note(event.clone()));
    thousand.close();
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("verify a thousand", |bencher| {
        bencher.iter(|| audit::verify(&audit::log(&folder, &[]).expect("a record")));
    });
    group.finish();
}

/// What a request is asked before it goes, and what each address of a connection is.
fn guard(criterion: &mut Criterion) {
    let rules = || EgressRules { deny: vec!["us".to_owned()], ..EgressRules::default() };
    let guard = Guard::new(rules(), Vec::new(), Vec::new());
    let mut group = criterion.benchmark_group("guard");
    group.bench_function("request", |bencher| {
        bencher.iter(|| guard.judge_model(black_box("api.eu.mistral.ai"), black_box("mistral-medium-3-5")).lets_go());
    });
    group.bench_function("host that is new", |bencher| {
        bencher.iter_batched(
            || Guard::new(rules(), Vec::new(), Vec::new()),
            |guard| guard.judge(black_box("api.eu.mistral.ai")),
            BatchSize::SmallInput,
        );
    });
    let address = "2a01:4f8::64".parse().expect("an address");
    group.bench_function("address", |bencher| bencher.iter(|| check(Network::Public, black_box(address))));
    group.finish();
}
