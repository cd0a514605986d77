//! One connection: proper answers by `hyper`, broken ones byte by byte.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::calls::CallLog;

/// White space written at a time.
const SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];

/// Marks an answer that leaves the connection unusable: put it into the response's extensions.
#[derive(Clone, Debug)]
pub(super) enum Cut {
    /// A TCP reset, and no byte of the answer.
    Reset,
    /// These bytes, then the end of the connection.
    Raw(Raw),
}

/// Bytes to write as they stand.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    /// Written at once.
    pub head: Vec<u8>,
    /// So many bytes of white space after the head.
    pub spaces: u64,
    /// Written last.
    pub body: Bytes,
    /// Time between two bytes of the body; zero writes it at once.
    pub pace: Duration,
    /// The call to mark as answered when everything was written.
    pub whole: Option<(CallLog, u64)>,
}

/// Accepts connections until the task is dropped, which breaks them all.
pub(super) async fn accept(listener: TcpListener, routes: Router) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, routes.clone()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, routes: Router) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(routes);
    let cut = Arc::new(Mutex::new(None));
    let noted = cut.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = hyper::service::Service::call(&service, request);
        let noted = noted.clone();
        Box::pin(async move {
            let mut response = match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let Some(how) = response.extensions_mut().remove::<Cut>() else {
                return Ok(response);
            };
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        })
    });
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let cut = cut.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Cut::Raw(raw)) = cut {
        let _ = write(&mut stream, raw).await;
    } else if ended.is_err() {
        let _ = stream.set_zero_linger();
    }
}

async fn write(stream: &mut TcpStream, raw: Raw) -> io::Result<()> {
    stream.write_all(&raw.head).await?;
    let mut left = raw.spaces;
    while left > 0 {
        let next = left.min(SPACES.len() as u64);
        let spaces = usize::try_from(next).map_or(&SPACES[..], |next| &SPACES[..next]);
        stream.write_all(spaces).await?;
        left -= next;
    }
    if raw.pace.is_zero() {
        stream.write_all(&raw.body).await?;
    } else {
        for byte in raw.body.chunks(1) {
            tokio::time::sleep(raw.pace).await;
            stream.write_all(byte).await?;
        }
    }
    if let Some((calls, seq)) = raw.whole {
        calls.answered(seq);
    }
    stream.shutdown().await
}
