//! HTTP by hand, for requests that no client would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// Sends these bytes on a connection of their own, and returns all that comes back.
pub async fn talk(port: u16, request: &str) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a listener");
        stream.write_all(request.as_bytes()).await.expect("the head is read");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8(answer).expect("text")
    };
    soon(exchange).await
}

/// Sends a head and closes; returns the status and the whole answer.
pub async fn head(port: u16, method: &str, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.extend([*name, ": ", *value, "\r\n"]);
    }
    let answer = talk(port, &(request + "\r\n")).await;
    (status(&answer), answer)
}

/// The status in a whole answer.
pub fn status(answer: &str) -> u16 {
    let code = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    code.and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no answer but `{answer}`"))
}
