//! What a real shop has: `bcm.toml`, the mapping tables, and the secrets in files.

use jiff::{SignedDuration, Timestamp};
use ledger::MasterKey;
use secrecy::ExposeSecret;
use simulators::scenario::{NORDWIND, World};

use super::{ERP_KEY, MASTER_KEY, PREFIX, Place, SHOP_KEY, secret};

impl Place {
    pub(super) fn write_secrets(&self) -> anyhow::Result<()> {
        let folder = self.folder.path();
        let master = MasterKey::generate().to_base64();
        secret(&folder.join("shop.key"), SHOP_KEY)?;
        secret(&folder.join("erp.key"), ERP_KEY)?;
        secret(&folder.join(MASTER_KEY), master.expose_secret())?;
        let mappings = folder.join("mappings");
        std::fs::create_dir_all(&mappings)?;
        for (name, text) in World::new(self.seed).mapping_files() {
            // One shop is configured here; rows of another one would be refused.
            let ours: Vec<&str> = text
                .lines()
                .filter(|line| !line.starts_with("galeria"))
                .collect();
            let mut text = ours.join("\n") + "\n";
            let by_row = name == "skus.csv" && !self.setup.by_rule;
            if let Some(large) = self.setup.large.filter(|_| by_row) {
                large.mapping_rows(NORDWIND, PREFIX, &mut text)?;
            }
            std::fs::write(mappings.join(name), text)?;
        }
        if self.setup.by_rule {
            let rule = "marketplace,offer_sku,division,sku,valid_from,valid_to\n";
            let rule = format!("{rule}{NORDWIND},{PREFIX}-*,01,*,,\n");
            std::fs::write(mappings.join("sku_rules.csv"), rule)?;
        }
        Ok(())
    }

    pub(super) fn configuration(&self, port: u16) -> String {
        let world = World::new(self.seed);
        let since = Timestamp::now() - SignedDuration::from_mins(10);
        format!(
            r#"[bluecherry]
site = "{site}"
base_url = "{erp}"
api_key = {{ file = "erp.key" }}
call_timeout_s = {call}
read_lag_s = 0.5
poll_s = {poll}

[ledger]
url = "sqlite://bcm.db"
master_key = {{ file = "{master}" }}

[temporal]
address = "{temporal}"

[http]
listen = "127.0.0.1:{port}"

[mappings]
folder = "mappings"

[[marketplaces]]
code = "nordwind"
prefix = "{prefix}"
base_url = "{mirakl}"
shop_id = {shop}
api_key = {{ file = "shop.key" }}
take_over_from = "{since}"
poll_s = {poll}
overlap_s = 2
call_timeout_s = {call}
read_lag_s = 0.5
customer = {{ model = "channel", customer_code = "{account}" }}
short_stock = "refuse"
{more}
"#,
            site = world.bluecherry_options().site,
            erp = self.bluecherry.url(),
            call = self.setup.call_timeout_s,
            poll = self.setup.poll_s,
            temporal = self.temporal.address(),
            mirakl = self.mirakl.url(),
            shop = world.mirakl_options("nordwind").shop_id,
            account = self.account,
            prefix = PREFIX,
            master = MASTER_KEY,
            more = self.setup.more,
        )
    }
}
