//! Who is let in, and what there is to be had: what claude-code-router 2 got wrong, by name.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use mcr::imitation::Reply;
use serde_json::{Value, json};

use crate::common::raw::{head, status, talk};
use crate::common::requests::KEY;
use crate::common::{Rig, Sandbox, ask, config};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Routes that are, were in claude-code-router, or never will be.
const ROUTES: [(&str, &str); 17] = [
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages?beta=true"),
    ("POST", "/v1/messages/count_tokens"),
    ("GET", "/v1/models"),
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("HEAD", "/"),
    ("GET", "/"),
    ("GET", "/ui/"),
    ("GET", "/api/config"),
    ("POST", "/api/config"),
    ("GET", "/api/transformers"),
    ("POST", "/api/restart"),
    ("GET", "/api/logs/files"),
    ("GET", "/api/logs?file=/etc/hostname"),
    ("DELETE", "/api/logs?file=/etc/hostname"),
    ("GET", "/..%2f..%2fetc/hostname"),
];

/// What a client of this server sends as a rule.
struct Visitor {
    rig: Rig,
    host: String,
    bearer: String,
}

impl Visitor {
    async fn new(replies: Vec<Reply>) -> Self {
        let rig = Rig::new(replies).await;
        let host = format!("127.0.0.1:{}", rig.server.port);
        let bearer = format!("Bearer {}", rig.server.token);
        Self { rig, host, bearer }
    }

    async fn head(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let (status, answer) = head(self.rig.server.port, method, target, headers).await;
        assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");
        assert!(!answer.contains(KEY) && !answer.contains(&self.rig.server.token), "{answer}");
        (status, answer)
    }
}

