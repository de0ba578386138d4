//! TLS: what is trusted, what is not, and what is said then.

use std::{env, fs, net::SocketAddr, path::PathBuf, process::Command, sync::Arc, time::Duration};

use http_body_util::BodyExt;
use mcr::egress::{ConnectError, Egress, Options};
use tokio::{io::copy_bidirectional, net::TcpStream, sync::mpsc, time::timeout};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::common::{Sandbox, ask, config, soon};

use super::{
    house::{Raw, SOON},
    outward::{accept, direct, fails, get, listener, through},
};

struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    pem: String,
}

impl Identity {
    fn of(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        Self { certificate: made.cert.der().clone(), key: made.signing_key.serialize_der(), pem: made.cert.pem() }
    }

    /// The same, which was good until the year 2020.
    fn of_the_past(name: &str) -> Self {
        let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).expect("parameters");
        parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = parameters.self_signed(&key).expect("a certificate");
        Self { certificate: made.der().clone(), key: key.serialize_der(), pem: made.pem() }
    }

    /// What a company's own authority signs for a name; it is trusted through the authority alone.
    fn signed(authority: &Authority, name: &str) -> Self {
        let parameters = rcgen::CertificateParams::new([name.to_owned()]).expect("parameters");
        authority.sign(&parameters)
    }

    /// The same, which is good between two years.
    fn signed_in(authority: &Authority, name: &str, years: [i32; 2]) -> Self {
        let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).expect("parameters");
        [parameters.not_before, parameters.not_after] = years.map(|year| rcgen::date_time_ymd(year, 1, 1));
        authority.sign(&parameters)
    }

    /// Answers over HTTP/2 until dropped with its runtime; tells of every connection and every request's method.
    async fn serve(&self) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
        let (tell, told) = mpsc::unbounded_channel();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(vec![self.certificate.clone()], key).expect("a configuration");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listener().await;
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, tell) = (acceptor.clone(), tell.clone());
                let _ = tell.send("connection".to_owned());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    let service = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| {
                        let _ = tell.send(request.method().to_string());
                        let version = format!("{:?}", request.version());
                        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(version)))
                    });
                    let io = hyper_util::rt::TokioIo::new(stream);
                    let http = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
                    let _ = http.serve_connection(io, service).await;
                });
            }
        });
        (address, told)
    }
}

/// A company's own authority, which nobody else knows.
struct Authority {
    pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = rcgen::CertificateParams::new([]).expect("parameters");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().expect("a key");
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: rcgen::Issuer::new(parameters, key) }
    }

    fn sign(&self, parameters: &rcgen::CertificateParams) -> Identity {
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { certificate: made.der().clone(), key: key.serialize_der(), pem: self.pem.clone() }
    }
}

#[test]
fn row_50_what_a_companys_own_authority_signs_is_accepted_once_that_is_named() {
    trusting(&Identity::signed(&Authority::new("Ours"), "localhost"), "trusting_process");
}

#[test]
fn row_50_the_same_authority_does_not_make_up_for_another_name_or_the_past() {
    let authority = Authority::new("Ours");
    trusting(&Identity::signed(&authority, "other.test"), "misled_process");
    trusting(&Identity::signed_in(&authority, "localhost", [2019, 2020]), "late_process");
}

