//! The connector against servers and proxies that the test plays itself.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use mcr::config::EgressRules;
use mcr::egress::{ConnectError, Egress, Guard, Options, ProxyVariables};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use super::house::{Raw, SOON};

pub async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Accepts one connection and reads a request's head from it.
pub async fn accept(listener: &TcpListener) -> (Raw, String) {
    let (socket, _) = timeout(SOON, listener.accept()).await.expect("a connection").expect("a socket");
    let mut raw = Raw(socket);
    let head = raw.until("\r\n\r\n").await;
    (raw, head)
}

pub fn direct() -> Egress {
    Egress::new(&vouching()).expect("an egress")
}

/// Options of a door for the hosts that these tests make up.
fn vouching() -> Options {
    let hosts = ["api.test", "models.test", "no-such-host.invalid", "local"];
    let rules = EgressRules { allow: hosts.map(str::to_owned).to_vec(), ..Default::default() };
    Options { guard: Guard::new(rules, Vec::new(), Vec::new()), ..Default::default() }
}

pub fn through(proxy: SocketAddr) -> Egress {
    let all = format!("http://me:hunter2@{proxy}");
    Egress::new(&Options { environment: ProxyVariables { all, ..Default::default() }, ..vouching() })
        .expect("an egress")
}

pub fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("a request")
}

pub async fn fails(egress: &Egress, uri: &str) -> ConnectError {
    timeout(SOON, egress.send(get(uri))).await.expect("an end").expect_err("a failure")
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let (server, address) = listener().await;
    let (other, elsewhere) = listener().await;
    let egress = direct();
    let answer = async {
        let (mut raw, _) = accept(&server).await;
        raw.send(format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n")).await;
        raw
    };
    let (response, _raw) = tokio::join!(egress.send(get(&format!("http://{address}/v1"))), answer);
    assert_eq!(response.expect("an answer").status(), 302);
    timeout(Duration::from_millis(50), other.accept()).await.expect_err("nobody comes");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (server, address) = listener().await;
    let egress = direct();
    let (mut raw, _) = {
        let answer = async {
            let (mut raw, head) = accept(&server).await;
            raw.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            (raw, head)
        };
        let (response, accepted) = tokio::join!(egress.send(get(&format!("http://{address}/1"))), answer);
        response.expect("an answer").into_body().collect().await.expect("a body");
        accepted
    };
    let answer = async {
        let head = raw.until("\r\n\r\n").await;
        raw.send("HTTP/1.1 204 No Content\r\n\r\n").await;
        head
    };
    let (response, head) = tokio::join!(egress.send(get(&format!("http://{address}/2"))), answer);
    assert_eq!(response.expect("an answer").status(), 204);
    assert!(head.starts_with("GET /2 "), "{head}");
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let (server, address) = listener().await;
    drop(server);
    let error = fails(&direct(), &format!("http://{address}/v1?key=secret")).await;
    assert_eq!(error, ConnectError::Refused { host: address.to_string() });
    assert!(error.nothing_was_sent());
    assert_eq!(error.to_string(), format!("{address}: connection refused; is it running?"));
}

#[tokio::test]
async fn a_server_that_hangs_up_is_closed_not_refused() {
    let (server, address) = listener().await;
    let egress = direct();
    let hang_up = async { drop(accept(&server).await) };
    let uri = format!("http://{address}/");
    let (error, ()) = tokio::join!(fails(&egress, &uri), hang_up);
    assert!(matches!(error, ConnectError::Closed { .. }), "{error:?}");
    assert!(!error.nothing_was_sent());
}

#[tokio::test]
async fn a_full_backlog_runs_into_the_connect_clock() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let server = socket.listen(1).expect("a listener");
    let address = server.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(Ok(socket)) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        waiting.push(socket);
    }
    let options = Options { connect_timeout: Duration::from_millis(50), ..Default::default() };
    let error = fails(&Egress::new(&options).expect("an egress"), &format!("http://{address}/")).await;
    assert_eq!(error.to_string(), format!("{address}: no connection within 50 ms (connect clock)"));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_named() {
    let error = fails(&direct(), "https://no-such-host.invalid:8080/").await;
    assert!(matches!(&error, ConnectError::Dns { host, .. } if host == "no-such-host.invalid:8080"), "{error:?}");
}

