//! The proxy on the way to providers, and who is reached without it.

use std::sync::{Arc, Mutex};

use mcr::imitation::Reply;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::requests::{KEY, provider};
use crate::common::{Rig, Sandbox, ask, soon, whole};

/// A proxy that keeps what it was asked for and always gives the same answer.
pub struct WayOut {
    pub address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl WayOut {
    pub async fn new(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::new(Mutex::default());
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer_one(stream, answer.clone(), Arc::clone(&kept)));
            }
        });
        Self { address, heads }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn answer_one(mut stream: TcpStream, answer: String, heads: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains("\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8_lossy(&bytes).split("\r\n\r\n").next().unwrap_or_default().to_owned();
    heads.lock().unwrap().push(head);
    let _ = stream.write_all(answer.as_bytes()).await;
    // The rest of the request is read, so that closing does not take the answer back.
    let _ = stream.shutdown().await;
    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
}

fn completion() -> String {
    let body = json!({
        "id": "1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
    })
    .to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn through(url: &str) -> Value {
    json!({"Providers": [provider("mistral", url, "mistral-medium-3-5")]})
}

#[tokio::test]
async fn a_server_on_another_machine_is_reached_through_proxy_url() {
    let way_out = WayOut::new(completion()).await;
    let sandbox = Sandbox::new();
    let mut config = through("http://10.1.2.3:8000/v1");
    config["PROXY_URL"] = json!(format!("http://me:pass@{}", way_out.address));
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&whole(ask("Hi")))).await.unwrap();
    assert_eq!(answer.message.text(), "Hello");
    let heads = way_out.heads();
    assert_eq!(heads.len(), 1);
    let head = heads[0].to_lowercase();
    assert!(head.starts_with("post http://10.1.2.3:8000/v1/chat/completions http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nproxy-authorization: basic bwu6cgfzcw=="), "{head}");
}

#[tokio::test]
async fn a_service_behind_tls_is_reached_through_a_tunnel_that_sees_no_key() {
    let way_out = WayOut::new("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let mut sandbox = Sandbox::new();
    sandbox.set("HTTPS_PROXY", &format!("http://{}", way_out.address));
    sandbox.configure(&through("https://api.mcr-test.invalid/v1"));
    sandbox.vouch_for(&["api.mcr-test.invalid"]);
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    let words = answer.error.expect("an error").message;
    let expected = format!("mistral: proxy {}, on the way to api.mcr-test.invalid", way_out.address);
    assert!(words.starts_with(&expected), "{words}");
    let heads = way_out.heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.starts_with("CONNECT api.mcr-test.invalid:443 HTTP/1.1\r\n"), "{head}");
        assert!(!head.contains(KEY), "{head}");
    }
}

#[tokio::test]
async fn a_server_on_this_machine_is_never_reached_through_a_proxy() {
    let way_out = WayOut::new("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let proxy = format!("http://{}", way_out.address);
    let rig = Rig::configured([Reply::say("Hello")], |config| config["PROXY_URL"] = json!(proxy)).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
    assert_eq!(way_out.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_keeps_the_server_from_starting() {
    let sandbox = Sandbox::new();
    let mut config = through("http://10.1.2.3:8000/v1");
    config["PROXY_URL"] = json!("socks9://me:hunter2@127.0.0.1:9");
    sandbox.configure(&config);
    let picture = sandbox.mcr(["start", "--foreground", "--port", "0", "--config", "config.json"]);
    assert!(picture.starts_with("exit code: 78\n----- stderr -----\n"), "{picture}");
    assert!(picture.contains("PROXY_URL") && !picture.contains("hunter2"), "{picture}");
}

#[tokio::test]
async fn what_is_of_this_network_does_not_leave_it_by_way_of_a_proxy_outside() {
    let sandbox = Sandbox::new();
    let mut config = through("http://10.1.2.3:8000/v1");
    // Nothing is sent to it: that is the claim.
    config["PROXY_URL"] = json!("http://8.8.8.8:3128");
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&whole(ask("Hi")))).await.unwrap();
    let error = answer.error.expect("a refusal").message;
    assert_eq!(answer.status, 403);
    assert!(error.contains("is in this network, and the proxy is not"), "{error}");
}
