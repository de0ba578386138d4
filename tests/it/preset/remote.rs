//! Presets that come over the network, and models that a server reports.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use mcr::config::sha256;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{files, installed};
use crate::common::{Sandbox, config};

/// A repository's archive, with the one folder around everything that such have.
fn archive() -> Vec<u8> {
    let manifest = json!({"name": "far", "version": "1.0.0", "Router": {"default": "p,m"},
        "Providers": [{"name": "p", "api_base_url": "http://localhost/v1", "models": ["m"]}]});
    let text = manifest.to_string().into_bytes();
    let mut builder = tar::Builder::new(Vec::new());
    let mut head = tar::Header::new_gnu();
    head.set_size(text.len() as u64);
    head.set_mode(0o644);
    builder.append_data(&mut head, "far-main/manifest.json", text.as_slice()).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

/// Serves an archive at `/moved` behind a redirect from everywhere else; returns the port.
async fn serve(sandbox: &mut Sandbox, archive: Vec<u8>) -> u16 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let roots = sandbox.write("roots.pem", &made.cert.pem()).display().to_string();
    sandbox.set("SSL_CERT_FILE", &roots);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let archive = Bytes::from(archive);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (acceptor, archive) = (acceptor.clone(), archive.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(socket).await else { return };
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let answer = match request.uri().path() {
                        "/moved" => Response::new(Full::new(archive.clone())),
                        _ => Response::builder()
                            .status(302)
                            .header(header::LOCATION, "/moved")
                            .body(Full::default())
                            .unwrap(),
                    };
                    std::future::ready(Ok::<_, Infallible>(answer))
                });
                let io = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            });
        }
    });
    port
}