#[tokio::test]
async fn plain_http_goes_to_the_proxy_in_absolute_form() {
    let (proxy, address) = listener().await;
    let egress = through(address);
    let answer = async {
        let (mut raw, head) = accept(&proxy).await;
        raw.send("HTTP/1.1 204 No Content\r\n\r\n").await;
        head
    };
    let (response, head) = tokio::join!(egress.send(get("http://10.0.0.7:1234/v1")), answer);
    assert_eq!(response.expect("an answer").status(), 204);
    assert!(head.starts_with("GET http://10.0.0.7:1234/v1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("proxy-authorization: Basic bWU6aHVudGVyMg=="), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_is_blamed_without_its_password() {
    let (proxy, address) = listener().await;
    let egress = through(address);
    let refuse = async {
        let (mut raw, head) = accept(&proxy).await;
        raw.send("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
        head
    };
    let (error, head) = tokio::join!(fails(&egress, "https://api.test/v1"), refuse);
    assert!(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n"), "{head}");
    assert_eq!(
        error.to_string(),
        format!("proxy {address}, on the way to api.test: tunnel error: proxy authorization required")
    );
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_not_gone_around() {
    let (proxy, address) = listener().await;
    drop(proxy);
    let error = fails(&through(address), "https://api.test/v1").await;
    assert!(matches!(&error, ConnectError::Proxy { reason, .. } if reason == "connection refused"), "{error:?}");
}

#[tokio::test]
async fn loopback_is_never_proxied() {
    let (proxy, address) = listener().await;
    let (server, local) = listener().await;
    let egress = through(address);
    for host in ["127.0.0.1", "localhost"] {
        let answer = async {
            let (mut raw, head) = accept(&server).await;
            raw.send("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            head
        };
        let uri = format!("http://{host}:{}/v1", local.port());
        let (response, head) = tokio::join!(egress.send(get(&uri)), answer);
        assert_eq!(response.expect("an answer").status(), 204);
        assert!(head.starts_with("GET /v1 ") && !head.contains("proxy-authorization"), "{head}");
    }
    timeout(Duration::from_millis(50), proxy.accept()).await.expect_err("nobody comes");
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_stops_the_start() {
    let proxy_url = Some(Uri::from_static("https://me:hunter2@proxy.test"));
    let error = Egress::new(&Options { proxy_url, ..Default::default() }).expect_err("an unusable proxy");
    assert_eq!(
        error.to_string(),
        "PROXY_URL: a proxy of scheme `https` cannot be used, only `http`, `socks5` and `socks5h`"
    );
}

#[tokio::test]
async fn what_another_guard_denies_is_denied_wherever_the_door_is_held() {
    let denying = || {
        let rules = EgressRules { deny: vec!["api.test".to_owned()], ..Default::default() };
        Guard::new(rules, Vec::new(), Vec::new())
    };
    let uri = "https://api.test/v1".parse().expect("an address");
    let (door, held) = (direct(), direct());
    let (door_held, other_held) = (door.clone(), held.clone());
    assert!(door_held.check(&uri).is_ok() && other_held.check(&uri).is_ok());
    let under = door.under(denying());
    let instead =
        Egress::new(&Options { guard: denying(), ..Default::default() }).expect("an egress").in_place_of(&held);
    for door in [&under, &door, &door_held, &instead, &held, &other_held] {
        assert!(matches!(door.check(&uri), Err(ConnectError::Denied { .. })));
    }
    // And so it is when the one that took its place gets another.
    assert!(instead.under(vouching().guard).check(&uri).is_ok() && other_held.check(&uri).is_ok());
}