#[tokio::test]
async fn row_50_a_certificate_that_does_not_hold_is_told_with_what_mends_it_and_nothing_is_sent() {
    let (authority, other, anew) = (Authority::new("Ours"), Authority::new("Theirs"), Authority::new("Ours"));
    let of_the_company = "a company's own authority is trusted when SSL_CERT_FILE names its certificate";
    let of_the_new_one = "SSL_CERT_FILE has to name the certificate of the one that signed";
    let past = Identity::signed_in(&authority, "localhost", [2019, 2020]);
    let future = Identity::signed_in(&authority, "localhost", [2998, 2999]);
    for (identity, roots, words) in [
        (Identity::signed(&authority, "localhost"), Some(&authority), None),
        (Identity::signed(&authority, "localhost"), Some(&other), Some(of_the_company)),
        (Identity::signed(&authority, "localhost"), None, Some(of_the_company)),
        (Identity::of("localhost"), None, Some(of_the_company)),
        (
            Identity::signed(&authority, "other.test"),
            Some(&authority),
            Some("the address has to name the host as its certificate does"),
        ),
        (Identity::signed(&authority, "localhost"), Some(&anew), Some(of_the_new_one)),
        (future, Some(&authority), Some("; look at this machine's clock")),
        (past, Some(&authority), Some("look at this machine's clock, else whoever runs the server has to renew it")),
    ] {
        let (address, mut told) = identity.serve().await;
        let mut sandbox = Sandbox::new();
        sandbox.configure(&config(&format!("https://localhost:{}/v1", address.port())));
        if let Some(roots) = roots {
            let file = sandbox.write("roots.pem", &roots.pem);
            sandbox.set("SSL_CERT_FILE", file.to_str().expect("a path"));
        }
        let server = sandbox.start().await;
        let answer = soon(server.client().messages(&ask("Hi"))).await.expect("an answer");
        let message = answer.error.expect("it answers with no message of Mistral's").message;
        let mut methods = Vec::new();
        while let Ok(one) = told.try_recv() {
            methods.push(one);
        }
        match words {
            // It is no server of Mistral's, but it was asked.
            None => assert!(methods.contains(&"POST".to_owned()), "{methods:?}: {message}"),
            Some(words) => {
                assert!(message.contains(words), "{message}");
                assert!(!methods.is_empty() && methods.iter().all(|one| one == "connection"), "{methods:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let (address, _) = Identity::of("localhost").serve().await;
    let error = fails(&direct(), &format!("https://localhost:{}/v1", address.port())).await;
    let ConnectError::Tls { host, reason } = &error else { panic!("{error:?}") };
    assert_eq!(*host, format!("localhost:{}", address.port()));
    assert!(reason.contains("certificate") && reason.contains("SSL_CERT_FILE"), "{reason}");
    assert!(error.nothing_was_sent());
}

#[tokio::test]
async fn a_certificate_is_checked_through_a_tunnel_too() {
    let (behind, _) = Identity::of("api.test").serve().await;
    let (proxy, address) = listener().await;
    let egress = through(address);
    let tunnel = async {
        let (mut raw, head) = accept(&proxy).await;
        raw.send("HTTP/1.1 200 Connection established\r\n\r\n").await;
        let mut upstream = TcpStream::connect(behind).await.expect("a server");
        let _ = copy_bidirectional(&mut raw.0, &mut upstream).await;
        head
    };
    let (error, head) = tokio::join!(fails(&egress, "https://api.test/v1"), tunnel);
    assert!(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic bWU6aHVudGVyMg=="), "{head}");
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn a_handshake_has_a_clock_of_its_own() {
    let (silent, address) = listener().await;
    let options = Options { tls_timeout: Duration::from_millis(50), ..Default::default() };
    let error = fails(&Egress::new(&options).expect("an egress"), &format!("https://{address}/")).await;
    assert_eq!(error.to_string(), format!("{address}: TLS: no handshake within 50 ms (TLS clock)"));
    drop(silent);
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_failure() {
    let (server, address) = listener().await;
    let speak = async {
        let (socket, _) = server.accept().await.expect("a connection");
        Raw(socket).send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let egress = direct();
    let uri = format!("https://{address}/");
    let (error, ()) = tokio::join!(fails(&egress, &uri), speak);
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
}

/// Names the folder in which the trusting process finds the server's identity.
const IDENTITY: &str = "MCR_TEST_IDENTITY";

#[test]
fn a_certificate_that_the_platform_trusts_is_accepted_over_http2() {
    trusting(&Identity::of("localhost"), "trusting_process");
}

#[test]
fn a_certificate_of_another_name_or_of_the_past_is_refused_with_what_mends_it() {
    trusting(&Identity::of("other.test"), "misled_process");
    trusting(&Identity::of_the_past("localhost"), "late_process");
}

/// Runs a test that trusts an identity.
///
/// The platform's roots come from the environment, so whoever trusts others than usual is a process of its own.
#[track_caller]
fn trusting(identity: &Identity, test: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("roots.pem"), &identity.pem).expect("written");
    fs::write(file("certificate.der"), &identity.certificate).expect("written");
    fs::write(file("key.der"), &identity.key).expect("written");
    let child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", &format!("edge::tls::{test}"), "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", file("roots.pem"))
        .env_remove("SSL_CERT_DIR")
        .env(IDENTITY, folder.path())
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&child.stderr));
}

/// The identity that the process trusts.
fn trusted() -> Identity {
    let folder = PathBuf::from(env::var_os(IDENTITY).expect("the parent's folder"));
    let read = |name: &str| fs::read(folder.join(name)).expect("readable");
    Identity { certificate: read("certificate.der").into(), key: read("key.der"), pem: String::new() }
}

/// What is said of it, although its authority is trusted.
async fn refused() -> String {
    let (address, _) = trusted().serve().await;
    let error = fails(&direct(), &format!("https://localhost:{}/v1", address.port())).await;
    assert!(matches!(error, ConnectError::Tls { .. }) && error.nothing_was_sent(), "{error:?}");
    error.to_string()
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn misled_process() {
    let words = refused().await;
    assert!(words.ends_with("; the address has to name the host as its certificate does"), "{words}");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn late_process() {
    let words = refused().await;
    assert!(words.contains("; look at this machine's clock"), "{words}");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn trusting_process() {
    let identity = trusted();
    let (address, mut told) = identity.serve().await;
    let uri = format!("https://localhost:{}/v1", address.port());
    let egress = direct();
    egress.warm(&uri.parse().expect("a URI"), "p", None);
    for expected in ["connection", "HEAD"] {
        assert_eq!(timeout(SOON, told.recv()).await.expect("a sign of life").as_deref(), Some(expected));
    }
    let response = egress.send(get(&uri)).await.expect("an answer");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, "HTTP/2.0");
    assert_eq!(told.try_recv().as_deref(), Ok("GET"), "on the warm connection");
    // The name is checked, not only the authority.
    let error = fails(&egress, &format!("https://{address}/")).await;
    let ConnectError::Tls { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("not valid for name"), "{reason}");
}
