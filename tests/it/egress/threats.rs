//! The rows of the table of threats that are about where traffic goes.

use mcr::imitation::Reply;
use serde_json::json;
use tokio::net::TcpListener;

use crate::common::requests::provider;
use crate::common::{Rig, Sandbox, ask};

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