/// Runs a command while the test's own server answers.
async fn run(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let mut command = sandbox.command(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().expect("the binary runs")).await.unwrap();
    (output.status.code().expect("an exit code"), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn an_archive_is_fetched_and_installed_when_its_checksum_is_right() {
    let archive = archive();
    let sum = sha256(&archive);
    let mut sandbox = Sandbox::new();
    let port = serve(&mut sandbox, archive).await;
    let url = format!("https://localhost:{port}/far/archive/main.tar.gz");
    let (code, words) = run(&sandbox, &["preset", "install", &url, "--sha256", &"0".repeat(64), "--yes"]).await;
    assert_eq!(code, 77, "{words}");
    assert!(
        words.starts_with(&format!("error: this is not the archive that was meant; its SHA-256 is {sum}\n")),
        "{words}"
    );
    let written = files(&sandbox.home()).into_iter().filter(|file| !file.starts_with("state/audit/"));
    assert_eq!(written.collect::<Vec<_>>(), Vec::<String>::new());
    let (code, words) = run(&sandbox, &["preset", "install", &url, "--sha256", &sum, "--yes"]).await;
    assert_eq!(code, 0, "{words}");
    assert_eq!(files(&installed(&sandbox, "far")), ["manifest.json", "values.json"]);
    let values = std::fs::read_to_string(installed(&sandbox, "far").join("values.json")).unwrap();
    assert!(values.contains(&sum) && values.contains(&url), "{values}");
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let sandbox = Sandbox::new();
    let url = format!("https://localhost:{port}/x.zip");
    let (code, words) = run(&sandbox, &["preset", "install", &url, "--sha256", &"0".repeat(64), "--yes"]).await;
    assert_eq!(code, 69, "{words}");
    assert!(words.starts_with(&format!("error: cannot fetch {url}: ")), "{words}");
}

/// Who is on record as asked for an archive, in its order; the record as it is written is in the second.
fn noted(sandbox: &Sandbox) -> (Vec<Value>, String) {
    let record = sandbox.command(["audit", "show", "--json"]).output().expect("the binary runs").stdout;
    let text = String::from_utf8(record).unwrap();
    let record: Value = serde_json::from_str(&text).expect("JSON");
    let keys = ["kind", "host", "address", "preset", "decision", "status", "bytes_in"];
    let of = |it: &Value| Value::from(keys.map(|key| it[key].clone()).to_vec());
    let asked = |it: &&Value| it["reason"] == "a preset's archive" || it["kind"] == "deny";
    (record["records"].as_array().expect("records").iter().filter(asked).map(of).collect(), text)
}

#[tokio::test]
async fn whom_an_archive_is_fetched_from_is_on_record_and_what_was_asked_for_is_not() {
    for required in [false, true] {
        let archive = archive();
        let (sum, length) = (sha256(&archive), archive.len());
        let mut sandbox = Sandbox::new();
        let mut config = config("http://localhost/v1");
        config["Audit"] = json!({"required": required});
        sandbox.configure(&config);
        let port = serve(&mut sandbox, archive).await;
        let url = format!("https://localhost:{port}/far/archive/main.tar.gz?token=secret");
        let install =
            ["--config", "config.json", "preset", "install", &url, "--sha256", &sum, "--name", "far", "--yes"];
        let (code, words) = run(&sandbox, &install).await;
        assert_eq!(code, 0, "{words}");
        let (asked, text) = noted(&sandbox);
        let begin = json!(["begin", "localhost", null, "far", "allowed", null, null]);
        let probe =
            |status: u16, bytes: Value| json!(["probe", "localhost", "loopback", "far", "allowed", status, bytes]);
        let (moved, there) = (probe(302, Value::Null), probe(200, json!(length)));
        let expect = if required { vec![begin.clone(), moved, begin, there] } else { vec![moved, there] };
        assert_eq!(asked, expect);
        assert!(!text.contains("main.tar.gz") && !text.contains("secret") && !text.contains("moved"), "{text}");
    }
}

#[tokio::test]
async fn an_archive_is_not_fetched_from_where_the_user_denies_it() {
    let mut sandbox = Sandbox::new();
    let port = serve(&mut sandbox, archive()).await;
    let sum = "0".repeat(64);
    let near = format!("https://localhost:{port}/far.zip");
    let far = "https://presets.invalid/far.zip".to_owned();
    for (rules, url, why, hint) in [
        (
            json!({"deny": ["localhost"]}),
            &near,
            "localhost: `localhost` of `Egress.deny` means it",
            "take `localhost` out",
        ),
        (json!({"deny": ["local"]}), &near, "localhost: `local` of `Egress.deny` means it", "take `local` out"),
        (
            json!({"allow": ["local"]}),
            &far,
            "presets.invalid: `Egress.allow` is `local` alone",
            "add `presets.invalid`",
        ),
    ] {
        let mut config = config("http://localhost/v1");
        config["Egress"] = rules;
        sandbox.configure(&config);
        let install = ["--config", "config.json", "preset", "install", url, "--sha256", &sum, "--yes"];
        let (code, words) = run(&sandbox, &install).await;
        assert_eq!(code, 77, "{words}");
        let what = format!("error: cannot fetch {url}: the egress guard does not let this go to {why}");
        assert!(words.contains(&what) && words.contains(&format!("\nhint: {hint}")), "{words}");
    }
    let (asked, text) = noted(&sandbox);
    let denied = |host: &str| json!(["deny", host, null, null, "denied", null, null]);
    assert_eq!(asked, [denied("localhost"), denied("localhost"), denied("presets.invalid")], "{text}");
}

#[tokio::test]
async fn an_archive_is_not_fetched_where_that_must_be_on_record_and_cannot_be() {
    let mut sandbox = Sandbox::new();
    let mut config = config("http://localhost/v1");
    config["Audit"] = json!({"required": true});
    sandbox.configure(&config);
    sandbox.write("home/state/audit", "a file");
    let port = serve(&mut sandbox, archive()).await;
    let url = format!("https://localhost:{port}/far.zip");
    let sum = "0".repeat(64);
    let install = ["--config", "config.json", "preset", "install", &url, "--sha256", &sum, "--yes"];
    let (code, words) = run(&sandbox, &install).await;
    assert_eq!(code, 74, "{words}");
    assert!(words.contains("the audit record cannot be written") && words.contains("nothing was sent"), "{words}");
}
