//! This machine: the Temporal server of all tests, the program as a process, and waiting.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, RegisterNamespaceOptions, Url,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, RegisterNamespaceRequest,
};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use worker::temporal::{DevServer, DevServerOptions, Found, Search, find};

/// Longest that one state is waited for; far more than any takes on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// A worker that is told to stop is gone after this.
pub const STOP: Duration = Duration::from_secs(10);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(50);

static SHARED: OnceCell<Arc<Server>> = OnceCell::const_new();
static NAMESPACES: AtomicU32 = AtomicU32::new(1);

/// A dev server on a file.
pub struct Server {
    /// Where its files are, and those of its worlds.
    pub folder: PathBuf,
    port: u16,
    running: std::sync::Mutex<Option<(DevServer, Runtime)>>,
}

/// The server that the tests of this binary share.
pub async fn shared() -> Arc<Server> {
    SHARED.get_or_init(Server::alone).await.clone()
}

impl Server {
    /// A server that nobody else uses.
    pub async fn alone() -> Arc<Self> {
        let folder = folder("life-");
        let (place, port) = (folder.clone(), free_port());
        let started = tokio::task::spawn_blocking(move || start(&place, port)).await;
        let running = started.expect("the thread that starts Temporal");
        Arc::new(Self {
            folder,
            port,
            running: std::sync::Mutex::new(Some(running)),
        })
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The file that keeps everything.
    pub fn database(&self) -> PathBuf {
        self.folder.join("temporal.db")
    }

    /// Ends the server in good order, so that its file rests.
    pub async fn stop(&self) {
        let (server, runtime) = self.take();
        let stopped = tokio::task::spawn_blocking(move || runtime.block_on(server.stop()));
        let stopped = stopped.await.expect("the thread that stops Temporal");
        stopped.expect("a server that ends");
    }

    /// As `kill -9`.
    pub async fn kill(&self) {
        let (server, runtime) = self.take();
        signal("-KILL", server.pid()).await;
        let stopped = tokio::task::spawn_blocking(move || runtime.block_on(server.stop()));
        stopped
            .await
            .expect("the thread that stops Temporal")
            .expect("a server that was killed");
    }

    /// Starts it again, over the same file and on the same port.
    pub async fn start_again(&self) {
        let (place, port) = (self.folder.clone(), self.port);
        let started = tokio::task::spawn_blocking(move || start(&place, port)).await;
        let running = started.expect("the thread that starts Temporal");
        *self.running.lock().expect("the server's handle") = Some(running);
    }

    fn take(&self) -> (DevServer, Runtime) {
        let taken = self.running.lock().expect("the server's handle").take();
        taken.expect("a server that runs")
    }

    /// A client of a namespace of this server.
    pub async fn client(&self, namespace: &str) -> Client {
        let target = Url::from_str(&format!("http://{}", self.address())).expect("an address");
        let connecting = Connection::connect(ConnectionOptions::new(target).build());
        let connection = connecting.await.expect("a connection");
        Client::new(connection, ClientOptions::new(namespace).build()).expect("a client")
    }

    /// Makes a namespace, since queue names are constants: worlds in one would meet.
    pub async fn namespace(&self, name: &str) -> (String, Client) {
        let number = NAMESPACES.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{name}-{number}");
        let client = self.client(&namespace).await;
        let wanted = RegisterNamespaceOptions::builder()
            .namespace(namespace.clone())
            .description("a test".to_owned())
            .build();
        let wanted = RegisterNamespaceRequest::from(wanted);
        let mut service = client.connection().workflow_service();
        let made = service.register_namespace(wanted.into_request()).await;
        made.expect("a namespace");
        until("the namespace is there", async || {
            let ask = DescribeNamespaceRequest {
                namespace: namespace.clone(),
                ..Default::default()
            };
            let mut service = client.connection().workflow_service();
            service.describe_namespace(ask.into_request()).await.ok()?;
            worker::attributes::register(&client).await.ok()
        })
        .await;
        (namespace, client)
    }
}

impl Drop for Server {
    /// A test that ends, well or not, does not wait for its server.
    fn drop(&mut self) {
        if let Some((_, runtime)) = self.running.get_mut().ok().and_then(Option::take) {
            runtime.shutdown_background();
        }
    }
}

/// Starts a server on a runtime of its own, which outlives the runtimes of single tests.
fn start(folder: &Path, port: u16) -> (DevServer, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let server = runtime.block_on(async {
        let program = program().await;
        let options = DevServerOptions {
            db_file: Some(folder.join("temporal.db")),
            log_file: Some(folder.join("temporal.log")),
            port: Some(port),
            fast: true,
            ..DevServerOptions::default()
        };
        // On a machine that is busy building, the first try may be too slow.
        match DevServer::start(&program, options.clone()).await {
            Err(worker::temporal::Error::Silent { .. }) => {
                DevServer::start(&program, options).await
            }
            started => started,
        }
    });
    (server.expect("a Temporal dev server"), runtime)
}

/// Temporal's command line.
pub async fn program() -> PathBuf {
    let search = Search {
        own_server: true,
        ..Search::usual()
    };
    match find(&search, &|line| eprintln!("{line}")).await.unwrap() {
        Found::Program(program) => program,
        _ => panic!("a program is wanted, not a server"),
    }
}

/// A new folder that stays for who looks into a failure; `cargo clean` removes it.
fn folder(prefix: &str) -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(all).expect("a folder for the tests");
    forget_earlier(all, prefix);
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(all);
    made.expect("a folder").keep()
}

/// Removes what runs of more than ten minutes ago left.
fn forget_earlier(all: &Path, prefix: &str) {
    for entry in std::fs::read_dir(all).into_iter().flatten().flatten() {
        let made = entry.metadata().and_then(|m| m.modified()).ok();
        let age = made.and_then(|at| at.elapsed().ok()).unwrap_or_default();
        let ours = entry.file_name().to_string_lossy().starts_with(prefix);
        if ours && age > Duration::from_secs(600) {
            // Another process may be removing it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The program, without settings that a developer's machine may have for another server.
pub fn bcm() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bcm"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        if text.starts_with("TEMPORAL_") || text.starts_with("BCM_") {
            command.env_remove(name);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// As `kill -9`.
pub async fn kill(mut worker: Child) {
    worker.kill().await.unwrap();
}

/// As a service manager stops it.
pub async fn terminate(mut worker: Child) -> ExitStatus {
    signal("-TERM", worker.id().expect("a worker that runs")).await;
    let ended = tokio::time::timeout(STOP, worker.wait()).await;
    ended.expect("a worker that ends in time").unwrap()
}

/// Sends a signal to a process.
pub async fn signal(which: &str, pid: u32) {
    let pid = pid.to_string();
    let told = Command::new("kill").args([which, &pid]).status().await;
    assert!(told.unwrap().success(), "kill {which} {pid}");
}

/// Waits until `look` finds something, at most [`PATIENCE`].
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// Waits until `look` finds something.
pub async fn within<T>(bound: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(bound, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    match waited.await {
        Ok(found) => found,
        Err(_) => panic!("{what}: not within {} s", bound.as_secs_f32()),
    }
}

pub fn http() -> reqwest::Client {
    // It may be installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub async fn send(method: &str, url: &str, body: Option<Value>) -> Value {
    let mut request = http().request(method.parse().unwrap(), url);
    if let Some(body) = body {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}
