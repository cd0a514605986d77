//! The shop's offers: their quantities by file (STO01 to STO03), a page of them (OF21) and all of
//! them in files (OF52 to OF54).
//!
//! Where the vendor's text is silent: an order lowers an offer's quantity when it appears and gives
//! it back when it is refused or canceled, unless [`Ways::lower_at_order`] is off; an import takes
//! its rows over at its end; an export shows the offers as they are when it ends.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::ControlError;
use super::spec::OrderSpec;
use super::world::World;

/// How imports and exports of offers go, for a test to change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ways {
    /// Simulated seconds that an import takes: half of them WAITING, half RUNNING.
    pub import_delay_s: f64,
    /// Imports end as FAILED, and nothing is taken over.
    pub fail_imports: bool,
    /// Offers whose rows are refused, and the words that say why.
    pub refuse: BTreeMap<String, String>,
    /// Simulated seconds that an export takes.
    pub export_delay_s: f64,
    /// Offers a file; a smaller number than was asked for wins.
    pub offers_a_file: usize,
    /// Exports end as FAILED.
    pub fail_exports: bool,
    /// An order lowers the offer's quantity.
    pub lower_at_order: bool,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            import_delay_s: 0.0,
            fail_imports: false,
            refuse: BTreeMap::new(),
            export_delay_s: 0.0,
            offers_a_file: 1_000_000,
            fail_exports: false,
            lower_at_order: true,
        }
    }
}

/// One offer.
#[derive(Clone, Debug, Serialize)]
pub struct Offer {
    pub offer_id: i64,
    pub quantity: i64,
    pub changed: Timestamp,
}

/// One import of stock.
#[derive(Debug, Serialize)]
pub struct Import {
    pub created: Timestamp,
    ready: Timestamp,
    #[serde(skip)]
    file: String,
    /// Rows taken over and refused, once it has ended.
    pub ended: Option<(usize, usize)>,
    pub failed: bool,
    #[serde(skip)]
    pub report: String,
}

/// One export of offers.
#[derive(Debug)]
pub struct Export {
    ready: Timestamp,
    since: Option<Timestamp>,
    with_inactive: bool,
    offers_a_file: usize,
    pub failed: bool,
    pub files: Option<Vec<String>>,
}

/// Every offer, import and export.
#[derive(Debug, Default)]
pub struct Offers {
    pub ways: Ways,
    pub by_sku: BTreeMap<String, Offer>,
    pub imports: BTreeMap<String, Import>,
    pub exports: BTreeMap<String, Export>,
    /// Units that order lines have taken from their offers.
    taken: BTreeMap<String, i64>,
}

fn after(now: Timestamp, seconds: f64) -> Timestamp {
    let delay = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO);
    now.saturating_add(delay).unwrap_or(Timestamp::MAX)
}

impl Import {
    /// The word of STO02 at a moment.
    pub fn status(&self, now: Timestamp) -> &'static str {
        match self.ended {
            Some(_) if self.failed => "FAILED",
            Some(_) => "COMPLETE",
            None if self.ready.duration_since(now) * 2
                > self.ready.duration_since(self.created) =>
            {
                "WAITING"
            }
            None => "RUNNING",
        }
    }
}

impl Offers {
    /// Puts an offer on the marketplace, or sets its quantity by hand.
    pub fn put(&mut self, sku: &str, quantity: i64, now: Timestamp) {
        let next = i64::try_from(self.by_sku.len()).unwrap_or(i64::MAX);
        let offer = self.by_sku.entry(sku.to_owned()).or_insert(Offer {
            offer_id: next.saturating_add(2_000),
            quantity,
            changed: now,
        });
        offer.quantity = quantity;
        offer.changed = now;
    }

    /// Takes a file in; answers the import's number.
    pub fn import(&mut self, file: String, now: Timestamp) -> String {
        let id = format!("stock-import-{:06}", self.imports.len() + 1);
        let import = Import {
            created: now,
            ready: after(now, self.ways.import_delay_s),
            file,
            ended: None,
            failed: false,
            report: String::new(),
        };
        self.imports.insert(id.clone(), import);
        id
    }

    /// Begins an export; answers its number.
    pub fn export(
        &mut self,
        since: Option<Timestamp>,
        with_inactive: bool,
        offers_a_file: usize,
        now: Timestamp,
    ) -> String {
        let id = format!("offer-export-{:06}", self.exports.len() + 1);
        let export = Export {
            ready: after(now, self.ways.export_delay_s),
            since,
            with_inactive,
            offers_a_file: offers_a_file.min(self.ways.offers_a_file).max(1),
            failed: false,
            files: None,
        };
        self.exports.insert(id.clone(), export);
        id
    }

    fn take_over(&mut self, import: &mut Import) {
        import.failed = self.ways.fail_imports;
        if import.failed {
            import.ended = Some((0, 0));
            return;
        }
        let (mut done, mut refused) = (0, 0);
        let file = std::mem::take(&mut import.file);
        for (line, text) in (1_u64..).zip(file.lines()).skip(1) {
            let cells: Vec<String> = text.split(';').map(plain).collect();
            let sku = cells.first().map_or("", String::as_str);
            let quantity = cells.get(1).and_then(|text| text.parse::<u32>().ok());
            let wrong = match (
                self.ways.refuse.get(sku),
                self.by_sku.get_mut(sku),
                quantity,
            ) {
                (Some(words), _, _) => words.clone(),
                (None, None, _) => format!("The offer with SKU {sku} does not exist"),
                (None, Some(_), None) => "The quantity is not a whole number".to_owned(),
                (None, Some(offer), Some(quantity)) => {
                    offer.quantity = i64::from(quantity);
                    offer.changed = import.ready;
                    done += 1;
                    continue;
                }
            };
            if refused == 0 {
                let head = "\"error-line\";\"error-message\";\"offer-sku\";\"quantity\";";
                import.report = format!("{head}\"warehouse-code\";\"update-delete\"\n");
            }
            refused += 1;
            let wrong = wrong.replace('"', "\"\"");
            import.report += &format!("\"{line}\";\"{wrong}\";{text}\n");
        }
        import.ended = Some((done, refused));
    }

