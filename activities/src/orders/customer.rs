//! The account that BlueCherry invoices.

use bluecherry::{AccountModel, NewCustomer};
use domain::exception::{Kind, Problem};
use domain::marketplace::CustomerModel;
use sha2::{Digest, Sha256};

use super::effect::is_refusal;
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;

impl Orders {
    /// The account to invoice: the marketplace's, or the consumer's by the marketplace's own id.
    pub(super) async fn customer(
        &self,
        at: &Situation<'_>,
        wire: &mirakl::Order,
        division: String,
    ) -> Result<Result<String, Problem>, Failure> {
        if let CustomerModel::Channel { customer_code } = &at.shop.customer {
            return Ok(Ok(customer_code.clone()));
        }
        let refused = |code: &str| Problem::new(Kind::CustomerRefused).with("code", code);
        let customer = wire.customer.as_ref();
        let Some(id) = customer.and_then(|c| c.customer_id.as_deref()) else {
            return Ok(Err(refused("no customer_id")));
        };
        if id.contains('@') {
            return Ok(Err(refused("customer_id is an e-mail")));
        }
        let handle = format!("{}:{id}", at.row.key.marketplace);
        let names = customer.map(|c| [c.firstname.as_deref(), c.lastname.as_deref()]);
        let names = names.into_iter().flatten().flatten().collect::<Vec<_>>();
        let account = NewCustomer {
            name: if names.is_empty() {
                handle.clone()
            } else {
                names.join(" ")
            },
            account_model: AccountModel::Consumer,
            bill_to: None,
            default_ship_to: None,
            division,
            terms: at.shop.terms.clone(),
            tax_exempt: None,
            currency: at.row.order.currency.clone(),
            price_level: at.shop.price_level.clone(),
        };
        let binding = &self.site().binding;
        let admitted = self.admit(To::BlueCherry, "find_customer").await?;
        if let Some(known) = admitted.send(binding.find_customer(&handle)).await? {
            return Ok(Ok(known.customer_code));
        }
        // Create-or-return by handle: the handle itself is the lock, so a repeat makes no second one.
        let admitted = self.admit(To::BlueCherry, "put_customer").await?;
        let key = format!("{handle}:{}", fingerprint(&account)?);
        let putting = binding.put_customer(&handle, &account, &key);
        match admitted.send(putting).await {
            Ok(customer) => Ok(Ok(customer.customer_code)),
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                // Another order of the same consumer may have opened the account meanwhile.
                let admitted = self.admit(To::BlueCherry, "find_customer").await?;
                match admitted.send(binding.find_customer(&handle)).await? {
                    Some(known) => Ok(Ok(known.customer_code)),
                    None => Ok(Err(refused(error.code().unwrap_or("refused")))),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Tells bodies apart: the consumer's name may change between two orders, and one key with two bodies
/// would be refused.
fn fingerprint(account: &NewCustomer) -> Result<String, Failure> {
    let body = serde_json::to_vec(account)
        .map_err(|_| Failure::unexpected("a customer account cannot be written".into()))?;
    let hash = Sha256::digest(&body);
    Ok(hash.iter().take(8).map(|b| format!("{b:02x}")).collect())
}
