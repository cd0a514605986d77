//! The dev server: one for all tests of this process, and one alone for who reads its files.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Once};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, RegisterNamespaceOptions, Url,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, RegisterNamespaceRequest,
};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use worker::telemetry;
use worker::temporal::{DevServer, DevServerOptions, Found, Search, find};

use super::{PATIENCE, until};

/// What our crates may say at all is captured, so that a test can read it.
const LOGGED: &str = "info,worker=trace,activities=trace,workflows=trace,domain=trace,ledger=trace,\
    mirakl=trace,bluecherry=trace,simulators=trace,temporalio_client=warn,temporalio_common=warn,\
    temporalio_sdk=warn,temporalio_sdk_core=warn";
/// Folders of earlier test runs are removed after this.
const KEEP: Duration = Duration::from_secs(600);

static RUN_FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| fresh_folder().expect("a folder for the test run"));
static CAPTURED: Once = Once::new();
static SHARED: OnceCell<Arc<Server>> = OnceCell::const_new();
static NAMESPACES: AtomicU32 = AtomicU32::new(1);

/// A running dev server with its files.
pub struct Server {
    /// Folder of the database; those of the journeys' worlds are in it too.
    pub folder: PathBuf,
    /// What the program logged, when this is the shared server.
    pub log: PathBuf,
    address: String,
    running: std::sync::Mutex<Option<(DevServer, Runtime)>>,
}

/// The server that all tests of this process share.
pub async fn shared() -> Arc<Server> {
    let start = async || {
        let folder = RUN_FOLDER.clone();
        let log = folder.join("bcm.log");
        CAPTURED.call_once(|| capture(&log));
        let place = folder.clone();
        let started = tokio::task::spawn_blocking(move || Server::start(&place, log));
        let server = started.await.expect("the thread that starts Temporal");
        Arc::new(server.expect("a Temporal dev server"))
    };
    SHARED.get_or_init(start).await.clone()
}

impl Server {
    /// A server that nobody else uses, in a folder of its own.
    pub async fn alone(folder: PathBuf) -> Arc<Self> {
        let log = shared().await.log.clone();
        let started = tokio::task::spawn_blocking(move || Self::start(&folder, log));
        let server = started.await.expect("the thread that starts Temporal");
        Arc::new(server.expect("a Temporal dev server"))
    }

    /// Starts a server on a runtime of its own, which outlives the runtimes of single tests.
    fn start(folder: &Path, log: PathBuf) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let server = runtime.block_on(async {
            let search = Search {
                own_server: true,
                ..Search::usual()
            };
            let Found::Program(program) = find(&search, &|line| eprintln!("{line}")).await? else {
                anyhow::bail!("a program is wanted, not a server");
            };
            let options = DevServerOptions {
                db_file: Some(folder.join("temporal.db")),
                log_file: Some(folder.join("temporal.log")),
                fast: true,
                ..DevServerOptions::default()
            };
            // On a machine that is busy building, the first try may be too slow.
            match DevServer::start(&program, options.clone()).await {
                Err(worker::temporal::Error::Silent { .. }) => {}
                started => return Ok(started?),
            }
            Ok(DevServer::start(&program, options).await?)
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            log,
            address: server.address(),
            running: std::sync::Mutex::new(Some((server, runtime))),
        })
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends the server, so that its files rest.
    pub async fn stop(&self) {
        let taken = self.running.lock().expect("the server's handle").take();
        let (server, runtime) = taken.expect("a server that runs");
        let stopped = tokio::task::spawn_blocking(move || runtime.block_on(server.stop()));
        let stopped = stopped.await.expect("the thread that stops Temporal");
        stopped.expect("a server that ends");
    }

    /// A client of a namespace of this server.
    pub async fn client(&self, namespace: &str) -> anyhow::Result<Client> {
        let target = Url::from_str(&format!("http://{}", self.address))?;
        let connection = Connection::connect(ConnectionOptions::new(target).build()).await?;
        Ok(Client::new(
            connection,
            ClientOptions::new(namespace).build(),
        )?)
    }

    /// Makes a namespace, since queue names are constants: tests in one would meet.
    pub async fn namespace(&self, name: &str) -> anyhow::Result<(String, Client)> {
        let number = NAMESPACES.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{name}-{number}");
        let client = self.client(&namespace).await?;
        let wanted = RegisterNamespaceOptions::builder()
            .namespace(namespace.clone())
            .description("a test".to_owned())
            .build();
        let wanted = RegisterNamespaceRequest::from(wanted);
        let mut service = client.connection().workflow_service();
        service
            .register_namespace(wanted.into_request())
            .await
            .context("a namespace")?;
        until("the namespace is there", PATIENCE, async || {
            let ask = DescribeNamespaceRequest {
                namespace: namespace.clone(),
                ..Default::default()
            };
            let mut service = client.connection().workflow_service();
            service.describe_namespace(ask.into_request()).await.ok()
        })
        .await;
        until(
            "search attributes may be registered",
            PATIENCE,
            async || worker::attributes::register(&client).await.ok(),
        )
        .await;
        Ok((namespace, client))
    }
}

/// A new folder below the target folder; what earlier runs left there long ago is removed.
fn fresh_folder() -> anyhow::Result<PathBuf> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(all)?;
    for entry in std::fs::read_dir(all)?.flatten() {
        let made = entry.metadata().and_then(|m| m.modified());
        let age = made.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        let ours = entry.file_name().to_string_lossy().starts_with("journeys-");
        if ours && age.is_ok_and(|age| age > KEEP) {
            // Another process may be removing it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let folder = tempfile::Builder::new()
        .prefix("journeys-")
        .tempdir_in(all)?;
    Ok(folder.keep())
}

/// Logs to a file as the program does, and leaves the panics of tests as they are.
fn capture(file: &Path) {
    let usual = std::panic::take_hook();
    let options = telemetry::Options {
        form: telemetry::Form::Json,
        file: Some(file.to_owned()),
        filter: Some(LOGGED.to_owned()),
    };
    telemetry::start(&options).expect("logging");
    std::panic::set_hook(usual);
}
