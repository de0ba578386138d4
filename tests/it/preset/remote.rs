//! Presets that come over the network, and models that a server reports.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use mcr::config::sha256;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{files, installed};
use crate::common::Sandbox;

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
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
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
