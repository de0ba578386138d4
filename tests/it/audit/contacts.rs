//! Who is asked something without a prompt is on record, too.

use mcr::imitation::{Imitation, Reply};
use serde_json::{Value, json};

use super::audit;
use crate::common::requests::{MODEL, provider};
use crate::common::{Sandbox, ask, config, soon};
use crate::way_out::WayOut;

/// What is on record of questions without a prompt, in its order.
fn noted(sandbox: &Sandbox, keys: &[&str]) -> Vec<Value> {
    let (_, shown) = audit(sandbox, &["show", "--json"]);
    let records = shown["records"].as_array().expect("records").iter().filter(|it| it["route"] == "probe");
    records.map(|it| Value::from(keys.iter().map(|key| it[key].clone()).collect::<Vec<_>>())).collect()
}

#[tokio::test]
async fn a_connection_that_is_opened_ahead_is_on_record() {
    for required in [true, false] {
        let way_out = WayOut::new("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
        let mut sandbox = Sandbox::new();
        sandbox.set("HTTPS_PROXY", &format!("http://{}", way_out.address));
        let mut config = config("http://127.0.0.1:9");
        config["Providers"] = json!([provider("far", "https://api.mcr-test.invalid/v1", MODEL)]);
        config["Router"] = json!({"default": format!("far,{MODEL}")});
        config["Audit"] = json!({"required": required});
        config["LOG_LEVEL"] = json!("debug");
        sandbox.configure(&config);
        sandbox.vouch_for(&["api.mcr-test.invalid"]);
        let server = sandbox.start().await;
        server.wait_for_log("cannot connect ahead of time", 1).await;
        assert_eq!(way_out.heads().len(), 1);
        server.stopped().await;
        let keys = ["kind", "host", "port", "target", "decision", "reason", "status"];
        let rest = ["api.mcr-test.invalid", "443", "far", "allowed", "a connection opened ahead", "null"];
        let of = |kind: &str| {
            let rest = rest.map(|it| serde_json::from_str(it).unwrap_or_else(|_| json!(it)));
            Value::from([vec![json!(kind)], rest.to_vec()].concat())
        };
        let expect = if required { vec![of("begin"), of("probe")] } else { vec![of("probe")] };
        assert_eq!(noted(&sandbox, &keys), expect);
    }
}

#[tokio::test]
async fn a_health_probe_is_on_record_before_it_is_sent_where_the_record_is_required() {
    let upstream = Imitation::start(|_, _| Reply::say("Hello")).await.unwrap();
    let mut config = config(&upstream.url());
    config["Providers"][0]["health_probe"] = json!({"enabled": true, "interval_seconds": 0.02, "timeout_seconds": 5});
    config["Audit"] = json!({"required": true});
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    soon(server.client().messages(&ask("Hi"))).await.unwrap();
    let visits = soon(upstream.wait_for_visits(2)).await.len();
    // The second has begun on record, and the first is there with what came of it.
    let noted = noted(&sandbox, &["kind", "host", "target", "reason", "status", "address"]);
    let of = |kind: &str, status: Value, address: Value| {
        json!([kind, "127.0.0.1", "mistral", "a sign of life", status, address])
    };
    let (begin, probe) = (of("begin", Value::Null, Value::Null), of("probe", json!(200), json!("loopback")));
    assert_eq!(noted.get(..3), Some(&[begin.clone(), probe, begin.clone()][..]), "{noted:?}");
    assert!(noted.iter().filter(|it| **it == begin).count() >= visits, "{noted:?}");
}
