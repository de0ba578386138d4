//! The rows of the table of threats that are about where traffic goes.

use std::fs;
use std::path::Path;

use mcr::imitation::Reply;
use serde_json::json;
use tokio::net::TcpListener;

use crate::ccr::has_test;
use crate::common::requests::provider;
use crate::common::{Rig, Sandbox, ask};

/// A row's number, what is tried, where its tests are, and the tests that hold what must come of it.
const ROWS: [(u32, &str, &str, &[&str]); 8] = [
    (
        17,
        "a request names an address, in a field or as its model",
        "tests/it/egress/threats.rs",
        &["whatever_a_request_names_nothing_connects_there"],
    ),
    (17, "the same, at the front door", "tests/it/door.rs", &["a_client_cannot_choose_where_a_request_goes"]),
    (
        18,
        "a preset leads a key to a host that nobody knows",
        "tests/it/egress/start.rs",
        &["a_preset_that_leads_to_a_denied_host_is_not_installed_and_not_run"],
    ),
    (
        22,
        "an address of a metadata service or of this machine, in any spelling",
        "tests/it/egress/threats.rs",
        &["no_spelling_of_an_inner_address_passes_for_one_of_the_internet"],
    ),
    (
        22,
        "a name that leads to the Internet first and inside then",
        "tests/it/egress/names.rs",
        &["names_that_lead_elsewhere_are_not_followed"],
    ),
    (
        23,
        "an upstream sends the request on to another host",
        "tests/it/egress/threats.rs",
        &["a_redirect_is_an_error_and_nobody_else_gets_the_key"],
    ),
    (23, "the same, at the door out", "tests/it/edge/outward.rs", &["a_redirect_is_returned_and_not_followed"]),
    (
        50,
        "a certificate that is of nobody known, of somebody else, of the past; a company's own authority",
        "tests/it/edge/tls.rs",
        &[
            "a_self_signed_certificate_is_refused",
            "a_certificate_of_another_name_or_of_the_past_is_refused_with_what_mends_it",
            "a_certificate_that_the_platform_trusts_is_accepted_over_http2",
        ],
    ),
];

#[test]
fn every_row_has_its_tests() {
    for (row, what, file, tests) in ROWS {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        for test in tests {
            assert!(has_test(&source, test), "{row} ({what}): {file} has no test `{test}`");
        }
    }
}

#[tokio::test]
async fn whatever_a_request_names_nothing_connects_there() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", elsewhere.local_addr().unwrap());
    // What has a comma names a provider and a model, and these are none; what has none goes where all models go.
    let models =
        [(url.clone(), 200), (format!("//{url}"), 200), (format!("mistral,{url}"), 400), (format!("{url},m"), 400)];
    let rig = Rig::new([Reply::say("Hello"), Reply::say("Hello")]).await;
    for (model, status) in &models {
        let mut request = ask("Hi");
        request["model"] = json!(model);
        for field in ["api_base", "base_url", "api_base_url", "endpoint", "custom_llm_provider", "proxy"] {
            request[field] = json!(url);
            request["metadata"] = json!({"user_id": "u", field: url});
        }
        let answer = rig.client.messages(&request).await.expect("an answer");
        assert_eq!(answer.status, *status, "{model}: {:?}", answer.error);
    }
    for captured in rig.upstream.captured() {
        let body = captured.body.to_string();
        assert!(!body.contains(&url), "{body}");
    }
    let nobody = tokio::time::timeout(std::time::Duration::from_millis(50), elsewhere.accept()).await;
    nobody.expect_err("somebody came");
}

#[test]
fn no_spelling_of_an_inner_address_passes_for_one_of_the_internet() {
    for host in [
        "169.254.169.254",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.nip.io",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "100.100.100.200",
        "metadata.google.internal",
    ] {
        let sandbox = Sandbox::new();
        let url = format!("https://{host}/v1");
        sandbox.configure(&json!({"Providers": [provider("p", &url, "m")]}));
        let picture = sandbox.mcr(["--config", "config.json", "code", "-p", "hi"]);
        let expect = "exit code: 77\n----- stderr -----\n";
        assert!(picture.starts_with(expect), "{host}: {picture}");
        assert!(picture.contains("the egress guard does not let a target go"), "{host}: {picture}");
    }
    // It is this machine in another spelling, and goes nowhere else: what may be spoken to at one may at the other.
    let sandbox = Sandbox::new();
    for (host, code) in [("[::ffff:127.0.0.1]", 0), ("::ffff:10.0.0.1", 0), ("::ffff:8.8.8.8", 77)] {
        let picture = sandbox.mcr(["egress", "check", host.trim_matches(['[', ']'])]);
        assert!(picture.starts_with(&format!("exit code: {code}\n")), "{host}: {picture}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_and_nobody_else_gets_the_key() {
    use crate::common::soon;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = elsewhere.local_addr().unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&crate::common::config(&format!("http://{}/v1", upstream.local_addr().unwrap())));
    let server = sandbox.start().await;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = upstream.accept().await.unwrap();
            let mut bytes = vec![0; 65_536];
            let _ = stream.read(&mut bytes).await;
            let head = format!("HTTP/1.1 302 Found\r\nlocation: http://{to}/v1\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    assert!(answer.error.is_some(), "{answer:?}");
    let nobody = tokio::time::timeout(std::time::Duration::from_millis(50), elsewhere.accept()).await;
    nobody.expect_err("somebody came");
}
