//! What a person's verbs stand on: the configuration, its ledger, and Temporal where it answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use activities::Clock;
use domain::mapping::Mappings;
use ledger::Ledger;
use ops::check::{Checked, ShopToCheck, SiteToCheck, Verdict};
use ops::ledger::RebuildLedger;
use ops::render::Look;
use ops::{Output, Surroundings, Trouble};
use worker::config::{Config, changed_keys, needs_yes};
use worker::connect;

/// Lists and reports do not wait longer than this for Temporal.
const TEMPORAL: Duration = Duration::from_secs(3);

/// Where the verbs look.
pub struct Place {
    /// `bcm.toml`.
    pub config: PathBuf,
}

/// Holds the tables on disk against those in force.
async fn tables(on_disk: &Mappings, ledger: &Ledger) -> anyhow::Result<Checked> {
    let version = ledger.mapping_version().await?;
    let in_force = ledger.mappings(version).await?;
    let (changed, total) = changed_keys(&in_force, on_disk);
    let changed = changed.len();
    let is_held = version > 0 && needs_yes(&in_force, on_disk).is_some();
    let found = match (version, in_force == *on_disk) {
        (0, _) => "none in force yet; the worker's start puts these in force".to_owned(),
        (_, true) => format!("version {version}, as on disk"),
        (_, false) => format!(
            "{changed} of {total} keys of version {version} mean something else on disk; \
             keys that are only new change nothing"
        ),
    };
    let next = "They wait for a second yes. Right: bcm mappings approve with the number of \
                bcm mappings show. Wrong: put the files back.";
    Ok(Checked {
        subject: "mappings".to_owned(),
        check: "tables in force",
        result: if is_held {
            Verdict::Warning
        } else {
            Verdict::Ok
        },
        found,
        next_step: is_held.then(|| next.to_owned()),
    })
}

impl Place {
    /// Reads and checks the configuration.
    pub fn load(&self) -> anyhow::Result<Config> {
        let refused = |problems| Trouble {
            code: "config_refused",
            message: format!("{} is refused:\n{problems}", self.config.display()),
            next_step: "Correct what is named above, or name another file with --config."
                .to_owned(),
        };
        Ok(Config::load(&self.config).map_err(refused)?)
    }

    /// Does a verb and prints its answer, or what went wrong and what to do next.
    pub async fn with(
        &self,
        look: Look,
        verb: impl AsyncFnOnce(&Surroundings) -> anyhow::Result<Output>,
    ) -> anyhow::Result<u8> {
        let done = async {
            let surroundings = self.surroundings(look).await?;
            verb(&surroundings).await
        };
        let output = match done.await {
            Ok(output) => output,
            Err(error) => ops::failed(&error, look),
        };
        print!("{}", output.text);
        Ok(output.exit)
    }

    async fn surroundings(&self, look: Look) -> anyhow::Result<Surroundings> {
        let config = self.load()?;
        let clock = Clock::system();
        let ledger = connect::ledger(&config, &clock).await?;
        // Lists and reports work without Temporal; a verb that needs it says so.
        let temporal = tokio::time::timeout(TEMPORAL, connect::temporal(&config.temporal)).await;
        let temporal = temporal.ok().and_then(Result::ok);
        let namespace = temporal
            .as_ref()
            .map(|client| client.options().namespace.clone());
        Ok(Surroundings {
            ledger,
            temporal,
            temporal_ui: config.temporal.ui.clone(),
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            json: look.json,
            now: clock.now(),
            color: look.color,
            width: look.width,
        })
    }

    /// Brings the ledger back, and tells on the terminal how far it is.
    pub async fn rebuild(&self, look: Look, asked: &RebuildLedger) -> anyhow::Result<u8> {
        let done = async {
            let config = self.load()?;
            let say = |line: &str| {
                if !look.json {
                    eprintln!("  {line}");
                }
            };
            worker::rebuild::rebuild(&config, asked, Clock::system(), say).await
        };
        let output = match done.await {
            Ok(document) => document.output(look),
            Err(error) => ops::failed(&error, look),
        };
        print!("{}", output.text);
        Ok(output.exit)
    }

    /// Checks the configuration against the live systems.
    pub async fn check(&self, look: Look) -> anyhow::Result<u8> {
        let config = self.load()?;
        let clock = Clock::system();
        let ledger = connect::ledger(&config, &clock).await?;
        let shop = |shop: &worker::config::Marketplace| {
            anyhow::Ok(ShopToCheck {
                code: shop.code.clone(),
                prefix: shop.prefix.clone(),
                client: connect::mirakl_client(shop)?,
                host: connect::kept_by(shop),
                shop_id: shop.shop_id,
                dry_run: shop.dry_run,
                customer: shop.customer.clone(),
            })
        };
        let shops = config
            .marketplaces
            .iter()
            .map(shop)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let site = SiteToCheck {
            name: config.bluecherry.site.clone(),
            binding: Arc::new(connect::bluecherry_client(&config.bluecherry)?),
            hold_code: config.bluecherry.hold_code.clone(),
        };
        let now = clock.now();
        let mut checked = ops::check::check(&shops, &site, &config.mappings, &ledger, now).await;
        checked.push(tables(&config.mappings, &ledger).await?);
        let output = ops::check::report(&checked, now, look);
        print!("{}", output.text);
        Ok(output.exit)
    }
}
