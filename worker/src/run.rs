//! The worker: polls Temporal for orders and feeds, and does what no workflow should.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use activities::{
    Connections, FeedActivities, Feeds, OrderActivities, Orders, StockActivities, Stocks,
    SweepActivities, Sweeps,
};
use anyhow::Context;
use secrecy::SecretString;
use temporalio_client::Client;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use workflows::feeds::{CollectOrders, CollectShipments};
use workflows::ids;
use workflows::orders::FulfillOrder;
use workflows::stock::{PublishStock, ReviewStock};
use workflows::sweep::Sweep;

use domain::mapping::Mappings;
use ledger::Offered;

use crate::config::Config;
use crate::{
    attributes, connect, deadlines, feeds, health, mappings, schedules, secrets, stock, webhook,
};

/// A worker that was killed gives its cached runs up after this.
const STICKY: Duration = Duration::from_secs(3);
/// Activities under way get this long when the worker is told to stop.
const GRACE: Duration = Duration::from_secs(8);
/// What has not ended this long after the word to stop, Temporal being away for example, is left:
/// the next worker finds it in the ledger and the histories.
const LEFT_AFTER: Duration = Duration::from_millis(9_500);

/// How often a worker looks whether its ledger is still the one at its address ...
const LEDGER_LOOK: Duration = Duration::from_secs(5);
/// ... and what it says when it ends over that.
const LEDGER_GONE: &str = "the ledger was deleted or replaced while this worker ran over it, so it \
    ends; stop every worker, then put the ledger back, or run `bcm ledger rebuild`";

/// What a worker runs with.
pub struct Running {
    /// Both systems, ledger, clock.
    pub connections: Arc<Connections>,
    /// Temporal.
    pub client: Client,
    /// Where the mapping tables are watched; empty in tests that publish them themselves.
    pub mappings: Option<mappings::Watched>,
    /// Files of keys that may change; empty in tests that change none.
    pub secrets: Option<secrets::Watched>,
    /// Where health and metrics answer; empty for nowhere.
    pub listen: Option<std::net::SocketAddr>,
    /// Who is told of new exceptions.
    pub webhook: Option<SecretString>,
}

impl Running {
    /// What `bcm.toml` says.
    pub fn new(config: &Config, connections: Arc<Connections>, client: Client) -> Self {
        Self {
            connections,
            client,
            mappings: Some(mappings::Watched {
                folder: PathBuf::from(&config.mappings_folder),
                marketplaces: config.codes(),
            }),
            secrets: Some(secrets::Watched::of(config)),
            listen: Some(config.http.listen),
            webhook: config.webhook.as_ref().map(|w| w.url.clone()),
        }
    }
}

/// Loads the mapping tables of a configuration into the ledger, for all workers, and answers the
/// version in force. Tables that change too much are held for a person's yes: also by a restart.
///
/// # Errors
/// The ledger's.
pub async fn publish(connections: &Connections, tables: &Mappings) -> anyhow::Result<i64> {
    let offered = mappings::offer(connections, tables).await;
    connections.ledger.keep_tables().await?;
    Ok(match offered.context("mapping tables")? {
        Offered::InForce(version) => version,
        Offered::Held(_) => connections.ledger.mapping_version().await?,
    })
}

/// As [`publish`], once it is known that this ledger is the one that running feeds fill: a worker that
/// is refused has changed nothing.
///
/// # Errors
/// As [`feeds::check`] and [`publish`].
pub async fn put_in_force(
    client: &Client,
    connections: &Connections,
    tables: &Mappings,
) -> anyhow::Result<i64> {
    feeds::check(client, connections).await?;
    publish(connections, tables).await
}