#[tokio::test]
async fn without_the_token_every_route_is_a_401() {
    let visitor = Visitor::new(vec![]).await;
    for (method, target) in ROUTES {
        for token in [None, Some("Bearer sk-mistral-router"), Some("Bearer ")] {
            let mut headers = vec![("host", visitor.host.as_str()), JSON];
            headers.extend(token.map(|token| ("authorization", token)));
            let (status, answer) = visitor.head(method, target, &headers).await;
            assert_eq!(status, 401, "{method} {target}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_name_that_was_rebound_to_this_machine_is_a_421_even_with_the_token() {
    let visitor = Visitor::new(vec![]).await;
    let rebound = format!("127.0.0.1.nip.io:{}", visitor.rig.server.port);
    for host in ["evil.example", "127.0.0.1", rebound.as_str()] {
        for (method, target) in ROUTES {
            let headers = [("host", host), ("authorization", &visitor.bearer), JSON];
            assert_eq!(visitor.head(method, target, &headers).await.0, 421, "{host} {method} {target}");
        }
    }
    assert_eq!(visitor.head("GET", "/health", &[("authorization", &visitor.bearer)]).await.0, 400);
}

#[tokio::test]
async fn a_web_page_is_a_403_and_learns_nothing_from_a_preflight() {
    let visitor = Visitor::new(vec![]).await;
    let origin = ("origin", "https://evil.example");
    for (method, target) in ROUTES {
        let headers = [("host", visitor.host.as_str()), ("authorization", &visitor.bearer), JSON, origin];
        assert_eq!(visitor.head(method, target, &headers).await.0, 403, "{method} {target}");
    }
    let asks = [
        ("host", visitor.host.as_str()),
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-api-key"),
    ];
    assert_eq!(visitor.head("OPTIONS", "/v1/messages", &asks).await.0, 403);
}

#[tokio::test]
async fn a_form_that_a_page_may_send_unasked_is_a_415() {
    let visitor = Visitor::new(vec![]).await;
    let headers = [("host", visitor.host.as_str()), ("authorization", &visitor.bearer), ("content-type", "text/plain")];
    assert_eq!(visitor.head("POST", "/v1/messages", &headers).await.0, 415);
}

#[tokio::test]
async fn no_route_returns_the_configuration_or_touches_a_file() {
    let visitor = Visitor::new(vec![]).await;
    let file = visitor.rig.sandbox.write("precious.txt", "precious words");
    let before = fs::read(visitor.rig.sandbox.folder().join("config.json")).unwrap();
    let named = format!("/api/logs?file={}", file.display());
    let routes = ROUTES.iter().copied().filter(|(_, target)| target.starts_with("/api") || target.ends_with("/ui/"));
    for (method, target) in routes.chain([("GET", named.as_str()), ("DELETE", &named), ("PUT", "/api/config")]) {
        let headers = [("host", visitor.host.as_str()), ("authorization", &visitor.bearer), JSON];
        let (status, answer) = visitor.head(method, target, &headers).await;
        assert_eq!(status, 404, "{method} {target}: {answer}");
        assert!(!answer.contains("Providers") && !answer.contains("precious words"), "{answer}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "precious words");
    assert_eq!(fs::read(visitor.rig.sandbox.folder().join("config.json")).unwrap(), before);
}

/// Whoever adds one has to ask whether it returns the configuration or a file, touches one, or starts a program.
#[test]
fn row_9_these_are_all_the_routes_there_are() {
    insta::assert_snapshot!(mcr::proxy::routes::all().join("\n"), @r"
    POST /v1/messages
    POST /v1/messages/count_tokens
    POST /v1/chat/completions
    POST /v1/embeddings
    POST /v1/fim/completions
    GET /v1/models
    GET /v1/models/<id>
    GET /mcr/session/<id>
    GET /health
    HEAD /health
    HEAD /
    HEAD /api/hello
    GET /mcr/status
    POST /mcr/stop
    POST /mcr/breaker/reset
    ");
}

#[tokio::test]
async fn row_9_no_route_that_is_there_returns_the_configuration_or_a_key() {
    let visitor = Visitor::new(vec![]).await;
    let before = fs::read(visitor.rig.sandbox.folder().join("config.json")).unwrap();
    let mut asked = 0;
    // The last one ends it.
    let (end, routes): (Vec<_>, Vec<_>) =
        mcr::proxy::routes::all().into_iter().partition(|route| route.contains("stop"));
    for route in routes.iter().chain(&end) {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let secrets = [KEY, "api_key", "api_base_url", "Providers", "APIKEY"];
        for id in ["config.json", "..", "mistral,mistral-medium-3-5", "%2e%2e%2fconfig.json"] {
            let path = path.replace("<id>", id);
            let headers = [("host", visitor.host.as_str()), ("authorization", &visitor.bearer), JSON];
            let (status, answer) = visitor.head(method, &path, &headers).await;
            assert!(status != 404 || path.ends_with(id), "{method} {path} is not there: {answer}");
            for secret in secrets {
                assert!(!answer.contains(secret), "{method} {path}: {answer}");
            }
            asked += 1;
            if !route.ends_with("<id>") {
                break;
            }
        }
    }
    assert!(asked >= 15 + 2 * 3, "only {asked}");
    assert_eq!(fs::read(visitor.rig.sandbox.folder().join("config.json")).unwrap(), before);
}

#[tokio::test]
async fn a_path_that_means_another_is_refused() {
    let visitor = Visitor::new(vec![]).await;
    for target in ["//v1/messages", "/v1/../health", "/v1/%2e%2e/health", "/v1%2fmodels"] {
        let headers = [("host", visitor.host.as_str()), ("authorization", &visitor.bearer)];
        assert_eq!(visitor.head("GET", target, &headers).await.0, 400, "{target}");
    }
}

#[tokio::test]
async fn without_providers_it_refuses_to_start_and_never_listens() {
    let sandbox = Sandbox::new();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    for config in [json!({"PORT": port}), json!({"PORT": port, "Providers": []})] {
        sandbox.configure(&config);
        let picture = sandbox.mcr(["start", "--foreground", "--config", "config.json"]);
        assert!(picture.starts_with("exit code: 78\n----- stderr -----\nerror: "), "{picture}");
        assert!(!picture.contains("listening"), "{picture}");
        // Nothing holds the port.
        drop(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    }
}

#[tokio::test]
async fn it_listens_on_this_machine_only() {
    let sandbox = Sandbox::new();
    let mut config = config("http://127.0.0.1:9/v1");
    config["HOST"] = json!("0.0.0.0");
    sandbox.configure(&config);
    let picture = sandbox.mcr(["start", "--foreground", "--config", "config.json"]);
    assert!(picture.starts_with("exit code: 78\n----- stderr -----\nerror: "), "{picture}");
    assert!(picture.contains("HOST"), "{picture}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_a_413_before_it_is_sent() {
    let visitor = Visitor::new(vec![]).await;
    let length = ((64 << 20) + 1).to_string();
    let headers =
        [("host", visitor.host.as_str()), ("authorization", &visitor.bearer), JSON, ("content-length", &length)];
    for target in ["/v1/messages", "/v1/messages/count_tokens"] {
        let (status, answer) = visitor.head("POST", target, &headers).await;
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).unwrap();
        assert_eq!((status, &body["error"]["type"]), (413, &json!("request_too_large")), "{answer}");
    }
}

#[tokio::test]
async fn two_lengths_are_one_too_many() {
    let visitor = Visitor::new(vec![]).await;
    let start = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-type: application/json\r\n",
        visitor.host, visitor.bearer
    );
    for odd in [
        "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "content-length: +2\r\n\r\n{}",
        "transfer-encoding: xchunked\r\n\r\n{}",
        "transfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
        "x-odd: a\0b\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let answer = talk(visitor.rig.server.port, &format!("{start}{odd}")).await;
        assert_eq!(status(&answer), 400, "{odd}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_client_cannot_choose_where_a_request_goes() {
    let visitor = Visitor::new(vec![Reply::say("Hello")]).await;
    let mut request = ask("Hi");
    request["model"] = json!("http://127.0.0.1:9/v1/x");
    for field in ["api_base", "base_url", "api_base_url"] {
        request[field] = json!("http://127.0.0.1:9/v1");
    }
    // Whatever else it is, the model is none that is configured, and goes where all of those go.
    assert_eq!(visitor.rig.messages(&request).await.message.text(), "Hello");
    let sent = visitor.rig.upstream.captured()[0].body.to_string();
    assert!(!sent.contains("127.0.0.1"), "{sent}");
}
