//! What a real shop has: `bcm.toml`, the mapping tables, the secrets in files, an account.

use std::path::Path;

use jiff::Timestamp;
use ledger::MasterKey;
use secrecy::ExposeSecret;
use simulators::bluecherry::BlueCherrySim;
use simulators::mirakl::MiraklSim;
use simulators::scenario::{self, GALERIA};

/// The account that finance would have opened for `nordwind`.
pub async fn account(erp: &BlueCherrySim, key: &str) -> anyhow::Result<String> {
    worker::shop_folder::open_account(&erp.url(), key, "test-account").await
}

/// What stands in a configuration.
pub struct Written<'a> {
    pub folder: &'a Path,
    pub erp: &'a BlueCherrySim,
    pub erp_key: &'a str,
    pub account: &'a str,
    pub address: &'a str,
    pub namespace: &'a str,
    pub poll_s: f64,
    /// Address of the ledger.
    pub ledger: &'a str,
    /// What each shop says of stock.
    pub stock: Option<&'a str>,
    /// Lines to add to each shop.
    pub more_of_shops: &'a str,
    pub since: Timestamp,
}

impl Written<'_> {
    /// Writes `bcm.toml`, the mapping tables, and the secrets in files.
    pub fn write(
        &self,
        plan: &scenario::World,
        shops: &[(&str, &str, Option<&MiraklSim>)],
        more: &str,
    ) -> anyhow::Result<()> {
        let mappings = self.folder.join("mappings");
        std::fs::create_dir_all(&mappings)?;
        for (name, text) in plan.mapping_files() {
            // A table may name a marketplace only that the configuration names.
            let known = |line: &&str| !line.starts_with(GALERIA) || shops[1].2.is_some();
            let text: Vec<&str> = text.lines().filter(known).collect();
            std::fs::write(mappings.join(name), text.join("\n") + "\n")?;
        }
        secret(self.folder, "erp.key", self.erp_key)?;
        let master = MasterKey::generate().to_base64();
        secret(self.folder, "master.key", master.expose_secret())?;
        let mut text = self.head(more)?;
        for (code, prefix, shop) in shops {
            if let Some(shop) = shop {
                secret(self.folder, &format!("{code}.key"), &shop.api_key())?;
                let shop_id = plan.mirakl_options(code).shop_id;
                text += &self.shop(code, prefix, shop, shop_id);
            }
        }
        std::fs::write(self.folder.join("bcm.toml"), text)?;
        Ok(())
    }

    fn head(&self, more: &str) -> anyhow::Result<String> {
        let Self {
            address, namespace, ..
        } = self;
        let (url, poll_s, ledger) = (self.erp.url(), self.poll_s, self.ledger);
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?
            .local_addr()?
            .port();
        Ok(format!(
            "[bluecherry]\nsite = \"SIMSITE\"\nbase_url = \"{url}\"\n\
             api_key = {{ file = \"erp.key\" }}\ncall_timeout_s = 2\nread_lag_s = 0.2\n\
             poll_s = {poll_s}\n\n\
             [ledger]\nurl = \"{ledger}\"\nmaster_key = {{ file = \"master.key\" }}\n\n\
             [temporal]\naddress = \"{address}\"\nnamespace = \"{namespace}\"\n\n\
             [http]\nlisten = \"127.0.0.1:{port}\"\n\n[mappings]\nfolder = \"mappings\"\n\n{more}\n"
        ))
    }

    fn shop(&self, code: &str, prefix: &str, shop: &MiraklSim, shop_id: i64) -> String {
        let (url, poll_s, since) = (shop.url(), self.poll_s, self.since);
        let customer = if code == GALERIA {
            "{ model = \"consumer\" }".to_owned()
        } else {
            format!(
                "{{ model = \"channel\", customer_code = \"{}\" }}",
                self.account
            )
        };
        let stock = self.stock.map(|stock| format!("stock = {stock}\n"));
        let stock = stock.unwrap_or_default();
        let more = self.more_of_shops;
        format!(
            "[[marketplaces]]\ncode = \"{code}\"\nprefix = \"{prefix}\"\nbase_url = \"{url}\"\n\
             shop_id = {shop_id}\napi_key = {{ file = \"{code}.key\" }}\n\
             take_over_from = \"{since}\"\npoll_s = {poll_s}\noverlap_s = 5\n\
             call_timeout_s = 2\nread_lag_s = 0.2\ncustomer = {customer}\n\
             short_stock = \"refuse\"\n{stock}{more}\n\n"
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