/// Runs until `stop` resolves, then hands everything over.
///
/// `ready` is called once the worker polls.
///
/// # Errors
/// Temporal's: search attributes that are missing and may not be made, another ledger's feed running,
/// a namespace that does not exist.
pub async fn run(
    running: Running,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(),
) -> anyhow::Result<()> {
    let Running {
        connections,
        client,
        mappings,
        secrets,
        listen,
        webhook,
    } = running;
    attributes::register(&client).await?;
    let orders = Arc::new(Orders::new(connections.clone()));
    let pulls = Arc::new(Feeds::new(orders.clone()));
    feeds::start(&client, &connections).await?;
    schedules::start(&client, &connections).await?;
    let sweeps = Arc::new(Sweeps::new(pulls.clone()));

    let runtime = Runtime::from_current_tokio(Default::default()).context("Temporal's runtime")?;
    let mut order_worker = Worker::new(&runtime, client.clone(), order_options(orders.clone())?)
        .map_err(|error| anyhow::anyhow!("order worker: {error}"))?;
    let mut feed_worker = Worker::new(
        &runtime,
        client.clone(),
        feed_options(pulls.clone(), sweeps.clone())?,
    )
    .map_err(|error| anyhow::anyhow!("feed worker: {error}"))?;
    let stocks = Arc::new(Stocks::new(connections.clone()));
    let mut stock_worker = Worker::new(&runtime, client.clone(), stock_options(stocks)?)
        .map_err(|error| anyhow::anyhow!("stock worker: {error}"))?;
    let (stop_orders, stop_feeds, stop_stock) = (
        order_worker.shutdown_handle(),
        feed_worker.shutdown_handle(),
        stock_worker.shutdown_handle(),
    );

    let mut beside = tokio::task::JoinSet::new();
    let temporal = deadlines::Temporal {
        client: client.clone(),
        sweeps,
    };
    beside.spawn(deadlines::watch(connections.clone(), Some(temporal)));
    beside.spawn(stock::hurry(connections.clone(), client.clone()));
    let state = health::State::default();
    if let Some(listen) = listen {
        let server = health::listen(listen, connections.clone(), state.clone()).await?;
        beside.spawn(server);
    }
    if let Some(watched) = mappings {
        beside.spawn(mappings::watch(
            watched,
            connections.clone(),
            pulls,
            client,
            state.clone(),
        ));
    }
    beside.spawn(secrets::probe(connections.clone()));
    if let Some(watched) = secrets {
        beside.spawn(secrets::watch(watched, connections.clone()));
    }
    if let Some(url) = webhook {
        beside.spawn(webhook::tell(url, connections.clone()));
    }
    state.set_polling(true);
    ready();
    // A part that ends by a fault takes the others along, so that the process ends and is seen.
    let ended = tokio::sync::Notify::new();
    let fault = std::sync::OnceLock::new();
    let stopper = async {
        tokio::select! {
            () = stop => {}
            () = ended.notified() => {}
            () = ledger_gone(&connections) => {
                let _ = fault.set(LEDGER_GONE.to_owned());
            }
            () = crashed(&mut beside) => {
                // The first fault is the one to tell.
                let _ = fault.set("a task beside the workers ended by a fault".to_owned());
            }
        }
        state.set_polling(false);
        stop_orders();
        stop_feeds();
        stop_stock();
    };
    let order_run = async {
        let ran = order_worker.run().await;
        if let Err(error) = &ran {
            let _ = fault.set(format!("order worker: {error}"));
        }
        ended.notify_one();
        ran
    };
    let feed_run = async {
        let ran = feed_worker.run().await;
        if let Err(error) = &ran {
            let _ = fault.set(format!("feed worker: {error}"));
        }
        ended.notify_one();
        ran
    };
    let stock_run = async {
        let ran = stock_worker.run().await;
        if let Err(error) = &ran {
            let _ = fault.set(format!("stock worker: {error}"));
        }
        ended.notify_one();
        ran
    };
    let told = tokio::sync::Notify::new();
    let stopper = async {
        stopper.await;
        told.notify_one();
    };
    let left = async {
        told.notified().await;
        tokio::time::sleep(LEFT_AFTER).await;
    };
    let ended = tokio::select! {
        ended = async { tokio::join!(order_run, feed_run, stock_run, stopper) } => Some(ended),
        () = left => None,
    };
    beside.shutdown().await;
    if ended.is_none() {
        tracing::warn!("not everything ended in time; the next worker goes on with it");
    }
    match fault.into_inner() {
        Some(fault) => anyhow::bail!(fault),
        None => Ok(()),
    }
}

