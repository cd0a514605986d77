//! A scripted server for one call.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the server does once it has read the request.
pub enum Script {
    /// Says this and closes.
    Say(String),
    /// Says this and keeps the connection open without another byte.
    SayAndHang(String),
    /// Says nothing and keeps the connection open.
    Hang,
    /// Says nothing and closes.
    Close,
}

/// An answer as text; each header ends with a line break.
pub fn http(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// Serves one connection; gives the address and, when joined, the request and how many more came.
pub async fn serve(script: Script) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !is_whole(&request) {
            let read = stream.read(&mut chunk).await.expect("a request");
            assert!(read > 0, "the request was cut short");
            request.extend_from_slice(&chunk[..read]);
        }
        match script {
            Script::Say(text) => stream.write_all(text.as_bytes()).await.expect("an answer"),
            Script::SayAndHang(text) => {
                stream.write_all(text.as_bytes()).await.expect("an answer");
                let _ = stream.read(&mut chunk).await;
            }
            Script::Hang => {
                let _ = stream.read(&mut chunk).await;
            }
            Script::Close => {}
        }
        drop(stream);
        let again = tokio::time::timeout(Duration::from_millis(150), listener.accept()).await;
        assert!(again.is_err(), "the client repeated the call");
        String::from_utf8(request).expect("text")
    });
    (url, served)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().expect("a length"))
}
