//! A server on this machine that gives one scripted answer a connection and keeps what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mirakl::{Client, Config};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does once it has read a request.
#[derive(Clone)]
pub enum Reply {
    /// Sends these bytes and closes.
    Send(String),
    /// Closes without a word.
    Close,
    /// Resets the connection.
    Reset,
    /// Stays silent.
    Hang,
}

impl Reply {
    /// An answer with a body.
    pub fn of(status: u16, body: &str) -> Self {
        Self::with(status, "", body)
    }

    /// An answer with more header lines, each ended by CR LF.
    pub fn with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Send(format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        ))
    }
}

/// The server; it stops with the test's runtime.
pub struct Scripted {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Starts it with one reply for each connection; the last one repeats.
    pub async fn start(replies: impl Into<Vec<Reply>>) -> Self {
        Self::start_at("127.0.0.1:0", replies).await
    }

    /// The same at an address that somebody else has just left.
    pub async fn start_at(address: &str, replies: impl Into<Vec<Reply>>) -> Self {
        let listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut replies = replies.into();
        replies.reverse();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let reply = if replies.len() > 1 {
                    replies.pop()
                } else {
                    replies.last().cloned()
                };
                tokio::spawn(serve(stream, reply.unwrap(), Arc::clone(&log)));
            }
        });
        Self { address, seen }
    }

    /// A client of it with short limits.
    pub fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    /// The configuration of [`Scripted::client`].
    pub fn config(&self) -> Config {
        let mut config = Config::new(&*self.address, SecretString::from("test-key"));
        config.call_timeout = Duration::from_millis(600);
        config
    }

    /// Every request so far, head and body.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The body of the only request.
    pub fn only_body(&self) -> String {
        let seen = self.seen();
        assert_eq!(seen.len(), 1);
        seen[0].split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, log: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(request);
    match reply {
        Reply::Send(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Close => {}
        Reply::Reset => stream.set_zero_linger().unwrap(),
        Reply::Hang => std::future::pending().await,
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        if body.len() >= length.unwrap_or(0_usize) {
            return Some(text);
        }
    }
}
