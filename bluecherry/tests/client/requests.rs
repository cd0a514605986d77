//! What goes over the wire.

use bluecherry::{Binding, Error, Mode};
use domain::retry::{Fate, Retry};
use serde_json::Value;

use crate::samples::{announced, cancel, client, customer, order, ship_to};
use crate::schema::{faults, schema_of};
use crate::server::{Script, http, serve};

#[tokio::test]
async fn what_would_change_the_address_or_a_header_is_not_sent() {
    let client = client("http://127.0.0.1:1");
    for number in ["", ".", ".."] {
        let error = client.sales_order(number).await.expect_err("no path");
        assert_eq!(
            error,
            Error::Unsendable {
                call: "get_sales_order",
                field: "path"
            }
        );
    }
    for key in ["", "a\r\nb", "é\u{0}"] {
        let error = client
            .release("500001", "H", key)
            .await
            .expect_err("no header");
        let call = "release_sales_order";
        assert_eq!(
            error,
            Error::Unsendable {
                call,
                field: "idempotency_key"
            }
        );
        assert_eq!((error.fate(), error.retry()), (Fate::NotDone, Retry::Never));
    }
}

/// Sends one call to a server that says 400, and gives method, target, headers and body.
macro_rules! sent {
    (|$client:ident| $call:expr) => {{
        let (url, served) = serve(Script::Say(http(400, "", ""))).await;
        let $client = client(&url);
        let _ = $call.await.err().expect("a refusal");
        let request = served.await.expect("one request");
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        let (first, headers) = head.split_once("\r\n").expect("a first line");
        let target = first
            .strip_suffix(" HTTP/1.1")
            .expect("HTTP/1.1")
            .to_owned();
        assert!(
            headers.contains("authorization: Bearer sim-erp-key"),
            "{headers}"
        );
        (
            target,
            headers.to_owned(),
            serde_json::from_str::<Value>(body).unwrap_or_default(),
        )
    }};
}

#[tokio::test]
async fn each_read_asks_for_the_right_address() {
    let targets = [
        sent!(|c| c.profile()).0,
        sent!(|c| c.batches(None)).0,
        sent!(|c| c.batches(Some("inventory"))).0,
        sent!(|c| c.find_customer("NORDWALD:a b&c")).0,
        sent!(|c| c.find_sales_orders(None, "NW-1")).0,
        sent!(|c| c.find_sales_orders(Some("MKTNW"), "NW 1#2")).0,
        sent!(|c| c.sales_order("5/0?1")).0,
        sent!(|c| c.fulfilments(None, 50)).0,
        sent!(|c| c.fulfilments(Some("a+b="), 50)).0,
        sent!(|c| c.returns(Some("r2"), 50)).0,
        sent!(|c| c.credit_memos(None, 50)).0,
        sent!(|c| c.positions(None, Mode::Full)).0,
        sent!(|c| c.positions(Some("p2"), Mode::Delta)).0,
        sent!(|c| c.items(Some("i2"))).0,
    ];
    assert_eq!(
        targets.join("\n"),
        "GET /v1/profile\n\
         GET /v1/batches\n\
         GET /v1/batches?feed=inventory\n\
         GET /v1/customers?external_handle=NORDWALD%3Aa+b%26c\n\
         GET /v1/sales-orders?external_po=NW-1\n\
         GET /v1/sales-orders?customer=MKTNW&external_po=NW+1%232\n\
         GET /v1/sales-orders/5%2F0%3F1\n\
         GET /v1/fulfilments?limit=50\n\
         GET /v1/fulfilments?cursor=a%2Bb%3D&limit=50\n\
         GET /v1/returns?cursor=r2&limit=50\n\
         GET /v1/credit-memos?limit=50\n\
         GET /v1/inventory/positions?mode=full\n\
         GET /v1/inventory/positions?cursor=p2&mode=delta\n\
         GET /v1/items?cursor=i2"
    );
}

#[tokio::test]
async fn each_write_carries_its_key_and_a_body_of_the_profile() {
    for (sent, operation, target) in [
        (
            sent!(|c| c.put_customer("NORDWALD:7", &customer(), "key-1")),
            "put_customer",
            "PUT /v1/customers/by-handle/NORDWALD:7",
        ),
        (
            sent!(|c| c.create_sales_order(&order("C1", "PO1"), "key-1")),
            "create_sales_order",
            "POST /v1/sales-orders",
        ),
        (
            sent!(|c| c.set_ship_to("500001", &ship_to(1), "key-1")),
            "set_ship_to",
            "PATCH /v1/sales-orders/500001/ship-to",
        ),
        (
            sent!(|c| c.release("500001", "MARKETPLACE", "key-1")),
            "release_sales_order",
            "POST /v1/sales-orders/500001/release",
        ),
        (
            sent!(|c| c.cancel_lines("500001", &cancel(1, "x1"), "key-1")),
            "cancel_lines",
            "POST /v1/sales-orders/500001/cancel-lines",
        ),
        (
            sent!(
                |c| c.create_return_authorization(&announced("500001", "NW-1", "R-1", 1), "key-1")
            ),
            "announce_return",
            "POST /v1/return-authorizations",
        ),
    ] {
        let (sent_to, headers, body) = sent;
        assert_eq!(sent_to, target);
        assert!(headers.contains("idempotency-key: key-1"), "{headers}");
        assert!(
            headers.contains("content-type: application/json"),
            "{headers}"
        );
        let found = faults(schema_of(operation, None), &body);
        assert!(found.is_empty(), "{operation}: {found:?}");
    }
}
