//! Customer accounts: found by handle, created or returned.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Refusal, Written, read};
use super::order::Address;
use super::site::Site;
use super::text::same;
use crate::calls::Mark;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountModel {
    Channel,
    Consumer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerIn {
    store_code: Option<String>,
    name: String,
    account_model: AccountModel,
    bill_to: Option<Address>,
    default_ship_to: Option<Address>,
    division: String,
    terms: Option<String>,
    tax_exempt: Option<bool>,
    currency: String,
    price_level: Option<String>,
}

/// A customer account.
#[derive(Clone, Debug, Serialize)]
pub struct Customer {
    pub external_handle: String,
    pub customer_code: String,
    store_code: Option<String>,
    name: String,
    account_model: AccountModel,
    bill_to: Option<Address>,
    default_ship_to: Option<Address>,
    division: String,
    terms: Option<String>,
    tax_exempt: bool,
    currency: String,
    price_level: Option<String>,
    created: bool,
    version: u64,
    /// When it was created; the ledger shows it and the profile does not.
    #[serde(skip)]
    pub mark: Mark,
}

impl Site {
    /// Customers with that handle: one or none.
    pub fn find_customer(&self, handle: &str) -> Vec<Value> {
        let found = self
            .customers
            .iter()
            .filter(|held| same(&held.external_handle, handle));
        found
            .map(|held| {
                json!(Customer {
                    created: false,
                    ..held.clone()
                })
            })
            .collect()
    }

    /// Creates a customer, or returns the one that has the handle.
    pub fn put_customer(&mut self, handle: &str, body: &Value) -> Result<Written, Refusal> {
        let wish: CustomerIn = read(body)?;
        let handle = handle.trim();
        if !well_formed(handle) {
            return Err(Refusal::invalid(
                "handle",
                "a channel, or a channel:customer; no email",
            ));
        }
        if let Some(field) = wish.bill_to.as_ref().and_then(Address::fault) {
            return Err(Refusal::invalid(
                &format!("bill_to.{field}"),
                "missing or impossible",
            ));
        }
        let divisions = &self.options.divisions;
        if !divisions.is_empty() && !divisions.iter().any(|known| same(known, &wish.division)) {
            return Err(Refusal::refused(
                "unknown_division",
                "division",
                "no such division",
            ));
        }
        let found = self
            .customers
            .iter()
            .find(|held| same(&held.external_handle, handle));
        if let Some(held) = found {
            if held.account_model != wish.account_model
                || !same(&held.currency, &wish.currency)
                || !same(&held.division, &wish.division)
            {
                let message = "the handle belongs to an account of another kind";
                let refusal = Refusal::conflict("customer_handle_conflict", message);
                return Err(refusal.existing(&held.customer_code));
            }
            return Ok(Written::unchanged(Customer {
                created: false,
                ..held.clone()
            }));
        }
        let customer = Customer {
            external_handle: handle.to_owned(),
            customer_code: format!("C{:05}", self.customers.len() + 1),
            store_code: wish.store_code,
            name: wish.name,
            account_model: wish.account_model,
            bill_to: wish.bill_to,
            default_ship_to: wish.default_ship_to,
            division: wish.division,
            terms: wish.terms,
            tax_exempt: wish.tax_exempt.unwrap_or(false),
            currency: wish.currency,
            price_level: wish.price_level,
            created: true,
            version: 1,
            mark: self.calls.mark(),
        };
        self.customers.push(customer.clone());
        Ok(Written::done(customer))
    }
}

fn well_formed(handle: &str) -> bool {
    let (channel, person) = handle.split_once(':').unwrap_or((handle, "-"));
    let part =
        |text: &str| !text.is_empty() && !text.contains(|c: char| c == '@' || c.is_whitespace());
    part(channel) && part(person)
}
