//! An order out of what was said about it; the rest is invented from a seed.

use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::amount::Amount;
use super::options::MiraklOptions;
use super::order::{Line, Order, State, whole_ms};
use super::spec::{CustomerSpec, Debit, LineSpec, OrderSpec};
use crate::calls::Mark;

const FIRST_NAMES: [&str; 10] = [
    "Ada", "Bruno", "Chloe", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas",
];
const LAST_NAMES: [&str; 10] = [
    "Archer",
    "Brandt",
    "Castellan",
    "Dovale",
    "Ellery",
    "Fontaine",
    "Garrow",
    "Hollis",
    "Ingram",
    "Jessup",
];
const STREETS: [&str; 6] = [
    "Alder Street",
    "Birch Avenue",
    "Canal Road",
    "Dune Lane",
    "Elm Court",
    "Foundry Way",
];
const CITIES: [(&str, &str, &str); 5] = [
    ("Portland", "OR", "97201"),
    ("Austin", "TX", "78701"),
    ("Albany", "NY", "12207"),
    ("Madison", "WI", "53703"),
    ("Trenton", "NJ", "08608"),
];
const COMMISSION_PERCENT: u32 = 12;

/// Makes orders; the same seed and the same order of calls make the same orders.
#[derive(Debug)]
pub struct Maker {
    random: ChaCha8Rng,
    last_commercial: u32,
    last_offer: i64,
}

impl Maker {
    /// A maker that starts over from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            last_commercial: 10_000,
            last_offer: 500,
        }
    }

    /// The order a spec tells of, waiting for acceptance.
    ///
    /// # Errors
    /// A sentence when the spec cannot be an order of this marketplace.
    pub fn make(
        &mut self,
        spec: OrderSpec,
        mark: Mark,
        options: &MiraklOptions,
    ) -> Result<Order, String> {
        let now = mark.at;
        if spec.lines.is_empty() {
            return Err("an order needs at least one line".to_owned());
        }
        if spec.lines.iter().any(|line| line.quantity == 0) {
            return Err("a line needs a quantity of 1 or more".to_owned());
        }
        let usual_type = options.shipping_types.first().map(|kind| kind.code.clone());
        let shipping_type_code = spec.shipping_type_code.or(usual_type).unwrap_or_default();
        if !options
            .shipping_types
            .iter()
            .any(|kind| kind.code == shipping_type_code)
        {
            return Err(format!(
                "shipping type `{shipping_type_code}` does not exist here"
            ));
        }
        let (order_id, commercial_id) = self.ids(spec.order_id, spec.commercial_id);
        let created = whole_ms(spec.created_date.unwrap_or(now));
        let lines = (1..).zip(spec.lines);
        let lines = lines
            .map(|(index, line)| self.line(&order_id, index, line, created))
            .collect();
        let usual_debit = if options.auto_debit {
            Debit::Auto
        } else {
            Debit::Manual
        };
        Ok(Order {
            mark,
            state: State::WaitingAcceptance,
            reason: None,
            created,
            updated: whole_ms(now),
            decided: None,
            accepted: None,
            debited: None,
            to_ship_since: None,
            deadline: None,
            shipped: None,
            received: None,
            debit: spec.debit.unwrap_or(usual_debit),
            payment_workflow: spec.payment_workflow.unwrap_or(options.payment_workflow),
            tax_mode: spec.tax_mode.unwrap_or(options.tax_mode),
            currency: spec.currency.unwrap_or_else(|| options.currency.clone()),
            shipping_type_code,
            fulfillment_center: spec
                .fulfillment_center
                .unwrap_or_else(|| "DEFAULT".to_owned()),
            customer: spec.customer.unwrap_or_else(|| self.customer()),
            customer_notification_email: spec
                .customer_notification_email
                .unwrap_or_else(|| format!("{}@relay.example", order_id.to_lowercase())),
            reference_for_seller: None,
            tracking: None,
            shipments: Vec::new(),
            shipments_made: 0,
            lines,
            extra: spec.extra.unwrap_or_default(),
            order_id,
            commercial_id,
        })
    }

    fn ids(&mut self, order_id: Option<String>, commercial: Option<String>) -> (String, String) {
        match (order_id, commercial) {
            (Some(order_id), Some(commercial)) => (order_id, commercial),
            (Some(order_id), None) => {
                let commercial = order_id
                    .rsplit_once('-')
                    .map_or(&*order_id, |(basket, _)| basket);
                let commercial = commercial.to_owned();
                (order_id, commercial)
            }
            (None, Some(commercial)) => (format!("{commercial}-A"), commercial),
            (None, None) => {
                self.last_commercial += 1;
                let commercial = format!("SIM{}", self.last_commercial);
                (format!("{commercial}-A"), commercial)
            }
        }
    }

    fn line(&mut self, order_id: &str, index: u32, spec: LineSpec, created: Timestamp) -> Line {
        self.last_offer += 1;
        let price = spec.price_unit.times(spec.quantity);
        let fees: Amount = spec.fees.iter().map(|fee| fee.amount).sum();
        Line {
            order_line_id: format!("{order_id}-{index}"),
            state: State::WaitingAcceptance,
            updated: created,
            offer_id: self.last_offer,
            title: spec
                .title
                .unwrap_or_else(|| format!("Article {}", spec.offer_sku)),
            offer_sku: spec.offer_sku,
            quantity: spec.quantity,
            price_unit: spec.price_unit,
            origin_unit_price: spec.origin_unit_price,
            price,
            shipping_price: spec.shipping_price,
            total_price: price + spec.shipping_price + fees,
            commission: (price + spec.shipping_price).percent(COMMISSION_PERCENT),
            taxes: spec.taxes,
            shipping_taxes: spec.shipping_taxes,
            fees: spec.fees,
            promotions: spec.promotions,
            refunds: Vec::new(),
            cancelations: Vec::new(),
            incident: None,
        }
    }

    fn customer(&mut self) -> CustomerSpec {
        let (city, state, zip_code) = self.pick(&CITIES);
        CustomerSpec {
            customer_id: format!("C{}", self.random.random_range(10_000..100_000)),
            firstname: self.pick(&FIRST_NAMES).to_owned(),
            lastname: self.pick(&LAST_NAMES).to_owned(),
            street_1: format!(
                "{} {}",
                self.random.random_range(1..400),
                self.pick(&STREETS)
            ),
            street_2: None,
            zip_code: zip_code.to_owned(),
            city: city.to_owned(),
            state: Some(state.to_owned()),
            country_iso_code: "USA".to_owned(),
            phone: Some(format!("555-01{:02}", self.random.random_range(0..100))),
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }
}