    fn written(&self, export: &Export) -> Vec<String> {
        let wanted = |offer: &&(&String, &Offer)| match export.since {
            Some(since) => offer.1.changed >= since,
            None => export.with_inactive || offer.1.quantity > 0,
        };
        let rows: Vec<_> = self.by_sku.iter().collect();
        let rows: Vec<_> = rows.iter().filter(wanted).collect();
        let file = |rows: &[&(&String, &Offer)]| {
            let mut text = "offer-id;shop-sku;active;deleted;quantity\n".to_owned();
            for (sku, offer) in rows {
                let (sku, quantity) = (sku.replace('"', "\"\""), offer.quantity);
                let active = quantity > 0;
                text += &format!("{};\"{sku}\";{active};false;{quantity}\n", offer.offer_id);
            }
            text
        };
        rows.chunks(export.offers_a_file).map(file).collect()
    }
}

/// A cell without its quotes.
fn plain(cell: &str) -> String {
    cell.trim().trim_matches('"').replace("\"\"", "\"")
}

impl World {
    /// Brings the offers up to date: what orders took, and what imports and exports have ended.
    pub fn settle_offers(&mut self) {
        self.settle();
        let now = self.now();
        let offers = &mut self.offers;
        if offers.ways.lower_at_order {
            let lines = self.orders.values().flat_map(|order| &order.lines);
            for line in lines {
                let Some(offer) = offers.by_sku.get_mut(&line.offer_sku) else {
                    continue;
                };
                let id = &line.order_line_id;
                if line.state.is_active() {
                    if !offers.taken.contains_key(id) {
                        let units = i64::from(line.quantity).min(offer.quantity.max(0));
                        offers.taken.insert(id.clone(), units);
                        offer.quantity -= units;
                        offer.changed = now;
                    }
                } else if let Some(units) = offers.taken.get_mut(id).map(std::mem::take)
                    && units > 0
                {
                    offer.quantity += units;
                    offer.changed = now;
                }
            }
        }
        let mut imports = std::mem::take(&mut offers.imports);
        for import in imports.values_mut() {
            if import.ended.is_none() && import.ready <= now {
                offers.take_over(import);
            }
        }
        offers.imports = imports;
        let mut exports = std::mem::take(&mut offers.exports);
        for export in exports.values_mut() {
            if export.files.is_none() && !export.failed && export.ready <= now {
                export.failed = offers.ways.fail_exports;
                export.files = (!export.failed).then(|| offers.written(export));
            }
        }
        offers.exports = exports;
    }

    /// Puts offers on the marketplace, or sets their quantities by hand.
    pub fn list_offers(&mut self, offers: impl IntoIterator<Item = (String, i64)>) {
        self.settle_offers();
        let now = self.now();
        for (sku, quantity) in offers {
            self.offers.put(&sku, quantity, now);
        }
    }

    /// A customer buys what the offers show; no order when one shows less than is wanted, or is not
    /// there.
    pub fn buy(&mut self, spec: OrderSpec) -> Result<Option<Value>, ControlError> {
        self.settle_offers();
        let mut wanted = BTreeMap::<&str, i64>::new();
        for line in &spec.lines {
            *wanted.entry(&line.offer_sku).or_default() += i64::from(line.quantity);
        }
        let shown = |sku: &str| {
            self.offers
                .by_sku
                .get(sku)
                .map_or(0, |offer| offer.quantity)
        };
        if wanted.iter().any(|(sku, units)| shown(sku) < *units) {
            return Ok(None);
        }
        let order = self.create(spec)?;
        self.settle_offers();
        Ok(Some(order))
    }

    /// An offer as OF21 shows it.
    pub fn shown_offer(&self, sku: &str, offer: &Offer) -> Value {
        let active = offer.quantity > 0;
        json!({
            "offer_id": offer.offer_id, "shop_sku": sku, "product_sku": sku,
            "product_title": format!("Article {sku}"), "product_references": [],
            "category_code": "APPAREL", "category_label": "Apparel",
            "active": active,
            "inactivity_reasons": if active { json!([]) } else { json!(["ZERO_QUANTITY"]) },
            "quantity": offer.quantity, "all_prices": [],
            "currency_iso_code": self.options.currency, "state_code": "11", "description": "",
            "min_quantity_alert": 0, "leadtime_to_ship": 1,
            "logistic_class": { "code": "M", "label": "Medium" },
            "min_order_quantity": 1, "max_order_quantity": 100, "package_quantity": 1,
            "min_shipping_price": 0, "min_shipping_price_additional": 0,
            "min_shipping_type": "STD", "min_shipping_zone": "US",
            "shipping_deadline": after(self.now(), 86_400.0), "channels": [],
            "fulfillment": { "center": { "code": "DEFAULT" } },
        })
    }
}
