//! The operations of the profile as REST calls.

use async_trait::async_trait;
use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Rest;
use super::answer::Answer;
use crate::binding::{Binding, Created};
use crate::cancellation::{Cancellation, CancelledOrder};
use crate::credit_memos::CreditMemo;
use crate::customers::{Customer, NewCustomer};
use crate::error::{Error, Loss};
use crate::fulfilments::Fulfilment;
use crate::items::Item;
use crate::new_sales_order::NewSalesOrder;
use crate::page::{Page, read_all};
use crate::positions::{Mode, Position};
use crate::profile::{Batch, Profile};
use crate::returns::{Announced, NewReturn, Return};
use crate::sales_orders::{SalesOrder, ShipToChange};
use crate::unreadable::Problem;

#[derive(Serialize)]
struct Release<'a> {
    hold_code: &'a str,
}

#[derive(Deserialize)]
struct Queued {
    #[serde(rename = "status")]
    _status: QueuedStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum QueuedStatus {
    Queued,
}

/// All rows of a look-up, or nothing for certain.
fn whole<T: DeserializeOwned>(answer: Answer) -> Result<Vec<T>, Error> {
    let call = answer.call;
    answer
        .read_with(read_all)?
        .ok_or_else(|| call.lost(Loss::Incomplete))
}

#[async_trait]
impl Binding for Rest {
    async fn profile(&self) -> Result<Profile, Error> {
        self.get("get_profile", &["profile"], &[]).await?.read()
    }

    async fn renew_key(&self, key: &SecretString, site: &str) -> Result<Profile, Error> {
        let candidate = self.with_key(key)?;
        let profile = candidate.profile().await?;
        if domain::mapping::same_code(&profile.site, site) {
            self.take_key_of(&candidate);
        }
        Ok(profile)
    }

    async fn batches(&self, feed: Option<&str>) -> Result<Vec<Batch>, Error> {
        whole(
            self.get("list_batches", &["batches"], &[("feed", feed)])
                .await?,
        )
    }

    async fn find_customer(&self, external_handle: &str) -> Result<Option<Customer>, Error> {
        let query = [("external_handle", Some(external_handle))];
        let mut found = whole(self.get("find_customer", &["customers"], &query).await?)?;
        let customer = found.pop();
        if found.is_empty() {
            return Ok(customer);
        }
        // One handle is one customer; which of several is meant is nobody's guess.
        Err(Error::Unreadable {
            call: "find_customer",
            path: "items[1]".to_owned(),
            source: Problem::Unexpected,
        })
    }

    async fn put_customer(
        &self,
        handle: &str,
        customer: &NewCustomer,
        idempotency_key: &str,
    ) -> Result<Customer, Error> {
        let path = ["customers", "by-handle", handle];
        self.write(
            "put_customer",
            Method::PUT,
            &path,
            customer,
            idempotency_key,
        )
        .await?
        .read()
    }

    async fn create_sales_order(
        &self,
        order: &NewSalesOrder,
        idempotency_key: &str,
    ) -> Result<Created, Error> {
        let path = ["sales-orders"];
        let answer = self
            .write(
                "create_sales_order",
                Method::POST,
                &path,
                order,
                idempotency_key,
            )
            .await?;
        if answer.status == 202 {
            return answer.read::<Queued>().map(|_| Created::Queued);
        }
        answer.read().map(Created::Done)
    }

    async fn find_sales_orders(
        &self,
        customer: Option<&str>,
        external_po: &str,
    ) -> Result<Vec<SalesOrder>, Error> {
        let query = [("customer", customer), ("external_po", Some(external_po))];
        whole(
            self.get("find_sales_orders", &["sales-orders"], &query)
                .await?,
        )
    }

    async fn sales_order(&self, ord_num: &str) -> Result<SalesOrder, Error> {
        self.get("get_sales_order", &["sales-orders", ord_num], &[])
            .await?
            .read()
    }

    async fn set_ship_to(
        &self,
        ord_num: &str,
        change: &ShipToChange,
        idempotency_key: &str,
    ) -> Result<SalesOrder, Error> {
        let path = ["sales-orders", ord_num, "ship-to"];
        self.write("set_ship_to", Method::PATCH, &path, change, idempotency_key)
            .await?
            .read()
    }

    async fn release(
        &self,
        ord_num: &str,
        hold_code: &str,
        idempotency_key: &str,
    ) -> Result<SalesOrder, Error> {
        let path = ["sales-orders", ord_num, "release"];
        let body = Release { hold_code };
        self.write(
            "release_sales_order",
            Method::POST,
            &path,
            &body,
            idempotency_key,
        )
        .await?
        .read()
    }

    async fn cancel_lines(
        &self,
        ord_num: &str,
        cancellation: &Cancellation,
        idempotency_key: &str,
    ) -> Result<CancelledOrder, Error> {
        let path = ["sales-orders", ord_num, "cancel-lines"];
        self.write(
            "cancel_lines",
            Method::POST,
            &path,
            cancellation,
            idempotency_key,
        )
        .await?
        .read()
    }

    async fn fulfilments(
        &self,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Fulfilment>, Error> {
        let limit = limit.to_string();
        let query = [("cursor", cursor), ("limit", Some(limit.as_str()))];
        self.get("list_fulfilments", &["fulfilments"], &query)
            .await?
            .read_with(Page::read_feed)
    }

    async fn create_return_authorization(
        &self,
        announced: &NewReturn,
        idempotency_key: &str,
    ) -> Result<Announced, Error> {
        let path = ["return-authorizations"];
        let answer = self
            .write(
                "announce_return",
                Method::POST,
                &path,
                announced,
                idempotency_key,
            )
            .await?;
        if answer.status == 202 {
            return answer.read::<Queued>().map(|_| Announced::Queued);
        }
        answer.read().map(Announced::Done)
    }

    async fn returns(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Return>, Error> {
        let limit = limit.to_string();
        let query = [("cursor", cursor), ("limit", Some(limit.as_str()))];
        self.get("list_returns", &["returns"], &query)
            .await?
            .read_with(Page::read_feed)
    }

    async fn credit_memos(
        &self,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<CreditMemo>, Error> {
        let limit = limit.to_string();
        let query = [("cursor", cursor), ("limit", Some(limit.as_str()))];
        self.get("list_credit_memos", &["credit-memos"], &query)
            .await?
            .read_with(Page::read_feed)
    }

    async fn positions(&self, cursor: Option<&str>, mode: Mode) -> Result<Page<Position>, Error> {
        let query = [("cursor", cursor), ("mode", Some(mode.as_str()))];
        let path = ["inventory", "positions"];
        self.get("list_positions", &path, &query)
            .await?
            .read_with(Page::read)
    }

    async fn items(&self, cursor: Option<&str>) -> Result<Page<Item>, Error> {
        self.get("list_items", &["items"], &[("cursor", cursor)])
            .await?
            .read_with(Page::read)
    }
}