/// Resolves when the ledger that is open is no more the one at its address.
async fn ledger_gone(connections: &Connections) {
    loop {
        tokio::time::sleep(LEDGER_LOOK).await;
        match connections.ledger.is_in_place().await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!("{error}; looked at again in {} s", LEDGER_LOOK.as_secs()),
        }
    }
}

/// Resolves when a task ends by a panic; one that has nothing more to do may end.
async fn crashed(beside: &mut tokio::task::JoinSet<()>) {
    while let Some(ended) = beside.join_next().await {
        if ended.is_err_and(|error| error.is_panic()) {
            return;
        }
    }
    std::future::pending().await
}

/// Sets what every worker of this program has in common.
pub fn tune(options: &mut WorkerOptions) {
    options.sticky_queue_schedule_to_start_timeout = STICKY;
    options.graceful_shutdown_period = Some(GRACE);
}

fn order_options(orders: Arc<Orders>) -> anyhow::Result<WorkerOptions> {
    let mut options = WorkerOptions::new(ids::ORDERS)
        .register_workflow::<FulfillOrder>()
        .map_err(|error| anyhow::anyhow!("FulfillOrder: {error}"))?
        .register_activities(OrderActivities(orders))
        .build();
    tune(&mut options);
    Ok(options)
}

fn feed_options(feeds: Arc<Feeds>, sweeps: Arc<Sweeps>) -> anyhow::Result<WorkerOptions> {
    let mut options = WorkerOptions::new(ids::FEEDS)
        .register_workflow::<CollectOrders>()
        .map_err(|error| anyhow::anyhow!("CollectOrders: {error}"))?
        .register_workflow::<CollectShipments>()
        .map_err(|error| anyhow::anyhow!("CollectShipments: {error}"))?
        .register_workflow::<Sweep>()
        .map_err(|error| anyhow::anyhow!("Sweep: {error}"))?
        .register_activities(FeedActivities(feeds))
        .register_activities(SweepActivities(sweeps))
        .build();
    tune(&mut options);
    Ok(options)
}

fn stock_options(stocks: Arc<Stocks>) -> anyhow::Result<WorkerOptions> {
    let mut options = WorkerOptions::new(ids::STOCK)
        .register_workflow::<PublishStock>()
        .map_err(|error| anyhow::anyhow!("PublishStock: {error}"))?
        .register_workflow::<ReviewStock>()
        .map_err(|error| anyhow::anyhow!("ReviewStock: {error}"))?
        .register_activities(StockActivities(stocks))
        .build();
    tune(&mut options);
    Ok(options)
}

/// Connects to Temporal, and does meanwhile what needs the ledger alone: deadlines are watched, the
/// webhook is told, and `/healthz` answers that this worker does not poll yet. A server that is away
/// is asked again until it answers, since the orders' deadlines do not wait for it.
///
/// `None` when the worker was told to stop first.
///
/// # Errors
/// Settings that cannot be read; a port that is taken.
pub async fn connected(
    config: &Config,
    connections: &Arc<Connections>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Option<Client>> {
    let mut beside = tokio::task::JoinSet::new();
    let state = health::State::default();
    let server = health::listen(config.http.listen, connections.clone(), state).await?;
    beside.spawn(server);
    if let Some(webhook) = &config.webhook {
        beside.spawn(webhook::tell(webhook.url.clone(), connections.clone()));
    }
    let connecting = deadlines::meanwhile(
        connections,
        connect::temporal_when_it_answers(&config.temporal),
    );
    let connected = tokio::select! {
        client = connecting => client.map(Some),
        () = stop => Ok(None),
    };
    beside.shutdown().await;
    connected
}

/// Resolves when the process is told to stop: Ctrl-C or SIGTERM.
pub async fn told_to_stop() {
    let ctrl_c = async {
        // Without a handler the process would end at once anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    {
        let term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut term) = term {
            tokio::select! {
                () = ctrl_c => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    ctrl_c.await;
}
