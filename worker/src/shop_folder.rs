//! A folder as a real shop has it: `bcm.toml`, the mapping tables, the secrets in files. For the demo
//! and the campaign, whose shops are both simulated.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use bluecherry::{AccountModel, Binding, NewCustomer};
use jiff::{SignedDuration, Timestamp};
use ledger::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use simulators::scenario::{self, GALERIA, NORDWIND};

/// The folder that holds configuration, ledger and server database.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
}

impl Folder {
    /// The folder that is wanted, or a temporary one by that name. It must be new or empty.
    ///
    /// # Errors
    /// It cannot be made, or holds something.
    pub fn new(wanted: Option<PathBuf>, name: &str) -> anyhow::Result<Self> {
        let path = wanted.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("bcm-{name}-{}", std::process::id()))
        });
        std::fs::create_dir_all(&path)
            .with_context(|| format!("the {name}'s folder {} cannot be made", path.display()))?;
        let empty = std::fs::read_dir(&path)?.next().is_none();
        ensure!(
            empty,
            "the {name}'s folder {} is not empty; name another with --dir",
            path.display()
        );
        Ok(Self {
            path: path.canonicalize()?,
        })
    }

    /// Its `bcm.toml`.
    pub fn config(&self) -> PathBuf {
        self.path.join("bcm.toml")
    }
}

/// One simulated system as the configuration names it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Base address.
    pub url: String,
    /// The key it asks for.
    pub api_key: String,
}

/// How quick everything is, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two pulls.
    pub poll_s: f64,
    /// How far a pull reaches back behind its cursor.
    pub overlap_s: f64,
    /// A call is given up after this.
    pub call_timeout_s: f64,
    /// What was written shows after this.
    pub read_lag_s: f64,
}

/// What is written into the folder.
#[derive(Clone, Debug)]
pub struct Shop<'a> {
    /// Who writes it, for the first line.
    pub written_by: &'a str,
    /// Catalogue and tables.
    pub plan: &'a scenario::World,
    /// The ERP.
    pub erp: Endpoint,
    /// The marketplace in the United States: one account for all its orders.
    pub nordwind: Endpoint,
    /// The marketplace in Germany: an account for each consumer.
    pub galeria: Endpoint,
    /// Host and port of Temporal.
    pub temporal: &'a str,
    /// Temporal's UI, if it is served.
    pub ui: Option<String>,
    /// Port of the worker's health and metrics.
    pub port: u16,
    /// How quick everything is.
    pub pace: Pace,
    /// What is said of stock; nothing is published when empty.
    pub stock: Option<StockText>,
    /// Lines of each marketplace on short units, refunds and returns; the defaults when empty.
    pub after_sale: &'a str,
}

/// What a configuration says of stock, as text.
#[derive(Clone, Debug)]
pub struct StockText {
    /// `[stock]` and its tables.
    pub site: String,
    /// Lines of the first marketplace, and of the second.
    pub shops: [String; 2],
}

/// Opens the account that finance would have opened for the first marketplace, and answers its code.
///
/// # Errors
/// The ERP's.
pub async fn open_account(url: &str, key: &str, idempotency_key: &str) -> anyhow::Result<String> {
    let config = bluecherry::Config::new(url.to_owned(), SecretString::from(key.to_owned()));
    let account = NewCustomer {
        name: "Nordwind Marketplace".to_owned(),
        account_model: AccountModel::Channel,
        bill_to: None,
        default_ship_to: None,
        division: "01".to_owned(),
        terms: None,
        tax_exempt: None,
        currency: "USD".to_owned(),
        price_level: None,
    };
    let rest = bluecherry::Rest::new(config)?;
    let customer = rest.put_customer(NORDWIND, &account, idempotency_key);
    Ok(customer.await?.customer_code)
}

impl Shop<'_> {
    /// Opens the account and writes everything.
    ///
    /// # Errors
    /// The ERP's, and the machine's.
    pub async fn write(&self, folder: &Folder) -> anyhow::Result<()> {
        let key = format!("{}-account", self.written_by);
        let account = open_account(&self.erp.url, &self.erp.api_key, &key).await?;
        let secret = |name: &str, value: &str| secret(&folder.path, name, value);
        secret("erp.key", &self.erp.api_key)?;
        secret("nordwind.key", &self.nordwind.api_key)?;
        secret("galeria.key", &self.galeria.api_key)?;
        secret(
            "master.key",
            MasterKey::generate().to_base64().expose_secret(),
        )?;
        let mappings = folder.path.join("mappings");
        std::fs::create_dir_all(&mappings)?;
        for (name, text) in self.plan.mapping_files() {
            std::fs::write(mappings.join(name), text)?;
        }
        let customer = format!("{{ model = \"channel\", customer_code = \"{account}\" }}");
        let shops = [
            self.marketplace(NORDWIND, "NW", &self.nordwind, &customer),
            self.marketplace(GALERIA, "GA", &self.galeria, "{ model = \"consumer\" }"),
        ];
        let [mut nordwind, mut galeria] = shops;
        let mut head = self.head();
        if let Some(stock) = &self.stock {
            head += &format!("\n{}", stock.site);
            nordwind += &stock.shops[0];
            galeria += &stock.shops[1];
        }
        std::fs::write(folder.config(), head + &nordwind + &galeria)?;
        Ok(())
    }

    fn head(&self) -> String {
        let Pace {
            poll_s,
            call_timeout_s,
            read_lag_s,
            ..
        } = self.pace;
        let ui = self.ui.as_ref();
        format!(
            r#"# Written by `bcm {written_by}`. A real shop's file looks the same.
[bluecherry]
site = "{site}"
base_url = "{url}"
api_key = {{ file = "erp.key" }}
call_timeout_s = {call_timeout_s:?}
read_lag_s = {read_lag_s:?}
poll_s = {poll_s:?}

[ledger]
url = "sqlite://bcm.db"
master_key = {{ file = "master.key" }}

[temporal]
address = "{temporal}"
{ui}
[http]
listen = "127.0.0.1:{port}"

[mappings]
folder = "mappings"
"#,
            written_by = self.written_by,
            site = self.plan.bluecherry_options().site,
            url = self.erp.url,
            temporal = self.temporal,
            ui = ui.map(|ui| format!("ui = \"{ui}\"\n")).unwrap_or_default(),
            port = self.port,
        )
    }

    fn marketplace(&self, code: &str, prefix: &str, at: &Endpoint, customer: &str) -> String {
        let Pace {
            poll_s,
            overlap_s,
            call_timeout_s,
            read_lag_s,
        } = self.pace;
        format!(
            r#"
[[marketplaces]]
code = "{code}"
prefix = "{prefix}"
base_url = "{url}"
shop_id = {shop_id}
api_key = {{ file = "{code}.key" }}
take_over_from = "{since}"
poll_s = {poll_s:?}
overlap_s = {overlap_s:?}
call_timeout_s = {call_timeout_s:?}
read_lag_s = {read_lag_s:?}
customer = {customer}
short_stock = "refuse"
{after_sale}"#,
            after_sale = self.after_sale,
            url = at.url,
            shop_id = self.plan.mirakl_options(code).shop_id,
            since = Timestamp::now() - SignedDuration::from_mins(10),
        )
    }
}

fn secret(folder: &Path, name: &str, value: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, value)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// A port that nobody listens on now.
///
/// # Errors
/// There is none.
pub fn free_port() -> std::io::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}
